// SPDX-License-Identifier: Apache-2.0
#include "alertmanager/alert_log.h"

#include "alertmanager/alert_log_priv.h"
#include "alertmanager/alerts.h"
#include "alertmanager/journal_file.h"
#include "base/core/alloc.h"

#define FOLD_PART 1024 // alerts encoded per loop turn

// What was queued in one loop turn, on its way to the disk.
struct alert_commit {
    struct list node;
    struct alert_log *log;
    struct list waits; // struct waiter
};

// ---- failing -----------------------------------------------------------------------------------

static void watch_disk(struct alert_log *log, const struct err *err)
{
    bool is_broken = journal_stats(log->journal)->is_broken;
    if (is_broken && !timer_is_set(&log->retry_timer) && !log->is_closing)
        env_timer_after(log->opt.env, &log->retry_timer, ALERT_LOG_RETRY);
    if (is_broken == log->is_failing || (is_broken && err->code == ERR_NONE))
        return;
    log->is_failing = is_broken;
    if (is_broken)
        log_error(&log->log, "Alerts cannot be written; a restart would forget those that are new",
                  LOG_ERR(err));
    else
        log_info(&log->log, "Alerts can be written again");
}

static void on_folded(void *owner, const struct err *err)
{
    watch_disk(owner, err);
}

static void on_retry(void *owner)
{
    struct alert_log *log = owner;
    if (journal_stats(log->journal)->is_broken)
        journal_fold(log->journal, on_folded, log);
}

// ---- committing --------------------------------------------------------------------------------

// With an error the records are in memory only: whoever waits goes on, as if there were no disk.
static void on_committed(void *owner, const struct err *err)
{
    struct alert_commit *commit = owner;
    watch_disk(commit->log, err);
    list_remove(&commit->node);
    waiters_tell(&commit->waits);
    mem_free(commit);
}

static void commit_pending(void *owner)
{
    struct alert_log *log = owner;
    struct alert_commit *commit = mem_new(struct alert_commit);
    commit->log = log;
    list_init(&commit->waits);
    for (struct list *node; (node = list_take_first(&log->pending_waits)) != NULL;)
        list_append(&commit->waits, node);
    list_append(&log->commits, &commit->node);
    log->has_pending = false;
    env_timer_cancel(log->opt.env, &log->commit_timer);
    journal_commit(log->journal, on_committed, commit);
}

// While the journal is broken only a fold can help, and it takes everything from the store.
void alert_log_put(struct alert_log *log, const struct alert *a)
{
    if (log->is_closing || journal_stats(log->journal)->is_broken)
        return;
    buf_clear(&log->record);
    alert_record_encode(a, ++log->number, &log->record);
    if (log->record.is_full) {
        log->stats.too_large++;
        log_warn(&log->log, "An alert is too large to be kept over a restart",
                 LOG_STR("alertname", labels_value(a->labels, S("alertname"), NULL)));
        return;
    }
    journal_add(log->journal, buf_str(&log->record));
    if (!log->has_pending)
        env_timer_after(log->opt.env, &log->commit_timer, 0);
    log->has_pending = true;
}

bool alert_log_wait(struct alert_log *log, struct waiter *w)
{
    if (log->has_pending) {
        list_append(&log->pending_waits, &w->node);
        return true;
    }
    if (list_is_empty(&log->commits))
        return false;
    struct alert_commit *newest = list_item(log->commits.prev, struct alert_commit, node);
    list_append(&newest->waits, &w->node);
    return true;
}

// ---- folding -----------------------------------------------------------------------------------

static void fold_end(struct alert_log *log)
{
    for (; log->fold_next < log->fold_count; log->fold_next++)
        alert_unref(log->fold_items[log->fold_next]);
    mem_free(log->fold_items);
    log->fold_items = NULL;
}

static void fold_start(struct alert_log *log)
{
    assert(log->alerts && !log->fold_items);
    struct alert *a;
    log->fold_next = log->fold_count = 0;
    log->fold_items = mem_array(struct alert *, alerts_stats(log->alerts).count + 1);
    for (size_t i = 0; (a = alerts_next(log->alerts, &i)) != NULL;)
        log->fold_items[log->fold_count++] = alert_ref(a);
    log->stats.left_out = 0;
}

static void fold_put(struct alert_log *log, const struct alert *a, struct buf *out)
{
    buf_clear(&log->record);
    alert_record_encode(a, log->number, &log->record);
    if (log->record.is_full || log->record.n + JOURNAL_FRAME_HEAD_BYTES > out->max - out->n)
        log->stats.left_out++;
    else
        journal_put_frame(out, buf_str(&log->record));
}

// Repetitions replace versions and are not journalled, so the newest version is written, and not
// the one that was there when the fold began. A record's number says which records of the journal
// are in it.
static bool fold_part(void *owner, bool is_first, struct buf *out)
{
    struct alert_log *log = owner;
    if (is_first)
        fold_start(log);
    size_t end = MIN(log->fold_count, log->fold_next + FOLD_PART);
    while (log->fold_next < end) {
        struct alert *held = log->fold_items[log->fold_next++];
        const struct alert *a = alerts_find(log->alerts, held->labels);
        if (a && !a->is_over)
            fold_put(log, a, out);
        alert_unref(held);
    }
    if (log->fold_next < log->fold_count)
        return true;
    fold_end(log);
    return false;
}

void alert_log_fold(struct alert_log *log)
{
    journal_fold(log->journal, on_folded, log);
}

// ---- life --------------------------------------------------------------------------------------

struct alert_log *alert_log_open(const struct alert_log_options *opt, struct journal_report *report,
                                 struct err *err)
{
    struct alert_log *log = mem_new(struct alert_log);
    log->opt = *opt;
    log->log = log_with(&opt->env->log, LOG_C("component", "alerts"));
    log->record.max = JOURNAL_FRAME_BYTES_MAX;
    list_init(&log->pending_waits);
    list_init(&log->commits);
    timer_init(&log->commit_timer, commit_pending, log);
    timer_init(&log->retry_timer, on_retry, log);
    struct journal_options journal = {
        .path = opt->path,
        .kind = S("alerts"),
        .is_framed = true,
        .hooks = {.load = alert_log_load, .marshal_part = fold_part, .owner = log},
    };
    log->journal = journal_open(opt->env, &journal, report, err);
    if (!log->journal) {
        alert_log_free(log);
        return NULL;
    }
    log->is_failing = journal_stats(log->journal)->is_broken; // the report says so
    if (log->is_failing)
        env_timer_after(opt->env, &log->retry_timer, ALERT_LOG_RETRY);
    return log;
}

void alert_log_close(struct alert_log *log, file_done_fn *on_done, void *owner)
{
    if (log->has_pending)
        commit_pending(log);
    log->is_closing = true;
    env_timer_cancel(log->opt.env, &log->retry_timer);
    journal_close(log->journal, on_done, owner);
}

void alert_log_free(struct alert_log *log)
{
    if (!log)
        return;
    env_timer_cancel(log->opt.env, &log->commit_timer);
    env_timer_cancel(log->opt.env, &log->retry_timer);
    journal_free(log->journal);
    fold_end(log);
    alert_log_forget_loaded(log);
    while (list_take_first(&log->pending_waits))
        continue;
    for (struct list *node; (node = list_take_first(&log->commits)) != NULL;) {
        struct alert_commit *commit = list_item(node, struct alert_commit, node);
        while (list_take_first(&commit->waits))
            continue;
        mem_free(commit);
    }
    buf_done(&log->record);
    arena_done(&log->scratch);
    mem_free(log);
}

// ---- reading -----------------------------------------------------------------------------------

dur_ns alert_log_retention(const struct alert_log *log)
{
    return log->opt.retention;
}

const struct alert_log_stats *alert_log_stats(const struct alert_log *log)
{
    return &log->stats;
}

const struct journal_stats *alert_log_journal_stats(const struct alert_log *log)
{
    return journal_stats(log->journal);
}
