// SPDX-License-Identifier: Apache-2.0
// Parsing: what is accepted, how it binds, what is said about the rest.
#include "rules/metricsql/metricsql.h"

#include <math.h>

#include "base/core/alloc.h"
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
    check_err(&err, want);
}

static void operators_bind_by_rank(void **state)
{
    (void)state;
    check_print("a + b * c ^ d ^ e", "a + (b * (c ^ (d ^ e)))");
    check_print("a - b - c", "(a - b) - c");
    check_print("a or b and c == d", "a or (b and (c == d))");
    check_print("a default b if c or d", "a default (b if (c or d))");
    check_print("a unless b and c", "(a unless b) and c");
    check_print("a atan2 b % c", "(a atan2 b) % c");
    check_print("(a + b) * c", "(a + b) * c");
}

static void a_minus_is_an_operation_of_its_own(void **state)
{
    (void)state;
    check_print("-a ^ 2", "0 - (a ^ 2)");
    check_print("-a * b", "0 - (a * b)");
    check_print("-a + b", "(0 - a) + b");
    check_print("-5 == x", "-5 == x");
    check_print("2 ^ -1", "0.5");
    check_print("+a", "a");
}

static void constants_are_computed(void **state)
{
    (void)state;
    check_print("1Ki + 1.5MB - 0x10 % 017", "1.501023e+06");
    check_print("2 > 1", "2");
    check_print("2 > bool 1", "1");
    check_print("2 < 1", "NaN");
    check_print("nan == bool nan", "1");
    check_print("1 unless 2", "NaN");
    check_print("nan default 3", "3");
    check_print("nan ^ 0", "NaN");
    check_print("'a' + `b` == \"ab\"", "1");
    check_print("\"b\" >= bool \"c\"", "0");
    check_print("5m + 1", "5m + 1"); // a duration depends on the step where it holds i
    check_print("sum(1 + 1, (x)) @ (1 + 2)", "sum(2, x) @ 3");
}

static void keywords_are_names_in_other_places(void **state)
{
    (void)state;
    check_print("with + by", "with + by");
    check_print("sum + limit", "sum + limit");
    check_print("a + (on)", "a + (on)");
    check_print("a + fill", "a + (fill)");
    check_print("offset offset 5m", "offset offset 5m");
    check_print("sum{or=\"x\" or bool=\"y\"}", "sum{or=\"x\" or bool=\"y\"}");
}

static void selectors_are_brought_into_one_form(void **state)
{
    (void)state;
    check_print("{\"my.metric\", \"a b\"='c'}", "my.metric{a\\ b=\"c\"}");
    check_print("x{a=\"b\",a=\"b\",}", "x{a=\"b\"}");
    check_print("{__name__=\"x\" or a=\"b\"}", "x{a=\"b\"}");
    check_print("{\"a\" or \"b\",c!=\"d\"}", "{__name__=\"a\" or __name__=\"b\",c!=\"d\"}");
    check_print("{\"\"=\"x\"}", "{\"\"=\"x\"}");
}

static void modifiers_are_read_and_printed(void **state)
{
    (void)state;
    check_print("a == BOOL ON(x) b", "a ==bool on(x) b");
    check_print("a + on(x) group_left prefix \"p\"+\"q\" b",
                "a + on(x) group_left() prefix \"pq\" b");
    check_print("a + fill(0) b", "a + fill(0) b");
    check_print("a + fill_left(1) fill_right(-2) b", "a + fill_left(1) fill_right(-2) b");
    check_print("a + FILL(1) fill_right(inf) b", "a + fill_left(1) fill_right(inf) b");
    check_print("sum by (\"a\", b,) (x) limit 3", "sum(x) by(a,b) limit 3");
    check_print("x @ 5 offset -1h", "x offset -1h @ 5");
    check_print("x[:]", "x[:]");
    check_print("x[$__interval:1m]", "x[:1m]");
}

// What printing must put into parentheses although nothing was there before parsing.
static void prints_are_read_as_the_same_tree(void **state)
{
    (void)state;
    check_print("(-5) ^ x", "(-5) ^ x");
    check_print("(-5)[1m]", "(-5)[1m]");
    check_print("(\"a\") + x", "(\"a\") + x");
    check_print("(sum) and x", "(sum) and x");
    check_print("\\nan + 1", "\\nan + 1");
    check_print("a + (on[5m])", "a + (on[5m])");
    check_print("x @ (y offset 5m)", "x @ (y offset 5m)");
    check_print("(a + b)[$__interval]", "a + b");
}

static void refusals_say_what_was_expected(void **state)
{
    (void)state;
    check_refused("",
                  "singleExpr: unexpected token \"\"; want \"(\", \"{\", \"-\", \"+\"; unparsed "
                  "data: \"\"");
    check_refused("08",
                  "positivenumberExpr: cannot parse \"08\": strconv.ParseInt: parsing \"08\": "
                  "invalid syntax; unparsed data: \"08\"");
    check_refused("0xffffffffffffffff",
                  "positivenumberExpr: cannot parse \"0xffffffffffffffff\": strconv.ParseInt: "
                  "parsing \"0xffffffffffffffff\": value out of range; unparsed data: "
                  "\"0xffffffffffffffff\"");
    check_refused("1e", "cannot find the first token: missing exponent part in \"1e\"");
    check_refused("a b", "unparsed data left: \"b\"");
    check_refused("a $", "cannot recognize \"$\"; unparsed data: \"a$\"");
    check_refused("sum(a # b", "argList: unexpected token \"\"; want \",\", \")\"; unparsed data: "
                               "\"# b\"");
    check_refused("x[5M]", "cannot parse duration \"5M\": cannot parse duration \"5M\"; unparsed "
                           "data: \"]\"");
    check_refused("x[5m-m]", "cannot parse duration \"5m-m\": cannot parse duration \"-m\": "
                             "strconv.ParseFloat: parsing \"-\": invalid syntax; unparsed data: "
                             "\"]\"");
    check_refused("x[(]", "duration: unexpected token \"(\"; want valid duration; unparsed data: "
                          "\"(]\"");
    check_refused("x @ 1 @ 2", "duplicate `@` token; unparsed data: \"@ 2\"");
    check_refused("x @ ]", "cannot parse `@` expresion: singleExpr: unexpected token \"]\"; want "
                           "\"(\", \"{\", \"-\", \"+\"; unparsed data: \"]\"");
    check_refused("a + fill(x) b", "cannot parse fill fill value: positiveNumberExpr: unexpected "
                                   "token \"x\"; want \"number\"; unparsed data: \"x) b\"");
    check_refused("a + fill(1 b", "fill: unexpected token \"b\"; want \")\"; unparsed data: \"b\"");
    check_refused("a and fill(0) b", "fill modifier cannot be applied to \"and\"; unparsed data: "
                                     "\"fill(0) b\"");
    check_refused("a + on(x) group_left(*, b) c",
                  "ModifierExpr: identList: unexpected token \",\" after \"*\"; want \")\"; "
                  "unparsed data: \", b) c\"");
    check_refused("a + on(x) group_left(a) prefix 5 b",
                  "cannot parse prefix for group_left(a): StringExpr: unexpected token \"5\"; want "
                  "\"string\"; unparsed data: \"5 b\"");
    check_refused("sum(x) limit 99999999999999999999",
                  "cannot parse limit \"99999999999999999999\": strconv.Atoi: parsing "
                  "\"99999999999999999999\": value out of range; unparsed data: "
                  "\"99999999999999999999\"");
    check_refused("foo(x)", "unsupported function \"foo\"");
    check_refused(
        "x{a=~\"[\"}",
        "cannot expand WITH expressions: invalid regexp in a=\"[\": error parsing regexp: "
        "missing closing ]: `[)$`");
}

// n times `piece`, then `end`.
static str repeated(struct buf *b, const char *piece, size_t n, const char *end)
{
    buf_clear(b);
    for (size_t i = 0; i < n; i++)
        buf_put(b, str_c(piece));
    buf_put(b, str_c(end));
    return buf_str(b);
}

static void check_limit(str text, const char *want)
{
    struct err err = ERR_INIT;
    assert_false(mql_check(text, &err));
    assert_int_equal(err.code, ERR_LIMIT);
    assert_true(str_find_str(err_str(&err), str_c(want)) != STR_NONE);
}

static void sizes_are_bounded(void **state)
{
    (void)state;
    defer(buf_done) struct buf text = {0};
    assert_true(mql_check(repeated(&text, "a + ", MQL_HEIGHT_MAX - 1, "a"), NULL));
    check_limit(repeated(&text, "a + ", MQL_HEIGHT_MAX, "a"), "nests more than 1000 levels");
    check_limit(repeated(&text, "(", MQL_NESTING_MAX + 1, ""), "nests more than 250 levels");
    check_limit(repeated(&text, "-", MQL_NESTING_MAX + 1, "1"), "nests more than 250 levels");
    defer(buf_done) struct buf list = {0};
    buf_printf(&list, "sum by (%.*s) (x)", STR(repeated(&text, "a,", MQL_LIST_MAX, "")));
    assert_true(mql_check(buf_str(&list), NULL));
    buf_clear(&list);
    buf_printf(&list, "sum by (%.*s) (x)", STR(repeated(&text, "a,", MQL_LIST_MAX + 1, "")));
    check_limit(buf_str(&list), "a list has more than 2000 names");
    check_limit(repeated(&text, " ", MQL_TEXT_BYTES_MAX, "1"), "longer than 262144 bytes");
}

struct visits {
    size_t nodes, modifiers;
};

static void count(void *owner, const struct mql_expr *e, const struct mql_modifier *m)
{
    struct visits *v = owner;
    assert_true((e == NULL) != (m == NULL));
    v->nodes += e != NULL;
    v->modifiers += m != NULL;
}

static void trees_can_be_walked(void **state)
{
    (void)state;
    struct arena mem = {0};
    struct visits v = {0};
    const struct mql_expr *e = mql_parse(S("sum(rate(x{a=~\"b.*\"}[5m:1m] offset 1h @ 5)) by (c) / "
                                           "on(c) group_left(d) prefix \"p\" y"),
                                         &mem, NULL);
    mql_visit(e, count, &v);
    assert_int_equal(v.nodes, 11);
    assert_int_equal(v.modifiers, 3);
    assert_int_equal(e->kind, MQL_BINARY);
    assert_int_equal(e->binary.op, MQL_OP_DIV);
    const struct mql_call *sum = &e->binary.left->call;
    check_str(sum->func->name, S("sum"));
    check_str(sum->modifier.names[0], S("c"));
    const struct mql_rollup *r = &sum->args[0]->call.args[0]->rollup;
    check_str(r->window->duration.text, S("5m"));
    assert_true(r->at->number.value == 5);
    const struct mql_filter *f = &r->expr->selector.alternatives[0].items[1];
    check_str(f->value, S("b.*"));
    assert_true(f->is_regexp && !f->is_negative);
    arena_done(&mem);
}

static void large_trees_are_not_optimized(void **state)
{
    (void)state;
    struct arena mem = {0};
    struct buf text = {0};
    const struct mql_expr *e = mql_parse(
        repeated(&text, "a + ", MQL_OPTIMIZE_OPERATIONS_MAX + 1, "b{c=\"d\"}"), &mem, NULL);
    assert_ptr_equal(mql_optimize(e, &mem), e);
    e = mql_parse(repeated(&text, "a + ", MQL_OPTIMIZE_OPERATIONS_MAX, "b{c=\"d\"}"), &mem, NULL);
    assert_ptr_not_equal(mql_optimize(e, &mem), e);
    buf_done(&text);
    arena_done(&mem);
}

int test_metricsql(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operators_bind_by_rank),
        cmocka_unit_test(a_minus_is_an_operation_of_its_own),
        cmocka_unit_test(constants_are_computed),
        cmocka_unit_test(keywords_are_names_in_other_places),
        cmocka_unit_test(selectors_are_brought_into_one_form),
        cmocka_unit_test(modifiers_are_read_and_printed),
        cmocka_unit_test(prints_are_read_as_the_same_tree),
        cmocka_unit_test(refusals_say_what_was_expected),
        cmocka_unit_test(sizes_are_bounded),
        cmocka_unit_test(trees_can_be_walked),
        cmocka_unit_test(large_trees_are_not_optimized),
    };
    return run_group("metricsql", tests);
}
