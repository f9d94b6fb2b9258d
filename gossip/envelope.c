// SPDX-License-Identifier: Apache-2.0
#include "gossip/envelope.h"

#include "base/text/cursor.h"

enum wire_type { VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5 };

#define TAG(field, type) ((field) << 3 | (type))

static size_t uvarint_bytes(uint64_t x)
{
    size_t n = 1;
    for (; x >= 0x80; x >>= 7)
        n++;
    return n;
}

static void put_field(struct buf *out, unsigned field, str value)
{
    if (value.n == 0)
        return; // proto3: the default is not written
    buf_put_c(out, (char)TAG(field, BYTES));
    buf_put_uvarint(out, value.n);
    buf_put(out, value);
}

static size_t field_bytes(str value)
{
    return value.n ? 1 + uvarint_bytes(value.n) + value.n : 0;
}

void part_put(struct buf *out, const struct part *p)
{
    put_field(out, 1, p->key);
    put_field(out, 2, p->data);
}

size_t part_bytes(const struct part *p)
{
    return field_bytes(p->key) + field_bytes(p->data);
}

void envelope_skip_value(struct cursor *c, uint64_t tag)
{
    switch (tag & 7) {
    case VARINT:
        cursor_uvarint(c);
        return;
    case FIXED64:
        cursor_bytes(c, 8);
        return;
    case BYTES:
        cursor_bytes(c, cursor_uvarint(c));
        return;
    case FIXED32:
        cursor_bytes(c, 4);
        return;
    default:
        cursor_fail(c); // groups left the language long ago
    }
}

uint64_t envelope_read_tag(struct cursor *c)
{
    uint64_t tag = cursor_uvarint(c);
    if (tag >> 3 == 0 || tag > UINT32_MAX)
        cursor_fail(c);
    return tag;
}

static bool read_failed(struct err *err)
{
    return err_set(err, ERR_SYNTAX, "proto: cannot parse invalid wire-format data");
}

bool part_read(str bytes, struct part *ret, struct err *err)
{
    struct cursor c = cursor_from(bytes);
    struct part p = {S(""), S("")};
    while (cursor_left(&c) > 0) {
        uint64_t tag = envelope_read_tag(&c);
        if (tag == TAG(1, BYTES))
            p.key = cursor_bytes(&c, cursor_uvarint(&c));
        else if (tag == TAG(2, BYTES))
            p.data = cursor_bytes(&c, cursor_uvarint(&c));
        else
            envelope_skip_value(&c, tag);
    }
    if (c.failed)
        return read_failed(err);
    *ret = p;
    return true;
}

void full_state_put(struct buf *out, const struct part *p)
{
    buf_put_c(out, (char)TAG(1, BYTES));
    buf_put_uvarint(out, part_bytes(p));
    part_put(out, p);
}

bool full_state_next(str *bytes, struct part *ret, struct err *err)
{
    struct cursor c = cursor_from(*bytes);
    err_clear(err);
    while (cursor_left(&c) > 0) {
        uint64_t tag = envelope_read_tag(&c);
        if (tag != TAG(1, BYTES)) {
            envelope_skip_value(&c, tag);
            continue;
        }
        str part = cursor_bytes(&c, cursor_uvarint(&c));
        if (c.failed)
            break;
        *bytes = cursor_rest(&c);
        return part_read(part, ret, err);
    }
    *bytes = S("");
    if (c.failed)
        read_failed(err);
    return false;
}
