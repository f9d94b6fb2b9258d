// SPDX-License-Identifier: Apache-2.0
#include "base/text/pb_wire.h"

#include "tests/support/check.h"

static void values_of_every_wire_type_are_skipped(void **state)
{
    (void)state;
    static const str VALUES[] = {
        {"\x08\x96\x01", 3}, // varint
        {"\x09"
         "12345678",
         9},               // 8 bytes
        {"\x0a\x02zz", 4}, // bytes
        {"\x0b\x10\x05\x13\x1d"
         "1234\x14\x0c",
         11}, // a group with a number and a group inside
        {"\x0d"
         "1234",
         5},                             // 4 bytes
        {"\x88\x80\x00\x85\x80\x00", 6}, // a tag and a number longer than need be
        {"\xf8\xff\xff\xff\x0f\x01", 6}, // the largest field number
        {"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11}, // the largest number
    };
    for (size_t i = 0; i < ARRAY_LEN(VALUES); i++) {
        struct cursor c = cursor_from(VALUES[i]);
        uint64_t tag = pb_read_tag(&c);
        pb_skip_value(&c, tag);
        if (c.failed || cursor_left(&c) > 0)
            fail_msg("case %zu: %s", i, c.failed ? "refused" : "not to its end");
        for (size_t n = 0; n < VALUES[i].n; n++) { // cut anywhere it is short
            c = cursor_from(str_slice(VALUES[i], 0, n));
            tag = pb_read_tag(&c);
            pb_skip_value(&c, tag);
            assert_true(c.failed && c.is_short);
        }
    }
}

static void what_cannot_be_is_refused(void **state)
{
    (void)state;
    char deep[PB_GROUP_DEPTH_MAX + 1];
    memset(deep, '\x0b', sizeof(deep));
    const str values[] = {
        S("\x0e"),                                         // wire types 6 and 7
        S("\x0f"),                                         //
        S("\x0c"),                                         // the end of no group
        S("\x0b\x14"),                                     // the end of another one
        S("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"), // 2^64 and more
        str_from("\0\1", 2),                               // field number 0
        S("\x80\x80\x80\x80\x10\x01"),                     // 2^29
        str_from(deep, sizeof(deep)),
    };
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        struct cursor c = cursor_from(values[i]);
        uint64_t tag = pb_read_tag(&c);
        pb_skip_value(&c, tag);
        if (!c.failed || c.is_short)
            fail_msg("case %zu: %s", i, c.failed ? "short" : "accepted");
    }
}

static void fields_are_read_and_written_as_they_stand(void **state)
{
    (void)state;
    static const char BYTES[] = "\x0a\x01k\x10\x96\x01\x1b\x08\x05\x1c";
    str all = str_from(BYTES, sizeof(BYTES) - 1);
    defer(buf_done) struct buf again = {0};
    for (struct cursor c = cursor_from(all); cursor_left(&c) > 0;) {
        uint64_t tag = pb_read_tag(&c);
        pb_put_value(&again, tag, pb_read_value(&c, tag));
    }
    check_str(buf_str(&again), all);
    assert_int_equal(pb_uvarint_bytes(0), 1);
    assert_int_equal(pb_uvarint_bytes(127), 1);
    assert_int_equal(pb_uvarint_bytes(128), 2);
    assert_int_equal(pb_uvarint_bytes(UINT64_MAX), 10);
}

int test_pb_wire(void);
int test_pb_wire(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_of_every_wire_type_are_skipped),
        cmocka_unit_test(what_cannot_be_is_refused),
        cmocka_unit_test(fields_are_read_and_written_as_they_stand),
    };
    return run_group("pb_wire", tests);
}
