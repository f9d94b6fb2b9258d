// SPDX-License-Identifier: Apache-2.0
// seeds.h: runs one scenario under many seeds, in child processes so that any death names its seed.
//
//   int main(int argc, char **argv)
//   {
//       return seeds_main(argc, argv, &(struct seeds){.run = chaos, .count = 200});
//   }
//
//   --seed N     only this one, in this process (for a debugger)
//   --seeds N    how many (default: count)
//   --first N    from this one on (default: 1)
//   --jobs N     children at a time (default: 2)
//   --log LEVEL  what the programs' logs keep (also the environment variable SIM_LOG)
//
// A scenario fails by any death of its process (assert, cmocka's assert_*, sanitizers, a signal) or
// by running longer than its limit. The log of its newest world follows on stderr, then the command
// that replays it. The runner goes on with the next seed, up to 5 failures.
#pragma once
#include "tests/sim/sim_env.h"

struct seeds {
    void (*run)(uint64_t seed, void *ctx); // builds a world from the seed, runs, checks, frees it
    void *ctx;
    uint64_t count;
    unsigned seconds_max; // of real time for one seed; 0: 120
};

// Returns the exit status: 0 when every seed passed.
int seeds_main(int argc, char **argv, const struct seeds *s);

// The level asked for by --log or SIM_LOG, for sim_options.log_level; NULL: the default.
const char *seeds_log_level(void);
