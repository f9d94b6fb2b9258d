// SPDX-License-Identifier: Apache-2.0
// Array flags of Go style: where an item ends, and what its quotes mean.
#include "base/core/flags_internal.h"
#include "base/core/utf8.h"

unsigned flag_digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'z' ? (unsigned)(lower - 'a') + 10 : 99;
}

// A list grows when its count is a power of two.
void *flag_list_grown(void *items, size_t count, size_t item_bytes, struct arena *mem)
{
    if (count & (count - 1))
        return items;
    void *more = arena_array_bytes(mem, MAX(count * 2, 1), item_bytes);
    if (count)
        memcpy(more, items, count * item_bytes);
    return more;
}

void flag_strs_add(struct flag_strs *list, str item, struct arena *mem)
{
    list->items = flag_list_grown(list->items, list->count, sizeof(str), mem);
    list->items[list->count++] = item;
}

static bool is_escaped(str s, size_t at) // by an odd number of backslashes
{
    size_t n = 0;
    while (n < at && s.p[at - 1 - n] == '\\')
        n++;
    return n % 2;
}

static char closer_of(char c)
{
    switch (c) {
    case '[':
        return ']';
    case '{':
        return '}';
    case '(':
        return ')';
    default:
        return '\0';
    }
}

#define BRACKET_DEPTH_MAX 64

// Where the quote or bracket at `at` is closed; STR_NONE if it is not.
static size_t find_closer(str s, size_t at)
{
    char stack[BRACKET_DEPTH_MAX];
    size_t depth = 0;
    char quote = '\0';
    for (size_t i = at; i < s.n; i++) {
        char c = s.p[i];
        if (quote) {
            if (c != quote || is_escaped(s, i))
                continue;
            quote = '\0';
        } else if (c == '"' || c == '\'') {
            quote = c;
            continue;
        } else if (closer_of(c)) {
            if (depth == BRACKET_DEPTH_MAX)
                return STR_NONE;
            stack[depth++] = closer_of(c);
            continue;
        } else if (depth && c == stack[depth - 1]) {
            depth--;
        } else {
            continue;
        }
        if (depth == 0)
            return i;
    }
    return STR_NONE;
}

// The bytes of s up to the next comma that separates items.
static size_t item_bytes(str s)
{
    size_t at = 0;
    while (at < s.n && s.p[at] != ',') {
        bool opens = s.p[at] == '"' || s.p[at] == '\'' || closer_of(s.p[at]);
        size_t end = opens ? find_closer(s, at) : STR_NONE;
        at = end == STR_NONE ? at + 1 : end + 1; // an opener without a closer is a character
    }
    return at;
}

// The value of one hexadecimal or octal escape of `digits` digits; false on junk.
static bool escape_number(str s, size_t at, size_t digits, unsigned base, uint32_t *ret)
{
    if (at + digits > s.n)
        return false;
    uint32_t x = 0;
    for (size_t i = 0; i < digits; i++) {
        unsigned d = flag_digit_value(s.p[at + i]);
        if (d >= base)
            return false;
        x = x * base + d;
    }
    *ret = x;
    return true;
}

// One escape of a Go string literal, behind its backslash. Returns its bytes; 0: not one.
static size_t unquote_escape(str s, size_t at, struct buf *out)
{
    static const char NAMES[] = "abfnrtv\\\"", VALUES[] = "\a\b\f\n\r\t\v\\\"";
    char c = s.p[at];
    const char *name = c ? strchr(NAMES, c) : NULL;
    if (name) {
        buf_put_c(out, VALUES[name - NAMES]);
        return 1;
    }
    uint32_t x;
    if (c == 'x' && escape_number(s, at + 1, 2, 16, &x)) {
        buf_put_c(out, (char)x);
        return 3;
    }
    if (c >= '0' && c <= '7' && escape_number(s, at, 3, 8, &x) && x <= 0xff) {
        buf_put_c(out, (char)x);
        return 3;
    }
    size_t digits = c == 'u' ? 4 : c == 'U' ? 8 : 0;
    bool is_rune = digits && escape_number(s, at + 1, digits, 16, &x) && x <= 0x10ffff &&
                   !(x >= 0xd800 && x <= 0xdfff);
    if (!is_rune)
        return 0;
    buf_put_rune(out, x);
    return 1 + digits;
}

// The inside of a "…" literal; false where Go's Unquote refuses it.
static bool unquote(str inside, struct buf *out)
{
    for (size_t at = 0; at < inside.n;) {
        char c = inside.p[at++];
        if (c == '"' || c == '\n')
            return false;
        if (c != '\\') {
            buf_put_c(out, c);
            continue;
        }
        size_t used = at < inside.n ? unquote_escape(inside, at, out) : 0;
        if (!used)
            return false;
        at += used;
    }
    return true;
}

static str drop_escapes(str inside, char quote, struct arena *mem)
{
    defer(buf_done) struct buf text = {0};
    for (size_t at = 0; at < inside.n; at++) { // first \<quote>, then \\, each in its own pass
        if (inside.p[at] == '\\' && at + 1 < inside.n && inside.p[at + 1] == quote)
            at++;
        buf_put_c(&text, inside.p[at]);
    }
    defer(buf_done) struct buf plain = {0};
    for (size_t at = 0; at < text.n; at++) {
        if (text.p[at] == '\\' && at + 1 < text.n && text.p[at + 1] == '\\')
            at++;
        buf_put_c(&plain, text.p[at]);
    }
    return arena_str(mem, buf_str(&plain));
}

static str unquote_item(str item, struct arena *mem)
{
    if (item.n < 2 || item.p[0] != item.p[item.n - 1] || (item.p[0] != '"' && item.p[0] != '\''))
        return arena_str(mem, item);
    str inside = str_slice(item, 1, item.n - 1);
    if (item.p[0] == '\'')
        return drop_escapes(inside, '\'', mem);
    defer(buf_done) struct buf text = {0};
    if (unquote(inside, &text))
        return arena_str(mem, buf_str(&text));
    return drop_escapes(inside, '"', mem);
}

// Splits an array's value. An empty one is one empty item, as is what stands around each comma.
struct flag_strs flag_split_items(str value, struct arena *mem)
{
    struct flag_strs list = {0};
    for (;;) {
        size_t n = item_bytes(value);
        flag_strs_add(&list, unquote_item(str_slice(value, 0, n), mem), mem);
        if (n == value.n)
            return list;
        value = str_skip(value, n + 1);
    }
}
