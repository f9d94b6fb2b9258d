// SPDX-License-Identifier: Apache-2.0
// One transfer: what curl is told, what it hands over, and what its end means.
#include <errno.h>
#include <unistd.h>

#include "base/core/alloc.h"
#include "base/io/http_auth.h"

// ---- what curl hands over ------------------------------------------------------------------

static void header_add(struct http_call *call, str name, str value)
{
    struct http_response *r = &call->response;
    if (r->header_count == call->response_header_cap) {
        size_t cap = MAX(16, call->response_header_cap * 2);
        struct http_header *more = arena_array(&call->mem, struct http_header, cap);
        if (r->header_count)
            memcpy(more, r->headers, r->header_count * sizeof(*more));
        r->headers = more;
        call->response_header_cap = cap;
    }
    struct http_header *h = (struct http_header *)(uintptr_t)&r->headers[r->header_count++];
    *h = (struct http_header){arena_str(&call->mem, name), arena_str(&call->mem, value)};
}

static size_t on_header(char *data, size_t size, size_t count, void *owner)
{
    struct http_call *call = owner;
    str line = str_from(data, size * count);
    call->response_header_bytes += line.n;
    if (call->response_header_bytes > HTTP_HEADER_BYTES_MAX) {
        err_set(&call->err, ERR_LIMIT, "net/http: server response headers exceeded %zu bytes",
                HTTP_HEADER_BYTES_MAX);
        return 0;
    }
    str name, value;
    if (str_starts(line, S("HTTP/"))) { // also after "100 Continue": only the last answer counts
        call->response.header_count = 0;
        str_cut(line, ' ', &name, &value);
        str_cut(value, ' ', &name, &value);
        call->reason = arena_str(&call->mem, str_trim(value));
    } else if (str_cut(line, ':', &name, &value))
        header_add(call, str_trim(name), str_trim(value));
    return size * count;
}

static size_t on_body(char *data, size_t size, size_t count, void *owner)
{
    struct http_call *call = owner;
    buf_put(&call->response_body, str_from(data, size * count));
    if (!call->response_body.is_full)
        return size * count;
    err_set(&call->err, ERR_LIMIT, "response body is larger than %zu bytes",
            call->response_body.max);
    return 0;
}

// Whatever curl forgot to announce: a watched descriptor is never closed.
static int on_close_socket(void *owner, curl_socket_t fd)
{
    poll_drop(owner, fd);
    return close(fd);
}

// ---- what curl is told ---------------------------------------------------------------------

static void set_method(struct http_call *call)
{
    CURL *easy = call->easy;
    bool is_post = strcmp(call->method, "POST") == 0;
    bool has_body = call->body.n > 0 || is_post || strcmp(call->method, "PUT") == 0 ||
                    strcmp(call->method, "PATCH") == 0;
    if (strcmp(call->method, "HEAD") == 0) {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
        return;
    }
    if (has_body) { // always with its size, and in memory, so that curl can rewind it
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.n);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, call->body.n ? call->body.p : "");
    }
    if (has_body ? !is_post : strcmp(call->method, "GET") != 0)
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, call->method);
}

void http_list_add(struct curl_slist **list, const char *line)
{
    struct curl_slist *longer = curl_slist_append(*list, line);
    if (!longer)
        panic("out of memory: a header");
    *list = longer;
}

static bool has_header(const struct http_call *call, str name)
{
    for (size_t i = 0; i < call->header_count; i++) {
        if (str_eq_nocase(call->headers[i].name, name))
            return true;
    }
    return false;
}

// curl's own additions that Go's client does not send are taken out.
static void set_headers(struct http_call *call)
{
    static const char *const UNWANTED[] = {"Accept", "Content-Type", "Expect"};
    struct arena_mark mark = arena_mark(&call->mem);
    for (size_t i = 0; i < ARRAY_LEN(UNWANTED); i++) {
        if (!has_header(call, str_c(UNWANTED[i])))
            http_list_add(&call->header_list, arena_printf(&call->mem, "%s:", UNWANTED[i]).p);
    }
    for (size_t i = 0; i < call->header_count; i++) {
        const struct http_header *h = &call->headers[i];
        if (str_eq_nocase(h->name, S("Content-Length")))
            continue; // curl counts itself
        str line = h->value.n ? arena_printf(&call->mem, "%.*s: %.*s", STR(h->name), STR(h->value))
                              : arena_printf(&call->mem, "%.*s;", STR(h->name));
        http_list_add(&call->header_list, line.p);
    }
    arena_rewind(&call->mem, mark);
    if (call->host_line)
        http_list_add(&call->header_list, call->host_line);
    curl_easy_setopt(call->easy, CURLOPT_HTTPHEADER, call->header_list);
    bool is_head = strcmp(call->method, "HEAD") == 0;
    bool wants_plain = call->conf && call->conf->dialect == HTTPCONF_PROMETHEUS;
    call->is_decoding = !is_head && !wants_plain && !has_header(call, S("Accept-Encoding")) &&
                        !has_header(call, S("Range"));
    if (call->is_decoding)
        curl_easy_setopt(call->easy, CURLOPT_ACCEPT_ENCODING, "gzip");
}

// All addresses, so that curl can try the next one; '+': the entry expires as others do.
static void set_addresses(struct http_call *call, const struct dns_record *records, size_t count)
{
    struct addr literal;
    bool is_proxy = call->proxy.is_used;
    str host = is_proxy ? call->proxy.host : call->hostname;
    uint16_t port = is_proxy ? call->proxy.port : call->port;
    call->addr = records[0].addr;
    call->addr.port = port;
    if (addr_parse_ip(host, &literal))
        return; // curl needs no help
    defer(buf_done) struct buf line = {0};
    buf_printf(&line, "+%.*s:%u:", STR(host), port);
    for (size_t i = 0; i < count; i++) {
        bool is_ipv6 = records[i].addr.ip_bytes == 16;
        buf_put(&line, i ? S(",") : S(""));
        buf_put(&line, is_ipv6 ? S("[") : S(""));
        buf_put_ip(&line, &records[i].addr);
        buf_put(&line, is_ipv6 ? S("]") : S(""));
    }
    buf_put_c(&line, '\0');
    http_list_add(&call->resolve_list, line.p);
    curl_easy_setopt(call->easy, CURLOPT_RESOLVE, call->resolve_list);
}

void transfer_setup(struct http_call *call, const struct dns_record *records, size_t count)
{
    CURL *easy = call->easy;
    curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
    curl_easy_setopt(easy, CURLOPT_URL, call->url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, call->error_text);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, (long)HTTP_CONNECTION_AGE_S);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)(HTTP_CONNECT_TIMEOUT / DUR_MS(1)));
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, call);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close_socket);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, call->env);
    if (call->is_retry)
        curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    set_method(call);
    http_proxy_setup(call);
    if (call->is_https || call->proxy.is_https)
        http_tls_setup(call);
    set_headers(call);
    set_addresses(call, records, count);
}

void transfer_clear(struct http_call *call)
{
    curl_slist_free_all(take(&call->header_list));
    curl_slist_free_all(take(&call->resolve_list));
    curl_slist_free_all(take(&call->connect_list));
    curl_slist_free_all(take(&call->proxy_list));
    call->host_line = NULL;
    call->error_text[0] = '\0';
    call->reason = (str){0};
    call->response = (struct http_response){0};
    call->response_header_cap = 0;
    call->response_header_bytes = 0;
    buf_done(&call->response_body);
}

// ---- what the end means --------------------------------------------------------------------

// A kept-alive connection that the server closed as we took it. curl itself repeats what it can;
// this is for what may be repeated by its meaning.
bool transfer_may_retry(const struct http_call *call)
{
    static const char *const IDEMPOTENT[] = {"GET", "HEAD", "PUT", "DELETE", "OPTIONS"};
    bool is_idempotent = false;
    for (size_t i = 0; i < ARRAY_LEN(IDEMPOTENT); i++)
        is_idempotent |= strcmp(call->method, IDEMPOTENT[i]) == 0;
    long connects = 0;
    curl_easy_getinfo(call->easy, CURLINFO_NUM_CONNECTS, &connects);
    return is_idempotent && !call->is_retry && connects == 0 && call->err.code == ERR_NONE &&
           (call->result == CURLE_GOT_NOTHING || call->result == CURLE_SEND_ERROR ||
            call->result == CURLE_RECV_ERROR);
}

// "127.0.0.1:5->127.0.0.1:9093"
static void put_ends(struct buf *b, const struct http_call *call)
{
    char *ip = NULL;
    long port = 0;
    struct addr local = {0};
    curl_easy_getinfo(call->easy, CURLINFO_LOCAL_IP, &ip);
    curl_easy_getinfo(call->easy, CURLINFO_LOCAL_PORT, &port);
    if (ip && addr_parse_ip(str_c(ip), &local)) {
        local.port = (uint16_t)port;
        buf_put_addr(b, &local);
        buf_put(b, S("->"));
    }
    struct addr peer = call->addr;
    curl_easy_getinfo(call->easy, CURLINFO_PRIMARY_IP, &ip);
    if (ip && addr_parse_ip(str_c(ip), &peer))
        peer.port = call->addr.port;
    buf_put_addr(b, &peer);
    buf_put_c(b, '\0');
}

static void explain_broken(struct http_call *call, const char *operation, int fallback)
{
    long errnum = 0;
    curl_easy_getinfo(call->easy, CURLINFO_OS_ERRNO, &errnum);
    defer(buf_done) struct buf ends = {0};
    put_ends(&ends, call);
    err_os(&call->err, ERR_NETWORK, errnum ? (int)errnum : fallback, "%s tcp %s: %s", operation,
           ends.p, operation);
}

// The proxy's answer to CONNECT was no. Go gives the status text alone.
static bool explain_proxy(struct http_call *call)
{
    long code = 0;
    curl_easy_getinfo(call->easy, CURLINFO_HTTP_CONNECTCODE, &code);
    if (call->result == CURLE_PROXY) {
        err_set(&call->err, ERR_NETWORK, "socks connect tcp %.*s:%u->%.*s:%u: %s",
                STR(call->proxy.host), call->proxy.port, STR(call->hostname), call->port,
                call->error_text);
        return true;
    }
    if (!call->proxy.is_used || code == 0 || code / 100 == 2)
        return false;
    if (call->reason.n)
        err_set(&call->err, ERR_NETWORK, "%.*s", STR(call->reason));
    else
        err_set(&call->err, ERR_NETWORK, "unknown status code");
    return true;
}

// The other side went away in the middle, or OpenSSL did not like what it said.
static void explain_handshake(struct http_call *call)
{
    str text = str_c(call->error_text);
    if (str_find_str(text, S("reset by peer")) != STR_NONE)
        explain_broken(call, "read", ECONNRESET);
    else if (str_find_str(text, S("SSL_ERROR_SYSCALL")) != STR_NONE ||
             str_find_str(text, S("unexpected eof")) != STR_NONE)
        err_set(&call->err, ERR_NETWORK, "EOF");
    else
        err_set(&call->err, ERR_NETWORK, "tls: handshake failure");
}

static void explain_result(struct http_call *call)
{
    char peer[ADDR_TEXT_BYTES];
    long errnum = 0;
    // Switching on an int: curl has a hundred codes, and the default is right for the rest.
    switch ((int)call->result) {
    case CURLE_COULDNT_CONNECT:
        curl_easy_getinfo(call->easy, CURLINFO_OS_ERRNO, &errnum);
        err_os(&call->err, ERR_NETWORK, errnum ? (int)errnum : ECONNREFUSED, "dial tcp %s: connect",
               addr_text(&call->addr, peer));
        return;
    case CURLE_OPERATION_TIMEDOUT: // only the connect timeout is curl's
        err_set(&call->err, ERR_TIMEOUT, "dial tcp %s: i/o timeout", addr_text(&call->addr, peer));
        return;
    case CURLE_GOT_NOTHING:
        err_set(&call->err, ERR_NETWORK, "EOF");
        return;
    case CURLE_PARTIAL_FILE:
        err_set(&call->err, ERR_NETWORK, "unexpected EOF");
        return;
    case CURLE_SEND_ERROR:
        explain_broken(call, "write", EPIPE);
        return;
    case CURLE_RECV_ERROR:
        explain_broken(call, "read", ECONNRESET);
        return;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
        http_tls_explain(call);
        return;
    case CURLE_SSL_CONNECT_ERROR:
        explain_handshake(call);
        return;
    case CURLE_UNSUPPORTED_PROTOCOL: // HTTP/0.9
    case CURLE_WEIRD_SERVER_REPLY:
        err_set(&call->err, ERR_NETWORK,
                "net/http: HTTP/1.x transport connection broken: malformed HTTP response");
        return;
    case CURLE_BAD_CONTENT_ENCODING:
        err_set(&call->err, ERR_NETWORK, "gzip: invalid header");
        return;
    default:
        err_set(&call->err, ERR_NETWORK, "%s", curl_easy_strerror(call->result));
        return;
    }
}

void transfer_explain(struct http_call *call)
{
    if (call->err.code != ERR_NONE)
        return; // one of our limits has spoken
    if (explain_proxy(call) || http_tls_explain_alert(call))
        return;
    explain_result(call);
    bool is_dial =
        call->result == CURLE_COULDNT_CONNECT || call->result == CURLE_OPERATION_TIMEDOUT;
    if (call->proxy.is_used && is_dial)
        err_wrap(&call->err, "proxyconnect tcp");
}

// As in Go, a body that was decoded on the way looks as if it had come plain.
void transfer_complete(struct http_call *call)
{
    long status = 0;
    curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
    struct http_response *r = &call->response;
    r->status = (int)status;
    str encoding = http_header_find(r->headers, r->header_count, S("Content-Encoding"));
    if (!call->is_decoding || !str_eq_nocase(encoding, S("gzip")))
        return;
    struct http_header *headers = (struct http_header *)(uintptr_t)r->headers;
    size_t kept = 0;
    for (size_t i = 0; i < r->header_count; i++) {
        if (!str_eq_nocase(headers[i].name, S("Content-Encoding")) &&
            !str_eq_nocase(headers[i].name, S("Content-Length")))
            headers[kept++] = headers[i];
    }
    r->header_count = kept;
}
