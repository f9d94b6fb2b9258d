// SPDX-License-Identifier: Apache-2.0
// gotime.h: instants with a zone, and layouts made of a reference time, as Go's package time has
// them: what templates print, compute with and parse.
#pragma once
#include "base/core/arena.h"
#include "base/core/buf.h"
#include "base/core/err.h"
#include "base/core/time.h"
#include "base/text/tzone.h"

#define GOTIME_ZERO_S (INT64_C(-62135596800)) // 0001-01-01 00:00:00 UTC, in Unix seconds

struct gotime {
    int64_t unix_s;            // seconds since 1970 UTC
    int32_t nanos;             // 0…999999999
    int32_t offset_s;          // east of UTC
    str zone;                  // abbreviation; empty: only the offset is known
    const struct tzone *tzone; // rules for other instants; NULL: fixed offset
    bool is_dst;
    bool is_local;   // prints as location "Local"
    bool has_mono;   // read from the running clock
    int64_t mono_ns; // since process start
};

struct gotime gotime_zero(void); // year 1, UTC
struct gotime gotime_utc(int64_t unix_s, int32_t nanos);
struct gotime gotime_from_ns(time_ns t);              // UTC; TIME_UNSET is the zero time
struct gotime gotime_from_zoned(struct zoned_time z); // offset 0: UTC, else an unnamed zone
// The same instant in another zone; tzone NULL: UTC.
struct gotime gotime_in(struct gotime t, const struct tzone *tzone);

bool gotime_is_zero(const struct gotime *t);
int gotime_cmp(const struct gotime *a, const struct gotime *b);    // <0, 0, >0
dur_ns gotime_sub(const struct gotime *a, const struct gotime *b); // saturates
struct gotime gotime_add(struct gotime t, dur_ns d);
struct gotime gotime_add_date(struct gotime t, int64_t years, int64_t months, int64_t days);
struct gotime gotime_truncate(struct gotime t, dur_ns d); // multiples of d since year 1
struct gotime gotime_round(struct gotime t, dur_ns d);
struct civil gotime_civil(const struct gotime *t); // in its zone
time_ns gotime_unix_ns(const struct gotime *t);    // wraps outside 1678…2262, as UnixNano does

// The instant that shows this date and clock in the zone (tzone NULL: UTC); fields may overflow.
struct gotime gotime_from_date(int64_t year, int64_t month, int64_t day, int64_t hour,
                               int64_t minute, int64_t second, int64_t nanos,
                               const struct tzone *tzone);

void buf_put_gotime(struct buf *b, const struct gotime *t, str layout); // Time.Format
void buf_put_gotime_string(struct buf *b, const struct gotime *t);      // Time.String
// RFC 3339 with up to nine digits, without quotes. False (nothing written): year outside 0…9999.
bool buf_put_gotime_rfc3339(struct buf *b, const struct gotime *t);

// time.Parse: what the layout leaves out is year 0, January 1, 00:00, UTC. Zone abbreviations are
// copied into mem. Errors: ERR_SYNTAX, ERR_INVALID with Go's texts.
bool gotime_parse(str layout, str value, struct arena *mem, struct gotime *ret, struct err *err);

const char *month_name(int month); // 1…12: "January"
const char *weekday_name(int day); // 0…6: "Sunday"
