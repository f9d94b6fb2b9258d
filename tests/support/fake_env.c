// SPDX-License-Identifier: Apache-2.0
#include "tests/support/fake_env.h"

#include "base/core/alloc.h"
#include "base/core/list.h"

enum op_kind { OP_APPEND, OP_REPLACE, OP_CLOSE };

struct appender {
    struct list link;
    struct fake_env *fake;
    size_t file; // its number
};

struct op {
    struct list link;
    enum op_kind kind;
    struct appender *appender;
    char *path;
    struct buf bytes;
    file_done_fn *on_done;
    void *owner;
};

static struct fake_env *fake_of(struct env *e)
{
    return container_of(e, struct fake_env, env);
}

// ---- clocks, chance, timers -----------------------------------------------------------------

static time_ns fake_now(struct env *e)
{
    return fake_of(e)->now;
}

static mono_ns fake_mono(struct env *e)
{
    return fake_of(e)->mono;
}

static int32_t fake_utc_offset_s(struct env *e, time_ns t)
{
    (void)e;
    (void)t;
    return 0;
}

static uint64_t fake_random(struct env *e)
{
    return rand_u64(&fake_of(e)->rand);
}

static void fake_timer_set(struct env *e, struct timer *t, mono_ns at)
{
    timer_queue_set(&fake_of(e)->timers, t, at);
}

static void fake_timer_cancel(struct env *e, struct timer *t)
{
    timer_queue_cancel(&fake_of(e)->timers, t);
}

// ---- the disk -------------------------------------------------------------------------------

// How much of a change that costs n reaches the disk.
static size_t disk_spend(struct fake_env *f, size_t n)
{
    if (f->is_dead)
        return 0;
    if (f->disk_budget - f->disk_used >= n) {
        f->disk_used += n;
        return n;
    }
    size_t left = f->disk_budget - f->disk_used;
    f->disk_used = f->disk_budget;
    f->is_dead = true;
    return left;
}

static size_t file_index(const struct fake_env *f, str path)
{
    for (size_t i = 0; i < f->file_count; i++) {
        if (f->files[i].path && str_eq(str_c(f->files[i].path), path))
            return i;
    }
    return SIZE_MAX;
}

static size_t file_make(struct fake_env *f, str path)
{
    size_t i = file_index(f, path);
    if (i != SIZE_MAX)
        return i;
    assert(f->file_count < ARRAY_LEN(f->files));
    f->files[f->file_count].path = mem_dup(path);
    return f->file_count++;
}

struct buf *fake_file(struct fake_env *f, const char *path)
{
    size_t i = file_index(f, str_c(path));
    return i == SIZE_MAX ? NULL : &f->files[i].bytes;
}

void fake_file_set(struct fake_env *f, const char *path, str bytes)
{
    struct buf *b = &f->files[file_make(f, str_c(path))].bytes;
    buf_clear(b);
    buf_put(b, bytes);
}

void fake_file_remove(struct fake_env *f, const char *path)
{
    size_t i = file_index(f, str_c(path));
    if (i == SIZE_MAX)
        return;
    mem_free(f->files[i].path); // its number stays taken, appenders may hold it
    f->files[i].path = NULL;
    buf_done(&f->files[i].bytes);
}

struct fake_file *fake_file_starting(struct fake_env *f, const char *prefix)
{
    for (size_t i = 0; i < f->file_count; i++) {
        if (f->files[i].path && str_starts(str_c(f->files[i].path), str_c(prefix)))
            return &f->files[i];
    }
    return NULL;
}

static bool fake_file_read(struct env *e, str path, size_t bytes_max, struct buf *out,
                           struct err *err)
{
    struct fake_env *f = fake_of(e);
    size_t i = file_index(f, path);
    if (i == SIZE_MAX)
        return err_set(err, ERR_NOT_FOUND, "open %.*s: no such file or directory", STR(path));
    if (f->files[i].bytes.n > bytes_max)
        return err_set(err, ERR_LIMIT, "%.*s: too large", STR(path));
    buf_put(out, buf_str(&f->files[i].bytes));
    return true;
}

static struct op *op_add(struct fake_env *f, enum op_kind kind, file_done_fn *on_done, void *owner)
{
    struct op *op = mem_new(struct op);
    op->kind = kind;
    op->on_done = on_done;
    op->owner = owner;
    list_append(&f->ops, &op->link);
    return op;
}

static void appender_free(struct appender *a)
{
    list_remove(&a->link);
    mem_free(a);
}

static void op_free(struct op *op)
{
    if (op->kind == OP_CLOSE)
        appender_free(op->appender);
    mem_free(op->path);
    buf_done(&op->bytes);
    mem_free(op);
}

static void fake_file_replace(struct env *e, str path, struct buf *takes, file_done_fn *on_done,
                              void *owner)
{
    struct op *op = op_add(fake_of(e), OP_REPLACE, on_done, owner);
    op->path = mem_dup(path);
    op->bytes = *takes;
    *takes = (struct buf){0};
}

static struct appender *fake_append_open(struct env *e, str path, uint64_t bytes_kept,
                                         struct err *err)
{
    struct fake_env *f = fake_of(e);
    if (f->is_disk_full) {
        err_set(err, ERR_IO, "open %.*s: no space left on device", STR(path));
        return NULL;
    }
    struct appender *a = mem_new(struct appender);
    a->fake = f;
    list_append(&f->appenders, &a->link);
    if (disk_spend(f, 1) == 1) {
        a->file = file_make(f, path);
        struct buf *b = &f->files[a->file].bytes;
        b->n = MIN(b->n, bytes_kept);
    }
    return a;
}

static void fake_append(struct appender *a, struct buf *takes, file_done_fn *on_done, void *owner)
{
    assert(takes->n > 0);
    struct op *op = op_add(a->fake, OP_APPEND, on_done, owner);
    op->appender = a;
    op->bytes = *takes;
    *takes = (struct buf){0};
}

static void fake_append_close(struct appender *a, file_done_fn *on_done, void *owner)
{
    op_add(a->fake, OP_CLOSE, on_done, owner)->appender = a;
}

static void op_to_disk(struct fake_env *f, struct op *op, struct err *err)
{
    if (op->kind == OP_CLOSE)
        return;
    if (f->is_disk_full) {
        if (op->kind == OP_APPEND) { // half of it still fitted
            struct buf *b = &f->files[op->appender->file].bytes;
            buf_put(b, str_slice(buf_str(&op->bytes), 0, op->bytes.n / 2));
        }
        err_set(err, ERR_IO, "no space left on device");
        return;
    }
    if (op->kind == OP_APPEND) {
        size_t n = disk_spend(f, op->bytes.n);
        if (n > 0)
            buf_put(&f->files[op->appender->file].bytes, str_slice(buf_str(&op->bytes), 0, n));
        f->append_count += !f->is_dead;
        return;
    }
    if (f->is_replace_failing) {
        err_set(err, ERR_IO, "input/output error");
        return;
    }
    if (disk_spend(f, 1) == 1)
        fake_file_set(f, op->path, buf_str(&op->bytes));
    f->replace_count += !f->is_dead;
}

bool fake_env_step(struct fake_env *f)
{
    struct list *node = list_take_first(&f->ops);
    if (!node)
        return timer_queue_run(&f->timers, f->mono) > 0;
    struct op *op = list_item(node, struct op, link);
    struct err err = ERR_INIT;
    op_to_disk(f, op, &err);
    file_done_fn *on_done = op->on_done;
    void *owner = op->owner;
    op_free(op);
    if (on_done && !f->is_dead)
        on_done(owner, &err);
    return true;
}

void fake_env_settle(struct fake_env *f)
{
    while (!f->is_dead && fake_env_step(f))
        ;
}

void fake_env_advance(struct fake_env *f, dur_ns d)
{
    f->now += d;
    f->mono += d;
    fake_env_settle(f);
}

static const struct env_ops FAKE_OPS = {
    .now = fake_now,
    .mono = fake_mono,
    .random = fake_random,
    .utc_offset_s = fake_utc_offset_s,
    .timer_set = fake_timer_set,
    .timer_cancel = fake_timer_cancel,
    .file_read = fake_file_read,
    .file_replace = fake_file_replace,
    .append_open = fake_append_open,
    .append = fake_append,
    .append_close = fake_append_close,
};

void fake_env_init(struct fake_env *f)
{
    *f = (struct fake_env){.env.ops = &FAKE_OPS, .disk_budget = UINT64_MAX};
    f->now = DUR_SECONDS(1767571200);
    rand_seed(&f->rand, 1);
    list_init(&f->ops);
    list_init(&f->appenders);
}

void fake_env_reboot(struct fake_env *f)
{
    for (struct list *node; (node = list_take_first(&f->ops)) != NULL;)
        op_free(list_item(node, struct op, link));
    while (!list_is_empty(&f->appenders))
        appender_free(list_item(f->appenders.next, struct appender, link));
    timer_queue_done(&f->timers);
    f->timers = (struct timer_queue){0};
    f->is_dead = f->is_disk_full = f->is_replace_failing = false;
    f->disk_budget = UINT64_MAX;
    f->disk_used = 0;
}

void fake_env_done(struct fake_env *f)
{
    fake_env_reboot(f);
    timer_queue_done(&f->timers);
    for (size_t i = 0; i < f->file_count; i++) {
        mem_free(f->files[i].path);
        buf_done(&f->files[i].bytes);
    }
}
