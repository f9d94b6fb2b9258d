// SPDX-License-Identifier: Apache-2.0
#include "base/text/msgpack.h"

#include "tests/support/check.h"

struct thing {
    uint32_t count;
    str name;
    bool is_on;
    uint16_t port;
    int64_t size;
    str blob;
    uint8_t tag;
};

static const struct msgpack_field FIELDS[] = {
    {"Blob", offsetof(struct thing, blob), MSGPACK_BYTES, 5, false},
    {"Count", offsetof(struct thing, count), MSGPACK_U32, 0, false},
    {"Name", offsetof(struct thing, name), MSGPACK_STR, 1, false},
    {"On", offsetof(struct thing, is_on), MSGPACK_BOOL, 2, false},
    {"Port", offsetof(struct thing, port), MSGPACK_U16, 3, true},
    {"Size", offsetof(struct thing, size), MSGPACK_INT, 4, false},
    {"Tag", offsetof(struct thing, tag), MSGPACK_U8, 6, true},
};
static const struct msgpack_struct THING = {FIELDS, ARRAY_LEN(FIELDS)};

static void check_put(const struct thing *t, str want)
{
    defer(buf_done) struct buf got = {0};
    msgpack_put_struct(&got, &THING, t);
    check_str(buf_str(&got), want);
}

static void writes_sorted_keys_and_short_numbers(void **state)
{
    (void)state;
    check_put(&(struct thing){.count = 127, .name = S("x"), .is_on = true, .size = 128},
              S("\x85\xa4"
                "Blob\xc0\xa5"
                "Count\x7f\xa4"
                "Name\xa1x\xa2On\xc3\xa4Size\xcc\x80"));
    check_put(
        &(struct thing){.count = UINT32_MAX, .port = 256, .size = 65536, .blob = S(""), .tag = 1},
        S("\x87\xa4"
          "Blob\xa0\xa5"
          "Count\xce\xff\xff\xff\xff\xa4"
          "Name\xa0\xa2On\xc2\xa4Port\xcd\x01\x00\xa4Size\xce\x00\x01\x00\x00\xa3Tag\x01"));
}

static void long_texts_use_the_old_raw_headers(void **state)
{
    (void)state;
    for (size_t n = 31; n <= 70000; n = n == 31 ? 32 : n == 32 ? 65535 : n + 4465) {
        defer(buf_done) struct buf text = {0}, bytes = {0};
        defer(arena_done) struct arena mem = {0};
        buf_put_fill(&text, 'a', n);
        msgpack_put_struct(&bytes, &THING, &(struct thing){.name = buf_str(&text)});
        uint8_t head = (uint8_t)bytes.p[1 + 5 + 1 + 6 + 1 + 5];
        assert_int_equal(head, n < 32 ? 0xa0 + n : n <= 65535 ? 0xda : 0xdb);
        struct thing back;
        struct cursor c = cursor_from(buf_str(&bytes));
        msgpack_read_struct(&c, &THING, &back, &mem);
        assert_false(c.failed);
        assert_true(str_eq(back.name, buf_str(&text)));
    }
}

static struct thing read_thing(str bytes, struct arena *mem, bool *ret_ok, bool *ret_short)
{
    struct thing t = {.count = 99};
    struct cursor c = cursor_from(bytes);
    msgpack_read_struct(&c, &THING, &t, mem);
    *ret_ok = !c.failed;
    *ret_short = c.is_short;
    return t;
}

static void reads_every_accepted_form(void **state)
{
    (void)state;
    static const struct {
        str bytes;
        uint32_t count;
        str name;
    } CASES[] = {
        {{"\xc0", 1}, 0, {"", 0}}, // nil: zeros
        {{"\x81\xa5"
          "Count\xd1\x12\x34",
          10},
         0x1234,
         {"", 0}},
        {{"\x81\xa5"
          "Count\xcf\0\0\0\0\0\0\0\x4d",
          16},
         77,
         {"", 0}},
        {{"\xde\0\x01\xa4Name\xd9\x01x", 11}, 0, {"x", 1}},                      // map16, str8
        {{"\x81\xa4Name\xc4\x01x", 9}, 0, {"x", 1}},                             // bin
        {{"\x92\x07\xa1x", 4}, 7, {"x", 1}},                                     // array
        {{"\x82\xa3Zed\x81\xa1\x61\x92\x01\x02\xa4Name\xa1x", 18}, 0, {"x", 1}}, // unknown value
        {{"\x82\xa4Name\xa1x\xa4Name\xa1y", 15}, 0, {"y", 1}},                   // the last wins
        {{"\x81\xa4Name\xa1x\xff\xff", 10}, 0, {"x", 1}},                        // bytes behind it
    };
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        defer(arena_done) struct arena mem = {0};
        bool ok, is_short;
        struct thing t = read_thing(CASES[i].bytes, &mem, &ok, &is_short);
        if (!ok)
            fail_msg("case %zu refused", i);
        assert_int_equal(t.count, CASES[i].count);
        check_str(t.name, CASES[i].name);
    }
}

static void bytes_may_be_an_array_of_integers(void **state)
{
    (void)state;
    defer(arena_done) struct arena mem = {0};
    bool ok, is_short;
    struct thing t = read_thing(S("\x81\xa4"
                                  "Blob\x94\x7f\x00\xcc\xff\x01"),
                                &mem, &ok, &is_short);
    assert_true(ok);
    check_str(t.blob, S("\x7f\x00\xff\x01"));
}

static void so_may_keys_and_texts(void **state)
{
    (void)state;
    defer(arena_done) struct arena mem = {0};
    bool ok, is_short;
    struct thing t = read_thing(S("\x82\x94N\xcc"
                                  "a\xd1\x00me\x93xyz\x95"
                                  "Count\x07"),
                                &mem, &ok, &is_short);
    assert_true(ok);
    check_str(t.name, S("xyz"));
    assert_int_equal(t.count, 7);
    read_thing(S("\x81\xa4Name\x93xy"), &mem, &ok, &is_short);
    assert_true(!ok && is_short);
}

static void large_unsigned_numbers_wrap_in_signed_fields(void **state)
{
    (void)state;
    defer(arena_done) struct arena mem = {0};
    bool ok, is_short;
    struct thing t =
        read_thing(S("\x81\xa4Size\xcf\xff\xff\xff\xff\xff\xff\xff\xfe"), &mem, &ok, &is_short);
    assert_true(ok);
    assert_int_equal(t.size, -2);
}

static void refuses_what_does_not_fit(void **state)
{
    (void)state;
    static const str CASES[] = {
        {"\x81\xa5"
         "Count\xff",
         8}, // negative
        {"\x81\xa5"
         "Count\xcf\0\0\0\x01\0\0\0\0",
         16},                               // 2^32
        {"\x81\xa4Port\xce\0\x01\0\0", 11}, // 65536
        {"\x81\xa2On\x02", 5},              // not a boolean
        {"\x81\xa4Name\x07", 7},            // a number as text
        {"\xa3"
         "abc",
         4},                               // no structure
        {"\x81\x93N\xcd\x01\x00x\x07", 8}, // 256 in a key
        {"\x81\x07\x07", 3},               // a number as key
    };
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        defer(arena_done) struct arena mem = {0};
        bool ok, is_short;
        read_thing(CASES[i], &mem, &ok, &is_short);
        if (ok || is_short)
            fail_msg("case %zu: %s", i, ok ? "accepted" : "short");
    }
}

static void every_cut_is_short(void **state)
{
    (void)state;
    defer(buf_done) struct buf bytes = {0};
    struct thing full = {300, S("name"), true, 9094, 1 << 20, S("bytes"), 200};
    msgpack_put_struct(&bytes, &THING, &full);
    for (size_t n = 0; n < bytes.n; n++) {
        defer(arena_done) struct arena mem = {0};
        bool ok, is_short;
        read_thing(str_slice(buf_str(&bytes), 0, n), &mem, &ok, &is_short);
        assert_false(ok);
        assert_true(is_short);
    }
}

static void skipping_is_bounded(void **state)
{
    (void)state;
    char deep[100];
    memset(deep, '\x91', sizeof(deep)); // an array of an array of …
    struct cursor c = cursor_from(str_from(deep, sizeof(deep)));
    msgpack_skip(&c);
    assert_true(c.failed && !c.is_short);
    c = cursor_from(S("\xdd\xff\xff\xff\xff\x01\x02")); // four billion elements
    msgpack_skip(&c);
    assert_true(c.failed && c.is_short);
    c = cursor_from(S("\xc9\x00\x00\x00\x01t\x00\xca\x00\x00\x00\x00\xd4tx\xc7\x02t\x00\x00\x07"));
    for (int i = 0; i < 4; i++) // ext32, float32, fixext1, ext8
        msgpack_skip(&c);
    assert_int_equal(cursor_u8(&c), 7);
    assert_false(c.failed);
}

int test_msgpack(void);
int test_msgpack(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_sorted_keys_and_short_numbers),
        cmocka_unit_test(long_texts_use_the_old_raw_headers),
        cmocka_unit_test(reads_every_accepted_form),
        cmocka_unit_test(bytes_may_be_an_array_of_integers),
        cmocka_unit_test(so_may_keys_and_texts),
        cmocka_unit_test(large_unsigned_numbers_wrap_in_signed_fields),
        cmocka_unit_test(refuses_what_does_not_fit),
        cmocka_unit_test(every_cut_is_short),
        cmocka_unit_test(skipping_is_bounded),
    };
    return run_group("msgpack", tests);
}
