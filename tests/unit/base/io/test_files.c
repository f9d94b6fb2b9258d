// SPDX-License-Identifier: Apache-2.0
#include "base/io/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "tests/unit/base/io/loop.h"

// Files and folders below it go with it.
static void remove_tree(const char *path)
{
    DIR *d = opendir(path);
    for (struct dirent *entry; d && (entry = readdir(d)) != NULL;) {
        char below[512];
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(below, sizeof(below), "%s/%s", path, entry->d_name);
        if (unlink(below) != 0)
            remove_tree(below);
    }
    if (d)
        closedir(d);
    rmdir(path);
}

void folder_done(struct folder *f)
{
    remove_tree(f->path);
}

// "<folder>/<name>", in one of a few buffers.
static str in(const struct folder *f, const char *name)
{
    static char paths[8][256];
    static size_t at;
    char *path = paths[at++ % ARRAY_LEN(paths)];
    snprintf(path, sizeof(paths[0]), "%s/%s", f->path, name);
    return str_c(path);
}

static void put_file(str path, str content)
{
    int fd = open(path.p, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content.p, content.n), content.n);
    close(fd);
}

static void check_file(struct env *env, str path, str want)
{
    defer(buf_done) struct buf text = {0};
    struct err err = ERR_INIT;
    assert_true(env_file_read(env, path, 1 << 20, &text, &err));
    check_str(buf_str(&text), want);
}

static struct buf text_buf(str s)
{
    struct buf b = {0};
    buf_put(&b, s);
    return b;
}

struct ends {
    int count;
    int failed;
    struct err last;
};

static void on_end(void *owner, const struct err *err)
{
    struct ends *e = owner;
    e->count++;
    e->failed += err->code != ERR_NONE;
    e->last = *err;
}

// ---- whole files ---------------------------------------------------------------------------

static void reading_has_limits_and_goes_errors(void **state)
{
    (void)state;
    struct loop l;
    loop_init(&l);
    defer(folder_done) struct folder f;
    folder_init(&f);
    put_file(in(&f, "a"), S("12345"));
    defer(buf_done) struct buf tight = {.max = 5};
    struct err err = ERR_INIT;
    assert_true(env_file_read(l.env, in(&f, "a"), 5, &tight, &err));
    check_str(buf_str(&tight), S("12345"));
    buf_clear(&tight);
    assert_false(env_file_read(l.env, in(&f, "a"), 4, &tight, &err));
    assert_int_equal(err.code, ERR_LIMIT);
    buf_clear(&tight);
    tight.max = 3;
    assert_false(env_file_read(l.env, S("/dev/zero"), 1000, &tight, &err));
    assert_int_equal(err.code, ERR_LIMIT);
    assert_false(env_file_read(l.env, S("/nonexistent/x"), 5, &tight, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    check_err(&err, "open /nonexistent/x: no such file or directory");
    assert_false(env_file_read(l.env, S("/tmp"), 5, &tight, &err));
    check_err(&err, "read /tmp: is a directory");
    loop_done(&l);
}

static size_t entry_count(const char *path)
{
    size_t count = 0;
    DIR *d = opendir(path);
    while (readdir(d))
        count++;
    closedir(d);
    return count - 2;
}

static void replacing_is_atomic_and_in_order(void **state)
{
    (void)state;
    struct loop l;
    loop_init(&l);
    defer(folder_done) struct folder f;
    folder_init(&f);
    struct ends ends = {0};
    for (int i = 0; i < 20; i++) {
        struct buf b = {0};
        buf_printf(&b, "version %d", i);
        env_file_replace(l.env, in(&f, "state"), &b, on_end, &ends);
        assert_null(b.p);
    }
    assert_int_equal(ends.count, 0);
    loop_wait(&l, &ends.count, 20);
    assert_int_equal(ends.failed, 0);
    check_file(l.env, in(&f, "state"), S("version 19"));
    assert_int_equal(entry_count(f.path), 1); // no temporary file stays

    struct buf b = text_buf(S("x"));
    env_file_replace(l.env, S("/nonexistent/state"), &b, on_end, &ends);
    loop_wait(&l, &ends.count, 21);
    assert_int_equal(ends.last.code, ERR_NOT_FOUND);
    loop_done(&l);
}

static void a_failed_replacement_keeps_the_old_file(void **state)
{
    (void)state;
    struct loop l;
    loop_init(&l);
    defer(folder_done) struct folder f;
    folder_init(&f);
    put_file(in(&f, "state"), S("old"));
    struct rlimit old, small;
    getrlimit(RLIMIT_FSIZE, &old);
    small = (struct rlimit){.rlim_cur = 10, .rlim_max = old.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small); // like a disk that is full after ten bytes
    struct ends ends = {0};
    struct buf b = text_buf(S("a much longer new state"));
    env_file_replace(l.env, in(&f, "state"), &b, on_end, &ends);
    loop_wait(&l, &ends.count, 1);
    setrlimit(RLIMIT_FSIZE, &old);
    assert_int_equal(ends.last.code, ERR_IO);
    assert_true(str_ends(err_str(&ends.last), S(": file too large")));
    check_file(l.env, in(&f, "state"), S("old"));
    assert_int_equal(entry_count(f.path), 1);
    loop_done(&l);
}

static void folders_are_made_with_their_parents_and_files_renamed(void **state)
{
    (void)state;
    struct loop l;
    loop_init(&l);
    defer(folder_done) struct folder f;
    folder_init(&f);
    struct err err = ERR_INIT;
    assert_true(env_dir_make(l.env, in(&f, "a/b/c"), &err));
    assert_true(env_dir_make(l.env, in(&f, "a/b/c"), &err));
    put_file(in(&f, "a/b/c/x"), S("1"));
    assert_true(env_file_rename(l.env, in(&f, "a/b/c/x"), in(&f, "y"), &err));
    check_file(l.env, in(&f, "y"), S("1"));
    assert_false(env_dir_make(l.env, in(&f, "y/z"), &err));
    assert_true(str_ends(err_str(&err), S("/y: not a directory")));
    assert_false(env_file_rename(l.env, S("/nonexistent/a"), S("/nonexistent/b"), &err));
    check_err(&err, "rename /nonexistent/a /nonexistent/b: no such file or directory");
    loop_done(&l);
}

// ---- glob ----------------------------------------------------------------------------------

static void check_glob(struct loop *l, const struct folder *f, const char *pattern,
                       const char *want)
{
    struct arena mem = {0};
    str *found;
    size_t count;
    struct err err = ERR_INIT;
    assert_true(env_glob(l->env, in(f, pattern), &mem, &found, &count, &err));
    defer(buf_done) struct buf got = {0};
    for (size_t i = 0; i < count; i++) {
        buf_put(&got, i ? S(" ") : S(""));
        buf_put(&got, str_skip(found[i], strlen(f->path) + 1));
    }
    check_str(buf_str(&got), str_c(want));
    arena_done(&mem);
}

static void globbing_is_gos(void **state)
{
    (void)state;
    struct loop l;
    loop_init(&l);
    defer(folder_done) struct folder f;
    folder_init(&f);
    struct err err = ERR_INIT;
    assert_true(env_dir_make(l.env, in(&f, "d"), &err));
    assert_true(env_dir_make(l.env, in(&f, "d-2"), &err));
    static const char *const FILES[] = {"b.yml",   "a.yml",     ".hidden.yml",    "c.yaml",
                                        "d/x.yml", "d-2/y.yml", "d/\303\244.yml", "a[1].yml"};
    for (size_t i = 0; i < ARRAY_LEN(FILES); i++)
        put_file(in(&f, FILES[i]), S(""));
    check_glob(&l, &f, "*.yml", ".hidden.yml a.yml a[1].yml b.yml");
    check_glob(&l, &f, "?.yml", "a.yml b.yml");
    check_glob(&l, &f, "[^a].yml", "b.yml");
    check_glob(&l, &f, "[a-b].y*l", "a.yml b.yml");
    check_glob(&l, &f, "a\\[1\\].yml", "a[1].yml");
    check_glob(&l, &f, "a.yml", "a.yml");
    check_glob(&l, &f, "none*", "");
    check_glob(&l, &f, "none", "");
    check_glob(&l, &f, "d/?.yml", "d/x.yml d/\303\244.yml"); // '?' is one code point
    check_glob(&l, &f, "d*/*.yml", "d/x.yml d/\303\244.yml d-2/y.yml");
    check_glob(&l, &f, "./d//../*.yaml", "c.yaml");
    check_glob(&l, &f, "*", ".hidden.yml a.yml a[1].yml b.yml c.yaml d d-2");
    check_glob(&l, &f, "*a*y*m*l*", "a.yml a[1].yml");
    check_glob(&l, &f, "none/*", "");
    static const char *const BAD[] = {"[", "[a", "[]a]", "[-]", "a\\", "[a-]", "*[", "x/[/y*"};
    for (size_t i = 0; i < ARRAY_LEN(BAD); i++) {
        struct arena mem = {0};
        str *found;
        size_t count;
        assert_false(env_glob(l.env, in(&f, BAD[i]), &mem, &found, &count, &err));
        check_err(&err, "syntax error in pattern");
        arena_done(&mem);
    }
    loop_done(&l);
}

// ---- appending -----------------------------------------------------------------------------

struct order {
    int next;
    int failed;
};

struct ordered {
    struct order *order;
    int index;
};

static void on_ordered(void *owner, const struct err *err)
{
    struct ordered *o = owner;
    assert_int_equal(o->order->next, o->index);
    o->order->next++;
    o->order->failed += err->code != ERR_NONE;
}

static void appends_come_in_order_and_share_syncs(void **state)
{
    (void)state;
    struct loop l;
    loop_init(&l);
    defer(folder_done) struct folder f;
    folder_init(&f);
    struct err err = ERR_INIT;
    struct appender *a = env_append_open(l.env, in(&f, "log"), 0, &err);
    assert_non_null(a);
    enum { COUNT = 1000 };
    struct order order = {0};
    static struct ordered items[COUNT];
    defer(buf_done) struct buf want = {0};
    for (int i = 0; i < COUNT; i++) {
        items[i] = (struct ordered){&order, i};
        struct buf b = {0};
        buf_printf(&b, "%d,", i);
        buf_put(&want, buf_str(&b));
        env_append(l.env, a, &b, on_ordered, &items[i]);
        assert_null(b.p);
    }
    assert_int_equal(order.next, 0);
    struct ends closed = {0};
    env_append_close(l.env, a, on_end, &closed);
    loop_wait(&l, &closed.count, 1);
    assert_int_equal(order.next, COUNT); // the close comes after all of them
    assert_int_equal(order.failed, 0);
    check_file(l.env, in(&f, "log"), buf_str(&want));
    loop_done(&l);
}

static void opening_cuts_to_what_is_kept(void **state)
{
    (void)state;
    struct loop l;
    loop_init(&l);
    defer(folder_done) struct folder f;
    folder_init(&f);
    put_file(in(&f, "log"), S("0123456789"));
    struct err err = ERR_INIT;
    struct appender *a = env_append_open(l.env, in(&f, "log"), 4, &err);
    assert_non_null(a);
    check_file(l.env, in(&f, "log"), S("0123"));
    struct ends ends = {0};
    struct buf b = text_buf(S("ab"));
    env_append(l.env, a, &b, on_end, &ends);
    env_append_close(l.env, a, NULL, NULL);
    loop_wait(&l, &ends.count, 1);
    check_file(l.env, in(&f, "log"), S("0123ab"));
    assert_null(env_append_open(l.env, in(&f, "log"), 7, &err)); // never filled with zeros
    assert_int_equal(err.code, ERR_INVALID);
    assert_null(env_append_open(l.env, in(&f, "none/log"), 0, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    loop_done(&l);
}

static void the_first_error_of_an_appender_stays(void **state)
{
    (void)state;
    struct loop l;
    loop_init(&l);
    defer(folder_done) struct folder f;
    folder_init(&f);
    struct err err = ERR_INIT;
    struct appender *a = env_append_open(l.env, in(&f, "log"), 0, &err);
    struct rlimit old, small;
    getrlimit(RLIMIT_FSIZE, &old);
    small = (struct rlimit){.rlim_cur = 10, .rlim_max = old.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    struct ends ends = {0};
    struct buf b = text_buf(S("longer than ten bytes"));
    env_append(l.env, a, &b, on_end, &ends);
    b = text_buf(S("s"));
    env_append(l.env, a, &b, on_end, &ends);
    loop_wait(&l, &ends.count, 2);
    setrlimit(RLIMIT_FSIZE, &old);
    assert_int_equal(ends.failed, 2);
    b = text_buf(S("t")); // there would be room again, but behind a hole
    env_append(l.env, a, &b, on_end, &ends);
    assert_int_equal(ends.count, 2);
    loop_wait(&l, &ends.count, 3);
    assert_int_equal(ends.last.code, ERR_IO);
    env_append_close(l.env, a, on_end, &ends);
    loop_wait(&l, &ends.count, 4);
    assert_int_equal(ends.failed, 4);
    loop_done(&l);
}

static void freeing_waits_for_appends_and_their_close(void **state)
{
    (void)state;
    struct loop l;
    loop_init(&l);
    defer(folder_done) struct folder f;
    folder_init(&f);
    struct err err = ERR_INIT;
    struct ends ends = {0};
    struct appender *idle = env_append_open(l.env, in(&f, "idle"), 0, &err);
    env_append_close(l.env, idle, on_end, &ends);
    struct appender *a = env_append_open(l.env, in(&f, "log"), 0, &err);
    for (int i = 0; i < 3; i++) {
        struct buf b = text_buf(S("x"));
        env_append(l.env, a, &b, on_end, &ends);
    }
    env_append_close(l.env, a, on_end, &ends);
    struct buf b = text_buf(S("y"));
    env_file_replace(l.env, in(&f, "state"), &b, on_end, &ends);
    loop_done(&l);
    assert_int_equal(ends.count, 6);
    assert_int_equal(ends.failed, 0);
}

int test_files(void);
int test_files(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reading_has_limits_and_goes_errors),
        cmocka_unit_test(replacing_is_atomic_and_in_order),
        cmocka_unit_test(a_failed_replacement_keeps_the_old_file),
        cmocka_unit_test(folders_are_made_with_their_parents_and_files_renamed),
        cmocka_unit_test(globbing_is_gos),
        cmocka_unit_test(appends_come_in_order_and_share_syncs),
        cmocka_unit_test(opening_cuts_to_what_is_kept),
        cmocka_unit_test(the_first_error_of_an_appender_stays),
        cmocka_unit_test(freeing_waits_for_appends_and_their_close),
    };
    return run_group("base/io/files", tests);
}
