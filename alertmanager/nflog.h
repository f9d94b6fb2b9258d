// SPDX-License-Identifier: Apache-2.0
// nflog.h: which receiver was told about which alerts of which group, and when.
//
// One entry per (group key, receiver): the last notification, not a history. The newest timestamp
// wins, so merging replicas in any order gives the same log. Entries are immutable: an update
// replaces the entry.
//
// Clocks of peers differ, so two times are kept. `timestamp` orders replicas: a local write is
// stamped later than the entry it replaces, if need be by up to NFLOG_STEP_MAX past it, so a peer
// with a fast clock can't block it. `notified_at` is never later than the moment at which we heard
// of the notification: decisions about repeating it use that one, so a timestamp from the future
// doesn't delay them.
//
// Durable: each accepted record, own or a peer's, goes to the journal (journal.h).
// Thread: core. Memory: 24 bytes of table, a 64-byte head, 8 bytes per alert and the encoded record
// per entry: less than 300 bytes for one alert with a usual group key.
// Wire: protobuf MeshEntry (nflog.proto); records are kept as they came, unknown fields included.
#pragma once
#include "alertmanager/journal.h"
#include "base/core/arena.h"
#include "base/env.h"

struct nflog;

#define NFLOG_RECORD_BYTES_MAX ((size_t)4 << 20) // a longer record is refused, never cut
#define NFLOG_ENTRIES_MAX      1000000           // default of entries_max
#define NFLOG_AHEAD_MAX        DUR_MINUTES(5)    // default of ahead_max
#define NFLOG_STEP_MAX         DUR_MS(1)
// A timestamp later than this is refused: nothing could ever replace it.
#define NFLOG_TIMESTAMP_MAX (TIME_MAX - DUR_DAYS(366))

struct nflog_receiver {
    str name;        // in the configuration
    str integration; // "webhook", "email", …
    uint32_t idx;    // among the integrations of that type in the receiver
};

struct nflog_span {
    uint32_t at, bytes; // in the record
};

struct nflog_entry {
    time_ns timestamp;   // of the write; orders replicas; one without counts as 1970
    time_ns notified_at; // min(timestamp, when it got here)
    time_ns expires_at;
    uint32_t idx;
    uint32_t firing_count;
    uint32_t resolved_count;
    uint32_t record_bytes;
    struct nflog_span group_key, name, integration;
    uint64_t hashes[]; // firing alerts, then resolved ones, each sorted and unique; then the record
};

// Borrowed from the entry.
str nflog_entry_record(const struct nflog_entry *e); // the encoded MeshEntry
str nflog_entry_group_key(const struct nflog_entry *e);
struct nflog_receiver nflog_entry_receiver(const struct nflog_entry *e);

static inline const uint64_t *nflog_entry_firing(const struct nflog_entry *e)
{
    return e->hashes;
}

static inline const uint64_t *nflog_entry_resolved(const struct nflog_entry *e)
{
    return e->hashes + e->firing_count;
}

// Was each of these alerts (any order) firing (resolved) in the notification? None: true.
bool nflog_entry_has_firing(const struct nflog_entry *e, const uint64_t *hashes, size_t count);
bool nflog_entry_has_resolved(const struct nflog_entry *e, const uint64_t *hashes, size_t count);

// An integration's own memory about a group, such as the thread a message went to.
enum nflog_data_kind { NFLOG_DATA_NONE, NFLOG_DATA_TEXT, NFLOG_DATA_INT, NFLOG_DATA_DOUBLE };

struct nflog_data {
    str key;
    enum nflog_data_kind kind;
    str text;
    int64_t integer;
    double real;
};

// The entry's pairs by key, in mem. Costs a decode of the record.
size_t nflog_entry_data(const struct nflog_entry *e, struct arena *mem, struct nflog_data **ret);

// ---- the log ------------------------------------------------------------------------------------

struct nflog_out {
    // Own news for the other peers: one record with its length in front, borrowed.
    void (*broadcast)(void *owner, str records);
    // A peer's record has changed the log. May be NULL.
    void (*on_merged)(void *owner, const struct nflog_entry *entry);
    void *owner;
};

struct nflog_options {
    str path;           // "<storage.path>/nflog"; empty: nothing is kept on disk
    dur_ns retention;   // --data.retention: the longest an entry lives
    size_t entries_max; // 0: NFLOG_ENTRIES_MAX. Bounds what peers send; own records always fit
    dur_ns ahead_max;   // 0: NFLOG_AHEAD_MAX. A timestamp further ahead of our clock is counted
    struct nflog_out out;
};

struct nflog_stats {
    size_t entries;
    size_t record_bytes;       // of all entries
    uint64_t queries;          // nflog_find*
    uint64_t query_misses;     // upstream counts "not found" as a query error
    uint64_t written;          // nflog_record
    uint64_t merged;           // peers' records that changed the log
    uint64_t merge_errors;     // malformed merges
    uint64_t merge_ahead;      // merged although more than ahead_max ahead of our clock
    uint64_t merge_refused;    // timestamp past NFLOG_TIMESTAMP_MAX
    uint64_t merge_over_limit; // entries_max
    uint64_t gc_runs, gc_removed;
    dur_ns gc_ns;
};

// Loads what was kept (report: see journal.h; may be NULL). Errors (NULL): ERR_IO, ERR_LIMIT.
struct nflog *nflog_new(struct env *env, const struct nflog_options *opt,
                        struct journal_report *report, struct err *err);
void nflog_set_out(struct nflog *log, const struct nflog_out *out);

// Collects garbage, folds into a last snapshot, closes. on_done may be NULL.
void nflog_close(struct nflog *log, file_done_fn *on_done, void *owner);
// After nflog_close has called back, or once the env is dead. NULL is fine.
void nflog_free(struct nflog *log);
DEFER_PTR(struct nflog, nflog_free)

// The entry, or NULL; an expired one that was not collected yet is returned too. Borrowed: valid
// until the next call that changes the log.
const struct nflog_entry *nflog_find(struct nflog *log, str group_key,
                                     const struct nflog_receiver *receiver);
// The newer one of two spellings of the same group: peers before 0.28 order group labels by their
// rendered text. alternative_key may be empty.
const struct nflog_entry *nflog_find_either(struct nflog *log, str group_key, str alternative_key,
                                            const struct nflog_receiver *receiver);

struct nflog_write {
    str group_key;
    struct nflog_receiver receiver;
    const uint64_t *firing, *resolved; // any order, without duplicates
    size_t firing_count, resolved_count;
    const struct nflog_data *data;
    size_t data_count;
    dur_ns expiry; // 2 × repeat_interval; the entry lives min(retention, expiry); <= 0: retention
};

// A notification was delivered. The entry is in force and broadcast at once; the notification
// counts as done when on_done comes (once, without error: it is on the disk). Returns the entry;
// NULL, with no callback to come: ERR_LIMIT.
const struct nflog_entry *nflog_record(struct nflog *log, const struct nflog_write *w,
                                       file_done_fn *on_done, void *owner, struct err *err);
void nflog_cancel(struct nflog *log, const void *owner); // no on_done for that owner any more

// Merges a peer's records. All or nothing: malformed input changes nothing (ERR_SYNTAX, ERR_LIMIT).
// ret_changed: how many entries changed, for the re-gossip rule.
bool nflog_merge(struct nflog *log, str records, size_t *ret_changed, struct err *err);

void nflog_marshal(const struct nflog *log,
                   struct buf *out); // the full state, each with its length
size_t nflog_gc(struct nflog *log);  // removes expired ones; how many

// Garbage collection and a new snapshot: every --data.maintenance-interval.
void nflog_maintain(struct nflog *log, file_done_fn *on_done, void *owner);

// Iterates in the order of first appearance: for (size_t i = 0; (e = nflog_next(log, &i)); ).
const struct nflog_entry *nflog_next(const struct nflog *log, size_t *cursor);

const struct nflog_stats *nflog_stats(const struct nflog *log);
const struct journal_stats *nflog_journal_stats(const struct nflog *log);
