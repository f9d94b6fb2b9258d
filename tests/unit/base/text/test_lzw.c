// SPDX-License-Identifier: Apache-2.0
#include "base/text/lzw.h"

#include "base/core/alloc.h"
#include "base/core/rand.h"
#include "tests/support/check.h"

static void check_encodes(str data, str want)
{
    defer(buf_done) struct buf got = {0};
    lzw_encode(data, &got);
    check_str(buf_str(&got), want);
}

static void encodes_byte_for_byte_as_upstream(void **state)
{
    (void)state;
    check_encodes(S(""), S("\x00\x03\x02"));
    check_encodes(S("ABABABABAB"), S("\x00\x83\x08\x11\x48\x70\xa0\x90\x80"));
    check_encodes(S("\x02\x82\xa7Payload\xc0\xa5SeqNo\x07"),
                  S("\x00\x05\x08\x3a\x05\x25\x4c\x1e\x36\x6f\xc2\x90\x01\x56\x6a\x4a\x99\x38\x4e"
                    "\xde\x1c\x08\x08"));
}

// Random texts over alphabets of 1 to 256 letters: long runs, resets, a full table.
static void what_was_encoded_comes_back(void **state)
{
    (void)state;
    struct rand rand;
    rand_seed(&rand, 1);
    for (int round = 0; round < 300; round++) {
        defer(buf_done) struct buf data = {0}, lzw = {0}, back = {0};
        struct err err = ERR_INIT;
        uint64_t letters = 1 + rand_below(&rand, 256), n = rand_below(&rand, 60000);
        for (uint64_t i = 0; i < n; i++)
            buf_put_c(&data, (char)rand_below(&rand, letters));
        lzw_encode(buf_str(&data), &lzw);
        assert_true(lzw.n <= data.n * 3 / 2 + data.n / 1000 + 8);
        assert_true(lzw_decode(buf_str(&lzw), &back, &err));
        assert_true(str_eq(buf_str(&back), buf_str(&data)));
        // Cut anywhere it is an error, and never more than what was put in.
        buf_clear(&back);
        assert_false(
            lzw_decode(str_slice(buf_str(&lzw), 0, rand_below(&rand, lzw.n)), &back, &err));
        assert_true(back.n <= data.n);
    }
}

static void check_refused(str lzw, const char *want)
{
    defer(buf_done) struct buf out = {0};
    struct err err = ERR_INIT;
    assert_false(lzw_decode(lzw, &out, &err));
    check_err(&err, want);
}

static void decodes_without_a_first_clear_and_ignores_what_follows_the_end(void **state)
{
    (void)state;
    defer(buf_done) struct buf out = {0};
    struct err err = ERR_INIT;
    // Codes 97, 257 of nine bits.
    assert_true(lzw_decode(S("\x61\x02\x02 more"), &out, &err));
    check_str(buf_str(&out), S("a"));
}

static void refuses_codes_that_do_not_exist(void **state)
{
    (void)state;
    check_refused(S(""), "unexpected EOF");
    check_refused(S("\x00"), "unexpected EOF");
    check_refused(S("\xff\xff"), "lzw: invalid code");     // 511
    check_refused(S("\x02\x03\x02"), "lzw: invalid code"); // 258 when there is no code before it
    check_refused(S("\x00\x05\x06\x04"), "lzw: invalid code");
}

static void output_is_bounded(void **state)
{
    (void)state;
    defer(buf_done) struct buf data = {0}, lzw = {0}, out = {.max = 1000};
    struct err err = ERR_INIT;
    buf_put_fill(&data, 'x', 1 << 20);
    lzw_encode(buf_str(&data), &lzw);
    assert_true(lzw.n < 10000); // a hundred times less
    assert_false(lzw_decode(buf_str(&lzw), &out, &err));
    check_err(&err, "lzw: more than 1000 bytes");
    assert_int_equal(err.code, ERR_LIMIT);
    assert_true(out.n <= 1000);
}

int test_lzw(void);
int test_lzw(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encodes_byte_for_byte_as_upstream),
        cmocka_unit_test(what_was_encoded_comes_back),
        cmocka_unit_test(decodes_without_a_first_clear_and_ignores_what_follows_the_end),
        cmocka_unit_test(refuses_codes_that_do_not_exist),
        cmocka_unit_test(output_is_bounded),
    };
    return run_group("lzw", tests);
}
