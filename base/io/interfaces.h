// SPDX-License-Identifier: Apache-2.0
// interfaces.h: the addresses of this machine's network interfaces (Linux).
//
// For whoever must find an address under which others reach it. A snapshot: what changes later is
// not told.
#pragma once
#include "base/core/arena.h"
#include "base/env.h"

#define INTERFACE_ADDRS_MAX 4096

struct interface_addr {
    struct addr addr; // port 0
    uint8_t prefix_bits;
    bool is_up;
    bool has_default_route; // of its family, as far as the system tells
};

// All of them in the system's order, in mem. A system that tells nothing gives none.
struct interface_addr *interfaces_read(struct arena *mem, size_t *ret_count);
