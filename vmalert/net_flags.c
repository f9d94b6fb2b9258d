// SPDX-License-Identifier: Apache-2.0
#include "vmalert/net_flags.h"

#include "base/text/gofmt.h"
#include "base/text/unicode.h"
#include "base/text/url.h"

// ---- addresses ---------------------------------------------------------------------------------

static bool bad_address(struct err *err, enum err_code code, str addr, const char *why)
{
    return err_set(err, code, "address %.*s: %s", STR(addr), why);
}

// The host in brackets of "[host]:port".
static bool split_brackets(str addr, str *ret_host, str *ret_port, struct err *err)
{
    size_t end = str_find(addr, ']');
    if (end == STR_NONE)
        return bad_address(err, ERR_INVALID, addr, "missing ']' in address");
    str rest = str_skip(addr, end + 1);
    if (!str_starts(rest, S(":")))
        return bad_address(err, ERR_NOT_FOUND, addr, "missing port in address");
    *ret_host = str_slice(addr, 1, end);
    *ret_port = str_skip(rest, 1);
    return str_find(*ret_port, ':') == STR_NONE ||
           bad_address(err, ERR_INVALID, addr, "too many colons in address");
}

bool net_split_host_port(str addr, str *ret_host, str *ret_port, struct err *err)
{
    str host, port;
    if (!str_cut_last(addr, ':', &host, &port))
        return bad_address(err, ERR_NOT_FOUND, addr, "missing port in address");
    if (str_starts(addr, S("["))) {
        if (!split_brackets(addr, &host, &port, err))
            return false;
    } else if (str_find(host, ':') != STR_NONE) {
        return bad_address(err, ERR_INVALID, addr, "too many colons in address");
    }
    if (str_find(host, '[') != STR_NONE || str_find(port, '[') != STR_NONE)
        return bad_address(err, ERR_INVALID, addr, "unexpected '[' in address");
    if (str_find(host, ']') != STR_NONE || str_find(port, ']') != STR_NONE)
        return bad_address(err, ERR_INVALID, addr, "unexpected ']' in address");
    *ret_host = host;
    *ret_port = port;
    return true;
}

bool net_normalize_addr(str addr, uint16_t default_port, struct arena *mem, str *ret,
                        struct err *err)
{
    str host, port;
    struct err why = ERR_INIT;
    if (str_find(addr, '/') != STR_NONE)
        return bad_address(err, ERR_INVALID, addr, "unexpected '/' in address");
    if (net_split_host_port(addr, &host, &port, &why)) {
        *ret = addr;
        return true;
    }
    if (why.code != ERR_NOT_FOUND) {
        *err = why;
        return false;
    }
    *ret = arena_printf(mem, "%.*s:%u", STR(addr), default_port);
    return net_split_host_port(*ret, &host, &port, err);
}

// Digits only, up to max.
static bool is_number(str s, uint64_t max)
{
    uint64_t x;
    return str_to_u64(s, &x) && x <= max;
}

bool net_is_lone_port(str s)
{
    return str_starts(s, S(":")) && is_number(str_skip(s, 1), UINT16_MAX);
}

bool net_is_ipv4_addr(str s)
{
    str byte, rest = s;
    for (int i = 0; i < 3; i++) {
        if (!str_cut(rest, '.', &byte, &rest) || !is_number(byte, UINT8_MAX))
            return false;
    }
    return str_cut(rest, ':', &byte, &rest) && is_number(byte, UINT8_MAX) &&
           is_number(rest, UINT16_MAX);
}

bool net_is_ipv6_addr(str s)
{
    str host = S(""), port = S("");
    return net_split_host_port(s, &host, &port, NULL) && str_find(host, ':') != STR_NONE;
}

// ---- URLs --------------------------------------------------------------------------------------

bool net_check_url(str text, struct err *err)
{
    struct arena mem = {0};
    struct url url;
    if (text.n == 0)
        return err_set(err, ERR_INVALID, "url cannot be empty");
    bool ok = url_parse(text, &mem, &url, err);
    arena_done(&mem);
    if (ok)
        return true;
    defer(buf_done) struct buf quoted = {.max = ERR_TEXT_BYTES};
    buf_put_quoted(&quoted, text);
    return err_wrap(err, "failed to parse url %.*s", STR(buf_str(&quoted)));
}

// ---- TLS ---------------------------------------------------------------------------------------

bool net_parse_tls_version(str text, enum httpconf_tls_version *ret, struct err *err)
{
    static const char *const NAMES[] = {"", "TLS10", "TLS11", "TLS12", "TLS13"};
    for (size_t i = 0; i < ARRAY_LEN(NAMES); i++) {
        if (!str_eq_nocase(text, str_c(NAMES[i])))
            continue;
        return httpconf_parse_tls_version(str_c(NAMES[i]), ret);
    }
    defer(buf_done) struct buf quoted = {.max = ERR_TEXT_BYTES};
    buf_put_quoted(&quoted, text);
    return err_set(err, ERR_INVALID, "unsupported TLS version %.*s", STR(buf_str(&quoted)));
}

static const struct tls_suite *find_suite(str name)
{
    uint64_t id;
    bool is_id = gofmt_parse_u64(name, &id);
    for (size_t i = 0; i < TLS_SUITE_COUNT; i++) {
        const struct tls_suite *suite = &TLS_SUITES[i];
        if (is_id ? suite->id == id : str_eq_nocase(name, str_c(suite->name)))
            return suite;
    }
    return NULL;
}

bool net_parse_cipher_suites(const struct flag_strs *names, struct arena *mem, struct str_list *ret,
                             struct err *err)
{
    struct str_list list = {.items = arena_array(mem, str, names->count)};
    for (size_t i = 0; i < names->count; i++) {
        const struct tls_suite *suite = find_suite(names->items[i]);
        if (!suite)
            return err_set(err, ERR_INVALID, "unsupported TLS cipher suite name: %.*s",
                           STR(names->items[i]));
        list.items[list.count++] = str_c(suite->name);
    }
    *ret = list;
    return true;
}
