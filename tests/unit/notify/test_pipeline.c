// SPDX-License-Identifier: Apache-2.0
// A flush from its tick to its end: turns, looks at the log, retries, texts.
#include "notify/pipeline.h"

#include "base/core/alloc.h"
#include "tests/support/check.h"
#include "tests/support/fake_env.h"

#define ALERTS_MAX   8
#define ATTEMPTS_MAX 16
#define PEER_TIMEOUT DUR_SECONDS(15)

struct notify_attempt {
    struct rig *rig;
    notify_done_fn *on_done;
    void *owner;
    bool is_open, is_canceled;
    const struct integration *integration;
    mono_ns at;
    enum notify_reason reason;
    size_t alert_count, memo_count;
    uint64_t firing[ALERTS_MAX], resolved[ALERTS_MAX];
    size_t firing_count, resolved_count;
};

struct notify_log_write {
    struct rig *rig;
    notify_logged_fn *on_logged;
    void *owner;
    bool is_open, is_forgotten;
};

struct logged {
    bool is_there;
    time_ns timestamp;
    uint64_t firing[ALERTS_MAX], resolved[ALERTS_MAX * 2];
    size_t firing_count, resolved_count;
    struct notify_memo memo;
};

struct rig {
    struct fake_env fake;
    struct pipeline *pipeline;
    struct notify_counters counters;
    uint64_t suppressed[NOTIFY_SUPPRESSION_COUNT];

    struct notify_group group;
    struct notify_alert alerts[ALERTS_MAX];
    size_t alert_count;
    int lists_open; // collected and not released

    struct notify_context context;
    struct integration integrations[2];
    const struct integration *receivers[2];

    struct logged log[2]; // by integration
    struct notify_log_write writes[4];
    size_t write_count;
    dur_ns expiry;

    bool is_settled;
    struct list settle_waiters, catch_up_waiters;
    uint32_t position;
    bool asks_others;  // before its turn
    uint64_t silenced; // hash; 0: none

    struct notify_attempt attempts[ATTEMPTS_MAX];
    size_t attempt_count;

    struct flush *flush;
    int done_count;
    bool is_ok;
    char error[512];
};

// ---- the world of a pipeline -------------------------------------------------------------------

static struct rig *rig_of(struct notify_group *g)
{
    return container_of(g, struct rig, group);
}

static void collect(struct notify_group *g, time_ns now, struct notify_alerts *ret)
{
    struct rig *r = rig_of(g);
    (void)now;
    *ret = (struct notify_alerts){.count = r->alert_count};
    ret->items = arena_array(&ret->mem, struct notify_alert, r->alert_count + 1);
    memcpy(ret->items, r->alerts, r->alert_count * sizeof(r->alerts[0]));
    r->lists_open++;
}

static void release(struct notify_group *g, struct notify_alerts *alerts)
{
    rig_of(g)->lists_open--;
    arena_done(&alerts->mem);
    *alerts = (struct notify_alerts){0};
}

static struct logged *logged_of(struct rig *r, const struct notify_log_key *key)
{
    check_str(key->group_key, S("{}:{}"));
    check_str(key->receiver, S("team"));
    return &r->log[key->idx];
}

static bool log_find(void *owner, const struct notify_log_key *key, struct notify_log_entry *ret)
{
    const struct logged *l = logged_of(owner, key);
    *ret = (struct notify_log_entry){
        .timestamp = l->timestamp,
        .firing = l->firing,
        .resolved = l->resolved,
        .firing_count = l->firing_count,
        .resolved_count = l->resolved_count,
        .memos = &l->memo,
        .memo_count = l->memo.key.n > 0,
    };
    return l->is_there;
}

static struct notify_log_write *log_put(void *owner, const struct notify_log_key *key,
                                        const struct notify_log_entry *entry, dur_ns expiry,
                                        notify_logged_fn *on_logged, void *done_owner)
{
    struct rig *r = owner;
    struct logged *l = logged_of(r, key);
    l->is_there = true;
    l->timestamp = r->fake.now;
    l->firing_count = entry->firing_count;
    l->resolved_count = entry->resolved_count;
    memcpy(l->firing, entry->firing, entry->firing_count * sizeof(uint64_t));
    memcpy(l->resolved, entry->resolved, entry->resolved_count * sizeof(uint64_t));
    r->expiry = expiry;
    assert_true(r->write_count < ARRAY_LEN(r->writes));
    struct notify_log_write *w = &r->writes[r->write_count++];
    *w = (struct notify_log_write){
        .rig = r, .on_logged = on_logged, .owner = done_owner, .is_open = true};
    return w;
}

static void log_forget(struct notify_log_write *w)
{
    assert_true(w->is_open);
    w->is_open = false;
    w->is_forgotten = true;
}

static bool is_silenced(void *owner, struct notify_group *g, const struct labels *labels)
{
    const struct rig *r = owner;
    (void)g;
    return r->silenced && labels == r->alerts[r->silenced - 1].labels;
}

static bool is_settled(void *owner)
{
    return ((struct rig *)owner)->is_settled;
}

static void wait_settled(void *owner, struct waiter *w)
{
    list_append(&((struct rig *)owner)->settle_waiters, &w->node);
}

static bool catch_up(void *owner, struct waiter *w)
{
    struct rig *r = owner;
    if (r->asks_others)
        list_append(&r->catch_up_waiters, &w->node);
    return r->asks_others;
}

static uint32_t position(void *owner)
{
    return ((struct rig *)owner)->position;
}

static struct notify_counters *counters(void *owner, const struct integration *integration)
{
    (void)integration;
    return &((struct rig *)owner)->counters;
}

// ---- an integration that answers when the test says so -----------------------------------------

static struct notify_attempt *fake_start(const struct integration *integration,
                                         const struct notify_message *m, notify_done_fn *on_done,
                                         void *owner)
{
    struct rig *r = (struct rig *)integration->conf;
    assert_true(r->attempt_count < ATTEMPTS_MAX);
    struct notify_attempt *a = &r->attempts[r->attempt_count++];
    *a = (struct notify_attempt){
        .rig = r,
        .on_done = on_done,
        .owner = owner,
        .is_open = true,
        .integration = integration,
        .at = r->fake.mono,
        .reason = m->reason,
        .alert_count = m->alert_count,
        .memo_count = m->memo_count,
    };
    for (size_t i = 0; i < m->alert_count; i++) {
        if (m->alerts[i].is_resolved)
            a->resolved[a->resolved_count++] = m->alerts[i].hash;
        else
            a->firing[a->firing_count++] = m->alerts[i].hash;
    }
    return a;
}

static void fake_cancel(struct notify_attempt *a)
{
    assert_true(a->is_open);
    a->is_open = false;
    a->is_canceled = true;
}

static const struct integration_ops FAKE_OPS = {
    .name = {"fake", 4}, .start = fake_start, .cancel = fake_cancel};

static struct rig *rig_new(void)
{
    struct rig *r = mem_new(struct rig);
    fake_env_init(&r->fake);
    list_init(&r->settle_waiters);
    list_init(&r->catch_up_waiters);
    r->is_settled = true;
    r->context = (struct notify_context){.env = &r->fake.env};
    for (uint32_t i = 0; i < 2; i++) {
        r->integrations[i] = (struct integration){.ops = &FAKE_OPS,
                                                  .context = &r->context,
                                                  .receiver = S("team"),
                                                  .idx = i,
                                                  .send_resolved = true,
                                                  .conf = r};
        r->receivers[i] = &r->integrations[i];
    }
    r->group = (struct notify_group){
        .receiver = S("team"),
        .group_key = S("{}:{}"),
        .group_interval = DUR_MINUTES(1),
        .repeat_interval = DUR_HOURS(1),
        .collect = collect,
        .release = release,
    };
    r->pipeline = pipeline_new(&(struct pipeline_options){
        .env = &r->fake.env,
        .muters = {.owner = r, .is_silenced = is_silenced},
        .cluster = {.owner = r,
                    .is_settled = is_settled,
                    .wait_settled = wait_settled,
                    .position = position,
                    .peer_timeout = PEER_TIMEOUT,
                    .catch_up = catch_up},
        .log = {r, log_find, log_put, log_forget},
        .counters = counters,
        .counters_owner = r,
        .suppressed = r->suppressed,
    });
    return r;
}

static void rig_free(struct rig *r)
{
    assert_int_equal(r->lists_open, 0);
    pipeline_free(r->pipeline);
    assert_false(fake_env_step(&r->fake));
    fake_env_done(&r->fake);
    mem_free(r);
}

// ---- verbs -------------------------------------------------------------------------------------

// Alert number n (from 1) has hash n; its labels are only compared by address here.
static void set_alert(struct rig *r, uint64_t n, bool is_resolved)
{
    static struct labels some[ALERTS_MAX];
    r->alerts[n - 1] =
        (struct notify_alert){.labels = &some[n - 1], .hash = n, .is_resolved = is_resolved};
    r->alert_count = MAX(r->alert_count, n);
}

static void on_flushed(void *owner, bool ok, const struct err *err)
{
    struct rig *r = owner;
    r->flush = NULL;
    r->done_count++;
    r->is_ok = ok;
    snprintf(r->error, sizeof(r->error), "%.*s", STR(err_str(err)));
}

static void flush_to(struct rig *r, size_t integration_count)
{
    r->flush =
        pipeline_flush_start(r->pipeline, &r->group, r->receivers, integration_count, r->fake.now,
                             pipeline_deadline(r->pipeline, &r->group), on_flushed, r);
    fake_env_settle(&r->fake);
}

static void finish(struct rig *r, size_t attempt, const struct notify_result *result)
{
    struct notify_attempt *a = &r->attempts[attempt];
    assert_true(a->is_open);
    a->is_open = false;
    a->on_done(a->owner, result);
    fake_env_settle(&r->fake);
}

static void deliver(struct rig *r, size_t attempt)
{
    finish(r, attempt, &(struct notify_result){.is_delivered = true});
}

static void fail_attempt(struct rig *r, size_t attempt, bool may_retry, const char *why)
{
    struct notify_result result = {
        .may_retry = may_retry, .failure = FAILURE_SERVER, .err = ERR_INIT};
    err_set(&result.err, ERR_NETWORK, "%s", why);
    finish(r, attempt, &result);
}

static void sync_log(struct rig *r, size_t write, const char *why)
{
    struct notify_log_write *w = &r->writes[write];
    struct err err = ERR_INIT;
    if (why)
        err_set(&err, ERR_IO, "%s", why);
    assert_true(w->is_open);
    w->is_open = false;
    w->on_logged(w->owner, &err);
    fake_env_settle(&r->fake);
}

// A peer has told this.
static void peer_tells(struct rig *r, uint64_t firing, uint64_t resolved)
{
    struct logged *l = &r->log[0];
    *l = (struct logged){.is_there = true, .timestamp = r->fake.now};
    if (firing)
        l->firing[l->firing_count++] = firing;
    if (resolved)
        l->resolved[l->resolved_count++] = resolved;
    pipeline_log_changed(r->pipeline, &(struct notify_log_key){.group_key = S("{}:{}"),
                                                               .receiver = S("team"),
                                                               .integration = S("fake")});
    fake_env_settle(&r->fake);
}

#define assert_done(r, ok)                                                                         \
    do {                                                                                           \
        assert_int_equal((r)->done_count, 1);                                                      \
        assert_int_equal((r)->is_ok, (ok));                                                        \
    } while (0)

// ---- the way of a message ----------------------------------------------------------------------

static void told_logged_and_done_once_it_is_on_the_disk(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    set_alert(r, 1, false);
    set_alert(r, 2, true);
    flush_to(r, 1);
    assert_int_equal(r->attempt_count, 1);
    assert_int_equal(r->attempts[0].reason, NOTIFY_FIRST);
    assert_int_equal(r->attempts[0].firing[0], 1);
    assert_int_equal(r->attempts[0].resolved[0], 2);
    assert_int_equal(r->write_count, 0);
    deliver(r, 0);
    assert_int_equal(r->write_count, 1);
    assert_int_equal(r->log[0].firing_count, 1);
    assert_int_equal(r->log[0].resolved_count, 1);
    assert_int_equal(r->expiry, DUR_HOURS(2));
    assert_int_equal(r->done_count, 0);
    sync_log(r, 0, NULL);
    assert_done(r, true);
    assert_int_equal(r->counters.notifications, 1);
    assert_int_equal(r->counters.requests, 1);
    assert_int_equal(r->counters.requests_failed, 0);
    rig_free(r);
}

static void a_log_that_cannot_be_written_fails_the_flush(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    set_alert(r, 1, false);
    flush_to(r, 1);
    deliver(r, 0);
    sync_log(r, 0, "disk full");
    assert_done(r, false);
    check_str(str_c(r->error), S("team/fake[0]: the notification was delivered but could not be "
                                 "logged: disk full"));
    rig_free(r);
}

static void unwanted_ends_are_logged_without_a_message(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    r->integrations[0].send_resolved = false;
    r->log[0] = (struct logged){
        .is_there = true, .timestamp = r->fake.now, .firing = {1}, .firing_count = 1};
    set_alert(r, 1, true);
    flush_to(r, 1);
    assert_int_equal(r->attempt_count, 0);
    sync_log(r, 0, NULL);
    assert_done(r, true);
    assert_int_equal(r->log[0].firing_count, 0);
    assert_int_equal(r->log[0].resolved[0], 1);
    rig_free(r);
}

static void ends_that_were_told_stay_in_the_log(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    r->log[0] = (struct logged){
        .is_there = true, .timestamp = r->fake.now, .resolved = {7, 2, 1}, .resolved_count = 3};
    set_alert(r, 1, false); // fires again
    set_alert(r, 2, true);
    flush_to(r, 1);
    deliver(r, 0);
    sync_log(r, 0, NULL);
    const struct logged *l = &r->log[0];
    assert_int_equal(l->firing_count, 1);
    assert_int_equal(l->resolved_count, 2);
    assert_true(l->resolved[0] == 2 && l->resolved[1] == 7);
    rig_free(r);
}

static void memos_come_back_except_for_a_first_message(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    set_alert(r, 1, false);
    set_alert(r, 2, false);
    r->log[0] = (struct logged){.is_there = true,
                                .timestamp = r->fake.now,
                                .firing = {1},
                                .firing_count = 1,
                                .memo = {S("thread"), S("t1")}};
    flush_to(r, 1);
    assert_int_equal(r->attempts[0].reason, NOTIFY_NEW_ALERTS);
    assert_int_equal(r->attempts[0].memo_count, 1);
    pipeline_flush_cancel(r->flush);
    r->log[0].firing_count = 0;
    flush_to(r, 1);
    assert_int_equal(r->attempts[1].reason, NOTIFY_FIRST);
    assert_int_equal(r->attempts[1].memo_count, 0);
    pipeline_flush_cancel(r->flush);
    rig_free(r);
}

// ---- turns -------------------------------------------------------------------------------------

static void each_peer_waits_for_those_before_it(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    r->position = 2;
    set_alert(r, 1, false);
    mono_ns start = r->fake.mono;
    flush_to(r, 1);
    fake_env_advance(&r->fake, 2 * PEER_TIMEOUT - 1);
    assert_int_equal(r->attempt_count, 0);
    fake_env_advance(&r->fake, 1);
    assert_int_equal(r->attempt_count, 1);
    assert_int_equal(r->attempts[0].at - start, 2 * PEER_TIMEOUT);
    pipeline_flush_cancel(r->flush);
    rig_free(r);
}

static void nothing_to_tell_needs_no_turn(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    r->position = 2;
    set_alert(r, 1, false);
    peer_tells(r, 1, 0);
    flush_to(r, 1);
    assert_done(r, true);
    rig_free(r);
}

static void what_a_peer_tells_ends_the_wait(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    r->position = 1;
    set_alert(r, 1, false);
    flush_to(r, 1);
    peer_tells(r, 2, 0); // something else
    assert_int_equal(r->done_count, 0);
    peer_tells(r, 1, 0);
    assert_done(r, true);
    assert_int_equal(r->attempt_count, 0);
    rig_free(r);
}

static void news_that_comes_during_the_wait_has_to_wait(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    r->position = 1;
    set_alert(r, 1, false);
    flush_to(r, 1);
    set_alert(r, 2, false);
    peer_tells(r, 1, 0);
    assert_done(r, true);
    assert_int_equal(r->attempt_count, 0);
    rig_free(r);
}

static void a_message_shows_the_present(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    r->position = 1;
    set_alert(r, 1, false);
    set_alert(r, 2, false);
    flush_to(r, 1);
    set_alert(r, 2, true);
    set_alert(r, 3, false);
    fake_env_advance(&r->fake, PEER_TIMEOUT);
    assert_int_equal(r->attempts[0].firing_count, 2);
    assert_int_equal(r->attempts[0].resolved[0], 2);
    pipeline_flush_cancel(r->flush);
    rig_free(r);
}

static void what_is_over_before_it_was_told_is_not_told(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    r->position = 1;
    set_alert(r, 1, false);
    flush_to(r, 1);
    set_alert(r, 1, true);
    fake_env_advance(&r->fake, PEER_TIMEOUT);
    assert_done(r, true);
    assert_int_equal(r->attempt_count, 0);
    rig_free(r);
}

static void a_record_that_goes_again_gives_nobody_an_earlier_turn(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    r->position = 1;
    set_alert(r, 1, false);
    flush_to(r, 1);
    const struct notify_log_key key = {
        .group_key = S("{}:{}"), .receiver = S("team"), .integration = S("fake")};
    r->log[0] = (struct logged){
        .is_there = true, .timestamp = r->fake.now, .firing = {1}, .firing_count = 1};
    pipeline_log_changed(r->pipeline, &key);
    r->log[0] = (struct logged){.is_there = true, .timestamp = r->fake.now + 1};
    fake_env_settle(&r->fake);
    assert_int_equal(r->done_count, 0);
    fake_env_advance(&r->fake, PEER_TIMEOUT - 1);
    assert_int_equal(r->attempt_count, 0);
    fake_env_advance(&r->fake, 1);
    assert_int_equal(r->attempt_count, 1);
    pipeline_flush_cancel(r->flush);
    rig_free(r);
}

static void those_in_front_are_asked_before_our_turn(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    r->position = 1;
    r->asks_others = true;
    set_alert(r, 1, false);
    flush_to(r, 1);
    fake_env_advance(&r->fake, PEER_TIMEOUT - 1);
    assert_true(list_is_empty(&r->catch_up_waiters));
    fake_env_advance(&r->fake, 1);
    assert_false(list_is_empty(&r->catch_up_waiters));
    assert_int_equal(r->attempt_count, 0);
    waiters_tell(&r->catch_up_waiters);
    fake_env_settle(&r->fake);
    assert_int_equal(r->attempt_count, 1); // they knew nothing, and are not asked again
    assert_true(list_is_empty(&r->catch_up_waiters));
    pipeline_flush_cancel(r->flush);

    flush_to(r, 1);
    fake_env_advance(&r->fake, PEER_TIMEOUT);
    r->log[0] = (struct logged){
        .is_there = true, .timestamp = r->fake.now, .firing = {1}, .firing_count = 1};
    waiters_tell(&r->catch_up_waiters);
    fake_env_settle(&r->fake);
    assert_done(r, true); // one of them had told it
    assert_int_equal(r->attempt_count, 1);

    r->log[0] = (struct logged){0};
    flush_to(r, 1);
    fake_env_advance(&r->fake, PEER_TIMEOUT);
    pipeline_flush_cancel(r->flush);
    assert_true(list_is_empty(&r->catch_up_waiters));
    rig_free(r);
}

static void a_busy_receiver_is_left_alone_for_as_long_as_it_wishes(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    r->group.group_interval = DUR_MINUTES(10);
    set_alert(r, 1, false);
    flush_to(r, 1);
    struct notify_result busy = {.may_retry = true,
                                 .retry_after = DUR_SECONDS(120),
                                 .failure = FAILURE_RATE_LIMITED,
                                 .err = ERR_INIT};
    err_set(&busy.err, ERR_NETWORK, "busy");
    finish(r, 0, &busy);
    fake_env_advance(&r->fake, DUR_SECONDS(120) - 1);
    assert_int_equal(r->attempt_count, 1);
    fake_env_advance(&r->fake, 1);
    assert_int_equal(r->attempt_count, 2);
    pipeline_flush_cancel(r->flush);
    rig_free(r);
}

static void nobody_tells_before_the_cluster_has_settled(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    r->is_settled = false;
    set_alert(r, 1, false);
    flush_to(r, 1);
    fake_env_advance(&r->fake, DUR_SECONDS(30));
    assert_int_equal(r->attempt_count, 0);
    struct list *node = list_take_first(&r->settle_waiters);
    struct waiter *w = list_item(node, struct waiter, node);
    w->on_done(w->owner);
    fake_env_settle(&r->fake);
    assert_int_equal(r->attempt_count, 1);
    pipeline_flush_cancel(r->flush);

    flush_to(r, 1);
    fake_env_advance(&r->fake, DUR_MINUTES(1));
    assert_done(r, false);
    check_str(str_c(r->error), S("context deadline exceeded"));
    rig_free(r);
}

// ---- muting ------------------------------------------------------------------------------------

static void muted_alerts_are_not_told_and_counted_once(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    set_alert(r, 1, false);
    set_alert(r, 2, false);
    r->silenced = 2;
    flush_to(r, 1);
    assert_int_equal(r->attempts[0].alert_count, 1);
    assert_int_equal(r->suppressed[SUPPRESSED_SILENCE], 1);
    deliver(r, 0);
    sync_log(r, 0, NULL);
    assert_int_equal(r->log[0].firing_count, 1);
    rig_free(r);
}

static void a_silence_that_comes_during_the_wait_counts(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    r->position = 1;
    set_alert(r, 1, false);
    flush_to(r, 1);
    r->silenced = 1;
    fake_env_advance(&r->fake, PEER_TIMEOUT);
    assert_done(r, true);
    assert_int_equal(r->attempt_count, 0);
    rig_free(r);
}

// ---- failures ----------------------------------------------------------------------------------

static void failures_are_repeated_until_the_deadline(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    set_alert(r, 1, false);
    flush_to(r, 1);
    for (size_t i = 0; r->done_count == 0; i++) {
        assert_true(i < ATTEMPTS_MAX);
        if (r->attempt_count > i)
            fail_attempt(r, i, true, "busy");
        while (r->done_count == 0 && r->attempt_count == i + 1)
            fake_env_advance(&r->fake, DUR_MS(100));
    }
    assert_done(r, false);
    char want[128];
    snprintf(want, sizeof(want), "team/fake[0]: notify retry canceled after %zu attempts: busy",
             r->attempt_count);
    check_str(str_c(r->error), str_c(want));
    assert_true(r->attempt_count >= 5);
    assert_int_equal(r->counters.notifications, 1);
    assert_int_equal(r->counters.requests_failed, r->attempt_count);
    assert_int_equal(r->counters.failed[FAILURE_SERVER], 1);
    rig_free(r);
}

static void a_peer_that_succeeds_ends_the_retries(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    set_alert(r, 1, false);
    flush_to(r, 1);
    fail_attempt(r, 0, true, "busy");
    peer_tells(r, 1, 0);
    assert_done(r, true);
    assert_int_equal(r->attempt_count, 1);
    rig_free(r);
}

static void an_attempt_under_way_is_not_disturbed_by_the_log(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    set_alert(r, 1, false);
    flush_to(r, 1);
    peer_tells(r, 1, 0);
    assert_int_equal(r->done_count, 0);
    fail_attempt(r, 0, true, "busy");
    fake_env_advance(&r->fake, DUR_SECONDS(2));
    assert_done(r, true);
    assert_int_equal(r->attempt_count, 1);
    rig_free(r);
}

static void what_cannot_succeed_is_not_repeated(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    set_alert(r, 1, false);
    flush_to(r, 1);
    fail_attempt(r, 0, false, "unexpected status code 404");
    assert_done(r, false);
    check_str(str_c(r->error), S("team/fake[0]: notify retry canceled due to unrecoverable error "
                                 "after 1 attempts: unexpected status code 404"));
    rig_free(r);
}

static void an_attempt_ends_with_the_flush(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    set_alert(r, 1, false);
    flush_to(r, 1);
    fake_env_advance(&r->fake, DUR_MINUTES(1));
    assert_done(r, false);
    assert_true(r->attempts[0].is_canceled);
    check_str(str_c(r->error), S("team/fake[0]: notify retry canceled after 1 attempts: context "
                                 "deadline exceeded"));
    assert_int_equal(r->counters.failed[FAILURE_DEADLINE], 1);
    rig_free(r);
}

static void integrations_fail_each_for_itself(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    set_alert(r, 1, false);
    flush_to(r, 2);
    assert_int_equal(r->attempt_count, 2);
    fail_attempt(r, 0, false, "no");
    assert_int_equal(r->done_count, 0);
    fail_attempt(r, 1, false, "never");
    assert_done(r, false);
    check_str(str_c(r->error),
              S("team/fake[0]: notify retry canceled due to unrecoverable error after 1 attempts: "
                "no\nteam/fake[1]: notify retry canceled due to unrecoverable error after 1 "
                "attempts: never"));
    r->done_count = 0;

    flush_to(r, 2);
    deliver(r, 2);
    sync_log(r, 0, NULL);
    fail_attempt(r, 3, false, "no");
    assert_done(r, false);
    r->done_count = 0;
    flush_to(r, 2); // the first one has been told
    assert_int_equal(r->attempt_count, 5);
    assert_ptr_equal(r->attempts[4].integration, &r->integrations[1]);
    deliver(r, 4);
    sync_log(r, 1, NULL);
    assert_done(r, true);
    rig_free(r);
}

static void a_flush_can_be_canceled_at_any_point(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    set_alert(r, 1, false);
    r->flush = pipeline_flush_start(r->pipeline, &r->group, r->receivers, 1, r->fake.now,
                                    pipeline_deadline(r->pipeline, &r->group), on_flushed, r);
    pipeline_flush_cancel(r->flush); // before it began
    r->position = 1;
    flush_to(r, 1);
    pipeline_flush_cancel(r->flush); // waiting
    r->position = 0;
    flush_to(r, 1);
    pipeline_flush_cancel(r->flush); // attempting
    assert_true(r->attempts[0].is_canceled);
    flush_to(r, 1);
    deliver(r, 1);
    pipeline_flush_cancel(r->flush); // logging
    assert_true(r->writes[0].is_forgotten);
    assert_int_equal(r->done_count, 0);
    pipeline_flush_cancel(NULL);
    rig_free(r);
}

static void the_deadline_leaves_room_for_those_before_us(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    mono_ns now = r->fake.mono;
    assert_int_equal(pipeline_deadline(r->pipeline, &r->group) - now, DUR_MINUTES(1));
    r->position = 2;
    assert_int_equal(pipeline_deadline(r->pipeline, &r->group) - now,
                     DUR_MINUTES(1) + 2 * PEER_TIMEOUT);
    r->group.group_interval = DUR_SECONDS(1);
    assert_int_equal(pipeline_deadline(r->pipeline, &r->group) - now,
                     FLUSH_TIME_MIN + 2 * PEER_TIMEOUT);
    rig_free(r);
}

int test_pipeline(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(told_logged_and_done_once_it_is_on_the_disk),
        cmocka_unit_test(a_log_that_cannot_be_written_fails_the_flush),
        cmocka_unit_test(unwanted_ends_are_logged_without_a_message),
        cmocka_unit_test(ends_that_were_told_stay_in_the_log),
        cmocka_unit_test(memos_come_back_except_for_a_first_message),
        cmocka_unit_test(each_peer_waits_for_those_before_it),
        cmocka_unit_test(nothing_to_tell_needs_no_turn),
        cmocka_unit_test(what_a_peer_tells_ends_the_wait),
        cmocka_unit_test(news_that_comes_during_the_wait_has_to_wait),
        cmocka_unit_test(a_message_shows_the_present),
        cmocka_unit_test(what_is_over_before_it_was_told_is_not_told),
        cmocka_unit_test(a_record_that_goes_again_gives_nobody_an_earlier_turn),
        cmocka_unit_test(those_in_front_are_asked_before_our_turn),
        cmocka_unit_test(a_busy_receiver_is_left_alone_for_as_long_as_it_wishes),
        cmocka_unit_test(nobody_tells_before_the_cluster_has_settled),
        cmocka_unit_test(muted_alerts_are_not_told_and_counted_once),
        cmocka_unit_test(a_silence_that_comes_during_the_wait_counts),
        cmocka_unit_test(failures_are_repeated_until_the_deadline),
        cmocka_unit_test(a_peer_that_succeeds_ends_the_retries),
        cmocka_unit_test(an_attempt_under_way_is_not_disturbed_by_the_log),
        cmocka_unit_test(what_cannot_succeed_is_not_repeated),
        cmocka_unit_test(an_attempt_ends_with_the_flush),
        cmocka_unit_test(integrations_fail_each_for_itself),
        cmocka_unit_test(a_flush_can_be_canceled_at_any_point),
        cmocka_unit_test(the_deadline_leaves_room_for_those_before_us),
    };
    return run_group("pipeline", tests);
}
