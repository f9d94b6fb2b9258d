// SPDX-License-Identifier: Apache-2.0
// marker.h: muting for the pipeline, and the marks it leaves on alerts and groups.
//
// The pipeline asks whether an alert or a group is muted; the answers are kept with the group, for
// the metric alertmanager_alerts{state} and for the API, which shows the intervals that mute a
// group. Whether an alert is silenced or inhibited is asked anew by the API, so that is not kept
// but for the state.
#pragma once
#include "alertmanager/inhibit.h"
#include "notify/notify.h"

enum alert_state { ALERT_UNPROCESSED, ALERT_ACTIVE, ALERT_SUPPRESSED, ALERT_STATE_COUNT };
str alert_state_str(enum alert_state s); // "unprocessed", "active", "suppressed"

// What the pipeline last found out about one alert in one group.
struct alert_mark {
    bool is_seen, is_inhibited, is_silenced;
};

static inline enum alert_state alert_mark_state(const struct alert_mark *m)
{
    if (!m->is_seen)
        return ALERT_UNPROCESSED;
    return m->is_inhibited || m->is_silenced ? ALERT_SUPPRESSED : ALERT_ACTIVE;
}

// The names of the intervals that mute a group. A name is there as often as its intervals apply.
struct group_mark {
    const str *muted_by; // the names live in the configuration, the array is the mark's
    size_t count;
};

void group_mark_done(struct group_mark *m);

// What the muters of one configuration stand on.
struct muting {
    struct env *env;
    struct inhibitor *inhibitor; // NULL: none
    // Is the alert silenced now? NULL: never.
    bool (*is_silenced)(void *owner, const struct labels *labels);
    void *silences;
};

// The pipeline's muters for groups of a dispatcher (dispatch.h). Borrows *m for as long as they are
// used.
struct notify_muters muting_muters(struct muting *m);
