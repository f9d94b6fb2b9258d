// SPDX-License-Identifier: Apache-2.0
// One conversation on a stream: one request from the side that dialled, at most one response, then
// both sides close.
//
//   dialled   label, request (compressed) → … ← response (compressed)
//   accepted  the request is read to its end before anything is answered
//
// Bytes are kept until a message is complete; what was looked at is not looked at again. Large
// messages are compressed and decompressed by a worker, while the conversation waits.
#include "base/core/alloc.h"
#include "gossip/squeeze.h"
#include "gossip/swim.h"

#define EXCHANGE_SLOW DUR_SECONDS(1)

enum session_kind { SESSION_SERVER, SESSION_PUSHPULL, SESSION_PING, SESSION_USER };

struct session {
    struct list link;
    struct swim *swim;
    struct stream *stream;
    enum session_kind kind;
    struct addr peer;
    struct timer deadline;
    struct buf out;            // the request, until the stream is open; a state is taken then
    struct buf in;             // what came and is not understood yet
    struct buf plain;          // the message in `in`, decompressed by a worker
    struct squeeze *packing;   // a message on its way out
    struct squeeze *unpacking; // the message in `in`
    bool has_label;            // the label header has been dealt with
    bool is_unsealed;          // `in` was encrypted, and is the whole message
    bool is_open;              // dialled streams: the request was written
    bool join;                 // push/pull
    mono_ns opened;            // dialled streams
    struct pushpull_scan scan; // of an uncompressed push/pull
    uint32_t seq_no;           // pings
    swim_done_fn *on_done;     // dialled streams
    void *owner;
};

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
    squeeze_cancel(n->packing);
    squeeze_cancel(n->unpacking);
    buf_done(&n->out);
    buf_done(&n->in);
    buf_done(&n->plain);
    mem_free(n);
}

// Ends the conversation and tells whoever started it. err NULL: it went well.
static void session_end(struct session *n, const struct err *err)
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

// Sends what is ready to travel, encrypted if that is our way.
static void session_put(struct session *n, str message)
{
    struct swim *s = n->swim;
    defer(buf_done) struct buf sealed = {0};
    if (s->keyring) {
        keyring_seal_stream(s->keyring, s->env, message, s->options.label, &sealed);
        message = buf_str(&sealed);
    }
    env_stream_write(s->env, n->stream, message);
}

static void session_packed(void *owner, struct buf *result, const struct err *err)
{
    (void)err; // compressing cannot fail
    struct session *n = owner;
    n->packing = NULL;
    session_put(n, buf_str(result));
    if (n->kind == SESSION_SERVER)
        session_end(n, NULL); // the response was all that it waited for
}

// Sends a message compressed; a large one later.
static void session_write(struct session *n, str message)
{
    if (!n->stream)
        return;
    if (message.n >= SQUEEZE_BYTES_MIN) {
        n->packing = squeeze_start(n->swim->env, SQUEEZE_IN, message, session_packed, n);
        return;
    }
    defer(buf_done) struct buf packed = {0};
    compress_put(&packed, message);
    session_put(n, buf_str(&packed));
}

// The conversation is over as soon as the response has been written.
static void session_finish(struct session *n)
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

// ---- reading -------------------------------------------------------------------------------

// A message of the stream. Slices point into the session's bytes or into `plain`.
struct incoming_message {
    enum msg_type type;
    str body;
    bool is_whole; // it came compressed or encrypted: nothing can follow
    struct buf plain;
    struct arena mem;
};

static void incoming_done(struct incoming_message *m)
{
    buf_done(&m->plain);
    arena_done(&m->mem);
}

static enum scan_result read_label(struct session *n, struct err *err)
{
    str label, rest;
    bool is_short;
    if (n->has_label)
        return SCAN_COMPLETE;
    if (!label_remove(buf_str(&n->in), &label, &rest, &is_short, err))
        return is_short ? SCAN_MORE : SCAN_BAD;
    if (!str_eq(label, n->swim->options.label)) {
        err_set(err, ERR_INVALID, "discarding stream with unacceptable label \"%.*s\"", STR(label));
        return SCAN_BAD;
    }
    n->swim->held_bytes -= n->in.n - rest.n;
    buf_remove_front(&n->in, n->in.n - rest.n);
    n->has_label = true;
    return SCAN_COMPLETE;
}

// The message in an encrypted one takes its place.
static enum scan_result unseal(struct session *n, struct err *err)
{
    struct swim *s = n->swim;
    size_t bytes = sealed_stream_bytes(buf_str(&n->in));
    if (bytes > STREAM_BYTES_MAX) {
        err_set(err, ERR_LIMIT, "remote node state is larger than limit (%zu)", bytes);
        return SCAN_BAD;
    }
    if (bytes == 0 || n->in.n < bytes)
        return SCAN_MORE;
    struct buf plain = {.max = STREAM_BYTES_MAX};
    str sealed = str_slice(buf_str(&n->in), 0, bytes);
    if (!keyring_open_stream(s->keyring, sealed, s->options.label, &plain, err) || plain.n == 0) {
        if (err->code == ERR_NONE)
            err_set(err, ERR_SYNTAX, "empty encrypted message");
        buf_done(&plain);
        swim_refuse_secret(s, &n->peer, err);
        return SCAN_BAD;
    }
    s->held_bytes -= n->in.n;
    s->held_bytes += plain.n;
    buf_done(&n->in);
    n->in = plain;
    n->is_unsealed = true;
    return SCAN_COMPLETE;
}

// All or nothing is encrypted.
static enum scan_result read_sealed(struct session *n, struct err *err)
{
    struct swim *s = n->swim;
    if (n->in.n == 0)
        return SCAN_MORE;
    bool is_sealed = (uint8_t)n->in.p[0] == MSG_ENCRYPT;
    if (n->is_unsealed || (!is_sealed && !s->keyring))
        return SCAN_COMPLETE;
    if (is_sealed && s->keyring)
        return unseal(n, err);
    if (is_sealed) {
        err_set(err, ERR_UNSUPPORTED, "remote state is encrypted and encryption is not configured");
        return SCAN_BAD;
    }
    err_set(err, ERR_INVALID, "encryption is configured but remote state is not encrypted");
    swim_refuse_secret(s, &n->peer, err);
    return SCAN_BAD;
}

static void session_unpacked(void *owner, struct buf *result, const struct err *err);

// The message in a compress message: at once if it is small, otherwise when the worker is done.
static enum scan_result read_compressed(struct session *n, struct incoming_message *m,
                                        struct err *err)
{
    str lzw;
    if (n->plain.n > 0) {
        m->type = (uint8_t)n->plain.p[0];
        m->body = str_skip(buf_str(&n->plain), 1);
        m->is_whole = true;
        return SCAN_COMPLETE;
    }
    enum scan_result result = compress_scan(m->body, &m->mem, &lzw, err);
    if (result == SCAN_MORE && n->is_unsealed) {
        err_set(err, ERR_SYNTAX, "unexpected EOF");
        return SCAN_BAD;
    }
    if (result != SCAN_COMPLETE)
        return result;
    if (lzw.n >= SQUEEZE_BYTES_MIN / 4) {
        n->unpacking = squeeze_start(n->swim->env, SQUEEZE_OUT, lzw, session_unpacked, n);
        return SCAN_MORE;
    }
    if (!decompress(m->body, STREAM_BYTES_MAX, &m->mem, &m->plain, err))
        return SCAN_BAD;
    m->type = (uint8_t)m->plain.p[0];
    m->body = str_skip(buf_str(&m->plain), 1);
    m->is_whole = true;
    return SCAN_COMPLETE;
}

// Type and body of the message; an uncompressed body may still be incomplete.
static enum scan_result read_message(struct session *n, struct incoming_message *m, struct err *err)
{
    if (n->in.n == 0 || n->unpacking)
        return SCAN_MORE;
    enum scan_result result = read_sealed(n, err);
    if (result != SCAN_COMPLETE)
        return result;
    m->type = (uint8_t)n->in.p[0];
    m->body = str_skip(buf_str(&n->in), 1);
    m->is_whole = n->is_unsealed;
    return m->type == MSG_COMPRESS ? read_compressed(n, m, err) : SCAN_COMPLETE;
}

static enum scan_result whole_or_bad(const struct incoming_message *m, enum scan_result result,
                                     struct err *err)
{
    if (result != SCAN_MORE || !m->is_whole)
        return result;
    err_set(err, ERR_SYNTAX, "unexpected EOF");
    return SCAN_BAD;
}

static enum scan_result read_pushpull(struct session *n, struct incoming_message *m,
                                      struct pushpull *ret, struct err *err)
{
    struct pushpull_scan once = {0};
    enum scan_result result = pushpull_scan(m->is_whole ? &once : &n->scan, m->body, err);
    result = whole_or_bad(m, result, err);
    if (result == SCAN_COMPLETE && !pushpull_decode(m->body, &m->mem, ret, err))
        return SCAN_BAD;
    return result;
}

// A small structure that may come in pieces.
static enum scan_result read_struct(struct incoming_message *m, void *ret, struct err *err)
{
    enum scan_result result = message_scan(m->type, m->body, ret, &m->mem, err);
    return whole_or_bad(m, result, err);
}

// ---- the accepting side --------------------------------------------------------------------

static void session_refuse(struct session *n, const struct err *err)
{
    struct swim *s = n->swim;
    defer(buf_done) struct buf from = {0};
    buf_put_addr(&from, &n->peer);
    s->streams_refused++;
    log_debug(&s->log, "Cannot read stream", LOG_STR("from", buf_str(&from)), LOG_ERR(err));
    session_end(n, err);
}

// The same, telling the other side why.
static void session_refuse_aloud(struct session *n, const struct err *err)
{
    defer(buf_done) struct buf message = {0};
    message_put(&message, MSG_ERR, &(struct msg_err){err_str(err)});
    session_write(n, buf_str(&message));
    session_refuse(n, err);
}

static void serve_ping(struct session *n, const struct msg_ping *ping)
{
    if (ping->node.n == 0 || str_eq(ping->node, n->swim->self->name)) {
        defer(buf_done) struct buf ack = {0};
        message_put(&ack, MSG_ACK, &(struct msg_ack){ping->seq_no, (str){0}});
        session_write(n, buf_str(&ack));
    }
    session_finish(n);
}

// Our own state goes out first, so that both sides send what they had before.
static void serve_pushpull(struct session *n, const struct pushpull *remote)
{
    struct swim *s = n->swim;
    struct addr peer = n->peer;
    struct err err = ERR_INIT;
    defer(buf_done) struct buf local = {0};
    pushpull_put_local(s, remote->join, &local);
    session_write(n, buf_str(&local));
    if (pushpull_merge(s, remote, &peer, false, &err))
        session_finish(n);
    else
        session_refuse(n, &err);
}

static enum scan_result serve_message(struct session *n, struct incoming_message *m,
                                      struct err *err)
{
    enum scan_result result = SCAN_BAD;
    if (m->type == MSG_PING) {
        struct msg_ping ping;
        result = read_struct(m, &ping, err);
        if (result == SCAN_COMPLETE)
            serve_ping(n, &ping);
    } else if (m->type == MSG_PUSHPULL) {
        struct pushpull remote;
        result = read_pushpull(n, m, &remote, err);
        if (result == SCAN_COMPLETE)
            serve_pushpull(n, &remote);
    } else if (m->type == MSG_USER) {
        str message;
        result = whole_or_bad(m, user_scan(m->body, &message, err), err);
        if (result == SCAN_COMPLETE) {
            n->swim->ops->on_user(n->swim->owner, message, NULL);
            session_end(n, NULL);
        }
    } else {
        err_set(err, ERR_UNSUPPORTED, "Received invalid msgType (%d)", m->type);
    }
    return result;
}

static void session_serve(struct session *n)
{
    struct err err = ERR_INIT;
    defer(incoming_done) struct incoming_message m = {0};
    enum scan_result result = read_label(n, &err);
    if (result == SCAN_COMPLETE) {
        result = read_message(n, &m, &err);
        if (result == SCAN_BAD) {
            session_refuse_aloud(n, &err);
            return;
        }
    }
    if (result == SCAN_COMPLETE)
        result = serve_message(n, &m, &err);
    if (result == SCAN_BAD)
        session_refuse(n, &err);
}

// ---- the dialling side ---------------------------------------------------------------------

static enum scan_result take_response(struct session *n, struct incoming_message *m,
                                      struct pushpull *ret_pushpull, struct err *err)
{
    struct msg_err remote;
    struct msg_ack ack;
    enum scan_result result;
    if (m->type == MSG_ERR) {
        result = read_struct(m, &remote, err);
        if (result == SCAN_COMPLETE) {
            err_set(err, ERR_INVALID, "remote error: %.*s", STR(remote.error));
            result = SCAN_BAD;
        }
        return result;
    }
    if (n->kind == SESSION_PUSHPULL && m->type == MSG_PUSHPULL)
        return read_pushpull(n, m, ret_pushpull, err);
    if (n->kind == SESSION_PING && m->type == MSG_ACK) {
        result = read_struct(m, &ack, err);
        if (result == SCAN_COMPLETE && ack.seq_no != n->seq_no) {
            err_set(err, ERR_INVALID, "sequence number from ack (%u) doesn't match ping (%u)",
                    ack.seq_no, n->seq_no);
            result = SCAN_BAD;
        }
        return result;
    }
    err_set(err, ERR_UNSUPPORTED, "received invalid msgType (%d)", m->type);
    return SCAN_BAD;
}

// Updates made during a slow exchange may have passed the other side by: once more.
static bool take_pushpull(struct session *n, const struct pushpull *remote, struct err *err)
{
    struct swim *s = n->swim;
    if (!pushpull_merge(s, remote, &n->peer, true, err))
        return false;
    struct member *m = members_find_addr(&s->members, &n->peer);
    if (m && env_mono(s->env) - n->opened > EXCHANGE_SLOW)
        pushpull_wanted(s, m);
    return true;
}

static void session_take_response(struct session *n)
{
    struct err err = ERR_INIT;
    struct pushpull remote;
    defer(incoming_done) struct incoming_message m = {0};
    enum scan_result result = read_message(n, &m, &err);
    if (result == SCAN_COMPLETE)
        result = take_response(n, &m, &remote, &err);
    if (result == SCAN_COMPLETE && n->kind == SESSION_PUSHPULL && !take_pushpull(n, &remote, &err))
        result = SCAN_BAD;
    if (result == SCAN_COMPLETE)
        session_end(n, NULL);
    else if (result == SCAN_BAD)
        session_end(n, &err);
}

// ---- events --------------------------------------------------------------------------------

static void session_continue(struct session *n)
{
    if (n->kind == SESSION_SERVER)
        session_serve(n);
    else
        session_take_response(n);
}

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

static void session_unpacked(void *owner, struct buf *result, const struct err *err)
{
    struct session *n = owner;
    n->unpacking = NULL;
    n->plain = *result;
    *result = (struct buf){0};
    if (err->code == ERR_NONE && n->plain.n > 0)
        session_continue(n);
    else if (err->code == ERR_NONE)
        session_fail(n, ERR_SYNTAX, "empty decompressed message");
    else if (n->kind == SESSION_SERVER)
        session_refuse_aloud(n, err);
    else
        session_end(n, err);
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
