// SPDX-License-Identifier: Apache-2.0
// pb_wire.h: protobuf's fields as they stand in bytes, without a schema, for readers by hand and
// for what generated code does not understand.
//
//   field  = tag value        tag = varint(number << 3 | wire type)
//   value  = varint | 8 bytes | varint(n) + n bytes | 4 bytes | fields + tag of its end (a group)
#pragma once
#include "base/text/cursor.h"

enum pb_wire_type {
    PB_VARINT = 0,
    PB_FIXED64 = 1,
    PB_BYTES = 2,
    PB_GROUP = 3,
    PB_GROUP_END = 4,
    PB_FIXED32 = 5,
};

#define PB_GROUP_DEPTH_MAX 64

#define PB_TAG(number, type) ((uint64_t)(number) << 3 | (type))

size_t pb_uvarint_bytes(uint64_t x); // how many buf_put_uvarint writes

// The next field's tag; a field number that cannot be makes the cursor fail.
uint64_t pb_read_tag(struct cursor *c);

// The value of a PB_BYTES field.
str pb_read_bytes(struct cursor *c);

// The value behind that tag as it stands: that of PB_BYTES without its length, a group with its
// end. Errors as pb_skip_value.
str pb_read_value(struct cursor *c, uint64_t tag);
void pb_put_value(struct buf *out, uint64_t tag, str value); // such a field

// Leaves out the value behind that tag. The cursor fails for wire types that do not exist, for the
// end of a group that never began, and beyond PB_GROUP_DEPTH_MAX.
void pb_skip_value(struct cursor *c, uint64_t tag);
