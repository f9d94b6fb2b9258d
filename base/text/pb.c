// SPDX-License-Identifier: Apache-2.0
#include "base/text/pb.h"

#include "base/text/pb_wire.h"

// ---- what protobuf-c reads otherwise ------------------------------------------------------------

// protobuf-c refuses groups, known fields of another wire type and long forms of tags and lengths,
// which all others skip or read; it forgets numbers of a message that is given in two pieces; and
// it takes numbers of more than 64 bits, which all others refuse: what we forwarded of those would
// cost us the whole exchange. So a message is walked through first, and what protobuf-c would
// stumble over is left out, shortened or joined.

static enum pb_wire_type wire_type_of(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return PB_FIXED64;
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
        return PB_FIXED32;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        return PB_BYTES;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_BOOL:
    case PROTOBUF_C_TYPE_ENUM:
        break;
    }
    return PB_VARINT;
}

// Repeated numbers come one by one or packed.
static bool field_takes(const ProtobufCFieldDescriptor *f, uint64_t wire_type)
{
    return wire_type == wire_type_of(f->type) ||
           (wire_type == PB_BYTES && f->label == PROTOBUF_C_LABEL_REPEATED);
}

static bool walk(const ProtobufCMessageDescriptor *type, str bytes, struct buf *out, bool *ret_odd);

// The contents of a PB_BYTES field; a message's are replaced if there is an `out`.
static bool walk_contents(const ProtobufCFieldDescriptor *f, str *contents, struct buf *out,
                          bool *ret_odd)
{
    enum pb_wire_type element = wire_type_of(f->type);
    if (f->type == PROTOBUF_C_TYPE_MESSAGE) {
        if (!walk(f->descriptor, *contents, out, ret_odd))
            return false;
        if (out)
            *contents = buf_str(out);
        return true;
    }
    struct cursor packed = cursor_from(*contents);
    while (element != PB_BYTES && cursor_left(&packed) > 0)
        pb_skip_value(&packed, PB_TAG(f->id, element));
    return !packed.failed;
}

// Is it a message that is there once, in whatever number of pieces? Pieces one after another are
// the whole.
static bool is_single_message(const ProtobufCFieldDescriptor *f)
{
    return f && f->type == PROTOBUF_C_TYPE_MESSAGE && f->label != PROTOBUF_C_LABEL_REPEATED;
}

// Appends what further pieces come in the rest of the message that holds them.
static void join_pieces(struct cursor rest, uint64_t wanted, struct buf *out)
{
    while (cursor_left(&rest) > 0) {
        uint64_t tag = pb_read_tag(&rest);
        str value = pb_read_value(&rest, tag);
        if (tag == wanted)
            buf_put(out, value);
    }
}

// False: malformed. *ret_odd: there is something that protobuf-c does not read. Appends the rest to
// `out`, which may be NULL. As deep as the schema is; ours do not contain themselves.
static bool walk(const ProtobufCMessageDescriptor *type, str bytes, struct buf *out, bool *ret_odd)
{
    struct cursor c = cursor_from(bytes);
    uint64_t seen = 0; // single messages, by place in the schema
    while (cursor_left(&c) > 0) {
        defer(buf_done) struct buf inner = {0}, joined = {0};
        const uint8_t *start = c.p;
        uint64_t tag = pb_read_tag(&c), wire_type = tag & 7;
        size_t head = pb_uvarint_bytes(tag);
        str value = pb_read_value(&c, tag);
        if (c.failed)
            return false;
        const ProtobufCFieldDescriptor *f =
            protobuf_c_message_descriptor_get_field(type, (unsigned)(tag >> 3));
        if (wire_type == PB_GROUP || (f && !field_takes(f, wire_type))) {
            *ret_odd = true;
            continue;
        }
        if (wire_type == PB_BYTES)
            head += pb_uvarint_bytes(value.n);
        *ret_odd |= head + value.n < (size_t)(c.p - start);
        if (is_single_message(f)) {
            uint64_t bit = UINT64_C(1) << (f - type->fields);
            *ret_odd |= (seen & bit) != 0;
            if (out && seen & bit)
                continue;
            seen |= bit;
            if (out) {
                buf_put(&joined, value);
                join_pieces(c, tag, &joined);
                value = buf_str(&joined);
            }
        }
        if (f && wire_type == PB_BYTES && !walk_contents(f, &value, out ? &inner : NULL, ret_odd))
            return false;
        if (out)
            pb_put_value(out, tag, value);
    }
    return !c.failed;
}

// ---- messages -----------------------------------------------------------------------------------

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
    defer(buf_done) struct buf readable = {0};
    bool is_odd = false;
    void *message = NULL;
    if (walk(type, bytes, NULL, &is_odd)) {
        if (is_odd && walk(type, bytes, &readable, &is_odd))
            bytes = buf_str(&readable);
        const uint8_t *p = (const uint8_t *)(bytes.n ? bytes.p : "");
        message = protobuf_c_message_unpack(type, &allocator, bytes.n, p);
    }
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
    time_split(t, ret_seconds, ret_nanos);
}
