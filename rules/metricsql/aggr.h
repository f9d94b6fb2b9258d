// SPDX-License-Identifier: Apache-2.0
// aggr.h: aggregates: series in groups, and what is made of each group. spec: vmalert engine §8.
#pragma once
#include "rules/metricsql/eval_int.h"

struct aggr {
    struct eval *q;
    const struct range *range;
    const struct mql_call *call;
    const struct mql_vec *args;
    const struct aggr_func *func;
    struct mql_modifier modifier; // of the call, or changed by the function
    // Whatever the function takes besides its series.
    const double *scalar; // one value per point
    int64_t number;
    str label;
    const double *phis;
    size_t phi_count;
};

// Of the values of one point, NaN left out.
typedef double aggr_column_fn(struct aggr *a, size_t point, const double *values, size_t count);
// A group becomes series in ret. The group is never empty.
typedef bool aggr_group_fn(struct aggr *a, struct mql_vec *group, struct mql_vec *ret);

struct aggr_func {
    const char *name;
    aggr_column_fn *column; // makes one series of a group; NULL: `group` does it
    aggr_group_fn *group;
    bool (*read)(struct aggr *a); // the arguments; NULL: all of them are series
    size_t args_min, args_max;
    bool keeps_labels;   // of the series; else they have those of the group
    bool is_incremental; // see takes_empty in aggr.c
    double (*statistic)(struct aggr *a, const double *values); // of topk_… and the like
    bool is_bottom;
};

// The values of a point in the columns' buffer, NaN left out; valid until the next call.
const double *aggr_column(struct aggr *a, const struct mql_vec *group, size_t point,
                          size_t *ret_count);
// Takes the labels off that the group does not have.
void aggr_group_labels(const struct aggr *a, struct mql_series *s);

aggr_column_fn aggr_sum, aggr_sum2, aggr_min, aggr_max, aggr_avg, aggr_count, aggr_group;
aggr_column_fn aggr_stddev, aggr_stdvar, aggr_geomean, aggr_distinct, aggr_mode, aggr_mad;
aggr_column_fn aggr_median, aggr_quantile;
aggr_group_fn aggr_any, aggr_share, aggr_zscore, aggr_histogram, aggr_count_values, aggr_quantiles;
aggr_group_fn aggr_topk, aggr_topk_range, aggr_limitk, aggr_outliersk, aggr_outliers_mad;
aggr_group_fn aggr_outliers_iqr;

double aggr_stat_min(struct aggr *a, const double *values);
double aggr_stat_max(struct aggr *a, const double *values);
double aggr_stat_avg(struct aggr *a, const double *values);
double aggr_stat_median(struct aggr *a, const double *values);
double aggr_stat_last(struct aggr *a, const double *values);
