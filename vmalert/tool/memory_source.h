// SPDX-License-Identifier: Apache-2.0
// memory_source.h: a datasource that answers from a memstore, and the world around it whose clock
// stands where the test has put it.
//
// Queries are kept until memory_source_answer, so that no callback comes inside of start().
#pragma once
#include "base/core/list.h"
#include "rules/datasource.h"
#include "rules/metricsql/eval.h"

#define MEMORY_SOURCE_STEP DUR_MINUTES(5) // of every query: how far back a selector looks

struct memory_source {
    struct env env; // of the rules: the clock is `now`, the rest is the real one's
    struct env_ops ops;
    struct env *real;
    time_ns now;
    struct memstore *store; // borrowed
    struct datasource datasource;
    struct list waiting; // queries
};

void memory_source_init(struct memory_source *s, struct env *real, struct memstore *store);
void memory_source_done(struct memory_source *s); // all queries must have ended

// Answers until nothing waits; the callbacks may ask more.
void memory_source_answer(struct memory_source *s);

// An instant query. The result is in mem. Errors: as the real datasource's:
// "unexpected response code 422 for http://…".
bool memory_source_query(const struct memory_source *s, str expr, time_ns ts, struct arena *mem,
                         struct query_result *ret, struct err *err);
