// SPDX-License-Identifier: Apache-2.0
#include "base/io/http_client.h"

#include "base/core/alloc.h"
#include "base/core/hash.h"
#include "base/core/map.h"
#include "base/io/dns.h"
#include "base/io/http_auth.h"

#define EASY_POOL_MAX 256

struct http_host {
    char *key; // "https://name:443"
    uint64_t hash;
    struct list link;    // http_client.ready: has waiting calls and room
    struct list waiting; // struct http_call
    uint32_t in_flight;
    uint32_t call_count;
};

struct http_client {
    struct env_uv *env;
    struct http_auth *auth;
    CURLM *multi;
    struct timer timer; // curl's own
    struct map hosts;   // struct http_host by key
    struct list ready;
    struct list calls;    // every struct http_call
    struct list finished; // collected from curl, owners not yet told
    uint32_t call_count;
    uint32_t in_flight;
    uint32_t in_flight_max;
    uint32_t per_host_max;
    uint64_t seed;
    CURL *pool[EASY_POOL_MAX];
    size_t pool_count;
    bool is_closing;
};

static void client_pump(struct http_client *c);
static void call_enqueue(struct http_call *call);

// ---- hosts ---------------------------------------------------------------------------------

static bool host_has_key(const void *item, const void *key)
{
    return str_eq(str_c(((const struct http_host *)item)->key), *(const str *)key);
}

static struct http_host *host_get(struct http_client *c, str scheme, str name, uint16_t port)
{
    defer(buf_done) struct buf key = {0};
    buf_put_lower(&key, scheme);
    buf_put(&key, S("://"));
    buf_put_lower(&key, name);
    buf_printf(&key, ":%u", port);
    str text = buf_str(&key);
    uint64_t hash = hash_seeded(c->seed, text);
    struct http_host *h = map_find(&c->hosts, hash, host_has_key, &text);
    if (h)
        return h;
    h = mem_new(struct http_host);
    h->key = mem_dup(text);
    h->hash = hash;
    list_init(&h->waiting);
    map_insert(&c->hosts, hash, h);
    return h;
}

static void host_update(struct http_client *c, struct http_host *h)
{
    bool is_ready = !list_is_empty(&h->waiting) && h->in_flight < c->per_host_max;
    if (is_ready && !list_is_linked(&h->link))
        list_append(&c->ready, &h->link);
    else if (!is_ready)
        list_remove(&h->link);
}

static void host_leave(struct http_client *c, struct http_host *h)
{
    if (--h->call_count)
        return;
    list_remove(&h->link);
    map_remove_item(&c->hosts, h->hash, h);
    mem_free(h->key);
    mem_free(h);
}

// ---- calls ---------------------------------------------------------------------------------

// Takes the call out of whatever it is in; its host's slot becomes free.
static void call_withdraw(struct http_call *call)
{
    struct http_client *c = call->client;
    list_remove(&call->link);
    http_auth_leave(call);
    if (call->query)
        dns_cancel(take(&call->query));
    if (call->easy) {
        curl_multi_remove_handle(c->multi, call->easy);
        curl_easy_reset(call->easy);
        if (c->pool_count < EASY_POOL_MAX)
            c->pool[c->pool_count++] = take(&call->easy);
        else
            curl_easy_cleanup(take(&call->easy));
    }
    struct http_host *h = take(&call->host);
    if (!h)
        return;
    if (call->state != CALL_WAITING) {
        h->in_flight--;
        c->in_flight--;
    }
    host_update(c, h);
    host_leave(c, h);
}

static void call_free(struct http_call *call)
{
    call_withdraw(call);
    transfer_clear(call);
    http_auth_clear(call);
    timer_queue_cancel(&call->client->env->timers, &call->timer);
    list_remove(&call->all);
    call->client->call_count--;
    buf_done(&call->body);
    arena_done(&call->mem);
    mem_free(call);
}

// The call's end; its owner is told. Only from the loop, never from inside curl or an owner's call.
static void call_end(struct http_call *call)
{
    struct http_client *c = call->client;
    call_withdraw(call);
    timer_queue_cancel(&c->env->timers, &call->timer);
    client_pump(c);
    call->response.body = buf_str(&call->response_body);
    call->fn(call->owner, call->err.code == ERR_NONE ? &call->response : NULL, &call->err);
    call_free(call);
}

static void call_fail_later(struct http_call *call)
{
    call->state = CALL_FAILED;
    timer_queue_set(&call->client->env->timers, &call->timer, (mono_ns)uv_hrtime());
}

static void on_call_timer(void *owner)
{
    struct http_call *call = owner;
    if (call->state != CALL_FAILED)
        err_set(&call->err, ERR_TIMEOUT, "context deadline exceeded");
    call_end(call);
}

static void call_transfer(struct http_call *call, const struct dns_record *records, size_t count)
{
    struct http_client *c = call->client;
    call->state = CALL_TRANSFER;
    call->easy = c->pool_count ? c->pool[--c->pool_count] : curl_easy_init();
    if (!call->easy)
        panic("out of memory: a curl handle");
    transfer_setup(call, records, count);
    curl_multi_add_handle(c->multi, call->easy);
}

static str dialled_host(const struct http_call *call)
{
    return call->proxy.is_used ? call->proxy.host : call->hostname;
}

static void on_resolved(void *owner, const struct dns_record *records, size_t count,
                        const struct err *err)
{
    struct http_call *call = owner;
    call->query = NULL;
    if (err->code == ERR_NONE && count > 0) {
        call_transfer(call, records, count);
        return;
    }
    call->err.code = err->code == ERR_NONE ? ERR_NOT_FOUND : err->code;
    if (err->code == ERR_NONE)
        err_set(&call->err, ERR_NOT_FOUND, "dial tcp: lookup %.*s: no such host",
                STR(dialled_host(call)));
    else
        err_set(&call->err, err->code, "dial tcp: %.*s", STR(err_str(err)));
    if (call->proxy.is_used)
        err_wrap(&call->err, "proxyconnect tcp");
    call_end(call);
}

static void call_begin(struct http_call *call)
{
    struct http_client *c = call->client;
    call->host->in_flight++;
    c->in_flight++;
    struct dns_record literal = {0};
    if (addr_parse_ip(dialled_host(call), &literal.addr)) {
        call_transfer(call, &literal, 1);
        return;
    }
    call->state = CALL_RESOLVING;
    call->query = dns_resolve(&c->env->env, dialled_host(call), DNS_ADDR, HTTP_CONNECT_TIMEOUT,
                              on_resolved, call);
}

// Starts what may start: hosts take turns.
static void client_pump(struct http_client *c)
{
    while (c->in_flight < c->in_flight_max && !c->is_closing) {
        struct list *node = list_take_first(&c->ready);
        if (!node)
            return;
        struct http_host *h = list_item(node, struct http_host, link);
        struct list *first = list_take_first(&h->waiting);
        call_begin(list_item(first, struct http_call, link));
        host_update(c, h);
    }
}

static void call_enqueue(struct http_call *call)
{
    struct http_client *c = call->client;
    str scheme;
    bool ok = url_split(call->url, &scheme, &call->hostname, &call->port, &call->err);
    call->is_https = ok && str_eq_nocase(scheme, S("https"));
    if (!ok || !http_proxy_choose(call, call->is_https)) {
        call_fail_later(call);
        return;
    }
    if (call->first_hostname.n == 0)
        call->first_hostname = call->hostname;
    call->host = host_get(c, scheme, call->hostname, call->port);
    call->host->call_count++;
    call->state = CALL_WAITING;
    list_append(&call->host->waiting, &call->link);
    host_update(c, call->host);
    client_pump(c);
}

// ---- curl ----------------------------------------------------------------------------------

// Owners are told when curl has been left: a callback may start and cancel calls.
static void call_finish(struct http_call *call)
{
    struct http_client *c = call->client;
    call->state = CALL_FINISHED;
    if (call->result == CURLE_OK && call->err.code == ERR_NONE) {
        transfer_complete(call);
        if (!transfer_redirect(call)) {
            call_end(call);
            return;
        }
    } else if (transfer_may_retry(call)) {
        call->is_retry = true;
        c->env->counts.http_retries++;
    } else {
        transfer_explain(call);
        call_end(call);
        return;
    }
    call_withdraw(call);
    transfer_clear(call);
    call_enqueue(call);
    client_pump(c);
}

static void client_drain(struct http_client *c)
{
    int left;
    for (CURLMsg *message; (message = curl_multi_info_read(c->multi, &left)) != NULL;) {
        if (message->msg != CURLMSG_DONE)
            continue;
        struct http_call *call = NULL;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &call);
        call->result = message->data.result;
        list_append(&c->finished, &call->link);
    }
    for (struct list *node; (node = list_take_first(&c->finished)) != NULL;)
        call_finish(list_item(node, struct http_call, link));
}

static void client_act(struct http_client *c, int fd, int flags)
{
    int running;
    curl_multi_socket_action(c->multi, fd, flags, &running);
    client_drain(c);
}

static void on_socket(void *owner, int fd, int events)
{
    int flags = (events & POLL_READ ? CURL_CSELECT_IN : 0) |
                (events & POLL_WRITE ? CURL_CSELECT_OUT : 0) |
                (events & POLL_ERROR ? CURL_CSELECT_ERR : 0);
    client_act(owner, fd, flags);
}

static void on_curl_timer_fired(void *owner)
{
    client_act(owner, CURL_SOCKET_TIMEOUT, 0);
}

// Never fails: a negative answer would leave every transfer in limbo.
static int on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *owner, void *socket_data)
{
    (void)easy;
    (void)socket_data;
    struct http_client *c = owner;
    int events = (what == CURL_POLL_IN || what == CURL_POLL_INOUT ? POLL_READ : 0) |
                 (what == CURL_POLL_OUT || what == CURL_POLL_INOUT ? POLL_WRITE : 0);
    if (events && !c->is_closing)
        poll_set(c->env, fd, events, on_socket, c);
    else
        poll_drop(c->env, fd);
    return 0;
}

// 0 means "soon, but not from in here": the queue runs it next turn. -1 deletes the timer.
static int on_curl_timer(CURLM *multi, long timeout_ms, void *owner)
{
    (void)multi;
    struct http_client *c = owner;
    if (timeout_ms < 0)
        timer_queue_cancel(&c->env->timers, &c->timer);
    else if (!c->is_closing)
        timer_queue_set(&c->env->timers, &c->timer,
                        add_saturated((mono_ns)uv_hrtime(), DUR_MS((int64_t)timeout_ms)));
    return 0;
}

// ---- the calls -----------------------------------------------------------------------------

static void copy_request(struct http_call *call, const struct http_request *r)
{
    struct arena *mem = &call->mem;
    call->method = arena_c(mem, r->method.n ? r->method : S("GET"));
    call->url = arena_c(mem, r->url);
    call->headers = arena_array(mem, struct http_header, MAX(r->header_count, 1));
    call->header_count = r->header_count;
    for (size_t i = 0; i < r->header_count; i++)
        call->headers[i] = (struct http_header){arena_str(mem, r->headers[i].name),
                                                arena_str(mem, r->headers[i].value)};
    buf_put(&call->body, r->body);
    call->conf = r->conf;
    call->began_at = (mono_ns)uv_hrtime();
    call->no_redirects = r->no_redirects || (r->conf && r->conf->no_redirects);
    call->has_referer = http_header_find(r->headers, r->header_count, S("Referer")).n > 0;
    call->response_body.max =
        r->response_bytes_max ? r->response_bytes_max : HTTP_RESPONSE_BYTES_MAX;
}

bool http_header_is_fine(str name, str value, struct err *err)
{
    if (name.n == 0 || str_find(name, '\n') != STR_NONE || str_find(name, ':') != STR_NONE)
        return err_set(err, ERR_INVALID, "net/http: invalid header field name \"%.*s\"", STR(name));
    if (str_find(value, '\n') != STR_NONE || str_find(value, '\r') != STR_NONE ||
        str_find(value, '\0') != STR_NONE)
        return err_set(err, ERR_INVALID, "net/http: invalid header field value for \"%.*s\"",
                       STR(name));
    return true;
}

static bool request_is_fine(const struct http_client *c, const struct http_request *r,
                            struct err *err)
{
    if (c->call_count > HTTP_CALLS_MAX)
        return err_set(err, ERR_LIMIT, "too many HTTP requests at once");
    if (str_find(r->url, '\0') != STR_NONE)
        return err_set(err, ERR_INVALID, "net/url: invalid control character in URL");
    for (size_t i = 0; i < r->header_count; i++) {
        if (!http_header_is_fine(r->headers[i].name, r->headers[i].value, err))
            return false;
    }
    return true;
}

// Into its host's queue as soon as its credentials are there.
static void call_authorize(struct http_call *call)
{
    enum auth_verdict verdict = call->conf ? http_auth_begin(call) : AUTH_READY;
    switch (verdict) {
    case AUTH_READY:
        call_enqueue(call);
        return;
    case AUTH_WAITING:
        call->state = CALL_AUTH;
        return;
    case AUTH_FAILED:
        call_fail_later(call);
        return;
    }
}

void http_call_resume(struct http_call *call)
{
    call_authorize(call);
}

struct http_auth *http_client_auth(struct http_client *c)
{
    return c->auth;
}

struct http_call *http_client_start(struct env *env, const struct http_request *request,
                                    http_done_fn *fn, void *owner)
{
    struct env_uv *e = env_uv_of(env);
    if (!e->http)
        e->http = http_client_new(e);
    struct http_client *c = e->http;
    struct http_call *call = mem_new(struct http_call);
    call->client = c;
    call->env = c->env;
    call->fn = fn;
    call->owner = owner;
    timer_init(&call->timer, on_call_timer, call);
    list_append(&c->calls, &call->all);
    c->call_count++;
    c->env->counts.http_requests++;
    copy_request(call, request);
    if (!request_is_fine(c, request, &call->err)) {
        call_fail_later(call);
        return call;
    }
    if (request->timeout > 0)
        timer_queue_set(&c->env->timers, &call->timer,
                        add_saturated((mono_ns)uv_hrtime(), request->timeout));
    call_authorize(call);
    return call;
}

void http_client_cancel(struct http_call *call)
{
    struct http_client *c = call->client;
    call_free(call);
    client_pump(c);
}

// ---- life ----------------------------------------------------------------------------------

struct http_client *http_client_new(struct env_uv *e)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        panic("cannot initialise libcurl");
    struct http_client *c = mem_new(struct http_client);
    c->env = e;
    c->seed = rand_u64(&e->rand);
    c->per_host_max =
        e->options.http_per_host_max ? e->options.http_per_host_max : HTTP_PER_HOST_MAX;
    c->in_flight_max =
        e->options.http_in_flight_max ? e->options.http_in_flight_max : HTTP_IN_FLIGHT_MAX;
    list_init(&c->ready);
    list_init(&c->calls);
    list_init(&c->finished);
    timer_init(&c->timer, on_curl_timer_fired, c);
    c->auth = http_auth_new(e);
    c->multi = curl_multi_init();
    if (!c->multi)
        panic("out of memory: a curl multi handle");
    curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
    curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
    curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, on_curl_timer);
    curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
    // By default four times the transfers, shrinking with them and closing warm connections.
    curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, (long)HTTP_CONNECTIONS_KEPT);
    return c;
}

void http_client_free(struct http_client *c)
{
    if (!c)
        return;
    c->is_closing = true;
    http_auth_close(c->auth);
    while (!list_is_empty(&c->calls))
        call_free(list_item(c->calls.next, struct http_call, all));
    while (c->pool_count)
        curl_easy_cleanup(c->pool[--c->pool_count]);
    curl_multi_cleanup(c->multi);
    curl_global_cleanup();
    http_auth_free(c->auth);
    timer_queue_cancel(&c->env->timers, &c->timer);
    map_done(&c->hosts);
    mem_free(c);
}
