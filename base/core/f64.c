// SPDX-License-Identifier: Apache-2.0
#include "base/core/f64.h"

#include <float.h>
#include <math.h>

#define DIGITS_ALWAYS_EXACT 15   // so many digits survive text → double → text
#define DIGITS_MAX          17   // so many are enough for any double
#define EXPONENT_MIN        (-4) // below and above these Go writes an exponent
#define EXPONENT_MAX        5
#define INTEGER_MAX         1000000 // the first whole number above EXPONENT_MAX

// "<d>.<ddd>e<±xx>" with as few digits as read back to x; returns how many.
static int shortest(double x, char *text, size_t bytes)
{
    // Subnormal numbers have fewer bits: any count of digits may be enough.
    for (int digits = x < DBL_MIN ? 1 : DIGITS_ALWAYS_EXACT;; digits++) {
        snprintf(text, bytes, "%.*e", digits - 1, x);
        if (digits == DIGITS_MAX || strtod(text, NULL) == x)
            return digits;
    }
}

void buf_put_f64_shortest(struct buf *b, double x)
{
    if (x == trunc(x) && fabs(x) < INTEGER_MAX) { // most counters and gauges
        if (signbit(x))
            buf_put_c(b, '-');
        buf_put_u64(b, (uint64_t)fabs(x));
        return;
    }
    if (isnan(x) || isinf(x)) {
        buf_put(b, isnan(x) ? S("NaN") : x > 0 ? S("+Inf") : S("-Inf"));
        return;
    }
    char text[40];
    int digits = shortest(fabs(x), text, sizeof(text));
    str mantissa, exponent_text;
    int64_t exponent = 0;
    str_cut(str_c(text), 'e', &mantissa, &exponent_text);
    bool is_negative = exponent_text.p[0] == '-';
    str_to_i64(str_skip(exponent_text, 1), &exponent);
    if (is_negative)
        exponent = -exponent;

    char d[DIGITS_MAX] = {0}; // the digits alone, without trailing zeros
    int n = 0;
    for (size_t i = 0; i < mantissa.n && n < digits; i++)
        if (mantissa.p[i] != '.')
            d[n++] = mantissa.p[i];
    while (n > 1 && d[n - 1] == '0')
        n--;

    if (signbit(x))
        buf_put_c(b, '-');
    if (exponent < EXPONENT_MIN || exponent > EXPONENT_MAX) {
        buf_put_c(b, d[0]);
        if (n > 1) {
            buf_put_c(b, '.');
            buf_put(b, str_from(d + 1, (size_t)n - 1));
        }
        buf_printf(b, "e%c%02d", exponent < 0 ? '-' : '+', abs((int)exponent));
        return;
    }
    if (exponent < 0) {
        buf_put(b, S("0."));
        buf_put_fill(b, '0', (size_t)(-exponent - 1));
        buf_put(b, str_from(d, (size_t)n));
        return;
    }
    str all = str_from(d, (size_t)n);
    size_t whole = (size_t)exponent + 1;
    buf_put(b, str_slice(all, 0, whole));
    if (all.n < whole)
        buf_put_fill(b, '0', whole - all.n);
    if (all.n > whole) {
        buf_put_c(b, '.');
        buf_put(b, str_skip(all, whole));
    }
}
