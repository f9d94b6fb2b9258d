// SPDX-License-Identifier: Apache-2.0
#include "base/core/time.h"

#include "tests/support/check.h"

static void rfc3339_round_trips(void **state)
{
    (void)state;
    static const char *const TEXTS[] = {
        "1970-01-01T00:00:00Z",      "2024-02-29T23:59:59.123456789Z", "1999-12-31T23:59:59+02:00",
        "2026-08-16T10:00:00-07:30", "1678-01-01T00:00:00.5Z",         "0001-01-01T00:00:00Z",
    };
    for (size_t i = 0; i < ARRAY_LEN(TEXTS); i++) {
        struct zoned_time z;
        assert_true(time_parse_rfc3339(str_c(TEXTS[i]), &z));
        defer(buf_done) struct buf out = {0};
        buf_put_time(&out, z.t, z.offset_s, FRACTION_SHORTEST);
        check_str(buf_str(&out), str_c(TEXTS[i]));
    }
}

static void rfc3339_refuses_what_go_refuses(void **state)
{
    (void)state;
    static const char *const TEXTS[] = {
        "",
        "2024-02-30T00:00:00Z",
        "2023-02-29T00:00:00Z",
        "2024-01-01T24:00:00Z",
        "2024-01-01 00:00:00Z",
        "2024-01-01T00:00:00",
        "2024-01-01T00:00:00.Z",
        "2024-01-01T00:00:00+0200",
        "2024-13-01T00:00:00Z",
        "2024-01-01T00:00:60Z",
        "2024-01-01T00:00:00Zx",
        "24-01-01T00:00:00Z",
    };
    struct zoned_time z;
    for (size_t i = 0; i < ARRAY_LEN(TEXTS); i++) {
        if (time_parse_rfc3339(str_c(TEXTS[i]), &z))
            fail_msg("accepted \"%s\"", TEXTS[i]);
    }
}

static void instants_outside_the_range_are_cut(void **state)
{
    (void)state;
    struct zoned_time z;
    assert_true(time_parse_rfc3339(S("9999-12-31T23:59:59Z"), &z));
    assert_true(z.t == TIME_MAX);
    assert_true(time_parse_rfc3339(S("1500-01-01T00:00:00Z"), &z));
    assert_true(z.t == TIME_MIN);
}

static void civil_time_walks_every_day_of_four_centuries(void **state)
{
    (void)state;
    int64_t year = 1800;
    int month = 1;
    int day = 1;
    int64_t unix_s = unix_from_civil(year, month, day, 0, 0, 0);
    while (year < 2200) {
        struct civil c = civil_from_time(unix_s * 1000000000, 0);
        assert_true(c.year == year && c.month == month && c.day == day && c.hour == 0);
        unix_s += 86400;
        if (++day > days_in_month(year, month)) {
            day = 1;
            if (++month > 12) {
                month = 1;
                year++;
            }
        }
    }
    assert_int_equal(civil_from_time(0, 0).weekday, 4);
    assert_int_equal(civil_from_time(-1, 0).weekday, 3);
    assert_int_equal(civil_from_time(-1, 0).nanos, 999999999);
    struct civil first = civil_from_time(TIME_MIN, 0); // 1677-09-21T00:12:43.145224193Z
    assert_int_equal(first.year, 1677);
    assert_int_equal(first.second, 43);
    assert_int_equal(first.nanos, 145224193);
}

static void truncation_counts_from_year_one(void **state)
{
    (void)state;
    int64_t t = DUR_SECONDS(1700000000) + 123; // Tuesday 2023-11-14T22:13:20Z
    assert_true(time_truncate(t, DUR_MINUTES(1)) == DUR_SECONDS(1699999980));
    // Weeks begin on Monday, because 0001-01-01 was one.
    assert_true(time_truncate(t, DUR_DAYS(7)) == DUR_SECONDS(1699833600));
    assert_true(time_truncate(-1, DUR_HOURS(1)) == -DUR_HOURS(1));
    assert_true(time_truncate(t, 0) == t);
}

static void durations_print_as_go_prints_them(void **state)
{
    (void)state;
    static const struct {
        dur_ns d;
        const char *text;
    } CASES[] = {
        {0, "0s"},
        {1, "1ns"},
        {1500, "1.5µs"},
        {DUR_MS(1) + 500000, "1.5ms"},
        {DUR_SECONDS(1), "1s"},
        {DUR_MS(2500), "2.5s"},
        {-DUR_MS(2500), "-2.5s"},
        {DUR_MINUTES(1), "1m0s"},
        {DUR_HOURS(1), "1h0m0s"},
        {DUR_HOURS(25) + DUR_MS(1), "25h0m0.001s"},
        {INT64_MIN, "-2562047h47m16.854775808s"},
    };
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        defer(buf_done) struct buf out = {0};
        buf_put_dur_go(&out, CASES[i].d);
        check_str(buf_str(&out), str_c(CASES[i].text));
        dur_ns back;
        assert_true(dur_parse_go(buf_str(&out), &back, NULL));
        assert_true(back == CASES[i].d);
    }
}

static void flag_durations_are_checked(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    dur_ns d;
    assert_true(dur_parse_go(S("1h15m30.918s"), &d, &err));
    assert_true(d == DUR_HOURS(1) + DUR_MINUTES(15) + DUR_MS(30918));
    assert_true(dur_parse_go(S("+.5s"), &d, &err) && d == DUR_MS(500));
    assert_true(dur_parse_go(S("-0"), &d, &err) && d == 0);
    assert_false(dur_parse_go(S("1d"), &d, &err));
    check_err(&err, "time: unknown unit \"d\" in duration \"1d\"");
    assert_false(dur_parse_go(S("5"), &d, &err));
    check_err(&err, "time: missing unit in duration \"5\"");
    assert_false(dur_parse_go(S(""), &d, &err));
    check_err(&err, "time: invalid duration \"\"");
    assert_false(dur_parse_go(S("."), &d, &err));
    assert_false(dur_parse_go(S("9999999h"), &d, &err));
    assert_true(dur_parse_kingpin(S("1w2d"), &d, &err) && d == DUR_DAYS(9));
}

int test_time(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc3339_round_trips),
        cmocka_unit_test(rfc3339_refuses_what_go_refuses),
        cmocka_unit_test(instants_outside_the_range_are_cut),
        cmocka_unit_test(civil_time_walks_every_day_of_four_centuries),
        cmocka_unit_test(truncation_counts_from_year_one),
        cmocka_unit_test(durations_print_as_go_prints_them),
        cmocka_unit_test(flag_durations_are_checked),
    };
    return run_group("time", tests);
}
