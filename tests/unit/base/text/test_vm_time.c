// SPDX-License-Identifier: Apache-2.0
#include "base/text/vm_time.h"
#include "tests/support/check.h"

static void check_unix(const char *text, time_ns want)
{
    time_ns got = 7;
    if (!vm_time_parse_unix(str_c(text), &got))
        fail_msg("refused: %s", text);
    if (got != want)
        fail_msg("%s is %lld", text, (long long)got);
}

static void numbers_have_the_unit_that_fits(void **state)
{
    (void)state;
    check_unix("0", 0);
    check_unix("-0", 0);
    check_unix("+12", DUR_SECONDS(12));
    check_unix("9223372036", 9223372036000000000);
    check_unix("9223372037", 9223372037000000);       // ms
    check_unix("9223372036855", 9223372036855000);    // µs
    check_unix("9223372036854776", 9223372036854776); // ns
    check_unix("-9223372036854775808", INT64_MIN);
    check_unix("12.", DUR_SECONDS(12));
    check_unix("1562529662.678123456789", 1562529662678123456);
    check_unix("1562529662678.9", 1562529662678900000);
    check_unix("1234567890123456.789", 1234567890123456789);
    check_unix("12345678901234567.9", 12345678901234567);
    check_unix("-0.5", -500000000);
}

static void numbers_may_have_exponents(void **state)
{
    (void)state;
    check_unix("1.23e2", DUR_SECONDS(123));
    check_unix("1.5E+1", DUR_SECONDS(15));
    check_unix("150e-1", DUR_SECONDS(15));
    check_unix("-5e-1", -500000000);
    check_unix("-0.05e1", -500000000);
    check_unix("1e-10", 0);
    check_unix("1.234567890123456789e18", 1234567890123456789);
    static const char *const BAD[] = {
        "",
        ".",
        "e5",
        ".5",
        "1e",
        "1e19",
        "0e30",
        "1e-19",
        "1.3e-123456789090123",
        "1 ",
        "0x10",
        "1_0",
        "--1",
        "1.-5",
        "1.5.5",
        "12345678901234567890",
        "9223372036854775808",
        "92233720368547758070e-1",
    };
    for (size_t i = 0; i < ARRAY_LEN(BAD); i++) {
        time_ns got;
        if (vm_time_parse_unix(str_c(BAD[i]), &got))
            fail_msg("\"%s\" is %lld", BAD[i], (long long)got);
    }
}

#define NOW INT64_C(1700000000123456789)

// offset_s: of the process' zone
static void check_time(const char *text, int32_t offset_s, time_ns want)
{
    time_ns got = 7;
    struct err err = ERR_INIT;
    vm_time_parse(str_c(text), NOW, offset_s, &got, &err);
    check_err(&err, "");
    if (got != want)
        fail_msg("%s is %lld, not %lld", text, (long long)got, (long long)want);
}

static void durations_count_back_from_now(void **state)
{
    (void)state;
    check_time("now", 0, NOW);
    check_time("-5m", 0, NOW - DUR_MINUTES(5));
    check_time("1h5s", 0, NOW - DUR_SECONDS(3605));
    check_time("now-1h5m", 0, NOW - DUR_MINUTES(65));
    check_time("now5m", 0, NOW - DUR_MINUTES(5)); // the sign does not matter
    check_time("-123.456", 3600, NOW - DUR_MS(123456));
    check_time("-290y", 0, NOW - DUR_DAYS(365) * 290);
}

static void dates_may_end_early_and_have_a_zone(void **state)
{
    (void)state;
    const time_ns may = 1682899200000000000;
    check_time("2023-05Z", 3600, may);
    check_time("2023-05", 3600, may - DUR_HOURS(1)); // ours
    check_time("2023-05+02:00", 3600, may - DUR_HOURS(2));
    check_time("2023-05-01-02:30", 3600, may + DUR_MINUTES(150));
    check_time("2023-05-01T04", 0, may + DUR_HOURS(4));
    check_time("2023-05-01T04:05:06.789Z", 3600, may + DUR_HOURS(4) + DUR_MS(306789));
    check_time("2023", 3600, 1672531200000000000); // a year alone is in UTC
    check_time("2023+02:00", 0, 1672531200000000000 - DUR_HOURS(2));
    check_time("2262-04-11T23:47-12:00", 0, INT64_MAX);
    check_time("1677-09-21T00:13Z+14:00", 0, INT64_MIN);
    check_time("9999", 0, INT64_MAX);
}

static void what_is_none_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *error;
    } BAD[] = {
        {"", "cannot parse numeric timestamp \"\""},
        {"12x45", "cannot parse numeric timestamp \"12x45\""},
        {"1223-fo:ba", "cannot parse hour from timezone offset \"-fo:ba\": strconv.ParseUint: "
                       "parsing \"fo\": invalid syntax"},
        {"1223-12:ba", "cannot parse minute from timezone offset \"-12:ba\": strconv.ParseUint: "
                       "parsing \"ba\": invalid syntax"},
        {"-123foobar", "cannot parse duration \"-123foobar\""},
        {"2023-13Z", "parsing time \"2023-13\": month out of range"},
    };
    for (size_t i = 0; i < ARRAY_LEN(BAD); i++) {
        time_ns got;
        struct err err = ERR_INIT;
        vm_time_parse(str_c(BAD[i].text), NOW, 0, &got, &err);
        check_err(&err, BAD[i].error);
    }
}

static void arguments_are_cut_to_their_range(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } GOOD[] = {
        {"1562529662.3245", 1562529662325},
        {"1677-09-22Z", 0},
        {"9999Z", VM_TIME_ARG_MS_MAX},
        {"-292273086-05-16T16:47:06Z", 0},
        {"292277025-08-18T07:12:54.999999999Z", VM_TIME_ARG_MS_MAX},
    };
    for (size_t i = 0; i < ARRAY_LEN(GOOD); i++) {
        int64_t ms = -1;
        assert_true(vm_time_parse_arg(str_c(GOOD[i].text), NOW, 0, &ms, NULL));
        if (ms != GOOD[i].ms)
            fail_msg("%s is %lld", GOOD[i].text, (long long)ms);
    }
    int64_t ms;
    assert_false(vm_time_parse_arg(S("-292273086-05-16T16:47:07Z"), NOW, 0, &ms, NULL));
}

int test_vm_time(void);
int test_vm_time(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_have_the_unit_that_fits),
        cmocka_unit_test(numbers_may_have_exponents),
        cmocka_unit_test(durations_count_back_from_now),
        cmocka_unit_test(dates_may_end_early_and_have_a_zone),
        cmocka_unit_test(what_is_none_is_refused),
        cmocka_unit_test(arguments_are_cut_to_their_range),
    };
    return run_group("vm_time", tests);
}
