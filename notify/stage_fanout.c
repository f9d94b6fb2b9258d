// SPDX-License-Identifier: Apache-2.0
// One integration's part of a flush: wait for our turn, compare with the log, attempt, log.
#include "base/core/alloc.h"
#include "base/core/hash.h"
#include "notify/stages.h"

enum delivery_state {
    DELIVERY_WAITING,    // for our turn, or for the next attempt: `timer` is set
    DELIVERY_ATTEMPTING, // `attempt` is under way
    DELIVERY_LOGGING,    // the receiver has it; `write` is under way
};

struct delivery {
    struct pipeline *pipeline;
    struct notify_group *group;
    const struct integration *integration;
    enum delivery_state state;
    time_ns now; // the tick
    mono_ns deadline;
    delivery_done_fn *on_done;
    void *owner;

    uint64_t key_hash; // in pipeline->deliveries
    struct told asked; // what this delivery is about: the alerts when the flush began
    uint64_t *hashes;  // of `asked`
    mono_ns turn_at;   // not before
    struct timer timer, deadline_timer;
    struct waiter waiter; // for the cluster or for a note; `timer` may come first
    bool has_caught_up;   // with those in front of us
    uint32_t notes;       // taken for the next attempt
    struct notify_attempt *attempt;
    struct notify_log_write *write;
    struct notify_counters *counters;

    // Of the attempt under way; cleared after it.
    struct notify_alerts alerts;
    struct told said; // in mem
    struct arena mem;
    mono_ns attempt_started, next_attempt_at;

    uint32_t attempts, failures;
    bool is_counted; // in notifications_total
    struct err last_error;
    enum notify_failure last_failure;
};

static void attempt_clear(struct delivery *d)
{
    if (d->alerts.held || d->alerts.items)
        d->group->release(d->group, &d->alerts);
    d->alerts = (struct notify_alerts){0};
    arena_clear(&d->mem);
}

static void delivery_free(struct delivery *d)
{
    struct env *env = d->pipeline->opt.env;
    env_timer_cancel(env, &d->timer);
    env_timer_cancel(env, &d->deadline_timer);
    list_remove(&d->waiter.node);
    map_remove_item(&d->pipeline->deliveries, d->key_hash, d);
    attempt_clear(d);
    arena_done(&d->mem);
    mem_free(d->hashes);
    mem_free(d);
}

static void delivery_end(struct delivery *d, bool ok, struct err *err)
{
    delivery_done_fn *on_done = d->on_done;
    void *owner = d->owner;
    delivery_free(d);
    on_done(owner, ok, err);
}

static void delivery_fail(struct delivery *d, enum notify_failure failure, const char *how,
                          const struct err *why)
{
    const struct integration *in = d->integration;
    if (d->is_counted)
        d->counters->failed[failure]++;
    struct err err = ERR_INIT;
    err_set(&err, ERR_INVALID, "%.*s/%.*s[%u]: notify retry canceled %safter %u attempts: %.*s",
            STR(in->receiver), STR(in->ops->name), in->idx, how, d->attempts, STR(err_str(why)));
    delivery_end(d, false, &err);
}

static struct notify_log_key key_of(const struct notify_group *group, const struct integration *in)
{
    return (struct notify_log_key){
        .group_key = group->group_key,
        .group_key_alt = group->group_key_alt,
        .receiver = in->receiver,
        .integration = in->ops->name,
        .idx = in->idx,
    };
}

static struct notify_log_key log_key(const struct delivery *d)
{
    return key_of(d->group, d->integration);
}

bool pipeline_peers_told_at(const struct pipeline *p, const struct notify_group *group,
                            const struct integration *integration, time_ns *ret)
{
    const struct notify_cluster *c = &p->opt.cluster;
    if (!c->has_peers || !c->has_peers(c->owner))
        return false;
    struct notify_log_key key = key_of(group, integration);
    struct notify_log_entry entry;
    if (!p->opt.log.find(p->opt.log.owner, &key, &entry))
        return false;
    *ret = entry.timestamp;
    return true;
}

static const struct notify_log_entry *find_entry(const struct delivery *d,
                                                 struct notify_log_entry *room)
{
    const struct notify_log *log = &d->pipeline->opt.log;
    struct notify_log_key key = log_key(d);
    return log->find(log->owner, &key, room) ? room : NULL;
}

// ---- logging -----------------------------------------------------------------------------------

static void on_logged(void *owner, const struct err *err)
{
    struct delivery *d = owner;
    d->write = NULL;
    if (err->code == ERR_NONE) {
        delivery_end(d, true, NULL);
        return;
    }
    struct err wrapped = *err;
    err_wrap(&wrapped, "%.*s/%.*s[%u]: the notification was delivered but could not be logged",
             STR(d->integration->receiver), STR(d->integration->ops->name), d->integration->idx);
    delivery_end(d, false, &wrapped);
}

// All alerts that were compared with the log are logged, also those that were not sent because
// send_resolved is off; and what the log knows of others.
static void delivery_log(struct delivery *d, const struct notify_memo *memos, size_t memo_count)
{
    struct notify_log_entry room;
    const struct notify_log_entry *before = find_entry(d, &room);
    if (before)
        told_keep_ends(&d->said, before, &d->mem);
    struct notify_log_entry entry = {
        .firing = d->said.firing,
        .resolved = d->said.resolved,
        .firing_count = d->said.firing_count,
        .resolved_count = d->said.resolved_count,
        .memos = memos,
        .memo_count = memo_count,
    };
    const struct notify_log *log = &d->pipeline->opt.log;
    struct notify_log_key key = log_key(d);
    d->state = DELIVERY_LOGGING;
    env_timer_cancel(d->pipeline->opt.env, &d->deadline_timer);
    d->write = log->write(log->owner, &key, &entry, mul_saturated(d->group->repeat_interval, 2),
                          on_logged, d);
    attempt_clear(d);
}

// ---- attempts ----------------------------------------------------------------------------------

static void delivery_observe(struct delivery *d, const struct notify_result *result)
{
    struct notify_counters *c = d->counters;
    struct env *env = d->pipeline->opt.env;
    d->attempts++;
    c->requests++;
    if (!result->is_delivered)
        c->requests_failed++;
    if (c->on_latency)
        c->on_latency(c->owner, dur_to_seconds(env_mono(env) - d->attempt_started));
}

static void log_attempt(struct delivery *d, const struct notify_result *result)
{
    struct env *env = d->pipeline->opt.env;
    const struct integration *in = d->integration;
    struct buf name = {0};
    buf_printf(&name, "%.*s[%u]", STR(in->ops->name), in->idx);
    struct log log = log_with(&env->log, LOG_STR("receiver", in->receiver));
    log = log_with(&log, LOG_STR("integration", buf_str(&name)));
    log = log_with(&log, LOG_STR("aggrGroup", d->group->group_key));
    dur_ns took = env_mono(env) - d->attempt_started;
    if (!result->is_delivered)
        log_warn(&log, "Notify attempt failed, will retry later", LOG_INT("attempts", d->attempts),
                 LOG_ERR(&result->err));
    else if (d->attempts > 1)
        log_info(&log, "Notify success", LOG_INT("attempts", d->attempts),
                 LOG_DUR("duration", took), LOG_INT("numAlerts", d->alerts.count));
    else
        log_debug(&log, "Notify success", LOG_INT("attempts", d->attempts),
                  LOG_DUR("duration", took), LOG_INT("numAlerts", d->alerts.count));
    buf_done(&name);
}

static void on_attempted(void *owner, const struct notify_result *result)
{
    struct delivery *d = owner;
    d->attempt = NULL;
    d->notes = 0;
    delivery_observe(d, result);
    if (result->is_delivered) {
        log_attempt(d, result);
        delivery_log(d, result->memos, result->memo_count);
        return;
    }
    if (!result->may_retry) {
        delivery_fail(d, result->failure, "due to unrecoverable error ", &result->err);
        return;
    }
    if (!str_eq(err_str(&result->err), err_str(&d->last_error)))
        log_attempt(d, result);
    d->last_error = result->err;
    d->last_failure = result->failure;
    d->failures++;
    attempt_clear(d);
    d->state = DELIVERY_WAITING;
    mono_ns wished_at = add_saturated(env_mono(d->pipeline->opt.env), result->retry_after);
    d->turn_at = MAX(d->next_attempt_at, wished_at);
    env_timer_set(d->pipeline->opt.env, &d->timer, d->turn_at);
}

static const struct notify_memo *copy_memos(struct arena *mem, const struct notify_log_entry *e)
{
    struct notify_memo *memos = arena_array(mem, struct notify_memo, e->memo_count + 1);
    for (size_t i = 0; i < e->memo_count; i++) {
        memos[i].key = arena_str(mem, e->memos[i].key);
        memos[i].value = arena_str(mem, e->memos[i].value);
    }
    return memos;
}

// What goes on the wire: without resolved alerts where they are not wanted.
static size_t select_alerts(struct delivery *d, const struct notify_alert **ret)
{
    const struct notify_alerts *a = &d->alerts;
    struct notify_alert *chosen = arena_array(&d->mem, struct notify_alert, a->count + 1);
    size_t count = 0;
    for (size_t i = 0; i < a->count; i++) {
        if (d->integration->send_resolved || !a->items[i].is_resolved)
            chosen[count++] = a->items[i];
    }
    *ret = chosen;
    return count;
}

static void attempt_start(struct delivery *d, enum notify_reason reason,
                          const struct notify_log_entry *entry, struct labels *route_labels)
{
    struct env *env = d->pipeline->opt.env;
    struct notify_message message = {
        .group = d->group,
        .reason = reason,
        .route_labels = route_labels,
        .deadline = d->deadline,
        .mem = &d->mem,
    };
    message.alert_count = select_alerts(d, &message.alerts);
    if (entry && reason != NOTIFY_FIRST) {
        message.memos = copy_memos(&d->mem, entry);
        message.memo_count = entry->memo_count;
    }
    if (!d->is_counted) {
        d->is_counted = true;
        d->counters->notifications++;
    }
    if (message.alert_count == 0) { // only resolved ones, and nobody wants to hear of them
        delivery_log(d, message.memos, message.memo_count);
        return;
    }
    d->state = DELIVERY_ATTEMPTING;
    d->attempt_started = env_mono(env);
    d->next_attempt_at = add_saturated(d->attempt_started, retry_backoff(env, d->failures));
    d->attempt = d->integration->ops->start(d->integration, &message, on_attempted, d);
}

// Is there a reason to say this, going by the log?
static enum notify_reason compare(struct delivery *d, const struct told *told,
                                  const struct notify_log_entry *entry)
{
    const struct dedup_input in = {
        .entry = entry,
        .repeat_interval = d->group->repeat_interval,
        .send_resolved = d->integration->send_resolved,
        .now = d->now,
    };
    return stage_dedup_told(&in, told, &d->mem);
}

static void collect(struct delivery *d)
{
    struct pipeline *p = d->pipeline;
    d->group->collect(d->group, env_now(p->opt.env), &d->alerts);
}

static void leave_out(struct notify_alerts *alerts, const struct notify_log_entry *entry)
{
    size_t kept = 0;
    for (size_t i = 0; i < alerts->count; i++) {
        const struct notify_alert *a = &alerts->items[i];
        if (a->is_resolved || !alert_is_left_out(a, entry))
            alerts->items[kept++] = *a;
    }
    alerts->count = kept;
}

static enum notify_reason look(struct delivery *d, const struct notify_log_entry *entry)
{
    stage_mute(d->pipeline, d->group, d->now, &d->alerts, NULL);
    leave_out(&d->alerts, entry);
    uint64_t *hashes = arena_array(&d->mem, uint64_t, d->alerts.count + 1);
    d->said = told_from(&d->alerts, entry, hashes);
    return d->alerts.count > 0 ? compare(d, &d->said, entry) : NOTIFY_NONE;
}

static void on_waited(void *owner)
{
    struct delivery *d = owner;
    env_timer_after(d->pipeline->opt.env, &d->timer, 0);
}

// True: those in front of us are being asked first; then everything is looked at once more.
static bool wait_for_peers(struct delivery *d)
{
    const struct notify_cluster *c = &d->pipeline->opt.cluster;
    if (!c->catch_up || d->has_caught_up)
        return false;
    d->has_caught_up = true;
    d->waiter = (struct waiter){.on_done = on_waited, .owner = d};
    if (!c->catch_up(c->owner, &d->waiter))
        return false;
    attempt_clear(d);
    return true;
}

#define NOTE_WAIT_MAX DUR_SECONDS(1) // a slow disk must not hold back a page
#define NOTES_MAX     2              // news may have come during the first

// True: what is to be told is being noted; then everything is looked at once more.
static bool wait_for_note(struct delivery *d)
{
    if (!d->group->note || d->notes == NOTES_MAX)
        return false;
    d->notes++;
    d->waiter = (struct waiter){.on_done = on_waited, .owner = d};
    if (!d->group->note(d->group, &d->alerts, &d->waiter))
        return false;
    attempt_clear(d);
    env_timer_after(d->pipeline->opt.env, &d->timer, NOTE_WAIT_MAX);
    return true;
}

// Our turn, or the next try: looks at everything afresh.
static void on_turn(void *owner)
{
    struct delivery *d = owner;
    struct env *env = d->pipeline->opt.env;
    struct notify_log_entry room;
    const struct notify_log_entry *entry = find_entry(d, &room);
    list_remove(&d->waiter.node);
    if (compare(d, &d->asked, entry) == NOTIFY_NONE) {
        delivery_end(d, true, NULL);
        return;
    }
    if (env_mono(env) < d->turn_at) { // the log has changed once more
        env_timer_set(env, &d->timer, d->turn_at);
        return;
    }
    collect(d);
    struct labels *route_labels =
        d->group->route_labels ? d->group->route_labels(d->group, &d->alerts) : NULL;
    enum notify_reason reason = look(d, entry);
    if (reason == NOTIFY_NONE)
        delivery_end(d, true, NULL);
    else if (!wait_for_peers(d) && !wait_for_note(d))
        attempt_start(d, reason, entry, route_labels);
    labels_unref(route_labels);
}

static void on_deadline(void *owner)
{
    struct delivery *d = owner;
    if (d->attempt) {
        d->integration->ops->cancel(d->attempt);
        d->attempt = NULL;
        d->attempts++;
        d->counters->requests++;
        d->counters->requests_failed++;
    }
    if (d->last_error.n == 0) {
        err_set(&d->last_error, ERR_TIMEOUT, "context deadline exceeded");
        d->last_failure = FAILURE_DEADLINE;
    }
    delivery_fail(d, d->last_failure, "", &d->last_error);
}

// ---- life --------------------------------------------------------------------------------------

static uint64_t key_hash(const struct pipeline *p, const struct notify_log_key *key)
{
    uint64_t hash = hash_seeded(p->seed, key->group_key);
    hash = hash_mix(hash, hash_seeded(p->seed, key->receiver));
    hash = hash_mix(hash, hash_seeded(p->seed, key->integration));
    return hash_mix(hash, key->idx);
}

static bool has_key(const void *item, const void *k)
{
    struct notify_log_key a = log_key(item);
    const struct notify_log_key *b = k;
    return a.idx == b->idx && str_eq(a.group_key, b->group_key) &&
           str_eq(a.receiver, b->receiver) && str_eq(a.integration, b->integration);
}

static void schedule(struct delivery *d, dur_ns wait)
{
    struct env *env = d->pipeline->opt.env;
    d->turn_at = add_saturated(env_mono(env), wait);
    timer_init(&d->timer, on_turn, d);
    timer_init(&d->deadline_timer, on_deadline, d);
    env_timer_set(env, &d->timer, d->turn_at);
    env_timer_set(env, &d->deadline_timer, d->deadline);
}

struct delivery *delivery_start(struct pipeline *p, struct notify_group *group,
                                const struct integration *integration,
                                const struct notify_alerts *alerts, time_ns now, mono_ns deadline,
                                dur_ns wait, delivery_done_fn *on_done, void *owner)
{
    struct delivery *d = mem_alloc(sizeof(*d));
    *d = (struct delivery){
        .pipeline = p,
        .group = group,
        .integration = integration,
        .now = now,
        .deadline = deadline,
        .on_done = on_done,
        .owner = owner,
        .hashes = mem_array(uint64_t, alerts->count + 1),
        .counters = p->opt.counters(p->opt.counters_owner, integration),
        .last_error = ERR_INIT,
    };
    struct notify_log_key key = log_key(d);
    d->key_hash = key_hash(p, &key);
    map_insert(&p->deliveries, d->key_hash, d);
    struct notify_log_entry room;
    const struct notify_log_entry *entry = find_entry(d, &room);
    d->asked = told_from(alerts, entry, d->hashes);
    if (compare(d, &d->asked, entry) == NOTIFY_NONE) {
        delivery_free(d);
        return NULL;
    }
    schedule(d, wait);
    return d;
}

// Two groups may have the same key (routes with equal matchers); then one of them is woken, and the
// other looks when its turn has come.
void pipeline_log_changed(struct pipeline *p, const struct notify_log_key *key)
{
    struct delivery *d = map_find(&p->deliveries, key_hash(p, key), has_key, key);
    if (!d || d->state != DELIVERY_WAITING)
        return;
    struct notify_log_entry room;
    if (compare(d, &d->asked, find_entry(d, &room)) == NOTIFY_NONE)
        env_timer_after(p->opt.env, &d->timer, 0);
}

void delivery_cancel(struct delivery *d)
{
    if (!d)
        return;
    if (d->attempt)
        d->integration->ops->cancel(d->attempt);
    if (d->write)
        d->pipeline->opt.log.forget(d->write);
    delivery_free(d);
}
