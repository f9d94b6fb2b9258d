// SPDX-License-Identifier: Apache-2.0
#include "base/text/encode.h"

static const char BASE64_ALPHABET[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void buf_put_base64(struct buf *b, str bytes)
{
    for (size_t i = 0; i < bytes.n; i += 3) {
        size_t have = MIN(bytes.n - i, 3);
        uint32_t bits = 0;
        for (size_t k = 0; k < 3; k++)
            bits = bits << 8 | (k < have ? (uint8_t)bytes.p[i + k] : 0);
        for (size_t k = 0; k < 4; k++)
            buf_put_c(b, (char)(k <= have ? BASE64_ALPHABET[bits >> (18 - 6 * k) & 63] : '='));
    }
}

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool base64_decode(str text, struct buf *out)
{
    uint32_t bits = 0;
    size_t digits = 0, padding = 0; // of the current group of four
    bool is_over = false;           // a padded group is the last one
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c == '\r' || c == '\n')
            continue;
        int value = base64_value(c);
        bool is_padding = c == '=' && digits >= 2;
        if (is_over || (!is_padding && (value < 0 || padding)))
            return false;
        digits += !is_padding;
        padding += is_padding;
        bits = bits << 6 | (uint32_t)(is_padding ? 0 : value);
        if (digits + padding < 4)
            continue;
        for (size_t k = 0; k + 1 < digits; k++)
            buf_put_c(out, (char)(uint8_t)(bits >> (16 - 8 * k)));
        is_over = padding > 0;
        bits = 0;
        digits = padding = 0;
    }
    return digits == 0;
}

bool hex_decode(str text, struct buf *out)
{
    if (text.n % 2)
        return false;
    for (size_t i = 0; i < text.n; i += 2) {
        int high = char_hex(text.p[i]), low = char_hex(text.p[i + 1]);
        if (high < 0 || low < 0)
            return false;
        buf_put_c(out, (char)(uint8_t)(high << 4 | low));
    }
    return true;
}

static str html_escape(char c) // empty: none is needed
{
    switch (c) {
    case '<':
        return S("&lt;");
    case '>':
        return S("&gt;");
    case '&':
        return S("&amp;");
    case '\'':
        return S("&#39;");
    case '"':
        return S("&#34;");
    default:
        return S("");
    }
}

void buf_put_html_escaped(struct buf *b, str s)
{
    size_t from = 0;
    for (size_t i = 0; i < s.n; i++) {
        str escape = html_escape(s.p[i]);
        if (escape.n == 0)
            continue;
        buf_put(b, str_slice(s, from, i));
        buf_put(b, escape);
        from = i + 1;
    }
    buf_put(b, str_skip(s, from));
}
