// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/lab/wire.h"

#include "base/core/alloc.h"

struct letter {
    struct list link;
    struct addr peer;
    size_t n;
    char bytes[];
};

struct wire {
    struct transport base;
    struct transport *inner;
    struct fleet_member *member;
    struct swim *swim;
    bool is_blocked;
    struct list outgoing, incoming; // while blocked
};

static struct wire *wire_of(struct transport *t)
{
    return container_of(t, struct wire, base);
}

static void letter_keep(struct list *queue, const struct addr *peer, str packet)
{
    struct letter *l = mem_alloc(sizeof(*l) + packet.n);
    *l = (struct letter){.peer = *peer, .n = packet.n};
    memcpy(l->bytes, packet.p, packet.n);
    list_append(queue, &l->link);
}

// Without Lifeguard a probe takes one period whatever happened before.
static void forget_health(struct swim *s)
{
    s->awareness = 0;
    if (s->probe.target)
        s->probe.deadline = s->probe.sent_at + s->options.probe_interval;
}

static void wire_send(struct transport *t, const struct addr *to, str packet)
{
    struct wire *w = wire_of(t);
    struct fleet *f = w->member->fleet;
    if (f->is_plain_swim)
        forget_health(w->swim);
    f->traffic.datagrams++;
    f->traffic.bytes += packet.n;
    if (w->is_blocked)
        letter_keep(&w->outgoing, to, packet);
    else
        transport_send(w->inner, to, packet);
}

static struct stream *wire_dial(struct transport *t, const struct addr *to,
                                const struct stream_events *events, void *owner)
{
    struct wire *w = wire_of(t);
    const struct addr nowhere = {.ip = {10, 255, 255, 254}, .ip_bytes = 4, .port = FLEET_PORT};
    w->member->fleet->traffic.streams++;
    return transport_dial(w->inner, w->is_blocked ? &nowhere : to, events, owner);
}

static void letters_drop(struct list *queue)
{
    for (struct list *l; (l = list_take_first(queue)) != NULL;)
        mem_free(list_item(l, struct letter, link));
}

static void wire_close(struct transport *t)
{
    struct wire *w = wire_of(t);
    transport_close(w->inner);
    letters_drop(&w->outgoing);
    letters_drop(&w->incoming);
    w->member->wire = NULL;
    mem_free(w);
}

static const struct transport_ops WIRE_OPS = {wire_send, wire_dial, wire_close};

static void on_packet(void *owner, const struct addr *from, str packet)
{
    struct wire *w = owner;
    if (w->is_blocked)
        letter_keep(&w->incoming, from, packet);
    else
        swim_transport_events.on_packet(w->swim, from, packet);
}

static void on_stream(void *owner, struct stream *stream, const struct addr *from, str head)
{
    struct wire *w = owner;
    if (w->is_blocked)
        env_stream_close(w->swim->env, stream);
    else
        swim_transport_events.on_stream(w->swim, stream, from, head);
}

static const struct transport_events WIRE_EVENTS = {on_packet, on_stream};

void wire_install(struct fleet_member *m, struct swim *swim)
{
    struct err err = ERR_INIT;
    struct wire *w = mem_new(struct wire);
    const struct addr bound = swim->transport->bound;
    *w = (struct wire){.member = m, .swim = swim};
    list_init(&w->outgoing);
    list_init(&w->incoming);
    transport_close(swim->transport);
    w->inner = transport_plain_open(swim->env, &bound, &WIRE_EVENTS, w, &err);
    if (!w->inner)
        panic("member %s: %.*s", m->name, STR(err_str(&err)));
    w->base = (struct transport){.ops = &WIRE_OPS, .bound = bound};
    swim->transport = &w->base;
    m->wire = w;
}

void wire_block(struct wire *w)
{
    w->is_blocked = true;
}

void wire_unblock(struct wire *w)
{
    w->is_blocked = false;
    for (struct list *l; (l = list_take_first(&w->outgoing)) != NULL;) {
        struct letter *letter = list_item(l, struct letter, link);
        transport_send(w->inner, &letter->peer, str_from(letter->bytes, letter->n));
        mem_free(letter);
    }
    for (struct list *l; (l = list_take_first(&w->incoming)) != NULL;) {
        struct letter *letter = list_item(l, struct letter, link);
        swim_transport_events.on_packet(w->swim, &letter->peer, str_from(letter->bytes, letter->n));
        mem_free(letter);
    }
}
