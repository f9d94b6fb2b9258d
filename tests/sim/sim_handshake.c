// SPDX-License-Identifier: Apache-2.0
// Dialling, listening and accepting.
#include "tests/sim/sim_tcp.h"

#include "base/core/alloc.h"

#define SYN_TRIES      6 // at 0, 1, 3, 7, 15, 31 s; given up at 63 s
#define NO_ROUTE_AFTER DUR_SECONDS(3)
#define BACKLOG_MAX    4096 // Linux: net.core.somaxconn

// ---- dialling and accepting ----------------------------------------------------------------

static void fail_dial(struct conn *c, dur_ns after, int why)
{
    c->end[0].reset_why = why;
    c->end[0].reset_is_remote = false;
    sim_event_after(&c->end[0].reset, after);
}

static void handshake_again(struct conn *c)
{
    if (++c->tries >= SYN_TRIES)
        fail_dial(c, DUR_SECONDS(1) << (c->tries - 1), ETIMEDOUT);
    else
        sim_event_after(&c->handshake, DUR_SECONDS(1) << (c->tries - 1));
}

static void on_syn(struct conn *c)
{
    struct stream *near = &c->end[0], *far = &c->end[1];
    struct sim_node *node = sim_route(near->node, &c->target);
    if (!node) {
        fail_dial(c, NO_ROUTE_AFTER, EHOSTUNREACH);
        return;
    }
    struct sim_socket *socket = sim_socket_find(node, SIM_TCP, &c->target);
    struct listener *l = socket ? container_of(socket, struct listener, socket) : NULL;
    bool is_lost = sim_link_is_cut(near->node, node) || sim_link_loses(near->node, node) ||
                   (l && l->backlog_count >= BACKLOG_MAX);
    if (is_lost) {
        handshake_again(c);
        return;
    }
    if (!l) {
        fail_dial(c, sim_link_latency(node, near->node), ECONNREFUSED);
        return;
    }
    if (!sim_tls_agree(c->tls, l->tls, &c->target)) {
        fail_dial(c, sim_link_latency(node, near->node), EPROTO);
        return;
    }
    tcp_end_init(far, c, near, node);
    far->state = END_OPEN;
    far->was_open = true;
    c->is_established = true;
    c->source = sim_source(near->node, &c->target, c->source.port);
    c->tries = 0;
    list_append(&l->backlog, &far->backlog_link);
    l->backlog_count++;
    sim_event_ready(&l->accept);
    sim_event_after(&c->handshake, sim_link_latency(node, near->node));
}

static void on_syn_ack(struct conn *c)
{
    struct stream *near = &c->end[0];
    if (sim_link_is_cut(c->end[1].node, near->node) || sim_link_loses(c->end[1].node, near->node)) {
        handshake_again(c);
        return;
    }
    near->state = END_OPEN;
    near->was_open = true;
    near->open_pending = true;
    tcp_send_queued(near);
    sim_event_ready(&near->readable);
}

static void on_handshake(struct sim_event *ev)
{
    struct conn *c = container_of(ev, struct conn, handshake);
    if (c->end[0].upgrade || c->end[1].upgrade)
        sim_tls_upgrade(c);
    else if (c->is_established)
        on_syn_ack(c);
    else
        on_syn(c);
}

struct stream *sim_dial(struct env *e, const struct addr *to, const struct stream_events *events,
                        void *owner)
{
    struct sim_proc *p = sim_proc(e);
    struct sim_world *w = p->node->world;
    struct conn *c = mem_new(struct conn);
    sim_event_init(&c->handshake, w, SIM_EV_TCP_SYN, NULL, on_handshake);
    struct stream *s = &c->end[0];
    tcp_end_init(s, c, &c->end[1], p->node);
    s->events = *events;
    s->owner = owner;
    s->has_events = true;
    s->is_held = true;
    s->state = p->is_dead ? END_DEAD : END_DIALLING;
    sim_object_init(&s->obj, p, &SIM_STREAM);
    c->target = *to;
    c->source.port = p->node->next_port++;
    p->node->next_port |= 0x8000; // stays among the ports that the kernel picks
    list_append(&w->conns, &c->link);
    if (p->is_dead)
        return s;
    struct sim_node *node = sim_route(p->node, to);
    sim_event_after(&c->handshake, node ? sim_link_latency(p->node, node) : 0);
    return s;
}

static struct stream *backlog_take(struct listener *l)
{
    struct list *first = list_take_first(&l->backlog);
    if (!first)
        return NULL;
    l->backlog_count--;
    return list_item(first, struct stream, backlog_link);
}

static void on_accept(struct sim_event *ev)
{
    struct listener *l = container_of(ev, struct listener, accept);
    struct stream *s = backlog_take(l);
    if (!s)
        return;
    if (!list_is_empty(&l->backlog))
        sim_event_after(&l->accept, 0);
    struct conn *c = s->conn;
    struct sim_proc *p = l->obj.proc;
    tcp_pin(c);
    s->is_held = true;
    sim_object_init(&s->obj, p, &SIM_STREAM);
    l->on_accept(l->owner, s, &c->source); // may close l and s
    SIM_CHECK(!s->is_held || s->has_events || p->is_dead, "an accepted stream was given no events");
    tcp_unpin(c);
}

static void listener_shut(struct listener *l)
{
    list_remove(&l->socket.link);
    sim_event_cancel(&l->accept);
    for (struct stream *s; (s = backlog_take(l)) != NULL;) {
        if (!s->node->is_off)
            tcp_send_reset(s->peer);
        tcp_die(s);
        tcp_release(s->conn);
    }
}

static void listener_crash(struct sim_object *o)
{
    listener_shut(container_of(o, struct listener, obj));
}

static void listener_free(struct sim_object *o)
{
    struct listener *l = container_of(o, struct listener, obj);
    listener_crash(o);
    sim_tls_unref(l->tls);
    mem_free(l);
}

static const struct sim_class LISTENER = {"listener", listener_crash, listener_free};

struct listener *sim_listen(struct env *e, const struct addr *bind, accept_fn *on_accept_fn,
                            void *owner, struct addr *ret_bound, struct err *err)
{
    struct sim_proc *p = sim_proc(e);
    if (p->is_dead) {
        err_set(err, ERR_CANCELED, "the process is dead");
        return NULL;
    }
    struct listener *l = mem_new(struct listener);
    if (!sim_socket_bind(p->node, &l->socket, SIM_TCP, bind, err)) {
        mem_free(l);
        return NULL;
    }
    l->on_accept = on_accept_fn;
    l->owner = owner;
    list_init(&l->backlog);
    sim_event_init(&l->accept, p->node->world, SIM_EV_TCP_ACCEPT, p->node, on_accept);
    sim_object_init(&l->obj, p, &LISTENER);
    if (ret_bound)
        *ret_bound = l->socket.bound;
    return l;
}

void sim_listener_close(struct listener *l)
{
    if (l->obj.proc->is_dead)
        return;
    sim_object_done(&l->obj);
    listener_free(&l->obj);
}
