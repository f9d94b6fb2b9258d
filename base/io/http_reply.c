// SPDX-License-Identifier: Apache-2.0
// The reply to an exchange: made into microhttpd's response, whole or in pieces. microhttpd takes
// a response only when it asks for one, so a reply that comes later resumes the connection and
// waits for the question.
#include "base/core/alloc.h"
#include "base/io/http_exchange.h"

static ssize_t on_send(void *cls, uint64_t pos, char *to, size_t max)
{
    (void)pos;
    struct exchange *x = cls;
    while (x->reply_sent == x->reply_body.n) {
        if (x->is_last_piece)
            return MHD_CONTENT_READER_END_OF_STREAM;
        buf_clear(&x->reply_body);
        x->reply_sent = 0;
        x->is_last_piece = !x->reply.next(x->reply.owner, &x->reply_body);
    }
    size_t n = MIN(max, x->reply_body.n - x->reply_sent);
    memcpy(to, x->reply_body.p + x->reply_sent, n);
    x->reply_sent += n;
    return (ssize_t)n;
}

// Header values are one line: what would end it becomes a space, as in Go.
static char *header_text(struct arena *mem, str s)
{
    char *c = arena_c(mem, s);
    for (size_t i = 0; i < s.n; i++) {
        if (c[i] == '\r' || c[i] == '\n' || c[i] == '\t' || c[i] == '\0')
            c[i] = ' ';
    }
    return c;
}

static void add_headers(struct exchange *x, const struct http_reply *reply)
{
    for (size_t i = 0; i < reply->header_count; i++) {
        const struct http_header *h = &reply->headers[i];
        if (str_eq_nocase(h->name, S("Content-Length")) || str_eq_nocase(h->name, S("Date")))
            continue;
        MHD_add_response_header(x->response, header_text(&x->mem, h->name),
                                header_text(&x->mem, h->value));
    }
    for (size_t i = 0; i < x->door_header_count; i++)
        MHD_add_response_header(x->response, header_text(&x->mem, x->door_headers[i].name),
                                header_text(&x->mem, x->door_headers[i].value));
    if (x->server->is_stopping)
        MHD_add_response_header(x->response, "Connection", "close");
}

// The body lives in the exchange, which outlives the response: no copy of microhttpd's own.
static void make_response(struct exchange *x, const struct http_reply *reply)
{
    if (reply->next) {
        x->response = MHD_create_response_from_callback(
            MHD_SIZE_UNKNOWN, HTTP_SERVER_SEND_PIECE_BYTES, on_send, x, NULL);
    } else {
        buf_put(&x->reply_body, reply->body);
        x->response = MHD_create_response_from_buffer(x->reply_body.n, x->reply_body.p,
                                                      MHD_RESPMEM_PERSISTENT);
    }
    if (!x->response)
        panic("out of memory: an HTTP response");
    add_headers(x, reply);
}

void exchange_reply(struct http_exchange *public, const struct http_reply *reply)
{
    struct exchange *x = container_of(public, struct exchange, public);
    x->reply = *reply;
    if (x->state == EXCHANGE_ORPHAN) {
        x->state = EXCHANGE_DISCARDED;
        timer_queue_set(&x->env->timers, &x->timer, (mono_ns)uv_hrtime());
        return;
    }
    assert(x->state == EXCHANGE_HANDLED);
    make_response(x, reply);
    x->state = EXCHANGE_REPLIED;
    if (!x->is_suspended)
        return; // still inside of the handler
    x->is_suspended = false;
    MHD_resume_connection(x->connection);
    x->server->needs_run = true;
}

enum MHD_Result exchange_queue_response(struct exchange *x)
{
    enum MHD_Result result =
        MHD_queue_response(x->connection, (unsigned)x->reply.status, x->response);
    MHD_destroy_response(take(&x->response));
    x->state = EXCHANGE_SENDING;
    return result;
}
