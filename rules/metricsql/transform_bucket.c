// SPDX-License-Identifier: Apache-2.0
// Functions over the buckets of histograms.
#include <math.h>

#include "rules/metricsql/histogram.h"
#include "rules/metricsql/transform.h"

struct histograms {
    struct histogram *items;
    size_t count;
};

// The histograms of an argument; merges: buckets with the same le become one.
static bool read_histograms(struct transform *t, const struct mql_vec *arg, bool merges,
                            struct histograms *ret)
{
    struct mql_vec buckets = {0};
    if (!histogram_to_le(t->q, t->range->points, arg, &buckets) ||
        !histogram_group(t->q, &buckets, true, &ret->items, &ret->count))
        return false;
    for (size_t i = 0; merges && i < ret->count; i++)
        histogram_merge_same(&ret->items[i], t->range->points);
    return true;
}

// ---- estimates with bounds ---------------------------------------------------------------------

typedef struct estimate estimate_fn(const struct histogram *h, size_t point, double x);

static struct mql_series *bound_series(struct transform *t, const struct mql_series *s, str label,
                                       str which)
{
    struct mql_series *copy = eval_copy(t->q, s, t->range->points);
    if (copy)
        mql_series_set(copy, t->q->mem, label, which);
    return copy;
}

// The first bucket's series becomes the result. label: of the series of bounds; empty: none wanted.
static bool estimate_one(struct transform *t, const struct histogram *h, estimate_fn *fn,
                         const double *x, str label, struct mql_vec *ret)
{
    struct mql_series *s = h->items[0].series, *lower = NULL, *upper = NULL;
    if (label.n) {
        lower = bound_series(t, s, label, S("lower"));
        upper = bound_series(t, s, label, S("upper"));
        if (!lower || !upper)
            return false;
    }
    for (size_t i = 0; i < t->range->points; i++) {
        struct estimate e = fn(h, i, x[i]);
        s->values[i] = e.value;
        if (lower && upper) {
            lower->values[i] = e.lower;
            upper->values[i] = e.upper;
        }
    }
    mql_vec_add(ret, t->q->mem, s);
    if (lower && upper) {
        mql_vec_add(ret, t->q->mem, lower);
        mql_vec_add(ret, t->q->mem, upper);
    }
    return true;
}

static bool estimate_all(struct transform *t, const struct mql_vec *buckets, estimate_fn *fn,
                         const double *x, str label, struct mql_vec *ret)
{
    struct histograms all;
    if (!read_histograms(t, buckets, true, &all))
        return false;
    for (size_t i = 0; i < all.count; i++) {
        if (!eval_spend(t->q, (uint64_t)all.items[i].count * t->range->points) ||
            !estimate_one(t, &all.items[i], fn, x, label, ret))
            return false;
    }
    return true;
}

static bool estimate_with_label(struct transform *t, estimate_fn *fn, struct mql_vec *ret)
{
    const double *x;
    str label = S("");
    if (!transform_scalar(t, 0, &x) || (t->count > 2 && !transform_string(t, 2, &label)))
        return false;
    return estimate_all(t, &t->args[1], fn, x, label, ret);
}

bool transform_histogram_quantile(struct transform *t, struct mql_vec *ret)
{
    return estimate_with_label(t, histogram_quantile, ret);
}

bool transform_histogram_share(struct transform *t, struct mql_vec *ret)
{
    return estimate_with_label(t, histogram_share, ret);
}

static bool copy_all(struct transform *t, const struct mql_vec *v, struct mql_vec *ret)
{
    for (size_t i = 0; i < v->count; i++) {
        struct mql_series *s = eval_copy(t->q, v->items[i], t->range->points);
        if (!s)
            return false;
        mql_vec_add(ret, t->q->mem, s);
    }
    return true;
}

bool transform_histogram_quantiles(struct transform *t, struct mql_vec *ret)
{
    str label;
    if (!transform_string(t, 0, &label))
        return false;
    for (size_t i = 1; i + 1 < t->count; i++) {
        const double *phi;
        struct mql_vec buckets = {0}, made = {0};
        if (!transform_scalar(t, i, &phi) || !copy_all(t, &t->args[t->count - 1], &buckets) ||
            !estimate_all(t, &buckets, histogram_quantile, phi, S(""), &made))
            return false;
        for (size_t j = 0; j < made.count; j++)
            mql_series_set(made.items[j], t->q->mem, label, eval_number_text(t->q, phi[0]));
        mql_vec_add_all(ret, t->q->mem, &made);
    }
    return true;
}

bool transform_histogram_fraction(struct transform *t, struct mql_vec *ret)
{
    const double *lower, *upper;
    struct histograms all;
    if (!transform_scalar(t, 0, &lower) || !transform_scalar(t, 1, &upper))
        return false;
    if (lower[0] >= upper[0])
        return err_set(t->q->err, ERR_INVALID,
                       "lower le cannot be greater than upper le; got lower le: %f, upper le: %f",
                       lower[0], upper[0]);
    if (!read_histograms(t, &t->args[2], true, &all))
        return false;
    for (size_t i = 0; i < all.count; i++) {
        const struct histogram *h = &all.items[i];
        for (size_t j = 0; j < t->range->points; j++)
            h->items[0].series->values[j] =
                histogram_share(h, j, upper[j]).value - histogram_share(h, j, lower[j]).value;
        mql_vec_add(ret, t->q->mem, h->items[0].series);
    }
    return true;
}

// ---- moments -----------------------------------------------------------------------------------

static bool reduce(struct transform *t, double (*fn)(const struct histogram *, size_t),
                   struct mql_vec *ret)
{
    struct histograms all;
    if (!read_histograms(t, &t->args[0], false, &all))
        return false;
    for (size_t i = 0; i < all.count; i++) {
        struct mql_series *s = all.items[i].items[0].series;
        for (size_t j = 0; j < t->range->points; j++)
            s->values[j] = fn(&all.items[i], j);
        mql_vec_add(ret, t->q->mem, s);
    }
    return true;
}

static double histogram_stddev(const struct histogram *h, size_t point)
{
    return sqrt(histogram_stdvar(h, point));
}

bool transform_histogram_avg(struct transform *t, struct mql_vec *ret)
{
    return reduce(t, histogram_avg, ret);
}

bool transform_histogram_stdvar(struct transform *t, struct mql_vec *ret)
{
    return reduce(t, histogram_stdvar, ret);
}

bool transform_histogram_stddev(struct transform *t, struct mql_vec *ret)
{
    return reduce(t, histogram_stddev, ret);
}

// ---- fewer buckets -----------------------------------------------------------------------------

bool transform_prometheus_buckets(struct transform *t, struct mql_vec *ret)
{
    return histogram_to_le(t->q, t->range->points, &t->args[0], ret);
}

static void count_hits(struct histogram *h, size_t points)
{
    for (size_t i = 0; i < points; i++) {
        double below = 0;
        for (size_t j = 0; j < h->count; j++) {
            double v = h->items[j].series->values[i];
            h->items[j].hits += v - below;
            below = v;
        }
    }
}

#define HITS_MIN 1e-9 // less is an error of rounding

static bool is_unused(const struct bucket *b)
{
    return fabs(b->hits) < HITS_MIN;
}

static void remove_bucket(struct histogram *h, size_t at)
{
    memmove(&h->items[at], &h->items[at + 1], (h->count - at - 1) * sizeof(*h->items));
    h->count--;
}

// The two neighbours with the fewest hits become one; the ends stay: they tell minimum and maximum.
static void join_neighbours(struct histogram *h)
{
    size_t best = 1;
    for (size_t i = 1; i + 2 < h->count; i++) {
        if (h->items[i].hits + h->items[i + 1].hits < h->items[best].hits + h->items[best + 1].hits)
            best = i;
    }
    h->items[best + 1].hits += h->items[best].hits;
    remove_bucket(h, best);
}

static void limit_buckets(struct histogram *h, size_t limit, size_t points)
{
    if (h->count <= limit)
        return;
    count_hits(h, points);
    while (h->count > limit && is_unused(&h->items[h->count - 1]))
        h->count--;
    while (h->count > limit && is_unused(&h->items[0]))
        remove_bucket(h, 0);
    while (h->count > limit)
        join_neighbours(h);
}

#define BUCKETS_MIN 3 // both ends and something between them

bool transform_buckets_limit(struct transform *t, struct mql_vec *ret)
{
    int64_t limit;
    struct histograms all;
    struct mql_vec buckets = {0};
    if (!arg_int(t->q, &t->args[0], 0, &limit))
        return false;
    if (limit <= 0)
        return err_set(t->q->err, ERR_INVALID, "limit must be greater than 0; got %lld",
                       (long long)limit);
    if (!histogram_to_le(t->q, t->range->points, &t->args[1], &buckets) ||
        !histogram_group(t->q, &buckets, false, &all.items, &all.count))
        return false;
    for (size_t i = 0; i < all.count; i++) {
        struct histogram *h = &all.items[i];
        if (!eval_spend(t->q, (uint64_t)h->count * h->count))
            return false;
        limit_buckets(h, (size_t)MAX(limit, BUCKETS_MIN), t->range->points);
        for (size_t j = 0; j < h->count; j++)
            mql_vec_add(ret, t->q->mem, h->items[j].series);
    }
    return true;
}
