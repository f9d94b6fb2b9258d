// SPDX-License-Identifier: Apache-2.0
// stages.h: the decisions of the pipeline as pure functions, and the state they share.
#pragma once
#include "base/core/map.h"
#include "notify/pipeline.h"

struct pipeline {
    struct pipeline_options opt;
    struct list flushes;
    struct map deliveries; // under way, by what the log knows them as
    uint64_t seed;         // of the map's hashes
};

// ---- stage_mute.c ------------------------------------------------------------------------------

// Removes muted alerts from the list, in upstream's order; counts them unless `suppressed` is NULL.
void stage_mute(const struct pipeline *p, struct notify_group *group, time_ns now,
                struct notify_alerts *alerts, uint64_t *suppressed);

// ---- stage_dedup.c -----------------------------------------------------------------------------

struct dedup_input {
    const struct notify_log_entry *entry; // NULL: none
    const struct notify_alert *alerts;
    size_t count;
    dur_ns repeat_interval;
    bool send_resolved;
    time_ns now;
};

// Why to notify, or NOTIFY_NONE (upstream: DedupStage.needsUpdate). Sets are compared by sorting:
// n log n in the number of alerts.
enum notify_reason stage_dedup(const struct dedup_input *in, struct arena *scratch);

// What a message says, as the log records it.
struct told {
    // Hashes, in the order of the message, but those in doubt before the other resolved ones; one
    // block from told_from.
    uint64_t *firing, *resolved;
    size_t firing_count, resolved_count;
    size_t quiet_count;    // of the firing ones
    size_t in_doubt_count; // of the resolved ones
};

// Is it quiet, and not known to that entry (NULL: none) as firing? Then nothing is said of it.
bool alert_is_left_out(const struct notify_alert *a, const struct notify_log_entry *entry);

// hashes[count] receives them; without those that are left out.
struct told told_from(const struct notify_alerts *alerts, const struct notify_log_entry *entry,
                      uint64_t *hashes);

// Ends that the log knows as told and of which this message says nothing stay known. Senders repeat
// an end for a while (15 minutes); without this, an alert that had left its group would come back
// with its old end, and that would be told once more beside the alerts that still fire.
#define TOLD_ENDS_KEPT_MAX 32 // a record with more may not fit into a gossip packet
void told_keep_ends(struct told *told, const struct notify_log_entry *before, struct arena *mem);

// The same decision about hashes; alerts and count are not looked at.
enum notify_reason stage_dedup_told(const struct dedup_input *in, const struct told *told,
                                    struct arena *scratch);

// Are all items of `part` in `whole`? Both in any order.
bool hashes_are_subset(const uint64_t *part, size_t part_count, const uint64_t *whole,
                       size_t whole_count, struct arena *scratch);

// ---- stage_retry.c -----------------------------------------------------------------------------

// Delay before the next attempt after `failures` failed ones: 500 ms × 1.5ⁿ up to 60 s, ±50 %.
dur_ns retry_backoff(struct env *env, uint32_t failures);

// ---- stage_fanout.c: one integration's way through wait, dedup, attempt and log ----------------

struct delivery;
typedef void delivery_done_fn(void *owner, bool ok, const struct err *err);

// `alerts` is what the group is to tell, muting done; looked at, not kept. NULL: the log says that
// it was told already; on_done does not come.
struct delivery *delivery_start(struct pipeline *p, struct notify_group *group,
                                const struct integration *integration,
                                const struct notify_alerts *alerts, time_ns now, mono_ns deadline,
                                dur_ns wait, delivery_done_fn *on_done, void *owner);
void delivery_cancel(struct delivery *d);
