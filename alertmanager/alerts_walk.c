// SPDX-License-Identifier: Apache-2.0
// Visiting all alerts in slices.
#include "alertmanager/alerts.h"
#include "base/core/alloc.h"

static void walk_end(struct alerts_walk *w)
{
    for (size_t i = w->next; i < w->count; i++)
        alert_unref(w->items[i]);
    mem_free(w->items);
    w->items = NULL;
    w->count = w->next = 0;
}

// What has come again meanwhile was heard of as news; what was dropped is over.
static void walk_slice(struct alerts_walk *w, size_t count)
{
    size_t end = count < w->count - w->next ? w->next + count : w->count;
    while (w->next < end) {
        struct alert *a = w->items[w->next++];
        if (alerts_find(w->alerts, a->labels) == a)
            w->visit(w->owner, a);
        alert_unref(a);
    }
    if (w->next == w->count)
        walk_end(w);
}

static void on_turn(void *owner)
{
    struct alerts_walk *w = owner;
    walk_slice(w, ALERTS_BATCH_MAX);
    if (!alerts_walk_is_done(w))
        env_timer_after(w->env, &w->timer, 0);
    else if (w->on_end)
        w->on_end(w->owner);
}

void alerts_walk_begin(struct alerts_walk *w, struct env *env, const struct alerts *alerts)
{
    w->env = env;
    w->alerts = alerts;
    w->next = w->count = 0;
    w->items = NULL;
    timer_init(&w->timer, on_turn, w);
    size_t count = alerts_stats(alerts).count;
    if (count == 0)
        return;
    w->items = mem_array(struct alert *, count);
    struct alert *a;
    for (size_t i = 0; (a = alerts_next(alerts, &i)) != NULL;)
        w->items[w->count++] = alert_ref(a);
    walk_slice(w, ALERTS_BATCH_MAX);
    if (!alerts_walk_is_done(w))
        env_timer_after(env, &w->timer, 0);
}

void alerts_walk_finish(struct alerts_walk *w)
{
    if (alerts_walk_is_done(w))
        return;
    env_timer_cancel(w->env, &w->timer);
    walk_slice(w, SIZE_MAX);
}

void alerts_walk_cancel(struct alerts_walk *w)
{
    if (alerts_walk_is_done(w))
        return;
    env_timer_cancel(w->env, &w->timer);
    walk_end(w);
}
