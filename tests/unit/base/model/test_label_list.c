// SPDX-License-Identifier: Apache-2.0
#include "base/model/label_list.h"

#include "base/model/graphite.h"
#include "base/model/target_url.h"
#include "tests/support/check.h"

static void check_list(const struct label_list *l, const char *want)
{
    struct buf got = {0};
    buf_put_label_list(&got, l);
    check_str(buf_str(&got), str_c(want));
    buf_done(&got);
}

static void check_metric(const char *text, const char *want)
{
    struct arena mem = {0};
    struct label_list l = {.mem = &mem};
    struct err err = ERR_INIT;
    label_list_parse_metric(str_c(text), &l, &err);
    check_err(&err, "");
    check_list(&l, want);
    arena_done(&mem);
}

static void check_refused(const char *text)
{
    struct arena mem = {0};
    struct label_list l = {.mem = &mem};
    struct err err = ERR_INIT;
    assert_false(label_list_parse_metric(str_c(text), &l, &err));
    assert_int_equal(err.code, ERR_SYNTAX);
    arena_done(&mem);
}

static void series_are_read(void **state)
{
    (void)state;
    check_metric("up", "{__name__=\"up\"}");
    check_metric(" up\t{ a = \"b\" , c=\"d\",} 5", "{__name__=\"up\",a=\"b\",c=\"d\"}");
    check_metric("{}", "{}");
    check_metric("up{a=\"x\\\"y\\\\z\\n\\q\"}", "{__name__=\"up\",a=\"x\\\"y\\\\z\\n\\\\q\"}");
    check_metric("{\"a b\"=\"c\"}", "{a b=\"c\"}");
    check_metric(" {\"up\",a=\"b\"}", "{__name__=\"up\",a=\"b\"}");
    check_metric("up{=\"x\",\"\"=\"y\"}", "{__name__=\"up\"}");
    check_metric("up{a=\"1\",a=\"2\"}", "{__name__=\"up\",a=\"1\",a=\"2\"}");
}

static void other_texts_are_no_series(void **state)
{
    (void)state;
    static const char *const TEXTS[] = {
        "",
        "# up",
        "up down",
        "up{",
        "up{a",
        "up{a=",
        "up{a=\"b",
        "up{a=\"b\"",
        "up{a=~\"b\"}",
        "{a:\"b\"}",
        "{\"up\"}",
        "up{\"down\"}",
        "up{a=\"b\"c=\"d\"}",
        "up 5 6",
        "up\n",
        "{\"a\":\"b\"}",
        "up{a\"b\"}",
        " {a=\"b\"}",
    };
    for (size_t i = 0; i < ARRAY_LEN(TEXTS); i++)
        check_refused(TEXTS[i]);
}

static void people_may_leave_out_braces(void **state)
{
    (void)state;
    struct arena mem = {0};
    struct label_list l = {.mem = &mem};
    assert_true(label_list_parse_input(S(" a=\"b\", c=\"d\" "), &l, NULL));
    check_list(&l, "{a=\"b\",c=\"d\"}");
    assert_true(label_list_parse_input(S(""), &l, NULL));
    check_list(&l, "{}");
    assert_false(label_list_parse_input(S("{a=\"b\""), &l, NULL));
    assert_false(label_list_parse_input(S("a=\"b\"}"), &l, NULL));
    assert_false(label_list_parse_input(S("up\ndown"), &l, NULL));
    arena_done(&mem);
}

static void maps_are_read_sorted(void **state)
{
    (void)state;
    struct arena mem = {0};
    struct label_list l = {.mem = &mem};
    struct err err = ERR_INIT;
    assert_true(label_list_parse_yaml(S("{b: 1, a: x, b: 2}"), &l, &err));
    check_list(&l, "{a=\"x\",b=\"2\"}");
    assert_true(label_list_parse_yaml(S(""), &l, &err));
    check_list(&l, "{}");
    assert_false(label_list_parse_yaml(S("a: [b]"), &l, &err));
    check_err(&err, "yaml: unmarshal errors:\n  line 1: cannot unmarshal !!seq into string");
    assert_true(label_list_parse_json(S("{\"b\":null,\"a\":\"x\"}"), &l, &err));
    check_list(&l, "{a=\"x\",b=\"\"}");
    assert_false(label_list_parse_json(S("{\"a\":1}"), &l, &err));
    check_err(&err, "json: the value of \"a\" is not a string");
    assert_false(label_list_parse_json(S("[]"), &l, &err));
    arena_done(&mem);
}

static void the_first_label_of_a_name_counts(void **state)
{
    (void)state;
    struct arena mem = {0};
    struct label_list l = {.mem = &mem};
    for (size_t i = 0; i < 40; i++)
        label_list_add(&l, arena_printf(&mem, "l%02zu", 39 - i), S("x"));
    label_list_add(&l, S("l05"), S("y"));
    check_str(label_list_get(&l, S("l05")), S("x"));
    label_list_set(&l, S("l05"), S("z"));
    check_str(label_list_get(&l, S("l05")), S("z"));
    label_list_set_given(&l, S("l05"), S(""));
    label_list_set_given(&l, S(""), S("x"));
    assert_int_equal(l.count, 41);
    label_list_sort(&l);
    check_str(l.items[0].name, S("l00"));
    check_str(l.items[5].value, S("z"));
    check_str(l.items[6].value, S("y"));
    arena_done(&mem);
}

static void names_can_be_removed(void **state)
{
    (void)state;
    struct arena mem = {0};
    struct label_list l = {.mem = &mem}, copy = {.mem = &mem};
    assert_true(label_list_parse_metric(S("m{__meta_a=\"1\",__b=\"2\",c=\"\"}"), &l, NULL));
    label_list_remove_meta(&l);
    check_list(&l, "{__name__=\"m\",__b=\"2\",c=\"\"}");
    label_list_copy(&copy, &l);
    label_list_remove_hidden(&copy, true);
    check_list(&copy, "{__name__=\"m\",c=\"\"}");
    label_list_remove_hidden(&copy, false);
    check_list(&copy, "{c=\"\"}");
    label_list_remove_empty(&copy);
    check_list(&copy, "{}");
    arena_done(&mem);
}

static void names_are_made_valid(void **state)
{
    (void)state;
    struct arena mem = {0};
    check_str(metric_name_sanitized(S("a:b"), &mem), S("a:b"));
    check_str(metric_name_sanitized(S("größe.x\xff"), &mem), S("gr__e_x_"));
    check_str(label_name_sanitized(S("a:b"), &mem), S("a_b"));
    arena_done(&mem);
}

static void graphite_templates_take_names_apart(void **state)
{
    (void)state;
    struct graphite_matches m;
    struct buf out = {0};
    assert_true(graphite_match(S("a.*.b*"), S("a.x.by"), &m));
    graphite_expand(S("${1}/$2/$3/${x}/$/${"), &m, &out);
    check_str(buf_str(&out), S("x/y/$3/${x}/$/${"));
    assert_false(graphite_match(S("a.*"), S("a.b.c"), &m));
    assert_false(graphite_match(S("*b*c"), S("ab.c"), &m));
    assert_true(graphite_match(S(""), S(""), &m));
    struct buf stars = {0};
    for (size_t i = 0; i < GRAPHITE_MATCHES_MAX; i++)
        buf_put(&stars, S("*-"));
    struct buf dashes = {0};
    buf_put_fill(&dashes, '-', GRAPHITE_MATCHES_MAX);
    assert_false(graphite_match(buf_str(&stars), buf_str(&dashes), &m)); // one too many
    stars.n -= 2;
    dashes.n -= 1;
    assert_true(graphite_match(buf_str(&stars), buf_str(&dashes), &m));
    buf_done(&out);
    buf_done(&stars);
    buf_done(&dashes);
}

static void targets_have_urls(void **state)
{
    (void)state;
    struct arena mem = {0};
    struct label_list l = {.mem = &mem};
    str url, address;
    assert_true(label_list_parse_metric(
        S("{__address__=\"https://h/p?x=1\",__param_b=\"c d\",__param_a=\"&\"}"), &l, NULL));
    target_scrape_url(&l, &mem, &url, &address);
    check_str(url, S("https://h/p?x=1&a=%26&b=c+d"));
    check_str(address, S("h:443"));
    str host = S("h:1"), scheme = S("http"), path = S("/x");
    target_take_apart(&host, &scheme, &path);
    check_str(host, S("h:1"));
    check_str(path, S("/x"));
    arena_done(&mem);
}

int test_label_list(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(series_are_read),
        cmocka_unit_test(other_texts_are_no_series),
        cmocka_unit_test(people_may_leave_out_braces),
        cmocka_unit_test(maps_are_read_sorted),
        cmocka_unit_test(the_first_label_of_a_name_counts),
        cmocka_unit_test(names_can_be_removed),
        cmocka_unit_test(names_are_made_valid),
        cmocka_unit_test(graphite_templates_take_names_apart),
        cmocka_unit_test(targets_have_urls),
    };
    return run_group("label_list", tests);
}
