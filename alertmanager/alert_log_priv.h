// SPDX-License-Identifier: Apache-2.0
// alert_log_priv.h: what alert_log.c (writing) and alert_log_load.c (start-up) share.
#pragma once
#include "alertmanager/alert_log.h"
#include "alertmanager/alert_wire.h"
#include "base/core/map.h"

struct alert_loaded; // a label set that was read

struct alert_log {
    struct alert_log_options opt;
    struct journal *journal;
    struct alerts *alerts; // NULL before alert_log_restore
    struct alert_log_stats stats;
    struct log log;
    uint64_t number; // of the newest record

    struct map loaded; // struct alert_loaded by labels; only between open and restore
    struct arena scratch;

    struct buf record;         // being encoded
    bool has_pending;          // queued and not committed
    struct list pending_waits; // struct waiter: for that
    struct list commits;       // struct alert_commit, oldest first
    struct timer commit_timer;

    struct alert **fold_items; // references: what is being folded; NULL: nothing
    size_t fold_count, fold_next;

    bool is_failing; // was logged
    bool is_closing;
    struct timer retry_timer;
};

// Keeps the newest record of each label set: the journal's load hook.
bool alert_log_load(void *owner, enum journal_source from, str record, struct err *err);
void alert_log_forget_loaded(struct alert_log *log);
