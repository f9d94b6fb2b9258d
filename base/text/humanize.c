// SPDX-License-Identifier: Apache-2.0
#include "base/text/humanize.h"

#include <math.h>

#include "base/text/gofmt.h"

static const char SMALL_PREFIXES[] = "munpfazy";

static void put_4g(struct buf *b, double v)
{
    gofmt_f64(b, &(struct gofmt){.has_prec = true, .prec = 4}, v, 'g');
}

// Scales |v| < 1 up by thousands.
static void put_small(struct buf *b, double v)
{
    char prefix = '\0';
    for (const char *p = SMALL_PREFIXES; *p && fabs(v) < 1; p++) {
        prefix = *p;
        v *= 1000;
    }
    put_4g(b, v);
    if (prefix)
        buf_put_c(b, prefix);
}

static char scale_down(double *v, double base)
{
    char prefix = '\0';
    for (const char *p = "kMGTPEZY"; *p && fabs(*v) >= base; p++) {
        prefix = *p;
        *v /= base;
    }
    return prefix;
}

void buf_put_humanized(struct buf *b, double v)
{
    if (v == 0 || isnan(v) || isinf(v)) {
        put_4g(b, v);
    } else if (fabs(v) < 1) {
        put_small(b, v);
    } else {
        char prefix = scale_down(&v, 1000);
        put_4g(b, v);
        if (prefix)
            buf_put_c(b, prefix);
    }
}

void buf_put_humanized_1024(struct buf *b, double v)
{
    char prefix = '\0';
    if (fabs(v) > 1 && !isinf(v))
        prefix = scale_down(&v, 1024);
    put_4g(b, v);
    if (prefix)
        buf_printf(b, "%ci", prefix);
}

void buf_put_humanized_percentage(struct buf *b, double v)
{
    put_4g(b, v * 100);
    buf_put_c(b, '%');
}

// Whole seconds, split from days down.
static void put_long_duration(struct buf *b, double v)
{
    double magnitude = fabs(v);
    int64_t s = magnitude < 0x1p63 ? (int64_t)magnitude : INT64_MIN; // as amd64 converts
    long long days = s / 86400, hours = s / 3600 % 24, minutes = s / 60 % 60, seconds = s % 60;
    if (v < 0)
        buf_put_c(b, '-');
    if (days != 0) {
        buf_printf(b, "%lldd %lldh %lldm %llds", days, hours, minutes, seconds);
    } else if (hours != 0) {
        buf_printf(b, "%lldh %lldm %llds", hours, minutes, seconds);
    } else if (minutes != 0) {
        buf_printf(b, "%lldm %llds", minutes, seconds);
    } else {
        put_4g(b, magnitude);
        buf_put_c(b, 's');
    }
}

void buf_put_humanized_duration(struct buf *b, double seconds)
{
    if (isnan(seconds) || isinf(seconds)) {
        put_4g(b, seconds);
    } else if (seconds == 0) {
        put_4g(b, seconds);
        buf_put_c(b, 's');
    } else if (fabs(seconds) >= 1) {
        put_long_duration(b, seconds);
    } else {
        put_small(b, seconds);
        buf_put_c(b, 's');
    }
}
