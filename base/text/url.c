// SPDX-License-Identifier: Apache-2.0
#include "base/text/url.h"

#include "base/text/unicode.h"
#include "base/text/url_escape.h"

// ---- parsing ------------------------------------------------------------------------------------

// The text itself where nothing needed decoding, else a copy in mem.
static bool decoded(str s, enum url_part part, struct arena *mem, str *ret, struct err *err)
{
    defer(buf_done) struct buf out = {0};
    if (!url_unescape(s, part, &out, err))
        return false;
    *ret = str_eq(s, buf_str(&out)) ? s : arena_str(mem, buf_str(&out));
    return true;
}

static bool has_control_byte(str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if ((uint8_t)s.p[i] < ' ' || s.p[i] == 0x7f)
            return true;
    }
    return false;
}

// Cuts the scheme off; a text without one is left as it is.
static bool take_scheme(str *s, str *ret, struct err *err)
{
    *ret = S("");
    for (size_t i = 0; i < s->n; i++) {
        char c = s->p[i];
        bool is_letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
        bool is_other = (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
        if (c == ':' && i == 0)
            return err_set(err, ERR_SYNTAX, "missing protocol scheme");
        if (c == ':') {
            *ret = str_slice(*s, 0, i);
            *s = str_skip(*s, i + 1);
            return true;
        }
        if (!is_letter && !(is_other && i > 0))
            return true;
    }
    return true;
}

static bool port_is_valid(str s) // ":" and digits, or nothing
{
    if (s.n == 0)
        return true;
    for (size_t i = 1; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    }
    return s.p[0] == ':';
}

static bool port_fail(str port, struct err *err)
{
    defer(buf_done) struct buf quoted = {0};
    buf_put_quoted(&quoted, port);
    return err_set(err, ERR_SYNTAX, "invalid port %.*s after host", STR(buf_str(&quoted)));
}

// [address%25zone]:port: the zone has rules of its own (RFC 6874).
static bool parse_bracketed_host(str host, struct arena *mem, str *ret, struct err *err)
{
    size_t close = str_find_last(host, ']');
    if (close == STR_NONE)
        return err_set(err, ERR_SYNTAX, "missing ']' in host");
    str port = str_skip(host, close + 1);
    if (!port_is_valid(port))
        return port_fail(port, err);
    size_t zone = str_find_str(str_slice(host, 0, close), S("%25"));
    if (zone == STR_NONE)
        return decoded(host, URL_PART_HOST, mem, ret, err);
    defer(buf_done) struct buf out = {0};
    if (!url_unescape(str_slice(host, 0, zone), URL_PART_HOST, &out, err) ||
        !url_unescape(str_slice(host, zone, close), URL_PART_ZONE, &out, err) ||
        !url_unescape(str_skip(host, close), URL_PART_HOST, &out, err))
        return false;
    *ret = arena_str(mem, buf_str(&out));
    return true;
}

static bool parse_host(str host, struct arena *mem, str *ret, struct err *err)
{
    if (str_starts(host, S("[")))
        return parse_bracketed_host(host, mem, ret, err);
    size_t colon = str_find_last(host, ':');
    if (colon != STR_NONE && !port_is_valid(str_skip(host, colon)))
        return port_fail(str_skip(host, colon), err);
    return decoded(host, URL_PART_HOST, mem, ret, err);
}

static bool userinfo_is_valid(str s) // RFC 3986 §3.2.1
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool is_letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
        if (!is_letter && !(c >= '0' && c <= '9') && !(c && strchr("-._:~!$&'()*+,;=%@", c)))
            return false;
    }
    return true;
}

static bool parse_authority(str s, struct arena *mem, struct url *u, struct err *err)
{
    str userinfo, host, user, password;
    if (!str_cut_last(s, '@', &userinfo, &host))
        return parse_host(s, mem, &u->host, err);
    if (!parse_host(host, mem, &u->host, err))
        return false;
    if (!userinfo_is_valid(userinfo))
        return err_set(err, ERR_SYNTAX, "net/url: invalid userinfo");
    u->has_user = true;
    u->has_password = str_cut(userinfo, ':', &user, &password);
    return decoded(user, URL_PART_USER, mem, &u->user, err) &&
           decoded(password, URL_PART_USER, mem, &u->password, err);
}

// Decodes a path or fragment; keeps what was written if encoding the result gives something else.
static bool decode_part(str s, enum url_part part, struct arena *mem, str *ret, str *ret_raw,
                        struct err *err)
{
    if (!decoded(s, part, mem, ret, err))
        return false;
    defer(buf_done) struct buf again = {0};
    buf_put_url_escaped(&again, *ret, part);
    *ret_raw = str_eq(buf_str(&again), s) ? S("") : s;
    return true;
}

// `rest`: behind the scheme, without query and fragment.
static bool parse_hierarchy(str rest, struct arena *mem, struct url *u, struct err *err)
{
    if (!str_starts(rest, S("/"))) {
        if (u->scheme.n) {
            u->opaque = rest;
            return true;
        }
        str segment, others;
        str_cut(rest, '/', &segment, &others);
        if (str_find(segment, ':') != STR_NONE)
            return err_set(err, ERR_SYNTAX, "first path segment in URL cannot contain colon");
    }
    bool may_have_host = u->scheme.n || !str_starts(rest, S("///"));
    if (may_have_host && str_starts(rest, S("//"))) {
        rest = str_skip(rest, 2);
        size_t slash = MIN(str_find(rest, '/'), rest.n);
        if (!parse_authority(str_slice(rest, 0, slash), mem, u, err))
            return false;
        rest = str_skip(rest, slash);
    } else {
        u->omit_host = u->scheme.n && str_starts(rest, S("/"));
    }
    return decode_part(rest, URL_PART_PATH, mem, &u->path, &u->raw_path, err);
}

static str lowered(str s, struct arena *mem)
{
    defer(buf_done) struct buf lower = {0};
    buf_put_lower(&lower, s);
    return str_eq(s, buf_str(&lower)) ? s : arena_str(mem, buf_str(&lower));
}

static bool parse_without_fragment(str s, struct arena *mem, struct url *u, struct err *err)
{
    if (has_control_byte(s))
        return err_set(err, ERR_SYNTAX, "net/url: invalid control character in URL");
    if (str_eq(s, S("*"))) {
        u->path = s;
        return true;
    }
    if (!take_scheme(&s, &u->scheme, err))
        return false;
    u->scheme = lowered(u->scheme, mem);
    str before;
    u->force_query = str_find(s, '?') == s.n - 1 && s.n > 0;
    str_cut(s, '?', &before, &u->raw_query);
    return parse_hierarchy(before, mem, u, err);
}

// Go: parse "text": why
static bool parse_fail(str text, struct err *err)
{
    defer(buf_done) struct buf quoted = {0};
    buf_put_quoted(&quoted, text);
    return err_wrap(err, "parse %.*s", STR(buf_str(&quoted)));
}

bool url_parse(str text, struct arena *mem, struct url *ret, struct err *err)
{
    if (text.n > URL_BYTES_MAX)
        return err_set(err, ERR_LIMIT, "URL of %zu bytes, at most %zu are allowed", text.n,
                       URL_BYTES_MAX);
    struct url u = {0};
    str before, fragment;
    str_cut(text, '#', &before, &fragment);
    if (!parse_without_fragment(before, mem, &u, err))
        return parse_fail(before, err);
    if (!decode_part(fragment, URL_PART_FRAGMENT, mem, &u.fragment, &u.raw_fragment, err))
        return parse_fail(text, err);
    *ret = u;
    return true;
}

// ---- printing -----------------------------------------------------------------------------------

// What was written if it means the decoded text (which may have been changed since), else the
// default encoding.
static void put_part(struct buf *b, str raw, str text, enum url_part part)
{
    if (raw.n && url_is_encoded(raw, part)) {
        defer(buf_done) struct buf out = {0};
        if (url_unescape(raw, part, &out, NULL) && str_eq(buf_str(&out), text)) {
            buf_put(b, raw);
            return;
        }
    }
    if (part == URL_PART_PATH && str_eq(text, S("*")))
        buf_put(b, text);
    else
        buf_put_url_escaped(b, text, part);
}

static void put_userinfo(struct buf *b, const struct url *u, bool redact)
{
    buf_put_url_escaped(b, u->user, URL_PART_USER);
    if (u->has_password) {
        buf_put_c(b, ':');
        buf_put_url_escaped(b, redact ? S("xxxxx") : u->password, URL_PART_USER);
    }
    buf_put_c(b, '@');
}

static void put_authority(struct buf *b, const struct url *u, bool redact)
{
    bool is_empty = u->host.n == 0 && !u->has_user;
    if (is_empty && (u->scheme.n == 0 || u->omit_host || u->path.n == 0))
        return;
    buf_put(b, S("//"));
    if (u->has_user)
        put_userinfo(b, u, redact);
    buf_put_url_escaped(b, u->host, URL_PART_HOST);
}

static void put_hierarchy(struct buf *b, const struct url *u, bool redact)
{
    size_t before = b->n;
    put_authority(b, u, redact);
    defer(buf_done) struct buf path = {0};
    put_part(&path, u->raw_path, u->path, URL_PART_PATH);
    str p = buf_str(&path), segment, others;
    if (p.n && p.p[0] != '/' && u->host.n)
        buf_put_c(b, '/');
    str_cut(p, '/', &segment, &others);
    bool is_first = b->n == before && u->scheme.n == 0;
    if (is_first && str_find(segment, ':') != STR_NONE)
        buf_put(b, S("./")); // or it would read as a scheme (RFC 3986 §4.2)
    buf_put(b, p);
}

static void put_url(struct buf *b, const struct url *u, bool redact)
{
    if (u->scheme.n) {
        buf_put(b, u->scheme);
        buf_put_c(b, ':');
    }
    if (u->opaque.n)
        buf_put(b, u->opaque);
    else
        put_hierarchy(b, u, redact);
    if (u->force_query || u->raw_query.n) {
        buf_put_c(b, '?');
        buf_put(b, u->raw_query);
    }
    if (u->fragment.n) {
        buf_put_c(b, '#');
        put_part(b, u->raw_fragment, u->fragment, URL_PART_FRAGMENT);
    }
}

void buf_put_url(struct buf *b, const struct url *u)
{
    put_url(b, u, false);
}

void buf_put_url_redacted(struct buf *b, const struct url *u)
{
    put_url(b, u, true);
}

static void split_port(str host, str *ret_name, str *ret_port)
{
    *ret_name = host;
    *ret_port = S("");
    size_t colon = str_find_last(host, ':');
    if (colon != STR_NONE && port_is_valid(str_skip(host, colon))) {
        *ret_name = str_slice(host, 0, colon);
        *ret_port = str_skip(host, colon + 1);
    }
    if (str_starts(*ret_name, S("[")) && str_ends(*ret_name, S("]")))
        *ret_name = str_slice(*ret_name, 1, ret_name->n - 1);
}

str url_hostname(const struct url *u)
{
    str name, port;
    split_port(u->host, &name, &port);
    return name;
}

str url_port(const struct url *u)
{
    str name, port;
    split_port(u->host, &name, &port);
    return port;
}

// ---- escapes ------------------------------------------------------------------------------------

void buf_put_path_escaped(struct buf *b, str s)
{
    buf_put_url_escaped(b, s, URL_PART_PATH_SEGMENT);
}

void buf_put_query_escaped(struct buf *b, str s)
{
    buf_put_url_escaped(b, s, URL_PART_QUERY);
}

bool url_path_unescape(str s, struct buf *out)
{
    return url_unescape(s, URL_PART_PATH_SEGMENT, out, NULL);
}

bool url_query_unescape(str s, struct buf *out)
{
    return url_unescape(s, URL_PART_QUERY, out, NULL);
}
