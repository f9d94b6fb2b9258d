// SPDX-License-Identifier: Apache-2.0
// buckets.h: VictoriaMetrics' histograms: 18 buckets per power of ten from 1e-9 to 1e18, named by
// the label vmrange="1.000e+00...1.136e+00". The lower end does not belong to a bucket, the upper
// one does.
#pragma once
#include "base/core/arena.h"

#define BUCKETS_PER_DECADE 18
#define BUCKETS_EXP_MIN    (-9)
#define BUCKETS_EXP_MAX    18
#define BUCKETS_COUNT      ((size_t)(BUCKETS_EXP_MAX - BUCKETS_EXP_MIN) * BUCKETS_PER_DECADE)

struct buckets {
    uint64_t below, above;
    uint64_t counts[BUCKETS_COUNT];
};

void buckets_add(struct buckets *b, double v); // NaN and negative numbers are left out
// Calls fn for every bucket that is not empty, smallest first. The text is in mem.
void buckets_visit(const struct buckets *b, struct arena *mem,
                   void (*fn)(void *owner, str vmrange, uint64_t count), void *owner);
