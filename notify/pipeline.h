// SPDX-License-Identifier: Apache-2.0
// pipeline.h: one flush of an aggregation group, from "its timer fired" to "told and logged".
//
//   settle ─► mute: inhibition, active and mute intervals, silences ─► for each integration:
//                            dedup ─► wait for our turn ─► dedup ─► attempt ─► log
//                                                            ▲         │ failed, may retry
//                                                            └ back-off ◄
//
// The group's alerts are collected again, muted again and compared with the log again before every
// attempt: a message never shows a state that is over, and a peer that was faster is noticed
// (upstream copies once and looks once; that is the cause of several kinds of duplicates).
//
// But a flush is about what was there to tell when it began. Once the log covers that, the flush
// ends, at once where pipeline_log_changed says so; newer news waits for the next flush. Peers that
// wait behind others would else tell news in the middle of a group interval, at the moment when the
// first of them may do the same.
// A notification counts as done when the log entry is on the disk. That alerts fire is noted before
// it is told for the first time, so that a crash before the log entry does not lose their end.
//
// Core thread. Everything runs in callbacks of env; nothing blocks.
#pragma once
#include "notify/notify.h"

// Counters per kind of integration (upstream: alertmanager_notifications_total and friends).
struct notify_counters {
    uint64_t notifications;
    uint64_t failed[NOTIFY_FAILURE_COUNT];
    uint64_t requests, requests_failed;
    void (*on_latency)(void *owner, double seconds); // NULL: not wanted
    void *owner;
};

struct pipeline_options {
    struct env *env;
    struct notify_muters muters;
    struct notify_cluster cluster;
    struct notify_log log;
    // Where to count for this integration; never NULL.
    struct notify_counters *(*counters)(void *owner, const struct integration *);
    void *counters_owner;
    uint64_t *suppressed; // [NOTIFY_SUPPRESSION_COUNT]
};

struct pipeline;
struct flush;

struct pipeline *pipeline_new(const struct pipeline_options *opt);
void pipeline_free(struct pipeline *p); // all flushes have ended or were cancelled

// ok: nothing is left to tell (told, muted, or told by a peer). Otherwise err joins what failed,
// one line an integration: "<receiver>/<integration>[0]: notify retry canceled after 3 attempts:
// …".
typedef void flush_done_fn(void *owner, bool ok, const struct err *err);

// The group and the integrations must outlive the flush. `now` is the tick that caused it: repeat
// intervals and time intervals are judged by it. deadline: when waiting and retrying end.
struct flush *pipeline_flush_start(struct pipeline *p, struct notify_group *group,
                                   const struct integration *const *integrations, size_t count,
                                   time_ns now, mono_ns deadline, flush_done_fn *on_done,
                                   void *owner);
// Ends a flush at once, on_done does not come. What is on the wire may still be delivered; what a
// receiver has answered is logged all the same.
void pipeline_flush_cancel(struct flush *f);

// A peer's record is in the log now: a delivery that waits and has nothing left to tell ends.
void pipeline_log_changed(struct pipeline *p, const struct notify_log_key *key);

// When this integration has last told the group, on whichever peer; false: there are no peers to
// keep in step with, or the log does not know.
bool pipeline_peers_told_at(const struct pipeline *p, const struct notify_group *group,
                            const struct integration *integration, time_ns *ret);

// max(group_interval, FLUSH_TIME_MIN) + position × peer timeout, from now (upstream: dispatch).
#define FLUSH_TIME_MIN DUR_SECONDS(10)
mono_ns pipeline_deadline(const struct pipeline *p, const struct notify_group *group);
