// SPDX-License-Identifier: Apache-2.0
// memstore.h: series with their samples, in memory: what MetricsQL is evaluated over by
// vmalert-tool and in tests.
//
// Samples of a series are kept in the order of time; those of the same instant in the order in
// which they came, all of them. Labels without value do not exist. Of NaN only the stale marker is
// kept. Memory: 16 bytes per sample, and the labels.
#pragma once
#include "rules/metricsql/ast.h"
#include "rules/result.h"

struct memstore;

struct memstore_limits { // 0: the default
    size_t series_max;
    size_t samples_max; // of all series
};

#define MEMSTORE_SERIES_MAX  1000000
#define MEMSTORE_SAMPLES_MAX 100000000
#define MEMSTORE_LABELS_MAX  1000 // of one series

struct memstore *memstore_new(const struct memstore_limits *limits); // NULL: defaults
void memstore_free(struct memstore *m);                              // NULL is fine
DEFER_PTR(struct memstore, memstore_free)

// Labels in any order; __name__ is one of them. Errors: ERR_LIMIT, ERR_INVALID (a name twice).
bool memstore_add(struct memstore *m, const struct label *labels, size_t label_count,
                  const struct sample *samples, size_t sample_count, struct err *err);

struct memstore_series {
    const struct label *labels; // sorted by name, __name__ among them
    size_t label_count;
    const double *values;
    const int64_t *timestamps; // ms
    size_t count;
};

// The series that match and have samples at min_ms ≤ t ≤ max_ms, cut to these; in the order in
// which they were first added. Borrowed until the next memstore_add; the array is in mem. Errors:
// ERR_SYNTAX (a regular expression).
bool memstore_select(const struct memstore *m, const struct mql_selector *s, int64_t min_ms,
                     int64_t max_ms, struct arena *mem, struct memstore_series **ret,
                     size_t *ret_count, struct err *err);
