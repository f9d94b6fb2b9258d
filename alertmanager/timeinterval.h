// SPDX-License-Identifier: Apache-2.0
// timeinterval.h: calendars: "weekdays from 9 to 17 in Berlin".
//
// A named interval is a list of intervals and contains an instant if one of them does; an interval
// does if each of its parts that was given does (a part given as an empty list never does).
// Everything lives in the configuration's arena and is immutable.
#pragma once
#include "base/core/map.h"
#include "base/env.h"
#include "base/text/tzone.h"
#include "base/text/yaml_bind.h"

struct int_range {
    int64_t begin, end; // both included, but for times: end excluded
};

struct int_ranges {
    struct int_range *items;
    size_t count;
    bool is_given;
};

enum zone_kind { ZONE_UTC, ZONE_LOCAL, ZONE_NAMED };

struct time_zone {
    enum zone_kind kind;
    const struct tzone *rules; // ZONE_NAMED
    str name;                  // as written
};

struct time_interval {
    struct int_ranges times;         // minutes of the day, 0…1440
    struct int_ranges weekdays;      // 0 Sunday … 6 Saturday
    struct int_ranges days_of_month; // 1…31, or -31…-1 from the end
    struct int_ranges months;        // 1…12; anything else never matches
    struct int_ranges years;
    struct time_zone zone;
};

struct named_interval {
    str name;
    struct yaml_list intervals; // of struct time_interval
};

bool time_interval_contains(const struct time_interval *i, struct env *env, time_ns t);
bool named_interval_contains(const struct named_interval *n, struct env *env, time_ns t);
// How many of its intervals contain t: upstream names an interval so often.
size_t named_interval_count(const struct named_interval *n, struct env *env, time_ns t);

// Tables for binding (yaml_bind.h). The binder's user pointer must point to a struct
// interval_loader, or to a struct that begins with one.
struct interval_loader {
    struct env *env;  // reads the rules of zones
    struct map zones; // those read already, by name; in the binder's arena
};

#define ZONEINFO_DIR "/usr/share/zoneinfo"

void interval_loader_done(struct interval_loader *l);

extern const struct yaml_struct TIME_INTERVAL_YAML;
extern const struct yaml_struct NAMED_INTERVAL_YAML;      // of time_intervals
extern const struct yaml_struct NAMED_MUTE_INTERVAL_YAML; // of mute_time_intervals: other texts

// A YAML list of intervals, as under time_intervals of a named one, into ret->intervals.
bool named_interval_parse(str yaml, struct env *env, struct arena *mem, struct named_interval *ret,
                          struct err *err);
