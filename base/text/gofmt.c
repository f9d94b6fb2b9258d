// SPDX-License-Identifier: Apache-2.0
#include "base/text/gofmt.h"

#include <math.h>
#include <stdio.h>

#include "base/core/utf8.h"
#include "base/text/unicode.h"

static void put_padding(struct buf *b, const struct gofmt *f, size_t count)
{
    buf_put_fill(b, f->zero && !f->minus ? '0' : ' ', count);
}

void gofmt_pad(struct buf *b, const struct gofmt *f, str s)
{
    size_t missing = 0;
    if (f->has_width && f->width > 0) {
        size_t have = utf8_count(s);
        missing = have < (size_t)f->width ? (size_t)f->width - have : 0;
    }
    if (!f->minus)
        put_padding(b, f, missing);
    buf_put(b, s);
    if (f->minus)
        put_padding(b, f, missing);
}

static void pad_with_spaces(struct buf *b, const struct gofmt *f, str s)
{
    struct gofmt spaces = *f;
    spaces.zero = false;
    gofmt_pad(b, &spaces, s);
}

void gofmt_int(struct buf *b, const struct gofmt *f, uint64_t u, bool is_signed, unsigned base,
               char verb)
{
    bool is_negative = is_signed && (int64_t)u < 0;
    if (is_negative)
        u = 0 - u;
    int digits_min = 0;
    if (f->has_prec) {
        digits_min = f->prec;
        if (f->prec == 0 && u == 0) { // nothing but padding
            pad_with_spaces(b, f, S(""));
            return;
        }
    } else if (f->zero && !f->minus && f->has_width) {
        digits_min = f->width - (is_negative || f->plus || f->space);
    }
    const char *alphabet = verb == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
    char digits[64];
    size_t from = sizeof(digits);
    do {
        digits[--from] = alphabet[u % base];
        u /= base;
    } while (u);
    str number = str_from(digits + from, sizeof(digits) - from);
    size_t zeros = (size_t)MAX(digits_min - (int)number.n, 0);

    defer(buf_done) struct buf text = {.max = b->max, .mem = b->mem};
    if (is_negative)
        buf_put_c(&text, '-');
    else if (f->plus)
        buf_put_c(&text, '+');
    else if (f->space)
        buf_put_c(&text, ' ');
    if (verb == 'O')
        buf_put(&text, S("0o"));
    if (f->sharp && base == 2)
        buf_put(&text, S("0b"));
    if (f->sharp && base == 8 && zeros == 0 && number.p[0] != '0')
        buf_put_c(&text, '0');
    if (f->sharp && base == 16)
        buf_put(&text, verb == 'X' ? S("0X") : S("0x"));
    buf_put_fill(&text, '0', zeros);
    buf_put(&text, number);
    pad_with_spaces(b, f, buf_str(&text));
}

static uint32_t rune_or_error(uint64_t c)
{
    return c > 0x10ffff || (c >= 0xd800 && c < 0xe000) ? RUNE_ERROR : (uint32_t)c;
}

void gofmt_char(struct buf *b, const struct gofmt *f, uint64_t c)
{
    char bytes[8];
    struct buf text = {.p = bytes, .cap = sizeof(bytes), .max = sizeof(bytes)};
    buf_put_rune(&text, rune_or_error(c));
    gofmt_pad(b, f, buf_str(&text));
}

void gofmt_char_quoted(struct buf *b, const struct gofmt *f, uint64_t c)
{
    uint32_t rune = rune_or_error(c);
    defer(buf_done) struct buf text = {.mem = b->mem};
    defer(buf_done) struct buf one = {.mem = b->mem};
    buf_put_rune(&one, rune);
    if (rune == '"') {
        buf_put(&text, S("'\"'"));
    } else if (rune == '\'') {
        buf_put(&text, S("'\\''"));
    } else { // the same escapes as in a string, between other quotes
        if (f->plus)
            buf_put_quoted_ascii(&text, buf_str(&one));
        else
            buf_put_quoted(&text, buf_str(&one));
        text.p[0] = text.p[text.n - 1] = '\'';
    }
    gofmt_pad(b, f, buf_str(&text));
}

void gofmt_unicode(struct buf *b, const struct gofmt *f, uint64_t c)
{
    char digits[24];
    int n = snprintf(digits, sizeof(digits), "%llX", (unsigned long long)c);
    int digits_min = f->has_prec && f->prec > 4 ? f->prec : 4;
    defer(buf_done) struct buf text = {.max = b->max, .mem = b->mem};
    buf_put(&text, S("U+"));
    buf_put_fill(&text, '0', (size_t)MAX(digits_min - n, 0));
    buf_put(&text, str_from(digits, (size_t)n));
    if (f->sharp && c <= 0x10ffff && rune_is_print((uint32_t)c)) {
        buf_put(&text, S(" '"));
        buf_put_rune(&text, (uint32_t)c);
        buf_put_c(&text, '\'');
    }
    pad_with_spaces(b, f, buf_str(&text));
}

// The first `prec` characters.
static str cut_to_prec(const struct gofmt *f, str s)
{
    if (!f->has_prec)
        return s;
    size_t bytes = 0;
    for (int left = f->prec; left > 0 && bytes < s.n; left--) {
        size_t width;
        utf8_decode(str_skip(s, bytes), &width);
        bytes += width;
    }
    return str_slice(s, 0, bytes);
}

void gofmt_str(struct buf *b, const struct gofmt *f, str s)
{
    gofmt_pad(b, f, cut_to_prec(f, s));
}

void gofmt_hex(struct buf *b, const struct gofmt *f, str bytes, bool is_upper)
{
    size_t count = f->has_prec && (size_t)f->prec < bytes.n ? (size_t)f->prec : bytes.n;
    size_t wanted = f->has_width && f->width > 0 ? (size_t)f->width : 0;
    if (count == 0) {
        put_padding(b, f, wanted);
        return;
    }
    size_t width = 2 * count;
    if (f->space)
        width = (f->sharp ? 2 * width : width) + count - 1;
    else if (f->sharp)
        width += 2;
    size_t missing = wanted > width ? wanted - width : 0;
    if (!f->minus)
        put_padding(b, f, missing);
    str prefix = !f->sharp ? S("") : is_upper ? S("0X") : S("0x");
    const char *alphabet = is_upper ? "0123456789ABCDEF" : "0123456789abcdef";
    buf_put(b, prefix);
    for (size_t i = 0; i < count; i++) {
        if (f->space && i > 0) {
            buf_put_c(b, ' ');
            buf_put(b, prefix);
        }
        buf_put_c(b, alphabet[(uint8_t)bytes.p[i] >> 4]);
        buf_put_c(b, alphabet[(uint8_t)bytes.p[i] & 15]);
    }
    if (f->minus)
        put_padding(b, f, missing);
}

// Can s stand between back-quotes (strconv.CanBackquote)?
static bool can_backquote(str s)
{
    for (size_t width; s.n; s = str_skip(s, width)) {
        uint32_t rune = utf8_decode(s, &width);
        if ((width == 1 && rune == RUNE_ERROR) || rune == 0xfeff || (rune < ' ' && rune != '\t') ||
            rune == '`' || rune == 0x7f)
            return false;
    }
    return true;
}

void gofmt_quoted(struct buf *b, const struct gofmt *f, str s)
{
    s = cut_to_prec(f, s);
    defer(buf_done) struct buf text = {.mem = b->mem};
    if (f->sharp && can_backquote(s)) {
        buf_put_c(&text, '`');
        buf_put(&text, s);
        buf_put_c(&text, '`');
    } else if (f->plus) {
        buf_put_quoted_ascii(&text, s);
    } else {
        buf_put_quoted(&text, s);
    }
    gofmt_pad(b, f, buf_str(&text));
}

// The # flag: a decimal point always, and for %g all `prec` significant digits.
static void force_point(struct buf *number, char verb, int prec)
{
    int digits = 0;
    if (verb == 'g' || verb == 'G' || verb == 'x')
        digits = prec < 0 ? 6 : prec;
    bool is_hex = verb == 'x' || verb == 'X';
    bool has_point = false;
    bool has_nonzero = false;
    size_t end = number->n;
    for (size_t i = 1; i < end; i++) {
        char c = number->p[i];
        if (c == '.') {
            has_point = true;
        } else if (c == 'p' || c == 'P' || (!is_hex && (c == 'e' || c == 'E'))) {
            end = i;
        } else {
            has_nonzero |= c != '0';
            digits -= has_nonzero;
        }
    }
    if (!has_point && end == 2 && number->p[1] == '0')
        digits--;
    defer(buf_done) struct buf tail = {.mem = number->mem};
    buf_put(&tail, str_skip(buf_str(number), end));
    number->n = end;
    if (!has_point)
        buf_put_c(number, '.');
    buf_put_fill(number, '0', (size_t)MAX(digits, 0));
    buf_put(number, buf_str(&tail));
}

void gofmt_f64(struct buf *b, const struct gofmt *f, double v, char verb)
{
    int prec = -1;
    if (verb == 'v')
        verb = 'g';
    if (verb == 'F')
        verb = 'f';
    if (f->has_prec)
        prec = f->prec;
    else if (verb == 'e' || verb == 'E' || verb == 'f')
        prec = 6;

    defer(buf_done) struct buf number = {.max = b->max, .mem = b->mem}; // always with a sign
    if (!signbit(v) && isfinite(v))
        buf_put_c(&number, '+');
    if (isnan(v))
        buf_put_c(&number, '+');
    buf_put_f64(&number, v, verb, prec);
    if (number.n < 2) { // the output is full
        b->is_full = true;
        return;
    }
    if (f->space && number.p[0] == '+' && !f->plus)
        number.p[0] = ' ';
    if (isnan(v) || isinf(v)) { // never padded with zeros; infinity always shows its sign
        bool hides_sign = isnan(v) && !f->space && !f->plus;
        pad_with_spaces(b, f, str_skip(buf_str(&number), hides_sign));
        return;
    }
    if (f->sharp && verb != 'b')
        force_point(&number, verb, prec);
    str text = buf_str(&number);
    if (!f->plus && text.p[0] == '+') {
        gofmt_pad(b, f, str_skip(text, 1));
    } else if (f->zero && !f->minus && f->has_width && (size_t)MAX(f->width, 0) > text.n) {
        buf_put_c(b, text.p[0]);
        put_padding(b, f, (size_t)f->width - text.n);
        buf_put(b, str_skip(text, 1));
    } else {
        gofmt_pad(b, f, text);
    }
}
