// SPDX-License-Identifier: Apache-2.0
#include "base/model/httpconf.h"

bool httpconf_parse_tls_version(str text, enum httpconf_tls_version *ret)
{
    static const char *const NAMES[] = {"", "TLS10", "TLS11", "TLS12", "TLS13"};
    for (size_t i = 0; i < ARRAY_LEN(NAMES); i++) {
        if (!str_eq(text, str_c(NAMES[i])))
            continue;
        *ret = (enum httpconf_tls_version)i;
        return true;
    }
    return false;
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_token(str name)
{
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool is_fine = is_lower(c) || is_upper(c) || (c >= '0' && c <= '9') ||
                       (c && strchr("!#$%&'*+-.^_`|~", c));
        if (!is_fine)
            return false;
    }
    return true;
}

str httpconf_canonical_name(str name, struct arena *mem)
{
    if (!is_token(name))
        return arena_str(mem, name);
    char *copy = arena_c(mem, name);
    bool is_start = true;
    for (size_t i = 0; i < name.n; i++) {
        if (is_start ? is_lower(copy[i]) : is_upper(copy[i]))
            copy[i] ^= 'a' ^ 'A';
        is_start = copy[i] == '-';
    }
    return str_from(copy, name.n);
}

static struct httpconf_secret copy_secret(const struct httpconf_secret *s, struct arena *mem)
{
    return (struct httpconf_secret){arena_str(mem, s->text), arena_str(mem, s->file)};
}

struct httpconf_tls httpconf_copy_tls(const struct httpconf_tls *tls, struct arena *mem)
{
    struct httpconf_tls copy = *tls;
    copy.ca = copy_secret(&tls->ca, mem);
    copy.cert = copy_secret(&tls->cert, mem);
    copy.key = copy_secret(&tls->key, mem);
    copy.server_name = arena_str(mem, tls->server_name);
    return copy;
}

const struct httpconf_header *httpconf_copy_headers(const struct httpconf_header *headers,
                                                    size_t count, struct arena *mem)
{
    struct httpconf_header *copy = arena_array(mem, struct httpconf_header, count);
    for (size_t i = 0; i < count; i++)
        copy[i] = (struct httpconf_header){arena_str(mem, headers[i].name),
                                           copy_secret(&headers[i].value, mem)};
    return copy;
}

struct httpconf_proxy httpconf_copy_proxy(const struct httpconf_proxy *proxy, struct arena *mem)
{
    struct httpconf_proxy copy = *proxy;
    copy.url = arena_str(mem, proxy->url);
    copy.no_proxy = arena_str(mem, proxy->no_proxy);
    copy.connect_headers =
        httpconf_copy_headers(proxy->connect_headers, proxy->connect_header_count, mem);
    return copy;
}
