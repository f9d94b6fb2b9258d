// SPDX-License-Identifier: Apache-2.0
// answers.h: is a datasource's answer read as a case says?
#pragma once
#include "rules/result.h"
#include "tests/support/cases.h"

// want: [{labels: {name: value} or [[name, value]…], timestamp (s), value} or with timestamps and
// values]. NULL, or why not.
const char *check_answer(const struct query_result *got, const cJSON *want, struct arena *mem);
