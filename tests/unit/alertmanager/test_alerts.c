// SPDX-License-Identifier: Apache-2.0
#include "alertmanager/alerts.h"

#include "alertmanager/alert_limit.h"
#include "tests/support/check.h"
#include "tests/support/fake_env.h"

struct world {
    struct fake_env fake;
    struct label_store labels;
    struct alerts *alerts;
    struct alerts_subscriber first, second;
    struct buf heard; // what the subscribers were told, in order
};

static void hear(struct world *w, const char *who, const char *what, const struct alert *a)
{
    buf_printf(&w->heard, "%s %s %.*s; ", who, what,
               STR(labels_value(a->labels, S("alertname"), NULL)));
}

static void first_alert(void *owner, struct alert *a, bool is_created)
{
    hear(owner, "1", is_created ? "new" : "again", a);
}

static void second_alert(void *owner, struct alert *a, bool is_created)
{
    hear(owner, "2", is_created ? "new" : "again", a);
}

static void first_dropped(void *owner, struct alert *a)
{
    hear(owner, "1", "dropped", a);
}

static void first_limited(void *owner, const struct alert *a)
{
    hear(owner, "1", "limited", a);
}

static void world_init(struct world *w, size_t alerts_max, size_t per_name)
{
    *w = (struct world){0};
    fake_env_init(&w->fake);
    label_store_init(&w->labels, 3);
    w->alerts = alerts_new(&(struct alerts_options){.env = &w->fake.env,
                                                    .labels = &w->labels,
                                                    .alerts_max = alerts_max,
                                                    .per_alertname_limit = per_name,
                                                    .gc_interval = DUR_MINUTES(30)});
    w->first = (struct alerts_subscriber){.name = "first",
                                          .on_alert = first_alert,
                                          .on_dropped = first_dropped,
                                          .on_limited = first_limited,
                                          .owner = w};
    w->second = (struct alerts_subscriber){.name = "second", .on_alert = second_alert, .owner = w};
    alerts_subscribe(w->alerts, &w->first);
    alerts_subscribe(w->alerts, &w->second);
}

static void world_done(struct world *w)
{
    alerts_unsubscribe(w->alerts, &w->first);
    alerts_unsubscribe(w->alerts, &w->second);
    alerts_free(w->alerts);
    label_store_done(&w->labels);
    fake_env_done(&w->fake);
    buf_done(&w->heard);
}

// Puts one alert whose times are seconds from now.
static bool put(struct world *w, const char *name, const char *instance, int64_t starts,
                int64_t ends)
{
    struct label labels[] = {{S("alertname"), str_c(name)}, {S("instance"), str_c(instance)}};
    struct alert_draft d = {.labels = labels,
                            .label_count = 2,
                            .starts_at = {w->fake.now + DUR_SECONDS(starts), 0},
                            .ends_at = {w->fake.now + DUR_SECONDS(ends), 0}};
    size_t done = 99;
    struct err err = ERR_INIT;
    bool ok = alerts_put(w->alerts, &d, 1, w->fake.now, &done, &err);
    assert_int_equal(done, ok ? 1 : 0);
    assert_int_equal(err.code, ok ? ERR_NONE : ERR_LIMIT);
    return ok;
}

static struct alert *find(struct world *w, const char *name, const char *instance)
{
    struct label labels[] = {{S("alertname"), str_c(name)}, {S("instance"), str_c(instance)}};
    struct labels *set = labels_find(&w->labels, labels, 2);
    return set ? alerts_find(w->alerts, set) : NULL;
}

static void check_heard(struct world *w, str want)
{
    check_str(buf_str(&w->heard), want);
    buf_clear(&w->heard);
}

// ---- storing -----------------------------------------------------------------------------------

static void subscribers_hear_of_each_version_in_order(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, 0, 0);
    put(&w, "A", "1", 0, 300);
    put(&w, "B", "1", 0, 300);
    put(&w, "A", "1", 0, 400);
    check_heard(&w, S("1 new A; 2 new A; 1 new B; 2 new B; 1 again A; 2 again A; "));
    assert_int_equal(w.first.writes, 3);
    struct alerts_stats stats = alerts_stats(w.alerts);
    assert_int_equal(stats.count, 2);
    assert_int_equal(stats.created, 2);
    assert_int_equal(stats.merged, 1);
    world_done(&w);
}

static void an_overlapping_version_is_merged_another_replaces(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, 0, 0);
    put(&w, "A", "1", -60, 300);
    time_ns start = find(&w, "A", "1")->starts_at.t;
    fake_env_advance(&w.fake, DUR_SECONDS(60));
    put(&w, "A", "1", 0, 300);
    assert_int_equal(find(&w, "A", "1")->starts_at.t, start);
    assert_int_equal(find(&w, "A", "1")->ends_at.t, w.fake.now + DUR_SECONDS(300));

    fake_env_advance(&w.fake, DUR_SECONDS(600)); // that episode is over
    put(&w, "A", "1", 0, 300);
    assert_int_equal(find(&w, "A", "1")->starts_at.t, w.fake.now);
    world_done(&w);
}

static void a_version_stays_as_it_is_for_those_who_hold_it(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, 0, 0);
    put(&w, "A", "1", 0, 300);
    struct alert *held = alert_ref(find(&w, "A", "1"));
    time_ns ends_at = held->ends_at.t;
    fake_env_advance(&w.fake, DUR_SECONDS(10));
    put(&w, "A", "1", -10, 0);
    assert_int_equal(held->ends_at.t, ends_at);
    assert_ptr_not_equal(held, find(&w, "A", "1"));
    assert_ptr_equal(held->labels, find(&w, "A", "1")->labels);
    alert_unref(held);
    world_done(&w);
}

static void a_restored_version_is_merged_too(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, 0, 0);
    put(&w, "A", "1", -60, 300);
    struct label labels[] = {{S("alertname"), S("A")}, {S("instance"), S("1")}};
    struct alert_draft d = {.labels = labels,
                            .label_count = 2,
                            .starts_at = {w.fake.now - DUR_SECONDS(90), 0},
                            .ends_at = {w.fake.now + DUR_SECONDS(100), 0}};
    struct alert *a = alert_new(&w.labels, &d, w.fake.now - DUR_SECONDS(30)); // older than known
    assert_true(alerts_restore(w.alerts, a, NULL));
    assert_int_equal(find(&w, "A", "1")->starts_at.t, w.fake.now - DUR_SECONDS(90));
    assert_int_equal(find(&w, "A", "1")->ends_at.t, w.fake.now + DUR_SECONDS(300));
    world_done(&w);
}

// ---- limits ------------------------------------------------------------------------------------

static void a_full_store_tells_the_sender(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, 2, 0);
    assert_true(put(&w, "A", "1", 0, 300));
    assert_true(put(&w, "A", "2", 0, 300));
    assert_false(put(&w, "A", "3", 0, 300));
    assert_true(put(&w, "A", "2", 0, 400)); // a known one always fits
    assert_int_equal(alerts_stats(w.alerts).refused_full, 1);
    assert_null(find(&w, "A", "3"));
    world_done(&w);
}

static void more_alerts_of_one_name_than_allowed_are_left_out(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, 0, 2);
    put(&w, "A", "1", 0, 60);
    put(&w, "A", "2", 0, 300);
    put(&w, "A", "3", 0, 300);
    put(&w, "B", "3", 0, 300);
    put(&w, "A", "2", 0, 400);
    check_heard(&w, S("1 new A; 2 new A; 1 new A; 2 new A; 1 limited A; 1 new B; 2 new B; "
                      "1 again A; 2 again A; "));
    assert_int_equal(alerts_stats(w.alerts).limited, 1);
    fake_env_advance(&w.fake, DUR_SECONDS(60)); // the first one's stay is over
    put(&w, "A", "3", 0, 300);
    assert_non_null(find(&w, "A", "3"));
    assert_non_null(find(&w, "A", "1")); // evicted from the bucket, not from the store
    world_done(&w);
}

static void a_bucket_is_dropped_when_every_stay_in_it_is_over(void **state)
{
    (void)state;
    struct alert_limit limit;
    alert_limit_init(&limit, 3, 5);
    assert_true(alert_limit_admit(&limit, S("A"), 1, 100, 0));
    assert_true(alert_limit_admit(&limit, S("A"), 2, 50, 0));
    assert_true(alert_limit_admit(&limit, S("B"), 1, 10, 0));
    alert_limit_gc(&limit, 60);
    assert_int_equal(limit.buckets.count, 1); // the latest end of A counts, not the last slot
    alert_limit_gc(&limit, 100);
    assert_int_equal(limit.buckets.count, 0);
    alert_limit_done(&limit);
}

// ---- collecting --------------------------------------------------------------------------------

static void alerts_that_are_over_are_collected(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, 0, 0);
    put(&w, "Short", "1", 0, 60);
    put(&w, "Long", "1", 0, 7200);
    buf_clear(&w.heard);
    fake_env_advance(&w.fake, DUR_MINUTES(29));
    assert_non_null(find(&w, "Short", "1"));
    fake_env_advance(&w.fake, DUR_MINUTES(1));
    check_heard(&w, S("1 dropped Short; "));
    assert_null(find(&w, "Short", "1"));
    assert_non_null(find(&w, "Long", "1"));
    fake_env_advance(&w.fake, DUR_HOURS(3));
    check_heard(&w, S("1 dropped Long; "));
    assert_int_equal(alerts_stats(w.alerts).count, 0);
    world_done(&w);
}

static void a_large_store_is_collected_in_slices(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, 0, 0);
    for (int i = 0; i < 10000; i++) {
        char name[16];
        snprintf(name, sizeof(name), "%d", i);
        put(&w, "A", name, 0, i % 2 ? 60 : 7200);
        buf_clear(&w.heard);
    }
    w.fake.mono += DUR_MINUTES(30);
    w.fake.now += DUR_MINUTES(30);
    assert_true(fake_env_step(&w.fake)); // one turn
    size_t after_one = alerts_stats(w.alerts).count;
    assert_in_range(after_one, 5001, 9999);
    fake_env_settle(&w.fake);
    assert_int_equal(alerts_stats(w.alerts).count, 5000);

    size_t seen = 0;
    for (size_t i = 0; alerts_next(w.alerts, &i);)
        seen++;
    assert_int_equal(seen, 5000);
    fake_env_advance(&w.fake, DUR_HOURS(2));
    alerts_gc(w.alerts);
    assert_int_equal(alerts_stats(w.alerts).count, 0);
    world_done(&w);
}

int test_alerts(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(subscribers_hear_of_each_version_in_order),
        cmocka_unit_test(an_overlapping_version_is_merged_another_replaces),
        cmocka_unit_test(a_version_stays_as_it_is_for_those_who_hold_it),
        cmocka_unit_test(a_restored_version_is_merged_too),
        cmocka_unit_test(a_full_store_tells_the_sender),
        cmocka_unit_test(more_alerts_of_one_name_than_allowed_are_left_out),
        cmocka_unit_test(a_bucket_is_dropped_when_every_stay_in_it_is_over),
        cmocka_unit_test(alerts_that_are_over_are_collected),
        cmocka_unit_test(a_large_store_is_collected_in_slices),
    };
    return run_group("alerts", tests);
}
