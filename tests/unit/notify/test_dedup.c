// SPDX-License-Identifier: Apache-2.0
// The decision whether a group has something to tell.
#include "notify/stages.h"
#include "tests/support/check.h"

#define NOW    ((time_ns)DUR_HOURS(500000))
#define REPEAT DUR_MINUTES(30)

struct entry_case {
    const char *name;
    bool has_entry;
    dur_ns age;
    uint64_t told_firing[4], told_resolved[4]; // up to the first 0
    uint64_t firing[4], resolved[4];
    bool drops_resolved; // send_resolved is off
    enum notify_reason reason;
};

static size_t count_of(const uint64_t list[4])
{
    size_t n = 0;
    while (n < 4 && list[n])
        n++;
    return n;
}

static enum notify_reason decide(const struct entry_case *c)
{
    struct arena mem = {0};
    struct notify_log_entry entry = {
        .timestamp = NOW - c->age,
        .firing = c->told_firing,
        .resolved = c->told_resolved,
        .firing_count = count_of(c->told_firing),
        .resolved_count = count_of(c->told_resolved),
    };
    struct notify_alert alerts[8];
    struct dedup_input in = {
        .entry = c->has_entry ? &entry : NULL,
        .alerts = alerts,
        .repeat_interval = REPEAT,
        .send_resolved = !c->drops_resolved,
        .now = NOW,
    };
    for (size_t i = 0; i < count_of(c->firing); i++)
        alerts[in.count++] = (struct notify_alert){.hash = c->firing[i]};
    for (size_t i = 0; i < count_of(c->resolved); i++)
        alerts[in.count++] = (struct notify_alert){.hash = c->resolved[i], .is_resolved = true};
    enum notify_reason reason = stage_dedup(&in, &mem);
    arena_done(&mem);
    return reason;
}

static void the_table(void **state)
{
    (void)state;
    const struct entry_case cases[] = {
        {"never told", .firing = {1}, .reason = NOTIFY_FIRST},
        {"over before it was told", .resolved = {1}, .reason = NOTIFY_NONE},
        {"told", true, 0, {1}, {0}, {1}, .reason = NOTIFY_NONE},
        {"told in another order", true, 0, {1, 2, 3}, {0}, {3, 1, 2}, .reason = NOTIFY_NONE},
        {"one has left", true, 0, {1, 2}, {0}, {1}, .reason = NOTIFY_NONE},
        {"one is new", true, 0, {1, 2}, {0}, {1, 2, 3}, .reason = NOTIFY_NEW_ALERTS},
        {"fires again", true, 0, {0}, {1}, {1}, .reason = NOTIFY_FIRST},
        {"one is over", true, 0, {1, 2}, {0}, {1}, {2}, .reason = NOTIFY_SOME_RESOLVED},
        {"one is over, unwanted", true, 0, {1, 2}, {0}, {1}, {2}, true, NOTIFY_NONE},
        {"one is over, told", true, 0, {1}, {2}, {1}, {2}, .reason = NOTIFY_NONE},
        {"all are over", true, 0, {1, 2}, {0}, {0}, {1, 2}, .reason = NOTIFY_ALL_RESOLVED},
        {"all are over, unwanted", true, 0, {1}, {0}, {0}, {1}, true, NOTIFY_ALL_RESOLVED},
        {"all are over, told", true, 0, {0}, {1}, {0}, {1}, .reason = NOTIFY_NONE},
        {"all are over, told long ago",
         true,
         2 * REPEAT,
         {0},
         {1},
         {0},
         {1},
         .reason = NOTIFY_NONE},
        {"not yet time to repeat", true, REPEAT, {1}, {0}, {1}, .reason = NOTIFY_NONE},
        {"time to repeat", true, REPEAT + 1, {1}, {0}, {1}, .reason = NOTIFY_REPEAT},
        {"news before repeats", true, REPEAT + 1, {1}, {0}, {2}, .reason = NOTIFY_NEW_ALERTS},
        {"told by a clock ahead of ours", true, -REPEAT, {1}, {0}, {1}, .reason = NOTIFY_NONE},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        enum notify_reason reason = decide(&cases[i]);
        if (reason != cases[i].reason)
            fail_msg("%s: %.*s", cases[i].name, STR(notify_reason_str(reason)));
    }
}

static void subsets_of_any_size(void **state)
{
    (void)state;
    struct arena mem = {0};
    uint64_t whole[1000], part[1000];
    for (uint64_t i = 0; i < 1000; i++) {
        whole[i] = (i * 7919) % 1000 * 2; // all even numbers below 2000, mixed
        part[i] = i * 2;
    }
    assert_true(hashes_are_subset(part, 1000, whole, 1000, &mem));
    assert_true(hashes_are_subset(part, 0, NULL, 0, &mem));
    assert_false(hashes_are_subset(part, 1, NULL, 0, &mem));
    for (size_t i = 0; i < 1000; i += 37) {
        part[i]++;
        assert_false(hashes_are_subset(part, 1000, whole, 1000, &mem));
        part[i]--;
    }
    arena_done(&mem);
}

static void what_is_told_is_split_in_the_order_of_the_message(void **state)
{
    (void)state;
    struct notify_alert items[] = {{.hash = 5},
                                   {.hash = 4, .is_resolved = true},
                                   {.hash = 3},
                                   {.hash = 9, .is_resolved = true}};
    struct notify_alerts alerts = {.items = items, .count = 4};
    uint64_t hashes[4];
    struct told t = told_from(&alerts, NULL, hashes);
    assert_int_equal(t.firing_count, 2);
    assert_int_equal(t.resolved_count, 2);
    assert_true(t.firing[0] == 5 && t.firing[1] == 3);
    assert_true(t.resolved[0] == 4 && t.resolved[1] == 9);
}

// ---- after a restart ---------------------------------------------------------------------------

struct restart_case {
    const char *name;
    bool has_entry;
    dur_ns age;
    uint64_t told_firing, told_resolved; // 0: none
    struct notify_alert alerts[2];
    bool drops_resolved;
    enum notify_reason reason;
};

static void what_is_known_from_before_a_restart(void **state)
{
    (void)state;
    const struct notify_alert quiet = {.hash = 1, .is_quiet = true};
    const struct notify_alert doubt = {.hash = 1, .is_resolved = true, .is_in_doubt = true};
    const struct notify_alert over = {.hash = 1, .is_resolved = true}, fires = {.hash = 2};
    const struct restart_case cases[] = {
        {"quiet, never told", .alerts = {quiet}, .reason = NOTIFY_NONE},
        {"quiet, not told as firing", true, 0, 2, 0, {quiet, fires}, .reason = NOTIFY_NONE},
        {"quiet and told", true, 0, 1, 0, {quiet}, .reason = NOTIFY_NONE},
        {"only quiet: no repeat", true, REPEAT + 1, 1, 0, {quiet}, .reason = NOTIFY_NONE},
        {"not only quiet", true, REPEAT + 1, 2, 0, {quiet, fires}, .reason = NOTIFY_REPEAT},
        {"beside news", true, 0, 1, 0, {quiet, fires}, .reason = NOTIFY_NEW_ALERTS},
        {"over, told", true, 0, 1, 0, {over}, .reason = NOTIFY_ALL_RESOLVED},
        {"over, never told", .alerts = {over}, .reason = NOTIFY_NONE},
        {"over, perhaps told", .alerts = {doubt}, .reason = NOTIFY_ALL_RESOLVED},
        {"the same, others were over", true, 0, 0, 2, {doubt}, .reason = NOTIFY_ALL_RESOLVED},
        {"its end was told", true, 0, 0, 1, {doubt}, .reason = NOTIFY_NONE},
        {"ends are not wanted", .alerts = {doubt}, .drops_resolved = true, .reason = NOTIFY_NONE},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct restart_case *c = &cases[i];
        struct arena mem = {0};
        struct notify_log_entry entry = {
            .timestamp = NOW - c->age,
            .firing = &c->told_firing,
            .resolved = &c->told_resolved,
            .firing_count = c->told_firing != 0,
            .resolved_count = c->told_resolved != 0,
        };
        struct dedup_input in = {
            .entry = c->has_entry ? &entry : NULL,
            .alerts = c->alerts,
            .count = c->alerts[1].hash ? 2 : 1,
            .repeat_interval = REPEAT,
            .send_resolved = !c->drops_resolved,
            .now = NOW,
        };
        enum notify_reason reason = stage_dedup(&in, &mem);
        if (reason != c->reason)
            fail_msg("%s: %.*s", c->name, STR(notify_reason_str(reason)));
        arena_done(&mem);
    }
}

static void what_is_in_doubt_comes_first(void **state)
{
    (void)state;
    struct notify_alert items[] = {{.hash = 4, .is_resolved = true},
                                   {.hash = 7, .is_quiet = true},
                                   {.hash = 8, .is_quiet = true},
                                   {.hash = 9, .is_resolved = true, .is_in_doubt = true}};
    const uint64_t known = 8;
    const struct notify_log_entry entry = {.firing = &known, .firing_count = 1};
    struct notify_alerts alerts = {.items = items, .count = 4};
    uint64_t hashes[4];
    struct told t = told_from(&alerts, &entry, hashes);
    assert_int_equal(t.firing_count, 1);
    assert_int_equal(t.quiet_count, 1);
    assert_int_equal(t.resolved_count, 2);
    assert_int_equal(t.in_doubt_count, 1);
    assert_true(t.firing[0] == 8 && t.resolved[0] == 9 && t.resolved[1] == 4);
}

int test_dedup(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table),
        cmocka_unit_test(subsets_of_any_size),
        cmocka_unit_test(what_is_told_is_split_in_the_order_of_the_message),
        cmocka_unit_test(what_is_known_from_before_a_restart),
        cmocka_unit_test(what_is_in_doubt_comes_first),
    };
    return run_group("dedup", tests);
}
