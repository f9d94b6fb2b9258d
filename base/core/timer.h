// SPDX-License-Identifier: Apache-2.0
// timer.h: timers in one queue, ordered by deadline, then by the order in which they were set.
//
// The queue knows no clock: whoever owns one (the event loop, the simulator) asks for the next
// deadline and runs what is due. A timer is embedded in its owner and fires once per set.
#pragma once
#include "base/core/heap.h"
#include "base/core/time.h"

typedef void timer_fn(void *owner);

struct timer {
    struct heap_node node;
    timer_fn *on_fire;
    void *owner;
};

struct timer_queue {
    struct heap heap;
};

static inline void timer_init(struct timer *t, timer_fn *on_fire, void *owner)
{
    *t = (struct timer){.on_fire = on_fire, .owner = owner};
}

static inline bool timer_is_set(const struct timer *t)
{
    return heap_has(&t->node);
}

static inline mono_ns timer_deadline(const struct timer *t) // meaningful while it is set
{
    return t->node.key;
}

void timer_queue_done(struct timer_queue *q);
void timer_queue_set(struct timer_queue *q, struct timer *t, mono_ns at); // moves a set timer
void timer_queue_cancel(struct timer_queue *q, struct timer *t);          // not set: nothing
mono_ns timer_queue_next(const struct timer_queue *q);                    // MONO_NEVER when empty

// Runs the timers due at `now` that were set before this call; returns how many ran.
size_t timer_queue_run(struct timer_queue *q, mono_ns now);
