// SPDX-License-Identifier: Apache-2.0
// Links between machines, partitions, ports, and datagrams.
#include "base/core/alloc.h"
#include "base/core/hash.h"
#include "tests/sim/sim_internal.h"

#define LOOPBACK_LATENCY   DUR_US(20)
#define DATAGRAM_BYTES_MAX 65507
#define RECEIVE_BYTES_MAX  212992 // Linux: net.core.rmem_default
#define PORT_PICKED_MIN    32768

// ---- links ---------------------------------------------------------------------------------

struct sim_link *sim_link(struct sim_node *from, struct sim_node *to)
{
    if (to->index >= from->link_count) {
        size_t count = MAX(from->world->node_count, from->link_count * 2);
        from->links = mem_resize(from->links, count, sizeof(*from->links));
        memset(from->links + from->link_count, 0,
               (count - from->link_count) * sizeof(*from->links));
        from->link_count = count;
    }
    return &from->links[to->index];
}

bool sim_link_is_cut(struct sim_node *from, struct sim_node *to)
{
    if (from->is_off || to->is_off)
        return true;
    if (from == to)
        return false;
    const struct sim_link *l = sim_link(from, to);
    return l->is_partitioned || (l->is_set && l->opt.is_cut);
}

bool sim_link_loses(struct sim_node *from, struct sim_node *to)
{
    if (from == to)
        return false;
    const struct sim_link *l = sim_link(from, to);
    return sim_chance(from->world, l->is_set ? l->opt.loss_percent : from->world->opt.loss_percent);
}

static bool link_duplicates(struct sim_node *from, struct sim_node *to)
{
    const struct sim_link *l = sim_link(from, to);
    double percent = l->is_set ? l->opt.duplicate_percent : from->world->opt.duplicate_percent;
    return from != to && sim_chance(from->world, percent);
}

dur_ns sim_link_latency(struct sim_node *from, struct sim_node *to)
{
    if (from == to)
        return LOOPBACK_LATENCY;
    struct sim_world *w = from->world;
    const struct sim_link *l = sim_link(from, to);
    if (l->is_set && l->opt.latency_max)
        return sim_between(w, l->opt.latency_min, l->opt.latency_max);
    return sim_between(w, w->opt.latency_min, w->opt.latency_max);
}

void sim_link_set(struct sim_node *from, struct sim_node *to,
                  const struct sim_link_options *options)
{
    struct sim_link *l = sim_link(from, to);
    l->is_set = options != NULL;
    l->opt = options ? *options : (struct sim_link_options){0};
}

static void end_partition(struct sim_world *w)
{
    for (size_t i = 0; i < w->node_count; i++) {
        for (size_t j = 0; j < w->nodes[i]->link_count; j++)
            w->nodes[i]->links[j].is_partitioned = false;
    }
}

// Which side each node is on, from 1; 0: not named.
static void parse_sides(const struct sim_world *w, str sides, uint8_t *side_of)
{
    uint8_t side = 1;
    for (str rest = sides, group; rest.n; side++) {
        str_cut(rest, '|', &group, &rest);
        for (str name; (group = str_trim(group)).n;) {
            str_cut(group, ' ', &name, &group);
            size_t i = 0;
            while (i < w->node_count && !str_eq(str_c(w->nodes[i]->name), name))
                i++;
            if (i == w->node_count)
                panic("no node is called %.*s", STR(name));
            side_of[i] = side;
        }
    }
}

void sim_partition(struct sim_world *w, const char *sides)
{
    sim_note(w, "partition %s", sides);
    end_partition(w);
    uint8_t *side_of = mem_zalloc(w->node_count + 1);
    parse_sides(w, str_c(sides), side_of);
    for (size_t i = 0; i < w->node_count; i++) {
        for (size_t j = 0; j < w->node_count; j++) {
            if (side_of[i] && side_of[j] && side_of[i] != side_of[j])
                sim_link(w->nodes[i], w->nodes[j])->is_partitioned = true;
        }
    }
    mem_free(side_of);
}

void sim_heal(struct sim_world *w)
{
    sim_note(w, "heal");
    end_partition(w);
    for (size_t i = 0; i < w->node_count; i++) {
        for (size_t j = 0; j < w->nodes[i]->link_count; j++)
            w->nodes[i]->links[j].is_set = false;
    }
}

// ---- addresses and ports -------------------------------------------------------------------

struct sim_node *sim_route(struct sim_node *from, const struct addr *to)
{
    if (addr_is_loopback(to) || addr_is_unspecified(to))
        return from;
    return sim_node_by_ip(from->world, to);
}

struct addr sim_source(const struct sim_node *from, const struct addr *to, uint16_t port)
{
    struct addr a = addr_is_loopback(to) ? *to : from->ip;
    a.port = port;
    return a;
}

static bool covers(const struct addr *bound, const struct addr *to)
{
    return addr_is_unspecified(bound) ||
           (bound->ip_bytes == to->ip_bytes && memcmp(bound->ip, to->ip, to->ip_bytes) == 0);
}

static bool is_port_used(const struct sim_node *n, enum sim_protocol protocol,
                         const struct addr *bind)
{
    list_each (l, &n->sockets) {
        const struct sim_socket *s = list_item(l, struct sim_socket, link);
        if (s->protocol == protocol && s->bound.port == bind->port &&
            (covers(&s->bound, bind) || covers(bind, &s->bound)))
            return true;
    }
    return false;
}

bool sim_socket_bind(struct sim_node *n, struct sim_socket *s, enum sim_protocol protocol,
                     const struct addr *bind, struct err *err)
{
    defer(buf_done) struct buf text = {0};
    buf_put_addr(&text, bind);
    const char *net = protocol == SIM_UDP ? "udp" : "tcp";
    bool is_own =
        addr_is_unspecified(bind) || addr_is_loopback(bind) ||
        (bind->ip_bytes == n->ip.ip_bytes && memcmp(bind->ip, n->ip.ip, bind->ip_bytes) == 0);
    if (!is_own)
        return err_set(err, ERR_NETWORK, "listen %s %.*s: bind: cannot assign requested address",
                       net, STR(buf_str(&text)));
    s->protocol = protocol;
    s->bound = *bind;
    if (bind->port == 0) {
        do {
            s->bound.port = n->next_port++;
            n->next_port = MAX(n->next_port, PORT_PICKED_MIN);
        } while (is_port_used(n, protocol, &s->bound));
    } else if (is_port_used(n, protocol, bind)) {
        return err_set(err, ERR_NETWORK, "listen %s %.*s: bind: address already in use", net,
                       STR(buf_str(&text)));
    }
    list_append(&n->sockets, &s->link);
    return true;
}

struct sim_socket *sim_socket_find(struct sim_node *n, enum sim_protocol protocol,
                                   const struct addr *to)
{
    list_each (l, &n->sockets) {
        struct sim_socket *s = list_item(l, struct sim_socket, link);
        if (s->protocol == protocol && s->bound.port == to->port &&
            (covers(&s->bound, to) || addr_is_unspecified(to)))
            return s;
    }
    return NULL;
}

// ---- datagrams -----------------------------------------------------------------------------

struct datagram {
    struct sim_event event;
    struct list link; // in world->datagrams, then in the socket's queue
    struct sim_node *from, *to;
    struct addr source, target;
    size_t n;
    char bytes[];
};

struct udp {
    struct sim_object obj;
    struct sim_socket socket;
    udp_fn *on_datagram;
    void *owner;
    struct list queue; // arrived, not handled yet
    size_t queue_bytes;
    struct sim_event readable;
};

static void datagram_free(struct datagram *d)
{
    sim_event_cancel(&d->event);
    list_remove(&d->link);
    mem_free(d);
}

static void udp_shut(struct udp *u)
{
    list_remove(&u->socket.link);
    sim_event_cancel(&u->readable);
    for (struct list *l; (l = list_take_first(&u->queue)) != NULL;)
        datagram_free(list_item(l, struct datagram, link));
}

static void udp_crash(struct sim_object *o)
{
    udp_shut(container_of(o, struct udp, obj));
}

static void udp_free(struct sim_object *o)
{
    struct udp *u = container_of(o, struct udp, obj);
    udp_shut(u);
    mem_free(u);
}

static const struct sim_class UDP = {"UDP socket", udp_crash, udp_free};

static void on_udp_readable(struct sim_event *ev)
{
    struct udp *u = container_of(ev, struct udp, readable);
    struct datagram *d = list_item(list_take_first(&u->queue), struct datagram, link);
    u->queue_bytes -= d->n;
    if (!list_is_empty(&u->queue))
        sim_event_after(&u->readable, 0);
    u->on_datagram(u->owner, &d->source, str_from(d->bytes, d->n)); // may close u
    mem_free(d);
}

static void on_arrival(struct sim_event *ev)
{
    struct datagram *d = container_of(ev, struct datagram, event);
    struct sim_world *w = ev->world;
    struct sim_socket *s = sim_socket_find(d->to, SIM_UDP, &d->target);
    struct udp *u = s ? container_of(s, struct udp, socket) : NULL;
    sim_trace(w, (uint64_t)d->from->index << 32 | d->to->index);
    sim_trace(w, xxh64(str_from(d->bytes, d->n)));
    if (!u || sim_link_is_cut(d->from, d->to) || u->queue_bytes + d->n > RECEIVE_BYTES_MAX) {
        datagram_free(d);
        return;
    }
    list_remove(&d->link);
    list_append(&u->queue, &d->link);
    u->queue_bytes += d->n;
    sim_event_ready(&u->readable);
}

struct udp *sim_udp_open(struct env *e, const struct addr *bind, udp_fn *on_datagram, void *owner,
                         struct addr *ret_bound, struct err *err)
{
    struct sim_proc *p = sim_proc(e);
    if (p->is_dead) {
        err_set(err, ERR_CANCELED, "the process is dead");
        return NULL;
    }
    struct udp *u = mem_new(struct udp);
    if (!sim_socket_bind(p->node, &u->socket, SIM_UDP, bind, err)) {
        mem_free(u);
        return NULL;
    }
    u->on_datagram = on_datagram;
    u->owner = owner;
    list_init(&u->queue);
    sim_event_init(&u->readable, p->node->world, SIM_EV_UDP_READABLE, p->node, on_udp_readable);
    sim_object_init(&u->obj, p, &UDP);
    if (ret_bound)
        *ret_bound = u->socket.bound;
    return u;
}

// When a datagram that leaves now comes in; in order of sending unless the world reorders.
static mono_ns arrival_time(struct sim_node *from, struct sim_node *to)
{
    struct sim_link *l = sim_link(from, to);
    mono_ns at = from->world->now + sim_link_latency(from, to);
    if (!from->world->opt.reorder)
        at = l->last_arrival = MAX(at, l->last_arrival);
    return at;
}

static void launch(const struct udp *u, struct sim_node *to, const struct addr *target, str bytes)
{
    struct sim_node *from = u->obj.proc->node;
    struct sim_world *w = from->world;
    if (sim_link_is_cut(from, to) || sim_link_loses(from, to))
        return;
    struct datagram *d = mem_alloc(sizeof(*d) + bytes.n);
    *d = (struct datagram){.from = from, .to = to, .target = *target, .n = bytes.n};
    d->source = sim_source(from, target, u->socket.bound.port);
    if (bytes.n)
        memcpy(d->bytes, bytes.p, bytes.n);
    sim_event_init(&d->event, w, SIM_EV_DATAGRAM, NULL, on_arrival);
    sim_event_at(&d->event, arrival_time(from, to));
    list_append(&w->datagrams, &d->link);
}

void sim_udp_send(struct udp *u, const struct addr *to, str datagram)
{
    if (u->obj.proc->is_dead)
        return;
    SIM_CHECK(datagram.n <= DATAGRAM_BYTES_MAX, "a datagram of %zu bytes", datagram.n);
    struct sim_node *from = u->obj.proc->node;
    struct sim_node *node = sim_route(from, to);
    if (!node)
        return;
    launch(u, node, to, datagram);
    if (link_duplicates(from, node))
        launch(u, node, to, datagram);
}

void sim_udp_close(struct udp *u)
{
    if (u->obj.proc->is_dead)
        return;
    sim_object_done(&u->obj);
    udp_free(&u->obj);
}

void sim_net_free(struct sim_world *w)
{
    for (struct list *l; (l = list_take_first(&w->datagrams)) != NULL;)
        datagram_free(list_item(l, struct datagram, link));
}
