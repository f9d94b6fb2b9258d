// SPDX-License-Identifier: Apache-2.0
// gorand.h: the numbers of Go's math/rand for a given seed, which rand(seed) and its relatives
// show: an additive lagged Fibonacci generator (x[n] = x[n-607] + x[n-273]), and the ziggurat
// method of Marsaglia and Tsang for normal and exponential numbers.
#pragma once
#include "base/core/defs.h"

#define GORAND_LENGTH 607

struct gorand {
    uint64_t vec[GORAND_LENGTH];
    size_t tap, feed;
};

// Takes some milliseconds: the generator's start is worked out anew, in about as many steps as
// GORAND_SEED_COST samples take to be looked at.
#define GORAND_SEED_COST 1000000
void gorand_seed(struct gorand *r, int64_t seed);
double gorand_unit(struct gorand *r);        // [0, 1)
double gorand_normal(struct gorand *r);      // mean 0, deviation 1
double gorand_exponential(struct gorand *r); // rate 1
