// SPDX-License-Identifier: Apache-2.0
// silence.h: the silences: who may not be notified about what, from when to when.
//
// A silence is immutable; an update replaces it under the same id, and the newest updated_at wins,
// so merging replicas in any order gives the same state. A local change is stamped later than what
// it replaces, if need be by up to SILENCE_STEP_MAX past it: an editor with a fast clock can't make
// later edits vanish.
//
// What peers send is checked before it is evaluated: a silence whose matchers don't compile, or
// with an empty matcher set, is inert: kept, shown and forwarded, never evaluated.
//
// Durable: each accepted record, own or a peer's, goes to the journal (journal.h).
//
// Cost of a check: a label set seen before costs the silences changed since, by version; a new one
// costs a lookup per label plus the silences that have no positive equality matcher.
// Thread: core. Wire: protobuf MeshSilence (silence.proto).
#pragma once
#include "alertmanager/journal.h"
#include "base/core/arena.h"
#include "base/env.h"
#include "base/model/labels.h"
#include "base/model/matcher.h"

struct silences;

#define SILENCE_RECORD_BYTES_MAX ((size_t)4 << 20) // of one from a peer
#define SILENCES_STORED_MAX      500000            // default of stored_max
#define SILENCES_CACHE_MAX       2000000           // label sets whose result is remembered
#define SILENCE_ID_BYTES         36                // of the ids that we give
#define SILENCE_MATCHERS_MAX     1000              // of all sets of one; more: refused or inert
#define SILENCE_STEP_MAX         DUR_MS(1)
// An updated_at later than this is refused: nothing could ever replace it.
#define SILENCE_UPDATED_AT_MAX (TIME_MAX - DUR_DAYS(366))

struct silence_annotation {
    str key, value;
};

struct silence {
    str id;
    const struct matchers *sets; // one must match; each has at least one matcher unless inert
    size_t set_count;
    time_ns starts_at, ends_at, updated_at;
    time_ns expires_at; // ends_at + retention: when garbage collection removes it; TIME_UNSET: none
    str created_by, comment;
    const struct silence_annotation *annotations; // by key
    size_t annotation_count;
    bool is_inert;         // never evaluated
    const char *inert_why; // "invalid matcher", "no matchers", …; NULL unless inert
};

enum silence_state { SILENCE_ACTIVE, SILENCE_PENDING, SILENCE_EXPIRED };

// pending before starts_at, expired after ends_at, else active: both bounds are inside.
enum silence_state silence_state(const struct silence *s, time_ns now);
str silence_state_str(enum silence_state state); // "active", "pending", "expired"

// Does any of its sets match? An inert one never does. Times play no role.
bool silence_matches(const struct silence *s, const struct labels *l);
// Is each of these matchers, word by word, in one of its matcher sets (filters of the API)?
bool silence_has_matchers(const struct silence *s, const struct matchers *filter);
// Order of listings: active by end, then pending by start, then expired by end, latest first.
void silences_sort_for_list(const struct silence **items, size_t count, time_ns now);

// ---- the store ----------------------------------------------------------------------------------

struct silences_out {
    // Own news for the other peers: one record with its length in front, borrowed.
    void (*broadcast)(void *owner, str records);
    // A silence was made or changed, here or by a peer. May be NULL.
    void (*on_change)(void *owner, const struct silence *s);
    void *owner;
};

struct silences_options {
    str path;         // "<storage.path>/silences"; empty: nothing is kept on disk
    dur_ns retention; // --data.retention
    size_t count_max; // --silences.max-silences, expired ones included; 0: none. Own ones only
    size_t silence_bytes_max; // --silences.max-silence-size-bytes; 0: none. Own ones only
    size_t stored_max;        // 0: SILENCES_STORED_MAX. Bounds what peers send
    enum name_mode names;     // of label names in new silences
    struct silences_out out;
};

struct silences_stats {
    size_t stored; // all states
    size_t inert;
    size_t record_bytes;
    size_t indexed_sets; // matcher sets found by one of their equality matchers
    size_t scanned_sets; // matcher sets that every new label set is tried against
    size_t cached;       // label sets
    uint64_t queries, query_errors;
    uint64_t evaluated; // silences tried against label sets
    uint64_t skipped;   // silences not tried thanks to the cache or the index
    uint64_t merged, merge_errors;
    uint64_t merge_refused; // updated_at past SILENCE_UPDATED_AT_MAX
    uint64_t merge_over_limit;
    uint64_t compile_errors_load, compile_errors_index; // inert ones, by where they came from
    uint64_t gc_runs, gc_removed, gc_errors;            // error: a record without expires_at
    dur_ns gc_ns;
};

// Loads what was kept (report: see journal.h; may be NULL). Errors (NULL): ERR_IO, ERR_LIMIT.
struct silences *silences_new(struct env *env, const struct silences_options *opt,
                              struct journal_report *report, struct err *err);
void silences_set_out(struct silences *s, const struct silences_out *out);
void silences_close(struct silences *s, file_done_fn *on_done, void *owner);
// After silences_close has called back, or once the env is dead. NULL is fine. Gives back all
// labels.
void silences_free(struct silences *s);
DEFER_PTR(struct silences, silences_free)

// ---- changes ------------------------------------------------------------------------------------

// What a client asks for: texts as they came.
struct silence_matcher {
    enum matcher_op op;
    str name, value;
};

struct silence_matcher_set {
    const struct silence_matcher *items;
    size_t count;
};

struct silence_input {
    str id; // empty: a new silence
    const struct silence_matcher_set *sets;
    size_t set_count;
    time_ns starts_at; // TIME_UNSET: now
    time_ns ends_at;   // TIME_UNSET: refused
    str created_by, comment;
    const struct silence_annotation *annotations; // keys unique
    size_t annotation_count;
};

// Does a change to this keep the id? The same matchers in the same order, and only times that may
// still change: of an active one the end (not before now), of a pending one also the start.
bool silence_can_update(const struct silence *s, const struct silence_input *in, time_ns now);

// The store's rules for new silences, without prefix: "at least one matcher set required" …
bool silence_check(const struct silence_input *in, enum name_mode names, struct err *err);

// Creates, updates in place or replaces. An update in place keeps the id: the same matchers, and
// only times that may still change. Otherwise a new silence is made and the one named expires. In
// force and broadcast at once; on_done comes (once) when it is on the disk, or with the error.
// Returns what is stored (its id is the answer to the client). NULL, with no callback to come:
//   ERR_NOT_FOUND "silence not found"
//   ERR_INVALID   "invalid silence: …"
//   ERR_LIMIT     "exceeded maximum number of silences: …", "silence exceeded maximum size: …"
const struct silence *silences_set(struct silences *s, const struct silence_input *in,
                                   file_done_fn *on_done, void *owner, struct err *err);

// Ends a silence now. Already expired: fine, nothing changes, on_done comes. False, with no
// callback to come: ERR_NOT_FOUND "silence not found".
bool silences_expire(struct silences *s, str id, file_done_fn *on_done, void *owner,
                     struct err *err);
void silences_cancel(struct silences *s, const void *owner); // no on_done for that owner any more

// Merges a peer's records. All or nothing: malformed input changes nothing (ERR_SYNTAX, ERR_LIMIT).
bool silences_merge(struct silences *s, str records, size_t *ret_changed, struct err *err);

void silences_marshal(const struct silences *s, struct buf *out);
size_t silences_gc(struct silences *s);
void silences_maintain(struct silences *s, file_done_fn *on_done, void *owner); // GC, snapshot

// ---- questions ----------------------------------------------------------------------------------

// Results are borrowed until the next call that changes the store.
const struct silence *silences_find(struct silences *s, str id); // or NULL

struct silence_ids {
    const str *items; // in order of addition
    size_t count;
};

// Is this label set muted now? ret (may be NULL): the active silences that match it; borrowed until
// the next silences_* call. Remembers the label set (and takes a reference) until all others gave
// theirs back and garbage is collected.
bool silences_mutes(struct silences *s, struct labels *l, struct silence_ids *ret);

#define SILENCE_STATE_BIT(state) (1u << (state))
#define SILENCE_STATES_ALL       7u

struct silences_query {
    bool has_ids;
    const str *ids; // unknown ones are skipped; an empty list is an error
    size_t id_count;
    unsigned states;               // SILENCE_STATE_BIT(…) | …; 0: all
    const struct labels *matching; // that these match; NULL: all
    bool has_since;
    uint64_t since; // added or changed after that version; not together with ids
};

// In order of addition, in mem. ret_version (may be NULL): for `since` the next time.
bool silences_query(struct silences *s, const struct silences_query *q, struct arena *mem,
                    const struct silence ***ret, size_t *ret_count, uint64_t *ret_version,
                    struct err *err);

// How many are active, pending, expired now (index: enum silence_state).
void silences_count(const struct silences *s, size_t ret[3]);

const struct silences_stats *silences_stats(const struct silences *s);
const struct journal_stats *silences_journal_stats(const struct silences *s);
