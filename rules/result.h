// SPDX-License-Identifier: Apache-2.0
// result.h: the answer to a query: series with labels and samples, in an arena.
#pragma once
#include "base/core/arena.h"
#include "base/core/err.h"
#include "base/model/labels.h"

#define RESULT_SERIES_MAX 10000000

struct sample {
    double value;
    int64_t ts_ms; // Unix milliseconds
};

struct series {
    struct label *labels; // sorted by name, `__name__` among them
    size_t label_count;
    const struct sample *samples; // one for instant queries; never none
    size_t sample_count;
};

struct query_result {
    struct series *series; // in the order of the answer
    size_t count;
    bool is_partial;
    bool has_series_fetched;
    int64_t series_fetched;
};

// The Prometheus HTTP API's answer (/api/v1/query, /api/v1/query_range) and VictoriaLogs' stats.
// Fractional timestamps are cut to whole seconds. Errors: "failed to decode response: …",
// "response error "TYPE": MSG", "unknown response status …", "unknown result type …".
bool result_parse_prometheus(str body, bool is_range, struct arena *mem, struct query_result *ret,
                             struct err *err);
// Graphite's /render: the last point of each target.
bool result_parse_graphite(str body, struct arena *mem, struct query_result *ret, struct err *err);

// The stale marker that Prometheus and VictoriaMetrics understand: a NaN with these bits.
#define STALE_NAN_BITS 0x7ff0000000000002ULL
double stale_nan(void);
bool is_stale_nan(double x);
