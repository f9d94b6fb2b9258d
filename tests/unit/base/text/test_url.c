// SPDX-License-Identifier: Apache-2.0
#include "base/text/url.h"
#include "tests/support/check.h"

static struct url parsed(str text, struct arena *mem)
{
    struct url u = {0};
    struct err err = ERR_INIT;
    if (!url_parse(text, mem, &u, &err))
        fail_msg("%.*s: %.*s", STR(text), STR(err_str(&err)));
    return u;
}

static void parts_are_taken_apart(void **state)
{
    (void)state;
    struct arena mem = {0};
    struct url u =
        parsed(S("HTTP://us%20er:p%40ss@Example.com:9093/a%2Fb/c%20d?x=1&y#frag%C3%A9"), &mem);
    check_str(u.scheme, S("http"));
    check_str(u.user, S("us er"));
    check_str(u.password, S("p@ss"));
    check_str(u.host, S("Example.com:9093"));
    check_str(url_hostname(&u), S("Example.com"));
    check_str(url_port(&u), S("9093"));
    check_str(u.path, S("/a/b/c d"));
    check_str(u.raw_path, S("/a%2Fb/c%20d"));
    check_str(u.raw_query, S("x=1&y"));
    check_str(u.fragment, S("fragé"));
    defer(buf_done) struct buf b = {0};
    buf_put_url_redacted(&b, &u);
    check_str(buf_str(&b), S("http://us%20er:xxxxx@Example.com:9093/a%2Fb/c%20d?x=1&y#frag%C3%A9"));
    u = parsed(S("https://[fe80::1%25en0]:80/"), &mem);
    check_str(url_hostname(&u), S("fe80::1%en0"));
    check_str(url_port(&u), S("80"));
    u = parsed(S("mailto:a@b"), &mem);
    check_str(u.opaque, S("a@b"));
    arena_done(&mem);
}

static void texts_come_back(void **state)
{
    (void)state;
    static const struct {
        str text, want; // want empty: the same
    } ROWS[] = {
        {S(""), S("")},
        {S("http://a"), S("")},
        {S("http://a?"), S("")},
        {S("http://a/?x#"), S("http://a/?x")},
        {S("http://a/b c"), S("http://a/b%20c")},
        {S("http://a/[x]"), S("http://a/[x]")},
        {S("http://a/é"), S("http://a/%C3%A9")},
        {S("http://user@a/"), S("")},
        {S("http://user:@a/"), S("")},
        {S("/only/path?q"), S("")},
        {S("//host/path"), S("")},
        {S("///path"), S("///path")},
        {S("file:/x"), S("")},
        {S("file:///x"), S("")},
        {S("mailto:a@b?c"), S("")},
        {S("*"), S("")},
        {S("./a:b"), S("")},
        {S("http://a#x%20y!z"), S("")},
        {S("http://[::1%25eth0]/"), S("")},
    };
    struct arena mem = {0};
    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
        struct url u = parsed(ROWS[i].text, &mem);
        defer(buf_done) struct buf b = {0};
        buf_put_url(&b, &u);
        check_str(buf_str(&b), ROWS[i].want.n ? ROWS[i].want : ROWS[i].text);
    }
    arena_done(&mem);
}

static void errors_read_as_gos(void **state)
{
    (void)state;
    static const struct {
        str text;
        const char *want;
    } ROWS[] = {
        {S(":x"), "parse \":x\": missing protocol scheme"},
        {S("http://a\n"), "parse \"http://a\\n\": net/url: invalid control character in URL"},
        {S("a:b/c d%zz"), NULL},
        {S("http://a/%zz"), "parse \"http://a/%zz\": invalid URL escape \"%zz\""},
        {S("http://a/%2"), "parse \"http://a/%2\": invalid URL escape \"%2\""},
        {S("http://a:b/"), "parse \"http://a:b/\": invalid port \":b\" after host"},
        {S("http://[::1/"), "parse \"http://[::1/\": missing ']' in host"},
        {S("http://a b/"), "parse \"http://a b/\": invalid character \" \" in host name"},
        {S("http://%41/"), "parse \"http://%41/\": invalid URL escape \"%41\""},
        {S("http://u[@a/"), "parse \"http://u[@a/\": net/url: invalid userinfo"},
        {S("1:2"), "parse \"1:2\": first path segment in URL cannot contain colon"},
        {S("http://a#%zz"), "parse \"http://a#%zz\": invalid URL escape \"%zz\""},
    };
    struct arena mem = {0};
    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
        struct url u;
        struct err err = ERR_INIT;
        assert_int_equal(url_parse(ROWS[i].text, &mem, &u, &err), ROWS[i].want == NULL);
        if (ROWS[i].want)
            check_err(&err, ROWS[i].want);
    }
    arena_done(&mem);
}

static void long_urls_are_refused(void **state)
{
    (void)state;
    struct arena mem = {0};
    char *text = arena_alloc(&mem, URL_BYTES_MAX + 1);
    memset(text, 'a', URL_BYTES_MAX + 1);
    struct url u;
    struct err err = ERR_INIT;
    assert_false(url_parse(str_from(text, URL_BYTES_MAX + 1), &mem, &u, &err));
    assert_int_equal(err.code, ERR_LIMIT);
    arena_done(&mem);
}

static void escapes_go_both_ways(void **state)
{
    (void)state;
    defer(buf_done) struct buf b = {0}, back = {0};
    str s = S("a b/c?d&e=f+g%é;,:@$~");
    buf_put_path_escaped(&b, s);
    check_str(buf_str(&b), S("a%20b%2Fc%3Fd&e=f+g%25%C3%A9%3B%2C:@$~"));
    assert_true(url_path_unescape(buf_str(&b), &back));
    check_str(buf_str(&back), s);
    buf_clear(&b);
    buf_clear(&back);
    buf_put_query_escaped(&b, s);
    check_str(buf_str(&b), S("a+b%2Fc%3Fd%26e%3Df%2Bg%25%C3%A9%3B%2C%3A%40%24~"));
    assert_true(url_query_unescape(buf_str(&b), &back));
    check_str(buf_str(&back), s);
    assert_false(url_query_unescape(S("%"), &back));
    assert_false(url_path_unescape(S("%g0"), &back));
}

static void parameters_are_read_and_written(void **state)
{
    (void)state;
    struct arena mem = {0};
    struct url_params p;
    bool has;
    url_params_parse(S("b=2&a=1&&b=x+y%21&bad=%zz&se;mi=1&empty&=v&a=0"), &mem, &p);
    assert_int_equal(p.count, 6);
    check_str(url_param_first(&p, S("b"), &has), S("2"));
    check_str(url_param_last(&p, S("b"), NULL), S("x y!"));
    check_str(url_param_first(&p, S("empty"), &has), S(""));
    assert_true(has);
    url_param_last(&p, S("none"), &has);
    assert_false(has);
    defer(buf_done) struct buf b = {0};
    buf_put_params(&b, &p);
    check_str(buf_str(&b), S("=v&a=1&a=0&b=2&b=x+y%21&empty="));
    url_params_parse(S(""), &mem, &p);
    assert_int_equal(p.count, 0);
    char *many = arena_alloc(&mem, 20000);
    memset(many, '&', 20000);
    for (size_t i = 0; i < 20000; i += 2)
        many[i] = 'a';
    url_params_parse(str_from(many, 20000), &mem, &p);
    assert_int_equal(p.count, URL_PARAMS_MAX);
    arena_done(&mem);
}

int test_url(void);
int test_url(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_taken_apart), cmocka_unit_test(texts_come_back),
        cmocka_unit_test(errors_read_as_gos),    cmocka_unit_test(long_urls_are_refused),
        cmocka_unit_test(escapes_go_both_ways),  cmocka_unit_test(parameters_are_read_and_written),
    };
    return run_group("url", tests);
}
