// SPDX-License-Identifier: Apache-2.0
// Rollup functions about when samples were taken. Results in seconds.
#include <math.h>

#include "rules/metricsql/rollup.h"

static double seconds(int64_t ms)
{
    return (double)ms / 1e3;
}

double rollup_tfirst(const struct rollup_window *w)
{
    return w->count ? seconds(w->timestamps[0]) : NAN;
}

double rollup_tlast(const struct rollup_window *w)
{
    return w->count ? seconds(w->timestamps[w->count - 1]) : NAN;
}

// The last of the smallest (sign 1) or largest (sign -1) values.
static double extreme(const struct rollup_window *w, double sign)
{
    if (!w->count)
        return NAN;
    size_t at = 0;
    for (size_t i = 0; i < w->count; i++) {
        if (w->values[i] * sign <= w->values[at] * sign)
            at = i;
    }
    return seconds(w->timestamps[at]);
}

double rollup_tmin(const struct rollup_window *w)
{
    return extreme(w, 1);
}

double rollup_tmax(const struct rollup_window *w)
{
    return extreme(w, -1);
}

double rollup_tlast_change(const struct rollup_window *w)
{
    if (!w->count)
        return NAN;
    double last = w->values[w->count - 1];
    for (size_t i = w->count - 1; i > 0; i--) {
        if (w->values[i - 1] != last)
            return seconds(w->timestamps[i]);
    }
    return isnan(w->prev) || w->prev != last ? seconds(w->timestamps[0]) : NAN;
}

double rollup_lag(const struct rollup_window *w)
{
    if (w->count)
        return seconds(w->at - w->timestamps[w->count - 1]);
    return isnan(w->prev) ? NAN : seconds(w->at - w->prev_ts);
}

double rollup_lifetime(const struct rollup_window *w)
{
    if (!w->count || (isnan(w->prev) && w->count < 2))
        return NAN;
    int64_t from = isnan(w->prev) ? w->timestamps[0] : w->prev_ts;
    return seconds(w->timestamps[w->count - 1] - from);
}

double rollup_scrape_interval(const struct rollup_window *w)
{
    return rollup_lifetime(w) / (double)(isnan(w->prev) ? w->count - 1 : w->count);
}

double rollup_duration(const struct rollup_window *w)
{
    if (!w->count)
        return NAN;
    int64_t longest = mql_to_int(w->args->a[w->point] * 1000), sum = 0;
    for (size_t i = 1; i < w->count; i++) {
        int64_t distance = w->timestamps[i] - w->timestamps[i - 1];
        if (distance <= longest)
            sum += distance;
    }
    return seconds(sum);
}
