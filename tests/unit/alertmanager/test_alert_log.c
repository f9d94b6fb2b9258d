// SPDX-License-Identifier: Apache-2.0
#include "alertmanager/alert_log.h"

#include "alertmanager/alerts.h"
#include "tests/support/check.h"
#include "tests/support/fake_env.h"

#define STATE     "/data/alerts.state"
#define RETENTION DUR_HOURS(120)
#define RESOLVE   DUR_MINUTES(5)

struct world {
    struct fake_env fake;
    struct label_store labels;
    struct alert_log *log;
    struct alerts *alerts;
    struct journal_report report;
    size_t answers;
    bool is_closed;
};

static void world_open(struct world *w)
{
    struct err err = ERR_INIT;
    label_store_init(&w->labels, 3);
    w->log = alert_log_open(&(struct alert_log_options){.env = &w->fake.env,
                                                        .labels = &w->labels,
                                                        .path = S(STATE),
                                                        .retention = RETENTION,
                                                        .resolve_timeout = RESOLVE},
                            &w->report, &err);
    check_err(&err, "");
    w->alerts = alerts_new(&(struct alerts_options){
        .env = &w->fake.env, .labels = &w->labels, .gc_interval = DUR_MINUTES(30), .log = w->log});
    alert_log_restore(w->log, w->alerts);
}

static void world_free(struct world *w)
{
    alert_log_free(w->log);
    alerts_free(w->alerts);
    label_store_done(&w->labels);
}

static void world_init(struct world *w)
{
    *w = (struct world){0};
    fake_env_init(&w->fake);
    world_open(w);
}

// kill -9, and a start so much later.
static void world_crash(struct world *w, dur_ns down)
{
    world_free(w);
    fake_env_reboot(&w->fake);
    fake_env_advance(&w->fake, down);
    world_open(w);
}

static void world_done(struct world *w)
{
    world_free(w);
    fake_env_done(&w->fake);
}

static void answered(void *owner)
{
    ((struct world *)owner)->answers++;
}

// An alert whose times are seconds from now.
static void put_with(struct world *w, const char *name, int64_t starts, int64_t ends,
                     const char *summary)
{
    struct label labels[] = {{S("alertname"), str_c(name)}};
    struct label annotations[] = {{S("summary"), str_c(summary)}};
    struct alert_draft d = {.labels = labels,
                            .label_count = 1,
                            .annotations = annotations,
                            .annotation_count = 1,
                            .starts_at = {w->fake.now + DUR_SECONDS(starts), 0},
                            .ends_at = {w->fake.now + DUR_SECONDS(ends), 0}};
    size_t done;
    assert_true(alerts_put(w->alerts, &d, 1, w->fake.now, &done, NULL));
}

static void put(struct world *w, const char *name, int64_t starts, int64_t ends)
{
    put_with(w, name, starts, ends, "calm");
}

static struct alert *find(struct world *w, const char *name)
{
    struct label labels[] = {{S("alertname"), str_c(name)}};
    struct labels *set = labels_find(&w->labels, labels, 1);
    return set ? alerts_find(w->alerts, set) : NULL;
}

static size_t appends(struct world *w)
{
    size_t before = w->fake.append_count;
    fake_env_settle(&w->fake);
    return w->fake.append_count - before;
}

// ---- what is kept ------------------------------------------------------------------------------

static void an_alert_is_there_after_a_crash(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    put_with(&w, "A", -60, 240, "loud");
    fake_env_settle(&w.fake);
    time_ns start = find(&w, "A")->starts_at.t;
    world_crash(&w, DUR_SECONDS(5));
    const struct alert *a = find(&w, "A");
    assert_non_null(a);
    assert_true(a->is_restored);
    assert_int_equal(a->starts_at.t, start);
    check_str(labels_value(a->annotations, S("summary"), NULL), S("loud"));
    assert_int_equal(alert_log_stats(w.log)->restored, 1);
    assert_int_equal(alerts_stats(w.alerts).unconfirmed, 1);
    world_done(&w);
}

static void a_mere_repetition_writes_nothing_and_waits_for_nothing(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    put(&w, "A", 0, 240);
    assert_int_not_equal(appends(&w), 0);
    for (int i = 0; i < 100; i++) {
        fake_env_advance(&w.fake, DUR_SECONDS(60));
        put(&w, "A", -60 * (int64_t)(i + 1), 240);
    }
    struct waiter waiter = {.on_done = answered, .owner = &w};
    assert_false(alerts_wait(w.alerts, &waiter));
    assert_int_equal(appends(&w), 0);
    world_done(&w);
}

static void every_change_is_written(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    put(&w, "A", 0, 240);
    assert_int_not_equal(appends(&w), 0);
    put_with(&w, "A", 0, 240, "other");
    assert_int_equal(appends(&w), 1);
    put_with(&w, "A", 0, 100, "other"); // ends sooner: merged, an end is not shortened
    assert_int_equal(appends(&w), 0);
    put_with(&w, "A", 0, 2400, "other"); // a far longer promise
    assert_int_equal(appends(&w), 1);
    fake_env_advance(&w.fake, DUR_SECONDS(10));
    put_with(&w, "A", -10, 0, "other"); // ends
    assert_int_equal(appends(&w), 1);
    put_with(&w, "A", -10, 0, "other"); // the end once more
    assert_int_equal(appends(&w), 0);
    put_with(&w, "A", 0, 240, "other"); // fires again
    assert_int_equal(appends(&w), 1);
    fake_env_advance(&w.fake, DUR_SECONDS(300)); // timed out
    put_with(&w, "A", -300, 240, "other");
    assert_int_equal(appends(&w), 1);
    alerts_note(w.alerts, find(&w, "A")->labels);
    assert_int_equal(appends(&w), 1);
    alerts_note(w.alerts, find(&w, "A")->labels);
    assert_int_equal(appends(&w), 0);
    alerts_over(w.alerts, find(&w, "A"));
    assert_int_equal(appends(&w), 1);
    world_done(&w);
}

static void one_waits_for_what_was_put_before(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    fake_env_settle(&w.fake);
    struct waiter waiters[3];
    put(&w, "A", 0, 240);
    for (size_t i = 0; i < 2; i++) {
        waiters[i] = (struct waiter){.on_done = answered, .owner = &w};
        assert_true(alerts_wait(w.alerts, &waiters[i]));
    }
    assert_true(fake_env_step(&w.fake)); // the commit begins
    put(&w, "A", 0, 241);                // from another sender: it is not on the disk yet
    waiters[2] = (struct waiter){.on_done = answered, .owner = &w};
    assert_true(alerts_wait(w.alerts, &waiters[2]));
    list_remove(&waiters[1].node); // gone
    assert_int_equal(w.answers, 0);
    fake_env_settle(&w.fake);
    assert_int_equal(w.answers, 2);
    world_done(&w);
}

// ---- what becomes of it ------------------------------------------------------------------------

static void a_firing_alert_is_held_for_its_lifetime(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    put(&w, "Short", 0, 240);
    put(&w, "Long", 0, 10800);
    fake_env_settle(&w.fake);
    time_ns promised = find(&w, "Short")->ends_at.t;
    world_crash(&w, DUR_SECONDS(1000));
    const struct alert_restored *r = alert_restored(find(&w, "Short"));
    assert_int_equal(r->alert.ends_at.t, w.fake.now + DUR_SECONDS(240));
    assert_int_equal(r->promised_end, promised);
    assert_int_equal(r->confirm_by, w.fake.now + DUR_SECONDS(80));
    r = alert_restored(find(&w, "Long"));
    assert_int_equal(r->alert.ends_at.t, r->promised_end);
    assert_int_equal(r->confirm_by, w.fake.now + ALERT_CONFIRM_MAX);

    world_crash(&w, DUR_HOURS(20)); // what is kept is what was promised
    r = alert_restored(find(&w, "Short"));
    assert_int_equal(r->promised_end, promised);
    assert_int_equal(r->alert.ends_at.t, w.fake.now + DUR_SECONDS(240));
    r = alert_restored(find(&w, "Long"));
    assert_int_equal(r->alert.ends_at.t, w.fake.now + ALERT_HOLD_MAX);
    world_done(&w);
}

static void an_end_comes_back_until_it_was_told(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    put(&w, "A", -60, 240);
    put(&w, "A", -60, 0);
    fake_env_settle(&w.fake);
    time_ns end = find(&w, "A")->ends_at.t;
    world_crash(&w, DUR_HOURS(1));
    const struct alert_restored *r = alert_restored(find(&w, "A"));
    assert_int_equal(r->alert.ends_at.t, end);
    assert_int_equal(r->confirm_by, w.fake.now + RESOLVE / 3);
    alerts_gc(w.alerts); // it is owed
    assert_non_null(find(&w, "A"));
    alerts_over(w.alerts, find(&w, "A"));
    alerts_gc(w.alerts);
    assert_null(find(&w, "A"));
    assert_int_equal(alerts_stats(w.alerts).unconfirmed, 0);
    fake_env_settle(&w.fake);
    world_crash(&w, 0);
    assert_null(find(&w, "A"));
    world_done(&w);
}

static void nothing_is_owed_past_the_retention(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    put(&w, "Ended", -60, 0);
    put(&w, "Fires", -60, 240);
    fake_env_settle(&w.fake);
    world_crash(&w, RETENTION - DUR_SECONDS(10));
    assert_non_null(find(&w, "Ended"));
    fake_env_advance(&w.fake, DUR_SECONDS(11));
    alerts_gc(w.alerts);
    assert_null(find(&w, "Ended"));
    world_crash(&w, DUR_SECONDS(300));
    assert_null(find(&w, "Ended"));
    assert_null(find(&w, "Fires"));
    world_done(&w);
}

static void what_was_noted_is_in_doubt(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    put(&w, "Noted", 0, 240);
    put(&w, "Quiet", 0, 240);
    alerts_note(w.alerts, find(&w, "Noted")->labels);
    assert_false(find(&w, "Noted")->is_in_doubt);
    fake_env_settle(&w.fake);
    world_crash(&w, 0);
    assert_true(find(&w, "Noted")->is_in_doubt);
    assert_false(find(&w, "Quiet")->is_in_doubt);
    put(&w, "Noted", 0, 240); // its sender lives: the doubt stays until the end was told
    assert_false(find(&w, "Noted")->is_restored);
    assert_true(find(&w, "Noted")->is_in_doubt);
    fake_env_advance(&w.fake, DUR_SECONDS(5));
    put(&w, "Noted", -5, 0);
    assert_true(find(&w, "Noted")->is_in_doubt);
    alerts_over(w.alerts, find(&w, "Noted"));
    assert_false(find(&w, "Noted")->is_in_doubt);
    fake_env_advance(&w.fake, DUR_SECONDS(5));
    put(&w, "Noted", 0, 240); // another episode
    assert_false(find(&w, "Noted")->is_noted);
    world_done(&w);
}

static void a_later_start_is_another_episode(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    put(&w, "A", 0, 240);
    fake_env_settle(&w.fake);
    world_crash(&w, DUR_SECONDS(100));
    put(&w, "A", -20, 240); // ended and began again while we were down
    assert_int_equal(find(&w, "A")->starts_at.t, w.fake.now - DUR_SECONDS(20));
    time_ns start = find(&w, "A")->starts_at.t;
    put(&w, "A", -10, 240); // once confirmed, versions that overlap are merged
    assert_int_equal(find(&w, "A")->starts_at.t, start);
    world_crash(&w, DUR_SECONDS(1));
    put(&w, "A", 0, 240); // a sender that names no start: now is no later start
    assert_int_not_equal(find(&w, "A")->starts_at.t, w.fake.now);
    world_done(&w);
}

static void an_end_made_by_a_clock_that_was_ahead_comes_nearer(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    struct label label = {S("alertname"), S("A")};
    struct alert_draft d = {.labels = &label, .label_count = 1, .starts_at = {w.fake.now, 0}};
    d.ends_at.t = w.fake.now + DUR_MINUTES(5);
    d.is_timeout = true;
    size_t done;
    assert_true(alerts_put(w.alerts, &d, 1, w.fake.now, &done, NULL));
    fake_env_settle(&w.fake);
    w.fake.now -= DUR_DAYS(300);
    world_crash(&w, 0);
    assert_int_equal(find(&w, "A")->ends_at.t, w.fake.now + DUR_MINUTES(5));
    world_done(&w);
}

// ---- files -------------------------------------------------------------------------------------

static void a_fold_writes_the_newest_promise(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    put(&w, "A", 0, 240);
    fake_env_advance(&w.fake, DUR_SECONDS(100));
    put(&w, "A", -100, 240);
    time_ns promised = find(&w, "A")->ends_at.t;
    alert_log_fold(w.log);
    fake_env_settle(&w.fake);
    assert_int_equal(w.fake.replace_count, 1);
    world_crash(&w, 0);
    assert_int_equal(w.report.snapshot_records, 1);
    assert_int_equal(w.report.journal_records, 0);
    assert_int_equal(alert_restored(find(&w, "A"))->promised_end, promised);
    world_done(&w);
}

static void name_of(int i, char name[16])
{
    snprintf(name, 16, "A%d", i);
}

// Many alerts make several parts; what happens between two of them is not lost, wherever the crash
// comes.
static void a_fold_in_parts_loses_nothing(void **state)
{
    (void)state;
    enum { ALERTS = 2500, EARLY = 7, LATE = 2400, NEW = 3000 };
    for (unsigned steps = 0; steps < 24; steps++) {
        struct world w;
        char name[16];
        world_init(&w);
        for (int i = 0; i < ALERTS; i++) {
            name_of(i, name);
            put(&w, name, 0, 240);
        }
        fake_env_settle(&w.fake);
        alert_log_fold(w.log);
        fake_env_step(&w.fake);
        fake_env_step(&w.fake); // between two parts
        name_of(EARLY, name);
        alerts_over(w.alerts, find(&w, name));
        name_of(LATE, name);
        put_with(&w, name, 0, 240, "changed");
        name_of(NEW, name);
        put(&w, name, 0, 240);
        struct waiter waiter = {.on_done = answered, .owner = &w};
        assert_true(alerts_wait(w.alerts, &waiter));
        while (w.answers == 0)
            fake_env_step(&w.fake);
        for (unsigned i = 0; i < steps; i++)
            fake_env_step(&w.fake);
        world_crash(&w, 0);
        assert_int_equal(alerts_stats(w.alerts).count, ALERTS); // one less, one more
        name_of(EARLY, name);
        assert_null(find(&w, name));
        name_of(LATE, name);
        check_str(labels_value(find(&w, name)->annotations, S("summary"), NULL), S("changed"));
        name_of(NEW, name);
        assert_non_null(find(&w, name));
        world_done(&w);
    }
}

static void close_done(void *owner, const struct err *err)
{
    check_err(err, "");
    ((struct world *)owner)->is_closed = true;
}

static void an_orderly_end_leaves_one_snapshot(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    put(&w, "A", 0, 240);
    alert_log_close(w.log, close_done, &w);
    fake_env_settle(&w.fake);
    assert_true(w.is_closed);
    put(&w, "B", 0, 240); // too late, and harmless
    world_crash(&w, 0);
    assert_int_equal(w.report.snapshot_records, 1);
    assert_non_null(find(&w, "A"));
    world_done(&w);
}

static void a_flipped_byte_costs_one_alert_at_most(void **state)
{
    (void)state;
    for (size_t at = 0;; at++) {
        struct world w;
        world_init(&w);
        put(&w, "A", 0, 240);
        put(&w, "B", 0, 240);
        alert_log_fold(w.log);
        fake_env_settle(&w.fake);
        struct buf *file = fake_file(&w.fake, STATE);
        bool is_end = at >= file->n;
        if (!is_end)
            file->p[at] ^= 0x20;
        world_crash(&w, 0);
        assert_in_range(alerts_stats(w.alerts).count, is_end ? 2 : 1, 2);
        assert_int_equal(w.report.is_snapshot_damaged, !is_end);
        fake_env_settle(&w.fake);
        assert_int_equal(fake_file_starting(&w.fake, STATE ".corrupt.") != NULL, !is_end);
        world_done(&w);
        if (is_end)
            return;
    }
}

static void a_cut_snapshot_keeps_what_is_whole(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    put(&w, "A", 0, 240);
    put(&w, "B", 0, 240);
    alert_log_fold(w.log);
    fake_env_settle(&w.fake);
    fake_file(&w.fake, STATE)->n--;
    world_crash(&w, 0);
    assert_non_null(find(&w, "A"));
    assert_null(find(&w, "B"));
    assert_true(w.report.is_snapshot_damaged);
    world_done(&w);
}

static void on_a_full_disk_nobody_waits(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    put(&w, "Before", 0, 240);
    fake_env_settle(&w.fake);
    w.fake.is_disk_full = true;
    put(&w, "First", 0, 240);
    struct waiter waiter = {.on_done = answered, .owner = &w};
    assert_true(alerts_wait(w.alerts, &waiter));
    fake_env_settle(&w.fake);
    assert_int_equal(w.answers, 1); // it goes on without the disk
    assert_true(alert_log_journal_stats(w.log)->is_broken);
    put(&w, "Second", 0, 240);
    assert_false(alerts_wait(w.alerts, &waiter));
    fake_env_advance(&w.fake, ALERT_LOG_RETRY);
    assert_true(alert_log_journal_stats(w.log)->is_broken);

    w.fake.is_disk_full = false;
    fake_env_advance(&w.fake, ALERT_LOG_RETRY);
    assert_false(alert_log_journal_stats(w.log)->is_broken);
    put(&w, "Third", 0, 240);
    assert_true(alerts_wait(w.alerts, &waiter));
    fake_env_settle(&w.fake);
    world_crash(&w, 0);
    assert_int_equal(alerts_stats(w.alerts).count, 4);
    world_done(&w);
}

static void a_record_that_is_too_large_is_counted(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    defer(buf_done) struct buf text = {0};
    buf_put_fill(&text, 'x', JOURNAL_FRAME_BYTES_MAX);
    buf_put_c(&text, '\0');
    put_with(&w, "Large", 0, 240, text.p);
    struct waiter waiter = {.on_done = answered, .owner = &w};
    assert_false(alerts_wait(w.alerts, &waiter));
    assert_int_equal(alert_log_stats(w.log)->too_large, 1);
    alert_log_fold(w.log);
    fake_env_settle(&w.fake);
    assert_int_equal(alert_log_stats(w.log)->left_out, 1);
    world_done(&w);
}

int test_alert_log(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_alert_is_there_after_a_crash),
        cmocka_unit_test(a_mere_repetition_writes_nothing_and_waits_for_nothing),
        cmocka_unit_test(every_change_is_written),
        cmocka_unit_test(one_waits_for_what_was_put_before),
        cmocka_unit_test(a_firing_alert_is_held_for_its_lifetime),
        cmocka_unit_test(an_end_comes_back_until_it_was_told),
        cmocka_unit_test(nothing_is_owed_past_the_retention),
        cmocka_unit_test(what_was_noted_is_in_doubt),
        cmocka_unit_test(a_later_start_is_another_episode),
        cmocka_unit_test(an_end_made_by_a_clock_that_was_ahead_comes_nearer),
        cmocka_unit_test(a_fold_writes_the_newest_promise),
        cmocka_unit_test(a_fold_in_parts_loses_nothing),
        cmocka_unit_test(an_orderly_end_leaves_one_snapshot),
        cmocka_unit_test(a_flipped_byte_costs_one_alert_at_most),
        cmocka_unit_test(a_cut_snapshot_keeps_what_is_whole),
        cmocka_unit_test(on_a_full_disk_nobody_waits),
        cmocka_unit_test(a_record_that_is_too_large_is_counted),
    };
    return run_group("alert_log", tests);
}
