// SPDX-License-Identifier: Apache-2.0
// Where the samples of a rollup function come from: the store, or an expression that is evaluated
// at steps of its own (subquery); moved by offset and @.
#include <math.h>

#include "base/core/alloc.h"
#include "rules/metricsql/rollup.h"

#define SILENCE_MS 300000 // how far in front of the window a previous sample is looked for

struct source {
    const struct mql_expr *series;
    const struct mql_expr *window, *step, *offset, *at; // or NULL
    bool is_subquery;
};

// in_function: a window with a step makes a subquery even of a selector.
static struct source source_of(const struct mql_expr *e, bool in_function)
{
    if (e->kind != MQL_ROLLUP)
        return (struct source){.series = e, .is_subquery = e->kind != MQL_SELECTOR};
    const struct mql_rollup *r = &e->rollup;
    bool has_step = r->step || r->inherits_step;
    return (struct source){r->expr, r->window,
                           r->step, r->offset,
                           r->at,   r->expr->kind != MQL_SELECTOR || (in_function && has_step)};
}

static bool duration_of(struct eval *q, const struct mql_expr *e, int64_t step, int64_t *ret)
{
    *ret = 0;
    if (!e)
        return true;
    if (!dur_ms_parse_metricsql(e->duration.text, step, ret, q->err))
        return false;
    *ret = CLAMP(*ret, -MQL_TIME_MS_MAX, MQL_TIME_MS_MAX);
    return true;
}

static bool positive_duration_of(struct eval *q, const struct mql_expr *e, int64_t step,
                                 const char *what, int64_t *ret)
{
    if (!duration_of(q, e, step, ret))
        return false;
    if (*ret >= 0)
        return true;
    return err_set(q->err, ERR_INVALID,
                   "cannot parse %s in square brackets: unexpected negative duration %lldms", what,
                   (long long)*ret);
}

// ---- samples of the store ----------------------------------------------------------------------

static void load_samples(struct eval *q, const struct memstore_series *s, bool keeps_stale,
                         size_t *ret_count)
{
    double *values = mql_scratch_get(&q->values, s->count);
    if (s->count > q->timestamp_cap) {
        q->timestamp_cap = s->count;
        q->timestamps = mem_resize(q->timestamps, s->count, sizeof(*q->timestamps));
    }
    size_t kept = 0;
    for (size_t i = 0; i < s->count; i++) {
        if (!keeps_stale && is_stale_nan(s->values[i]))
            continue;
        values[kept] = s->values[i];
        q->timestamps[kept++] = s->timestamps[i];
    }
    *ret_count = kept;
}

static struct mql_series origin_of(struct eval *q, const struct memstore_series *s)
{
    struct mql_series origin = {0};
    struct label *labels = arena_array(q->mem, struct label, s->label_count + 1);
    size_t count = 0;
    for (size_t i = 0; i < s->label_count; i++) {
        if (str_eq(s->labels[i].name, METRIC_NAME_LABEL))
            origin.name = s->labels[i].value;
        else
            labels[count++] = s->labels[i];
    }
    origin.labels = labels;
    origin.label_count = count;
    return origin;
}

static bool from_store(struct eval *q, const struct range *r, struct rollup_plan *p,
                       const struct source *src, struct mql_vec *ret)
{
    if (src->series->selector.count == 0 ||
        (src->series->selector.count == 1 && src->series->selector.alternatives[0].count == 0))
        return eval_constant(q, r, NAN, ret); // {} is no series
    if (!positive_duration_of(q, src->window, r->step, "lookbehind window", &p->window))
        return false;
    int64_t from = r->start - MAX(p->window, r->step);
    if (p->func->flags & ROLLUP_BEFORE)
        from -= SILENCE_MS;
    struct memstore_series *found;
    size_t count;
    if (!memstore_select(q->query->store, &src->series->selector, from, r->end, q->mem, &found,
                         &count, q->err))
        return false;
    for (size_t i = 0; i < count; i++) {
        struct mql_series origin = origin_of(q, &found[i]);
        size_t samples;
        if (!eval_has_room(q, 0) || !eval_spend(q, found[i].count))
            return false;
        load_samples(q, &found[i], p->func->flags & ROLLUP_STALE, &samples);
        if (!rollup_series(q, r, p, &origin, q->values.p, q->timestamps, samples, ret))
            return false;
    }
    return true;
}

// ---- samples of an expression ------------------------------------------------------------------

static int64_t round_down(int64_t t, int64_t step)
{
    return t - t % step;
}

static int64_t round_up(int64_t t, int64_t step)
{
    int64_t over = t % step;
    return over > 0 ? t + (step - over) : t;
}

static bool subquery_range(struct eval *q, const struct range *r, const struct source *src,
                           int64_t window, struct range *ret)
{
    int64_t step;
    if (!positive_duration_of(q, src->step, r->step, "step", &step))
        return false;
    if (step == 0)
        step = r->step;
    return range_init(ret, round_down(r->start - window - step - SILENCE_MS, step),
                      round_up(r->end + step, step), step, q->limits.subquery_points_max, q->err);
}

static size_t load_points(struct eval *q, const struct range *r, const struct mql_series *s)
{
    double *values = mql_scratch_get(&q->values, r->points);
    if (r->points > q->timestamp_cap) {
        q->timestamp_cap = r->points;
        q->timestamps = mem_resize(q->timestamps, r->points, sizeof(*q->timestamps));
    }
    size_t kept = 0;
    for (size_t i = 0; i < r->points; i++) {
        if (isnan(s->values[i]))
            continue;
        values[kept] = s->values[i];
        q->timestamps[kept++] = range_at(r, i);
    }
    return kept;
}

static bool from_subquery(struct eval *q, const struct range *r, struct rollup_plan *p,
                          const struct source *src, struct mql_vec *ret)
{
    struct range inner;
    struct mql_vec series = {0};
    if (!positive_duration_of(q, src->window, r->step, "lookbehind window", &p->window) ||
        !subquery_range(q, r, src, p->window, &inner) ||
        !eval_expr(q, &inner, src->series, &series))
        return false;
    for (size_t i = 0; i < series.count; i++) {
        if (!eval_spend(q, inner.points))
            return false;
        size_t count = load_points(q, &inner, series.items[i]);
        if (!rollup_series(q, r, p, series.items[i], q->values.p, q->timestamps, count, ret))
            return false;
    }
    return true;
}

// ---- absent ------------------------------------------------------------------------------------

bool eval_absent(struct eval *q, const struct range *r, const struct mql_expr *e,
                 struct mql_vec *ret)
{
    if (!eval_constant(q, r, 1, ret))
        return false;
    if (e->kind != MQL_SELECTOR || e->selector.count != 1)
        return true;
    const struct mql_filters *f = &e->selector.alternatives[0];
    for (size_t i = 0; i < f->count; i++) {
        const struct mql_filter *x = &f->items[i];
        if (!x->is_regexp && !x->is_negative && !str_eq(x->label, METRIC_NAME_LABEL))
            mql_series_set(ret->items[ret->count - 1], q->mem, x->label, x->value);
    }
    return true;
}

// Of all series together: a point counts as absent only where each of them says so.
static bool absent_of_all(struct eval *q, const struct range *r, const struct mql_expr *e,
                          const struct mql_vec *all, struct mql_vec *ret)
{
    if (!eval_absent(q, r, e, ret))
        return false;
    double *values = ret->items[ret->count - 1]->values;
    for (size_t i = 0; i < all->count; i++) {
        for (size_t j = 0; j < r->points; j++) {
            if (isnan(all->items[i]->values[j]))
                values[j] = NAN;
        }
    }
    return true;
}

// ---- offset and @ ------------------------------------------------------------------------------

static bool eval_moved(struct eval *q, const struct range *r, struct rollup_plan *p,
                       const struct source *src, struct mql_vec *ret)
{
    int64_t offset;
    if (!duration_of(q, src->offset, r->step, &offset))
        return false;
    if (p->func->flags & ROLLUP_CANDLESTICK)
        offset -= r->step; // a candle is shown at its beginning
    struct range moved;
    if (!range_init(&moved, r->start - offset, r->end - offset, r->step, r->points_max, q->err))
        return false;
    struct mql_vec all = {0};
    bool ok = src->is_subquery ? from_subquery(q, &moved, p, src, &all)
                               : from_store(q, &moved, p, src, &all);
    if (!ok)
        return false;
    if (p->func->flags & ROLLUP_ABSENT)
        return absent_of_all(q, r, src->series, &all, ret);
    mql_vec_add_all(ret, q->mem, &all);
    return true;
}

static bool instant_of(struct eval *q, const struct range *r, const struct mql_expr *at,
                       int64_t *ret)
{
    struct mql_vec v = {0};
    if (!eval_expr(q, r, at, &v))
        return err_wrap(q->err, "cannot evaluate `@` modifier");
    if (v.count != 1)
        return err_set(q->err, ERR_INVALID,
                       "`@` modifier must return a single series; it returns %zu series instead",
                       v.count);
    for (size_t i = 0; i < r->points; i++) {
        double x = v.items[0]->values[i];
        if (isnan(x))
            continue;
        *ret = mql_to_int(x * 1000);
        return true;
    }
    return err_set(q->err, ERR_INVALID, "`@` modifier must return a non-NaN value");
}

// One instant's values, shown at every point.
static bool eval_at(struct eval *q, const struct range *r, struct rollup_plan *p,
                    const struct source *src, struct mql_vec *ret)
{
    int64_t instant = 0;
    struct range at = {0};
    struct mql_vec found = {0};
    if (!instant_of(q, r, src->at, &instant) ||
        !range_init(&at, instant, instant, r->step, r->points_max, q->err) ||
        !eval_moved(q, &at, p, src, &found))
        return false;
    for (size_t i = 0; i < found.count; i++) {
        struct mql_series *s = eval_like(q, found.items[i], r->points, found.items[i]->values[0]);
        if (!s)
            return false;
        mql_vec_add(ret, q->mem, s);
    }
    return true;
}

static bool eval_source(struct eval *q, const struct range *r, struct rollup_plan *p,
                        const struct source *src, struct mql_vec *ret)
{
    return src->at ? eval_at(q, r, p, src, ret) : eval_moved(q, r, p, src, ret);
}

// ---- nodes -------------------------------------------------------------------------------------

bool eval_rollup_bare(struct eval *q, const struct range *r, const struct mql_expr *e,
                      struct mql_vec *ret)
{
    struct source src = source_of(e, false);
    struct rollup_plan p;
    if (rollup_plan_init(&p, q, rollup_func_find(S("default_rollup")), e) &&
        eval_source(q, r, &p, &src, ret))
        return true;
    return eval_fail(q, e);
}

static bool read_args(struct eval *q, const struct range *r, const struct rollup_func *f,
                      const struct mql_call *c, size_t series_at, struct rollup_args *ret)
{
    if (series_at >= c->count)
        return err_set(q->err, ERR_INVALID, "expecting at least %zu args; got %zu args",
                       series_at + 1, c->count);
    struct mql_vec *args = arena_array(q->mem, struct mql_vec, c->count);
    for (size_t i = 0; i < c->count; i++) {
        if (i != series_at && !eval_expr(q, r, c->args[i], &args[i]))
            return false;
    }
    if (!args_check(q, c->count, f->args_min, f->args_max))
        return false;
    return !f->read || f->read(q, r, c, args, ret);
}

bool eval_rollup_call(struct eval *q, const struct range *r, const struct mql_expr *e,
                      struct mql_vec *ret)
{
    const struct mql_call *c = &e->call;
    const struct rollup_func *f = rollup_func_find(c->name);
    size_t series_at = mql_func_series_arg(c->func, c->count);
    struct rollup_args args = {0};
    struct rollup_plan p;
    if (!f)
        return err_set(q->err, ERR_UNSUPPORTED, "unknown func %.*s", STR(c->name));
    if (!read_args(q, r, f, c, series_at, &args) || !rollup_plan_init(&p, q, f, e))
        return eval_fail(q, e);
    p.args = args;
    struct source src = source_of(c->args[series_at], true);
    return eval_source(q, r, &p, &src, ret) || eval_fail(q, e);
}
