// SPDX-License-Identifier: Apache-2.0
#include "gossip/cluster.h"

#include "base/core/alloc.h"
#include "gossip/cluster_state.h"

const double cluster_ping_bounds_s[CLUSTER_PING_BUCKETS] = {.005, .01, .025, .05, .1, .25, .5};

static void settle_poll(void *owner);
static void leave_step(void *owner);
static void notify(void *owner);

bool cluster_may_warn(struct cluster *c)
{
    mono_ns now = env_mono(c->env);
    if (now - c->warnings_since >= DUR_MINUTES(1)) {
        c->warnings_since = now;
        c->warnings = 0;
    }
    return c->warnings++ < WARNINGS_PER_MINUTE;
}

// ---- what swim tells -----------------------------------------------------------------------

static void members_changed(struct cluster *c)
{
    c->change++;
    env_timer_after(c->env, &c->notify_timer, 0);
}

static void on_join(void *owner, struct member *m)
{
    struct cluster *c = owner;
    c->stats.peers_joined++;
    peers_on_join(c, m);
    members_changed(c);
    log_debug(&c->log, "peer joined", LOG_STR("peer", m->name));
}

static void on_leave(void *owner, struct member *m)
{
    struct cluster *c = owner;
    c->stats.peers_left++;
    outbox_free(m);
    peers_on_leave(c, m);
    members_changed(c);
    log_debug(&c->log, "peer left", LOG_STR("peer", m->name));
}

static void on_update(void *owner, struct member *m)
{
    struct cluster *c = owner;
    c->stats.peers_update++;
    log_debug(&c->log, "peer updated", LOG_STR("peer", m->name));
}

static void on_suspect(void *owner, struct member *m)
{
    (void)m;
    members_changed(owner);
}

static void on_conflict(void *owner, struct member *m, const struct addr *other)
{
    struct cluster *c = owner;
    defer(buf_done) struct buf known = {0}, new_ = {0};
    c->stats.name_conflicts++;
    if (!cluster_may_warn(c))
        return;
    buf_put_addr(&known, &m->addr);
    buf_put_addr(&new_, other);
    log_warn(&c->log, "Found conflicting peer IDs", LOG_STR("peer", m->name),
             LOG_STR("addr", buf_str(&known)), LOG_STR("other", buf_str(&new_)));
}

static void on_user(void *owner, str message, struct member *from)
{
    channels_on_user(owner, message, from);
}

static bool local_state(void *owner, struct buf *out, struct err *err)
{
    return channels_marshal(owner, out, err);
}

static void remote_state(void *owner, str state, struct member *from)
{
    channels_merge(owner, state, from);
}

static void on_left(void *owner)
{
    struct cluster *c = owner;
    c->is_left = true;
    env_timer_after(c->env, &c->leave_timer, 0);
}

static const struct swim_ops SWIM_OPS = {
    on_join, on_leave,    on_update,    on_suspect, on_conflict,
    on_user, local_state, remote_state, on_left,
};

// ---- life ----------------------------------------------------------------------------------

static struct swim *start_swim(struct cluster *c)
{
    const struct cluster_options *o = &c->options;
    unsigned spread = (unsigned)MAX(3, o->peer_count / 2);
    return swim_new(c->env,
                    &(struct swim_options){
                        .name = o->peer_name,
                        .label = o->label,
                        .gossip_interval = o->gossip_interval,
                        .pushpull_interval = o->pushpull_interval,
                        .tcp_timeout = o->tcp_timeout,
                        .probe_timeout = o->probe_timeout,
                        .probe_interval = o->probe_interval,
                        .user_multiplier = spread,
                        .gossip_nodes = spread,
                    },
                    &SWIM_OPS, c);
}

// Upstream takes only an address where TLS listens, never a name.
static struct transport *open_transport(struct cluster *c, const struct cluster_options *options,
                                        str bind_host, const struct addr *bind, struct err *err)
{
    struct addr ip;
    if (!options->tls) {
        struct transport *plain =
            transport_plain_open(c->env, bind, &swim_transport_events, c->swim, err);
        if (!plain)
            err_wrap(err, "create memberlist: could not set up network transport: failed to obtain "
                          "an address");
        return plain;
    }
    log_info(&c->log, "using TLS for gossip");
    if (!addr_parse_ip(bind_host, &ip)) {
        err_set(err, ERR_INVALID, "tls transport: invalid bind address \"%.*s\"", STR(bind_host));
        return NULL;
    }
    struct transport *t =
        transport_tls_open(c->env, bind, options->tls, &swim_transport_events, c->swim, err);
    if (!t)
        err_wrap(err, "tls transport");
    return t;
}

bool cluster_reload_keys(struct cluster *c, struct err *err)
{
    if (c->options.encryption_key_file.n == 0)
        return true;
    struct keyring *next = keyring_read(c->env, c->options.encryption_key_file, err);
    if (!next)
        return false;
    keyring_unref(c->keyring);
    c->swim->keyring = c->keyring = next;
    return true;
}

static bool cluster_start(struct cluster *c, const struct cluster_options *options, struct err *err)
{
    str bind_host;
    struct addr bind, advertise;
    if (!options_take(c, options, err) || !options_bind(c, &bind_host, &bind, err) ||
        !options_advertise(c, &advertise, err) || !peers_init(c, options, err))
        return false;
    uint16_t port = advertise.port; // given, or 0
    if (!advertise.ip_bytes && addr_is_unspecified(&bind) &&
        !advertise_find(c, bind_host, &advertise, err))
        return false;
    c->swim = start_swim(c);
    if (!cluster_reload_keys(c, err))
        return false;
    struct transport *transport = open_transport(c, options, bind_host, &bind, err);
    if (!transport)
        return false;
    if (!advertise.ip_bytes)
        advertise = transport->bound;
    advertise.port = port ? port : transport->bound.port;
    advertise_warn(c, &advertise);
    swim_start(c->swim, transport, &advertise);
    return true;
}

struct cluster *cluster_new(struct env *env, const struct cluster_options *options, struct err *err)
{
    struct cluster *c = mem_new(struct cluster);
    c->env = env;
    c->log = log_with(&env->log, LOG_C("component", "cluster"));
    list_init(&c->watches);
    list_init(&c->peers.failed);
    list_init(&c->peers.dials);
    timer_init(&c->notify_timer, notify, c);
    timer_init(&c->settle_timer, settle_poll, c);
    timer_init(&c->leave_timer, leave_step, c);
    merges_init(c);
    catch_up_init(c);
    if (cluster_start(c, options, err))
        return c;
    cluster_free(c);
    return NULL;
}

void cluster_free(struct cluster *c)
{
    if (!c)
        return;
    env_timer_cancel(c->env, &c->notify_timer);
    env_timer_cancel(c->env, &c->settle_timer);
    env_timer_cancel(c->env, &c->leave_timer);
    catch_up_done(c);
    merges_done(c);
    peers_done(c);
    for (size_t i = 0; c->swim && i < c->swim->members.count; i++)
        outbox_free(c->swim->members.items[i]);
    swim_free(c->swim);
    keyring_unref(c->keyring);
    for (size_t i = 0; i < c->channel_count; i++)
        mem_free(c->channels[i]);
    arena_done(&c->answers);
    arena_done(&c->mem);
    mem_free(c);
}

void cluster_join(struct cluster *c)
{
    peers_join(c);
}

// ---- settling ------------------------------------------------------------------------------

static void become_ready(struct cluster *c)
{
    c->is_ready = true;
    env_timer_cancel(c->env, &c->settle_timer);
    env_timer_after(c->env, &c->notify_timer, 0);
}

void cluster_settle(struct cluster *c)
{
    dur_ns interval = mul_saturated(c->options.gossip_interval, 10);
    if (c->options.settle_timeout <= 0) {
        become_ready(c);
        return;
    }
    log_info(&c->log, "Waiting for gossip to settle...", LOG_DUR("interval", interval));
    c->settle_start = env_mono(c->env);
    env_timer_after(c->env, &c->settle_timer, MIN(interval, c->options.settle_timeout));
}

static void settle_poll(void *owner)
{
    struct cluster *c = owner;
    dur_ns elapsed = env_mono(c->env) - c->settle_start;
    if (elapsed >= c->options.settle_timeout) {
        log_info(&c->log, "gossip not settled but continuing anyway",
                 LOG_INT("polls", c->settle_polls), LOG_DUR("elapsed", elapsed));
        become_ready(c);
        return;
    }
    size_t count = members_live_count(&c->swim->members);
    if (c->settle_ok >= SETTLE_OK_POLLS && c->peers.joins_pending == 0 &&
        list_is_empty(&c->merges.queue)) {
        log_info(&c->log, "gossip settled; proceeding", LOG_DUR("elapsed", elapsed));
        become_ready(c);
        return;
    }
    if (count == c->settle_members) {
        c->settle_ok++;
        log_debug(&c->log, "gossip looks settled", LOG_DUR("elapsed", elapsed));
    } else {
        c->settle_ok = 0;
        log_info(&c->log, "gossip not settled", LOG_INT("polls", c->settle_polls),
                 LOG_INT("before", c->settle_members), LOG_INT("now", count),
                 LOG_DUR("elapsed", elapsed));
    }
    c->settle_members = count;
    c->settle_polls++;
    dur_ns interval = mul_saturated(c->options.gossip_interval, 10);
    env_timer_after(c->env, &c->settle_timer, MIN(interval, c->options.settle_timeout - elapsed));
}

// ---- leaving -------------------------------------------------------------------------------

static bool has_unsent_updates(const struct cluster *c)
{
    const struct members *all = &c->swim->members;
    if (members_live_count(all) == 0)
        return false; // nobody to send them to
    for (size_t i = 0; i < all->count; i++) {
        if (all->items[i]->outbox)
            return true;
    }
    return c->swim->user_queue.count > 0;
}

// Waits for the goodbye to be spread, and for the last updates as well.
static void leave_step(void *owner)
{
    struct cluster *c = owner;
    struct err err = ERR_INIT;
    bool is_late = env_mono(c->env) >= c->leave_deadline;
    if (!is_late && (!c->is_left || has_unsent_updates(c))) {
        mono_ns soon = add_saturated(env_mono(c->env), c->options.gossip_interval);
        env_timer_set(c->env, &c->leave_timer, MIN(soon, c->leave_deadline));
        return;
    }
    if (!c->is_left)
        err_set(&err, ERR_TIMEOUT, "timeout waiting for leave broadcast");
    void (*on_done)(void *, const struct err *) = c->on_left;
    c->on_left = NULL;
    if (on_done)
        on_done(c->left_owner, &err);
}

void cluster_leave(struct cluster *c, dur_ns timeout,
                   void (*on_done)(void *owner, const struct err *err), void *owner)
{
    assert(!c->is_leaving);
    log_info(&c->log, "leaving cluster");
    c->is_leaving = true;
    c->on_left = on_done;
    c->left_owner = owner;
    c->leave_deadline = add_saturated(env_mono(c->env), timeout);
    peers_stop(c);
    env_timer_cancel(c->env, &c->settle_timer);
    env_timer_after(c->env, &c->leave_timer, 0);
    swim_leave(c->swim);
}

// ---- questions -----------------------------------------------------------------------------

bool cluster_is_ready(const struct cluster *c)
{
    return c->is_ready;
}

str cluster_self_name(const struct cluster *c)
{
    return c->options.peer_name;
}

struct addr cluster_self_addr(const struct cluster *c)
{
    return c->swim->self->addr;
}

dur_ns cluster_peer_timeout(const struct cluster *c)
{
    return c->options.peer_timeout;
}

size_t cluster_position(const struct cluster *c)
{
    const struct members *all = &c->swim->members;
    size_t before = 0;
    for (size_t i = 0; i < all->count; i++) {
        const struct member *m = all->items[i];
        before += member_is_live(m) && str_cmp(m->name, c->options.peer_name) < 0;
    }
    return before;
}

static int by_name(const void *a, const void *b)
{
    return str_cmp((*(struct member *const *)a)->name, (*(struct member *const *)b)->name);
}

// The live members sorted by name, in the arena of answers.
static struct member **sorted_members(struct cluster *c, size_t *ret_count)
{
    const struct members *all = &c->swim->members;
    struct member **live = arena_array(&c->answers, struct member *, all->count);
    size_t count = 0;
    for (size_t i = 0; i < all->count; i++) {
        if (member_is_live(all->items[i]))
            live[count++] = all->items[i];
    }
    if (count > 1)
        qsort(live, count, sizeof(struct member *), by_name);
    *ret_count = count;
    return live;
}

const struct cluster_member *cluster_members(struct cluster *c, size_t *ret_count)
{
    arena_clear(&c->answers);
    struct member **live = sorted_members(c, ret_count);
    struct cluster_member *out = arena_array(&c->answers, struct cluster_member, *ret_count);
    for (size_t i = 0; i < *ret_count; i++) {
        out[i] = (struct cluster_member){
            .name = arena_str(&c->answers, live[i]->name),
            .addr = addr_normal(live[i]->addr),
            .is_self = live[i] == c->swim->self,
            .is_suspect = live[i]->state == MEMBER_SUSPECT,
            .is_synced = live[i]->is_synced,
        };
    }
    return out;
}

const struct cluster_stats *cluster_stats(struct cluster *c)
{
    struct cluster_stats *st = &c->stats;
    const struct swim *s = c->swim;
    arena_clear(&c->answers);
    struct member **live = sorted_members(c, &st->peer_count);
    struct cluster_peer_stats *peers =
        arena_array(&c->answers, struct cluster_peer_stats, st->peer_count);
    for (size_t i = 0; i < st->peer_count; i++) {
        peers[i] = live[i]->stats;
        peers[i].name = arena_str(&c->answers, live[i]->name);
        peers[i].alive_messages += live[i] == s->self; // a node begins by telling itself
    }
    struct cluster_channel_stats *channels =
        arena_array(&c->answers, struct cluster_channel_stats, c->channel_count);
    for (size_t i = 0; i < c->channel_count; i++)
        channels[i] = c->channels[i]->stats;
    st->peers = peers;
    st->channels = channels;
    st->channel_count = c->channel_count;
    st->members = st->peer_count;
    st->position = cluster_position(c);
    st->health_score = s->awareness;
    st->messages_queued = s->user_queue.count;
    st->failed_peers = c->peers.failed_count;
    st->messages_sent[CLUSTER_UPDATE] = s->user_sent;
    st->messages_sent_bytes[CLUSTER_UPDATE] = s->user_sent_bytes;
    st->messages_pruned = s->user_queue.pruned;
    st->catch_ups = c->catch_up.rounds;
    st->catch_ups_incomplete = c->catch_up.incomplete;
    st->packets_refused = s->packets_refused;
    st->streams_refused = s->streams_refused;
    st->members_refused = s->members_refused;
    st->secrets_refused = s->secrets_refused;
    st->streams_open = s->accepted_count;
    st->is_tls = s->transport->stats != NULL;
    if (st->is_tls)
        st->tls = *s->transport->stats;
    return st;
}

// ---- watching ------------------------------------------------------------------------------

void cluster_watch(struct cluster *c, struct cluster_watch *w)
{
    w->seen_change = c->change;
    w->is_told_ready = false;
    list_append(&c->watches, &w->link);
    if (c->is_ready)
        env_timer_after(c->env, &c->notify_timer, 0);
}

void cluster_unwatch(struct cluster_watch *w)
{
    list_remove(&w->link);
}

// The first watch that has not heard everything; a call may remove any watch, so each search starts
// over.
static struct cluster_watch *watch_behind(struct cluster *c)
{
    list_each (node, &c->watches) {
        struct cluster_watch *w = list_item(node, struct cluster_watch, link);
        if (w->seen_change != c->change || w->is_told_ready != c->is_ready)
            return w;
    }
    return NULL;
}

static void notify(void *owner)
{
    struct cluster *c = owner;
    for (struct cluster_watch *w; (w = watch_behind(c)) != NULL;) {
        if (w->is_told_ready != c->is_ready) {
            w->is_told_ready = true;
            if (w->on_ready)
                w->on_ready(w->owner);
            continue;
        }
        w->seen_change = c->change;
        if (w->on_members)
            w->on_members(w->owner);
    }
}
