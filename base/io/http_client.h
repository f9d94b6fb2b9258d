// SPDX-License-Identifier: Apache-2.0
// http_client.h: requests to others, by libcurl's multi interface on the loop.
//
// A call waits in the queue of its host (scheme, name, port) until both the host and the whole
// client have room, is resolved by our own DNS (curl would start a thread per name), then becomes
// a transfer. Its deadline runs from the moment it was asked for. Redirects are followed here, so
// that their names are resolved the same way. What Go's client does by itself is done: "gzip" is
// accepted and decoded unless the request names its own Accept-Encoding; a redirect to another
// domain loses the credentials.
//
// A request may come with a description of credentials, trust and proxies (http_auth.h). HTTP/1.1
// is what is spoken, whatever the description wishes: it is always right, and a message that
// multiplexing could speed up is not among ours.
#pragma once
#include <curl/curl.h>

#include "base/io/io.h"

#define HTTP_PER_HOST_MAX     64
#define HTTP_IN_FLIGHT_MAX    1000
#define HTTP_CALLS_MAX        100000 // waiting and in flight; more are ERR_LIMIT
#define HTTP_REDIRECTS_MAX    10
#define HTTP_HEADER_BYTES_MAX ((size_t)256 << 10) // of a response, together; curl has 300 KiB
#define HTTP_CONNECTIONS_KEPT 1024
#define HTTP_CONNECTION_AGE_S 55 // idle; below what servers usually grant
#define HTTP_CONNECT_TIMEOUT  DUR_SECONDS(30)

struct http_call *http_client_start(struct env *env, const struct http_request *request,
                                    http_done_fn *fn, void *owner);
void http_client_cancel(struct http_call *call);

// Made for the first request: libcurl and what it brings take 3 MB.
struct http_client *http_client_new(struct env_uv *e);
void http_client_free(struct http_client *c); // calls are dropped without callbacks

// ---- between http_client.c, http_transfer.c and http_redirect.c -------------------------------

struct httpconf;
struct http_auth;
struct http_file;
struct auth_fetch;

enum call_state {
    CALL_FAILED,    // before it began; told next turn
    CALL_AUTH,      // waits for a token
    CALL_WAITING,   // in its host's queue
    CALL_RESOLVING, // its host's name
    CALL_TRANSFER,  // in curl's hands
    CALL_FINISHED,  // curl is done with it
};

struct call_proxy {
    bool is_used, is_socks, is_https; // is_https: to the proxy itself
    str host;                         // without brackets
    uint16_t port;
    bool has_user;
    str user, password;
};

struct http_call {
    struct http_client *client;
    struct env_uv *env;
    struct http_host *host; // whose slot or place in the queue it has
    struct list link;       // http_host.waiting, http_client.finished, auth_fetch.waiters
    struct list all;        // http_client.calls
    enum call_state state;
    http_done_fn *fn;
    void *owner;
    struct timer timer; // the deadline; CALL_FAILED: now
    struct dns_query *query;

    // What it authenticates and trusts with.
    const struct httpconf *conf;    // the requester's; NULL: none
    struct auth_fetch *fetch;       // CALL_AUTH: what it waits for
    struct http_file *tls_files[3]; // references: CA, certificate, key
    mono_ns began_at;
    struct call_proxy proxy; // of the current URL

    // The request, in mem.
    struct arena mem;
    char *method;
    char *url;
    struct http_header *headers;
    size_t header_count;
    struct buf body;
    bool no_redirects;
    int redirects;
    bool is_retry;
    bool is_decoding; // gzip, on our own account
    bool is_https;
    str hostname; // in url, without brackets
    uint16_t port;
    str first_hostname; // before any redirect
    bool has_left;      // a redirect led away from there: no credentials any more
    bool has_referer;   // the requester's own

    // The transfer.
    CURL *easy;
    struct curl_slist *header_list;
    struct curl_slist *resolve_list, *connect_list, *proxy_list;
    const char *host_line; // a Host header that differs from curl's URL; NULL: none
    struct addr addr;      // the first one, of the proxy if there is one: for error texts
    CURLcode result;
    char error_text[CURL_ERROR_SIZE]; // curl's own
    str reason;                       // of the last status line: "Not Found"

    // The response.
    struct http_response response;
    size_t response_header_cap;
    size_t response_header_bytes;
    struct buf response_body;
    struct err err;
};

// url split; false: err says why, in Go's words.
bool url_split(const char *url, str *ret_scheme, str *ret_host, uint16_t *ret_port,
               struct err *err);

void http_list_add(struct curl_slist **list, const char *line);
// May it be sent. Errors: Go's.
bool http_header_is_fine(str name, str value, struct err *err);

void transfer_setup(struct http_call *call, const struct dns_record *records, size_t count);
// After curl is done: fills call->err from call->result.
void transfer_explain(struct http_call *call);
void transfer_complete(struct http_call *call); // without an error: status and final headers
void transfer_clear(struct http_call *call);    // frees lists and response; keeps easy
bool transfer_may_retry(const struct http_call *call);
// A redirect to follow: changes method, body, headers and url. False: none, or call->err is set.
bool transfer_redirect(struct http_call *call);
