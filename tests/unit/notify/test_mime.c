// SPDX-License-Identifier: Apache-2.0
// Texts made fit for mail.
#include "notify/integrations/mime.h"

#include "base/text/encode.h"
#include "tests/support/check.h"
#include "tests/support/fake_env.h"

static void headers_of_plain_ascii_stay(void **state)
{
    (void)state;
    static const struct {
        const char *value, *want;
    } CASES[] = {
        {"", ""},
        {"plain =?_ text\ttab", "plain =?_ text\ttab"},
        {"a\nb", "=?utf-8?q?a=0Ab?="},
        {"x\r\nBcc: y@z", "=?utf-8?q?x=0D=0ABcc:_y@z?="},
        {"Gr\xc3\xbc\xc3\x9f"
         "e",
         "=?utf-8?q?Gr=C3=BC=C3=9Fe?="},
        {"\xff_ =?", "=?utf-8?q?=FF=5F_=3D=3F?="},
        {"\x7f", "=?utf-8?q?=7F?="},
    };
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        defer(buf_done) struct buf out = {0};
        buf_put_q_encoded(&out, str_c(CASES[i].value));
        check_str(buf_str(&out), str_c(CASES[i].want));
    }
}

static void words_have_at_most_75_characters_and_whole_runes(void **state)
{
    (void)state;
    for (size_t plain = 0; plain < 70; plain++) {
        defer(buf_done) struct buf value = {0}, out = {0};
        buf_put_fill(&value, 'x', plain);
        for (int i = 0; i < 30; i++)
            buf_put(&value, S("\xe6\x9d\xb1"));
        buf_put_q_encoded(&out, buf_str(&value));
        str word, rest = buf_str(&out);
        bool has_more = true;
        defer(buf_done) struct buf decoded = {0};
        struct arena mem = {0};
        while (has_more) {
            str text;
            has_more = str_cut(rest, ' ', &word, &rest);
            assert_true(word.n <= 75);
            assert_int_equal(mime_decode_word(word, &mem, &text), MIME_WORD);
            assert_true(text.n && (text.p[0] == 'x' || text.p[0] == '\xe6'));
            buf_put(&decoded, text);
        }
        check_str(buf_str(&decoded), buf_str(&value));
        arena_done(&mem);
    }
}

static void words_are_decoded(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        enum mime_word kind;
        const char *text;
    } CASES[] = {
        {"=?utf-8?q?a_=C3=a9?=", MIME_WORD, "a \xc3\xa9"},
        {"=?UTF-8?B?YWI=?=", MIME_WORD, "ab"},
        {"=?iso-8859-1?Q?=E9?=", MIME_WORD, "\xc3\xa9"},
        {"=?us-ascii?q?=E9x?=", MIME_WORD, "\xef\xbf\xbdx"},
        {"=?utf-8?q?"
         "?=",
         MIME_WORD, ""},
        {"=?KOI8-R?q?x?=", MIME_UNKNOWN_CHARSET, "koi8-r"},
        {"=?KOI8-R?q?=G?=", MIME_NO_WORD, ""},
        {"=?utf-8?x?a?=", MIME_NO_WORD, ""},
        {"=?utf-8?qq?a?=", MIME_NO_WORD, ""},
        {"=??q?a?=", MIME_NO_WORD, ""},
        {"=?utf-8?q?a?b?=", MIME_NO_WORD, ""},
        {"=?utf-8?b?YWI?=", MIME_NO_WORD, ""},
        {"=?utf-8?q?a", MIME_NO_WORD, ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        struct arena mem = {0};
        str text = {0};
        assert_int_equal(mime_decode_word(str_c(CASES[i].word), &mem, &text), CASES[i].kind);
        check_str(text, str_c(CASES[i].text));
        arena_done(&mem);
    }
}

#define X10 "xxxxxxxxxx"
#define X70 X10 X10 X10 X10 X10 X10 X10

static void bodies_are_quoted(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want;
    } CASES[] = {
        {"", ""},
        {"a=b", "a=3Db"},
        {"\xc3\xbcn", "=C3=BCn"},
        {"a \nb\t\r\nc ", "a=20\r\nb=09\r\nc=20"},
        {"a  \n", "a =20\r\n"},
        {"a b", "a b"},
        {"\n\r\n\r", "\r\n\r\n\r\n"},
        {"\x01\x7f", "=01=7F"},
        {X70 "12345", X70 "12345"},
        {X70 "123456", X70 "12345=\r\n6"},
        {X70 "12=", X70 "12=3D"},
        {X70 "123=", X70 "123=\r\n=3D"},
        {X70 "12 \n", X70 "12=20\r\n"},
        {X70 "123 \n", X70 "123=\r\n=20\r\n"},
        {X70 "12345 \n", X70 "12345=\r\n=20\r\n"},
        {X70 "1234 y", X70 "1234 =\r\ny"},
    };
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        defer(buf_done) struct buf out = {0};
        buf_put_quoted_printable(&out, str_c(CASES[i].text));
        check_str(buf_str(&out), str_c(CASES[i].want));
    }
}

static void parts_stand_between_boundaries(void **state)
{
    (void)state;
    struct fake_env fake;
    fake_env_init(&fake);
    defer(buf_done) struct buf out = {0}, want = {0}, none = {0}, random = {0};
    struct mime_parts p = mime_parts_begin(&fake.env, &out);
    str boundary = str_from(p.boundary, sizeof(p.boundary));
    assert_true(hex_decode(boundary, &random));
    mime_put_text_part(&p, S("text/plain; charset=UTF-8"), S("one"));
    mime_put_text_part(&p, S("text/html; charset=UTF-8"), S("two"));
    mime_parts_end(&p);
    buf_printf(&want,
               "--%.*s\r\nContent-Transfer-Encoding: quoted-printable\r\nContent-Type: text/plain; "
               "charset=UTF-8\r\n\r\none\r\n--%.*s\r\nContent-Transfer-Encoding: quoted-printable"
               "\r\nContent-Type: text/html; charset=UTF-8\r\n\r\ntwo\r\n--%.*s--\r\n",
               STR(boundary), STR(boundary), STR(boundary));
    check_str(buf_str(&out), buf_str(&want));

    struct mime_parts other = mime_parts_begin(&fake.env, &none);
    assert_memory_not_equal(other.boundary, p.boundary, sizeof(p.boundary));
    mime_parts_end(&other);
    assert_true(str_starts(buf_str(&none), S("\r\n--")));
    fake_env_done(&fake);
}

int test_mime(void);
int test_mime(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_of_plain_ascii_stay),
        cmocka_unit_test(words_have_at_most_75_characters_and_whole_runes),
        cmocka_unit_test(words_are_decoded),
        cmocka_unit_test(bodies_are_quoted),
        cmocka_unit_test(parts_stand_between_boundaries),
    };
    return run_group("mime", tests);
}
