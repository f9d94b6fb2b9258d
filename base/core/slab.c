// SPDX-License-Identifier: Apache-2.0
#include "base/core/slab.h"

#include "base/core/alloc.h"

// Aligned to its size, so that an object's address tells its chunk. Large enough to be mapped: what
// of it was never used takes no memory.
#define CHUNK_BYTES ((size_t)1 << 20)

#ifndef __has_feature // GCC has none
#define __has_feature(x) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define IS_HEAP(bytes) ((void)(bytes), true)
#else
#define IS_HEAP(bytes) ((bytes) > SLAB_OBJECT_BYTES_MAX)
#endif

struct free_object {
    struct free_object *next;
};

struct chunk {
    struct list node; // in its class while it has room
    struct free_object *free;
    char *fresh; // from here on never used
    uint32_t used;
};

static size_t object_bytes(size_t bytes)
{
    return (MAX(bytes, SLAB_STEP) + SLAB_STEP - 1) & ~(size_t)(SLAB_STEP - 1);
}

static struct slab_class *class_of(struct slab *s, size_t object)
{
    return &s->classes[object / SLAB_STEP - 1];
}

static bool has_room(const struct chunk *c, size_t object)
{
    return c->free || c->fresh + object <= (const char *)c + CHUNK_BYTES;
}

static struct chunk *chunk_new(void)
{
    struct chunk *c = aligned_alloc(CHUNK_BYTES, CHUNK_BYTES);
    if (!c)
        panic("out of memory: %zu bytes", CHUNK_BYTES);
    *c = (struct chunk){.fresh = (char *)(c + 1)};
    return c;
}

void *slab_alloc(struct slab *s, size_t bytes)
{
    if (IS_HEAP(bytes))
        return mem_alloc(bytes);
    size_t object = object_bytes(bytes);
    struct slab_class *class = class_of(s, object);
    if (!class->chunks.next)
        list_init(&class->chunks);
    if (list_is_empty(&class->chunks))
        list_append(&class->chunks, &chunk_new()->node);
    struct chunk *c = list_item(class->chunks.next, struct chunk, node);
    struct free_object *p = c->free;
    if (p) {
        c->free = p->next;
    } else {
        p = (struct free_object *)(void *)c->fresh;
        c->fresh += object;
    }
    c->used++;
    if (!has_room(c, object))
        list_remove(&c->node);
    return p;
}

void slab_free(struct slab *s, void *p, size_t bytes)
{
    if (IS_HEAP(bytes)) {
        mem_free(p);
        return;
    }
    struct chunk *c = (struct chunk *)((uintptr_t)p & ~(uintptr_t)(CHUNK_BYTES - 1));
    struct free_object *object = p;
    object->next = c->free;
    c->free = object;
    assert(c->used > 0);
    struct list *chunks = &class_of(s, object_bytes(bytes))->chunks;
    if (!list_is_linked(&c->node))
        list_append(chunks, &c->node);
    if (--c->used == 0 && chunks->next != chunks->prev) { // the last one stays for what comes next
        list_remove(&c->node);
        mem_free(c);
    }
}

void slab_done(struct slab *s)
{
    for (size_t i = 0; i < SLAB_CLASSES; i++) {
        for (struct list *node; (node = list_take_first(&s->classes[i].chunks)) != NULL;) {
            struct chunk *c = list_item(node, struct chunk, node);
            assert(c->used == 0);
            mem_free(c);
        }
    }
}
