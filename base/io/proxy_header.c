// SPDX-License-Identifier: Apache-2.0
#include "base/io/proxy_header.h"

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"

enum { AT_COMMAND = 12, AT_FAMILY = 13, AT_LENGTH = 14 };
enum { COMMAND_LOCAL, COMMAND_PROXY };
enum { FAMILY_NONE, FAMILY_IPV4, FAMILY_IPV6 };

static unsigned byte_at(str s, size_t at)
{
    return (unsigned char)s.p[at];
}

static unsigned u16_at(str s, size_t at)
{
    return byte_at(s, at) << 8 | byte_at(s, at + 1);
}

size_t proxy_header_bytes(str begin, struct err *err)
{
    assert(begin.n >= PROXY_HEADER_FIXED_BYTES);
    if (!str_starts(begin, S(SIGNATURE))) {
        err_set(err, ERR_SYNTAX, "unexpected proxy protocol header");
        return 0;
    }
    unsigned version = byte_at(begin, AT_COMMAND) >> 4, command = byte_at(begin, AT_COMMAND) & 15;
    if (version != 2) {
        err_set(err, ERR_UNSUPPORTED, "unsupported proxy protocol version, only v2 is supported");
        return 0;
    }
    if (command != COMMAND_LOCAL && command != COMMAND_PROXY) {
        err_set(err, ERR_UNSUPPORTED, "unsupported proxy protocol command: %u", command);
        return 0;
    }
    unsigned protocol = byte_at(begin, AT_FAMILY) & 15;
    if (protocol != 1 && !(protocol == 0 && command == COMMAND_LOCAL)) {
        err_set(err, ERR_UNSUPPORTED, "unsupported proxy protocol transport: %u; only TCP is known",
                protocol);
        return 0;
    }
    unsigned rest = u16_at(begin, AT_LENGTH);
    if (rest > PROXY_HEADER_REST_MAX) {
        err_set(err, ERR_LIMIT, "too big proxy protocol block: %u bytes; at most %d are read", rest,
                PROXY_HEADER_REST_MAX);
        return 0;
    }
    return PROXY_HEADER_FIXED_BYTES + rest;
}

bool proxy_header_parse(str header, struct addr *peer, struct err *err)
{
    size_t bytes = proxy_header_bytes(header, err);
    if (bytes == 0)
        return false;
    assert(header.n == bytes);
    if ((byte_at(header, AT_COMMAND) & 15) == COMMAND_LOCAL)
        return true;
    unsigned family = byte_at(header, AT_FAMILY) >> 4;
    if (family != FAMILY_IPV4 && family != FAMILY_IPV6)
        return err_set(err, ERR_UNSUPPORTED, "unsupported proxy protocol address family: %u",
                       family);
    struct addr source = {.ip_bytes = family == FAMILY_IPV4 ? 4 : 16};
    str block = str_skip(header, PROXY_HEADER_FIXED_BYTES);
    size_t needed = 2 * (size_t)source.ip_bytes + 4; // two addresses, two ports
    if (block.n < needed)
        return err_set(err, ERR_SYNTAX, "too small proxy protocol block: %zu bytes; %zu are needed",
                       block.n, needed);
    memcpy(source.ip, block.p, source.ip_bytes);
    source.port = (uint16_t)u16_at(block, 2 * (size_t)source.ip_bytes);
    *peer = source;
    return true;
}
