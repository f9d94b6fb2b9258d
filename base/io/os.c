// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>

#include "base/io/io.h"

const char *os_text(int errnum, char text[static OS_TEXT_BYTES])
{
    char words[OS_TEXT_BYTES];
    const char *said = strerror_r(errnum, words, sizeof(words));
    snprintf(text, OS_TEXT_BYTES, "%s", said);
    if (text[0] >= 'A' && text[0] <= 'Z' && text[1] >= 'a' && text[1] <= 'z')
        text[0] += 'a' - 'A';
    return text;
}

bool err_os(struct err *err, enum err_code code, int errnum, const char *fmt, ...)
{
    char operation[1024];
    char words[OS_TEXT_BYTES];
    va_list args;
    va_start(args, fmt);
    vsnprintf(operation, sizeof(operation), fmt, args);
    va_end(args);
    return err_set(err, code, "%s: %s", operation, os_text(errnum, words));
}

socklen_t addr_to_os(const struct addr *a, struct sockaddr_storage *ret)
{
    memset(ret, 0, sizeof(*ret));
    if (a->ip_bytes == 16) {
        struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ret;
        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons(a->port);
        memcpy(&in6->sin6_addr, a->ip, 16);
        return sizeof(*in6);
    }
    struct sockaddr_in *in = (struct sockaddr_in *)ret; // no address: 0.0.0.0
    in->sin_family = AF_INET;
    in->sin_port = htons(a->port);
    memcpy(&in->sin_addr, a->ip, 4);
    return sizeof(*in);
}

static const uint8_t MAPPED_PREFIX[12] = {[10] = 0xff, [11] = 0xff}; // ::ffff:0:0/96

bool addr_from_os(const struct sockaddr *sa, struct addr *ret)
{
    struct addr a = {0};
    if (sa->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)sa;
        a.ip_bytes = 4;
        a.port = ntohs(in->sin_port);
        memcpy(a.ip, &in->sin_addr, 4);
    } else if (sa->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)sa;
        const uint8_t *ip = in6->sin6_addr.s6_addr;
        bool is_mapped = memcmp(ip, MAPPED_PREFIX, sizeof(MAPPED_PREFIX)) == 0;
        a.ip_bytes = is_mapped ? 4 : 16;
        a.port = ntohs(in6->sin6_port);
        memcpy(a.ip, is_mapped ? ip + 12 : ip, a.ip_bytes);
    } else {
        return false;
    }
    *ret = a;
    return true;
}

struct addr addr_mapped(const struct addr *a)
{
    if (a->ip_bytes != 4)
        return *a;
    struct addr mapped = {.ip_bytes = 16, .port = a->port};
    memcpy(mapped.ip, MAPPED_PREFIX, sizeof(MAPPED_PREFIX));
    memcpy(mapped.ip + 12, a->ip, 4);
    return mapped;
}

const char *addr_text(const struct addr *a, char text[static ADDR_TEXT_BYTES])
{
    defer(buf_done) struct buf b = {0};
    buf_put_addr(&b, a);
    snprintf(text, ADDR_TEXT_BYTES, "%.*s", STR(buf_str(&b)));
    return text;
}
