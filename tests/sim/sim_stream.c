// SPDX-License-Identifier: Apache-2.0
// A stream as its program sees it.
#include "tests/sim/sim_tcp.h"

#include "base/core/alloc.h"

#define SOCKET_BYTES  ((size_t)256 << 10) // what the two kernels hold
#define PIECE_GAP_MAX DUR_US(50)

// ---- what the program sees -----------------------------------------------------------------

static const char *error_text(int why)
{
    switch (why) {
    case ECONNRESET:
        return "connection reset by peer";
    case ECONNREFUSED:
        return "connection refused";
    case EHOSTUNREACH:
        return "no route to host";
    case EPROTO:
        return "tls: handshake failure";
    default:
        return "connection timed out";
    }
}

// As Go says it: "dial tcp 10.0.0.2:9094: connect: connection refused".
static void explain(const struct stream *s, struct err *err)
{
    defer(buf_done) struct buf ends = {0};
    bool is_near = s == &s->conn->end[0];
    struct addr here = is_near ? s->conn->source : s->conn->target;
    struct addr there = is_near ? s->conn->target : s->conn->source;
    if (s->was_open) {
        buf_put_addr(&ends, &here);
        buf_put(&ends, S("->"));
    }
    buf_put_addr(&ends, &there);
    err_set(err, s->why == ETIMEDOUT ? ERR_TIMEOUT : ERR_NETWORK, "%s tcp %.*s: %s: %s",
            s->was_open ? "read" : "dial", STR(buf_str(&ends)), s->was_open ? "read" : "connect",
            error_text(s->why));
}

// The stream is gone: the handle ends with this callback.
static void report_close(struct stream *s)
{
    struct err err = ERR_INIT;
    if (s->why)
        explain(s, &err);
    tcp_die(s);
    s->is_held = false;
    sim_object_done(&s->obj);
    s->events.on_close(s->owner, &err);
}

// Half of the time all there is, else any part of it: TCP keeps no boundaries.
static void report_data(struct stream *s)
{
    struct sim_world *w = conn_world(s->conn);
    size_t n = s->in.n;
    if (n > 1 && sim_chance(w, 50))
        n = 1 + sim_random_below(w, n);
    struct buf piece = s->in; // so that nothing moves it while the callback looks
    s->in = (struct buf){0};
    buf_put(&s->in, str_skip(buf_str(&piece), n));
    sim_trace(w, n);
    s->events.on_data(s->owner, str_from(piece.p, n));
    buf_done(&piece);
}

static bool has_news(const struct stream *s)
{
    return s->is_held && s->has_events && !s->obj.proc->is_dead &&
           (s->state == END_OPEN || s->why) &&
           (s->open_pending || s->why || s->message || s->in.n || s->is_fin_in);
}

// An HTTP request met a listener that speaks something else.
static void message_to_bytes(struct stream *s)
{
    buf_printf(&s->in, "%.*s %.*s HTTP/1.1\r\n\r\n", STR(s->message->method),
               STR(s->message->target));
    buf_put(&s->in, s->message->body);
    sim_message_free(take(&s->message));
}

void stream_on_readable(struct sim_event *ev)
{
    struct stream *s = container_of(ev, struct stream, readable);
    struct conn *c = s->conn;
    if (!has_news(s))
        return;
    if (s->message && !s->on_message)
        message_to_bytes(s);
    tcp_pin(c);
    if (s->upgrade && !s->why) { // plain text, or an end, where a handshake should be
        tcp_break(s, EPROTO);
        tcp_send_reset(s->peer);
    }
    bool is_over = s->why || (!s->open_pending && !s->message && !s->in.n);
    if (is_over) {
        report_close(s);
    } else if (s->open_pending) {
        s->open_pending = false;
        if (s->events.on_open)
            s->events.on_open(s->owner);
    } else if (s->message) {
        s->on_message(s->owner, take(&s->message));
    } else {
        report_data(s);
    }
    if (has_news(s))
        sim_event_after(&s->readable, sim_between(conn_world(c), 0, PIECE_GAP_MAX));
    tcp_unpin(c);
}

// ---- use -----------------------------------------------------------------------------------

void sim_stream_events(struct stream *s, const struct stream_events *events, void *owner)
{
    if (s->obj.proc->is_dead)
        return;
    SIM_CHECK(s->is_held, "events for a closed stream");
    s->events = *events;
    s->owner = owner;
    s->has_events = true;
    if (has_news(s))
        sim_event_ready(&s->readable);
}

void sim_stream_on_message(struct stream *s, void (*fn)(void *owner, struct sim_message *takes))
{
    s->on_message = fn;
}

void sim_stream_write(struct stream *s, str data)
{
    if (s->obj.proc->is_dead)
        return;
    SIM_CHECK(s->is_held, "a write to a closed stream");
    SIM_CHECK(!s->upgrade && (!s->conn->tls || s->state != END_DIALLING),
              "a write before the TLS handshake");
    if (s->why || data.n == 0)
        return; // its on_close is on the way
    struct segment *g = mem_alloc(sizeof(*g) + data.n);
    *g = (struct segment){.n = data.n};
    memcpy(g->bytes, data.p, data.n);
    tcp_put(s, g);
}

// NULL is the end of the stream (FIN).
void sim_stream_send_message(struct stream *s, struct sim_message *takes)
{
    if (s->why) {
        sim_message_free(takes);
        return;
    }
    struct segment *g = mem_zalloc(sizeof(*g));
    g->message = takes;
    g->n = takes ? takes->body.n : 0;
    g->is_fin = !takes;
    tcp_put(s, g);
}

size_t sim_stream_pending(const struct stream *s)
{
    size_t unread = s->out_bytes + s->peer->in.n;
    return unread > SOCKET_BYTES ? unread - SOCKET_BYTES : 0;
}

void sim_stream_close(struct stream *s)
{
    if (s->obj.proc->is_dead)
        return;
    SIM_CHECK(s->is_held, "a stream was closed twice");
    s->is_held = false;
    sim_object_done(&s->obj);
    tcp_drop_in(s);
    if (s->state == END_OPEN && !s->why) {
        sim_stream_send_message(s, NULL);
        s->state = END_CLOSED;
        s->lingers = true;
        return;
    }
    sim_event_cancel(&s->conn->handshake);
    tcp_die(s);
    if (s->conn->is_established)
        tcp_send_reset(s->peer);
    tcp_release(s->conn);
}

void sim_stream_abort(struct stream *s)
{
    if (s->obj.proc->is_dead)
        return;
    s->is_held = false;
    sim_object_done(&s->obj);
    tcp_die(s);
    tcp_send_reset(s->peer);
    tcp_release(s->conn);
}
