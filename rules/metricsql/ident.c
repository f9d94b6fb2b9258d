// SPDX-License-Identifier: Apache-2.0
#include "rules/metricsql/ident.h"

#include "base/text/unicode.h"

static bool is_first(uint32_t rune)
{
    return rune_is_letter(rune) || rune == '_' || rune == ':';
}

static bool is_inner(uint32_t rune)
{
    return is_first(rune) || (rune >= '0' && rune <= '9') || rune == '.';
}

// The rune after a backslash. Returns the bytes of s it takes, 0: no valid escape. U+FFFD itself
// can be written as an escape: as upstream it stands for what is not UTF-8.
static size_t decode_escape(str s, uint32_t *ret)
{
    size_t digits = 0;
    if (s.n && (s.p[0] | 0x20) == 'x')
        digits = 2;
    else if (s.n && (s.p[0] | 0x20) == 'u')
        digits = 4;
    if (digits == 0) {
        size_t width;
        *ret = utf8_decode(s, &width);
        return width > 0 && *ret != RUNE_ERROR && rune_is_print(*ret) ? width : 0;
    }
    if (s.n < 1 + digits)
        return 0;
    uint32_t rune = 0;
    for (size_t i = 1; i <= digits; i++) {
        int digit = char_hex(s.p[i]);
        if (digit < 0)
            return 0;
        rune = rune << 4 | (uint32_t)digit;
    }
    *ret = rune;
    return 1 + digits;
}

bool mql_ident_starts(str s)
{
    if (s.n == 0)
        return false;
    uint32_t rune;
    size_t width;
    if (s.p[0] == '\\')
        return decode_escape(str_skip(s, 1), &rune) > 0;
    return is_first(utf8_decode(s, &width));
}

size_t mql_ident_scan(str s)
{
    size_t i = 0;
    while (i < s.n) {
        unsigned char c = (unsigned char)s.p[i];
        if (c < 0x80 && c != '\\') {
            if (!(i ? is_inner(c) : is_first(c)))
                break;
            i++;
            continue;
        }
        uint32_t rune;
        size_t width;
        str rest = str_skip(s, i);
        if (c == '\\') {
            width = decode_escape(str_skip(rest, 1), &rune);
            if (width == 0)
                break;
            width++;
        } else if (!is_first(utf8_decode(rest, &width))) {
            break;
        }
        i += width;
    }
    return i;
}

str mql_ident_unescape(struct arena *mem, str s)
{
    size_t slash = str_find(s, '\\');
    if (slash == STR_NONE)
        return s;
    struct buf out = {.mem = mem};
    for (; slash != STR_NONE; slash = str_find(s, '\\')) {
        buf_put(&out, str_slice(s, 0, slash));
        s = str_skip(s, slash + 1);
        uint32_t rune;
        size_t width = decode_escape(s, &rune);
        if (width == 0)
            buf_put_c(&out, '\\');
        else
            buf_put_rune(&out, rune);
        s = str_skip(s, width);
    }
    buf_put(&out, s);
    return buf_str(&out);
}

static void put_escape(struct buf *b, uint32_t rune)
{
    if (rune > 0xffff && !rune_is_print(rune))
        rune = RUNE_ERROR; // there is no escape for it
    buf_put_c(b, '\\');
    if (rune != RUNE_ERROR && rune_is_print(rune))
        buf_put_rune(b, rune);
    else if (rune < 0x100)
        buf_printf(b, "x%02x", (unsigned)rune);
    else
        buf_printf(b, "u%04x", (unsigned)rune);
}

void buf_put_mql_ident(struct buf *b, str name)
{
    size_t width;
    for (size_t i = 0; i < name.n; i += width) {
        uint32_t rune = utf8_decode(str_skip(name, i), &width);
        if (i ? is_inner(rune) : is_first(rune))
            buf_put_rune(b, rune);
        else
            put_escape(b, rune);
    }
}

void buf_put_mql_ident_quoted(struct buf *b, str name)
{
    buf_put_c(b, '"');
    size_t width;
    for (; name.n; name = str_skip(name, width)) {
        uint32_t rune = utf8_decode(name, &width);
        if (rune == '"' || rune == '\\')
            buf_put_c(b, '\\');
        buf_put_rune(b, rune);
    }
    buf_put_c(b, '"');
}

bool mql_ident_needs_escapes(str name)
{
    size_t width;
    for (size_t i = 0; i < name.n; i += width) {
        uint32_t rune = utf8_decode(str_skip(name, i), &width);
        if (!(i ? is_inner(rune) : is_first(rune)))
            return true;
    }
    return false;
}
