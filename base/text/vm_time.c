// SPDX-License-Identifier: Apache-2.0
#include "base/text/vm_time.h"

#include <math.h>

#include "base/text/gotime.h"
#include "base/text/unicode.h"

// ---- numbers -----------------------------------------------------------------------------------

#define SHIFT_MAX 18 // by an exponent; 10^18 is the largest power of ten in 64 bits

// All of s; the empty text, too.
static bool is_digits(str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!char_is_digit(s.p[i]))
            return false;
    }
    return true;
}

static size_t exponent_index(str s)
{
    size_t at = str_find(s, 'e');
    return at == STR_NONE ? str_find(s, 'E') : at;
}

// Digits around a point that an exponent may have moved out of them: zeros are there then.
struct number {
    bool is_negative;
    str whole, fraction;
    int64_t shift; // of the point, to the right
};

// The digit at place i of whole and fraction together.
static int digit_at(const struct number *n, int64_t i)
{
    int64_t whole = (int64_t)n->whole.n;
    if (i < 0 || i >= whole + (int64_t)n->fraction.n)
        return 0;
    return (i < whole ? n->whole.p[i] : n->fraction.p[i - whole]) - '0';
}

static bool split_number(str s, struct number *ret)
{
    int64_t unshifted;
    struct number n = {0};
    size_t e = exponent_index(s);
    if (e != STR_NONE && !str_to_i64(str_skip(s, e + 1), &n.shift))
        return false;
    str_cut(str_slice(s, 0, e), '.', &n.whole, &n.fraction);
    if (!str_to_i64(n.whole, &unshifted) || !is_digits(n.fraction))
        return false;
    if (n.shift < -SHIFT_MAX || n.shift > (int64_t)n.fraction.n + SHIFT_MAX)
        return false;
    n.is_negative = n.whole.p[0] == '-';
    if (!char_is_digit(n.whole.p[0]))
        n.whole = str_skip(n.whole, 1);
    *ret = n;
    return true;
}

// The part in front of the point, with the number's sign.
static bool whole_value(const struct number *n, int64_t point, int64_t *ret)
{
    int64_t value = 0;
    for (int64_t i = 0; i < point; i++) {
        int digit = digit_at(n, i);
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, n->is_negative ? -digit : digit, &value))
            return false;
    }
    *ret = value;
    return true;
}

// The largest unit in which 64 bits of nanoseconds can hold so many.
static int64_t unit_of(int64_t value)
{
    int64_t unit = 1000000000;
    while (value > INT64_MAX / unit || value < INT64_MIN / unit)
        unit /= 1000;
    return unit;
}

bool vm_time_parse_unix(str s, time_ns *ret)
{
    struct number n;
    int64_t value;
    if (!split_number(s, &n))
        return false;
    int64_t point = (int64_t)n.whole.n + n.shift;
    if (!whole_value(&n, point, &value))
        return false;
    int64_t unit = unit_of(value), fraction = 0;
    value *= unit;
    for (int64_t i = point; unit > 1; i++) {
        unit /= 10;
        fraction += digit_at(&n, i) * unit;
    }
    return !__builtin_add_overflow(value, n.is_negative ? -fraction : fraction, ret);
}

// ---- dates -------------------------------------------------------------------------------------

static time_ns minus_saturated(time_ns a, int64_t b)
{
    time_ns result;
    if (!__builtin_sub_overflow(a, b, &result))
        return result;
    return b > 0 ? INT64_MIN : INT64_MAX;
}

static time_ns ns_saturated(const struct gotime *t)
{
    time_ns ns;
    if (!__builtin_mul_overflow(t->unix_s, DUR_SECONDS(1), &ns) &&
        !__builtin_add_overflow(ns, t->nanos, &ns))
        return ns;
    return t->unix_s < 0 ? INT64_MIN : INT64_MAX;
}

// offset_s: what the text's own zone, which the layout leaves out, is east of UTC.
static bool parse_date(str layout, str value, int64_t offset_s, time_ns *ret, struct err *err)
{
    struct arena mem = {0};
    struct gotime t;
    bool ok = gotime_parse(layout, value, &mem, &t, err);
    if (ok)
        *ret = minus_saturated(ns_saturated(&t), DUR_SECONDS(offset_s));
    arena_done(&mem);
    return ok;
}

static bool parse_zone_part(str digits, const char *what, str zone, int64_t *ret, struct err *err)
{
    uint64_t x;
    if (str_to_u64(digits, &x)) {
        *ret = (int64_t)x; // two digits
        return true;
    }
    defer(buf_done) struct buf quoted_zone = {0}, quoted = {0};
    buf_put_quoted(&quoted_zone, zone);
    buf_put_quoted(&quoted, digits);
    return err_set(err, ERR_SYNTAX,
                   "cannot parse %s from timezone offset %.*s: strconv.ParseUint: parsing %.*s: "
                   "invalid syntax",
                   what, STR(buf_str(&quoted_zone)), STR(buf_str(&quoted)));
}

// Takes "±hh:mm" or "Z" from the end of *s. Without, *offset_s stays.
static bool take_zone(str *s, int64_t *offset_s, struct err *err)
{
    int64_t hours = 0, minutes = 0;
    str zone = s->n > 6 ? str_skip(*s, s->n - 6) : S("");
    if (zone.n && (zone.p[0] == '-' || zone.p[0] == '+') && zone.p[3] == ':') {
        if (!parse_zone_part(str_slice(zone, 1, 3), "hour", zone, &hours, err) ||
            !parse_zone_part(str_skip(zone, 4), "minute", zone, &minutes, err))
            return false;
        *offset_s = hours * 3600 + minutes * 60;
        if (zone.p[0] == '-')
            *offset_s = -*offset_s;
        *s = str_slice(*s, 0, s->n - zone.n);
    } else if (zone.n == 0 || str_ends(zone, S("Z"))) {
        *offset_s = 0;
    }
    if (str_ends(*s, S("Z")))
        *s = str_slice(*s, 0, s->n - 1);
    return true;
}

static bool parse_ago(str s, time_ns now, time_ns *ret, struct err *err)
{
    dur_ns d;
    if (!dur_parse_vm(s, &d, err))
        return false;
    *ret = minus_saturated(now, d < 0 ? -d : d); // never INT64_MIN: whole milliseconds
    return true;
}

static bool parse_number(str s, time_ns *ret, struct err *err)
{
    if (vm_time_parse_unix(s, ret))
        return true;
    defer(buf_done) struct buf quoted = {0};
    buf_put_quoted(&quoted, s);
    return err_set(err, ERR_SYNTAX, "cannot parse numeric timestamp %.*s", STR(buf_str(&quoted)));
}

bool vm_time_parse(str s, time_ns now, int32_t offset_s, time_ns *ret, struct err *err)
{
    static const char *const LAYOUTS[] = {
        "2006-01", "2006-01-02", "2006-01-02T15", "2006-01-02T15:04", "2006-01-02T15:04:05",
    };
    int64_t zone_s = offset_s;
    str date = s;
    if (str_eq(s, S("now"))) {
        *ret = now;
        return true;
    }
    if (!take_zone(&date, &zone_s, err))
        return false;
    if (str_starts(date, S("now")))
        return parse_ago(str_skip(date, 3), now, ret, err);
    if (date.n && ((unsigned char)date.p[date.n - 1] > '9' || date.p[0] == '-'))
        return parse_ago(date, now, ret, err);
    if (date.n == 4)
        return parse_date(S("2006"), date, zone_s, ret, err);
    if (str_find(s, '-') == STR_NONE || exponent_index(s) != STR_NONE)
        return parse_number(s, ret, err);
    for (size_t i = 0; i < ARRAY_LEN(LAYOUTS); i++) {
        if (date.n == strlen(LAYOUTS[i]))
            return parse_date(str_c(LAYOUTS[i]), date, zone_s, ret, err);
    }
    return parse_date(S("2006-01-02T15:04:05Z07:00"), s, 0, ret, err);
}

bool vm_time_parse_arg(str s, time_ns now, int32_t offset_s, int64_t *ret_ms, struct err *err)
{
    time_ns t = 0;
    if (str_eq(s, S("-292273086-05-16T16:47:06Z"))) {
        *ret_ms = 0;
        return true;
    }
    if (str_eq(s, S("292277025-08-18T07:12:54.999999999Z"))) {
        *ret_ms = VM_TIME_ARG_MS_MAX;
        return true;
    }
    if (!vm_time_parse(s, now, offset_s, &t, err))
        return false;
    double ms = round((double)t / 1e6);
    *ret_ms = ms < 0 ? 0 : MIN((int64_t)ms, VM_TIME_ARG_MS_MAX);
    return true;
}
