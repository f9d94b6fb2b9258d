// SPDX-License-Identifier: Apache-2.0
// waiter.h: one who waits for something that comes once. Embedded in whoever waits, who takes it
// off with list_remove(&w->node) to wait no more.
#pragma once
#include "base/core/list.h"

struct waiter {
    struct list node;
    void (*on_done)(void *owner);
    void *owner;
};

// Tells all who wait now. Those who begin to wait meanwhile stay in the list.
static inline void waiters_tell(struct list *waiters)
{
    struct list told;
    struct list *node;
    list_init(&told);
    while ((node = list_take_first(waiters)) != NULL)
        list_append(&told, node);
    while ((node = list_take_first(&told)) != NULL) {
        struct waiter *w = list_item(node, struct waiter, node);
        w->on_done(w->owner);
    }
}
