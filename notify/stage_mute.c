// SPDX-License-Identifier: Apache-2.0
// Muting, in upstream's order: inhibition, active intervals, mute intervals, silences.
#include "notify/stages.h"

typedef bool muted_fn(void *owner, struct notify_group *, const struct labels *);
typedef bool gate_fn(void *owner, struct notify_group *, time_ns now);

static void drop_muted(const struct notify_muters *m, muted_fn *is_muted,
                       struct notify_group *group, struct notify_alerts *alerts, uint64_t *dropped)
{
    if (!is_muted)
        return;
    size_t kept = 0;
    for (size_t i = 0; i < alerts->count; i++) {
        if (!is_muted(m->owner, group, alerts->items[i].labels))
            alerts->items[kept++] = alerts->items[i];
    }
    if (dropped)
        *dropped += alerts->count - kept;
    alerts->count = kept;
}

static void drop_all_if(const struct notify_muters *m, gate_fn *is_closed,
                        struct notify_group *group, time_ns now, struct notify_alerts *alerts,
                        uint64_t *dropped)
{
    if (alerts->count == 0 || !is_closed || !is_closed(m->owner, group, now))
        return;
    if (dropped)
        *dropped += alerts->count;
    alerts->count = 0;
}

void stage_mute(const struct pipeline *p, struct notify_group *group, time_ns now,
                struct notify_alerts *alerts, uint64_t *suppressed)
{
    const struct notify_muters *m = &p->opt.muters;
#define COUNTER(reason) (suppressed ? &suppressed[reason] : NULL)
    drop_muted(m, m->is_inhibited, group, alerts, COUNTER(SUPPRESSED_INHIBITION));
    drop_all_if(m, m->is_inactive, group, now, alerts, COUNTER(SUPPRESSED_ACTIVE_INTERVAL));
    drop_all_if(m, m->is_time_muted, group, now, alerts, COUNTER(SUPPRESSED_MUTE_INTERVAL));
    drop_muted(m, m->is_silenced, group, alerts, COUNTER(SUPPRESSED_SILENCE));
#undef COUNTER
}
