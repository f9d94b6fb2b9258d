// SPDX-License-Identifier: Apache-2.0
// Files: what is durable, what a crash may tear, and the errors of a bad disk.
#include "tests/sim/sim_env.h"
#include "tests/support/check.h"

struct box {
    struct sim_world *w;
    struct sim_node *n;
    struct env *e;
};

static struct box box_new(uint64_t seed)
{
    struct box b = {.w = sim_world_new(&(struct sim_options){.seed = seed})};
    b.n = sim_node_new(b.w, "a", "10.0.0.1");
    b.e = sim_node_env(b.n);
    struct err err = ERR_INIT;
    assert_true(env_dir_make(b.e, S("/data/am"), &err));
    return b;
}

static void box_restart(struct box *b)
{
    sim_node_restart(b->n);
    b->e = sim_node_env(b->n);
}

struct done {
    int count, errors;
    struct err err;
};

static void on_done(void *owner, const struct err *err)
{
    struct done *d = owner;
    d->count++;
    d->errors += err->code != ERR_NONE;
    d->err = *err;
}

static void check_file(struct box *b, const char *path, const char *want)
{
    defer(buf_done) struct buf got = {0};
    struct err err = ERR_INIT;
    assert_true(env_file_read(b->e, str_c(path), 1 << 20, &got, &err));
    check_str(buf_str(&got), str_c(want));
}

static bool has_file(struct box *b, const char *path)
{
    defer(buf_done) struct buf got = {0};
    return sim_disk_get(b->n, path, &got);
}

static void replace(struct box *b, const char *path, const char *text, struct done *d)
{
    struct buf bytes = {0};
    buf_put(&bytes, str_c(text));
    env_file_replace(b->e, str_c(path), &bytes, on_done, d);
    assert_null(bytes.p);
}

static void append(struct box *b, struct appender *a, const char *text, struct done *d)
{
    struct buf bytes = {0};
    buf_put(&bytes, str_c(text));
    env_append(b->e, a, &bytes, on_done, d);
    assert_null(bytes.p);
}

static struct appender *append_open(struct box *b, const char *path, uint64_t kept)
{
    struct err err = ERR_INIT;
    struct appender *a = env_append_open(b->e, str_c(path), kept, &err);
    assert_non_null(a);
    return a;
}

static void files_are_replaced_renamed_and_read(void **state)
{
    (void)state;
    struct box b = box_new(1);
    struct done d = {0};
    struct err err = ERR_INIT;
    defer(buf_done) struct buf got = {0};
    assert_false(env_file_read(b.e, S("/data/am/x"), 100, &got, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    check_err(&err, "open /data/am/x: no such file or directory");
    replace(&b, "/data/am/x", "one", &d);
    assert_int_equal(d.count, 0);
    assert_false(has_file(&b, "/data/am/x"));
    sim_run(b.w, DUR_SECONDS(1));
    assert_int_equal(d.count, 1);
    check_file(&b, "/data/am/x", "one");
    assert_false(env_file_read(b.e, S("/data/am/x"), 2, &got, &err));
    assert_int_equal(err.code, ERR_LIMIT);
    replace(&b, "/data/am/y", "other", &d);
    sim_run(b.w, DUR_SECONDS(1));
    assert_true(env_file_rename(b.e, S("/data/am/x"), S("/data/am/y"), &err));
    check_file(&b, "/data/am/y", "one");
    assert_false(has_file(&b, "/data/am/x"));
    assert_false(env_file_rename(b.e, S("/data/am/x"), S("/data/am/y"), &err));
    replace(&b, "/nowhere/x", "one", &d);
    sim_run(b.w, DUR_SECONDS(1));
    assert_int_equal(d.errors, 1);
    assert_int_equal(sim_disk_bytes(b.n), 3);
    sim_world_free(b.w);
}

static void appends_are_done_in_order(void **state)
{
    (void)state;
    struct box b = box_new(1);
    struct done d = {0}, closed = {0};
    sim_disk_put(b.n, "/data/am/log", S("kept|cut off"));
    struct appender *a = append_open(&b, "/data/am/log", 5);
    struct err err = ERR_INIT;
    assert_null(env_append_open(b.e, S("/data/am/log"), 6, &err));
    append(&b, a, "1", &d);
    append(&b, a, "2", &d);
    assert_int_equal(d.count, 0);
    while (d.count == 0)
        assert_true(sim_step(b.w));
    append(&b, a, "3", &d);
    assert_true(env_file_rename(b.e, S("/data/am/log"), S("/data/am/old"), &err));
    append(&b, a, "4", &d);
    env_append_close(b.e, a, on_done, &closed);
    assert_int_equal(closed.count, 0);
    sim_run(b.w, DUR_SECONDS(1));
    assert_int_equal(d.count, 4);
    assert_int_equal(d.errors, 0);
    assert_int_equal(closed.count, 1);
    check_file(&b, "/data/am/old", "kept|1234"); // the appender followed the file
    assert_int_equal(sim_node_open_count(b.n), 0);
    sim_world_free(b.w);
}

static void a_crash_keeps_what_was_reported(void **state)
{
    (void)state;
    bool seen[8] = {false};
    int news = 0, temporaries = 0;
    for (uint64_t seed = 0; seed < 100; seed++) {
        struct box b = box_new(seed);
        struct done d = {0};
        struct appender *a = append_open(&b, "/data/am/log", 0);
        replace(&b, "/data/am/x", "old", &d);
        append(&b, a, "synced|", &d);
        sim_run(b.w, DUR_SECONDS(1));
        assert_int_equal(d.count, 2);
        append(&b, a, "unsynced", &d);
        replace(&b, "/data/am/x", "new", &d);
        sim_node_crash(b.n);
        append(&b, a, "dead", &d);
        env_append_close(b.e, a, NULL, NULL);
        sim_run(b.w, DUR_SECONDS(1));
        assert_int_equal(d.count, 2);
        box_restart(&b);

        defer(buf_done) struct buf log = {0}, x = {0};
        assert_true(sim_disk_get(b.n, "/data/am/log", &log));
        assert_true(str_starts(buf_str(&log), S("synced|")));
        str rest = str_skip(buf_str(&log), 7);
        assert_true(str_starts(S("unsynced"), rest));
        seen[MIN(rest.n, 7)] = true;
        assert_true(sim_disk_get(b.n, "/data/am/x", &x));
        bool is_new = str_eq(buf_str(&x), S("new"));
        assert_true(is_new || str_eq(buf_str(&x), S("old")));
        news += is_new;

        struct arena mem = {0};
        str *paths;
        size_t count;
        struct err err = ERR_INIT;
        assert_true(env_glob(b.e, S("/data/am/x.*"), &mem, &paths, &count, &err));
        temporaries += count > 0;
        arena_done(&mem);
        sim_world_free(b.w);
    }
    for (size_t i = 0; i < ARRAY_LEN(seen); i++)
        assert_true(seen[i]); // torn at every byte
    assert_in_range(news, 15, 60);
    assert_in_range(temporaries, 15, 60);
}

static void a_loss_of_power_forgets_fresh_renames(void **state)
{
    (void)state;
    int undone = 0, zeros = 0;
    for (uint64_t seed = 0; seed < 100; seed++) {
        struct box b = box_new(seed);
        struct done d = {0};
        struct err err = ERR_INIT;
        struct appender *a = append_open(&b, "/data/am/log", 0);
        sim_disk_put(b.n, "/data/am/safe", S("s"));
        sim_disk_put(b.n, "/data/am/from", S("new"));
        sim_disk_put(b.n, "/data/am/to", S("old"));
        assert_true(env_file_rename(b.e, S("/data/am/safe"), S("/data/am/moved"), &err));
        sim_run(b.w, DUR_SECONDS(6)); // the file system has written it down by now
        assert_true(env_file_rename(b.e, S("/data/am/from"), S("/data/am/to"), &err));
        append(&b, a, "12345678", &d);
        sim_node_power_loss(b.n);
        box_restart(&b);
        check_file(&b, "/data/am/moved", "s");
        bool is_undone = has_file(&b, "/data/am/from");
        check_file(&b, "/data/am/to", is_undone ? "old" : "new");
        if (is_undone)
            check_file(&b, "/data/am/from", "new");
        undone += is_undone;
        defer(buf_done) struct buf log = {0};
        assert_true(sim_disk_get(b.n, "/data/am/log", &log));
        assert_true(log.n <= 8);
        zeros += log.n && log.p[log.n - 1] == 0;
        sim_world_free(b.w);
    }
    assert_in_range(undone, 25, 75);
    assert_in_range(zeros, 5, 50);
}

static void a_full_disk_says_so(void **state)
{
    (void)state;
    struct box b = box_new(1);
    struct done d = {0};
    struct appender *a = append_open(&b, "/data/am/log", 0);
    sim_disk_set(b.n, &(struct sim_disk_options){.bytes_max = 10});
    append(&b, a, "123456", &d);
    sim_run(b.w, DUR_SECONDS(1));
    assert_int_equal(d.errors, 0);
    append(&b, a, "7890ab", &d);
    sim_run(b.w, DUR_SECONDS(1));
    assert_int_equal(d.errors, 1);
    append(&b, a, "", &d); // an appender that has failed stays so
    sim_run(b.w, DUR_SECONDS(1));
    assert_int_equal(d.errors, 2);
    assert_int_equal(d.err.code, ERR_IO);
    check_err(&d.err, "write /data/am/log: no space left on device");
    check_file(&b, "/data/am/log", "1234567890"); // there in part
    replace(&b, "/data/am/x", "1", &d);
    sim_run(b.w, DUR_SECONDS(1));
    assert_int_equal(d.errors, 3);
    assert_false(has_file(&b, "/data/am/x"));
    env_append_close(b.e, a, NULL, NULL);
    a = append_open(&b, "/data/am/log", 6); // cutting makes room
    append(&b, a, "78", &d);
    sim_run(b.w, DUR_SECONDS(1));
    assert_int_equal(d.errors, 3);
    check_file(&b, "/data/am/log", "12345678");
    sim_world_free(b.w);
}

static void a_bad_disk_fails_now_and_then(void **state)
{
    (void)state;
    struct box b = box_new(1);
    struct done d = {0};
    sim_disk_set(b.n, &(struct sim_disk_options){.latency_max = DUR_MS(1),
                                                 .write_error_percent = 30,
                                                 .read_error_percent = 30});
    int read_errors = 0;
    sim_disk_put(b.n, "/data/am/r", S("r"));
    for (int i = 0; i < 200; i++) {
        defer(buf_done) struct buf got = {0};
        replace(&b, "/data/am/x", "1", &d);
        sim_run(b.w, DUR_MS(1));
        read_errors += !env_file_read(b.e, S("/data/am/r"), 10, &got, NULL);
    }
    assert_int_equal(d.count, 200);
    assert_in_range(d.errors, 40, 80);
    assert_in_range(read_errors, 40, 80);
    sim_disk_set(b.n, &(struct sim_disk_options){.is_read_only = true});
    d = (struct done){0};
    replace(&b, "/data/am/x", "2", &d);
    sim_run(b.w, DUR_SECONDS(1));
    check_err(&d.err, "open /data/am/x: read-only file system");
    struct err err = ERR_INIT;
    assert_null(env_append_open(b.e, S("/data/am/x"), 0, &err));
    assert_false(env_dir_make(b.e, S("/data/new"), &err));
    assert_true(env_dir_make(b.e, S("/data/am"), &err));
    sim_world_free(b.w);
}

static void files_can_be_damaged(void **state)
{
    (void)state;
    struct box b = box_new(1);
    sim_disk_put(b.n, "/data/am/x", S("\x00\x00\x00\x00"));
    assert_true(sim_disk_flip_bit(b.n, "/data/am/x"));
    defer(buf_done) struct buf got = {0};
    sim_disk_get(b.n, "/data/am/x", &got);
    int bits = 0;
    for (size_t i = 0; i < got.n; i++)
        bits += __builtin_popcount((unsigned char)got.p[i]);
    assert_int_equal(bits, 1);
    assert_true(sim_disk_truncate(b.n, "/data/am/x"));
    buf_clear(&got);
    sim_disk_get(b.n, "/data/am/x", &got);
    assert_true(got.n < 4);
    assert_true(sim_disk_remove(b.n, "/data/am/x"));
    assert_false(sim_disk_flip_bit(b.n, "/data/am/x"));
    sim_world_free(b.w);
}

static void glob_is_go_s(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *want;
    } CASES[] = {
        {"/d/*.yml", "/d/a.yml /d/b.yml"},
        {"/d/*", "/d/[x].yaml /d/a.yml /d/b.yml /d/sub"},
        {"/d/*/*", "/d/sub/c.yml"},
        {"/*/?.y[a-l]l", ""},
        {"/*/?.y[a-m]l", "/d/a.yml /d/b.yml"},
        {"/d/[^a].yml", "/d/b.yml"},
        {"/d/\\[x\\].yaml", "/d/[x].yaml"},
        {"/d/a.yml", "/d/a.yml"},
        {"/d/none", ""},
        {"/d/[", NULL},
        {"/d/[]", NULL},
        {"/d/[a-]", NULL},
        {"/d/\\", NULL},
    };
    struct box b = box_new(1);
    const char *paths[] = {"/d/b.yml", "/d/a.yml", "/d/sub/c.yml", "/d/[x].yaml"};
    for (size_t i = 0; i < ARRAY_LEN(paths); i++)
        sim_disk_put(b.n, paths[i], S("x"));
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        struct arena mem = {0};
        str *found;
        size_t count = 0;
        struct err err = ERR_INIT;
        bool is_fine = env_glob(b.e, str_c(CASES[i].pattern), &mem, &found, &count, &err);
        assert_int_equal(is_fine, CASES[i].want != NULL);
        if (!is_fine)
            check_err(&err, "syntax error in pattern");
        defer(buf_done) struct buf got = {0};
        for (size_t k = 0; is_fine && k < count; k++)
            buf_printf(&got, "%s%.*s", k ? " " : "", STR(found[k]));
        check_str(buf_str(&got), str_c(CASES[i].want));
        arena_done(&mem);
    }
    sim_world_free(b.w);
}

int test_sim_disk(void);
int test_sim_disk(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_replaced_renamed_and_read),
        cmocka_unit_test(appends_are_done_in_order),
        cmocka_unit_test(a_crash_keeps_what_was_reported),
        cmocka_unit_test(a_loss_of_power_forgets_fresh_renames),
        cmocka_unit_test(a_full_disk_says_so),
        cmocka_unit_test(a_bad_disk_fails_now_and_then),
        cmocka_unit_test(files_can_be_damaged),
        cmocka_unit_test(glob_is_go_s),
    };
    return run_group("sim_disk", tests);
}
