// SPDX-License-Identifier: Apache-2.0
// expr_check.h: is the expression of a rule valid in the language of its group?
#pragma once
#include "base/core/err.h"
#include "rules/datasource.h"

// Errors: `bad MetricsQL expr: "E", err: …`, `bad GraphiteQL expr: …`, `bad LogsQL expr: …`.
bool rule_expr_check(enum rule_type type, str expr, struct err *err);
