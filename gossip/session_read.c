// SPDX-License-Identifier: Apache-2.0
// Messages out of the bytes of a stream: without label, decrypted, decompressed, decoded.
#include "gossip/session.h"

void incoming_done(struct incoming_message *m)
{
    buf_done(&m->plain);
    arena_done(&m->mem);
}

enum scan_result read_label(struct session *n, struct err *err)
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

static bool take_unsealed(struct session *n, struct buf *plain, struct err *err)
{
    struct swim *s = n->swim;
    if (err->code == ERR_NONE && plain->n == 0)
        err_set(err, ERR_SYNTAX, "empty encrypted message");
    if (err->code != ERR_NONE) {
        swim_refuse_secret(s, &n->peer, err);
        return false;
    }
    s->held_bytes -= n->in.n;
    s->held_bytes += plain->n;
    buf_done(&n->in);
    n->in = *plain;
    *plain = (struct buf){0};
    return true;
}

static void session_unsealed(void *owner, struct buf *result, const struct err *why)
{
    struct session *n = owner;
    struct err err = *why;
    n->unpacking = NULL;
    if (take_unsealed(n, result, &err))
        session_continue(n);
    else
        session_refuse_unread(n, &err);
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
    str sealed = str_slice(buf_str(&n->in), 0, bytes);
    n->is_unsealed = true;
    if (bytes >= BULK_BYTES_MIN) {
        n->unpacking = bulk_start(s->env, BULK_OPEN, sealed, s->keyring, s->options.label,
                                  session_unsealed, n);
        return SCAN_MORE;
    }
    defer(buf_done) struct buf plain = {.max = STREAM_BYTES_MAX};
    keyring_open_stream(s->keyring, sealed, s->options.label, &plain, err);
    return take_unsealed(n, &plain, err) ? SCAN_COMPLETE : SCAN_BAD;
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

static void session_unpacked(void *owner, struct buf *result, const struct err *why)
{
    struct session *n = owner;
    struct err err = *why;
    n->unpacking = NULL;
    n->plain = *result;
    *result = (struct buf){0};
    if (err.code == ERR_NONE && n->plain.n == 0)
        err_set(&err, ERR_SYNTAX, "empty decompressed message");
    if (err.code == ERR_NONE)
        session_continue(n);
    else
        session_refuse_unread(n, &err);
}

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
    if (lzw.n >= BULK_BYTES_MIN / 4) {
        n->unpacking = bulk_start(n->swim->env, BULK_UNPACK, lzw, NULL, S(""), session_unpacked, n);
        return SCAN_MORE;
    }
    if (!decompress(m->body, STREAM_BYTES_MAX, &m->mem, &m->plain, err))
        return SCAN_BAD;
    m->type = (uint8_t)m->plain.p[0];
    m->body = str_skip(buf_str(&m->plain), 1);
    m->is_whole = true;
    return SCAN_COMPLETE;
}

enum scan_result read_message(struct session *n, struct incoming_message *m, struct err *err)
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

enum scan_result read_pushpull(struct session *n, struct incoming_message *m, struct pushpull *ret,
                               struct err *err)
{
    struct pushpull_scan once = {0};
    enum scan_result result = pushpull_scan(m->is_whole ? &once : &n->scan, m->body, err);
    result = whole_or_bad(m, result, err);
    if (result == SCAN_COMPLETE && !pushpull_decode(m->body, &m->mem, ret, err))
        return SCAN_BAD;
    return result;
}

enum scan_result read_struct(struct incoming_message *m, void *ret, struct err *err)
{
    enum scan_result result = message_scan(m->type, m->body, ret, &m->mem, err);
    return whole_or_bad(m, result, err);
}

enum scan_result read_user(const struct incoming_message *m, str *ret, struct err *err)
{
    return whole_or_bad(m, user_scan(m->body, ret, err), err);
}
