// SPDX-License-Identifier: Apache-2.0
#include "tests/golden/alertmanager/am_cases.h"

static struct alert *make(struct am_case *c, const cJSON *v)
{
    struct label label = {S("alertname"), S("a")};
    struct alert_draft d = {.labels = &label,
                            .label_count = 1,
                            .starts_at = am_case_time(c, v, "starts_at"),
                            .ends_at = am_case_time(c, v, "ends_at"),
                            .is_timeout = case_get_bool(v, "timeout")};
    return alert_new(&c->labels, &d, am_case_time(c, v, "updated_at").t);
}

static const char *compare(struct am_case *c, const struct alert *got, const struct alert *want,
                           const char *what)
{
    if (got->starts_at.t != want->starts_at.t)
        return case_fail(c->mem, "%s: starts_at differs", what);
    if (got->ends_at.t != want->ends_at.t)
        return case_fail(c->mem, "%s: ends_at is %+.0f s", what,
                         dur_to_seconds(got->ends_at.t - c->fake.now));
    if (got->updated_at != want->updated_at)
        return case_fail(c->mem, "%s: updated_at differs", what);
    if (got->is_timeout != want->is_timeout)
        return case_fail(c->mem, "%s: timeout is %d", what, got->is_timeout);
    return NULL;
}

static const char *run(const cJSON *v, struct arena *mem)
{
    struct am_case c;
    am_case_init(&c, mem);
    struct alert *want = make(&c, case_get(v, "result"));
    struct alert *a = make(&c, case_get(v, "a")), *b = make(&c, case_get(v, "b"));
    alert_merge(a, b, c.fake.now);
    const char *why = compare(&c, b, want, "a, then b");
    alert_unref(a);
    alert_unref(b);

    a = make(&c, case_get(v, "a"));
    b = make(&c, case_get(v, "b"));
    alert_merge(b, a, c.fake.now);
    why = why ? why : compare(&c, a, want, "b, then a");
    alert_unref(a);
    alert_unref(b);
    alert_unref(want);
    am_case_done(&c);
    return why;
}

static void am_alert_merge(void **state)
{
    (void)state;
    case_file_run("am-alert-merge", run);
}

int test_am_alert_merge(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(am_alert_merge)};
    return run_group("am-alert-merge", tests);
}
