// SPDX-License-Identifier: Apache-2.0
#include "rules/logsql.h"
#include "tests/golden/vmalert/rig.h"

static const char *check_series(struct rig *r, const cJSON *want, const struct series_list *out)
{
    size_t at = 0;
    for (const cJSON *w = want->child; w; w = w->next) {
        const cJSON *values = case_get(w, "values");
        size_t count = values ? (size_t)cJSON_GetArraySize(values) : 1;
        str key = rig_alert_key(case_get(w, "labels"), r, false);
        for (size_t i = 0; i < count; i++, at++) {
            if (at >= out->count)
                return case_fail(r->mem, "only %zu samples", out->count);
            const struct series *s = &out->items[at];
            const cJSON *v = values ? cJSON_GetArrayItem(values, (int)i) : case_get(w, "value");
            bool fits = cJSON_IsString(v) && strcmp(v->valuestring, "stale") == 0
                            ? is_stale_nan(s->samples[0].value)
                            : s->samples[0].value == v->valuedouble;
            if (!fits || !str_eq(rig_labels_text(s->labels, s->label_count, r->mem), key))
                return case_fail(r->mem, "sample %zu is %.*s %g", at,
                                 STR(rig_labels_text(s->labels, s->label_count, r->mem)),
                                 s->samples[0].value);
        }
    }
    return at == out->count ? NULL
                            : case_fail(r->mem, "%zu samples instead of %zu", out->count, at);
}

static const char *run_exec(struct rig *r, const cJSON *c)
{
    const cJSON *want = case_get(c, "series")->child;
    time_ns ts = r->fake.now;
    for (const cJSON *step = case_get(c, "steps")->child; step;
         step = step->next, ts += DUR_SECONDS(1)) {
        struct query_result result = rig_result(step, r->mem);
        struct series_list out = {.mem = r->mem};
        struct err err = ERR_INIT;
        if (!recording_apply(r->recording, &result, ts, 0, r->mem, &out, &err))
            return case_fail(r->mem, "%.*s", STR(err_str(&err)));
        const char *why = want ? check_series(r, want, &out) : NULL;
        if (why)
            return why;
        want = want ? want->next : NULL;
    }
    return NULL;
}

static const char *run_range(struct rig *r, const cJSON *c)
{
    struct query_result result = rig_result(case_get(c, "data"), r->mem);
    struct series_list out = {.mem = r->mem};
    struct err err = ERR_INIT;
    if (!recording_replay(r->recording, &result, r->mem, &out, &err))
        return case_fail(r->mem, "%.*s", STR(err_str(&err)));
    return check_series(r, case_get(c, "series"), &out);
}

static const char *check_error(struct rig *r, const cJSON *c, const struct err *err)
{
    str want = case_get_text(c, "error", r->mem);
    bool is_any = cJSON_IsTrue(case_get(c, "error"));
    if ((want.n > 0 || is_any) == (err->code != ERR_NONE) &&
        str_find_str(err_str(err), want) != STR_NONE)
        return NULL;
    return case_fail(r->mem, "error \"%.*s\"", STR(err_str(err)));
}

static const char *run_limit(struct rig *r, const cJSON *c)
{
    size_t count = (size_t)case_get_i64(c, "series_count");
    static const struct sample ONE = {1, 0};
    struct query_result result = {.series = arena_array(r->mem, struct series, count + 1),
                                  .count = count};
    for (size_t i = 0; i < count; i++) {
        struct label *label = arena_new(r->mem, struct label);
        *label = (struct label){S("i"), arena_printf(r->mem, "%zu", i)};
        result.series[i] = (struct series){label, 1, &ONE, 1};
    }
    struct series_list out = {.mem = r->mem};
    struct err err = ERR_INIT;
    recording_apply(r->recording, &result, r->fake.now, case_get_i64(c, "limit"), r->mem, &out,
                    &err);
    return check_error(r, c, &err);
}

static const char *run_duplicate(struct rig *r, const cJSON *c)
{
    struct query_result result = rig_result(case_get(c, "data"), r->mem);
    struct series_list out = {.mem = r->mem};
    struct err err = ERR_INIT;
    recording_apply(r->recording, &result, r->fake.now, 0, r->mem, &out, &err);
    return check_error(r, c, &err);
}

// result: is the interval used as the time filter, because the query has none?
static const char *run_time_filter(struct rig *r, const cJSON *c)
{
    bool has = logsql_has_time_filter(case_get_text(c, "q", r->mem));
    bool is_logs = str_eq(case_get_text(c, "type", r->mem), S("vlogs"));
    return (is_logs && !has) == case_get_bool(c, "result")
               ? NULL
               : case_fail(r->mem, "a time filter is %sseen", has ? "" : "not ");
}

static const char *run_case(const cJSON *c, struct arena *mem)
{
    static const struct {
        const char *kind;
        const char *(*run)(struct rig *, const cJSON *);
    } KINDS[] = {
        {"exec", run_exec},           {"range", run_range},
        {"limit", run_limit},         {"time_filter", run_time_filter},
        {"duplicate", run_duplicate}, {"exec_negative", run_duplicate},
    };
    static const char NO_RULE[] = "{\"record\": \"rule\"}";
    str kind = case_get_text(c, "kind", mem);
    for (size_t i = 0; i < ARRAY_LEN(KINDS); i++) {
        if (!str_eq(kind, str_c(KINDS[i].kind)))
            continue;
        struct rig r;
        cJSON *none = cJSON_Parse(NO_RULE);
        const cJSON *rule = case_get(c, "rule");
        rig_init(&r, rule ? rule : none, 0, mem);
        const char *why = KINDS[i].run(&r, c);
        rig_done(&r);
        cJSON_Delete(none);
        return why;
    }
    return case_fail(mem, "unknown kind %.*s", STR(kind));
}

static void recording(void **state)
{
    (void)state;
    case_file_run("vm-recording", run_case);
}

int test_vm_recording(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(recording)};
    return run_group("vm-recording", tests);
}
