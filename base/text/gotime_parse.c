// SPDX-License-Identifier: Apache-2.0
// Texts into instants by a layout (upstream: time/format.go).
#include "base/text/gotime_layout.h"

static bool is_digit_at(str s, size_t i)
{
    return i < s.n && s.p[i] >= '0' && s.p[i] <= '9';
}

struct parsed {
    int64_t year;
    int month, day, year_day; // -1: not given
    int hour, minute, second, nanos;
    bool is_pm, is_am, is_utc, has_offset;
    int32_t offset_s;
    str zone;
    const char *out_of_range; // what is
};

static bool take_digits(str *s, size_t min, size_t max, int *ret)
{
    size_t n = 0;
    int value = 0;
    for (; n < max && is_digit_at(*s, n); n++)
        value = value * 10 + (s->p[n] - '0');
    if (n < min)
        return false;
    *s = str_skip(*s, n);
    *ret = value;
    return true;
}

static bool take_name(str *s, const char *const *names, int count, size_t bytes, int *ret)
{
    for (int i = 0; i < count; i++) {
        size_t n = bytes ? bytes : strlen(names[i]);
        if (s->n < n || !str_eq_nocase(str_from(s->p, n), str_from(names[i], n)))
            continue;
        *s = str_skip(*s, n);
        *ret = i;
        return true;
    }
    return false;
}

static void limit(struct parsed *p, int value, int min, int max, const char *what)
{
    if (value < min || value > max)
        p->out_of_range = what;
}

static bool take_fraction(str *s, size_t bytes, int *ret_nanos)
{
    if (s->n < bytes || (s->p[0] != '.' && s->p[0] != ','))
        return false;
    int nanos = 0;
    for (size_t i = 1; i < 10; i++) {
        if (i < bytes && !is_digit_at(*s, i))
            return false;
        nanos = nanos * 10 + (i < bytes ? s->p[i] - '0' : 0);
    }
    *s = str_skip(*s, bytes);
    *ret_nanos = nanos;
    return true;
}

static size_t fraction_bytes(str s) // "." and digits at the front of s, or 0
{
    if (s.n < 2 || (s.p[0] != '.' && s.p[0] != ',') || !is_digit_at(s, 1))
        return 0;
    size_t n = 2;
    while (is_digit_at(s, n))
        n++;
    return n;
}

static bool take_second(str *s, const struct chunk *c, struct parsed *p)
{
    if (!take_digits(s, c->element == EL_ZERO_SECOND ? 2 : 1, 2, &p->second))
        return false;
    limit(p, p->second, 0, 59, "second");
    size_t bytes = fraction_bytes(*s);
    if (p->out_of_range || bytes == 0)
        return true;
    enum element next = layout_next(c->rest).element;
    return next == EL_FRACTION_0 || next == EL_FRACTION_9 || take_fraction(s, bytes, &p->nanos);
}

static bool take_offset(str *s, const struct chunk *c, struct parsed *p)
{
    if (c->element == EL_ISO_OFFSET && s->n && s->p[0] == 'Z') {
        *s = str_skip(*s, 1);
        p->is_utc = true;
        return true;
    }
    if (s->n < c->text.n || (s->p[0] != '+' && s->p[0] != '-'))
        return false;
    int sign = s->p[0] == '-' ? -1 : 1;
    int parts[3] = {0};
    str rest = str_skip(*s, 1);
    int count = c->has_seconds ? 3 : c->has_minutes ? 2 : 1;
    for (int i = 0; i < count; i++) {
        if (i > 0 && c->has_colons) {
            if (rest.p[0] != ':')
                return false;
            rest = str_skip(rest, 1);
        }
        if (!take_digits(&rest, 2, 2, &parts[i]))
            return false;
    }
    limit(p, parts[0], 0, 24, "time zone offset hour");
    limit(p, parts[1], 0, 60, "time zone offset minute");
    limit(p, parts[2], 0, 60, "time zone offset second");
    p->offset_s = sign * (parts[0] * 3600 + parts[1] * 60 + parts[2]);
    p->has_offset = true;
    *s = rest;
    return true;
}

// Length of "+N" or "-N" with N up to 23, or 0.
static size_t signed_hours_bytes(str s)
{
    if (s.n < 2 || (s.p[0] != '+' && s.p[0] != '-'))
        return 0;
    str rest = str_skip(s, 1);
    int hours;
    size_t n = 0;
    while (is_digit_at(rest, n))
        n++;
    str digits = str_slice(rest, 0, n);
    while (digits.n > 1 && digits.p[0] == '0')
        digits = str_skip(digits, 1);
    if (n == 0 || digits.n > 2 || !take_digits(&digits, 1, 2, &hours) || hours > 23)
        return 0;
    return 1 + n;
}

static size_t zone_bytes(str s)
{
    if (s.n < 3)
        return 0;
    if (str_starts(s, S("ChST")) || str_starts(s, S("MeST")))
        return 4;
    if (str_starts(s, S("GMT")))
        return 3 + signed_hours_bytes(str_skip(s, 3));
    if (s.p[0] == '+' || s.p[0] == '-')
        return signed_hours_bytes(s);
    size_t upper = 0;
    while (upper < 6 && upper < s.n && s.p[upper] >= 'A' && s.p[upper] <= 'Z')
        upper++;
    if (upper == 5)
        return s.p[4] == 'T' ? 5 : 0;
    if (upper == 4)
        return s.p[3] == 'T' || str_starts(s, S("WITA")) ? 4 : 0;
    return upper == 3 ? 3 : 0;
}

static bool take_zone(str *s, struct parsed *p)
{
    if (str_starts(*s, S("UTC"))) {
        p->is_utc = true;
        *s = str_skip(*s, 3);
        return true;
    }
    size_t n = zone_bytes(*s);
    p->zone = str_slice(*s, 0, n);
    *s = str_skip(*s, n);
    return n > 0;
}

static bool take_year(str *s, size_t digits, struct parsed *p)
{
    int64_t year;
    str text = str_slice(*s, 0, digits);
    if (text.n && text.p[0] == '+' && digits == 2)
        text = str_skip(text, 1);
    if (s->n < digits || (digits == 4 && !is_digit_at(*s, 0)) || !str_to_i64(text, &year))
        return false;
    *s = str_skip(*s, digits);
    p->year = digits == 4 ? year : year >= 69 ? year + 1900 : year + 2000;
    return true;
}

static bool take_half_day(str *s, str am, str pm, struct parsed *p)
{
    p->is_pm |= str_starts(*s, pm);
    p->is_am |= str_starts(*s, am);
    bool is_good = str_starts(*s, pm) || str_starts(*s, am);
    *s = str_skip(*s, 2);
    return is_good;
}

static bool take_clock(str *s, size_t digits_min, int max, const char *what, int *ret,
                       struct parsed *p)
{
    if (!take_digits(s, digits_min, 2, ret))
        return false;
    limit(p, *ret, 0, max, what);
    return true;
}

static bool take_month(str *s, size_t digits_min, struct parsed *p)
{
    if (!take_digits(s, digits_min, 2, &p->month))
        return false;
    limit(p, p->month, 1, 12, "month");
    return true;
}

static void skip_space(str *s, size_t max)
{
    for (size_t i = 0; i < max && s->n && s->p[0] == ' '; i++)
        *s = str_skip(*s, 1);
}

static bool take_element(str *s, const struct chunk *c, struct parsed *p)
{
    int ignored;
    switch (c->element) {
    case EL_NONE:
        return true;
    case EL_LONG_MONTH:
    case EL_MONTH:
        if (!take_name(s, LAYOUT_MONTHS, 12, c->element == EL_MONTH ? 3 : 0, &p->month))
            return false;
        p->month++;
        return true;
    case EL_NUM_MONTH:
        return take_month(s, 1, p);
    case EL_ZERO_MONTH:
        return take_month(s, 2, p);
    case EL_LONG_WEEKDAY:
        return take_name(s, LAYOUT_WEEKDAYS, 7, 0, &ignored);
    case EL_WEEKDAY:
        return take_name(s, LAYOUT_WEEKDAYS, 7, 3, &ignored);
    case EL_UNDER_DAY:
        skip_space(s, 1);
        return take_digits(s, 1, 2, &p->day);
    case EL_DAY:
        return take_digits(s, 1, 2, &p->day);
    case EL_ZERO_DAY:
        return take_digits(s, 2, 2, &p->day);
    case EL_UNDER_YEAR_DAY:
        skip_space(s, 2);
        return take_digits(s, 1, 3, &p->year_day);
    case EL_ZERO_YEAR_DAY:
        return take_digits(s, 3, 3, &p->year_day);
    case EL_HOUR:
        return take_clock(s, 1, 23, "hour", &p->hour, p);
    case EL_HOUR12:
        return take_clock(s, 1, 12, "hour", &p->hour, p);
    case EL_ZERO_HOUR12:
        return take_clock(s, 2, 12, "hour", &p->hour, p);
    case EL_MINUTE:
        return take_clock(s, 1, 59, "minute", &p->minute, p);
    case EL_ZERO_MINUTE:
        return take_clock(s, 2, 59, "minute", &p->minute, p);
    case EL_SECOND:
    case EL_ZERO_SECOND:
        return take_second(s, c, p);
    case EL_LONG_YEAR:
        return take_year(s, 4, p);
    case EL_YEAR:
        return take_year(s, 2, p);
    case EL_PM:
        return take_half_day(s, S("AM"), S("PM"), p);
    case EL_LOWER_PM:
        return take_half_day(s, S("am"), S("pm"), p);
    case EL_ZONE:
        return take_zone(s, p);
    case EL_OFFSET:
    case EL_ISO_OFFSET:
        return take_offset(s, c, p);
    case EL_FRACTION_0:
        return take_fraction(s, c->text.n, &p->nanos);
    case EL_FRACTION_9: {
        size_t bytes = fraction_bytes(*s);
        return bytes == 0 || take_fraction(s, bytes, &p->nanos);
    }
    }
    return false;
}

// Literal text; a space stands for any run of spaces.
static bool take_literal(str *s, str literal)
{
    while (literal.n) {
        if (literal.p[0] == ' ') {
            if (s->n && s->p[0] != ' ')
                return false;
            skip_space(&literal, SIZE_MAX);
            skip_space(s, SIZE_MAX);
            continue;
        }
        if (!s->n || s->p[0] != literal.p[0])
            return false;
        literal = str_skip(literal, 1);
        *s = str_skip(*s, 1);
    }
    return true;
}

static void put_time_quoted(struct buf *b, str s) // package time quotes bytes, not characters
{
    buf_put_c(b, '"');
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = (uint8_t)s.p[i];
        if (c >= 0x80 || c < ' ') {
            buf_put(b, S("\\x"));
            buf_put_hex(b, str_from(&s.p[i], 1));
        } else {
            if (c == '"' || c == '\\')
                buf_put_c(b, '\\');
            buf_put_c(b, (char)c);
        }
    }
    buf_put_c(b, '"');
}

static bool fail_element(str layout, str value, str element, str rest, struct err *err)
{
    defer(buf_done) struct buf text = {0};
    buf_put(&text, S("parsing time "));
    put_time_quoted(&text, value);
    buf_put(&text, S(" as "));
    put_time_quoted(&text, layout);
    buf_put(&text, S(": cannot parse "));
    put_time_quoted(&text, rest);
    buf_put(&text, S(" as "));
    put_time_quoted(&text, element);
    return err_set(err, ERR_SYNTAX, "%.*s", STR(buf_str(&text)));
}

static bool fail_because(str value, const char *why, const char *what, struct err *err)
{
    defer(buf_done) struct buf text = {0};
    put_time_quoted(&text, value);
    return err_set(err, ERR_INVALID, "parsing time %.*s: %s%s", STR(buf_str(&text)), what, why);
}

// Turns a day of the year into month and day, or checks those given.
static bool settle_date(struct parsed *p, str value, struct err *err)
{
    if (p->year_day >= 0) {
        int days = days_in_month(p->year, 2) == 29 ? 366 : 365;
        if (p->year_day < 1 || p->year_day > days)
            return fail_because(value, " out of range", "day-of-year", err);
        int month = 1, day = p->year_day;
        for (; day > days_in_month(p->year, month); month++)
            day -= days_in_month(p->year, month);
        if (p->month >= 0 && p->month != month)
            return fail_because(value, "month", "day-of-year does not match ", err);
        if (p->day >= 0 && p->day != day)
            return fail_because(value, "day", "day-of-year does not match ", err);
        p->month = month;
        p->day = day;
    }
    if (p->month < 0)
        p->month = 1;
    if (p->day < 0)
        p->day = 1;
    if (p->day < 1 || p->day > days_in_month(p->year, p->month))
        return fail_because(value, " out of range", "day", err);
    return true;
}

bool gotime_parse(str layout, str value, struct arena *mem, struct gotime *ret, struct err *err)
{
    struct parsed p = {.month = -1, .day = -1, .year_day = -1};
    str rest = value;
    for (str left = layout;;) {
        struct chunk c = layout_next(left);
        if (!take_literal(&rest, c.prefix))
            return fail_element(layout, value, c.prefix, rest, err);
        if (c.element == EL_NONE)
            break;
        str before = rest;
        bool is_good = take_element(&rest, &c, &p);
        if (p.out_of_range)
            return fail_because(value, " out of range", p.out_of_range, err);
        if (!is_good)
            return fail_element(layout, value, c.text, before, err);
        left = c.rest;
    }
    if (rest.n) {
        defer(buf_done) struct buf quoted = {0};
        put_time_quoted(&quoted, rest);
        buf_put_c(&quoted, '\0');
        return fail_because(value, quoted.p, "extra text: ", err);
    }
    if (p.is_pm && p.hour < 12)
        p.hour += 12;
    else if (p.is_am && p.hour == 12)
        p.hour = 0;
    if (!settle_date(&p, value, err))
        return false;

    struct gotime t =
        gotime_from_date(p.year, p.month, p.day, p.hour, p.minute, p.second, p.nanos, NULL);
    if (!p.is_utc && p.has_offset) {
        t = gotime_utc(t.unix_s - p.offset_s, t.nanos);
        t.offset_s = p.offset_s;
        if (p.offset_s != 0 || p.zone.n)
            t.zone = arena_str(mem, p.zone);
    } else if (!p.is_utc && p.zone.n) {
        t.zone = arena_str(mem, p.zone);
        int64_t hours = 0;
        str number = str_skip(p.zone, 3);
        if (str_starts(p.zone, S("GMT")) && number.n)
            str_to_i64(number.p[0] == '+' ? str_skip(number, 1) : number, &hours);
        t.offset_s = (int32_t)hours * 3600;
    }
    *ret = t;
    return true;
}
