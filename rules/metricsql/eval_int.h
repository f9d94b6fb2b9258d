// SPDX-License-Identifier: Apache-2.0
// eval_int.h: one evaluation under way; private to the files that evaluate.
#pragma once
#include "rules/metricsql/eval.h"
#include "rules/metricsql/node.h"
#include "rules/metricsql/stats.h"

struct eval {
    const struct mql_query *query;
    struct mql_limits limits; // defaults filled in
    struct arena *mem;
    size_t bytes_at_start;
    uint64_t samples;           // looked at so far
    struct mql_scratch scratch; // for statistics
    struct mql_scratch values;  // samples of the series being rolled up, or one point of a group
    int64_t *timestamps;        // the same; heap
    size_t timestamp_cap;
    struct err *err;
};

// Where it is evaluated. Instants stay within ±MQL_TIME_MS_MAX.
struct range {
    int64_t start, end, step; // ms
    size_t points;            // at least 1
    size_t points_max;
};

static inline int64_t range_at(const struct range *r, size_t point)
{
    return r->start + (int64_t)point * r->step;
}

// Errors: ERR_LIMIT "too many points for the given start=…", ERR_INVALID (too far away).
bool range_init(struct range *r, int64_t start, int64_t end, int64_t step, size_t points_max,
                struct err *err);

bool eval_expr(struct eval *q, const struct range *r, const struct mql_expr *e,
               struct mql_vec *ret);
bool eval_binary(struct eval *q, const struct range *r, const struct mql_expr *e,
                 struct mql_vec *ret);
bool eval_aggregate(struct eval *q, const struct range *r, const struct mql_expr *e,
                    struct mql_vec *ret);
bool eval_transform(struct eval *q, const struct range *r, const struct mql_expr *e,
                    struct mql_vec *ret);

// All arguments; an array of call.count.
struct mql_vec *eval_args(struct eval *q, const struct range *r, const struct mql_call *c);

// ---- making series -----------------------------------------------------------------------------

// Values uninitialised. NULL: out of bounds (ERR_LIMIT is set).
struct mql_series *eval_series(struct eval *q, size_t points);
struct mql_series *eval_copy(struct eval *q, const struct mql_series *s, size_t points);
// The same name and labels, every value v.
struct mql_series *eval_like(struct eval *q, const struct mql_series *s, size_t points, double v);
// One series without labels.
bool eval_constant(struct eval *q, const struct range *r, double v, struct mql_vec *ret);
// Would more memory still be within the limit? Errors: ERR_LIMIT.
bool eval_has_room(struct eval *q, size_t bytes);
// Counts samples. Errors: ERR_LIMIT.
bool eval_spend(struct eval *q, uint64_t samples);

// ---- arguments ---------------------------------------------------------------------------------

// index: from 0, for the error text "arg #1 must be a scalar".
bool arg_scalar(struct eval *q, const struct range *r, const struct mql_vec *arg, size_t index,
                const double **ret);
bool arg_int(struct eval *q, const struct mql_vec *arg, size_t index, int64_t *ret);
bool arg_string(struct eval *q, const struct range *r, const struct mql_vec *arg, size_t index,
                str *ret);

#define ARGS_ANY SIZE_MAX
// Errors: "unexpected number of args; got 1; want 2".
bool args_check(struct eval *q, size_t count, size_t min, size_t max);

// "cannot evaluate "rate(x)": …". Always false.
bool eval_fail(struct eval *q, const struct mql_expr *e);
// "0.5" as Go's %g writes it.
str eval_number_text(struct eval *q, double v);
