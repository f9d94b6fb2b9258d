// SPDX-License-Identifier: Apache-2.0
// Rollup functions that take more than their series, and those that make several series of one.
#include <math.h>

#include "base/core/f64.h"
#include "rules/metricsql/buckets.h"
#include "rules/metricsql/rollup.h"

// ---- values compared with a limit --------------------------------------------------------------

enum comparison { IS_EQ, IS_NE, IS_GT, IS_LE };

static bool holds(double v, enum comparison c, double limit)
{
    switch (c) {
    case IS_EQ:
        return v == limit;
    case IS_NE:
        return v != limit;
    case IS_GT:
        return v > limit;
    case IS_LE:
        return v <= limit;
    }
    return false;
}

static double count_where(const struct rollup_window *w, enum comparison c)
{
    if (!w->count)
        return NAN;
    size_t n = 0;
    for (size_t i = 0; i < w->count; i++)
        n += holds(w->values[i], c, w->args->a[w->point]);
    return (double)n;
}

static double share_where(const struct rollup_window *w, enum comparison c)
{
    return count_where(w, c) / (double)w->count;
}

static double sum_where(const struct rollup_window *w, enum comparison c)
{
    if (!w->count)
        return NAN;
    double sum = 0;
    for (size_t i = 0; i < w->count; i++)
        sum += holds(w->values[i], c, w->args->a[w->point]) ? w->values[i] : 0;
    return sum;
}

#define WHERE(name, what, comparison)                                                              \
    double name(const struct rollup_window *w)                                                     \
    {                                                                                              \
        return what##_where(w, comparison);                                                        \
    }
WHERE(rollup_count_eq, count, IS_EQ)
WHERE(rollup_count_ne, count, IS_NE)
WHERE(rollup_count_gt, count, IS_GT)
WHERE(rollup_count_le, count, IS_LE)
WHERE(rollup_share_eq, share, IS_EQ)
WHERE(rollup_share_gt, share, IS_GT)
WHERE(rollup_share_le, share, IS_LE)
WHERE(rollup_sum_eq, sum, IS_EQ)
WHERE(rollup_sum_gt, sum, IS_GT)
WHERE(rollup_sum_le, sum, IS_LE)

// ---- scalars -----------------------------------------------------------------------------------

double rollup_predict_linear(const struct rollup_window *w)
{
    struct mql_line line = mql_regression(w->values, w->timestamps, w->count, w->at);
    return isnan(line.value) ? NAN : line.value + line.slope * w->args->a[w->point];
}

// Double exponential smoothing; a: of the level, b: of the trend.
double rollup_holt_winters(const struct rollup_window *w)
{
    double sf = w->args->a[w->point], tf = w->args->b[w->point];
    if (!w->count || sf < 0 || sf > 1 || tf < 0 || tf > 1)
        return NAN;
    size_t from = isnan(w->prev) ? 1 : 0;
    double level = from ? w->values[0] : w->prev;
    if (from == w->count)
        return level;
    double trend = w->values[from] - level;
    for (size_t i = from; i < w->count; i++) {
        double next = sf * w->values[i] + (1 - sf) * (level + trend);
        trend = tf * (next - level) + (1 - tf) * trend;
        level = next;
    }
    return level;
}

double rollup_quantile(const struct rollup_window *w)
{
    return mql_quantile(w->scratch, w->args->a[w->point], w->values, w->count);
}

// Hoeffding's inequality: how far the true mean may be from the measured one.
static double hoeffding_distance(const struct rollup_window *w)
{
    double range = rollup_range(w), phi = w->args->a[w->point];
    if (w->count == 1 || range <= 0 || (phi <= 0 && !(phi >= 1)))
        return 0;
    if (phi >= 1)
        return INFINITY;
    return range * sqrt(log(1 / (1 - phi)) / (2 * (double)w->count));
}

double rollup_hoeffding_lower(const struct rollup_window *w)
{
    return w->count ? rollup_avg(w) - hoeffding_distance(w) : NAN;
}

double rollup_hoeffding_upper(const struct rollup_window *w)
{
    return w->count ? rollup_avg(w) + hoeffding_distance(w) : NAN;
}

// ---- several series ----------------------------------------------------------------------------

double rollup_quantiles(const struct rollup_window *w)
{
    if (!w->count)
        return NAN;
    size_t count = w->count;
    const double *sorted = mql_sorted(w->scratch, w->values, &count);
    for (size_t i = 0; i < w->args->phi_count; i++) {
        struct mql_series *s = rollup_map_at(w->map, w->args->label, w->args->phi_texts[i]);
        if (!s)
            break;
        s->values[w->point] = mql_quantile_sorted(w->args->phis[i], sorted, count);
    }
    return NAN;
}

double rollup_count_values(const struct rollup_window *w)
{
    struct buf text = {0};
    for (size_t i = 0; i < w->count; i++) {
        buf_clear(&text);
        buf_put_f64_shortest(&text, w->values[i]);
        struct mql_series *s = rollup_map_at(w->map, w->args->label, buf_str(&text));
        if (!s)
            break;
        double *n = &s->values[w->point];
        *n = isnan(*n) ? 1 : *n + 1;
    }
    buf_done(&text);
    return NAN;
}

static void put_bucket(void *owner, str vmrange, uint64_t count)
{
    const struct rollup_window *w = owner;
    struct mql_series *s = rollup_map_at(w->map, S("vmrange"), vmrange);
    if (s)
        s->values[w->point] = (double)count;
}

double rollup_histogram(const struct rollup_window *w)
{
    struct buckets buckets = {0};
    for (size_t i = 0; i < w->count; i++)
        buckets_add(&buckets, w->values[i]);
    struct rollup_window copy = *w;
    buckets_visit(&buckets, w->map->q->mem, put_bucket, &copy);
    return NAN;
}
