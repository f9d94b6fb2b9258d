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

// Takes the reference. False: the store is full.
static bool store_alert(struct alerts *s, struct alert *news, time_ns now, struct err *err)
{
    defer(alert_unref_p) struct alert *a = news;
    struct alert *known = alerts_find(s, a->labels);
    if (!known && s->alerts.count >= s->opt.alerts_max)
        return refuse_full(s, err);
    if (known && alert_overlaps(known, a))
        alert_merge(known, a, now);
    str name = s->limit.per_name ? labels_value(a->labels, S("alertname"), NULL) : S("");
    if (!alert_limit_admit(&s->limit, name, a->labels->fingerprint, a->ends_at.t, now)) {
        tell_limited(s, a);
        return true;
    }
    if (known) {
        map_replace_item(&s->alerts, labels_hash(a->labels), known, alert_ref(a));
        s->stats.merged++;
    } else {
        map_insert(&s->alerts, labels_hash(a->labels), alert_ref(a));
        s->stats.created++;
    }
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
    list_each_safe (node, &s->subscribers) {
        struct alerts_subscriber *sub = list_item(node, struct alerts_subscriber, node);
        if (sub->on_dropped)
            sub->on_dropped(sub->owner, a);
    }
    alert_unref(a);
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
        if (alert_is_resolved(a, now))
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
