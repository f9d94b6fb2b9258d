// SPDX-License-Identifier: Apache-2.0
#include "alertmanager/alerts.h"

#include "alertmanager/alert_limit.h"
#include "base/core/alloc.h"

#define GC_PER_TURN 4096 // alerts looked at in one loop turn

struct alerts {
    struct alerts_options opt;
    struct map alerts; // struct alert by labels
    struct list subscribers;
    struct alert_limit limit;
    struct alerts_stats stats;

    struct log log; // component=provider
    struct timer gc_timer;
    size_t gc_cursor;
    mono_ns gc_started_at;
};

static void on_gc(void *owner);

struct alerts *alerts_new(const struct alerts_options *opt)
{
    assert(opt->gc_interval > 0);
    struct alerts *s = mem_new(struct alerts);
    s->opt = *opt;
    if (!s->opt.alerts_max)
        s->opt.alerts_max = ALERTS_MAX;
    s->log = log_with(&opt->env->log, LOG_C("component", "provider"));
    list_init(&s->subscribers);
    alert_limit_init(&s->limit, opt->per_alertname_limit, env_random(opt->env));
    timer_init(&s->gc_timer, on_gc, s);
    s->gc_started_at = env_mono(opt->env);
    env_timer_after(opt->env, &s->gc_timer, opt->gc_interval);
    return s;
}

void alerts_free(struct alerts *s)
{
    if (!s)
        return;
    assert(list_is_empty(&s->subscribers));
    env_timer_cancel(s->opt.env, &s->gc_timer);
    map_each (struct alert, a, &s->alerts)
        alert_unref(a);
    map_done(&s->alerts);
    alert_limit_done(&s->limit);
    mem_free(s);
}

void alerts_subscribe(struct alerts *s, struct alerts_subscriber *sub)
{
    list_append(&s->subscribers, &sub->node);
}

void alerts_unsubscribe(struct alerts *s, struct alerts_subscriber *sub)
{
    (void)s;
    list_remove(&sub->node);
}

// ---- storing -----------------------------------------------------------------------------------

static bool has_labels(const void *item, const void *key)
{
    return ((const struct alert *)item)->labels == key;
}

struct alert *alerts_find(const struct alerts *s, const struct labels *labels)
{
    return map_find(&s->alerts, labels_hash(labels), has_labels, labels);
}

static void tell_stored(struct alerts *s, struct alert *a, bool is_created)
{
    list_each_safe (node, &s->subscribers) {
        struct alerts_subscriber *sub = list_item(node, struct alerts_subscriber, node);
        sub->writes++;
        sub->on_alert(sub->owner, a, is_created);
    }
}

static void tell_limited(struct alerts *s, const struct alert *a)
{
    s->stats.limited++;
    log_warn(&s->log, "error on set alert",
             LOG_STR("alertname", labels_value(a->labels, S("alertname"), NULL)),
             LOG_C("err", "alert limited"));
    list_each_safe (node, &s->subscribers) {
        struct alerts_subscriber *sub = list_item(node, struct alerts_subscriber, node);
        if (sub->on_limited)
            sub->on_limited(sub->owner, a);
    }
}

static bool refuse_full(struct alerts *s, struct err *err)
{
    s->stats.refused_full++;
    return err_set(err, ERR_LIMIT, "too many alerts: the limit of %zu is reached",
                   s->opt.alerts_max);
}

// The same end as the one that was told, sent once more, changes nothing; anything else after an
// end is another episode, of which nothing was told.
static void carry_marks(const struct alert *known, struct alert *news)
{
    bool is_told_end = known->is_over && news->ends_at.t == known->ends_at.t;
    if (known->is_over && !is_told_end)
        return;
    news->is_over = is_told_end;
    news->is_noted = known->is_noted;
    news->is_in_doubt = known->is_in_doubt;
}

// Would a restart know less without this version? The end that a sender promises anew at each
// repetition is worked out from the last one kept; so only one that was brought forward, or put
// off much further than before, makes a difference.
static bool is_worth_keeping(const struct alert *known, const struct alert *news, time_ns now)
{
    if (!known || known->annotations != news->annotations ||
        known->generator_url != news->generator_url || known->starts_at.t != news->starts_at.t ||
        known->is_timeout != news->is_timeout)
        return true;
    bool was_resolved = alert_is_resolved(known, now), is_resolved = alert_is_resolved(news, now);
    if (was_resolved || is_resolved)
        return was_resolved != is_resolved || known->ends_at.t != news->ends_at.t;
    time_ns promised = alert_promised_end(known);
    dur_ns lifetime = sub_saturated(promised, known->updated_at);
    return news->ends_at.t < promised ||
           sub_saturated(news->ends_at.t, news->updated_at) > mul_saturated(lifetime, 2);
}

// Takes the reference. False: the store is full.
static bool store_alert(struct alerts *s, struct alert *news, time_ns now, struct err *err)
{
    defer(alert_unref_p) struct alert *a = news;
    struct alert *known = alerts_find(s, a->labels);
    if (!known && s->alerts.count >= s->opt.alerts_max)
        return refuse_full(s, err);
    if (known && alert_continues(known, a))
        alert_merge(known, a, now);
    str name = s->limit.per_name ? labels_value(a->labels, S("alertname"), NULL) : S("");
    if (!alert_limit_admit(&s->limit, name, a->labels->fingerprint, a->ends_at.t, now)) {
        tell_limited(s, a);
        return true;
    }
    s->stats.unconfirmed += a->is_restored;
    if (known) {
        carry_marks(known, a);
        s->stats.unconfirmed -= known->is_restored;
        map_replace_item(&s->alerts, labels_hash(a->labels), known, alert_ref(a));
        s->stats.merged++;
    } else {
        map_insert(&s->alerts, labels_hash(a->labels), alert_ref(a));
        s->stats.created++;
    }
    if (s->opt.log && !a->is_restored && is_worth_keeping(known, a, now))
        alert_log_put(s->opt.log, a);
    tell_stored(s, a, !known);
    alert_unref(known); // after the others have let go of it: they compare versions
    return true;
}

bool alerts_put(struct alerts *s, const struct alert_draft *drafts, size_t count, time_ns now,
                size_t *ret_done, struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        if (!store_alert(s, alert_new(s->opt.labels, &drafts[i], now), now, err)) {
            *ret_done = i;
            return false;
        }
    }
    *ret_done = count;
    return true;
}

bool alerts_restore(struct alerts *s, struct alert *a, struct err *err)
{
    return store_alert(s, a, env_now(s->opt.env), err);
}

// ---- marks -------------------------------------------------------------------------------------

void alerts_note(struct alerts *s, const struct labels *labels)
{
    struct alert *a = alerts_find(s, labels);
    if (!s->opt.log || !a || a->is_noted)
        return;
    a->is_noted = true;
    alert_log_put(s->opt.log, a);
}

bool alerts_wait(struct alerts *s, struct waiter *w)
{
    return s->opt.log && alert_log_wait(s->opt.log, w);
}

void alerts_over(struct alerts *s, struct alert *a)
{
    if (!s->opt.log || a->is_over || alerts_find(s, a->labels) != a)
        return;
    a->is_over = true;
    a->is_in_doubt = false;
    alert_log_put(s->opt.log, a);
}

// ---- reading -----------------------------------------------------------------------------------

struct alert *alerts_next(const struct alerts *s, size_t *cursor)
{
    return map_next(&s->alerts, cursor);
}

struct alerts_stats alerts_stats(const struct alerts *s)
{
    struct alerts_stats stats = s->stats;
    stats.count = s->alerts.count;
    return stats;
}

dur_ns alerts_gc_interval(const struct alerts *s)
{
    return s->opt.gc_interval;
}

size_t alerts_per_name_limit(const struct alerts *s)
{
    return s->limit.per_name;
}

// ---- collecting what is over -------------------------------------------------------------------

static void drop(struct alerts *s, struct alert *a)
{
    map_remove_item(&s->alerts, labels_hash(a->labels), a);
    s->stats.unconfirmed -= a->is_restored;
    list_each_safe (node, &s->subscribers) {
        struct alerts_subscriber *sub = list_item(node, struct alerts_subscriber, node);
        if (sub->on_dropped)
            sub->on_dropped(sub->owner, a);
    }
    alert_unref(a);
}

// An end that is owed is kept with the alert, as long as it is remembered at all.
static bool is_garbage(const struct alerts *s, const struct alert *a, time_ns now)
{
    if (!alert_is_resolved(a, now))
        return false;
    return !s->opt.log || a->is_over ||
           a->ends_at.t < sub_saturated(now, alert_log_retention(s->opt.log));
}

// Looks at up to `count` alerts. True: that was the last of them. A table that grows between two
// slices may move alerts in front of the cursor; the next round finds those.
static bool gc_slice(struct alerts *s, size_t count)
{
    time_ns now = env_now(s->opt.env);
    for (size_t i = 0; i < count; i++) {
        struct alert *a = map_next(&s->alerts, &s->gc_cursor);
        if (!a) {
            s->gc_cursor = 0;
            return true;
        }
        if (is_garbage(s, a, now))
            drop(s, a);
    }
    return false;
}

static void on_gc(void *owner)
{
    struct alerts *s = owner;
    if (s->gc_cursor == 0) {
        s->gc_started_at = env_mono(s->opt.env);
        alert_limit_gc(&s->limit, env_now(s->opt.env));
    }
    mono_ns next = env_mono(s->opt.env);
    if (gc_slice(s, GC_PER_TURN))
        next = add_saturated(s->gc_started_at, s->opt.gc_interval);
    env_timer_set(s->opt.env, &s->gc_timer, next);
}

void alerts_gc(struct alerts *s)
{
    s->gc_cursor = 0;
    alert_limit_gc(&s->limit, env_now(s->opt.env));
    while (!gc_slice(s, SIZE_MAX))
        continue;
}
