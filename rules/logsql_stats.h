// SPDX-License-Identifier: Apache-2.0
// logsql_stats.h: can a LogsQL query be the expression of a rule?
//
// Such a query ends in numbers: it has a pipe `stats`, and behind the last one only pipes whose
// effect on labels and metrics is known. spec: vmalert MetricsQL §14.2. The text is read as filters
// and pipes, down to names and brackets, not as the full grammar of VictoriaLogs: what is doubtful
// passes here and is refused there.
#pragma once
#include "base/core/err.h"

#define LOGSQL_TEXT_BYTES_MAX ((size_t)256 << 10)

// Errors: ERR_SYNTAX ("missing `| stats ...` pipe in the query [Q]", …), ERR_LIMIT.
bool logsql_check_stats(str text, struct err *err);
