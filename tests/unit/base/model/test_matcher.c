// SPDX-License-Identifier: Apache-2.0
#include "base/model/matcher.h"
#include "tests/support/check.h"

// What the parser makes of an input, printed; or its error.
static str parsed(enum matcher_mode mode, str input, struct arena *mem)
{
    struct matcher_parser p = {.mode = mode, .origin = "config"};
    struct matchers m;
    struct err err = ERR_INIT;
    if (!matchers_parse(&p, input, mem, &m, &err))
        return arena_str(mem, err_str(&err));
    defer(buf_done) struct buf text = {0};
    buf_put_matchers(&text, &m);
    matchers_done(&m);
    return arena_str(mem, buf_str(&text));
}

static void grammars_differ_as_specified(void **state)
{
    (void)state;
    static const struct {
        str input, classic, utf8;
    } ROWS[] = {
        {S(""), S("{}"), S("{}")},
        {S("{foo=\"bar\",}"), S("{foo=\"bar\"}"), S("{foo=\"bar\"}")},
        {S("foo=bar,,"), S("bad matcher format: "),
         S("8:9: unexpected ,: expected a matcher or close brace after comma")},
        {S("{"), S("{}"), S("0:1: end of input: expected close brace")},
        {S("foo=bar}"), S("{foo=\"bar\"}"), S("0:8: }: expected opening brace")},
        {S("{foo=bar}}"), S("{foo=\"bar}\"}"), S("9:10: }: expected end of input")},
        {S("foo=~.*\\.com"), S("{foo=~\".*\\\\.com\"}"),
         S("7:8: \\: invalid input: expected a comma or close brace")},
        {S("foo=\"\\x41\""), S("{foo=\"\\\\x41\"}"), S("{foo=\"A\"}")},
        {S("foo=\"bar"), S("matcher value contains unescaped double quote: \"bar"),
         S("4:8: \"bar: missing end \": expected label value")},
        {S("foo=a\\\""), S("{foo=\"a\\\"\"}"),
         S("5:6: \\: invalid input: expected a comma or close brace")},
        {S("foo="), S("{foo=\"\"}"), S("end of input: expected label value")},
        {S("\"foo bar\"=\"x\""), S("bad matcher format: \"foo bar\"=\"x\""),
         S("{\"foo bar\"=\"x\"}")},
        {S("foo=~\"(\""), S("error parsing regexp: missing closing ): `^(?:()$`"),
         S("failed to create matcher: error parsing regexp: missing closing ): `^(?:()$`")},
        {S("foo=!bar"), S("{foo=\"!bar\"}"),
         S("4:5: !: expected one of '=~': expected label value")},
        {S("{\"foo\"=\"\\xf0\\x9f\"}"), S("bad matcher format: \"foo\"=\"\\xf0\\x9f\""),
         S("7:17: \"\\xf0\\x9f\": invalid input")},
        {S("foo=a\xff"), S("{foo=\"a\xef\xbf\xbd\"}"), S("{foo=\"a\xff\"}")},
    };
    struct arena mem = {0};
    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
        check_str(parsed(MATCHER_CLASSIC, ROWS[i].input, &mem), ROWS[i].classic);
        check_str(parsed(MATCHER_UTF8, ROWS[i].input, &mem), ROWS[i].utf8);
    }
    arena_done(&mem);
}

// ---- the fallback mode --------------------------------------------------------------------------

struct lines {
    struct buf text;
    size_t count;
};

static time_ns no_time(void *owner)
{
    (void)owner;
    return 0;
}

static void keep_line(void *owner, enum log_level level, str line)
{
    struct lines *l = owner;
    assert_int_equal(level, LOG_WARN);
    buf_clear(&l->text);
    buf_put(&l->text, line);
    l->count++;
}

static void check_fallback(str input, const char *want, const char *warning, struct arena *mem)
{
    struct lines lines = {0};
    struct log_sink sink = {.level = LOG_INFO, .now = no_time, .write = keep_line, .owner = &lines};
    struct log log = log_root(&sink);
    struct matcher_parser p = {.mode = MATCHER_FALLBACK, .log = &log, .origin = "config"};
    struct matchers m = {0};
    struct err err = ERR_INIT;
    defer(buf_done) struct buf text = {0};
    if (matchers_parse(&p, input, mem, &m, &err))
        buf_put_matchers(&text, &m);
    else
        buf_put(&text, err_str(&err));
    check_str(buf_str(&text), str_c(want));
    matchers_done(&m);
    assert_int_equal(lines.count, warning != NULL);
    if (warning && str_find_str(buf_str(&lines.text), str_c(warning)) == STR_NONE)
        fail_msg("%.*s", STR(buf_str(&lines.text)));
    buf_done(&lines.text);
}

static void fallback_prefers_classic_and_warns(void **state)
{
    (void)state;
    struct arena mem = {0};
    check_fallback(S("foo=bar"), "{foo=\"bar\"}", NULL, &mem);
    check_fallback(S("foo-bar=x"), "{foo-bar=\"x\"}", NULL, &mem);
    check_fallback(S("{}"), "{}", "Matchers input has disagreement", &mem);
    check_fallback(S("foo=\"a\\tb\""), "{foo=\"a\\\\tb\"}", "Matchers input has disagreement",
                   &mem);
    check_fallback(S("foo=a\\nb"), "{foo=\"a\\nb\"}",
                   "Alertmanager is moving to a new parser for labels and matchers, and this "
                   "input is incompatible.",
                   &mem);
    check_fallback(S("foo=a\\nb"), "{foo=\"a\\nb\"}", "suggestion=\"foo=\\\"a\\\\nb\\\"\"", &mem);
    check_fallback(S("foo"), "bad matcher format: foo", NULL, &mem);
    arena_done(&mem);
}

static void one_matcher_is_asked_for(void **state)
{
    (void)state;
    struct arena mem = {0};
    struct matcher m;
    struct err err = ERR_INIT;
    struct matcher_parser p = {.mode = MATCHER_UTF8, .origin = "api"};
    assert_true(matcher_parse(&p, S("a=~\"x|y\""), &mem, &m, &err));
    assert_true(matcher_matches_value(&m, S("y")) && !matcher_matches_value(&m, S("xy")));
    matcher_done(&m);
    assert_false(matcher_parse(&p, S("a=b,c=~d"), &mem, &m, &err));
    check_err(&err, "expected 1 matcher, found 2");
    assert_false(matcher_parse(&p, S(""), &mem, &m, &err));
    check_err(&err, "no matchers");
    assert_false(matcher_parse(&p, S("{a=b}"), &mem, &m, &err));
    check_err(&err, "unexpected open or close brace: {a=b}");
    p.mode = MATCHER_FALLBACK;
    assert_false(matcher_parse(&p, S("a=b}"), &mem, &m, &err));
    check_err(&err, "unexpected open or close brace: a=b}");
    assert_true(matcher_parse(&p, S("a=b,c"), &mem, &m, &err));
    check_str(m.value, S("b,c"));
    p.mode = MATCHER_CLASSIC;
    assert_true(matcher_parse(&p, S("a=b}"), &mem, &m, &err));
    check_str(m.value, S("b}"));
    assert_false(matcher_parse(&p, S("a=\xff"), &mem, &m, &err));
    check_err(&err, "matcher value not valid UTF-8: \xff");
    arena_done(&mem);
}

static void long_inputs_are_refused(void **state)
{
    (void)state;
    struct arena mem = {0};
    char *text = arena_alloc(&mem, MATCHER_INPUT_BYTES_MAX + 1);
    memset(text, 'a', MATCHER_INPUT_BYTES_MAX + 1);
    struct matcher_parser p = {.mode = MATCHER_FALLBACK, .origin = "api"};
    struct matchers m;
    struct err err = ERR_INIT;
    assert_false(matchers_parse(&p, str_from(text, MATCHER_INPUT_BYTES_MAX + 1), &mem, &m, &err));
    assert_int_equal(err.code, ERR_LIMIT);
    assert_false(matchers_parse(&p, str_from(text, MATCHER_INPUT_BYTES_MAX), &mem, &m, &err));
    assert_int_equal(err.code, ERR_SYNTAX);
    arena_done(&mem);
}

// ---- matchers as values -------------------------------------------------------------------------

static void absent_labels_are_empty(void **state)
{
    (void)state;
    struct arena mem = {0};
    struct label_store store;
    label_store_init(&store, 1);
    struct label pairs[] = {{S("a"), S("1")}, {S("e"), S("")}};
    struct labels *l = labels_get(&store, pairs, 2);
    static const struct {
        enum matcher_op op;
        str name, value;
        bool matches, passes_filter;
    } ROWS[] = {
        {MATCH_EQ, S("a"), S("1"), true, true},      {MATCH_EQ, S("b"), S(""), true, true},
        {MATCH_NE, S("b"), S(""), false, false},     {MATCH_NE, S("e"), S(""), false, true},
        {MATCH_NE, S("b"), S("x"), true, true},      {MATCH_RE, S("b"), S(".*"), true, true},
        {MATCH_RE, S("b"), S(".+"), false, false},   {MATCH_NRE, S("e"), S(""), false, true},
        {MATCH_NRE, S("a"), S("1|2"), false, false},
    };
    struct matcher items[ARRAY_LEN(ROWS)];
    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
        struct matcher *m = &items[i];
        assert_true(matcher_init(m, ROWS[i].op, ROWS[i].name, ROWS[i].value, &mem, NULL));
        assert_int_equal(matcher_matches(m, l), ROWS[i].matches);
        bool has;
        str value = labels_value(l, m->name, &has);
        assert_int_equal(matcher_matches_filter(m, value, has), ROWS[i].passes_filter);
    }
    assert_true(matchers_match(&(struct matchers){items, 2}, l));
    assert_false(matchers_match(&(struct matchers){items, 3}, l));
    assert_true(matchers_match(&(struct matchers){0}, l));
    matchers_done(&(struct matchers){items, ARRAY_LEN(items)});
    labels_unref(l);
    label_store_done(&store);
    arena_done(&mem);
}

static void lists_sort_by_name_value_operator(void **state)
{
    (void)state;
    struct arena mem = {0};
    struct matcher items[4];
    assert_true(matcher_init(&items[0], MATCH_NRE, S("b"), S("1"), &mem, NULL));
    assert_true(matcher_init(&items[1], MATCH_EQ, S("b"), S("2"), &mem, NULL));
    assert_true(matcher_init(&items[2], MATCH_EQ, S("b"), S("1"), &mem, NULL));
    assert_true(matcher_init(&items[3], MATCH_NE, S("a"), S("9"), &mem, NULL));
    struct matchers m = {items, 4};
    matchers_sort(&m);
    defer(buf_done) struct buf text = {0};
    buf_put_matchers(&text, &m);
    check_str(buf_str(&text), S("{a!=\"9\",b=\"1\",b!~\"1\",b=\"2\"}"));
    assert_true(matchers_contain(&m, &items[2]));
    struct matcher other = items[2];
    other.op = MATCH_NE;
    assert_false(matchers_contain(&m, &other));
    matchers_done(&m);
    arena_done(&mem);
}

static void names_with_reserved_runes_are_quoted(void **state)
{
    (void)state;
    static const struct {
        str name, value, want;
    } ROWS[] = {
        {S("föö"), S("a\"b\\c\nd\te"), S("föö=\"a\\\"b\\\\c\\nd\te\"")},
        {S("a b"), S("x\ty"), S("\"a b\"=\"x\\ty\"")},
        {S("a\xc2\xa0"
           "b"),
         S(""), S("\"a\\u00a0b\"=\"\"")},
        {S("a'"), S("é"), S("\"a'\"=\"é\"")},
    };
    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
        defer(buf_done) struct buf text = {0};
        buf_put_matcher(&text, &(struct matcher){.name = ROWS[i].name, .value = ROWS[i].value});
        check_str(buf_str(&text), ROWS[i].want);
    }
}

int test_matcher(void);
int test_matcher(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(grammars_differ_as_specified),
        cmocka_unit_test(fallback_prefers_classic_and_warns),
        cmocka_unit_test(one_matcher_is_asked_for),
        cmocka_unit_test(long_inputs_are_refused),
        cmocka_unit_test(absent_labels_are_empty),
        cmocka_unit_test(lists_sort_by_name_value_operator),
        cmocka_unit_test(names_with_reserved_runes_are_quoted),
    };
    return run_group("matcher", tests);
}
