// SPDX-License-Identifier: Apache-2.0
// Packets that come in, taken apart and handed to whom they concern, in the order of their arrival.
#include "gossip/swim.h"

struct incoming {
    const struct addr *from;
    unsigned compound_depth;
    unsigned compress_depth;
};

static void swim_handle(struct swim *s, struct incoming in, str message);

static bool packet_refused(struct swim *s, const struct incoming *in, const struct err *err)
{
    s->packets_refused++;
    defer(buf_done) struct buf from = {0};
    buf_put_addr(&from, in->from);
    log_debug(&s->log, "Cannot read packet", LOG_STR("from", buf_str(&from)), LOG_ERR(err));
    return false;
}

void swim_refuse_secret(struct swim *s, const struct addr *from, const struct err *err)
{
    s->secrets_refused++;
    if (!refusals_may_log(&s->refusals, from, env_mono(s->env)))
        return;
    defer(buf_done) struct buf addr = {0};
    buf_put_addr(&addr, from);
    log_warn(&s->log, "Refused a peer without the right encryption key",
             LOG_STR("from", buf_str(&addr)), LOG_ERR(err));
}

static void handle_compound(struct swim *s, struct incoming in, str body)
{
    struct err err = ERR_INIT;
    struct compound compound;
    if (++in.compound_depth > COMPOUND_DEPTH_MAX) {
        err_set(&err, ERR_LIMIT, "compound messages nested too deeply");
        packet_refused(s, &in, &err);
        return;
    }
    if (!compound_open(body, &compound, &err)) {
        packet_refused(s, &in, &err);
        return;
    }
    for (str part; compound_next(&compound, &part);)
        swim_handle(s, in, part);
    if (compound.truncated) {
        err_set(&err, ERR_SYNTAX, "Compound request had %zu truncated messages",
                compound.truncated);
        packet_refused(s, &in, &err);
    }
}

static void handle_compress(struct swim *s, struct incoming in, str body)
{
    struct err err = ERR_INIT;
    defer(buf_done) struct buf plain = {0};
    if (++in.compress_depth > COMPRESS_DEPTH_MAX) {
        err_set(&err, ERR_LIMIT, "compressed messages nested too deeply");
        packet_refused(s, &in, &err);
        return;
    }
    if (decompress(body, PACKET_BYTES_READ_MAX, &s->scratch, &plain, &err))
        swim_handle(s, in, buf_str(&plain));
    else
        packet_refused(s, &in, &err);
}

static bool handle_member_news(struct swim *s, enum msg_type type, str body, struct err *err)
{
    struct msg_alive alive;
    struct msg_suspect suspect;
    if (type == MSG_ALIVE) {
        if (!message_decode(type, body, &alive, &s->scratch, err))
            return false;
        swim_alive(s, &alive);
        return true;
    }
    if (!message_decode(type, body, &suspect, &s->scratch, err))
        return false;
    if (type == MSG_SUSPECT)
        swim_suspect(s, &suspect);
    else
        swim_dead(s, &suspect);
    return true;
}

static bool handle_answer(struct swim *s, enum msg_type type, str body, struct err *err)
{
    struct msg_ack ack;
    struct msg_nack nack;
    if (type == MSG_ACK) {
        if (!message_decode(type, body, &ack, &s->scratch, err))
            return false;
        probe_on_ack(s, ack.seq_no);
        return true;
    }
    if (!message_decode(type, body, &nack, &s->scratch, err))
        return false;
    probe_on_nack(s, nack.seq_no);
    return true;
}

static void swim_handle(struct swim *s, struct incoming in, str message)
{
    struct err err = ERR_INIT;
    if (message.n == 0)
        return;
    enum msg_type type = (uint8_t)message.p[0];
    str body = str_skip(message, 1);
    switch (type) {
    case MSG_PING:
        probe_on_ping(s, in.from, body);
        return;
    case MSG_INDIRECT_PING:
        probe_on_indirect_ping(s, in.from, body);
        return;
    case MSG_ACK:
    case MSG_NACK:
        if (!handle_answer(s, type, body, &err))
            packet_refused(s, &in, &err);
        return;
    case MSG_SUSPECT:
    case MSG_ALIVE:
    case MSG_DEAD:
        if (!handle_member_news(s, type, body, &err))
            packet_refused(s, &in, &err);
        return;
    case MSG_COMPOUND:
        handle_compound(s, in, body);
        return;
    case MSG_COMPRESS:
        handle_compress(s, in, body);
        return;
    case MSG_USER:
        s->ops->on_user(s->owner, body, members_find_addr(&s->members, in.from));
        return;
    case MSG_PUSHPULL:
    case MSG_ENCRYPT:
    case MSG_CRC:
    case MSG_ERR:
    case MSG_LABEL:
        break;
    }
    err_set(&err, ERR_UNSUPPORTED, "msg type (%d) not supported", type);
    packet_refused(s, &in, &err);
}

// Takes off label, encryption and checksum. `plain` holds what was encrypted.
static bool packet_unwrap(struct swim *s, const struct addr *from, str packet, struct buf *plain,
                          str *ret_message, struct err *err)
{
    str label = s->options.label, got;
    if (!s->keyring)
        return packet_open(packet, label, ret_message, err);
    if (!label_remove(packet, &got, &packet, NULL, err))
        return false;
    if (!str_eq(got, label))
        return err_set(err, ERR_INVALID, "discarding packet with unacceptable label \"%.*s\"",
                       STR(got));
    if (!keyring_open_packet(s->keyring, packet, label, plain, err)) {
        swim_refuse_secret(s, from, err);
        return false;
    }
    return crc_remove(buf_str(plain), ret_message, err);
}

void swim_on_packet(struct swim *s, const struct addr *from, str packet)
{
    struct err err = ERR_INIT;
    struct addr normal = addr_normal(*from);
    struct incoming in = {.from = &normal};
    str message = S("");
    if (packet.n == 0)
        return;
    if (packet.n > PACKET_BYTES_READ_MAX) {
        err_set(&err, ERR_LIMIT, "packet of %zu bytes", packet.n);
        packet_refused(s, &in, &err);
        return;
    }
    arena_clear(&s->scratch);
    defer(buf_done) struct buf plain = {0};
    if (packet_unwrap(s, &normal, packet, &plain, &message, &err))
        swim_handle(s, in, message);
    else
        packet_refused(s, &in, &err);
}

static void on_packet(void *owner, const struct addr *from, str packet)
{
    swim_on_packet(owner, from, packet);
}

static void on_stream(void *owner, struct stream *stream, const struct addr *from, str head)
{
    session_accept(owner, stream, from, head);
}

const struct transport_events swim_transport_events = {on_packet, on_stream};
