// SPDX-License-Identifier: Apache-2.0
#include "notify/tplcache.h"

#include "notify/tplfuncs.h"
#include "tests/support/check.h"

static bool render(struct tplcache *c, const char *text, struct buf *out, struct err *err)
{
    struct arena mem = {0};
    struct tplfuncs_context context = {0};
    struct tpl_run run = {.data = tpl_str(S("dot")), .mem = &mem, .context = &context};
    buf_clear(out);
    bool ok = tplcache_render(c, str_c(text), &run, out, err);
    arena_done(&mem);
    return ok;
}

static void texts_are_compiled_once(void **state)
{
    (void)state;
    struct tpl_set *base = tplfuncs_set_new(false);
    struct tplcache *c = tplcache_new(base);
    defer(buf_done) struct buf out = {0};
    struct err err = ERR_INIT;
    for (int i = 0; i < 3; i++) {
        assert_true(render(c, "{{ . | toUpper }}", &out, &err));
        check_str(buf_str(&out), S("DOT"));
        assert_true(render(c, "{{ define \"x\" }}own{{ end }}{{ template \"x\" }}", &out, &err));
        check_str(buf_str(&out), S("own"));
    }
    assert_int_equal(tplcache_count(c), 2);
    assert_true(render(c, "", &out, &err));
    assert_int_equal(out.n, 0);
    assert_false(tpl_has(base, S("x"))); // definitions stay in their text
    tplcache_free(c);
    tpl_set_free(base);
}

static void failures_are_the_same_each_time(void **state)
{
    (void)state;
    struct tpl_set *base = tplfuncs_set_new(false);
    struct tplcache *c = tplcache_new(base);
    defer(buf_done) struct buf out = {0};
    for (int i = 0; i < 2; i++) {
        struct err err = ERR_INIT;
        assert_false(render(c, "{{ nope }}", &out, &err));
        check_err(&err, "template: :1: function \"nope\" not defined");
        assert_int_equal(err.code, ERR_SYNTAX);
        err_clear(&err);
        assert_false(render(c, "a{{ .b }}", &out, &err));
        check_err(&err, "template: :1:4: executing \"\" at <.b>: can't evaluate field b in type "
                        "string");
    }
    assert_int_equal(tplcache_count(c), 2);
    tplcache_free(c);
    tpl_set_free(base);
}

static void a_full_cache_still_renders(void **state)
{
    (void)state;
    struct tpl_set *base = tplfuncs_set_new(false);
    struct tplcache *c = tplcache_new(base);
    defer(buf_done) struct buf out = {0};
    struct err err = ERR_INIT;
    char text[40], want[40];
    for (int i = 0; i < TPLCACHE_TEXTS_MAX + 3; i++) {
        snprintf(text, sizeof(text), "{{ . }}%d", i);
        snprintf(want, sizeof(want), "dot%d", i);
        assert_true(render(c, text, &out, &err));
        check_str(buf_str(&out), str_c(want));
    }
    assert_int_equal(tplcache_count(c), TPLCACHE_TEXTS_MAX);
    tplcache_free(c);
    tpl_set_free(base);
}

int test_tplcache(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_compiled_once),
        cmocka_unit_test(failures_are_the_same_each_time),
        cmocka_unit_test(a_full_cache_still_renders),
    };
    return run_group("tplcache", tests);
}
