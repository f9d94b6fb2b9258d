// SPDX-License-Identifier: Apache-2.0
// tlsconf.h: one side of TLS connections as configuration files describe it: what we show, whom we
// trust, what we insist on. base/io makes a `struct tls` of it (env_tls_new).
//
// The tables bind the two blocks that upstream's files have: tls_server_config (the web
// configuration file, the cluster's TLS file) and tls_client_config.
#pragma once
#include "base/model/httpconf.h"
#include "base/text/yaml_bind.h"

#define TLS_FILE_BYTES_MAX ((size_t)1 << 20) // of a certificate, key or CA file

// The cipher suites that may be chosen: those Go calls secure.
#define TLS_SUITE_COUNT 13
extern const struct tls_suite {
    const char *name;
    uint16_t id; // RFC 8446 §B.4, RFC 5289, RFC 4492, RFC 7905
} TLS_SUITES[TLS_SUITE_COUNT];

enum tls_client_auth {       // what a server asks of its clients
    TLS_NO_CLIENT_CERT,      // nothing
    TLS_REQUEST_CLIENT_CERT, // one is asked for and not looked at
    TLS_REQUIRE_ANY_CERT,    // one must be there
    TLS_VERIFY_IF_GIVEN,     // one that is there must be good
    TLS_REQUIRE_AND_VERIFY,  // a good one must be there
};

struct tlsconf {
    bool is_server;
    struct httpconf_secret cert, key; // PEM; the file counts where both are given
    struct httpconf_secret ca;        // whom we trust; client: not set is the system's authorities
    enum httpconf_tls_version min_version, max_version;

    // Of servers.
    enum tls_client_auth client_auth;
    str client_auth_type;          // as the file names it; tlsconf_check_server() reads it
    struct str_list client_sans;   // one of these must be in a client's certificate; empty: any
    struct str_list cipher_suites; // up to TLS 1.2, by Go's names; empty: all good ones
    struct str_list curves;        // "X25519", "CurveP256" …, best first; empty: all good ones
    bool prefer_server_ciphers;

    // Of clients.
    str server_name;           // to find in the server's certificate; empty: the address dialled
    bool insecure_skip_verify; // any certificate will do
    str ca_ref, cert_ref, key_ref; // of a secret manager; there is none, so each is refused
};

// Errors: those of upstream's parsers ("unknown TLS version: TLS9", "unknown cipher: x").
extern const struct yaml_struct TLS_SERVER_YAML; // struct tlsconf
extern const struct yaml_struct TLS_CLIENT_YAML; // struct tlsconf

// What the table of a server cannot see: "missing one of cert or cert_file", "invalid ClientAuth:
// x", "client CA's have been configured without a Client Auth Policy" …. Sets client_auth.
bool tlsconf_check_server(struct tlsconf *t, struct err *err);

// What upstream refuses only when it makes a client's TLS of its description: versions that exclude
// each other, and references to a manager of secrets, which there is none of.
bool tlsconf_check_client(const struct tlsconf *t, struct err *err);

// Relative file names become relative to `dir`.
void tlsconf_join_dir(struct tlsconf *t, str dir, struct arena *mem);

// Is `name` ("10.0.0.1", "a.example") what the certificate says (`san`: an address as text, or a
// DNS name that may start with "*.")? As Go compares: any case, the star stands for one label.
bool tlsconf_name_matches(str san, str name);
