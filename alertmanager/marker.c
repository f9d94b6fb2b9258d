// SPDX-License-Identifier: Apache-2.0
#include "alertmanager/marker.h"

#include "alertmanager/dispatch.h"
#include "base/core/alloc.h"

str alert_state_str(enum alert_state s)
{
    switch (s) {
    case ALERT_UNPROCESSED:
        return S("unprocessed");
    case ALERT_ACTIVE:
        return S("active");
    case ALERT_SUPPRESSED:
        return S("suppressed");
    case ALERT_STATE_COUNT:
        break;
    }
    return S("");
}

void group_mark_done(struct group_mark *m)
{
    mem_free((void *)m->muted_by);
    *m = (struct group_mark){0};
}

// ---- alerts ------------------------------------------------------------------------------------

static bool is_inhibited(void *owner, struct notify_group *group, const struct labels *labels)
{
    const struct muting *m = owner;
    bool hit = m->inhibitor && inhibitor_mutes(m->inhibitor, labels, env_now(m->env), NULL);
    struct alert_mark *mark = group_alert_mark(group_from_notify(group), labels);
    if (mark) {
        mark->is_seen = true;
        mark->is_inhibited = hit;
    }
    return hit;
}

static bool is_silenced(void *owner, struct notify_group *group, const struct labels *labels)
{
    const struct muting *m = owner;
    bool hit = m->is_silenced && m->is_silenced(m->silences, labels);
    struct alert_mark *mark = group_alert_mark(group_from_notify(group), labels);
    if (mark) {
        mark->is_seen = true;
        mark->is_silenced = hit;
    }
    return hit;
}

// ---- groups ------------------------------------------------------------------------------------

static void mark_add(struct group_mark *m, str name, size_t times)
{
    m->muted_by = mem_resize((void *)m->muted_by, m->count + times, sizeof(str));
    for (size_t i = 0; i < times; i++)
        ((str *)m->muted_by)[m->count++] = name;
}

// Outside all of the route's active intervals: all of them are to blame.
static bool is_inactive(void *owner, struct notify_group *group, time_ns now)
{
    const struct muting *m = owner;
    struct group *g = group_from_notify(group);
    const struct route *r = group_route(g);
    struct group_mark *mark = group_mark(g);
    group_mark_done(mark);
    for (size_t i = 0; i < r->active_names.count; i++) {
        if (named_interval_contains(r->active_intervals[i], m->env, now))
            return false;
    }
    for (size_t i = 0; i < r->active_names.count; i++)
        mark_add(mark, r->active_names.items[i], 1);
    return r->active_names.count > 0;
}

static bool is_time_muted(void *owner, struct notify_group *group, time_ns now)
{
    const struct muting *m = owner;
    struct group *g = group_from_notify(group);
    const struct route *r = group_route(g);
    struct group_mark *mark = group_mark(g);
    group_mark_done(mark);
    for (size_t i = 0; i < r->mute_names.count; i++) {
        size_t times = named_interval_count(r->mute_intervals[i], m->env, now);
        if (times)
            mark_add(mark, r->mute_names.items[i], times);
    }
    return mark->count > 0;
}

struct notify_muters muting_muters(struct muting *m)
{
    return (struct notify_muters){
        .owner = m,
        .is_inhibited = is_inhibited,
        .is_silenced = is_silenced,
        .is_inactive = is_inactive,
        .is_time_muted = is_time_muted,
    };
}
