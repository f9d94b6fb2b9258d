// SPDX-License-Identifier: Apache-2.0
// Which alert goes to which groups; starting, loading, and whose turn it is to flush.
#include "alertmanager/dispatch.h"

#include "alertmanager/dispatch_group.h"
#include "base/core/alloc.h"
#include "base/core/hash.h"

// ---- placements --------------------------------------------------------------------------------

static bool has_labels(const void *item, const void *key)
{
    return ((const struct placement *)item)->labels == key;
}

struct placement *placement_find(const struct dispatcher *d, const struct labels *labels)
{
    return intern_find(&d->placements, labels_hash(labels), has_labels, labels);
}

static size_t placement_bytes(size_t count)
{
    return sizeof(struct placement) + count * sizeof(struct member);
}

static struct placement *placement_new(struct dispatcher *d, struct labels *labels)
{
    d->scratch.count = 0;
    route_match(d->opt.config->route, labels, &d->scratch);
    size_t count = d->scratch.count;
    struct placement *p = slab_alloc(&d->opt.labels->symbols.slab, placement_bytes(count));
    memset(p, 0, placement_bytes(count));
    p->labels = labels_ref(labels);
    p->count = (uint32_t)count;
    for (size_t i = 0; i < count; i++)
        p->members[i] = (struct member){.placement = p, .route = d->scratch.items[i]};
    intern_insert(&d->placements, labels_hash(labels), p);
    return p;
}

void placement_free_if_unused(struct dispatcher *d, struct placement *p)
{
    if (p->live_count > 0)
        return;
    intern_remove(&d->placements, labels_hash(p->labels), p);
    labels_unref(p->labels);
    slab_free(&d->opt.labels->symbols.slab, p, placement_bytes(p->count));
}

// ---- alerts ------------------------------------------------------------------------------------

static void member_update(struct dispatcher *d, struct member *m, struct alert *a)
{
    if (m->group) {
        group_update(m->group, m, a);
    } else {
        struct labels *group_labels = route_group_labels(m->route, d->opt.labels, a->labels);
        struct group *g = group_get(d, m->route, group_labels, a);
        if (!g)
            return;
        group_join(g, m, a);
    }
    if (d->opt.on_grouped)
        d->opt.on_grouped(d->opt.owner, &m->group->notify, a);
}

static void on_alert(void *owner, struct alert *a, bool is_created)
{
    (void)is_created;
    struct dispatcher *d = owner;
    mono_ns begin = env_mono(d->opt.env);
    struct placement *p = placement_find(d, a->labels);
    if (!p)
        p = placement_new(d, a->labels);
    for (uint32_t i = 0; i < p->count; i++)
        member_update(d, &p->members[i], a);
    placement_free_if_unused(d, p);
    d->opt.stats->alerts++;
    d->opt.stats->alert_seconds += dur_to_seconds(env_mono(d->opt.env) - begin);
}

// ---- starting ----------------------------------------------------------------------------------

bool dispatcher_is_loaded(const struct dispatcher *d)
{
    return alerts_walk_is_done(&d->loading);
}

bool dispatcher_is_running(const struct dispatcher *d)
{
    return d->has_started && dispatcher_is_loaded(d);
}

static void run_kept_ticks(struct dispatcher *d)
{
    map_each (struct group, g, &d->groups)
        group_run_tick(g);
}

static void on_start(void *owner)
{
    struct dispatcher *d = owner;
    d->has_started = true;
    run_kept_ticks(d);
}

// At most so many flushes begin per loop turn; the others wait in line.
static void on_flush_turn(void *owner)
{
    struct dispatcher *d = owner;
    struct list *node = NULL;
    for (int i = 0; i < DISPATCH_FLUSHES_PER_TURN && (node = list_take_first(&d->ready)); i++)
        group_flush(list_item(node, struct group, ready_node));
    if (!list_is_empty(&d->ready))
        env_timer_after(d->opt.env, &d->flush_timer, 0);
}

// ---- loading -----------------------------------------------------------------------------------

static void load(void *owner, struct alert *a)
{
    on_alert(owner, a, false);
}

static void on_load_end(void *owner)
{
    struct dispatcher *d = owner;
    run_kept_ticks(d);
    if (!list_is_empty(&d->waiters) && !timer_is_set(&d->wait_timer))
        env_timer_after(d->opt.env, &d->wait_timer, 0);
}

static void on_wait_turn(void *owner)
{
    struct dispatcher *d = owner;
    struct list *node = NULL;
    while (dispatcher_is_loaded(d) && (node = list_take_first(&d->waiters)) != NULL) {
        struct dispatch_waiter *w = list_item(node, struct dispatch_waiter, node);
        w->on_loaded(w->owner);
    }
}

void dispatcher_wait_loaded(struct dispatcher *d, struct dispatch_waiter *w)
{
    list_append(&d->waiters, &w->node);
    if (dispatcher_is_loaded(d) && !timer_is_set(&d->wait_timer))
        env_timer_after(d->opt.env, &d->wait_timer, 0);
}

void dispatcher_move_waiters(struct dispatcher *from, struct dispatcher *to)
{
    struct list *node = NULL;
    while ((node = list_take_first(&from->waiters)) != NULL)
        dispatcher_wait_loaded(to, list_item(node, struct dispatch_waiter, node));
}

// ---- life --------------------------------------------------------------------------------------

struct dispatcher *dispatcher_new(const struct dispatcher_options *opt)
{
    struct dispatcher *d = mem_new(struct dispatcher);
    d->opt = *opt;
    d->seed = env_random(opt->env);
    config_ref(opt->config);
    list_init(&d->ready);
    list_init(&d->waiters);
    timer_init(&d->start_timer, on_start, d);
    timer_init(&d->flush_timer, on_flush_turn, d);
    timer_init(&d->wait_timer, on_wait_turn, d);

    d->has_started = opt->start_at <= env_mono(opt->env);
    if (!d->has_started)
        env_timer_set(opt->env, &d->start_timer, opt->start_at);
    d->loading = (struct alerts_walk){.visit = load, .on_end = on_load_end, .owner = d};
    alerts_walk_begin(&d->loading, opt->env, opt->alerts);
    d->subscriber =
        (struct alerts_subscriber){.name = "dispatcher", .on_alert = on_alert, .owner = d};
    alerts_subscribe(opt->alerts, &d->subscriber);
    return d;
}

void dispatcher_free(struct dispatcher *d)
{
    if (!d)
        return;
    while (list_take_first(&d->waiters))
        continue;
    alerts_unsubscribe(d->opt.alerts, &d->subscriber);
    env_timer_cancel(d->opt.env, &d->start_timer);
    env_timer_cancel(d->opt.env, &d->flush_timer);
    env_timer_cancel(d->opt.env, &d->wait_timer);
    alerts_walk_cancel(&d->loading);
    map_each (struct group, g, &d->groups) {
        while (g->member_count > 0)
            group_leave(g, g->members[g->member_count - 1]);
        group_free(g);
    }
    map_done(&d->groups);
    map_done(&d->keys);
    assert(d->placements.count == 0);
    intern_done(&d->placements);
    route_list_done(&d->scratch);
    config_unref(d->opt.config);
    mem_free(d);
}

// ---- what the log says -------------------------------------------------------------------------

static bool has_group_key(const void *item, const void *key)
{
    return str_eq(((const struct group *)item)->notify.group_key, *(const str *)key);
}

// Of two groups with one key (routes with the same matchers) only the older one is kept in phase.
void dispatcher_told(struct dispatcher *d, str group_key)
{
    struct group *g =
        map_find(&d->keys, hash_seeded(d->seed, group_key), has_group_key, &group_key);
    if (g)
        group_told(g);
}

// ---- reading -----------------------------------------------------------------------------------

struct group *dispatcher_next(const struct dispatcher *d, size_t *cursor)
{
    return map_next(&d->groups, cursor);
}

size_t dispatcher_group_count(const struct dispatcher *d)
{
    return d->groups.count;
}

void dispatcher_count_alerts(const struct dispatcher *d, size_t ret[ALERT_STATE_COUNT])
{
    memset(ret, 0, ALERT_STATE_COUNT * sizeof(*ret));
    time_ns now = env_now(d->opt.env);
    intern_each(struct placement, p, &d->placements)
    {
        enum alert_state highest = ALERT_UNPROCESSED;
        bool is_firing = false;
        for (uint32_t i = 0; i < p->count; i++) {
            const struct member *m = &p->members[i];
            if (!m->group || alert_is_resolved(m->alert, now))
                continue;
            is_firing = true;
            highest = MAX(highest, alert_mark_state(&m->mark));
        }
        if (is_firing)
            ret[highest]++;
    }
}
