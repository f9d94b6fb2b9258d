// SPDX-License-Identifier: Apache-2.0
#include "rules/metricsql/transform.h"

#include <math.h>

#include "rules/metricsql/rollup.h"

// ---- the table ---------------------------------------------------------------------------------

static double to_degrees(double v)
{
    return v * 180 / M_PI;
}

static double to_radians(double v)
{
    return v * M_PI / 180;
}

static double sign(double v) // of NaN: 0
{
    return (v > 0) - (v < 0);
}

static uint64_t bits_and(uint64_t a, uint64_t b)
{
    return a & b;
}

static uint64_t bits_or(uint64_t a, uint64_t b)
{
    return a | b;
}

static uint64_t bits_xor(uint64_t a, uint64_t b)
{
    return a ^ b;
}

#define T(text, min, max, f, ...)                                                                  \
    {                                                                                              \
        .name = text, .args_min = min, .args_max = max, .fn = f, __VA_ARGS__                       \
    }
#define NUMBER(text, f, ...)       T(text, 1, 1, transform_numbers, .number = f, __VA_ARGS__)
#define DATE(text, f)              T(text, 0, 1, transform_date, .civil = f)
#define SERIES(text, f)            T(text, 1, 1, transform_series, .series = f, .keeps_name = true)
#define RUNNING(text, f, is_range) T(text, 1, 1, transform_running, .pair = f, .flag = is_range)
#define ANY                        ARGS_ANY

// Sorted by name.
static const struct transform_func FUNCS[] = {
    T("", 0, ANY, transform_union),
    NUMBER("abs", fabs),
    T("absent", 1, 1, transform_absent),
    NUMBER("acos", acos),
    NUMBER("acosh", acosh),
    NUMBER("asin", asin),
    NUMBER("asinh", asinh),
    NUMBER("atan", atan),
    NUMBER("atanh", atanh),
    T("bitmap_and", 2, 2, transform_bitmap, .bits = bits_and),
    T("bitmap_or", 2, 2, transform_bitmap, .bits = bits_or),
    T("bitmap_xor", 2, 2, transform_bitmap, .bits = bits_xor),
    T("buckets_limit", 2, 2, transform_buckets_limit),
    NUMBER("ceil", ceil, .keeps_name = true),
    T("clamp", 3, 3, transform_clamp, .keeps_name = true),
    T("clamp_max", 2, 2, transform_clamp_max, .keeps_name = true),
    T("clamp_min", 2, 2, transform_clamp_min, .keeps_name = true),
    NUMBER("cos", cos),
    NUMBER("cosh", cosh),
    DATE("day_of_month", civil_day),
    DATE("day_of_week", civil_weekday),
    DATE("day_of_year", civil_yearday),
    DATE("days_in_month", civil_days_in_month),
    NUMBER("deg", to_degrees),
    T("drop_common_labels", 1, ANY, transform_drop_common_labels),
    T("drop_empty_series", 1, 1, transform_drop_empty),
    T("end", 0, 0, transform_end),
    NUMBER("exp", exp),
    NUMBER("floor", floor, .keeps_name = true),
    T("histogram_avg", 1, 1, transform_histogram_avg),
    T("histogram_fraction", 3, 3, transform_histogram_fraction),
    T("histogram_quantile", 2, 3, transform_histogram_quantile),
    T("histogram_quantiles", 3, ANY, transform_histogram_quantiles),
    T("histogram_share", 2, 3, transform_histogram_share),
    T("histogram_stddev", 1, 1, transform_histogram_stddev),
    T("histogram_stdvar", 1, 1, transform_histogram_stdvar),
    DATE("hour", civil_hour),
    SERIES("interpolate", series_interpolate),
    SERIES("keep_last_value", series_keep_last),
    SERIES("keep_next_value", series_keep_next),
    T("label_copy", 1, ANY, transform_label_copy),
    T("label_del", 1, ANY, transform_label_del),
    T("label_graphite_group", 2, ANY, transform_label_graphite_group),
    T("label_join", 3, ANY, transform_label_join),
    T("label_keep", 1, ANY, transform_label_keep),
    T("label_lowercase", 2, ANY, transform_label_case),
    T("label_map", 2, ANY, transform_label_map),
    T("label_match", 3, 3, transform_label_match, .flag = true),
    T("label_mismatch", 3, 3, transform_label_match),
    T("label_move", 1, ANY, transform_label_copy, .flag = true),
    T("label_replace", 5, 5, transform_label_replace),
    T("label_set", 1, ANY, transform_label_set),
    T("label_transform", 4, 4, transform_label_transform),
    T("label_uppercase", 2, ANY, transform_label_case, .flag = true),
    T("label_value", 2, 2, transform_label_value),
    T("labels_equal", 3, ANY, transform_labels_equal),
    T("limit_offset", 3, 3, transform_limit_offset),
    NUMBER("ln", log),
    NUMBER("log10", log10),
    NUMBER("log2", log2),
    DATE("minute", civil_minute),
    DATE("month", civil_month),
    T("now", 0, 0, transform_now),
    T("pi", 0, 0, transform_pi),
    T("prometheus_buckets", 1, 1, transform_prometheus_buckets),
    NUMBER("rad", to_radians),
    T("rand", 0, 1, transform_rand),
    T("rand_exponential", 0, 1, transform_rand_exponential),
    T("rand_normal", 0, 1, transform_rand_normal),
    RUNNING("range_avg", running_avg, true),
    SERIES("range_first", series_first),
    SERIES("range_last", series_last),
    SERIES("range_linear_regression", series_linear_regression),
    SERIES("range_mad", series_mad),
    RUNNING("range_max", running_max, true),
    RUNNING("range_min", running_min, true),
    T("range_normalize", 0, ANY, transform_range_normalize),
    T("range_quantile", 2, 2, transform_range_quantile),
    SERIES("range_stddev", series_stddev),
    SERIES("range_stdvar", series_stdvar),
    RUNNING("range_sum", running_sum, true),
    T("range_trim_outliers", 2, 2, transform_trim_outliers),
    T("range_trim_spikes", 2, 2, transform_trim_spikes),
    T("range_trim_zscore", 2, 2, transform_trim_zscore),
    SERIES("range_zscore", series_zscore),
    SERIES("remove_resets", series_remove_resets),
    T("round", 1, 2, transform_round, .keeps_name = true),
    RUNNING("running_avg", running_avg, false),
    RUNNING("running_max", running_max, false),
    RUNNING("running_min", running_min, false),
    RUNNING("running_sum", running_sum, false),
    T("scalar", 1, 1, transform_scalar_of),
    NUMBER("sgn", sign),
    NUMBER("sin", sin),
    NUMBER("sinh", sinh),
    T("smooth_exponential", 2, 2, transform_smooth_exponential),
    T("sort", 1, 1, transform_sort),
    T("sort_by_label", 2, ANY, transform_sort_by_label),
    T("sort_by_label_desc", 2, ANY, transform_sort_by_label, .flag = true),
    T("sort_by_label_numeric", 2, ANY, transform_sort_by_label_numeric),
    T("sort_by_label_numeric_desc", 2, ANY, transform_sort_by_label_numeric, .flag = true),
    T("sort_desc", 1, 1, transform_sort, .flag = true),
    NUMBER("sqrt", sqrt),
    T("start", 0, 0, transform_start),
    T("step", 0, 0, transform_step),
    NUMBER("tan", tan),
    NUMBER("tanh", tanh),
    T("time", 0, 0, transform_time),
    T("timezone_offset", 1, 1, transform_timezone_offset),
    T("union", 0, ANY, transform_union),
    T("vector", 1, 1, transform_vector),
    DATE("year", civil_year),
};

const struct transform_func *transform_find(str name)
{
    for (size_t i = 0; i < ARRAY_LEN(FUNCS); i++) {
        if (str_eq_nocase(str_c(FUNCS[i].name), name))
            return &FUNCS[i];
    }
    return NULL;
}

bool eval_transform(struct eval *q, const struct range *r, const struct mql_expr *e,
                    struct mql_vec *ret)
{
    struct transform t = {.q = q,
                          .range = r,
                          .expr = e,
                          .func = transform_find(e->call.name),
                          .count = e->call.count};
    if (!t.func)
        return err_set(q->err, ERR_UNSUPPORTED, "unknown func %.*s", STR(e->call.name));
    t.args = eval_args(q, r, &e->call);
    if (!t.args)
        return false;
    return (args_check(q, t.count, t.func->args_min, t.func->args_max) && t.func->fn(&t, ret)) ||
           eval_fail(q, e);
}

bool transform_scalar(struct transform *t, size_t index, const double **ret)
{
    return arg_scalar(t->q, t->range, &t->args[index], index, ret);
}

bool transform_string(struct transform *t, size_t index, str *ret)
{
    return arg_string(t->q, t->range, &t->args[index], index, ret);
}

void transform_drop_name(const struct transform *t, struct mql_series *s)
{
    if (!t->func->keeps_name && !t->expr->call.keep_metric_names)
        s->name = S("");
}

// ---- element by element ------------------------------------------------------------------------

bool transform_numbers(struct transform *t, struct mql_vec *ret)
{
    for (size_t i = 0; i < t->args[0].count; i++) {
        struct mql_series *s = t->args[0].items[i];
        transform_drop_name(t, s);
        for (size_t j = 0; j < t->range->points; j++)
            s->values[j] = t->func->number(s->values[j]);
    }
    return transform_add_arg(t, 0, ret);
}

bool transform_series(struct transform *t, struct mql_vec *ret)
{
    for (size_t i = 0; i < t->args[0].count; i++)
        t->func->series(t, t->args[0].items[i]->values);
    return transform_add_arg(t, 0, ret);
}

// lower or upper may be NULL.
static bool clamp(struct transform *t, const double *lower, const double *upper,
                  struct mql_vec *ret)
{
    for (size_t i = 0; i < t->args[0].count; i++) {
        double *values = t->args[0].items[i]->values;
        for (size_t j = 0; j < t->range->points; j++) {
            if (upper && values[j] > upper[j])
                values[j] = upper[j];
            else if (lower && values[j] < lower[j])
                values[j] = lower[j];
        }
    }
    return transform_add_arg(t, 0, ret);
}

bool transform_clamp(struct transform *t, struct mql_vec *ret)
{
    const double *lower, *upper;
    return transform_scalar(t, 1, &lower) && transform_scalar(t, 2, &upper) &&
           clamp(t, lower, upper, ret);
}

bool transform_clamp_min(struct transform *t, struct mql_vec *ret)
{
    const double *lower;
    return transform_scalar(t, 1, &lower) && clamp(t, lower, NULL, ret);
}

bool transform_clamp_max(struct transform *t, struct mql_vec *ret)
{
    const double *upper;
    return transform_scalar(t, 1, &upper) && clamp(t, NULL, upper, ret);
}

#define ROUND_DIGITS_MAX 18

// 10 to the number of decimal places of x, as VictoriaMetrics' decimals have them.
static double power_of_places(double x)
{
    double power = 1;
    if (isnan(x) || isinf(x) || x == 0)
        return power;
    for (int i = 0; i < ROUND_DIGITS_MAX; i++, power *= 10) {
        double scaled = x * power;
        if (fabs(scaled - nearbyint(scaled)) <= fabs(scaled) * 1e-15)
            return power;
    }
    return power;
}

bool transform_round(struct transform *t, struct mql_vec *ret)
{
    const double *nearest = NULL;
    if (t->count > 1 && !transform_scalar(t, 1, &nearest))
        return false;
    for (size_t i = 0; i < t->args[0].count; i++) {
        double *values = t->args[0].items[i]->values;
        double n = 1, power = 1;
        for (size_t j = 0; j < t->range->points; j++) {
            if (nearest && nearest[j] != n) {
                n = nearest[j];
                power = power_of_places(n);
            }
            double v = values[j] + 0.5 * copysign(n, values[j]);
            v -= fmod(v, n);
            values[j] = trunc(v * power) / power;
        }
    }
    return transform_add_arg(t, 0, ret);
}

static uint64_t to_bits(double v) // negative numbers: two's complement
{
    if (v >= 0x1p63)
        return v >= 0x1p64 ? UINT64_MAX : (uint64_t)v;
    return (uint64_t)mql_to_int(v);
}

bool transform_bitmap(struct transform *t, struct mql_vec *ret)
{
    const double *mask;
    if (!transform_scalar(t, 1, &mask))
        return false;
    for (size_t i = 0; i < t->args[0].count; i++) {
        struct mql_series *s = t->args[0].items[i];
        transform_drop_name(t, s);
        for (size_t j = 0; j < t->range->points; j++) {
            double v = s->values[j];
            bool has_both = !isnan(v) && !isnan(mask[j]);
            s->values[j] = has_both ? (double)t->func->bits(to_bits(v), to_bits(mask[j])) : NAN;
        }
    }
    return transform_add_arg(t, 0, ret);
}

// ---- kinds -------------------------------------------------------------------------------------

bool transform_absent(struct transform *t, struct mql_vec *ret)
{
    if (!eval_absent(t->q, t->range, t->expr->call.args[0], ret))
        return false;
    double *values = ret->items[ret->count - 1]->values;
    for (size_t i = 0; i < t->args[0].count; i++) {
        for (size_t j = 0; j < t->range->points; j++) {
            if (!isnan(t->args[0].items[i]->values[j]))
                values[j] = NAN;
        }
    }
    return true;
}

bool transform_scalar_of(struct transform *t, struct mql_vec *ret)
{
    const struct mql_expr *arg = t->expr->call.args[0];
    double v = NAN;
    if (arg->kind == MQL_STRING) {
        if (!str_to_f64(arg->string.value, &v))
            v = NAN;
        return eval_constant(t->q, t->range, v, ret);
    }
    if (t->args[0].count != 1)
        return eval_constant(t->q, t->range, NAN, ret);
    t->args[0].items[0]->name = S("");
    t->args[0].items[0]->label_count = 0;
    return transform_add_arg(t, 0, ret);
}

bool transform_vector(struct transform *t, struct mql_vec *ret)
{
    return transform_add_arg(t, 0, ret);
}

bool transform_drop_empty(struct transform *t, struct mql_vec *ret)
{
    mql_vec_remove_empty(&t->args[0], t->range->points);
    return transform_add_arg(t, 0, ret);
}

static bool are_scalars(const struct transform *t)
{
    for (size_t i = 0; i < t->count; i++) {
        if (!mql_vec_is_scalar(&t->args[i]))
            return false;
    }
    return true;
}

// Of series with the same name and labels the first one stays; numbers stay all.
bool transform_union(struct transform *t, struct mql_vec *ret)
{
    if (t->count == 0)
        return eval_constant(t->q, t->range, NAN, ret);
    bool keeps_all = are_scalars(t);
    defer(mql_groups_done) struct mql_groups seen = {.mem = t->q->mem};
    for (size_t i = 0; i < t->count; i++) {
        for (size_t j = 0; j < t->args[i].count; j++) {
            str key = mql_series_key(t->args[i].items[j], t->q->mem);
            if (!keeps_all && mql_groups_find(&seen, key))
                continue;
            mql_groups_get(&seen, key);
            mql_vec_add(ret, t->q->mem, t->args[i].items[j]);
        }
    }
    return true;
}
