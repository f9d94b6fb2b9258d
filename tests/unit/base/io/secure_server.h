// SPDX-License-Identifier: Apache-2.0
// secure_server.h: certificates made for a test, and an HTTPS server on a thread of its own that
// says who it took its client for.
#pragma once
#include "tests/unit/base/io/loop.h"

struct pem {
    char *cert, *key; // heap
};

struct pem_options {
    const struct pem *issuer; // NULL: signs itself, and may sign others
    const char *name;         // common name
    const char *dns[3];       // subject alternative names
    bool has_loopback_ip;     // 127.0.0.1 among them
    bool is_expired;
    bool is_rsa; // otherwise a curve, which is quicker
};

struct pem pem_make(const struct pem_options *opt);
void pem_done(struct pem *p);

struct secure_server;

struct secure_server_options {
    const struct pem *pem;
    const char *client_ca;  // PEM; a client certificate is demanded
    const char *priorities; // GnuTLS'; NULL: NORMAL
};

// Answers every request with "name=<SNI> client=<common name>\n" and the request's head.
struct secure_server *secure_server_start(const struct secure_server_options *opt);
uint16_t secure_server_port(const struct secure_server *s);
void secure_server_stop(struct secure_server *s);
