// SPDX-License-Identifier: Apache-2.0
// email.h: a mail with a text and an HTML part, over SMTP (spec: receivers §4.2).
#pragma once
#include "base/text/yaml_types.h"
#include "notify/integrations/integrations.h"

struct tls_conf;
struct tlsconf;

#define EMAIL_BYTES_MAX        ((size_t)64 << 20) // of a message; a larger one is not sent
#define EMAIL_SECRET_BYTES_MAX ((size_t)64 << 10) // of a file with a password or secret

// upstream: config.EmailConfig. The global section's values are already in it.
struct email_conf {
    struct integration_conf base;
    str to, from; // lists of addresses; templated
    str hello;
    struct host_port smarthost;
    str auth_username, auth_identity;
    str auth_password, auth_password_file; // where both are set the file counts
    str auth_secret, auth_secret_file;
    struct yaml_str_map headers; // canonical names, templated values; Subject, To, From among them
    str html, text;              // templated; empty: no such part
    struct opt_bool require_tls; // set
    struct opt_bool force_implicit_tls; // not set: by the port
    struct {
        bool is_enabled;
        str by_date; // "none", "daily"
    } threading;
    struct tls_conf *written_tls; // the file's, or the global one; alertmanager's business
    const struct tlsconf *tls;    // what that means
};

extern const struct integration_ops EMAIL_OPS;
