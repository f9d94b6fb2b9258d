// SPDX-License-Identifier: Apache-2.0
// Layouts: Mon Jan 2 15:04:05 MST 2006 in any arrangement. Their elements, and Format.
#include "base/text/gotime_layout.h"

const char *const LAYOUT_MONTHS[] = {"January",   "February", "March",    "April",
                                     "May",       "June",     "July",     "August",
                                     "September", "October",  "November", "December"};
const char *const LAYOUT_WEEKDAYS[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                       "Thursday", "Friday", "Saturday"};

const char *month_name(int month)
{
    return LAYOUT_MONTHS[month - 1];
}

const char *weekday_name(int day)
{
    return LAYOUT_WEEKDAYS[day];
}

static bool is_digit_at(str s, size_t i)
{
    return i < s.n && s.p[i] >= '0' && s.p[i] <= '9';
}

static bool is_lower_at(str s, size_t i)
{
    return i < s.n && s.p[i] >= 'a' && s.p[i] <= 'z';
}

// The element at the front of s and its length.
static enum element offset_at(str s, struct chunk *c, size_t *ret_n)
{
    static const struct {
        const char *text;
        bool has_minutes, has_seconds, has_colons;
    } FORMS[] = {
        {"070000", true, true, false}, {"07:00:00", true, true, true}, {"0700", true, false, false},
        {"07:00", true, false, true},  {"07", false, false, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(FORMS); i++) {
        if (!str_starts(str_skip(s, 1), str_c(FORMS[i].text)))
            continue;
        c->has_minutes = FORMS[i].has_minutes;
        c->has_seconds = FORMS[i].has_seconds;
        c->has_colons = FORMS[i].has_colons;
        *ret_n = 1 + strlen(FORMS[i].text);
        return s.p[0] == 'Z' ? EL_ISO_OFFSET : EL_OFFSET;
    }
    return EL_NONE;
}

static enum element fraction_at(str s, size_t *ret_n)
{
    if (s.n < 2 || (s.p[1] != '0' && s.p[1] != '9'))
        return EL_NONE;
    size_t n = 1;
    while (n < s.n && s.p[n] == s.p[1])
        n++;
    if (is_digit_at(s, n))
        return EL_NONE;
    *ret_n = n;
    return s.p[1] == '0' ? EL_FRACTION_0 : EL_FRACTION_9;
}

static enum element zero_at(str s, size_t *ret_n)
{
    static const enum element ZERO[] = {EL_ZERO_MONTH,  EL_ZERO_DAY,    EL_ZERO_HOUR12,
                                        EL_ZERO_MINUTE, EL_ZERO_SECOND, EL_YEAR};
    if (str_starts(s, S("002"))) {
        *ret_n = 3;
        return EL_ZERO_YEAR_DAY;
    }
    *ret_n = 2;
    return s.n >= 2 && s.p[1] >= '1' && s.p[1] <= '6' ? ZERO[s.p[1] - '1'] : EL_NONE;
}

static enum element element_at(str s, struct chunk *c, size_t *ret_n)
{
    static const struct {
        const char *text;
        enum element element;
    } PLAIN[] = {
        // a longer one in front of what it begins with
        {"January", EL_LONG_MONTH}, {"Jan", EL_MONTH},          {"Monday", EL_LONG_WEEKDAY},
        {"Mon", EL_WEEKDAY},        {"MST", EL_ZONE},           {"15", EL_HOUR},
        {"1", EL_NUM_MONTH},        {"2006", EL_LONG_YEAR},     {"2", EL_DAY},
        {"_2", EL_UNDER_DAY},       {"__2", EL_UNDER_YEAR_DAY}, {"3", EL_HOUR12},
        {"4", EL_MINUTE},           {"5", EL_SECOND},           {"PM", EL_PM},
        {"pm", EL_LOWER_PM},
    };
    switch (s.p[0]) {
    case '0':
        return zero_at(s, ret_n);
    case '-':
    case 'Z':
        return offset_at(s, c, ret_n);
    case '.':
    case ',':
        return fraction_at(s, ret_n);
    default:
        break;
    }
    for (size_t i = 0; i < ARRAY_LEN(PLAIN); i++) {
        str text = str_c(PLAIN[i].text);
        bool is_short_name = PLAIN[i].element == EL_MONTH || PLAIN[i].element == EL_WEEKDAY;
        if (!str_starts(s, text) || (is_short_name && is_lower_at(s, text.n)))
            continue;
        *ret_n = text.n;
        return PLAIN[i].element;
    }
    return EL_NONE;
}

struct chunk layout_next(str layout)
{
    struct chunk c = {.prefix = layout};
    for (size_t i = 0; i < layout.n; i++) {
        str rest = str_skip(layout, i);
        size_t n = 0;
        if (str_starts(rest, S("_2006"))) // a literal underscore and the year
            continue;
        c.element = element_at(rest, &c, &n);
        if (c.element == EL_NONE)
            continue;
        c.prefix = str_slice(layout, 0, i);
        c.text = str_slice(rest, 0, n);
        c.rest = str_skip(rest, n);
        return c;
    }
    return c;
}

// ---- format -----------------------------------------------------------------------------------

static void put_number(struct buf *b, int64_t n, int digits_min, char fill)
{
    char text[24];
    size_t at = sizeof(text);
    uint64_t u = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
    do {
        text[--at] = (char)('0' + u % 10);
        u /= 10;
    } while (u);
    while (sizeof(text) - at < (size_t)digits_min)
        text[--at] = fill;
    if (n < 0)
        buf_put_c(b, '-');
    buf_put(b, str_from(text + at, sizeof(text) - at));
}

static void put_offset(struct buf *b, const struct gotime *t, const struct chunk *c)
{
    if (c->element == EL_ISO_OFFSET && t->offset_s == 0) {
        buf_put_c(b, 'Z');
        return;
    }
    int32_t s = t->offset_s < 0 ? -t->offset_s : t->offset_s;
    buf_put_c(b, t->offset_s < 0 ? '-' : '+');
    put_number(b, s / 3600, 2, '0');
    if (c->has_colons)
        buf_put_c(b, ':');
    if (c->has_minutes)
        put_number(b, s / 60 % 60, 2, '0');
    if (c->has_seconds && c->has_colons)
        buf_put_c(b, ':');
    if (c->has_seconds)
        put_number(b, s % 60, 2, '0');
}

static void put_fraction(struct buf *b, int nanos, const struct chunk *c)
{
    char digits[10];
    snprintf(digits, sizeof(digits), "%09d", nanos);
    size_t count = c->text.n - 1;
    size_t shown = MIN(count, 9);
    if (c->element == EL_FRACTION_9) {
        while (shown > 0 && digits[shown - 1] == '0')
            shown--;
        if (shown == 0)
            return;
    }
    buf_put_c(b, c->text.p[0]);
    buf_put(b, str_from(digits, shown));
    if (c->element == EL_FRACTION_0 && count > 9)
        buf_put_fill(b, '0', count - 9);
}

static void put_zone(struct buf *b, const struct gotime *t)
{
    if (t->zone.n)
        buf_put(b, t->zone);
    else
        put_offset(b, t, &(struct chunk){.element = EL_OFFSET, .has_minutes = true});
}

static void put_element(struct buf *b, const struct gotime *t, const struct civil *c,
                        const struct chunk *chunk)
{
    int hour12 = c->hour % 12 ? c->hour % 12 : 12;
    switch (chunk->element) {
    case EL_NONE:
        break;
    case EL_LONG_MONTH:
        buf_put(b, str_c(LAYOUT_MONTHS[c->month - 1]));
        break;
    case EL_MONTH:
        buf_put(b, str_from(LAYOUT_MONTHS[c->month - 1], 3));
        break;
    case EL_NUM_MONTH:
        put_number(b, c->month, 1, '0');
        break;
    case EL_ZERO_MONTH:
        put_number(b, c->month, 2, '0');
        break;
    case EL_LONG_WEEKDAY:
        buf_put(b, str_c(LAYOUT_WEEKDAYS[c->weekday]));
        break;
    case EL_WEEKDAY:
        buf_put(b, str_from(LAYOUT_WEEKDAYS[c->weekday], 3));
        break;
    case EL_DAY:
        put_number(b, c->day, 1, '0');
        break;
    case EL_UNDER_DAY:
        put_number(b, c->day, 2, ' ');
        break;
    case EL_ZERO_DAY:
        put_number(b, c->day, 2, '0');
        break;
    case EL_UNDER_YEAR_DAY:
        put_number(b, c->yearday, 3, ' ');
        break;
    case EL_ZERO_YEAR_DAY:
        put_number(b, c->yearday, 3, '0');
        break;
    case EL_HOUR:
        put_number(b, c->hour, 2, '0');
        break;
    case EL_HOUR12:
        put_number(b, hour12, 1, '0');
        break;
    case EL_ZERO_HOUR12:
        put_number(b, hour12, 2, '0');
        break;
    case EL_MINUTE:
        put_number(b, c->minute, 1, '0');
        break;
    case EL_ZERO_MINUTE:
        put_number(b, c->minute, 2, '0');
        break;
    case EL_SECOND:
        put_number(b, c->second, 1, '0');
        break;
    case EL_ZERO_SECOND:
        put_number(b, c->second, 2, '0');
        break;
    case EL_LONG_YEAR:
        put_number(b, c->year, 4, '0');
        break;
    case EL_YEAR:
        put_number(b, MAX(c->year, 0) % 100, 2, '0');
        break;
    case EL_PM:
        buf_put(b, c->hour >= 12 ? S("PM") : S("AM"));
        break;
    case EL_LOWER_PM:
        buf_put(b, c->hour >= 12 ? S("pm") : S("am"));
        break;
    case EL_ZONE:
        put_zone(b, t);
        break;
    case EL_OFFSET:
    case EL_ISO_OFFSET:
        put_offset(b, t, chunk);
        break;
    case EL_FRACTION_0:
    case EL_FRACTION_9:
        put_fraction(b, c->nanos, chunk);
        break;
    }
}

void buf_put_gotime(struct buf *b, const struct gotime *t, str layout)
{
    struct civil civil = gotime_civil(t);
    while (layout.n) {
        struct chunk c = layout_next(layout);
        buf_put(b, c.prefix);
        if (c.element == EL_NONE)
            break;
        put_element(b, t, &civil, &c);
        layout = c.rest;
    }
}

void buf_put_gotime_string(struct buf *b, const struct gotime *t)
{
    buf_put_gotime(b, t, S("2006-01-02 15:04:05.999999999 -0700 MST"));
    if (!t->has_mono)
        return;
    uint64_t ns = t->mono_ns < 0 ? 0 - (uint64_t)t->mono_ns : (uint64_t)t->mono_ns;
    buf_put(b, t->mono_ns < 0 ? S(" m=-") : S(" m=+"));
    buf_put_u64(b, ns / 1000000000);
    buf_put_c(b, '.');
    put_number(b, (int64_t)(ns % 1000000000), 9, '0');
}

bool buf_put_gotime_rfc3339(struct buf *b, const struct gotime *t)
{
    struct civil c = gotime_civil(t);
    if (c.year < 0 || c.year > 9999)
        return false;
    buf_put_gotime(b, t, S("2006-01-02T15:04:05.999999999Z07:00"));
    return true;
}
