// SPDX-License-Identifier: Apache-2.0
#include "base/core/timer.h"

void timer_queue_done(struct timer_queue *q)
{
    heap_done(&q->heap);
}

void timer_queue_set(struct timer_queue *q, struct timer *t, mono_ns at)
{
    assert(t->on_fire);
    heap_remove(&q->heap, &t->node);
    heap_insert(&q->heap, &t->node, at);
}

void timer_queue_cancel(struct timer_queue *q, struct timer *t)
{
    heap_remove(&q->heap, &t->node);
}

mono_ns timer_queue_next(const struct timer_queue *q)
{
    const struct heap_node *first = heap_first(&q->heap);
    return first ? first->key : MONO_NEVER;
}

// Timers set by what runs here wait for the next call, so one that re-arms itself for "now"
// cannot keep the loop from its other work.
size_t timer_queue_run(struct timer_queue *q, mono_ns now)
{
    uint64_t end = q->heap.next_order;
    size_t count = 0;
    for (struct heap_node *node; (node = heap_first(&q->heap)) != NULL; count++) {
        if (node->key > now || node->order >= end)
            break;
        heap_remove(&q->heap, node);
        struct timer *t = container_of(node, struct timer, node);
        t->on_fire(t->owner);
    }
    return count;
}
