// SPDX-License-Identifier: Apache-2.0
// TLS between a TCP stream and its owner.
//
// An owner may close its stream inside any callback, and the system may refuse a write: each step
// looks at the stream's state again.
#include "base/core/alloc.h"
#include "base/io/stream.h"

static bool is_alive(const struct stream *s)
{
    return (s->state == STREAM_SHAKING || s->state == STREAM_OPEN) && !s->failure;
}

static void stream_tls_flush(struct stream *s)
{
    struct buf *out = tls_session_out(s->tls);
    if (out->n && s->state != STREAM_GONE)
        stream_write_raw(s, buf_str(out));
    buf_clear(out);
}

static void stream_tls_fail(struct stream *s, const struct err *err)
{
    s->why = mem_new(struct err);
    *s->why = *err;
    stream_end(s); // what was written last, the alert, is still sent
}

// The handshake is done. From here on the end of this stream is a goodbye, even if its owner never
// writes: has_written says that there is something to flush.
static void stream_tls_opened(struct stream *s)
{
    struct listener *l = s->listener;
    timer_queue_cancel(&s->env->timers, &s->timer);
    s->state = STREAM_OPEN;
    s->has_written = true;
    if (l) {
        l->shaking_count--;
        s->listener = NULL;
        listener_hand_over(l, s);
        return;
    }
    if (s->head.n)
        stream_tls_write(s, buf_str(&s->head));
    buf_done(&s->head);
    if (is_alive(s) && s->events.on_open)
        s->events.on_open(s->owner);
}

static void stream_tls_turn(struct stream *s)
{
    struct err err = ERR_INIT;
    str data = S("");
    while (is_alive(s)) {
        enum tls_step step = tls_session_next(s->tls, &data, &err);
        stream_tls_flush(s);
        if (step == TLS_MORE || !is_alive(s))
            break;
        if (step == TLS_OPENED) {
            stream_tls_opened(s);
        } else if (step == TLS_DATA && s->events.on_data) {
            s->events.on_data(s->owner, data);
        } else if (step == TLS_END) {
            uv_read_stop((uv_stream_t *)&s->handle);
            s->has_ended = true;
            stream_end(s);
        } else if (step == TLS_FAILED) {
            stream_tls_fail(s, &err);
        }
    }
    tls_session_feed(s->tls, S("")); // what was lent is gone
}

void stream_tls_start(struct stream *s)
{
    s->state = STREAM_SHAKING;
    s->starts_tls = false;
    stream_set_timer(s, HANDSHAKE_TIMEOUT);
    stream_tls_turn(s); // a client speaks first
}

// The handshake begins in the next turn of the loop: it may fail at once, and no callback comes
// inside a call.
void net_stream_starttls(struct stream *s, struct tls *tls)
{
    assert(s->state == STREAM_OPEN && !s->tls);
    s->tls = tls_session_new(tls, &s->peer);
    if (s->failure)
        return; // its on_close is on the way
    s->state = STREAM_SHAKING;
    s->starts_tls = true;
    stream_set_timer(s, 0);
}

void stream_tls_read(struct stream *s, str ciphertext)
{
    tls_session_feed(s->tls, ciphertext);
    stream_tls_turn(s);
}

void stream_tls_eof(struct stream *s)
{
    struct err err = ERR_INIT;
    err_set(&err, ERR_NETWORK, "unexpected EOF");
    stream_tls_fail(s, &err);
}

void stream_tls_write(struct stream *s, str data)
{
    if (!tls_session_write(s->tls, data))
        stream_fail_later(s, "write", UV_EPROTO);
    stream_tls_flush(s);
}

void stream_tls_goodbye(struct stream *s)
{
    tls_session_goodbye(s->tls);
    stream_tls_flush(s);
}
