// SPDX-License-Identifier: Apache-2.0
// graphiteql.h: is a text a target of Graphite's render API? Only the syntax is looked at, not
// which functions there are. spec: vmalert MetricsQL §13.
#pragma once
#include "base/core/err.h"

#define GRAPHITEQL_TEXT_BYTES_MAX ((size_t)256 << 10)
#define GRAPHITEQL_NESTING_MAX    250 // calls inside one another

// Errors: ERR_SYNTAX (`cannot parse target expression: …; context: "…"`, `unexpected tail left
// after parsing "…"; context: "…"`), ERR_LIMIT.
bool graphiteql_check(str text, struct err *err);
