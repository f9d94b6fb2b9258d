// SPDX-License-Identifier: Apache-2.0
#include "base/text/json_writer.h"

#include <math.h>

#include "base/core/utf8.h"
#include "base/text/gofmt.h"

// ---- strings ------------------------------------------------------------------------------------

// What a byte needs: a bit per escape profile, so that one look into the table decides.
enum {
    SPECIAL_HTML = 1 << JSON_ESCAPE_HTML,
    SPECIAL_GO = 1 << JSON_ESCAPE_GO,
    SPECIAL_VM = 1 << JSON_ESCAPE_VM,
    SPECIAL_ALL = SPECIAL_HTML | SPECIAL_GO | SPECIAL_VM
};

// Bytes of 0x80 and more are special to Go's profiles: they are validated on the way.
static const uint8_t SPECIAL[256] = {
    [0 ... 0x1f] = SPECIAL_ALL, ['"'] = SPECIAL_ALL,
    ['\\'] = SPECIAL_ALL,       ['<'] = SPECIAL_HTML | SPECIAL_VM,
    ['>'] = SPECIAL_HTML,       ['&'] = SPECIAL_HTML,
    ['\''] = SPECIAL_VM,        [0x80 ... 0xff] = SPECIAL_HTML | SPECIAL_GO,
};

// Writes a byte below 0x80 that may not stand as it is.
static void put_escape(struct buf *b, char c)
{
    static const char ESCAPED[] = "\"\\\b\f\n\r\t";
    static const char ESCAPES[] = "\"\\bfnrt";
    static const char HEX[] = "0123456789abcdef";
    const char *at = c ? strchr(ESCAPED, c) : NULL;
    if (at) {
        buf_put_c(b, '\\');
        buf_put_c(b, ESCAPES[at - ESCAPED]);
        return;
    }
    buf_put(b, S("\\u00"));
    buf_put_c(b, HEX[(uint8_t)c >> 4]);
    buf_put_c(b, HEX[c & 15]);
}

static void put_special_rune(struct buf *b, uint32_t rune)
{
    if (rune == RUNE_ERROR)
        buf_put(b, S("\\ufffd"));
    else // ends a line in JavaScript
        buf_put(b, rune == 0x2028 ? S("\\u2028") : S("\\u2029"));
}

void buf_put_json_str(struct buf *b, enum json_escape escape, str s)
{
    uint8_t mask = (uint8_t)(1u << escape);
    size_t from = 0, i = 0; // from … i: a run that needs no escape
    buf_put_c(b, '"');
    for (;;) {
        while (i < s.n && !(SPECIAL[(uint8_t)s.p[i]] & mask))
            i++;
        if (i == s.n)
            break;
        if ((uint8_t)s.p[i] < 0x80) {
            buf_put(b, str_slice(s, from, i));
            put_escape(b, s.p[i]);
            from = ++i;
            continue;
        }
        size_t width;
        uint32_t rune = utf8_decode(str_skip(s, i), &width);
        if ((rune == RUNE_ERROR && width == 1) || rune == 0x2028 || rune == 0x2029) {
            buf_put(b, str_slice(s, from, i));
            put_special_rune(b, rune);
            from = i + width;
        }
        i += width;
    }
    buf_put(b, str_skip(s, from));
    buf_put_c(b, '"');
}

// ---- structure ----------------------------------------------------------------------------------

static void separate(struct json_writer *w)
{
    if (w->needs_comma)
        buf_put_c(w->out, ',');
    w->needs_comma = true;
}

void json_object_begin(struct json_writer *w)
{
    separate(w);
    buf_put_c(w->out, '{');
    w->needs_comma = false;
}

void json_object_end(struct json_writer *w)
{
    buf_put_c(w->out, '}');
    w->needs_comma = true;
}

void json_array_begin(struct json_writer *w)
{
    separate(w);
    buf_put_c(w->out, '[');
    w->needs_comma = false;
}

void json_array_end(struct json_writer *w)
{
    buf_put_c(w->out, ']');
    w->needs_comma = true;
}

void json_put_key(struct json_writer *w, str key)
{
    separate(w);
    buf_put_json_str(w->out, w->escape, key);
    buf_put_c(w->out, ':');
    w->needs_comma = false;
}

void json_put_str(struct json_writer *w, str s)
{
    separate(w);
    buf_put_json_str(w->out, w->escape, s);
}

void json_put_bool(struct json_writer *w, bool b)
{
    json_put_raw(w, b ? S("true") : S("false"));
}

void json_put_i64(struct json_writer *w, int64_t x)
{
    separate(w);
    buf_put_i64(w->out, x);
}

void json_put_u64(struct json_writer *w, uint64_t x)
{
    separate(w);
    buf_put_u64(w->out, x);
}

void json_put_null(struct json_writer *w)
{
    json_put_raw(w, S("null"));
}

void json_put_raw(struct json_writer *w, str text)
{
    separate(w);
    buf_put(w->out, text);
}

// ---- numbers ------------------------------------------------------------------------------------

#define EXACT_INTEGER_MAX 9007199254740992.0 // 2^53

// Go: an exponent from 1e21 and below 1e-6, without a leading zero; otherwise plain digits.
void json_put_f64(struct json_writer *w, double x)
{
    if (!isfinite(x)) {
        json_put_null(w);
        return;
    }
    bool is_minus_zero = x == 0 && signbit(x);
    if (x == trunc(x) && fabs(x) < EXACT_INTEGER_MAX && !is_minus_zero) {
        json_put_i64(w, (int64_t)x);
        return;
    }
    separate(w);
    struct buf *b = w->out;
    if (x == 0 || (fabs(x) >= 1e-6 && fabs(x) < 1e21)) {
        buf_put_f64(b, x, 'f', -1);
        return;
    }
    buf_put_f64(b, x, 'e', -1);
    if (str_ends(str_slice(buf_str(b), 0, b->n - 1), S("e-0"))) { // e-07: e-7
        b->p[b->n - 2] = b->p[b->n - 1];
        b->n--;
    }
}

void json_put_member(struct json_writer *w, const char *key, str value)
{
    json_put_key(w, str_c(key));
    json_put_str(w, value);
}

void json_put_member_given(struct json_writer *w, const char *key, str value)
{
    if (value.n)
        json_put_member(w, key, value);
}
