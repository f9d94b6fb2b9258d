// SPDX-License-Identifier: Apache-2.0
#include "base/core/buf.h"

#include <stdarg.h>

#include "base/core/alloc.h"
#include "base/core/arena.h"

void buf_done(struct buf *b)
{
    if (!b->mem)
        mem_free(b->p);
    *b = (struct buf){.max = b->max, .mem = b->mem};
}

void buf_wipe(struct buf *b)
{
    if (b->p)
        explicit_bzero(b->p, b->cap);
    buf_done(b);
}

void buf_clear(struct buf *b)
{
    b->n = 0;
    b->is_full = false;
}

static void buf_grow(struct buf *b, size_t cap)
{
    if (b->mem) {
        char *p = arena_alloc_raw(b->mem, cap);
        if (b->p)
            memcpy(p, b->p, b->n);
        b->p = p;
    } else {
        b->p = mem_resize(b->p, cap, 1);
    }
    b->cap = cap;
}

char *buf_reserve(struct buf *b, size_t n)
{
    size_t max = b->max ? b->max : BUF_BYTES_MAX;
    size_t needed;
    if (!add_fits(b->n, n, &needed) || needed > max) {
        b->is_full = true;
        return NULL;
    }
    if (needed > b->cap || !b->p) {
        size_t cap = MAX(needed, b->cap + b->cap / 2);
        buf_grow(b, MIN(MAX(cap, 64), max));
    }
    return b->p + b->n;
}

void buf_put(struct buf *b, str s)
{
    if (s.n == 0)
        return;
    char *to = buf_reserve(b, s.n);
    if (!to) { // what still fits, so that a cut text shows its beginning
        s.n = (b->max ? b->max : BUF_BYTES_MAX) - b->n;
        if (s.n == 0)
            return;
        to = buf_reserve(b, s.n);
    }
    memcpy(to, s.p, s.n);
    b->n += s.n;
}

void buf_put_c(struct buf *b, char c)
{
    char *to = b->n < b->cap ? b->p + b->n : buf_reserve(b, 1);
    if (!to)
        return;
    *to = c;
    b->n++;
}

void buf_put_fill(struct buf *b, char c, size_t count)
{
    char *to = buf_reserve(b, count);
    if (!to)
        return;
    memset(to, c, count);
    b->n += count;
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
    char text[256];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    if (n < (int)sizeof(text)) {
        buf_put(b, str_from(text, n > 0 ? (size_t)n : 0));
        return;
    }
    char *long_text = mem_alloc((size_t)n + 1);
    va_start(args, fmt);
    vsnprintf(long_text, (size_t)n + 1, fmt, args);
    va_end(args);
    buf_put(b, str_from(long_text, (size_t)n));
    mem_free(long_text);
}

void buf_put_u64(struct buf *b, uint64_t x)
{
    char digits[20];
    size_t at = sizeof(digits);
    do {
        digits[--at] = (char)('0' + x % 10);
        x /= 10;
    } while (x);
    buf_put(b, str_from(digits + at, sizeof(digits) - at));
}

void buf_put_i64(struct buf *b, int64_t x)
{
    if (x < 0)
        buf_put_c(b, '-');
    buf_put_u64(b, x < 0 ? 0 - (uint64_t)x : (uint64_t)x);
}

static const char HEX_DIGITS[] = "0123456789abcdef";

void buf_put_hex(struct buf *b, str bytes)
{
    for (size_t i = 0; i < bytes.n; i++) {
        buf_put_c(b, HEX_DIGITS[(uint8_t)bytes.p[i] >> 4]);
        buf_put_c(b, HEX_DIGITS[(uint8_t)bytes.p[i] & 15]);
    }
}

void buf_put_hex64(struct buf *b, uint64_t x)
{
    for (int shift = 60; shift >= 0; shift -= 4)
        buf_put_c(b, HEX_DIGITS[(x >> shift) & 15]);
}

void buf_put_lower(struct buf *b, str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c >= 'A' && c <= 'Z')
            c = (char)(c + 32);
        buf_put_c(b, c);
    }
}

void buf_insert(struct buf *b, size_t at, str s)
{
    assert(at <= b->n);
    if (s.n == 0 || !buf_reserve(b, s.n))
        return;
    memmove(b->p + at + s.n, b->p + at, b->n - at);
    memcpy(b->p + at, s.p, s.n);
    b->n += s.n;
}

void buf_remove_front(struct buf *b, size_t n)
{
    n = MIN(n, b->n);
    if (n == 0)
        return;
    memmove(b->p, b->p + n, b->n - n);
    b->n -= n;
}
