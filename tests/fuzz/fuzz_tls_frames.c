// SPDX-License-Identifier: Apache-2.0
// What comes behind the handshake: the TLS transport is given any bytes, in pieces whose size the
// first byte gives. It hands over the same packets and streams as for any other pieces, and holds
// on to nothing.
#include "base/core/alloc.h"
#include "base/core/timer.h"
#include "gossip/tls_config.h"
#include "gossip/tls_frame.h"
#include "gossip/transport.h"

struct stream {
    struct stream_events events;
    void *owner;
    bool is_closed;
};

struct stage {
    struct env env;
    struct timer_queue timers;
    struct stream stream;
    accept_fn *on_accept;
    void *owner;
    struct buf heard; // packets, and what a stream begins with
    bool is_stream;
};

static struct stage *stage_of(struct env *e)
{
    return container_of(e, struct stage, env);
}

static mono_ns stage_mono(struct env *e)
{
    (void)e;
    return 0;
}

static uint64_t stage_random(struct env *e)
{
    (void)e;
    return 1;
}

static void stage_timer_set(struct env *e, struct timer *t, mono_ns at)
{
    timer_queue_set(&stage_of(e)->timers, t, at);
}

static void stage_timer_cancel(struct env *e, struct timer *t)
{
    timer_queue_cancel(&stage_of(e)->timers, t);
}

static struct tls *stage_tls_new(struct env *e, const struct tlsconf *conf, struct err *err)
{
    (void)conf;
    (void)err;
    return (struct tls *)(void *)e;
}

static void stage_tls_free(struct tls *t)
{
    (void)t;
}

static struct listener *stage_listen(struct env *e, const struct addr *bind, struct tls *tls,
                                     accept_fn *on_accept, void *owner, struct addr *ret_bound,
                                     struct err *err)
{
    (void)tls;
    (void)err;
    stage_of(e)->on_accept = on_accept;
    stage_of(e)->owner = owner;
    *ret_bound = *bind;
    return (struct listener *)(void *)e;
}

static void stage_listener_close(struct listener *l)
{
    (void)l;
}

static void stage_stream_events(struct stream *s, const struct stream_events *events, void *owner)
{
    s->events = *events;
    s->owner = owner;
}

static void stage_stream_close(struct stream *s)
{
    s->is_closed = true;
}

static const struct env_ops STAGE_OPS = {
    .mono = stage_mono,
    .random = stage_random,
    .timer_set = stage_timer_set,
    .timer_cancel = stage_timer_cancel,
    .tls_new = stage_tls_new,
    .tls_free = stage_tls_free,
    .listen_tls = stage_listen,
    .listener_close = stage_listener_close,
    .stream_events = stage_stream_events,
    .stream_close = stage_stream_close,
};

static void on_packet(void *owner, const struct addr *from, str packet)
{
    struct stage *s = owner;
    assert(packet.n > 0 && packet.n <= FRAME_BYTES_MAX);
    buf_put_addr(&s->heard, from);
    buf_put(&s->heard, packet);
}

static void on_stream_data(void *owner, str data)
{
    buf_put(&((struct stage *)owner)->heard, data);
}

static void on_stream(void *owner, struct stream *stream, const struct addr *from, str head)
{
    static const struct stream_events EVENTS = {NULL, on_stream_data, NULL};
    struct stage *s = owner;
    (void)from;
    s->is_stream = true;
    buf_put(&s->heard, head);
    stage_stream_events(stream, &EVENTS, s);
}

static const struct transport_events EVENTS = {on_packet, on_stream};

static void play(struct stage *s, str bytes, size_t piece)
{
    struct addr here = {.ip = {10, 0, 0, 1}, .ip_bytes = 4, .port = 9094};
    struct addr there = {.ip = {10, 0, 0, 2}, .ip_bytes = 4, .port = 40000};
    struct cluster_tls conf = {.server = {.cert.text = S("x"), .key.text = S("x")}};
    struct err err = ERR_INIT;
    *s = (struct stage){.env.ops = &STAGE_OPS};
    struct transport *t = transport_tls_open(&s->env, &here, &conf, &EVENTS, s, &err);
    assert(t);
    s->on_accept(s->owner, &s->stream, &there);
    for (size_t at = 0; at < bytes.n && !s->stream.is_closed; at += piece)
        s->stream.events.on_data(s->stream.owner, str_slice(bytes, at, at + piece));
    transport_close(t);
    assert(s->timers.heap.count == 0 && (s->is_stream || s->stream.is_closed));
    timer_queue_done(&s->timers);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct stage whole, pieces;
    if (n < 1)
        return 0;
    str bytes = str_from(data + 1, n - 1);
    play(&whole, bytes, bytes.n + 1);
    play(&pieces, bytes, 1 + (size_t)data[0]);
    assert(str_eq(buf_str(&whole.heard), buf_str(&pieces.heard)));
    assert(whole.is_stream == pieces.is_stream);
    buf_done(&whole.heard);
    buf_done(&pieces.heard);
    return 0;
}
