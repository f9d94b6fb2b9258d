// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/lab/fleet.h"

#include <math.h>

#include "base/core/alloc.h"
#include "base/text/cursor.h"
#include "gossip/cluster_state.h"
#include "tests/sim/lab/wire.h"

#define MEET_TIME_MAX   DUR_MINUTES(10)
#define MEET_TIME_LOSSY DUR_SECONDS(30)
#define REVIVE_TIME_MAX DUR_MINUTES(1)

// ---- listening to the protocol -------------------------------------------------------------

static struct fleet_member *member_named(struct fleet *f, str name)
{
    size_t index = 0;
    for (size_t i = 0; i < name.n; i++)
        index = index * 10 + (size_t)(name.p[i] - '0');
    return &f->members[index];
}

// The first suspicion: the probe behind it is the first of those under way.
static void victim_suspected(struct fleet *f)
{
    struct fleet_victim *v = &f->victim;
    v->first_suspect = v->first_probe = sim_now(f->world);
    for (size_t i = 0; i < f->size; i++) {
        const struct fleet_member *m = &f->members[i];
        const struct probe *p = m->cluster ? &m->cluster->swim->probe : NULL;
        if (p && p->target && str_eq(p->target->name, str_c(v->member->name)))
            v->first_probe = MIN(v->first_probe, p->sent_at);
    }
    v->first_probe = MAX(v->first_probe, v->killed_at); // its ping was on the way
}

static bool is_victim(const struct fleet *f, const struct fleet_member *subject)
{
    return f->victim.killed_at && f->victim.member == subject;
}

static void on_join(void *owner, struct member *m)
{
    struct fleet_member *o = owner;
    struct fleet *f = o->fleet;
    if (is_victim(f, member_named(f, m->name)))
        f->victim.mourners--;
    o->protocol_ops->on_join(o->protocol_owner, m);
}

static void on_leave(void *owner, struct member *m)
{
    struct fleet_member *o = owner;
    struct fleet *f = o->fleet;
    struct fleet_victim *v = &f->victim;
    const struct fleet_member *subject = member_named(f, m->name);
    if (is_victim(f, subject)) {
        v->mourners++;
        if (!v->first_dead)
            v->first_dead = sim_now(f->world);
        if (v->mourners == f->size - 1)
            v->all_know = sim_now(f->world);
    } else {
        f->mistakes.deaths++;
        f->mistakes.deaths_of_fit += !subject->is_impaired;
        f->mistakes.deaths_of_weak += subject->is_impaired;
        f->mistakes.deaths_at_fit += !subject->is_impaired && !o->is_impaired;
    }
    o->protocol_ops->on_leave(o->protocol_owner, m);
}

// Plain SWIM: a fixed time that nobody can shorten.
static void fix_suspicion(struct fleet *f, struct member *m)
{
    struct suspicion *s = &m->suspicion;
    s->expected = 0;
    s->min = (dur_ns)(5 * MAX(1.0, log10((double)f->size)) * (double)FLEET_PERIOD);
    env_timer_set(m->swim->env, &m->suspicion_timer, suspicion_deadline(s));
}

static void on_suspect(void *owner, struct member *m)
{
    struct fleet_member *o = owner;
    struct fleet *f = o->fleet;
    const struct fleet_member *subject = member_named(f, m->name);
    bool is_suspect = m->state == MEMBER_SUSPECT;
    if (is_suspect && is_victim(f, subject)) {
        if (!f->victim.first_suspect)
            victim_suspected(f);
    } else if (is_suspect) {
        f->mistakes.suspicions++;
    }
    if (is_suspect && f->is_plain_swim)
        fix_suspicion(f, m);
    o->protocol_ops->on_suspect(o->protocol_owner, m);
}

static void on_update(void *owner, struct member *m)
{
    struct fleet_member *o = owner;
    o->protocol_ops->on_update(o->protocol_owner, m);
}

static void on_conflict(void *owner, struct member *m, const struct addr *other)
{
    struct fleet_member *o = owner;
    o->protocol_ops->on_conflict(o->protocol_owner, m, other);
}

static void on_user(void *owner, str message, struct member *from)
{
    struct fleet_member *o = owner;
    o->protocol_ops->on_user(o->protocol_owner, message, from);
}

static bool local_state(void *owner, struct buf *out, struct err *err)
{
    struct fleet_member *o = owner;
    return o->protocol_ops->local_state(o->protocol_owner, out, err);
}

static void remote_state(void *owner, str state, struct member *from)
{
    struct fleet_member *o = owner;
    o->protocol_ops->remote_state(o->protocol_owner, state, from);
}

static void on_left(void *owner)
{
    struct fleet_member *o = owner;
    o->protocol_ops->on_left(o->protocol_owner);
}

static const struct swim_ops LISTENER = {
    .on_join = on_join,
    .on_leave = on_leave,
    .on_update = on_update,
    .on_suspect = on_suspect,
    .on_conflict = on_conflict,
    .on_user = on_user,
    .local_state = local_state,
    .remote_state = remote_state,
    .on_left = on_left,
};

// ---- updates -------------------------------------------------------------------------------

static bool has_update(const struct fleet_member *m, uint64_t number)
{
    return m->updates[number / 64] >> number % 64 & 1;
}

static void take_update(struct fleet_member *m, uint64_t number)
{
    struct fleet *f = m->fleet;
    m->updates[number / 64] |= (uint64_t)1 << number % 64;
    if (number == f->update.number)
        f->update.at[f->update.holders++] = sim_now(f->world);
}

// One record of a real entry's size: its number, and filling.
enum { UPDATE_BYTES = 120 };

static bool merge_update(void *owner, str data, size_t *ret_changed, struct err *err)
{
    struct fleet_member *m = owner;
    struct cursor c = cursor_from(data);
    uint64_t number = cursor_be(&c, 8);
    if (c.failed || number >= FLEET_UPDATES_MAX)
        return err_set(err, ERR_SYNTAX, "not an update");
    if (!has_update(m, number)) {
        take_update(m, number);
        *ret_changed = 1;
    }
    return true;
}

void fleet_send_update(struct fleet *f, struct fleet_member *origin)
{
    struct fleet_update *u = &f->update;
    defer(buf_done) struct buf record = {0};
    assert(u->number + 1 < FLEET_UPDATES_MAX);
    u->number++;
    u->sent_at = sim_now(f->world);
    u->holders = 0;
    take_update(origin, u->number);
    buf_put_be(&record, u->number, 8);
    while (record.n < UPDATE_BYTES)
        buf_put_c(&record, (char)sim_random(f->world));
    channel_broadcast(origin->channel, buf_str(&record));
}

// ---- members -------------------------------------------------------------------------------

static void member_start(struct fleet_member *m)
{
    static const struct channel_ops OPS = {.merge = merge_update}; // by gossip alone
    struct err err = ERR_INIT;
    struct fleet *f = m->fleet;
    const struct addr addr = sim_node_addr(m->machine, FLEET_PORT);
    char bind[64];
    snprintf(bind, sizeof(bind), "%d.%d.%d.%d:%d", addr.ip[0], addr.ip[1], addr.ip[2], addr.ip[3],
             FLEET_PORT);
    struct cluster_options o = cluster_options_default();
    o.bind_addr = str_c(bind);
    o.peer_name = str_c(m->name);
    o.peers = f->peers;
    o.peer_count = f->peer_count;
    assert(o.probe_interval == FLEET_PERIOD && o.gossip_interval == FLEET_TICK);
    m->cluster = cluster_new(sim_node_env(m->machine), &o, &err);
    if (!m->cluster)
        panic("member %s: %.*s", m->name, STR(err_str(&err)));
    struct swim *s = m->cluster->swim;
    m->protocol_ops = s->ops;
    m->protocol_owner = s->owner;
    s->ops = &LISTENER;
    s->owner = m;
    wire_install(m, s);
    m->channel = cluster_channel(m->cluster, S("nfl"), &OPS, m);
    memset(m->updates, 0, sizeof(m->updates));
    cluster_join(m->cluster);
}

static void member_stop(struct fleet_member *m)
{
    cluster_free(m->cluster);
    m->cluster = NULL;
}

static bool all_know_all(const struct fleet *f)
{
    for (size_t i = 0; i < f->size; i++) {
        const struct members *members = &f->members[i].cluster->swim->members;
        if (members->count < f->size)
            return false;
        for (size_t k = 0; k < members->count; k++) {
            if (members->items[k]->state != MEMBER_ALIVE)
                return false;
        }
    }
    return true;
}

static void fleet_meet(struct fleet *f, double percent)
{
    for (size_t i = 0; i < f->size; i++) {
        member_start(&f->members[i]);
        sim_run(f->world, (dur_ns)sim_random_below(f->world, DUR_MS(40)));
    }
    // Under heavy loss there is always somebody who suspects somebody.
    mono_ns patience = sim_now(f->world) + (percent > 0 ? MEET_TIME_LOSSY : MEET_TIME_MAX);
    while (!all_know_all(f) && sim_now(f->world) < patience)
        sim_run(f->world, FLEET_PERIOD);
    sim_run(f->world, DUR_SECONDS(2) + (dur_ns)sim_random_below(f->world, DUR_SECONDS(10)));
    f->mistakes = (struct fleet_mistakes){0};
    f->traffic = (struct fleet_traffic){0};
}

struct fleet *fleet_new(const struct fleet_options *options)
{
    assert(options->size >= 2 && options->size <= FLEET_MEMBERS_MAX);
    struct fleet *f = mem_new(struct fleet);
    f->world = sim_world_new(
        &(struct sim_options){.seed = options->seed, .loss_percent = options->loss_percent});
    f->size = options->size;
    f->is_plain_swim = options->is_plain_swim;
    f->members = mem_zalloc(f->size * sizeof(*f->members));
    f->update.at = mem_zalloc(f->size * sizeof(*f->update.at));
    for (size_t i = 0; i < f->size; i++) {
        struct fleet_member *m = &f->members[i];
        char ip[48];
        snprintf(m->name, sizeof(m->name), "%zu", i);
        snprintf(ip, sizeof(ip), "10.0.%zu.%zu", i / 200, i % 200 + 1);
        m->fleet = f;
        m->machine = sim_node_new(f->world, m->name, ip);
        if (i < FLEET_PEERS) {
            snprintf(f->peer_texts[i], sizeof(f->peer_texts[i]), "%s:%d", ip, FLEET_PORT);
            f->peers[f->peer_count++] = str_c(f->peer_texts[i]);
        }
    }
    fleet_meet(f, options->loss_percent);
    return f;
}

void fleet_free(struct fleet *f)
{
    for (size_t i = 0; i < f->size; i++) {
        if (f->members[i].cluster)
            member_stop(&f->members[i]);
    }
    sim_world_free(f->world);
    mem_free(f->members);
    mem_free(f->update.at);
    mem_free(f);
}

struct fleet_member *fleet_any(struct fleet *f)
{
    return &f->members[sim_random_below(f->world, f->size)];
}

// How many others do not hold it for alive; ret_mourners: how many hold it for dead.
static size_t count_doubters(const struct fleet *f, const struct fleet_member *subject,
                             size_t *ret_mourners)
{
    size_t doubters = 0;
    *ret_mourners = 0;
    for (size_t i = 0; i < f->size; i++) {
        const struct fleet_member *o = &f->members[i];
        if (o == subject)
            continue;
        const struct member *m = members_find(&o->cluster->swim->members, str_c(subject->name));
        doubters += !m || m->state != MEMBER_ALIVE;
        *ret_mourners += !m || !member_is_live(m);
    }
    return doubters;
}

void fleet_kill(struct fleet *f, struct fleet_member *m)
{
    f->victim = (struct fleet_victim){.member = m, .killed_at = sim_now(f->world)};
    count_doubters(f, m, &f->victim.mourners);
    sim_node_crash(m->machine);
    member_stop(m);
}

void fleet_revive(struct fleet *f)
{
    struct fleet_member *m = f->victim.member;
    size_t mourners;
    f->victim = (struct fleet_victim){0};
    sim_node_restart(m->machine);
    member_start(m);
    mono_ns patience = sim_now(f->world) + REVIVE_TIME_MAX;
    // Probes of its predecessor end, health scores recover, and the next death does not come at a
    // special moment of anybody's schedule.
    sim_run(f->world, 3 * FLEET_PERIOD + (dur_ns)sim_random_below(f->world, 3 * FLEET_PERIOD));
    while (count_doubters(f, m, &mourners) > 0 && sim_now(f->world) < patience)
        sim_run(f->world, FLEET_TICK);
}

void fleet_block(struct fleet_member *m)
{
    wire_block(m->wire);
}

void fleet_unblock(struct fleet_member *m)
{
    wire_unblock(m->wire);
}
