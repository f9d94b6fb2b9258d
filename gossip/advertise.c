// SPDX-License-Identifier: Apache-2.0
#include "gossip/advertise.h"

// ---- host:port -----------------------------------------------------------------------------

static bool split_failed(str text, const char *why, struct err *err)
{
    if (text.n == 0)
        return err_set(err, ERR_INVALID, "%s", why);
    return err_set(err, ERR_INVALID, "address %.*s: %s", STR(text), why);
}

// Cuts at the colon in front of the port, which is the last one.
static bool hostport_cut(str text, str *ret_host, str *ret_port, struct err *err)
{
    size_t colon = str_find_last(text, ':');
    if (colon == STR_NONE)
        return split_failed(text, "missing port in address", err);
    str host = str_slice(text, 0, colon);
    if (str_starts(text, S("["))) {
        size_t end = str_find(text, ']');
        if (end == STR_NONE)
            return split_failed(text, "missing ']' in address", err);
        if (end + 1 == text.n)
            return split_failed(text, "missing port in address", err);
        if (end + 1 != colon)
            return split_failed(text,
                                text.p[end + 1] == ':' ? "too many colons in address"
                                                       : "missing port in address",
                                err);
        host = str_slice(text, 1, end);
    } else if (str_find(host, ':') != STR_NONE) {
        return split_failed(text, "too many colons in address", err);
    }
    str rest = str_skip(text, text.p[0] == '[' ? 1 : 0);
    if (str_find(rest, '[') != STR_NONE)
        return split_failed(text, "unexpected '[' in address", err);
    if (str_find(str_skip(text, colon), ']') != STR_NONE || str_find(host, ']') != STR_NONE)
        return split_failed(text, "unexpected ']' in address", err);
    *ret_host = host;
    *ret_port = str_skip(text, colon + 1);
    return true;
}

bool hostport_split(str text, str *ret_host, uint16_t *ret_port, struct err *err)
{
    str host = S(""), port_text = S("");
    uint64_t port;
    if (!hostport_cut(text, &host, &port_text, err))
        return false;
    if (!str_to_u64(port_text, &port))
        return err_set(err, ERR_INVALID,
                       "address %.*s: invalid port: strconv.Atoi: parsing \"%.*s\": invalid syntax",
                       STR(text), STR(port_text));
    if (port > UINT16_MAX)
        return split_failed(text, "invalid port: out of range", err);
    *ret_host = host;
    *ret_port = (uint16_t)port;
    return true;
}

// ---- discovery -----------------------------------------------------------------------------

struct network {
    const char *ip;
    uint8_t bits;
};

// RFC 6890, by the two questions asked of it.
static const struct network NOT_FORWARDABLE[] = {
    {"0.0.0.0", 8},          {"127.0.0.0", 8},     {"169.254.0.0", 16}, {"192.0.0.0", 24},
    {"192.0.2.0", 24},       {"198.51.100.0", 24}, {"203.0.113.0", 24}, {"240.0.0.0", 4},
    {"255.255.255.255", 32}, {"::1", 128},         {"::", 128},         {"::ffff:0:0", 96},
    {"2001:db8::", 32},      {"2001:10::", 28},    {"fe80::", 10},
};

static const struct network PRIVATE[] = {
    {"0.0.0.0", 8},      {"10.0.0.0", 8},     {"100.64.0.0", 10},      {"127.0.0.0", 8},
    {"169.254.0.0", 16}, {"172.16.0.0", 12},  {"192.0.0.0", 24},       {"192.0.2.0", 24},
    {"192.88.99.0", 24}, {"192.168.0.0", 16}, {"198.18.0.0", 15},      {"198.51.100.0", 24},
    {"203.0.113.0", 24}, {"240.0.0.0", 4},    {"255.255.255.255", 32}, {"::1", 128},
    {"::", 128},         {"64:ff9b::", 96},   {"::ffff:0:0", 96},      {"100::", 64},
    {"2001::", 16},      {"2002::", 16},      {"fc00::", 7},           {"fe80::", 10},
};

static bool network_has(const struct network *n, const struct addr *a)
{
    struct addr base = {0};
    addr_parse_ip(str_c(n->ip), &base);
    if (base.ip_bytes != a->ip_bytes)
        return false;
    size_t whole = n->bits / 8;
    uint8_t mask = (uint8_t)(0xff00u >> n->bits % 8);
    return memcmp(base.ip, a->ip, whole) == 0 &&
           (mask == 0 || (base.ip[whole] & mask) == (a->ip[whole] & mask));
}

static bool is_in(const struct network *networks, size_t count, const struct addr *a)
{
    for (size_t i = 0; i < count; i++) {
        if (network_has(&networks[i], a))
            return true;
    }
    return false;
}

static bool is_preferred(const struct cluster_interface *a, const struct cluster_interface *b)
{
    if (a->has_default_route != b->has_default_route)
        return a->has_default_route;
    if (a->addr.ip_bytes != b->addr.ip_bytes)
        return a->addr.ip_bytes < b->addr.ip_bytes;
    return a->prefix_bits < b->prefix_bits;
}

bool advertise_discover(const struct cluster_interface *interfaces, size_t count, bool is_public,
                        struct addr *ret)
{
    const struct cluster_interface *best = NULL;
    for (size_t i = 0; i < count; i++) {
        const struct cluster_interface *it = &interfaces[i];
        if (!it->is_up || !it->addr.ip_bytes ||
            is_in(NOT_FORWARDABLE, ARRAY_LEN(NOT_FORWARDABLE), &it->addr) ||
            is_in(PRIVATE, ARRAY_LEN(PRIVATE), &it->addr) == is_public)
            continue;
        if (!best || is_preferred(it, best))
            best = it;
    }
    if (!best)
        return false;
    *ret = best->addr;
    ret->port = 0;
    return true;
}
