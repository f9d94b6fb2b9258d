// SPDX-License-Identifier: Apache-2.0
#include "alertmanager/snapshot.h"

#include "tests/support/check.h"

static bool collect(void *owner, str record, struct err *err)
{
    if (str_eq(record, S("bad")))
        return err_set(err, ERR_SYNTAX, "a bad record");
    buf_put(owner, record);
    buf_put_c(owner, ' ');
    return true;
}

static void check_load(str file, str want, size_t bad, uint64_t skipped, const char *damage)
{
    struct buf got = {0};
    struct snapshot_report r;
    snapshot_load(file, collect, &got, &r);
    check_str(buf_str(&got), want);
    check_err(&r.damage, damage);
    assert_int_equal(r.bad_records, bad);
    assert_int_equal(r.skipped_bytes, skipped);
    assert_int_equal(snapshot_is_damaged(&r), damage[0] != 0);
    buf_done(&got);
}

static void good_files_are_read_whole(void **state)
{
    (void)state;
    check_load(S(""), S(""), 0, 0, "");
    check_load(S("\001a"), S("a "), 0, 0, "");
    check_load(S("\001a\002bc"), S("a bc "), 0, 0, "");
    check_load(S("\000\001a"), S(" a "), 0, 0, ""); // an empty record is the reader's business
}

static void damaged_files_give_what_is_still_framed(void **state)
{
    (void)state;
    check_load(S("\001a\002b"), S("a "), 0, 2, "unexpected EOF");
    check_load(S("\001a\002"), S("a "), 0, 1, "unexpected EOF");
    check_load(S("\001a\x80"), S("a "), 0, 1, "unexpected EOF");
    check_load(S("\001a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02z"), S("a "), 0, 11,
               "invalid varint");
    check_load(S("\001a\x81\x80\x80\x02z"), S("a "), 0, 5,
               "record of 4194305 bytes exceeds the limit of 4194304 bytes");
    check_load(S("\001a\003bad\001b"), S("a b "), 1, 3, "a bad record");
    check_load(S("\003bad\002b"), S(""), 1, 5, "a bad record");
}

static void copies_are_named_after_the_time(void **state)
{
    (void)state;
    struct buf path = {0};
    snapshot_corrupt_path(S("/data/nflog"), DUR_SECONDS(1767571200) + 5, &path);
    check_str(buf_str(&path), S("/data/nflog.corrupt.1767571200"));
    buf_done(&path);
}

int test_snapshot(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_files_are_read_whole),
        cmocka_unit_test(damaged_files_give_what_is_still_framed),
        cmocka_unit_test(copies_are_named_after_the_time),
    };
    return run_group("snapshot", tests);
}
