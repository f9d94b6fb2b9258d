// SPDX-License-Identifier: Apache-2.0
#include "alertmanager/journal.h"

#include "alertmanager/journal_file.h"
#include "alertmanager/journal_priv.h"
#include "base/core/alloc.h"

#define FOLD_GROWTH_MAX ((uint64_t)256 << 20) // journals stay far below what is read at start-up

static void fold_begin(struct journal *j);
static void fold_encode_part(void *owner);
static void close_files(struct journal *j);

// ---- waits --------------------------------------------------------------------------------------

static void wait_add(struct journal *j, struct list *to, file_done_fn *on_done, void *owner)
{
    struct journal_wait *w = mem_new(struct journal_wait);
    *w = (struct journal_wait){.journal = j, .on_done = on_done, .owner = owner};
    list_append(to, &w->link);
}

static void wait_answer(struct journal_wait *w, const struct err *err)
{
    file_done_fn *on_done = w->on_done;
    void *owner = w->owner;
    list_remove(&w->link);
    mem_free(w);
    if (on_done)
        on_done(owner, err);
}

static void waits_move(struct list *to, struct list *from)
{
    for (struct list *node; (node = list_take_first(from)) != NULL;)
        list_append(to, node);
}

// Those of the fold that has ended; what callbacks add waits for another one.
static void waits_answer(struct journal *j, const struct err *err)
{
    waits_move(&j->answering, &j->folding);
    while (!list_is_empty(&j->answering))
        wait_answer(list_item(j->answering.next, struct journal_wait, link), err);
}

static void waits_cancel(struct list *waits, const void *owner)
{
    list_each (node, waits) {
        struct journal_wait *w = list_item(node, struct journal_wait, link);
        if (w->owner == owner)
            w->on_done = NULL;
    }
}

static void waits_free(struct list *waits)
{
    for (struct list *node; (node = list_take_first(waits)) != NULL;)
        mem_free(list_item(node, struct journal_wait, link));
}

// ---- life ---------------------------------------------------------------------------------------

static void journal_kick(void *owner)
{
    struct journal *j = owner;
    if (!j->is_folding)
        fold_begin(j);
}

static uint64_t journal_bytes(const struct journal *j)
{
    return j->files[0].bytes + j->files[1].bytes;
}

// The next early fold is due when what the journals hold would take longer to load than the
// snapshot. What is left in them after a failed fold is not counted again.
static void set_fold_threshold(struct journal *j)
{
    uint64_t growth = CLAMP(4 * j->stats.snapshot_bytes, JOURNAL_FOLD_BYTES_MIN, FOLD_GROWTH_MAX);
    j->fold_threshold = journal_bytes(j) + growth;
}

static char *path_with(str path, const char *suffix)
{
    defer(buf_done) struct buf b = {0};
    buf_put(&b, path);
    buf_put(&b, str_c(suffix));
    return mem_dup(buf_str(&b));
}

struct journal *journal_open(struct env *env, const struct journal_options *opt,
                             struct journal_report *report, struct err *err)
{
    struct journal_report unused;
    report = report ? report : &unused;
    *report = (struct journal_report){0};
    struct journal *j = mem_new(struct journal);
    j->env = env;
    j->hooks = opt->hooks;
    j->is_framed = opt->is_framed;
    j->kind = mem_dup(opt->kind);
    list_init(&j->appending);
    list_init(&j->folding);
    list_init(&j->next_fold);
    list_init(&j->answering);
    timer_init(&j->kick, journal_kick, j);
    timer_init(&j->fold_part, fold_encode_part, j);
    if (opt->path.n == 0)
        return j;
    j->path = mem_dup(opt->path);
    j->files[0].path = path_with(opt->path, ".journal");
    j->files[1].path = path_with(opt->path, ".journal.1");
    if (!journal_load(j, report, err)) {
        journal_free(j);
        return NULL;
    }
    set_fold_threshold(j);
    if (report->damage.code != ERR_NONE || j->is_broken)
        env_timer_after(env, &j->kick, 0);
    return j;
}

void journal_free(struct journal *j)
{
    if (!j)
        return;
    env_timer_cancel(j->env, &j->kick);
    env_timer_cancel(j->env, &j->fold_part);
    buf_done(&j->fold_state);
    waits_free(&j->appending);
    waits_free(&j->folding);
    waits_free(&j->next_fold);
    waits_free(&j->answering);
    for (size_t i = 0; i < j->aside_count; i++) {
        buf_done(&j->asides[i].path);
        buf_done(&j->asides[i].bytes);
    }
    for (unsigned i = 0; i < JOURNAL_FILES; i++)
        mem_free(j->files[i].path);
    buf_done(&j->pending);
    mem_free(j->path);
    mem_free(j->kind);
    mem_free(j);
}

const struct journal_stats *journal_stats(const struct journal *j)
{
    return &j->stats;
}

void journal_cancel(struct journal *j, const void *owner)
{
    waits_cancel(&j->appending, owner);
    waits_cancel(&j->folding, owner);
    waits_cancel(&j->next_fold, owner);
    waits_cancel(&j->answering, owner);
}

// ---- appending ----------------------------------------------------------------------------------

// A record that the journal did not take is in the owner's state. The fold under way has it if the
// append came before its encoding: to a file rotated away or being repaired. Else the next one
// will.
static void append_done(void *owner, const struct err *err)
{
    struct journal_wait *w = owner;
    struct journal *j = w->journal;
    if (err->code == ERR_NONE) {
        wait_answer(w, err);
        return;
    }
    j->stats.append_errors++;
    if (j->is_closing) { // the last fold has it, or has failed
        wait_answer(w, &j->close_err);
        return;
    }
    bool is_encoded = j->fold_steps_left > 0;
    bool is_current = w->generation == j->files[j->current].generation;
    bool is_covered = is_encoded && (!is_current || j->fold_repairs);
    list_remove(&w->link);
    list_append(is_covered ? &j->folding : &j->next_fold, &w->link);
    if (!is_covered && is_current)
        j->is_broken = j->stats.is_broken = true;
    if (!j->is_folding)
        fold_begin(j);
}

static void append(struct journal *j, struct buf *takes, file_done_fn *on_done, void *owner)
{
    struct journal_file *f = &j->files[j->current];
    wait_add(j, &j->appending, on_done, owner);
    struct journal_wait *w = list_item(j->appending.prev, struct journal_wait, link);
    w->generation = f->generation;
    f->bytes += takes->n;
    env_append(j->env, f->appender, takes, append_done, w);
    j->stats.journal_bytes = journal_bytes(j);
}

bool journal_begin_file(struct journal *j, unsigned which, uint64_t bytes_kept, struct err *err)
{
    struct journal_file *f = &j->files[which];
    f->appender = env_append_open(j->env, str_c(f->path), bytes_kept, err);
    if (!f->appender)
        return false;
    j->current = which;
    f->bytes = bytes_kept;
    if (bytes_kept > 0)
        return true;
    f->is_live = false;
    f->generation = MAX(j->files[0].generation, j->files[1].generation) + 1;
    struct buf header = {0};
    journal_put_header(&header, str_c(j->kind), f->generation);
    append(j, &header, NULL, NULL);
    return true;
}

void journal_add(struct journal *j, str record)
{
    j->pending_records++;
    if (j->path)
        journal_put_frame(&j->pending, record);
}

void journal_commit(struct journal *j, file_done_fn *on_done, void *owner)
{
    assert(j->pending_records > 0);
    j->stats.appended_records += j->pending_records;
    j->pending_records = 0;
    if (j->is_broken || !j->path) {
        buf_clear(&j->pending);
        wait_add(j, &j->next_fold, on_done, owner);
        if (!j->is_folding && !timer_is_set(&j->kick))
            env_timer_after(j->env, &j->kick, 0);
        return;
    }
    j->files[j->current].is_live = true;
    append(j, &j->pending, on_done, owner);
    j->pending = (struct buf){0};
    if (journal_bytes(j) >= j->fold_threshold && !j->is_folding && !timer_is_set(&j->kick))
        env_timer_after(j->env, &j->kick, 0);
}

// ---- folding ------------------------------------------------------------------------------------

static void close_check(struct journal *j);

static void file_emptied(void *owner, const struct err *err)
{
    (void)err; // nothing was appended
    struct journal *j = owner;
    j->emptying--;
    close_check(j);
}

// Empties a file whose records are all in the snapshot. If that fails it stays live: its records
// are merged once more at the next start, which changes nothing.
static void empty_file(struct journal *j, struct journal_file *f)
{
    struct appender *a = env_append_open(j->env, str_c(f->path), 0, NULL);
    if (!a)
        return;
    j->emptying++;
    env_append_close(j->env, a, file_emptied, j);
    f->is_live = false;
    f->bytes = 0;
    f->generation = 0;
}

static void fold_truncate(struct journal *j)
{
    if (j->files[1 - j->current].is_live)
        empty_file(j, &j->files[1 - j->current]);
    if (!j->fold_repairs)
        return;
    if (journal_begin_file(j, j->current, 0, NULL))
        j->is_broken = j->stats.is_broken = false;
}

static void fold_end(struct journal *j)
{
    struct err err = j->fold_err;
    if (err.code == ERR_NONE && j->path) {
        fold_truncate(j);
        j->stats.folds++;
        j->stats.snapshot_bytes = j->fold_bytes;
        j->stats.fold_ns += env_mono(j->env) - j->fold_start;
    } else if (j->path) {
        j->stats.fold_errors++;
    }
    j->stats.journal_bytes = journal_bytes(j);
    set_fold_threshold(j);
    j->is_folding = false;
    waits_answer(j, &err);
    if (!list_is_empty(&j->next_fold))
        fold_begin(j);
    else if (j->close_is_due)
        close_files(j);
}

static void fold_step_done(struct journal *j)
{
    if (--j->fold_steps_left == 0)
        fold_end(j);
}

static void fold_replaced(void *owner, const struct err *err)
{
    struct journal *j = owner;
    j->fold_err = *err;
    fold_step_done(j);
}

static void fold_closed(void *owner, const struct err *err)
{
    (void)err; // its appends had their own answers
    fold_step_done(owner);
}

static void fold_close_file(struct journal *j, struct journal_file *f)
{
    if (!f->appender)
        return;
    j->fold_steps_left++;
    env_append_close(j->env, take(&f->appender), fold_closed, j);
}

// From here on appends go to the other file, so that this one can be emptied once the snapshot is
// there. While the other one still holds records of a failed fold it stays with this one, and only
// those are got rid of.
static void fold_rotate(struct journal *j)
{
    struct journal_file *before = &j->files[j->current];
    if (!before->is_live || j->files[1 - j->current].is_live)
        return;
    if (journal_begin_file(j, 1 - j->current, 0, NULL))
        fold_close_file(j, before);
}

static void fold_replace(struct journal *j)
{
    struct buf state = j->fold_state;
    j->fold_state = (struct buf){0};
    j->fold_bytes = state.n;
    if (state.is_full) { // too large for one file: the journals go on
        buf_done(&state);
        err_set(&j->fold_err, ERR_LIMIT, "state exceeds %zu bytes", SNAPSHOT_BYTES_MAX);
        fold_step_done(j);
        return;
    }
    env_file_replace(j->env, str_c(j->path), &state, fold_replaced, j);
}

static void fold_encode(struct journal *j, bool is_first)
{
    if (j->hooks.marshal_part && j->hooks.marshal_part(j->hooks.owner, is_first, &j->fold_state)) {
        env_timer_after(j->env, &j->fold_part, 0);
        return;
    }
    if (!j->hooks.marshal_part)
        j->hooks.marshal(j->hooks.owner, &j->fold_state);
    fold_replace(j);
}

static void fold_encode_part(void *owner)
{
    fold_encode(owner, false);
}

static void fold_write(struct journal *j)
{
    j->fold_repairs = j->is_broken;
    j->fold_steps_left = 1;
    if (j->fold_repairs)
        fold_close_file(j, &j->files[j->current]);
    else
        fold_rotate(j);
    j->fold_state = (struct buf){.max = SNAPSHOT_BYTES_MAX};
    if (j->is_framed)
        journal_put_header(&j->fold_state, str_c(j->kind), 1);
    fold_encode(j, true);
}

static void fold_set_aside(struct journal *j);

static void set_aside_done(void *owner, const struct err *err)
{
    struct journal *j = owner;
    if (err->code != ERR_NONE) { // without the copy the damaged file is not replaced
        j->fold_err = *err;
        fold_end(j);
        return;
    }
    struct journal_aside *a = &j->asides[--j->aside_count];
    buf_done(&a->path);
    buf_done(&a->bytes);
    fold_set_aside(j);
}

static void fold_set_aside(struct journal *j)
{
    if (j->aside_count == 0) {
        waits_move(&j->folding, &j->next_fold);
        fold_write(j);
        return;
    }
    struct journal_aside *a = &j->asides[j->aside_count - 1];
    struct buf copy = {0}; // the bytes are kept: the copy may fail and be tried again
    buf_put(&copy, buf_str(&a->bytes));
    env_file_replace(j->env, buf_str(&a->path), &copy, set_aside_done, j);
}

static void fold_begin(struct journal *j)
{
    env_timer_cancel(j->env, &j->kick);
    waits_move(&j->folding, &j->next_fold);
    j->fold_err = (struct err)ERR_INIT;
    if (!j->path) {
        fold_end(j);
        return;
    }
    j->is_folding = true;
    j->fold_start = env_mono(j->env);
    fold_set_aside(j);
}

void journal_fold(struct journal *j, file_done_fn *on_done, void *owner)
{
    wait_add(j, &j->next_fold, on_done, owner);
    if (!j->is_folding && !timer_is_set(&j->kick))
        env_timer_after(j->env, &j->kick, 0);
}

// ---- closing ------------------------------------------------------------------------------------

// Calls back when nothing is open any more: the last thing that is done with j in a turn.
static void close_check(struct journal *j)
{
    if (!j->is_closing || j->emptying > 0 || j->is_current_closing)
        return;
    j->is_closing = false;
    if (j->on_closed)
        j->on_closed(j->close_owner, &j->close_err);
}

static void current_closed(void *owner, const struct err *err)
{
    (void)err; // every append had its own answer
    struct journal *j = owner;
    j->is_current_closing = false;
    close_check(j);
}

static void close_files(struct journal *j)
{
    j->close_is_due = false;
    j->is_closing = true;
    struct journal_file *f = &j->files[j->current];
    if (f->appender) {
        j->is_current_closing = true;
        env_append_close(j->env, take(&f->appender), current_closed, j);
    }
    close_check(j);
}

static void close_folded(void *owner, const struct err *err)
{
    struct journal *j = owner;
    j->close_err = *err;
    j->close_is_due = true;
}

void journal_close(struct journal *j, file_done_fn *on_done, void *owner)
{
    j->on_closed = on_done;
    j->close_owner = owner;
    journal_fold(j, close_folded, j);
}
