// SPDX-License-Identifier: Apache-2.0
// A group as others see it: the pipeline, the API, markers and metrics.
#include "alertmanager/dispatch_group.h"

// ---- what the pipeline asks --------------------------------------------------------------------

struct group *group_from_notify(struct notify_group *n)
{
    return container_of(n, struct group, notify);
}

struct held { // references that a list of alerts lives on
    size_t count;
    struct alert *alerts[];
};

// An alert from before a restart is as good as any other while its sender's promise holds and he
// has had time to repeat it.
static bool is_quiet(const struct alert *a, time_ns now)
{
    const struct alert_restored *r = alert_restored(a);
    return r && (now < r->confirm_by || now >= r->promised_end);
}

void group_collect(struct notify_group *n, time_ns now, struct notify_alerts *ret)
{
    struct group *g = group_from_notify(n);
    group_sort(g);
    size_t count = g->member_count;
    *ret = (struct notify_alerts){.count = count};
    ret->items = arena_array(&ret->mem, struct notify_alert, count);
    struct held *held = arena_alloc(&ret->mem, sizeof(*held) + count * sizeof(void *));
    held->count = count;
    ret->held = held;
    for (size_t i = 0; i < count; i++) {
        struct alert *a = held->alerts[i] = alert_ref(g->members[i]->alert);
        bool is_resolved = alert_is_resolved(a, now);
        ret->items[i] = (struct notify_alert){
            .labels = a->labels,
            .annotations = a->annotations,
            .starts_at = a->starts_at,
            .ends_at = is_resolved ? a->ends_at : (struct zoned_time){TIME_UNSET, 0},
            .generator_url = symbol_str(a->generator_url),
            .hash = labels_xxh64(a->labels),
            .is_resolved = is_resolved,
            .is_noted = a->is_noted,
            .is_quiet = !is_resolved && is_quiet(a, now),
            .is_in_doubt = is_resolved && a->is_in_doubt,
        };
    }
}

bool group_note(struct notify_group *n, const struct notify_alerts *alerts, struct waiter *w)
{
    struct alerts *store = group_from_notify(n)->dispatcher->opt.alerts;
    for (size_t i = 0; i < alerts->count; i++) {
        const struct notify_alert *a = &alerts->items[i];
        if (!a->is_resolved && !a->is_noted)
            alerts_note(store, a->labels);
    }
    return alerts_wait(store, w);
}

void group_release(struct notify_group *n, struct notify_alerts *alerts)
{
    (void)n;
    struct held *held = alerts->held;
    for (size_t i = 0; held && i < held->count; i++)
        alert_unref(held->alerts[i]);
    arena_done(&alerts->mem);
    *alerts = (struct notify_alerts){0};
}

struct labels *group_render(struct notify_group *n, const struct notify_alerts *alerts)
{
    struct group *g = group_from_notify(n);
    const struct dispatcher_options *opt = &g->dispatcher->opt;
    if (g->route->labels.count == 0 || !opt->render_labels)
        return NULL;
    return opt->render_labels(opt->owner, g->route, n, alerts);
}

const struct labels *group_route_labels(struct group *g)
{
    if (g->rendered || g->route->labels.count == 0)
        return g->rendered;
    struct notify_alerts alerts;
    group_collect(&g->notify, env_now(g->dispatcher->opt.env), &alerts);
    g->rendered = group_render(&g->notify, &alerts);
    group_release(&g->notify, &alerts);
    return g->rendered;
}

// ---- reading -----------------------------------------------------------------------------------

const struct route *group_route(const struct group *g)
{
    return g->route;
}

const struct notify_group *group_notify(const struct group *g)
{
    return &g->notify;
}

const struct group_mark *group_muted(const struct group *g)
{
    return &g->mark;
}

struct group_mark *group_mark(struct group *g)
{
    return &g->mark;
}

struct alert_mark *group_alert_mark(struct group *g, const struct labels *labels)
{
    struct member *m = group_find_member(g, labels);
    return m ? &m->mark : NULL;
}

void group_count_alerts(const struct group *g, time_ns now, size_t ret[ALERT_STATE_COUNT])
{
    memset(ret, 0, ALERT_STATE_COUNT * sizeof(*ret));
    for (size_t i = 0; i < g->member_count; i++) {
        if (!alert_is_resolved(g->members[i]->alert, now))
            ret[alert_mark_state(&g->members[i]->mark)]++;
    }
}

size_t group_alert_count(const struct group *g)
{
    return g->member_count;
}

struct group_alert group_alert_at(struct group *g, size_t i)
{
    assert(i < g->member_count);
    group_sort(g);
    return (struct group_alert){g->members[i]->alert, g->members[i]->mark};
}
