// SPDX-License-Identifier: Apache-2.0
// logsql.h: what vmalert has to know about LogsQL expressions.
#pragma once
#include "base/core/str.h"

// Does the filter in front of the first pipe limit the time on both sides by itself, in every way
// it can match? Then vmalert adds no start and end of its own.
bool logsql_has_time_filter(str expr);
