// SPDX-License-Identifier: Apache-2.0
// Aggregates that make one series of a group, point by point.
#include <math.h>

#include "rules/metricsql/aggr.h"

#define UNUSED_ARGS(a, point)                                                                      \
    do {                                                                                           \
        (void)(a);                                                                                 \
        (void)(point);                                                                             \
    } while (0)

double aggr_sum(struct aggr *a, size_t point, const double *values, size_t count)
{
    UNUSED_ARGS(a, point);
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += values[i];
    return sum;
}

double aggr_sum2(struct aggr *a, size_t point, const double *values, size_t count)
{
    UNUSED_ARGS(a, point);
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += values[i] * values[i];
    return sum;
}

double aggr_min(struct aggr *a, size_t point, const double *values, size_t count)
{
    UNUSED_ARGS(a, point);
    double min = values[0];
    for (size_t i = 1; i < count; i++)
        min = MIN(values[i], min);
    return min;
}

double aggr_max(struct aggr *a, size_t point, const double *values, size_t count)
{
    UNUSED_ARGS(a, point);
    double max = values[0];
    for (size_t i = 1; i < count; i++)
        max = MAX(values[i], max);
    return max;
}

double aggr_avg(struct aggr *a, size_t point, const double *values, size_t count)
{
    return aggr_sum(a, point, values, count) / (double)count;
}

double aggr_count(struct aggr *a, size_t point, const double *values, size_t count)
{
    UNUSED_ARGS(a, point);
    (void)values;
    return (double)count;
}

double aggr_group(struct aggr *a, size_t point, const double *values, size_t count)
{
    UNUSED_ARGS(a, point);
    (void)values;
    (void)count;
    return 1;
}

double aggr_stdvar(struct aggr *a, size_t point, const double *values, size_t count)
{
    UNUSED_ARGS(a, point);
    return mql_stdvar(values, count);
}

double aggr_stddev(struct aggr *a, size_t point, const double *values, size_t count)
{
    UNUSED_ARGS(a, point);
    return sqrt(mql_stdvar(values, count));
}

double aggr_geomean(struct aggr *a, size_t point, const double *values, size_t count)
{
    UNUSED_ARGS(a, point);
    double product = 1;
    for (size_t i = 0; i < count; i++)
        product *= values[i];
    return pow(product, 1 / (double)count);
}

double aggr_distinct(struct aggr *a, size_t point, const double *values, size_t count)
{
    (void)point;
    size_t distinct = 0;
    const double *sorted = mql_sorted(&a->q->scratch, values, &count);
    for (size_t i = 0; i < count; i++)
        distinct += i == 0 || sorted[i] != sorted[i - 1];
    return (double)distinct;
}

double aggr_mode(struct aggr *a, size_t point, const double *values, size_t count)
{
    (void)point;
    double *sorted = mql_sorted(&a->q->scratch, values, &count);
    return mql_mode(NAN, sorted, count);
}

double aggr_mad(struct aggr *a, size_t point, const double *values, size_t count)
{
    (void)point;
    return mql_mad(&a->q->scratch, values, count);
}

double aggr_median(struct aggr *a, size_t point, const double *values, size_t count)
{
    (void)point;
    return mql_quantile(&a->q->scratch, 0.5, values, count);
}

double aggr_quantile(struct aggr *a, size_t point, const double *values, size_t count)
{
    return mql_quantile(&a->q->scratch, a->scalar[point], values, count);
}
