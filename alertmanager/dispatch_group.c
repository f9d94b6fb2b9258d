// SPDX-License-Identifier: Apache-2.0
// One aggregation group: members, timer, flush. How others see it: dispatch_view.c.
#include "alertmanager/dispatch_group.h"

#include "base/core/alloc.h"
#include "base/core/hash.h"

// ---- a group's life ----------------------------------------------------------------------------

struct group_id {
    const struct route *route;
    const struct labels *labels;
};

static uint64_t group_hash(struct group_id id)
{
    return hash_mix(labels_hash(id.labels), id.route->index);
}

static bool is_group(const void *item, const void *key)
{
    const struct group *g = item;
    const struct group_id *id = key;
    return g->route == id->route && g->notify.group_labels == id->labels;
}

static void make_uuid(struct env *env, char ret[37]) // RFC 9562 §5.4
{
    uint64_t high = env_random(env), low = env_random(env);
    high = (high & ~(uint64_t)0xf000) | 0x4000;
    low = (low & ~((uint64_t)3 << 62)) | (uint64_t)1 << 63;
    snprintf(ret, 37, "%08x-%04x-%04x-%04x-%012llx", (unsigned)(high >> 32),
             (unsigned)(high >> 16 & 0xffff), (unsigned)(high & 0xffff), (unsigned)(low >> 48),
             (unsigned long long)(low & 0xffffffffffff));
}

static str text_dup(const struct buf *b)
{
    return b->n ? str_from(mem_dup(buf_str(b)), b->n) : S("");
}

static void describe(struct group *g, struct labels *group_labels)
{
    const struct route *r = g->route;
    defer(buf_done) struct buf key = {0};
    buf_put_group_key(&key, r, group_labels);
    defer(buf_done) struct buf alt = {0};
    buf_put_group_key_alt(&alt, r, group_labels);
    make_uuid(g->dispatcher->opt.env, g->uuid);
    g->notify = (struct notify_group){
        .receiver = r->receiver->name,
        .group_key = text_dup(&key),
        .group_key_alt = text_dup(&alt),
        .group_labels = group_labels,
        .route_id = r->id,
        .group_interval = r->group_interval,
        .repeat_interval = r->repeat_interval,
        .mute_intervals = r->mute_names.items,
        .active_intervals = r->active_names.items,
        .mute_interval_count = r->mute_names.count,
        .active_interval_count = r->active_names.count,
        .flush_id = 0,
        .uuid = g->uuid,
        .collect = group_collect,
        .release = group_release,
        .note = group_note,
        .route_labels = group_render,
    };
}

static void on_tick(void *owner)
{
    struct group *g = owner;
    g->has_tick = true;
    g->tick_at = env_now(g->dispatcher->opt.env);
    group_run_tick(g);
}

struct group *group_get(struct dispatcher *d, const struct route *route,
                        struct labels *group_labels, const struct alert *first)
{
    struct group_id id = {route, group_labels};
    struct group *g = map_find(&d->groups, group_hash(id), is_group, &id);
    if (g) {
        labels_unref(group_labels);
        return g;
    }
    if (d->opt.groups_max && d->groups.count >= d->opt.groups_max) {
        d->opt.stats->group_limit_reached++;
        labels_unref(group_labels);
        return NULL;
    }
    g = mem_new(struct group);
    g->dispatcher = d;
    g->route = route;
    g->is_sorted = true;
    describe(g, group_labels);
    map_insert(&d->groups, group_hash(id), g);
    g->key_hash = hash_seeded(d->seed, g->notify.group_key);
    map_insert(&d->keys, g->key_hash, g);

    timer_init(&g->timer, on_tick, g);
    time_ns told_at = add_saturated(first->starts_at.t, route->group_wait);
    g->is_late = told_at < env_now(d->opt.env);
    g->due_at = add_saturated(env_mono(d->opt.env), g->is_late ? 0 : route->group_wait);
    env_timer_set(d->opt.env, &g->timer, g->due_at);
    return g;
}

static void forget_resolved(struct group *g)
{
    for (size_t i = 0; i < g->resolved_count; i++)
        alert_unref(g->resolved[i]);
    mem_free(g->resolved);
    g->resolved = NULL;
    g->resolved_count = 0;
}

static void text_free(str s)
{
    if (s.n)
        mem_free((void *)s.p);
}

void group_free(struct group *g)
{
    assert(g->member_count == 0);
    struct dispatcher *d = g->dispatcher;
    struct labels *labels = (struct labels *)g->notify.group_labels;
    pipeline_flush_cancel(g->flush);
    env_timer_cancel(d->opt.env, &g->timer);
    list_remove(&g->ready_node);
    map_remove_item(&d->groups, group_hash((struct group_id){g->route, labels}), g);
    map_remove_item(&d->keys, g->key_hash, g);
    forget_resolved(g);
    group_mark_done(&g->mark);
    text_free(g->notify.group_key);
    text_free(g->notify.group_key_alt);
    labels_unref(labels);
    mem_free(g->members);
    mem_free(g);
}

// ---- members from before a restart -------------------------------------------------------------

// Their senders get time to speak before the group's first flush: they may have ended, or may fire
// for sure. Once all have spoken it is flushed as if they were new.

// When the next of them has had its time, from now; 0: all have.
static dur_ns time_to_confirm(const struct group *g)
{
    time_ns now = env_now(g->dispatcher->opt.env);
    dur_ns first = 0;
    for (size_t i = 0; i < g->member_count && g->restored_count > 0; i++) {
        const struct alert_restored *r = alert_restored(g->members[i]->alert);
        dur_ns wait = r ? MIN(sub_saturated(r->confirm_by, now), ALERT_CONFIRM_MAX) : 0;
        if (wait > 0 && (first == 0 || wait < first))
            first = wait;
    }
    return first;
}

static void set_first_tick(struct group *g)
{
    if (g->notify.flush_id > 0 || g->has_tick)
        return;
    mono_ns at = g->restored_count > 0 ? MAX(g->due_at, g->confirm_at) : g->due_at;
    env_timer_set(g->dispatcher->opt.env, &g->timer, at);
}

static void member_count_restored(struct group *g, const struct alert *a)
{
    if (!a->is_restored)
        return;
    struct env *env = g->dispatcher->opt.env;
    dur_ns wait = sub_saturated(alert_restored(a)->confirm_by, env_now(env));
    mono_ns at = add_saturated(env_mono(env), CLAMP(wait, 0, ALERT_CONFIRM_MAX));
    g->confirm_at = g->restored_count > 0 ? MIN(g->confirm_at, at) : at;
    g->restored_count++;
    set_first_tick(g);
}

static void member_forget_restored(struct group *g, const struct alert *a)
{
    if (a->is_restored && --g->restored_count == 0)
        set_first_tick(g);
}

// ---- members -----------------------------------------------------------------------------------

static void forget_rendered(struct group *g)
{
    labels_unref(g->rendered);
    g->rendered = NULL;
}

void group_join(struct group *g, struct member *m, struct alert *a)
{
    forget_rendered(g);
    if (g->member_count == g->member_cap) {
        g->member_cap = g->member_cap ? g->member_cap * 2 : 4;
        g->members = mem_resize(g->members, g->member_cap, sizeof(struct member *));
    }
    m->group = g;
    m->alert = alert_ref(a);
    m->at = (uint32_t)g->member_count;
    m->mark = (struct alert_mark){false, false, false};
    g->members[g->member_count++] = m;
    g->is_sorted = g->member_count == 1;
    m->placement->live_count++;
    member_count_restored(g, a);
}

void group_update(struct group *g, struct member *m, struct alert *a)
{
    forget_rendered(g);
    struct alert *before = m->alert;
    m->alert = alert_ref(a);
    member_count_restored(g, a);
    member_forget_restored(g, before);
    alert_unref(before);
}

void group_leave(struct group *g, struct member *m)
{
    forget_rendered(g);
    struct member *last = g->members[--g->member_count];
    if (last != m) {
        g->members[m->at] = last;
        last->at = m->at;
        g->is_sorted = false;
    }
    m->group = NULL;
    member_forget_restored(g, m->alert);
    alert_unref(m->alert);
    m->alert = NULL;
    m->placement->live_count--;
    placement_free_if_unused(g->dispatcher, m->placement);
}

static int compare_members(const void *a, const void *b)
{
    const struct member *x = *(struct member *const *)a, *y = *(struct member *const *)b;
    return alert_labels_cmp(x->placement->labels, y->placement->labels);
}

// Labels of members differ, so their order is the same however they came.
void group_sort(struct group *g)
{
    if (g->is_sorted)
        return;
    qsort(g->members, g->member_count, sizeof(struct member *), compare_members);
    for (size_t i = 0; i < g->member_count; i++)
        g->members[i]->at = (uint32_t)i;
    g->is_sorted = true;
}

// ---- flushing ----------------------------------------------------------------------------------

static void remember_resolved(struct group *g, time_ns now)
{
    assert(g->resolved_count == 0);
    size_t count = 0;
    for (size_t i = 0; i < g->member_count; i++)
        count += alert_is_resolved(g->members[i]->alert, now);
    if (count == 0)
        return;
    g->resolved = mem_array(struct alert *, count);
    for (size_t i = 0; i < g->member_count; i++) {
        struct alert *a = g->members[i]->alert;
        if (alert_is_resolved(a, now))
            g->resolved[g->resolved_count++] = alert_ref(a);
    }
}

struct member *group_find_member(const struct group *g, const struct labels *labels)
{
    struct placement *p = placement_find(g->dispatcher, labels);
    for (uint32_t i = 0; p && i < p->count; i++) {
        if (p->members[i].group == g)
            return &p->members[i];
    }
    return NULL;
}

// What was over when the flush began, and of which nothing was heard since, has been told.
static void drop_told(struct group *g)
{
    const struct dispatcher_options *opt = &g->dispatcher->opt;
    for (size_t i = 0; i < g->resolved_count; i++) {
        const struct alert *a = g->resolved[i];
        if (opt->on_resolved)
            opt->on_resolved(opt->owner, &g->notify, a);
        struct member *m = group_find_member(g, a->labels);
        if (!m || m->alert != a)
            continue;
        bool is_last = m->placement->live_count == 1;
        group_leave(g, m);
        if (is_last)
            alerts_over(opt->alerts, g->resolved[i]);
    }
}

static void on_flushed(void *owner, bool ok, const struct err *err)
{
    struct group *g = owner;
    const struct dispatcher_options *opt = &g->dispatcher->opt;
    g->flush = NULL;
    opt->stats->flushes++;
    if (ok) {
        drop_told(g);
    } else {
        opt->stats->flushes_failed++;
        if (opt->on_flush_failed)
            opt->on_flush_failed(opt->owner, &g->notify, g->member_count, err);
    }
    forget_resolved(g);
    if (g->member_count == 0) {
        group_free(g);
        return;
    }
    group_run_tick(g);
}

void group_run_tick(struct group *g)
{
    struct dispatcher *d = g->dispatcher;
    if (!g->has_tick || g->flush || list_is_linked(&g->ready_node) || !dispatcher_is_running(d))
        return;
    list_append(&d->ready, &g->ready_node);
    if (!timer_is_set(&d->flush_timer))
        env_timer_after(d->opt.env, &d->flush_timer, 0);
}

// Ticks follow each other at group_interval. The first flush of a group that is built late comes at
// once, out of step with the peers' ticks; the one after it falls in with them: they count from the
// last message.
static dur_ns time_to_regular_tick(const struct group *g)
{
    const struct config_receiver *receiver = g->route->receiver;
    const struct dispatcher_options *opt = &g->dispatcher->opt;
    dur_ns interval = g->route->group_interval;
    time_ns told_at;
    bool is_out_of_step = g->is_late && g->notify.flush_id == 0 && receiver->integration_count > 0;
    if (!is_out_of_step ||
        !pipeline_peers_told_at(opt->pipeline, &g->notify, receiver->integrations[0], &told_at))
        return interval;
    dur_ns since = sub_saturated(env_now(opt->env), told_at);
    return since < 0 ? interval : interval - since % interval;
}

static dur_ns time_to_next_tick(const struct group *g)
{
    dur_ns regular = time_to_regular_tick(g), confirmed = time_to_confirm(g);
    return confirmed > 0 ? MIN(regular, confirmed) : regular;
}

// The next tick is set before the flush begins: a slow flush does not move it.
void group_flush(struct group *g)
{
    struct env *env = g->dispatcher->opt.env;
    struct pipeline *pipeline = g->dispatcher->opt.pipeline;
    mono_ns deadline = pipeline_deadline(pipeline, &g->notify);
    g->has_tick = false;
    g->flushed_at = env_mono(env);
    env_timer_after(env, &g->timer, time_to_next_tick(g));
    remember_resolved(g, env_now(env));
    g->notify.flush_id++;
    const struct config_receiver *receiver = g->route->receiver;
    g->flush =
        pipeline_flush_start(pipeline, &g->notify, receiver->integrations,
                             receiver->integration_count, g->tick_at, deadline, on_flushed, g);
}

// Records of peers that come just before each tick would put it off for ever: when the last flush
// is more than an interval ago, the group is flushed now, which is in step as well.
void group_told(struct group *g)
{
    struct env *env = g->dispatcher->opt.env;
    dur_ns interval = g->route->group_interval;
    if (g->notify.flush_id == 0)
        return;
    bool is_overdue = env_mono(env) > add_saturated(g->flushed_at, interval);
    env_timer_after(env, &g->timer, is_overdue ? 0 : interval);
}
