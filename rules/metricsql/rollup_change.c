// SPDX-License-Identifier: Apache-2.0
// Rollup functions about how values change: they look at the sample in front of the window too.
#include <math.h>

#include "rules/metricsql/rollup.h"

// The values to go through, behind the one they are compared with.
struct run {
    double previous;
    const double *values;
    size_t count;
};

// Begins with the sample in front or, without one, with the first value.
static struct run run_of(const struct rollup_window *w)
{
    if (!isnan(w->prev) || !w->count)
        return (struct run){w->prev, w->values, w->count};
    return (struct run){w->values[0], w->values + 1, w->count - 1};
}

static double last_of(const struct rollup_window *w)
{
    return w->values[w->count - 1];
}

#define SAME_COUNTER_RATIO 10 // a first value this much larger than its next step began earlier

// How much a counter grew that is first seen in this window: from 0, unless it seems to be old.
static double first_increase(const struct rollup_window *w)
{
    double step = 0;
    if (w->count > 1)
        step = w->values[1] - w->values[0];
    else if (!isnan(w->real_next))
        step = w->real_next - w->values[0];
    if (fabs(w->values[0]) < SAME_COUNTER_RATIO * (fabs(step) + 1))
        return last_of(w);
    return last_of(w) - w->values[0];
}

double rollup_delta(const struct rollup_window *w)
{
    if (!w->count)
        return isnan(w->prev) ? NAN : 0;
    if (!isnan(w->prev))
        return last_of(w) - w->prev;
    if (!isnan(w->real_prev))
        return last_of(w) - w->real_prev; // it did not change in the gap
    return first_increase(w);
}

double rollup_increase_pure(const struct rollup_window *w)
{
    if (!w->count)
        return isnan(w->prev) ? NAN : 0;
    if (!isnan(w->prev))
        return last_of(w) - w->prev;
    return last_of(w) - (isnan(w->real_prev) ? 0 : w->real_prev);
}

double rollup_delta_prometheus(const struct rollup_window *w)
{
    return w->count < 2 ? NAN : last_of(w) - w->values[0];
}

double rollup_idelta(const struct rollup_window *w)
{
    if (!w->count)
        return isnan(w->prev) ? NAN : 0;
    if (w->count > 1)
        return last_of(w) - w->values[w->count - 2];
    return isnan(w->prev) ? last_of(w) : last_of(w) - w->prev;
}

static double slope(double from, int64_t from_ts, double to, int64_t to_ts)
{
    return (to - from) / ((double)(to_ts - from_ts) / 1e3);
}

double rollup_deriv_fast(const struct rollup_window *w)
{
    if (!w->count)
        return isnan(w->prev) ? NAN : 0;
    int64_t last_ts = w->timestamps[w->count - 1];
    if (!isnan(w->prev))
        return slope(w->prev, w->prev_ts, last_of(w), last_ts);
    if (w->count == 1)
        return NAN; // since when is not known
    return slope(w->values[0], w->timestamps[0], last_of(w), last_ts);
}

double rollup_deriv_fast_prometheus(const struct rollup_window *w)
{
    return w->width ? rollup_delta_prometheus(w) / ((double)w->width / 1e3) : NAN;
}

double rollup_ideriv(const struct rollup_window *w)
{
    if (!w->count)
        return NAN;
    int64_t last_ts = w->timestamps[w->count - 1];
    size_t i = w->count - 1;
    while (i > 0 && w->timestamps[i - 1] >= last_ts)
        i--; // the same instant gives no slope
    if (i > 0)
        return slope(w->values[i - 1], w->timestamps[i - 1], last_of(w), last_ts);
    if (isnan(w->prev))
        return w->count > 1 ? 0 : NAN;
    return slope(w->prev, w->prev_ts, last_of(w), last_ts);
}

double rollup_deriv(const struct rollup_window *w)
{
    return mql_regression(w->values, w->timestamps, w->count, w->at).slope;
}

double rollup_rate_over_sum(const struct rollup_window *w)
{
    return rollup_sum(w) / ((double)w->width / 1e3);
}

// ---- counting changes --------------------------------------------------------------------------

#define CHANGE_MIN 1e-12 // of the value; less is an error of rounding

static bool is_rounding(double a, double b)
{
    return fabs(a - b) < CHANGE_MIN * fabs(a);
}

static size_t count_changes(struct run r)
{
    size_t n = 0;
    for (size_t i = 0; i < r.count; i++) {
        double v = r.values[i];
        if (v == r.previous || is_rounding(v, r.previous))
            continue;
        n++;
        r.previous = v;
    }
    return n;
}

double rollup_changes(const struct rollup_window *w)
{
    if (!isnan(w->prev))
        return (double)count_changes(run_of(w));
    if (!w->count)
        return NAN;
    if (!isnan(w->real_prev)) // it did not change in the gap
        return (double)count_changes((struct run){w->real_prev, w->values, w->count});
    return (double)count_changes(run_of(w)) + 1; // the very first value is a change
}

double rollup_changes_prometheus(const struct rollup_window *w)
{
    if (!w->count)
        return NAN;
    return (double)count_changes((struct run){w->values[0], w->values + 1, w->count - 1});
}

static double count_steps(const struct rollup_window *w, bool counts_rises)
{
    if (!w->count)
        return isnan(w->prev) ? NAN : 0;
    struct run r = run_of(w);
    size_t n = 0;
    for (size_t i = 0; i < r.count; i++) {
        double v = r.values[i];
        bool is_step = counts_rises ? v > r.previous : v < r.previous;
        if (is_step && is_rounding(v, r.previous))
            continue;
        n += is_step;
        r.previous = v;
    }
    return (double)n;
}

double rollup_increases(const struct rollup_window *w)
{
    return count_steps(w, true);
}

double rollup_resets(const struct rollup_window *w)
{
    return count_steps(w, false);
}

// Rises (sign 1) or falls (sign -1).
static double sum_steps(const struct rollup_window *w, double sign)
{
    if (isnan(w->prev) && !w->count)
        return NAN;
    struct run r = run_of(w);
    double sum = 0;
    for (size_t i = 0; i < r.count; i++) {
        double step = (r.values[i] - r.previous) * sign;
        if (step > 0)
            sum += step;
        r.previous = r.values[i];
    }
    return sum;
}

double rollup_ascent(const struct rollup_window *w)
{
    return sum_steps(w, 1);
}

double rollup_descent(const struct rollup_window *w)
{
    return sum_steps(w, -1);
}

// The area under the steps. Behind the last sample it goes on only where the series does.
double rollup_integrate(const struct rollup_window *w)
{
    if (isnan(w->prev) && !w->count)
        return NAN;
    struct run r = run_of(w);
    const int64_t *timestamps = w->timestamps + (w->count - r.count);
    int64_t from = isnan(w->prev) ? w->timestamps[0] : w->at - w->width;
    double sum = 0;
    for (size_t i = 0; i < r.count; i++) {
        sum += r.previous * ((double)(timestamps[i] - from) / 1e3);
        from = timestamps[i];
        r.previous = r.values[i];
    }
    if (!isnan(w->real_next))
        sum += r.previous * ((double)(w->at - from) / 1e3);
    return sum;
}
