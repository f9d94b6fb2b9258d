// SPDX-License-Identifier: Apache-2.0
#include "gossip/channel.h"

#include "base/core/alloc.h"
#include "gossip/cluster_state.h"
#include "gossip/envelope.h"

struct channel *cluster_channel(struct cluster *c, str key, const struct channel_ops *ops,
                                void *owner)
{
    assert(c->channel_count < CLUSTER_CHANNELS_MAX && key.n > 0 && key.n <= CHANNEL_KEY_BYTES_MAX);
    struct channel *ch = mem_new(struct channel);
    ch->cluster = c;
    ch->key = arena_str(&c->mem, key);
    ch->ops = *ops;
    ch->owner = owner;
    ch->stats.key = ch->key;
    c->channels[c->channel_count++] = ch;
    return ch;
}

static void channel_gossip(struct channel *ch, str records, uint64_t known_to)
{
    defer(buf_done) struct buf message = {0};
    part_put(&message, &(struct part){ch->key, records});
    swim_broadcast_user(ch->cluster->swim, buf_str(&message), known_to);
}

void channel_broadcast(struct channel *ch, str records)
{
    struct part part = {ch->key, records};
    if (part_bytes(&part) <= CHANNEL_SMALL_BYTES_MAX) {
        channel_gossip(ch, records, 0);
        return;
    }
    if (records.n > CHANNEL_UPDATE_BYTES_MAX) {
        ch->stats.oversize_dropped++;
        return;
    }
    defer(buf_done) struct buf message = {0};
    part_put(&message, &part);
    outbox_add_all(ch->cluster, ch, buf_str(&message));
}

static struct channel *channel_find(const struct cluster *c, str key)
{
    for (size_t i = 0; i < c->channel_count; i++) {
        if (str_eq(c->channels[i]->key, key))
            return c->channels[i];
    }
    return NULL;
}

// What was news to us is passed on as it came. The limit is on the records here, and such a message
// is never large: its key may carry it a few bytes over the limit, a packet holds it all the same.
static bool channel_merge(struct channel *ch, str data, const struct member *from, struct err *err)
{
    size_t changed = 0;
    bool is_good = ch->ops.merge(ch->owner, data, &changed, err);
    if (changed > 0 && data.n <= CHANNEL_SMALL_BYTES_MAX)
        channel_gossip(ch, data, from ? from->bit : 0);
    return is_good;
}

void channels_on_user(struct cluster *c, str message, const struct member *from)
{
    struct err err = ERR_INIT;
    struct part part;
    c->stats.messages_received[CLUSTER_UPDATE]++;
    c->stats.messages_received_bytes[CLUSTER_UPDATE] += message.n;
    if (!part_read(message, &part, &err)) {
        if (cluster_may_warn(c))
            log_warn(&c->log, "decode broadcast", LOG_ERR(&err));
        return;
    }
    struct channel *ch = channel_find(c, part.key);
    if (ch && !channel_merge(ch, part.data, from, &err) && cluster_may_warn(c))
        log_warn(&c->log, "merge broadcast", LOG_STR("key", part.key), LOG_ERR(&err));
}

bool channels_marshal(struct cluster *c, struct buf *out, struct err *err)
{
    for (size_t i = 0; i < c->channel_count; i++) {
        struct channel *ch = c->channels[i];
        defer(buf_done) struct buf head = {0};
        size_t at = out->n;
        if (!ch->ops.marshal)
            continue;
        if (!ch->ops.marshal(ch->owner, out, err))
            return err_wrap(err, "encode local state %.*s", STR(ch->key));
        full_state_put_head(&head, &(struct part){ch->key, str_skip(buf_str(out), at)});
        buf_insert(out, at, buf_str(&head));
        if (out->is_full)
            return err_set(err, ERR_LIMIT, "with %.*s the local states exceed %zu bytes",
                           STR(ch->key), out->max);
    }
    c->stats.messages_sent[CLUSTER_FULL_STATE]++;
    c->stats.messages_sent_bytes[CLUSTER_FULL_STATE] += out->n;
    return true;
}

void channels_warn_merge(struct cluster *c, str key, const struct err *err)
{
    if (cluster_may_warn(c))
        log_warn(&c->log, "merge remote state", LOG_STR("key", key), LOG_ERR(err));
}

static bool channel_merge_state(struct channel *ch, str data, const struct member *from,
                                struct err *err)
{
    if (merges_fit(ch->cluster, data))
        return merges_add(ch->cluster, ch, data, err);
    return channel_merge(ch, data, from, err);
}

// One state that cannot be merged does not keep the others from it.
void channels_merge(struct cluster *c, str full_state, const struct member *from)
{
    struct err err = ERR_INIT;
    struct part part;
    c->stats.messages_received[CLUSTER_FULL_STATE]++;
    c->stats.messages_received_bytes[CLUSTER_FULL_STATE] += full_state.n;
    while (full_state_next(&full_state, &part, &err)) {
        struct channel *ch = channel_find(c, part.key);
        if (ch && !channel_merge_state(ch, part.data, from, &err))
            channels_warn_merge(c, part.key, &err);
        else if (!ch && cluster_may_warn(c))
            log_warn(&c->log, "unknown state key", LOG_INT("len", part.data.n),
                     LOG_STR("key", part.key));
    }
    if (err.code != ERR_NONE && cluster_may_warn(c))
        log_warn(&c->log, "merge remote state", LOG_ERR(&err));
}
