// SPDX-License-Identifier: Apache-2.0
// squeeze.h: compressing and decompressing messages that would hold up the event loop: LZW takes 10
// ms per megabyte, so large ones go to a worker.
#pragma once
#include "base/env.h"

#define SQUEEZE_BYTES_MIN ((size_t)256 << 10) // shorter ones are done on the spot

enum squeeze_direction { SQUEEZE_IN, SQUEEZE_OUT };

struct squeeze;

// The result: a compress message (SQUEEZE_IN), or what was in one (SQUEEZE_OUT). The callback may
// take the buffer's bytes. Errors, only of SQUEEZE_OUT: those of lzw_decode.
typedef void squeeze_fn(void *owner, struct buf *result, const struct err *err);

// `bytes` (copied): the message, or the LZW bytes of a compress message.
struct squeeze *squeeze_start(struct env *env, enum squeeze_direction direction, str bytes,
                              squeeze_fn *on_done, void *owner);
void squeeze_cancel(struct squeeze *s); // the callback will not come; NULL is fine
