// SPDX-License-Identifier: Apache-2.0
// dispatch_world.h: a dispatcher in virtual time with the real pipeline behind it; an integration
// and a notification log made here.
#pragma once
#include "alertmanager/dispatch_group.h"
#include "base/core/alloc.h"
#include "tests/support/check.h"
#include "tests/support/fake_env.h"

#define LOG_ENTRIES_MAX 64
#define TICK            DUR_MS(500)

struct log_entry {
    struct notify_log_entry entry;
    char *key; // group key / receiver
    uint64_t *hashes;
};

struct world {
    struct fake_env fake;
    time_ns epoch;
    struct label_store labels;
    struct alerts *alerts;
    struct config *config;
    struct inhibitor *inhibitor;
    struct muting muting;
    struct pipeline *pipeline;
    struct notify_counters counters;
    uint64_t suppressed[NOTIFY_SUPPRESSION_COUNT];
    bool has_peers;
    struct dispatch_stats stats;
    struct dispatcher_options options;
    struct dispatcher *dispatcher;

    // The integration: what it was asked to tell, how long it takes, until when it fails.
    struct buf told;
    dur_ns takes;
    time_ns fails_until;
    size_t attempts_open, attempts_begun;

    struct log_entry log[LOG_ENTRIES_MAX];
    size_t log_count;
    struct buf events;
};

static struct world *the_world; // for integrations, which have no owner

// ---- the integration ---------------------------------------------------------------------------

struct notify_attempt {
    struct timer timer;
    notify_done_fn *on_done;
    void *owner;
};

static inline void on_answered(void *owner)
{
    struct notify_attempt *a = owner;
    struct world *w = the_world;
    struct notify_result result = {
        .is_delivered = w->fake.now >= w->fails_until, .may_retry = true, .err = ERR_INIT};
    if (!result.is_delivered)
        err_set(&result.err, ERR_NETWORK, "it is down");
    w->attempts_open--;
    a->on_done(a->owner, &result);
    mem_free(a);
}

static inline struct notify_attempt *attempt_start(const struct integration *in,
                                                   const struct notify_message *m,
                                                   notify_done_fn *on_done, void *owner)
{
    (void)in;
    struct world *w = the_world;
    buf_printf(&w->told, "%.1f:", dur_to_seconds(w->fake.now - w->epoch));
    for (size_t i = 0; i < m->alert_count; i++)
        buf_printf(&w->told, " %s%.*s", m->alerts[i].is_resolved ? "-" : "",
                   STR(labels_value(m->alerts[i].labels, S("n"), NULL)));
    buf_put(&w->told, S("; "));
    struct notify_attempt *a = mem_new(struct notify_attempt);
    *a = (struct notify_attempt){.on_done = on_done, .owner = owner};
    timer_init(&a->timer, on_answered, a);
    env_timer_after(&w->fake.env, &a->timer, w->takes);
    w->attempts_open++;
    w->attempts_begun++;
    return a;
}

static inline void attempt_cancel(struct notify_attempt *a)
{
    env_timer_cancel(&the_world->fake.env, &a->timer);
    the_world->attempts_open--;
    mem_free(a);
}

static const struct integration_ops TEST_OPS = {
    .name = {"test", 4}, .start = attempt_start, .cancel = attempt_cancel};

// ---- the log -----------------------------------------------------------------------------------

struct notify_log_write {
    struct timer timer;
    notify_logged_fn *on_logged;
    void *owner;
};

static inline struct log_entry *entry_at(struct world *w, const struct notify_log_key *key)
{
    for (size_t i = 0; i < w->log_count; i++) {
        if (str_eq(str_c(w->log[i].key), key->group_key))
            return &w->log[i];
    }
    return NULL;
}

static inline bool find_entry(void *owner, const struct notify_log_key *key,
                              struct notify_log_entry *ret)
{
    struct log_entry *e = entry_at(owner, key);
    if (e)
        *ret = e->entry;
    return e != NULL;
}

static inline void on_written(void *owner)
{
    struct notify_log_write *write = owner;
    struct err none = ERR_INIT;
    write->on_logged(write->owner, &none);
    mem_free(write);
}

static inline struct notify_log_write *write_entry(void *owner, const struct notify_log_key *key,
                                                   const struct notify_log_entry *entry,
                                                   dur_ns expiry, notify_logged_fn *on_logged,
                                                   void *done_owner)
{
    (void)expiry;
    struct world *w = owner;
    struct log_entry *e = entry_at(w, key);
    if (!e) {
        assert_true(w->log_count < LOG_ENTRIES_MAX);
        e = &w->log[w->log_count++];
        e->key = mem_dup(key->group_key);
    }
    size_t count = entry->firing_count + entry->resolved_count;
    mem_free(e->hashes);
    e->hashes = mem_array(uint64_t, count + 1);
    memcpy(e->hashes, entry->firing, entry->firing_count * sizeof(uint64_t));
    memcpy(e->hashes + entry->firing_count, entry->resolved,
           entry->resolved_count * sizeof(uint64_t));
    e->entry = (struct notify_log_entry){.timestamp = w->fake.now,
                                         .firing = e->hashes,
                                         .firing_count = entry->firing_count,
                                         .resolved = e->hashes + entry->firing_count,
                                         .resolved_count = entry->resolved_count};
    struct notify_log_write *write = mem_new(struct notify_log_write);
    *write = (struct notify_log_write){.on_logged = on_logged, .owner = done_owner};
    timer_init(&write->timer, on_written, write);
    env_timer_after(&w->fake.env, &write->timer, 0);
    return write;
}

static inline void forget_entry(struct notify_log_write *write)
{
    env_timer_cancel(&the_world->fake.env, &write->timer);
    mem_free(write);
}

// ---- the world ---------------------------------------------------------------------------------

static inline bool has_peers(void *owner)
{
    return ((struct world *)owner)->has_peers;
}

static inline struct notify_counters *counters_of(void *owner, const struct integration *in)
{
    (void)in;
    return &((struct world *)owner)->counters;
}

static inline void on_grouped(void *owner, const struct notify_group *g, const struct alert *a)
{
    (void)g;
    struct world *w = owner;
    buf_printf(&w->events, "+%.*s ", STR(labels_value(a->labels, S("n"), NULL)));
}

static inline void on_resolved(void *owner, const struct notify_group *g, const struct alert *a)
{
    (void)g;
    struct world *w = owner;
    buf_printf(&w->events, "-%.*s ", STR(labels_value(a->labels, S("n"), NULL)));
}

static inline void on_flush_failed(void *owner, const struct notify_group *g, size_t count,
                                   const struct err *err)
{
    (void)g;
    (void)count;
    struct world *w = owner;
    buf_printf(&w->events, "failed(%.*s) ", STR(err_str(err)));
}

static inline struct config *load_config(struct world *w, const char *text)
{
    struct err err = ERR_INIT;
    struct config *c =
        config_load(str_c(text), S("am.yml"), &(struct config_options){.env = &w->fake.env}, &err);
    check_err(&err, "");
    // Receivers get an integration of the test's own.
    static struct integration integration = {
        .ops = &TEST_OPS, .receiver = {"r", 1}, .send_resolved = true};
    static const struct integration *const integrations[] = {&integration};
    for (size_t i = 0; i < c->receiver_count; i++) {
        c->receivers[i].integrations = integrations;
        c->receivers[i].integration_count = 1;
    }
    return c;
}

static inline int32_t utc_offset_s(struct env *e, time_ns t)
{
    (void)e;
    (void)t;
    return 0;
}

static inline void world_init_with(struct world *w, const char *text, dur_ns start_delay)
{
    static struct env_ops ops;
    *w = (struct world){0};
    the_world = w;
    fake_env_init(&w->fake);
    ops = *w->fake.env.ops;
    ops.utc_offset_s = utc_offset_s;
    w->fake.env.ops = &ops;
    w->epoch = w->fake.now;
    label_store_init(&w->labels, 3);
    w->alerts = alerts_new(&(struct alerts_options){
        .env = &w->fake.env, .labels = &w->labels, .gc_interval = DUR_MINUTES(30)});
    w->config = load_config(w, text);
    w->inhibitor = inhibitor_new(&(struct inhibitor_options){.env = &w->fake.env,
                                                             .labels = &w->labels,
                                                             .alerts = w->alerts,
                                                             .rules = w->config->rules,
                                                             .rule_count = w->config->rule_count});
    w->muting = (struct muting){.env = &w->fake.env, .inhibitor = w->inhibitor};
    w->pipeline = pipeline_new(&(struct pipeline_options){
        .env = &w->fake.env,
        .muters = muting_muters(&w->muting),
        .cluster = {.owner = w, .has_peers = has_peers},
        .log = {.owner = w, .find = find_entry, .write = write_entry, .forget = forget_entry},
        .counters = counters_of,
        .counters_owner = w,
        .suppressed = w->suppressed,
    });
    w->options = (struct dispatcher_options){.env = &w->fake.env,
                                             .config = w->config,
                                             .alerts = w->alerts,
                                             .labels = &w->labels,
                                             .pipeline = w->pipeline,
                                             .start_at = env_mono(&w->fake.env) + start_delay,
                                             .stats = &w->stats,
                                             .on_flush_failed = on_flush_failed,
                                             .on_grouped = on_grouped,
                                             .on_resolved = on_resolved,
                                             .owner = w};
    w->dispatcher = dispatcher_new(&w->options);
}

#define RECEIVERS "receivers: [{name: r}, {name: q}]\n"
#define TIMERS    "group_wait: 2s, group_interval: 4s, repeat_interval: 10s"
#define SIMPLE    "route: {receiver: r, " TIMERS "}\n" RECEIVERS

static inline void world_init(struct world *w)
{
    world_init_with(w, SIMPLE, 0);
}

static inline void world_done(struct world *w)
{
    dispatcher_free(w->dispatcher);
    pipeline_free(w->pipeline);
    assert_int_equal(w->attempts_open, 0);
    inhibitor_free(w->inhibitor);
    alerts_free(w->alerts);
    config_unref(w->config);
    label_store_done(&w->labels);
    for (size_t i = 0; i < w->log_count; i++) {
        mem_free(w->log[i].key);
        mem_free(w->log[i].hashes);
    }
    buf_done(&w->told);
    buf_done(&w->events);
    fake_env_done(&w->fake);
}

static inline void run_until(struct world *w, double seconds)
{
    time_ns end = w->epoch + (time_ns)(seconds * 1e9);
    fake_env_settle(&w->fake);
    while (w->fake.now < end)
        fake_env_advance(&w->fake, MIN(TICK, end - w->fake.now));
}

// Puts an alert whose times are seconds on the world's clock; pairs: "n=1 a=2".
static inline void put(struct world *w, const char *pairs, double starts, double ends)
{
    struct label labels[8];
    size_t count = 0;
    str rest = str_c(pairs), pair;
    bool has_more = true;
    while (has_more) {
        has_more = str_cut(rest, ' ', &pair, &rest);
        str_cut(pair, '=', &labels[count].name, &labels[count].value);
        count++;
    }
    struct alert_draft d = {.labels = labels,
                            .label_count = count,
                            .starts_at = {w->epoch + (time_ns)(starts * 1e9), 0},
                            .ends_at = {w->epoch + (time_ns)(ends * 1e9), 0}};
    size_t done;
    assert_true(alerts_put(w->alerts, &d, 1, w->fake.now, &done, NULL));
}

static inline void check_told(struct world *w, const char *want)
{
    check_str(buf_str(&w->told), str_c(want));
    buf_clear(&w->told);
}

static inline struct group *only_group(struct world *w)
{
    size_t i = 0;
    struct group *g = dispatcher_next(w->dispatcher, &i);
    assert_non_null(g);
    assert_null(dispatcher_next(w->dispatcher, &i));
    return g;
}
