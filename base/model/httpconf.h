// SPDX-License-Identifier: Apache-2.0
// httpconf.h: what a client of somebody's HTTP server authenticates with, trusts and goes through.
//
// A neutral, immutable description: made from alertmanager.yml's http_config or from vmalert's
// flags, handed to the HTTP client with a request (http_request.conf), applied in base/io. Texts
// and arrays are borrowed: they live as long as whoever made the description says, which is at
// least until the last request with it has ended.
//
// A secret may be named by a file; the file is read when it is needed, so that it can be rotated.
#pragma once
#include "base/core/arena.h"

// Upstream's two clients differ in error texts and in a few rules: which of two credentials wins,
// how much of a file is trimmed, whether compressed answers are asked for (Prometheus': no).
enum httpconf_dialect {
    HTTPCONF_PROMETHEUS, // Prometheus' common library: alertmanager
    HTTPCONF_VM,         // VictoriaMetrics: vmalert
};

// A text, or where to read it. At most one of the two is not empty; both empty: not set.
struct httpconf_secret {
    str text;
    // Trimmed when read (VM: at its end only). In the VM dialect an http:// or https:// URL is
    // fetched instead.
    str file;
};

static inline bool httpconf_is_given(const struct httpconf_secret *s)
{
    return s->text.n || s->file.n;
}

enum httpconf_auth {
    HTTPCONF_NO_AUTH,
    HTTPCONF_BASIC,         // username, password
    HTTPCONF_AUTHORIZATION, // type, credentials; a bearer token is one
    HTTPCONF_OAUTH2,
};

struct httpconf_header {
    str name;
    struct httpconf_secret value;
};

struct httpconf_pair {
    str name, value;
};

enum httpconf_tls_version { // 0: the default
    HTTPCONF_TLS_DEFAULT,   // 1.2 to 1.3
    HTTPCONF_TLS10,
    HTTPCONF_TLS11,
    HTTPCONF_TLS12,
    HTTPCONF_TLS13,
};

struct httpconf_tls {
    struct httpconf_secret ca;        // PEM; not set: the system's authorities
    struct httpconf_secret cert, key; // PEM; both or none
    str server_name;                  // expected in the certificate, sent as SNI; empty: the host
    bool insecure_skip_verify;
    enum httpconf_tls_version min_version, max_version;
};

struct httpconf_proxy {
    str url;      // http, https, socks5, socks5h; user info in it is a credential; empty: none
    str no_proxy; // "host, .domain, 10.0.0.0/8, [::1]:80, *"
    // Instead of the two: HTTP_PROXY, HTTPS_PROXY and NO_PROXY, and their lower-case forms.
    bool from_environment;
    const struct httpconf_header *connect_headers; // sent with CONNECT only
    size_t connect_header_count;
};

// Client credentials (RFC 6749 §4.4), or with is_jwt an assertion (RFC 7523).
struct httpconf_oauth2 {
    str token_url;
    str client_id;
    struct httpconf_secret client_secret;
    const str *scopes; // none: no `scope` is sent
    size_t scope_count;
    const struct httpconf_pair *params; // of the endpoint, sorted by name
    size_t param_count;

    bool is_jwt;
    struct httpconf_secret key;         // RSA, PEM
    str key_id;                         // empty: no `kid`
    unsigned signature_bits;            // 256, 384, 512: RS256 …
    str issuer, audience;               // empty: client_id, token_url
    const struct httpconf_pair *claims; // values are JSON; they override the standard ones
    size_t claim_count;

    // How the token endpoint is reached.
    const struct httpconf_header *headers;
    size_t header_count;
    struct httpconf_tls tls;
    struct httpconf_proxy proxy;
};

struct httpconf {
    enum httpconf_dialect dialect;
    enum httpconf_auth auth;
    struct httpconf_secret username, password;
    str type;
    struct httpconf_secret credentials;
    const struct httpconf_oauth2 *oauth2;

    // Added to the request's own, in this order. VM: but for names the request has itself.
    const struct httpconf_header *headers;
    size_t header_count;

    struct httpconf_tls tls;
    struct httpconf_proxy proxy;
    bool no_redirects;
    bool enable_http2; // wished for; HTTP/1.1 is what is spoken

    // Not empty: why no request can be made with this description ("… cannot use secret ref
    // without manager"). Every request fails with it.
    str refusal;
};

// "TLS12" → HTTPCONF_TLS12; empty: the default. False for anything else.
bool httpconf_parse_tls_version(str text, enum httpconf_tls_version *ret);

// Go's textproto.CanonicalMIMEHeaderKey: "x-a-b" → "X-A-B"; names with other bytes than those of a
// token stay as they are.
str httpconf_canonical_name(str name, struct arena *mem);

// Copies of everything they point to, in mem.
const struct httpconf_header *httpconf_copy_headers(const struct httpconf_header *headers,
                                                    size_t count, struct arena *mem);
struct httpconf_tls httpconf_copy_tls(const struct httpconf_tls *tls, struct arena *mem);
struct httpconf_proxy httpconf_copy_proxy(const struct httpconf_proxy *proxy, struct arena *mem);
