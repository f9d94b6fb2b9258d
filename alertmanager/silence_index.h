// SPDX-License-Identifier: Apache-2.0
// silence_index.h: which silences can match a label set, without trying all of them.
//
// Each matcher set of a silence that has not ended stands in one bucket: that of its positive
// equality matcher with the fewest others. A label set is tried against the buckets of its own
// labels and against the sets that have no such matcher.
//
// What was found for a label set is remembered with the version of the index. Each change of a
// silence, its revival by a late update included, gets the next version; a remembered result is
// brought up to date by trying only the silences changed since. When time goes back or silences are
// removed, all remembered results are void.
#pragma once
#include "alertmanager/silence_wire.h"
#include "base/core/heap.h"
#include "base/core/list.h"
#include "base/core/map.h"

struct silence_slot { // one id
    struct silence_stored *stored;
    uint64_t serial;  // order of addition
    uint64_t version; // of its last change
    struct list by_version;
    struct heap_node by_end;  // while indexed
    struct silence_ref *refs; // one per matcher set, while indexed
};

struct silence_index {
    uint64_t seed;
    uint64_t version; // of the newest change
    uint64_t epoch;   // remembered results of another one are void
    time_ns now;      // of the latest question
    struct map buckets;
    struct list unbucketed; // silence_ref
    struct list changes;    // silence_slot.by_version, newest last
    struct heap by_end;
    struct map cache;           // struct silence_memo by label set
    struct silence_memo *spare; // for label sets that are not remembered
    struct silences_stats *stats;
};

void silence_index_init(struct silence_index *x, uint64_t seed, struct silences_stats *stats);
void silence_index_done(struct silence_index *x); // the slots were removed

// A slot got its first or another silence; `now` decides whether it is worth indexing.
void silence_index_changed(struct silence_index *x, struct silence_slot *slot, time_ns now);
// Before the stored silence of a slot is replaced or freed.
void silence_index_forget(struct silence_index *x, struct silence_slot *slot);
// Before a slot is freed.
void silence_index_remove(struct silence_index *x, struct silence_slot *slot);

// Takes out what has ended. `slots` is for the case that time went back: all of them.
void silence_index_advance(struct silence_index *x, const struct map *slots, time_ns now);

// The silences, pending or active, that match: sorted by serial, borrowed until the next call.
struct silence_slot *const *silence_index_match(struct silence_index *x, struct labels *l,
                                                size_t *ret_count);

// Forgets the label sets that nobody else holds any more.
void silence_index_sweep(struct silence_index *x);
