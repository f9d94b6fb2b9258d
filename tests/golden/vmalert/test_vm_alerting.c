// SPDX-License-Identifier: Apache-2.0
#include "base/core/alloc.h"
#include "tests/golden/vmalert/rig.h"

static str alert_text(const struct alert *a, struct arena *mem)
{
    struct buf b = {0};
    for (size_t i = 0; i < a->labels->count; i++)
        buf_printf(&b, "%.*s=%.*s,", STR(labels_name_at(a->labels, i)),
                   STR(labels_value_at(a->labels, i)));
    str text = arena_str(mem, buf_str(&b));
    buf_done(&b);
    return text;
}

static const struct alert *find_alert(const struct rig *r, str key)
{
    map_each (const struct alert, a, &r->alerting->alerts) {
        if (str_eq(alert_text(a, r->mem), key))
            return a;
    }
    return NULL;
}

// ---- kinds -------------------------------------------------------------------------------------

static const char *check_alerts(const struct rig *r, const cJSON *want, size_t step)
{
    for (const cJSON *w = want->child; w; w = w->next) {
        str key = rig_alert_key(case_get(w, "labels"), r, true);
        const struct alert *a = find_alert(r, key);
        if (!a)
            return case_fail(r->mem, "step %zu: no alert %.*s", step, STR(key));
        str state = case_get_text(w, "state", r->mem);
        if (state.n && !str_eq(alert_state_str(a->state), state))
            return case_fail(r->mem, "step %zu: %.*s is %.*s", step, STR(key),
                             STR(alert_state_str(a->state)));
    }
    return NULL;
}

#define EXEC_START ((time_ns)1730160000 * 1000000000) // 2024-10-29T00:00:00Z
#define EXEC_STEP  DUR_MS(5)

static const char *run_exec(struct rig *r, const cJSON *c)
{
    size_t step = 0;
    char number[24];
    for (const cJSON *data = case_get(c, "steps")->child; data; data = data->next, step++) {
        struct query_result result = rig_result(data, r->mem);
        struct series_list out = {.mem = r->mem};
        struct err err = ERR_INIT;
        time_ns ts = EXEC_START + (time_ns)step * EXEC_STEP;
        if (!rig_evaluate(r, &result, ts, 0, &out, &err))
            return case_fail(r->mem, "step %zu: %.*s", step, STR(err_str(&err)));
        snprintf(number, sizeof(number), "%zu", step);
        const cJSON *alerts = case_get(case_get(c, "alerts"), number);
        const cJSON *series = case_get(case_get(c, "series"), number);
        const char *why = alerts ? check_alerts(r, alerts, step) : NULL;
        if (!why && series)
            why = rig_check_series(r, series, &out);
        if (why)
            return case_fail(r->mem, "step %zu: %s", step, why);
    }
    return NULL;
}

static const char *check_held(const struct rig *r, const cJSON *hold)
{
    size_t count = hold ? (size_t)cJSON_GetArraySize(hold) : 0;
    if (count != r->alerting->alerts.count)
        return case_fail(r->mem, "%u alerts are held, %zu wanted", r->alerting->alerts.count,
                         count);
    return hold ? check_alerts(r, hold, 0) : NULL;
}

static const char *run_range(struct rig *r, const cJSON *c)
{
    struct query_result result = rig_result(case_get(c, "data"), r->mem);
    size_t points = 0;
    for (size_t i = 0; i < result.count; i++)
        points += result.series[i].sample_count;
    struct replay_point *got = arena_array(r->mem, struct replay_point, points + 1);
    struct rule_queries queries = {.mem = r->mem, .refusal = "no queries here"};
    struct series_list out = {.mem = r->mem};
    struct err err = ERR_INIT;
    const char *why = NULL;
    if (!alerting_replay(r->alerting, &result, DUR_SECONDS(case_get_i64(c, "start")),
                         DUR_SECONDS(case_get_i64(c, "end")), 0, &queries, r->mem, &out, got, &err))
        return case_fail(r->mem, "%.*s", STR(err_str(&err)));
    size_t i = 0;
    for (const cJSON *w = case_get(c, "alerts")->child; w && !why; w = w->next, i++) {
        if (i >= points)
            why = "fewer samples than alerts";
        else if (!str_eq(alert_state_str(got[i].state), case_get_text(w, "state", r->mem)) ||
                 got[i].active_at != DUR_SECONDS(case_get_i64(w, "active_at")))
            why = case_fail(r->mem, "sample %zu is %.*s since %lld", i,
                            STR(alert_state_str(got[i].state)),
                            (long long)(got[i].active_at / DUR_SECONDS(1)));
    }
    if (!why && i != points)
        why = "more samples than alerts";
    for (i = 0; i < points; i++)
        labels_unref(got[i].labels);
    return why ? why : check_held(r, case_get(c, "hold"));
}

static const char *run_to_series(struct rig *r, const cJSON *c)
{
    const cJSON *given = case_get(c, "alert");
    size_t count;
    struct label *labels = rig_labels(case_get(given, "labels"), r->mem, &count);
    struct alert a = {
        .state = str_eq(case_get_text(given, "state", r->mem), S("firing")) ? ALERT_FIRING
                                                                            : ALERT_PENDING,
        .active_at = DUR_SECONDS(case_get_i64(given, "active_at_s")),
        .labels = labels_get(&r->labels, labels, count),
    };
    struct series_list out = {.mem = r->mem};
    alert_put_series(&a, DUR_MS(case_get_i64(c, "now_ms")), &out);
    const char *why = rig_check_series(r, case_get(c, "series"), &out);
    labels_unref(a.labels);
    return why;
}

static const char *check_texts(const struct rig *r, const struct alert *a, const cJSON *want)
{
    for (const cJSON *w = want ? want->child : NULL; w; w = w->next) {
        const struct label *got = label_find(a->annotations, a->annotation_count, str_c(w->string));
        if (!got || !str_eq(got->value, case_text(w, r->mem)))
            return case_fail(r->mem, "annotation %s is %.*s", w->string,
                             STR(got ? got->value : S("missing")));
    }
    return NULL;
}

static const char *run_template(struct rig *r, const cJSON *c)
{
    struct query_result result = rig_result(case_get(c, "data"), r->mem);
    struct series_list out = {.mem = r->mem};
    struct err err = ERR_INIT;
    result.is_partial = case_get_bool(c, "partial");
    if (!rig_evaluate(r, &result, DUR_SECONDS(3600), 0, &out, &err))
        return case_fail(r->mem, "%.*s", STR(err_str(&err)));
    for (const cJSON *w = case_get(c, "alerts")->child; w; w = w->next) {
        str key = rig_alert_key(case_get(w, "labels"), r, false);
        const struct alert *a = find_alert(r, key);
        if (!a)
            return case_fail(r->mem, "no alert %.*s", STR(key));
        const char *why = check_texts(r, a, case_get(w, "annotations"));
        if (why)
            return why;
    }
    return NULL;
}

static time_ns relative_time(const cJSON *a, const char *key, time_ns now)
{
    return case_get(a, key) ? now + DUR_SECONDS(case_get_i64(a, key)) : TIME_UNSET;
}

static void add_given_alert(struct rig *r, const cJSON *given, time_ns now)
{
    str name = case_get_text(given, "name", r->mem);
    str state = case_get_text(given, "state", r->mem);
    struct label label = {S("name"), name};
    struct alert *a = mem_new(struct alert);
    *a = (struct alert){
        .id = alert_id(&label, 1),
        .state = str_eq(state, S("firing"))    ? ALERT_FIRING
                 : str_eq(state, S("pending")) ? ALERT_PENDING
                                               : ALERT_INACTIVE,
        .labels = labels_get(&r->labels, &label, 1),
        .active_at = now,
        .start = relative_time(given, "start", now),
        .end = relative_time(given, "end", now),
        .last_sent = relative_time(given, "last_sent", now),
        .resolved_at = relative_time(given, "resolved_at", now),
        .keep_firing_since = TIME_UNSET,
    };
    map_insert(&r->alerting->alerts, a->id, a);
}

static const char *run_to_send(struct rig *r, const cJSON *c)
{
    time_ns now = r->fake.now;
    const struct alert *sent[64];
    for (const cJSON *a = case_get(c, "alerts")->child; a; a = a->next)
        add_given_alert(r, a, now);
    size_t count =
        alerting_collect(r->alerting, now + 1, DUR_SECONDS(case_get_i64(c, "resolve_duration_s")),
                         DUR_SECONDS(case_get_i64(c, "resend_delay_s")), sent);
    size_t i = 0;
    for (const cJSON *w = case_get(c, "sent")->child; w; w = w->next, i++) {
        if (i >= count ||
            !str_eq(labels_value(sent[i]->labels, S("name"), NULL), str_c(w->valuestring)))
            return case_fail(r->mem, "%s is not sent as number %zu", w->valuestring, i);
    }
    return i == count ? NULL : case_fail(r->mem, "%zu alerts are sent, %zu wanted", count, i);
}

static const char *run_limit(struct rig *r, const cJSON *c)
{
    struct err err = ERR_INIT;
    time_ns ts = r->fake.now;
    for (const cJSON *data = case_get(c, "steps")->child; data; data = data->next) {
        struct query_result result = rig_result(data, r->mem);
        struct series_list out = {.mem = r->mem};
        if (!rig_evaluate(r, &result, ts, case_get_i64(c, "limit"), &out, &err))
            break;
        ts += DUR_SECONDS(1);
    }
    str want = case_get_text(c, "error", r->mem);
    return str_find_str(err_str(&err), want) != STR_NONE && (want.n > 0) == (err.n > 0)
               ? NULL
               : case_fail(r->mem, "error \"%.*s\"", STR(err_str(&err)));
}

static const char *run_labels(struct rig *r, const cJSON *c)
{
    struct query_result result = rig_result(case_get(c, "data"), r->mem);
    struct rule_queries queries = {.mem = r->mem, .refusal = "no queries here"};
    struct alert_input in;
    struct err err = ERR_INIT;
    alerting_labels(r->alerting, &result.series[0], &queries, r->mem, &in, &err);
    str origin = rig_labels_text(in.origin, in.origin_count, r->mem);
    str processed = rig_labels_text(in.labels, in.label_count, r->mem);
    if (!str_eq(origin, rig_alert_key(case_get(c, "origin"), r, false)))
        return case_fail(r->mem, "origin %.*s", STR(origin));
    if (!str_eq(processed, rig_alert_key(case_get(c, "processed"), r, false)))
        return case_fail(r->mem, "processed %.*s", STR(processed));
    return NULL;
}

static const char *check_restored(struct rig *r, const cJSON *list, bool want)
{
    for (const cJSON *w = list ? list->child : NULL; w; w = w->next) {
        str key = rig_alert_key(case_get(w, "labels"), r, false);
        const struct alert *a = find_alert(r, key);
        if (!a || a->is_restored != want)
            return case_fail(r->mem, "%.*s is %srestored", STR(key), want ? "not " : "");
    }
    return NULL;
}

static const char *run_restore(struct rig *r, const cJSON *c)
{
    r->group.name = case_get_text(c, "group", r->mem);
    r->shared.no_alertgroup_label = false;
    struct buf query = {0};
    alerting_restore_query(r->alerting, DUR_SECONDS(case_get_i64(c, "lookback_s")), &query);
    str text = arena_str(r->mem, buf_str(&query));
    buf_done(&query);
    if (!str_eq(text, case_get_text(c, "query", r->mem)))
        return case_fail(r->mem, "query %.*s", STR(text));

    const cJSON *active = case_get(c, "active");
    struct query_result result = {
        .series = arena_array(r->mem, struct series, (size_t)cJSON_GetArraySize(active) + 1)};
    static const struct sample ONE = {1, 0};
    for (const cJSON *a = active->child; a; a = a->next) {
        struct series *s = &result.series[result.count++];
        *s = (struct series){.samples = &ONE, .sample_count = 1};
        s->labels = rig_labels(a, r->mem, &s->label_count);
    }
    struct err err = ERR_INIT;
    struct series_list out = {.mem = r->mem};
    if (!rig_evaluate(r, &result, r->fake.now, 0, &out, &err))
        return case_fail(r->mem, "%.*s", STR(err_str(&err)));
    struct query_result states = rig_result(case_get(c, "state_series"), r->mem);
    struct sample past = {dur_to_seconds(r->fake.now) - 600, 0};
    for (size_t i = 0; i < states.count; i++)
        states.series[i].samples = &past;
    alerting_restore(r->alerting, &states);
    const char *why = check_restored(r, case_get(c, "restored"), true);
    return why ? why : check_restored(r, case_get(c, "not_restored"), false);
}

static const char *run_case(const cJSON *c, struct arena *mem)
{
    static const struct {
        const char *kind;
        const char *(*run)(struct rig *, const cJSON *);
    } KINDS[] = {
        {"exec", run_exec},         {"range", run_range},     {"to_series", run_to_series},
        {"template", run_template}, {"to_send", run_to_send}, {"limit", run_limit},
        {"labels", run_labels},     {"restore", run_restore},
    };
    static const char NO_RULE[] = "{\"alert\": \"rule\"}";
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

static void alerting_states(void **state)
{
    (void)state;
    case_file_run("vm-alerting-states", run_case);
}

// ---- random sequences --------------------------------------------------------------------------

static const char *check_kept(const struct rig *r, const cJSON *want, size_t step)
{
    size_t count = 0;
    for (const cJSON *w = want->child; w; w = w->next, count++) {
        str key = rig_alert_key(case_get(w, "labels"), r, false);
        const struct alert *a = find_alert(r, key);
        if (!a)
            return case_fail(r->mem, "step %zu: no alert %.*s", step, STR(key));
        if (!str_eq(alert_state_str(a->state), case_get_text(w, "state", r->mem)) ||
            a->active_at != DUR_SECONDS(case_get_i64(w, "active_at")) ||
            a->value != case_get_f64(w, "value"))
            return case_fail(r->mem, "step %zu: %.*s is %.*s since %lld, value %g", step, STR(key),
                             STR(alert_state_str(a->state)),
                             (long long)(a->active_at / DUR_SECONDS(1)), a->value);
    }
    return count == r->alerting->alerts.count
               ? NULL
               : case_fail(r->mem, "step %zu: %u alerts are kept, %zu wanted", step,
                           r->alerting->alerts.count, count);
}

static const char *check_sent(struct rig *r, const cJSON *c, const cJSON *step, size_t number)
{
    const struct alert *sent[256];
    size_t want = (size_t)cJSON_GetArraySize(case_get(step, "sent"));
    size_t count = alerting_collect(r->alerting, DUR_SECONDS(case_get_i64(step, "now")),
                                    DUR_SECONDS(case_get_i64(c, "resolve_s")),
                                    DUR_SECONDS(case_get_i64(c, "resend_s")), sent);
    if (count != want)
        return case_fail(r->mem, "step %zu: %zu alerts are sent, %zu wanted", number, count, want);
    for (const cJSON *w = case_get(step, "sent") ? case_get(step, "sent")->child : NULL; w;
         w = w->next) {
        str key = rig_alert_key(case_get(w, "labels"), r, false);
        const struct alert *a = find_alert(r, key);
        if (!a || a->start != DUR_SECONDS(case_get_i64(w, "start")) ||
            a->end != DUR_SECONDS(case_get_i64(w, "end")))
            return case_fail(r->mem, "step %zu: %.*s is not sent so", number, STR(key));
    }
    return NULL;
}

static const char *run_random(const cJSON *c, struct arena *mem)
{
    struct rig r;
    const cJSON *rule = case_get(c, "rule");
    size_t number = 0;
    const char *why = NULL;
    rig_init(&r, rule, DUR_SECONDS(case_get_i64(c, "interval_s")), mem);
    for (const cJSON *step = case_get(c, "steps")->child; step && !why;
         step = step->next, number++) {
        struct series_list out = {.mem = mem};
        struct err err = ERR_INIT;
        struct query_result result = rig_result(case_get(step, "data"), mem);
        str want_error = case_get_text(step, "error", mem);
        bool ok = rig_evaluate(&r, &result, DUR_SECONDS(case_get_i64(step, "ts")),
                               case_get_i64(rule, "limit"), &out, &err);
        if (ok != (want_error.n == 0) || str_find_str(err_str(&err), want_error) == STR_NONE)
            why = case_fail(mem, "step %zu: error \"%.*s\"", number, STR(err_str(&err)));
        if (!why && ok && case_get(step, "series"))
            why = rig_check_series(&r, case_get(step, "series"), &out);
        if (!why && ok)
            why = check_sent(&r, c, step, number);
        if (!why && case_get(step, "alerts"))
            why = check_kept(&r, case_get(step, "alerts"), number);
    }
    rig_done(&r);
    return why;
}

static void alerting_random(void **state)
{
    (void)state;
    case_file_run("vm-alerting-random", run_random);
}

int test_vm_alerting(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alerting_states),
        cmocka_unit_test(alerting_random),
    };
    return run_group("vm-alerting", tests);
}
