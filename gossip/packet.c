// SPDX-License-Identifier: Apache-2.0
#include "gossip/packet.h"

#include "base/core/hash.h"
#include "base/text/cursor.h"
#include "base/text/lzw.h"
#include "base/text/msgpack.h"

// ---- message tables ------------------------------------------------------------------------

#define FIELD(name, place, type, owner, member)                                                    \
    {                                                                                              \
        name, offsetof(struct owner, member), type, place, false                                   \
    }
#define OPTIONAL(name, place, type, owner, member)                                                 \
    {                                                                                              \
        name, offsetof(struct owner, member), type, place, true                                    \
    }
#define STRUCT(fields)                                                                             \
    {                                                                                              \
        fields, ARRAY_LEN(fields)                                                                  \
    }

static const struct msgpack_field PING[] = {
    FIELD("Node", 1, MSGPACK_STR, msg_ping, node),
    FIELD("SeqNo", 0, MSGPACK_U32, msg_ping, seq_no),
    OPTIONAL("SourceAddr", 2, MSGPACK_BYTES, msg_ping, source_addr),
    OPTIONAL("SourceNode", 4, MSGPACK_STR, msg_ping, source_node),
    OPTIONAL("SourcePort", 3, MSGPACK_U16, msg_ping, source_port),
};

static const struct msgpack_field INDIRECT_PING[] = {
    FIELD("Nack", 4, MSGPACK_BOOL, msg_indirect_ping, nack),
    FIELD("Node", 3, MSGPACK_STR, msg_indirect_ping, node),
    FIELD("Port", 2, MSGPACK_U16, msg_indirect_ping, port),
    FIELD("SeqNo", 0, MSGPACK_U32, msg_indirect_ping, seq_no),
    OPTIONAL("SourceAddr", 5, MSGPACK_BYTES, msg_indirect_ping, source_addr),
    OPTIONAL("SourceNode", 7, MSGPACK_STR, msg_indirect_ping, source_node),
    OPTIONAL("SourcePort", 6, MSGPACK_U16, msg_indirect_ping, source_port),
    FIELD("Target", 1, MSGPACK_BYTES, msg_indirect_ping, target),
};

static const struct msgpack_field ACK[] = {
    FIELD("Payload", 1, MSGPACK_BYTES, msg_ack, payload),
    FIELD("SeqNo", 0, MSGPACK_U32, msg_ack, seq_no),
};

static const struct msgpack_field NACK[] = {
    FIELD("SeqNo", 0, MSGPACK_U32, msg_nack, seq_no),
};

static const struct msgpack_field ERROR[] = {
    FIELD("Error", 0, MSGPACK_STR, msg_err, error),
};

static const struct msgpack_field SUSPECT[] = {
    FIELD("From", 2, MSGPACK_STR, msg_suspect, from),
    FIELD("Incarnation", 0, MSGPACK_U32, msg_suspect, incarnation),
    FIELD("Node", 1, MSGPACK_STR, msg_suspect, node),
};

static const struct msgpack_field ALIVE[] = {
    FIELD("Addr", 2, MSGPACK_BYTES, msg_alive, addr),
    FIELD("Incarnation", 0, MSGPACK_U32, msg_alive, incarnation),
    FIELD("Meta", 4, MSGPACK_BYTES, msg_alive, meta),
    FIELD("Node", 1, MSGPACK_STR, msg_alive, node),
    FIELD("Port", 3, MSGPACK_U16, msg_alive, port),
    FIELD("Vsn", 5, MSGPACK_BYTES, msg_alive, vsn),
};

static const struct msgpack_field PUSHPULL[] = {
    FIELD("Join", 2, MSGPACK_BOOL, msg_pushpull, join),
    FIELD("Nodes", 0, MSGPACK_INT, msg_pushpull, nodes),
    FIELD("UserStateLen", 1, MSGPACK_INT, msg_pushpull, user_state_len),
};

static const struct msgpack_field STATE[] = {
    FIELD("Addr", 1, MSGPACK_BYTES, msg_state, addr),
    FIELD("Incarnation", 4, MSGPACK_U32, msg_state, incarnation),
    FIELD("Meta", 3, MSGPACK_BYTES, msg_state, meta),
    FIELD("Name", 0, MSGPACK_STR, msg_state, name),
    FIELD("Port", 2, MSGPACK_U16, msg_state, port),
    FIELD("State", 5, MSGPACK_INT, msg_state, state),
    FIELD("Vsn", 6, MSGPACK_BYTES, msg_state, vsn),
};

static const struct msgpack_field USER[] = {
    FIELD("UserMsgLen", 0, MSGPACK_INT, msg_user, user_msg_len),
};

static const struct msgpack_field COMPRESS[] = {
    FIELD("Algo", 0, MSGPACK_U8, msg_compress, algo),
    FIELD("Buf", 1, MSGPACK_BYTES, msg_compress, buf),
};

static const struct msgpack_struct STATE_STRUCT = STRUCT(STATE);

static const struct msgpack_struct *message_struct(enum msg_type type)
{
    static const struct msgpack_struct STRUCTS[] = {
        [MSG_PING] = STRUCT(PING),         [MSG_INDIRECT_PING] = STRUCT(INDIRECT_PING),
        [MSG_ACK] = STRUCT(ACK),           [MSG_SUSPECT] = STRUCT(SUSPECT),
        [MSG_ALIVE] = STRUCT(ALIVE),       [MSG_DEAD] = STRUCT(SUSPECT),
        [MSG_PUSHPULL] = STRUCT(PUSHPULL), [MSG_USER] = STRUCT(USER),
        [MSG_COMPRESS] = STRUCT(COMPRESS), [MSG_NACK] = STRUCT(NACK),
        [MSG_ERR] = STRUCT(ERROR),
    };
    assert(type < ARRAY_LEN(STRUCTS) && STRUCTS[type].fields);
    return &STRUCTS[type];
}

void message_put(struct buf *out, enum msg_type type, const void *msg)
{
    buf_put_c(out, (char)type);
    msgpack_put_struct(out, message_struct(type), msg);
}

enum scan_result message_scan(enum msg_type type, str body, void *ret_msg, struct arena *mem,
                              struct err *err)
{
    struct cursor c = cursor_from(body);
    msgpack_read_struct(&c, message_struct(type), ret_msg, mem);
    if (!c.failed)
        return SCAN_COMPLETE;
    if (c.is_short)
        return SCAN_MORE;
    err_set(err, ERR_SYNTAX, "msgpack decode error");
    return SCAN_BAD;
}

bool message_decode(enum msg_type type, str body, void *ret_msg, struct arena *mem, struct err *err)
{
    struct cursor c = cursor_from(body);
    msgpack_read_struct(&c, message_struct(type), ret_msg, mem);
    if (c.failed)
        return err_set(err, ERR_SYNTAX, "msgpack decode error%s", c.is_short ? ": EOF" : "");
    return true;
}

// ---- compound ------------------------------------------------------------------------------

void parts_done(struct parts *p)
{
    buf_done(&p->bytes);
    p->count = 0;
}

void parts_add(struct parts *p, str head, str tail)
{
    assert(p->count < PACKET_PARTS_MAX && head.n + tail.n <= UINT16_MAX);
    buf_put(&p->bytes, head);
    buf_put(&p->bytes, tail);
    p->part_bytes[p->count++] = (uint16_t)(head.n + tail.n);
}

void parts_put_compound(const struct parts *p, struct buf *out)
{
    if (p->count > 1) {
        buf_put_c(out, MSG_COMPOUND);
        buf_put_c(out, (char)(uint8_t)p->count);
        for (size_t i = 0; i < p->count; i++)
            buf_put_be(out, p->part_bytes[i], 2);
    }
    buf_put(out, buf_str(&p->bytes));
}

bool compound_open(str body, struct compound *ret, struct err *err)
{
    struct cursor c = cursor_from(body);
    size_t count = cursor_u8(&c);
    if (c.failed)
        return err_set(err, ERR_SYNTAX, "missing compound length byte");
    str lengths = cursor_bytes(&c, 2 * count);
    if (c.failed)
        return err_set(err, ERR_SYNTAX, "truncated len slice");
    *ret = (struct compound){.lengths = lengths, .bytes = cursor_rest(&c)};
    return true;
}

bool compound_next(struct compound *c, str *ret_part)
{
    if (c->lengths.n == 0)
        return false;
    struct cursor lengths = cursor_from(c->lengths);
    size_t n = cursor_u16be(&lengths);
    if (n > c->bytes.n) {
        c->truncated = c->lengths.n / 2;
        c->lengths.n = 0;
        return false;
    }
    c->lengths = str_skip(c->lengths, 2);
    *ret_part = str_slice(c->bytes, 0, n);
    c->bytes = str_skip(c->bytes, n);
    return true;
}

// ---- wrappers ------------------------------------------------------------------------------

void label_put(struct buf *out, str label)
{
    assert(label.n <= LABEL_BYTES_MAX);
    if (label.n == 0)
        return;
    buf_put_c(out, (char)(uint8_t)MSG_LABEL);
    buf_put_c(out, (char)(uint8_t)label.n);
    buf_put(out, label);
}

size_t label_overhead(str label)
{
    return label.n ? 2 + label.n : 0;
}

bool label_remove(str data, str *ret_label, str *ret_rest, bool *ret_is_short, struct err *err)
{
    struct cursor c = cursor_from(data);
    if (ret_is_short)
        *ret_is_short = false;
    if (data.n == 0 || (uint8_t)data.p[0] != MSG_LABEL) {
        *ret_label = S("");
        *ret_rest = data;
        return true;
    }
    cursor_u8(&c);
    size_t n = cursor_u8(&c);
    if (!c.failed && n == 0)
        return err_set(err, ERR_SYNTAX, "label header cannot be empty when present");
    str label = cursor_bytes(&c, n);
    if (c.failed) {
        if (ret_is_short)
            *ret_is_short = c.is_short;
        return err_set(err, ERR_SYNTAX, "cannot decode label; packet has been truncated");
    }
    *ret_label = label;
    *ret_rest = cursor_rest(&c);
    return true;
}

bool crc_remove(str message, str *ret_message, struct err *err)
{
    if (message.n < 5 || (uint8_t)message.p[0] != MSG_CRC) {
        *ret_message = message;
        return true;
    }
    struct cursor c = cursor_from(str_skip(message, 1));
    uint32_t expected = cursor_u32be(&c);
    str inner = cursor_rest(&c);
    uint32_t crc = crc32_ieee(0, inner);
    if (crc != expected)
        return err_set(err, ERR_INVALID, "Got invalid checksum for UDP packet: %x, %x", crc,
                       expected);
    *ret_message = inner;
    return true;
}

void compress_put(struct buf *out, str message)
{
    defer(buf_done) struct buf lzw = {0};
    lzw_encode(message, &lzw);
    message_put(out, MSG_COMPRESS, &(struct msg_compress){.buf = buf_str(&lzw)});
}

enum scan_result compress_scan(str body, struct arena *mem, str *ret_lzw, struct err *err)
{
    struct msg_compress msg;
    enum scan_result result = message_scan(MSG_COMPRESS, body, &msg, mem, err);
    if (result == SCAN_COMPLETE && msg.algo != 0) {
        err_set(err, ERR_UNSUPPORTED, "cannot decompress unknown algorithm %d", msg.algo);
        return SCAN_BAD;
    }
    if (result == SCAN_COMPLETE)
        *ret_lzw = msg.buf;
    return result;
}

bool decompress(str body, size_t bytes_max, struct arena *mem, struct buf *out, struct err *err)
{
    str lzw = S("");
    switch (compress_scan(body, mem, &lzw, err)) {
    case SCAN_MORE:
        return err_set(err, ERR_SYNTAX, "msgpack decode error: EOF");
    case SCAN_BAD:
        return false;
    case SCAN_COMPLETE:
        break;
    }
    out->max = bytes_max;
    if (!lzw_decode(lzw, out, err))
        return false;
    if (out->n == 0)
        return err_set(err, ERR_SYNTAX, "empty decompressed message");
    return true;
}

void packet_seal(struct buf *out, str message, bool has_crc, str label)
{
    defer(buf_done) struct buf packed = {0};
    compress_put(&packed, message);
    if (packed.n < message.n)
        message = buf_str(&packed);
    label_put(out, label);
    if (has_crc) {
        buf_put_c(out, MSG_CRC);
        buf_put_be(out, crc32_ieee(0, message), 4);
    }
    buf_put(out, message);
}

bool packet_open(str packet, str label, str *ret_message, struct err *err)
{
    str got;
    if (!label_remove(packet, &got, &packet, NULL, err))
        return false;
    if (!str_eq(got, label))
        return err_set(err, ERR_INVALID, "discarding packet with unacceptable label \"%.*s\"",
                       STR(got));
    return crc_remove(packet, ret_message, err);
}

// ---- push/pull -----------------------------------------------------------------------------

static enum scan_result scan_failed(const struct cursor *c, struct err *err)
{
    if (c->is_short)
        return SCAN_MORE;
    err_set(err, ERR_SYNTAX, "msgpack decode error");
    return SCAN_BAD;
}

static bool header_is_valid(const struct msg_pushpull *h, struct err *err)
{
    if (h->nodes < 0 || h->nodes > STATES_MAX)
        return err_set(err, ERR_LIMIT, "invalid node count %lld", (long long)h->nodes);
    if (h->user_state_len < 0 || h->user_state_len > (int64_t)STREAM_BYTES_MAX)
        return err_set(err, ERR_LIMIT, "invalid user state length %lld",
                       (long long)h->user_state_len);
    return true;
}

enum scan_result pushpull_scan(struct pushpull_scan *scan, str body, struct err *err)
{
    struct cursor c = cursor_from(str_skip(body, scan->at));
    if (!scan->has_header) {
        defer(arena_done) struct arena mem = {0};
        msgpack_read_struct(&c, message_struct(MSG_PUSHPULL), &scan->header, &mem);
        if (c.failed)
            return scan_failed(&c, err);
        if (!header_is_valid(&scan->header, err))
            return SCAN_BAD;
        scan->has_header = true;
        scan->at = body.n - cursor_left(&c);
    }
    for (; scan->states_done < scan->header.nodes; scan->states_done++) {
        msgpack_skip(&c);
        if (c.failed)
            return scan_failed(&c, err);
        scan->at = body.n - cursor_left(&c);
    }
    return cursor_left(&c) >= (size_t)scan->header.user_state_len ? SCAN_COMPLETE : SCAN_MORE;
}

bool pushpull_decode(str body, struct arena *mem, struct pushpull *ret, struct err *err)
{
    struct pushpull_scan scan = {0};
    switch (pushpull_scan(&scan, body, err)) {
    case SCAN_BAD:
        return false;
    case SCAN_MORE:
        return err_set(err, ERR_SYNTAX, "unexpected EOF");
    case SCAN_COMPLETE:
        break;
    }
    struct cursor c = cursor_from(body);
    struct msg_pushpull header;
    msgpack_read_struct(&c, message_struct(MSG_PUSHPULL), &header, mem);
    struct msg_state *states = arena_array(mem, struct msg_state, (size_t)header.nodes);
    for (int64_t i = 0; i < header.nodes; i++)
        msgpack_read_struct(&c, &STATE_STRUCT, &states[i], mem);
    str user_state = cursor_bytes(&c, (size_t)header.user_state_len);
    if (c.failed)
        return err_set(err, ERR_SYNTAX, "msgpack decode error");
    *ret = (struct pushpull){header.join, states, (size_t)header.nodes, user_state};
    return true;
}

void pushpull_put(struct buf *out, const struct pushpull *p)
{
    pushpull_put_head(out, p);
    buf_put(out, p->user_state);
}

void pushpull_put_head(struct buf *out, const struct pushpull *p)
{
    message_put(out, MSG_PUSHPULL,
                &(struct msg_pushpull){(int64_t)p->count, (int64_t)p->user_state.n, p->join});
    for (size_t i = 0; i < p->count; i++)
        msgpack_put_struct(out, &STATE_STRUCT, &p->states[i]);
}

enum scan_result user_scan(str body, str *ret_message, struct err *err)
{
    defer(arena_done) struct arena mem = {0};
    struct cursor c = cursor_from(body);
    struct msg_user header;
    msgpack_read_struct(&c, message_struct(MSG_USER), &header, &mem);
    if (c.failed)
        return scan_failed(&c, err);
    if (header.user_msg_len < 0 || header.user_msg_len > (int64_t)STREAM_BYTES_MAX) {
        err_set(err, ERR_LIMIT, "invalid user message length %lld", (long long)header.user_msg_len);
        return SCAN_BAD;
    }
    if (cursor_left(&c) < (size_t)header.user_msg_len)
        return SCAN_MORE;
    *ret_message = cursor_bytes(&c, (size_t)header.user_msg_len);
    return SCAN_COMPLETE;
}
