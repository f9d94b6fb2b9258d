// SPDX-License-Identifier: Apache-2.0
// lab.h: clusters in the simulated world, with one replicated state: a set of numbered records.
#pragma once
#include "gossip/cluster.h"
#include "tests/sim/sim_env.h"
#include "tests/support/check.h"

#define NODES_MAX   100
#define RECORDS_MAX 4096
#define PORT        9094
#define BALLAST     UINT64_MAX

struct node {
    struct lab *lab;
    struct sim_node *machine;
    struct cluster *cluster;
    struct channel *channel;
    struct cluster_watch watch;
    uint64_t records[RECORDS_MAX]; // number of each record, in the order of arrival
    size_t record_count;
    size_t ballast_bytes;             // of one more record, BALLAST, in its full state
    size_t filling_bytes;             // of each other record there
    void (*spoil)(struct buf *state); // what it does to its full state; NULL: nothing
    char name[24];
    bool is_ready;
    bool is_left;
    enum err_code left_code;
    size_t member_events;
};

struct lab {
    struct sim_world *world;
    struct node nodes[NODES_MAX];
    size_t count;
    char peer_texts[NODES_MAX][48];
    str peers[NODES_MAX];
    size_t peer_count;
    // Changes the options of a node that starts; NULL: not.
    void (*on_options)(struct node *n, struct cluster_options *o);
    uint64_t next_record;
};

// A world with machines "0", "1", … at 10.0.0.1, 10.0.0.2, …
struct lab *lab_new(const struct sim_options *opt, size_t count);
void lab_list_peers(struct lab *lab); // everybody is given the addresses of all
struct lab *lab_start(const struct sim_options *opt, size_t count); // both, and starts all nodes
void lab_free(struct lab *lab); // checks that nothing is left open

void node_start(struct node *n, const char *peer_name); // empty: a new name
void node_free(struct node *n);
void node_crash(struct node *n);
void node_on_left(void *owner, const struct err *err); // for cluster_leave; owner: the node

// Adds a record and tells the others; returns its number.
uint64_t add_record(struct node *n, size_t filling);
bool has_record(const struct node *n, uint64_t number);
size_t member_count(struct node *n);
size_t suspect_count(struct node *n);

// Runs until running nodes first … end - 1 have so many members and that record (0: any).
struct wish {
    struct lab *lab;
    size_t members;
    uint64_t record;
    size_t first, end;
};
bool wait_for(struct lab *lab, struct wish wish, dur_ns dur);

#define wait_members(lab, first, end, members, dur)                                                \
    assert_true(wait_for((lab), (struct wish){(lab), (members), 0, (first), (end)}, (dur)))
#define wait_record(lab, first, end, record, dur)                                                  \
    assert_true(wait_for((lab), (struct wish){(lab), 0, (record), (first), (end)}, (dur)))
