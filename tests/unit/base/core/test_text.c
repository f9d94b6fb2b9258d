// SPDX-License-Identifier: Apache-2.0
#include <math.h>

#include "base/core/arena.h"
#include "base/core/buf.h"
#include "base/core/hash.h"
#include "base/core/log.h"
#include "base/core/utf8.h"
#include "tests/support/check.h"

static void slices_cut_and_compare(void **state)
{
    (void)state;
    str before, after;
    assert_true(str_cut(S("a=b=c"), '=', &before, &after));
    check_str(before, S("a"));
    check_str(after, S("b=c"));
    assert_true(str_cut_last(S("a=b=c"), '=', &before, &after));
    check_str(before, S("a=b"));
    assert_false(str_cut(S("abc"), '=', &before, &after));
    check_str(before, S("abc"));
    check_str(after, S(""));
    assert_true(str_cmp(S("a"), S("ab")) < 0 && str_cmp(S("b"), S("ab")) > 0);
    assert_true(str_cmp(S("\xff"), S("a")) > 0);
    check_str(str_trim(S(" \t\na b\r ")), S("a b"));
    check_str(str_slice(S("abc"), 2, 99), S("c"));
    assert_true(str_find_str(S("abcabc"), S("ca")) == 2);
    assert_true(str_find(S(""), 'x') == STR_NONE);
}

static void numbers_parse_exactly(void **state)
{
    (void)state;
    uint64_t u;
    int64_t i;
    double f;
    assert_true(str_to_u64(S("18446744073709551615"), &u) && u == UINT64_MAX);
    assert_false(str_to_u64(S("18446744073709551616"), &u));
    assert_false(str_to_u64(S("+1"), &u));
    assert_true(str_to_i64(S("-9223372036854775808"), &i) && i == INT64_MIN);
    assert_false(str_to_i64(S("9223372036854775808"), &i));
    assert_false(str_to_i64(S("-"), &i));
    assert_true(str_to_f64(S("-1.5e3"), &f) && f == -1500);
    assert_true(str_to_f64(S("NaN"), &f) && isnan(f));
    assert_true(str_to_f64(S("+Inf"), &f) && isinf(f));
    assert_true(str_to_f64(S("0x1p-2"), &f) && f == 0.25);
    assert_false(str_to_f64(S(" 1"), &f));
    assert_false(str_to_f64(S("1 "), &f));
    assert_false(str_to_f64(S("0x1"), &f));
    assert_false(str_to_f64(S("nan(1)"), &f));
    assert_false(str_to_f64(S(""), &f));
}

static void buffers_grow_in_an_arena(void **state)
{
    (void)state;
    struct arena mem = {0};
    struct buf b = {.max = 1000, .mem = &mem};
    for (int i = 0; i < 300; i++)
        buf_put(&b, S("1234"));
    assert_true(b.is_full);
    str kept = buf_str(&b);
    buf_done(&b);
    assert_int_equal(b.n, 0);
    buf_put(&b, S("other"));
    assert_int_equal(kept.n, 1000);
    check_str(str_slice(kept, 996, 1000), S("1234")); // lives as long as the arena
    arena_done(&mem);
}

static void buffers_stop_at_their_maximum(void **state)
{
    (void)state;
    defer(buf_done) struct buf b = {.max = 10};
    buf_put(&b, S("0123456"));
    buf_put(&b, S("789abc"));
    check_str(buf_str(&b), S("0123456789"));
    assert_true(b.is_full);
    buf_clear(&b);
    buf_printf(&b, "%d", 42);
    buf_put_i64(&b, -7);
    check_str(buf_str(&b), S("42-7"));
    assert_false(b.is_full);
    buf_remove_front(&b, 2);
    check_str(buf_str(&b), S("-7"));
    buf_insert(&b, 0, S("1"));
    buf_insert(&b, 3, S("."));
    buf_insert(&b, 1, S(""));
    check_str(buf_str(&b), S("1-7."));
    buf_insert(&b, 0, S("too long")); // all or nothing
    check_str(buf_str(&b), S("1-7."));
    assert_true(b.is_full);
}

static void errors_wrap_outward(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    assert_false(err_set(&err, ERR_SYNTAX, "line %d: bad", 3));
    assert_false(err_wrap(&err, "cannot parse %s", "x.yml"));
    check_err(&err, "cannot parse x.yml: line 3: bad");
    assert_int_equal(err.code, ERR_SYNTAX);
    char text[4000];
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    err_wrap(&err, "%s", text);
    assert_int_equal(err.n, ERR_TEXT_BYTES - 1);
    check_str(str_skip(err_str(&err), err.n - 4), S("a..."));
    assert_false(err_set(NULL, ERR_IO, "nobody listens"));
}

static void utf8_is_decoded_as_go_decodes_it(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t count;
        bool is_valid;
    } CASES[] = {
        {"", 0, true},          {"abc", 3, true},
        {"é日🙂", 3, true}, {"\xff", 1, false},
        {"\xc0\x80", 2, false}, {"\xed\xa0\x80", 3, false},
        {"\xe6\x97", 2, false}, {"\xf4\x90\x80\x80", 4, false},
        {"a\x80z", 3, false},   {"\xef\xbf\xbd", 1, true},
    };
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        str s = str_c(CASES[i].text);
        assert_int_equal(utf8_count(s), CASES[i].count);
        assert_int_equal(utf8_is_valid(s), CASES[i].is_valid);
        defer(buf_done) struct buf repaired = {0};
        buf_put_repaired(&repaired, s);
        assert_true(utf8_is_valid(buf_str(&repaired)));
        assert_int_equal(utf8_count(buf_str(&repaired)), CASES[i].count);
    }
    size_t width;
    assert_int_equal(utf8_decode_last(S("x日"), &width), 0x65e5);
    assert_int_equal(width, 3);
    assert_int_equal(utf8_decode_last(S("x\x97"), &width), RUNE_ERROR);
    assert_int_equal(width, 1);
}

// Bit by bit, as the standard defines it.
static uint32_t crc32_slow(str s)
{
    uint32_t crc = ~0u;
    for (size_t i = 0; i < s.n; i++) {
        crc ^= (uint8_t)s.p[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
    return ~crc;
}

static void crc32_is_that_of_its_definition_in_any_pieces(void **state)
{
    (void)state;
    char text[600];
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (char)(i * 7 + i / 256);
    assert_int_equal(crc32_ieee(0, (str){0}), 0);
    for (size_t n = 0; n < sizeof(text); n++) {
        uint32_t want = crc32_slow(str_from(text, n));
        assert_int_equal(crc32_ieee(0, str_from(text, n)), want);
        size_t first = n / 3;
        uint32_t crc = crc32_ieee(0, str_from(text, first));
        assert_int_equal(crc32_ieee(crc, str_from(text + first, n - first)), want);
    }
}

static void hashes_have_their_published_values(void **state)
{
    (void)state;
    assert_true(fnv1a64(FNV1A64_INIT, S("")) == 0xcbf29ce484222325);
    assert_true(fnv1a64(FNV1A64_INIT, S("foobar")) == 0x85944171f73967e8);
    assert_true(xxh64(S("")) == 0xef46db3751d8e999);
    assert_true(xxh64(S("abc")) == 0x44bc2cf5ad770999);
    assert_true(crc32_ieee(0, S("123456789")) == 0xcbf43926);

    char text[200];
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (char)i;
    for (size_t n = 0; n < sizeof(text); n++) {
        struct xxh64 x;
        xxh64_init(&x);
        xxh64_update(&x, str_from(text, n / 3));
        xxh64_update(&x, str_from(text + n / 3, n - n / 3));
        assert_true(xxh64_digest(&x) == xxh64(str_from(text, n)));
    }
    assert_true(hash_seeded(1, S("a")) != hash_seeded(2, S("a")));
    assert_true(hash_seeded(1, S("a")) != hash_seeded(1, str_from("a\0", 2)));
}

static time_ns fixed_now(void *owner)
{
    (void)owner;
    return DUR_SECONDS(1700000000) + DUR_MS(7);
}

static void keep_line(void *owner, enum log_level level, str line)
{
    (void)level;
    buf_put(owner, line);
}

static void log_lines_have_upstreams_form(void **state)
{
    (void)state;
    defer(buf_done) struct buf out = {0};
    struct log_sink sink = {.level = LOG_INFO, .now = fixed_now, .write = keep_line, .owner = &out};
    struct log root = log_root(&sink);
    struct log log = log_with(&root, LOG_STR("component", S("cluster")));

    log_debug(&log, "not shown");
    log_write(&log, LOG_WARN, "x.c:1", S("Two words"),
              LOG_ATTRS(LOG_STR("empty", S("")), LOG_INT("n", -3), LOG_DUR("d", DUR_MINUTES(1)),
                        LOG_STR("q", S("say \"hi\"\n")), LOG_BOOL("ok", true)));
    check_str(buf_str(&out), S("time=2023-11-14T22:13:20.007Z level=WARN source=x.c:1 "
                               "msg=\"Two words\" component=cluster empty=\"\" n=-3 d=1m0s "
                               "q=\"say \\\"hi\\\"\\n\" ok=true\n"));
    buf_clear(&out);
    sink.format = LOG_JSON;
    log_write(&log, LOG_INFO, "x.c:2", S("m"), LOG_ATTRS(LOG_DUR("d", DUR_MS(1500))));
    check_str(buf_str(&out),
              S("{\"time\":\"2023-11-14T22:13:20.007Z\",\"level\":\"INFO\",\"source\":\"x.c:2\","
                "\"msg\":\"m\",\"component\":\"cluster\",\"d\":\"1.5s\"}\n"));
    buf_clear(&out);
    sink.format = LOG_VM_DEFAULT;
    log_printf(&root, LOG_ERROR, "x.c:3", "cannot read %s\n", "f");
    check_str(buf_str(&out), S("2023-11-14T22:13:20.007Z\terror\tx.c:3\tcannot read f\n"));
    assert_int_equal(sink.lines_by_level[LOG_DEBUG], 1);
}

int test_text(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slices_cut_and_compare),
        cmocka_unit_test(numbers_parse_exactly),
        cmocka_unit_test(buffers_stop_at_their_maximum),
        cmocka_unit_test(buffers_grow_in_an_arena),
        cmocka_unit_test(errors_wrap_outward),
        cmocka_unit_test(utf8_is_decoded_as_go_decodes_it),
        cmocka_unit_test(hashes_have_their_published_values),
        cmocka_unit_test(crc32_is_that_of_its_definition_in_any_pieces),
        cmocka_unit_test(log_lines_have_upstreams_form),
    };
    return run_group("text", tests);
}
