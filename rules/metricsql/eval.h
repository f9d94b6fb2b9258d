// SPDX-License-Identifier: Apache-2.0
// eval.h: the value of a MetricsQL expression over series in memory, at one instant or at the
// points start, start + step, … ≤ end. spec: vmalert engine.
//
// Every node gives series with one value per point. Results agree with VictoriaMetrics 1.150; where
// upstream leaves the order to chance, it is here that in which series were met.
// Bounded: points, samples read, memory; nothing recurses deeper than the tree is high.
#pragma once
#include "base/core/time.h"
#include "rules/metricsql/memstore.h"
#include "rules/metricsql/metricsql.h"
#include "rules/metricsql/series.h"

struct tzone;

struct mql_limits { // 0: the default
    size_t points_max;
    size_t subquery_points_max;
    size_t bytes_max;     // of one evaluation
    uint64_t samples_max; // looked at by one evaluation, each as often as it is looked at
};

#define MQL_POINTS_MAX          30000
#define MQL_SUBQUERY_POINTS_MAX 100000
#define MQL_EVAL_BYTES_MAX      ((size_t)1 << 30)
#define MQL_SAMPLES_MAX         1000000000
#define MQL_TIME_MS_MAX         (INT64_C(1) << 56) // beyond this no instant is evaluated

struct mql_query {
    const struct memstore *store;
    int64_t start_ms, end_ms, step_ms; // step_ms > 0; an instant: start = end
    time_ns now;                       // what now() and rand() see
    const struct mql_limits *limits;   // NULL: defaults
    // The rules of a time zone, in mem, for timezone_offset(). NULL: only UTC is known.
    const struct tzone *(*find_zone)(void *owner, str name, struct arena *mem, struct err *err);
    void *owner;
};

struct mql_result {
    struct mql_series **series; // sorted by name and labels, unless the query orders them itself
    size_t count;
    size_t points; // values of each; NaN: none there. No series is without any value.
};

// e: of mql_parse; the caller may have optimized it. The result is in mem.
// Errors: ERR_INVALID, ERR_SYNTAX (regular expressions), ERR_LIMIT.
bool mql_eval(const struct mql_expr *e, const struct mql_query *query, struct arena *mem,
              struct mql_result *ret, struct err *err);
