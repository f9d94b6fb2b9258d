// SPDX-License-Identifier: Apache-2.0
// Records in forms that only other programs write, and what no program may.
#include "alertmanager/nflog_wire.h"

#include "base/core/alloc.h"
#include "base/text/pb.h"
#include "tests/support/check.h"

#define RECEIVER "\x12\x06\x0a\x01r\x12\x01w"

// The entry of a record: expires_at 1000 behind those fields of the entry and the key k.
static struct nflog_entry *decode(str entry_fields, struct err *err)
{
    defer(buf_done) struct buf record = {0}, entry = {0};
    defer(arena_done) struct arena mem = {0};
    buf_put(&entry, S("\x0a\x01k" RECEIVER));
    buf_put(&entry, entry_fields);
    buf_put_c(&record, 0x0a);
    pb_put_record(&record, buf_str(&entry));
    buf_put(&record, S("\x12\x03\x08\xe8\x07"));
    struct nflog_entry *e = nflog_entry_decode(buf_str(&record), TIME_MAX, &mem, err);
    if (e) {
        check_str(nflog_entry_record(e), buf_str(&record)); // as it came
        check_str(nflog_entry_group_key(e), S("k"));
        assert_int_equal(e->expires_at, DUR_SECONDS(1000));
    }
    return e;
}

static void what_others_skip_is_skipped(void **state)
{
    (void)state;
    static const str CASES[] = {
        {"", 0},
        {"\xa3\x01\x08\x05\xa4\x01", 6}, // a group of an unknown number
        {"\x0b\x0c", 2},                 // a group instead of the group key
        {"\x08\x07", 2},                 // a number instead of the group key
        {"\x21"
         "12345678",
         9},                                  // eight bytes instead of "resolved"
        {"\x32\x00", 2},                      // no firing alerts, packed
        {"\x1a\x81\x80\x80\x80\x80\x00h", 8}, // a length of one in six bytes
        {"\x9a\x80\x80\x80\x80\x00\x01h", 8}, // a tag in six bytes
        {"\x12\x02\x08\x05", 4},              // a number inside the receiver's name
    };
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        struct err err = ERR_INIT;
        struct nflog_entry *e = decode(CASES[i], &err);
        if (!e)
            fail_msg("case %zu: %s", i, err.text);
        struct nflog_receiver r = nflog_entry_receiver(e);
        check_str(r.name, S("r"));
        check_str(r.integration, S("w"));
        mem_free(e);
    }
}

static void a_message_in_pieces_is_one(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    // The timestamp in three pieces, the receiver's index in a second one; hashes both ways.
    struct nflog_entry *e = decode(S("\x2a\x02\x08\x64\x2a\x00\x12\x02\x18\x03\x2a\x02\x10\x07"
                                     "\x30\x05\x32\x02\x01\x05"),
                                   &err);
    assert_non_null(e);
    assert_int_equal(e->timestamp, DUR_SECONDS(100) + 7);
    struct nflog_receiver r = nflog_entry_receiver(e);
    check_str(r.name, S("r"));
    assert_int_equal(r.idx, 3);
    assert_int_equal(e->firing_count, 2);
    mem_free(e);
}

static void what_others_refuse_is_refused(void **state)
{
    (void)state;
    static const str CASES[] = {
        {"\x20\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 11},     // 2^64 and more
        {"\x32\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 12}, // the same, packed
        {"\x32\x01\x80", 3},                                      // a packed number that is cut
        {"\x2a\x02\x08\x80", 4},                                  // one in a message
        {"\xa3\x01\xac\x01", 4},                                  // the end of another group
        {"\xa6\x01", 2},                                          // wire type 6
        {"\x12\x03\x0a\x01\xff", 5},                              // a name that is not UTF-8
    };
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        struct err err = ERR_INIT;
        if (decode(CASES[i], &err))
            fail_msg("case %zu: accepted", i);
        assert_int_equal(err.code, ERR_SYNTAX);
    }
}

int test_nflog_wire(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_others_skip_is_skipped),
        cmocka_unit_test(a_message_in_pieces_is_one),
        cmocka_unit_test(what_others_refuse_is_refused),
    };
    return run_group("nflog_wire", tests);
}
