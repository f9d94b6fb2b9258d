// SPDX-License-Identifier: Apache-2.0
#include "rules/metricsql/eval.h"

#include <math.h>

#include "base/core/alloc.h"
#include "base/core/f64.h"
#include "rules/metricsql/eval_int.h"
#include "rules/metricsql/rollup.h"

// ---- limits ------------------------------------------------------------------------------------

bool range_init(struct range *r, int64_t start, int64_t end, int64_t step, size_t points_max,
                struct err *err)
{
    if (start < -MQL_TIME_MS_MAX || start > MQL_TIME_MS_MAX || end > MQL_TIME_MS_MAX ||
        step > MQL_TIME_MS_MAX)
        return err_set(err, ERR_INVALID, "start=%lld, end=%lld or step=%lld is too far away",
                       (long long)start, (long long)end, (long long)step);
    if (step <= 0)
        return err_set(err, ERR_INVALID, "step can't be equal to zero");
    if (start > end)
        return err_set(err, ERR_INVALID, "start=%lld cannot exceed end=%lld", (long long)start,
                       (long long)end);
    uint64_t points = (uint64_t)(end - start) / (uint64_t)step + 1;
    if (points > points_max)
        return err_set(err, ERR_LIMIT,
                       "too many points for the given start=%lld, end=%lld and step=%lld: %llu; "
                       "the maximum number of points is %zu",
                       (long long)start, (long long)end, (long long)step,
                       (unsigned long long)points, points_max);
    *r = (struct range){start, end, step, (size_t)points, points_max};
    return true;
}

bool eval_has_room(struct eval *q, size_t bytes)
{
    size_t used = q->mem->used_bytes - q->bytes_at_start;
    if (used < q->limits.bytes_max && bytes <= q->limits.bytes_max - used)
        return true;
    return err_set(q->err, ERR_LIMIT, "the query needs more than %zu bytes of memory",
                   q->limits.bytes_max);
}

bool eval_spend(struct eval *q, uint64_t samples)
{
    if (samples <= q->limits.samples_max - q->samples) {
        q->samples += samples;
        return true;
    }
    return err_set(q->err, ERR_LIMIT, "the query looks at more than %llu samples",
                   (unsigned long long)q->limits.samples_max);
}

// ---- series ------------------------------------------------------------------------------------

struct mql_series *eval_series(struct eval *q, size_t points)
{
    if (!eval_has_room(q, sizeof(struct mql_series) + points * sizeof(double)))
        return NULL;
    struct mql_series *s = arena_new(q->mem, struct mql_series);
    s->values = arena_alloc_raw(q->mem, points * sizeof(double));
    return s;
}

static struct mql_series *like(struct eval *q, const struct mql_series *s, size_t points)
{
    struct mql_series *copy = eval_series(q, points);
    if (!copy)
        return NULL;
    copy->name = s->name;
    mql_series_set_labels(copy, q->mem, s->labels, s->label_count);
    return copy;
}

struct mql_series *eval_copy(struct eval *q, const struct mql_series *s, size_t points)
{
    struct mql_series *copy = like(q, s, points);
    if (copy)
        memcpy(copy->values, s->values, points * sizeof(double));
    return copy;
}

static void fill(double *values, size_t points, double v)
{
    for (size_t i = 0; i < points; i++)
        values[i] = v;
}

struct mql_series *eval_like(struct eval *q, const struct mql_series *s, size_t points, double v)
{
    struct mql_series *copy = like(q, s, points);
    if (copy)
        fill(copy->values, points, v);
    return copy;
}

bool eval_constant(struct eval *q, const struct range *r, double v, struct mql_vec *ret)
{
    struct mql_series *s = eval_series(q, r->points);
    if (!s)
        return false;
    fill(s->values, r->points, v);
    mql_vec_add(ret, q->mem, s);
    return true;
}

str eval_number_text(struct eval *q, double v)
{
    struct buf b = {.mem = q->mem};
    buf_put_f64_shortest(&b, v);
    return buf_str(&b);
}

// ---- arguments ---------------------------------------------------------------------------------

bool args_check(struct eval *q, size_t count, size_t min, size_t max)
{
    if (count >= min && count <= max)
        return true;
    if (max == ARGS_ANY)
        return err_set(q->err, ERR_INVALID, "not enough args; got %zu; want at least %zu", count,
                       min);
    if (min < max)
        return err_set(q->err, ERR_INVALID, "unexpected number of args; got %zu; want %zu...%zu",
                       count, min, max);
    return err_set(q->err, ERR_INVALID, "unexpected number of args; got %zu; want %zu", count, min);
}

bool arg_scalar(struct eval *q, const struct range *r, const struct mql_vec *arg, size_t index,
                const double **ret)
{
    (void)r;
    if (arg->count != 1)
        return err_set(q->err, ERR_INVALID, "arg #%zu must be a scalar", index + 1);
    *ret = arg->items[0]->values;
    return true;
}

bool arg_int(struct eval *q, const struct mql_vec *arg, size_t index, int64_t *ret)
{
    const double *values = NULL;
    bool ok = arg_scalar(q, NULL, arg, index, &values);
    if (ok && values)
        *ret = mql_to_int(values[0]);
    return ok;
}

// Strings are series without any value that have the text as their name.
bool arg_string(struct eval *q, const struct range *r, const struct mql_vec *arg, size_t index,
                str *ret)
{
    if (arg->count != 1 || !mql_series_is_empty(arg->items[0], r->points))
        return err_set(q->err, ERR_INVALID, "arg #%zu must be a string", index + 1);
    *ret = arg->items[0]->name;
    return true;
}

struct mql_vec *eval_args(struct eval *q, const struct range *r, const struct mql_call *c)
{
    struct mql_vec *args = arena_array(q->mem, struct mql_vec, c->count + 1);
    for (size_t i = 0; i < c->count; i++) {
        if (!eval_expr(q, r, c->args[i], &args[i]))
            return NULL;
    }
    return args;
}

// ---- nodes -------------------------------------------------------------------------------------

bool eval_fail(struct eval *q, const struct mql_expr *e)
{
    if (q->err && q->err->n >= ERR_TEXT_BYTES - sizeof("..."))
        return false; // nothing would be seen of it
    struct buf text = {.max = ERR_TEXT_BYTES};
    buf_put_mql(&text, e);
    err_wrap(q->err, "cannot evaluate %.*s", STR(mql_quote(q->mem, buf_str(&text))));
    buf_done(&text);
    return false;
}

static bool eval_string(struct eval *q, const struct range *r, const struct mql_expr *e,
                        struct mql_vec *ret)
{
    if (!eval_constant(q, r, NAN, ret))
        return false;
    ret->items[ret->count - 1]->name = e->string.value;
    return true;
}

static bool eval_duration(struct eval *q, const struct range *r, const struct mql_expr *e,
                          struct mql_vec *ret)
{
    int64_t ms = 0;
    if (!dur_ms_parse_metricsql(e->duration.text, r->step, &ms, q->err))
        return false;
    return eval_constant(q, r, (double)ms / 1000, ret);
}

static bool eval_call(struct eval *q, const struct range *r, const struct mql_expr *e,
                      struct mql_vec *ret)
{
    if (e->call.func->class == MQL_FUNC_ROLLUP)
        return eval_rollup_call(q, r, e, ret);
    return eval_transform(q, r, e, ret);
}

bool eval_expr(struct eval *q, const struct range *r, const struct mql_expr *e, struct mql_vec *ret)
{
    switch (e->kind) {
    case MQL_NUMBER:
        return eval_constant(q, r, e->number.value, ret);
    case MQL_STRING:
        return eval_string(q, r, e, ret);
    case MQL_DURATION:
        return eval_duration(q, r, e, ret);
    case MQL_SELECTOR:
    case MQL_ROLLUP:
        return eval_rollup_bare(q, r, e, ret);
    case MQL_CALL:
        return eval_call(q, r, e, ret);
    case MQL_AGGREGATE:
        return eval_aggregate(q, r, e, ret);
    case MQL_BINARY:
        return eval_binary(q, r, e, ret);
    case MQL_PARENS:
    case MQL_WITH:
        break; // of trees as they were written: mql_parse leaves none
    }
    return err_set(q->err, ERR_INVALID, "unexpected expression");
}

// ---- the result --------------------------------------------------------------------------------

// Does the outermost function or operator order its series itself?
static bool is_ordered(const struct mql_expr *e)
{
    static const char *const NAMES[] = {
        "sort",
        "sort_desc",
        "limit_offset",
        "sort_by_label",
        "sort_by_label_desc",
        "sort_by_label_numeric",
        "sort_by_label_numeric_desc",
        "topk",
        "bottomk",
        "outliersk",
        "topk_max",
        "topk_min",
        "topk_avg",
        "topk_median",
        "topk_last",
        "bottomk_max",
        "bottomk_min",
        "bottomk_avg",
        "bottomk_median",
        "bottomk_last",
    };
    if (e->kind == MQL_BINARY)
        return e->binary.op == MQL_OP_OR;
    if (e->kind != MQL_CALL && e->kind != MQL_AGGREGATE)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(NAMES); i++) {
        if (str_eq_nocase(e->call.name, str_c(NAMES[i])))
            return true;
    }
    return false;
}

static bool check_unique(struct eval *q, const struct mql_vec *v)
{
    defer(mql_groups_done) struct mql_groups seen = {.mem = q->mem};
    for (size_t i = 0; i < v->count; i++) {
        str key = mql_series_key(v->items[i], q->mem);
        if (mql_groups_find(&seen, key)) {
            struct buf b = {.mem = q->mem, .max = ERR_TEXT_BYTES};
            buf_put_mql_series(&b, v->items[i], true);
            return err_set(q->err, ERR_INVALID, "duplicate output timeseries: %.*s",
                           STR(buf_str(&b)));
        }
        mql_groups_get(&seen, key);
    }
    return true;
}

static struct mql_limits with_defaults(const struct mql_limits *given)
{
    struct mql_limits l = given ? *given : (struct mql_limits){0};
    if (!l.points_max)
        l.points_max = MQL_POINTS_MAX;
    if (!l.subquery_points_max)
        l.subquery_points_max = MQL_SUBQUERY_POINTS_MAX;
    if (!l.bytes_max)
        l.bytes_max = MQL_EVAL_BYTES_MAX;
    if (!l.samples_max)
        l.samples_max = MQL_SAMPLES_MAX;
    return l;
}

static bool run(struct eval *q, const struct mql_expr *e, struct mql_result *ret)
{
    struct range r = {0};
    struct mql_vec v = {0};
    const struct mql_query *query = q->query;
    if (!range_init(&r, query->start_ms, query->end_ms, query->step_ms, q->limits.points_max,
                    q->err) ||
        !eval_expr(q, &r, e, &v))
        return false;
    mql_vec_remove_empty(&v, r.points);
    if (!is_ordered(e))
        mql_vec_sort(&v, q->mem);
    if (!check_unique(q, &v))
        return false;
    *ret = (struct mql_result){v.items, v.count, r.points};
    return true;
}

bool mql_eval(const struct mql_expr *e, const struct mql_query *query, struct arena *mem,
              struct mql_result *ret, struct err *err)
{
    struct eval q = {.query = query,
                     .limits = with_defaults(query->limits),
                     .mem = mem,
                     .bytes_at_start = mem->used_bytes,
                     .err = err};
    bool ok = run(&q, e, ret);
    mql_scratch_done(&q.scratch);
    mql_scratch_done(&q.values);
    mem_free(q.timestamps);
    return ok;
}
