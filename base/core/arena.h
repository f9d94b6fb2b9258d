// SPDX-License-Identifier: Apache-2.0
// arena.h: bump allocation for things that die together.
//
// One arena per configuration, request, tick or query result; freed whole, so nothing in it has a
// destructor. mark/rewind gives back what came after the mark. Not for sharing between threads.
#pragma once
#include "base/core/str.h"

struct arena_block;

struct arena {
    struct arena_block *head; // newest block; NULL before the first allocation
    size_t block_bytes;       // size of the next block; 0 means the default
    size_t used_bytes;        // sum over all allocations, for limits and metrics
};

struct arena_mark {
    struct arena_block *block;
    size_t block_used;
    size_t used_bytes;
};

void arena_done(struct arena *a);
void arena_clear(struct arena *a); // keeps the newest block for reuse

// Zeroed memory aligned for any type; never NULL.
void *arena_alloc(struct arena *a, size_t bytes);
void *arena_array_bytes(struct arena *a, size_t count, size_t item_bytes);
// The same, uninitialised.
void *arena_alloc_raw(struct arena *a, size_t bytes);

#define arena_new(a, type)          ((type *)arena_alloc((a), sizeof(type)))
#define arena_array(a, type, count) ((type *)arena_array_bytes((a), (count), sizeof(type)))

str arena_str(struct arena *a, str s); // copy, NUL-terminated behind its end
char *arena_c(struct arena *a, str s); // the same as a C string
str arena_printf(struct arena *a, const char *fmt, ...) PRINTF(2, 3);

struct arena_mark arena_mark(const struct arena *a);
void arena_rewind(struct arena *a, struct arena_mark mark);
