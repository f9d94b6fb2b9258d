// SPDX-License-Identifier: Apache-2.0
// Alerting rules over ranges of time, several in a row.
#include "tests/golden/vmalert/rig.h"

static str labels_of(const struct labels *l, struct arena *mem)
{
    struct label *labels = arena_array(mem, struct label, l->count + 1);
    for (size_t i = 0; i < l->count; i++)
        labels[i] = (struct label){labels_name_at(l, i), labels_value_at(l, i)};
    return rig_labels_text(labels, l->count, mem);
}

// What is written of a state: ALERTS and ALERTS_FOR_STATE.
static const char *check_written(const struct rig *r, const cJSON *want, const struct series *pair)
{
    int64_t ts_ms = case_get_i64(want, "timestamp") * 1000;
    if (pair[0].samples[0].ts_ms != ts_ms || pair[1].samples[0].ts_ms != ts_ms)
        return case_fail(r->mem, "written at %lld", (long long)pair[0].samples[0].ts_ms);
    if (pair[0].samples[0].value != 1 ||
        pair[1].samples[0].value != (double)case_get_i64(want, "active_at"))
        return case_fail(r->mem, "written: %g and %g", pair[0].samples[0].value,
                         pair[1].samples[0].value);
    const struct label *state = label_find(pair[0].labels, pair[0].label_count, S("alertstate"));
    if (!state || !str_eq(state->value, case_get_text(want, "state", r->mem)))
        return "written in another state";
    return NULL;
}

static const char *check_point(const struct rig *r, const cJSON *want,
                               const struct replay_point *got)
{
    str labels = rig_alert_key(case_get(want, "labels"), r, false);
    if (!str_eq(labels, labels_of(got->labels, r->mem)))
        return case_fail(r->mem, "labels %.*s", STR(labels_of(got->labels, r->mem)));
    if (!str_eq(alert_state_str(got->state), case_get_text(want, "state", r->mem)))
        return case_fail(r->mem, "%.*s at %lld", STR(alert_state_str(got->state)),
                         (long long)case_get_i64(want, "timestamp"));
    if (got->active_at != DUR_SECONDS(case_get_i64(want, "active_at")))
        return case_fail(r->mem, "active since %lld", (long long)(got->active_at / DUR_SECONDS(1)));
    return NULL;
}

static const char *check(const struct rig *r, const cJSON *states, const struct replay_point *got,
                         const struct series_list *out, size_t points)
{
    size_t at = 0;
    if (out->count != 2 * points)
        return case_fail(r->mem, "%zu series of %zu samples", out->count, points);
    for (const cJSON *want = states->child; want; want = want->next, at++) {
        if (at == points)
            return "too few states";
        const char *why = check_point(r, want, &got[at]);
        if (!why)
            why = check_written(r, want, &out->items[2 * at]);
        if (why)
            return why;
    }
    return at == points ? NULL : "too many states";
}

static const char *run_range(struct rig *r, const cJSON *range)
{
    struct query_result result = rig_result(case_get(range, "data"), r->mem);
    struct rule_queries queries = {.mem = r->mem, .refusal = "no queries here"};
    struct series_list out = {.mem = r->mem};
    struct err err = ERR_INIT;
    size_t points = 0;
    for (size_t i = 0; i < result.count; i++)
        points += result.series[i].sample_count;
    struct replay_point *got = arena_array(r->mem, struct replay_point, points + 1);
    if (!alerting_replay(r->alerting, &result, DUR_SECONDS(case_get_i64(range, "start")),
                         DUR_SECONDS(case_get_i64(range, "end")), 0, &queries, r->mem, &out, got,
                         &err))
        return case_fail(r->mem, "%.*s", STR(err_str(&err)));
    const char *why = check(r, case_get(range, "states"), got, &out, points);
    for (size_t i = 0; i < points; i++)
        labels_unref(got[i].labels);
    return why;
}

static const char *run(const cJSON *c, struct arena *mem)
{
    const cJSON *rule = case_get(c, "rule");
    const char *why = NULL;
    struct rig r;
    rig_init(&r, rule, DUR_SECONDS(case_get_i64(rule, "interval_s")), mem);
    for (const cJSON *range = case_get(c, "ranges")->child; range && !why; range = range->next)
        why = run_range(&r, range);
    rig_done(&r);
    return why;
}

static void replay_random(void **state)
{
    (void)state;
    case_file_run("vm-replay-random", run);
}

int test_vm_replay_random(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(replay_random)};
    return run_group("vm-replay-random", tests);
}
