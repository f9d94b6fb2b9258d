// SPDX-License-Identifier: Apache-2.0
// model.h: what theory expects.
//
// Detection. n members, one of them just died, m = n - 1 observers; each probes once per period one
// of its m others. a_k is the probability that k successive probes of one observer all miss the
// dead member; then the first period in which anybody begins to probe it has the expectation
//
//   E[whole periods] = sum over k >= 0 of a_k^m
//
// whatever the phases of the observers are, since k periods hold exactly k probes of each. Choice
// at random (SWIM §3.1) has a_k = (1 - 1/m)^k: the sum is 1 / (1 - (1 - 1/m)^m), in large clusters
// e / (e - 1) = 1.582. Round-robin over a list shuffled before each pass (SWIM §4.3), begun at a
// random place s of the pass, has
//
//   a_k = 1/m · sum over s < m of  1 - k/m                      if k <= m - s
//                                  s/m · max(0, 1 - (k-m+s)/m)  else
//
// which is 0 from k = 2m on. With phases that are independent, the time itself from the death to
// the first such probe has
//
//   E[T] = sum over k of the integral over f in [0, 1] of ((1-f)·a_k + f·a_(k+1))^m
//        = sum over k of (a_k^n - a_(k+1)^n) / (n·(a_k - a_(k+1)))
//
// which is 1 period in large clusters. The probe has failed one period later.
#pragma once
#include "base/core/defs.h"

enum probe_order { PROBE_AT_RANDOM, PROBE_ROUND_ROBIN };

double model_detect_periods(size_t n, enum probe_order order); // E[whole periods]
double model_detect_start(size_t n, enum probe_order order);   // E[T], in periods

// Dissemination, as Serf's simulator has it: whoever learns an update sends it to `fanout` random
// others at each of its ticks, until it has sent it 3·ceil(log10(n + 1)) times; each is lost with
// that probability. Ticks of all members fall together, or each member has a phase of its own.
struct model_spread {
    double t50, t99,
        t100; // s until that share of all members has it, mean of the runs that got so far
    double missed_percent; // of others that never get it
};

struct model_spread model_spread(size_t n, double loss_percent, bool is_in_step, unsigned runs,
                                 uint64_t seed);
