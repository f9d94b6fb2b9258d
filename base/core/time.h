// SPDX-License-Identifier: Apache-2.0
// time.h: instants, durations, and their texts.
//
// time_ns is the wall clock: nanoseconds since 1970-01-01 UTC, 1677 to 2262; what lies outside is
// cut to TIME_MIN or TIME_MAX. mono_ns never goes back and has no fixed origin. dur_ns is a
// difference of either.
#pragma once
#include "base/core/buf.h"
#include "base/core/err.h"

typedef int64_t time_ns;
typedef int64_t mono_ns;
typedef int64_t dur_ns;

#define TIME_UNSET INT64_MIN // Go's zero time: year 1; printed as 0001-01-01T00:00:00Z
#define TIME_MIN   (INT64_MIN + 1)
#define TIME_MAX   INT64_MAX
#define MONO_NEVER INT64_MAX
#define DUR_MAX    INT64_MAX

#define DUR_US(n)      ((dur_ns)(n)*1000)
#define DUR_MS(n)      ((dur_ns)(n)*1000000)
#define DUR_SECONDS(n) ((dur_ns)(n)*1000000000)
#define DUR_MINUTES(n) ((dur_ns)(n)*60000000000)
#define DUR_HOURS(n)   ((dur_ns)(n)*3600000000000)
#define DUR_DAYS(n)    (DUR_HOURS(24) * (n))

static inline double dur_to_seconds(dur_ns d)
{
    return (double)d / 1e9;
}

// Broken-down time in the proleptic Gregorian calendar.
struct civil {
    int64_t year;
    int month;   // 1…12
    int day;     // 1…31
    int hour;    // 0…23
    int minute;  // 0…59
    int second;  // 0…59
    int nanos;   // 0…999999999
    int weekday; // 0 Sunday … 6 Saturday
    int yearday; // 1…366
};

struct civil civil_from_time(time_ns t, int32_t offset_s); // offset_s: east of UTC

// Whole seconds, rounded down, and the rest: 0…999,999,999.
void time_split(int64_t ns, int64_t *ret_s, int32_t *ret_nanos);
int64_t unix_from_civil(int64_t year, int month, int day, int hour, int minute, int second);
int days_in_month(int64_t year, int month);

// An instant that remembers the UTC offset it was written with.
struct zoned_time { // 12 bytes: alerts hold two
    time_ns t;
    int32_t offset_s;
} __attribute__((packed, aligned(4)));

// RFC 3339 §5.6 with any number of fraction digits (cut to ns). Go's parser: 'T' and 'Z' upper
// case, offset ±hh:mm.
bool time_parse_rfc3339(str s, struct zoned_time *ret);

// RFC 3339. `digits` after the point: exactly so many (cut, not rounded), or FRACTION_SHORTEST for
// up to nine without trailing zeros. Offset 0 is written Z.
#define FRACTION_SHORTEST (-1)
void buf_put_time(struct buf *b, time_ns t, int32_t offset_s, int digits);

// floor(t, d) as Go's Time.Truncate: multiples of d counted from 0001-01-01T00:00:00Z. d <= 0: t.
time_ns time_truncate(time_ns t, dur_ns d);

// Go's duration text: 0s, 1.5ms, 1m0s, 1h30m0s, -2.5s.
void buf_put_dur_go(struct buf *b, dur_ns d);
// Prometheus' duration text: 0s, 90d, 2w, 1h30m; whole milliseconds, d >= 0.
void buf_put_dur_prometheus(struct buf *b, dur_ns d);

// Go's time.ParseDuration: [+-](<decimal>(ns|us|µs|ms|s|m|h))+ or 0.
bool dur_parse_go(str s, dur_ns *ret, struct err *err);
// The same with d = 24 h and w = 7 d: the flags of alertmanager and amtool.
bool dur_parse_kingpin(str s, dur_ns *ret, struct err *err);
// Prometheus' configuration grammar: integers, units y w d h m s ms in falling order, no sign.
bool dur_parse_prometheus(str s, dur_ns *ret, struct err *err);
// MetricsQL's grammar, in milliseconds: mixed signs and fractions, units ms s m h d w y and i
// (= step_ms), bare numbers are seconds. Cut to milliseconds and to the range of int64_t.
bool dur_ms_parse_metricsql(str s, int64_t step_ms, int64_t *ret_ms, struct err *err);
// The same as a dur_ns, refused outside its range: rule files and template functions.
bool dur_parse_vm(str s, dur_ns *ret, struct err *err);
// VictoriaMetrics' duration flags that know days: never negative, at most 100 years. A bare number
// counts units of bare_unit_ms; where that is 0 only the bare 0 is accepted.
bool dur_ms_parse_vm_flag(str s, int64_t bare_unit_ms, int64_t *ret_ms, struct err *err);
