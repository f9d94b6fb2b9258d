// SPDX-License-Identifier: Apache-2.0
// Packets over UDP, streams over TCP. Packets leave from the port that listens.
#include "base/core/alloc.h"
#include "gossip/transport.h"

#define PORT_ATTEMPTS 10 // to find a port that is free for both

struct plain {
    struct transport transport;
    struct env *env;
    struct udp *udp;
    struct listener *listener;
    const struct transport_events *events;
    void *owner;
};

static void plain_send(struct transport *t, const struct addr *to, str packet)
{
    struct plain *p = container_of(t, struct plain, transport);
    env_udp_send(p->env, p->udp, to, packet);
}

static struct stream *plain_dial(struct transport *t, const struct addr *to,
                                 const struct stream_events *events, void *owner)
{
    return env_dial(container_of(t, struct plain, transport)->env, to, events, owner);
}

static void plain_close(struct transport *t)
{
    struct plain *p = container_of(t, struct plain, transport);
    env_udp_close(p->env, p->udp);
    env_listener_close(p->env, p->listener);
    mem_free(p);
}

static const struct transport_ops PLAIN_OPS = {plain_send, plain_dial, plain_close};

static void plain_on_datagram(void *owner, const struct addr *from, str datagram)
{
    struct plain *p = owner;
    p->events->on_packet(p->owner, from, datagram);
}

static void plain_on_accept(void *owner, struct stream *stream, const struct addr *from)
{
    struct plain *p = owner;
    p->events->on_stream(p->owner, stream, from, S(""));
}

static bool listener_failed(const char *protocol, const struct addr *at, struct err *err)
{
    defer(buf_done) struct buf ip = {0};
    buf_put_ip(&ip, at);
    return err_wrap(err, "failed to start %s listener on \"%.*s\" port %u", protocol,
                    STR(buf_str(&ip)), at->port);
}

static bool plain_open(struct plain *p, const struct addr *bind, struct err *err)
{
    struct addr bound;
    p->listener = env_listen(p->env, bind, plain_on_accept, p, &bound, err);
    if (!p->listener)
        return listener_failed("TCP", bind, err);
    struct addr udp_bound;
    p->udp = env_udp_open(p->env, &bound, plain_on_datagram, p, &udp_bound, err);
    if (p->udp) {
        p->transport.bound = bound;
        return true;
    }
    env_listener_close(p->env, p->listener);
    p->listener = NULL;
    return listener_failed("UDP", &bound, err);
}

struct transport *transport_plain_open(struct env *env, const struct addr *bind,
                                       const struct transport_events *events, void *owner,
                                       struct err *err)
{
    struct plain *p = mem_new(struct plain);
    *p = (struct plain){.transport.ops = &PLAIN_OPS, .env = env, .events = events, .owner = owner};
    for (int i = 0; i < (bind->port ? 1 : PORT_ATTEMPTS); i++) {
        if (plain_open(p, bind, err))
            return &p->transport;
    }
    mem_free(p);
    return NULL;
}
