// SPDX-License-Identifier: Apache-2.0
// TCP streams; listen_uv.c accepts them, stream_tls.c puts TLS between a stream and its owner.
#include "base/core/alloc.h"
#include "base/io/stream.h"

#define KEEPALIVE_S              15                // Go's default
#define FLUSH_TIMEOUT            DUR_SECONDS(30)   // for bytes written before the close
#define LINGER_TIMEOUT           DUR_SECONDS(5)    // for the other side's end
#define LINGER_BYTES_MAX         ((size_t)1 << 20) // of what it still sends
#define STREAM_PENDING_BYTES_MAX ((size_t)256 << 20)

struct write {
    uv_write_t req;
    char bytes[];
};

static void on_stream_timer(void *owner);
static void stream_shut(struct stream *s);

// ---- life ----------------------------------------------------------------------------------

struct stream *stream_new(struct env_uv *e, enum stream_state state)
{
    struct stream *s = mem_new(struct stream);
    s->env = e;
    s->state = state;
    timer_init(&s->timer, on_stream_timer, s);
    uv_tcp_init(&e->loop, &s->handle);
    s->handle.data = s->connect.data = s->shutdown.data = s;
    list_append(&e->streams, &s->link);
    return s;
}

static void on_stream_closed(uv_handle_t *handle)
{
    struct stream *s = handle->data;
    tls_session_free(s->tls);
    buf_done(&s->head);
    mem_free(s->why);
    mem_free(s);
}

void stream_destroy(struct stream *s)
{
    if (s->listener)
        s->listener->shaking_count--;
    s->listener = NULL;
    s->state = STREAM_GONE;
    timer_queue_cancel(&s->env->timers, &s->timer);
    list_remove(&s->link);
    uv_close((uv_handle_t *)&s->handle, on_stream_closed);
}

void stream_set_timer(struct stream *s, dur_ns delay)
{
    timer_queue_set(&s->env->timers, &s->timer, add_saturated((mono_ns)uv_hrtime(), delay));
}

static void stream_explain(const struct stream *s, struct err *err)
{
    char peer[ADDR_TEXT_BYTES];
    addr_text(&s->peer, peer);
    bool is_dial = strcmp(s->failing, "dial") == 0;
    enum err_code code = s->failure == UV_ETIMEDOUT ? ERR_TIMEOUT : ERR_NETWORK;
    struct sockaddr_storage sa;
    int sa_bytes = sizeof(sa);
    struct addr local;
    char local_text[ADDR_TEXT_BYTES] = "";
    if (is_dial)
        err_os(err, code, -s->failure, "dial tcp %s: connect", peer);
    else if (uv_tcp_getsockname(&s->handle, (struct sockaddr *)&sa, &sa_bytes) == 0 &&
             addr_from_os((struct sockaddr *)&sa, &local))
        err_os(err, code, -s->failure, "%s tcp %s->%s: %s", s->failing,
               addr_text(&local, local_text), peer, s->failing);
    else
        err_os(err, code, -s->failure, "%s tcp %s", s->failing, peer);
}

// The end that its owner hears of, if there is one.
void stream_end(struct stream *s)
{
    struct err err = ERR_INIT;
    if (s->why)
        err = *s->why;
    else if (s->failure)
        stream_explain(s, &err);
    struct stream_events events = s->events;
    void *owner = s->owner;
    if (s->failure || !s->has_written) {
        stream_destroy(s);
    } else { // the other side has ended its half; ours is still sent
        s->state = STREAM_CLOSING;
        stream_shut(s);
    }
    if (s->has_events && events.on_close)
        events.on_close(owner, &err);
}

static void stream_fail(struct stream *s, const char *failing, int failure)
{
    if (s->state == STREAM_CLOSING) {
        stream_destroy(s);
    } else if (s->state != STREAM_GONE) {
        s->failing = failing;
        s->failure = failure;
        stream_end(s);
    }
}

// Like stream_fail, but from inside a call of the owner: reported next turn.
void stream_fail_later(struct stream *s, const char *failing, int failure)
{
    if (s->failure)
        return;
    s->failing = failing;
    s->failure = failure;
    uv_read_stop((uv_stream_t *)&s->handle);
    stream_set_timer(s, 0);
}

static void on_stream_timer(void *owner)
{
    struct stream *s = owner;
    if (s->state == STREAM_CLOSING)
        stream_destroy(s); // too slow: what is unsent is lost
    else if (s->state == STREAM_SHAKING && s->starts_tls)
        stream_tls_start(s);
    else if (s->state == STREAM_SHAKING && !s->failure)
        stream_fail(s, "handshake", UV_ETIMEDOUT);
    else
        stream_end(s);
}

// ---- reading -------------------------------------------------------------------------------

static void on_stream_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
    (void)suggested;
    struct stream *s = handle->data;
    *ret = uv_buf_init(s->env->read_buffer, READ_BUFFER_BYTES);
}

// Data for a stream that has been let go. A peer that sends for ever is cut off.
static void stream_drop(struct stream *s, size_t bytes)
{
    s->dropped += bytes;
    if (s->dropped <= LINGER_BYTES_MAX)
        return;
    uv_read_stop((uv_stream_t *)&s->handle);
    s->has_ended = true;
    if (net_stream_pending(s) == 0)
        stream_destroy(s);
}

static void on_stream_read(uv_stream_t *handle, ssize_t n, const uv_buf_t *data)
{
    struct stream *s = handle->data;
    if (n == 0 || s->state == STREAM_GONE || s->failure)
        return;
    if (n == UV_EOF) {
        uv_read_stop(handle);
        s->has_ended = true;
        if (s->state == STREAM_SHAKING || (s->state == STREAM_OPEN && s->tls))
            stream_tls_eof(s);
        else if (s->state == STREAM_OPEN)
            stream_end(s);
        else if (uv_stream_get_write_queue_size(handle) == 0)
            stream_destroy(s);
    } else if (n < 0) {
        stream_fail(s, "read", (int)n);
    } else if (s->state == STREAM_CLOSING) {
        stream_drop(s, (size_t)n);
    } else if (s->tls) {
        stream_tls_read(s, str_from(data->base, (size_t)n));
    } else if (s->events.on_data) {
        s->events.on_data(s->owner, str_from(data->base, (size_t)n));
    }
}

void stream_opened(struct stream *s)
{
    uv_tcp_nodelay(&s->handle, 1);
    uv_tcp_keepalive(&s->handle, 1, KEEPALIVE_S);
    uv_read_start((uv_stream_t *)&s->handle, on_stream_alloc, on_stream_read);
}

// ---- writing -------------------------------------------------------------------------------

static void on_stream_written(uv_write_t *req, int status)
{
    struct stream *s = req->data;
    mem_free(container_of(req, struct write, req));
    if (status < 0)
        stream_fail(s, "write", status);
}

void net_stream_write(struct stream *s, str data)
{
    assert(s->state == STREAM_OPEN || (s->state == STREAM_DIALLING && !s->tls));
    if (data.n == 0 || s->failure)
        return;
    if (s->tls)
        stream_tls_write(s, data);
    else
        stream_write_raw(s, data);
}

void stream_write_raw(struct stream *s, str data)
{
    s->has_written = true;
    if (data.n + net_stream_pending(s) > STREAM_PENDING_BYTES_MAX) {
        stream_fail_later(s, "write", UV_ENOBUFS);
        return;
    }
    uv_buf_t now = uv_buf_init((char *)(uintptr_t)data.p, (unsigned)data.n);
    int sent = uv_try_write((uv_stream_t *)&s->handle, &now, 1);
    if (sent < 0 && sent != UV_EAGAIN) {
        stream_fail_later(s, "write", sent);
        return;
    }
    data = str_skip(data, sent > 0 ? (size_t)sent : 0);
    if (data.n == 0)
        return;
    struct write *w = mem_alloc(sizeof(*w) + data.n);
    w->req.data = s;
    memcpy(w->bytes, data.p, data.n);
    uv_buf_t rest = uv_buf_init(w->bytes, (unsigned)data.n);
    int rc = uv_write(&w->req, (uv_stream_t *)&s->handle, &rest, 1, on_stream_written);
    if (rc != 0) {
        mem_free(w);
        stream_fail_later(s, "write", rc);
    }
}

size_t net_stream_pending(const struct stream *s)
{
    return uv_stream_get_write_queue_size((const uv_stream_t *)&s->handle);
}

// ---- closing -------------------------------------------------------------------------------

static void on_stream_shut(uv_shutdown_t *req, int status)
{
    struct stream *s = req->data;
    if (s->state != STREAM_CLOSING)
        return;
    if (status < 0 || s->has_ended)
        stream_destroy(s);
    else
        stream_set_timer(s, LINGER_TIMEOUT);
}

static void stream_shut(struct stream *s)
{
    stream_set_timer(s, FLUSH_TIMEOUT);
    if (s->tls)
        stream_tls_goodbye(s);
    if (s->state == STREAM_GONE)
        return;
    if (uv_shutdown(&s->shutdown, (uv_stream_t *)&s->handle, on_stream_shut) != 0)
        stream_destroy(s);
}

void net_stream_close(struct stream *s)
{
    if (s->state == STREAM_CLOSING || s->state == STREAM_GONE)
        return;
    bool is_connected = s->state == STREAM_OPEN;
    bool has_said_nothing = !s->has_written || s->state == STREAM_SHAKING;
    s->state = STREAM_CLOSING;
    timer_queue_cancel(&s->env->timers, &s->timer);
    if (s->failure || has_said_nothing)
        stream_destroy(s);
    else if (is_connected)
        stream_shut(s);
    else
        stream_set_timer(s, FLUSH_TIMEOUT); // on_connected shuts it
}

void net_stream_events(struct stream *s, const struct stream_events *events, void *owner)
{
    s->events = *events;
    s->owner = owner;
    s->has_events = true;
}

// ---- dialling ------------------------------------------------------------------------------

static void on_connected(uv_connect_t *req, int status)
{
    struct stream *s = req->data;
    if (s->state == STREAM_GONE || s->failure)
        return;
    if (status < 0) {
        stream_fail(s, "dial", status);
        return;
    }
    bool is_closing = s->state == STREAM_CLOSING;
    stream_opened(s);
    if (is_closing) {
        stream_shut(s);
        return;
    }
    if (s->tls) {
        stream_tls_start(s);
        return;
    }
    s->state = STREAM_OPEN;
    if (s->events.on_open)
        s->events.on_open(s->owner);
}

static void stream_connect(struct stream *s, const struct addr *to)
{
    struct sockaddr_storage sa;
    addr_to_os(to, &sa);
    int rc = uv_tcp_connect(&s->connect, &s->handle, (struct sockaddr *)&sa, on_connected);
    if (rc != 0)
        stream_fail_later(s, "dial", rc);
}

struct stream *net_dial(struct env *env, const struct addr *to, const struct stream_events *events,
                        void *owner)
{
    struct stream *s = stream_new(env_uv_of(env), STREAM_DIALLING);
    s->peer = *to;
    net_stream_events(s, events, owner);
    stream_connect(s, to);
    return s;
}

struct stream *net_dial_tls(struct env *env, const struct addr *to, struct tls *tls, str head,
                            const struct stream_events *events, void *owner)
{
    struct stream *s = stream_new(env_uv_of(env), STREAM_DIALLING);
    s->peer = *to;
    net_stream_events(s, events, owner);
    s->tls = tls_session_new(tls, to);
    buf_put(&s->head, head);
    stream_connect(s, to);
    return s;
}

void net_stream_close_all(struct env_uv *e)
{
    while (!list_is_empty(&e->listeners))
        net_listener_close(list_item(e->listeners.next, struct listener, link));
    while (!list_is_empty(&e->streams))
        stream_destroy(list_item(e->streams.next, struct stream, link));
}
