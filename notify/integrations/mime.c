// SPDX-License-Identifier: Apache-2.0
#include "notify/integrations/mime.h"

#include "base/core/utf8.h"
#include "base/env.h"
#include "base/text/encode.h"

#define WORD_OPEN        "=?utf-8?q?"
#define WORD_CLOSE       "?="
#define WORD_BYTES_MAX   75 // RFC 2047 §2
#define WORD_CONTENT_MAX (WORD_BYTES_MAX - (sizeof(WORD_OPEN) - 1) - (sizeof(WORD_CLOSE) - 1))
#define LINE_BYTES_MAX   76 // RFC 2045 §6.7, with the "=" of a soft break

static void put_escape(struct buf *b, char c)
{
    static const char DIGITS[] = "0123456789ABCDEF";
    buf_put_c(b, '=');
    buf_put_c(b, DIGITS[(uint8_t)c >> 4]);
    buf_put_c(b, DIGITS[(uint8_t)c & 15]);
}

// ---- encoded words ------------------------------------------------------------------------------

static bool is_word_literal(char c)
{
    return c >= '!' && c <= '~' && c != '=' && c != '?' && c != '_';
}

static bool needs_words(str value)
{
    for (size_t i = 0; i < value.n; i++) {
        if ((value.p[i] < ' ' || value.p[i] > '~') && value.p[i] != '\t')
            return true;
    }
    return false;
}

void buf_put_q_encoded(struct buf *b, str value)
{
    if (!needs_words(value)) {
        buf_put(b, value);
        return;
    }
    size_t used = 0, width = 0;
    buf_put(b, S(WORD_OPEN));
    for (size_t i = 0; i < value.n; i += width) {
        char c = value.p[i];
        bool is_short = is_word_literal(c) || c == ' ';
        width = 1;
        if (!is_short)
            utf8_decode(str_skip(value, i), &width); // a character stays in one word
        size_t bytes = is_short ? 1 : 3 * width;
        if (used + bytes > WORD_CONTENT_MAX) {
            buf_put(b, S(WORD_CLOSE " " WORD_OPEN));
            used = 0;
        }
        used += bytes;
        for (size_t k = i; k < i + width; k++) {
            if (!is_short)
                put_escape(b, value.p[k]);
            else
                buf_put_c(b, (char)(c == ' ' ? '_' : c));
        }
    }
    buf_put(b, S(WORD_CLOSE));
}

static bool decode_q(str text, struct buf *out)
{
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c == '=') {
            if (text.n - i < 3 || !hex_decode(str_slice(text, i + 1, i + 3), out))
                return false;
            i += 2;
        } else if ((c >= ' ' && c <= '~') || c == '\n' || c == '\r' || c == '\t') {
            buf_put_c(out, (char)(c == '_' ? ' ' : c));
        } else {
            return false;
        }
    }
    return true;
}

static size_t count_of(str s, char c)
{
    size_t count = 0;
    for (size_t i = 0; i < s.n; i++)
        count += s.p[i] == c;
    return count;
}

static enum mime_word to_utf8(str charset, str content, struct arena *mem, str *ret)
{
    bool is_ascii = str_eq_nocase(charset, S("us-ascii"));
    if (str_eq_nocase(charset, S("utf-8"))) {
        *ret = content;
        return MIME_WORD;
    }
    struct buf out = {.mem = mem};
    if (!is_ascii && !str_eq_nocase(charset, S("iso-8859-1"))) {
        buf_put_lower(&out, charset);
        *ret = buf_str(&out);
        return MIME_UNKNOWN_CHARSET;
    }
    for (size_t i = 0; i < content.n; i++) {
        uint8_t c = (uint8_t)content.p[i];
        buf_put_rune(&out, is_ascii && c >= 0x80 ? RUNE_ERROR : c);
    }
    *ret = buf_str(&out);
    return MIME_WORD;
}

enum mime_word mime_decode_word(str word, struct arena *mem, str *ret)
{
    str charset, encoding, text;
    if (word.n < 8 || !str_starts(word, S("=?")) || !str_ends(word, S("?=")) ||
        count_of(word, '?') != 4)
        return MIME_NO_WORD;
    str_cut(str_slice(word, 2, word.n - 2), '?', &charset, &text);
    str_cut(text, '?', &encoding, &text);
    if (charset.n == 0 || encoding.n != 1)
        return MIME_NO_WORD;
    struct buf content = {.mem = mem};
    char method = encoding.p[0];
    bool is_base64 = method == 'B' || method == 'b', is_q = method == 'Q' || method == 'q';
    if (!(is_base64 && base64_decode(text, &content)) && !(is_q && decode_q(text, &content)))
        return MIME_NO_WORD;
    return to_utf8(charset, buf_str(&content), mem, ret);
}

// ---- quoted-printable ---------------------------------------------------------------------------

struct quoted {
    struct buf *out;
    size_t line_bytes; // written on the present line
    char held;         // white space that may be the line's last; 0: none
};

static void quoted_put_literal(struct quoted *q, char c)
{
    if (q->line_bytes == LINE_BYTES_MAX - 1) {
        buf_put(q->out, S("=\r\n"));
        q->line_bytes = 0;
    }
    buf_put_c(q->out, c);
    q->line_bytes++;
}

static void quoted_put_escape(struct quoted *q, char c)
{
    if (LINE_BYTES_MAX - 1 - q->line_bytes < 3) {
        buf_put(q->out, S("=\r\n"));
        q->line_bytes = 0;
    }
    put_escape(q->out, c);
    q->line_bytes += 3;
}

// White space is written when it is known not to be the line's last.
static void quoted_release(struct quoted *q)
{
    if (q->held)
        quoted_put_literal(q, q->held);
    q->held = 0;
}

static void quoted_end_line(struct quoted *q)
{
    // A literal that would have begun a line of its own begins it, and is an escape there.
    if (q->held && q->line_bytes == LINE_BYTES_MAX - 1) {
        buf_put(q->out, S("=\r\n"));
        q->line_bytes = 0;
    }
    if (q->held)
        quoted_put_escape(q, q->held);
    q->held = 0;
}

void buf_put_quoted_printable(struct buf *b, str text)
{
    struct quoted q = {.out = b};
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c == '\n' && i > 0 && text.p[i - 1] == '\r')
            continue; // one line end
        if (c == '\n' || c == '\r') {
            quoted_end_line(&q);
            buf_put(b, S("\r\n"));
            q.line_bytes = 0;
            continue;
        }
        quoted_release(&q);
        if (c == ' ' || c == '\t')
            q.held = c;
        else if (c >= '!' && c <= '~' && c != '=')
            quoted_put_literal(&q, c);
        else
            quoted_put_escape(&q, c);
    }
    quoted_end_line(&q);
}

// ---- parts --------------------------------------------------------------------------------------

struct mime_parts mime_parts_begin(struct env *env, struct buf *out)
{
    struct mime_parts p = {.out = out};
    uint8_t bytes[MIME_BOUNDARY_BYTES / 2];
    for (size_t i = 0; i < sizeof(bytes); i += sizeof(uint64_t)) {
        uint64_t random = env_random(env);
        memcpy(bytes + i, &random, MIN(sizeof(random), sizeof(bytes) - i));
    }
    struct buf hex = {.p = p.boundary, .cap = sizeof(p.boundary), .max = sizeof(p.boundary)};
    buf_put_hex(&hex, str_from(bytes, sizeof(bytes)));
    return p;
}

static str boundary_of(const struct mime_parts *p)
{
    return str_from(p->boundary, sizeof(p->boundary));
}

void mime_put_text_part(struct mime_parts *p, str content_type, str text)
{
    if (p->count++)
        buf_put(p->out, S("\r\n"));
    buf_printf(p->out, "--%.*s\r\n", STR(boundary_of(p)));
    buf_printf(p->out, "Content-Transfer-Encoding: quoted-printable\r\nContent-Type: %.*s\r\n\r\n",
               STR(content_type));
    buf_put_quoted_printable(p->out, text);
}

void mime_parts_end(struct mime_parts *p)
{
    buf_printf(p->out, "\r\n--%.*s--\r\n", STR(boundary_of(p)));
}
