// SPDX-License-Identifier: Apache-2.0
#include "base/core/arena.h"

#include <stdarg.h>

#include "base/core/alloc.h"

#define BLOCK_BYTES_FIRST 4096
#define BLOCK_BYTES_MAX   ((size_t)1 << 20)
#define ALIGNMENT         16

struct arena_block {
    struct arena_block *next; // older
    size_t used;
    size_t cap;
    _Alignas(ALIGNMENT) char bytes[];
};

void arena_done(struct arena *a)
{
    while (a->head) {
        struct arena_block *next = a->head->next;
        mem_free(a->head);
        a->head = next;
    }
    *a = (struct arena){0};
}

void arena_clear(struct arena *a)
{
    struct arena_block *newest = a->head;
    if (!newest)
        return;
    a->head = newest->next;
    size_t block_bytes = a->block_bytes;
    arena_done(a);
    newest->next = NULL;
    newest->used = 0;
    *a = (struct arena){.head = newest, .block_bytes = block_bytes};
}

static void arena_grow(struct arena *a, size_t bytes)
{
    size_t cap = MAX(a->block_bytes ? a->block_bytes : BLOCK_BYTES_FIRST, bytes);
    struct arena_block *block = mem_alloc(sizeof(*block) + cap);
    block->next = a->head;
    block->used = 0;
    block->cap = cap;
    a->head = block;
    a->block_bytes = MIN(cap * 2, BLOCK_BYTES_MAX);
}

void *arena_alloc_raw(struct arena *a, size_t bytes)
{
    if (bytes > SIZE_MAX / 2)
        panic("out of memory: arena allocation of %zu bytes", bytes);
    bytes = (bytes + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    if (!a->head || a->head->cap - a->head->used < bytes)
        arena_grow(a, bytes);
    void *p = a->head->bytes + a->head->used;
    a->head->used += bytes;
    a->used_bytes += bytes;
    return p;
}

void *arena_alloc(struct arena *a, size_t bytes)
{
    void *p = arena_alloc_raw(a, bytes);
    memset(p, 0, bytes);
    return p;
}

void *arena_array_bytes(struct arena *a, size_t count, size_t item_bytes)
{
    size_t bytes;
    if (!mul_fits(count, item_bytes, &bytes))
        panic("out of memory: %zu × %zu bytes", count, item_bytes);
    return arena_alloc(a, bytes);
}

char *arena_c(struct arena *a, str s)
{
    char *copy = arena_alloc_raw(a, s.n + 1);
    if (s.n)
        memcpy(copy, s.p, s.n);
    copy[s.n] = '\0';
    return copy;
}

str arena_str(struct arena *a, str s)
{
    return str_from(arena_c(a, s), s.n);
}

str arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    size_t bytes = n > 0 ? (size_t)n : 0;
    char *text = arena_alloc_raw(a, bytes + 1);
    va_start(args, fmt);
    vsnprintf(text, bytes + 1, fmt, args);
    va_end(args);
    return str_from(text, bytes);
}

struct arena_mark arena_mark(const struct arena *a)
{
    return (struct arena_mark){a->head, a->head ? a->head->used : 0, a->used_bytes};
}

void arena_rewind(struct arena *a, struct arena_mark mark)
{
    while (a->head != mark.block) {
        struct arena_block *next = a->head->next;
        mem_free(a->head);
        a->head = next;
    }
    if (a->head)
        a->head->used = mark.block_used;
    a->used_bytes = mark.used_bytes;
}
