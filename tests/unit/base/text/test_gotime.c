// SPDX-License-Identifier: Apache-2.0
#include "base/text/gotime.h"
#include "tests/support/check.h"

static void check_format(const struct gotime *t, const char *layout, const char *want)
{
    defer(buf_done) struct buf b = {0};
    buf_put_gotime(&b, t, str_c(layout));
    check_str(buf_str(&b), str_c(want));
}

static void layouts_print_every_element(void **state)
{
    (void)state;
    struct gotime t = gotime_from_date(2024, 3, 5, 15, 4, 9, 123456789, NULL);
    check_format(&t, "2006-01-02T15:04:05.000Z07:00", "2024-03-05T15:04:09.123Z");
    check_format(&t, "Monday, Jan _2 3:4:5pm 06", "Tuesday, Mar  5 3:4:9pm 24");
    check_format(&t, "__2 002 .999999 MST -070000", " 65 065 .123456 UTC +000000");
    check_format(&t, "Janus _2006 1/2", "Janus _2024 3/5");
    struct gotime zero = gotime_zero();
    check_format(&zero, "2006-01-02 15:04:05 MST", "0001-01-01 00:00:00 UTC");
    assert_true(gotime_is_zero(&zero));
}

static void layouts_parse_and_complain(void **state)
{
    (void)state;
    struct arena mem = {0};
    struct gotime t;
    struct err err = ERR_INIT;
    assert_true(gotime_parse(S("2006-01-02 15:04:05 -0700"), S("2024-02-29 23:59:59.5 +0130"), &mem,
                             &t, &err));
    check_format(&t, "2006-01-02T15:04:05.9Z07:00", "2024-02-29T23:59:59.5+01:30");
    assert_true(gotime_parse(S("Jan 2 2006 MST"), S("feb 3 1999 EST"), &mem, &t, &err));
    check_format(&t, "2006-01-02 MST -0700", "1999-02-03 EST +0000");
    assert_false(gotime_parse(S("2006-01-02"), S("2023-02-29"), &mem, &t, &err));
    check_err(&err, "parsing time \"2023-02-29\": day out of range");
    assert_false(gotime_parse(S("2006-01-02"), S("2023-1-02"), &mem, &t, &err));
    check_err(&err,
              "parsing time \"2023-1-02\" as \"2006-01-02\": cannot parse \"1-02\" as \"01\"");
    assert_false(gotime_parse(S("15:04"), S("12:34x"), &mem, &t, &err));
    check_err(&err, "parsing time \"12:34x\": extra text: \"x\"");
    arena_done(&mem);
}

static void arithmetic_saturates_and_normalises(void **state)
{
    (void)state;
    struct gotime t = gotime_from_date(2024, 1, 31, 0, 0, 0, 0, NULL);
    struct gotime later = gotime_add_date(t, 0, 1, 0);
    check_format(&later, "2006-01-02", "2024-03-02");
    struct gotime zero = gotime_zero();
    assert_true(gotime_sub(&t, &zero) == INT64_MAX);
    assert_true(gotime_sub(&zero, &t) == INT64_MIN);
    struct gotime cut = gotime_truncate(gotime_add(t, DUR_HOURS(25) + 1), DUR_HOURS(24));
    check_format(&cut, "2006-01-02 15:04", "2024-02-01 00:00");
    struct gotime far = gotime_add_date(t, INT64_MAX, INT64_MIN, INT64_MAX);
    far = gotime_add_date(far, INT64_MAX, 0, INT64_MAX);
    assert_true(gotime_cmp(&far, &t) > 0);
    struct gotime oldest = gotime_from_ns(TIME_MIN);
    check_format(&oldest, "2006-01-02T15:04:05.999999999", "1677-09-21T00:12:43.145224193");
    struct gotime older = gotime_add(oldest, INT64_MIN);
    check_format(&older, "2006-01-02", "1385-06-12");
}

// A zone file by hand: one transition in 2000 to +1 h, then a rule with summer time.
static size_t zone_file(char *file)
{
    static const uint8_t HEADER[20] = {'T', 'Z', 'i', 'f', '2'};
    static const uint8_t COUNTS[24] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                                       0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 8};
    static const uint8_t EMPTY[24] = {0};
    static const uint8_t BODY[] = {0, 0, 0,   0,   0x38, 0x6d, 0x43, 0x80, 1, // 2000-01-01 00:00
                                   0, 0, 0,   0,   0,    0,    0,    0,    0x0e, 0x10,
                                   0, 4, 'L', 'M', 'T',  0,    'C',  'E',  'T',  0};
    static const char FOOTER[] = "\nCET-1CEST,M3.5.0,M10.5.0/3\n";
    size_t n = 0;
    memcpy(file + n, HEADER, sizeof(HEADER)), n += 20;
    memcpy(file + n, EMPTY, 24), n += 24;
    memcpy(file + n, HEADER, sizeof(HEADER)), n += 20;
    memcpy(file + n, COUNTS, 24), n += 24;
    memcpy(file + n, BODY, sizeof(BODY)), n += sizeof(BODY);
    memcpy(file + n, FOOTER, sizeof(FOOTER) - 1), n += sizeof(FOOTER) - 1;
    return n;
}

static void zones_follow_their_rules(void **state)
{
    (void)state;
    struct arena mem = {0};
    char file[256];
    size_t n = zone_file(file);
    struct err err = ERR_INIT;
    const struct tzone *z = tzone_parse(S("Here"), str_from(file, n), &mem, &err);
    assert_non_null(z);
    struct gotime before = gotime_in(gotime_from_date(1990, 1, 1, 0, 0, 0, 0, NULL), z);
    check_format(&before, "15:04 MST", "00:00 LMT");
    struct gotime winter = gotime_in(gotime_from_date(2024, 1, 1, 0, 0, 0, 0, NULL), z);
    check_format(&winter, "15:04 MST", "01:00 CET");
    struct gotime summer = gotime_in(gotime_from_date(2024, 3, 31, 1, 0, 0, 0, NULL), z);
    check_format(&summer, "15:04 MST", "03:00 CEST");
    struct gotime back = gotime_in(gotime_from_date(2024, 10, 27, 1, 0, 0, 0, NULL), z);
    check_format(&back, "15:04 MST", "02:00 CET");
    struct gotime local = gotime_from_date(2024, 7, 1, 12, 0, 0, 0, z);
    assert_true(local.unix_s == 1719828000);
    for (size_t cut = 0; cut < n - 30; cut++) // a cut file is refused, not read past
        assert_null(tzone_parse(S("Here"), str_from(file, cut), &mem, NULL));
    assert_false(tzone_name_is_valid(S("../etc/passwd")));
    assert_true(tzone_name_is_valid(S("Europe/Paris")));
    arena_done(&mem);
}

int test_gotime(void);
int test_gotime(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layouts_print_every_element),
        cmocka_unit_test(layouts_parse_and_complain),
        cmocka_unit_test(arithmetic_saturates_and_normalises),
        cmocka_unit_test(zones_follow_their_rules),
    };
    return run_group("text/gotime", tests);
}
