// SPDX-License-Identifier: Apache-2.0
#include "base/text/yaml.h"

#include <math.h>

#include "tests/support/check.h"

static struct arena mem;

static struct yaml_node *parse_with(str text, bool duplicates_are_fine)
{
    struct err err = ERR_INIT;
    struct yaml_node *node = NULL;
    const struct yaml_options opt = {.duplicates_are_fine = duplicates_are_fine};
    if (!yaml_parse(text, &opt, &mem, &node, &err))
        fail_msg("%.*s", STR(err_str(&err)));
    return node;
}

static struct yaml_node *parse(const char *text)
{
    return parse_with(str_c(text), false);
}

static void check_refused(str text, enum err_code code, const char *want)
{
    struct err err = ERR_INIT;
    struct yaml_node *node;
    assert_false(yaml_parse(text, NULL, &mem, &node, &err));
    check_err(&err, want);
    assert_int_equal(err.code, code);
}

static str text_at(const struct yaml_node *mapping, const char *key)
{
    const struct yaml_node *n = yaml_get(mapping, str_c(key));
    assert_non_null(n);
    return n->text;
}

static void trees_know_where_they_came_from(void **state)
{
    (void)state;
    const struct yaml_node *n = parse("# c\na: [1, 'x']\nb:\n  c: \"\\u00e9\\n\"\n");
    assert_int_equal(n->kind, YAML_MAPPING);
    assert_int_equal(n->count, 2);
    assert_int_equal(n->line, 2);
    const struct yaml_node *a = yaml_get(n, S("a"));
    assert_int_equal(a->kind, YAML_SEQUENCE);
    assert_int_equal(a->count, 2);
    assert_true(a->items[0]->is_plain && !a->items[1]->is_plain);
    assert_int_equal(a->items[1]->column, 8);
    const struct yaml_node *c = yaml_get(yaml_get(n, S("b")), S("c"));
    check_str(c->text, S("\xc3\xa9\n"));
    assert_int_equal(c->line, 4);
    assert_int_equal(c->column, 6);
    assert_null(yaml_get(n, S("nosuch")));
    assert_null(yaml_get(a, S("x")));
}

static void errors_read_as_upstreams(void **state)
{
    (void)state;
    static const struct {
        const char *in, *want;
    } cases[] = {
        {"a: b: c\n", "yaml: mapping values are not allowed in this context"},
        {"\n\na: b: c\n", "yaml: line 3: mapping values are not allowed in this context"},
        {"s: \"x\n", "yaml: line 2: found unexpected end of stream"},
        {"a:\n  - b\n c: d\n", "yaml: line 2: did not find expected key"},
        {"\na: {b: c\n", "yaml: line 2: did not find expected ',' or '}'"},
        {"a: *x\n", "yaml: unknown anchor 'x' referenced"},
        {"a: &x [*x]\n", "yaml: anchor 'x' value contains itself"},
        {"a:\n\t- b\n", "yaml: line 2: found character that cannot start any token"},
        {"a: %b\n", "yaml: found character that cannot start any token"},
        {"a: \x01\n", "yaml: control characters are not allowed"},
        {"<<: x\n", "yaml: map merge requires map or sequence of maps as the value"},
        {"<<: [{a: b}, c]\n", "yaml: map merge requires map or sequence of maps as the value"},
        {"a: !!int x\n", "yaml: cannot decode !!str `x` as a !!int"},
        {"a: !!bool 1\n", "yaml: cannot decode !!int `1` as a !!bool"},
        {"a: !!binary '/w='\n", "yaml: !!binary value contains invalid base64 data"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        check_refused(str_c(cases[i].in), ERR_SYNTAX, cases[i].want);
}

static void documents_follow_each_other(void **state)
{
    (void)state;
    struct yaml_node **docs;
    size_t count;
    struct err err = ERR_INIT;
    str text = S("\xef\xbb\xbf"
                 "a: 1\n---\n---\n[b]\n...\n--- &x c\n");
    assert_true(yaml_parse_all(text, NULL, &mem, &docs, &count, &err));
    assert_int_equal(count, 4);
    assert_int_equal(docs[0]->kind, YAML_MAPPING);
    assert_int_equal(docs[1]->kind, YAML_NULL);
    assert_int_equal(docs[2]->kind, YAML_SEQUENCE);
    check_str(docs[3]->text, S("c"));
    assert_false(yaml_parse_all(S("a: 1\n---\n*x"), NULL, &mem, &docs, &count, &err));
    // Only the first counts, even if the second is broken.
    check_str(text_at(parse("a: 1\n---\n{"), "a"), S("1"));
    assert_int_equal(parse("")->kind, YAML_NULL);
    assert_int_equal(parse("# only a comment\n")->kind, YAML_NULL);
    assert_true(yaml_parse_all(S(""), NULL, &mem, &docs, &count, &err));
    assert_int_equal(count, 0);
}

static void repeated_keys_are_marked_or_replaced(void **state)
{
    (void)state;
    const struct yaml_node *strict = parse("a: 1\nb: 2\na: 3\n");
    assert_int_equal(strict->count, 3);
    assert_true(strict->members[2].is_repeated && !strict->members[0].is_repeated);
    const struct yaml_node *lenient = parse_with(S("a: 1\nb: 2\na: 3\n"), true);
    assert_int_equal(lenient->count, 2);
    check_str(text_at(lenient, "a"), S("3"));

    // Beyond the size up to which keys are searched one by one.
    defer(buf_done) struct buf text = {0};
    for (int i = 0; i < 100; i++)
        buf_printf(&text, "k%d: %d\n", i, i);
    buf_put(&text, S("k7: again\nk99: again\n"));
    strict = parse_with(buf_str(&text), false);
    assert_int_equal(strict->count, 102);
    assert_true(strict->members[100].is_repeated && strict->members[101].is_repeated);
    lenient = parse_with(buf_str(&text), true);
    assert_int_equal(lenient->count, 100);
    check_str(text_at(lenient, "k7"), S("again"));
}

static void merge_keys_apply_where_they_stand(void **state)
{
    (void)state;
    const struct yaml_node *n = parse("x: &x {a: 1, b: 2}\n"
                                      "y: &y {b: 3, c: 4}\n"
                                      "one: {<<: *x, b: own}\n"
                                      "list: {<<: [*x, *y], d: 5}\n"
                                      "late: {a: own, <<: *x}\n"
                                      "quoted: {'<<': *x}\n"
                                      "nested: {<<: {<<: *y, c: inner}}\n");
    const struct yaml_node *one = yaml_get(n, S("one"));
    assert_int_equal(one->count, 2);
    check_str(text_at(one, "a"), S("1"));
    check_str(text_at(one, "b"), S("own"));
    const struct yaml_node *list = yaml_get(n, S("list"));
    assert_int_equal(list->count, 4);
    check_str(text_at(list, "b"), S("2")); // the first of the list wins
    check_str(text_at(list, "c"), S("4"));
    check_str(text_at(yaml_get(n, S("late")), "a"), S("1"));
    assert_int_equal(yaml_get(n, S("quoted"))->count, 1);
    check_str(text_at(yaml_get(n, S("nested")), "c"), S("inner"));
    yaml_each (i, n)
        assert_false(n->members[i].is_repeated);
}

static void aliases_are_the_same_node(void **state)
{
    (void)state;
    const struct yaml_node *n = parse("a: &x [1]\nb: *x\nc: &x 2\nd: *x\n");
    assert_ptr_equal(yaml_get(n, S("a")), yaml_get(n, S("b")));
    check_str(text_at(n, "d"), S("2")); // the newest anchor of a name
}

static void bombs_are_refused(void **state)
{
    (void)state;
    defer(buf_done) struct buf bomb = {0};
    buf_put(&bomb, S("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"));
    for (int i = 1; i < 10; i++)
        buf_printf(&bomb, "a%d: &a%d [*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d]\n", i, i,
                   i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
    check_refused(buf_str(&bomb), ERR_LIMIT, "yaml: line 6: document has more than 1000000 values");

    buf_clear(&bomb);
    buf_put(&bomb, S("m0: &m0 {a: x, b: x}\n"));
    for (int i = 1; i < 40; i++)
        buf_printf(&bomb, "m%d: &m%d {p: *m%d, q: *m%d}\n", i, i, i - 1, i - 1);
    struct err err = ERR_INIT;
    struct yaml_node *node;
    assert_false(yaml_parse(buf_str(&bomb), NULL, &mem, &node, &err));
    assert_int_equal(err.code, ERR_LIMIT);

    buf_clear(&bomb);
    buf_put_fill(&bomb, '[', YAML_DEPTH_MAX + 1);
    check_refused(buf_str(&bomb), ERR_LIMIT, "yaml: line 1: exceeded max depth of 100");

    // Depth counts through aliases as well.
    buf_clear(&bomb);
    buf_put(&bomb, S("a: &a "));
    buf_put_fill(&bomb, '[', 60);
    buf_put_fill(&bomb, ']', 60);
    buf_put(&bomb, S("\nb: "));
    buf_put_fill(&bomb, '[', 60);
    buf_put(&bomb, S("*a"));
    buf_put_fill(&bomb, ']', 60);
    check_refused(buf_str(&bomb), ERR_LIMIT, "yaml: line 2: exceeded max depth of 100");
}

// ---- scalars -------------------------------------------------------------------------------

static void scalars_resolve_as_yaml_1_1(void **state)
{
    (void)state;
    static const struct {
        const char *in, *tag;
        double number; // of !!int and !!float
    } cases[] = {
        {"1", "!!int", 1},
        {"0x1F", "!!int", 31},
        {"0b11", "!!int", 3},
        {"-0b11", "!!int", -3},
        {"017", "!!int", 15},
        {"0o17", "!!int", 15},
        {"08", "!!float", 8},
        {"1_000", "!!int", 1000},
        {"+5", "!!int", 5},
        {"18446744073709551615", "!!int", 18446744073709551615.0},
        {"18446744073709551616", "!!float", 18446744073709551616.0},
        {"1e3", "!!float", 1000},
        {"1.", "!!float", 1},
        {".5", "!!float", .5},
        {"-.5e1", "!!float", -5},
        {".inf", "!!float", INFINITY},
        {"-.INF", "!!float", -INFINITY},
        {"1e400", "!!str", 0},
        {".5_0", "!!str", 0},
        {"1e", "!!str", 0},
        {"0x", "!!str", 0},
        {"12:30", "!!str", 0},
        {"1.2.3", "!!str", 0},
        {"y", "!!bool", 0},
        {"Off", "!!bool", 0},
        {"oN", "!!str", 0},
        {"~", "!!null", 0},
        {"NULL", "!!null", 0},
        {"nUll", "!!str", 0},
        {"'~'", "!!str", 0},
        {"'1'", "!!str", 0},
        {"!!str 1", "!!str", 0},
        {"!!float 1", "!!float", 1},
        {"!local 1", "!local", 0},
        {"2001-01-01", "!!timestamp", 0},
        {"2001-1-1T1:2:3.5+01:00", "!!timestamp", 0},
        {"2001-12-14 21:59:43.10", "!!timestamp", 0},
        {"2001-12-14 21:59:43.10 -5", "!!str", 0},
        {"2001-13-01", "!!str", 0},
        {"[1]", "!!seq", 0},
        {"{}", "!!map", 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct yaml_node *n = parse(cases[i].in);
        check_str(yaml_short_tag(n), str_c(cases[i].tag));
        double x = 0;
        bool is_number = strcmp(cases[i].tag, "!!int") == 0 || strcmp(cases[i].tag, "!!float") == 0;
        assert_int_equal(yaml_to_f64(n, &x), is_number);
        assert_true(x == cases[i].number);
    }
    double nan_value;
    assert_true(yaml_to_f64(parse(".NaN"), &nan_value) && isnan(nan_value));
}

static void scalars_become_what_is_asked_for(void **state)
{
    (void)state;
    bool b;
    int64_t i;
    uint64_t u;
    str s;
    assert_true(yaml_to_bool(parse("YES"), &b) && b);
    assert_true(yaml_to_bool(parse("n"), &b) && !b);
    assert_false(yaml_to_bool(parse("'yes'"), &b) || yaml_to_bool(parse("1"), &b));
    assert_true(yaml_to_bool(parse("!!bool 'yes'"), &b) && b);
    assert_true(yaml_to_i64(parse("-9223372036854775808"), &i) && i == INT64_MIN);
    assert_false(yaml_to_i64(parse("9223372036854775808"), &i));
    assert_true(yaml_to_i64(parse("2.9"), &i) && i == 2);
    assert_false(yaml_to_i64(parse("1e30"), &i) || yaml_to_i64(parse(".nan"), &i));
    assert_true(yaml_to_u64(parse("18446744073709551615"), &u) && u == UINT64_MAX);
    assert_false(yaml_to_u64(parse("-1"), &u) || yaml_to_u64(parse("[]"), &u));
    assert_true(yaml_to_str(parse("0123"), &s) && str_eq(s, S("0123")));
    assert_true(yaml_to_str(parse("~"), &s) && s.n == 0);
    assert_true(yaml_to_str(parse("!!binary aGk="), &s) && str_eq(s, S("hi")));
    assert_false(yaml_to_str(parse("[a]"), &s));
    assert_true(yaml_plain_is_str(S("a b")) && yaml_plain_is_str(S("monday:friday")));
    assert_false(yaml_plain_is_str(S("1:5")) || yaml_plain_is_str(S("00:00")) ||
                 yaml_plain_is_str(S("")) || yaml_plain_is_str(S("off")) ||
                 yaml_plain_is_str(S("2030")));
    assert_true(yaml_plain_is_str(S("1:60")) && yaml_plain_is_str(S("-3:-1")));
}

static int done(void **state)
{
    (void)state;
    arena_done(&mem);
    return 0;
}

int test_yaml(void);
int test_yaml(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trees_know_where_they_came_from),
        cmocka_unit_test(errors_read_as_upstreams),
        cmocka_unit_test(documents_follow_each_other),
        cmocka_unit_test(repeated_keys_are_marked_or_replaced),
        cmocka_unit_test(merge_keys_apply_where_they_stand),
        cmocka_unit_test(aliases_are_the_same_node),
        cmocka_unit_test(bombs_are_refused),
        cmocka_unit_test(scalars_resolve_as_yaml_1_1),
        cmocka_unit_test(scalars_become_what_is_asked_for),
    };
    return _cmocka_run_group_tests("yaml", tests, ARRAY_LEN(tests), NULL, done);
}
