// SPDX-License-Identifier: Apache-2.0
#include "base/text/msgpack.h"

// First bytes of values. The fix- ranges carry a value or a length in their low bits.
enum {
    FIXMAP = 0x80,   // … 0x8f
    FIXARRAY = 0x90, // … 0x9f
    FIXRAW = 0xa0,   // … 0xbf
    NIL = 0xc0,
    FALSE_ = 0xc2,
    TRUE_ = 0xc3,
    BIN8 = 0xc4, // bin8 bin16 bin32
    EXT8 = 0xc7, // ext8 ext16 ext32
    FLOAT32 = 0xca,
    FLOAT64 = 0xcb,
    UINT8 = 0xcc,   // uint8 … uint64
    INT8 = 0xd0,    // int8 … int64
    FIXEXT1 = 0xd4, // fixext 1 2 4 8 16
    STR8 = 0xd9,    // str8 raw16 raw32
    RAW16 = 0xda,
    RAW32 = 0xdb,
    ARRAY16 = 0xdc,
    ARRAY32 = 0xdd,
    MAP16 = 0xde,
    MAP32 = 0xdf,
    FIXNEG = 0xe0, // … 0xff: -32 … -1
};

// ---- writing -------------------------------------------------------------------------------

static void put_uint(struct buf *out, uint64_t x)
{
    if (x < 0x80) {
        buf_put_c(out, (char)x);
        return;
    }
    unsigned log2 = x <= UINT8_MAX ? 0 : x <= UINT16_MAX ? 1 : x <= UINT32_MAX ? 2 : 3;
    buf_put_c(out, (char)(UINT8 + log2));
    buf_put_be(out, x, (size_t)1 << log2);
}

static void put_raw(struct buf *out, str s)
{
    if (s.n < 32) {
        buf_put_c(out, (char)(FIXRAW | s.n));
    } else if (s.n <= UINT16_MAX) {
        buf_put_c(out, (char)RAW16);
        buf_put_be(out, s.n, 2);
    } else {
        buf_put_c(out, (char)RAW32);
        buf_put_be(out, s.n, 4);
    }
    buf_put(out, s);
}

static uint64_t field_number(const struct msgpack_field *f, const void *member)
{
    switch (f->type) {
    case MSGPACK_U8:
        return *(const uint8_t *)member;
    case MSGPACK_U16:
        return *(const uint16_t *)member;
    case MSGPACK_U32:
        return *(const uint32_t *)member;
    case MSGPACK_INT:
        assert(*(const int64_t *)member >= 0); // no message has a negative one
        return (uint64_t) * (const int64_t *)member;
    case MSGPACK_BOOL:
        return *(const bool *)member;
    case MSGPACK_STR:
    case MSGPACK_BYTES:
        return ((const str *)member)->n;
    }
    return 0;
}

static void put_field(struct buf *out, const struct msgpack_field *f, const void *member)
{
    put_raw(out, str_c(f->name));
    switch (f->type) {
    case MSGPACK_U8:
    case MSGPACK_U16:
    case MSGPACK_U32:
    case MSGPACK_INT:
        put_uint(out, field_number(f, member));
        return;
    case MSGPACK_BOOL:
        buf_put_c(out, (char)(*(const bool *)member ? TRUE_ : FALSE_));
        return;
    case MSGPACK_BYTES:
        if (!((const str *)member)->p) {
            buf_put_c(out, (char)NIL);
            return;
        }
        put_raw(out, *(const str *)member);
        return;
    case MSGPACK_STR:
        put_raw(out, *(const str *)member);
        return;
    }
}

void msgpack_put_struct(struct buf *out, const struct msgpack_struct *type, const void *object)
{
    const char *base = object;
    size_t count = 0;
    for (size_t i = 0; i < type->count; i++) {
        const struct msgpack_field *f = &type->fields[i];
        count += !f->is_optional || field_number(f, base + f->offset) != 0;
    }
    assert(count < 16);
    buf_put_c(out, (char)(FIXMAP | count));
    for (size_t i = 0; i < type->count; i++) {
        const struct msgpack_field *f = &type->fields[i];
        if (!f->is_optional || field_number(f, base + f->offset) != 0)
            put_field(out, f, base + f->offset);
    }
}

// ---- reading -------------------------------------------------------------------------------

// Reads the head of an array, or of a map when is_map; false and nothing read if it is neither.
static bool read_count(struct cursor *c, bool is_map, uint32_t *ret)
{
    if (!cursor_has(c, 1))
        return false;
    uint8_t head = *c->p;
    if ((head & 0xf0) == (is_map ? FIXMAP : FIXARRAY)) {
        c->p++;
        *ret = head & 0x0f;
        return true;
    }
    if (head != (is_map ? MAP16 : ARRAY16) && head != (is_map ? MAP32 : ARRAY32))
        return false;
    c->p++;
    *ret = (uint32_t)cursor_be(c, head == (is_map ? MAP16 : ARRAY16) ? 2 : 4);
    return !c->failed;
}

// An integer of any width. Negative ones come as their two's complement with *ret_negative.
static uint64_t read_integer(struct cursor *c, bool *ret_negative)
{
    uint8_t head = cursor_u8(c);
    *ret_negative = false;
    if (head < 0x80 || head == NIL)
        return head < 0x80 ? head : 0;
    if (head >= FIXNEG) {
        *ret_negative = true;
        return (uint64_t)(int64_t)(int8_t)head;
    }
    if (head >= UINT8 && head < UINT8 + 4)
        return cursor_be(c, (size_t)1 << (head - UINT8));
    if (head >= INT8 && head < INT8 + 4) {
        size_t width = (size_t)1 << (head - INT8);
        uint64_t x = cursor_be(c, width);
        *ret_negative = x >> (8 * width - 1);
        if (*ret_negative && width < 8)
            x |= UINT64_MAX << (8 * width);
        return x;
    }
    cursor_fail(c);
    return 0;
}

static uint64_t read_uint(struct cursor *c, uint64_t max)
{
    bool is_negative;
    uint64_t x = read_integer(c, &is_negative);
    if (is_negative || x > max) {
        cursor_fail(c);
        return 0;
    }
    return x;
}

static int64_t read_int(struct cursor *c)
{
    bool is_negative;
    uint64_t x = read_integer(c, &is_negative);
    return c->failed ? 0 : (int64_t)x; // a uint64 of 2^63 and more wraps, as in either generation
}

static bool read_bool(struct cursor *c)
{
    uint8_t head = cursor_u8(c);
    if (head == TRUE_ || head == 1)
        return true;
    if (head != FALSE_ && head != 0 && head != NIL)
        cursor_fail(c);
    return false;
}

// An array of small integers. The count is there already.
static str read_byte_array(struct cursor *c, uint32_t count, struct arena *mem)
{
    if (!cursor_has(c, count)) // each element takes one byte at least
        return (str){0};
    char *bytes = arena_alloc_raw(mem, MAX(count, 1));
    for (uint32_t i = 0; i < count; i++)
        bytes[i] = (char)(uint8_t)read_uint(c, UINT8_MAX);
    return str_from(bytes, count);
}

// raw, str8, bin, an array of small integers or nil (p NULL).
static str read_text(struct cursor *c, struct arena *mem)
{
    uint32_t count;
    if (read_count(c, false, &count))
        return read_byte_array(c, count, mem);
    uint8_t head = cursor_u8(c);
    if ((head & 0xe0) == FIXRAW)
        return cursor_bytes(c, head & 0x1f);
    if (head >= STR8 && head <= RAW32)
        return cursor_bytes(c, cursor_be(c, (size_t)1 << (head - STR8)));
    if (head >= BIN8 && head < BIN8 + 3)
        return cursor_bytes(c, cursor_be(c, (size_t)1 << (head - BIN8)));
    if (head != NIL)
        cursor_fail(c);
    return (str){0};
}

static void read_member(struct cursor *c, const struct msgpack_field *f, void *member,
                        struct arena *mem)
{
    switch (f->type) {
    case MSGPACK_U8:
        *(uint8_t *)member = (uint8_t)read_uint(c, UINT8_MAX);
        return;
    case MSGPACK_U16:
        *(uint16_t *)member = (uint16_t)read_uint(c, UINT16_MAX);
        return;
    case MSGPACK_U32:
        *(uint32_t *)member = (uint32_t)read_uint(c, UINT32_MAX);
        return;
    case MSGPACK_INT:
        *(int64_t *)member = read_int(c);
        return;
    case MSGPACK_BOOL:
        *(bool *)member = read_bool(c);
        return;
    case MSGPACK_STR:
    case MSGPACK_BYTES:
        *(str *)member = read_text(c, mem);
        return;
    }
}

static const struct msgpack_field *field_named(const struct msgpack_struct *type, str name)
{
    for (size_t i = 0; i < type->count; i++) {
        if (str_eq(str_c(type->fields[i].name), name))
            return &type->fields[i];
    }
    return NULL;
}

static const struct msgpack_field *field_at(const struct msgpack_struct *type, uint32_t place)
{
    for (size_t i = 0; i < type->count; i++) {
        if (type->fields[i].place == place)
            return &type->fields[i];
    }
    return NULL;
}

static void clear_members(const struct msgpack_struct *type, char *base)
{
    static const size_t BYTES[] = {
        [MSGPACK_U8] = 1,
        [MSGPACK_U16] = 2,
        [MSGPACK_U32] = 4,
        [MSGPACK_INT] = 8,
        [MSGPACK_BOOL] = sizeof(bool),
        [MSGPACK_STR] = sizeof(str),
        [MSGPACK_BYTES] = sizeof(str),
    };
    for (size_t i = 0; i < type->count; i++)
        memset(base + type->fields[i].offset, 0, BYTES[type->fields[i].type]);
}

void msgpack_read_struct(struct cursor *c, const struct msgpack_struct *type, void *object,
                         struct arena *mem)
{
    char *base = object;
    uint32_t count = 0;
    clear_members(type, base);
    bool is_map = read_count(c, true, &count);
    if (!is_map && !read_count(c, false, &count)) {
        if (cursor_u8(c) != NIL)
            cursor_fail(c);
        return;
    }
    for (uint32_t i = 0; i < count && !c->failed; i++) {
        const struct msgpack_field *f =
            is_map ? field_named(type, read_text(c, mem)) : field_at(type, i);
        if (c->failed)
            return;
        if (f)
            read_member(c, f, base + f->offset, mem);
        else
            msgpack_skip(c);
    }
}

// ---- skipping ------------------------------------------------------------------------------

// Bytes behind the head of a value without parts, its length bytes included.
static size_t read_flat_bytes(struct cursor *c, uint8_t head)
{
    if (head < 0x80 || head >= FIXNEG || (head >= NIL && head <= TRUE_))
        return 0;
    if ((head & 0xe0) == FIXRAW)
        return head & 0x1f;
    if (head >= BIN8 && head < BIN8 + 3)
        return cursor_be(c, (size_t)1 << (head - BIN8));
    if (head >= EXT8 && head < EXT8 + 3)
        return cursor_be(c, (size_t)1 << (head - EXT8)) + 1; // and the type byte
    if (head == FLOAT32 || head == FLOAT64)
        return head == FLOAT32 ? 4 : 8;
    if (head >= UINT8 && head < UINT8 + 4)
        return (size_t)1 << (head - UINT8);
    if (head >= INT8 && head < INT8 + 4)
        return (size_t)1 << (head - INT8);
    if (head >= FIXEXT1 && head < FIXEXT1 + 5)
        return ((size_t)1 << (head - FIXEXT1)) + 1;
    return cursor_be(c, (size_t)1 << (head - STR8)); // str8 raw16 raw32
}

// A stack of how many values are left on each level, instead of recursion.
void msgpack_skip(struct cursor *c)
{
    uint64_t left[MSGPACK_DEPTH_MAX] = {1};
    size_t depth = 0;
    for (;;) {
        while (left[depth] == 0) {
            if (depth-- == 0)
                return;
        }
        left[depth]--;
        uint32_t count = 0;
        bool is_map = read_count(c, true, &count);
        if (is_map || read_count(c, false, &count)) {
            if (++depth == MSGPACK_DEPTH_MAX) {
                cursor_fail(c);
                return;
            }
            left[depth] = (uint64_t)count * (is_map ? 2 : 1);
        } else {
            uint8_t head = cursor_u8(c);
            cursor_bytes(c, read_flat_bytes(c, head));
        }
        if (c->failed)
            return;
    }
}
