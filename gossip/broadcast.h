// SPDX-License-Identifier: Apache-2.0
// broadcast.h: a transmit-limited queue: each message rides on a limited number of packets.
//
// Order of sending: fewest transmissions first, among those the longest that still fits, among
// equal lengths the newest. A message is finished after broadcast_limit() transmissions, but not
// before it has been sent to each member that is required (small clusters): until then a member
// that has had it is passed over. So no member is missed because another was drawn twice.
// Memory: BROADCASTS_MAX entries, each its message, its name, and 80 bytes.
#pragma once
#include "base/core/map.h"
#include "base/core/str.h"
#include "gossip/packet.h"

#define BROADCASTS_MAX  16384 // past it the queue is cut to BROADCASTS_KEPT
#define BROADCASTS_KEPT 12288

// Who gets a packet. Members of small clusters have a bit each; 0 means no bookkeeping. Packets to
// one member that follow each other at once are a burst: no message is in two of them.
struct broadcast_target {
    uint64_t bit;      // of the receiver
    uint64_t required; // of all members that every message must be sent to
    uint64_t burst;    // its number; 0: none
};

struct broadcast;

struct broadcast_queue {
    struct broadcast **items; // sorted, next to send first
    size_t count;
    size_t cap;
    uint64_t next_id;
    struct map by_name;
    uint64_t seed;
    uint64_t pruned; // messages dropped unfinished
    // Called when a message has been sent often enough, was replaced, or was pruned. May be NULL.
    void (*on_finished)(void *owner, str name, str message);
    void *owner;
};

void broadcast_queue_init(struct broadcast_queue *q, uint64_t seed);
void broadcast_queue_done(struct broadcast_queue *q);

// How many packets a message rides on in a cluster of n nodes: multiplier · ⌈log10(n + 1)⌉.
unsigned broadcast_limit(unsigned multiplier, size_t nodes);

// Copies the message. A name that is not empty replaces the queued message of the same name.
// known_to: bits of members that have it already.
void broadcast_add(struct broadcast_queue *q, str name, str message, uint64_t known_to);

// Moves messages for one packet into `parts`, each behind `head`, while `overhead` and the bytes of
// each fit into `bytes_max`. Returns the bytes used, overheads included.
size_t broadcast_take(struct broadcast_queue *q, struct parts *parts, str head, size_t overhead,
                      size_t bytes_max, unsigned limit, struct broadcast_target target);

// The member that owned the bit is gone or began anew: it has had none of the messages.
void broadcast_forget(struct broadcast_queue *q, uint64_t bit);

// Cuts the queue from the end of the order.
void broadcast_prune(struct broadcast_queue *q, size_t count_max);

// The i-th message in the order of sending.
str broadcast_message_at(const struct broadcast_queue *q, size_t i);

// The order: transmissions ascending, length descending, id descending.
struct broadcast_key {
    uint32_t transmits;
    uint32_t bytes;
    uint64_t id;
};
bool broadcast_key_less(struct broadcast_key a, struct broadcast_key b);
