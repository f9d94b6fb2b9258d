// SPDX-License-Identifier: Apache-2.0
// list.h: intrusive doubly linked list. A node embedded in its owner; the owner unlinks it.
#pragma once
#include "base/core/defs.h"

struct list {
    struct list *prev; // in a node: NULL while it is in no list
    struct list *next;
};

static inline void list_init(struct list *head)
{
    head->prev = head->next = head;
}

static inline bool list_is_empty(const struct list *head)
{
    return head->next == head || !head->next;
}

static inline bool list_is_linked(const struct list *node)
{
    return node->prev != NULL;
}

static inline void list_insert_before(struct list *at, struct list *node)
{
    node->prev = at->prev;
    node->next = at;
    at->prev->next = node;
    at->prev = node;
}

static inline void list_append(struct list *head, struct list *node)
{
    list_insert_before(head, node);
}

static inline void list_prepend(struct list *head, struct list *node)
{
    list_insert_before(head->next, node);
}

static inline void list_remove(struct list *node) // a node in no list is fine
{
    if (!node->prev)
        return;
    node->prev->next = node->next;
    node->next->prev = node->prev;
    node->prev = node->next = NULL;
}

static inline struct list *list_take_first(struct list *head) // NULL when empty
{
    if (list_is_empty(head))
        return NULL;
    struct list *node = head->next;
    list_remove(node);
    return node;
}

#define list_item(node, type, member) container_of(node, type, member)

#define list_each(node, head)                                                                      \
    for (struct list *node = (head)->next; node && node != (head); node = node->next)

// The body may remove the current node (and free its owner), but no other.
#define list_each_safe(node, head)                                                                 \
    for (struct list *node = (head)->next, *node##_next;                                           \
         node && node != (head) && ((node##_next = node->next), true); node = node##_next)
