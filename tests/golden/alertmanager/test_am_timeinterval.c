// SPDX-License-Identifier: Apache-2.0
#include "tests/golden/alertmanager/am_cases.h"

// The cases take an instant in the zone it is written in where the interval names none (a server
// always hands over UTC).
static bool contains(struct am_case *c, const struct named_interval *n, struct zoned_time t)
{
    for (size_t i = 0; i < n->intervals.count; i++) {
        const struct time_interval *interval = YAML_LIST_AT(&n->intervals, struct time_interval, i);
        time_ns at = interval->zone.name.n ? t.t : t.t + DUR_SECONDS(t.offset_s);
        if (time_interval_contains(interval, &c->fake.env, at))
            return true;
    }
    return false;
}

static const char *check_instants(struct am_case *c, const struct named_interval *n,
                                  const cJSON *list, bool want)
{
    for (const cJSON *v = list ? list->child : NULL; v; v = v->next) {
        struct zoned_time t;
        if (!time_parse_rfc3339(case_text(v, c->mem), &t))
            return case_fail(c->mem, "cannot read %s", v->valuestring);
        if (contains(c, n, t) != want)
            return case_fail(c->mem, "%s: not %d", v->valuestring, want);
    }
    return NULL;
}

static const char *check_error(struct am_case *c, const cJSON *want, bool ok, const struct err *err)
{
    if (ok)
        return want ? "it was read" : NULL;
    if (!want)
        return case_fail(c->mem, "%.*s", STR(err_str(err)));
    if (cJSON_IsString(want) && !str_eq(case_text(want, c->mem), err_str(err)))
        return case_fail(c->mem, "%.*s", STR(err_str(err)));
    return NULL;
}

static const char *run(const cJSON *v, struct arena *mem)
{
    struct am_case c;
    am_case_init(&c, mem);
    struct named_interval n = {0};
    struct err err = ERR_INIT;
    bool ok = named_interval_parse(case_get_text(v, "intervals", mem), &c.fake.env, mem, &n, &err);
    const char *why = check_error(&c, case_get(v, "error"), ok, &err);
    if (ok && !why) {
        why = check_instants(&c, &n, case_get(v, "contains"), true);
        why = why ? why : check_instants(&c, &n, case_get(v, "excludes"), false);
    }
    am_case_done(&c);
    return why;
}

// A route's intervals: which mute it, or that it is outside all of its active ones.
static const char *run_mutes(const cJSON *v, struct arena *mem)
{
    struct am_case c;
    am_case_init(&c, mem);
    bool is_active_kind = str_eq(case_get_text(v, "kind", mem), S("active"));
    struct zoned_time now = {0};
    time_parse_rfc3339(case_get_text(v, "now", mem), &now);
    size_t count = 0, names = 0;
    struct err err = ERR_INIT;
    const char *why = NULL;
    for (const cJSON *n = case_get(v, "names")->child; n && !why; n = n->next, names++) {
        struct named_interval interval = {0};
        str yaml = case_get_text(case_get(v, "intervals"), n->valuestring, mem);
        if (!named_interval_parse(yaml, &c.fake.env, mem, &interval, &err))
            why = case_fail(mem, "%.*s", STR(err_str(&err)));
        count += named_interval_contains(&interval, &c.fake.env, now.t);
    }
    size_t want = (size_t)cJSON_GetArraySize(case_get(v, "muted_by"));
    size_t got = !is_active_kind ? count : count ? 0 : names;
    if (!why && got != want)
        why = case_fail(mem, "muted by %zu, not %zu", got, want);
    am_case_done(&c);
    return why;
}

static void am_timeinterval(void **state)
{
    (void)state;
    case_file_run("am-timeinterval", run);
}

static void am_timeinterval_mutes(void **state)
{
    (void)state;
    case_file_run("am-timeinterval-mutes", run_mutes);
}

int test_am_timeinterval(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(am_timeinterval),
        cmocka_unit_test(am_timeinterval_mutes),
    };
    return run_group("am-timeinterval", tests);
}
