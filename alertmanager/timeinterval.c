// SPDX-License-Identifier: Apache-2.0
// Which instants an interval contains. How it is written: timeinterval_yaml.c.
#include "alertmanager/timeinterval.h"

static bool is_in(const struct int_ranges *ranges, int64_t x)
{
    if (!ranges->is_given)
        return true;
    for (size_t i = 0; i < ranges->count; i++) {
        if (x >= ranges->items[i].begin && x <= ranges->items[i].end)
            return true;
    }
    return false;
}

static bool is_in_times(const struct int_ranges *times, int64_t minute)
{
    if (!times->is_given)
        return true;
    for (size_t i = 0; i < times->count; i++) {
        if (minute >= times->items[i].begin && minute < times->items[i].end)
            return true;
    }
    return false;
}

// Negative days count from the end of the month; a range that lies behind its end is empty.
static bool is_in_days(const struct int_ranges *days, const struct civil *at)
{
    if (!days->is_given)
        return true;
    int64_t length = days_in_month(at->year, at->month);
    for (size_t i = 0; i < days->count; i++) {
        int64_t begin = days->items[i].begin, end = days->items[i].end;
        begin = begin < 0 ? length + begin + 1 : begin;
        end = end < 0 ? length + end + 1 : end;
        if (begin > length)
            continue;
        begin = CLAMP(begin, -length, length);
        end = CLAMP(end, -length, length);
        if (at->day >= begin && at->day <= end)
            return true;
    }
    return false;
}

static int64_t unix_seconds(time_ns t) // rounded down
{
    int64_t s = t / DUR_SECONDS(1);
    return s - (t % DUR_SECONDS(1) < 0);
}

static int32_t offset_at(const struct time_zone *zone, struct env *env, time_ns t)
{
    switch (zone->kind) {
    case ZONE_UTC:
        return 0;
    case ZONE_LOCAL:
        return env_utc_offset_s(env, t);
    case ZONE_NAMED:
        return tzone_at(zone->rules, unix_seconds(t)).offset_s;
    }
    return 0;
}

bool time_interval_contains(const struct time_interval *i, struct env *env, time_ns t)
{
    struct civil at = civil_from_time(t, offset_at(&i->zone, env, t));
    return is_in_times(&i->times, at.hour * 60 + at.minute) && is_in_days(&i->days_of_month, &at) &&
           is_in(&i->months, at.month) && is_in(&i->weekdays, at.weekday) &&
           is_in(&i->years, at.year);
}

size_t named_interval_count(const struct named_interval *n, struct env *env, time_ns t)
{
    size_t count = 0;
    for (size_t i = 0; i < n->intervals.count; i++)
        count +=
            time_interval_contains(YAML_LIST_AT(&n->intervals, struct time_interval, i), env, t);
    return count;
}

bool named_interval_contains(const struct named_interval *n, struct env *env, time_ns t)
{
    for (size_t i = 0; i < n->intervals.count; i++) {
        if (time_interval_contains(YAML_LIST_AT(&n->intervals, struct time_interval, i), env, t))
            return true;
    }
    return false;
}
