// SPDX-License-Identifier: Apache-2.0
// proxy_header.h: what a load balancer says in front of a connection about who is behind it: the
// PROXY protocol, version 2, binary (HAProxy: proxy-protocol.txt §2.2).
//
//   0  0D 0A 0D 0A 00 0D 0A 51 55 49 54 0A   signature
//  12  version 2 << 4 | command              0: LOCAL, the balancer itself; 1: PROXY
//  13  family << 4 | protocol                family 1: IPv4, 2: IPv6; protocol 1: stream
//  14  length of the rest, big-endian
//  16  source address, destination address, source port, destination port, more (skipped)
#pragma once
#include "base/env.h"

#define PROXY_HEADER_FIXED_BYTES 16
#define PROXY_HEADER_REST_MAX    2048
#define PROXY_HEADER_BYTES_MAX   (PROXY_HEADER_FIXED_BYTES + PROXY_HEADER_REST_MAX)

// How many bytes the header has of which these are the first PROXY_HEADER_FIXED_BYTES; 0: it is
// none. Errors: ERR_SYNTAX, ERR_UNSUPPORTED, ERR_LIMIT.
size_t proxy_header_bytes(str begin, struct err *err);

// The whole header; *peer becomes the source it names, and stays where it names none. Errors:
// ERR_SYNTAX, ERR_UNSUPPORTED.
bool proxy_header_parse(str header, struct addr *peer, struct err *err);
