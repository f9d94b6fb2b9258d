// SPDX-License-Identifier: Apache-2.0
// Large updates: a queue per member, one stream at a time, so that a peer that does not answer
// delays nobody else. A message stays at the front until the member has read it; the pauses between
// attempts grow. When a queue is full, or the member is gone, push/pull takes over.
#include "base/core/alloc.h"
#include "gossip/cluster_state.h"

#define OUTBOX_ITEMS_MAX 200
#define OUTBOX_BYTES_MAX ((size_t)32 << 20)
#define PAUSE_FIRST      DUR_SECONDS(1)
#define PAUSE_MAX        DUR_SECONDS(30)

const double cluster_oversize_bounds_s[CLUSTER_OVERSIZE_BUCKETS] = {
    .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10,
};

// A message, shared by the queues of all members.
struct large {
    uint32_t refs;
    struct channel *channel;
    size_t n;
    char bytes[];
};

struct outbox_item {
    struct list link;
    struct large *large;
};

struct outbox {
    struct cluster *cluster;
    struct member *member;
    struct list items;
    size_t count;
    size_t bytes;
    struct session *session; // delivering the first item
    mono_ns started;         // that delivery
    struct timer timer;      // the next attempt
    dur_ns pause;
};

static void outbox_attempt(void *owner);

static void outbox_pop(struct outbox *o)
{
    struct outbox_item *item = list_item(list_take_first(&o->items), struct outbox_item, link);
    o->count--;
    o->bytes -= item->large->n;
    if (--item->large->refs == 0)
        mem_free(item->large);
    mem_free(item);
}

static struct channel *outbox_first_channel(const struct outbox *o)
{
    return list_item(o->items.next, struct outbox_item, link)->large->channel;
}

void outbox_free(struct member *m)
{
    struct outbox *o = m->outbox;
    if (!o)
        return;
    env_timer_cancel(o->cluster->env, &o->timer);
    session_cancel(o->session);
    while (o->count > 0) {
        outbox_first_channel(o)->stats.oversize_dropped++;
        outbox_pop(o);
    }
    mem_free(o);
    m->outbox = NULL;
}

static struct outbox *outbox_of(struct cluster *c, struct member *m)
{
    if (m->outbox)
        return m->outbox;
    struct outbox *o = mem_new(struct outbox);
    *o = (struct outbox){.cluster = c, .member = m, .pause = PAUSE_FIRST};
    list_init(&o->items);
    timer_init(&o->timer, outbox_attempt, o);
    m->outbox = o;
    return o;
}

static void stats_add_delivery(struct cluster_channel_stats *stats, dur_ns took)
{
    size_t i = 0;
    while (i < CLUSTER_OVERSIZE_BUCKETS && dur_to_seconds(took) > cluster_oversize_bounds_s[i])
        i++;
    stats->oversize_sent++;
    stats->oversize_buckets[i]++;
    stats->oversize_sum_s += dur_to_seconds(took);
}

static void outbox_delivered(void *owner, const struct err *err)
{
    struct outbox *o = owner;
    struct cluster *c = o->cluster;
    struct cluster_channel_stats *stats = &outbox_first_channel(o)->stats;
    o->session = NULL;
    if (err->code != ERR_NONE) {
        stats->oversize_failed++;
        log_debug(&c->log, "failed to send reliable", LOG_STR("key", stats->key),
                  LOG_STR("peer", o->member->name), LOG_ERR(err));
        // Spread by up to a quarter, so that peers do not come back in step.
        dur_ns jitter = (dur_ns)env_random_below(c->env, (uint64_t)o->pause / 4);
        env_timer_after(c->env, &o->timer, o->pause + jitter);
        o->pause = MIN(o->pause * 2, PAUSE_MAX);
        return;
    }
    stats_add_delivery(stats, env_mono(c->env) - o->started);
    o->pause = PAUSE_FIRST;
    outbox_pop(o);
    if (o->count > 0)
        env_timer_after(c->env, &o->timer, 0);
    else
        outbox_free(o->member);
}

static void outbox_attempt(void *owner)
{
    struct outbox *o = owner;
    struct cluster *c = o->cluster;
    const struct large *large = list_item(o->items.next, struct outbox_item, link)->large;
    o->started = env_mono(c->env);
    o->session = swim_send_user(c->swim, &o->member->addr, str_from(large->bytes, large->n),
                                outbox_delivered, o);
}

static void outbox_add(struct outbox *o, struct large *large)
{
    if (o->count >= OUTBOX_ITEMS_MAX || o->bytes + large->n > OUTBOX_BYTES_MAX) {
        large->channel->stats.oversize_dropped++;
        pushpull_wanted(o->cluster->swim, o->member);
        return;
    }
    struct outbox_item *item = mem_new(struct outbox_item);
    item->large = large;
    large->refs++;
    list_append(&o->items, &item->link);
    o->count++;
    o->bytes += large->n;
    if (!o->session && !timer_is_set(&o->timer))
        env_timer_after(o->cluster->env, &o->timer, 0);
}

void outbox_add_all(struct cluster *c, struct channel *ch, str message)
{
    const struct members *members = &c->swim->members;
    struct large *large = mem_alloc(sizeof(*large) + message.n);
    *large = (struct large){.refs = 1, .channel = ch, .n = message.n};
    memcpy(large->bytes, message.p, message.n);
    for (size_t i = 0; i < members->count; i++) {
        struct member *m = members->items[i];
        if (m != c->swim->self && member_is_live(m))
            outbox_add(outbox_of(c, m), large);
    }
    if (--large->refs == 0)
        mem_free(large);
}
