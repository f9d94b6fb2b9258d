// SPDX-License-Identifier: Apache-2.0
// channel.h: replicated states. A channel carries one of them between the peers of a cluster.
//
// A state is a set of records that merges the same way in any order (notification log, silences).
// It travels on three roads, and each alone is enough in the end:
//
//   small update   channel_broadcast, at most CHANNEL_SMALL_BYTES_MAX: rides on gossip packets,
//                  to every member at least once, and is passed on by those it was news to
//   large update   channel_broadcast, anything longer: a stream of its own to every member, one
//                  queue per member, tried again with growing pauses until the member has read it
//                  or is gone
//   full state     marshal/merge, whenever two peers push/pull: on joining, on returning, and once
//                  per push/pull interval with a random member; long ones are merged in slices,
//                  over several turns of the event loop
//
// What a merge learned is broadcast again, unchanged, if it is small: the owner need not care.
// Thread: core. Calls come from inside the event loop, never from inside channel_broadcast.
#pragma once
#include "base/core/buf.h"
#include "base/core/err.h"

struct channel;

#define CHANNEL_SMALL_BYTES_MAX  700                // half of a packet: two fit
#define CHANNEL_UPDATE_BYTES_MAX ((size_t)4 << 20)  // what newer upstream peers read as one record
#define CHANNEL_STATE_BYTES_MAX  ((size_t)20 << 20) // all states together; upstream's maximum
#define CHANNEL_KEY_BYTES_MAX    64

struct channel_ops {
    // Appends the full state: all records, each framed as in an update; nothing if there are none.
    // NULL for a channel that has updates only. False: peers get no state from this exchange.
    bool (*marshal)(void *owner, struct buf *out, struct err *err);

    // Merges an update, a full state or some of its records. Hostile input: any bytes may come.
    // *ret_changed is how many records are different now, also when it fails half-way.
    bool (*merge)(void *owner, str data, size_t *ret_changed, struct err *err);
};

// Tells all peers about a change of the local state. `records` is copied. Cheap when there is no
// other member: the first to come gets the full state. Longer than CHANNEL_UPDATE_BYTES_MAX: only
// push/pull will carry it, and the message counts as dropped.
void channel_broadcast(struct channel *ch, str records);
