// SPDX-License-Identifier: Apache-2.0
#include "base/model/selector.h"

#include "tests/support/check.h"

static str value_of(const void *labels, str name)
{
    const struct label *list = labels;
    const struct label *l = label_find(list, 2, name);
    return l ? l->value : (str){0};
}

// Against {__name__="up", job="a"}.
static bool selects(const char *text)
{
    static const struct label LABELS[] = {{{"__name__", 8}, {"up", 2}}, {{"job", 3}, {"a", 1}}};
    struct arena mem = {0};
    struct selector s;
    struct err err = ERR_INIT;
    bool ok = selector_parse(str_c(text), &mem, &s, &err);
    check_err(&err, "");
    bool is_selected = ok && selector_matches(&s, value_of, LABELS);
    selector_done(&s);
    arena_done(&mem);
    return is_selected;
}

static void check_refused(const char *text, const char *want)
{
    struct arena mem = {0};
    struct selector s;
    struct err err = ERR_INIT;
    assert_false(selector_parse(str_c(text), &mem, &s, &err));
    check_err(&err, want);
    arena_done(&mem);
}

static void all_conditions_of_an_alternative_must_hold(void **state)
{
    (void)state;
    assert_true(selects("up"));
    assert_true(selects("up{}"));
    assert_true(selects("up{job=\"a\"}"));
    assert_true(selects(" { job = 'a' , } # a comment"));
    assert_true(selects("{job=~\"a|b\", job!=\"b\", x!~\".+\", y=\"\"}"));
    assert_false(selects("down{job=\"a\"}"));
    assert_false(selects("{job=~\"b.*\"}"));
    assert_false(selects("{job=\"a\",x!=\"\"}"));
    assert_false(selects("{job=~\"\"}"));
}

static void one_alternative_is_enough(void **state)
{
    (void)state;
    assert_true(selects("{job=\"b\" or job=\"a\"}"));
    assert_true(selects("up{job=\"b\" OR job=\"a\"}"));
    assert_false(selects("down{job=\"b\" or job=\"a\"}"));
    assert_false(selects("{job=\"b\" or job=\"a\", x=\"y\"}"));
}

static void a_metric_name_may_stand_inside(void **state)
{
    (void)state;
    assert_true(selects("{\"up\"}"));
    assert_true(selects("{\"up\", job=\"a\"}"));
    assert_false(selects("{\"down\", job=\"a\"}"));
    assert_false(selects("{\"down\" or job=\"a\"}"));
    assert_true(selects("{\"down\" or __name__=~\"u.\"}"));
    check_refused("{\"a\", \"b\"}", "parse error: metric name must not be set twice: \"a\" or "
                                    "\"b\"");
    check_refused("a{\"b\"}", "parse error: metric name must not be set twice: \"a\" or \"b\"");
}

static void names_and_strings_are_decoded(void **state)
{
    (void)state;
    assert_true(selects("\\x75p{\"job\"=\"\\x61\"}"));
    assert_true(selects("{j\\u006fb=`a`}"));
    assert_true(selects("{job=\"\"+'a'}"));
    assert_true(selects("{job!='it\\'s \"x\"'}"));
}

// Against {job="a", job="b", x="1\n2"}, a list as relabeling may leave it.
static bool selects_listed(const char *text)
{
    static const struct label LABELS[] = {
        {{"job", 3}, {"a", 1}}, {{"job", 3}, {"b", 1}}, {{"x", 1}, {"1\n2", 3}}};
    struct arena mem = {0};
    struct selector s;
    struct err err = ERR_INIT;
    bool ok = selector_parse(str_c(text), &mem, &s, &err);
    check_err(&err, "");
    bool is_selected = ok && selector_matches_labels(&s, LABELS, ARRAY_LEN(LABELS));
    selector_done(&s);
    arena_done(&mem);
    return is_selected;
}

static void a_list_may_hold_a_name_twice(void **state)
{
    (void)state;
    assert_true(selects_listed("{job=\"a\"}"));
    assert_true(selects_listed("{job=\"b\"}"));
    assert_true(selects_listed("{job=~\"b|c\"}"));
    assert_false(selects_listed("{job!=\"b\"}"));
    assert_false(selects_listed("{job!~\"a\"}"));
    assert_true(selects_listed("{job=\"c\" or job=\"b\"}"));
}

static void a_metric_name_must_be_there(void **state)
{
    (void)state;
    assert_false(selects_listed("{__name__=\"\"}"));
    assert_true(selects_listed("{__name__!=\"\"}"));
    assert_true(selects_listed("{__name__=~\"\"}"));
    assert_true(selects_listed("{y=\"\"}"));
    assert_false(selects_listed("up"));
}

static void dots_match_newlines(void **state)
{
    (void)state;
    assert_true(selects_listed("{x=~\"1.2\"}"));
    assert_true(selects_listed("{x=~\"1.*\"}"));
    assert_false(selects_listed("{x!~\".+\"}"));
}

static void braces_alone_select_nothing(void **state)
{
    (void)state;
    assert_false(selects("{}"));
    assert_false(selects_listed("{}"));
}

static void what_is_no_selector_is_refused(void **state)
{
    (void)state;
    check_refused("", "expecting metricSelector; unparsed data: \"\"");
    check_refused("{job=!\"a\"}", "expecting string; unparsed data: \"!\\\"a\\\"}\"");
    check_refused("{job}", "expecting one of = != =~ !~; unparsed data: \"}\"");
    check_refused("{job=\"a\"", "expecting ',' or '}'; unparsed data: \"\"");
    check_refused("{job=\"a", "expecting string; unparsed data: \"\\\"a\"");
    check_refused("{job=\"\\q\"}", "expecting string; unparsed data: \"\\\"\\\\q\\\"}\"");
    check_refused("{,}", "expecting label name; unparsed data: \",}\"");
    check_refused("{a=\"b\", or c=\"d\"}",
                  "expecting one of = != =~ !~; unparsed data: \"c=\\\"d\\\"}\"");
    check_refused("{a=\"b\" or}", "expecting label name; unparsed data: \"}\"");
    check_refused("{a=~\"(\"}", "invalid regexp in a: error parsing regexp: missing closing ): "
                                "`^(?:()$`");
    check_refused("{a=~\"b)(c\"}", "invalid regexp in a: error parsing regexp: unexpected ): "
                                   "`b)(c`");
    check_refused("{a # =\"b\"}", "expecting one of = != =~ !~; unparsed data: \"\"");
    check_refused("up[5m]", "expecting metricSelector; unparsed data: \"[5m]\"");
    check_refused("up > 1", "expecting metricSelector; unparsed data: \"> 1\"");
    check_refused("nan", "expecting metricSelector; unparsed data: \"nan\"");
    check_refused("\xff", "expecting metricSelector; unparsed data: \"\\xff\"");
}

int test_selector(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_conditions_of_an_alternative_must_hold),
        cmocka_unit_test(one_alternative_is_enough),
        cmocka_unit_test(a_metric_name_may_stand_inside),
        cmocka_unit_test(names_and_strings_are_decoded),
        cmocka_unit_test(a_list_may_hold_a_name_twice),
        cmocka_unit_test(a_metric_name_must_be_there),
        cmocka_unit_test(dots_match_newlines),
        cmocka_unit_test(braces_alone_select_nothing),
        cmocka_unit_test(what_is_no_selector_is_refused),
    };
    return run_group("selector", tests);
}
