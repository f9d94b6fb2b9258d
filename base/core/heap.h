// SPDX-License-Identifier: Apache-2.0
// heap.h: intrusive binary heap ordered by (key, insertion order): equal keys come out in the
// order in which they went in.
#pragma once
#include "base/core/defs.h"

struct heap_node {
    int64_t key;
    uint64_t order;
    uint32_t at; // index in the heap + 1; 0: in no heap
};

struct heap {
    struct heap_node **nodes;
    uint32_t count;
    uint32_t cap;
    uint64_t next_order;
};

void heap_done(struct heap *h);
void heap_insert(struct heap *h, struct heap_node *node, int64_t key); // node is in no heap
void heap_remove(struct heap *h, struct heap_node *node);              // not in the heap: nothing
static inline struct heap_node *heap_first(const struct heap *h)       // smallest, or NULL
{
    return h->count ? h->nodes[0] : NULL;
}

static inline bool heap_has(const struct heap_node *node)
{
    return node->at != 0;
}
