// SPDX-License-Identifier: Apache-2.0
// State from a datasource instead of memory: restoring pending alerts after a restart, and
// replaying a rule over a range of time.
#include "base/core/alloc.h"
#include "base/text/unicode.h"
#include "rules/alerting.h"

// ---- restore -----------------------------------------------------------------------------------

bool alerting_wants_restore(const struct alerting_rule *r)
{
    return r->rule.conf->for_ns > 0 && r->alerts.count > 0;
}

static void put_selector(struct buf *out, bool *is_first, str name, str value)
{
    buf_printf(out, "%s%.*s=", *is_first ? "" : ",", STR(name));
    buf_put_quoted(out, value);
    *is_first = false;
}

void alerting_restore_query(const struct alerting_rule *r, dur_ns lookback, struct buf *out)
{
    bool is_first = true;
    buf_put(out, S("default_rollup(ALERTS_FOR_STATE{"));
    if (!r->rule.shared->no_alertgroup_label)
        put_selector(out, &is_first, S("alertgroup"), r->rule.group->name);
    put_selector(out, &is_first, S("alertname"), r->rule.conf->name);
    for (size_t i = 0; i < r->rule.labels.count; i++) {
        const struct yaml_str_pair *p = &r->rule.labels.items[i];
        if (!rule_text_is_template(p->value))
            put_selector(out, &is_first, p->key, p->value);
    }
    buf_printf(out, "}[%llds])", (long long)(lookback / DUR_SECONDS(1)));
}

size_t alerting_restore(struct alerting_rule *r, const struct query_result *result)
{
    size_t restored = 0;
    for (size_t i = 0; i < result->count; i++) {
        const struct series *s = &result->series[i];
        struct alert *a = alerting_find(r, alert_id(s->labels, s->label_count));
        double active_at = s->samples[0].value;
        if (!a || a->is_restored || a->state != ALERT_PENDING ||
            !(active_at > -9e9 && active_at < 9e9))
            continue;
        a->active_at = (int64_t)active_at * DUR_SECONDS(1);
        a->is_restored = true;
        restored++;
    }
    return restored;
}

// ---- replay ------------------------------------------------------------------------------------

struct replay {
    struct alerting_rule *rule;
    time_ns start, end;
    struct series_list *out;
    struct replay_point *points; // next one to fill, or NULL
    struct map held;             // alerts still active at `end`
};

static bool has_id(const void *item, const void *key)
{
    return ((const struct alert *)item)->id == *(const uint64_t *)key;
}

static struct alert *held_alert(const struct alerting_rule *r, uint64_t id)
{
    return map_find(&r->alerts, id, has_id, &id);
}

static void hold(struct replay *p, const struct alert *a)
{
    struct alert *copy = mem_new(struct alert);
    *copy = *a;
    copy->annotations = NULL;
    copy->annotation_count = 0;
    labels_ref(copy->labels);
    map_insert(&p->held, copy->id, copy);
}

// The texts of a label set go with it; what is written outlives the set.
static void put_series(const struct alert *a, time_ns at, struct series_list *out)
{
    size_t first = out->count;
    alert_put_series(a, at, out);
    for (size_t i = first; i < out->count; i++) {
        struct series *s = &out->items[i];
        for (size_t j = 0; j < s->label_count; j++) {
            s->labels[j].name = arena_str(out->mem, s->labels[j].name);
            s->labels[j].value = arena_str(out->mem, s->labels[j].value);
        }
    }
}

// One sample of one series is one evaluation: a gap longer than the interval starts afresh.
static void replay_series(struct replay *p, const struct series *s, const struct alert_input *in)
{
    const struct rule *rule = &p->rule->rule;
    struct alert a = {
        .id = in->id,
        .labels = labels_get(rule->shared->labels, in->labels, in->label_count),
        .active_at = TIME_UNSET,
        .start = TIME_UNSET,
    };
    time_ns previous = TIME_UNSET;
    for (size_t i = 0; i < s->sample_count; i++) {
        time_ns at = mul_saturated(s->samples[i].ts_ms, 1000000);
        const struct alert *held = at == p->start ? held_alert(p->rule, in->id) : NULL;
        if (held) {
            a.state = held->state;
            a.active_at = held->active_at;
            a.start = held->start;
            previous = at;
        }
        if (sub_saturated(at, previous) > rule->group->interval) {
            a.state = ALERT_PENDING;
            a.active_at = at;
            a.start = TIME_UNSET;
        } else if (sub_saturated(at, a.active_at) >= rule->conf->for_ns &&
                   a.state != ALERT_FIRING) {
            a.state = ALERT_FIRING;
            a.start = at;
        }
        previous = at;
        if (rule->conf->for_ns == 0)
            a.state = ALERT_FIRING;
        if (p->points)
            *p->points++ = (struct replay_point){labels_ref(a.labels), a.state, a.active_at};
        if (p->out)
            put_series(&a, at, p->out);
        if (rule->conf->for_ns > 0 && at == p->end)
            hold(p, &a);
    }
    labels_unref(a.labels);
}

static void free_alerts(struct map *m)
{
    map_each (struct alert, a, m) {
        labels_unref(a->labels);
        mem_free(a->annotations);
        mem_free(a);
    }
    map_clear(m);
}

bool alerting_replay(struct alerting_rule *r, const struct query_result *result, time_ns start,
                     time_ns end, int64_t limit, struct rule_queries *queries, struct arena *mem,
                     struct series_list *out, struct replay_point *ret_points, struct err *err)
{
    (void)limit; // upstream ignores it in replay and says so at start
    struct replay p = {.rule = r, .start = start, .end = end, .out = out, .points = ret_points};
    bool ok = true;
    for (size_t i = 0; i < result->count && ok; i++) {
        struct alert_input in;
        struct err why = ERR_INIT;
        alerting_labels(r, &result->series[i], queries, mem, &in, &why);
        ok = why.code == ERR_NONE;
        if (ok)
            replay_series(&p, &result->series[i], &in);
        else if (err)
            *err = why;
    }
    if (ok && p.held.count > 0) {
        free_alerts(&r->alerts);
        map_done(&r->alerts);
        r->alerts = p.held;
        return true;
    }
    free_alerts(&p.held);
    map_done(&p.held);
    return ok;
}
