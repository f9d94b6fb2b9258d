// SPDX-License-Identifier: Apache-2.0
// binary_op.h: binary operations over series. spec: vmalert engine §7.
//
//   binary_op.c     operands, arithmetic, comparisons
//   binary_match.c  which series of the left side meet which of the right
//   binary_set.c    and or unless if ifnot default
#pragma once
#include "rules/metricsql/eval_int.h"

struct operation {
    struct eval *q;
    const struct range *range;
    const struct mql_expr *expr; // MQL_BINARY
    struct mql_vec left, right;
};

static inline const struct mql_binary *operation_of(const struct operation *o)
{
    return &o->expr->binary;
}

// left[i] op right[i] gives into[i], which is one of the two.
struct matches {
    struct mql_vec left, right, into;
};
// Errors: ERR_INVALID "duplicate time series on the left side of + on(a): {…} and {…}".
bool binary_match(struct operation *o, struct matches *ret);

// What series are told apart by: the labels of on(…), or those not of ignoring(…).
str binary_key(const struct operation *o, const struct mql_series *s);
bool binary_group(const struct operation *o, const struct mql_vec *v, struct mql_groups *ret);

bool binary_set(struct operation *o, struct mql_vec *ret);

// Label filters that all of the series satisfy, for labels with few values; sorted.
struct mql_filters mql_series_common_filters(const struct mql_vec *v, struct arena *mem);
