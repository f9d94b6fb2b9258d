// SPDX-License-Identifier: Apache-2.0
// Messages themselves are tested where their types are.
#include "base/text/pb.h"

#include "tests/support/check.h"

static void records_are_taken_in_order(void **state)
{
    (void)state;
    struct buf b = {0};
    char long_text[300];
    memset(long_text, 'x', sizeof(long_text));
    pb_put_record(&b, S("a"));
    pb_put_record(&b, S(""));
    pb_put_record(&b, str_from(long_text, sizeof(long_text)));
    str stream = buf_str(&b), record;
    struct err err = ERR_INIT;
    assert_int_equal(pb_take_record(&stream, 300, &record, &err), PB_RECORD);
    check_str(record, S("a"));
    assert_int_equal(pb_take_record(&stream, 300, &record, &err), PB_RECORD);
    check_str(record, S(""));
    str before = stream;
    assert_int_equal(pb_take_record(&stream, 299, &record, &err), PB_MALFORMED);
    assert_int_equal(err.code, ERR_LIMIT);
    check_str(stream, before); // unchanged
    assert_int_equal(pb_take_record(&stream, 300, &record, &err), PB_RECORD);
    assert_int_equal(record.n, 300);
    assert_int_equal(pb_take_record(&stream, 300, &record, &err), PB_END);
    buf_done(&b);
}

static void check_malformed(str stream, const char *text)
{
    str record;
    struct err err = ERR_INIT;
    assert_int_equal(pb_take_record(&stream, 1000, &record, &err), PB_MALFORMED);
    check_err(&err, text);
    assert_int_equal(err.code, ERR_SYNTAX);
}

static void cut_streams_and_bad_lengths_are_told_apart(void **state)
{
    (void)state;
    check_malformed(S("\001"), "unexpected EOF");
    check_malformed(S("\003ab"), "unexpected EOF");
    check_malformed(S("\x80"), "unexpected EOF");
    check_malformed(S("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"), "invalid varint");
    check_malformed(S("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"), "invalid varint");
}

static void check_time(time_ns t, int64_t seconds, int32_t nanos)
{
    int64_t got_seconds;
    int32_t got_nanos;
    pb_time_split(t, &got_seconds, &got_nanos);
    assert_int_equal(got_seconds, seconds);
    assert_int_equal(got_nanos, nanos);
    assert_int_equal(pb_time(seconds, nanos), t);
}

static void times_go_both_ways_and_are_cut_to_their_range(void **state)
{
    (void)state;
    check_time(0, 0, 0);
    check_time(1, 0, 1);
    check_time(-1, -1, 999999999);
    check_time(-1000000000, -1, 0);
    check_time(1704067200000000005, 1704067200, 5);
    check_time(TIME_UNSET, PB_ZERO_TIME_SECONDS, 0);
    check_time(TIME_MAX, 9223372036, 854775807);
    check_time(TIME_MIN, -9223372037, 145224193);
    assert_int_equal(pb_time(253402300799, 0), TIME_MAX);             // year 9999
    assert_int_equal(pb_time(PB_ZERO_TIME_SECONDS, 1), TIME_MIN);     // not the zero time
    assert_int_equal(pb_time(PB_ZERO_TIME_SECONDS - 1, 0), TIME_MIN); // before year 1
    assert_int_equal(pb_time(INT64_MAX, INT32_MAX), TIME_MAX);
    assert_int_equal(pb_time(INT64_MIN, INT32_MIN), TIME_MIN);
}

int test_pb(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_are_taken_in_order),
        cmocka_unit_test(cut_streams_and_bad_lengths_are_told_apart),
        cmocka_unit_test(times_go_both_ways_and_are_cut_to_their_range),
    };
    return run_group("pb", tests);
}
