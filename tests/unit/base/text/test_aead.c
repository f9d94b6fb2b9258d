// SPDX-License-Identifier: Apache-2.0
#include "base/text/aead.h"

#include "tests/support/check.h"

static const uint8_t ZEROS[64];

// The first cases of each key size in McGrew and Viega, "The Galois/Counter Mode of Operation".
static void published_vectors(void **state)
{
    (void)state;
    static const struct {
        size_t key_bytes, plain_bytes;
        const char *sealed;
    } CASES[] = {
        {16, 0, "58e2fccefa7e3061367f1d57a4e7455a"},
        {16, 16, "0388dace60b6a392f328c2b971b2fe78ab6e47d42cec13bdf53a67b21257bddf"},
        {24, 0, "cd33b28ac773f74ba00ed1f312572435"},
        {24, 16, "98e7247c07f0fe411c267e4384b0f6002ff58d80033927ab8ef4d4587514f0fb"},
        {32, 0, "530f8afbc74536b9a963b4f1c4cb738b"},
        {32, 16, "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"},
    };
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        struct err err = ERR_INIT;
        struct aead_key *k = aead_key_new(str_from(ZEROS, CASES[i].key_bytes), &err);
        assert_non_null(k);
        defer(buf_done) struct buf sealed = {0}, hex = {0}, plain = {0};
        str message = str_from(ZEROS, CASES[i].plain_bytes);
        aead_seal(k, ZEROS, S(""), message, &sealed);
        buf_put_hex(&hex, buf_str(&sealed));
        check_str(buf_str(&hex), str_c(CASES[i].sealed));
        assert_true(aead_open(k, ZEROS, S(""), buf_str(&sealed), &plain));
        check_str(buf_str(&plain), message);
        assert_false(aead_open(k, ZEROS, S("x"), buf_str(&sealed), &plain));
        assert_false(aead_open(k, ZEROS + 1, S(""), S("short"), &plain));
        assert_int_equal(plain.n, CASES[i].plain_bytes);
        aead_key_free(k);
    }
}

static void other_sizes_are_no_keys(void **state)
{
    (void)state;
    for (size_t n = 0; n <= 64; n++) {
        struct err err = ERR_INIT;
        struct aead_key *k = aead_key_new(str_from(ZEROS, n), &err);
        bool is_size = n == 16 || n == 24 || n == 32;
        assert_int_equal(k != NULL, is_size);
        if (!is_size)
            check_err(&err, "key size must be 16, 24 or 32 bytes");
        aead_key_free(k);
    }
}

int test_aead(void);
int test_aead(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_vectors),
        cmocka_unit_test(other_sizes_are_no_keys),
    };
    return run_group("aead", tests);
}
