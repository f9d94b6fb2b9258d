// SPDX-License-Identifier: Apache-2.0
// histogram.h: series that are the buckets of histograms: with le, as Prometheus has them, or with
// vmrange, as VictoriaMetrics does.
#pragma once
#include "rules/metricsql/eval_int.h"

// Turns buckets with vmrange into cumulative ones with le; those with le stay, others are dropped.
bool histogram_to_le(struct eval *q, size_t points, const struct mql_vec *buckets,
                     struct mql_vec *ret);

struct bucket {
    double le;
    struct mql_series *series;
    double hits; // while buckets are being joined
};

// The buckets of one histogram.
struct histogram {
    struct bucket *items; // by le
    size_t count, cap;
};

// Groups buckets that agree in all but le, in the order in
// which they come; each group's are sorted. takes_off: le and the name are removed from them.
bool histogram_group(struct eval *q, const struct mql_vec *buckets, bool takes_off,
                     struct histogram **ret, size_t *ret_count);
// Adds up buckets with the same le.
void histogram_merge_same(struct histogram *h, size_t points);
// Makes values at that point rise with le; gaps take the value below.
void histogram_repair(const struct histogram *h, size_t point);

struct estimate {
    double value, lower, upper;
};
struct estimate histogram_quantile(const struct histogram *h, size_t point, double phi);
struct estimate histogram_share(const struct histogram *h, size_t point, double wanted);
double histogram_avg(const struct histogram *h, size_t point);
double histogram_stdvar(const struct histogram *h, size_t point);
