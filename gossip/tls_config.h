// SPDX-License-Identifier: Apache-2.0
// tls_config.h: the file of --cluster.tls-config: how members meet over TLS.
#pragma once
#include "base/env.h"
#include "base/model/tlsconf.h"

#define CLUSTER_TLS_BYTES_MAX ((size_t)4 << 20) // of the file; certificates may stand in it

struct cluster_tls {
    struct tlsconf server; // of the listener
    struct tlsconf client; // of what we dial
};

// Texts live in mem; file names are relative to `dir`. Errors, with upstream's texts: ERR_SYNTAX
// and ERR_INVALID ("missing 'tls_server_config' entry in the TLS configuration" …).
bool cluster_tls_parse(str text, str dir, struct arena *mem, struct cluster_tls *ret,
                       struct err *err);

// Reads the file; names in it are relative to its folder.
bool cluster_tls_read(struct env *env, str path, struct arena *mem, struct cluster_tls *ret,
                      struct err *err);
