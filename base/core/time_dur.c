// SPDX-License-Identifier: Apache-2.0
// Durations in the five spellings that flags, configuration and rule files use.
#include <math.h>

#include "base/core/time.h"

static size_t count_digits(str s)
{
    size_t n = 0;
    while (n < s.n && char_is_digit(s.p[n]))
        n++;
    return n;
}

// ---- Go ------------------------------------------------------------------------------------

// A number of nanoseconds as <whole>.<fraction without trailing zeros>, of `unit_ns` each.
static void put_with_fraction(struct buf *b, uint64_t ns, uint64_t unit_ns)
{
    buf_put_u64(b, ns / unit_ns);
    uint64_t rest = ns % unit_ns;
    if (rest == 0)
        return;
    buf_put_c(b, '.');
    for (uint64_t digit_ns = unit_ns / 10; rest; digit_ns /= 10) {
        buf_put_c(b, (char)('0' + rest / digit_ns));
        rest %= digit_ns;
    }
}

void buf_put_dur_go(struct buf *b, dur_ns d)
{
    uint64_t ns = d < 0 ? 0 - (uint64_t)d : (uint64_t)d;
    if (ns == 0) {
        buf_put(b, S("0s"));
        return;
    }
    if (d < 0)
        buf_put_c(b, '-');
    if (ns < 1000) {
        buf_put_u64(b, ns);
        buf_put(b, S("ns"));
    } else if (ns < 1000000) {
        put_with_fraction(b, ns, 1000);
        buf_put(b, S("µs"));
    } else if (ns < 1000000000) {
        put_with_fraction(b, ns, 1000000);
        buf_put(b, S("ms"));
    } else {
        uint64_t minutes = ns / DUR_MINUTES(1);
        if (minutes >= 60)
            buf_printf(b, "%uh", (unsigned)(minutes / 60));
        if (minutes)
            buf_printf(b, "%um", (unsigned)(minutes % 60));
        put_with_fraction(b, ns % DUR_MINUTES(1), 1000000000);
        buf_put_c(b, 's');
    }
}

struct unit {
    const char *name;
    uint64_t ns;
};

static const struct unit GO_UNITS[] = {
    {"ns", 1},          {"us", 1000},       {"µs", 1000},          {"μs", 1000},
    {"ms", 1000000},    {"s", 1000000000},  {"m", DUR_MINUTES(1)}, {"h", DUR_HOURS(1)},
    {"d", DUR_DAYS(1)}, {"w", DUR_DAYS(7)},
};
#define GO_UNIT_COUNT      8 // without d and w
#define KINGPIN_UNIT_COUNT ARRAY_LEN(GO_UNITS)

static const struct unit *unit_find(str name, const struct unit *units, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq(name, str_c(units[i].name)))
            return &units[i];
    }
    return NULL;
}

// One "<digits>[.<digits>]<unit>" from the front of s, added to *total (ns, at most 2^63).
static bool take_go_part(str *s, size_t unit_count, str whole, uint64_t *total, struct err *err)
{
    size_t digits = count_digits(*s);
    uint64_t number = 0;
    double fraction = 0;
    bool has_number = digits > 0;
    if (digits && !str_to_u64(str_slice(*s, 0, digits), &number))
        goto invalid;
    *s = str_skip(*s, digits);
    if (s->n && s->p[0] == '.') {
        *s = str_skip(*s, 1);
        digits = count_digits(*s);
        double scale = 0.1;
        for (size_t i = 0; i < digits; i++, scale /= 10)
            fraction += (s->p[i] - '0') * scale;
        has_number |= digits > 0;
        *s = str_skip(*s, digits);
    }
    if (!has_number)
        goto invalid;

    size_t unit_bytes = 0;
    while (unit_bytes < s->n && s->p[unit_bytes] != '.' && !char_is_digit(s->p[unit_bytes]))
        unit_bytes++;
    str name = str_slice(*s, 0, unit_bytes);
    if (name.n == 0)
        return err_set(err, ERR_SYNTAX, "time: missing unit in duration \"%.*s\"", STR(whole));
    const struct unit *unit = unit_find(name, GO_UNITS, unit_count);
    if (!unit)
        return err_set(err, ERR_SYNTAX, "time: unknown unit \"%.*s\" in duration \"%.*s\"",
                       STR(name), STR(whole));
    *s = str_skip(*s, unit_bytes);
    if (__builtin_mul_overflow(number, unit->ns, &number) ||
        __builtin_add_overflow(number, (uint64_t)(fraction * (double)unit->ns + 1e-6), &number) ||
        __builtin_add_overflow(*total, number, total) || *total > (uint64_t)1 << 63)
        goto invalid;
    return true;
invalid:
    return err_set(err, ERR_SYNTAX, "time: invalid duration \"%.*s\"", STR(whole));
}

static bool dur_parse_units(str s, size_t unit_count, dur_ns *ret, struct err *err)
{
    str whole = s;
    bool is_negative = s.n && s.p[0] == '-';
    if (s.n && (s.p[0] == '-' || s.p[0] == '+'))
        s = str_skip(s, 1);
    if (str_eq(s, S("0"))) {
        *ret = 0;
        return true;
    }
    uint64_t total = 0;
    bool is_good = s.n > 0;
    while (is_good && s.n > 0) {
        if (!take_go_part(&s, unit_count, whole, &total, err))
            return false;
    }
    if (!is_good || total > (uint64_t)INT64_MAX + is_negative)
        return err_set(err, ERR_SYNTAX, "time: invalid duration \"%.*s\"", STR(whole));
    *ret = is_negative ? (dur_ns)(0 - total) : (dur_ns)total;
    return true;
}

bool dur_parse_go(str s, dur_ns *ret, struct err *err)
{
    return dur_parse_units(s, GO_UNIT_COUNT, ret, err);
}

bool dur_parse_kingpin(str s, dur_ns *ret, struct err *err)
{
    return dur_parse_units(s, KINGPIN_UNIT_COUNT, ret, err);
}

// ---- Prometheus ----------------------------------------------------------------------------

static const struct unit PROMETHEUS_UNITS[] = {
    {"y", DUR_DAYS(365)},  {"w", DUR_DAYS(7)},    {"d", DUR_DAYS(1)}, {"h", DUR_HOURS(1)},
    {"m", DUR_MINUTES(1)}, {"s", DUR_SECONDS(1)}, {"ms", DUR_MS(1)},
};

bool dur_parse_prometheus(str s, dur_ns *ret, struct err *err)
{
    if (s.n == 0)
        return err_set(err, ERR_SYNTAX, "empty duration string");
    if (str_eq(s, S("0"))) {
        *ret = 0;
        return true;
    }
    str whole = s;
    uint64_t total = 0;
    const struct unit *previous = NULL;
    while (s.n > 0) {
        size_t digits = count_digits(s);
        size_t end = digits;
        while (end < s.n && !char_is_digit(s.p[end]))
            end++;
        if (digits == 0 || end == digits)
            return err_set(err, ERR_SYNTAX, "not a valid duration string: \"%.*s\"", STR(whole));
        str name = str_slice(s, digits, end);
        const struct unit *unit = unit_find(name, PROMETHEUS_UNITS, ARRAY_LEN(PROMETHEUS_UNITS));
        if (!unit)
            return err_set(err, ERR_SYNTAX, "unknown unit \"%.*s\" in duration \"%.*s\"", STR(name),
                           STR(whole));
        if (previous && unit <= previous)
            return err_set(err, ERR_SYNTAX, "not a valid duration string: \"%.*s\"", STR(whole));
        uint64_t number;
        if (!str_to_u64(str_slice(s, 0, digits), &number) ||
            __builtin_mul_overflow(number, unit->ns, &number) ||
            __builtin_add_overflow(total, number, &total) || total > INT64_MAX)
            return err_set(err, ERR_SYNTAX, "duration out of range");
        previous = unit;
        s = str_skip(s, end);
    }
    *ret = (dur_ns)total;
    return true;
}

void buf_put_dur_prometheus(struct buf *b, dur_ns d)
{
    uint64_t ns = (uint64_t)d / DUR_MS(1) * DUR_MS(1);
    if (ns == 0) {
        buf_put(b, S("0s"));
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(PROMETHEUS_UNITS); i++) {
        const struct unit *unit = &PROMETHEUS_UNITS[i];
        bool is_exact_only = i < 2; // years and weeks would hide how many days are meant
        if (ns < unit->ns || (is_exact_only && ns % unit->ns != 0))
            continue;
        buf_put_u64(b, ns / unit->ns);
        buf_put(b, str_c(unit->name));
        ns %= unit->ns;
    }
}

// ---- VictoriaMetrics -----------------------------------------------------------------------

// Length of the first "[-]<digits>[.<digits>]<unit>" of s, or 0. Upstream's scanner also takes
// "-.5h" and "3.h", and refuses M (a number suffix), mi and mb.
static size_t vm_part_bytes(str s)
{
    size_t i = s.n && s.p[0] == '-';
    i += count_digits(str_skip(s, i));
    if (i == 0)
        return 0;
    if (i < s.n && s.p[i] == '.')
        i += 1 + count_digits(str_skip(s, i + 1));
    if (i >= s.n)
        return 0;
    char unit = (char)(s.p[i] | 0x20);
    char next = '\0';
    if (i + 1 < s.n)
        next = (char)(s.p[i + 1] | 0x20);
    if (unit == 'm' && next == 's')
        return i + 2;
    if (unit == 'm')
        return s.p[i] == 'M' || next == 'i' || next == 'b' ? 0 : i + 1;
    return unit && strchr("shdwyi", unit) ? i + 1 : 0;
}

static double vm_unit_ms(str part, int64_t step_ms)
{
    char last = (char)(part.p[part.n - 1] | 0x20);
    char before = (char)(part.p[part.n - 2] | 0x20);
    switch (last) {
    case 's':
        return before == 'm' ? 1 : 1000;
    case 'm':
        return 60e3;
    case 'h':
        return 3600e3;
    case 'd':
        return 86400e3;
    case 'w':
        return 7 * 86400e3;
    case 'y':
        return 365 * 86400e3;
    default:
        return (double)step_ms;
    }
}

static int64_t ms_saturated(double ms)
{
    if (ms >= 0x1p63)
        return INT64_MAX;
    if (ms < -0x1p63)
        return INT64_MIN;
    return isnan(ms) ? 0 : (int64_t)ms;
}

bool dur_ms_parse_metricsql(str s, int64_t step_ms, int64_t *ret_ms, struct err *err)
{
    if (s.n == 0)
        return err_set(err, ERR_SYNTAX, "duration cannot be empty");
    char last = s.p[s.n - 1];
    double seconds;
    if ((char_is_digit(last) || last == '.') && str_to_f64(s, &seconds)) {
        *ret_ms = ms_saturated(seconds * 1000);
        return true;
    }
    double total_ms = 0;
    bool is_negative = false;
    while (s.n > 0) {
        size_t bytes = vm_part_bytes(s);
        str part = str_slice(s, 0, bytes);
        bool is_ms =
            bytes > 2 && (part.p[bytes - 2] | 0x20) == 'm' && (part.p[bytes - 1] | 0x20) == 's';
        double number;
        if (bytes == 0 || !str_to_f64(str_slice(part, 0, bytes - 1 - is_ms), &number))
            return err_set(err, ERR_SYNTAX, "cannot parse duration \"%.*s\"", STR(s));
        double part_ms = number * vm_unit_ms(part, step_ms);
        total_ms += is_negative ? -fabs(part_ms) : part_ms;
        is_negative |= part_ms < 0;
        s = str_skip(s, bytes);
    }
    *ret_ms = ms_saturated(total_ms);
    return true;
}

bool dur_parse_vm(str s, dur_ns *ret, struct err *err)
{
    int64_t ms;
    if (!dur_ms_parse_metricsql(s, 0, &ms, err))
        return false;
    if (ms > INT64_MAX / DUR_MS(1) || ms < INT64_MIN / DUR_MS(1))
        return err_set(err, ERR_INVALID,
                       "duration \"%.*s\" must be in the range "
                       "[-2562047h47m16.854s, 2562047h47m16.854s]",
                       STR(s));
    *ret = ms * DUR_MS(1);
    return true;
}

#define VM_FLAG_MS_MAX (INT64_C(1200) * 31 * 86400000) // upstream: "100 years" of 31-day months

bool dur_ms_parse_vm_flag(str s, int64_t bare_unit_ms, int64_t *ret_ms, struct err *err)
{
    double number;
    if (s.n == 0 || str_eq(s, S("0"))) {
        *ret_ms = 0;
        return true;
    }
    if (str_to_f64(s, &number)) {
        if (bare_unit_ms == 0)
            return err_set(err, ERR_SYNTAX, "missing unit in duration \"%.*s\"", STR(s));
        *ret_ms = ms_saturated(number * (double)bare_unit_ms);
    } else if (!dur_ms_parse_metricsql(s, 0, ret_ms, err)) {
        return false;
    }
    if (*ret_ms < 0)
        return err_set(err, ERR_INVALID, "duration \"%.*s\" cannot be negative", STR(s));
    if (*ret_ms > VM_FLAG_MS_MAX)
        return err_set(err, ERR_LIMIT, "duration \"%.*s\" cannot exceed 100 years", STR(s));
    return true;
}
