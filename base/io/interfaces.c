// SPDX-License-Identifier: Apache-2.0
#define BANNED_ALLOW_IMPURE
#include "base/io/interfaces.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#define ROUTE_LINE_BYTES  512
#define ROUTE_LINES_MAX   100000
#define DEFAULT_NAMES_MAX 64

// Names of the interfaces that a default route of one family leaves by.
struct default_names {
    char names[DEFAULT_NAMES_MAX][IFNAMSIZ];
    size_t count;
};

static void add_name(struct default_names *d, const char *name)
{
    if (d->count < DEFAULT_NAMES_MAX)
        snprintf(d->names[d->count++], IFNAMSIZ, "%s", name);
}

static bool has_name(const struct default_names *d, const char *name)
{
    for (size_t i = 0; i < d->count; i++) {
        if (strncmp(d->names[i], name, IFNAMSIZ) == 0)
            return true;
    }
    return false;
}

// /proc/net/route: Iface Destination Gateway Flags RefCnt Use Metric Mask …, numbers in hex.
static void read_routes_v4(struct default_names *ret)
{
    char line[ROUTE_LINE_BYTES], name[IFNAMSIZ];
    unsigned destination, flags, mask;
    FILE *file = fopen("/proc/net/route", "re");
    if (!file)
        return;
    for (int i = 0; i < ROUTE_LINES_MAX && fgets(line, sizeof(line), file); i++) {
        // NOLINTNEXTLINE(cert-err34-c): the kernel wrote it, in fixed width
        int got = sscanf(line, "%15s %x %*x %x %*d %*d %*d %x", name, &destination, &flags, &mask);
        if (got == 4 && destination == 0 && mask == 0 && (flags & 1)) // RTF_UP
            add_name(ret, name);
    }
    fclose(file);
}

// /proc/net/ipv6_route: destination, its prefix length, …, flags and the interface at the end.
static void read_routes_v6(struct default_names *ret)
{
    char line[ROUTE_LINE_BYTES], destination[33], name[IFNAMSIZ];
    unsigned prefix, flags;
    FILE *file = fopen("/proc/net/ipv6_route", "re");
    if (!file)
        return;
    for (int i = 0; i < ROUTE_LINES_MAX && fgets(line, sizeof(line), file); i++) {
        // NOLINTNEXTLINE(cert-err34-c): the kernel wrote it, in fixed width
        int got = sscanf(line, "%32s %x %*s %*x %*s %*x %*x %*x %x %15s", destination, &prefix,
                         &flags, name);
        bool is_any = strspn(destination, "0") == 32;
        if (got == 4 && is_any && prefix == 0 && (flags & 1) && !(flags & 0x200)) // RTF_REJECT
            add_name(ret, name);
    }
    fclose(file);
}

static uint8_t count_bits(const uint8_t *mask, size_t bytes)
{
    unsigned bits = 0;
    for (size_t i = 0; i < bytes; i++)
        bits += (unsigned)__builtin_popcount(mask[i]);
    return (uint8_t)bits;
}

// False: neither IPv4 nor IPv6.
static bool convert(const struct ifaddrs *from, struct interface_addr *ret)
{
    *ret = (struct interface_addr){.is_up = (from->ifa_flags & IFF_UP) != 0};
    if (!from->ifa_addr)
        return false;
    const void *ip, *mask = NULL;
    if (from->ifa_addr->sa_family == AF_INET) {
        ip = &((const struct sockaddr_in *)(const void *)from->ifa_addr)->sin_addr;
        if (from->ifa_netmask)
            mask = &((const struct sockaddr_in *)(const void *)from->ifa_netmask)->sin_addr;
        ret->addr.ip_bytes = 4;
    } else if (from->ifa_addr->sa_family == AF_INET6) {
        ip = &((const struct sockaddr_in6 *)(const void *)from->ifa_addr)->sin6_addr;
        if (from->ifa_netmask)
            mask = &((const struct sockaddr_in6 *)(const void *)from->ifa_netmask)->sin6_addr;
        ret->addr.ip_bytes = 16;
    } else {
        return false;
    }
    memcpy(ret->addr.ip, ip, ret->addr.ip_bytes);
    if (mask)
        ret->prefix_bits = count_bits(mask, ret->addr.ip_bytes);
    return true;
}

struct interface_addr *interfaces_read(struct arena *mem, size_t *ret_count)
{
    struct default_names v4 = {0}, v6 = {0};
    struct ifaddrs *list;
    *ret_count = 0;
    struct interface_addr *items = arena_array(mem, struct interface_addr, INTERFACE_ADDRS_MAX);
    if (getifaddrs(&list) < 0)
        return items;
    read_routes_v4(&v4);
    read_routes_v6(&v6);
    for (const struct ifaddrs *i = list; i && *ret_count < INTERFACE_ADDRS_MAX; i = i->ifa_next) {
        struct interface_addr *item = &items[*ret_count];
        if (!convert(i, item))
            continue;
        item->has_default_route = has_name(item->addr.ip_bytes == 4 ? &v4 : &v6, i->ifa_name);
        ++*ret_count;
    }
    freeifaddrs(list);
    return items;
}
