// SPDX-License-Identifier: Apache-2.0
// Aggregates that make several series of a group, or relate each series to its group.
#include <math.h>

#include "base/text/gofmt.h"
#include "rules/metricsql/aggr.h"
#include "rules/metricsql/buckets.h"
#include "rules/metricsql/histogram.h"

bool aggr_share(struct aggr *a, struct mql_vec *group, struct mql_vec *ret)
{
    for (size_t i = 0; i < a->range->points; i++) {
        double sum = 0;
        for (size_t j = 0; j < group->count; j++) {
            double v = group->items[j]->values[i];
            sum += v >= 0 ? v : 0;
        }
        for (size_t j = 0; j < group->count; j++) {
            double *v = &group->items[j]->values[i];
            *v = *v >= 0 ? *v / sum : NAN;
        }
    }
    mql_vec_add_all(ret, a->q->mem, group);
    return true;
}

bool aggr_zscore(struct aggr *a, struct mql_vec *group, struct mql_vec *ret)
{
    for (size_t i = 0; i < a->range->points; i++) {
        double mean = 0, count = 0, squares = 0; // Welford, as upstream's last digits
        for (size_t j = 0; j < group->count; j++) {
            double v = group->items[j]->values[i];
            if (isnan(v))
                continue;
            count++;
            double next = mean + (v - mean) / count;
            squares += (v - mean) * (v - next);
            mean = next;
        }
        double deviation = sqrt(squares / count);
        for (size_t j = 0; j < group->count; j++) {
            double *v = &group->items[j]->values[i];
            *v = (*v - mean) / deviation;
        }
    }
    mql_vec_add_all(ret, a->q->mem, group);
    return true;
}

bool aggr_quantiles(struct aggr *a, struct mql_vec *group, struct mql_vec *ret)
{
    struct mql_series **made = arena_array(a->q->mem, struct mql_series *, a->phi_count);
    for (size_t i = 0; i < a->phi_count; i++) {
        made[i] = eval_like(a->q, group->items[0], a->range->points, NAN);
        if (!made[i])
            return false;
        mql_series_set(made[i], a->q->mem, a->label, eval_number_text(a->q, a->phis[i]));
        mql_vec_add(ret, a->q->mem, made[i]);
    }
    for (size_t i = 0; i < a->range->points; i++) {
        size_t count;
        const double *values = aggr_column(a, group, i, &count);
        const double *sorted = mql_sorted(&a->q->scratch, values, &count);
        for (size_t j = 0; j < a->phi_count; j++)
            made[j]->values[i] = mql_quantile_sorted(a->phis[j], sorted, count);
    }
    return true;
}

// ---- one series per value ----------------------------------------------------------------------

struct made {
    struct aggr *a;
    const struct mql_series *like;
    str label;
    double start; // what a new series has at every point
    size_t point;
    struct mql_groups *groups;
    bool failed;
};

static struct mql_series *made_at(struct made *m, str value) // NULL: out of bounds
{
    struct mql_group *g = mql_groups_find(m->groups, value);
    if (g)
        return g->series.items[0];
    struct mql_series *s = eval_like(m->a->q, m->like, m->a->range->points, m->start);
    m->failed |= !s;
    if (!s)
        return NULL;
    value = arena_str(m->a->q->mem, value);
    mql_series_set(s, m->a->q->mem, m->label, value);
    mql_vec_add(&mql_groups_get(m->groups, value)->series, m->a->q->mem, s);
    return s;
}

static void made_add_to(const struct made *m, struct mql_vec *ret)
{
    map_each (struct mql_group, g, &m->groups->map)
        mql_vec_add_all(ret, m->a->q->mem, &g->series);
}

static void count_value(struct made *m, double v, struct buf *text)
{
    buf_clear(text);
    buf_put_f64(text, v == 0 ? 0 : v, 'f', -1);
    struct mql_series *s = made_at(m, buf_str(text));
    if (!s)
        return;
    double *n = &s->values[m->point];
    *n = isnan(*n) ? 1 : *n + 1;
}

bool aggr_count_values(struct aggr *a, struct mql_vec *group, struct mql_vec *ret)
{
    defer(mql_groups_done) struct mql_groups groups = {.mem = a->q->mem};
    defer(buf_done) struct buf text = {0};
    struct made m = {a, group->items[0], a->label, NAN, 0, &groups, false};
    for (size_t i = 0; i < group->count; i++) {
        for (m.point = 0; m.point < a->range->points && !m.failed; m.point++) {
            double v = group->items[i]->values[m.point];
            if (!isnan(v))
                count_value(&m, v, &text);
        }
    }
    made_add_to(&m, ret);
    return !m.failed;
}

static void put_bucket(void *owner, str vmrange, uint64_t count)
{
    struct made *m = owner;
    struct mql_series *s = made_at(m, vmrange);
    if (s)
        s->values[m->point] = (double)count;
}

bool aggr_histogram(struct aggr *a, struct mql_vec *group, struct mql_vec *ret)
{
    defer(mql_groups_done) struct mql_groups groups = {.mem = a->q->mem};
    struct made m = {a, group->items[0], S("vmrange"), 0, 0, &groups, false};
    for (m.point = 0; m.point < a->range->points && !m.failed; m.point++) {
        struct buckets buckets = {0};
        for (size_t i = 0; i < group->count; i++)
            buckets_add(&buckets, group->items[i]->values[m.point]);
        buckets_visit(&buckets, a->q->mem, put_bucket, &m);
    }
    struct mql_vec made = {0};
    made_add_to(&m, &made);
    return !m.failed && histogram_to_le(a->q, a->range->points, &made, ret);
}
