// SPDX-License-Identifier: Apache-2.0
// The HTTP server, and on it the scripted services of the outside world.
#include "base/core/alloc.h"
#include "tests/sim/sim_internal.h"

#define PIECE_TIME_MAX DUR_US(200) // between the pieces of a long reply

struct http_server {
    struct sim_object obj;
    struct http_server_options opt;
    struct listener *listener;
    struct list waiting; // connections without a request yet
    struct list open;    // requests without their whole reply
    struct sim_event stopped;
    void (*on_stopped)(void *owner);
    void *stop_owner;
    bool is_stopping;
};

struct exchange {
    struct http_exchange x;
    struct sim_object obj;
    struct list link;           // in server->waiting, then server->open
    struct http_server *server; // NULL: stopped
    struct stream *stream;      // NULL: the client is gone
    struct arena mem;
    struct sim_message *request;
    bool is_handled; // the program has it, and owes a reply
    bool is_replied;
    struct http_reply reply;
    struct sim_message *response;
    struct buf body;
    struct sim_event pump; // takes the next piece, or ends the exchange
};

// ---- life of an exchange -------------------------------------------------------------------

static void server_check_stopped(struct http_server *server)
{
    if (!server->obj.proc->is_dead && server->is_stopping && list_is_empty(&server->open))
        sim_event_after(&server->stopped, 0);
}

static void reply_done(struct exchange *x)
{
    void (*done)(void *) = x->reply.done;
    x->reply.done = NULL;
    if (done)
        done(x->reply.owner);
}

static void exchange_crash(struct sim_object *o)
{
    struct exchange *x = container_of(o, struct exchange, obj);
    sim_event_cancel(&x->pump);
    list_remove(&x->link);
    reply_done(x);
}

static void exchange_free(struct sim_object *o)
{
    struct exchange *x = container_of(o, struct exchange, obj);
    sim_event_cancel(&x->pump);
    sim_message_free(x->request);
    sim_message_free(x->response);
    buf_done(&x->body);
    arena_done(&x->mem);
    mem_free(x);
}

static const struct sim_class EXCHANGE = {"HTTP request", exchange_crash, exchange_free};

static void exchange_end(struct exchange *x)
{
    struct http_server *server = x->server;
    list_remove(&x->link);
    sim_object_done(&x->obj);
    if (x->stream)
        sim_stream_close(x->stream);
    exchange_free(&x->obj);
    if (server)
        server_check_stopped(server);
}

// ---- reply ---------------------------------------------------------------------------------

// RFC 9110 §5.6.7: Sun, 06 Nov 1994 08:49:37 GMT.
static str http_date(struct arena *mem, time_ns t)
{
    static const char DAYS[] = "SunMonTueWedThuFriSat";
    static const char MONTHS[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct civil c = civil_from_time(t, 0);
    return arena_printf(
        mem, "%.3s, %02d %.3s %lld %02d:%02d:%02d GMT", DAYS + (ptrdiff_t)3 * c.weekday, c.day,
        MONTHS + (ptrdiff_t)3 * (c.month - 1), (long long)c.year, c.hour, c.minute, c.second);
}

static struct sim_message *make_response(struct exchange *x, const struct http_reply *reply)
{
    struct arena mem = {0};
    struct sim_message *m = arena_new(&mem, struct sim_message);
    m->mem = mem;
    m->status = reply->status;
    m->headers = arena_array(&m->mem, struct http_header, reply->header_count + 2);
    for (size_t i = 0; i < reply->header_count; i++)
        m->headers[m->header_count++] =
            (struct http_header){arena_str(&m->mem, reply->headers[i].name),
                                 arena_str(&m->mem, reply->headers[i].value)};
    time_ns now = sim_node_wall(x->obj.proc->node);
    m->headers[m->header_count++] = (struct http_header){S("Date"), http_date(&m->mem, now)};
    return m;
}

static void respond(struct exchange *x)
{
    struct sim_message *m = take(&x->response);
    bool is_head = str_eq(x->x.method, S("HEAD"));
    m->headers[m->header_count++] =
        (struct http_header){S("Content-Length"), arena_printf(&m->mem, "%zu", x->body.n)};
    m->body = arena_str(&m->mem, is_head ? S("") : buf_str(&x->body));
    if (x->stream)
        sim_stream_send_message(x->stream, m);
    else
        sim_message_free(m);
    reply_done(x);
    exchange_end(x);
}

static void on_pump(struct sim_event *ev)
{
    struct exchange *x = container_of(ev, struct exchange, pump);
    const struct sim_proc *p = x->obj.proc;
    bool has_more = x->reply.next && x->stream && x->reply.next(x->reply.owner, &x->body);
    if (p->is_dead)
        return;
    if (has_more)
        sim_event_after(&x->pump, sim_between(ev->world, 0, PIECE_TIME_MAX));
    else
        respond(x);
}

// The reply leaves in an event of its own, so the exchange outlives the call that answers it.
static void exchange_reply(struct http_exchange *http, const struct http_reply *reply)
{
    struct exchange *x = container_of(http, struct exchange, x);
    if (x->obj.proc->is_dead) {
        if (!x->is_replied && reply->done)
            reply->done(reply->owner);
        x->is_replied = true;
        return;
    }
    SIM_CHECK(!x->is_replied, "an HTTP request was answered twice");
    x->is_replied = true;
    x->reply = *reply;
    x->response = make_response(x, reply);
    if (!reply->next)
        buf_put(&x->body, reply->body);
    sim_event_after(&x->pump, 0);
}

void sim_exchange_reset(struct http_exchange *http)
{
    struct exchange *x = container_of(http, struct exchange, x);
    if (x->obj.proc->is_dead)
        return;
    if (x->stream)
        sim_stream_abort(take(&x->stream));
    exchange_end(x);
}

// ---- request -------------------------------------------------------------------------------

static void on_request(void *owner, struct sim_message *takes)
{
    struct exchange *x = owner;
    struct http_server *server = x->server;
    x->request = takes;
    x->is_handled = true;
    list_remove(&x->link);
    list_append(&server->open, &x->link);
    struct http_exchange *http = &x->x;
    http->method = takes->method;
    http->target = takes->target;
    str_cut(takes->target, '?', &http->path, &http->query);
    http->headers = takes->headers;
    http->header_count = takes->header_count;
    http->body = takes->body;
    http->has_body = takes->body.n > 0;
    if (takes->body.n <= server->opt.body_bytes_max)
        server->opt.handle(server->opt.owner, http);
    else
        exchange_reply(http, &(struct http_reply){.status = 413});
}

static void on_data(void *owner, str data)
{
    (void)data;
    struct exchange *x = owner;
    sim_stream_abort(take(&x->stream));
    exchange_end(x);
}

static void on_close(void *owner, const struct err *why)
{
    (void)why;
    struct exchange *x = owner;
    x->stream = NULL;
    if (!x->is_handled)
        exchange_end(x);
}

static void on_accept(void *owner, struct stream *stream, const struct addr *from)
{
    static const struct stream_events EVENTS = {NULL, on_data, on_close};
    struct http_server *server = owner;
    struct exchange *x = mem_new(struct exchange);
    x->server = server;
    x->stream = stream;
    x->x.peer = *from;
    x->x.mem = &x->mem;
    x->x.reply = exchange_reply;
    sim_object_init(&x->obj, server->obj.proc, &EXCHANGE);
    sim_event_init(&x->pump, server->stopped.world, SIM_EV_HTTP_PUMP, server->stopped.at, on_pump);
    list_append(&server->waiting, &x->link);
    sim_stream_on_message(stream, on_request);
    sim_stream_events(stream, &EVENTS, x);
}

// ---- server --------------------------------------------------------------------------------

static void server_crash(struct sim_object *o)
{
    sim_event_cancel(&container_of(o, struct http_server, obj)->stopped);
}

static void server_free(struct sim_object *o)
{
    struct http_server *server = container_of(o, struct http_server, obj);
    sim_event_cancel(&server->stopped);
    mem_free(server);
}

static const struct sim_class SERVER = {"HTTP server", server_crash, server_free};

// The end of a stop: what is still open is cut off, but may be answered later, in vain.
static void on_stopped(struct sim_event *ev)
{
    struct http_server *server = container_of(ev, struct http_server, stopped);
    for (struct list *l; (l = list_take_first(&server->open)) != NULL;) {
        struct exchange *x = list_item(l, struct exchange, link);
        x->server = NULL;
        if (x->stream)
            sim_stream_abort(take(&x->stream));
    }
    void (*fn)(void *) = server->on_stopped;
    void *owner = server->stop_owner;
    sim_object_done(&server->obj);
    server_free(&server->obj);
    if (fn)
        fn(owner);
}

// "host:port" or ":port"; a host name is this machine.
static bool parse_listen(const struct sim_node *n, str text, struct addr *ret, struct err *err)
{
    str host, port_text;
    uint64_t port;
    if (!str_cut_last(text, ':', &host, &port_text) || !str_to_u64(port_text, &port) ||
        port > UINT16_MAX)
        return err_set(err, ERR_INVALID, "listen tcp: address %.*s: missing port in address",
                       STR(text));
    struct addr a = {.ip_bytes = n->ip.ip_bytes};
    if (str_starts(host, S("[")) && str_ends(host, S("]")))
        host = str_slice(host, 1, host.n - 1);
    if (host.n && !addr_parse_ip(host, &a))
        a = n->ip;
    a.port = (uint16_t)port;
    *ret = a;
    return true;
}

struct http_server *sim_http_listen(struct env *e, const struct http_server_options *options,
                                    struct addr *ret_bound, struct err *err)
{
    struct sim_proc *p = sim_proc(e);
    struct addr bind;
    if (!parse_listen(p->node, options->listen, &bind, err))
        return NULL;
    struct http_server *server = mem_new(struct http_server);
    server->opt = *options;
    server->listener = sim_listen(e, &bind, on_accept, server, ret_bound, err);
    if (!server->listener) {
        mem_free(server);
        return NULL;
    }
    list_init(&server->waiting);
    list_init(&server->open);
    sim_event_init(&server->stopped, p->node->world, SIM_EV_HTTP_STOP, p->node, on_stopped);
    sim_object_init(&server->obj, p, &SERVER);
    return server;
}

void sim_http_server_stop(struct http_server *server, dur_ns grace, void (*on_stopped_fn)(void *),
                          void *owner)
{
    if (server->obj.proc->is_dead)
        return;
    SIM_CHECK(!server->is_stopping, "an HTTP server was stopped twice");
    server->is_stopping = true;
    server->on_stopped = on_stopped_fn;
    server->stop_owner = owner;
    sim_listener_close(take(&server->listener));
    for (struct list *l; (l = list_take_first(&server->waiting)) != NULL;) {
        struct exchange *x = list_item(l, struct exchange, link);
        sim_stream_abort(take(&x->stream));
        x->server = NULL;
        exchange_end(x);
    }
    sim_event_after(&server->stopped, list_is_empty(&server->open) ? 0 : grace);
}

// ---- services of the outside world ---------------------------------------------------------

struct service {
    struct sim_node *node;
    char listen[16];
    sim_http_service_fn *fn;
    void *owner;
};

// A reply that waits for its time; in the exchange's memory.
struct late_reply {
    struct env *env;
    struct timer timer;
    struct http_exchange *x;
    struct sim_http_answer answer;
};

static void on_late(void *owner)
{
    struct late_reply *late = owner;
    if (late->answer.fate == SIM_HTTP_RESETS) {
        sim_exchange_reset(late->x);
        return;
    }
    struct http_header headers[2];
    size_t count = 0;
    if (late->answer.content_type.n)
        headers[count++] = (struct http_header){S("Content-Type"), late->answer.content_type};
    if (late->answer.header.name.n)
        headers[count++] = late->answer.header;
    late->x->reply(late->x, &(struct http_reply){
                                .status = late->answer.status ? late->answer.status : 200,
                                .headers = headers,
                                .header_count = count,
                                .body = late->answer.body,
                            });
}

static void on_service_request(void *owner, struct http_exchange *x)
{
    struct service *s = owner;
    struct late_reply *late = arena_new(x->mem, struct late_reply);
    s->fn(s->owner, x, &late->answer);
    if (late->answer.fate == SIM_HTTP_NEVER)
        return;
    late->env = sim_node_env(s->node);
    late->x = x;
    late->answer.body = arena_str(x->mem, late->answer.body);
    late->answer.content_type = arena_str(x->mem, late->answer.content_type);
    late->answer.header.name = arena_str(x->mem, late->answer.header.name);
    late->answer.header.value = arena_str(x->mem, late->answer.header.value);
    timer_init(&late->timer, on_late, late);
    env_timer_after(late->env, &late->timer, late->answer.delay);
}

static void service_start(struct sim_node *n, void *ctx)
{
    struct service *s = ctx;
    struct err err = ERR_INIT;
    struct http_server_options opt = {
        .listen = str_c(s->listen),
        .body_bytes_max = SIZE_MAX,
        .handle = on_service_request,
        .owner = s,
    };
    if (!env_http_listen(sim_node_env(n), &opt, NULL, &err))
        panic("%.*s", STR(err_str(&err)));
}

struct sim_node *sim_http_service(struct sim_world *w, const char *name, const char *ip,
                                  uint16_t port, sim_http_service_fn *fn, void *owner)
{
    struct sim_node *n = sim_node_new(w, name, ip);
    struct service *s = mem_new(struct service);
    *s = (struct service){.node = n, .fn = fn, .owner = owner};
    snprintf(s->listen, sizeof(s->listen), ":%u", port);
    n->on_start = service_start;
    n->on_start_ctx = s;
    service_start(n, s);
    return n;
}
