// SPDX-License-Identifier: Apache-2.0
#include "gossip/swim.h"

#include "base/core/alloc.h"

const uint8_t SWIM_VSN[VSN_BYTES] = {1, 5, 2, 0, 0, 0};

static void queue_finished(void *owner, str name, str message);

// ---- life ----------------------------------------------------------------------------------

struct swim *swim_new(struct env *env, const struct swim_options *options,
                      const struct swim_ops *ops, void *owner)
{
    struct swim *s = mem_new(struct swim);
    s->env = env;
    s->log = log_with(&env->log, LOG_C("component", "cluster"));
    s->options = *options;
    s->ops = ops;
    s->owner = owner;
    members_init(&s->members, env_random(env));
    broadcast_queue_init(&s->queue, env_random(env));
    broadcast_queue_init(&s->user_queue, env_random(env));
    s->queue.on_finished = queue_finished;
    s->queue.owner = s;
    list_init(&s->sessions);
    timer_init(&s->gossip_timer, gossip_tick, s);
    probe_init(s);
    pushpull_init(s);
    return s;
}

void swim_free(struct swim *s)
{
    if (!s)
        return;
    env_timer_cancel(s->env, &s->gossip_timer);
    probe_stop(s);
    pushpull_stop(s);
    session_close_all(s);
    for (size_t i = 0; i < s->members.count; i++)
        env_timer_cancel(s->env, &s->members.items[i]->suspicion_timer);
    transport_close(s->transport);
    s->queue.on_finished = NULL;
    broadcast_queue_done(&s->queue);
    broadcast_queue_done(&s->user_queue);
    members_done(&s->members);
    arena_done(&s->scratch);
    mem_free(s);
}

static struct msg_alive alive_of(const struct member *m)
{
    return (struct msg_alive){
        .incarnation = m->incarnation,
        .node = m->name,
        .addr = addr_bytes(&m->addr),
        .port = m->addr.port,
        .meta = m->meta,
        .vsn = str_from(m->vsn, VSN_BYTES),
    };
}

static void swim_queue(struct swim *s, str name, enum msg_type type, const void *msg)
{
    defer(buf_done) struct buf message = {0};
    message_put(&message, type, msg);
    broadcast_add(&s->queue, name, buf_str(&message), 0);
}

static void queue_alive(struct swim *s, const struct member *m)
{
    struct msg_alive a = alive_of(m);
    swim_queue(s, m->name, MSG_ALIVE, &a);
}

static void suspicion_expired(void *owner);

static struct member *swim_add_member(struct swim *s, str name)
{
    if (s->members.count >= MEMBERS_MAX)
        swim_reap(s);
    struct member *m = members_add(&s->members, s->env, name);
    if (!m) {
        s->members_refused++;
        return NULL;
    }
    m->swim = s;
    timer_init(&m->suspicion_timer, suspicion_expired, m);
    return m;
}

static void member_became_alive(struct swim *s, struct member *m)
{
    m->gossip_order = (uint64_t)s->gossip_round << 32 | (uint32_t)env_random(s->env);
    m->is_synced = m == s->self;
    broadcast_forget(&s->queue, m->bit);
    broadcast_forget(&s->user_queue, m->bit);
    pushpull_wanted(s, m);
    s->ops->on_join(s->owner, m);
}

void swim_start(struct swim *s, struct transport *takes, const struct addr *advertise)
{
    s->transport = takes;
    struct member *self = swim_add_member(s, s->options.name);
    assert(self); // the first of all
    s->self = self;
    members_set_addr(&s->members, self, advertise);
    memcpy(self->vsn, SWIM_VSN, VSN_BYTES);
    self->incarnation = 1;
    members_set_state(&s->members, self, MEMBER_ALIVE);
    queue_alive(s, self);
    member_became_alive(s, self);
    if (!takes)
        return;
    dur_ns delay = (dur_ns)env_random_below(s->env, (uint64_t)s->options.gossip_interval);
    env_timer_after(s->env, &s->gossip_timer, delay);
    probe_start(s);
    pushpull_start(s);
}

// ---- the member table ----------------------------------------------------------------------

void swim_reap(struct swim *s)
{
    struct members *all = &s->members;
    for (size_t i = all->count; i-- > 0;) {
        struct member *m = all->items[i];
        if (member_is_live(m) || env_mono(s->env) - m->state_change <= GOSSIP_TO_DEAD)
            continue;
        probe_forget(s, m);
        env_timer_cancel(s->env, &m->suspicion_timer);
        broadcast_forget(&s->queue, m->bit);
        broadcast_forget(&s->user_queue, m->bit);
        members_remove(all, m);
    }
    members_shuffle(all, s->env);
}

static void member_set_state(struct swim *s, struct member *m, enum member_state state)
{
    members_set_state(&s->members, m, state);
    m->state_change = env_mono(s->env);
}

static void member_drop_suspicion(struct swim *s, struct member *m)
{
    env_timer_cancel(s->env, &m->suspicion_timer);
    suspicion_clear(&m->suspicion);
}

static bool name_is_valid(str name)
{
    return name.n > 0 && name.n <= NAME_BYTES_MAX;
}

// Somebody claims something about us that is not so: a higher incarnation overrules it.
static void swim_refute(struct swim *s, uint32_t accused)
{
    struct member *self = s->self;
    self->incarnation++;
    if (accused >= self->incarnation && accused < UINT32_MAX)
        self->incarnation = accused + 1;
    s->awareness = awareness_add(s->awareness, 1);
    queue_alive(s, self);
}

static bool vsn_is_valid(str vsn)
{
    const uint8_t *v = (const uint8_t *)vsn.p;
    return vsn.n >= VSN_BYTES && v[VSN_PMIN] && v[VSN_PMAX] && v[VSN_PMIN] <= v[VSN_PMAX];
}

static void member_take_alive(struct swim *s, struct member *m, const struct msg_alive *a,
                              const struct addr *addr)
{
    members_set_addr(&s->members, m, addr);
    m->incarnation = a->incarnation;
    memcpy(m->vsn, a->vsn.p, VSN_BYTES);
    if (!str_eq(m->meta, a->meta))
        member_set_meta(m, a->meta);
}

// An alive message about another address than the one on record. True: it is accepted.
static bool swim_accept_moved(struct swim *s, struct member *m, const struct addr *addr)
{
    if (m->state == MEMBER_LEFT)
        return true;
    log_debug(&s->log, "Conflicting address for member", LOG_STR("peer", m->name));
    s->ops->on_conflict(s->owner, m, addr);
    return false;
}

static bool alive_is_news_about_us(const struct swim *s, const struct msg_alive *a)
{
    const struct member *self = s->self;
    return a->incarnation != self->incarnation || !str_eq(a->meta, self->meta) ||
           !str_eq(a->vsn, str_from(self->vsn, VSN_BYTES));
}

void swim_alive(struct swim *s, const struct msg_alive *a)
{
    struct addr addr;
    bool is_self = str_eq(a->node, s->self->name);
    if (!name_is_valid(a->node) || a->meta.n > META_BYTES_MAX || (s->is_leaving && is_self) ||
        !vsn_is_valid(a->vsn) ||
        !addr_from_bytes(a->addr, a->port ? a->port : s->self->addr.port, &addr))
        return;
    struct member *m = members_find(&s->members, a->node);
    bool is_known = m != NULL;
    if (!m) {
        m = swim_add_member(s, a->node);
        if (!m)
            return;
        members_set_addr(&s->members, m, &addr);
        memcpy(m->vsn, a->vsn.p, VSN_BYTES);
        member_set_meta(m, a->meta);
    }
    m->stats.alive_messages++;
    struct addr old = addr_normal(m->addr), new_ = addr_normal(addr);
    bool has_moved = is_known && !addr_eq(&old, &new_);
    if (has_moved && !swim_accept_moved(s, m, &addr))
        return;
    if (is_self ? a->incarnation < m->incarnation : a->incarnation <= m->incarnation && !has_moved)
        return; // old news
    member_drop_suspicion(s, m);
    if (is_self) {
        if (alive_is_news_about_us(s, a))
            swim_refute(s, a->incarnation);
        return;
    }
    enum member_state before = m->state;
    bool has_new_meta = !str_eq(m->meta, a->meta);
    swim_queue(s, a->node, MSG_ALIVE, a);
    member_take_alive(s, m, a, &addr);
    if (before != MEMBER_ALIVE)
        member_set_state(s, m, MEMBER_ALIVE);
    switch (before) {
    case MEMBER_DEAD:
    case MEMBER_LEFT:
        member_became_alive(s, m);
        return;
    case MEMBER_SUSPECT:
        pushpull_wanted(s, m); // what it missed while it was away
        s->ops->on_suspect(s->owner, m);
        break;
    case MEMBER_ALIVE:
        break;
    }
    if (has_new_meta)
        s->ops->on_update(s->owner, m);
}

static void suspicion_expired(void *owner)
{
    struct member *m = owner;
    struct swim *s = m->swim;
    if (m->state != MEMBER_SUSPECT)
        return;
    log_debug(&s->log, "Marking member as failed, suspect timeout reached",
              LOG_STR("peer", m->name), LOG_INT("confirmations", m->suspicion.confirmations));
    swim_dead(s, &(struct msg_suspect){m->incarnation, m->name, s->self->name});
}

void swim_suspect(struct swim *s, const struct msg_suspect *msg)
{
    struct member *m = members_find(&s->members, msg->node);
    if (!m || msg->incarnation < m->incarnation || msg->from.n > NAME_BYTES_MAX)
        return;
    switch (m->state) {
    case MEMBER_SUSPECT:
        if (suspicion_confirm(&m->suspicion, msg->from)) {
            env_timer_set(s->env, &m->suspicion_timer, suspicion_deadline(&m->suspicion));
            swim_queue(s, m->name, MSG_SUSPECT, msg);
        }
        return;
    case MEMBER_ALIVE:
        break;
    case MEMBER_DEAD:
    case MEMBER_LEFT:
        return; // only a newer alive message brings it back
    }
    if (m == s->self) {
        log_debug(&s->log, "Refuting a suspect message", LOG_STR("from", msg->from));
        swim_refute(s, msg->incarnation);
        return;
    }
    swim_queue(s, m->name, MSG_SUSPECT, msg);
    m->incarnation = msg->incarnation;
    member_set_state(s, m, MEMBER_SUSPECT);
    suspicion_start(&m->suspicion, env_mono(s->env), msg->from, s->members.count,
                    s->options.probe_interval);
    env_timer_set(s->env, &m->suspicion_timer, suspicion_deadline(&m->suspicion));
    s->ops->on_suspect(s->owner, m);
}

void swim_dead(struct swim *s, const struct msg_suspect *msg)
{
    struct member *m = members_find(&s->members, msg->node);
    if (!m || msg->incarnation < m->incarnation || msg->from.n > NAME_BYTES_MAX)
        return;
    member_drop_suspicion(s, m);
    if (!member_is_live(m))
        return;
    if (m == s->self && !s->is_leaving) {
        log_debug(&s->log, "Refuting a dead message", LOG_STR("from", msg->from));
        swim_refute(s, msg->incarnation);
        return;
    }
    swim_queue(s, m->name, MSG_DEAD, msg);
    m->incarnation = msg->incarnation;
    member_set_state(s, m, str_eq(msg->node, msg->from) ? MEMBER_LEFT : MEMBER_DEAD);
    s->ops->on_leave(s->owner, m);
}

// ---- merging a member table ----------------------------------------------------------------

struct vsn_range {
    uint8_t min, max;
};

static void vsn_narrow(struct vsn_range *r, const uint8_t *vsn, size_t min)
{
    r->min = MAX(r->min, vsn[min]);
    r->max = MIN(r->max, vsn[min + 1]);
}

static bool vsn_check(const uint8_t *vsn, str name, struct vsn_range p, struct vsn_range d,
                      struct err *err)
{
    if (vsn[VSN_PCUR] < p.min || vsn[VSN_PCUR] > p.max)
        return err_set(err, ERR_UNSUPPORTED,
                       "Node '%.*s' protocol version (%d) is incompatible: [%d, %d]", STR(name),
                       vsn[VSN_PCUR], p.min, p.max);
    if (vsn[VSN_DCUR] < d.min || vsn[VSN_DCUR] > d.max)
        return err_set(err, ERR_UNSUPPORTED,
                       "Node '%.*s' delegate protocol version (%d) is incompatible: [%d, %d]",
                       STR(name), vsn[VSN_DCUR], d.min, d.max);
    return true;
}

static const uint8_t *vsn_of(const struct msg_state *state)
{
    static const uint8_t NONE[VSN_BYTES];
    return state->vsn.n >= VSN_BYTES ? (const uint8_t *)state->vsn.p : NONE;
}

// Everybody must speak what all the living understand.
static bool swim_verify_versions(const struct swim *s, const struct msg_state *states, size_t count,
                                 struct err *err)
{
    struct vsn_range p = {0, UINT8_MAX}, d = {0, UINT8_MAX};
    for (size_t i = 0; i < count; i++) {
        if (states[i].state != MEMBER_ALIVE || states[i].vsn.n < VSN_BYTES)
            continue;
        vsn_narrow(&p, vsn_of(&states[i]), VSN_PMIN);
        vsn_narrow(&d, vsn_of(&states[i]), VSN_DMIN);
    }
    for (size_t i = 0; i < s->members.count; i++) {
        const struct member *m = s->members.items[i];
        if (m->state != MEMBER_ALIVE)
            continue;
        vsn_narrow(&p, m->vsn, VSN_PMIN);
        vsn_narrow(&d, m->vsn, VSN_DMIN);
    }
    for (size_t i = 0; i < count; i++) {
        if (!vsn_check(vsn_of(&states[i]), states[i].name, p, d, err))
            return false;
    }
    for (size_t i = 0; i < s->members.count; i++) {
        if (!vsn_check(s->members.items[i]->vsn, s->members.items[i]->name, p, d, err))
            return false;
    }
    return true;
}

static void swim_merge_one(struct swim *s, const struct msg_state *r)
{
    switch (r->state) {
    case MEMBER_ALIVE:
        swim_alive(s,
                   &(struct msg_alive){r->incarnation, r->name, r->addr, r->port, r->meta, r->vsn});
        return;
    case MEMBER_LEFT:
        swim_dead(s, &(struct msg_suspect){r->incarnation, r->name, r->name});
        return;
    case MEMBER_DEAD: // it may be alive for us: suspect it, and let it refute
    case MEMBER_SUSPECT:
        swim_suspect(s, &(struct msg_suspect){r->incarnation, r->name, s->self->name});
        return;
    default:
        return; // a number that means nothing
    }
}

bool swim_merge(struct swim *s, const struct msg_state *states, size_t count, struct err *err)
{
    if (!swim_verify_versions(s, states, count, err))
        return false;
    for (size_t i = 0; i < count; i++)
        swim_merge_one(s, &states[i]);
    return true;
}

// ---- leaving -------------------------------------------------------------------------------

static bool has_live_others(const struct swim *s)
{
    return members_live_count(&s->members) > (member_is_live(s->self) ? 1 : 0);
}

// The queue has sent our goodbye to everybody, or something newer about us replaced it.
static void queue_finished(void *owner, str name, str message)
{
    struct swim *s = owner;
    if (s->is_leaving && message.n > 0 && message.p[0] == MSG_DEAD && str_eq(name, s->self->name))
        s->ops->on_left(s->owner);
}

void swim_leave(struct swim *s)
{
    if (s->is_leaving)
        return;
    s->is_leaving = true;
    probe_stop(s);
    pushpull_stop(s);
    swim_dead(s, &(struct msg_suspect){s->self->incarnation, s->self->name, s->self->name});
    if (!has_live_others(s))
        s->ops->on_left(s->owner);
}
