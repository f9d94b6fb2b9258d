// SPDX-License-Identifier: Apache-2.0
// A sorted array of pointers: a queue holds few thousand entries, and moving 40 KB of pointers
// costs less than chasing a tree.
#include "gossip/broadcast.h"

#include "base/core/alloc.h"
#include "base/core/hash.h"

struct broadcast {
    struct broadcast_key key;
    uint64_t sent_to; // bits of members
    uint64_t burst;   // the last one that it was in
    uint64_t name_hash;
    uint32_t name_bytes;
    char bytes[]; // name, then message
};

static str broadcast_name(const struct broadcast *b)
{
    return str_from(b->bytes, b->name_bytes);
}

static str broadcast_message(const struct broadcast *b)
{
    return str_from(b->bytes + b->name_bytes, b->key.bytes);
}

static bool broadcast_has_name(const void *item, const void *key)
{
    return str_eq(broadcast_name(item), *(const str *)key);
}

void broadcast_queue_init(struct broadcast_queue *q, uint64_t seed)
{
    *q = (struct broadcast_queue){.seed = seed};
}

void broadcast_queue_done(struct broadcast_queue *q)
{
    for (size_t i = 0; i < q->count; i++)
        mem_free(q->items[i]);
    mem_free(q->items);
    map_done(&q->by_name);
    *q = (struct broadcast_queue){0};
}

unsigned broadcast_limit(unsigned multiplier, size_t nodes)
{
    unsigned digits = 0; // ⌈log10(nodes + 1)⌉ = how many digits nodes has; 0 for none
    for (; nodes > 0; nodes /= 10)
        digits++;
    return multiplier * digits;
}

bool broadcast_key_less(struct broadcast_key a, struct broadcast_key b)
{
    if (a.transmits != b.transmits)
        return a.transmits < b.transmits;
    if (a.bytes != b.bytes)
        return a.bytes > b.bytes;
    return a.id > b.id;
}

// Index of the first entry that is not before the key.
static size_t queue_lower_bound(const struct broadcast_queue *q, struct broadcast_key key)
{
    size_t low = 0, high = q->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (broadcast_key_less(q->items[middle]->key, key))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void queue_insert(struct broadcast_queue *q, struct broadcast *b)
{
    if (q->count == q->cap) {
        q->cap = MAX(64, q->cap * 2);
        q->items = mem_resize(q->items, q->cap, sizeof(struct broadcast *));
    }
    size_t at = queue_lower_bound(q, b->key);
    memmove(q->items + at + 1, q->items + at, (q->count - at) * sizeof(struct broadcast *));
    q->items[at] = b;
    q->count++;
}

static struct broadcast *queue_remove_at(struct broadcast_queue *q, size_t at)
{
    struct broadcast *b = q->items[at];
    q->count--;
    memmove(q->items + at, q->items + at + 1, (q->count - at) * sizeof(struct broadcast *));
    return b;
}

// The entry is out of the array already.
static void queue_finish(struct broadcast_queue *q, struct broadcast *b)
{
    if (b->name_bytes)
        map_remove_item(&q->by_name, b->name_hash, b);
    if (q->on_finished)
        q->on_finished(q->owner, broadcast_name(b), broadcast_message(b));
    mem_free(b);
}

void broadcast_add(struct broadcast_queue *q, str name, str message, uint64_t known_to)
{
    struct broadcast *b = mem_alloc(sizeof(*b) + name.n + message.n);
    *b = (struct broadcast){
        .key = {.bytes = (uint32_t)message.n, .id = ++q->next_id},
        .sent_to = known_to,
        .name_bytes = (uint32_t)name.n,
    };
    memcpy(b->bytes, name.p ? name.p : "", name.n);
    memcpy(b->bytes + name.n, message.p ? message.p : "", message.n);
    if (name.n) {
        b->name_hash = hash_seeded(q->seed, name);
        struct broadcast *old = map_find(&q->by_name, b->name_hash, broadcast_has_name, &name);
        if (old) {
            queue_remove_at(q, queue_lower_bound(q, old->key));
            queue_finish(q, old);
        }
        map_insert(&q->by_name, b->name_hash, b);
    }
    queue_insert(q, b);
    if (q->count > BROADCASTS_MAX)
        broadcast_prune(q, BROADCASTS_KEPT);
}

static bool broadcast_is_wanted(const struct broadcast *b, struct broadcast_target target)
{
    bool had_it = b->sent_to & target.bit;
    if (target.burst && b->burst == target.burst)
        return false;
    return !had_it || !(target.required & ~b->sent_to);
}

// Index of the best entry with that many transmissions that fits and is wanted, or q->count.
static size_t queue_find_fitting(const struct broadcast_queue *q, uint32_t transmits, size_t bytes,
                                 struct broadcast_target target)
{
    struct broadcast_key key = {transmits, (uint32_t)MIN(bytes, UINT32_MAX), UINT64_MAX};
    for (size_t i = queue_lower_bound(q, key); i < q->count; i++) {
        if (q->items[i]->key.transmits != transmits)
            break;
        if (broadcast_is_wanted(q->items[i], target))
            return i;
    }
    return q->count;
}

static void queue_count_transmission(struct broadcast_queue *q, struct broadcast *b, unsigned limit,
                                     struct broadcast_target target)
{
    b->key.transmits++;
    if (b->key.transmits >= limit && !(target.required & ~b->sent_to))
        queue_finish(q, b);
    else
        queue_insert(q, b);
}

size_t broadcast_take(struct broadcast_queue *q, struct parts *parts, str head, size_t overhead,
                      size_t bytes_max, unsigned limit, struct broadcast_target target)
{
    struct broadcast *taken[PACKET_PARTS_MAX];
    size_t taken_count = 0, used = 0;
    uint32_t transmits = q->count ? q->items[0]->key.transmits : 0;
    while (q->count > 0 && transmits <= q->items[q->count - 1]->key.transmits &&
           parts->count < PACKET_PARTS_MAX && used + overhead < bytes_max) {
        size_t at = queue_find_fitting(q, transmits, bytes_max - used - overhead, target);
        if (at == q->count) {
            // On to the next number of transmissions that any entry has.
            at =
                queue_lower_bound(q, (struct broadcast_key){transmits + 1, UINT32_MAX, UINT64_MAX});
            if (at == q->count)
                break;
            transmits = q->items[at]->key.transmits;
            continue;
        }
        struct broadcast *b = queue_remove_at(q, at);
        b->sent_to |= target.bit;
        b->burst = target.burst;
        parts_add(parts, head, broadcast_message(b));
        used += overhead + b->key.bytes;
        taken[taken_count++] = b;
    }
    for (size_t i = 0; i < taken_count; i++)
        queue_count_transmission(q, taken[i], limit, target);
    return used;
}

void broadcast_forget(struct broadcast_queue *q, uint64_t bit)
{
    for (size_t i = 0; i < q->count; i++)
        q->items[i]->sent_to &= ~bit;
}

void broadcast_prune(struct broadcast_queue *q, size_t count_max)
{
    while (q->count > count_max) {
        q->pruned++;
        queue_finish(q, queue_remove_at(q, q->count - 1));
    }
}

str broadcast_message_at(const struct broadcast_queue *q, size_t i)
{
    assert(i < q->count);
    return broadcast_message(q->items[i]);
}
