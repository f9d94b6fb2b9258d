// SPDX-License-Identifier: Apache-2.0
// cluster.h: one peer of a cluster of Alertmanagers, on the wire of memberlist 0.5 and 0.6.
//
// Members find each other through a list of host names (asked again and again: peers come late and
// move), watch each other with SWIM probes, and replicate named states (channel.h). Every member
// can compute the same order of all names; its own place in it says how long it waits for others.
//
// Life: cluster_new, cluster_channel for each state, cluster_join, cluster_settle, …,
// cluster_leave, cluster_free. Nothing blocks. Log lines go to env->log with component=cluster.
// Thread: core. Memory: bounded by the limits below. Wire: packet.h.
#pragma once
#include "base/core/err.h"
#include "base/core/time.h"
#include "base/core/waiter.h"
#include "base/env.h"
#include "gossip/channel.h"
#include "gossip/tls_config.h"
#include "gossip/transport.h"

struct cluster;

#define CLUSTER_MEMBERS_MAX     1024 // names kept, dead ones included; further ones are ignored
#define CLUSTER_PEERS_MAX       1024 // addresses behind the peer list, and failed addresses kept
#define CLUSTER_NAME_BYTES_MAX  255
#define CLUSTER_LABEL_BYTES_MAX 255
#define CLUSTER_CHANNELS_MAX    8

// ---- options -------------------------------------------------------------------------------

// One address of a network interface, for finding an address to advertise.
struct cluster_interface {
    struct addr addr; // port unused
    uint8_t prefix_bits;
    bool is_up;
    bool has_default_route;
};

// The --cluster.* flags. Texts are copied by cluster_new.
struct cluster_options {
    str bind_addr;      // "host:port"; host an IP, possibly in brackets, or empty
    str advertise_addr; // "IP:port"; empty: discover
    str peer_name;      // empty: a new ULID, so that names sort by start time
    const str *peers;   // "host:port" each
    size_t peer_count;
    str label; // at most CLUSTER_LABEL_BYTES_MAX

    dur_ns peer_timeout; // unit of waiting per position; only handed back
    dur_ns peers_resolve_timeout;
    dur_ns gossip_interval;
    dur_ns pushpull_interval;
    dur_ns tcp_timeout;
    dur_ns probe_timeout;
    dur_ns probe_interval;
    dur_ns settle_timeout; // 0: ready at once
    dur_ns reconnect_interval;
    dur_ns reconnect_timeout; // how long a failed address is tried

    // Needed during cluster_new only. NULL: packets over UDP, streams over TCP, for all to read.
    const struct cluster_tls *tls;
    str encryption_key_file; // ours, not upstream's (keyring.h); empty: nothing is encrypted

    bool allow_insecure_public_advertise; // a public IP will do where there is no private one

    const struct cluster_interface *interfaces; // of this machine, in the system's order
    size_t interface_count;
};

// The flags' defaults; no peers, no interfaces.
struct cluster_options cluster_options_default(void);

// ---- life ----------------------------------------------------------------------------------

// Opens the sockets and makes this node alive, alone. NULL on failure. Errors, with upstream's
// texts: a bad address, name, label or peer, a duration that is not positive (ERR_INVALID), no
// address to advertise (ERR_NOT_FOUND), an address in use (ERR_NETWORK), certificates or keys that
// are no good.
struct cluster *cluster_new(struct env *env, const struct cluster_options *options,
                            struct err *err);
// Reads the file of encryption keys again. False: it is bad; the keys in force stay. Without such a
// file there is nothing to do.
bool cluster_reload_keys(struct cluster *c, struct err *err);
void cluster_free(struct cluster *c); // closes everything at once, without saying goodbye

// Registers a replicated state, before cluster_join. Upstream's keys are "nfl" and "sil"; peers
// that do not know a key ignore its updates. The channel belongs to the cluster.
struct channel *cluster_channel(struct cluster *c, str key, const struct channel_ops *ops,
                                void *owner);

// Looks the peers up and exchanges states with every address, all at the same time; keeps looking
// for new and failed ones from then on.
void cluster_join(struct cluster *c);

// Starts waiting for the cluster to be complete. It is when every address that the first look-up
// gave has exchanged states or failed, and the number of members has not changed for three polls
// (a poll each ten gossip intervals); at the latest after settle_timeout.
void cluster_settle(struct cluster *c);

// Tells the others and stops all tasks but those that spread the news. on_done comes once, from
// the event loop: ERR_NONE, or ERR_TIMEOUT ("timeout waiting for leave broadcast").
void cluster_leave(struct cluster *c, dur_ns timeout,
                   void (*on_done)(void *owner, const struct err *err), void *owner);

// ---- questions -----------------------------------------------------------------------------

bool cluster_is_ready(const struct cluster *c);
str cluster_self_name(const struct cluster *c);         // valid for the cluster's life
struct addr cluster_self_addr(const struct cluster *c); // advertised
dur_ns cluster_peer_timeout(const struct cluster *c);

// Place of our name among the members' names in byte order, from 0. Suspects count.
size_t cluster_position(const struct cluster *c);

struct cluster_member {
    str name;
    struct addr addr;
    bool is_self;
    bool is_suspect;
    bool is_synced; // states have been exchanged with it since it joined
};

// The members, ourselves included, sorted by name. Valid until the next turn of the event loop.
const struct cluster_member *cluster_members(struct cluster *c, size_t *ret_count);

// ---- before one's turn ---------------------------------------------------------------------

#define CLUSTER_CATCH_UP_MAX DUR_SECONDS(2) // longer nobody is waited for

// A member waits its position times peer_timeout for those in front of it. Then it may still not
// have heard what they did: packets get lost. This asks the live ones in front, the first few, for
// their states. w is told when these are merged, or when CLUSTER_CATCH_UP_MAX is over. Many who ask
// at the same time share the answers; rounds begin at least a second apart. False: nobody is in
// front.
bool cluster_catch_up(struct cluster *c, struct waiter *w);

// ---- events --------------------------------------------------------------------------------

// Embedded in whoever watches; unlinked with cluster_unwatch before it dies.
struct cluster_watch {
    struct list link;
    void (*on_ready)(void *owner);   // once; NULL: not interested. Ready already: in the next turn
    void (*on_members)(void *owner); // members came, went, or became suspect; NULL: not interested
    void *owner;
    uint64_t seen_change; // the cluster's own notes
    bool is_told_ready;
};

void cluster_watch(struct cluster *c, struct cluster_watch *w);
void cluster_unwatch(struct cluster_watch *w); // not watching: nothing

// ---- metrics -------------------------------------------------------------------------------

#define CLUSTER_PING_BUCKETS     7  // upper bounds in cluster_ping_bounds_s
#define CLUSTER_OVERSIZE_BUCKETS 11 // upper bounds in cluster_oversize_bounds_s
extern const double cluster_ping_bounds_s[CLUSTER_PING_BUCKETS];
extern const double cluster_oversize_bounds_s[CLUSTER_OVERSIZE_BUCKETS];

enum cluster_msg { CLUSTER_FULL_STATE, CLUSTER_UPDATE };

struct cluster_peer_stats {
    str name;
    uint64_t alive_messages;
    uint64_t ping_buckets[CLUSTER_PING_BUCKETS + 1]; // not cumulative; the last one: above all
    uint64_t ping_count;
    double ping_sum_s;
};

struct cluster_channel_stats {
    str key;
    uint64_t oversize_sent;    // deliveries, per member
    uint64_t oversize_failed;  // attempts that failed; they are repeated
    uint64_t oversize_dropped; // messages given up; push/pull carries them
    uint64_t oversize_buckets[CLUSTER_OVERSIZE_BUCKETS + 1]; // durations of deliveries
    double oversize_sum_s;
};

struct cluster_stats {
    uint64_t members;
    uint64_t position;
    uint64_t health_score; // 0 is healthy
    uint64_t messages_queued;
    uint64_t failed_peers;
    uint64_t peers_joined, peers_left, peers_update;
    uint64_t reconnections, reconnections_failed;
    uint64_t refresh_join, refresh_join_failed;
    uint64_t messages_received[2], messages_received_bytes[2]; // by enum cluster_msg
    uint64_t messages_sent[2], messages_sent_bytes[2];
    uint64_t messages_pruned;
    uint64_t name_conflicts;

    // Not upstream's: rounds of cluster_catch_up, and those that somebody left unanswered; what the
    // limits refused.
    uint64_t catch_ups, catch_ups_incomplete;
    uint64_t packets_refused; // malformed, of another label, of unknown type
    uint64_t streams_refused; // malformed or more than fit
    uint64_t members_refused; // more than CLUSTER_MEMBERS_MAX names
    uint64_t secrets_refused; // packets and streams that no key of ours opens
    uint64_t streams_open;

    struct transport_stats tls; // zeros without TLS
    bool is_tls;

    const struct cluster_peer_stats *peers; // current members, sorted by name
    size_t peer_count;
    const struct cluster_channel_stats *channels; // in order of registration
    size_t channel_count;
};

// All values at this moment. Valid until the next turn of the event loop.
const struct cluster_stats *cluster_stats(struct cluster *c);
