// SPDX-License-Identifier: Apache-2.0
// The HTTP client: name, connection, request, response; one connection per call.
#include "base/core/alloc.h"
#include "tests/sim/sim_internal.h"

#define ADDRESSES_MAX   16 // of one host that are tried in turn
#define CONNECT_TIMEOUT DUR_SECONDS(30)

struct http_call {
    struct sim_object obj;
    struct arena mem;
    str host, host_port;
    uint16_t port;
    struct sim_message *request; // until it is sent
    size_t response_bytes_max;
    http_done_fn *on_done;
    void *owner;
    struct dns_query *query;
    struct stream *stream;
    struct addr addresses[ADDRESSES_MAX];
    size_t address_count, address_index;
    const char *refusal; // why the call cannot be made at all; NULL: it can
    struct sim_event start;
    struct sim_event connect_deadline;
    struct sim_event deadline;
};

static void call_connect(struct http_call *call);

// ---- life ----------------------------------------------------------------------------------

static void call_crash(struct sim_object *o)
{
    struct http_call *call = container_of(o, struct http_call, obj);
    sim_event_cancel(&call->start);
    sim_event_cancel(&call->connect_deadline);
    sim_event_cancel(&call->deadline);
}

// The stream and the query of a dead process are in its list, too.
static void call_free(struct sim_object *o)
{
    struct http_call *call = container_of(o, struct http_call, obj);
    call_crash(o);
    sim_message_free(call->request);
    arena_done(&call->mem);
    mem_free(call);
}

static const struct sim_class CALL = {"HTTP call", call_crash, call_free};

static void call_close(struct http_call *call)
{
    struct env *e = &call->obj.proc->env;
    env_resolve_cancel(e, take(&call->query));
    env_stream_close(e, take(&call->stream));
    sim_object_done(&call->obj);
}

static void call_finish(struct http_call *call, const struct http_response *response,
                        const struct err *err)
{
    call_close(call);
    http_done_fn *on_done = call->on_done;
    void *owner = call->owner;
    call_crash(&call->obj);
    on_done(owner, response, err);
    call_free(&call->obj);
}

static void call_fail(struct http_call *call, enum err_code code, const char *why)
{
    struct err err = ERR_INIT;
    err_set(&err, code, "%s", why);
    call_finish(call, NULL, &err);
}

void sim_http_cancel(struct http_call *call)
{
    if (call->obj.proc->is_dead)
        return;
    SIM_CHECK(list_is_linked(&call->obj.link), "an HTTP call was cancelled inside its on_done");
    call_close(call);
    call_free(&call->obj);
}

// ---- response ------------------------------------------------------------------------------

static void on_response(void *owner, struct sim_message *takes)
{
    struct http_call *call = owner;
    struct http_response response = {
        .status = takes->status,
        .headers = takes->headers,
        .header_count = takes->header_count,
        .body = takes->body,
    };
    struct err err = ERR_INIT;
    if (response.body.n > call->response_bytes_max)
        call_fail(call, ERR_LIMIT, "response body is too large");
    else
        call_finish(call, &response, &err);
    sim_message_free(takes);
}

static void on_open(void *owner)
{
    struct http_call *call = owner;
    sim_event_cancel(&call->connect_deadline);
    sim_stream_send_message(call->stream, take(&call->request));
}

static void on_data(void *owner, str data)
{
    (void)data;
    call_fail(owner, ERR_NETWORK, "malformed HTTP response");
}

static void on_close(void *owner, const struct err *why)
{
    struct http_call *call = owner;
    call->stream = NULL;
    bool was_open = call->request == NULL;
    if (!was_open && ++call->address_index < call->address_count)
        call_connect(call);
    else if (why->code == ERR_NONE)
        call_fail(call, ERR_NETWORK, "EOF");
    else
        call_finish(call, NULL, why);
}

// ---- request -------------------------------------------------------------------------------

static void call_connect(struct http_call *call)
{
    static const struct stream_events EVENTS = {on_open, on_data, on_close};
    struct addr to = call->addresses[call->address_index];
    to.port = call->port;
    sim_event_after(&call->connect_deadline, CONNECT_TIMEOUT);
    call->stream = env_dial(&call->obj.proc->env, &to, &EVENTS, call);
    sim_stream_on_message(call->stream, on_response);
}

static void on_resolved(void *owner, const struct dns_record *records, size_t count,
                        const struct err *err)
{
    struct http_call *call = owner;
    call->query = NULL;
    if (err->code != ERR_NONE || count == 0) {
        struct err why = ERR_INIT;
        err_set(&why, err->code, "%.*s", STR(err_str(err)));
        if (err->code == ERR_NONE)
            err_set(&why, ERR_NOT_FOUND, "lookup %.*s: no such host", STR(call->host));
        err_wrap(&why, "dial tcp");
        call_finish(call, NULL, &why);
        return;
    }
    call->address_count = MIN(count, ADDRESSES_MAX);
    for (size_t i = 0; i < call->address_count; i++)
        call->addresses[i] = records[i].addr;
    call_connect(call);
}

static void on_start(struct sim_event *ev)
{
    struct http_call *call = container_of(ev, struct http_call, start);
    if (call->refusal) {
        call_fail(call, ERR_INVALID, call->refusal);
        return;
    }
    if (addr_parse_ip(call->host, &call->addresses[0])) {
        call->address_count = 1;
        call_connect(call);
        return;
    }
    call->query =
        env_resolve(&call->obj.proc->env, call->host, DNS_ADDR, DUR_SECONDS(10), on_resolved, call);
}

static void on_connect_deadline(struct sim_event *ev)
{
    struct http_call *call = container_of(ev, struct http_call, connect_deadline);
    struct addr to = call->addresses[call->address_index];
    to.port = call->port;
    defer(buf_done) struct buf text = {0};
    buf_put_addr(&text, &to);
    struct err err = ERR_INIT;
    err_set(&err, ERR_TIMEOUT, "dial tcp %.*s: i/o timeout", STR(buf_str(&text)));
    call_finish(call, NULL, &err);
}

static void on_deadline(struct sim_event *ev)
{
    call_fail(container_of(ev, struct http_call, deadline), ERR_TIMEOUT,
              "context deadline exceeded");
}

// host, host:port, [host]:port
static bool parse_authority(struct http_call *call, str authority, struct err *err)
{
    call->host = call->host_port = authority;
    size_t colon = str_find_last(authority, ':');
    bool is_inside = colon != STR_NONE && str_find(str_skip(authority, colon), ']') != STR_NONE;
    if (colon != STR_NONE && !is_inside) {
        str text = str_skip(authority, colon + 1);
        uint64_t port;
        if (!str_to_u64(text, &port) || port == 0 || port > UINT16_MAX)
            return err_set(err, ERR_INVALID, "dial tcp: address %.*s: invalid port", STR(text));
        call->port = (uint16_t)port;
        call->host = str_slice(authority, 0, colon);
    }
    if (str_starts(call->host, S("[")) && str_ends(call->host, S("]")))
        call->host = str_slice(call->host, 1, call->host.n - 1);
    return call->host.n > 0 || err_set(err, ERR_INVALID, "http: no Host in request URL");
}

// scheme://[user@]authority[/path][?query][#fragment]
static bool parse_url(struct http_call *call, str url, str *ret_target, struct err *err)
{
    size_t scheme_bytes = str_find_str(url, S("://"));
    bool has_scheme = scheme_bytes != STR_NONE;
    str scheme = str_slice(url, 0, has_scheme ? scheme_bytes : 0);
    str rest = has_scheme ? str_skip(url, scheme_bytes + 3) : url;
    bool is_https = str_eq_nocase(scheme, S("https"));
    if (!is_https && !str_eq_nocase(scheme, S("http")))
        return err_set(err, ERR_INVALID, "unsupported protocol scheme \"%.*s\"", STR(scheme));
    call->port = is_https ? 443 : 80;
    size_t end = 0;
    while (end < rest.n && rest.p[end] != '/' && rest.p[end] != '?' && rest.p[end] != '#')
        end++;
    str authority = str_slice(rest, 0, end);
    str target, fragment;
    str_cut(str_skip(rest, end), '#', &target, &fragment);
    size_t at = str_find_last(authority, '@');
    if (at != STR_NONE)
        authority = str_skip(authority, at + 1);
    bool is_bare = target.n == 0 || target.p[0] != '/';
    *ret_target = arena_printf(&call->mem, "%s%.*s", is_bare ? "/" : "", STR(target));
    return parse_authority(call, authority, err);
}

static void put_header(struct sim_message *m, str name, str value)
{
    m->headers[m->header_count++] =
        (struct http_header){arena_str(&m->mem, name), arena_str(&m->mem, value)};
}

static struct sim_message *make_request(const struct http_call *call,
                                        const struct http_request *request, str target)
{
    struct arena mem = {0};
    struct sim_message *m = arena_new(&mem, struct sim_message);
    m->mem = mem;
    m->method = arena_str(&m->mem, request->method.n ? request->method : S("GET"));
    m->target = arena_str(&m->mem, target);
    m->body = arena_str(&m->mem, request->body);
    m->headers = arena_array(&m->mem, struct http_header, request->header_count + 2);
    put_header(m, S("Host"), call->host_port);
    for (size_t i = 0; i < request->header_count; i++)
        put_header(m, request->headers[i].name, request->headers[i].value);
    if (request->body.n)
        put_header(m, S("Content-Length"), arena_printf(&m->mem, "%zu", request->body.n));
    return m;
}

struct http_call *sim_http(struct env *e, const struct http_request *request, http_done_fn *on_done,
                           void *owner)
{
    struct sim_proc *p = sim_proc(e);
    struct http_call *call = mem_new(struct http_call);
    call->on_done = on_done;
    call->owner = owner;
    call->response_bytes_max =
        request->response_bytes_max ? request->response_bytes_max : HTTP_RESPONSE_BYTES_MAX;
    sim_object_init(&call->obj, p, &CALL);
    sim_event_init(&call->start, p->node->world, SIM_EV_HTTP_CALL, p->node, on_start);
    sim_event_init(&call->connect_deadline, p->node->world, SIM_EV_HTTP_DEADLINE, p->node,
                   on_connect_deadline);
    sim_event_init(&call->deadline, p->node->world, SIM_EV_HTTP_DEADLINE, p->node, on_deadline);
    if (p->is_dead)
        return call;
    str target = {0};
    struct err err = ERR_INIT;
    if (!parse_url(call, arena_str(&call->mem, request->url), &target, &err))
        call->refusal = arena_c(&call->mem, err_str(&err));
    call->request = make_request(call, request, target);
    sim_event_after(&call->start, 0);
    if (request->timeout > 0)
        sim_event_after(&call->deadline, request->timeout);
    return call;
}
