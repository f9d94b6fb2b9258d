// SPDX-License-Identifier: Apache-2.0
#include "rules/metricsql/buckets.h"

#include <math.h>

#include "base/text/gofmt.h"

// Go's math.Log10, digit by digit: which bucket a power of ten falls into hangs on its last bit.
static double log10_like_go(double v)
{
    int exponent;
    double fraction = frexp(v, &exponent);
    double log2 = fraction == 0.5 ? exponent - 1 : log(fraction) * (1 / M_LN2) + exponent;
    return log2 * (M_LN2 / M_LN10);
}

void buckets_add(struct buckets *b, double v)
{
    if (isnan(v) || v < 0)
        return;
    double at = -1; // of 0: below all buckets
    if (v > 0)
        at = isinf(v) ? INFINITY : (log10_like_go(v) - BUCKETS_EXP_MIN) * BUCKETS_PER_DECADE;
    if (at < 0) {
        b->below++;
    } else if (at >= (double)BUCKETS_COUNT) {
        b->above++;
    } else {
        size_t i = (size_t)at;
        if (at == (double)i && i > 0)
            i--; // an upper end belongs to the bucket below it
        b->counts[i]++;
    }
}

static str bound(struct arena *mem, double v)
{
    struct buf b = {.mem = mem};
    buf_put_f64(&b, v, 'e', 3);
    return buf_str(&b);
}

void buckets_visit(const struct buckets *b, struct arena *mem,
                   void (*fn)(void *owner, str vmrange, uint64_t count), void *owner)
{
    double factor = pow(10, 1.0 / BUCKETS_PER_DECADE), lower = 1e-9;
    if (b->below)
        fn(owner, S("0...1.000e-09"), b->below);
    for (size_t i = 0; i < BUCKETS_COUNT; i++) {
        double upper = lower * factor;
        if (b->counts[i]) {
            str from = bound(mem, lower), to = bound(mem, upper);
            fn(owner, arena_printf(mem, "%.*s...%.*s", STR(from), STR(to)), b->counts[i]);
        }
        lower = upper;
    }
    if (b->above)
        fn(owner, S("1.000e+18...+Inf"), b->above);
}
