// SPDX-License-Identifier: Apache-2.0
// cluster_state.h: what the files of a cluster share; not for others.
//
//   cluster.c   life, settling, leaving, questions, metrics
//   options.c   flags, name, addresses
//   peers.c     looking peers up, joining, failed peers
//   channel.c   replicated states: in and out
//   catch_up.c  states asked for before one's turn
//   merges.c    full states that take more than one turn of the event loop to merge
//   outbox.c    large updates on their way to each member
#pragma once
#include "gossip/cluster.h"
#include "gossip/swim.h"

#define PEERS_REFRESH_INTERVAL DUR_SECONDS(15)
#define PEERS_SEEK_INTERVAL    DUR_SECONDS(2) // while we are alone or names are unknown at start
#define PEERS_SEEK_TIME        DUR_MINUTES(1)
#define PEER_ADDRS_MAX         256 // addresses behind one name
#define DIALS_MAX              64  // exchanges under way for joining; further ones wait
#define SETTLE_OK_POLLS        3
#define WARNINGS_PER_MINUTE    20 // of those that anybody who can send packets can cause

// ---- options.c -----------------------------------------------------------------------------

// Checks and copies them, and chooses the name.
bool options_take(struct cluster *c, const struct cluster_options *o, struct err *err);
// The address to listen on, and its host as it was given.
bool options_bind(struct cluster *c, str *ret_host, struct addr *ret, struct err *err);
// The address that a flag gives to advertise; ip_bytes 0: none.
bool options_advertise(const struct cluster *c, struct addr *ret, struct err *err);
// The address to advertise for a node that listens everywhere.
bool advertise_find(struct cluster *c, str bind_host, struct addr *ret, struct err *err);
void advertise_warn(struct cluster *c, const struct addr *advertise); // if nobody can reach it

// ---- channel.c -----------------------------------------------------------------------------

struct channel {
    struct cluster *cluster;
    str key; // owned
    struct channel_ops ops;
    void *owner;
    struct cluster_channel_stats stats;
};

void channels_on_user(struct cluster *c, str message, const struct member *from);
bool channels_marshal(struct cluster *c, struct buf *out, struct err *err);
void channels_merge(struct cluster *c, str full_state, const struct member *from);
void channels_warn_merge(struct cluster *c, str key, const struct err *err);

// ---- merges.c ------------------------------------------------------------------------------

struct merges {
    struct list queue;
    size_t bytes; // of the records in it
    struct timer timer;
};

void merges_init(struct cluster *c);
void merges_done(struct cluster *c);
// Is it too long for one turn, and is there room for it?
bool merges_fit(const struct cluster *c, str records);
// Copies them and merges them in slices. False: malformed, nothing is merged.
bool merges_add(struct cluster *c, struct channel *ch, str records, struct err *err);

// ---- catch_up.c ----------------------------------------------------------------------------

#define CATCH_UP_MEMBERS_MAX 4              // asked in a round: the first by name
#define CATCH_UP_SPACING     DUR_SECONDS(1) // between the starts of two rounds, at least
#define CATCH_UP_SHARE       10             // a round takes at most this part of the time
#define CATCH_UP_POLL        DUR_MS(1)

struct catch_up_ask {
    struct cluster *cluster;
    struct session *session; // NULL: answered, or failed
};

struct catch_up {
    struct list waiting, running; // struct waiter: for the next round, for this one
    struct catch_up_ask asks[CATCH_UP_MEMBERS_MAX];
    struct timer timer; // the start of a round, or its end
    mono_ns started, not_before;
    uint64_t rounds, incomplete;
};

void catch_up_init(struct cluster *c);
void catch_up_done(struct cluster *c);

// ---- outbox.c ------------------------------------------------------------------------------

// Queues one message (an encoded Part) for every other member.
void outbox_add_all(struct cluster *c, struct channel *ch, str message);
void outbox_free(struct member *m); // what is in it counts as dropped; no outbox: nothing

// ---- peers.c -------------------------------------------------------------------------------

// One --cluster.peer value.
struct peer_host {
    struct cluster *cluster;
    str text; // as given
    str host;
    uint16_t port;
    struct addr *addrs; // the last good answer
    size_t addr_count;
    bool is_literal;   // an IP needs no look-up
    bool is_looked_up; // the first look-up has ended, one way or the other
    struct dns_query *query;
};

// An address that should be a member and is not.
struct failed_peer {
    struct list link;
    struct addr addr;
    mono_ns since;
};

enum dial_purpose { DIAL_JOIN, DIAL_REFRESH, DIAL_RECONNECT };

// An exchange with an address, under way or waiting for its turn.
struct dial {
    struct list link;
    struct cluster *cluster;
    struct addr addr;
    enum dial_purpose purpose;
    struct session *session; // NULL: waiting
};

struct peers {
    struct peer_host *hosts;
    size_t host_count;
    struct list failed; // oldest first
    size_t failed_count;
    struct list dials;
    size_t dial_count;
    size_t dials_under_way;
    struct timer refresh_timer;
    struct timer reconnect_timer;
    mono_ns joined_at;    // when joining began
    size_t joins_pending; // first look-ups and first exchanges that have not ended
    size_t joins_succeeded;
    struct buf join_errors; // a line for each that failed, until joining has ended
    size_t join_error_count;
    bool is_joining;
};

bool peers_init(struct cluster *c, const struct cluster_options *options, struct err *err);
void peers_stop(struct cluster *c); // cancels everything
void peers_done(struct cluster *c);
void peers_join(struct cluster *c);
void peers_on_join(struct cluster *c, const struct member *m);
void peers_on_leave(struct cluster *c, const struct member *m);
bool peers_have_unlike(const struct cluster *c); // an address that is not loopback

// ---- cluster.c -----------------------------------------------------------------------------

struct cluster {
    struct env *env;
    struct log log;
    struct arena mem; // texts of the options
    struct cluster_options options;
    struct swim *swim;
    struct keyring *keyring; // NULL: nothing is encrypted

    struct channel *channels[CLUSTER_CHANNELS_MAX];
    size_t channel_count;
    struct merges merges;
    struct catch_up catch_up;
    struct peers peers;

    struct list watches;
    struct timer notify_timer; // calls to watches, from the event loop
    uint64_t change;           // counts changes among the members

    struct timer settle_timer;
    mono_ns settle_start;
    size_t settle_polls;
    size_t settle_members; // at the last poll
    size_t settle_ok;
    bool is_ready;

    struct timer leave_timer;
    mono_ns leave_deadline;
    bool is_leaving;
    bool is_left; // everybody has been told
    void (*on_left)(void *owner, const struct err *err);
    void *left_owner;

    mono_ns warnings_since; // start of the minute
    unsigned warnings;      // in it

    struct cluster_stats stats;
    struct arena answers; // of cluster_members and cluster_stats
};

// May a warning be logged that a peer has caused? No flood of packets floods the log.
bool cluster_may_warn(struct cluster *c);
