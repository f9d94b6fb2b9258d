// SPDX-License-Identifier: Apache-2.0
// Finding the others: the peer list is looked up again and again, because pods come late and move;
// addresses that failed are tried until they have failed for too long.
#include "base/core/alloc.h"
#include "gossip/advertise.h"
#include "gossip/cluster_state.h"

static void peers_refresh(void *owner);
static void peers_reconnect(void *owner);

// ---- life ----------------------------------------------------------------------------------

#define JOIN_ERRORS_BYTES_MAX ((size_t)16 << 10)

static void join_failed(struct cluster *c, const char *what, str peer, const struct err *err)
{
    struct peers *p = &c->peers;
    p->join_error_count++;
    if (p->join_errors.n < JOIN_ERRORS_BYTES_MAX)
        buf_printf(&p->join_errors, "\t* failed to %s %.*s: %.*s\n", what, STR(peer),
                   STR(err_str(err)));
}

static bool host_init(struct peer_host *h, struct cluster *c, str text, struct err *err)
{
    struct addr literal;
    h->cluster = c;
    h->text = arena_str(&c->mem, text);
    if (!hostport_split(h->text, &h->host, &h->port, err)) {
        if (str_find_str(err_str(err), S(": invalid port")) == STR_NONE)
            return err_wrap(err, "split host/port for peer %.*s", STR(text));
        join_failed(c, "resolve", h->text, err); // as a name that nobody knows
        err_clear(err);
        h->is_literal = h->is_looked_up = true;
        return true;
    }
    h->is_literal = addr_parse_ip(h->host, &literal);
    if (!h->is_literal)
        return true;
    literal.port = h->port;
    h->addrs = mem_new(struct addr);
    h->addrs[0] = addr_normal(literal);
    h->addr_count = 1;
    h->is_looked_up = true;
    return true;
}

bool peers_init(struct cluster *c, const struct cluster_options *options, struct err *err)
{
    struct peers *p = &c->peers;
    list_init(&p->failed);
    list_init(&p->dials);
    timer_init(&p->refresh_timer, peers_refresh, c);
    timer_init(&p->reconnect_timer, peers_reconnect, c);
    if (options->peer_count > CLUSTER_PEERS_MAX)
        return err_set(err, ERR_LIMIT, "resolve peers: more than %d peers", CLUSTER_PEERS_MAX);
    p->hosts = arena_array(&c->mem, struct peer_host, options->peer_count);
    p->host_count = options->peer_count;
    for (size_t i = 0; i < p->host_count; i++) {
        if (!host_init(&p->hosts[i], c, options->peers[i], err))
            return err_wrap(err, "resolve peers");
    }
    return true;
}

static void dial_free(struct dial *d)
{
    struct peers *p = &d->cluster->peers;
    p->dials_under_way -= d->session != NULL;
    p->dial_count--;
    session_cancel(d->session);
    list_remove(&d->link);
    mem_free(d);
}

void peers_stop(struct cluster *c)
{
    struct peers *p = &c->peers;
    env_timer_cancel(c->env, &p->refresh_timer);
    env_timer_cancel(c->env, &p->reconnect_timer);
    for (size_t i = 0; i < p->host_count; i++) {
        env_resolve_cancel(c->env, p->hosts[i].query);
        p->hosts[i].query = NULL;
    }
    while (!list_is_empty(&p->dials))
        dial_free(list_item(p->dials.next, struct dial, link));
}

static void failed_free(struct cluster *c, struct failed_peer *f)
{
    list_remove(&f->link);
    c->peers.failed_count--;
    mem_free(f);
}

void peers_done(struct cluster *c)
{
    peers_stop(c);
    while (!list_is_empty(&c->peers.failed))
        failed_free(c, list_item(c->peers.failed.next, struct failed_peer, link));
    for (size_t i = 0; i < c->peers.host_count; i++)
        mem_free(c->peers.hosts[i].addrs);
    buf_done(&c->peers.join_errors);
}

// ---- addresses -----------------------------------------------------------------------------

static bool is_own_addr(const struct cluster *c, const struct addr *a)
{
    struct addr self = addr_normal(c->swim->self->addr);
    struct addr bound = addr_normal(c->swim->transport->bound);
    if (addr_eq(a, &self) || addr_eq(a, &bound))
        return true;
    if (a->port != bound.port || !addr_is_unspecified(&bound))
        return false;
    for (size_t i = 0; i < c->options.interface_count; i++) {
        struct addr own = addr_normal(c->options.interfaces[i].addr);
        own.port = a->port;
        if (addr_eq(a, &own))
            return true;
    }
    return addr_is_loopback(a);
}

bool peers_have_unlike(const struct cluster *c)
{
    for (size_t i = 0; i < c->peers.host_count; i++) {
        const struct peer_host *h = &c->peers.hosts[i];
        if (h->is_literal ? h->addr_count && !addr_is_loopback(&h->addrs[0])
                          : !str_eq(h->host, S("localhost")))
            return true;
    }
    return false;
}

static struct failed_peer *failed_find(const struct cluster *c, const struct addr *a)
{
    list_each (node, &c->peers.failed) {
        struct failed_peer *f = list_item(node, struct failed_peer, link);
        if (addr_eq(&f->addr, a))
            return f;
    }
    return NULL;
}

static void failed_add(struct cluster *c, const struct addr *a)
{
    struct peers *p = &c->peers;
    if (failed_find(c, a) || members_find_addr(&c->swim->members, a))
        return;
    if (p->failed_count >= CLUSTER_PEERS_MAX)
        failed_free(c, list_item(p->failed.next, struct failed_peer, link));
    struct failed_peer *f = mem_new(struct failed_peer);
    f->addr = *a;
    f->since = env_mono(c->env);
    list_append(&p->failed, &f->link);
    p->failed_count++;
}

static void failed_remove(struct cluster *c, const struct addr *a)
{
    struct failed_peer *f = failed_find(c, a);
    if (f)
        failed_free(c, f);
}

// The address counts, whatever name lives there now: a restart under another name is no failure.
void peers_on_join(struct cluster *c, const struct member *m)
{
    struct addr a = addr_normal(m->addr);
    failed_remove(c, &a);
}

void peers_on_leave(struct cluster *c, const struct member *m)
{
    struct addr a = addr_normal(m->addr);
    if (m->state == MEMBER_DEAD && m != c->swim->self)
        failed_add(c, &a);
}

// ---- exchanging states ---------------------------------------------------------------------

static void log_join_errors(struct cluster *c)
{
    struct peers *p = &c->peers;
    defer(buf_done) struct buf text = {0};
    buf_printf(&text, "%zu error%s occurred:\n", p->join_error_count,
               p->join_error_count == 1 ? "" : "s");
    buf_put(&text, buf_str(&p->join_errors));
    buf_put_c(&text, '\n');
    log_warn(&c->log, "failed to join cluster", LOG_STR("err", buf_str(&text)));
    log_info(&c->log, "will retry joining cluster",
             LOG_DUR("interval", c->options.reconnect_interval));
    log_warn(&c->env->log, "unable to join gossip mesh", LOG_STR("err", buf_str(&text)));
}

static void join_ended(struct cluster *c)
{
    struct peers *p = &c->peers;
    assert(p->joins_pending > 0);
    if (--p->joins_pending > 0 || !p->is_joining)
        return;
    p->is_joining = false;
    if (p->joins_succeeded == 0 && p->join_error_count > 0)
        log_join_errors(c);
    else
        log_debug(&c->log, "joined cluster", LOG_INT("peers", p->joins_succeeded));
    buf_done(&p->join_errors);
}

static void dial_count(struct cluster *c, const struct dial *d, const struct err *err)
{
    bool is_good = err->code == ERR_NONE;
    defer(buf_done) struct buf addr = {0};
    buf_put_addr(&addr, &d->addr);
    switch (d->purpose) {
    case DIAL_JOIN:
        c->peers.joins_succeeded += is_good;
        if (!is_good)
            join_failed(c, "join", buf_str(&addr), err);
        return;
    case DIAL_REFRESH:
        c->stats.refresh_join += is_good;
        c->stats.refresh_join_failed += !is_good;
        log_debug(&c->log, "refresh", LOG_STR("result", is_good ? S("success") : S("failure")),
                  LOG_STR("addr", buf_str(&addr)), LOG_ERR(err));
        return;
    case DIAL_RECONNECT:
        c->stats.reconnections += is_good;
        c->stats.reconnections_failed += !is_good;
        log_debug(&c->log, "reconnect", LOG_STR("result", is_good ? S("success") : S("failure")),
                  LOG_STR("addr", buf_str(&addr)), LOG_ERR(err));
        return;
    }
}

static void dials_pump(struct cluster *c);

static void dial_done(void *owner, const struct err *err)
{
    struct dial *d = owner;
    struct cluster *c = d->cluster;
    bool is_join = d->purpose == DIAL_JOIN;
    d->session = NULL;
    c->peers.dials_under_way--;
    dial_count(c, d, err);
    if (err->code == ERR_NONE) // whoever answered there is known now, under whatever address
        failed_remove(c, &d->addr);
    dial_free(d);
    if (is_join)
        join_ended(c);
    dials_pump(c);
}

static void dials_pump(struct cluster *c)
{
    struct peers *p = &c->peers;
    list_each (node, &p->dials) {
        struct dial *d = list_item(node, struct dial, link);
        if (p->dials_under_way >= DIALS_MAX)
            return;
        if (d->session)
            continue;
        d->session = swim_pushpull(c->swim, &d->addr, true, dial_done, d);
        p->dials_under_way++;
    }
}

// All at the same time: an address that does not answer delays nobody.
static void peers_dial(struct cluster *c, const struct addr *to, enum dial_purpose purpose)
{
    struct peers *p = &c->peers;
    list_each (node, &p->dials) {
        if (addr_eq(&list_item(node, struct dial, link)->addr, to))
            return;
    }
    if (p->dial_count >= (size_t)2 * CLUSTER_PEERS_MAX)
        return;
    struct dial *d = mem_new(struct dial);
    *d = (struct dial){.cluster = c, .addr = *to, .purpose = purpose};
    list_append(&p->dials, &d->link);
    p->dial_count++;
    p->joins_pending += purpose == DIAL_JOIN;
    dials_pump(c);
}

// ---- looking up ----------------------------------------------------------------------------

// At first everybody is exchanged with; later only addresses that are not members' and that the
// reconnect loop does not care for already.
static void host_dial_addrs(struct cluster *c, const struct peer_host *h, bool is_first)
{
    for (size_t i = 0; i < h->addr_count; i++) {
        const struct addr *a = &h->addrs[i];
        if (is_own_addr(c, a))
            continue;
        if (is_first) {
            failed_add(c, a);
            peers_dial(c, a, DIAL_JOIN);
        } else if (!members_find_addr(&c->swim->members, a) && !failed_find(c, a)) {
            peers_dial(c, a, DIAL_REFRESH);
        }
    }
}

static void host_answered(void *owner, const struct dns_record *records, size_t count,
                          const struct err *err)
{
    struct peer_host *h = owner;
    struct cluster *c = h->cluster;
    bool is_first = !h->is_looked_up && c->peers.is_joining;
    h->query = NULL;
    if (err->code != ERR_NONE && is_first)
        join_failed(c, "resolve", h->text, err);
    else if (err->code != ERR_NONE)
        log_debug(&c->log, "cannot resolve peer", LOG_STR("peer", h->text), LOG_ERR(err));
    count = MIN(count, PEER_ADDRS_MAX);
    if (err->code == ERR_NONE && count > 0) { // otherwise the last good answer stays
        h->addrs = mem_resize(h->addrs, count, sizeof(*h->addrs));
        for (size_t i = 0; i < count; i++) {
            h->addrs[i] = addr_normal(records[i].addr);
            h->addrs[i].port = h->port;
        }
        h->addr_count = count;
    }
    h->is_looked_up = true;
    host_dial_addrs(c, h, is_first);
    if (is_first)
        join_ended(c);
}

static void host_look_up(struct peer_host *h)
{
    struct cluster *c = h->cluster;
    if (!h->is_literal && !h->query)
        h->query = env_resolve(c->env, h->host, DNS_ADDR, c->options.peers_resolve_timeout,
                               host_answered, h);
}

// Soon again while we are alone or a name is not known yet: at a rollout the names come one by one.
static dur_ns refresh_interval(const struct cluster *c)
{
    bool is_seeking = members_live_count(&c->swim->members) < 2;
    for (size_t i = 0; i < c->peers.host_count; i++)
        is_seeking |= c->peers.hosts[i].addr_count == 0;
    bool is_early = env_mono(c->env) - c->peers.joined_at < PEERS_SEEK_TIME;
    return is_seeking && is_early ? PEERS_SEEK_INTERVAL : PEERS_REFRESH_INTERVAL;
}

static void peers_refresh(void *owner)
{
    struct cluster *c = owner;
    struct peers *p = &c->peers;
    env_timer_after(c->env, &p->refresh_timer, refresh_interval(c));
    for (size_t i = 0; i < p->host_count; i++) {
        if (p->hosts[i].is_literal)
            host_dial_addrs(c, &p->hosts[i], false);
        else
            host_look_up(&p->hosts[i]);
    }
}

void peers_join(struct cluster *c)
{
    struct peers *p = &c->peers;
    p->joined_at = env_mono(c->env);
    p->is_joining = true;
    p->joins_pending = 1; // ourselves, so that it does not end while it begins
    for (size_t i = 0; i < p->host_count; i++) {
        if (p->hosts[i].is_literal) {
            host_dial_addrs(c, &p->hosts[i], true);
        } else {
            p->joins_pending++;
            host_look_up(&p->hosts[i]);
        }
    }
    join_ended(c);
    if (p->host_count > 0)
        env_timer_after(c->env, &p->refresh_timer, refresh_interval(c));
    env_timer_after(c->env, &p->reconnect_timer, c->options.reconnect_interval);
}

// ---- failed peers --------------------------------------------------------------------------

static void peers_reconnect(void *owner)
{
    struct cluster *c = owner;
    mono_ns now = env_mono(c->env);
    env_timer_after(c->env, &c->peers.reconnect_timer, c->options.reconnect_interval);
    list_each_safe (node, &c->peers.failed) {
        struct failed_peer *f = list_item(node, struct failed_peer, link);
        if (now - f->since > c->options.reconnect_timeout) {
            defer(buf_done) struct buf addr = {0};
            buf_put_addr(&addr, &f->addr);
            log_debug(&c->log, "failed peer has timed out", LOG_STR("addr", buf_str(&addr)));
            failed_free(c, f);
        } else {
            peers_dial(c, &f->addr, DIAL_RECONNECT);
        }
    }
}
