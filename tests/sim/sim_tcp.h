// SPDX-License-Identifier: Apache-2.0
// sim_tcp.h: a TCP connection is two ends. What one end sends waits in its `out` until it has
// crossed the link, then in the other's `in` until the program there reads it, in pieces of any
// size.
//
// sim_tcp.c: the kernels and the wire. Loss and cuts only delay (retransmission), until the sender
// gives up. A dead end answers data with a reset. The kernel of a frozen program goes on; that of a
// powerless machine is silent. sim_handshake.c: dialling, listening. sim_stream.c: the calls.
#pragma once
#include <errno.h>

#include "tests/sim/sim_internal.h"

enum stream_state {
    END_UNUSED,   // the far end before the SYN arrives
    END_DIALLING, // near end: no answer yet
    END_OPEN,
    END_CLOSED, // by its program; what it wrote is still being sent
    END_DEAD,
};

struct segment {
    struct list link;
    mono_ns at; // arrives
    size_t n;
    bool is_fin;
    struct sim_message *message;
    char bytes[];
};

struct stream {
    struct sim_object obj;
    struct conn *conn;
    struct stream *peer;
    struct sim_node *node;
    enum stream_state state;
    bool is_held; // the program, or the corpse of one, has this handle
    bool lingers; // closed by its program: what still comes in is dropped without a reset
    bool was_open;
    bool has_events;
    bool open_pending;
    struct tls *upgrade; // asked for with env_stream_starttls; until the handshake
    struct stream_events events;
    void (*on_message)(void *owner, struct sim_message *takes);
    void *owner;

    struct list out; // segments
    size_t out_bytes;
    mono_ns last_at;          // arrival of the newest segment
    struct sim_event wire;    // the first of `out` arrives
    struct sim_event unacked; // arrived, but the acknowledgement cannot come back
    dur_ns rto;
    mono_ns stalled_since; // 0: it is not

    struct buf in;
    struct sim_message *message;
    bool is_fin_in;
    int why; // errno of what broke it; 0: nothing
    struct sim_event reset;
    int reset_why;
    bool reset_is_remote; // comes over the link
    struct sim_event readable;
    struct list backlog_link;
};

struct conn {
    struct list link; // in world->conns
    struct stream end[2];
    struct addr target, source;
    struct tls *tls;            // of the near end; NULL: plain
    struct sim_event handshake; // SYN, then SYN-ACK, arrives; or the end of an upgrade
    uint32_t tries;
    bool is_established; // at the far end
    uint32_t pins;
};

struct listener {
    struct sim_object obj;
    struct sim_socket socket;
    accept_fn *on_accept;
    void *owner;
    struct tls *tls; // NULL: plain
    struct list backlog;
    size_t backlog_count;
    struct sim_event accept;
};

static inline struct sim_world *conn_world(const struct conn *c)
{
    return c->handshake.world;
}

// ---- sim_tcp.c -----------------------------------------------------------------------------

extern const struct sim_class SIM_STREAM;

void tcp_end_init(struct stream *s, struct conn *c, struct stream *peer, struct sim_node *node);
void tcp_pin(struct conn *c); // it stays until the unpin
void tcp_unpin(struct conn *c);
void tcp_release(struct conn *c); // frees it, if nobody has a use for it any more
void tcp_die(struct stream *s);   // at once and in silence
void tcp_drop_in(struct stream *s);
void tcp_break(struct stream *s, int why); // as this end sees it
void tcp_send_reset(struct stream *s);     // to this end; may get lost in a partition
void tcp_send_queued(struct stream *s);    // what was written before it was open
void tcp_put(struct stream *s, struct segment *g /* takes */);

// ---- sim_tls.c -----------------------------------------------------------------------------

struct tls *sim_tls_ref(struct tls *t); // NULL is fine
void sim_tls_unref(struct tls *t);
// Do both sides speak TLS, or neither, and like what the other shows?
bool sim_tls_agree(const struct tls *client, const struct tls *server, const struct addr *to);
void sim_tls_upgrade(struct conn *c); // the handshake is due

// ---- sim_stream.c --------------------------------------------------------------------------

void stream_on_readable(struct sim_event *ev);
