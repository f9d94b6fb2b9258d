// SPDX-License-Identifier: Apache-2.0
// Full-state exchange: with a random member now and then, and at once with a member that came or
// came back, so that what it missed does not have to wait.
#include "base/core/alloc.h"
#include "gossip/swim.h"

#define SYNC_DELAY       DUR_MS(500)    // lets the joiner's own exchange come first
#define SYNC_SPACING     DUR_SECONDS(5) // between two attempts with one member
#define SUSPECT_PATIENCE DUR_SECONDS(1)

static void pushpull_tick(void *owner);
static void sync_tick(void *owner);

void pushpull_init(struct swim *s)
{
    timer_init(&s->pushpull_timer, pushpull_tick, s);
    timer_init(&s->sync_timer, sync_tick, s);
}

// Staggered, so that nodes started together do not all exchange at the same time.
void pushpull_start(struct swim *s)
{
    dur_ns interval = s->options.pushpull_interval;
    dur_ns delay = (dur_ns)env_random_below(s->env, (uint64_t)interval);
    env_timer_after(s->env, &s->pushpull_timer, add_saturated(delay, interval));
    env_timer_after(s->env, &s->sync_timer, SYNC_DELAY);
}

void pushpull_stop(struct swim *s)
{
    env_timer_cancel(s->env, &s->pushpull_timer);
    env_timer_cancel(s->env, &s->sync_timer);
}

static void pushpull_done(void *owner, const struct err *err)
{
    struct swim *s = owner;
    if (err->code != ERR_NONE)
        log_debug(&s->log, "Push/Pull with a member failed", LOG_ERR(err));
}

static void pushpull_tick(void *owner)
{
    struct swim *s = owner;
    dur_ns interval = pushpull_interval_scaled(s->options.pushpull_interval, s->members.count);
    env_timer_after(s->env, &s->pushpull_timer, interval);
    struct member *chosen = NULL;
    uint64_t seen = 0;
    for (size_t i = 0; i < s->members.count; i++) {
        struct member *m = s->members.items[i];
        if (m != s->self && m->state == MEMBER_ALIVE && env_random_below(s->env, ++seen) == 0)
            chosen = m;
    }
    if (chosen)
        swim_pushpull(s, &chosen->addr, false, pushpull_done, s);
}

// ---- members that came or came back --------------------------------------------------------

void pushpull_wanted(struct swim *s, struct member *m)
{
    if (m == s->self || s->is_leaving)
        return;
    m->wants_sync = true;
    m->is_synced = false;
    mono_ns soon = add_saturated(env_mono(s->env), SYNC_DELAY);
    m->sync_not_before = MAX(m->sync_not_before, soon);
}

// Is an exchange with it due? A suspect hears of the suspicion that way even if packets get lost.
static bool wants_exchange(const struct member *m, mono_ns now)
{
    switch (m->state) {
    case MEMBER_ALIVE:
        return m->wants_sync && m->sync_not_before <= now;
    case MEMBER_SUSPECT:
        return now - m->state_change >= SUSPECT_PATIENCE && m->sync_not_before <= now;
    case MEMBER_DEAD:
    case MEMBER_LEFT:
        return false;
    }
    return false;
}

// Suspects are told again and again, so that a few lost packets do not make a member dead. One
// exchange at a time: when a cluster starts, many members come at once.
static void sync_tick(void *owner)
{
    struct swim *s = owner;
    mono_ns now = env_mono(s->env);
    env_timer_after(s->env, &s->sync_timer, SYNC_DELAY);
    if (members_live_count(&s->members) > FAIR_MEMBERS_MAX)
        return; // the members it joined through have the states already
    struct member *due = NULL;
    for (size_t i = 0; i < s->members.count; i++) {
        struct member *m = s->members.items[i];
        if (m == s->self)
            continue;
        if (m->state == MEMBER_SUSPECT)
            probe_remind(s, m, ++s->seq_no);
        if (!due && wants_exchange(m, now))
            due = m;
    }
    if (!due)
        return;
    due->sync_not_before = add_saturated(now, SYNC_SPACING);
    swim_pushpull(s, &due->addr, false, pushpull_done, s);
}

// The member that a stream's address belongs to. Accepted streams come from any port: only an IP
// that one member alone has tells who it is.
static struct member *member_at(const struct swim *s, const struct addr *peer, bool is_dialled)
{
    if (is_dialled)
        return members_find_addr(&s->members, peer);
    struct member *found = NULL;
    for (size_t i = 0; i < s->members.count; i++) {
        struct member *m = s->members.items[i];
        struct addr addr = addr_normal(m->addr);
        addr.port = peer->port;
        if (!member_is_live(m) || !addr_eq(&addr, peer))
            continue;
        if (found)
            return NULL;
        found = m;
    }
    return found;
}

// ---- the message ---------------------------------------------------------------------------

// The states are megabytes: what stands in front of them is put there when they are complete.
void pushpull_put_local(struct swim *s, bool join, struct buf *ret)
{
    assert(ret->n == 0 && ret->max == 0);
    defer(buf_done) struct buf user = {.max = CHANNEL_STATE_BYTES_MAX}, head = {0};
    defer(arena_done) struct arena mem = {0};
    struct msg_state *states = arena_array(&mem, struct msg_state, s->members.count);
    struct err err = ERR_INIT;
    for (size_t i = 0; i < s->members.count; i++) {
        struct member *m = s->members.items[i];
        states[i] = (struct msg_state){
            .name = m->name,
            .addr = addr_bytes(&m->addr),
            .port = m->addr.port,
            .meta = m->meta,
            .incarnation = m->incarnation,
            .state = m->state,
            .vsn = str_from(m->vsn, VSN_BYTES),
        };
    }
    if (!s->ops->local_state(s->owner, &user, &err) || user.is_full) {
        log_warn(&s->log, "marshal local state", LOG_ERR(&err), LOG_INT("bytes", user.n));
        buf_clear(&user);
    }
    pushpull_put_head(&head, &(struct pushpull){join, states, s->members.count, buf_str(&user)});
    user.max = 0;
    buf_insert(&user, 0, buf_str(&head));
    buf_done(ret);
    *ret = user;
    user = (struct buf){0};
}

bool pushpull_merge(struct swim *s, const struct pushpull *p, const struct addr *peer,
                    bool is_dialled, struct err *err)
{
    if (!swim_merge(s, p->states, p->count, err))
        return false;
    struct member *from = member_at(s, peer, is_dialled);
    if (p->user_state.n > 0)
        s->ops->remote_state(s->owner, p->user_state, from);
    if (from) {
        from->wants_sync = false;
        from->is_synced = true;
    }
    return true;
}
