// SPDX-License-Identifier: Apache-2.0
// fleet.h: a whole cluster in the simulated world, with instruments built into every member.
//
// A member is a real struct cluster (gossip/cluster.h). Between it and the world sit a wire that
// counts, and that can be blocked, and a listener on what the protocol decides. Nothing is measured
// by polling: times are those of the events themselves.
#pragma once
#include "gossip/cluster.h"
#include "gossip/swim.h"
#include "tests/sim/sim_env.h"

#define FLEET_MEMBERS_MAX 512
#define FLEET_UPDATES_MAX 4096
#define FLEET_PORT        9094
#define FLEET_PEERS       3 // addresses each member starts with: too few to raise the fan-out
#define FLEET_PERIOD      DUR_SECONDS(1) // probe interval
#define FLEET_TICK        DUR_MS(200)    // gossip interval

struct fleet;
struct wire;

struct fleet_member {
    struct fleet *fleet;
    struct sim_node *machine;
    struct cluster *cluster; // NULL: not running
    struct channel *channel;
    struct wire *wire;
    const struct swim_ops *protocol_ops; // of the cluster, behind ours
    void *protocol_owner;
    uint64_t updates[FLEET_UPDATES_MAX / 64]; // numbers that it holds
    char name[24];
    bool is_impaired; // by the experiment: what it says and what is said about it counts apart
};

// Times are 0 until it happened.
struct fleet_victim {
    struct fleet_member *member;
    mono_ns killed_at;
    mono_ns first_probe;   // start of the earliest probe that is going to fail
    mono_ns first_suspect; // somebody suspects it
    mono_ns first_dead;    // somebody holds it for dead
    mono_ns all_know;      // everybody running does
    size_t mourners;       // members that hold it for dead
};

struct fleet_update {
    uint64_t number;
    mono_ns sent_at;
    size_t holders; // its origin included
    mono_ns *at;    // arrivals[size], in order; at[0] is the origin's
};

// Events about running members that somebody took for silent.
struct fleet_mistakes {
    uint64_t suspicions;     // at any member, about any
    uint64_t deaths;         // likewise
    uint64_t deaths_of_fit;  // about members that are not impaired
    uint64_t deaths_at_fit;  // of them, at members that are not impaired either
    uint64_t deaths_of_weak; // about impaired members
};

struct fleet_traffic {
    uint64_t datagrams, bytes; // sent, UDP payload
    uint64_t streams;          // dialled
};

struct fleet {
    struct sim_world *world;
    struct fleet_member *members;
    size_t size;
    bool is_plain_swim; // the parts of Lifeguard are switched off from outside
    char peer_texts[FLEET_PEERS][64];
    str peers[FLEET_PEERS];
    size_t peer_count;
    struct fleet_victim victim;
    struct fleet_update update;
    struct fleet_mistakes mistakes;
    struct fleet_traffic traffic;
};

struct fleet_options {
    uint64_t seed;
    size_t size;
    double loss_percent;
    bool is_plain_swim; // suspicion times fixed at 5 · log10(n) periods, no health score
};

// Starts the members one after another and runs until they all know each other.
struct fleet *fleet_new(const struct fleet_options *options);
void fleet_free(struct fleet *f);

void fleet_kill(struct fleet *f, struct fleet_member *m); // it becomes the victim
// Starts the victim again, under its name, and runs for some periods and until everybody holds it
// for alive.
void fleet_revive(struct fleet *f);

void fleet_send_update(struct fleet *f, struct fleet_member *origin);
struct fleet_member *fleet_any(struct fleet *f);

// A blocked member neither sends nor receives messages, but its clocks run on: what came meanwhile
// it gets when it is unblocked, and what it sent leaves then. This is how Lifeguard's authors
// impair members.
void fleet_block(struct fleet_member *m);
void fleet_unblock(struct fleet_member *m);
