// SPDX-License-Identifier: Apache-2.0
#include "rules/alerting.h"

#include "base/core/alloc.h"
#include "base/core/hash.h"
#include "base/text/unicode.h"

#define SAME_LABELSET                                                                              \
    "result contains metrics with the same labelset during evaluation. See "                       \
    "https://docs.victoriametrics.com/victoriametrics/vmalert/#series-with-the-same-labelset "     \
    "for details"

str alert_state_str(enum alert_state s)
{
    switch (s) {
    case ALERT_INACTIVE:
        return S("inactive");
    case ALERT_PENDING:
        return S("pending");
    case ALERT_FIRING:
        return S("firing");
    }
    return S("unknown");
}

uint64_t alert_id(const struct label *sorted, size_t count)
{
    uint64_t h = FNV1A64_INIT;
    for (size_t i = 0; i < count; i++) {
        if (str_eq(sorted[i].name, S("__name__")))
            continue;
        h = fnv1a64(h, sorted[i].name);
        h = fnv1a64(h, sorted[i].value);
        h = fnv1a64_byte(h, 0xff);
    }
    return h;
}

// ---- life --------------------------------------------------------------------------------------

static void compile_texts(struct alerting_rule *r)
{
    r->labels = rule_texts_compile(&r->rule.shared->templates, &r->rule.labels);
    r->annotations = rule_texts_compile(&r->rule.shared->templates, &r->rule.conf->annotations);
}

struct alerting_rule *alerting_new(const struct rules_shared *shared, struct rule_files *files,
                                   const struct group_conf *group, const struct rule_conf *conf)
{
    struct alerting_rule *r = mem_new(struct alerting_rule);
    rule_init(&r->rule, shared, files, group, conf);
    compile_texts(r);
    return r;
}

static void alert_free(struct alert *a)
{
    labels_unref(a->labels);
    mem_free(a->annotations);
    mem_free(a);
}

static void drop_all_alerts(struct alerting_rule *r)
{
    map_each (struct alert, a, &r->alerts)
        alert_free(a);
    map_clear(&r->alerts);
}

void alerting_free(struct alerting_rule *r)
{
    if (!r)
        return;
    drop_all_alerts(r);
    map_done(&r->alerts);
    rule_texts_done(&r->labels);
    rule_texts_done(&r->annotations);
    rule_done(&r->rule);
    mem_free(r);
}

void alerting_update(struct alerting_rule *r, struct rule_files *files,
                     const struct group_conf *group, const struct rule_conf *conf)
{
    rule_texts_done(&r->labels);
    rule_texts_done(&r->annotations);
    rule_update_conf(&r->rule, files, group, conf);
    compile_texts(r);
}

static bool has_id(const void *item, const void *key)
{
    return ((const struct alert *)item)->id == *(const uint64_t *)key;
}

struct alert *alerting_find(const struct alerting_rule *r, uint64_t id)
{
    return map_find(&r->alerts, id, has_id, &id);
}

size_t alerting_count(const struct alerting_rule *r, enum alert_state state)
{
    size_t count = 0;
    map_each (const struct alert, a, &r->alerts)
        count += a->state == state;
    return count;
}

// ---- labels and annotations of a series --------------------------------------------------------

struct label_list {
    struct label *items; // in the evaluation's arena, unsorted
    size_t count;
};

static struct label *list_find(struct label_list *l, str name)
{
    for (size_t i = 0; i < l->count; i++) {
        if (str_eq(l->items[i].name, name))
            return &l->items[i];
    }
    return NULL;
}

static void list_put(struct label_list *l, str name, str value)
{
    struct label *known = list_find(l, name);
    if (known)
        known->value = value;
    else
        l->items[l->count++] = (struct label){name, value};
}

static void list_drop(struct label_list *l, str name)
{
    struct label *known = list_find(l, name);
    if (known)
        *known = l->items[--l->count];
}

// A label that rule, group or process add: an empty value removes it, a different value of the
// series survives as exported_<name>.
static void add_rule_label(struct label_list *processed, struct label_list *origin, str name,
                           str value, struct arena *mem)
{
    if (value.n == 0) {
        list_drop(processed, name);
        return;
    }
    list_put(processed, name, value);
    const struct label *was = list_find(origin, name);
    if (!was)
        list_put(origin, name, value);
    else if (!str_eq(was->value, value))
        list_put(processed, arena_printf(mem, "exported_%.*s", STR(name)), was->value);
}

static void note_template_error(struct err *err, const char *what, const struct rule_text *text,
                                const struct err *why)
{
    if (err->code != ERR_NONE)
        return; // the first one stands for all
    struct buf quoted = {.max = ERR_TEXT_BYTES};
    buf_put(&quoted, S("(key: "));
    buf_put_quoted(&quoted, text->name);
    buf_put(&quoted, S(", value: "));
    buf_put_quoted(&quoted, text->text);
    err_set(err, ERR_INVALID,
            "failed to expand %s templates: errors(1): \n%.*s): error evaluating template: %.*s",
            what, STR(buf_str(&quoted)), STR(err_str(why)));
    buf_done(&quoted);
}

static bool expand_labels(struct alerting_rule *r, const struct rule_template_data *data,
                          struct rule_queries *queries, struct arena *mem,
                          struct label_list *processed, struct label_list *origin, struct err *err)
{
    bool is_pending = false;
    for (size_t i = 0; i < r->labels.count; i++) {
        const struct rule_text *text = &r->labels.items[i];
        str value;
        struct err why = ERR_INIT;
        enum rule_expand done =
            rule_text_expand(&r->rule.shared->templates, text, data, queries, mem, &value, &why);
        if (done == RULE_EXPAND_PENDING) {
            is_pending = true;
            continue;
        }
        if (done == RULE_EXPAND_FAILED)
            note_template_error(err, "label", text, &why);
        add_rule_label(processed, origin, text->name, value, mem);
    }
    return !is_pending;
}

bool alerting_labels(struct alerting_rule *r, const struct series *s, struct rule_queries *queries,
                     struct arena *mem, struct alert_input *ret, struct err *err)
{
    // Each added label can bring an exported_ one with it; alertname and alertgroup come on top.
    size_t cap = s->label_count + 2 * r->labels.count + 4;
    struct label_list origin = {.items = arena_array(mem, struct label, cap)};
    struct label_list processed = {.items = arena_array(mem, struct label, cap)};
    for (size_t i = 0; i < s->label_count; i++) {
        origin.items[origin.count++] = s->labels[i];
        if (!str_eq(s->labels[i].name, S("__name__")))
            processed.items[processed.count++] = s->labels[i];
    }
    struct rule_template_data data = {
        .value = s->samples[0].value,
        .labels = s->labels,
        .label_count = s->label_count,
        .expr = r->rule.conf->expr,
        .active_at = TIME_UNSET,
    };
    if (!expand_labels(r, &data, queries, mem, &processed, &origin, err))
        return false;
    add_rule_label(&processed, &origin, S("alertname"), r->rule.conf->name, mem);
    if (!r->rule.shared->no_alertgroup_label)
        add_rule_label(&processed, &origin, S("alertgroup"), r->rule.group->name, mem);

    label_sort(processed.items, processed.count);
    label_sort(origin.items, origin.count);
    *ret = (struct alert_input){
        .id = alert_id(processed.items, processed.count),
        .labels = processed.items,
        .label_count = processed.count,
        .origin = origin.items,
        .origin_count = origin.count,
        .value = s->samples[0].value,
    };
    return true;
}

static bool expand_annotations(struct alerting_rule *r, const struct query_result *result,
                               time_ns ts, struct rule_queries *queries, struct arena *mem,
                               struct alert_input *in, struct err *err)
{
    const struct rule *rule = &r->rule;
    const struct alert *known = alerting_find(r, in->id);
    bool is_active = known && known->state != ALERT_INACTIVE;
    struct rule_template_data data = {
        .value = in->value,
        .type = rule_type_str(rule->group->type),
        .labels = in->origin,
        .label_count = in->origin_count,
        .expr = rule->conf->expr,
        .interval = rule->group->interval,
        .alert_id = in->id,
        .group_id = rule->group->id,
        .active_at = is_active ? known->active_at : ts,
        .for_ns = rule->conf->for_ns,
        .is_partial = result->is_partial,
    };
    data.utc_offset_s = env_utc_offset_s(rule->shared->env, data.active_at);
    bool is_pending = false;
    in->annotations = arena_array(mem, struct label, r->annotations.count + 1);
    for (size_t i = 0; i < r->annotations.count; i++) {
        const struct rule_text *text = &r->annotations.items[i];
        struct label *annotation = &in->annotations[in->annotation_count];
        struct err why = ERR_INIT;
        annotation->name = text->name;
        enum rule_expand done = rule_text_expand(&rule->shared->templates, text, &data, queries,
                                                 mem, &annotation->value, &why);
        is_pending |= done == RULE_EXPAND_PENDING;
        if (done == RULE_EXPAND_FAILED)
            note_template_error(err, "annotation", text, &why);
        in->annotation_count++;
    }
    return !is_pending;
}

bool alerting_prepare(struct alerting_rule *r, const struct query_result *result, time_ns ts,
                      struct rule_queries *queries, struct arena *mem,
                      struct alert_input **ret_inputs, struct err *err)
{
    struct alert_input *inputs = arena_array(mem, struct alert_input, result->count + 1);
    bool is_pending = false;
    for (size_t i = 0; i < result->count; i++) {
        struct alert_input *in = &inputs[i];
        if (!alerting_labels(r, &result->series[i], queries, mem, in, err) ||
            !expand_annotations(r, result, ts, queries, mem, in, err))
            is_pending = true;
    }
    *ret_inputs = inputs;
    return !is_pending;
}

// ---- series ------------------------------------------------------------------------------------

static int64_t series_ts_ms(time_ns ts)
{
    int64_t s = ts / 1000000000;
    if (ts % 1000000000 < 0)
        s--;
    return s * 1000;
}

// The alert's labels with a metric name and, for ALERTS, the state (which replaces a label of that
// name).
static void put_state_series(const struct alert *a, const char *name, const char *state,
                             double value, int64_t ts_ms, struct series_list *out)
{
    struct label *labels = arena_array(out->mem, struct label, a->labels->count + 2);
    bool is_last = is_stale_nan(value); // the alert may be gone before the series is written
    size_t count = 0;
    labels[count++] = (struct label){S("__name__"), str_c(name)};
    if (state)
        labels[count++] = (struct label){S("alertstate"), str_c(state)};
    for (size_t i = 0; i < a->labels->count; i++) {
        str label = labels_name_at(a->labels, i);
        if (str_eq(label, S("__name__")) || (state && str_eq(label, S("alertstate"))))
            continue;
        str text = labels_value_at(a->labels, i);
        labels[count++] =
            is_last ? (struct label){arena_str(out->mem, label), arena_str(out->mem, text)}
                    : (struct label){label, text};
    }
    label_sort(labels, count);
    series_list_add(out, labels, count, value, ts_ms);
}

void alert_put_series(const struct alert *a, time_ns ts, struct series_list *out)
{
    int64_t ts_ms = series_ts_ms(ts);
    put_state_series(a, "ALERTS", a->state == ALERT_FIRING ? "firing" : "pending", 1, ts_ms, out);
    int64_t active_s = series_ts_ms(a->active_at) / 1000;
    put_state_series(a, "ALERTS_FOR_STATE", NULL, (double)active_s, ts_ms, out);
}

static void put_stale_alerts(const struct alert *a, const char *state, time_ns ts,
                             struct series_list *out)
{
    if (out)
        put_state_series(a, "ALERTS", state, stale_nan(), series_ts_ms(ts), out);
}

static void put_stale(const struct alert *a, const char *state, time_ns ts, struct series_list *out)
{
    put_stale_alerts(a, state, ts, out);
    if (out)
        put_state_series(a, "ALERTS_FOR_STATE", NULL, stale_nan(), series_ts_ms(ts), out);
}

// ---- states ------------------------------------------------------------------------------------

static bool refuse_duplicates(const struct alert_input *inputs, size_t count, struct err *err)
{
    struct map seen = {0};
    bool ok = true;
    for (size_t i = 0; i < count && ok; i++) {
        ok = !map_find(&seen, inputs[i].id, has_id, &inputs[i].id);
        if (ok) {
            _Static_assert(offsetof(struct alert_input, id) == offsetof(struct alert, id),
                           "has_id looks at the id of either");
            map_insert(&seen, inputs[i].id, (void *)&inputs[i]);
            continue;
        }
        struct buf text = {.max = ERR_TEXT_BYTES};
        for (size_t j = 0; j < inputs[i].label_count; j++)
            buf_printf(&text, "%s%.*s:%.*s", j ? " " : "", STR(inputs[i].labels[j].name),
                       STR(inputs[i].labels[j].value));
        err_set(err, ERR_INVALID, "labels map[%.*s]: " SAME_LABELSET, STR(buf_str(&text)));
        buf_done(&text);
    }
    map_done(&seen);
    return ok;
}

static void delete_alert(struct alerting_rule *r, struct alert *a)
{
    map_remove_item(&r->alerts, a->id, a);
    alert_free(a);
}

static void forget_old(struct alerting_rule *r, time_ns ts)
{
    map_each (struct alert, a, &r->alerts) {
        a->is_seen = false;
        if (a->state == ALERT_INACTIVE && sub_saturated(ts, a->resolved_at) > ALERT_RETENTION)
            delete_alert(r, a);
    }
}

static struct alert *alert_new(struct alerting_rule *r, const struct alert_input *in)
{
    struct alert *a = mem_new(struct alert);
    *a = (struct alert){
        .id = in->id,
        .labels = labels_get(r->rule.shared->labels, in->labels, in->label_count),
        .active_at = TIME_UNSET,
        .start = TIME_UNSET,
        .end = TIME_UNSET,
        .resolved_at = TIME_UNSET,
        .last_sent = TIME_UNSET,
        .keep_firing_since = TIME_UNSET,
    };
    map_insert(&r->alerts, a->id, a);
    return a;
}

// One block: the array, then the texts it points at.
static void set_annotations(struct alert *a, const struct alert_input *in)
{
    size_t bytes = in->annotation_count * sizeof(struct label);
    for (size_t i = 0; i < in->annotation_count; i++)
        bytes += in->annotations[i].name.n + in->annotations[i].value.n;
    mem_free(a->annotations);
    a->annotations = mem_alloc(bytes);
    a->annotation_count = in->annotation_count;
    char *text = (char *)(a->annotations + in->annotation_count);
    for (size_t i = 0; i < in->annotation_count; i++) {
        const str parts[2] = {in->annotations[i].name, in->annotations[i].value};
        str copies[2];
        for (size_t j = 0; j < 2; j++) {
            if (parts[j].n)
                memcpy(text, parts[j].p, parts[j].n);
            copies[j] = str_from(text, parts[j].n);
            text += parts[j].n;
        }
        a->annotations[i] = (struct label){copies[0], copies[1]};
    }
}

static void take_input(struct alerting_rule *r, const struct alert_input *in, time_ns ts)
{
    struct alert *a = alerting_find(r, in->id);
    if (!a)
        a = alert_new(r, in);
    if (a->state == ALERT_INACTIVE) {
        a->state = ALERT_PENDING;
        a->active_at = ts;
    }
    a->value = in->value;
    a->keep_firing_since = TIME_UNSET;
    a->is_seen = true;
    set_annotations(a, in);
}

// Is the alert still there after an evaluation that did not return it? Resolves or deletes it if
// not.
static bool survives_absence(struct alerting_rule *r, struct alert *a, time_ns ts,
                             struct series_list *out)
{
    dur_ns keep = r->rule.conf->keep_firing_for_ns;
    switch (a->state) {
    case ALERT_INACTIVE:
        return true;
    case ALERT_PENDING:
        put_stale(a, "pending", ts, out);
        delete_alert(r, a);
        return false;
    case ALERT_FIRING:
        if (keep > 0 && a->keep_firing_since == TIME_UNSET)
            a->keep_firing_since = ts;
        if (keep > 0 && sub_saturated(ts, a->keep_firing_since) < keep)
            return true;
        a->state = ALERT_INACTIVE;
        a->resolved_at = ts;
        put_stale(a, "firing", ts, out);
        return false;
    }
    return true;
}

static void fire(struct alerting_rule *r, struct alert *a, time_ns ts, struct series_list *out)
{
    a->state = ALERT_FIRING;
    a->start = ts;
    r->rule.shared->counters->alerts_fired++;
    if (r->rule.conf->for_ns > 0)
        put_stale_alerts(a, "pending", ts, out);
}

bool alerting_apply(struct alerting_rule *r, const struct alert_input *inputs, size_t count,
                    time_ns ts, int64_t limit, struct series_list *out, struct err *err)
{
    forget_old(r, ts);
    if (!refuse_duplicates(inputs, count, err))
        return false;
    for (size_t i = 0; i < count; i++)
        take_input(r, &inputs[i], ts);

    int64_t counted = 0;
    map_each (struct alert, a, &r->alerts) {
        if (!a->is_seen && !survives_absence(r, a, ts, out))
            continue;
        counted++;
        if (a->state == ALERT_PENDING && sub_saturated(ts, a->active_at) >= r->rule.conf->for_ns)
            fire(r, a, ts, out);
    }
    if (limit > 0 && counted > limit) {
        drop_all_alerts(r);
        if (out)
            out->count = 0;
        return err_set(err, ERR_LIMIT, "exec exceeded limit of %lld with %lld alerts",
                       (long long)limit, (long long)counted);
    }
    map_each (struct alert, a, &r->alerts) {
        if (out && a->state != ALERT_INACTIVE)
            alert_put_series(a, ts, out);
    }
    return true;
}

// ---- sending -----------------------------------------------------------------------------------

dur_ns alert_resolve_duration(dur_ns interval, dur_ns resend_delay, dur_ns max_duration)
{
    dur_ns d = mul_saturated(MAX(interval, resend_delay), 4);
    return max_duration > 0 ? MIN(d, max_duration) : d;
}

// TIME_UNSET is earlier than every instant, as Go's zero time is.
static bool needs_sending(const struct alert *a, time_ns now, dur_ns resend_delay)
{
    if (a->state == ALERT_PENDING)
        return false;
    if (a->state == ALERT_FIRING && a->end < a->last_sent)
        return true; // it fired again after it had been resolved
    if (a->state == ALERT_INACTIVE && a->resolved_at > a->last_sent)
        return true;
    return add_saturated(a->last_sent, resend_delay) < now;
}

size_t alerting_collect(struct alerting_rule *r, time_ns now, dur_ns resolve_duration,
                        dur_ns resend_delay, const struct alert **ret)
{
    size_t count = 0;
    map_each (struct alert, a, &r->alerts) {
        if (!needs_sending(a, now, resend_delay))
            continue;
        a->end = a->state == ALERT_FIRING ? add_saturated(now, resolve_duration) : a->resolved_at;
        a->last_sent = now;
        ret[count++] = a;
    }
    return count;
}
