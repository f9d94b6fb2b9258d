// SPDX-License-Identifier: Apache-2.0
// dispatch_group.h: inside the dispatcher: how alerts, routes and groups hang together.
//
// A placement is what the dispatcher knows of one label set: its routes, and a member per route
// that holds the alert's newest version in a group. A heartbeat finds the placement and replaces
// versions; routes are matched, and groups looked up, only for alerts that are in none.
#pragma once
#include "alertmanager/dispatch.h"
#include "base/model/intern.h"

struct placement;

struct member { // an alert in one group
    struct placement *placement;
    const struct route *route;
    struct group *group; // NULL: not in it now
    struct alert *alert; // newest version
    uint32_t at;         // in group->members
    struct alert_mark mark;
};

struct placement {
    struct labels *labels;
    uint32_t count;      // of routes
    uint32_t live_count; // of members in groups; a placement without any is freed
    struct member members[];
};

struct group {
    struct notify_group notify; // what the pipeline sees
    struct dispatcher *dispatcher;
    const struct route *route;

    struct member **members;
    size_t member_count, member_cap;
    bool is_sorted;

    struct timer timer;     // the next tick
    mono_ns due_at;         // the first one, if no member came from before a restart
    mono_ns confirm_at;     // when the first of those that did has had its time
    size_t restored_count;  // members that did, and of which nothing was heard since
    mono_ns flushed_at;     // when the last flush began; no sense before the first
    bool is_late;           // its first alert had been firing longer than group_wait
    uint64_t key_hash;      // in dispatcher->keys
    bool has_tick;          // one came, and its flush has not begun
    time_ns tick_at;        // when
    struct list ready_node; // in dispatcher->ready: may flush at the next turn

    struct flush *flush;     // NULL: none under way
    struct alert **resolved; // versions that were over when it began; references
    size_t resolved_count;

    struct group_mark mark;
    struct labels
        *rendered; // the route's labels for the API; NULL: none, or the alerts have changed
    char uuid[37];
};

struct dispatcher {
    struct dispatcher_options opt;
    struct alerts_subscriber subscriber;
    struct intern placements; // by labels
    struct map groups;        // by route and group labels
    struct map keys;          // the same groups by notify.group_key
    uint64_t seed;            // of the hashes of keys
    struct route_list scratch;

    struct timer start_timer;
    bool has_started;  // start_at has passed
    struct list ready; // groups whose flush is due, oldest first
    struct timer flush_timer;

    struct alerts_walk loading; // of what the store held
    struct list waiters;
    struct timer wait_timer; // to call them
};

// The group of a route and its labels, which it takes; a new one's timer depends on its first
// alert. NULL: there are too many groups.
struct group *group_get(struct dispatcher *d, const struct route *route,
                        struct labels *group_labels /* takes */, const struct alert *first);
void group_free(struct group *g); // without members; ends its flush

void group_join(struct group *g, struct member *m, struct alert *a);
void group_update(struct group *g, struct member *m, struct alert *a); // a newer version
void group_leave(struct group *g, struct member *m); // and frees a placement without members

// Queues the group for flushing if a tick is waiting for it and nothing stands against it.
void group_run_tick(struct group *g);
void group_flush(struct group *g);
void group_told(struct group *g); // sets the next tick; see dispatcher_told

void group_sort(struct group *g); // its members, as a message shows them
struct member *group_find_member(const struct group *g, const struct labels *labels); // or NULL

// dispatch_view.c: what the pipeline asks through notify.
void group_collect(struct notify_group *n, time_ns now, struct notify_alerts *ret);
void group_release(struct notify_group *n, struct notify_alerts *alerts);
bool group_note(struct notify_group *n, const struct notify_alerts *alerts, struct waiter *w);
struct labels *group_render(struct notify_group *n, const struct notify_alerts *alerts);

struct placement *placement_find(const struct dispatcher *d, const struct labels *labels);
void placement_free_if_unused(struct dispatcher *d, struct placement *p);
