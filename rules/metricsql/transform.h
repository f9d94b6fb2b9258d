// SPDX-License-Identifier: Apache-2.0
// transform.h: functions that take series and give series, at the points they have. spec: vmalert
// engine §9.
//
//   transform.c         the functions by name; element by element
//   transform_label.c   labels
//   transform_range.c   along the time axis
//   transform_order.c   sorting, choosing
//   transform_bucket.c  histograms
//   transform_time.c    time, dates, random numbers
#pragma once
#include "rules/metricsql/eval_int.h"

struct transform {
    struct eval *q;
    const struct range *range;
    const struct mql_expr *expr; // MQL_CALL
    const struct transform_func *func;
    struct mql_vec *args;
    size_t count; // of args
};

typedef bool transform_fn(struct transform *t, struct mql_vec *ret);

struct transform_func {
    const char *name;
    size_t args_min, args_max;
    transform_fn *fn;
    double (*number)(double);                           // transform_numbers
    int64_t (*civil)(const struct civil *);             // transform_date
    double (*pair)(double, double, size_t);             // transform_running
    uint64_t (*bits)(uint64_t, uint64_t);               // transform_bitmap
    void (*series)(struct transform *, double *values); // transform_series
    size_t series_arg;                                  // of transform_series
    bool keeps_name;                                    // of the metric
    bool flag;                                          // the other one of two
};

const struct transform_func *transform_find(str name); // in any case

// Shorthands for arguments.
bool transform_scalar(struct transform *t, size_t index, const double **ret);
bool transform_string(struct transform *t, size_t index, str *ret);
// Removes the name unless the function or the call keeps it.
void transform_drop_name(const struct transform *t, struct mql_series *s);
static inline bool transform_add_arg(struct transform *t, size_t index, struct mql_vec *ret)
{
    mql_vec_add_all(ret, t->q->mem, &t->args[index]);
    return true;
}

transform_fn transform_numbers, transform_series, transform_round, transform_clamp;
transform_fn transform_clamp_min, transform_clamp_max, transform_bitmap;
transform_fn transform_absent, transform_scalar_of, transform_vector, transform_union;
transform_fn transform_drop_empty;

transform_fn transform_label_set, transform_label_del, transform_label_keep, transform_label_copy;
transform_fn transform_label_map, transform_label_join, transform_label_replace;
transform_fn transform_label_transform, transform_label_match, transform_labels_equal;
transform_fn transform_label_value, transform_label_graphite_group, transform_label_case;
transform_fn transform_drop_common_labels;

transform_fn transform_running, transform_range_normalize, transform_range_quantile;
transform_fn transform_smooth_exponential, transform_trim_zscore, transform_trim_outliers;
transform_fn transform_trim_spikes;
double running_sum(double a, double b, size_t i);
double running_min(double a, double b, size_t i);
double running_max(double a, double b, size_t i);
double running_avg(double a, double b, size_t i);
void series_keep_last(struct transform *t, double *values);
void series_keep_next(struct transform *t, double *values);
void series_interpolate(struct transform *t, double *values);
void series_first(struct transform *t, double *values);
void series_last(struct transform *t, double *values);
void series_stddev(struct transform *t, double *values);
void series_stdvar(struct transform *t, double *values);
void series_mad(struct transform *t, double *values);
void series_zscore(struct transform *t, double *values);
void series_linear_regression(struct transform *t, double *values);
void series_remove_resets(struct transform *t, double *values);

transform_fn transform_sort, transform_sort_by_label, transform_sort_by_label_numeric;
transform_fn transform_limit_offset;
bool mql_numeric_less(str a, str b); // numbers within texts compare as numbers
str mql_number_prefix(str s);        // the number a text begins with, or empty

transform_fn transform_histogram_quantile, transform_histogram_quantiles;
transform_fn transform_histogram_share, transform_histogram_fraction, transform_histogram_avg;
transform_fn transform_histogram_stddev, transform_histogram_stdvar;
transform_fn transform_prometheus_buckets, transform_buckets_limit;

transform_fn transform_time, transform_now, transform_pi, transform_start, transform_end;
transform_fn transform_step, transform_date, transform_timezone_offset, transform_rand;
transform_fn transform_rand_normal, transform_rand_exponential;
int64_t civil_minute(const struct civil *c);
int64_t civil_hour(const struct civil *c);
int64_t civil_day(const struct civil *c);
int64_t civil_weekday(const struct civil *c);
int64_t civil_yearday(const struct civil *c);
int64_t civil_days_in_month(const struct civil *c);
int64_t civil_month(const struct civil *c);
int64_t civil_year(const struct civil *c);
