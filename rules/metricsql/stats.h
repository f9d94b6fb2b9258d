// SPDX-License-Identifier: Apache-2.0
// stats.h: statistics over plain numbers, as MetricsQL defines them.
//
// NaN stands for "no value"; functions skip it unless they say otherwise.
#pragma once
#include "base/core/defs.h"

// Room for a copy of the numbers that must be sorted. Zero-initialised it is ready.
struct mql_scratch {
    double *p; // heap
    size_t cap;
};

double *mql_scratch_get(struct mql_scratch *s, size_t count); // valid until the next get
void mql_scratch_done(struct mql_scratch *s);

void mql_sort_numbers(double *values, size_t count); // ascending; no NaN among them
// The values that are not NaN, ascending, in the scratch.
double *mql_sorted(struct mql_scratch *s, const double *values, size_t *count);

// phi < 0: -Inf, phi > 1: +Inf; linear between neighbours. No values or phi NaN: NaN.
double mql_quantile_sorted(double phi, const double *sorted, size_t count);
double mql_quantile(struct mql_scratch *s, double phi, const double *values, size_t count);
// Median of the distances from the median.
double mql_mad(struct mql_scratch *s, const double *values, size_t count);

// The population's variance. One value: 0, even where it is NaN.
double mql_stdvar(const double *values, size_t count);
double mql_mean(const double *values, size_t count);
// The most frequent of the numbers (none is NaN; they are sorted in place). Ties: the smallest, or
// `previous` where it takes part (spec: vmalert engine, mode_over_time). None: previous.
double mql_mode(double previous, double *values, size_t count);

struct mql_line {
    double value; // at the time asked for
    double slope; // per second
};
// Least squares through (timestamps[i] ms, values[i]).
struct mql_line mql_regression(const double *values, const int64_t *timestamps, size_t count,
                               int64_t at);

// A number as an integer, cut to the ends of its range; NaN: 0.
int64_t mql_to_int(double x);
