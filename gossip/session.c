// SPDX-License-Identifier: Apache-2.0
#include "gossip/session.h"

#include "base/core/alloc.h"

static const struct stream_events SESSION_EVENTS;
static void session_on_deadline(void *owner);

static struct session *session_new(struct swim *s, enum session_kind kind, const struct addr *peer)
{
    struct session *n = mem_new(struct session);
    *n = (struct session){.swim = s, .kind = kind, .peer = addr_normal(*peer)};
    n->in.max = STREAM_BYTES_MAX;
    list_append(&s->sessions, &n->link);
    timer_init(&n->deadline, session_on_deadline, n);
    env_timer_after(s->env, &n->deadline, s->options.tcp_timeout);
    return n;
}

static void session_free(struct session *n)
{
    struct swim *s = n->swim;
    env_timer_cancel(s->env, &n->deadline);
    if (n->stream)
        env_stream_close(s->env, n->stream);
    if (n->kind == SESSION_SERVER)
        s->accepted_count--;
    s->held_bytes -= n->in.n;
    list_remove(&n->link);
    bulk_cancel(n->packing);
    bulk_cancel(n->unpacking);
    buf_done(&n->out);
    buf_done(&n->in);
    buf_done(&n->plain);
    mem_free(n);
}

void session_end(struct session *n, const struct err *err)
{
    static const struct err NONE;
    swim_done_fn *on_done = n->on_done;
    void *owner = n->owner;
    session_free(n);
    if (on_done)
        on_done(owner, err ? err : &NONE);
}

static void session_fail(struct session *n, enum err_code code, const char *text)
{
    struct err err = ERR_INIT;
    err_set(&err, code, "%s", text);
    session_end(n, &err);
}

void session_cancel(struct session *session)
{
    if (session)
        session_free(session);
}

void session_close_all(struct swim *s)
{
    while (!list_is_empty(&s->sessions))
        session_free(list_item(s->sessions.next, struct session, link));
}

static void session_note_failed_dial(const struct session *n)
{
    if (n->kind != SESSION_SERVER && !n->is_open)
        transport_count_failed_stream(n->swim->transport);
}

static void session_on_deadline(void *owner)
{
    session_note_failed_dial(owner);
    session_fail(owner, ERR_TIMEOUT, "i/o timeout");
}

// ---- writing -------------------------------------------------------------------------------

static void session_packed(void *owner, struct buf *result, const struct err *err)
{
    (void)err; // packing cannot fail
    struct session *n = owner;
    n->packing = NULL;
    env_stream_write(n->swim->env, n->stream, buf_str(result));
    if (n->kind == SESSION_SERVER)
        session_end(n, NULL); // the response was all that it waited for
}

void session_write(struct session *n, str message)
{
    struct swim *s = n->swim;
    if (!n->stream)
        return;
    if (message.n >= BULK_BYTES_MIN) {
        n->packing =
            bulk_start(s->env, BULK_PACK, message, s->keyring, s->options.label, session_packed, n);
        return;
    }
    defer(buf_done) struct buf packed = {0};
    bulk_pack(s->env, message, s->keyring, s->options.label, &packed);
    env_stream_write(s->env, n->stream, buf_str(&packed));
}

void session_finish(struct session *n)
{
    if (!n->packing)
        session_end(n, NULL);
}

// ---- dialling ------------------------------------------------------------------------------

static struct session *session_dial(struct swim *s, enum session_kind kind, const struct addr *to,
                                    swim_done_fn *on_done, void *owner)
{
    struct session *n = session_new(s, kind, to);
    n->on_done = on_done;
    n->owner = owner;
    n->has_label = true; // responses carry none
    n->stream = transport_dial(s->transport, &n->peer, &SESSION_EVENTS, n);
    return n;
}

struct session *session_ping(struct swim *s, const struct addr *to, str node, uint32_t seq_no,
                             swim_done_fn *on_done, void *owner)
{
    defer(buf_done) struct buf ping = {0};
    struct addr self = s->self->addr;
    message_put(&ping, MSG_PING,
                &(struct msg_ping){seq_no, node, addr_bytes(&self), self.port, s->self->name});
    struct session *n = session_dial(s, SESSION_PING, to, on_done, owner);
    buf_put(&n->out, buf_str(&ping));
    n->seq_no = seq_no;
    return n;
}

struct session *swim_pushpull(struct swim *s, const struct addr *to, bool join,
                              swim_done_fn *on_done, void *owner)
{
    struct session *n = session_dial(s, SESSION_PUSHPULL, to, on_done, owner);
    n->join = join;
    return n;
}

struct session *swim_send_user(struct swim *s, const struct addr *to, str message,
                               swim_done_fn *on_done, void *owner)
{
    struct session *n = session_dial(s, SESSION_USER, to, on_done, owner);
    message_put(&n->out, MSG_USER, &(struct msg_user){(int64_t)message.n});
    buf_put(&n->out, message);
    return n;
}

// The state is taken now: connecting may have lasted, and what happened meanwhile belongs to it.
static void session_on_open(void *owner)
{
    struct session *n = owner;
    struct swim *s = n->swim;
    defer(buf_done) struct buf label = {0};
    n->is_open = true;
    n->opened = env_mono(s->env);
    env_timer_after(s->env, &n->deadline, s->options.tcp_timeout);
    label_put(&label, s->options.label);
    if (label.n)
        env_stream_write(s->env, n->stream, buf_str(&label));
    if (n->kind == SESSION_PUSHPULL)
        pushpull_put_local(s, n->join, &n->out);
    session_write(n, buf_str(&n->out));
    buf_done(&n->out);
}

// ---- events --------------------------------------------------------------------------------

static void session_on_data(void *owner, str data)
{
    struct session *n = owner;
    struct swim *s = n->swim;
    if (n->is_unsealed || (n->packing && n->kind == SESSION_SERVER))
        return; // it has said all that it may
    if (s->held_bytes + data.n > STREAMS_HELD_BYTES_MAX || n->in.n + data.n > STREAM_BYTES_MAX) {
        struct err err = ERR_INIT;
        err_set(&err, ERR_LIMIT, "stream message too large");
        session_refuse(n, &err);
        return;
    }
    buf_put(&n->in, data);
    s->held_bytes += data.n;
    session_continue(n);
}

// A user message has no response: the other side closes when it has read it to the end. A message
// that is being decompressed was complete: it counts.
static void session_on_close(void *owner, const struct err *why)
{
    struct session *n = owner;
    n->stream = NULL; // gone
    session_note_failed_dial(n);
    if (n->unpacking)
        return;
    if (why->code != ERR_NONE)
        session_end(n, why);
    else if (n->kind == SESSION_USER && n->is_open && !n->packing)
        session_end(n, NULL);
    else
        session_fail(n, ERR_NETWORK, "EOF");
}

static const struct stream_events SESSION_EVENTS = {session_on_open, session_on_data,
                                                    session_on_close};

void session_accept(struct swim *s, struct stream *stream, const struct addr *from, str head)
{
    if (s->accepted_count >= STREAMS_OPEN_MAX) {
        s->streams_refused++;
        env_stream_close(s->env, stream);
        return;
    }
    struct session *n = session_new(s, SESSION_SERVER, from);
    n->stream = stream;
    s->accepted_count++;
    env_stream_events(s->env, stream, &SESSION_EVENTS, n);
    if (head.n)
        session_on_data(n, head);
}
