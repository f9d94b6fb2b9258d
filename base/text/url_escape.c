// SPDX-License-Identifier: Apache-2.0
#include "base/text/url_escape.h"

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

static bool is_one_of(char c, const char *set)
{
    return c && strchr(set, c);
}

// RFC 3986 §2.2 and §2.3 with Go's choices where it leaves one.
static bool must_escape(char c, enum url_part part)
{
    if (is_alnum(c) || is_one_of(c, "-_.~"))
        return false;
    switch (part) {
    case URL_PART_HOST:
    case URL_PART_ZONE:
        return !is_one_of(c, "!$&'()*+,;=:[]<>\"");
    case URL_PART_PATH:
        return !is_one_of(c, "$&+,/:;=@");
    case URL_PART_PATH_SEGMENT:
        return !is_one_of(c, "$&+:=@");
    case URL_PART_USER:
        return !is_one_of(c, "$&+,;=");
    case URL_PART_QUERY:
        return true;
    case URL_PART_FRAGMENT:
        return !is_one_of(c, "$&+,/:;=?@!()*");
    }
    return true;
}

void buf_put_url_escaped(struct buf *b, str s, enum url_part part)
{
    static const char HEX[] = "0123456789ABCDEF";
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == ' ' && part == URL_PART_QUERY) {
            buf_put_c(b, '+');
        } else if (must_escape(c, part)) {
            buf_put_c(b, '%');
            buf_put_c(b, HEX[(uint8_t)c >> 4]);
            buf_put_c(b, HEX[(uint8_t)c & 15]);
        } else {
            buf_put_c(b, c);
        }
    }
}

// The byte that the escape at the front of s means, or -1.
static int escaped_byte(str s)
{
    if (s.n < 3)
        return -1;
    int high = char_hex(s.p[1]), low = char_hex(s.p[2]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

// Hosts may only hold escapes of bytes that are not ASCII; zones those and what hosts may hold.
static bool escape_is_allowed(str escape, int byte, enum url_part part)
{
    if (part == URL_PART_HOST)
        return byte >= 0x80 || str_eq(escape, S("%25"));
    if (part == URL_PART_ZONE)
        return str_eq(escape, S("%25")) || byte == ' ' ||
               !must_escape((char)(uint8_t)byte, URL_PART_HOST);
    return true;
}

bool url_unescape(str s, enum url_part part, struct buf *out, struct err *err)
{
    bool is_host = part == URL_PART_HOST || part == URL_PART_ZONE;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '%') {
            str escape = str_slice(s, i, i + 3);
            int byte = escaped_byte(escape);
            if (byte < 0 || !escape_is_allowed(escape, byte, part))
                return err_set(err, ERR_SYNTAX, "invalid URL escape \"%.*s\"", STR(escape));
            buf_put_c(out, (char)(uint8_t)byte);
            i += 2;
        } else if (c == '+' && part == URL_PART_QUERY) {
            buf_put_c(out, ' ');
        } else if (is_host && (uint8_t)c < 0x80 && must_escape(c, part)) {
            return err_set(err, ERR_SYNTAX, "invalid character \"%s%c\" in host name",
                           c == '\\' ? "\\" : "", c);
        } else {
            buf_put_c(out, c);
        }
    }
    return true;
}

bool url_is_encoded(str s, enum url_part part)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!is_one_of(s.p[i], "!$&'()*+,;=:@[]%") && must_escape(s.p[i], part))
            return false;
    }
    return true;
}
