// SPDX-License-Identifier: Apache-2.0
// Aggregates that choose among the series of a group and leave them their labels.
#include <math.h>

#include "base/core/hash.h"
#include "rules/metricsql/aggr.h"

// NaN is worse than any number.
static bool is_worse(double x, double y, bool is_bottom)
{
    if (isnan(x) || isnan(y))
        return isnan(x) && !isnan(y);
    return is_bottom ? x > y : x < y;
}

struct at_point {
    size_t point;
    bool is_bottom;
};

static bool is_worse_at(const void *ctx, const struct mql_series *x, const struct mql_series *y)
{
    const struct at_point *at = ctx;
    return is_worse(x->values[at->point], y->values[at->point], at->is_bottom);
}

static size_t places(double k, size_t count)
{
    int64_t n = mql_to_int(k);
    if (n <= 0)
        return 0;
    return (uint64_t)n < count ? (size_t)n : count;
}

// Only the last k of them keep their value.
static void cut_worst(const struct mql_vec *group, size_t point, double k)
{
    size_t losers = group->count - places(k, group->count);
    for (size_t i = 0; i < losers; i++)
        group->items[i]->values[point] = NAN;
}

static bool add_best_first(struct aggr *a, struct mql_vec *group, struct mql_vec *ret)
{
    mql_vec_remove_empty(group, a->range->points);
    mql_vec_reverse(group);
    mql_vec_add_all(ret, a->q->mem, group);
    return true;
}

bool aggr_topk(struct aggr *a, struct mql_vec *group, struct mql_vec *ret)
{
    for (size_t i = 0; i < a->range->points; i++) {
        struct at_point at = {i, a->func->is_bottom};
        mql_vec_sort_by(group, a->q->mem, is_worse_at, &at);
        cut_worst(group, i, a->scalar[i]);
    }
    return add_best_first(a, group, ret);
}

// ---- by a statistic over all points ------------------------------------------------------------

double aggr_stat_min(struct aggr *a, const double *values)
{
    double min = NAN;
    for (size_t i = 0; i < a->range->points; i++) {
        if (isnan(min) || values[i] < min)
            min = values[i];
    }
    return min;
}

double aggr_stat_max(struct aggr *a, const double *values)
{
    double max = NAN;
    for (size_t i = 0; i < a->range->points; i++) {
        if (isnan(max) || values[i] > max)
            max = values[i];
    }
    return max;
}

double aggr_stat_avg(struct aggr *a, const double *values)
{
    return mql_mean(values, a->range->points);
}

double aggr_stat_median(struct aggr *a, const double *values)
{
    return mql_quantile(&a->q->scratch, 0.5, values, a->range->points);
}

double aggr_stat_last(struct aggr *a, const double *values)
{
    size_t i = a->range->points;
    while (i > 0 && isnan(values[i - 1]))
        i--;
    return i ? values[i - 1] : NAN;
}

struct ranked {
    double value;
    struct mql_series *series;
    size_t place; // ties stay in order
};

static int cmp_ranked(const struct ranked *x, const struct ranked *y, bool is_bottom)
{
    if (is_worse(x->value, y->value, is_bottom))
        return -1;
    if (is_worse(y->value, x->value, is_bottom))
        return 1;
    return (x->place > y->place) - (x->place < y->place);
}

static int cmp_top(const void *x, const void *y)
{
    return cmp_ranked(x, y, false);
}

static int cmp_bottom(const void *x, const void *y)
{
    return cmp_ranked(x, y, true);
}

static void rank(struct aggr *a, struct mql_vec *group, struct ranked *list)
{
    qsort(list, group->count, sizeof(*list), a->func->is_bottom ? cmp_bottom : cmp_top);
    for (size_t i = 0; i < group->count; i++)
        group->items[i] = list[i].series;
}

// The sum of what is cut off, as one more series: "label" or "label=value". NULL: out of bounds.
static struct mql_series *remaining_sum(struct aggr *a, const struct mql_vec *group)
{
    struct mql_series *sum = eval_like(a->q, group->items[0], a->range->points, NAN);
    if (!sum)
        return NULL;
    str label, value;
    if (!str_cut(a->label, '=', &label, &value))
        value = a->label;
    aggr_group_labels(a, sum);
    mql_series_set(sum, a->q->mem, label, value);
    for (size_t i = 0; i < a->range->points; i++) {
        size_t losers = group->count - places(a->scalar[i], group->count);
        for (size_t j = 0; j < losers; j++) {
            double v = group->items[j]->values[i], *to = &sum->values[i];
            if (!isnan(v))
                *to = isnan(*to) ? v : *to + v;
        }
    }
    return sum;
}

static bool cut_ranked(struct aggr *a, struct mql_vec *group, struct mql_vec *ret)
{
    struct mql_series *sum = NULL;
    if (a->label.n) {
        sum = remaining_sum(a, group);
        if (!sum)
            return false;
    }
    for (size_t i = 0; i < a->range->points; i++)
        cut_worst(group, i, a->scalar[i]);
    if (sum)
        mql_vec_add(group, a->q->mem, sum);
    return add_best_first(a, group, ret);
}

bool aggr_topk_range(struct aggr *a, struct mql_vec *group, struct mql_vec *ret)
{
    struct ranked *list = arena_array(a->q->mem, struct ranked, group->count);
    for (size_t i = 0; i < group->count; i++) {
        struct mql_series *s = group->items[i];
        list[i] = (struct ranked){a->func->statistic(a, s->values), s, i};
    }
    rank(a, group, list);
    return cut_ranked(a, group, ret);
}

// ---- outliers ----------------------------------------------------------------------------------

static double *medians_of(struct aggr *a, const struct mql_vec *group)
{
    double *medians = arena_array(a->q->mem, double, a->range->points);
    for (size_t i = 0; i < a->range->points; i++) {
        size_t count;
        const double *values = aggr_column(a, group, i, &count);
        medians[i] = mql_quantile(&a->q->scratch, 0.5, values, count);
    }
    return medians;
}

// Those farthest from the median; a gap makes a series worse than all others.
bool aggr_outliersk(struct aggr *a, struct mql_vec *group, struct mql_vec *ret)
{
    if (!eval_has_room(a->q, a->range->points * sizeof(double)))
        return false;
    const double *medians = medians_of(a, group);
    struct ranked *list = arena_array(a->q->mem, struct ranked, group->count);
    for (size_t i = 0; i < group->count; i++) {
        double sum = 0;
        for (size_t j = 0; j < a->range->points; j++) {
            double d = group->items[i]->values[j] - medians[j];
            sum += d * d;
        }
        list[i] = (struct ranked){sum, group->items[i], i};
    }
    rank(a, group, list);
    return cut_ranked(a, group, ret);
}

struct fence {
    double lower, upper;
};

// Adds the series that leave the fence at any point.
static bool add_outside(struct aggr *a, const struct mql_vec *group, const struct fence *fences,
                        struct mql_vec *ret)
{
    for (size_t i = 0; i < group->count; i++) {
        const double *values = group->items[i]->values;
        for (size_t j = 0; j < a->range->points; j++) {
            if (values[j] > fences[j].upper || values[j] < fences[j].lower) {
                mql_vec_add(ret, a->q->mem, group->items[i]);
                break;
            }
        }
    }
    return true;
}

static struct fence *fences_new(struct aggr *a)
{
    if (!eval_has_room(a->q, a->range->points * sizeof(struct fence)))
        return NULL;
    return arena_array(a->q->mem, struct fence, a->range->points);
}

#define IQR_FENCE 1.5

bool aggr_outliers_iqr(struct aggr *a, struct mql_vec *group, struct mql_vec *ret)
{
    struct fence *fences = fences_new(a);
    for (size_t i = 0; fences && i < a->range->points; i++) {
        size_t count;
        const double *values = aggr_column(a, group, i, &count);
        const double *sorted = mql_sorted(&a->q->scratch, values, &count);
        double lower = mql_quantile_sorted(0.25, sorted, count);
        double upper = mql_quantile_sorted(0.75, sorted, count);
        double width = IQR_FENCE * (upper - lower);
        fences[i] = (struct fence){lower - width, upper + width};
    }
    return fences && add_outside(a, group, fences, ret);
}

bool aggr_outliers_mad(struct aggr *a, struct mql_vec *group, struct mql_vec *ret)
{
    struct fence *fences = fences_new(a);
    for (size_t i = 0; fences && i < a->range->points; i++) {
        size_t count;
        const double *values = aggr_column(a, group, i, &count);
        double median = mql_quantile(&a->q->scratch, 0.5, values, count);
        double width = mql_mad(&a->q->scratch, values, count) * a->scalar[i];
        fences[i] = (struct fence){median - width, median + width};
    }
    return fences && add_outside(a, group, fences, ret);
}

// ---- any, limitk -------------------------------------------------------------------------------

bool aggr_any(struct aggr *a, struct mql_vec *group, struct mql_vec *ret)
{
    mql_vec_add(ret, a->q->mem, group->items[0]);
    return true;
}

static uint64_t hash_of(const struct mql_series *s)
{
    struct xxh64 x;
    xxh64_init(&x);
    xxh64_update(&x, s->name);
    for (size_t i = 0; i < s->label_count; i++) {
        xxh64_update(&x, s->labels[i].name);
        xxh64_update(&x, s->labels[i].value);
    }
    return xxh64_digest(&x);
}

static bool has_less_hash(const void *ctx, const struct mql_series *x, const struct mql_series *y)
{
    (void)ctx;
    return hash_of(x) < hash_of(y);
}

// By hash: the same choice each time, and no favourites among names.
bool aggr_limitk(struct aggr *a, struct mql_vec *group, struct mql_vec *ret)
{
    mql_vec_sort_by(group, a->q->mem, has_less_hash, NULL);
    group->count = places((double)a->number, group->count);
    mql_vec_add_all(ret, a->q->mem, group);
    return true;
}
