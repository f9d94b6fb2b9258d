// SPDX-License-Identifier: Apache-2.0
#include "base/model/intern.h"

#include "base/core/alloc.h"

#define CAP_FIRST 8

void intern_done(struct intern *t)
{
    mem_free(t->hashes);
    mem_free(t->items);
    *t = (struct intern){0};
}

// Where the search for a hash begins; any number of places will do (Lemire 2016).
static uint32_t home(const struct intern *t, uint32_t hash)
{
    return (uint32_t)((uint64_t)hash * t->cap >> 32);
}

static uint32_t after(const struct intern *t, uint32_t at)
{
    return at + 1 == t->cap ? 0 : at + 1;
}

// Steps from one place to another.
static uint32_t steps(const struct intern *t, uint32_t from, uint32_t to)
{
    return to >= from ? to - from : to + t->cap - from;
}

static uint32_t short_hash(uint64_t hash)
{
    return (uint32_t)(hash >> 32);
}

void *intern_find(const struct intern *t, uint64_t hash, map_eq_fn *eq, const void *key)
{
    if (t->count == 0)
        return NULL;
    uint32_t wanted = short_hash(hash);
    for (uint32_t at = home(t, wanted); t->items[at]; at = after(t, at)) {
        if (t->hashes[at] == wanted && eq(t->items[at], key))
            return t->items[at];
    }
    return NULL;
}

static void intern_put(struct intern *t, uint32_t hash, void *item)
{
    uint32_t at = home(t, hash);
    while (t->items[at])
        at = after(t, at);
    t->hashes[at] = hash;
    t->items[at] = item;
}

static void intern_resize(struct intern *t, uint32_t cap)
{
    struct intern old = *t;
    t->cap = cap;
    t->hashes = mem_array(uint32_t, cap);
    t->items = mem_zalloc((size_t)cap * sizeof(*t->items));
    for (uint32_t i = 0; i < old.cap; i++) {
        if (old.items[i])
            intern_put(t, old.hashes[i], old.items[i]);
    }
    intern_done(&old);
}

void intern_insert(struct intern *t, uint64_t hash, void *item)
{
    assert(item);
    if ((uint64_t)t->count * 5 >= (uint64_t)t->cap * 4) { // four fifths are taken
        if (t->cap > UINT32_MAX / 2)
            panic("a table grew past %u items", t->count);
        intern_resize(t, MAX(CAP_FIRST, t->cap + t->cap / 4));
    }
    intern_put(t, short_hash(hash), item);
    t->count++;
}

// Closes the gap at `at`: an item behind it moves there unless that would put it in front of the
// place where its search begins (Knuth, The Art of Computer Programming 3, §6.4, algorithm R).
static void intern_close_gap(struct intern *t, uint32_t at)
{
    for (uint32_t next = after(t, at); t->items[next]; next = after(t, next)) {
        if (steps(t, home(t, t->hashes[next]), next) < steps(t, at, next))
            continue;
        t->items[at] = t->items[next];
        t->hashes[at] = t->hashes[next];
        at = next;
    }
    t->items[at] = NULL;
}

void intern_remove(struct intern *t, uint64_t hash, const void *item)
{
    assert(t->count > 0);
    uint32_t at = home(t, short_hash(hash));
    for (; t->items[at] != item; at = after(t, at))
        assert(t->items[at]);
    intern_close_gap(t, at);
    t->count--;
    if (t->cap > CAP_FIRST && t->count < t->cap / 8)
        intern_resize(t, MAX(CAP_FIRST, t->cap / 2)); // what a storm of alerts took is given back
}

void *intern_next(const struct intern *t, size_t *cursor)
{
    while (*cursor < t->cap) {
        void *item = t->items[(*cursor)++];
        if (item)
            return item;
    }
    return NULL;
}
