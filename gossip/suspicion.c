// SPDX-License-Identifier: Apache-2.0
#include "gossip/suspicion.h"

#include <math.h>

#include "base/core/alloc.h"

dur_ns suspicion_timeout(unsigned multiplier, size_t nodes, dur_ns probe_interval)
{
    double scale = MAX(1.0, log10(MAX(1.0, (double)nodes)));
    int64_t thousandths = (int64_t)(scale * 1000);
    return mul_saturated(mul_saturated((int64_t)multiplier, thousandths), probe_interval) / 1000;
}

dur_ns suspicion_remaining(unsigned confirmations, unsigned expected, dur_ns elapsed, dur_ns min,
                           dur_ns max)
{
    double frac = log((double)confirmations + 1) / log((double)expected + 1);
    double raw_s = dur_to_seconds(max) - frac * (dur_to_seconds(max) - dur_to_seconds(min));
    double millis = floor(1000 * raw_s);
    dur_ns timeout = millis < (double)(INT64_MAX / 1000000) ? DUR_MS((int64_t)millis) : max;
    return MAX(timeout, min) - elapsed;
}

void suspicion_start(struct suspicion *s, mono_ns now, str accuser, size_t nodes,
                     dur_ns probe_interval)
{
    // Neither the suspect nor the first accuser confirms; with too few others nobody is waited for.
    unsigned expected = SUSPICION_MULTIPLIER - 2;
    if (nodes < expected + 2)
        expected = 0;
    dur_ns min = suspicion_timeout(SUSPICION_MULTIPLIER, nodes, probe_interval);
    dur_ns max = mul_saturated(SUSPICION_MAX_MULTIPLIER, min);
    suspicion_start_with(s, now, accuser, expected, min, max);
}

void suspicion_start_with(struct suspicion *s, mono_ns now, str accuser, unsigned expected,
                          dur_ns min, dur_ns max)
{
    assert(expected <= SUSPICION_ACCUSERS_MAX);
    suspicion_clear(s);
    *s = (struct suspicion){.start = now, .min = min, .max = max, .expected = expected};
    s->accusers[0] = mem_dup(accuser);
}

void suspicion_clear(struct suspicion *s)
{
    for (size_t i = 0; i < ARRAY_LEN(s->accusers); i++) {
        mem_free(s->accusers[i]);
        s->accusers[i] = NULL;
    }
}

bool suspicion_confirm(struct suspicion *s, str accuser)
{
    if (s->confirmations >= s->expected)
        return false;
    for (size_t i = 0; i <= s->confirmations; i++) {
        if (str_eq(str_c(s->accusers[i]), accuser))
            return false;
    }
    s->accusers[++s->confirmations] = mem_dup(accuser);
    return true;
}

mono_ns suspicion_deadline(const struct suspicion *s)
{
    if (s->expected == 0)
        return add_saturated(s->start, s->min);
    if (s->confirmations == 0)
        return add_saturated(s->start, s->max);
    return add_saturated(s->start,
                         suspicion_remaining(s->confirmations, s->expected, 0, s->min, s->max));
}

dur_ns pushpull_interval_scaled(dur_ns interval, size_t nodes)
{
    if (nodes <= 32)
        return interval;
    double factor = ceil(log2((double)nodes) - log2(32)) + 1;
    return mul_saturated((int64_t)factor, interval);
}

unsigned awareness_add(unsigned score, int delta)
{
    return (unsigned)CLAMP((int)score + delta, 0, AWARENESS_MAX - 1);
}
