// SPDX-License-Identifier: Apache-2.0
// One request on its way through microhttpd: URI seen, headers seen, body collected, handed over
// (suspended until the reply), sent, completed.
#include "base/io/http_exchange.h"

#include "base/core/alloc.h"

static void on_discarded(void *owner);

// ---- life ----------------------------------------------------------------------------------

static struct exchange *exchange_get(struct http_server *s)
{
    struct list *node = list_take_first(&s->kept);
    struct exchange *x;
    if (node) {
        s->kept_count--;
        x = list_item(node, struct exchange, link);
    } else {
        x = mem_new(struct exchange);
        x->env = s->env;
        timer_init(&x->timer, on_discarded, x);
    }
    x->server = s;
    x->state = EXCHANGE_NEW;
    list_append(&s->active, &x->link);
    s->active_count++;
    return x;
}

static void exchange_free(struct exchange *x)
{
    timer_queue_cancel(&x->env->timers, &x->timer);
    list_remove(&x->link);
    arena_done(&x->mem);
    buf_done(&x->body);
    buf_done(&x->reply_body);
    mem_free(x);
}

static void buf_recycle(struct buf *b)
{
    if (b->cap > HTTP_SERVER_KEPT_BYTES_MAX)
        buf_done(b);
    else
        buf_clear(b);
}

// Makes it as good as new.
static void exchange_recycle(struct http_server *s, struct exchange *x)
{
    if (s->kept_count >= HTTP_SERVER_KEPT_EXCHANGES_MAX) {
        exchange_free(x);
        return;
    }
    buf_recycle(&x->body);
    buf_recycle(&x->reply_body);
    if (x->mem.used_bytes > HTTP_SERVER_KEPT_BYTES_MAX)
        arena_done(&x->mem);
    else
        arena_clear(&x->mem);
    *x = (struct exchange){.env = x->env,
                           .mem = x->mem,
                           .body = x->body,
                           .reply_body = x->reply_body,
                           .timer = x->timer};
    list_append(&s->kept, &x->link);
    s->kept_count++;
}

static void count_body(struct exchange *x, size_t bytes)
{
    x->server->bodies_bytes += bytes - x->body_counted;
    x->body_counted = bytes;
}

static void tell_done(struct exchange *x)
{
    void (*done)(void *) = x->reply.done;
    x->reply.done = NULL;
    if (done)
        done(x->reply.owner);
}

// An orphan has been replied to: its reply's owner is told from the loop.
static void on_discarded(void *owner)
{
    struct exchange *x = owner;
    tell_done(x);
    exchange_free(x);
}

void exchange_on_completed(void *cls, struct MHD_Connection *connection, void **context,
                           enum MHD_RequestTerminationCode code)
{
    (void)connection;
    (void)code;
    struct http_server *s = cls;
    struct exchange *x = *context;
    if (!x)
        return;
    *context = NULL;
    count_body(x, 0);
    list_remove(&x->receive_link);
    list_remove(&x->link);
    s->active_count--;
    x->connection = NULL;
    if (x->state == EXCHANGE_HANDLED) {
        x->state = EXCHANGE_ORPHAN;
        x->server = NULL;
        list_append(&x->env->orphans, &x->link);
        return;
    }
    if (x->response)
        MHD_destroy_response(take(&x->response));
    tell_done(x);
    exchange_recycle(s, x);
}

void exchanges_abort(struct http_server *s)
{
    s->is_ending = true; // from now on microhttpd's question is answered with "close"
    list_each (node, &s->active) {
        struct exchange *x = list_item(node, struct exchange, link);
        if (x->is_suspended)
            MHD_resume_connection(x->connection);
        x->is_suspended = false;
    }
    MHD_run(s->daemon); // stopping with suspended connections is forbidden
}

void exchanges_free(struct http_server *s)
{
    assert(list_is_empty(&s->active));
    while (!list_is_empty(&s->kept))
        exchange_free(list_item(s->kept.next, struct exchange, link));
}

void exchanges_drop_orphans(struct env_uv *e)
{
    for (struct list *node; (node = list_take_first(&e->orphans)) != NULL;)
        on_discarded(list_item(node, struct exchange, link));
}

// ---- deadlines of what is being received ---------------------------------------------------

static mono_ns loop_now(const struct env_uv *e)
{
    return DUR_MS((int64_t)uv_now(&e->loop));
}

static void wait_for_oldest(struct http_server *s)
{
    if (list_is_empty(&s->receiving) || timer_is_set(&s->receive_timer))
        return;
    const struct exchange *oldest = list_item(s->receiving.next, struct exchange, receive_link);
    timer_queue_set(&s->env->timers, &s->receive_timer, oldest->last_progress + s->receive_idle);
}

static void note_progress(struct exchange *x)
{
    x->last_progress = loop_now(x->env);
    list_remove(&x->receive_link);
    list_append(&x->server->receiving, &x->receive_link);
    wait_for_oldest(x->server);
}

static int connection_fd(const struct exchange *x)
{
    return MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

// The sockets are microhttpd's to close: it sees their end and cleans up.
static void on_receive_timer(void *owner)
{
    struct http_server *s = owner;
    mono_ns limit = loop_now(s->env) - s->receive_idle;
    while (!list_is_empty(&s->receiving)) {
        struct exchange *oldest = list_item(s->receiving.next, struct exchange, receive_link);
        if (oldest->last_progress > limit)
            break;
        list_remove(&oldest->receive_link);
        shutdown(connection_fd(oldest), SHUT_RDWR);
    }
    wait_for_oldest(s);
}

void exchanges_init(struct http_server *s)
{
    list_init(&s->active);
    list_init(&s->receiving);
    list_init(&s->kept);
    timer_init(&s->receive_timer, on_receive_timer, s);
    s->receive_idle = HTTP_SERVER_RECEIVE_IDLE;
    s->bodies_bytes_max = HTTP_SERVER_BODIES_BYTES_MAX;
}

// ---- receiving -----------------------------------------------------------------------------

// "/a?b" of "http://host/a?b": what a client sends to a proxy.
static str origin_form(str target)
{
    size_t scheme = str_find_str(target, S("://"));
    if (target.n == 0 || target.p[0] == '/' || scheme == STR_NONE)
        return target;
    str behind = str_skip(target, scheme + 3);
    size_t slash = str_find(behind, '/');
    return slash == STR_NONE ? S("/") : str_skip(behind, slash);
}

// Runs before microhttpd takes the URI apart, so this is the raw one.
void *exchange_on_uri(void *cls, const char *uri, struct MHD_Connection *connection)
{
    struct exchange *x = exchange_get(cls);
    x->connection = connection;
    struct http_exchange *p = &x->public;
    p->target = origin_form(arena_str(&x->mem, str_c(uri)));
    str_cut(p->target, '?', &p->path, &p->query);
    p->mem = &x->mem;
    p->reply = exchange_reply;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    p->connected_at = ((const struct connection *)info->socket_context)->opened_at;
    note_progress(x);
    return x;
}

size_t exchange_on_unescape(void *cls, struct MHD_Connection *connection, char *s)
{
    (void)cls;
    (void)connection;
    return strlen(s); // nobody reads microhttpd's view of the query
}

struct header_copy {
    struct exchange *exchange;
    struct http_header *headers;
    size_t count;
    size_t cap;
};

static enum MHD_Result copy_header(void *cls, enum MHD_ValueKind kind, const char *name,
                                   const char *value)
{
    (void)kind;
    struct header_copy *copy = cls;
    struct arena *mem = &copy->exchange->mem;
    if (copy->count < copy->cap)
        copy->headers[copy->count++] =
            (struct http_header){arena_str(mem, str_c(name)), arena_str(mem, str_c(value))};
    return MHD_YES;
}

// Copies, since an orphan outlives its connection.
static void take_headers(struct exchange *x, const char *method)
{
    struct http_exchange *p = &x->public;
    int count = MHD_get_connection_values(x->connection, MHD_HEADER_KIND, NULL, NULL);
    struct header_copy copy = {.exchange = x, .cap = count > 0 ? (size_t)count : 0};
    copy.headers = arena_array(&x->mem, struct http_header, MAX(copy.cap, 1));
    MHD_get_connection_values(x->connection, MHD_HEADER_KIND, copy_header, &copy);
    p->headers = copy.headers;
    p->header_count = copy.count;
    p->method = arena_str(&x->mem, str_c(method));
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    addr_from_os(info->client_addr, &p->peer);
}

static const char TOO_LARGE[] = "http: request body too large\n";
static const char TOO_BUSY[] = "too many request bodies at once\n";

// Before a byte of the body is read; microhttpd closes the connection behind it.
static enum MHD_Result refuse(struct exchange *x, unsigned status, const char *text)
{
    struct MHD_Response *r = MHD_create_response_from_buffer(strlen(text), (void *)(uintptr_t)text,
                                                             MHD_RESPMEM_PERSISTENT);
    MHD_add_response_header(r, "Content-Type", "text/plain; charset=utf-8");
    MHD_add_response_header(r, "X-Content-Type-Options", "nosniff");
    MHD_add_response_header(r, "Connection", "close");
    enum MHD_Result result = MHD_queue_response(x->connection, status, r);
    MHD_destroy_response(r);
    list_remove(&x->receive_link);
    x->state = EXCHANGE_SENDING;
    return result;
}

// In the middle of a body of unknown length microhttpd takes no response: the answer goes straight
// to the socket, as far as it will have it, and the connection is closed.
static enum MHD_Result refuse_late(struct exchange *x, unsigned status, const char *reason,
                                   const char *text)
{
    char answer[512];
    if (x->server->door && web_door_has_tls(x->server->door))
        return MHD_NO; // nothing can be said past the records
    int n = snprintf(answer, sizeof(answer),
                     "HTTP/1.1 %u %s\r\nContent-Type: text/plain; charset=utf-8\r\n"
                     "Connection: close\r\nContent-Length: %zu\r\n\r\n%s",
                     status, reason, strlen(text), text);
    ssize_t sent = send(connection_fd(x), answer, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL);
    (void)sent; // the client is told if it can be told
    return MHD_NO;
}

// Headers that a proxy in front of us may read otherwise, so that one request of its could be two
// of ours, are refused (RFC 9112 §6.3, §3.2). NULL: there are none.
static const char *ambiguity(const struct http_exchange *p)
{
    size_t hosts = 0, lengths = 0, encodings = 0;
    str first = S("");
    for (size_t i = 0; i < p->header_count; i++) {
        const struct http_header *h = &p->headers[i];
        hosts += str_eq_nocase(h->name, S("Host"));
        encodings += str_eq_nocase(h->name, S("Transfer-Encoding"));
        if (!str_eq_nocase(h->name, S("Content-Length")))
            continue;
        if (lengths++ > 0 && !str_eq(h->value, first))
            return "400 Bad Request: http: message cannot contain multiple Content-Length headers";
        first = h->value;
    }
    if (lengths > 0 && encodings > 0)
        return "400 Bad Request: Content-Length and Transfer-Encoding";
    return hosts > 1 ? "400 Bad Request: too many Host headers" : NULL;
}

static enum MHD_Result on_headers(struct exchange *x, const char *method)
{
    struct http_server *s = x->server;
    struct http_exchange *p = &x->public;
    take_headers(x, method);
    const char *problem = ambiguity(p);
    if (problem)
        return refuse(x, MHD_HTTP_BAD_REQUEST, problem);
    uint64_t length;
    str length_text = http_header_find(p->headers, p->header_count, S("Content-Length"));
    if (str_to_u64(length_text, &length) && length > 0) {
        if (length > s->body_bytes_max)
            return refuse(x, MHD_HTTP_CONTENT_TOO_LARGE, TOO_LARGE);
        if (s->bodies_bytes + length > s->bodies_bytes_max)
            return refuse(x, MHD_HTTP_SERVICE_UNAVAILABLE, TOO_BUSY);
        buf_reserve(&x->body, MIN((size_t)length, HTTP_SERVER_CONNECTION_BYTES));
        p->has_body = true;
    }
    x->state = EXCHANGE_RECEIVING;
    note_progress(x);
    return MHD_YES;
}

static enum MHD_Result on_body(struct exchange *x, str data)
{
    struct http_server *s = x->server;
    x->public.has_body = true;
    if (x->body.n + data.n > s->body_bytes_max)
        return refuse_late(x, MHD_HTTP_CONTENT_TOO_LARGE, "Request Entity Too Large", TOO_LARGE);
    buf_put(&x->body, data);
    count_body(x, x->body.cap);
    if (s->bodies_bytes > s->bodies_bytes_max)
        return refuse_late(x, MHD_HTTP_SERVICE_UNAVAILABLE, "Service Unavailable", TOO_BUSY);
    note_progress(x);
    return MHD_YES;
}

// ---- handing over ---------------------------------------------------------------------------

static void hand_over(struct exchange *x)
{
    x->server->handle(x->server->owner, &x->public);
}

static enum MHD_Result on_complete_request(struct exchange *x)
{
    struct http_server *s = x->server;
    list_remove(&x->receive_link);
    x->public.body = buf_str(&x->body);
    x->state = EXCHANGE_HANDLED;
    if (s->door)
        web_door_enter(s->door, x, hand_over);
    else
        hand_over(x);
    if (x->state == EXCHANGE_REPLIED)
        return exchange_queue_response(x);
    x->is_suspended = true;
    MHD_suspend_connection(x->connection);
    return MHD_YES;
}

enum MHD_Result exchange_on_request(void *cls, struct MHD_Connection *connection, const char *url,
                                    const char *method, const char *version,
                                    const char *upload_data, size_t *upload_data_size,
                                    void **context)
{
    (void)connection;
    (void)url;
    (void)version;
    const struct http_server *s = cls;
    struct exchange *x = *context;
    if (!x || s->is_ending)
        return MHD_NO;
    switch (x->state) {
    case EXCHANGE_NEW:
        return on_headers(x, method);
    case EXCHANGE_RECEIVING:
        if (*upload_data_size == 0)
            return on_complete_request(x);
        str data = str_from(upload_data, *upload_data_size);
        *upload_data_size = 0;
        return on_body(x, data);
    case EXCHANGE_REPLIED:
        return exchange_queue_response(x);
    case EXCHANGE_HANDLED:
    case EXCHANGE_SENDING:
        return MHD_YES;
    case EXCHANGE_ORPHAN:
    case EXCHANGE_DISCARDED:
        break;
    }
    return MHD_NO;
}
