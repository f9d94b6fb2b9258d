// SPDX-License-Identifier: Apache-2.0
// Functions along the time axis. For an instant most of them change nothing.
#include <math.h>

#include "rules/metricsql/rollup.h"
#include "rules/metricsql/transform.h"

static size_t leading_gap(const double *values, size_t points)
{
    size_t i = 0;
    while (i < points && isnan(values[i]))
        i++;
    return i;
}

static size_t without_trailing_gap(const double *values, size_t points)
{
    while (points > 0 && isnan(values[points - 1]))
        points--;
    return points;
}

static void fill(double *values, size_t points, double v)
{
    for (size_t i = 0; i < points; i++)
        values[i] = v;
}

// ---- running values ----------------------------------------------------------------------------

double running_sum(double a, double b, size_t i)
{
    (void)i;
    return a + b;
}

double running_min(double a, double b, size_t i)
{
    (void)i;
    return a < b ? a : b;
}

double running_max(double a, double b, size_t i)
{
    (void)i;
    return a > b ? a : b;
}

double running_avg(double a, double b, size_t i)
{
    return a + (b - a) / (double)(i + 1);
}

void series_last(struct transform *t, double *values)
{
    size_t end = without_trailing_gap(values, t->range->points);
    if (end > 0)
        fill(values, t->range->points, values[end - 1]);
}

// flag: the last one at every point (range_…).
bool transform_running(struct transform *t, struct mql_vec *ret)
{
    for (size_t i = 0; i < t->args[0].count; i++) {
        double *values = t->args[0].items[i]->values;
        size_t first = leading_gap(values, t->range->points);
        t->args[0].items[i]->name = S(""); // even where names are to be kept
        for (size_t j = first + 1; j < t->range->points; j++) {
            double before = values[j - 1];
            values[j] = isnan(values[j]) ? before : t->func->pair(before, values[j], j - first);
        }
        if (t->func->flag)
            series_last(t, values);
    }
    return transform_add_arg(t, 0, ret);
}

// ---- gaps --------------------------------------------------------------------------------------

void series_keep_last(struct transform *t, double *values)
{
    for (size_t i = 1; i < t->range->points; i++) {
        if (isnan(values[i]))
            values[i] = values[i - 1];
    }
}

void series_keep_next(struct transform *t, double *values)
{
    for (size_t i = t->range->points; i > 1; i--) {
        if (isnan(values[i - 2]))
            values[i - 2] = values[i - 1];
    }
}

void series_interpolate(struct transform *t, double *values)
{
    size_t end = without_trailing_gap(values, t->range->points);
    for (size_t i = leading_gap(values, end); i < end; i++) {
        if (!isnan(values[i]))
            continue;
        size_t next = i;
        while (isnan(values[next]))
            next++;
        double v = values[i - 1], step = (values[next] - v) / (double)(next - i + 1);
        for (; i < next; i++) {
            v += step;
            values[i] = v;
        }
    }
}

void series_first(struct transform *t, double *values)
{
    size_t first = leading_gap(values, t->range->points);
    if (first < t->range->points)
        fill(values, t->range->points, values[first]);
}

void series_remove_resets(struct transform *t, double *values)
{
    double correction = 0, previous = NAN;
    for (size_t i = 0; i < t->range->points; i++) {
        double v = values[i];
        if (isnan(v))
            continue;
        double d = v - previous;
        if (d < 0)
            correction += -d * 8 < previous ? previous - v : previous; // as in rollup.c
        previous = v;
        values[i] = v + correction;
    }
}

// ---- statistics --------------------------------------------------------------------------------

void series_stddev(struct transform *t, double *values)
{
    fill(values, t->range->points, sqrt(mql_stdvar(values, t->range->points)));
}

void series_stdvar(struct transform *t, double *values)
{
    fill(values, t->range->points, mql_stdvar(values, t->range->points));
}

void series_mad(struct transform *t, double *values)
{
    fill(values, t->range->points, mql_mad(&t->q->scratch, values, t->range->points));
}

void series_zscore(struct transform *t, double *values)
{
    double deviation = sqrt(mql_stdvar(values, t->range->points));
    double mean = mql_mean(values, t->range->points);
    for (size_t i = 0; i < t->range->points; i++)
        values[i] = (values[i] - mean) / deviation;
}

void series_linear_regression(struct transform *t, double *values)
{
    int64_t *timestamps = arena_array(t->q->mem, int64_t, t->range->points);
    for (size_t i = 0; i < t->range->points; i++)
        timestamps[i] = range_at(t->range, i);
    struct mql_line line = mql_regression(values, timestamps, t->range->points, t->range->start);
    for (size_t i = 0; i < t->range->points; i++) {
        double seconds = (double)(timestamps[i] - t->range->start) / 1e3;
        values[i] = line.value + line.slope * seconds;
    }
}

bool transform_range_normalize(struct transform *t, struct mql_vec *ret)
{
    for (size_t i = 0; i < t->count; i++) {
        for (size_t j = 0; j < t->args[i].count; j++) {
            double *values = t->args[i].items[j]->values, min = INFINITY, max = -INFINITY;
            for (size_t k = 0; k < t->range->points; k++) {
                min = values[k] < min ? values[k] : min;
                max = values[k] > max ? values[k] : max;
            }
            if (isinf(max - min))
                continue; // no value, or infinite ones
            for (size_t k = 0; k < t->range->points; k++)
                values[k] = (values[k] - min) / (max - min);
            mql_vec_add(ret, t->q->mem, t->args[i].items[j]);
        }
    }
    return true;
}

bool transform_range_quantile(struct transform *t, struct mql_vec *ret)
{
    const double *phi;
    if (!transform_scalar(t, 0, &phi))
        return false;
    for (size_t i = 0; i < t->args[1].count; i++) {
        double *values = t->args[1].items[i]->values;
        if (without_trailing_gap(values, t->range->points) > 0)
            fill(values, t->range->points,
                 mql_quantile(&t->q->scratch, phi[0], values, t->range->points));
    }
    return transform_add_arg(t, 1, ret);
}

// ---- trimming and smoothing --------------------------------------------------------------------

// Drops the values that lie farther than `distance` from the middle.
static void trim_around(struct transform *t, double *values, double middle, double distance)
{
    for (size_t i = 0; i < t->range->points; i++) {
        if (fabs(values[i] - middle) > distance)
            values[i] = NAN;
    }
}

bool transform_trim_outliers(struct transform *t, struct mql_vec *ret)
{
    const double *k;
    if (!transform_scalar(t, 0, &k))
        return false;
    for (size_t i = 0; i < t->args[1].count; i++) {
        double *values = t->args[1].items[i]->values;
        double distance = k[0] * mql_mad(&t->q->scratch, values, t->range->points);
        double median = mql_quantile(&t->q->scratch, 0.5, values, t->range->points);
        trim_around(t, values, median, distance);
    }
    return transform_add_arg(t, 1, ret);
}

bool transform_trim_zscore(struct transform *t, struct mql_vec *ret)
{
    const double *z;
    if (!transform_scalar(t, 0, &z))
        return false;
    for (size_t i = 0; i < t->args[1].count; i++) {
        double *values = t->args[1].items[i]->values;
        double deviation = sqrt(mql_stdvar(values, t->range->points));
        double mean = mql_mean(values, t->range->points);
        for (size_t j = 0; j < t->range->points; j++) {
            if (fabs(values[j] - mean) / deviation > fabs(z[0]))
                values[j] = NAN;
        }
    }
    return transform_add_arg(t, 1, ret);
}

// Half of the share phi at either end.
bool transform_trim_spikes(struct transform *t, struct mql_vec *ret)
{
    const double *phi;
    if (!transform_scalar(t, 0, &phi))
        return false;
    for (size_t i = 0; i < t->args[1].count; i++) {
        double *values = t->args[1].items[i]->values;
        size_t count = t->range->points;
        const double *sorted = mql_sorted(&t->q->scratch, values, &count);
        double max = mql_quantile_sorted(1 - phi[0] / 2, sorted, count);
        double min = mql_quantile_sorted(phi[0] / 2, sorted, count);
        for (size_t j = 0; j < t->range->points; j++) {
            if (values[j] > max || values[j] < min)
                values[j] = NAN;
        }
    }
    return transform_add_arg(t, 1, ret);
}

static void smooth(double *values, const double *factors, size_t points)
{
    size_t first = leading_gap(values, points), i = first;
    while (i < points && isinf(values[i]))
        i++;
    if (i == points)
        i = first; // nothing but infinite values
    if (i == points)
        return;
    double avg = values[i];
    for (i++; i < points; i++) {
        double factor = isnan(factors[i]) ? 1 : CLAMP(factors[i], 0, 1);
        if (isnan(values[i]))
            continue;
        if (!isinf(values[i]))
            avg = avg * (1 - factor) + values[i] * factor;
        values[i] = avg;
    }
}

bool transform_smooth_exponential(struct transform *t, struct mql_vec *ret)
{
    const double *factors;
    if (!transform_scalar(t, 1, &factors))
        return false;
    for (size_t i = 0; i < t->args[0].count; i++)
        smooth(t->args[0].items[i]->values, factors, t->range->points);
    return transform_add_arg(t, 0, ret);
}
