// SPDX-License-Identifier: Apache-2.0
#include "alertmanager/timeinterval.h"

#include "base/text/yaml_print.h"
#include "tests/support/check.h"
#include "tests/support/fake_env.h"

static void put_be(struct buf *b, int64_t x, int bytes)
{
    for (int i = bytes - 1; i >= 0; i--)
        buf_put_c(b, (char)(x >> (8 * i)));
}

static void put_tzif_header(struct buf *b, int64_t switches, int64_t types, int64_t name_bytes)
{
    buf_put(b, S("TZif2"));
    buf_put_fill(b, 0, 15 + 3 * 4); // reserved; no UT, standard and leap marks
    put_be(b, switches, 4);
    put_be(b, types, 4);
    put_be(b, name_bytes, 4);
}

static void put_tzif_type(struct buf *b, int64_t offset_s, bool is_dst, int64_t name_at)
{
    put_be(b, offset_s, 4);
    put_be(b, is_dst, 1);
    put_be(b, name_at, 1);
}

// A zone in which clocks go from UTC+1 to UTC+2 in 2026 and back (RFC 8536, version 2).
static void put_zone(struct fake_env *fake)
{
    defer(buf_done) struct buf b = {0};
    put_tzif_header(&b, 0, 1, 1);
    put_tzif_type(&b, 0, false, 0);
    put_be(&b, 0, 1);
    put_tzif_header(&b, 2, 2, 9);
    put_be(&b, 1774746000, 8); // 2026-03-29 01:00 UTC
    put_be(&b, 1792890000, 8); // 2026-10-25 01:00 UTC
    put_be(&b, 1, 1);          // to summer
    put_be(&b, 0, 1);          // to winter
    put_tzif_type(&b, 3600, false, 0);
    put_tzif_type(&b, 7200, true, 4);
    buf_put(&b, str_from("CET\0CEST\0", 9));
    buf_put(&b, S("\n\n"));
    fake_file_set(fake, ZONEINFO_DIR "/Test/Zone", buf_str(&b));
}

struct world {
    struct fake_env fake;
    struct env_ops ops;
    struct arena mem;
};

static int32_t east_by_two_hours(struct env *e, time_ns t)
{
    (void)e;
    (void)t;
    return 7200;
}

static int setup(void **state)
{
    static struct world w;
    w = (struct world){0};
    fake_env_init(&w.fake);
    w.ops = *w.fake.env.ops;
    w.ops.utc_offset_s = east_by_two_hours;
    w.fake.env.ops = &w.ops;
    put_zone(&w.fake);
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    arena_done(&w->mem);
    fake_env_done(&w->fake);
    return 0;
}

static void check_contains(struct world *w, const char *yaml, const char *instant, bool want)
{
    struct named_interval n = {0};
    struct err err = ERR_INIT;
    named_interval_parse(str_c(yaml), &w->fake.env, &w->mem, &n, &err);
    check_err(&err, "");
    struct zoned_time t = {0};
    assert_true(time_parse_rfc3339(str_c(instant), &t));
    if (named_interval_contains(&n, &w->fake.env, t.t) != want)
        fail_msg("%s: %s: not %d", yaml, instant, want);
}

static void parts_are_all_needed_and_ranges_are_alternatives(void **state)
{
    const char *office = "- times: [{start_time: '09:00', end_time: '12:00'}, "
                         "{start_time: '13:00', end_time: '17:00'}]\n"
                         "  weekdays: ['monday:friday']\n";
    check_contains(*state, office, "2026-01-05T09:00:00Z", true); // a Monday
    check_contains(*state, office, "2026-01-05T11:59:59Z", true);
    check_contains(*state, office, "2026-01-05T12:00:00Z", false);
    check_contains(*state, office, "2026-01-05T13:00:00Z", true);
    check_contains(*state, office, "2026-01-04T13:00:00Z", false);
    check_contains(*state, "- {}", "2026-01-04T13:00:00Z", true);
    check_contains(*state, "- times: []", "2026-01-04T13:00:00Z", false);
    check_contains(*state, "- months: [january]\n- years: ['2030']", "2026-01-04T13:00:00Z", true);
    check_contains(*state, "- months: [13]", "2026-01-04T13:00:00Z", false);
    check_contains(*state, "[]", "2026-01-04T13:00:00Z", false);
}

static void days_count_from_both_ends_of_the_month(void **state)
{
    check_contains(*state, "- days_of_month: ['-1']", "2026-02-28T00:00:00Z", true);
    check_contains(*state, "- days_of_month: ['-1']", "2028-02-28T00:00:00Z", false);
    check_contains(*state, "- days_of_month: ['-1']", "2028-02-29T23:59:59Z", true);
    check_contains(*state, "- days_of_month: ['30:31']", "2026-02-28T00:00:00Z", false);
    check_contains(*state, "- days_of_month: ['-31:-28']", "2026-02-01T00:00:00Z", true);
    check_contains(*state, "- days_of_month: ['25:-1']", "2026-02-28T00:00:00Z", true);
    check_contains(*state, "- days_of_month: [5]", "2026-02-05T00:00:00Z", true);
}

static void civil_time_of_the_location_counts(void **state)
{
    const char *nine = "- location: Test/Zone\n  times: [{start_time: '09:00', end_time: '10:00'}]";
    check_contains(*state, nine, "2026-01-05T08:30:00Z", true);
    check_contains(*state, nine, "2026-07-05T08:30:00Z", false);
    check_contains(*state, nine, "2026-07-05T07:30:00Z", true);
    const char *two = "- location: Test/Zone\n  times: [{start_time: '02:00', end_time: '03:00'}]";
    check_contains(*state, two, "2026-03-29T00:59:59Z", false); // 01:59; 03:00 comes next
    check_contains(*state, two, "2026-03-29T01:00:00Z", false);
    check_contains(*state, two, "2026-10-25T00:30:00Z", true); // 02:30 comes twice
    check_contains(*state, two, "2026-10-25T01:30:00Z", true);
    const char *local = "- location: Local\n  times: [{start_time: '09:00', end_time: '10:00'}]";
    check_contains(*state, local, "2026-01-05T07:00:00Z", true);
}

static void what_is_wrong_is_said(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *yaml, *want;
    } cases[] = {
        {"- times: [{start_time: '9:00', end_time: '10:00'}]",
         "couldn't parse timestamp 9:00, invalid format"},
        {"- times: [{start_time: '10:00'}]", "both start and end times must be provided"},
        {"- times: [{start_time: '10:00', end_time: '10:00'}]",
         "start time cannot be equal or greater than end time"},
        {"- weekdays: [foo]", "foo is not a valid weekday"},
        {"- weekdays: ['Friday:Monday']", "start day cannot be before end day"},
        {"- weekdays: ['a:b:c']", "couldn't parse range a:b:c, invalid format"},
        {"- days_of_month: ['0']", "0 is not a valid day of the month: out of range"},
        {"- days_of_month: ['-1:5']", "end day must be negative if start day is negative"},
        {"- days_of_month: ['31:-1']", "end day -1 is always before start day 31"},
        {"- days_of_month: [x]", "strconv.Atoi: parsing \"x\": invalid syntax"},
        {"- years: ['99999999999999999999']",
         "strconv.Atoi: parsing \"99999999999999999999\": value out of range"},
        {"- months: [foo]", "foo is not a valid month"},
        {"- months: ['may:april']", "end month april is before start month may"},
        {"- months: ['14:13']", "end month  is before start month "},
        {"- years: ['2030:2020']", "end year 2020 is before start year 2030"},
        {"- location: Foo/Bar", "unknown time zone Foo/Bar"},
        {"- location: ../etc/passwd", "time: invalid location name"},
        {"- weekdays: monday", "yaml: unmarshal errors:\n  line 1: cannot unmarshal !!str `monday` "
                               "into []timeinterval.WeekdayRange"},
        {"- days: [1]", "yaml: unmarshal errors:\n  line 1: field days not found in type "
                        "timeinterval.TimeInterval"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct named_interval n = {0};
        struct err err = ERR_INIT;
        assert_false(named_interval_parse(str_c(cases[i].yaml), &w->fake.env, &w->mem, &n, &err));
        check_err(&err, cases[i].want);
    }
}

static void intervals_are_printed_in_one_form(void **state)
{
    struct world *w = *state;
    struct named_interval n = {.name = S("x")};
    assert_true(named_interval_parse(S("- location: Test/Zone\n"
                                       "  times: [{start_time: 00:00, end_time: '24:00'}]\n"
                                       "  weekdays: [Sunday, 'monday:friday']\n"
                                       "  months: ['january:march', 5]\n"
                                       "  days_of_month: ['-3:-1']\n"
                                       "  years: ['2020:2030']\n"),
                                     &w->fake.env, &w->mem, &n, NULL));
    defer(buf_done) struct buf text = {0};
    yaml_print(&text, &NAMED_INTERVAL_YAML, &n);
    check_str(buf_str(&text), S("name: x\n"
                                "time_intervals:\n"
                                "- times:\n"
                                "  - start_time: \"00:00\"\n"
                                "    end_time: \"24:00\"\n"
                                "  weekdays: [sunday, 'monday:friday']\n"
                                "  days_of_month: ['-3:-1']\n"
                                "  months: [\"1:3\", \"5\"]\n"
                                "  years: ['2020:2030']\n"
                                "  location: Test/Zone\n"));
}

int test_timeinterval(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(parts_are_all_needed_and_ranges_are_alternatives, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(days_count_from_both_ends_of_the_month, setup, teardown),
        cmocka_unit_test_setup_teardown(civil_time_of_the_location_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_wrong_is_said, setup, teardown),
        cmocka_unit_test_setup_teardown(intervals_are_printed_in_one_form, setup, teardown),
    };
    return run_group("timeinterval", tests);
}
