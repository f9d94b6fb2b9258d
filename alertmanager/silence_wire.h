// SPDX-License-Identifier: Apache-2.0
// silence_wire.h: silences from and to protobuf.
#pragma once
#include "alertmanager/silence.h"

// A silence as the store holds it: one heap block and an arena.
struct silence_stored {
    struct silence pub;
    str record; // the encoded MeshSilence in today's form: matcher_sets, and the first set once
                // more
    struct arena mem;
};

struct silence_times {
    time_ns starts_at, ends_at, updated_at, expires_at;
};

// Decodes an encoded MeshSilence, in the old forms too, and compiles its matchers; one that can't
// be evaluated is inert. NULL: ERR_SYNTAX "invalid state" (no silence), "malformed …", ERR_LIMIT.
// What it allocates in scratch may be forgotten.
struct silence_stored *silence_decode(str record, struct arena *scratch, struct err *err);
void silence_stored_free(struct silence_stored *s); // NULL is fine

// The MeshSilence of a local write.
void silence_encode(const struct silence_input *in, str id, const struct silence_times *times,
                    struct arena *scratch, struct buf *out);
// Its size without the copy of the first set: what --silences.max-silence-size-bytes limits.
size_t silence_limited_bytes(const struct silence_input *in, str id,
                             const struct silence_times *times, struct arena *scratch);
// The record of s with other times; all else, unknown fields included, stays.
void silence_encode_times(const struct silence_stored *s, const struct silence_times *times,
                          struct arena *scratch, struct buf *out);
