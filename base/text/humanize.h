// SPDX-License-Identifier: Apache-2.0
// humanize.h: numbers for people, as Prometheus' template functions write them.
#pragma once
#include "base/core/buf.h"

void buf_put_humanized(struct buf *b, double v);                // 1.235M, 120u
void buf_put_humanized_1024(struct buf *b, double v);           // 124.1ki
void buf_put_humanized_percentage(struct buf *b, double v);     // 0.015: 1.5%
void buf_put_humanized_duration(struct buf *b, double seconds); // 1d 2h 3m 4s, 200ms
