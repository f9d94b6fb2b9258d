// SPDX-License-Identifier: Apache-2.0
// intern.h: the lean table under symbols and label sets: 12 bytes per place, no order.
//
// Open addressing with linear probing; half of each item's hash stands beside the pointers, so
// that neither a miss nor growing touches the items. Items are borrowed and hold their keys.
#pragma once
#include "base/core/map.h"

struct intern {
    uint32_t *hashes; // cap of them
    void **items;     // the same; NULL: free
    uint32_t cap;     // places
    uint32_t count;
};

void intern_done(struct intern *t);
void *intern_find(const struct intern *t, uint64_t hash, map_eq_fn *eq, const void *key); // or NULL
void intern_insert(struct intern *t, uint64_t hash, void *item);       // whose key is not there yet
void intern_remove(struct intern *t, uint64_t hash, const void *item); // which is there

// In no order; meanwhile nothing may be inserted or removed.
void *intern_next(const struct intern *t, size_t *cursor);

#define intern_each(type, var, table)                                                              \
    for (struct {                                                                                  \
             size_t i;                                                                             \
             type *item;                                                                           \
         } var##_it = {0, NULL};                                                                   \
         (var##_it.item = intern_next((table), &var##_it.i)) != NULL;)                             \
        for (type *var = var##_it.item; var; var = NULL)
