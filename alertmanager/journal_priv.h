// SPDX-License-Identifier: Apache-2.0
// journal_priv.h: what journal.c (writing, folding) and journal_load.c (start-up) share.
#pragma once
#include "alertmanager/journal.h"
#include "base/core/list.h"

#define JOURNAL_FILES 2

struct journal_file {
    char *path;                // owned
    struct appender *appender; // NULL: not open
    uint64_t generation;       // of its header; the file with the higher one is the younger
    uint64_t bytes;
    bool is_live; // may hold records that the snapshot lacks
};

// A damaged file's bytes on their way to a copy.
struct journal_aside {
    struct buf path, bytes;
};

struct journal_wait { // somebody waiting for an append or a fold
    struct list link;
    struct journal *journal;
    file_done_fn *on_done;
    void *owner;
    uint64_t generation; // of the file appended to
};

struct journal {
    struct env *env;
    char *path; // owned; NULL: nothing is kept on disk
    char *kind; // owned
    bool is_framed;
    struct journal_hooks hooks;
    struct journal_stats stats;

    struct journal_file files[JOURNAL_FILES];
    unsigned current; // the file that is appended to
    bool is_broken;   // it can't be: waits are answered by folds

    struct buf pending; // frames added and not committed
    uint64_t pending_records;
    struct list appending; // journal_wait: appends under way

    bool is_folding;
    bool fold_repairs;        // it began broken and will reopen the journal
    unsigned fold_steps_left; // callbacks to come before it ends; 0: encoding has not begun
    struct buf fold_state;    // encoded so far
    struct timer fold_part;   // encodes the next part
    mono_ns fold_start;
    uint64_t fold_bytes;     // of the snapshot being written
    uint64_t fold_threshold; // journal_bytes at which the next fold is due
    struct err fold_err;
    struct list folding;   // journal_wait: answered by the fold under way
    struct list next_fold; // journal_wait: by the one after it
    struct list answering; // journal_wait: being called back
    struct timer kick;     // starts a fold outside any caller's stack

    struct journal_aside asides[1 + JOURNAL_FILES];
    size_t aside_count;

    file_done_fn *on_closed;
    void *close_owner;
    struct err close_err;
    bool close_is_due; // the last fold has ended
    bool is_closing;   // nothing may begin any more
    bool is_current_closing;
    unsigned emptying; // files opened to be emptied and not closed yet
};

// Opens the file as the one to append to, cut to bytes_kept; 0 begins it anew. False: it can't be.
bool journal_begin_file(struct journal *j, unsigned which, uint64_t bytes_kept, struct err *err);

// Loads all files through the hooks and chooses the one to append to.
bool journal_load(struct journal *j, struct journal_report *report, struct err *err);
