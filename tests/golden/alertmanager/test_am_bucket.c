// SPDX-License-Identifier: Apache-2.0
// The limit per alert name (am-misc, kind bucket).
#include "alertmanager/alert_limit.h"
#include "base/core/hash.h"
#include "tests/support/cases.h"

static size_t ran;

static bool is_in(struct alert_limit *l, str key, time_ns now)
{
    // One that is in may always stay; with a full bucket nobody else gets in at the same moment.
    return alert_limit_admit(l, S("n"), fnv1a64(FNV1A64_INIT, key), TIME_MAX, now);
}

static const char *run(const cJSON *v, struct arena *mem)
{
    if (!str_eq(case_get_text(v, "kind", mem), S("bucket")))
        return NULL;
    ran++;
    struct alert_limit limit;
    alert_limit_init(&limit, (size_t)case_get_i64(v, "capacity"), 1);
    const char *why = NULL;
    time_ns now = DUR_DAYS(20000);
    for (const cJSON *s = case_get(v, "steps")->child; s && !why; s = s->next) {
        uint64_t key = fnv1a64(FNV1A64_INIT, case_get_text(s, "key", mem));
        bool ok = alert_limit_admit(&limit, S("n"), key,
                                    now + DUR_SECONDS(case_get_i64(s, "expires_in_s")), now);
        if (ok != case_get_bool(s, "ok"))
            why = case_fail(mem, "%s: %d", case_get(s, "key")->valuestring, ok);
    }
    for (const cJSON *k = case_get(v, "left")->child; k && !why; k = k->next) {
        if (!is_in(&limit, case_text(k, mem), now))
            why = case_fail(mem, "%s has left", k->valuestring);
    }
    alert_limit_done(&limit);
    return why;
}

static void am_bucket(void **state)
{
    (void)state;
    ran = 0;
    case_file_run("am-misc", run);
    print_message("am-misc: %zu of them are about buckets\n", ran);
    assert_true(ran > 0);
}

int test_am_bucket(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(am_bucket)};
    return run_group("am-bucket", tests);
}
