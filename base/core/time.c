// SPDX-License-Identifier: Apache-2.0
#include "base/core/time.h"

#define NS_PER_S                 1000000000
#define S_PER_DAY                86400
#define DAYS_TO_1970_FROM_YEAR_1 719162 // 0001-01-01 … 1970-01-01

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

// Days since 1970-01-01 and back, by eras of 400 years that start on March 1st
// (Howard Hinnant, "chrono-compatible low-level date algorithms").
static int64_t days_from_civil(int64_t year, int month, int day)
{
    year -= month <= 2;
    int64_t era = floor_div(year, 400);
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static void civil_from_days(int64_t days, struct civil *c)
{
    days += 719468;
    int64_t era = floor_div(days, 146097);
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    c->day = (int)(day_of_year - (153 * month_from_march + 2) / 5 + 1);
    c->month = (int)(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
    c->year = year_of_era + era * 400 + (c->month <= 2);
}

void time_split(int64_t ns, int64_t *ret_s, int32_t *ret_nanos)
{
    int64_t s = ns / NS_PER_S, nanos = ns % NS_PER_S;
    *ret_s = nanos < 0 ? s - 1 : s;
    *ret_nanos = (int32_t)(nanos < 0 ? nanos + NS_PER_S : nanos);
}

struct civil civil_from_time(time_ns t, int32_t offset_s)
{
    if (t == TIME_UNSET)
        return (struct civil){.year = 1, .month = 1, .day = 1, .weekday = 1, .yearday = 1};
    int64_t unix_s;
    int32_t nanos;
    time_split(t, &unix_s, &nanos);
    struct civil c = {.nanos = nanos};
    int64_t local_s = unix_s + offset_s;
    int64_t days = floor_div(local_s, S_PER_DAY);
    int second_of_day = (int)(local_s - days * S_PER_DAY);
    civil_from_days(days, &c);
    c.hour = second_of_day / 3600;
    c.minute = second_of_day / 60 % 60;
    c.second = second_of_day % 60;
    c.weekday = (int)(((days + 4) % 7 + 7) % 7); // 1970-01-01 was a Thursday
    c.yearday = (int)(days - days_from_civil(c.year, 1, 1)) + 1;
    return c;
}

int64_t unix_from_civil(int64_t year, int month, int day, int hour, int minute, int second)
{
    return days_from_civil(year, month, day) * S_PER_DAY + hour * INT64_C(3600) +
           minute * INT64_C(60) + second;
}

int days_in_month(int64_t year, int month)
{
    static const int DAYS[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return DAYS[month - 1] + (month == 2 && is_leap);
}

// Reads exactly `digits` decimal digits and the character behind them (0: none).
static bool take_number(str *s, size_t digits, char behind, int max, int *ret)
{
    uint64_t x;
    size_t width = digits + (behind != 0);
    if (s->n < width || !str_to_u64(str_slice(*s, 0, digits), &x) || x > (uint64_t)max)
        return false;
    if (behind && s->p[digits] != behind)
        return false;
    *ret = (int)x;
    *s = str_skip(*s, width);
    return true;
}

static bool take_offset(str *s, int32_t *ret)
{
    if (str_eq(*s, S("Z"))) {
        *ret = 0;
        *s = str_skip(*s, 1);
        return true;
    }
    int hours, minutes;
    if (s->n != 6 || (s->p[0] != '+' && s->p[0] != '-'))
        return false;
    int sign = s->p[0] == '-' ? -1 : 1;
    *s = str_skip(*s, 1);
    if (!take_number(s, 2, ':', 24, &hours) || !take_number(s, 2, 0, 60, &minutes))
        return false;
    *ret = sign * (hours * 3600 + minutes * 60);
    return true;
}

bool time_parse_rfc3339(str s, struct zoned_time *ret)
{
    int year, month, day, hour, minute, second;
    int nanos = 0;
    int32_t offset_s;
    if (!take_number(&s, 4, '-', 9999, &year) || !take_number(&s, 2, '-', 12, &month) ||
        !take_number(&s, 2, 'T', 31, &day) || !take_number(&s, 2, ':', 23, &hour) ||
        !take_number(&s, 2, ':', 59, &minute) || !take_number(&s, 2, 0, 59, &second))
        return false;
    if (month < 1 || day < 1 || day > days_in_month(year, month))
        return false;
    if (s.n && (s.p[0] == '.' || s.p[0] == ',')) {
        size_t digits = 0;
        for (s = str_skip(s, 1); digits < s.n && s.p[digits] >= '0' && s.p[digits] <= '9';
             digits++) {
            if (digits < 9)
                nanos = nanos * 10 + (s.p[digits] - '0');
        }
        if (digits == 0)
            return false;
        for (size_t i = digits; i < 9; i++)
            nanos *= 10;
        s = str_skip(s, digits);
    }
    if (!take_offset(&s, &offset_s))
        return false;

    int64_t unix_s = unix_from_civil(year, month, day, hour, minute, second) - offset_s;
    *ret = (struct zoned_time){.offset_s = offset_s};
    if (unix_s == -(int64_t)DAYS_TO_1970_FROM_YEAR_1 * S_PER_DAY && nanos == 0)
        ret->t = TIME_UNSET;
    else
        ret->t = MAX(TIME_MIN, add_saturated(mul_saturated(unix_s, NS_PER_S), nanos));
    return true;
}

void buf_put_time(struct buf *b, time_ns t, int32_t offset_s, int digits)
{
    struct civil c = civil_from_time(t, offset_s);
    buf_printf(b, "%04d-%02d-%02dT%02d:%02d:%02d", (int)c.year, c.month, c.day, c.hour, c.minute,
               c.second);
    char fraction[10];
    snprintf(fraction, sizeof(fraction), "%09d", c.nanos);
    size_t shown =
        digits >= 0 ? (size_t)MIN(digits, 9) : str_trim_right(str_from(fraction, 9), '0').n;
    if (shown) {
        buf_put_c(b, '.');
        buf_put(b, str_from(fraction, shown));
    }
    if (t == TIME_UNSET || offset_s == 0) {
        buf_put_c(b, 'Z');
        return;
    }
    int minutes = abs(offset_s) / 60;
    buf_printf(b, "%c%02d:%02d", offset_s < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

time_ns time_truncate(time_ns t, dur_ns d)
{
    __extension__ typedef __int128 i128;
    if (d <= 0)
        return t;
    i128 since_year_1 = (i128)t + (i128)DAYS_TO_1970_FROM_YEAR_1 * S_PER_DAY * NS_PER_S;
    i128 rest = since_year_1 % d;
    if (rest < 0)
        rest += d;
    return (time_ns)MAX((i128)TIME_MIN, (i128)t - rest);
}
