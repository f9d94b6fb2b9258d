// SPDX-License-Identifier: Apache-2.0
// member.h: what this node knows about every node, itself included.
//
// The name is the identity, the address an attribute. Records of dead and left nodes stay until
// they are reaped, so that old news about them is recognised as old.
// Memory: at most MEMBERS_MAX records of about 1 KiB.
#pragma once
#include "base/core/list.h"
#include "base/core/map.h"
#include "base/env.h"
#include "gossip/cluster.h"
#include "gossip/packet.h"
#include "gossip/suspicion.h"

#define MEMBERS_MAX CLUSTER_MEMBERS_MAX

struct swim;
struct outbox;

struct member {
    str name;         // owned, as are meta's bytes
    struct addr addr; // as it was told; set by members_set_addr
    str meta;
    uint8_t vsn[VSN_BYTES];
    uint32_t incarnation;
    enum member_state state;
    mono_ns state_change;

    struct suspicion suspicion; // while suspect
    struct timer suspicion_timer;
    struct swim *swim; // for the timer

    uint32_t index;        // in members.items
    uint64_t bit;          // for broadcast_target; 0: more than 64 members
    uint64_t gossip_order; // the smaller, the sooner its turn in this round of gossip
    bool is_synced;        // states have been exchanged since it became alive
    bool wants_sync;
    mono_ns sync_not_before;
    struct outbox *outbox; // large updates on their way to it, or NULL
    struct cluster_peer_stats stats;
};

struct members {
    struct member **items; // in random order: the order of probing
    size_t count;
    size_t cap;
    size_t live_count; // of those that count: alive or suspect
    struct map by_name;
    struct map by_addr; // all that have an address
    uint64_t seed;
    uint64_t bits_used;
};

void members_init(struct members *m, uint64_t seed);
void members_done(struct members *m);

struct member *members_find(const struct members *m, str name); // or NULL
// The live member at that address (addr_normal), or NULL. After a restart under another name there
// are two for a while: the one that is not suspect counts.
struct member *members_find_addr(const struct members *m, const struct addr *addr);

// A record in state dead with incarnation 0, at a random place. NULL when the table is full.
struct member *members_add(struct members *m, struct env *env, str name);
void members_remove(struct members *m, struct member *member); // and frees it
void members_set_state(struct members *m, struct member *member, enum member_state state);
void members_set_addr(struct members *m, struct member *member, const struct addr *addr);

void members_shuffle(struct members *m, struct env *env);

// Moves those that have been dead or left for longer than `age` to the end; returns how many stay
// in front of them.
size_t members_move_dead(struct member **items, size_t count, mono_ns now, dur_ns age);

uint64_t members_live_bits(const struct members *m, const struct member *except);

static inline bool member_is_live(const struct member *m)
{
    return m->state == MEMBER_ALIVE || m->state == MEMBER_SUSPECT;
}

static inline size_t members_live_count(const struct members *m)
{
    return m->live_count;
}

void member_set_meta(struct member *m, str meta); // copies

// The address to send to: an IPv4 address in its 16-byte form becomes one of 4 bytes.
struct addr addr_normal(struct addr a);
bool addr_from_bytes(str bytes, uint16_t port, struct addr *ret); // 4 or 16 bytes
str addr_bytes(const struct addr *a);                             // borrowed from a
