// SPDX-License-Identifier: Apache-2.0
#include "base/io/files.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/core/alloc.h"

static enum err_code code_of(int errnum)
{
    return errnum == ENOENT ? ERR_NOT_FOUND : errnum == EEXIST ? ERR_EXISTS : ERR_IO;
}

static void close_p(const int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static void char_free_p(char **p)
{
    mem_free(*p);
}

// A path as C string, or NULL with EINVAL for one that holds a NUL.
static char *path_c(str path)
{
    if (str_find(path, '\0') != STR_NONE) {
        errno = EINVAL;
        return NULL;
    }
    return mem_dup(path);
}

// ---- reading -------------------------------------------------------------------------------

static bool read_rest(int fd, str path, size_t bytes_max, struct buf *out, struct err *err)
{
    char piece[16 * 1024];
    for (size_t total = 0;;) {
        ssize_t n = read(fd, piece, sizeof(piece));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_os(err, ERR_IO, errno, "read %.*s", STR(path));
        if (n == 0)
            return true;
        total += (size_t)n;
        buf_put(out, str_from(piece, (size_t)n));
        if (total > bytes_max || out->is_full)
            return err_set(err, ERR_LIMIT, "read %.*s: file is larger than %zu bytes", STR(path),
                           bytes_max);
    }
}

bool files_read(struct env *env, str path, size_t bytes_max, struct buf *out, struct err *err)
{
    (void)env;
    defer(char_free_p) char *c = path_c(path);
    defer(close_p) int fd = c ? open(c, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0)
        return err_os(err, code_of(errno), errno, "open %.*s", STR(path));
    struct stat st;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (uint64_t)st.st_size > bytes_max)
        return err_set(err, ERR_LIMIT, "read %.*s: file is larger than %zu bytes", STR(path),
                       bytes_max);
    return read_rest(fd, path, bytes_max, out, err);
}

// ---- names ---------------------------------------------------------------------------------

bool files_rename(struct env *env, str from, str to, struct err *err)
{
    (void)env;
    defer(char_free_p) char *from_c = path_c(from);
    defer(char_free_p) char *to_c = path_c(to);
    if (from_c && to_c && rename(from_c, to_c) == 0) {
        dir_sync(to_c);
        return true;
    }
    return err_os(err, code_of(errno), errno, "rename %.*s %.*s", STR(from), STR(to));
}

bool files_dir_make(struct env *env, str path, struct err *err)
{
    (void)env;
    defer(char_free_p) char *c = path_c(path);
    if (!c)
        return err_os(err, ERR_INVALID, EINVAL, "mkdir %.*s", STR(path));
    for (size_t i = 1; i <= path.n; i++) {
        if (i < path.n && c[i] != '/')
            continue;
        c[i] = '\0';
        struct stat st;
        if (mkdir(c, DIR_MODE) == 0)
            dir_sync(c);
        else if (errno != EEXIST || stat(c, &st) != 0)
            return err_os(err, code_of(errno), errno, "mkdir %s", c);
        else if (!S_ISDIR(st.st_mode))
            return err_os(err, ERR_IO, ENOTDIR, "mkdir %s", c);
        c[i] = i < path.n ? '/' : '\0';
    }
    return true;
}

// ---- writing -------------------------------------------------------------------------------

bool file_write_all(int fd, str data)
{
    while (data.n) {
        ssize_t n = write(fd, data.p, data.n);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        data = str_skip(data, (size_t)n);
    }
    return true;
}

bool dir_sync(const char *path)
{
    str dir, name;
    str whole = str_trim_right(str_c(path), '/');
    if (!str_cut_last(whole, '/', &dir, &name))
        dir = S(".");
    else if (dir.n == 0)
        dir = S("/");
    defer(char_free_p) char *dir_c = mem_dup(dir);
    defer(close_p) int fd = open(dir_c, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd >= 0 && fsync(fd) == 0;
}

// A replacement: waiting in env_uv.replaces, then on a worker.
struct replace {
    struct env_uv *env;
    struct list link;
    char *path;
    char *temporary;
    struct buf bytes;
    struct err err;
    file_done_fn *fn;
    void *owner;
};

static void replace_next(struct env_uv *e);

// On the worker.
static bool replace_write(struct replace *r)
{
    defer(close_p) int fd = open(r->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
    if (fd < 0)
        return err_os(&r->err, code_of(errno), errno, "open %s", r->temporary);
    if (!file_write_all(fd, buf_str(&r->bytes)))
        return err_os(&r->err, ERR_IO, errno, "write %s", r->temporary);
    if (fsync(fd) != 0)
        return err_os(&r->err, ERR_IO, errno, "sync %s", r->temporary);
    if (rename(r->temporary, r->path) != 0)
        return err_os(&r->err, code_of(errno), errno, "rename %s %s", r->temporary, r->path);
    if (!dir_sync(r->path))
        return err_os(&r->err, ERR_IO, errno, "sync directory of %s", r->path);
    return true;
}

static void replace_run(void *job)
{
    struct replace *r = job;
    if (!replace_write(r))
        unlink(r->temporary);
}

static void replace_done(void *job)
{
    struct replace *r = job;
    struct env_uv *e = r->env;
    e->is_replacing = false;
    replace_next(e);
    if (r->fn)
        r->fn(r->owner, &r->err);
    buf_done(&r->bytes);
    mem_free(r->path);
    mem_free(r->temporary);
    mem_free(r);
}

static void replace_next(struct env_uv *e)
{
    struct list *node = e->is_replacing ? NULL : list_take_first(&e->replaces);
    if (!node)
        return;
    e->is_replacing = true;
    io_work(&e->env, replace_run, replace_done, list_item(node, struct replace, link));
}

void files_replace(struct env *env, str path, struct buf *takes, file_done_fn *fn, void *owner)
{
    struct env_uv *e = env_uv_of(env);
    struct replace *r = mem_new(struct replace);
    r->env = e;
    r->path = mem_dup(path);
    r->bytes = *takes;
    *takes = (struct buf){.max = takes->max};
    r->fn = fn;
    r->owner = owner;
    defer(buf_done) struct buf name = {0};
    buf_put(&name, path);
    buf_put_c(&name, '.');
    buf_put_hex64(&name, env_random(env));
    r->temporary = mem_dup(buf_str(&name));
    list_append(&e->replaces, &r->link);
    replace_next(e);
}
