// SPDX-License-Identifier: Apache-2.0
// Small appends are written at once, on the core thread: then a kill of the process loses nothing,
// whenever it comes, and only the sync that guards against a loss of power is left to a worker.
// Long ones are written there, too.
//
// What opening has changed, the cut and the name, is synced by a worker as well: it may take as
// long as the disk is busy. Nothing is written behind a cut before that.
//
// Group commit: while one write and its sync are on a worker, further appends wait; when it comes
// back, all of them share a single sync. The first error stays: what follows a hole would be of no
// use, so later appends fail with it at once.
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/core/alloc.h"
#include "base/io/files.h"

#define INLINE_BYTES_MAX ((size_t)64 << 10) // a write into the page cache of well below 1 ms

struct append {
    struct list link; // appender.waiting or .writing
    struct buf bytes;
    bool is_written; // on the core thread already
    int write_errno; // why that failed; 0: it did not
    bool is_refused; // too much was waiting: not written
    file_done_fn *fn;
    void *owner;
};

struct appender {
    struct env_uv *env;
    int fd;
    char *path;
    struct list waiting;
    struct list writing;  // the worker reads it while is_writing
    size_t pending_bytes; // of both lists
    bool is_writing;
    bool is_closing;
    bool is_opening;     // the group on the worker is the sync of what opening has changed
    bool is_cut;         // it has cut the file, and the sync is not done
    size_t unwritten;    // appends of both lists that are left to the worker
    bool is_broken;      // a write on the core thread has failed
    struct err err;      // the first error; written by the worker while is_writing
    struct timer failed; // fails what waits, from outside of the call that asked
    file_done_fn *on_closed;
    void *owner;
};

static void start_group(struct appender *a);

static bool append_cut(struct appender *a, uint64_t bytes_kept, struct err *err)
{
    struct stat st;
    if (fstat(a->fd, &st) != 0)
        return err_os(err, ERR_IO, errno, "stat %s", a->path);
    if ((uint64_t)st.st_size < bytes_kept)
        return err_set(err, ERR_INVALID, "%s has only %lld of the %llu bytes to be kept", a->path,
                       (long long)st.st_size, (unsigned long long)bytes_kept);
    a->is_cut = (uint64_t)st.st_size > bytes_kept;
    if (a->is_cut && ftruncate(a->fd, (off_t)bytes_kept) != 0)
        return err_os(err, ERR_IO, errno, "truncate %s", a->path);
    if (lseek(a->fd, 0, SEEK_END) < 0)
        return err_os(err, ERR_IO, errno, "seek %s", a->path);
    return true;
}

static void appender_free(struct appender *a)
{
    timer_queue_cancel(&a->env->timers, &a->failed);
    if (a->fd >= 0)
        close(a->fd);
    mem_free(a->path);
    mem_free(a);
}

// Takes one append off its list and tells its owner.
static void append_end(struct appender *a, struct list *node)
{
    struct append *p = list_item(node, struct append, link);
    a->pending_bytes -= p->bytes.n;
    a->unwritten -= !p->is_written;
    struct err refusal = ERR_INIT;
    if (p->is_refused)
        err_set(&refusal, ERR_LIMIT, "write %s: too much waits for the disk", a->path);
    if (p->fn)
        p->fn(p->owner, a->err.code == ERR_NONE ? &refusal : &a->err);
    buf_done(&p->bytes);
    mem_free(p);
}

static void close_if_idle(struct appender *a)
{
    if (!a->is_closing || a->is_writing || !list_is_empty(&a->waiting))
        return;
    a->env->job_count--;
    if (a->on_closed)
        a->on_closed(a->owner, &a->err);
    appender_free(a);
}

// Runs from the loop: for an appender that has failed, and for a close with nothing to wait for.
static void on_failed(void *owner)
{
    struct appender *a = owner;
    if (a->is_writing)
        return;                          // group_done goes on
    struct list *last = a->waiting.prev; // what the callbacks add waits for its own turn
    for (struct list *node = NULL;
         node != last && a->err.code != ERR_NONE && (node = list_take_first(&a->waiting)) != NULL;)
        append_end(a, node);
    close_if_idle(a);
}

static void fail_later(struct appender *a)
{
    timer_queue_set(&a->env->timers, &a->failed, (mono_ns)uv_hrtime());
}

// ---- groups --------------------------------------------------------------------------------

// On the worker.
static bool write_group(struct appender *a)
{
    if (a->is_opening)
        return (fsync(a->fd) == 0 && dir_sync(a->path)) ||
               err_os(&a->err, ERR_IO, errno, "sync %s", a->path);
    list_each (node, &a->writing) {
        const struct append *p = list_item(node, struct append, link);
        if (p->write_errno)
            return err_os(&a->err, ERR_IO, p->write_errno, "write %s", a->path);
        if (!p->is_written && !file_write_all(a->fd, buf_str(&p->bytes)))
            return err_os(&a->err, ERR_IO, errno, "write %s", a->path);
    }
    if (fdatasync(a->fd) != 0)
        return err_os(&a->err, ERR_IO, errno, "sync %s", a->path);
    return true;
}

static void group_run(void *job)
{
    write_group(job);
}

static void group_done(void *job)
{
    struct appender *a = job;
    for (struct list *node; (node = list_take_first(&a->writing)) != NULL;)
        append_end(a, node);
    a->is_writing = a->is_opening = a->is_cut = false;
    if (list_is_empty(&a->waiting))
        close_if_idle(a);
    else if (a->err.code != ERR_NONE)
        fail_later(a);
    else
        start_group(a);
}

static void start_group(struct appender *a)
{
    a->is_writing = true;
    for (struct list *node; (node = list_take_first(&a->waiting)) != NULL;)
        list_append(&a->writing, node);
    io_work(&a->env->env, group_run, group_done, a);
}

// ---- the calls -----------------------------------------------------------------------------

struct appender *appender_open(struct env *env, str path, uint64_t bytes_kept, struct err *err)
{
    struct appender *a = mem_new(struct appender);
    a->env = env_uv_of(env);
    a->path = mem_dup(path);
    list_init(&a->waiting);
    list_init(&a->writing);
    timer_init(&a->failed, on_failed, a);
    a->fd = open(a->path, O_WRONLY | O_CREAT | O_CLOEXEC, FILE_MODE);
    if (a->fd < 0)
        err_os(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, errno, "open %s", a->path);
    else if (append_cut(a, bytes_kept, err)) {
        a->is_opening = true;
        start_group(a); // an empty one
        return a;
    }
    appender_free(a);
    return NULL;
}

// Nothing that the worker still has to write may come behind it in the file.
static void write_inline(struct appender *a, struct append *p)
{
    if (a->is_cut || a->unwritten > 0 || a->is_broken || p->bytes.n > INLINE_BYTES_MAX)
        return;
    p->is_written = true;
    if (file_write_all(a->fd, buf_str(&p->bytes)))
        return;
    p->write_errno = errno;
    a->is_broken = true;
}

void appender_append(struct appender *a, struct buf *takes, file_done_fn *fn, void *owner)
{
    assert(!a->is_closing);
    struct append *p = mem_new(struct append);
    p->bytes = *takes;
    *takes = (struct buf){.max = takes->max};
    p->fn = fn;
    p->owner = owner;
    p->is_refused = p->bytes.n + a->pending_bytes > APPENDER_PENDING_BYTES_MAX;
    if (p->is_refused)
        buf_done(&p->bytes);
    write_inline(a, p);
    list_append(&a->waiting, &p->link);
    a->pending_bytes += p->bytes.n;
    a->unwritten += !p->is_written;
    if (a->is_writing)
        return; // joins the next group
    if (a->err.code == ERR_NONE)
        start_group(a);
    else
        fail_later(a);
}

void appender_close(struct appender *a, file_done_fn *fn, void *owner)
{
    assert(!a->is_closing);
    a->is_closing = true;
    a->env->job_count++; // env_uv_free waits for it
    a->on_closed = fn;
    a->owner = owner;
    if (!a->is_writing && list_is_empty(&a->waiting))
        fail_later(a);
}
