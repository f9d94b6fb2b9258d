// SPDX-License-Identifier: Apache-2.0
// map.h: hash table of pointers that iterates in insertion order.
//
// The table keeps a 64-bit hash beside each item and asks the caller only when hashes agree, so
// keys live inside the items. Items are borrowed: freeing them is the owner's business.
// Cost: 16 bytes per item in insertion order plus 4 to 8 bytes of index; no allocation per item.
#pragma once
#include "base/core/str.h"

struct map_slot {
    uint64_t hash;
    void *item; // NULL: removed, skipped by iteration, squeezed out when the table grows
};

struct map {
    struct map_slot *slots; // in insertion order
    uint32_t *index;        // open addressing over slot numbers + 1; 0 is free
    uint32_t slot_count;    // removed ones included
    uint32_t slot_cap;
    uint32_t index_cap; // power of two
    uint32_t count;     // live items
};

// Is this item the one with that key?
typedef bool map_eq_fn(const void *item, const void *key);

void map_done(struct map *m);
void map_clear(struct map *m);

void *map_find(const struct map *m, uint64_t hash, map_eq_fn *eq, const void *key); // or NULL

// Adds an item whose key is not in the map yet.
void map_insert(struct map *m, uint64_t hash, void *item);

// Removes and returns the item with that key, or NULL.
void *map_remove(struct map *m, uint64_t hash, map_eq_fn *eq, const void *key);
bool map_remove_item(struct map *m, uint64_t hash, const void *item); // by pointer

// Puts `item` where the item with that pointer stood, keeping its place in the order.
void map_replace_item(struct map *m, uint64_t hash, const void *old_item, void *item);

// Iterates: for (size_t i = 0; (item = map_next(m, &i)); ). Removing the current item is fine,
// inserting is not.
void *map_next(const struct map *m, size_t *cursor);

#define map_each(type, var, map)                                                                   \
    for (struct {                                                                                  \
             size_t i;                                                                             \
             type *item;                                                                           \
         } var##_it = {0, NULL};                                                                   \
         (var##_it.item = map_next((map), &var##_it.i)) != NULL;)                                  \
        for (type *var = var##_it.item; var; var = NULL)
