// SPDX-License-Identifier: Apache-2.0
// vm_time.h: instants as VictoriaMetrics' HTTP arguments and replay flags write them.
//
//   1562529662.678      a number: seconds; larger ones are ms, µs, ns, by what 64 bits of ns can
//   hold -5m, now-1h5m, 30s  a duration before now, whatever its sign 2023, 2023-05 …
//   2023-05-20T04:57:43.123Z   the beginning of that year, month … second
//
// A date may end with Z or ±hh:mm; without, one longer than a year is in the process' own zone.
// What lies outside of 64 bits of nanoseconds is cut to the nearest end.
#pragma once
#include "base/core/err.h"
#include "base/core/time.h"

#define VM_TIME_ARG_MS_MAX (INT64_MAX / 1000000)

// A number: integer, with a fraction (cut to ns), or with an exponent. False: it is none, or out of
// range.
bool vm_time_parse_unix(str s, time_ns *ret);

// Any form. offset_s: of the process' zone, east of UTC. Errors: ERR_SYNTAX, ERR_INVALID.
bool vm_time_parse(str s, time_ns now, int32_t offset_s, time_ns *ret, struct err *err);

// The same as an HTTP argument: milliseconds, cut to 0 … VM_TIME_ARG_MS_MAX. The ends of time that
// Prometheus' clients send, thousands of centuries away, are understood as well.
bool vm_time_parse_arg(str s, time_ns now, int32_t offset_s, int64_t *ret_ms, struct err *err);
