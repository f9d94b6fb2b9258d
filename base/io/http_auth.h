// SPDX-License-Identifier: Apache-2.0
// http_auth.h: what a description of credentials, trust and proxies (base/model/httpconf.h) means
// for one call. For http_client.c and its sister files.
//
//   http_auth.c    credentials and headers, and what must be fetched for them first
//   http_oauth2.c  tokens          http_jwt.c    signed assertions for them
//   http_tls.c     certificates    http_proxy.c  which proxy, if any
//
// Credentials are worked out before a call enters its host's queue, so that one waiting for a token
// takes nobody's place. The value of a header that came from outside is checked like any other: a
// line break in a file adds no header.
#pragma once
#include "base/io/http_client.h"
#include "base/io/http_file.h"
#include "base/model/httpconf.h"
#include "base/text/digest.h"

#define HTTP_FETCHES_MAX     1024 // tokens and secrets behind URLs that are kept
#define HTTP_FETCH_TIMEOUT   DUR_SECONDS(60)
#define HTTP_TOKEN_EARLY     DUR_SECONDS(10) // before its expiry a token is not used any more
#define HTTP_TOKEN_BYTES_MAX ((size_t)1 << 20)
#define HTTP_SECRET_AGE_MAX  DUR_SECONDS(1)

enum auth_verdict {
    AUTH_READY,
    AUTH_WAITING, // call->link is among a fetch's waiters
    AUTH_FAILED,  // call->err says why
};

enum token_style { TOKEN_STYLE_UNKNOWN, TOKEN_STYLE_HEADER, TOKEN_STYLE_BODY };

// Something that has to be asked for over HTTP before other calls can go: a token, or a secret
// behind a URL. Shared by all calls that need the same.
struct auth_fetch {
    struct http_auth *auth;
    uint8_t key[SHA256_BYTES]; // of everything that makes it what it is: no secrets stay here
    uint64_t hash;
    struct list link;       // http_auth.fetches, least recently used first
    struct list waiters;    // struct http_call.link
    struct http_call *call; // NULL: nothing is under way

    // The request under way; cleared when it has ended.
    struct arena mem;
    struct httpconf conf;
    str url, client_id, client_secret, user_agent;
    struct httpconf_pair *params; // of the body, without the client's credentials
    size_t param_count;
    bool is_probing; // the second style is still to be tried
    enum httpconf_dialect dialect;

    // What came of it.
    enum token_style style;
    struct err err;
    struct buf value; // the token with its type, or the secret
    mono_ns fetched_at, good_until;
};

struct http_auth {
    struct env_uv *env;
    struct http_files files;
    struct map map; // struct auth_fetch by key
    struct list fetches;
    struct http_proxy_env *proxy_env;
};

struct http_auth *http_auth_new(struct env_uv *e);
void http_auth_close(struct http_auth *a); // ends what it fetches; before the calls are dropped
void http_auth_free(struct http_auth *a);  // after

// Puts headers and certificates into the call. Again from the start when a fetch has ended.
enum auth_verdict http_auth_begin(struct http_call *call);
void http_auth_leave(struct http_call *call); // a waiting call gives up
void http_auth_clear(struct http_call *call); // what _begin took

// http_client.c: a fetch has ended; call->err is set if it failed.
void http_call_resume(struct http_call *call);
struct http_auth *http_client_auth(struct http_client *c);

// ---- between the files -----------------------------------------------------------------------

// A secret's value, in call->mem. `what` begins the error.
enum auth_verdict auth_secret(struct http_call *call, const struct httpconf_secret *secret,
                              const char *what, str *ret);
struct auth_fetch *auth_fetch_get(struct http_auth *a, const uint8_t key[SHA256_BYTES]);
// What was fetched already, or the call waits. NULL: look at *ret.
bool auth_fetch_is_good(const struct auth_fetch *f, const struct http_call *call);
enum auth_verdict auth_fetch_wait(struct auth_fetch *f, struct http_call *call);
// A fetch has ended; f->err and f->value are set. good_for: from now on.
void auth_fetch_end(struct auth_fetch *f, dur_ns good_for);

// "<type> <token>" in call->mem.
enum auth_verdict oauth2_header(struct http_call *call, const struct httpconf_oauth2 *o, str *ret);

// A signed assertion (RFC 7523). Errors: a key that is not RSA in PEM.
bool jwt_put(struct buf *out, struct env *env, const struct httpconf_oauth2 *o, str key_pem,
             struct err *err);

bool http_tls_load(struct http_call *call); // reads files; false: call->err
void http_tls_setup(struct http_call *call);
void http_tls_explain(struct http_call *call);       // call->result is about certificates
bool http_tls_explain_alert(struct http_call *call); // did the other side send a TLS alert

struct http_proxy_env *http_proxy_env_new(void); // reads the environment
void http_proxy_env_free(struct http_proxy_env *e);
// Decides call->proxy for call->url. False: call->err.
bool http_proxy_choose(struct http_call *call, bool is_https);
bool http_proxy_is_excluded(str no_proxy, str host, uint16_t port);
void http_proxy_setup(struct http_call *call);
