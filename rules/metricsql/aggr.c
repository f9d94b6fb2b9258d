// SPDX-License-Identifier: Apache-2.0
#include "rules/metricsql/aggr.h"

#include <math.h>

// ---- arguments ---------------------------------------------------------------------------------

static bool read_scalar(struct aggr *a)
{
    return arg_scalar(a->q, a->range, &a->args[0], 0, &a->scalar);
}

static bool read_number(struct aggr *a)
{
    return arg_int(a->q, &a->args[0], 0, &a->number);
}

static bool read_scalar_and_label(struct aggr *a) // the label is the third one
{
    if (!read_scalar(a))
        return false;
    return a->call->count < 3 || arg_string(a->q, a->range, &a->args[2], 2, &a->label);
}

// The label that count_values makes cannot tell groups apart.
static bool read_label(struct aggr *a)
{
    if (!arg_string(a->q, a->range, &a->args[0], 0, &a->label))
        return false;
    struct mql_modifier *m = &a->modifier;
    struct mql_names names = {0};
    for (size_t i = 0; i < m->count; i++) {
        if (m->kind != MQL_MODIFIER_BY || !str_eq(m->names[i], a->label))
            mql_names_add(&names, a->q->mem, m->names[i]);
    }
    if (m->kind == MQL_MODIFIER_WITHOUT)
        mql_names_add(&names, a->q->mem, a->label);
    m->names = names.items;
    m->count = names.count;
    return true;
}

static bool read_phis(struct aggr *a)
{
    if (!arg_string(a->q, a->range, &a->args[0], 0, &a->label))
        return false;
    a->phi_count = a->call->count - 2;
    double *phis = arena_array(a->q->mem, double, a->phi_count);
    for (size_t i = 0; i < a->phi_count; i++) {
        const double *values;
        if (!arg_scalar(a->q, a->range, &a->args[i + 1], i + 1, &values))
            return false;
        phis[i] = values[0];
    }
    a->phis = phis;
    return true;
}

// ---- the table ---------------------------------------------------------------------------------

#define COLUMN(text, fn)                                                                           \
    {                                                                                              \
        .name = text, .column = fn, .args_min = 1, .args_max = ARGS_ANY                            \
    }
#define INCREMENTAL(text, fn)                                                                      \
    {                                                                                              \
        .name = text, .column = fn, .args_min = 1, .args_max = ARGS_ANY, .is_incremental = true    \
    }
#define PICK(text, fn, min, max, ...)                                                              \
    {                                                                                              \
        .name = text, .group = fn, .args_min = min, .args_max = max, .keeps_labels = true,         \
        __VA_ARGS__                                                                                \
    }
#define RANKED(text, stat, ...)                                                                    \
    PICK(text, aggr_topk_range, 2, 3, .read = read_scalar_and_label, .statistic = stat, __VA_ARGS__)

static const struct aggr_func FUNCS[] = {
    PICK("any", aggr_any, 1, ARGS_ANY, .is_incremental = true),
    INCREMENTAL("avg", aggr_avg),
    PICK("bottomk", aggr_topk, 2, 2, .read = read_scalar, .is_bottom = true),
    RANKED("bottomk_avg", aggr_stat_avg, .is_bottom = true),
    RANKED("bottomk_last", aggr_stat_last, .is_bottom = true),
    RANKED("bottomk_max", aggr_stat_max, .is_bottom = true),
    RANKED("bottomk_median", aggr_stat_median, .is_bottom = true),
    RANKED("bottomk_min", aggr_stat_min, .is_bottom = true),
    INCREMENTAL("count", aggr_count),
    {.name = "count_values",
     .group = aggr_count_values,
     .read = read_label,
     .args_min = 2,
     .args_max = 2},
    COLUMN("distinct", aggr_distinct),
    INCREMENTAL("geomean", aggr_geomean),
    INCREMENTAL("group", aggr_group),
    {.name = "histogram", .group = aggr_histogram, .args_min = 1, .args_max = ARGS_ANY},
    PICK("limitk", aggr_limitk, 2, 2, .read = read_number),
    COLUMN("mad", aggr_mad),
    INCREMENTAL("max", aggr_max),
    COLUMN("median", aggr_median),
    INCREMENTAL("min", aggr_min),
    COLUMN("mode", aggr_mode),
    PICK("outliers_iqr", aggr_outliers_iqr, 1, 1),
    PICK("outliers_mad", aggr_outliers_mad, 2, 2, .read = read_scalar),
    PICK("outliersk", aggr_outliersk, 2, 2, .read = read_scalar),
    {.name = "quantile",
     .column = aggr_quantile,
     .read = read_scalar,
     .args_min = 2,
     .args_max = 2},
    {.name = "quantiles",
     .group = aggr_quantiles,
     .read = read_phis,
     .args_min = 3,
     .args_max = ARGS_ANY},
    PICK("share", aggr_share, 1, ARGS_ANY),
    COLUMN("stddev", aggr_stddev),
    COLUMN("stdvar", aggr_stdvar),
    INCREMENTAL("sum", aggr_sum),
    INCREMENTAL("sum2", aggr_sum2),
    PICK("topk", aggr_topk, 2, 2, .read = read_scalar),
    RANKED("topk_avg", aggr_stat_avg),
    RANKED("topk_last", aggr_stat_last),
    RANKED("topk_max", aggr_stat_max),
    RANKED("topk_median", aggr_stat_median),
    RANKED("topk_min", aggr_stat_min),
    PICK("zscore", aggr_zscore, 1, ARGS_ANY),
};

static const struct aggr_func *func_find(str name)
{
    for (size_t i = 0; i < ARRAY_LEN(FUNCS); i++) {
        if (str_eq_nocase(str_c(FUNCS[i].name), name))
            return &FUNCS[i];
    }
    return NULL;
}

// ---- groups ------------------------------------------------------------------------------------

void aggr_group_labels(const struct aggr *a, struct mql_series *s)
{
    if (a->modifier.kind == MQL_MODIFIER_WITHOUT) {
        mql_series_drop(s, a->modifier.names, a->modifier.count);
        s->name = S("");
    } else {
        mql_series_keep_only(s, a->modifier.names, a->modifier.count);
    }
}

static str group_key(const struct aggr *a, struct mql_series *s)
{
    if (!a->func->keeps_labels) {
        aggr_group_labels(a, s);
        return mql_series_key(s, a->q->mem);
    }
    struct mql_series copy = {.name = s->name};
    mql_series_set_labels(&copy, a->q->mem, s->labels, s->label_count);
    aggr_group_labels(a, &copy);
    return mql_series_key(&copy, a->q->mem);
}

static size_t group_limit(const struct aggr *a)
{
    int64_t limit = a->call->limit;
    if (a->func->group == aggr_any)
        limit = MIN(limit, 1);
    return limit > 0 ? (size_t)limit : SIZE_MAX;
}

static bool form_groups(struct aggr *a, const struct mql_vec *series, struct mql_groups *ret)
{
    size_t limit = group_limit(a);
    for (size_t i = 0; i < series->count; i++) {
        if (!eval_has_room(a->q, 0))
            return false;
        str key = group_key(a, series->items[i]);
        struct mql_group *g = mql_groups_find(ret, key);
        if (!g && ret->map.count >= limit)
            continue;
        if (!g)
            g = mql_groups_get(ret, key);
        mql_vec_add(&g->series, a->q->mem, series->items[i]);
    }
    return true;
}

const double *aggr_column(struct aggr *a, const struct mql_vec *group, size_t point,
                          size_t *ret_count)
{
    double *values = mql_scratch_get(&a->q->values, group->count);
    size_t count = 0;
    for (size_t i = 0; i < group->count; i++) {
        double v = group->items[i]->values[point];
        if (!isnan(v))
            values[count++] = v;
    }
    *ret_count = count;
    return values;
}

// Into the first series of the group.
static void run_columns(struct aggr *a, const struct mql_vec *group)
{
    double *to = group->items[0]->values;
    for (size_t i = 0; i < a->range->points; i++) {
        size_t count;
        const double *values = aggr_column(a, group, i, &count);
        to[i] = count ? a->func->column(a, i, values, count) : NAN;
    }
}

static bool run_group(struct aggr *a, struct mql_vec *group, struct mql_vec *ret)
{
    if (!eval_spend(a->q, (uint64_t)group->count * a->range->points))
        return false;
    if (!a->func->column)
        return a->func->group(a, group, ret);
    run_columns(a, group);
    mql_vec_add(ret, a->q->mem, group->items[0]);
    return true;
}

// ---- the node ----------------------------------------------------------------------------------

static bool is_plain_selector(const struct mql_expr *e) // maybe with a window
{
    if (e->kind == MQL_ROLLUP) {
        if (e->rollup.step || e->rollup.inherits_step)
            return false;
        e = e->rollup.expr;
    }
    return e->kind == MQL_SELECTOR && e->selector.count > 0;
}

// Upstream sums up rollups of stored series one by one, without looking whether they have any
// value: groups of series without values are not dropped then, and `default` finds them.
static bool takes_empty(const struct aggr *a)
{
    if (!a->func->is_incremental || a->call->count != 1)
        return false;
    const struct mql_expr *arg = a->call->args[0];
    if (arg->kind != MQL_CALL)
        return is_plain_selector(arg);
    if (arg->call.func->class != MQL_FUNC_ROLLUP)
        return false;
    size_t at = mql_func_series_arg(arg->call.func, arg->call.count);
    return at < arg->call.count && is_plain_selector(arg->call.args[at]);
}

static struct mql_vec series_of(struct aggr *a)
{
    struct mql_vec all = {0};
    if (a->func->read == read_scalar_and_label) {
        mql_vec_add_all(&all, a->q->mem, &a->args[1]);
    } else if (a->func->read) {
        mql_vec_add_all(&all, a->q->mem, &a->args[a->call->count - 1]);
    } else {
        for (size_t i = 0; i < a->call->count; i++)
            mql_vec_add_all(&all, a->q->mem, &a->args[i]);
    }
    if (!takes_empty(a))
        mql_vec_remove_empty(&all, a->range->points);
    return all;
}

static bool run(struct aggr *a, struct mql_vec *ret)
{
    if (!args_check(a->q, a->call->count, a->func->args_min, a->func->args_max) ||
        (a->func->read && !a->func->read(a)))
        return false;
    struct mql_vec series = series_of(a);
    defer(mql_groups_done) struct mql_groups groups = {.mem = a->q->mem};
    if (!form_groups(a, &series, &groups))
        return false;
    map_each (struct mql_group, g, &groups.map) {
        if (!run_group(a, &g->series, ret))
            return false;
    }
    return true;
}

bool eval_aggregate(struct eval *q, const struct range *r, const struct mql_expr *e,
                    struct mql_vec *ret)
{
    struct aggr a = {.q = q,
                     .range = r,
                     .call = &e->call,
                     .func = func_find(e->call.name),
                     .modifier = e->call.modifier};
    if (!a.func)
        return err_set(q->err, ERR_UNSUPPORTED, "unknown func %.*s", STR(e->call.name));
    a.args = eval_args(q, r, &e->call);
    if (!a.args)
        return false;
    return run(&a, ret) || eval_fail(q, e);
}
