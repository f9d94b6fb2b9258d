// SPDX-License-Identifier: Apache-2.0
// Linear probing over slot numbers. A removed item leaves an empty slot behind, which keeps probe
// chains intact; rehashing squeezes the empty ones out.
#include "base/core/map.h"

#include "base/core/alloc.h"

#define INDEX_CAP_FIRST 8
#define NONE            UINT32_MAX

void map_done(struct map *m)
{
    mem_free(m->slots);
    mem_free(m->index);
    *m = (struct map){0};
}

void map_clear(struct map *m)
{
    m->slot_count = m->count = 0;
    if (m->index)
        memset(m->index, 0, m->index_cap * sizeof(*m->index));
}

static void map_index_slot(struct map *m, uint32_t slot)
{
    uint32_t mask = m->index_cap - 1;
    uint32_t at = (uint32_t)m->slots[slot].hash & mask;
    while (m->index[at])
        at = (at + 1) & mask;
    m->index[at] = slot + 1;
}

// Squeezes out removed slots and gives the index room for `wanted` slots at load 2/3 at most.
static void map_rehash(struct map *m, uint32_t wanted)
{
    uint32_t cap = INDEX_CAP_FIRST;
    while ((uint64_t)cap * 2 < (uint64_t)wanted * 3) {
        if (cap > UINT32_MAX / 4)
            panic("a table grew past %u items", cap);
        cap *= 2;
    }
    uint32_t kept = 0;
    for (uint32_t i = 0; i < m->slot_count; i++) {
        if (m->slots[i].item)
            m->slots[kept++] = m->slots[i];
    }
    m->slot_count = kept;
    if (cap != m->index_cap) {
        m->slot_cap = cap / 3 * 2 + 1;
        m->slots = mem_resize(m->slots, m->slot_cap, sizeof(*m->slots));
        m->index = mem_resize(m->index, cap, sizeof(*m->index));
        m->index_cap = cap;
    }
    memset(m->index, 0, m->index_cap * sizeof(*m->index));
    for (uint32_t i = 0; i < kept; i++)
        map_index_slot(m, i);
}

// The slot with that hash for which `eq` says yes (eq NULL: whose item is `key`), or NONE.
static uint32_t map_find_slot(const struct map *m, uint64_t hash, map_eq_fn *eq, const void *key)
{
    if (m->count == 0)
        return NONE;
    uint32_t mask = m->index_cap - 1;
    for (uint32_t at = (uint32_t)hash & mask; m->index[at]; at = (at + 1) & mask) {
        uint32_t slot = m->index[at] - 1;
        const struct map_slot *s = &m->slots[slot];
        if (s->hash == hash && s->item && (eq ? eq(s->item, key) : s->item == key))
            return slot;
    }
    return NONE;
}

void *map_find(const struct map *m, uint64_t hash, map_eq_fn *eq, const void *key)
{
    uint32_t slot = map_find_slot(m, hash, eq, key);
    return slot == NONE ? NULL : m->slots[slot].item;
}

void map_insert(struct map *m, uint64_t hash, void *item)
{
    assert(item);
    if (m->slot_count >= m->slot_cap || (uint64_t)m->slot_count * 3 >= (uint64_t)m->index_cap * 2)
        map_rehash(m, m->count + m->count / 2 + 4);
    uint32_t slot = m->slot_count++;
    m->slots[slot] = (struct map_slot){hash, item};
    m->count++;
    map_index_slot(m, slot);
}

static void *map_remove_slot(struct map *m, uint32_t slot)
{
    if (slot == NONE)
        return NULL;
    void *item = m->slots[slot].item;
    m->slots[slot].item = NULL;
    if (--m->count == 0)
        map_clear(m);
    return item;
}

void *map_remove(struct map *m, uint64_t hash, map_eq_fn *eq, const void *key)
{
    return map_remove_slot(m, map_find_slot(m, hash, eq, key));
}

bool map_remove_item(struct map *m, uint64_t hash, const void *item)
{
    return map_remove_slot(m, map_find_slot(m, hash, NULL, item)) != NULL;
}

void map_replace_item(struct map *m, uint64_t hash, const void *old_item, void *item)
{
    uint32_t slot = map_find_slot(m, hash, NULL, old_item);
    assert(slot != NONE && item);
    m->slots[slot].item = item;
}

void *map_next(const struct map *m, size_t *cursor)
{
    while (*cursor < m->slot_count) {
        void *item = m->slots[(*cursor)++].item;
        if (item)
            return item;
    }
    return NULL;
}
