// SPDX-License-Identifier: Apache-2.0
#include "gossip/keyring.h"

#include "base/core/alloc.h"
#include "base/text/cursor.h"
#include "base/text/encode.h"
#include "gossip/packet.h"

#define PAD_BLOCK 16

enum { SEALED_PADDED = 0, SEALED_PLAIN = 1 }; // versions

struct keyring {
    unsigned refs;
    struct aead_key *keys[KEYRING_KEYS_MAX];
    size_t count;
};

// ---- reading -------------------------------------------------------------------------------

static bool add_key(struct keyring *k, str text, struct err *err)
{
    defer(buf_wipe) struct buf bytes = {0};
    buf_reserve(&bytes, text.n); // all at once: growing would leave copies behind
    if (!base64_decode(text, &bytes))
        return err_set(err, ERR_SYNTAX, "illegal base64 data");
    if (k->count == KEYRING_KEYS_MAX)
        return err_set(err, ERR_LIMIT, "more than %d keys", KEYRING_KEYS_MAX);
    k->keys[k->count] = aead_key_new(buf_str(&bytes), err);
    if (!k->keys[k->count])
        return false;
    k->count++;
    return true;
}

struct keyring *keyring_parse(str text, struct err *err)
{
    struct keyring *k = mem_new(struct keyring);
    k->refs = 1;
    str line;
    for (size_t number = 1; text.n; number++) {
        str_cut(text, '\n', &line, &text);
        line = str_trim(line);
        if (line.n == 0 || line.p[0] == '#')
            continue;
        if (!add_key(k, line, err)) {
            err_wrap(err, "line %zu", number);
            keyring_unref(k);
            return NULL;
        }
    }
    if (k->count)
        return k;
    err_set(err, ERR_INVALID, "no key in it");
    keyring_unref(k);
    return NULL;
}

struct keyring *keyring_read(struct env *env, str path, struct err *err)
{
    defer(buf_wipe) struct buf text = {0};
    buf_reserve(&text, KEYRING_FILE_BYTES_MAX + 1);
    if (!env_file_read(env, path, KEYRING_FILE_BYTES_MAX, &text, err))
        return NULL;
    struct keyring *k = keyring_parse(buf_str(&text), err);
    if (!k)
        err_wrap(err, "cannot use the keys in %.*s", STR(path));
    return k;
}

struct keyring *keyring_ref(struct keyring *k)
{
    k->refs++;
    return k;
}

void keyring_unref(struct keyring *k)
{
    if (!k || --k->refs > 0)
        return;
    for (size_t i = 0; i < k->count; i++)
        aead_key_free(k->keys[i]);
    mem_free(k);
}

// ---- sealing -------------------------------------------------------------------------------

size_t sealed_bytes(unsigned version, size_t plain_bytes)
{
    size_t padding = version == SEALED_PADDED ? PAD_BLOCK - plain_bytes % PAD_BLOCK : 0;
    return SEALED_OVERHEAD + plain_bytes + padding;
}

// 96 random bits: with 2^32 messages under one key the chance of a repeated nonce is below 2^-32.
struct nonce nonce_new(struct env *env)
{
    uint64_t random[2] = {env_random(env), env_random(env)};
    struct nonce nonce;
    memcpy(nonce.bytes, random, AEAD_NONCE_BYTES);
    return nonce;
}

static void put_sealed(const struct keyring *k, struct nonce nonce, str message, str data,
                       struct buf *out)
{
    buf_put_c(out, SEALED_PLAIN);
    buf_put(out, str_from(nonce.bytes, sizeof(nonce.bytes)));
    aead_seal(k->keys[0], nonce.bytes, data, message, out);
}

void keyring_seal_packet(const struct keyring *k, struct env *env, str message, str label,
                         struct buf *out)
{
    put_sealed(k, nonce_new(env), message, label, out);
}

// What is protected on a stream besides the message.
static void put_stream_data(struct buf *out, size_t n, str label)
{
    buf_put_c(out, MSG_ENCRYPT);
    buf_put_be(out, n, 4);
    buf_put(out, label);
}

void keyring_seal_stream(const struct keyring *k, struct nonce nonce, str message, str label,
                         struct buf *out)
{
    defer(buf_done) struct buf data = {0};
    put_stream_data(&data, sealed_bytes(SEALED_PLAIN, message.n), label);
    buf_put(out, str_slice(buf_str(&data), 0, SEALED_STREAM_HEAD));
    put_sealed(k, nonce, message, buf_str(&data), out);
}

// ---- opening -------------------------------------------------------------------------------

void pkcs7_put(struct buf *out, str plain)
{
    size_t n = PAD_BLOCK - plain.n % PAD_BLOCK;
    buf_put(out, plain);
    buf_put_fill(out, (char)n, n);
}

bool pkcs7_remove(struct buf *b, size_t from)
{
    size_t bytes = b->n - from;
    size_t n = bytes ? (uint8_t)b->p[b->n - 1] : 0;
    if (n == 0 || n > PAD_BLOCK || n > bytes || bytes % PAD_BLOCK)
        return false;
    for (size_t i = 1; i <= n; i++) {
        if ((uint8_t)b->p[b->n - i] != n)
            return false;
    }
    b->n -= n;
    return true;
}

bool keyring_open_packet(const struct keyring *k, str sealed, str label, struct buf *out,
                         struct err *err)
{
    size_t from = out->n;
    if (sealed.n == 0)
        return err_set(err, ERR_SYNTAX, "cannot decrypt empty payload");
    unsigned version = (uint8_t)sealed.p[0];
    if (version > SEALED_PLAIN)
        return err_set(err, ERR_UNSUPPORTED, "unsupported encryption version %u", version);
    if (sealed.n < sealed_bytes(version, 0))
        return err_set(err, ERR_SYNTAX, "payload is too small to decrypt: %zu", sealed.n);
    const uint8_t *nonce = (const uint8_t *)sealed.p + 1;
    str body = str_skip(sealed, 1 + AEAD_NONCE_BYTES);
    for (size_t i = 0; i < k->count; i++) {
        if (!aead_open(k->keys[i], nonce, label, body, out))
            continue;
        return version == SEALED_PLAIN || pkcs7_remove(out, from) ||
               err_set(err, ERR_SYNTAX, "bad padding");
    }
    return err_set(err, ERR_INVALID, "no installed keys could decrypt the message");
}

size_t sealed_stream_bytes(str stream)
{
    struct cursor c = cursor_from(str_skip(stream, 1));
    size_t n = cursor_u32be(&c);
    return c.failed ? 0 : SEALED_STREAM_HEAD + n;
}

bool keyring_open_stream(const struct keyring *k, str stream, str label, struct buf *out,
                         struct err *err)
{
    defer(buf_done) struct buf data = {0};
    str sealed = str_slice(stream, SEALED_STREAM_HEAD, sealed_stream_bytes(stream));
    put_stream_data(&data, sealed.n, label);
    return keyring_open_packet(k, sealed, buf_str(&data), out, err);
}

// ---- complaints ----------------------------------------------------------------------------

bool refusals_may_log(struct refusals *r, const struct addr *from, mono_ns now)
{
    size_t oldest = 0;
    struct addr ip = *from;
    ip.port = 0;
    for (size_t i = 0; i < r->count; i++) {
        if (addr_eq(&r->seen[i].addr, &ip)) {
            if (now - r->seen[i].at < DUR_MINUTES(1))
                return false;
            r->seen[i].at = now;
            return true;
        }
        if (r->seen[i].at < r->seen[oldest].at)
            oldest = i;
    }
    if (r->count < REFUSALS_REMEMBERED)
        oldest = r->count++;
    else if (now - r->seen[oldest].at < DUR_MINUTES(1))
        return false; // so many at once: those that were named are enough
    r->seen[oldest].addr = ip;
    r->seen[oldest].at = now;
    return true;
}
