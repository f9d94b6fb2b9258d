// SPDX-License-Identifier: Apache-2.0
// msgpack.h: the msgpack dialect of memberlist's peers: structures described by field tables.
//
// Written: a map with its keys in byte order, strings and byte slices as `raw` of the old
// specification (a0|n, da, db), non-negative integers unsigned and as short as possible, a nil
// byte slice as c0. Both generations of upstream's codec read that.
//
// Read: all that either generation accepts. Keys in any order, unknown (skipped), missing (zero),
// repeated (the last wins); map16 and map32; the structure as an array in declaration order; raw,
// str8, bin and arrays of small integers alike for keys, text and bytes; integers of any width and
// signedness that fit the field (64 unsigned bits always fit a signed one: they wrap); nil as zero;
// 0 and 1 as booleans. Bytes behind the structure are left alone. Depth and work are bounded by the
// input, memory by the arena's use for byte arrays of integers (one byte per element that is
// there).
#pragma once
#include "base/core/arena.h"
#include "base/text/cursor.h"

#define MSGPACK_DEPTH_MAX  16 // of values that are skipped
#define MSGPACK_FIELDS_MAX 16 // of one structure

enum msgpack_type {
    MSGPACK_U8,    // uint8_t
    MSGPACK_U16,   // uint16_t
    MSGPACK_U32,   // uint32_t
    MSGPACK_INT,   // int64_t
    MSGPACK_BOOL,  // bool
    MSGPACK_STR,   // str
    MSGPACK_BYTES, // str; p NULL is nil
};

struct msgpack_field {
    const char *name;
    size_t offset; // of the member in the C structure
    enum msgpack_type type;
    uint8_t place;    // in the declaration, from 0: the order of the array form
    bool is_optional; // not written when empty or zero
};

// The fields in byte order of their names.
struct msgpack_struct {
    const struct msgpack_field *fields;
    size_t count; // at most MSGPACK_FIELDS_MAX
};

void msgpack_put_struct(struct buf *out, const struct msgpack_struct *type, const void *object);

// Fills the object, zeroed first. Texts are borrowed from the input or live in mem. Errors are the
// cursor's: is_short tells whether more bytes may help.
void msgpack_read_struct(struct cursor *c, const struct msgpack_struct *type, void *object,
                         struct arena *mem);

// Skips one value of any kind.
void msgpack_skip(struct cursor *c);
