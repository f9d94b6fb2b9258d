// SPDX-License-Identifier: Apache-2.0
#include "base/text/unicode.h"
#include "tests/support/check.h"

static void classes_are_gos(void **state)
{
    (void)state;
    assert_true(rune_is_print(' ') && rune_is_print(0xe9) && rune_is_print(0x1f642));
    assert_false(rune_is_print(0x7f) || rune_is_print(0xa0) || rune_is_print(0xad));
    assert_false(rune_is_print(0x200b) || rune_is_print(0xe000) || rune_is_print(0x10ffff));
    size_t spaces = 0;
    for (uint32_t rune = 0; rune <= 0x10ffff; rune++)
        spaces += rune_is_space(rune);
    assert_int_equal(spaces, 25);
    assert_true(rune_is_space(0x85) && rune_is_space(0x3000) && !rune_is_space(0x200b));
    assert_true(rune_is_letter('z') && rune_is_letter(0x65e5) && !rune_is_letter('_'));
    assert_true(rune_is_digit('7') && rune_is_digit(0x663) && !rune_is_digit(0xbd));
    assert_int_equal(rune_to_upper(0xe9), 0xc9);
    assert_int_equal(rune_to_lower('A'), 'a');
    assert_int_equal(rune_to_lower(0x130), 'i');
    assert_int_equal(rune_to_title(0x1c6), 0x1c5);
    assert_int_equal(rune_to_upper(0xdf), 0xdf);
}

static void check_quoted(str s, const char *want, const char *ascii)
{
    defer(buf_done) struct buf b = {0};
    buf_put_quoted(&b, s);
    check_str(buf_str(&b), str_c(want));
    buf_clear(&b);
    buf_put_quoted_ascii(&b, s);
    check_str(buf_str(&b), str_c(ascii));
    defer(buf_done) struct buf back = {0};
    assert_true(unquote_go(str_c(want), &back));
    check_str(buf_str(&back), s);
}

static void quoting_goes_both_ways(void **state)
{
    (void)state;
    check_quoted(S(""), "\"\"", "\"\"");
    check_quoted(S("a\"\\'b"), "\"a\\\"\\\\'b\"", "\"a\\\"\\\\'b\"");
    check_quoted(S("\a\b\f\n\r\t\v"), "\"\\a\\b\\f\\n\\r\\t\\v\"", "\"\\a\\b\\f\\n\\r\\t\\v\"");
    check_quoted(S("\0\x1f\x7f"), "\"\\x00\\x1f\\x7f\"", "\"\\x00\\x1f\\x7f\"");
    check_quoted(S("é\xc2\xa0"), "\"é\\u00a0\"", "\"\\u00e9\\u00a0\"");
    check_quoted(S("\xff\xf0\x9f\x99\x82"), "\"\\xff🙂\"", "\"\\xff\\U0001f642\"");
    check_quoted(S("\xf4\x8f\xbf\xbf"), "\"\\U0010ffff\"", "\"\\U0010ffff\"");
    check_quoted(S("\xef\xbf\xbd"), "\"\xef\xbf\xbd\"", "\"\\ufffd\"");
}

static void literals_are_gos(void **state)
{
    (void)state;
    static const struct {
        str literal, want;
    } GOOD[] = {
        {S("\"\\101\\x41\\u0041\\U00000041\""), S("AAAA")},
        {S("\"\\377\\xff\""), S("\xff\xff")},
        {S("\"\xff\""), S("\xef\xbf\xbd")},
        {S("`a\\n\"\r\nb`"), S("a\\n\"\nb")},
        {S("``"), S("")},
    };
    for (size_t i = 0; i < ARRAY_LEN(GOOD); i++) {
        defer(buf_done) struct buf out = {0};
        assert_true(unquote_go(GOOD[i].literal, &out));
        check_str(buf_str(&out), GOOD[i].want);
    }
    static const str BAD[] = {
        S(""),
        S("\""),
        S("a"),
        S("\"a"),
        S("\"a\"b\""),
        S("\"\n\""),
        S("\"\\q\""),
        S("\"\\'\""),
        S("\"\\400\""),
        S("\"\\12\""),
        S("\"\\x4\""),
        S("\"\\ud800\""),
        S("\"\\U00110000\""),
        S("\"\\"),
        S("\"\\\""),
        S("`a`b`"),
        S("'a'"),
        S("\"\\u12g4\""),
        S("\"\\\0\""),
    };
    for (size_t i = 0; i < ARRAY_LEN(BAD); i++) {
        defer(buf_done) struct buf out = {0};
        if (unquote_go(BAD[i], &out))
            fail_msg("%.*s was accepted", STR(BAD[i]));
    }
}

static void trimming_knows_all_spaces(void **state)
{
    (void)state;
    check_str(str_trim_unicode(S("\xe3\x80\x80 \ta b\xc2\xa0\xc2\x85\n")), S("a b"));
    check_str(str_trim_unicode(S("\xe2\x80\xa8")), S(""));
    check_str(str_trim_unicode(S("\x85")), S("\x85")); // a broken sequence is no space
}

int test_unicode(void);
int test_unicode(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes_are_gos),
        cmocka_unit_test(quoting_goes_both_ways),
        cmocka_unit_test(literals_are_gos),
        cmocka_unit_test(trimming_knows_all_spaces),
    };
    return run_group("unicode", tests);
}
