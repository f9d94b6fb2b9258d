// SPDX-License-Identifier: Apache-2.0
// number.h: how MetricsQL writes numbers and durations. spec: vmalert MetricsQL §2, §3.
#pragma once
#include "base/core/err.h"

// Bytes of the number that s begins with: no sign; a suffix such as Ki, MB or T belongs to it.
// Errors (0): "missing exponent part in "1e"", "number cannot be empty".
size_t mql_number_scan(str s, struct err *err);
// The suffix that s begins with, or 0.
size_t mql_number_scan_suffix(str s);
bool mql_number_starts(str s); // a digit, or a point and a digit
// 0x, 0o, 0b, or 0 and a digit: read as an integer of that base.
bool mql_number_is_special(str s);
// A whole literal without its sign; also inf and nan.
// Errors: those of Go's strconv.
bool mql_number_parse(str s, double *ret, struct err *err);

// Bytes of the duration that s begins with: 5m, 1h30m, 2h-5m (one literal). 0: none.
size_t mql_duration_scan(str s);
// Value in ms; step_ms is what the unit i stands for. dur_ms_parse_metricsql reads what this
// accepts. Errors: `cannot parse duration "5M": …`.
bool mql_duration_check(str s, struct err *err);
