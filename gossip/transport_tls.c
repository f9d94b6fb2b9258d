// SPDX-License-Identifier: Apache-2.0
// Packets and streams over TLS on TCP; no UDP.
//
// Packets to one address travel on one kept connection, one way: answers come on a connection that
// the other side dials. A connection that is being made holds a few packets back, one that does not
// take any more loses them, as UDP would; none waits for another. A connection that fails is made
// again with the next packet, after a pause that grows. Incoming packet connections are read until
// they end. What looks like a stream (the first frame says so) is handed over.
#include "base/core/alloc.h"
#include "base/core/list.h"
#include "base/core/map.h"
#include "gossip/tls_config.h"
#include "gossip/tls_frame.h"
#include "gossip/transport.h"

#define OUTS_MAX              1024                // the least recently used one gives way
#define OUT_WAITING_BYTES_MAX ((size_t)256 << 10) // frames held until the connection is open
#define OUT_PENDING_BYTES_MAX ((size_t)1 << 20)   // given to the connection and not sent
#define DIAL_TIMEOUT          DUR_SECONDS(10)
#define PAUSE_FIRST           DUR_MS(100)
#define PAUSE_MAX             DUR_SECONDS(1)
#define INS_MAX               2048 // the least recently heard one gives way
#define FIRST_FRAME_TIMEOUT   DUR_SECONDS(10)

struct tls_transport {
    struct transport transport;
    struct transport_stats stats;
    struct env *env;
    struct tls *server, *client;
    struct listener *listener;
    const struct transport_events *events;
    void *owner;
    struct buf from; // "10.0.0.1:9094": what packets say that they come from

    uint64_t seed; // of the table
    struct map outs_by_addr;
    struct list outs; // least recently used first
    struct list ins;  // least recently heard first
    size_t in_count;
};

// A connection for packets, and what is remembered of one that failed.
struct out {
    struct list link;
    struct tls_transport *transport;
    struct addr to;
    struct stream *stream; // NULL: none
    bool is_open;
    struct buf waiting; // frames
    struct timer timer; // while dialling
    mono_ns retry_at;   // not dialled again before
    dur_ns pause;
};

struct in {
    struct list link;
    struct tls_transport *transport;
    struct stream *stream;
    struct addr from;
    struct buf bytes;
    struct timer timer; // until the first frame
};

// ---- packets out ---------------------------------------------------------------------------

static bool out_is_to(const void *item, const void *key)
{
    return addr_eq(&((const struct out *)item)->to, key);
}

static void out_disconnect(struct out *o)
{
    env_timer_cancel(o->transport->env, &o->timer);
    env_stream_close(o->transport->env, o->stream);
    o->stream = NULL;
    o->is_open = false;
    buf_done(&o->waiting);
}

static void out_free(struct out *o)
{
    struct tls_transport *t = o->transport;
    out_disconnect(o);
    map_remove_item(&t->outs_by_addr, addr_hash(t->seed, &o->to), o);
    list_remove(&o->link);
    mem_free(o);
}

static void out_failed(struct out *o)
{
    struct tls_transport *t = o->transport;
    t->stats.write_errors[TRANSPORT_PACKET]++;
    if (!o->is_open) {
        o->retry_at = add_saturated(env_mono(t->env), o->pause);
        o->pause = MIN(2 * o->pause, PAUSE_MAX);
    }
    out_disconnect(o);
}

static void out_on_timer(void *owner)
{
    out_failed(owner);
}

static void out_write(struct out *o, str frame)
{
    struct tls_transport *t = o->transport;
    if (env_stream_pending(t->env, o->stream) > OUT_PENDING_BYTES_MAX) {
        t->stats.packets_dropped++;
        return;
    }
    env_stream_write(t->env, o->stream, frame);
}

static void out_on_open(void *owner)
{
    struct out *o = owner;
    struct frame frame;
    size_t n;
    env_timer_cancel(o->transport->env, &o->timer);
    o->is_open = true;
    o->pause = PAUSE_FIRST;
    for (str rest = buf_str(&o->waiting); frame_scan(rest, &frame, &n, NULL) == SCAN_COMPLETE;
         rest = str_skip(rest, n))
        out_write(o, str_slice(rest, 0, n));
    buf_done(&o->waiting);
}

static void out_on_data(void *owner, str data)
{
    (void)owner;
    (void)data; // there is nothing that it could say
}

static void out_on_close(void *owner, const struct err *why)
{
    struct out *o = owner;
    o->stream = NULL; // gone
    if (why->code != ERR_NONE || !o->is_open)
        out_failed(o);
    else
        out_disconnect(o);
}

static const struct stream_events OUT_EVENTS = {out_on_open, out_on_data, out_on_close};

static struct out *out_of(struct tls_transport *t, const struct addr *to)
{
    struct out *o = map_find(&t->outs_by_addr, addr_hash(t->seed, to), out_is_to, to);
    if (o) {
        list_remove(&o->link);
        list_append(&t->outs, &o->link);
        return o;
    }
    if (t->outs_by_addr.count >= OUTS_MAX)
        out_free(list_item(t->outs.next, struct out, link));
    o = mem_new(struct out);
    *o = (struct out){.transport = t, .to = *to, .pause = PAUSE_FIRST};
    timer_init(&o->timer, out_on_timer, o);
    list_append(&t->outs, &o->link);
    map_insert(&t->outs_by_addr, addr_hash(t->seed, to), o);
    return o;
}

static void tls_send(struct transport *transport, const struct addr *to, str packet)
{
    struct tls_transport *t = container_of(transport, struct tls_transport, transport);
    struct out *o = out_of(t, to);
    defer(buf_done) struct buf frame = {0};
    if (packet.n > PACKET_BYTES_READ_MAX || (!o->stream && env_mono(t->env) < o->retry_at)) {
        t->stats.packets_dropped++;
        return;
    }
    frame_put_packet(&frame, buf_str(&t->from), packet);
    if (!o->stream) {
        o->stream = env_dial_tls(t->env, to, t->client, S(""), &OUT_EVENTS, o);
        env_timer_after(t->env, &o->timer, DIAL_TIMEOUT);
    }
    if (!o->is_open && o->waiting.n + frame.n > OUT_WAITING_BYTES_MAX) {
        t->stats.packets_dropped++;
        return;
    }
    t->stats.packet_bytes_sent += packet.n;
    if (o->is_open)
        out_write(o, buf_str(&frame));
    else
        buf_put(&o->waiting, buf_str(&frame));
}

// ---- streams out ---------------------------------------------------------------------------

static struct stream *tls_dial(struct transport *transport, const struct addr *to,
                               const struct stream_events *events, void *owner)
{
    struct tls_transport *t = container_of(transport, struct tls_transport, transport);
    defer(buf_done) struct buf head = {0};
    frame_put_stream(&head);
    t->stats.streams_sent++;
    return env_dial_tls(t->env, to, t->client, buf_str(&head), events, owner);
}

// ---- in ------------------------------------------------------------------------------------

static void in_free(struct in *i)
{
    struct tls_transport *t = i->transport;
    env_timer_cancel(t->env, &i->timer);
    env_stream_close(t->env, i->stream);
    list_remove(&i->link);
    t->in_count--;
    buf_done(&i->bytes);
    mem_free(i);
}

static void in_refuse(struct in *i)
{
    i->transport->stats.read_errors++;
    in_free(i);
}

static void in_on_timer(void *owner)
{
    in_refuse(owner);
}

// The rest of the connection is a stream's.
static void in_hand_over(struct in *i, size_t frame_bytes)
{
    struct tls_transport *t = i->transport;
    struct stream *stream = take(&i->stream);
    struct addr from = i->from;
    defer(buf_done) struct buf bytes = i->bytes;
    i->bytes = (struct buf){0};
    in_free(i);
    t->stats.streams_received++;
    t->events->on_stream(t->owner, stream, &from, str_skip(buf_str(&bytes), frame_bytes));
}

// A sender that listens everywhere is where its connection comes from, with the port it names.
static void in_take_packet(struct in *i, const struct frame *f)
{
    struct tls_transport *t = i->transport;
    struct addr from;
    if (!addr_parse(f->from, &from)) {
        t->stats.read_errors++;
        return;
    }
    if (addr_is_unspecified(&from)) {
        uint16_t port = from.port;
        from = i->from;
        from.port = port;
    }
    t->stats.packet_bytes_received += f->packet.n;
    if (f->packet.n)
        t->events->on_packet(t->owner, &from, f->packet);
}

static void in_on_data(void *owner, str data)
{
    struct in *i = owner;
    struct tls_transport *t = i->transport;
    struct frame frame;
    size_t n, at = 0;
    list_remove(&i->link);
    list_append(&t->ins, &i->link);
    buf_put(&i->bytes, data);
    for (;;) {
        enum scan_result result = frame_scan(str_skip(buf_str(&i->bytes), at), &frame, &n, NULL);
        if (result == SCAN_MORE)
            break;
        if (result == SCAN_BAD) {
            in_refuse(i);
            return;
        }
        at += n;
        env_timer_cancel(t->env, &i->timer);
        if (frame.kind == FRAME_STREAM) {
            in_hand_over(i, at);
            return;
        }
        in_take_packet(i, &frame);
    }
    buf_remove_front(&i->bytes, at);
}

static void in_on_close(void *owner, const struct err *why)
{
    struct in *i = owner;
    i->stream = NULL; // gone
    if (why->code != ERR_NONE)
        in_refuse(i);
    else
        in_free(i);
}

static const struct stream_events IN_EVENTS = {NULL, in_on_data, in_on_close};

static void tls_on_accept(void *owner, struct stream *stream, const struct addr *from)
{
    struct tls_transport *t = owner;
    if (t->in_count >= INS_MAX)
        in_refuse(list_item(t->ins.next, struct in, link));
    struct in *i = mem_new(struct in);
    *i = (struct in){.transport = t, .stream = stream, .from = *from};
    timer_init(&i->timer, in_on_timer, i);
    list_append(&t->ins, &i->link);
    t->in_count++;
    env_stream_events(t->env, stream, &IN_EVENTS, i);
    env_timer_after(t->env, &i->timer, FIRST_FRAME_TIMEOUT);
}

// ---- life ----------------------------------------------------------------------------------

static void tls_close(struct transport *transport)
{
    struct tls_transport *t = container_of(transport, struct tls_transport, transport);
    env_listener_close(t->env, t->listener);
    while (!list_is_empty(&t->outs))
        out_free(list_item(t->outs.next, struct out, link));
    while (!list_is_empty(&t->ins))
        in_free(list_item(t->ins.next, struct in, link));
    map_done(&t->outs_by_addr);
    env_tls_free(t->env, t->server);
    env_tls_free(t->env, t->client);
    buf_done(&t->from);
    mem_free(t);
}

static const struct transport_ops TLS_OPS = {tls_send, tls_dial, tls_close};

static void wrap_listen_error(const struct addr *bind, struct err *err)
{
    defer(buf_done) struct buf ip = {0};
    buf_put_ip(&ip, bind);
    err_wrap(err, "failed to start TLS listener on \"%.*s\" port %u", STR(buf_str(&ip)),
             bind->port);
}

struct transport *transport_tls_open(struct env *env, const struct addr *bind,
                                     const struct cluster_tls *conf,
                                     const struct transport_events *events, void *owner,
                                     struct err *err)
{
    struct tls_transport *t = mem_new(struct tls_transport);
    struct tlsconf server = conf->server;
    *t = (struct tls_transport){.env = env, .events = events, .owner = owner};
    t->transport = (struct transport){.ops = &TLS_OPS, .stats = &t->stats};
    t->seed = env_random(env);
    list_init(&t->outs);
    list_init(&t->ins);
    if (!tlsconf_check_server(&server, err) || (t->server = env_tls_new(env, &server, err)) == NULL)
        err_wrap(err, "invalid TLS server config");
    else if ((t->client = env_tls_new(env, &conf->client, err)) == NULL)
        err_wrap(err, "invalid TLS client config");
    else if ((t->listener = env_listen_tls(env, bind, t->server, tls_on_accept, t,
                                           &t->transport.bound, err)) == NULL)
        wrap_listen_error(bind, err);
    if (!t->listener) {
        tls_close(&t->transport);
        return NULL;
    }
    buf_put_addr(&t->from, &t->transport.bound);
    return &t->transport;
}
