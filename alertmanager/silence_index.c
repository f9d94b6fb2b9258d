// SPDX-License-Identifier: Apache-2.0
#include "alertmanager/silence_index.h"

#include "base/core/alloc.h"
#include "base/core/hash.h"

struct silence_ref { // a matcher set in a bucket
    struct list link;
    struct silence_slot *slot;
    const struct matchers *set;
    struct silence_bucket *bucket; // NULL: among the unbucketed
};

struct silence_bucket {
    struct list refs;
    size_t count;
    uint64_t hash;
    uint32_t name_bytes, value_bytes;
    char text[]; // name, value
};

struct silence_memo { // what was found for a label set
    struct labels *labels;
    uint64_t version, epoch;
    struct silence_slot **slots; // by serial; some may have ended since
    uint32_t count, cap;
};

void silence_index_init(struct silence_index *x, uint64_t seed, struct silences_stats *stats)
{
    *x = (struct silence_index){.seed = seed, .now = TIME_MIN, .stats = stats};
    list_init(&x->unbucketed);
    list_init(&x->changes);
    x->spare = mem_new(struct silence_memo);
}

static void memo_free(struct silence_memo *m)
{
    labels_unref(m->labels);
    mem_free(m->slots);
    mem_free(m);
}

void silence_index_done(struct silence_index *x)
{
    map_each (struct silence_memo, m, &x->cache)
        memo_free(m);
    if (x->spare) {
        x->spare->labels = NULL; // borrowed
        memo_free(x->spare);
    }
    map_done(&x->cache);
    map_done(&x->buckets);
    heap_done(&x->by_end);
}

// ---- buckets ------------------------------------------------------------------------------------

struct bucket_key {
    str name, value;
};

static uint64_t bucket_hash(const struct silence_index *x, str name, str value)
{
    return hash_mix(hash_seeded(x->seed, name), hash_seeded(x->seed, value));
}

static bool bucket_has_key(const void *item, const void *k)
{
    const struct silence_bucket *b = item;
    const struct bucket_key *key = k;
    return str_eq(str_from(b->text, b->name_bytes), key->name) &&
           str_eq(str_from(b->text + b->name_bytes, b->value_bytes), key->value);
}

static struct silence_bucket *bucket_find(const struct silence_index *x, str name, str value)
{
    return map_find(&x->buckets, bucket_hash(x, name, value), bucket_has_key,
                    &(struct bucket_key){name, value});
}

static struct silence_bucket *bucket_make(struct silence_index *x, str name, str value)
{
    struct silence_bucket *b = mem_alloc(sizeof(*b) + name.n + value.n);
    *b = (struct silence_bucket){
        .hash = bucket_hash(x, name, value),
        .name_bytes = (uint32_t)name.n,
        .value_bytes = (uint32_t)value.n,
    };
    list_init(&b->refs);
    memcpy(b->text, name.p, name.n);
    memcpy(b->text + name.n, value.p, value.n);
    map_insert(&x->buckets, b->hash, b);
    return b;
}

// A label set without the label has the empty value, which stands in no bucket.
static bool can_be_key(const struct matcher *m)
{
    return m->op == MATCH_EQ && m->name.n > 0 && m->value.n > 0;
}

// The bucket of the matcher that leaves the fewest sets to try; NULL: the set has none.
static struct silence_bucket *bucket_choose(struct silence_index *x, const struct matchers *set)
{
    const struct matcher *best = NULL;
    struct silence_bucket *best_bucket = NULL;
    for (size_t i = 0; i < set->count; i++) {
        const struct matcher *m = &set->items[i];
        if (!can_be_key(m))
            continue;
        struct silence_bucket *b = bucket_find(x, m->name, m->value);
        if (best && (b ? b->count : 0) >= (best_bucket ? best_bucket->count : 0))
            continue;
        best = m;
        best_bucket = b;
    }
    if (!best)
        return NULL;
    return best_bucket ? best_bucket : bucket_make(x, best->name, best->value);
}

static void ref_link(struct silence_index *x, struct silence_ref *ref)
{
    ref->bucket = bucket_choose(x, ref->set);
    if (!ref->bucket) {
        list_append(&x->unbucketed, &ref->link);
        x->stats->scanned_sets++;
        return;
    }
    list_append(&ref->bucket->refs, &ref->link);
    ref->bucket->count++;
    x->stats->indexed_sets++;
}

static void ref_unlink(struct silence_index *x, struct silence_ref *ref)
{
    list_remove(&ref->link);
    if (!ref->bucket) {
        x->stats->scanned_sets--;
        return;
    }
    x->stats->indexed_sets--;
    if (--ref->bucket->count > 0)
        return;
    map_remove_item(&x->buckets, ref->bucket->hash, ref->bucket);
    mem_free(ref->bucket);
}

// ---- slots --------------------------------------------------------------------------------------

static void slot_index(struct silence_index *x, struct silence_slot *slot, time_ns now)
{
    const struct silence *s = &slot->stored->pub;
    if (s->is_inert || silence_state(s, now) == SILENCE_EXPIRED)
        return;
    slot->refs = mem_array(struct silence_ref, s->set_count);
    for (size_t i = 0; i < s->set_count; i++) {
        slot->refs[i] = (struct silence_ref){.slot = slot, .set = &s->sets[i]};
        ref_link(x, &slot->refs[i]);
    }
    heap_insert(&x->by_end, &slot->by_end, s->ends_at);
}

void silence_index_forget(struct silence_index *x, struct silence_slot *slot)
{
    if (!slot->refs)
        return;
    for (size_t i = 0; i < slot->stored->pub.set_count; i++)
        ref_unlink(x, &slot->refs[i]);
    mem_free(slot->refs);
    slot->refs = NULL;
    heap_remove(&x->by_end, &slot->by_end);
}

void silence_index_changed(struct silence_index *x, struct silence_slot *slot, time_ns now)
{
    slot_index(x, slot, now);
    x->now = MAX(x->now, now);
    slot->version = ++x->version;
    list_remove(&slot->by_version);
    list_append(&x->changes, &slot->by_version);
}

void silence_index_remove(struct silence_index *x, struct silence_slot *slot)
{
    silence_index_forget(x, slot);
    list_remove(&slot->by_version);
    x->epoch++; // remembered results may point to the slot
}

void silence_index_advance(struct silence_index *x, const struct map *slots, time_ns now)
{
    if (now < x->now) { // what was taken out may be active again
        map_each (struct silence_slot, slot, slots) {
            silence_index_forget(x, slot);
            slot_index(x, slot, now);
        }
        x->epoch++;
    }
    x->now = now;
    for (struct heap_node *first; (first = heap_first(&x->by_end)) && first->key < now;)
        silence_index_forget(x, container_of(first, struct silence_slot, by_end));
}

// ---- matching -----------------------------------------------------------------------------------

// Where the serial stands in the memo, or would.
static uint32_t memo_position(const struct silence_memo *m, uint64_t serial)
{
    uint32_t low = 0, high = m->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (m->slots[middle]->serial < serial)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool memo_has_at(const struct silence_memo *m, uint32_t at, const struct silence_slot *slot)
{
    return at < m->count && m->slots[at] == slot;
}

static void memo_set(struct silence_memo *m, struct silence_slot *slot, bool is_match)
{
    uint32_t at = memo_position(m, slot->serial);
    bool was_match = memo_has_at(m, at, slot);
    if (was_match == is_match)
        return;
    if (was_match) {
        m->count--;
        memmove(m->slots + at, m->slots + at + 1, (m->count - at) * sizeof(struct silence_slot *));
        return;
    }
    if (m->count == m->cap) {
        m->cap = m->cap ? m->cap * 2 : 2;
        m->slots = mem_resize(m->slots, m->cap, sizeof(struct silence_slot *));
    }
    memmove(m->slots + at + 1, m->slots + at, (m->count - at) * sizeof(struct silence_slot *));
    m->slots[at] = slot;
    m->count++;
}

static void try_refs(struct silence_index *x, struct silence_memo *m, const struct list *refs)
{
    list_each (node, refs) {
        struct silence_ref *ref = list_item(node, struct silence_ref, link);
        x->stats->evaluated++;
        if (matchers_match(ref->set, m->labels))
            memo_set(m, ref->slot, true);
    }
}

static void memo_fill(struct silence_index *x, struct silence_memo *m)
{
    m->count = 0;
    uint64_t before = x->stats->evaluated;
    for (size_t i = 0; i < m->labels->count; i++) {
        str name = labels_name_at(m->labels, i), value = labels_value_at(m->labels, i);
        struct silence_bucket *b = bucket_find(x, name, value);
        if (b)
            try_refs(x, m, &b->refs);
    }
    try_refs(x, m, &x->unbucketed);
    size_t all = x->stats->indexed_sets + x->stats->scanned_sets;
    x->stats->skipped += all - (x->stats->evaluated - before);
}

// After many changes the index finds the few that matter sooner than trying each of them.
static bool is_far_behind(const struct silence_index *x, const struct silence_memo *m)
{
    return x->version - m->version > x->stats->scanned_sets + 32;
}

// Only the silences changed since, newest first.
static void memo_update(struct silence_index *x, struct silence_memo *m)
{
    size_t tried = 0;
    for (struct list *node = x->changes.prev; node != &x->changes; node = node->prev) {
        struct silence_slot *slot = list_item(node, struct silence_slot, by_version);
        if (slot->version <= m->version)
            break;
        memo_set(m, slot, slot->refs && silence_matches(&slot->stored->pub, m->labels));
        tried++;
    }
    x->stats->evaluated += tried;
    size_t all = x->stats->indexed_sets + x->stats->scanned_sets;
    x->stats->skipped += all - MIN(all, tried);
}

static void memo_drop_ended(struct silence_memo *m)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < m->count; i++) {
        if (m->slots[i]->refs)
            m->slots[kept++] = m->slots[i];
    }
    m->count = kept;
}

static bool memo_has_labels(const void *item, const void *labels)
{
    return ((const struct silence_memo *)item)->labels == labels;
}

static struct silence_memo *memo_get(struct silence_index *x, struct labels *l)
{
    struct silence_memo *m = map_find(&x->cache, labels_hash(l), memo_has_labels, l);
    if (m)
        return m;
    if (x->cache.count >= SILENCES_CACHE_MAX) { // not remembered
        m = x->spare;
        m->labels = l;
        m->epoch = x->epoch - 1;
        return m;
    }
    m = mem_new(struct silence_memo);
    m->labels = labels_ref(l);
    m->epoch = x->epoch - 1; // void
    map_insert(&x->cache, labels_hash(l), m);
    x->stats->cached = x->cache.count;
    return m;
}

struct silence_slot *const *silence_index_match(struct silence_index *x, struct labels *l,
                                                size_t *ret_count)
{
    struct silence_memo *m = memo_get(x, l);
    if (m->epoch != x->epoch || is_far_behind(x, m))
        memo_fill(x, m);
    else if (m->version != x->version)
        memo_update(x, m);
    else
        x->stats->skipped += x->stats->indexed_sets + x->stats->scanned_sets;
    m->epoch = x->epoch;
    m->version = x->version;
    memo_drop_ended(m);
    *ret_count = m->count;
    return m->slots;
}

void silence_index_sweep(struct silence_index *x)
{
    map_each (struct silence_memo, m, &x->cache) {
        if (m->labels->refs > 1)
            continue;
        map_remove_item(&x->cache, labels_hash(m->labels), m);
        memo_free(m);
    }
    x->stats->cached = x->cache.count;
}
