// SPDX-License-Identifier: Apache-2.0
// bulk.h: work on large messages of a stream that would hold up the event loop. LZW takes 10 ms per
// megabyte, encryption half a millisecond: from some size on a worker does it.
#pragma once
#include "base/env.h"
#include "gossip/keyring.h"

#define BULK_BYTES_MIN ((size_t)256 << 10) // shorter ones are done on the spot

enum bulk_kind {
    BULK_PACK,   // a message → a compress message, encrypted if there is a keyring
    BULK_OPEN,   // an encrypted message → what is in it
    BULK_UNPACK, // the LZW bytes of a compress message → what is in it
};

struct bulk;

// The callback may take the result's bytes. Errors: none of BULK_PACK, those of keyring_open_stream
// and lzw_decode.
typedef void bulk_fn(void *owner, struct buf *result, const struct err *err);

// Bytes and label are copied, the keyring is kept until the work is done; NULL: nothing is
// encrypted. The callback comes from the event loop.
struct bulk *bulk_start(struct env *env, enum bulk_kind kind, str bytes, struct keyring *keyring,
                        str label, bulk_fn *on_done, void *owner);
void bulk_cancel(struct bulk *b); // the callback will not come; NULL is fine

// The same as BULK_PACK, at once.
void bulk_pack(struct env *env, str message, const struct keyring *keyring, str label,
               struct buf *out);
