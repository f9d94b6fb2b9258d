// SPDX-License-Identifier: Apache-2.0
#include "tests/golden/vmalert/rig.h"

#include "base/core/alloc.h"

static struct yaml_str_map text_map(const cJSON *object, struct arena *mem)
{
    struct yaml_str_map m = {0};
    size_t count;
    struct label *labels = rig_labels(object, mem, &count);
    m.items = arena_array(mem, struct yaml_str_pair, count + 1);
    for (; m.count < count; m.count++)
        m.items[m.count] = (struct yaml_str_pair){labels[m.count].name, labels[m.count].value};
    return m;
}

static dur_ns duration(const cJSON *rule, const char *ns, const char *s)
{
    if (case_get(rule, ns))
        return case_get_i64(rule, ns);
    return DUR_SECONDS(case_get_i64(rule, s));
}

void rig_init(struct rig *r, const cJSON *rule, dur_ns interval, struct arena *mem)
{
    *r = (struct rig){.mem = mem};
    fake_env_init(&r->fake);
    label_store_init(&r->labels, 1);
    r->templates = rule_template_set_new();
    r->shared = (struct rules_shared){
        .env = &r->fake.env,
        .labels = &r->labels,
        .templates = {.base = r->templates, .env = &r->fake.env},
        .no_alertgroup_label = case_get_text(rule, "group", mem).n == 0,
        .update_entries_limit = 10,
        .counters = &r->counters,
    };
    bool is_recording = case_get(rule, "record") != NULL;
    r->conf = (struct rule_conf){
        .is_recording = is_recording,
        .name = case_get_text(rule, is_recording ? "record" : "alert", mem),
        .expr = case_get_text(rule, "expr", mem),
        .labels = text_map(case_get(rule, "labels"), mem),
        .annotations = text_map(case_get(rule, "annotations"), mem),
        .for_ns = duration(rule, "for_ns", "for_s"),
        .keep_firing_for_ns = duration(rule, "keep_firing_for_ns", "keep_firing_for_s"),
    };
    r->group = (struct group_conf){
        .name = case_get_text(rule, "group", mem),
        .interval = interval ? interval : case_get_i64(rule, "eval_interval_ns"),
        .eval_alignment = true,
        .concurrency = 1,
        .rules = &r->conf,
        .rule_count = 1,
    };
    r->files = mem_new(struct rule_files);
    r->files->refs = 1;
    if (is_recording)
        r->recording = recording_new(&r->shared, r->files, &r->group, &r->conf);
    else
        r->alerting = alerting_new(&r->shared, r->files, &r->group, &r->conf);
}

void rig_done(struct rig *r)
{
    alerting_free(r->alerting);
    recording_free(r->recording);
    rule_files_unref(r->files);
    tpl_set_free(r->templates);
    label_store_done(&r->labels);
    fake_env_done(&r->fake);
}

struct label *rig_labels(const cJSON *object, struct arena *mem, size_t *ret_count)
{
    size_t count = 0;
    struct label *labels = arena_array(mem, struct label, (size_t)cJSON_GetArraySize(object) + 1);
    for (const cJSON *m = object ? object->child : NULL; m; m = m->next)
        labels[count++] = (struct label){str_c(m->string), case_text(m, mem)};
    label_sort(labels, count);
    *ret_count = count;
    return labels;
}

str rig_labels_text(const struct label *labels, size_t count, struct arena *mem)
{
    struct buf b = {0};
    for (size_t i = 0; i < count; i++)
        buf_printf(&b, "%.*s=%.*s,", STR(labels[i].name), STR(labels[i].value));
    str text = arena_str(mem, buf_str(&b));
    buf_done(&b);
    return text;
}

str rig_alert_key(const cJSON *object, const struct rig *r, bool with_alertname)
{
    size_t count;
    struct label *given = rig_labels(object, r->mem, &count);
    struct label *labels = arena_array(r->mem, struct label, count + 2);
    if (count)
        memcpy(labels, given, count * sizeof(*labels));
    if (with_alertname)
        labels[count++] = (struct label){S("alertname"), r->conf.name};
    count = label_sort_unique(labels, count);
    return rig_labels_text(labels, count, r->mem);
}

static double number(const cJSON *v)
{
    if (cJSON_IsString(v))
        return strtod(v->valuestring, NULL);
    return v ? v->valuedouble : 0;
}

static void read_samples(const cJSON *element, struct series *s, struct arena *mem)
{
    const cJSON *values = case_get(element, "values");
    const cJSON *timestamps = case_get(element, "timestamps");
    size_t count = values ? (size_t)cJSON_GetArraySize(values) : 1;
    struct sample *samples = arena_array(mem, struct sample, count + 1);
    s->samples = samples;
    s->sample_count = count;
    if (!values) {
        samples[0].value = number(case_get(element, "value"));
        return;
    }
    const cJSON *v = values->child, *t = timestamps ? timestamps->child : NULL;
    for (size_t i = 0; i < count; i++, v = v->next, t = t ? t->next : NULL)
        samples[i] = (struct sample){number(v), t ? (int64_t)t->valuedouble * 1000 : 0};
}

struct query_result rig_result(const cJSON *list, struct arena *mem)
{
    struct query_result result = {
        .series = arena_array(mem, struct series, (size_t)cJSON_GetArraySize(list) + 1)};
    for (const cJSON *e = list ? list->child : NULL; e; e = e->next) {
        struct series *s = &result.series[result.count++];
        s->labels = rig_labels(case_get(e, "labels"), mem, &s->label_count);
        read_samples(e, s, mem);
    }
    return result;
}

// ---- series ------------------------------------------------------------------------------------

static int64_t wanted_ts(const cJSON *s, size_t i)
{
    const cJSON *samples = case_get(s, "samples"), *stamps = case_get(s, "timestamps");
    if (samples)
        return (int64_t)cJSON_GetArrayItem(cJSON_GetArrayItem(samples, (int)i), 0)->valuedouble;
    if (stamps)
        return (int64_t)cJSON_GetArrayItem(stamps, (int)i)->valuedouble;
    return case_get_i64(s, "timestamp");
}

static const cJSON *wanted_value(const cJSON *s, size_t i)
{
    const cJSON *samples = case_get(s, "samples"), *values = case_get(s, "values");
    if (samples)
        return cJSON_GetArrayItem(cJSON_GetArrayItem(samples, (int)i), 1);
    return values ? cJSON_GetArrayItem(values, (int)i) : case_get(s, "value");
}

static bool value_fits(const cJSON *want, double got)
{
    if (cJSON_IsString(want))
        return str_eq(str_c(want->valuestring), S("stale")) && is_stale_nan(got);
    return want->valuedouble == got;
}

static bool has_series(const struct series_list *out, str key, const cJSON *want, bool *used,
                       struct arena *mem)
{
    for (size_t i = 0; i < out->count; i++) {
        const struct series *s = &out->items[i];
        if (used[i] || !str_eq(rig_labels_text(s->labels, s->label_count, mem), key) ||
            s->samples[0].ts_ms != wanted_ts(want, 0) ||
            !value_fits(wanted_value(want, 0), s->samples[0].value))
            continue;
        used[i] = true;
        return true;
    }
    return false;
}

const char *rig_check_series(const struct rig *r, const cJSON *want, const struct series_list *out)
{
    bool *used = arena_array(r->mem, bool, out->count + 1);
    size_t count = 0;
    for (const cJSON *s = want->child; s; s = s->next, count++) {
        str key = rig_alert_key(case_get(s, "labels"), r, false);
        if (!has_series(out, key, s, used, r->mem))
            return case_fail(r->mem, "series %zu is missing: %.*s", count, STR(key));
    }
    return count == out->count
               ? NULL
               : case_fail(r->mem, "%zu series were written, %zu wanted", out->count, count);
}

// ---- evaluation ---------------------------------------------------------------------------------

bool rig_evaluate(struct rig *r, const struct query_result *result, time_ns ts, int64_t limit,
                  struct series_list *out, struct err *err)
{
    struct rule_queries queries = {.mem = r->mem, .refusal = "no queries here"};
    struct alert_input *inputs;
    struct err template_err = ERR_INIT;
    if (!alerting_prepare(r->alerting, result, ts, &queries, r->mem, &inputs, &template_err))
        return err_set(err, ERR_CANCELED, "a template waits for a query");
    return alerting_apply(r->alerting, inputs, result->count, ts, limit, out, err);
}
