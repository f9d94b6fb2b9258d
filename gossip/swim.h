// SPDX-License-Identifier: Apache-2.0
// swim.h: SWIM membership with Lifeguard, message for message as memberlist speaks it.
//
// What enters: packets, streams, timers, and a few calls from the application above (cluster.c).
// What comes of it: packets and streams through the transport, and calls of swim_ops. Everything
// runs to completion on the core thread. The struct is open to the files of this folder and to
// tests; nobody else looks inside.
//
//   swim.c       the handlers of alive, suspect, dead; leaving
//   ingest.c     packets in
//   gossip.c     packets out, spreading news
//   probe.c      the failure detector
//   session.h    one conversation on a stream
//   pushpull.c   exchanging whole states
//
// Bounded: members (member.h), queues (broadcast.h), open streams and what they hold, relayed
// pings.
#pragma once
#include "gossip/broadcast.h"
#include "gossip/keyring.h"
#include "gossip/member.h"
#include "gossip/transport.h"

#define GOSSIP_TO_DEAD         DUR_SECONDS(30) // the dead may be alive: news still goes to them
#define INDIRECT_CHECKS        3
#define MEMBER_MULTIPLIER      4   // transmissions of membership news
#define FAIR_MEMBERS_MAX       32  // up to here every message is sent to every member
#define GOSSIP_BURST_MAX       8   // packets to one member per tick
#define BACKLOG_LONG           256 // queued messages from which nothing is repeated for safety
#define RELAYS_MAX             256
#define STREAMS_OPEN_MAX       256                 // accepted ones
#define STREAMS_HELD_BYTES_MAX ((size_t)256 << 20) // received on streams and not yet understood

enum { VSN_PMIN, VSN_PMAX, VSN_PCUR, VSN_DMIN, VSN_DMAX, VSN_DCUR }; // places in Vsn
extern const uint8_t SWIM_VSN[VSN_BYTES];                            // what we speak: 1 5 2 0 0 0

struct swim_options {
    str name; // borrowed, as is the label
    str label;
    dur_ns gossip_interval;
    dur_ns pushpull_interval;
    dur_ns tcp_timeout;
    dur_ns probe_timeout;
    dur_ns probe_interval;
    unsigned user_multiplier; // transmissions of the application's news
    unsigned gossip_nodes;    // receivers per tick
};

struct swim_ops {
    void (*on_join)(void *owner, struct member *m);    // alive now, was unknown, dead or left
    void (*on_leave)(void *owner, struct member *m);   // dead or left now
    void (*on_update)(void *owner, struct member *m);  // its meta data changed
    void (*on_suspect)(void *owner, struct member *m); // suspect now, or no longer
    void (*on_conflict)(void *owner, struct member *m, const struct addr *other);
    void (*on_user)(void *owner, str message, struct member *from); // from: NULL if not known
    bool (*local_state)(void *owner, struct buf *out, struct err *err);
    void (*remote_state)(void *owner, str state, struct member *from);
    void (*on_left)(void *owner); // everybody has been told that we leave
};

// err->code ERR_NONE: done. `from` is the member that was talked to, if known.
typedef void swim_done_fn(void *owner, const struct err *err);

struct session;

struct probe {
    struct member *target; // NULL: idle
    uint32_t incarnation;  // of the target when the probe began: what its silence speaks against
    uint32_t seq_no;
    mono_ns sent_at;
    mono_ns deadline;
    unsigned nacks_expected;
    unsigned nacks;
    bool is_indirect; // the direct ping was not answered in time
    bool is_reached_over_tcp;
    struct session *tcp;
    struct timer timer; // next step
};

struct swim {
    struct env *env;
    struct log log;
    struct swim_options options;
    const struct swim_ops *ops;
    void *owner;
    struct transport *transport; // NULL before swim_start

    struct members members;
    struct member *self;
    struct broadcast_queue queue; // news about members, named by member
    struct broadcast_queue user_queue;
    unsigned awareness;
    uint32_t seq_no; // last one used
    bool is_leaving;

    struct timer gossip_timer;
    uint32_t gossip_round;
    uint64_t burst; // of packets, see struct broadcast_target

    struct probe probe;
    struct timer probe_ticker;
    mono_ns next_probe_tick;
    bool is_probe_due; // a tick came while a probe was under way
    size_t probe_index;
    struct list relays; // pings on behalf of others
    size_t relay_count;

    struct timer pushpull_timer;
    struct timer sync_timer; // exchanges with members that came or came back

    struct list sessions;
    size_t accepted_count;
    size_t held_bytes;

    struct keyring *keyring;  // NULL: nothing is encrypted; borrowed, may be replaced
    struct refusals refusals; // of those without the right key

    struct arena scratch; // of the message being handled
    uint64_t packets_refused;
    uint64_t streams_refused;
    uint64_t members_refused;
    uint64_t secrets_refused;            // packets and streams that no key of ours opens
    uint64_t user_sent, user_sent_bytes; // transmissions of user messages in packets
};

extern const struct transport_events swim_transport_events; // owner: the struct swim

struct swim *swim_new(struct env *env, const struct swim_options *options,
                      const struct swim_ops *ops, void *owner);
void swim_free(struct swim *s);

// Makes ourselves alive under the advertised address and starts all schedules. The transport is
// taken. Without one (tests) nothing is sent.
void swim_start(struct swim *s, struct transport *takes, const struct addr *advertise);

// Tells the others that we leave; ops->on_left comes when they know, at once if there are none.
void swim_leave(struct swim *s);

// Queues news of the application for all members. known_to: bits of those that have them.
void swim_broadcast_user(struct swim *s, str message, uint64_t known_to);

// ---- conversations (session.c, pushpull.c) -------------------------------------------------

// Exchanges states with whoever listens there.
struct session *swim_pushpull(struct swim *s, const struct addr *to, bool join,
                              swim_done_fn *on_done, void *owner);

// Delivers a large message: done when the other side has read it to its end and closed.
struct session *swim_send_user(struct swim *s, const struct addr *to, str message,
                               swim_done_fn *on_done, void *owner);
void session_cancel(struct session *session); // on_done will not come; NULL is fine

// ---- between the files of this folder, and for tests ---------------------------------------

void swim_alive(struct swim *s, const struct msg_alive *a);
void swim_suspect(struct swim *s, const struct msg_suspect *m);
void swim_dead(struct swim *s, const struct msg_suspect *m);

// A member table received in a push/pull. Nothing changes if versions do not agree.
bool swim_merge(struct swim *s, const struct msg_state *states, size_t count, struct err *err);

// Counts what no key of ours opens, and says so once per address and minute.
void swim_refuse_secret(struct swim *s, const struct addr *from, const struct err *err);
// What label and encryption add to a packet.
size_t swim_packet_overhead(const struct swim *s);

void swim_on_packet(struct swim *s, const struct addr *from, str packet);
// One message with what else is queued for that receiver, in one packet.
void swim_send(struct swim *s, const struct addr *to, struct member *target, str message);
void swim_send_packet(struct swim *s, const struct addr *to, str message, bool has_crc);
void gossip_tick(void *owner);
void swim_reap(struct swim *s);
bool member_speaks_crc(const struct member *m);

void probe_init(struct swim *s);
void probe_start(struct swim *s);
void probe_stop(struct swim *s);
void probe_forget(struct swim *s, const struct member *m); // it will be freed
// A ping that carries the suspicion: its receiver can refute it.
void probe_remind(struct swim *s, const struct member *suspect, uint32_t seq_no);
void probe_on_ping(struct swim *s, const struct addr *from, str body);
void probe_on_indirect_ping(struct swim *s, const struct addr *from, str body);
void probe_on_ack(struct swim *s, uint32_t seq_no);
void probe_on_nack(struct swim *s, uint32_t seq_no);

void pushpull_init(struct swim *s);
void pushpull_start(struct swim *s);
void pushpull_stop(struct swim *s);
void pushpull_wanted(struct swim *s, struct member *m);              // it came, or came back
void pushpull_put_local(struct swim *s, bool join, struct buf *ret); // ret: empty before
// peer: of the stream; is_dialled: it is the address of a member, not just of its machine.
bool pushpull_merge(struct swim *s, const struct pushpull *p, const struct addr *peer,
                    bool is_dialled, struct err *err);

void session_accept(struct swim *s, struct stream *stream, const struct addr *from, str head);
void session_close_all(struct swim *s);
struct session *session_ping(struct swim *s, const struct addr *to, str node, uint32_t seq_no,
                             swim_done_fn *on_done, void *owner);
