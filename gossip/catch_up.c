// SPDX-License-Identifier: Apache-2.0
// Before one's turn: the states of those whose turn was before are asked for, in rounds. A round
// serves all who wait when it begins; who comes later waits for the next one, since an answer that
// is on its way already may not know what just happened.
#include "gossip/cluster_state.h"

static bool is_running(const struct catch_up *u)
{
    return !list_is_empty(&u->running);
}

static bool is_asking(const struct catch_up *u)
{
    for (size_t i = 0; i < ARRAY_LEN(u->asks); i++) {
        if (u->asks[i].session)
            return true;
    }
    return false;
}

// The first live members by name that are in front of us.
static size_t members_ahead(const struct cluster *c, const struct member **ret)
{
    size_t count = 0;
    const struct member *self = c->swim->self, *last = NULL;
    while (count < CATCH_UP_MEMBERS_MAX) {
        const struct member *next = NULL;
        for (size_t i = 0; i < c->swim->members.count; i++) {
            const struct member *m = c->swim->members.items[i];
            if (!member_is_live(m) || str_cmp(m->name, self->name) >= 0)
                continue;
            if ((!last || str_cmp(m->name, last->name) > 0) &&
                (!next || str_cmp(m->name, next->name) < 0))
                next = m;
        }
        if (!next)
            break;
        ret[count++] = last = next;
    }
    return count;
}

static void round_schedule(struct cluster *c)
{
    struct catch_up *u = &c->catch_up;
    if (!list_is_empty(&u->waiting))
        env_timer_set(c->env, &u->timer, MAX(env_mono(c->env), u->not_before));
}

static void round_end(struct cluster *c)
{
    struct catch_up *u = &c->catch_up;
    u->incomplete += is_asking(u);
    for (size_t i = 0; i < ARRAY_LEN(u->asks); i++) {
        session_cancel(u->asks[i].session);
        u->asks[i].session = NULL;
    }
    // Large states take longer, and are asked for less often.
    dur_ns took = env_mono(c->env) - u->started;
    dur_ns spacing = MAX(CATCH_UP_SPACING, mul_saturated(took, CATCH_UP_SHARE));
    u->not_before = add_saturated(u->started, spacing);
    waiters_tell(&u->running);
    round_schedule(c);
}

static void on_answer(void *owner, const struct err *err)
{
    struct catch_up_ask *ask = owner;
    struct cluster *c = ask->cluster;
    ask->session = NULL;
    if (err->code != ERR_NONE)
        log_debug(&c->log, "A member in front of us could not be asked", LOG_ERR(err));
    if (!is_asking(&c->catch_up))
        env_timer_after(c->env, &c->catch_up.timer, 0);
}

static void round_start(struct cluster *c)
{
    struct catch_up *u = &c->catch_up;
    const struct member *ahead[CATCH_UP_MEMBERS_MAX];
    size_t count = members_ahead(c, ahead);
    for (struct list *node; (node = list_take_first(&u->waiting)) != NULL;)
        list_append(&u->running, node);
    u->started = env_mono(c->env);
    u->rounds++;
    for (size_t i = 0; i < count; i++) {
        u->asks[i] = (struct catch_up_ask){.cluster = c};
        u->asks[i].session = swim_pushpull(c->swim, &ahead[i]->addr, false, on_answer, &u->asks[i]);
    }
    env_timer_after(c->env, &u->timer, count ? CLUSTER_CATCH_UP_MAX : 0);
}

static void on_timer(void *owner)
{
    struct cluster *c = owner;
    struct catch_up *u = &c->catch_up;
    bool is_late = env_mono(c->env) - u->started >= CLUSTER_CATCH_UP_MAX;
    if (!is_running(u))
        round_start(c);
    else if (is_late || list_is_empty(&c->merges.queue))
        round_end(c);
    else
        env_timer_after(c->env, &u->timer, CATCH_UP_POLL); // an answer is being merged
}

bool cluster_catch_up(struct cluster *c, struct waiter *w)
{
    const struct member *ahead[CATCH_UP_MEMBERS_MAX];
    if (c->swim->is_leaving || members_ahead(c, ahead) == 0)
        return false;
    bool is_first = list_is_empty(&c->catch_up.waiting);
    list_append(&c->catch_up.waiting, &w->node);
    if (is_first && !is_running(&c->catch_up))
        round_schedule(c);
    return true;
}

void catch_up_init(struct cluster *c)
{
    list_init(&c->catch_up.waiting);
    list_init(&c->catch_up.running);
    timer_init(&c->catch_up.timer, on_timer, c);
}

void catch_up_done(struct cluster *c)
{
    struct catch_up *u = &c->catch_up;
    env_timer_cancel(c->env, &u->timer);
    for (size_t i = 0; i < ARRAY_LEN(u->asks); i++)
        session_cancel(u->asks[i].session);
    while (list_take_first(&u->running) || list_take_first(&u->waiting))
        ;
}
