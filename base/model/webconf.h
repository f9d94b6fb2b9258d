// SPDX-License-Identifier: Apache-2.0
// webconf.h: the file of --web.config.file: TLS, users, response headers and a rate limit of our
// HTTP server (spec: Alertmanager process §10).
#pragma once
#include "base/core/time.h"
#include "base/model/tlsconf.h"

#define WEBCONF_BYTES_MAX ((size_t)4 << 20)

// What a server is started with (http_server_options.web_config): a file, or TLS alone.
struct web_config {
    str path;                  // read again when it changes; borrowed for the server's life
    const struct tlsconf *tls; // instead of a file: its certificates are read again as well
};

struct web_rate_limit {
    dur_ns interval; // one request per interval; 0: no limit
    int64_t burst;   // as many at once
};

struct webconf {
    bool has_tls;
    struct tlsconf tls;          // file names are relative to the file's folder already
    bool http2;                  // wished for; HTTP/1.1 is what is spoken
    struct yaml_str_map headers; // added to every reply
    struct yaml_str_map users;   // name → bcrypt hash; empty: everybody is let in
    struct web_rate_limit rate_limit;
};

// Texts live in mem and borrow from `text`. Errors, with upstream's texts: ERR_SYNTAX, ERR_INVALID.
bool webconf_parse(str text, str dir, struct arena *mem, struct webconf *ret, struct err *err);

// "$2y$10$" and 53 characters more.
bool webconf_is_bcrypt(str hash);
