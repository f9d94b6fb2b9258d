// SPDX-License-Identifier: Apache-2.0
// What both implementations of the seam share: address texts and small helpers.
#include "base/env.h"

#include <arpa/inet.h>

#include "base/core/hash.h"

bool addr_eq(const struct addr *a, const struct addr *b)
{
    return a->ip_bytes == b->ip_bytes && a->port == b->port &&
           memcmp(a->ip, b->ip, a->ip_bytes) == 0;
}

uint64_t addr_hash(uint64_t seed, const struct addr *a)
{
    uint8_t bytes[sizeof(a->ip) + sizeof(a->port)];
    memcpy(bytes, a->ip, a->ip_bytes);
    memcpy(bytes + a->ip_bytes, &a->port, sizeof(a->port));
    return hash_seeded(seed, str_from(bytes, a->ip_bytes + sizeof(a->port)));
}

bool addr_parse_ip(str text, struct addr *ret)
{
    char c[INET6_ADDRSTRLEN];
    struct addr a = {0};
    if (text.n >= sizeof(c))
        return false;
    memcpy(c, text.p, text.n);
    c[text.n] = '\0';
    if (inet_pton(AF_INET, c, a.ip) == 1)
        a.ip_bytes = 4;
    else if (inet_pton(AF_INET6, c, a.ip) == 1)
        a.ip_bytes = 16;
    else
        return false;
    *ret = a;
    return true;
}

bool addr_parse(str text, struct addr *ret)
{
    str host, port_text;
    uint64_t port;
    struct addr a;
    if (!str_cut_last(text, ':', &host, &port_text) || !str_to_u64(port_text, &port) ||
        port > UINT16_MAX)
        return false;
    bool is_bracketed = str_starts(host, S("[")) && str_ends(host, S("]"));
    if (is_bracketed)
        host = str_slice(host, 1, host.n - 1);
    if (!addr_parse_ip(host, &a) || (a.ip_bytes == 16 && !is_bracketed))
        return false;
    a.port = (uint16_t)port;
    *ret = a;
    return true;
}

void buf_put_ip(struct buf *b, const struct addr *a)
{
    char text[INET6_ADDRSTRLEN] = "";
    if (a->ip_bytes)
        inet_ntop(a->ip_bytes == 4 ? AF_INET : AF_INET6, a->ip, text, sizeof(text));
    buf_put(b, str_c(text));
}

void buf_put_addr(struct buf *b, const struct addr *a)
{
    bool is_ipv6 = a->ip_bytes == 16;
    if (is_ipv6)
        buf_put_c(b, '[');
    buf_put_ip(b, a);
    if (is_ipv6)
        buf_put_c(b, ']');
    buf_put_c(b, ':');
    buf_put_u64(b, a->port);
}

bool addr_is_unspecified(const struct addr *a)
{
    static const uint8_t ZERO[16];
    return memcmp(a->ip, ZERO, a->ip_bytes) == 0;
}

bool addr_is_loopback(const struct addr *a)
{
    static const uint8_t LOOPBACK6[16] = {[15] = 1};
    return (a->ip_bytes == 4 && a->ip[0] == 127) ||
           (a->ip_bytes == 16 && memcmp(a->ip, LOOPBACK6, sizeof(LOOPBACK6)) == 0);
}

uint64_t env_random_below(struct env *e, uint64_t n)
{
    assert(n > 0);
    uint64_t threshold = (0 - n) % n;
    for (;;) {
        uint64_t x = env_random(e);
        if (x >= threshold)
            return x % n;
    }
}

bool http_was_cut_off(const struct err *why)
{
    static const char *const TEXTS[] = {"EOF", "broken pipe", "reset by peer"};
    for (size_t i = 0; i < ARRAY_LEN(TEXTS); i++) {
        if (str_find_str(err_str(why), str_c(TEXTS[i])) != STR_NONE)
            return true;
    }
    return false;
}

str http_header_find(const struct http_header *headers, size_t count, str name)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq_nocase(headers[i].name, name))
            return headers[i].value;
    }
    return (str){0};
}
