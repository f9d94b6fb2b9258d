// SPDX-License-Identifier: Apache-2.0
#include "alertmanager/alert_limit.h"

#include "base/core/alloc.h"
#include "base/core/hash.h"

struct stay {              // of one alert in a bucket
    struct heap_node node; // by the alert's end
    uint64_t fingerprint;
};

struct bucket {
    char *name;
    size_t name_bytes;
    struct heap by_end;
    struct map stays; // by fingerprint
};

static bool is_named(const void *item, const void *key)
{
    const struct bucket *b = item;
    return str_eq(str_from(b->name, b->name_bytes), *(const str *)key);
}

static bool is_of_alert(const void *item, const void *key)
{
    return ((const struct stay *)item)->fingerprint == *(const uint64_t *)key;
}

void alert_limit_init(struct alert_limit *l, size_t per_name, uint64_t seed)
{
    *l = (struct alert_limit){.per_name = per_name, .seed = seed};
}

static void bucket_free(struct bucket *b)
{
    map_each (struct stay, stay, &b->stays)
        mem_free(stay);
    map_done(&b->stays);
    heap_done(&b->by_end);
    mem_free(b->name);
    mem_free(b);
}

void alert_limit_done(struct alert_limit *l)
{
    map_each (struct bucket, b, &l->buckets)
        bucket_free(b);
    map_done(&l->buckets);
}

static struct bucket *bucket_of(struct alert_limit *l, str alertname)
{
    uint64_t hash = hash_seeded(l->seed, alertname);
    struct bucket *b = map_find(&l->buckets, hash, is_named, &alertname);
    if (!b) {
        b = mem_new(struct bucket);
        b->name = mem_dup(alertname);
        b->name_bytes = alertname.n;
        map_insert(&l->buckets, hash, b);
    }
    return b;
}

static struct stay *first_to_leave(const struct bucket *b)
{
    struct heap_node *first = heap_first(&b->by_end);
    return first ? container_of(first, struct stay, node) : NULL;
}

bool alert_limit_admit(struct alert_limit *l, str alertname, uint64_t fingerprint, time_ns ends_at,
                       time_ns now)
{
    if (l->per_name == 0)
        return true;
    struct bucket *b = bucket_of(l, alertname);
    uint64_t hash = hash_mix(l->seed, fingerprint);
    struct stay *stay = map_find(&b->stays, hash, is_of_alert, &fingerprint);
    if (stay) {
        heap_remove(&b->by_end, &stay->node);
    } else if (b->stays.count < l->per_name) {
        stay = mem_new(struct stay);
        map_insert(&b->stays, hash, stay);
    } else {
        struct stay *over = first_to_leave(b);
        if (over->node.key > now)
            return false;
        heap_remove(&b->by_end, &over->node);
        map_remove_item(&b->stays, hash_mix(l->seed, over->fingerprint), over);
        stay = over;
        map_insert(&b->stays, hash, stay);
    }
    stay->fingerprint = fingerprint;
    heap_insert(&b->by_end, &stay->node, ends_at);
    return true;
}

static bool is_over(const struct bucket *b, time_ns now)
{
    for (uint32_t i = 0; i < b->by_end.count; i++) {
        if (b->by_end.nodes[i]->key > now)
            return false;
    }
    return true;
}

void alert_limit_gc(struct alert_limit *l, time_ns now)
{
    map_each (struct bucket, b, &l->buckets) {
        if (!is_over(b, now))
            continue;
        map_remove_item(&l->buckets, hash_seeded(l->seed, str_from(b->name, b->name_bytes)), b);
        bucket_free(b);
    }
}
