// SPDX-License-Identifier: Apache-2.0
// external_url.h: where people reach this vmalert: the base of every link it gives out.
#pragma once
#include "base/core/arena.h"
#include "base/core/err.h"

struct external_url {
    str text; // in canonical form
    str path; // decoded
};

// flag: -external.url. Empty: this machine's name and the port of `listen`, the first listen
// address. Errors: "failed to init external.url "x": invalid scheme …". Memory from mem.
bool external_url_init(str flag, str listen, bool is_tls, str hostname, struct arena *mem,
                       struct external_url *ret, struct err *err);
