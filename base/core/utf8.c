// SPDX-License-Identifier: Apache-2.0
#include "base/core/utf8.h"

static bool is_continuation(str s, size_t at)
{
    return at < s.n && ((uint8_t)s.p[at] & 0xc0) == 0x80;
}

uint32_t utf8_decode(str s, size_t *ret_width)
{
    if (s.n == 0) {
        *ret_width = 0;
        return 0;
    }
    uint8_t lead = (uint8_t)s.p[0];
    *ret_width = 1;
    if (lead < 0x80)
        return lead;

    size_t width = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    static const uint32_t SMALLEST[] = {0, 0, 0x80, 0x800, 0x10000};
    if (lead < 0xc2 || lead > 0xf4)
        return RUNE_ERROR;
    uint32_t rune = lead & (0x7fu >> width);
    for (size_t i = 1; i < width; i++) {
        if (!is_continuation(s, i))
            return RUNE_ERROR;
        rune = rune << 6 | ((uint8_t)s.p[i] & 0x3f);
    }
    if (rune < SMALLEST[width] || rune > 0x10ffff || (rune >= 0xd800 && rune < 0xe000))
        return RUNE_ERROR;
    *ret_width = width;
    return rune;
}

uint32_t utf8_decode_last(str s, size_t *ret_width)
{
    for (size_t back = 2; back <= 4 && back <= s.n; back++) {
        size_t width;
        uint32_t rune = utf8_decode(str_skip(s, s.n - back), &width);
        if (width == back) {
            *ret_width = width;
            return rune;
        }
    }
    return utf8_decode(s.n ? str_skip(s, s.n - 1) : s, ret_width);
}

bool utf8_is_valid(str s)
{
    while (s.n) {
        if (s.n >= 8) { // eight ASCII bytes at once
            uint64_t word;
            memcpy(&word, s.p, sizeof(word));
            if (!(word & 0x8080808080808080ULL)) {
                s = str_skip(s, 8);
                continue;
            }
        }
        size_t width;
        if (utf8_decode(s, &width) == RUNE_ERROR && width == 1)
            return false;
        s = str_skip(s, width);
    }
    return true;
}

size_t utf8_count(str s)
{
    size_t count = 0;
    for (size_t width; s.n; s = str_skip(s, width), count++)
        utf8_decode(s, &width);
    return count;
}

void buf_put_rune(struct buf *b, uint32_t rune)
{
    if (rune > 0x10ffff || (rune >= 0xd800 && rune < 0xe000))
        rune = RUNE_ERROR;
    if (rune < 0x80) {
        buf_put_c(b, (char)rune);
    } else if (rune < 0x800) {
        buf_put_c(b, (char)(0xc0 | rune >> 6));
        buf_put_c(b, (char)(0x80 | (rune & 0x3f)));
    } else if (rune < 0x10000) {
        buf_put_c(b, (char)(0xe0 | rune >> 12));
        buf_put_c(b, (char)(0x80 | (rune >> 6 & 0x3f)));
        buf_put_c(b, (char)(0x80 | (rune & 0x3f)));
    } else {
        buf_put_c(b, (char)(0xf0 | rune >> 18));
        buf_put_c(b, (char)(0x80 | (rune >> 12 & 0x3f)));
        buf_put_c(b, (char)(0x80 | (rune >> 6 & 0x3f)));
        buf_put_c(b, (char)(0x80 | (rune & 0x3f)));
    }
}

void buf_put_repaired(struct buf *b, str s)
{
    if (utf8_is_valid(s)) {
        buf_put(b, s);
        return;
    }
    for (size_t width; s.n; s = str_skip(s, width))
        buf_put_rune(b, utf8_decode(s, &width));
}
