// SPDX-License-Identifier: Apache-2.0
// f64.h: the shortest text that reads back as the same number, as Go's FormatFloat(x, 'g', -1, 64)
// writes it: 0, -0, 12.5, 123456, 1e+06, 1.234567e+06, 1e-05, NaN, +Inf, -Inf.
#pragma once
#include "base/core/buf.h"

void buf_put_f64_shortest(struct buf *b, double x);
