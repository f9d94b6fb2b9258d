// SPDX-License-Identifier: Apache-2.0
#include "gossip/bulk.h"

#include "base/core/alloc.h"
#include "base/text/lzw.h"
#include "gossip/packet.h"

// The worker touches only these bytes, the result and the keys; the rest is the core thread's.
struct bulk {
    enum bulk_kind kind;
    struct buf bytes;
    struct buf label;
    struct keyring *keyring; // a reference, or NULL
    struct nonce nonce;
    struct buf result;
    struct err err;
    bulk_fn *on_done; // NULL: cancelled
    void *owner;
};

static void pack(str message, const struct keyring *keyring, struct nonce nonce, str label,
                 struct buf *out)
{
    if (!keyring) {
        compress_put(out, message);
        return;
    }
    defer(buf_done) struct buf packed = {0};
    compress_put(&packed, message);
    keyring_seal_stream(keyring, nonce, buf_str(&packed), label, out);
}

static void bulk_run(void *job)
{
    struct bulk *b = job;
    str bytes = buf_str(&b->bytes), label = buf_str(&b->label);
    switch (b->kind) {
    case BULK_PACK:
        pack(bytes, b->keyring, b->nonce, label, &b->result);
        return;
    case BULK_OPEN:
        keyring_open_stream(b->keyring, bytes, label, &b->result, &b->err);
        return;
    case BULK_UNPACK:
        lzw_decode(bytes, &b->result, &b->err);
        return;
    }
}

static void bulk_done(void *job)
{
    struct bulk *b = job;
    if (b->on_done)
        b->on_done(b->owner, &b->result, &b->err);
    buf_done(&b->bytes);
    buf_done(&b->label);
    buf_done(&b->result);
    keyring_unref(b->keyring);
    mem_free(b);
}

struct bulk *bulk_start(struct env *env, enum bulk_kind kind, str bytes, struct keyring *keyring,
                        str label, bulk_fn *on_done, void *owner)
{
    struct bulk *b = mem_new(struct bulk);
    b->kind = kind;
    b->result.max = kind == BULK_PACK ? 0 : STREAM_BYTES_MAX;
    b->on_done = on_done;
    b->owner = owner;
    buf_put(&b->bytes, bytes);
    buf_put(&b->label, label);
    if (keyring)
        b->keyring = keyring_ref(keyring);
    if (keyring && kind == BULK_PACK)
        b->nonce = nonce_new(env);
    env_work(env, bulk_run, bulk_done, b);
    return b;
}

void bulk_cancel(struct bulk *b)
{
    if (b)
        b->on_done = NULL;
}

void bulk_pack(struct env *env, str message, const struct keyring *keyring, str label,
               struct buf *out)
{
    pack(message, keyring, keyring ? nonce_new(env) : (struct nonce){{0}}, label, out);
}
