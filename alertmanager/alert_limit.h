// SPDX-License-Identifier: Apache-2.0
// alert_limit.h: at most so many alerts of one name at a time (--alerts.per-alertname-limit).
//
// A bucket per value of the label alertname holds the fingerprints that were let in, each until the
// end of its alert. A full bucket lets somebody in only where a stay is over.
//
// Thread: core. Cost: a heap and a table operation. Memory: 72 bytes per alert let in.
#pragma once
#include "base/core/heap.h"
#include "base/core/map.h"
#include "base/core/time.h"

struct alert_limit {
    size_t per_name; // 0: no limit, nothing is kept
    uint64_t seed;   // of the table; clients choose the names
    struct map buckets;
};

void alert_limit_init(struct alert_limit *l, size_t per_name, uint64_t seed);
void alert_limit_done(struct alert_limit *l);

// May an alert of this name, with this end, be stored? It is, then, let in.
bool alert_limit_admit(struct alert_limit *l, str alertname, uint64_t fingerprint, time_ns ends_at,
                       time_ns now);

// Drops buckets in which every stay is over.
void alert_limit_gc(struct alert_limit *l, time_ns now);
