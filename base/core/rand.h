// SPDX-License-Identifier: Apache-2.0
// rand.h: a reproducible generator (xoshiro256**, Blackman and Vigna 2018). The same seed gives
// the same numbers for ever. Not for secrets.
#pragma once
#include "base/core/defs.h"

struct rand {
    uint64_t s[4];
};

void rand_seed(struct rand *r, uint64_t seed);
uint64_t rand_u64(struct rand *r);
uint64_t rand_below(struct rand *r, uint64_t n); // uniform in [0, n); n > 0
double rand_unit(struct rand *r);                // uniform in [0, 1)
