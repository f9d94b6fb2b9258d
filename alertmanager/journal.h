// SPDX-License-Identifier: Apache-2.0
// journal.h: the durability of one state: a snapshot file, for replicated states one that any
// alertmanager reads, and journals beside it that make every accepted record durable at once.
//
//   <path>             snapshot: records, each with a varint length in front (upstream's format),
//                      or frames as in a journal
//   <path>.journal     journals: frames with a checksum, of records accepted since the snapshot;
//   <path>.journal.1   one is being written, the other is empty or waits to be folded
//   <path>.corrupt.<unix time>, <path>.journal.corrupt.<unix time>: copies of damaged files
//
// The owner's state must be a last-writer-wins map: replaying a record twice, or in another order,
// changes nothing. So a crash may leave snapshot and journals overlapping in any way.
//
// Fold: the state is encoded as it is now and the next appends go to the other journal; once the
// new snapshot has replaced the old one, the first journal is emptied. Nothing that arrives
// meanwhile is lost, whatever step a crash hits.
//
// A journal that can't be written (full disk) is broken: from then on each append is answered by
// writing a whole snapshot, until one succeeds; that also repairs the journal.
//
// Thread: core. With an empty path nothing is kept on disk and everything succeeds.
#pragma once
#include "base/core/err.h"
#include "base/env.h"

struct journal;

#define JOURNAL_FRAME_BYTES_MAX ((size_t)4 << 20) // of one record
#define SNAPSHOT_BYTES_MAX      ((size_t)1 << 30) // of a file read at start-up
#define JOURNAL_FOLD_BYTES_MIN                                                                     \
    ((uint64_t)16 << 20) // a journal shorter than this is not folded early

enum journal_source { FROM_SNAPSHOT, FROM_JOURNAL };

struct journal_hooks {
    // Loading: one record. A later one of the snapshot replaces an earlier one with the same key;
    // one of a journal is merged, expired or not. False (and err): not a valid record.
    bool (*load)(void *owner, enum journal_source from, str record, struct err *err);
    // Appends the whole state to `out`, as the snapshot file has it. Instead of it, for large
    // states: a part of it, a part a loop turn; true: there is more. What changes between two parts
    // is journalled behind the fold, so any mixture of older and newer will do.
    void (*marshal)(void *owner, struct buf *out);
    bool (*marshal_part)(void *owner, bool is_first, struct buf *out);
    void *owner;
};

struct journal_options {
    str path; // "<storage.path>/nflog"
    str kind; // names the format in the journals' headers: "nflog"; at most JOURNAL_KIND_BYTES
    bool is_framed; // the snapshot too: the marshal hooks append frames (journal_file.h)
    struct journal_hooks hooks;
};

#define JOURNAL_KIND_BYTES 8

// What loading found, for the log of whoever starts the program.
struct journal_report {
    size_t snapshot_records;
    size_t journal_records;
    size_t bad_records;     // valid frames or lengths around something that is no record
    uint64_t skipped_bytes; // of damaged files; not of torn tails
    uint64_t torn_bytes;    // the unfinished end of a journal: a crash cut the last append
    bool is_snapshot_damaged;
    bool is_journal_damaged;
    struct err damage; // the first damage found; code ERR_NONE without any
    struct err write;  // why no journal can be written; code ERR_NONE: one can
};

struct journal_stats {
    uint64_t appended_records;
    uint64_t append_errors;
    uint64_t folds, fold_errors;
    dur_ns fold_ns;          // over all folds, successful ones
    uint64_t snapshot_bytes; // of the last one written or read
    uint64_t journal_bytes;  // in both journals
    bool is_broken;
};

// Loads the snapshot and both journals through hooks.load, then opens a journal for writing. Damage
// is not an error: what is good is loaded, a copy of what was bad is set aside, and a fold follows
// at once. Neither is a disk that can't be written: the journal starts broken. Errors (NULL):
// ERR_IO, ERR_LIMIT: a file that is there can't be read.
struct journal *journal_open(struct env *env, const struct journal_options *opt,
                             struct journal_report *report, struct err *err);

// Queues a record that the owner's state holds already.
void journal_add(struct journal *j, str record);
// Writes what was queued, at least one record; on_done (may be NULL) comes once all of it is
// durable, or with the error. It says nothing about earlier commits. Several of one turn share one
// sync.
void journal_commit(struct journal *j, file_done_fn *on_done, void *owner);
// No callback comes for that owner any more; its records are written nevertheless.
void journal_cancel(struct journal *j, const void *owner);

// Folds the state into a new snapshot; on_done may be NULL.
void journal_fold(struct journal *j, file_done_fn *on_done, void *owner);

// A last fold, then all files are closed; on_done comes at the end, with the fold's error if it
// failed (the journals are complete then). Only journal_free may follow.
void journal_close(struct journal *j, file_done_fn *on_done, void *owner);

// After journal_close has called back, or once the env is dead (kill -9 in the simulator): nothing
// may be under way. NULL is fine.
void journal_free(struct journal *j);

const struct journal_stats *journal_stats(const struct journal *j);
