// SPDX-License-Identifier: Apache-2.0
// cursor.h: sticky-error reader and writer under all binary codecs.
//
// After the first short read `failed` stays set and every further read gives zeros, so that codecs
// read field after field and look once at the end. Slices that it hands out are borrowed from the
// input. Nothing is allocated from a length that the input merely declares.
#pragma once
#include "base/core/buf.h"

struct cursor {
    const uint8_t *p;
    const uint8_t *end;
    bool failed;   // something was missing or malformed
    bool is_short; // it failed because the input ended: more bytes may help
};

static inline struct cursor cursor_from(str s)
{
    const uint8_t *p = (const uint8_t *)(s.p ? s.p : "");
    return (struct cursor){.p = p, .end = p + s.n};
}

static inline size_t cursor_left(const struct cursor *c)
{
    return (size_t)(c->end - c->p);
}

static inline void cursor_fail(struct cursor *c) // malformed
{
    c->failed = true;
    c->p = c->end;
}

// True when n bytes are there; marks the cursor short if not.
static inline bool cursor_has(struct cursor *c, size_t n)
{
    if (c->failed)
        return false;
    if (cursor_left(c) >= n)
        return true;
    c->is_short = true;
    cursor_fail(c);
    return false;
}

static inline str cursor_bytes(struct cursor *c, size_t n)
{
    if (!cursor_has(c, n))
        return S("");
    str s = str_from(c->p, n);
    c->p += n;
    return s;
}

static inline str cursor_rest(struct cursor *c)
{
    return cursor_bytes(c, cursor_left(c));
}

// Unsigned, most significant byte first; width 1, 2, 4 or 8.
static inline uint64_t cursor_be(struct cursor *c, size_t width)
{
    uint64_t x = 0;
    if (!cursor_has(c, width))
        return 0;
    for (size_t i = 0; i < width; i++)
        x = x << 8 | *c->p++;
    return x;
}

static inline uint8_t cursor_u8(struct cursor *c)
{
    return (uint8_t)cursor_be(c, 1);
}

static inline uint16_t cursor_u16be(struct cursor *c)
{
    return (uint16_t)cursor_be(c, 2);
}

static inline uint32_t cursor_u32be(struct cursor *c)
{
    return (uint32_t)cursor_be(c, 4);
}

static inline uint32_t cursor_u32le(struct cursor *c)
{
    return __builtin_bswap32(cursor_u32be(c));
}

// Protobuf's variable-length number: 7 bits per byte, least significant first, 10 bytes at most.
static inline uint64_t cursor_uvarint(struct cursor *c)
{
    uint64_t x = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        uint8_t byte = cursor_u8(c);
        if (shift == 63 && byte > 1)
            break;
        x |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return x;
    }
    cursor_fail(c);
    return 0;
}

static inline void buf_put_be(struct buf *b, uint64_t x, size_t width)
{
    for (size_t i = width; i-- > 0;)
        buf_put_c(b, (char)(uint8_t)(x >> (8 * i)));
}

static inline void buf_put_u32le(struct buf *b, uint32_t x)
{
    buf_put_be(b, __builtin_bswap32(x), 4);
}

static inline void buf_put_uvarint(struct buf *b, uint64_t x)
{
    for (; x >= 0x80; x >>= 7)
        buf_put_c(b, (char)(uint8_t)(x | 0x80));
    buf_put_c(b, (char)x);
}
