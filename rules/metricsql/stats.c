// SPDX-License-Identifier: Apache-2.0
#include "rules/metricsql/stats.h"

#include <math.h>

#include "base/core/alloc.h"

double *mql_scratch_get(struct mql_scratch *s, size_t count)
{
    if (count > s->cap) {
        s->cap = MAX(count, s->cap * 2);
        s->p = mem_resize(s->p, s->cap, sizeof(*s->p));
    }
    return s->p;
}

void mql_scratch_done(struct mql_scratch *s)
{
    mem_free(s->p);
    *s = (struct mql_scratch){0};
}

static int cmp_numbers(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void mql_sort_numbers(double *values, size_t count)
{
    if (count > 1)
        qsort(values, count, sizeof(*values), cmp_numbers);
}

double *mql_sorted(struct mql_scratch *s, const double *values, size_t *count)
{
    double *copy = mql_scratch_get(s, *count + 1);
    size_t kept = 0;
    for (size_t i = 0; i < *count; i++) {
        if (!isnan(values[i]))
            copy[kept++] = values[i];
    }
    mql_sort_numbers(copy, kept);
    *count = kept;
    return copy;
}

double mql_quantile_sorted(double phi, const double *sorted, size_t count)
{
    if (count == 0 || isnan(phi))
        return NAN;
    if (phi < 0)
        return -INFINITY;
    if (phi > 1)
        return INFINITY;
    double rank = phi * (double)(count - 1);
    double weight = rank - floor(rank);
    size_t lower = (size_t)floor(rank);
    size_t upper = MIN(count - 1, lower + 1);
    return sorted[lower] * (1 - weight) + sorted[upper] * weight;
}

double mql_quantile(struct mql_scratch *s, double phi, const double *values, size_t count)
{
    const double *sorted = mql_sorted(s, values, &count);
    return mql_quantile_sorted(phi, sorted, count);
}

double mql_mad(struct mql_scratch *s, const double *values, size_t count)
{
    double median = mql_quantile(s, 0.5, values, count);
    double *distances = mql_scratch_get(s, count + 1);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        double distance = fabs(values[i] - median);
        if (!isnan(distance))
            distances[kept++] = distance;
    }
    mql_sort_numbers(distances, kept);
    return mql_quantile_sorted(0.5, distances, kept);
}

// Welford's method, in the order of the values: the last digits depend on it.
double mql_stdvar(const double *values, size_t count)
{
    if (count == 1)
        return 0;
    double mean = 0, n = 0, squares = 0;
    for (size_t i = 0; i < count; i++) {
        double v = values[i];
        if (isnan(v))
            continue;
        n++;
        double next = mean + (v - mean) / n;
        squares += (v - mean) * (v - next);
        mean = next;
    }
    return n > 0 ? squares / n : NAN;
}

double mql_mean(const double *values, size_t count)
{
    double sum = 0, n = 0;
    for (size_t i = 0; i < count; i++) {
        if (!isnan(values[i])) {
            sum += values[i];
            n++;
        }
    }
    return sum / n;
}

double mql_mode(double previous, double *values, size_t count)
{
    if (count == 0)
        return previous;
    mql_sort_numbers(values, count);
    double mode = previous, current = previous;
    ptrdiff_t longest = 0, start = -1; // the previous value stands in front of the others
    for (size_t i = 0; i <= count; i++) {
        if (i < count && values[i] == current)
            continue;
        ptrdiff_t run = (ptrdiff_t)i - start;
        if (run > longest || isnan(mode)) {
            longest = run;
            mode = current;
        }
        start = (ptrdiff_t)i;
        current = i < count ? values[i] : current;
    }
    return mode;
}

static bool are_equal(const double *values, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        if (values[i] != values[i - 1])
            return false;
    }
    return true;
}

#define REGRESSION_SPREAD_MIN 1e-6 // s²; closer instants give no slope

struct mql_line mql_regression(const double *values, const int64_t *timestamps, size_t count,
                               int64_t at)
{
    if (count == 0)
        return (struct mql_line){NAN, NAN};
    if (are_equal(values, count))
        return (struct mql_line){values[0], 0};
    double n = 0, v_sum = 0, t_sum = 0, tv_sum = 0, tt_sum = 0;
    for (size_t i = 0; i < count; i++) {
        if (isnan(values[i]))
            continue;
        double t = (double)(timestamps[i] - at) / 1e3;
        v_sum += values[i];
        t_sum += t;
        tv_sum += t * values[i];
        tt_sum += t * t;
        n++;
    }
    if (n == 0)
        return (struct mql_line){NAN, NAN};
    double spread = tt_sum - t_sum * t_sum / n;
    double slope = 0;
    if (fabs(spread) >= REGRESSION_SPREAD_MIN)
        slope = (tv_sum - t_sum * v_sum / n) / spread;
    return (struct mql_line){v_sum / n - slope * t_sum / n, slope};
}

int64_t mql_to_int(double x)
{
    if (isnan(x))
        return 0;
    if (x >= 0x1p63)
        return INT64_MAX;
    if (x <= -0x1p63)
        return INT64_MIN;
    return (int64_t)x;
}
