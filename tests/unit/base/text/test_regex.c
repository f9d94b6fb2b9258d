// SPDX-License-Identifier: Apache-2.0
#include "base/core/arena.h"
#include "base/text/regex.h"
#include "base/text/regex_fast.h"
#include "tests/support/check.h"

static struct regex *compiled(str pattern, enum regex_anchor anchor)
{
    struct err err = ERR_INIT;
    struct regex *r = regex_new(pattern, anchor, &err);
    if (!r)
        fail_msg("%.*s: %.*s", STR(pattern), STR(err_str(&err)));
    return r;
}

static void check_refused(str pattern, enum regex_anchor anchor, const char *want)
{
    struct err err = ERR_INIT;
    assert_null(regex_new(pattern, anchor, &err));
    check_err(&err, want);
}

static void errors_read_as_gos(void **state)
{
    (void)state;
    static const struct {
        str pattern;
        const char *whole;
    } ROWS[] = {
        {S("("), "missing closing ): `^(?:()$`"},
        {S("[a"), "missing closing ]: `[a)$`"},
        {S("*"), "missing argument to repetition operator: `*`"},
        {S("a**"), "invalid nested repetition operator: `**`"},
        {S("a{1001}"), "invalid repeat count: `{1001}`"},
        {S("(?:a{1000}){1000}"), "invalid repeat count: `{1000}`"},
        {S("\\1"), "invalid escape sequence: `\\1`"},
        {S("\\C"), "invalid escape sequence: `\\C`"},
        {S("\\pX"), "invalid character class range: `\\pX`"},
        {S("[b-a]"), "invalid character class range: `b-a`"},
        {S("(?=x)"), "invalid or unsupported Perl syntax: `(?=`"},
        {S("(?P<n"), "invalid named capture: `(?P<n)$`"},
        {S("a))"), "unexpected ): `^(?:a)))$`"},
        {S("a\xff"
           "b"),
         "invalid UTF-8: `\xff"
         "b)$`"},
    };
    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
        char want[200];
        snprintf(want, sizeof(want), "error parsing regexp: %s", ROWS[i].whole);
        check_refused(ROWS[i].pattern, REGEX_WHOLE, want);
    }
    check_refused(S("a\\"), REGEX_SEARCH,
                  "error parsing regexp: trailing backslash at end of expression: ``");
    check_refused(S("a("), REGEX_SEARCH, "error parsing regexp: missing closing ): `a(`");
}

static void hostile_patterns_are_limited(void **state)
{
    (void)state;
    struct arena mem = {0};
    struct err err = ERR_INIT;
    char *text = arena_alloc(&mem, REGEX_PATTERN_BYTES_MAX + 1);
    memset(text, 'a', REGEX_PATTERN_BYTES_MAX + 1);
    assert_null(regex_new(str_from(text, REGEX_PATTERN_BYTES_MAX + 1), REGEX_WHOLE, &err));
    assert_int_equal(err.code, ERR_LIMIT);
    memset(text, '(', 1500);
    memset(text + 1500, ')', 1500);
    assert_null(regex_new(str_from(text, 3000), REGEX_WHOLE, &err));
    assert_int_equal(err.code, ERR_LIMIT);
    assert_true(str_starts(err_str(&err), S("error parsing regexp: expression nests too deeply")));
    assert_null(regex_new(S("((\\pL{100}){10}){1,900}"), REGEX_WHOLE, &err));
    regex_free(NULL);
    arena_done(&mem);
}

// Whether the fast path takes a pattern, and that both ways agree on all texts.
static void check_both_ways(str pattern, bool is_fast, const str *texts, size_t count)
{
    struct regex_fast fast;
    regex_fast_init(&fast, pattern, REGEX_WHOLE);
    if ((fast.count > 0) != is_fast)
        fail_msg("%.*s: %zu branches", STR(pattern), fast.count);
    regex_fast_done(&fast);

    defer(buf_done) struct buf slow_pattern = {0};
    buf_put(&slow_pattern, S("(?:")); // the same, in a form that is not fast
    buf_put(&slow_pattern, pattern);
    buf_put(&slow_pattern, S("){1}"));
    struct regex *quick = compiled(pattern, REGEX_WHOLE);
    struct regex *slow = compiled(buf_str(&slow_pattern), REGEX_WHOLE);
    for (size_t i = 0; i < count; i++) {
        if (regex_matches(quick, texts[i]) != regex_matches(slow, texts[i]))
            fail_msg("%.*s differs on \"%.*s\"", STR(pattern), STR(texts[i]));
    }
    regex_free(quick);
    regex_free(slow);
}

static void fast_paths_agree_with_libre2(void **state)
{
    (void)state;
    static const str TEXTS[] = {
        S(""),
        S("a"),
        S("foo"),
        S("foobar"),
        S("xfoo"),
        S("xfoobar"),
        S("foofoo"),
        S("bar"),
        S("foo\n"),
        S("\nfoo"),
        S("foo\nbar"),
        S("a.b"),
        S("axb"),
        S("é"),
        S("éfoo"),
        S("fooé"),
        S("\n"),
        S("foo|bar"),
        S("FOO"),
        S("a\0b"),
        S("^foo$"),
        S("ab"),
        S("b"),
        S("c"),
        S("\xff"
          "foo"),
        S("foo\xff"),
        S("a\\b"),
        S("i"),
    };
    static const str FAST[] = {
        S(""),          S("foo"),
        S("foo.*"),     S("foo.+"),
        S(".*foo"),     S(".+foo"),
        S(".*foo.*"),   S(".+foo.+"),
        S(".*foo.+"),   S(".*"),
        S(".+"),        S("foo|bar"),
        S("foo|bar|"),  S("|"),
        S("(foo|bar)"), S("(?:foo|a)"),
        S("^foo$"),     S("^foo|bar$"),
        S("a\\.b"),     S("foo.*|.*bar"),
        S("foo\\|bar"), S("é.*"),
        S("a\nb"),      S("a\\\\b"),
        S("\\^foo\\$"), S("a|b|c|d|e|f|g|h|i|j|k|l"),
        S("(a|b|^c$)"), S("a\0b"),
    };
    static const str SLOW[] = {
        S("fo+"),    S("foo.?"),   S(".foo"),    S("foo.*bar"),     S("(foo)|(bar)"), S("[f]oo"),
        S("foo.*?"), S("foo\n.*"), S("(?i)foo"), S("foo$|^bar\\z"), S("(a|b)c"),      S("a\\d"),
        S(".*.*"),   S("^^foo"),   S("fo{2}"),   S("a|(b)"),
    };
    for (size_t i = 0; i < ARRAY_LEN(FAST); i++)
        check_both_ways(FAST[i], true, TEXTS, ARRAY_LEN(TEXTS));
    for (size_t i = 0; i < ARRAY_LEN(SLOW); i++)
        check_both_ways(SLOW[i], false, TEXTS, ARRAY_LEN(TEXTS));
}

static void large_alternations_are_searched(void **state)
{
    (void)state;
    defer(buf_done) struct buf pattern = {0};
    for (int i = 0; i < 1000; i++)
        buf_printf(&pattern, "%spod-%d", i ? "|" : "", i * 7 % 1000);
    struct regex *r = compiled(buf_str(&pattern), REGEX_WHOLE);
    for (int i = 0; i < 1000; i++) {
        char text[20];
        snprintf(text, sizeof(text), "pod-%d", i);
        assert_true(regex_matches(r, str_c(text)));
        snprintf(text, sizeof(text), "pod-%dx", i);
        assert_false(regex_matches(r, str_c(text)));
    }
    assert_int_equal(regex_group_count(r), 0);
    regex_free(r);
}

static void whole_is_what_go_makes_of_it(void **state)
{
    (void)state;
    struct regex *r = compiled(S("a)|(?:b"), REGEX_WHOLE); // ^(?:a)|(?:b)$
    assert_true(regex_matches(r, S("ax")) && regex_matches(r, S("xb")));
    assert_false(regex_matches(r, S("xa")));
    regex_free(r);
    r = compiled(S("(?s).+"), REGEX_WHOLE);
    assert_true(regex_matches(r, S("a\nb")));
    regex_free(r);
    r = compiled(S("."), REGEX_WHOLE);
    assert_true(regex_matches(r, S("\xff"))); // one U+FFFD to Go
    assert_false(regex_matches(r, S("\xff\xff")));
    regex_free(r);
    static const str replacement_forms[] = {S("\uFFFD"), S("b|\uFFFD"), S(".*\uFFFD")};
    for (size_t i = 0; i < ARRAY_LEN(replacement_forms); i++) {
        r = compiled(replacement_forms[i], REGEX_WHOLE);
        assert_true(regex_matches(r, S("\xff")) && regex_matches(r, S("\uFFFD")));
        assert_false(regex_matches(r, S("a")));
        regex_free(r);
    }
    r = compiled(S("oo"), REGEX_SEARCH);
    assert_true(regex_matches(r, S("foobar")));
    assert_false(regex_matches(r, S("fobar")));
    regex_free(r);
}

static void groups_are_found_by_name(void **state)
{
    (void)state;
    struct regex *r = compiled(S("(?P<k>[a-z]+)=(?<v>\\d+)|(x)[(?<]"), REGEX_SEARCH);
    assert_int_equal(regex_group_count(r), 3);
    assert_int_equal(regex_group_index(r, S("v")), 2);
    assert_int_equal(regex_group_index(r, S("w")), -1);
    struct regex_span g[4];
    assert_true(regex_find(r, S("..ab=12"), 0, g, 4));
    assert_int_equal(g[0].from, 2);
    assert_int_equal(g[0].to, 7);
    assert_int_equal(g[2].from, 5);
    assert_int_equal(g[3].from, SIZE_MAX);
    assert_true(regex_find(r, S("..ab=12"), 3, g, 2));
    assert_int_equal(g[1].from, 3);
    assert_false(regex_find(r, S("..ab=12"), 4, g, 2));
    assert_false(regex_find(r, S("x"), 2, g, 1));
    regex_free(r);
    r = compiled(S("(?P<n>a)(?<n>b)(?<m>c)"), REGEX_SEARCH); // Go: the first of that name
    assert_int_equal(regex_group_count(r), 3);
    assert_int_equal(regex_group_index(r, S("n")), 1);
    assert_int_equal(regex_group_index(r, S("m")), 3);
    regex_free(r);
    r = compiled(S("\\_\\-[\\_]"), REGEX_WHOLE);
    assert_true(regex_matches(r, S("_-_")));
    regex_free(r);
    r = compiled(S("(foo|bar)"), REGEX_WHOLE); // compiled by libre2 only now
    assert_int_equal(regex_group_count(r), 1);
    assert_true(regex_find(r, S("bar"), 0, g, 2));
    assert_int_equal(g[1].to, 3);
    regex_free(r);
}

static void check_replaced(str pattern, str text, str replacement, const char *want)
{
    struct regex *r = compiled(pattern, REGEX_SEARCH);
    defer(buf_done) struct buf out = {0};
    regex_replace_all(r, text, replacement, &out);
    check_str(buf_str(&out), str_c(want));
    regex_free(r);
}

static void replacing_is_gos(void **state)
{
    (void)state;
    check_replaced(S("a(x*)b"), S("-ab-axxb-"), S("$1W"), "---"); // the group is named "1W"
    check_replaced(S("a(x*)b"), S("-ab-axxb-"), S("${1}W"), "-W-xxW-");
    check_replaced(S("a(?P<n>x*)b"), S("axb"), S("<$n|$0|$2|$$|$>"), "<x|axb||$|$>");
    check_replaced(S("a*"), S("baaac"), S("x"), "xbxcx");
    check_replaced(S(""), S("éa"), S("-"), "-é-a-");
    check_replaced(S("^"), S("ab"), S("-"), "-ab");
    check_replaced(S("b$"), S("ab"), S(""), "a");
    check_replaced(S("x"), S(""), S("y"), "");
    check_replaced(S("(a)|(b)"), S("ab"), S("[$1$2]"), "[a][b]");
    check_replaced(S("a"), S("a"), S("${1"), "${1");
    check_replaced(S("(a)"), S("a"), S("$01"), "");
    check_replaced(S("(a)"), S("a"), S("${é}$é!"), "!");
    // An invalid byte is one U+FFFD to the expression, and itself in what is kept.
    check_replaced(S("[^x]"), S("\x97\xa5x本"), S(""), "x");
    check_replaced(S("(.)a"),
                   S("\xff\xfe"
                     "a\xffz"),
                   S("<$1>"), "\xff<\xfe>\xffz");
    check_replaced(S(""), S("\xff\xe6\xe9\x9d"), S("-"), "-\xff-\xe6-\xe9-\x9d-");
    check_replaced(S("\uFFFD+"), S("a\xff\uFFFD\xffz"), S("_"), "a_z");
}

int test_regex(void);
int test_regex(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_read_as_gos),
        cmocka_unit_test(hostile_patterns_are_limited),
        cmocka_unit_test(fast_paths_agree_with_libre2),
        cmocka_unit_test(large_alternations_are_searched),
        cmocka_unit_test(whole_is_what_go_makes_of_it),
        cmocka_unit_test(groups_are_found_by_name),
        cmocka_unit_test(replacing_is_gos),
    };
    return run_group("regex", tests);
}
