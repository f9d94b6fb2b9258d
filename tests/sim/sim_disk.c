// SPDX-License-Identifier: Apache-2.0
// A machine's disk: named files, directories, and what a loss of power undoes.
#include "base/core/alloc.h"
#include "tests/sim/sim_internal.h"

#define RENAME_UNSAFE DUR_SECONDS(5) // ext4: commit interval of the journal

struct unsynced_rename {
    struct list link;
    mono_ns at;
    char *from;
    struct sim_file *moved;
    struct sim_file *displaced; // stood at the new name; or NULL
    uint64_t displaced_bytes;   // no longer counted on the disk
};

// ---- files ---------------------------------------------------------------------------------

// Where that path is or belongs in the sorted list.
static struct list *file_slot(struct sim_disk *d, str path, bool *ret_is_there)
{
    list_each (l, &d->files) {
        int order = str_cmp(str_c(list_item(l, struct sim_file, link)->path), path);
        *ret_is_there = order == 0;
        if (order >= 0)
            return l;
    }
    *ret_is_there = false;
    return &d->files;
}

struct sim_file *sim_file_find(struct sim_disk *d, str path)
{
    bool is_there;
    struct list *slot = file_slot(d, path, &is_there);
    return is_there ? list_item(slot, struct sim_file, link) : NULL;
}

static void file_link(struct sim_file *f, str path)
{
    bool is_there;
    struct list *slot = file_slot(f->disk, path, &is_there);
    assert(!is_there && !list_is_linked(&f->link));
    char *copy = mem_dup(path);
    mem_free(f->path);
    f->path = copy;
    f->refs++;
    list_insert_before(slot, &f->link);
}

struct sim_file *sim_file_make(struct sim_disk *d, str path)
{
    struct sim_file *f = sim_file_find(d, path);
    if (f)
        return f;
    f = mem_new(struct sim_file);
    f->disk = d;
    file_link(f, path);
    return f;
}

void sim_file_unref(struct sim_file *f)
{
    if (!f || --f->refs > 0)
        return;
    f->disk->bytes -= f->data.n;
    buf_done(&f->data);
    mem_free(f->path);
    mem_free(f);
}

void sim_file_unlink(struct sim_file *f)
{
    list_remove(&f->link);
    sim_file_unref(f);
}

void sim_file_cut(struct sim_file *f, size_t bytes)
{
    assert(bytes <= f->data.n);
    f->disk->bytes -= f->data.n - bytes;
    f->data.n = bytes;
}

void sim_file_append(struct sim_file *f, str data)
{
    buf_put(&f->data, data);
    f->disk->bytes += data.n;
}

void sim_file_store(struct sim_file *f, str data)
{
    sim_file_cut(f, 0);
    sim_file_append(f, data);
}

// ---- directories ---------------------------------------------------------------------------

static bool is_root(str path)
{
    return path.n == 0 || str_eq(path, S(".")) || str_eq(path, S("/"));
}

static str dir_of(str path)
{
    size_t slash = str_find_last(path, '/');
    return slash == STR_NONE ? S(".") : str_slice(path, 0, MAX(slash, (size_t)1));
}

static struct list *dir_slot(struct sim_disk *d, str path, bool *ret_is_there)
{
    list_each (l, &d->dirs) {
        int order = str_cmp(str_c(list_item(l, struct sim_dir, link)->path), path);
        *ret_is_there = order == 0;
        if (order >= 0)
            return l;
    }
    *ret_is_there = false;
    return &d->dirs;
}

bool sim_dir_exists(struct sim_disk *d, str path)
{
    bool is_there;
    path = path.n > 1 ? str_trim_right(path, '/') : path;
    dir_slot(d, path, &is_there);
    return is_root(path) || is_there;
}

bool sim_dir_of_exists(struct sim_disk *d, str path)
{
    return sim_dir_exists(d, dir_of(path));
}

void sim_dir_make(struct sim_disk *d, str path)
{
    path = path.n > 1 ? str_trim_right(path, '/') : path;
    for (; !is_root(path); path = dir_of(path)) {
        bool is_there;
        struct list *slot = dir_slot(d, path, &is_there);
        if (is_there)
            return;
        struct sim_dir *dir = mem_new(struct sim_dir);
        dir->path = mem_dup(path);
        list_insert_before(slot, &dir->link);
    }
}

// ---- renames -------------------------------------------------------------------------------

static void rename_free(struct unsynced_rename *r)
{
    list_remove(&r->link);
    r->moved->disk->bytes += r->displaced_bytes;
    sim_file_unref(r->moved);
    sim_file_unref(r->displaced);
    mem_free(r->from);
    mem_free(r);
}

void sim_disk_renames_synced(struct sim_disk *d)
{
    while (!list_is_empty(&d->renames))
        rename_free(list_item(d->renames.next, struct unsynced_rename, link));
}

static void forget_old_renames(struct sim_disk *d, mono_ns now)
{
    while (!list_is_empty(&d->renames)) {
        struct unsynced_rename *r = list_item(d->renames.next, struct unsynced_rename, link);
        if (now - r->at < RENAME_UNSAFE)
            return;
        rename_free(r);
    }
}

bool sim_file_move(struct sim_node *n, str from, str to)
{
    struct sim_disk *d = &n->disk;
    struct sim_file *f = sim_file_find(d, from);
    if (!f)
        return false;
    if (str_eq(from, to))
        return true;
    forget_old_renames(d, n->world->now);
    struct unsynced_rename *r = mem_new(struct unsynced_rename);
    r->at = n->world->now;
    r->from = mem_dup(from);
    r->moved = f;
    r->displaced = sim_file_find(d, to);
    list_append(&d->renames, &r->link);
    if (r->displaced) {
        list_remove(&r->displaced->link); // its reference moves to r
        r->displaced_bytes = r->displaced->data.n;
        d->bytes -= r->displaced_bytes;
    }
    list_remove(&f->link); // and this one to r->moved
    file_link(f, to);
    return true;
}

// Back to before that rename, unless its old name is in use again.
static void rename_undo(struct sim_disk *d, struct unsynced_rename *r)
{
    struct sim_file *f = r->moved;
    bool is_possible = list_is_linked(&f->link) && !sim_file_find(d, str_c(r->from));
    if (is_possible) {
        defer(buf_done) struct buf to = {0};
        buf_put(&to, str_c(f->path));
        list_remove(&f->link);
        f->refs--;
        file_link(f, str_c(r->from));
        if (r->displaced)
            file_link(r->displaced, buf_str(&to));
    }
    rename_free(r);
}

// Metadata is journalled in order: what is lost is the newest part.
void sim_disk_forget_unsynced(struct sim_node *n)
{
    struct sim_disk *d = &n->disk;
    forget_old_renames(d, n->world->now);
    uint64_t unsafe = 0;
    list_each (l, &d->renames)
        unsafe++;
    for (uint64_t lost = sim_random_below(n->world, unsafe + 1); lost > 0; lost--)
        rename_undo(d, list_item(d->renames.prev, struct unsynced_rename, link));
    sim_disk_renames_synced(d);
}

// ---- the disk and the test's hand in it ----------------------------------------------------

void sim_disk_init(struct sim_disk *d)
{
    list_init(&d->files);
    list_init(&d->dirs);
    list_init(&d->renames);
}

void sim_disk_done(struct sim_disk *d)
{
    sim_disk_renames_synced(d);
    while (!list_is_empty(&d->files))
        sim_file_unlink(list_item(d->files.next, struct sim_file, link));
    for (struct list *l; (l = list_take_first(&d->dirs)) != NULL;) {
        struct sim_dir *dir = list_item(l, struct sim_dir, link);
        mem_free(dir->path);
        mem_free(dir);
    }
}

void sim_disk_set(struct sim_node *n, const struct sim_disk_options *options)
{
    n->disk.opt = options ? *options : (struct sim_disk_options){0};
}

void sim_disk_put(struct sim_node *n, const char *path, str data)
{
    sim_dir_make(&n->disk, dir_of(str_c(path)));
    sim_file_store(sim_file_make(&n->disk, str_c(path)), data);
}

bool sim_disk_get(struct sim_node *n, const char *path, struct buf *out)
{
    const struct sim_file *f = sim_file_find(&n->disk, str_c(path));
    if (f)
        buf_put(out, buf_str(&f->data));
    return f != NULL;
}

bool sim_disk_remove(struct sim_node *n, const char *path)
{
    struct sim_file *f = sim_file_find(&n->disk, str_c(path));
    if (f)
        sim_file_unlink(f);
    return f != NULL;
}

bool sim_disk_flip_bit(struct sim_node *n, const char *path)
{
    struct sim_file *f = sim_file_find(&n->disk, str_c(path));
    if (!f || f->data.n == 0)
        return false;
    uint64_t bit = sim_random_below(n->world, (uint64_t)f->data.n * 8);
    f->data.p[bit / 8] = (char)(f->data.p[bit / 8] ^ (1 << bit % 8));
    return true;
}

bool sim_disk_truncate(struct sim_node *n, const char *path)
{
    struct sim_file *f = sim_file_find(&n->disk, str_c(path));
    if (!f || f->data.n == 0)
        return false;
    sim_file_cut(f, sim_random_below(n->world, f->data.n));
    return true;
}

uint64_t sim_disk_bytes(const struct sim_node *n)
{
    return n->disk.bytes;
}
