// SPDX-License-Identifier: Apache-2.0
#include <math.h>

#include "base/text/json.h"
#include "base/text/json_writer.h"
#include "tests/support/check.h"

// ---- reading ------------------------------------------------------------------------------------

static void values_have_types(void **state)
{
    (void)state;
    struct arena mem = {0};
    json *v =
        json_parse(S(" {\"s\":\"x\",\"n\":-1.5e2,\"t\":true,\"z\":null,\"a\":[1,2,[]],\"o\":{}} "),
                   false, &mem, NULL);
    assert_non_null(v);
    assert_true(json_is_object(v) && json_count(v) == 6);
    check_str(json_str(json_get(v, S("s"))), S("x"));
    assert_true(json_number(json_get(v, S("n"))) == -150);
    assert_true(json_is_bool(json_get(v, S("t"))) && json_bool(json_get(v, S("t"))));
    assert_true(json_is_null(json_get(v, S("z"))) && json_is_null(json_get(v, S("none"))));
    const json *a = json_get(v, S("a"));
    assert_true(json_is_array(a) && json_count(a) == 3);
    double sum = 0;
    json_each (item, a)
        sum += json_number(item);
    assert_true(sum == 3);
    assert_null(json_first(json_get(v, S("s"))));
    check_str(json_str(a), S(""));
    assert_null(json_get(a, S("s")));
    arena_done(&mem);
}

static void values_in_a_row_are_read_one_by_one(void **state)
{
    (void)state;
    struct arena mem = {0};
    struct err err = ERR_INIT;
    str text = S(" {\"a\":1} [2]x");
    check_str(json_key(json_first(json_parse_next(&text, &mem, &err))), S("a"));
    check_str(text, S(" [2]x"));
    assert_true(json_number(json_first(json_parse_next(&text, &mem, &err))) == 2);
    check_str(text, S("x"));
    assert_null(json_parse_next(&text, &mem, &err));
    assert_true(err.code == ERR_SYNTAX);
    check_str(text, S("x"));
    arena_done(&mem);
}

static void keys_are_found_as_go_finds_them(void **state)
{
    (void)state;
    struct arena mem = {0};
    json *v =
        json_parse(S("{\"Key\":1,\"key\":2,\"KEY\":3,\"key\":4,\"Other\":5}"), false, &mem, NULL);
    assert_true(json_number(json_get(v, S("key"))) == 4);
    assert_true(json_number(json_get_nocase(v, S("KEY"))) == 3);
    assert_true(json_number(json_get_nocase(v, S("other"))) == 5);
    assert_null(json_get(v, S("other")));
    check_str(json_key(json_first(v)), S("Key"));
    arena_done(&mem);
}

static void texts_keep_all_bytes(void **state)
{
    (void)state;
    static const struct {
        str text, want;
    } ROWS[] = {
        {S("\"\\u0041\\n\\/\\\"\\\\\\u00e9\""), S("A\n/\"\\é")},
        {S("\"a\\u0000b\\u0000\""), S("a\0b\0")},
        {S("\"\\ud83d\\ude42\""), S("🙂")},
        {S("\"\\ud83dx\""), S("\xef\xbf\xbdx")},
        {S("\"\\ude42\\ud83d\""), S("\xef\xbf\xbd\xef\xbf\xbd")},
        {S("\"\\ud83d\\ud83d\\ude42\""), S("\xef\xbf\xbd🙂")},
        {S("\"a\xff\xc0\x80z\""), S("a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz")},
        {S("\"\\\\u0000\\u0000\""), S("\\u0000\0")},
        {S("\"\x7f\""), S("\x7f")},
    };
    struct arena mem = {0};
    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
        json *v = json_parse(ROWS[i].text, false, &mem, NULL);
        assert_non_null(v);
        check_str(json_str(v), ROWS[i].want);
    }
    json *v = json_parse(S("{\"k\\u0000\":[\"\\u0000\"],\"k\":1}"), false, &mem, NULL);
    check_str(json_key(json_first(v)), S("k\0"));
    check_str(json_str(json_first(json_get(v, S("k\0")))), S("\0"));
    assert_true(json_number(json_get(v, S("k"))) == 1);
    arena_done(&mem);
}

static void long_numbers_are_rounded(void **state)
{
    (void)state;
    struct arena mem = {0};
    char text[300];
    memset(text, '1', sizeof(text));
    json *v = json_parse(str_from(text, 200), false, &mem, NULL);
    assert_true(json_is_number(v) && json_number(v) > 1.11e199 && json_number(v) < 1.12e199);
    text[1] = '.';
    v = json_parse(str_from(text, sizeof(text)), false, &mem, NULL);
    assert_true(fabs(json_number(v) - 10.0 / 9) < 1e-15);
    arena_done(&mem);
}

static void errors_tell_what_and_where(void **state)
{
    (void)state;
    static const struct {
        str text;
        const char *want;
    } ROWS[] = {
        {S(""), "unexpected end of JSON input"},
        {S("{\"a\":1"), "unexpected end of JSON input"},
        {S("\"abc"), "unexpected end of JSON input"},
        {S("{\"a\":}"), "invalid character '}' looking for beginning of value at byte 5"},
        {S("[1,]"), "invalid character ']' looking for beginning of value at byte 3"},
        {S("{,}"), "invalid character ',' looking for beginning of object key string at byte 1"},
        {S("{\"a\" 1}"), "invalid character '1' after object key at byte 5"},
        {S("{\"a\":1 \"b\"}"), "invalid character '\"' after object key:value pair at byte 7"},
        {S("[1 2]"), "invalid character '2' after array element at byte 3"},
        {S("tru!"), "invalid character '!' in literal true (expecting 'e') at byte 3"},
        {S("01"), "invalid character '1' after top-level value at byte 1"},
        {S("-x"), "invalid character 'x' in numeric literal at byte 1"},
        {S("1.e5"), "invalid character 'e' after decimal point in numeric literal at byte 2"},
        {S("1e+"), "unexpected end of JSON input"},
        {S("\"\n\""), "invalid character '\\n' in string literal at byte 1"},
        {S("\"\\q\""), "invalid character 'q' in string escape code at byte 2"},
        {S("\"\\u00g0\""), "invalid character 'g' in \\u hexadecimal character escape at byte 5"},
        {S("'a'"), "invalid character '\\'' looking for beginning of value at byte 0"},
        {S("\xef\xbb\xbf{}"), "invalid character 'ï' looking for beginning of value at byte 0"},
        {S("{} x"), "invalid character 'x' after top-level value at byte 3"},
    };
    struct arena mem = {0};
    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
        struct err err = ERR_INIT;
        assert_null(json_parse(ROWS[i].text, false, &mem, &err));
        check_err(&err, ROWS[i].want);
        assert_int_equal(err.code, ERR_SYNTAX);
    }
    json *v = json_parse(S("[1] trailing"), true, &mem, NULL);
    assert_int_equal(json_count(v), 1);
    arena_done(&mem);
}

static void nesting_is_limited(void **state)
{
    (void)state;
    struct arena mem = {0};
    char text[2 * (JSON_DEPTH_MAX + 1)];
    struct err err = ERR_INIT;
    memset(text, '[', JSON_DEPTH_MAX + 1);
    memset(text + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX + 1);
    assert_null(json_parse(str_from(text, sizeof(text)), false, &mem, &err));
    assert_int_equal(err.code, ERR_LIMIT);
    assert_non_null(json_parse(str_from(text + 1, sizeof(text) - 2), false, &mem, &err));
    arena_done(&mem);
}

// ---- writing ------------------------------------------------------------------------------------

static void commas_stand_between(void **state)
{
    (void)state;
    defer(buf_done) struct buf out = {0};
    struct json_writer w = {.out = &out};
    json_object_begin(&w);
    json_put_key(&w, S("a"));
    json_array_begin(&w);
    json_put_i64(&w, -1);
    json_put_u64(&w, UINT64_MAX);
    json_object_begin(&w);
    json_object_end(&w);
    json_array_begin(&w);
    json_array_end(&w);
    json_put_null(&w);
    json_array_end(&w);
    json_put_key(&w, S("b"));
    json_put_bool(&w, true);
    json_put_key(&w, S("c"));
    json_put_raw(&w, S("[0]"));
    json_put_key(&w, S("d"));
    json_put_str(&w, S("<"));
    json_object_end(&w);
    check_str(buf_str(&out), S("{\"a\":[-1,18446744073709551615,{},[],null],\"b\":true,\"c\":[0],"
                               "\"d\":\"\\u003c\"}"));
}

static void check_escaped(enum json_escape escape, str s, const char *want)
{
    defer(buf_done) struct buf out = {0};
    buf_put_json_str(&out, escape, s);
    check_str(buf_str(&out), str_c(want));
}

static void escapes_follow_the_profile(void **state)
{
    (void)state;
    str all = S("a\"\\\b\f\n\r\t\x01\x7f<>&'é\xe2\x80\xa8\xe2\x80\xa9\xff");
    check_escaped(
        JSON_ESCAPE_HTML, all,
        "\"a\\\"\\\\\\b\\f\\n\\r\\t\\u0001\x7f\\u003c\\u003e\\u0026'é\\u2028\\u2029\\ufffd\"");
    check_escaped(JSON_ESCAPE_GO, all,
                  "\"a\\\"\\\\\\b\\f\\n\\r\\t\\u0001\x7f<>&'é\\u2028\\u2029\\ufffd\"");
    check_escaped(
        JSON_ESCAPE_VM, all,
        "\"a\\\"\\\\\\b\\f\\n\\r\\t\\u0001\x7f\\u003c>&\\u0027é\xe2\x80\xa8\xe2\x80\xa9\xff\"");
    check_escaped(JSON_ESCAPE_HTML, S("\0"), "\"\\u0000\"");
    check_escaped(JSON_ESCAPE_HTML, S(""), "\"\"");
    check_escaped(JSON_ESCAPE_HTML, S("\xef\xbf\xbd"), "\"\xef\xbf\xbd\"");
}

static void numbers_read_as_gos(void **state)
{
    (void)state;
    static const struct {
        double x;
        const char *want;
    } ROWS[] = {
        {0, "0"},
        {-0.0, "-0"},
        {1, "1"},
        {-1.5, "-1.5"},
        {0.1, "0.1"},
        {1e20, "100000000000000000000"},
        {1e21, "1e+21"},
        {1e-6, "0.000001"},
        {1e-7, "1e-7"},
        {1.5e-10, "1.5e-10"},
        {123456789012345680000.0, "123456789012345680000"},
        {1.7976931348623157e308, "1.7976931348623157e+308"},
        {5e-324, "5e-324"},
        {NAN, "null"},
        {INFINITY, "null"},
        {0.30000000000000004, "0.30000000000000004"},
    };
    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
        defer(buf_done) struct buf out = {0};
        struct json_writer w = {.out = &out};
        json_put_f64(&w, ROWS[i].x);
        check_str(buf_str(&out), str_c(ROWS[i].want));
    }
}

static void written_texts_read_back(void **state)
{
    (void)state;
    char all[256];
    for (size_t i = 0; i < sizeof(all); i++)
        all[i] = (char)i;
    str ascii = str_from(all, 128);
    struct arena mem = {0};
    for (int escape = JSON_ESCAPE_HTML; escape <= JSON_ESCAPE_VM; escape++) {
        defer(buf_done) struct buf out = {0};
        buf_put_json_str(&out, (enum json_escape)escape, ascii);
        check_str(json_str(json_parse(buf_str(&out), false, &mem, NULL)), ascii);
    }
    arena_done(&mem);
}

int test_json(void);
int test_json(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_have_types),
        cmocka_unit_test(values_in_a_row_are_read_one_by_one),
        cmocka_unit_test(keys_are_found_as_go_finds_them),
        cmocka_unit_test(texts_keep_all_bytes),
        cmocka_unit_test(long_numbers_are_rounded),
        cmocka_unit_test(errors_tell_what_and_where),
        cmocka_unit_test(nesting_is_limited),
        cmocka_unit_test(commas_stand_between),
        cmocka_unit_test(escapes_follow_the_profile),
        cmocka_unit_test(numbers_read_as_gos),
        cmocka_unit_test(written_texts_read_back),
    };
    return run_group("json", tests);
}
