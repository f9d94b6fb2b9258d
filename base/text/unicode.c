// SPDX-License-Identifier: Apache-2.0
#include "base/text/unicode.h"

#include <unicase.h>
#include <unictype.h>

bool rune_is_print(uint32_t rune)
{
    if (rune < 0x7f)
        return rune >= ' ';
    return uc_is_general_category_withtable(rune, UC_CATEGORY_MASK_L | UC_CATEGORY_MASK_M |
                                                      UC_CATEGORY_MASK_N | UC_CATEGORY_MASK_P |
                                                      UC_CATEGORY_MASK_S);
}

bool rune_is_space(uint32_t rune)
{
    if (rune < 0x80)
        return rune == ' ' || (rune >= '\t' && rune <= '\r');
    return rune == 0x85 || rune == 0xa0 || rune == 0x1680 || (rune >= 0x2000 && rune <= 0x200a) ||
           rune == 0x2028 || rune == 0x2029 || rune == 0x202f || rune == 0x205f || rune == 0x3000;
}

bool rune_is_letter(uint32_t rune)
{
    if (rune < 0x80)
        return (rune | 0x20) >= 'a' && (rune | 0x20) <= 'z';
    return uc_is_general_category_withtable(rune, UC_CATEGORY_MASK_L);
}

bool rune_is_digit(uint32_t rune)
{
    if (rune < 0x80)
        return rune >= '0' && rune <= '9';
    return uc_is_general_category_withtable(rune, UC_CATEGORY_MASK_Nd);
}

uint32_t rune_to_upper(uint32_t rune)
{
    if (rune < 0x80)
        return rune >= 'a' && rune <= 'z' ? rune - 32 : rune;
    return uc_toupper(rune);
}

uint32_t rune_to_lower(uint32_t rune)
{
    if (rune < 0x80)
        return rune >= 'A' && rune <= 'Z' ? rune + 32 : rune;
    return uc_tolower(rune);
}

uint32_t rune_to_title(uint32_t rune)
{
    return rune < 0x80 ? rune_to_upper(rune) : uc_totitle(rune);
}

// ---- quoting ------------------------------------------------------------------------------------

static const char ESCAPED[] = "\a\b\f\n\r\t\v";
static const char ESCAPES[] = "abfnrtv";

static void put_escaped_rune(struct buf *b, uint32_t rune)
{
    const char *at = rune && rune < 0x80 ? strchr(ESCAPED, (int)rune) : NULL;
    if (at)
        buf_printf(b, "\\%c", ESCAPES[at - ESCAPED]);
    else if (rune < 0x80)
        buf_printf(b, "\\x%02x", (unsigned)rune);
    else if (rune < 0x10000)
        buf_printf(b, "\\u%04x", (unsigned)rune);
    else
        buf_printf(b, "\\U%08x", (unsigned)rune);
}

static bool is_plain_ascii(char c) // stands in a quoted text as it is
{
    return c >= ' ' && c < 0x7f && c != '"' && c != '\\';
}

static void put_quoted(struct buf *b, str s, bool ascii_only)
{
    buf_put_c(b, '"');
    while (s.n) {
        size_t width = 0;
        while (width < s.n && is_plain_ascii(s.p[width]))
            width++;
        if (width) {
            buf_put(b, str_slice(s, 0, width));
            s = str_skip(s, width);
            continue;
        }
        uint32_t rune = utf8_decode(s, &width);
        if (rune == RUNE_ERROR && width == 1)
            buf_printf(b, "\\x%02x", (unsigned)(uint8_t)s.p[0]);
        else if (rune == '"' || rune == '\\')
            buf_printf(b, "\\%c", (char)rune);
        else if (rune_is_print(rune) && (rune < 0x80 || !ascii_only))
            buf_put(b, str_slice(s, 0, width));
        else
            put_escaped_rune(b, rune);
        s = str_skip(s, width);
    }
    buf_put_c(b, '"');
}

void buf_put_quoted(struct buf *b, str s)
{
    put_quoted(b, s, false);
}

void buf_put_quoted_ascii(struct buf *b, str s)
{
    put_quoted(b, s, true);
}

// ---- unquoting ----------------------------------------------------------------------------------

static int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
        return (c | 0x20) - 'a' + 10;
    return 16;
}

// Reads exactly `count` digits from the front of s.
static bool take_digits(str *s, size_t count, uint32_t base, uint32_t *ret)
{
    if (s->n < count)
        return false;
    uint32_t x = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t digit = (uint32_t)digit_value(s->p[i]);
        if (digit >= base)
            return false;
        x = x * base + digit;
    }
    *s = str_skip(*s, count);
    *ret = x;
    return true;
}

// One escape behind its backslash.
static bool unquote_escape(str *s, struct buf *out)
{
    if (s->n == 0)
        return false;
    char c = s->p[0];
    uint32_t x;
    if (c >= '0' && c <= '7') {
        if (!take_digits(s, 3, 8, &x) || x > 0xff)
            return false;
        buf_put_c(out, (char)(uint8_t)x);
        return true;
    }
    *s = str_skip(*s, 1);
    if (c == '\\' || c == '"') {
        buf_put_c(out, c);
        return true;
    }
    if (c == 'x') {
        if (!take_digits(s, 2, 16, &x))
            return false;
        buf_put_c(out, (char)(uint8_t)x);
        return true;
    }
    if (c == 'u' || c == 'U') {
        if (!take_digits(s, c == 'u' ? 4 : 8, 16, &x) || x > 0x10ffff ||
            (x >= 0xd800 && x < 0xe000))
            return false;
        buf_put_rune(out, x);
        return true;
    }
    const char *at = c ? strchr(ESCAPES, c) : NULL;
    if (!at)
        return false;
    buf_put_c(out, ESCAPED[at - ESCAPES]);
    return true;
}

static bool unquote_interpreted(str s, struct buf *out)
{
    while (s.n) {
        size_t width = 0;
        while (width < s.n && is_plain_ascii(s.p[width]))
            width++;
        if (width) {
            buf_put(out, str_slice(s, 0, width));
            s = str_skip(s, width);
            continue;
        }
        uint32_t rune = utf8_decode(s, &width);
        if (rune == '"' || rune == '\n')
            return false;
        s = str_skip(s, width);
        if (rune != '\\')
            buf_put_rune(out, rune);
        else if (!unquote_escape(&s, out))
            return false;
    }
    return true;
}

bool unquote_go(str literal, struct buf *out)
{
    if (literal.n < 2 || literal.p[0] != literal.p[literal.n - 1])
        return false;
    str inner = str_slice(literal, 1, literal.n - 1);
    if (literal.p[0] == '"')
        return unquote_interpreted(inner, out);
    if (literal.p[0] != '`' || str_find(inner, '`') != STR_NONE)
        return false;
    for (size_t i = 0; i < inner.n; i++) {
        if (inner.p[i] != '\r') // Go drops carriage returns of raw strings
            buf_put_c(out, inner.p[i]);
    }
    return true;
}

str str_trim_unicode(str s)
{
    size_t width;
    while (s.n && rune_is_space(utf8_decode(s, &width)))
        s = str_skip(s, width);
    while (s.n && rune_is_space(utf8_decode_last(s, &width)))
        s.n -= width;
    return s;
}
