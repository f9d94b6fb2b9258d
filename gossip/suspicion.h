// SPDX-License-Identifier: Apache-2.0
// suspicion.h: how long a silent member stays suspect (Lifeguard §IV-B), and the other formulas
// that all peers must compute alike.
//
// A suspicion starts with a long timeout; every further accuser brings it nearer to the minimum.
#pragma once
#include "base/core/str.h"
#include "base/core/time.h"

#define SUSPICION_MULTIPLIER     4
#define SUSPICION_MAX_MULTIPLIER 6 // maximum = 6 · minimum
#define SUSPICION_ACCUSERS_MAX   8 // remembered besides the first

#define AWARENESS_MAX 8 // the score stays below it

struct suspicion {
    mono_ns start;
    dur_ns min;
    dur_ns max;
    unsigned expected;      // accusers besides the first that bring the timeout to its minimum
    unsigned confirmations; // of them, so far
    char *accusers[SUSPICION_ACCUSERS_MAX + 1]; // the first one at 0
};

// multiplier · max(1, log10(max(1, nodes))) · interval, the logarithm cut to three digits.
dur_ns suspicion_timeout(unsigned multiplier, size_t nodes, dur_ns probe_interval);

// How much longer to wait, `elapsed` after the start: from max down to min with `confirmations` of
// `expected` accusers. May be negative.
dur_ns suspicion_remaining(unsigned confirmations, unsigned expected, dur_ns elapsed, dur_ns min,
                           dur_ns max);

// For a cluster of `nodes`. Accusers are copied.
void suspicion_start(struct suspicion *s, mono_ns now, str accuser, size_t nodes,
                     dur_ns probe_interval);
void suspicion_start_with(struct suspicion *s, mono_ns now, str accuser, unsigned expected,
                          dur_ns min, dur_ns max);
void suspicion_clear(struct suspicion *s);

// True when the accuser is new and one was still missing: the deadline has moved.
bool suspicion_confirm(struct suspicion *s, str accuser);
mono_ns suspicion_deadline(const struct suspicion *s);

// Push/pull is rarer in clusters above 32 nodes.
dur_ns pushpull_interval_scaled(dur_ns interval, size_t nodes);

// How healthy we are ourselves: 0 is best; slow nodes wait longer before they suspect others.
unsigned awareness_add(unsigned score, int delta);
