// SPDX-License-Identifier: Apache-2.0
// What the messages of a conversation do.
#include "gossip/session.h"

#define EXCHANGE_SLOW DUR_SECONDS(1)

// ---- the accepting side --------------------------------------------------------------------

void session_refuse(struct session *n, const struct err *err)
{
    struct swim *s = n->swim;
    defer(buf_done) struct buf from = {0};
    buf_put_addr(&from, &n->peer);
    s->streams_refused++;
    log_debug(&s->log, "Cannot read stream", LOG_STR("from", buf_str(&from)), LOG_ERR(err));
    session_end(n, err);
}

void session_refuse_unread(struct session *n, const struct err *err)
{
    if (n->kind != SESSION_SERVER) {
        session_end(n, err);
        return;
    }
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
        result = read_user(m, &message, err);
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
            session_refuse_unread(n, &err);
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

void session_continue(struct session *n)
{
    if (n->kind == SESSION_SERVER)
        session_serve(n);
    else
        session_take_response(n);
}
