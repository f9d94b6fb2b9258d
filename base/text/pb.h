// SPDX-License-Identifier: Apache-2.0
// pb.h: glue over protobuf-c: messages in arenas, streams of records, timestamps.
//
// A stream of records is varint(length) + message, one after another: snapshot files and what peers
// gossip. Nothing is allocated from a length that the input merely declares.
#pragma once
#include <protobuf-c/protobuf-c.h>

#include "base/core/arena.h"
#include "base/core/buf.h"
#include "base/core/err.h"
#include "base/core/time.h"

// Decodes into `mem`: the message and all it points to live there (never free it otherwise).
// NULL: malformed, ERR_SYNTAX. Unknown fields are kept and written again, but for groups and fields
// whose number is known with another wire type: those are left out.
void *pb_unpack(const ProtobufCMessageDescriptor *type, str bytes, struct arena *mem,
                struct err *err);
void pb_pack(const void *message, struct buf *out);
size_t pb_packed_bytes(const void *message);

// The two views of bytes. pb_bytes borrows.
static inline str pb_str(ProtobufCBinaryData d)
{
    return str_from(d.data, d.len);
}
ProtobufCBinaryData pb_bytes(str s);

// ---- records ------------------------------------------------------------------------------------

void pb_put_record(struct buf *out, str message);
void pb_pack_record(const void *message, struct buf *out); // pb_pack with its length in front

enum pb_record {
    PB_RECORD,    // one was taken off the front
    PB_END,       // the stream is empty
    PB_MALFORMED, // err says why; the stream is unchanged
};

// Takes the first record off *stream. Errors: ERR_SYNTAX "unexpected EOF", "invalid varint";
// ERR_LIMIT for a record of more than bytes_max.
enum pb_record pb_take_record(str *stream, size_t bytes_max, str *ret, struct err *err);

// ---- google.protobuf.Timestamp ------------------------------------------------------------------

#define PB_ZERO_TIME_SECONDS (-62135596800) // Go's zero time, 0001-01-01T00:00:00Z

// The zero time is TIME_UNSET; what time_ns can't hold is cut to TIME_MIN or TIME_MAX.
time_ns pb_time(int64_t seconds, int32_t nanos);
void pb_time_split(time_ns t, int64_t *ret_seconds, int32_t *ret_nanos); // nanos 0 … 999,999,999
