// SPDX-License-Identifier: Apache-2.0
// dispatch.h: aggregation groups: which alerts are told together, and when.
//
// A group is a route and the values of its group_by labels. It is flushed group_wait after its
// first alert (at once if that has been firing longer), then every group_interval, one flush at a
// time; a tick that comes during a flush is kept, and run right after it. When a flush has told
// everything, alerts that were over when it began, and of which nothing was heard since, leave the
// group; an empty group ends.
//
//   alerts ──on_alert──► routes (cached per label set) ──► group ──timer──► ready list ──► pipeline
//
// Peers flush a group each by its own timer. Those must keep one phase: two peers whose ticks lie a
// multiple of the peer timeout apart would have their turns at the same moment, and both would
// tell. So each message about a group, ours or a peer's, sets its next tick on all peers.
//
// A reload makes another dispatcher, which fills itself from the store; the old one is freed, and
// that cancels its flushes. A flush that was cut off is done again by its successor, which finds in
// the notification log what was told.
//
// Thread: core. Memory: about 110 bytes per alert and 60 per group that it is in; 500 per group. At
// most DISPATCH_FLUSHES_PER_TURN flushes start per loop turn.
#pragma once
#include "alertmanager/alerts.h"
#include "alertmanager/config.h"
#include "alertmanager/marker.h"
#include "alertmanager/route.h"
#include "notify/pipeline.h"

struct dispatcher;
struct group;

#define DISPATCH_FLUSHES_PER_TURN 64

// Counters that outlive a dispatcher; the app owns them.
struct dispatch_stats {
    uint64_t group_limit_reached;
    uint64_t alerts;      // put into groups
    double alert_seconds; // spent on that
    uint64_t flushes, flushes_failed;
};

struct dispatcher_options {
    struct env *env;
    struct config *config; // takes a reference
    struct alerts *alerts; // subscribed to until the dispatcher is freed
    struct label_store *labels;
    struct pipeline *pipeline; // outlives the dispatcher
    mono_ns start_at;          // no flush begins before (--dispatch.start-delay)
    size_t groups_max;         // 0: no limit
    struct dispatch_stats *stats;

    // A flush failed: to be logged. NULL: not wanted.
    void (*on_flush_failed)(void *owner, const struct notify_group *group, size_t alert_count,
                            const struct err *err);
    // The labels of a route that has some, rendered for these alerts; the caller unrefs. NULL:
    // none.
    struct labels *(*render_labels)(void *owner, const struct route *route,
                                    struct notify_group *group, const struct notify_alerts *alerts);
    // An alert came into a group, or left it after its end was told: event recorder. NULL: not
    // wanted.
    void (*on_grouped)(void *owner, const struct notify_group *group, const struct alert *a);
    void (*on_resolved)(void *owner, const struct notify_group *group, const struct alert *a);
    void *owner;
};

// Begins to load what the store holds; a large store takes several loop turns.
struct dispatcher *dispatcher_new(const struct dispatcher_options *opt);
void dispatcher_free(struct dispatcher *d); // cancels everything; NULL is fine

// Have all alerts been loaded, and has start_at passed? Until then nothing is flushed, and there is
// no metric alertmanager_alerts.
bool dispatcher_is_running(const struct dispatcher *d);
// Are all alerts of the store in their groups? The API waits for it: on_loaded is called once,
// never inside this call; list_remove(&w->node) takes the waiter off again.
bool dispatcher_is_loaded(const struct dispatcher *d);
struct dispatch_waiter {
    struct list node;
    void (*on_loaded)(void *owner);
    void *owner;
};
void dispatcher_wait_loaded(struct dispatcher *d, struct dispatch_waiter *w);
// Before the old dispatcher of a reload is freed, its waiters are made to wait for the other one;
// those of a freed dispatcher are taken off without a call.
void dispatcher_move_waiters(struct dispatcher *from, struct dispatcher *to);

// A message about the group with this key was logged just now, here or by a peer. The group's next
// tick comes group_interval later; now, if its last flush is longer ago than that. So whatever
// peers say, it is flushed every two intervals. A group that has not had its first tick keeps it.
void dispatcher_told(struct dispatcher *d, str group_key);

// ---- looking at groups -------------------------------------------------------------------------

// All groups, in no particular order: for (size_t i = 0; (g = dispatcher_next(d, &i)); ).
// Borrowed, like everything below, until the loop's next turn.
struct group *dispatcher_next(const struct dispatcher *d, size_t *cursor);
size_t dispatcher_group_count(const struct dispatcher *d);

const struct route *group_route(const struct group *g);
const struct notify_group *group_notify(const struct group *g); // key, labels, uuid, …
const struct group_mark *group_muted(const struct group *g);

// Its alerts in the order of a notification. *ret_count may be 0.
struct group_alert {
    struct alert *alert;
    struct alert_mark mark;
};
size_t group_alert_count(const struct group *g);
struct group_alert group_alert_at(struct group *g, size_t i); // sorts the group when it has changed

// The route's labels rendered for all alerts of the group; kept until they change. Borrowed; NULL:
// none.
const struct labels *group_route_labels(struct group *g);

// Unresolved alerts over all groups: each once, by its highest state. Cost: all alerts.
void dispatcher_count_alerts(const struct dispatcher *d, size_t ret[ALERT_STATE_COUNT]);
// Those of one group.
void group_count_alerts(const struct group *g, time_ns now, size_t ret[ALERT_STATE_COUNT]);

// ---- for marker.c ------------------------------------------------------------------------------

struct group *group_from_notify(struct notify_group *n);
struct group_mark *group_mark(struct group *g);
// The mark of the alert with these labels; NULL if it is not in the group.
struct alert_mark *group_alert_mark(struct group *g, const struct labels *labels);
