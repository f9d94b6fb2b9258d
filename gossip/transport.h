// SPDX-License-Identifier: Apache-2.0
// transport.h: how packets and streams travel between members. The protocol above knows no socket.
//
// A packet may be lost; a stream carries one request and at most one response. Both use the same
// address, IP and port.
#pragma once
#include "base/env.h"

struct transport;
struct cluster_tls; // gossip/tls_config.h

struct transport_events {
    void (*on_packet)(void *owner, const struct addr *from, str packet);
    // Must set the stream's events (env_stream_events) or close it before it returns. `head` is
    // what has been read of the stream already.
    void (*on_stream)(void *owner, struct stream *stream, const struct addr *from, str head);
};

struct transport_ops {
    void (*send)(struct transport *, const struct addr *to, str packet);
    struct stream *(*dial)(struct transport *, const struct addr *to,
                           const struct stream_events *events, void *owner);
    void (*close)(struct transport *); // and frees it
};

enum transport_use { TRANSPORT_PACKET, TRANSPORT_STREAM };

// Of the TLS transport only.
struct transport_stats {
    uint64_t packet_bytes_sent, packet_bytes_received; // without frames and records
    uint64_t streams_sent, streams_received;
    uint64_t read_errors;     // malformed frames, broken connections
    uint64_t write_errors[2]; // by enum transport_use
    uint64_t packets_dropped; // the receiver could not be reached, or was too slow
};

struct transport {
    const struct transport_ops *ops;
    struct addr bound;             // where it listens
    struct transport_stats *stats; // NULL: not TLS
};

static inline void transport_send(struct transport *t, const struct addr *to, str packet)
{
    t->ops->send(t, to, packet);
}

static inline struct stream *transport_dial(struct transport *t, const struct addr *to,
                                            const struct stream_events *events, void *owner)
{
    return t->ops->dial(t, to, events, owner);
}

// A stream that was dialled did not come to be open.
static inline void transport_count_failed_stream(struct transport *t)
{
    if (t->stats)
        t->stats->write_errors[TRANSPORT_STREAM]++;
}

static inline void transport_close(struct transport *t) // NULL is fine
{
    if (t)
        t->ops->close(t);
}

// UDP and TCP on one port; port 0 finds one that is free for both. NULL on failure: ERR_NETWORK.
struct transport *transport_plain_open(struct env *env, const struct addr *bind,
                                       const struct transport_events *events, void *owner,
                                       struct err *err);

// TLS over TCP alone, framed as upstream does (tls_frame.h). The configuration is copied. Errors:
// ERR_INVALID, ERR_NOT_FOUND, ERR_IO (certificates), ERR_NETWORK.
struct transport *transport_tls_open(struct env *env, const struct addr *bind,
                                     const struct cluster_tls *conf,
                                     const struct transport_events *events, void *owner,
                                     struct err *err);
