// SPDX-License-Identifier: Apache-2.0
#include "notify/stages.h"

#define BACKOFF_FIRST DUR_MS(500)
#define BACKOFF_MAX   DUR_SECONDS(60)

// Uniform in [interval/2, 3/2 interval), as the exponential back-off upstream uses.
dur_ns retry_backoff(struct env *env, uint32_t failures)
{
    dur_ns interval = BACKOFF_FIRST;
    for (uint32_t i = 0; i < failures && interval < BACKOFF_MAX; i++)
        interval += interval / 2;
    interval = MIN(interval, BACKOFF_MAX);
    return interval / 2 + (dur_ns)env_random_below(env, (uint64_t)interval + 1);
}
