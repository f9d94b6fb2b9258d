// SPDX-License-Identifier: Apache-2.0
// Where kill -9 strikes: at a step of a notification, or some events behind it.
#include "tests/sim/alertmanager/lab.h"

#define EVENTS_MAX 40 // behind a step; journal sync and first gossip come within these

void crash_arm(struct lab *lab)
{
    struct sim_world *w = lab->world;
    lab->crash = (struct crash){
        .step = (enum crash_step)sim_random_below(w, CRASH_STEP_COUNT),
        .occasion = 1 + sim_random_below(w, 4),
        .victim = sim_random_below(w, lab->plan.peer_count + 1),
        .events = sim_random_below(w, EVENTS_MAX),
        .down = DUR_MS(100) + (dur_ns)sim_random_below(w, (uint64_t)lab->plan.down_max),
        .is_armed = true,
    };
    if (lab->crash.victim == lab->plan.peer_count)
        lab->crash.victim = PEERS_MAX;
}

static size_t count_alive(const struct lab *lab)
{
    size_t count = 0;
    for (size_t i = 0; i < lab->plan.peer_count; i++)
        count += lab->peers[i].am != NULL;
    return count;
}

static void strike(struct lab *lab)
{
    struct crash *c = &lab->crash;
    c->is_fuse_lit = false;
    lab->totals->kills[c->step][c->victim]++;
    c->struck_at = lab->duplicates_from = sim_now(lab->world);
    lab->duplicates_until = c->struck_at + c->forgiven;
    for (size_t i = 0; i < lab->plan.peer_count; i++) {
        bool is_victim =
            c->victim == PEERS_MAX || i == (c->actor + c->victim) % lab->plan.peer_count;
        if (!is_victim || !lab->peers[i].am)
            continue;
        sim_note(lab->world, "kill -9 am-%zu", i);
        peer_kill(&lab->peers[i]);
        peer_restart_after(&lab->peers[i], c->down);
    }
}

// A message was told before the crash: does the log of the first peer to come back have it? Its
// entry is stamped after the receiver had it.
void crash_survey(struct lab *lab, struct peer *restarted)
{
    const struct nflog_receiver receiver = {S("hook"), S("webhook"), 0};
    for (size_t i = 0; i < lab->plan.group_count && count_alive(lab) == 1; i++) {
        struct topic *t = &lab->topics[i];
        char key[64];
        snprintf(key, sizeof(key), "{}:{alertname=\"Group%zu\"}", i);
        const struct nflog_entry *e = nflog_find(restarted->am->nflog, str_c(key), &receiver);
        t->is_forgotten = t->messages > 0 && (!e || e->timestamp < truth_wall(lab, t->told_at));
        if (t->is_forgotten)
            sim_note(lab->world, "%s has no record of the last message about Group%zu",
                     restarted->name, i);
    }
}

// The step happened at this peer. Before it, counters of an older process do not count.
static void step_done(struct lab *lab, enum crash_step step, size_t actor, uint64_t events)
{
    struct crash *c = &lab->crash;
    if (!c->is_armed || step != c->step || ++c->count != c->occasion)
        return;
    c->is_armed = false;
    c->is_fuse_lit = true;
    c->actor = actor;
    c->fuse = events;
}

static bool has_grown(uint64_t *seen, uint64_t now)
{
    bool has = now > *seen;
    *seen = now;
    return has;
}

static void on_fuse_end(void *ctx)
{
    strike(ctx);
}

// The timer of a group that has just begun will fire after group_wait; strikes around that moment.
static void light_before(struct lab *lab, size_t actor)
{
    struct crash *c = &lab->crash;
    if (!c->is_armed || c->step != CRASH_BEFORE || ++c->count != c->occasion)
        return;
    c->is_armed = false;
    c->actor = actor;
    dur_ns after = lab->plan.group_wait - DUR_MS(4) +
                   (dur_ns)sim_random_below(lab->world, (uint64_t)DUR_MS(8));
    sim_at(lab->world, MAX(after, 0), on_fuse_end, lab);
}

static void watch_peer(struct lab *lab, size_t i)
{
    struct crash *c = &lab->crash;
    const struct am *am = lab->peers[i].am;
    if (!am || !am->runtime) // down, or about to be
        return;
    if (has_grown(&c->written[i], nflog_stats(am->nflog)->written))
        step_done(lab, CRASH_LOGGED, i, c->events);
    if (has_grown(&c->merged[i], nflog_stats(am->nflog)->merged))
        step_done(lab, CRASH_HEARD, i, c->events);
    if (has_grown(&c->groups[i], dispatcher_group_count(am->runtime->dispatcher)))
        light_before(lab, i);
}

void crash_on_event(struct lab *lab)
{
    struct crash *c = &lab->crash;
    for (size_t i = 0; i < lab->plan.peer_count; i++)
        watch_peer(lab, i);
    if (c->is_fuse_lit && c->fuse-- == 0)
        strike(lab);
}

void crash_on_request(struct lab *lab, size_t peer, dur_ns answer_delay)
{
    struct crash *c = &lab->crash;
    step_done(lab, CRASH_SENT, peer, sim_random_below(lab->world, 3));
    if (!c->is_armed || c->step != CRASH_ANSWERED || ++c->count != c->occasion)
        return;
    c->is_armed = false;
    c->actor = peer;
    dur_ns after = answer_delay + (dur_ns)sim_random_below(lab->world, (uint64_t)DUR_MS(4));
    sim_at(lab->world, after, on_fuse_end, lab);
}
