// SPDX-License-Identifier: Apache-2.0
// Alerts from before a restart: when they are told, and when not.
#include "tests/unit/alertmanager/dispatch_world.h"

struct was { // in seconds on the world's clock
    double starts, promised, held_until, confirm_by;
};

static struct labels *labels_of(struct world *w, const char *n)
{
    struct label label = {S("n"), str_c(n)};
    return labels_get(&w->labels, &label, 1);
}

static time_ns at(const struct world *w, double seconds)
{
    return w->epoch + (time_ns)(seconds * 1e9);
}

static struct alert *restore(struct world *w, const char *n, struct was was)
{
    struct label label = {S("n"), str_c(n)};
    struct alert_draft d = {.labels = &label,
                            .label_count = 1,
                            .starts_at = {at(w, was.starts), 0},
                            .ends_at = {at(w, was.held_until), 0}};
    struct alert_restored *r = alert_restored_new(&w->labels, &d, at(w, was.starts));
    r->promised_end = at(w, was.promised);
    r->confirm_by = at(w, was.confirm_by);
    assert_true(alerts_restore(w->alerts, &r->alert, NULL));
    return &r->alert;
}

static void ignore_logged(void *owner, const struct err *err)
{
    (void)owner;
    (void)err;
}

// The log says that it was told as firing.
static void was_told(struct world *w, const char *n)
{
    defer(labels_unref_p) struct labels *labels = labels_of(w, n);
    uint64_t hash = labels_xxh64(labels);
    const struct notify_log_key key = {.group_key = S("{}:{}"), .receiver = S("r")};
    const struct notify_log_entry entry = {.firing = &hash, .firing_count = 1, .resolved = &hash};
    write_entry(w, &key, &entry, 0, ignore_logged, NULL);
}

static void is_told_when_its_sender_has_had_time_to_speak(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    restore(&w, "1", (struct was){-100, 90, 100, 20});
    run_until(&w, 19.5);
    check_told(&w, "");
    run_until(&w, 50);
    check_told(&w, "20.0: 1; 32.0: 1; 44.0: 1; ");
    world_done(&w);
}

static void is_not_told_past_its_promise(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    restore(&w, "1", (struct was){-100, -10, 100, 20});
    run_until(&w, 200);
    check_told(&w, "");
    assert_int_equal(dispatcher_group_count(w.dispatcher), 0);
    world_done(&w);
}

static void is_told_as_over_when_nobody_speaks_of_it(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    was_told(&w, "1");
    restore(&w, "1", (struct was){-100, -10, 90, 20});
    run_until(&w, 200);
    check_told(&w, "92.0: -1; "); // the tick behind 90
    world_done(&w);
}

static void is_told_as_over_when_it_may_have_been_told(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    restore(&w, "1", (struct was){-100, -10, 90, 20})->is_in_doubt = true;
    restore(&w, "2", (struct was){-100, -10, 90, 20});
    run_until(&w, 200);
    check_told(&w, "92.0: -1 -2; ");
    world_done(&w);
}

static void is_told_at_once_when_all_senders_have_spoken(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    was_told(&w, "1");
    restore(&w, "1", (struct was){-100, 40, 90, 20});
    restore(&w, "2", (struct was){-100, 40, 90, 30});
    run_until(&w, 5);
    put(&w, "n=1", -100, 5); // it is over
    run_until(&w, 10);
    check_told(&w, "");
    put(&w, "n=2", -100, 100);
    run_until(&w, 13);
    check_told(&w, "10.0: -1 2; ");
    world_done(&w);
}

static void each_has_its_own_time(void **state)
{
    (void)state;
    struct world w;
    world_init_with(&w,
                    "route: {receiver: r, group_wait: 2s, group_interval: 60s, repeat_interval: "
                    "10m}\n" RECEIVERS,
                    0);
    restore(&w, "1", (struct was){-100, 500, 500, 10});
    restore(&w, "2", (struct was){-100, 500, 500, 30});
    run_until(&w, 100);
    check_told(&w, "10.0: 1; 30.0: 1 2; ");
    world_done(&w);
}

static void news_of_others_does_not_make_it_news(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    restore(&w, "1", (struct was){-100, -10, 60, 10});
    run_until(&w, 11);
    put(&w, "n=2", 11, 100);
    run_until(&w, 16);
    check_told(&w, "14.0: 2; ");
    put(&w, "n=1", -100, 100);
    run_until(&w, 20);
    check_told(&w, "18.0: 1 2; ");
    world_done(&w);
}

int test_dispatch_restored(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_told_when_its_sender_has_had_time_to_speak),
        cmocka_unit_test(is_not_told_past_its_promise),
        cmocka_unit_test(is_told_as_over_when_nobody_speaks_of_it),
        cmocka_unit_test(is_told_as_over_when_it_may_have_been_told),
        cmocka_unit_test(is_told_at_once_when_all_senders_have_spoken),
        cmocka_unit_test(each_has_its_own_time),
        cmocka_unit_test(news_of_others_does_not_make_it_news),
    };
    return run_group("dispatch_restored", tests);
}
