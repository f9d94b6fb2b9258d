// SPDX-License-Identifier: Apache-2.0
// funcs.h: the functions MetricsQL knows: spec: vmalert MetricsQL §11. Argument counts are not
// here: the parser takes any.
#pragma once
#include "base/core/str.h"

enum mql_func_class { MQL_FUNC_ROLLUP, MQL_FUNC_TRANSFORM, MQL_FUNC_AGGREGATE };

// How label filters find their way through a call (optimize.c).
enum mql_push {
    MQL_PUSH_NONE,          // not at all
    MQL_PUSH_SERIES,        // into the argument series_arg
    MQL_PUSH_ALL,           // into every argument
    MQL_PUSH_LABEL_SET,     // (q, name, value, …): what is set is known
    MQL_PUSH_LABEL_REPLACE, // (q, name, …): but for that label
    MQL_PUSH_LABEL_COPY,    // (q, from, to, …): but for the targets
    MQL_PUSH_LABEL_DEL,     // (q, name, …): but for these labels
    MQL_PUSH_LABEL_KEEP,    // (q, name, …): only these labels
    MQL_PUSH_COUNT_VALUES,  // (name, q): but for that label
};

#define MQL_ARG_LAST (-1)

struct mql_func {
    str name; // lower case
    enum mql_func_class class;
    enum mql_push push;
    int series_arg; // index of the argument that holds the series, or MQL_ARG_LAST
};

const struct mql_func *mql_func_find(str name); // in any case; NULL: not supported
bool mql_func_is_aggregate(str name);
// The index of series_arg among `count` arguments; count or more: there is no such argument.
size_t mql_func_series_arg(const struct mql_func *f, size_t count);
