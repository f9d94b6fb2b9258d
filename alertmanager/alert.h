// SPDX-License-Identifier: Apache-2.0
// alert.h: one alert as it was at one moment.
//
// An alert is known by its labels: equal sets are one pointer (base/model/labels.h), and that
// pointer is its identity everywhere; the fingerprint is only for people and for the wire. A struct
// alert is a version: immutable once stored but for the store's marks (alerts.h), shared by
// reference. News about an alert makes another version, merged with the one known.
//
// Thread: core. Memory: 64 bytes a version; label sets, annotations and URLs are shared texts.
#pragma once
#include "base/core/time.h"
#include "base/model/labels.h"

struct alert {
    struct labels *labels;
    struct labels *annotations;
    struct symbol *generator_url;
    struct zoned_time starts_at;
    struct zoned_time ends_at; // always set
    time_ns updated_at;        // when this version arrived
    uint32_t refs;
    bool is_timeout : 1;  // the end was set by resolve_timeout, not by the sender
    bool is_restored : 1; // comes from before a restart, see struct alert_restored
    // Marks of the store, carried from version to version.
    bool is_noted : 1;    // that it fires may have been told to somebody; that is on the disk
    bool is_in_doubt : 1; // was noted before a restart: its end is owed, whatever the log says
    bool is_over : 1;     // its end was told wherever it was wanted
};

// An alert that was known before a restart, until its sender confirms or ends it. A firing one is
// held for one more lifetime, so that a sender that still repeats it is not contradicted; the end
// that was really promised lies before ends_at then.
struct alert_restored {
    struct alert alert;
    time_ns promised_end;
    time_ns confirm_by; // senders that are alive have spoken by then
};

static inline const struct alert_restored *alert_restored(const struct alert *a)
{
    return a->is_restored ? container_of(a, const struct alert_restored, alert) : NULL;
}

// The end as the sender promised it.
static inline time_ns alert_promised_end(const struct alert *a)
{
    return a->is_restored ? alert_restored(a)->promised_end : a->ends_at.t;
}

static inline bool alert_is_resolved(const struct alert *a, time_ns now)
{
    return a->ends_at.t != TIME_UNSET && a->ends_at.t <= now;
}

static inline struct alert *alert_ref(struct alert *a)
{
    a->refs++;
    return a;
}

void alert_unref(struct alert *a); // NULL is fine
DEFER_PTR(struct alert, alert_unref)

// ---- what a sender says about an alert ---------------------------------------------------------

// Everything is borrowed. A time that was not given is TIME_UNSET.
struct alert_draft {
    struct label *labels; // in any order; sorted, and cut to those with a value, when completed
    size_t label_count;
    struct label *annotations; // sorted when completed; empty values stay
    size_t annotation_count;
    struct zoned_time starts_at, ends_at;
    str generator_url;
    bool is_timeout; // set when completed
};

#define ALERT_LABELS_MAX 1024 // and as many annotations

// Fills in the times that are missing, drops labels without a value and checks the rest. Then the
// alert counts as firing if ends_at is after now. Errors: ERR_INVALID with upstream's texts
// ("invalid label set: invalid name \"a b\"") and ERR_LIMIT. The times are filled in even then:
// metrics count drafts before they are judged.
bool alert_draft_complete(struct alert_draft *d, struct zoned_time now, dur_ns resolve_timeout,
                          enum name_mode mode, struct err *err);

// A version from a completed draft; its texts go into the store. One reference, the caller's.
struct alert *alert_new(struct label_store *store, const struct alert_draft *d, time_ns updated_at);
// The same for one from before a restart; the caller sets what struct alert_restored adds.
struct alert_restored *alert_restored_new(struct label_store *store, const struct alert_draft *d,
                                          time_ns updated_at);

// ---- merging -----------------------------------------------------------------------------------

// Do both versions belong to one episode? Only then are they merged; else the new one replaces the
// old.
bool alert_overlaps(const struct alert *known, const struct alert *news);
// The same, and what was held over a restart makes no exception: a sender that names a later start
// speaks of another episode, whatever it was that the restart kept us from hearing.
bool alert_continues(const struct alert *known, const struct alert *news);

// Both as one version: everything from the one updated later (news on a tie), the earlier start,
// and the end by upstream's rule: a resolution stands, an end promised by a sender is not shortened
// by a time-out. Changes `news`, which nobody else refers to yet.
void alert_merge(const struct alert *known, struct alert *news, time_ns now);

// ---- order and texts ---------------------------------------------------------------------------

// The order inside a notification: label job, then instance (having it goes before lacking it),
// then the label set. <0, 0, >0.
int alert_labels_cmp(const struct labels *a, const struct labels *b);

// "<alertname>[<7 digits of the fingerprint>][active]"
void buf_put_alert(struct buf *b, const struct alert *a, time_ns now);

// "CPUHigh: 2, MemoryLow: 2, DiskFull: 1": names by falling count, equal counts in order of
// appearance. At most `names_max` names, then ", … (12 more)"; 0: all.
void buf_put_alert_names(struct buf *b, const struct labels *const *alerts, size_t count,
                         size_t names_max);
