// SPDX-License-Identifier: Apache-2.0
// The failure detector: one member is probed per interval. First a ping; when no ack comes in time,
// pings through others and one over TCP; when none of them helped, suspicion (SWIM §3, Lifeguard
// §IV-A: a node that has trouble itself takes more time before it accuses).
#include "base/core/alloc.h"
#include "gossip/swim.h"

enum { PMAX_NACK = 4, PMAX_TCP_PING = 3 }; // PMax from which a peer knows nacks, pings over TCP

static void probe_tick(void *owner);
static void probe_step(void *owner);

void probe_init(struct swim *s)
{
    timer_init(&s->probe_ticker, probe_tick, s);
    timer_init(&s->probe.timer, probe_step, s);
    list_init(&s->relays);
}

void probe_start(struct swim *s)
{
    dur_ns interval = s->options.probe_interval;
    dur_ns delay = (dur_ns)env_random_below(s->env, (uint64_t)interval);
    s->next_probe_tick = add_saturated(env_mono(s->env), add_saturated(delay, interval));
    env_timer_set(s->env, &s->probe_ticker, s->next_probe_tick);
}

static void probe_end(struct swim *s)
{
    struct probe *p = &s->probe;
    env_timer_cancel(s->env, &p->timer);
    session_cancel(p->tcp);
    p->tcp = NULL;
    p->target = NULL;
}

static void relay_drop(struct swim *s, struct list *node);

void probe_stop(struct swim *s)
{
    env_timer_cancel(s->env, &s->probe_ticker);
    probe_end(s);
    while (!list_is_empty(&s->relays))
        relay_drop(s, s->relays.next);
}

void probe_forget(struct swim *s, const struct member *m)
{
    if (s->probe.target == m)
        probe_end(s);
}

// ---- choosing ------------------------------------------------------------------------------

// The next member to probe, or NULL. Passing the end of the table reaps and shuffles it.
static struct member *probe_next_target(struct swim *s)
{
    for (size_t looked_at = 0; looked_at < s->members.count; looked_at++) {
        if (s->probe_index >= s->members.count) {
            swim_reap(s);
            s->probe_index = 0;
        }
        struct member *m = s->members.items[s->probe_index++];
        if (m != s->self && member_is_live(m))
            return m;
    }
    return NULL;
}

static void probe_begin(struct swim *s, struct member *target);

// Ticks keep their beat. One that comes while a probe is under way is made up for afterwards,
// further ones are dropped.
static void probe_tick(void *owner)
{
    struct swim *s = owner;
    dur_ns interval = s->options.probe_interval;
    mono_ns now = env_mono(s->env);
    while (s->next_probe_tick <= now)
        s->next_probe_tick = add_saturated(
            s->next_probe_tick, MAX(1, (now - s->next_probe_tick) / interval) * interval);
    env_timer_set(s->env, &s->probe_ticker, s->next_probe_tick);
    if (s->probe.target) {
        s->is_probe_due = true;
        return;
    }
    s->is_probe_due = false;
    struct member *target = probe_next_target(s);
    if (target)
        probe_begin(s, target);
}

static void probe_finish(struct swim *s)
{
    probe_end(s);
    if (!s->is_probe_due)
        return;
    s->is_probe_due = false;
    struct member *target = probe_next_target(s);
    if (target)
        probe_begin(s, target);
}

// ---- a probe -------------------------------------------------------------------------------

static void put_ping(struct swim *s, struct buf *out, str node, uint32_t seq_no)
{
    struct addr self = s->self->addr;
    message_put(out, MSG_PING,
                &(struct msg_ping){seq_no, node, addr_bytes(&self), self.port, s->self->name});
}

void probe_remind(struct swim *s, const struct member *suspect, uint32_t seq_no)
{
    defer(buf_done) struct buf ping = {0}, suspicion = {0}, compound = {0};
    defer(parts_done) struct parts parts = {0};
    put_ping(s, &ping, suspect->name, seq_no);
    message_put(&suspicion, MSG_SUSPECT,
                &(struct msg_suspect){suspect->incarnation, suspect->name, s->self->name});
    parts_add(&parts, buf_str(&ping), S(""));
    parts_add(&parts, buf_str(&suspicion), S(""));
    parts_put_compound(&parts, &compound);
    swim_send_packet(s, &suspect->addr, buf_str(&compound), member_speaks_crc(suspect));
}

static void probe_begin(struct swim *s, struct member *target)
{
    struct probe *p = &s->probe;
    mono_ns now = env_mono(s->env);
    dur_ns interval = mul_saturated(s->options.probe_interval, (int64_t)s->awareness + 1);
    *p = (struct probe){
        .target = target,
        .incarnation = target->incarnation,
        .seq_no = ++s->seq_no,
        .sent_at = now,
        .deadline = add_saturated(now, interval),
        .timer = p->timer,
    };
    if (target->state == MEMBER_ALIVE) {
        defer(buf_done) struct buf ping = {0};
        put_ping(s, &ping, target->name, p->seq_no);
        swim_send(s, &target->addr, target, buf_str(&ping));
    } else {
        probe_remind(s, target, p->seq_no);
    }
    env_timer_set(s->env, &p->timer,
                  MIN(add_saturated(now, s->options.probe_timeout), p->deadline));
}

static void probe_tcp_done(void *owner, const struct err *err)
{
    struct swim *s = owner;
    s->probe.tcp = NULL;
    s->probe.is_reached_over_tcp = err->code == ERR_NONE;
}

// Up to INDIRECT_CHECKS random others that are alive.
static size_t probe_choose_helpers(struct swim *s, struct member **helpers)
{
    size_t count = 0, seen = 0;
    for (size_t i = 0; i < s->members.count; i++) {
        struct member *m = s->members.items[i];
        if (m == s->self || m == s->probe.target || m->state != MEMBER_ALIVE)
            continue;
        seen++; // reservoir sampling
        size_t at = count < INDIRECT_CHECKS ? count++ : env_random_below(s->env, seen);
        if (at < INDIRECT_CHECKS)
            helpers[at] = m;
    }
    return count;
}

static void probe_indirectly(struct swim *s)
{
    struct probe *p = &s->probe;
    struct member *helpers[INDIRECT_CHECKS];
    size_t count = probe_choose_helpers(s, helpers);
    struct addr self = s->self->addr;
    struct member *target = p->target;
    p->is_indirect = true;
    for (size_t i = 0; i < count; i++) {
        defer(buf_done) struct buf message = {0};
        bool nack = helpers[i]->vsn[VSN_PMAX] >= PMAX_NACK;
        p->nacks_expected += nack;
        message_put(&message, MSG_INDIRECT_PING,
                    &(struct msg_indirect_ping){p->seq_no, addr_bytes(&target->addr),
                                                target->addr.port, target->name, nack,
                                                addr_bytes(&self), self.port, s->self->name});
        swim_send(s, &helpers[i]->addr, helpers[i], buf_str(&message));
    }
    if (target->vsn[VSN_PMAX] >= PMAX_TCP_PING && s->transport)
        p->tcp = session_ping(s, &target->addr, target->name, p->seq_no, probe_tcp_done, s);
    env_timer_set(s->env, &p->timer, p->deadline);
}

static void probe_failed(struct swim *s)
{
    struct probe *p = &s->probe;
    struct member *target = p->target;
    if (p->is_reached_over_tcp) {
        log_warn(&s->log,
                 "Was able to connect to a member over TCP but UDP probes failed, network may be "
                 "misconfigured",
                 LOG_STR("peer", target->name));
        s->awareness = awareness_add(s->awareness, -1);
        return;
    }
    // Helpers that could not answer either say that it may be us who cannot hear.
    int missed = (int)p->nacks_expected - (int)p->nacks;
    s->awareness = awareness_add(s->awareness, p->nacks_expected ? MAX(missed, 0) : 1);
    log_debug(&s->log, "Suspect member has failed, no acks received",
              LOG_STR("peer", target->name));
    // A target that restarted or refuted meanwhile has a higher one: that silence was not its own.
    swim_suspect(s, &(struct msg_suspect){p->incarnation, target->name, s->self->name});
}

static void probe_step(void *owner)
{
    struct swim *s = owner;
    if (!s->probe.is_indirect && env_mono(s->env) < s->probe.deadline) {
        probe_indirectly(s);
        return;
    }
    probe_failed(s);
    probe_finish(s);
}

static void stats_add_ping(struct cluster_peer_stats *stats, dur_ns rtt)
{
    size_t i = 0;
    while (i < CLUSTER_PING_BUCKETS && dur_to_seconds(rtt) > cluster_ping_bounds_s[i])
        i++;
    stats->ping_buckets[i]++;
    stats->ping_count++;
    stats->ping_sum_s += dur_to_seconds(rtt);
}

// ---- answering -----------------------------------------------------------------------------

// Where the sender wants the answer: what it says, or where the packet came from.
static struct addr reply_addr(str source_addr, uint16_t source_port, const struct addr *from)
{
    struct addr a;
    if (source_port && addr_from_bytes(source_addr, source_port, &a))
        return addr_normal(a);
    return *from;
}

static void send_ack(struct swim *s, const struct addr *to, uint32_t seq_no)
{
    defer(buf_done) struct buf ack = {0};
    message_put(&ack, MSG_ACK, &(struct msg_ack){seq_no, S("")});
    swim_send(s, to, members_find_addr(&s->members, to), buf_str(&ack));
}

void probe_on_ping(struct swim *s, const struct addr *from, str body)
{
    struct msg_ping ping;
    if (!message_decode(MSG_PING, body, &ping, &s->scratch, NULL)) {
        s->packets_refused++;
        return;
    }
    if (ping.node.n > 0 && !str_eq(ping.node, s->self->name)) {
        log_debug(&s->log, "Got ping for unexpected node", LOG_STR("node", ping.node));
        return;
    }
    struct addr to = reply_addr(ping.source_addr, ping.source_port, from);
    send_ack(s, &to, ping.seq_no);
}

// A ping on behalf of another member.
struct relay {
    struct list link;
    struct swim *swim;
    uint32_t seq_no; // of our ping
    struct addr requester;
    uint32_t requester_seq_no;
    bool wants_nack;
    struct timer timer; // no ack in time
};

static void relay_drop(struct swim *s, struct list *node)
{
    struct relay *r = list_item(node, struct relay, link);
    env_timer_cancel(s->env, &r->timer);
    list_remove(&r->link);
    s->relay_count--;
    mem_free(r);
}

static void relay_expired(void *owner)
{
    struct relay *r = owner;
    struct swim *s = r->swim;
    if (r->wants_nack) {
        defer(buf_done) struct buf nack = {0};
        message_put(&nack, MSG_NACK, &(struct msg_nack){r->requester_seq_no});
        swim_send(s, &r->requester, members_find_addr(&s->members, &r->requester), buf_str(&nack));
    }
    relay_drop(s, &r->link);
}

void probe_on_indirect_ping(struct swim *s, const struct addr *from, str body)
{
    struct msg_indirect_ping msg;
    struct addr target;
    if (!message_decode(MSG_INDIRECT_PING, body, &msg, &s->scratch, NULL) ||
        !addr_from_bytes(msg.target, msg.port ? msg.port : s->self->addr.port, &target) ||
        s->relay_count >= RELAYS_MAX || s->is_leaving) {
        s->packets_refused++;
        return;
    }
    struct relay *r = mem_new(struct relay);
    *r = (struct relay){
        .swim = s,
        .seq_no = ++s->seq_no,
        .requester = reply_addr(msg.source_addr, msg.source_port, from),
        .requester_seq_no = msg.seq_no,
        .wants_nack = msg.nack,
    };
    list_append(&s->relays, &r->link);
    s->relay_count++;
    timer_init(&r->timer, relay_expired, r);
    env_timer_after(s->env, &r->timer, s->options.probe_timeout);
    defer(buf_done) struct buf ping = {0};
    put_ping(s, &ping, msg.node, r->seq_no);
    swim_send(s, &target, members_find(&s->members, msg.node), buf_str(&ping));
}

void probe_on_ack(struct swim *s, uint32_t seq_no)
{
    struct probe *p = &s->probe;
    if (p->target && p->seq_no == seq_no) {
        if (!p->is_indirect)
            stats_add_ping(&p->target->stats, env_mono(s->env) - p->sent_at);
        s->awareness = awareness_add(s->awareness, -1);
        probe_finish(s);
        return;
    }
    list_each_safe (node, &s->relays) {
        struct relay *r = list_item(node, struct relay, link);
        if (r->seq_no != seq_no)
            continue;
        send_ack(s, &r->requester, r->requester_seq_no);
        relay_drop(s, node);
        return;
    }
}

void probe_on_nack(struct swim *s, uint32_t seq_no)
{
    if (s->probe.target && s->probe.seq_no == seq_no)
        s->probe.nacks++;
}
