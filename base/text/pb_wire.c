// SPDX-License-Identifier: Apache-2.0
#include "base/text/pb_wire.h"

#define NUMBER_MAX ((1u << 29) - 1)

size_t pb_uvarint_bytes(uint64_t x)
{
    size_t n = 1;
    for (; x >= 0x80; x >>= 7)
        n++;
    return n;
}

uint64_t pb_read_tag(struct cursor *c)
{
    uint64_t tag = cursor_uvarint(c);
    if (tag >> 3 == 0 || tag >> 3 > NUMBER_MAX)
        cursor_fail(c);
    return tag;
}

str pb_read_bytes(struct cursor *c)
{
    return cursor_bytes(c, cursor_uvarint(c));
}

static void skip_flat(struct cursor *c, uint64_t tag)
{
    switch (tag & 7) {
    case PB_VARINT:
        cursor_uvarint(c);
        return;
    case PB_FIXED64:
        cursor_bytes(c, 8);
        return;
    case PB_BYTES:
        pb_read_bytes(c);
        return;
    case PB_FIXED32:
        cursor_bytes(c, 4);
        return;
    default:
        cursor_fail(c);
    }
}

// Every group ends with the number that it began with.
static void skip_group(struct cursor *c, uint64_t number)
{
    uint64_t open[PB_GROUP_DEPTH_MAX] = {number};
    size_t depth = 1;
    while (depth > 0 && !c->failed) {
        uint64_t tag = pb_read_tag(c);
        if ((tag & 7) == PB_GROUP_END) {
            if (open[--depth] != tag >> 3)
                cursor_fail(c);
        } else if ((tag & 7) != PB_GROUP) {
            skip_flat(c, tag);
        } else if (depth < PB_GROUP_DEPTH_MAX) {
            open[depth++] = tag >> 3;
        } else {
            cursor_fail(c);
        }
    }
}

void pb_skip_value(struct cursor *c, uint64_t tag)
{
    if ((tag & 7) == PB_GROUP)
        skip_group(c, tag >> 3);
    else
        skip_flat(c, tag);
}

str pb_read_value(struct cursor *c, uint64_t tag)
{
    const uint8_t *start = c->p;
    if ((tag & 7) == PB_BYTES)
        return pb_read_bytes(c);
    pb_skip_value(c, tag);
    return c->failed ? S("") : str_from(start, (size_t)(c->p - start));
}

void pb_put_value(struct buf *out, uint64_t tag, str value)
{
    buf_put_uvarint(out, tag);
    if ((tag & 7) == PB_BYTES)
        buf_put_uvarint(out, value.n);
    buf_put(out, value);
}
