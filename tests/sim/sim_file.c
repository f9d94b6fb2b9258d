// SPDX-License-Identifier: Apache-2.0
// The file calls of a program: whole files, and files that only grow.
//
// What is under way when the process dies may be on the disk wholly, in part, or not at all; what
// was reported as done is there.
#include "base/core/alloc.h"
#include "tests/sim/sim_internal.h"

#define LATENCY_MIN DUR_US(100)
#define LATENCY_MAX DUR_MS(3)

struct append_op {
    struct list link;
    struct buf data;
    file_done_fn *on_done;
    void *owner;
};

struct appender {
    struct sim_object obj;
    struct sim_file *file;
    struct list waiting;
    struct list syncing; // share one write and sync
    struct sim_event event;
    struct err err; // the first failure; all that follows fails with it
    bool is_closing;
    file_done_fn *on_closed;
    void *close_owner;
};

struct replace {
    struct sim_object obj;
    char *path;
    struct buf data;
    file_done_fn *on_done;
    void *owner;
    struct sim_event event;
};

// ---- errors and time -----------------------------------------------------------------------

static dur_ns disk_latency(struct sim_node *n)
{
    const struct sim_disk_options *opt = &n->disk.opt;
    if (!opt->latency_max && !opt->latency_min)
        return sim_between(n->world, LATENCY_MIN, LATENCY_MAX);
    return sim_between(n->world, opt->latency_min, opt->latency_max);
}

static bool check_alive(struct sim_proc *p, struct err *err)
{
    return !p->is_dead || err_set(err, ERR_CANCELED, "the process is dead");
}

static bool check_writable(struct sim_node *n, const char *verb, str path, struct err *err)
{
    if (n->disk.opt.is_read_only)
        return err_set(err, ERR_IO, "%s %.*s: read-only file system", verb, STR(path));
    if (!sim_dir_of_exists(&n->disk, path))
        return err_set(err, ERR_NOT_FOUND, "%s %.*s: no such file or directory", verb, STR(path));
    return true;
}

// How much of `bytes` gets written before an error, all of it without one.
static size_t bytes_writable(struct sim_node *n, str path, size_t bytes, struct err *err)
{
    const struct sim_disk *d = &n->disk;
    if (d->opt.is_read_only) {
        err_set(err, ERR_IO, "write %.*s: read-only file system", STR(path));
        return 0;
    }
    if (sim_chance(n->world, d->opt.write_error_percent)) {
        err_set(err, ERR_IO, "write %.*s: input/output error", STR(path));
        return sim_random_below(n->world, bytes + 1);
    }
    if (d->opt.bytes_max && d->bytes + bytes > d->opt.bytes_max) {
        err_set(err, ERR_IO, "write %.*s: no space left on device", STR(path));
        return d->opt.bytes_max > d->bytes ? d->opt.bytes_max - d->bytes : 0;
    }
    return bytes;
}

// ---- at once -------------------------------------------------------------------------------

bool sim_file_read(struct env *e, str path, size_t bytes_max, struct buf *out, struct err *err)
{
    struct sim_proc *p = sim_proc(e);
    struct sim_node *n = p->node;
    if (!check_alive(p, err))
        return false;
    const struct sim_file *f = sim_file_find(&n->disk, path);
    if (!f)
        return err_set(err, ERR_NOT_FOUND, "open %.*s: no such file or directory", STR(path));
    if (sim_chance(n->world, n->disk.opt.read_error_percent))
        return err_set(err, ERR_IO, "read %.*s: input/output error", STR(path));
    if (f->data.n > bytes_max)
        return err_set(err, ERR_LIMIT, "read %.*s: file is larger than %zu bytes", STR(path),
                       bytes_max);
    buf_put(out, buf_str(&f->data));
    return !out->is_full ||
           err_set(err, ERR_LIMIT, "read %.*s: file is larger than %zu bytes", STR(path), out->max);
}

bool sim_file_rename(struct env *e, str from, str to, struct err *err)
{
    struct sim_proc *p = sim_proc(e);
    if (!check_alive(p, err) || !check_writable(p->node, "rename", to, err))
        return false;
    return sim_file_move(p->node, from, to) ||
           err_set(err, ERR_NOT_FOUND, "rename %.*s %.*s: no such file or directory", STR(from),
                   STR(to));
}

bool sim_env_dir_make(struct env *e, str path, struct err *err)
{
    struct sim_proc *p = sim_proc(e);
    if (!check_alive(p, err))
        return false;
    if (p->node->disk.opt.is_read_only && !sim_dir_exists(&p->node->disk, path))
        return err_set(err, ERR_IO, "mkdir %.*s: read-only file system", STR(path));
    if (sim_file_find(&p->node->disk, path))
        return err_set(err, ERR_IO, "mkdir %.*s: not a directory", STR(path));
    sim_dir_make(&p->node->disk, path);
    return true;
}

// ---- replacing -----------------------------------------------------------------------------

// A dead process leaves its temporary file behind, with a part of the bytes.
static void leave_temporary(struct replace *r, struct sim_node *n)
{
    defer(buf_done) struct buf path = {0};
    buf_printf(&path, "%s.", r->path);
    buf_put_hex64(&path, sim_random(n->world));
    str part = str_slice(buf_str(&r->data), 0, sim_random_below(n->world, r->data.n + 1));
    sim_file_store(sim_file_make(&n->disk, buf_str(&path)), part);
}

static void replace_crash(struct sim_object *o)
{
    struct replace *r = container_of(o, struct replace, obj);
    struct sim_node *n = o->proc->node;
    sim_event_cancel(&r->event);
    struct err err = ERR_INIT;
    bool is_fit = check_writable(n, "open", str_c(r->path), &err) &&
                  bytes_writable(n, str_c(r->path), r->data.n, &err) == r->data.n;
    switch (is_fit ? sim_random_below(n->world, 3) : 2) {
    case 0:
        sim_file_store(sim_file_make(&n->disk, str_c(r->path)), buf_str(&r->data));
        return;
    case 1:
        leave_temporary(r, n);
        return;
    default:
        return;
    }
}

static void replace_free(struct sim_object *o)
{
    struct replace *r = container_of(o, struct replace, obj);
    sim_event_cancel(&r->event);
    buf_done(&r->data);
    mem_free(r->path);
    mem_free(r);
}

static const struct sim_class REPLACE = {"file replacement", replace_crash, replace_free};

static void on_replaced(struct sim_event *ev)
{
    struct replace *r = container_of(ev, struct replace, event);
    struct sim_node *n = r->obj.proc->node;
    struct err err = ERR_INIT;
    str path = str_c(r->path);
    // The old file stands until the new one is complete: both need room.
    if (check_writable(n, "open", path, &err) &&
        bytes_writable(n, path, r->data.n, &err) == r->data.n && err.code == ERR_NONE) {
        sim_file_store(sim_file_make(&n->disk, path), buf_str(&r->data));
        sim_disk_renames_synced(&n->disk);
    }
    file_done_fn *on_done = r->on_done;
    void *owner = r->owner;
    sim_object_done(&r->obj);
    replace_free(&r->obj);
    if (on_done)
        on_done(owner, &err);
}

void sim_file_replace(struct env *e, str path, struct buf *takes, file_done_fn *on_done,
                      void *owner)
{
    struct sim_proc *p = sim_proc(e);
    struct replace *r = mem_new(struct replace);
    *r = (struct replace){.path = mem_dup(path), .on_done = on_done, .owner = owner};
    r->data = *takes;
    *takes = (struct buf){.max = takes->max};
    sim_object_init(&r->obj, p, &REPLACE);
    sim_event_init(&r->event, p->node->world, SIM_EV_DISK, p->node, on_replaced);
    if (!p->is_dead)
        sim_event_after(&r->event, disk_latency(p->node));
}

// ---- appending -----------------------------------------------------------------------------

static void op_free(struct append_op *op)
{
    buf_done(&op->data);
    mem_free(op);
}

static void join(const struct list *ops, struct buf *out)
{
    list_each (l, ops)
        buf_put(out, buf_str(&list_item(l, struct append_op, link)->data));
}

// The write under way is torn at any byte; after a loss of power the file may already have its new
// length, filled with zeros.
static void appender_crash(struct sim_object *o)
{
    struct appender *a = container_of(o, struct appender, obj);
    struct sim_node *n = o->proc->node;
    sim_event_cancel(&a->event);
    defer(buf_done) struct buf torn = {0};
    join(&a->syncing, &torn);
    struct err err = ERR_INIT;
    size_t most = bytes_writable(n, str_c(a->file->path), torn.n, &err);
    size_t kept = sim_random_below(n->world, most + 1);
    bool has_zeros = n->is_off && sim_chance(n->world, 25);
    sim_file_append(a->file, str_slice(buf_str(&torn), 0, kept));
    if (has_zeros && kept < most) {
        memset(torn.p, 0, torn.n);
        sim_file_append(a->file, str_slice(buf_str(&torn), 0, most - kept));
    }
}

static void appender_free(struct sim_object *o)
{
    struct appender *a = container_of(o, struct appender, obj);
    sim_event_cancel(&a->event);
    for (struct list *l; (l = list_take_first(&a->syncing)) != NULL;)
        op_free(list_item(l, struct append_op, link));
    for (struct list *l; (l = list_take_first(&a->waiting)) != NULL;)
        op_free(list_item(l, struct append_op, link));
    sim_file_unref(a->file);
    mem_free(a);
}

static const struct sim_class APPENDER = {"file for appending", appender_crash, appender_free};

// Starts the next write, or ends a close.
static void appender_go_on(struct appender *a)
{
    if (sim_event_is_pending(&a->event) || !list_is_empty(&a->syncing))
        return;
    for (struct list *l; (l = list_take_first(&a->waiting)) != NULL;)
        list_append(&a->syncing, l);
    if (!list_is_empty(&a->syncing) || a->is_closing)
        sim_event_after(&a->event, disk_latency(a->obj.proc->node));
}

static void appender_close(struct appender *a)
{
    file_done_fn *on_done = a->on_closed;
    void *owner = a->close_owner;
    struct err err = a->err;
    sim_object_done(&a->obj);
    appender_free(&a->obj);
    if (on_done)
        on_done(owner, &err);
}

static void write_batch(struct appender *a)
{
    struct sim_node *n = a->obj.proc->node;
    defer(buf_done) struct buf batch = {0};
    join(&a->syncing, &batch);
    size_t written = bytes_writable(n, str_c(a->file->path), batch.n, &a->err);
    sim_file_append(a->file, str_slice(buf_str(&batch), 0, written));
    sim_disk_renames_synced(&n->disk);
}

static void on_synced(struct sim_event *ev)
{
    struct appender *a = container_of(ev, struct appender, event);
    const struct sim_proc *p = a->obj.proc;
    if (list_is_empty(&a->syncing)) {
        appender_close(a);
        return;
    }
    if (a->err.code == ERR_NONE)
        write_batch(a);
    struct list done;
    list_init(&done);
    for (struct list *l; (l = list_take_first(&a->syncing)) != NULL;)
        list_append(&done, l);
    for (struct list *l; (l = list_take_first(&done)) != NULL;) {
        struct append_op *op = list_item(l, struct append_op, link);
        if (!p->is_dead && op->on_done)
            op->on_done(op->owner, &a->err); // may append, close, or kill the process
        op_free(op);
    }
    if (!p->is_dead)
        appender_go_on(a);
}

struct appender *sim_append_open(struct env *e, str path, uint64_t bytes_kept, struct err *err)
{
    struct sim_proc *p = sim_proc(e);
    struct sim_node *n = p->node;
    if (!check_alive(p, err) || !check_writable(n, "open", path, err))
        return NULL;
    const struct sim_file *old = sim_file_find(&n->disk, path);
    if (bytes_kept > (old ? old->data.n : 0)) {
        err_set(err, ERR_INVALID, "%.*s has only %zu of the %llu bytes to be kept", STR(path),
                old ? old->data.n : 0, (unsigned long long)bytes_kept);
        return NULL;
    }
    struct appender *a = mem_new(struct appender);
    a->file = sim_file_make(&n->disk, path);
    a->file->refs++;
    sim_file_cut(a->file, bytes_kept);
    list_init(&a->waiting);
    list_init(&a->syncing);
    sim_event_init(&a->event, n->world, SIM_EV_DISK, n, on_synced);
    sim_object_init(&a->obj, p, &APPENDER);
    return a;
}

void sim_append(struct appender *a, struct buf *takes, file_done_fn *on_done, void *owner)
{
    struct append_op *op = mem_new(struct append_op);
    *op = (struct append_op){.data = *takes, .on_done = on_done, .owner = owner};
    *takes = (struct buf){.max = takes->max};
    list_append(&a->waiting, &op->link);
    if (a->obj.proc->is_dead)
        return;
    SIM_CHECK(!a->is_closing, "an append to a closed file");
    appender_go_on(a);
}

void sim_append_close(struct appender *a, file_done_fn *on_done, void *owner)
{
    if (a->obj.proc->is_dead)
        return;
    SIM_CHECK(!a->is_closing, "a file was closed twice");
    a->is_closing = true;
    a->on_closed = on_done;
    a->close_owner = owner;
    appender_go_on(a);
}
