// SPDX-License-Identifier: Apache-2.0
#include "base/text/gotime.h"

__extension__ typedef __int128 i128;

#define NS_PER_S INT64_C(1000000000)
#define CYCLE_S  INT64_C(12622780800) // 400 years: the Gregorian calendar repeats

// Instants stay within ±3 billion years, where no computation on them overflows.
#define UNIX_S_MAX INT64_C(100000000000000000)

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

struct gotime gotime_utc(int64_t unix_s, int32_t nanos)
{
    return (struct gotime){
        .unix_s = CLAMP(unix_s, -UNIX_S_MAX, UNIX_S_MAX), .nanos = nanos, .zone = S("UTC")};
}

struct gotime gotime_zero(void)
{
    return gotime_utc(GOTIME_ZERO_S, 0);
}

struct gotime gotime_from_ns(time_ns t)
{
    if (t == TIME_UNSET)
        return gotime_zero();
    int64_t unix_s;
    int32_t nanos;
    time_split(t, &unix_s, &nanos);
    return gotime_utc(unix_s, nanos);
}

struct gotime gotime_from_zoned(struct zoned_time z)
{
    struct gotime t = gotime_from_ns(z.t);
    if (z.offset_s != 0) {
        t.offset_s = z.offset_s;
        t.zone = S("");
    }
    return t;
}

struct gotime gotime_in(struct gotime t, const struct tzone *tzone)
{
    struct gotime moved = gotime_utc(t.unix_s, t.nanos);
    if (!tzone)
        return moved;
    struct tzone_offset o = tzone_at(tzone, t.unix_s);
    moved.tzone = tzone;
    moved.offset_s = o.offset_s;
    moved.zone = o.abbreviation;
    moved.is_dst = o.is_dst;
    return moved;
}

bool gotime_is_zero(const struct gotime *t)
{
    return t->unix_s == GOTIME_ZERO_S && t->nanos == 0;
}

int gotime_cmp(const struct gotime *a, const struct gotime *b)
{
    if (a->has_mono && b->has_mono)
        return (a->mono_ns > b->mono_ns) - (a->mono_ns < b->mono_ns);
    if (a->unix_s != b->unix_s)
        return a->unix_s < b->unix_s ? -1 : 1;
    return (a->nanos > b->nanos) - (a->nanos < b->nanos);
}

dur_ns gotime_sub(const struct gotime *a, const struct gotime *b)
{
    if (a->has_mono && b->has_mono)
        return sub_saturated(a->mono_ns, b->mono_ns);
    i128 d = (i128)(a->unix_s - b->unix_s) * NS_PER_S + a->nanos - b->nanos;
    return (dur_ns)CLAMP(d, (i128)INT64_MIN, (i128)INT64_MAX);
}

// The same zone, another instant.
static struct gotime at_instant(struct gotime t, int64_t unix_s, int32_t nanos)
{
    t.unix_s = CLAMP(unix_s, -UNIX_S_MAX, UNIX_S_MAX);
    t.nanos = nanos;
    if (t.tzone) {
        struct tzone_offset o = tzone_at(t.tzone, t.unix_s);
        t.offset_s = o.offset_s;
        t.zone = o.abbreviation;
        t.is_dst = o.is_dst;
    }
    return t;
}

struct gotime gotime_add(struct gotime t, dur_ns d)
{
    int64_t whole_s;
    int32_t rest;
    time_split(d, &whole_s, &rest);
    int64_t nanos = (int64_t)t.nanos + rest;
    if (t.has_mono)
        t.mono_ns = add_saturated(t.mono_ns, d);
    return at_instant(t, t.unix_s + whole_s + nanos / NS_PER_S, (int32_t)(nanos % NS_PER_S));
}

struct civil gotime_civil(const struct gotime *t)
{
    int64_t cycles = floor_div(t->unix_s + CYCLE_S / 2, CYCLE_S);
    int64_t rest_s = t->unix_s - cycles * CYCLE_S; // within 200 years of 1970
    struct civil c = civil_from_time(rest_s * NS_PER_S + t->nanos, t->offset_s);
    c.year += 400 * cycles;
    return c;
}

// Seconds of a date and clock as if in UTC; month may be any number.
static int64_t civil_seconds(int64_t year, int64_t month, int64_t day, int64_t hour, int64_t minute,
                             int64_t second)
{
    int64_t years = floor_div(month - 1, 12);
    int64_t month_index = month - 1 - years * 12;
    i128 s = (i128)unix_from_civil(year + years, (int)month_index + 1, 1, 0, 0, 0) +
             (i128)(day - 1) * 86400 + (i128)hour * 3600 + (i128)minute * 60 + second;
    return (int64_t)CLAMP(s, (i128)-UNIX_S_MAX, (i128)UNIX_S_MAX);
}

// Finds the instant whose local reading is local_s, as Go's time.Date does: where the clock was
// set forward or back it picks one of the two candidates.
static int64_t instant_of_local(int64_t local_s, const struct tzone *tzone)
{
    int64_t guess = local_s - tzone_at(tzone, local_s).offset_s;
    int32_t offset_s = tzone_at(tzone, guess).offset_s;
    return tzone_at(tzone, local_s - offset_s).offset_s == offset_s ? local_s - offset_s : guess;
}

#define DATE_FIELD_MAX INT64_C(1000000000)
#define DATE_FIELD(x)  CLAMP((x), -DATE_FIELD_MAX, DATE_FIELD_MAX)

struct gotime gotime_from_date(int64_t year, int64_t month, int64_t day, int64_t hour,
                               int64_t minute, int64_t second, int64_t nanos,
                               const struct tzone *tzone)
{
    int64_t carry_s = floor_div(nanos, NS_PER_S);
    int64_t s =
        civil_seconds(DATE_FIELD(year), DATE_FIELD(month), DATE_FIELD(day), hour, minute, second) +
        carry_s;
    if (tzone)
        s = instant_of_local(s, tzone);
    return gotime_in(gotime_utc(s, (int32_t)(nanos - carry_s * NS_PER_S)), tzone);
}

struct gotime gotime_add_date(struct gotime t, int64_t years, int64_t months, int64_t days)
{
    struct civil c = gotime_civil(&t);
    int64_t local_s = civil_seconds(c.year + DATE_FIELD(years), c.month + DATE_FIELD(months),
                                    c.day + DATE_FIELD(days), c.hour, c.minute, c.second);
    t.has_mono = false;
    int64_t s = t.tzone ? instant_of_local(local_s, t.tzone) : local_s - t.offset_s;
    return at_instant(t, s, t.nanos);
}

static i128 since_year_1(const struct gotime *t)
{
    return (i128)(t->unix_s - GOTIME_ZERO_S) * NS_PER_S + t->nanos;
}

static struct gotime at_since_year_1(struct gotime t, i128 ns)
{
    i128 s = ns / NS_PER_S;
    if (ns % NS_PER_S < 0)
        s--;
    return at_instant(t, (int64_t)s + GOTIME_ZERO_S, (int32_t)(ns - s * NS_PER_S));
}

struct gotime gotime_truncate(struct gotime t, dur_ns d)
{
    t.has_mono = false;
    if (d <= 0)
        return t;
    i128 ns = since_year_1(&t);
    i128 rest = (ns % d + d) % d;
    return at_since_year_1(t, ns - rest);
}

struct gotime gotime_round(struct gotime t, dur_ns d)
{
    t.has_mono = false;
    if (d <= 0)
        return t;
    i128 ns = since_year_1(&t);
    i128 rest = (ns % d + d) % d;
    return at_since_year_1(t, rest + rest < d ? ns - rest : ns + (d - rest));
}

time_ns gotime_unix_ns(const struct gotime *t)
{
    return (time_ns)((uint64_t)t->unix_s * (uint64_t)NS_PER_S + (uint64_t)t->nanos);
}
