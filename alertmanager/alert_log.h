// SPDX-License-Identifier: Apache-2.0
// alert_log.h: the durability of alerts: a restart loses neither a firing alert nor its end.
//
//   alerts_put ──changed?──► record ─┐ one commit a loop turn      ┌─► POST answers
//   dispatcher: told, over ──────────┴───► journal (fsync) ────────┴─► a message may go out
//
// Journalled is what a restart could not know otherwise: that an alert began or changed, that it
// ended or fires again, that it is about to be told for the first time, and that its end was told.
// A sender's mere repetition is not: it moves the promised end, which each fold writes anew.
//
// After a restart each alert is held (struct alert_restored): a firing one for its lifetime, at
// most ALERT_HOLD_MAX, from the start of the program, however old the promised end is; and nothing
// is told of a held one before its sender has had time to repeat it (ALERT_CONFIRM_MAX). What was
// noted as told is in doubt: whoever may have heard of it hears of its end, even where the
// notification log was cut off between the receiver's answer and its own record.
//
// A disk that can't be written makes alerts live in memory only: nobody waits for it, that is
// logged and counted, and every ALERT_LOG_RETRY a new snapshot is tried.
//
// Files: "<storage.path>/alerts.state" and journals beside it; see journal.h, docs/wire/alerts.md.
// Thread: core. Memory: nothing per alert; while folding, 8 bytes per alert and the snapshot.
#pragma once
#include "alertmanager/journal.h"
#include "notify/notify.h"

struct alert;
struct alerts;
struct alert_log;

#define ALERT_HOLD_MAX    DUR_HOURS(1)
#define ALERT_CONFIRM_MAX DUR_MINUTES(2)
#define ALERT_LOG_RETRY   DUR_SECONDS(10)

struct alert_log_options {
    struct env *env;
    struct label_store *labels;
    str path;               // "<storage.path>/alerts.state"; empty: nothing is kept on disk
    dur_ns retention;       // an end that nobody could be told is owed so long
    dur_ns resolve_timeout; // stands for the lifetime of alerts that had ended
};

struct alert_log_stats {
    uint64_t restored;  // alerts that came back
    uint64_t too_large; // records over JOURNAL_FRAME_BYTES_MAX: these alerts are not durable
    uint64_t left_out;  // of the last snapshot, because it was full
};

// Reads what was kept. Damage is no error, see journal_open. Errors (NULL): ERR_IO, ERR_LIMIT: a
// file that is there can't be read.
struct alert_log *alert_log_open(const struct alert_log_options *opt, struct journal_report *report,
                                 struct err *err);
// Puts into the store what was read; once, in the loop turn of alert_log_open. The store is freed
// behind the log.
void alert_log_restore(struct alert_log *log, struct alerts *alerts);

// Queues the alert as it is now.
void alert_log_put(struct alert_log *log, const struct alert *a);
// False: all that was queued is durable, or can't be made so; w is not kept. Otherwise w is called
// back once that is so.
bool alert_log_wait(struct alert_log *log, struct waiter *w);

void alert_log_fold(struct alert_log *log); // a new snapshot: every --data.maintenance-interval
void alert_log_close(struct alert_log *log, file_done_fn *on_done, void *owner); // see journal.h
void alert_log_free(struct alert_log *log);                                      // NULL is fine

dur_ns alert_log_retention(const struct alert_log *log);
const struct alert_log_stats *alert_log_stats(const struct alert_log *log);
const struct journal_stats *alert_log_journal_stats(const struct alert_log *log);
