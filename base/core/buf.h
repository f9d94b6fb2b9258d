// SPDX-License-Identifier: Apache-2.0
// buf.h: growing bytes with a hard maximum.
//
// Zero-initialised it is ready for use. Past `max` (0: BUF_BYTES_MAX) bytes are dropped and
// `is_full` stays set: writers need not check each call, one look at the end decides.
// With an arena it grows there: what it holds lives as long as the arena, buf_done only forgets it.
#pragma once
#include "base/core/str.h"

struct arena;

#define BUF_BYTES_MAX ((size_t)1 << 31) // for buffers that name no limit of their own

struct buf {
    char *p; // n bytes, not NUL-terminated
    size_t n;
    size_t cap;
    size_t max;        // bytes; 0 means BUF_BYTES_MAX
    bool is_full;      // something was dropped
    struct arena *mem; // where it grows; NULL: on the heap
};

void buf_done(struct buf *b);
void buf_wipe(struct buf *b);  // the same for secrets: zeroed first
void buf_clear(struct buf *b); // keeps the memory, clears is_full

static inline str buf_str(const struct buf *b) // valid until the next change
{
    return (str){b->p, b->n};
}

// Makes room for n more bytes and returns where they go (the caller adds to b->n), or NULL if
// that would pass the maximum.
char *buf_reserve(struct buf *b, size_t n);

void buf_put(struct buf *b, str s);
void buf_put_c(struct buf *b, char c);
void buf_put_fill(struct buf *b, char c, size_t count);
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF(2, 3);
void buf_put_u64(struct buf *b, uint64_t x);
void buf_put_i64(struct buf *b, int64_t x);
void buf_put_hex(struct buf *b, str bytes);       // two lower-case digits per byte
void buf_put_hex64(struct buf *b, uint64_t x);    // 16 lower-case digits
void buf_put_lower(struct buf *b, str s);         // ASCII letters only
void buf_insert(struct buf *b, size_t at, str s); // all of it or, where it is full, nothing
void buf_remove_front(struct buf *b, size_t n);   // n is cut to b->n
