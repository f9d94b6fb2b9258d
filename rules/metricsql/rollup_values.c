// SPDX-License-Identifier: Apache-2.0
// Rollup functions that look at the values in the window alone.
#include <math.h>

#include "rules/metricsql/rollup.h"
#include "rules/result.h"

double rollup_last(const struct rollup_window *w)
{
    return w->count ? w->values[w->count - 1] : NAN;
}

double rollup_first(const struct rollup_window *w)
{
    return w->count ? w->values[0] : NAN;
}

double rollup_min(const struct rollup_window *w)
{
    double min = rollup_first(w);
    for (size_t i = 0; i < w->count; i++) {
        if (w->values[i] < min)
            min = w->values[i];
    }
    return min;
}

double rollup_max(const struct rollup_window *w)
{
    double max = rollup_first(w);
    for (size_t i = 0; i < w->count; i++) {
        if (w->values[i] > max)
            max = w->values[i];
    }
    return max;
}

double rollup_sum(const struct rollup_window *w)
{
    if (!w->count)
        return NAN;
    double sum = 0;
    for (size_t i = 0; i < w->count; i++)
        sum += w->values[i];
    return sum;
}

double rollup_avg(const struct rollup_window *w)
{
    return rollup_sum(w) / (double)w->count;
}

double rollup_sum2(const struct rollup_window *w)
{
    if (!w->count)
        return NAN;
    double sum = 0;
    for (size_t i = 0; i < w->count; i++)
        sum += w->values[i] * w->values[i];
    return sum;
}

double rollup_geomean(const struct rollup_window *w)
{
    if (!w->count)
        return NAN;
    double product = 1;
    for (size_t i = 0; i < w->count; i++)
        product *= w->values[i];
    return pow(product, 1 / (double)w->count);
}

double rollup_count(const struct rollup_window *w)
{
    return w->count ? (double)w->count : NAN;
}

double rollup_present(const struct rollup_window *w)
{
    return w->count ? 1 : NAN;
}

double rollup_absent(const struct rollup_window *w)
{
    return w->count ? NAN : 1;
}

double rollup_stale_samples(const struct rollup_window *w)
{
    if (!w->count)
        return NAN;
    size_t n = 0;
    for (size_t i = 0; i < w->count; i++)
        n += is_stale_nan(w->values[i]);
    return (double)n;
}

double rollup_stdvar(const struct rollup_window *w)
{
    return w->count ? mql_stdvar(w->values, w->count) : NAN;
}

double rollup_stddev(const struct rollup_window *w)
{
    return sqrt(rollup_stdvar(w));
}

double rollup_median(const struct rollup_window *w)
{
    return mql_quantile(w->scratch, 0.5, w->values, w->count);
}

double rollup_mad(const struct rollup_window *w)
{
    return mql_mad(w->scratch, w->values, w->count);
}

double rollup_mode(const struct rollup_window *w)
{
    size_t count = w->count;
    double *copy = mql_sorted(w->scratch, w->values, &count);
    return mql_mode(w->prev, copy, count);
}

double rollup_distinct(const struct rollup_window *w)
{
    if (!w->count)
        return NAN;
    size_t count = w->count, distinct = 0;
    const double *sorted = mql_sorted(w->scratch, w->values, &count);
    for (size_t i = 0; i < count; i++)
        distinct += i == 0 || sorted[i] != sorted[i - 1];
    return (double)distinct;
}

double rollup_range(const struct rollup_window *w)
{
    return rollup_max(w) - rollup_min(w);
}

#define IQR_FENCE 1.5 // quartile distances beyond which a value is an outlier (Tukey)

double rollup_outlier_iqr(const struct rollup_window *w)
{
    if (w->count < 2)
        return NAN;
    size_t count = w->count;
    const double *sorted = mql_sorted(w->scratch, w->values, &count);
    double lower = mql_quantile_sorted(0.25, sorted, count);
    double upper = mql_quantile_sorted(0.75, sorted, count);
    double fence = IQR_FENCE * (upper - lower), v = rollup_last(w);
    return v > upper + fence || v < lower - fence ? v : NAN;
}

double rollup_zscore(const struct rollup_window *w)
{
    double interval = rollup_scrape_interval(w), lag = rollup_lag(w);
    if (isnan(interval) || isnan(lag) || lag > interval)
        return NAN;
    double d = rollup_last(w) - rollup_avg(w);
    return d == 0 ? 0 : d / rollup_stddev(w);
}

// ---- candlesticks ------------------------------------------------------------------------------

// Without the sample at the very point, which belongs to the next candle.
static size_t candle_count(const struct rollup_window *w)
{
    size_t count = w->count;
    while (count > 0 && w->timestamps[count - 1] >= w->at)
        count--;
    return count;
}

// The sample in front, where it is as near as the window is wide.
static double candle_before(const struct rollup_window *w)
{
    return w->prev_ts + w->width >= w->at ? w->prev : NAN;
}

double rollup_open(const struct rollup_window *w)
{
    double before = candle_before(w);
    if (!isnan(before))
        return before;
    return candle_count(w) ? w->values[0] : NAN;
}

double rollup_close(const struct rollup_window *w)
{
    size_t count = candle_count(w);
    return count ? w->values[count - 1] : candle_before(w);
}

double rollup_high(const struct rollup_window *w)
{
    double high = rollup_open(w);
    for (size_t i = 0, count = candle_count(w); i < count; i++) {
        if (w->values[i] > high)
            high = w->values[i];
    }
    return high;
}

double rollup_low(const struct rollup_window *w)
{
    double low = rollup_open(w);
    for (size_t i = 0, count = candle_count(w); i < count; i++) {
        if (w->values[i] < low)
            low = w->values[i];
    }
    return low;
}
