// SPDX-License-Identifier: Apache-2.0
#include "base/text/json_scan.h"

#include "base/core/utf8.h"
#include "base/text/unicode.h"

// ---- the walk -----------------------------------------------------------------------------------

struct walk {
    const char *p, *end;
    const char *start;
    struct json_scan *ret;
    struct err *err;
};

// Go: "invalid character 'x' looking for beginning of value"; the byte offset is ours.
static bool walk_fail(const struct walk *w, const char *where)
{
    if (w->p == w->end)
        return err_set(w->err, ERR_SYNTAX, "unexpected end of JSON input");
    defer(buf_done) struct buf shown = {0};
    uint8_t c = (uint8_t)*w->p;
    if (c == '\'')
        buf_put(&shown, S("\\'"));
    else if (c == '"')
        buf_put(&shown, S("\""));
    else {
        defer(buf_done) struct buf rune = {0}, quoted = {0};
        buf_put_rune(&rune, c);
        buf_put_quoted(&quoted, buf_str(&rune));
        buf_put(&shown, str_slice(buf_str(&quoted), 1, quoted.n - 1));
    }
    return err_set(w->err, ERR_SYNTAX, "invalid character '%.*s' %s at byte %zu",
                   STR(buf_str(&shown)), where, (size_t)(w->p - w->start));
}

static void walk_space(struct walk *w)
{
    while (w->p < w->end && (*w->p == ' ' || *w->p == '\n' || *w->p == '\t' || *w->p == '\r'))
        w->p++;
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

// A \uXXXX: surrogates are for json_rewrite to look at in pairs.
static bool walk_unicode_escape(struct walk *w)
{
    const char *digits = w->p;
    for (int i = 0; i < 4; i++, w->p++) {
        if (w->p == w->end || !is_hex(*w->p))
            return walk_fail(w, "in \\u hexadecimal character escape");
    }
    str four = str_from(digits, 4);
    bool is_nul = str_eq(four, S("0000"));
    w->ret->has_nul |= is_nul;
    w->ret->needs_rewrite |= is_nul || (four.p[0] | 0x20) == 'd';
    return true;
}

static bool walk_escape(struct walk *w)
{
    if (w->p == w->end || !*w->p || !strchr("\"\\/bfnrtu", *w->p))
        return walk_fail(w, "in string escape code");
    return *w->p++ == 'u' ? walk_unicode_escape(w) : true;
}

enum { END_OF_RUN = 1 }; // bytes of a string that need a look

static const uint8_t RUN[256] = {
    [0 ... 0x1f] = END_OF_RUN,
    ['"'] = END_OF_RUN,
    ['\\'] = END_OF_RUN,
    [0x80 ... 0xff] = END_OF_RUN,
};

static bool walk_string(struct walk *w) // behind the opening quote
{
    for (;;) {
        while (w->p < w->end && !RUN[(uint8_t)*w->p])
            w->p++;
        if (w->p == w->end)
            return walk_fail(w, "");
        char c = *w->p;
        if (c == '"') {
            w->p++;
            return true;
        }
        if (c == '\\') {
            w->p++;
            if (!walk_escape(w))
                return false;
        } else if ((uint8_t)c < 0x80) {
            return walk_fail(w, "in string literal");
        } else {
            size_t width;
            uint32_t rune = utf8_decode(str_from(w->p, (size_t)(w->end - w->p)), &width);
            w->ret->needs_rewrite |= rune == RUNE_ERROR && width == 1;
            w->p += width;
        }
    }
}

static bool walk_literal(struct walk *w, const char *rest, const char *where)
{
    for (w->p++; *rest; w->p++, rest++) {
        if (w->p == w->end || *w->p != *rest) {
            char text[64];
            snprintf(text, sizeof(text), "in literal %s (expecting '%c')", where, *rest);
            return walk_fail(w, text);
        }
    }
    return true;
}

static bool walk_digits(struct walk *w, const char *where)
{
    if (w->p == w->end || *w->p < '0' || *w->p > '9')
        return walk_fail(w, where);
    while (w->p < w->end && *w->p >= '0' && *w->p <= '9')
        w->p++;
    return true;
}

static bool walk_number(struct walk *w)
{
    const char *from = w->p;
    w->p += *w->p == '-';
    if (w->p < w->end && *w->p == '0')
        w->p++;
    else if (!walk_digits(w, "in numeric literal"))
        return false;
    if (w->p < w->end && *w->p == '.') {
        w->p++;
        if (!walk_digits(w, "after decimal point in numeric literal"))
            return false;
    }
    if (w->p < w->end && (*w->p | 0x20) == 'e') {
        w->p++;
        if (w->p < w->end && (*w->p == '+' || *w->p == '-'))
            w->p++;
        if (!walk_digits(w, "in exponent of numeric literal"))
            return false;
    }
    w->ret->needs_rewrite |= w->p - from > JSON_NUMBER_BYTES_MAX;
    return true;
}

static bool walk_value(struct walk *w, size_t depth);

static bool walk_member(struct walk *w, size_t depth)
{
    walk_space(w);
    if (w->p == w->end || *w->p != '"')
        return walk_fail(w, "looking for beginning of object key string");
    w->p++;
    if (!walk_string(w))
        return false;
    walk_space(w);
    if (w->p == w->end || *w->p != ':')
        return walk_fail(w, "after object key");
    w->p++;
    return walk_value(w, depth);
}

// The items of an array or the members of an object, behind the opening bracket.
static bool walk_items(struct walk *w, size_t depth, bool is_object)
{
    char close = is_object ? '}' : ']';
    if (depth > JSON_DEPTH_MAX)
        return err_set(w->err, ERR_LIMIT, "JSON nested deeper than %d levels", JSON_DEPTH_MAX);
    walk_space(w);
    if (w->p < w->end && *w->p == close) {
        w->p++;
        return true;
    }
    for (;;) {
        if (!(is_object ? walk_member(w, depth) : walk_value(w, depth)))
            return false;
        walk_space(w);
        if (w->p == w->end || (*w->p != ',' && *w->p != close))
            return walk_fail(w, is_object ? "after object key:value pair" : "after array element");
        if (*w->p++ == close)
            return true;
    }
}

static bool walk_value(struct walk *w, size_t depth)
{
    walk_space(w);
    if (w->p == w->end)
        return walk_fail(w, "");
    switch (*w->p) {
    case '{':
    case '[':
        w->p++;
        return walk_items(w, depth + 1, w->p[-1] == '{');
    case '"':
        w->p++;
        return walk_string(w);
    case 't':
        return walk_literal(w, "rue", "true");
    case 'f':
        return walk_literal(w, "alse", "false");
    case 'n':
        return walk_literal(w, "ull", "null");
    default:
        if (*w->p == '-' || (*w->p >= '0' && *w->p <= '9'))
            return walk_number(w);
        return walk_fail(w, "looking for beginning of value");
    }
}

bool json_scan(str text, bool rest_is_fine, struct json_scan *ret, struct err *err)
{
    *ret = (struct json_scan){0};
    const char *start = text.p ? text.p : "";
    struct walk w = {.p = start, .end = start + text.n, .start = start, .ret = ret, .err = err};
    walk_space(&w);
    const char *from = w.p;
    if (!walk_value(&w, 0))
        return false;
    ret->value = str_from(from, (size_t)(w.p - from));
    walk_space(&w);
    return rest_is_fine || w.p == w.end || walk_fail(&w, "after top-level value");
}

// ---- rewriting ----------------------------------------------------------------------------------

static uint32_t hex4(const char *p)
{
    uint32_t x = 0;
    for (int i = 0; i < 4; i++)
        x = x << 4 | (uint32_t)(p[i] <= '9' ? p[i] - '0' : (p[i] | 0x20) - 'a' + 10);
    return x;
}

static bool is_surrogate(uint32_t x, uint32_t first)
{
    return x >= first && x < first + 0x400;
}

// A \uXXXX at the front of s, which is well-formed: writes it and returns its width.
static size_t rewrite_unicode_escape(str s, struct buf *out)
{
    uint32_t x = hex4(s.p + 2);
    if (x == 0) {
        buf_put(out, JSON_NUL);
        return 6;
    }
    if (x < 0xd800 || x >= 0xe000) {
        buf_put(out, str_slice(s, 0, 6)); // may be a quote or control character
        return 6;
    }
    bool has_pair = is_surrogate(x, 0xd800) && str_starts(str_skip(s, 6), S("\\u")) &&
                    is_surrogate(hex4(s.p + 8), 0xdc00);
    buf_put(out, has_pair ? str_slice(s, 0, 12) : S("\xef\xbf\xbd"));
    return has_pair ? 12 : 6;
}

// What stands at the front of s inside a string: writes it and returns its width.
static size_t rewrite_in_string(str s, struct buf *out)
{
    size_t width;
    if (s.p[0] == '\\') {
        if (s.p[1] == 'u')
            return rewrite_unicode_escape(s, out);
        buf_put(out, str_slice(s, 0, 2));
        return 2;
    }
    buf_put_rune(out, utf8_decode(s, &width));
    return width;
}

static size_t rewrite_number(str s, struct buf *out)
{
    size_t n = 0;
    while (n < s.n && s.p[n] && strchr("+-.0123456789eE", s.p[n]))
        n++;
    double x;
    if (n > JSON_NUMBER_BYTES_MAX && str_to_f64(str_slice(s, 0, n), &x))
        buf_printf(out, "%.17g", CLAMP(x, -1.7976931348623157e308, 1.7976931348623157e308));
    else
        buf_put(out, str_slice(s, 0, n));
    return n;
}

str json_rewrite(str value, struct arena *mem)
{
    defer(buf_done) struct buf out = {0};
    bool in_string = false;
    while (value.n) {
        size_t width = 1;
        char c = value.p[0];
        if (c == '"') {
            in_string = !in_string;
            buf_put_c(&out, c);
        } else if (in_string) {
            width = rewrite_in_string(value, &out);
        } else if (c == '-' || (c >= '0' && c <= '9')) {
            width = rewrite_number(value, &out);
        } else {
            buf_put_c(&out, c);
        }
        value = str_skip(value, width);
    }
    return arena_str(mem, buf_str(&out));
}
