// SPDX-License-Identifier: Apache-2.0
// mql.h: what runners of MetricsQL cases share: numbers, series, answers.
#pragma once
#include "rules/metricsql/eval.h"
#include "tests/support/cases.h"

#define NUMBER_TOLERANCE 1e-9 // relative

double mql_case_number(const cJSON *v);         // 1.5, "1.5", "NaN", "+Inf"
bool mql_case_is_near(double want, double got); // NaN is near NaN only
double *mql_case_numbers(const cJSON *list, struct arena *mem, size_t *ret_count);
// The labels of a series: {a="b"}, sorted, the name as __name__.
str mql_case_labels(const cJSON *object, struct arena *mem);
str mql_series_labels(const struct mql_series *s, struct arena *mem);

// Parses, optimizes and evaluates.
bool mql_case_eval(str text, const struct mql_query *query, struct arena *mem,
                   struct mql_result *ret, struct err *err);
