// SPDX-License-Identifier: Apache-2.0
// WITH templates: what is replaced by what, and where that ends.
#include "rules/metricsql/metricsql.h"
#include "tests/support/check.h"

static void check_print(const char *text, const char *want)
{
    struct arena mem = {0};
    struct buf out = {0};
    struct err err = ERR_INIT;
    const struct mql_expr *e = mql_parse(str_c(text), &mem, &err);
    if (e)
        buf_put_mql(&out, e);
    check_str(e ? buf_str(&out) : err_str(&err), str_c(want));
    buf_done(&out);
    arena_done(&mem);
}

static void check_refused(const char *text, const char *want)
{
    struct err err = ERR_INIT;
    assert_false(mql_check(str_c(text), &err));
    str before = S("cannot expand WITH expressions: ");
    assert_true(str_starts(err_str(&err), before));
    check_str(str_skip(err_str(&err), before.n), str_c(want));
}

static void names_are_replaced(void **state)
{
    (void)state;
    check_print("WITH (x = up) x + x{a=\"b\"} + x()", "(up + up{a=\"b\"}) + up");
    check_print("WITH (f(a, b) = a / b) f(x, f(1, 2))", "x / 0.5");
    check_print("WITH (l = {a=\"b\"}) {l, c=\"d\"} + l{e=\"f\"}",
                "{a=\"b\",c=\"d\"} + {a=\"b\",e=\"f\"}");
    check_print("WITH (w = 5m, s = 30) x[w:s] offset w", "x[5m:30] offset 5m");
    check_print("WITH (x = y[5m]) x{a=\"b\"}", "y{a=\"b\"}[5m]");
    check_print("WITH (x = {a=\"b\" or c=\"d\"}) x{e=\"f\"}",
                "{a=\"b\",e=\"f\" or c=\"d\",e=\"f\"}");
    check_print("WITH (l = (a, b), m = c) sum(x) by (l, m, a)", "sum(x) by(a,b,c)");
    check_print("WITH (s = \"x\") a{b=s+\"y\"+s}", "a{b=\"xyx\"}");
}

static void only_what_stands_before_is_visible(void **state)
{
    (void)state;
    check_print("WITH (x = x + 1) x", "x + 1");
    check_print("WITH (a = b, b = c) a", "b");
    check_print("WITH (b = c, a = b) a", "c");
    check_print("WITH (x = 1) (WITH (x = 2) x) + x", "3");
    check_print("WITH (f(x) = WITH (y = x) y * 2) f(3)", "6");
}

static void four_templates_are_built_in(void **state)
{
    (void)state;
    check_print("ru(a, b)", "(clamp_min(b - clamp_min(a, 0), 0) / clamp_min(b, 0)) * 100");
    check_print("ttf(x)", "smooth_exponential(clamp_max(clamp_max(0 - x, 0) / "
                          "clamp_max(deriv_fast(x), 0), 3.1536e+07), clamp_max(step() / 300, 1))");
    check_print("range_median(x)", "range_quantile(0.5, x)");
    check_print("alias(x, \"y\")", "label_set(x, \"__name__\", \"y\")");
    check_print("ru", "ru");
    check_print("WITH (ru = 1) ru", "1");
}

static void misuse_is_explained(void **state)
{
    (void)state;
    check_refused("WITH (f(a) = a) f(1, 2)", "invalid number of args for \"f\"; got 2; want 1");
    check_refused("up{x}", "cannot find WITH template for \"x\" inside \"up{x}\"");
    check_refused("up{a=b}", "missing \"b\" value inside StringExpr");
    check_refused("WITH (b = c) up{a=b}", "\"b\" must be string expression; got \"c\"");
    check_refused("up[w]", "cannot parse window for up: cannot find WITH template for \"w\"");
    check_refused("WITH (w = x) up[5m:w]", "cannot parse step in up: unexpected value for WITH "
                                           "template \"w\"; got x; want duration");
    check_refused("WITH (x = a + b) x{c=\"d\"}",
                  "cannot expand \"x{c=\\\"d\\\"}\" to non-metric expression \"(a + b)\"");
    check_refused("WITH (l = {a=\"b\" or c=\"d\"}) x{l}",
                  "WITH template \"l\" at \"x{l}\" must be {...} without 'or'; got {a=\"b\" or "
                  "c=\"d\"}");
    check_refused("WITH (l = m{a=\"b\"}) x{l}",
                  "WITH template \"l\" inside \"x{l}\" must be {...}; got \"m{a=\\\"b\\\"}\"");
    check_refused("WITH (x = {a=\"b\" or c=\"d\"}) x{e=\"f\" or g=\"h\"}",
                  "\"x\" mustn't contain 'or' filters; got {a=\"b\" or c=\"d\"}");
    check_refused("WITH (l = 1) sum(x) by (l, m)", "cannot use \"1\" instead of \"l\" in [l m]");
    check_refused("{\"a\", \"b\"}",
                  "parse error: metric name must not be set twice: \"a\" or \"b\"");
    check_refused("up{a=\"\\q\"}", "cannot parse string literal \"\\\"\\\\q\\\"\": invalid syntax");
}

static void definitions_are_checked_while_parsing(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    assert_false(mql_check(S("WITH (x = 1, x = 2) x"), &err));
    check_err(&err, "duplicate `with` arg name for: x = 2; previous one: x = 1; unparsed data: "
                    "\") x\"");
    assert_false(mql_check(S("WITH (f(a, a) = 1) x"), &err));
    check_err(&err, "withArgExpr: duplicate func arg found in \"f\": \"a\"; unparsed data: "
                    "\"= 1) x\"");
    assert_false(mql_check(S("WITH (f(1) = 1) x"), &err));
    check_err(&err, "withArgExpr: cannot parse args for \"f\": identList: unexpected token \"1\"; "
                    "want \"ident\"; unparsed data: \"1) = 1) x\"");
    assert_false(mql_check(S("WITH (f = ) x"), &err));
    check_err(&err, "withArgExpr: cannot parse \"f\": singleExpr: unexpected token \")\"; want "
                    "\"(\", \"{\", \"-\", \"+\"; unparsed data: \") x\"");
}

// Every definition doubles what the one before it stands for.
static void put_doubling(struct buf *text, const char *first, const char *next, size_t levels)
{
    buf_clear(text);
    buf_printf(text, "WITH (x0 = %s", first);
    for (size_t i = 1; i <= levels; i++)
        buf_printf(text, ", x%zu = %s%zu + %s%zu", i, next, i - 1, next, i - 1);
    buf_printf(text, ") x%zu", levels);
}

static void expansion_is_bounded(void **state)
{
    (void)state;
    defer(buf_done) struct buf text = {0};
    struct err err = ERR_INIT;
    put_doubling(&text, "y", "x", 10);
    assert_true(mql_check(buf_str(&text), NULL));
    put_doubling(&text, "y", "x", 40);
    assert_false(mql_check(buf_str(&text), &err));
    assert_int_equal(err.code, ERR_LIMIT);
    check_err(&err, "cannot expand WITH expressions: WITH templates expand to more than 100000 "
                    "parts");
    put_doubling(&text, "\"0123456789abcdef\"", "\"\" + x", 40);
    assert_false(mql_check(buf_str(&text), &err));
    assert_int_equal(err.code, ERR_LIMIT);
}

static void check_pretty(const char *text, const char *want)
{
    struct buf out = {0};
    struct err err = ERR_INIT;
    bool ok = buf_put_mql_pretty(&out, str_c(text), &err);
    check_str(ok ? buf_str(&out) : err_str(&err), str_c(want));
    buf_done(&out);
}

static void layouts_keep_templates(void **state)
{
    (void)state;
    check_pretty("with(x=((a)))  x", "WITH (x = a) x");
    check_pretty(
        "sum(rate(a_metric_with_a_long_name{label=\"value\"}[5m])) by (some_label) / b{c='d'}",
        "sum(rate(a_metric_with_a_long_name{label=\"value\"}[5m])) by(some_label)\n  /\nb{c='d'}");
    check_pretty("f(",
                 "singleExpr: unexpected token \"\"; want \"(\", \"{\", \"-\", \"+\"; unparsed "
                 "data: \"\"");
}

int test_metricsql_templates(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_replaced),
        cmocka_unit_test(only_what_stands_before_is_visible),
        cmocka_unit_test(four_templates_are_built_in),
        cmocka_unit_test(misuse_is_explained),
        cmocka_unit_test(definitions_are_checked_while_parsing),
        cmocka_unit_test(expansion_is_bounded),
        cmocka_unit_test(layouts_keep_templates),
    };
    return run_group("metricsql_templates", tests);
}
