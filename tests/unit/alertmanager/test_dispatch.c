// SPDX-License-Identifier: Apache-2.0
#include "base/core/rand.h"
#include "tests/unit/alertmanager/dispatch_world.h"

// ---- timers ------------------------------------------------------------------------------------

// The timeline that was measured with an upstream server (spec: dispatch §7.2).
static void a_group_waits_then_tells_what_changes_and_repeats(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    put(&w, "n=1", 0, 1000);
    run_until(&w, 1);
    put(&w, "n=2", 1, 1000);
    run_until(&w, 3);
    put(&w, "n=3", 3, 1000);
    run_until(&w, 7);
    put(&w, "n=1", 0, 7);
    run_until(&w, 28);
    put(&w, "n=2", 1, 28);
    put(&w, "n=3", 3, 28);
    run_until(&w, 60);
    check_told(&w, "2.0: 1 2; 6.0: 1 2 3; 10.0: -1 2 3; 22.0: 2 3; 30.0: -2 -3; ");
    assert_int_equal(dispatcher_group_count(w.dispatcher), 0);
    check_str(buf_str(&w.events), S("+1 +2 +3 +1 -1 +2 +3 -2 -3 "));
    world_done(&w);
}

static void a_group_whose_first_alert_is_old_is_told_at_once(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    put(&w, "n=1", -60, 1000);
    put(&w, "n=2", -60, 1000); // in the same batch
    run_until(&w, 0.5);
    check_told(&w, "0.0: 1 2; ");
    run_until(&w, 20);
    check_told(&w, "12.0: 1 2; "); // the first tick more than 10 s later
    world_done(&w);
}

static void a_tick_during_a_flush_is_kept_and_the_flush_after_it_runs_at_once(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    w.takes = DUR_SECONDS(5);
    put(&w, "n=1", 0, 1000);
    run_until(&w, 4);
    put(&w, "n=2", 4, 1000);
    run_until(&w, 6.5); // the tick at 6 came
    assert_int_equal(w.attempts_begun, 1);
    run_until(&w, 7);
    assert_int_equal(w.attempts_begun, 2);
    put(&w, "n=3", 7, 1000);
    run_until(&w, 14); // 7 + 4 = 11, while the second one runs until 12
    check_told(&w, "2.0: 1; 7.0: 1 2; 12.0: 1 2 3; ");
    world_done(&w);
}

// A message about the only group was logged just now.
static void peer_tells(struct world *w)
{
    size_t i = 0;
    dispatcher_told(w->dispatcher, group_notify(dispatcher_next(w->dispatcher, &i))->group_key);
}

static void a_message_sets_the_next_tick(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    put(&w, "n=1", 0, 1000);
    run_until(&w, 1);
    peer_tells(&w); // before the first flush: no change
    run_until(&w, 3);
    put(&w, "n=2", 3, 1000);
    run_until(&w, 5);
    peer_tells(&w);
    dispatcher_told(w.dispatcher, S("{}:{other=\"group\"}"));
    run_until(&w, 10);
    check_told(&w, "2.0: 1; 9.0: 1 2; ");
    put(&w, "n=3", 10, 1000);
    for (int t = 10; t < 16; t++) { // a peer that tells more often than the interval allows
        run_until(&w, t);
        peer_tells(&w);
    }
    run_until(&w, 18);
    check_told(&w, "14.0: 1 2 3; ");
    world_done(&w);
}

static void nothing_is_flushed_before_the_start(void **state)
{
    (void)state;
    struct world w;
    world_init_with(&w, SIMPLE, DUR_SECONDS(10));
    put(&w, "n=1", 0, 1000);
    run_until(&w, 9);
    put(&w, "n=2", 9, 1000);
    check_told(&w, "");
    assert_false(dispatcher_is_running(w.dispatcher));
    run_until(&w, 11);
    check_told(&w, "10.0: 1 2; ");
    assert_true(dispatcher_is_running(w.dispatcher));
    world_done(&w);
}

static void at_most_so_many_flushes_begin_per_turn(void **state)
{
    (void)state;
    struct world w;
    world_init_with(&w, "route: {receiver: r, group_by: [n], " TIMERS "}\n" RECEIVERS, 0);
    for (int i = 0; i < 200; i++) {
        char pairs[16];
        snprintf(pairs, sizeof(pairs), "n=%d", i);
        put(&w, pairs, 0, 1000);
    }
    w.fake.now += DUR_SECONDS(2);
    w.fake.mono += DUR_SECONDS(2);
    size_t flushing = 0, turns = 0;
    w.takes = DUR_SECONDS(1);
    while (flushing < 200) {
        assert_true(fake_env_step(&w.fake));
        size_t now = 0;
        struct group *g;
        for (size_t i = 0; (g = dispatcher_next(w.dispatcher, &i)) != NULL;)
            now += g->flush != NULL;
        assert_in_range(now - flushing, 0, DISPATCH_FLUSHES_PER_TURN);
        turns += now > flushing;
        flushing = now;
    }
    assert_int_equal(turns, 4);
    world_done(&w);
}

// ---- failures and races ------------------------------------------------------------------------

static void what_could_not_be_told_stays_and_is_told_later(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    put(&w, "n=1", 0, 1000);
    run_until(&w, 3);
    put(&w, "n=1", 0, 3); // over
    check_told(&w, "2.0: 1; ");
    w.fails_until = w.epoch + DUR_SECONDS(20);
    run_until(&w, 18); // the flush of 6 fails at 16; the next one begins at once
    assert_int_equal(w.stats.flushes_failed, 1);
    assert_true(str_find_str(buf_str(&w.events), S("failed(r/test[0]: notify retry canceled "
                                                   "after ")) != STR_NONE);
    assert_int_equal(group_alert_count(only_group(&w)), 1);
    run_until(&w, 40);
    assert_true(str_ends(buf_str(&w.told), S(": -1; ")));
    assert_int_equal(dispatcher_group_count(w.dispatcher), 0);
    world_done(&w);
}

static void an_alert_that_fires_again_during_the_flush_stays(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    put(&w, "n=1", 0, 1000);
    run_until(&w, 3);
    put(&w, "n=1", 0, 3);
    w.takes = DUR_SECONDS(2);
    run_until(&w, 7); // the end is being told
    put(&w, "n=1", 7, 1000);
    run_until(&w, 11);
    check_told(&w, "2.0: 1; 6.0: -1; 10.0: 1; ");
    assert_int_equal(group_alert_count(only_group(&w)), 1);
    world_done(&w);
}

static void an_alert_that_was_over_before_the_first_flush_is_not_told(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    put(&w, "n=1", 0, 1);
    run_until(&w, 20);
    check_told(&w, "");
    assert_int_equal(dispatcher_group_count(w.dispatcher), 0);
    world_done(&w);
}

static void retries_show_the_group_as_it_is_then(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    w.fails_until = w.epoch + DUR_SECONDS(4);
    put(&w, "n=1", 0, 1000);
    run_until(&w, 2.5);
    put(&w, "n=2", 2.5, 1000);
    run_until(&w, 20);
    assert_true(str_starts(buf_str(&w.told), S("2.0: 1; ")));
    assert_true(str_find_str(buf_str(&w.told), S(": 1 2; ")) != STR_NONE);
    world_done(&w);
}

// ---- grouping ----------------------------------------------------------------------------------

static void an_alert_can_be_in_several_groups_and_counts_once(void **state)
{
    (void)state;
    struct world w;
    world_init_with(&w,
                    "route:\n"
                    "  receiver: r\n"
                    "  group_wait: 2s\n"
                    "  routes:\n"
                    "  - {matchers: [a=1], continue: true, group_by: [n]}\n"
                    "  - {matchers: [a=1], receiver: q}\n" RECEIVERS,
                    0);
    put(&w, "n=1 a=1", 0, 1000);
    put(&w, "n=2 a=1", 0, 1000);
    assert_int_equal(dispatcher_group_count(w.dispatcher), 3);
    size_t counts[ALERT_STATE_COUNT];
    dispatcher_count_alerts(w.dispatcher, counts);
    assert_int_equal(counts[ALERT_UNPROCESSED], 2);
    run_until(&w, 3);
    dispatcher_count_alerts(w.dispatcher, counts);
    assert_int_equal(counts[ALERT_UNPROCESSED], 0);
    assert_int_equal(counts[ALERT_ACTIVE], 2);
    world_done(&w);
}

static void too_many_groups_are_refused_and_counted(void **state)
{
    (void)state;
    struct world w;
    world_init_with(&w, "route: {receiver: r, group_by: [n], " TIMERS "}\n" RECEIVERS, 0);
    dispatcher_free(w.dispatcher);
    w.options.groups_max = 1;
    w.dispatcher = dispatcher_new(&w.options);
    put(&w, "n=1", 0, 1000);
    put(&w, "n=2", 0, 1000);
    assert_int_equal(dispatcher_group_count(w.dispatcher), 1);
    assert_int_equal(w.stats.group_limit_reached, 1);
    world_done(&w);
}

static void muted_alerts_are_marked_and_not_told(void **state)
{
    (void)state;
    struct world w;
    world_init_with(
        &w, SIMPLE "inhibit_rules: [{source_matchers: [s=1], target_matchers: [t=1]}]\n", 0);
    put(&w, "n=1 s=1", 0, 1000);
    put(&w, "n=2 t=1", 0, 1000);
    run_until(&w, 3);
    check_told(&w, "2.0: 1; ");
    size_t counts[ALERT_STATE_COUNT];
    dispatcher_count_alerts(w.dispatcher, counts);
    assert_int_equal(counts[ALERT_ACTIVE], 1);
    assert_int_equal(counts[ALERT_SUPPRESSED], 1);
    group_count_alerts(only_group(&w), w.fake.now, counts);
    assert_int_equal(counts[ALERT_SUPPRESSED], 1);
    assert_int_equal(w.suppressed[SUPPRESSED_INHIBITION], 1);
    world_done(&w);
}

static void a_muted_group_names_the_intervals(void **state)
{
    (void)state;
    struct world w; // it begins on a Monday
    world_init_with(&w,
                    "route:\n"
                    "  receiver: r\n"
                    "  group_wait: 2s\n"
                    "  routes:\n"
                    "  - {matchers: [a=1], mute_time_intervals: [never, monday]}\n"
                    "  - {matchers: [a=2], active_time_intervals: [never, sunday]}\n"
                    "  - {matchers: [a=3], active_time_intervals: [never, monday]}\n" RECEIVERS
                    "time_intervals:\n"
                    "- {name: never, time_intervals: [{times: []}]}\n"
                    "- {name: monday, time_intervals: [{weekdays: [monday]}, {weekdays: "
                    "['sunday:tuesday']}]}\n"
                    "- {name: sunday, time_intervals: [{weekdays: [sunday]}]}\n",
                    0);
    put(&w, "n=1 a=1", 0, 1000);
    put(&w, "n=2 a=2", 0, 1000);
    put(&w, "n=3 a=3", 0, 1000);
    run_until(&w, 3);
    check_told(&w, "2.0: 3; ");
    static const char *const want[] = {"monday monday ", "never sunday ", ""};
    struct group *g;
    for (size_t i = 0, k = 0; (g = dispatcher_next(w.dispatcher, &i)) != NULL; k++) {
        defer(buf_done) struct buf names = {0};
        for (size_t n = 0; n < group_muted(g)->count; n++)
            buf_printf(&names, "%.*s ", STR(group_muted(g)->muted_by[n]));
        check_str(buf_str(&names), str_c(want[k]));
    }
    world_done(&w);
}

static void groups_tell_who_they_are(void **state)
{
    (void)state;
    struct world w;
    world_init_with(&w, "route: {receiver: r, group_by: [a, a1], " TIMERS "}\n" RECEIVERS, 0);
    put(&w, "n=2 a=x a1=y", 0, 1000);
    put(&w, "n=1 a=x a1=y", 0, 1000);
    struct group *g = only_group(&w);
    const struct notify_group *n = group_notify(g);
    check_str(n->group_key, S("{}:{a=\"x\", a1=\"y\"}"));
    check_str(n->group_key_alt, S("{}:{a1=\"y\", a=\"x\"}"));
    check_str(n->route_id, S("{}"));
    assert_int_equal(strlen(n->uuid), 36);
    assert_int_equal(n->uuid[14], '4');
    assert_int_equal(n->flush_id, 0);
    check_str(labels_value(group_alert_at(g, 0).alert->labels, S("n"), NULL), S("1"));
    run_until(&w, 7);
    assert_int_equal(n->flush_id, 2);
    world_done(&w);
}

static struct labels *render(void *owner, const struct route *route, struct notify_group *group,
                             const struct notify_alerts *alerts)
{
    (void)group;
    struct world *w = owner;
    char count[16];
    snprintf(count, sizeof(count), "%zu", alerts->count);
    struct label label = {route->labels.items[0].key, str_c(count)};
    return labels_get(&w->labels, &label, 1);
}

static void labels_of_routes_are_rendered_when_the_alerts_change(void **state)
{
    (void)state;
    struct world w;
    world_init_with(&w, "route: {receiver: r, labels: {count: x}, " TIMERS "}\n" RECEIVERS, 0);
    dispatcher_free(w.dispatcher);
    w.options.render_labels = render;
    w.dispatcher = dispatcher_new(&w.options);
    put(&w, "n=1", 0, 1000);
    struct group *g = only_group(&w);
    check_str(labels_value(group_route_labels(g), S("count"), NULL), S("1"));
    assert_ptr_equal(group_route_labels(g), group_route_labels(g));
    put(&w, "n=2", 0, 1000);
    check_str(labels_value(group_route_labels(g), S("count"), NULL), S("2"));
    world_done(&w);

    world_init(&w); // a route without labels
    put(&w, "n=1", 0, 1000);
    assert_null(group_route_labels(only_group(&w)));
    world_done(&w);
}

// ---- reload ------------------------------------------------------------------------------------

static void reload(struct world *w)
{
    struct dispatcher *old = w->dispatcher;
    w->dispatcher = dispatcher_new(&w->options);
    dispatcher_move_waiters(old, w->dispatcher);
    dispatcher_free(old);
}

static void a_reload_cuts_the_flush_off_and_does_it_again(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    w.takes = DUR_SECONDS(2);
    put(&w, "n=1", 0, 1000);
    run_until(&w, 3);
    assert_int_equal(w.attempts_open, 1);
    reload(&w);
    assert_int_equal(w.attempts_open, 0);
    run_until(&w, 3.5); // its alert is older than group_wait: at once
    check_told(&w, "2.0: 1; 3.0: 1; ");
    run_until(&w, 10);
    reload(&w); // this one has been told, and the log knows
    run_until(&w, 11);
    check_told(&w, "");
    world_done(&w);
}

static void a_group_built_late_falls_in_with_the_peers(void **state)
{
    (void)state;
    for (int is_clustered = 0; is_clustered < 2; is_clustered++) {
        struct world w;
        world_init(&w);
        w.has_peers = is_clustered;
        put(&w, "n=1", -60, 1000);
        run_until(&w, 3);
        reload(&w); // its group is flushed at once; the peers' ticks count from the last message
        run_until(&w, 3.5);
        put(&w, "n=2", 3, 1000);
        run_until(&w, 7.5);
        check_told(&w, is_clustered ? "0.0: 1; 4.0: 1 2; " : "0.0: 1; 7.0: 1 2; ");
        world_done(&w);
    }
}

static void on_loaded(void *owner)
{
    ++*(int *)owner;
}

static void a_large_store_is_loaded_in_slices(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    enum { ALERTS = 2 * ALERTS_BATCH_MAX + 100 };
    for (int i = 0; i < ALERTS; i++) {
        char pairs[16];
        snprintf(pairs, sizeof(pairs), "n=%d", i);
        put(&w, pairs, -60, 1000);
    }
    int loaded = 0;
    struct dispatch_waiter waiter = {.on_loaded = on_loaded, .owner = &loaded};
    reload(&w);
    dispatcher_wait_loaded(w.dispatcher, &waiter);
    assert_int_equal(group_alert_count(only_group(&w)), ALERTS_BATCH_MAX);
    assert_false(dispatcher_is_loaded(w.dispatcher));
    assert_false(dispatcher_is_running(w.dispatcher)); // a part of a group is not told
    put(&w, "n=9000", -60, 1000);                      // meanwhile
    put(&w, "n=5000", -60, 500);
    fake_env_settle(&w.fake);
    assert_true(dispatcher_is_loaded(w.dispatcher));
    assert_int_equal(loaded, 1);
    assert_int_equal(group_alert_count(only_group(&w)), ALERTS + 1);
    assert_int_equal(w.attempts_begun, 1);
    world_done(&w);
}

static void freeing_while_loading_and_flushing_leaks_nothing(void **state)
{
    (void)state;
    struct world w;
    world_init_with(&w, "route: {receiver: r, group_by: [n], " TIMERS "}\n" RECEIVERS, 0);
    for (int i = 0; i < ALERTS_BATCH_MAX + 100; i++) {
        char pairs[16];
        snprintf(pairs, sizeof(pairs), "n=%d", i);
        put(&w, pairs, -60, 1000);
    }
    fake_env_step(&w.fake);
    int loaded = 0;
    struct dispatch_waiter waiter = {.on_loaded = on_loaded, .owner = &loaded};
    reload(&w);
    dispatcher_wait_loaded(w.dispatcher, &waiter);
    world_done(&w);
    assert_int_equal(loaded, 0);
    assert_false(list_is_linked(&waiter.node));
}

// ---- at random ---------------------------------------------------------------------------------

// Each unresolved alert of the store is in the groups of its routes, in the store's version; groups
// hold nothing twice, and nothing that is over for long.
static void check_groups(struct world *w)
{
    struct alert *a;
    size_t unresolved = 0, members = 0;
    for (size_t i = 0; (a = alerts_next(w->alerts, &i)) != NULL;) {
        struct route_list routes = {0};
        route_match(w->config->route, a->labels, &routes);
        struct placement *p = placement_find(w->dispatcher, a->labels);
        for (size_t r = 0; r < routes.count && !alert_is_resolved(a, w->fake.now); r++) {
            unresolved++;
            assert_non_null(p);
            assert_ptr_equal(p->members[r].route, routes.items[r]);
            assert_non_null(p->members[r].group);
            assert_ptr_equal(p->members[r].alert, a);
            struct labels *labels = route_group_labels(routes.items[r], &w->labels, a->labels);
            assert_ptr_equal(p->members[r].group->notify.group_labels, labels);
            labels_unref(labels);
        }
        route_list_done(&routes);
    }
    struct group *g;
    for (size_t i = 0; (g = dispatcher_next(w->dispatcher, &i)) != NULL;) {
        assert_true(g->member_count > 0);
        members += g->member_count;
        for (size_t m = 0; m < g->member_count; m++) {
            assert_int_equal(g->members[m]->at, m);
            if (m > 0)
                assert_true(alert_labels_cmp(group_alert_at(g, m - 1).alert->labels,
                                             group_alert_at(g, m).alert->labels) < 0);
        }
    }
    assert_true(members >= unresolved);
}

static void groups_follow_the_store_whatever_happens(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct world w;
        world_init_with(&w,
                        "route:\n"
                        "  receiver: r\n"
                        "  group_by: [a]\n"
                        "  group_wait: 2s\n"
                        "  group_interval: 4s\n"
                        "  repeat_interval: 30s\n"
                        "  routes:\n"
                        "  - {matchers: [b=1], continue: true, group_by: []}\n"
                        "  - {matchers: ['b!=0'], receiver: q, group_wait: 0s}\n" RECEIVERS,
                        0);
        struct rand rand;
        rand_seed(&rand, seed);
        for (int step = 0; step < 300; step++) {
            double now = dur_to_seconds(w.fake.now - w.epoch);
            char pairs[32];
            snprintf(pairs, sizeof(pairs), "n=%d a=%d b=%d", (int)rand_below(&rand, 5),
                     (int)rand_below(&rand, 3), (int)rand_below(&rand, 3));
            double ends = rand_below(&rand, 3) ? now + (double)rand_below(&rand, 60) : now;
            put(&w, pairs, now - (double)rand_below(&rand, 20), ends);
            w.takes = DUR_SECONDS((int64_t)rand_below(&rand, 6));
            if (rand_below(&rand, 10) == 0)
                w.fails_until = w.fake.now + DUR_SECONDS((int64_t)rand_below(&rand, 30));
            if (rand_below(&rand, 40) == 0)
                reload(&w);
            if (rand_below(&rand, 2))
                run_until(&w, now + (double)rand_below(&rand, 4));
            check_groups(&w);
        }
        w.fails_until = 0;
        run_until(&w, dur_to_seconds(w.fake.now - w.epoch) + 200);
        assert_int_equal(dispatcher_group_count(w.dispatcher), 0); // everything is over, and told
        world_done(&w);
    }
}

int test_dispatch(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_group_waits_then_tells_what_changes_and_repeats),
        cmocka_unit_test(a_group_whose_first_alert_is_old_is_told_at_once),
        cmocka_unit_test(a_tick_during_a_flush_is_kept_and_the_flush_after_it_runs_at_once),
        cmocka_unit_test(a_message_sets_the_next_tick),
        cmocka_unit_test(nothing_is_flushed_before_the_start),
        cmocka_unit_test(at_most_so_many_flushes_begin_per_turn),
        cmocka_unit_test(what_could_not_be_told_stays_and_is_told_later),
        cmocka_unit_test(an_alert_that_fires_again_during_the_flush_stays),
        cmocka_unit_test(an_alert_that_was_over_before_the_first_flush_is_not_told),
        cmocka_unit_test(retries_show_the_group_as_it_is_then),
        cmocka_unit_test(an_alert_can_be_in_several_groups_and_counts_once),
        cmocka_unit_test(too_many_groups_are_refused_and_counted),
        cmocka_unit_test(muted_alerts_are_marked_and_not_told),
        cmocka_unit_test(a_muted_group_names_the_intervals),
        cmocka_unit_test(groups_tell_who_they_are),
        cmocka_unit_test(labels_of_routes_are_rendered_when_the_alerts_change),
        cmocka_unit_test(a_reload_cuts_the_flush_off_and_does_it_again),
        cmocka_unit_test(a_group_built_late_falls_in_with_the_peers),
        cmocka_unit_test(a_large_store_is_loaded_in_slices),
        cmocka_unit_test(freeing_while_loading_and_flushing_leaks_nothing),
        cmocka_unit_test(groups_follow_the_store_whatever_happens),
    };
    return run_group("dispatch", tests);
}
