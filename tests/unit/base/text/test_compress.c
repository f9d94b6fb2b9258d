// SPDX-License-Identifier: Apache-2.0
#include "base/text/compress.h"
#include "tests/support/check.h"

static void round_trip(str text)
{
    struct buf zstd = {0}, snappy = {0}, out = {0};
    struct err err = ERR_INIT;
    buf_put_zstd(&zstd, text);
    buf_put_snappy(&snappy, text);
    assert_true(zstd_decompress(buf_str(&zstd), text.n, &out, &err));
    check_str(buf_str(&out), text);
    buf_clear(&out);
    assert_true(snappy_decompress(buf_str(&snappy), text.n, &out, &err));
    check_str(buf_str(&out), text);
    buf_done(&zstd);
    buf_done(&snappy);
    buf_done(&out);
}

static void what_goes_in_comes_out(void **state)
{
    (void)state;
    struct buf large = {0};
    for (int i = 0; i < 100000; i++)
        buf_printf(&large, "line %d\n", i);
    round_trip(S(""));
    round_trip(S("abc"));
    round_trip(buf_str(&large));
    buf_done(&large);
}

static void bombs_and_garbage_are_refused(void **state)
{
    (void)state;
    struct buf zeros = {0}, zstd = {0}, snappy = {0}, out = {0};
    struct err err = ERR_INIT;
    buf_put_fill(&zeros, '\0', 10000000);
    buf_put_zstd(&zstd, buf_str(&zeros));
    buf_put_snappy(&snappy, buf_str(&zeros));
    assert_false(zstd_decompress(buf_str(&zstd), 1000000, &out, &err));
    assert_int_equal(err.code, ERR_LIMIT);
    assert_true(out.n < 2000000);
    assert_false(snappy_decompress(buf_str(&snappy), 1000000, &out, &err));
    assert_int_equal(err.code, ERR_LIMIT);
    assert_false(zstd_decompress(S("garbage"), 1000, &out, &err));
    assert_int_equal(err.code, ERR_SYNTAX);
    assert_false(zstd_decompress(str_slice(buf_str(&zstd), 0, zstd.n / 2), 100000000, &out, &err));
    assert_false(snappy_decompress(S("\xff\xff"), 1000, &out, &err));
    assert_int_equal(err.code, ERR_SYNTAX);
    buf_done(&zeros);
    buf_done(&zstd);
    buf_done(&snappy);
    buf_done(&out);
}

int test_compress(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_goes_in_comes_out),
        cmocka_unit_test(bombs_and_garbage_are_refused),
    };
    return run_group("compress", tests);
}
