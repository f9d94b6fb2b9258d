// SPDX-License-Identifier: Apache-2.0
#include "base/text/pb.h"

#include "base/text/cursor.h"

static void *arena_allocate(void *arena, size_t bytes)
{
    return arena_alloc_raw(arena, bytes);
}

static void arena_release(void *arena, void *p) // the arena is freed whole
{
    (void)arena;
    (void)p;
}

void *pb_unpack(const ProtobufCMessageDescriptor *type, str bytes, struct arena *mem,
                struct err *err)
{
    ProtobufCAllocator allocator = {arena_allocate, arena_release, mem};
    const uint8_t *p = (const uint8_t *)(bytes.n ? bytes.p : "");
    void *message = protobuf_c_message_unpack(type, &allocator, bytes.n, p);
    if (!message)
        err_set(err, ERR_SYNTAX, "malformed %s", type->name);
    return message;
}

size_t pb_packed_bytes(const void *message)
{
    return protobuf_c_message_get_packed_size(message);
}

void pb_pack(const void *message, struct buf *out)
{
    size_t n = pb_packed_bytes(message);
    char *to = buf_reserve(out, n);
    if (to)
        out->n += protobuf_c_message_pack(message, (uint8_t *)to);
}

ProtobufCBinaryData pb_bytes(str s)
{
    union { // protobuf-c has one type for reading and writing; packing doesn't write
        const char *from;
        uint8_t *to;
    } p = {.from = s.n ? s.p : NULL};
    return (ProtobufCBinaryData){.len = s.n, .data = p.to};
}

void pb_put_record(struct buf *out, str message)
{
    buf_put_uvarint(out, message.n);
    buf_put(out, message);
}

void pb_pack_record(const void *message, struct buf *out)
{
    buf_put_uvarint(out, pb_packed_bytes(message));
    pb_pack(message, out);
}

enum pb_record pb_take_record(str *stream, size_t bytes_max, str *ret, struct err *err)
{
    if (stream->n == 0)
        return PB_END;
    struct cursor c = cursor_from(*stream);
    uint64_t bytes = cursor_uvarint(&c);
    if (c.failed) {
        err_set(err, ERR_SYNTAX, c.is_short ? "unexpected EOF" : "invalid varint");
        return PB_MALFORMED;
    }
    if (bytes > bytes_max) {
        err_set(err, ERR_LIMIT, "record of %llu bytes exceeds the limit of %zu bytes",
                (unsigned long long)bytes, bytes_max);
        return PB_MALFORMED;
    }
    str record = cursor_bytes(&c, bytes);
    if (c.failed) {
        err_set(err, ERR_SYNTAX, "unexpected EOF");
        return PB_MALFORMED;
    }
    *ret = record;
    *stream = cursor_rest(&c);
    return PB_RECORD;
}

#define NS_PER_S 1000000000

time_ns pb_time(int64_t seconds, int32_t nanos)
{
    if (seconds == PB_ZERO_TIME_SECONDS && nanos == 0)
        return TIME_UNSET;
    __int128 t = (__int128)seconds * NS_PER_S + nanos;
    return (time_ns)CLAMP(t, TIME_MIN, TIME_MAX); // TIME_UNSET stands for the zero time alone
}

void pb_time_split(time_ns t, int64_t *ret_seconds, int32_t *ret_nanos)
{
    if (t == TIME_UNSET) {
        *ret_seconds = PB_ZERO_TIME_SECONDS;
        *ret_nanos = 0;
        return;
    }
    int64_t seconds = t / NS_PER_S;
    int64_t nanos = t % NS_PER_S;
    *ret_seconds = nanos < 0 ? seconds - 1 : seconds;
    *ret_nanos = (int32_t)(nanos < 0 ? nanos + NS_PER_S : nanos);
}
