// SPDX-License-Identifier: Apache-2.0
#include "base/core/heap.h"

#include "base/core/alloc.h"

void heap_done(struct heap *h)
{
    mem_free(h->nodes);
    *h = (struct heap){0};
}

static bool is_before(const struct heap_node *a, const struct heap_node *b)
{
    return a->key != b->key ? a->key < b->key : a->order < b->order;
}

static void heap_put(struct heap *h, uint32_t at, struct heap_node *node)
{
    h->nodes[at] = node;
    node->at = at + 1;
}

static void heap_up(struct heap *h, uint32_t at, struct heap_node *node)
{
    while (at > 0 && is_before(node, h->nodes[(at - 1) / 2])) {
        heap_put(h, at, h->nodes[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    heap_put(h, at, node);
}

static void heap_down(struct heap *h, uint32_t at, struct heap_node *node)
{
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child >= h->count)
            break;
        if (child + 1 < h->count && is_before(h->nodes[child + 1], h->nodes[child]))
            child++;
        if (is_before(node, h->nodes[child]))
            break;
        heap_put(h, at, h->nodes[child]);
        at = child;
    }
    heap_put(h, at, node);
}

void heap_insert(struct heap *h, struct heap_node *node, int64_t key)
{
    assert(!heap_has(node));
    if (h->count == h->cap) {
        h->cap = h->cap ? h->cap * 2 : 16;
        h->nodes = mem_resize(h->nodes, h->cap, sizeof(*h->nodes));
    }
    node->key = key;
    node->order = h->next_order++;
    heap_up(h, h->count++, node);
}

void heap_remove(struct heap *h, struct heap_node *node)
{
    if (!heap_has(node))
        return;
    uint32_t at = node->at - 1;
    node->at = 0;
    struct heap_node *last = h->nodes[--h->count];
    if (last == node)
        return;
    if (at > 0 && is_before(last, h->nodes[(at - 1) / 2]))
        heap_up(h, at, last);
    else
        heap_down(h, at, last);
}
