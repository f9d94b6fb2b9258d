// SPDX-License-Identifier: Apache-2.0
// The life of a connection, and its bytes on the wire.
#include "tests/sim/sim_tcp.h"

#include "base/core/alloc.h"

#define RTO_MIN           DUR_MS(200)
#define RTO_MAX           DUR_SECONDS(120)
#define RTO_DOUBLINGS_MAX 9
#define GIVE_UP_AFTER     DUR_MINUTES(15) // Linux: net.ipv4.tcp_retries2

// ---- life of a connection ------------------------------------------------------------------

void sim_message_free(struct sim_message *m)
{
    if (!m)
        return;
    struct arena mem = m->mem; // m lives in it
    arena_done(&mem);
}

static void segment_free(struct segment *g)
{
    sim_message_free(g->message);
    mem_free(g);
}

static void drop_out(struct stream *s)
{
    for (struct list *l; (l = list_take_first(&s->out)) != NULL;)
        segment_free(list_item(l, struct segment, link));
    s->out_bytes = 0;
    sim_event_cancel(&s->wire);
    sim_event_cancel(&s->unacked);
}

void tcp_drop_in(struct stream *s)
{
    buf_done(&s->in);
    sim_message_free(s->message);
    s->message = NULL;
    sim_event_cancel(&s->readable);
}

static void conn_free(struct conn *c)
{
    sim_event_cancel(&c->handshake);
    for (int i = 0; i < 2; i++) {
        drop_out(&c->end[i]);
        tcp_drop_in(&c->end[i]);
        sim_event_cancel(&c->end[i].reset);
        sim_tls_unref(c->end[i].upgrade);
    }
    list_remove(&c->link);
    sim_tls_unref(c->tls);
    mem_free(c);
}

static bool end_is_over(const struct stream *s)
{
    return !s->is_held && (s->state == END_DEAD || s->state == END_UNUSED);
}

void tcp_release(struct conn *c)
{
    if (!c->pins && end_is_over(&c->end[0]) && end_is_over(&c->end[1]))
        conn_free(c);
}

void tcp_pin(struct conn *c)
{
    c->pins++;
}

void tcp_unpin(struct conn *c)
{
    c->pins--;
    tcp_release(c);
}

void tcp_die(struct stream *s)
{
    s->state = END_DEAD;
    drop_out(s);
    tcp_drop_in(s);
    sim_event_cancel(&s->reset);
}

// Sends a reset to this end; it may get lost in a partition.
void tcp_send_reset(struct stream *s)
{
    if (s->state == END_DEAD || s->state == END_UNUSED || sim_event_is_pending(&s->reset))
        return;
    s->reset_why = ECONNRESET;
    s->reset_is_remote = true;
    sim_event_after(&s->reset, sim_link_latency(s->peer->node, s->node));
}

// kill -9: the kernel closes the socket; whether that looks like a reset or like an end after a
// part of the data depends on what was unread. Without power there is only silence.
static void stream_crash(struct sim_object *o)
{
    struct stream *s = container_of(o, struct stream, obj);
    struct conn *c = s->conn;
    sim_event_cancel(&s->readable);
    if (s->state == END_DIALLING)
        sim_event_cancel(&c->handshake);
    bool ends_softly = s->state == END_OPEN && !s->why && sim_chance(conn_world(c), 50);
    if (!s->node->is_off && ends_softly) {
        sim_stream_send_message(s, NULL);
        s->state = END_CLOSED;
        return;
    }
    tcp_die(s);
    if (!s->node->is_off && c->is_established)
        tcp_send_reset(s->peer);
}

static void stream_free(struct sim_object *o)
{
    struct stream *s = container_of(o, struct stream, obj);
    s->is_held = false;
    if (s->state != END_CLOSED)
        tcp_die(s);
    tcp_release(s->conn);
}

const struct sim_class SIM_STREAM = {"stream", stream_crash, stream_free};

// The connection broke as this end sees it.
void tcp_break(struct stream *s, int why)
{
    drop_out(s);
    tcp_drop_in(s);
    if (s->state == END_CLOSED || s->state == END_DEAD) {
        s->state = END_DEAD;
        tcp_release(s->conn);
        return;
    }
    s->why = why;
    if (s->has_events)
        sim_event_ready(&s->readable);
}

static void on_reset(struct sim_event *ev)
{
    struct stream *s = container_of(ev, struct stream, reset);
    if (!s->reset_is_remote || !sim_link_is_cut(s->peer->node, s->node))
        tcp_break(s, s->reset_why);
}

// ---- the wire ------------------------------------------------------------------------------

// Retransmissions of one segment on a lossy link.
static dur_ns loss_delay(struct stream *s)
{
    dur_ns delay = 0;
    for (int i = 0; i < RTO_DOUBLINGS_MAX && sim_link_loses(s->node, s->peer->node); i++)
        delay += RTO_MIN << i;
    return delay;
}

static void wire_arm(struct stream *s)
{
    if (!list_is_empty(&s->out) && !sim_event_is_pending(&s->wire))
        sim_event_at(&s->wire, list_item(s->out.next, struct segment, link)->at);
}

static void segment_send(struct stream *s, struct segment *g)
{
    dur_ns delay = sim_link_latency(s->node, s->peer->node) + loss_delay(s);
    g->at = s->last_at = MAX(conn_world(s->conn)->now + delay, s->last_at);
    wire_arm(s);
}

void tcp_put(struct stream *s, struct segment *g)
{
    list_append(&s->out, &g->link);
    s->out_bytes += g->n;
    if (s->state == END_OPEN)
        segment_send(s, g);
}

// True while this end still hopes: the retransmission timer was set again.
static bool wait_for_network(struct stream *s, struct sim_event *ev)
{
    mono_ns now = conn_world(s->conn)->now;
    if (!s->stalled_since) {
        s->stalled_since = now;
        s->rto = RTO_MIN;
    }
    if (now - s->stalled_since >= GIVE_UP_AFTER) {
        tcp_break(s, ETIMEDOUT);
        return false;
    }
    sim_event_after(ev, s->rto);
    s->rto = MIN(s->rto * 2, RTO_MAX);
    return true;
}

static void on_unacked(struct sim_event *ev)
{
    struct stream *s = container_of(ev, struct stream, unacked);
    if (sim_link_is_cut(s->peer->node, s->node))
        wait_for_network(s, ev);
    else
        s->stalled_since = 0;
}

// Into the other end's socket.
static void segment_arrive(struct stream *to, struct segment *g)
{
    bool is_listening = to->state == END_OPEN || to->state == END_DIALLING;
    if (!is_listening || to->why) {
        if (!g->is_fin && !to->lingers)
            tcp_send_reset(to->peer);
        return;
    }
    if (g->message) {
        assert(!to->message);
        to->message = take(&g->message);
    } else {
        buf_put(&to->in, str_from(g->bytes, g->n));
    }
    to->is_fin_in |= g->is_fin;
    if (to->has_events)
        sim_event_ready(&to->readable);
}

static void on_wire(struct sim_event *ev)
{
    struct stream *s = container_of(ev, struct stream, wire);
    if (sim_link_is_cut(s->node, s->peer->node)) {
        wait_for_network(s, ev);
        return;
    }
    struct conn *c = s->conn;
    tcp_pin(c);
    struct segment *g = list_item(list_take_first(&s->out), struct segment, link);
    s->out_bytes -= g->n;
    sim_trace(ev->world, g->n);
    segment_arrive(s->peer, g);
    wire_arm(s);
    bool is_all = g->is_fin;
    segment_free(g);
    if (sim_link_is_cut(s->peer->node, s->node)) {
        if (!sim_event_is_pending(&s->unacked))
            wait_for_network(s, &s->unacked);
    } else {
        s->stalled_since = 0;
    }
    if (is_all)
        tcp_die(s);
    tcp_unpin(c);
}

void tcp_send_queued(struct stream *s)
{
    list_each (l, &s->out)
        segment_send(s, list_item(l, struct segment, link));
}

void tcp_end_init(struct stream *s, struct conn *c, struct stream *peer, struct sim_node *node)
{
    struct sim_world *w = conn_world(c);
    s->conn = c;
    s->peer = peer;
    s->node = node;
    list_init(&s->out);
    sim_event_init(&s->wire, w, SIM_EV_TCP_WIRE, NULL, on_wire);
    sim_event_init(&s->unacked, w, SIM_EV_TCP_ACK, NULL, on_unacked);
    sim_event_init(&s->reset, w, SIM_EV_TCP_RESET, NULL, on_reset);
    sim_event_init(&s->readable, w, SIM_EV_TCP_READABLE, node, stream_on_readable);
}

void sim_tcp_free(struct sim_world *w)
{
    while (!list_is_empty(&w->conns))
        conn_free(list_item(w->conns.next, struct conn, link));
}
