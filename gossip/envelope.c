// SPDX-License-Identifier: Apache-2.0
#include "gossip/envelope.h"

#include "base/core/utf8.h"
#include "base/text/pb_wire.h"

static void put_field(struct buf *out, unsigned field, str value)
{
    if (value.n == 0)
        return; // proto3: the default is not written
    pb_put_value(out, PB_TAG(field, PB_BYTES), value);
}

static size_t field_bytes(str value)
{
    return value.n ? 1 + pb_uvarint_bytes(value.n) + value.n : 0;
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

static bool read_failed(struct err *err)
{
    return err_set(err, ERR_SYNTAX, "proto: cannot parse invalid wire-format data");
}

bool part_read(str bytes, struct part *ret, struct err *err)
{
    struct cursor c = cursor_from(bytes);
    struct part p = {S(""), S("")};
    bool is_utf8 = true;
    while (cursor_left(&c) > 0) {
        uint64_t tag = pb_read_tag(&c);
        if (tag == PB_TAG(1, PB_BYTES)) {
            p.key = pb_read_bytes(&c);
            is_utf8 &= utf8_is_valid(p.key);
        } else if (tag == PB_TAG(2, PB_BYTES)) {
            p.data = pb_read_bytes(&c);
        } else {
            pb_skip_value(&c, tag);
        }
    }
    if (c.failed)
        return read_failed(err);
    if (!is_utf8)
        return err_set(err, ERR_SYNTAX, "string field contains invalid UTF-8");
    *ret = p;
    return true;
}

void full_state_put(struct buf *out, const struct part *p)
{
    full_state_put_head(out, p);
    buf_put(out, p->data);
}

void full_state_put_head(struct buf *out, const struct part *p)
{
    buf_put_c(out, (char)PB_TAG(1, PB_BYTES));
    buf_put_uvarint(out, part_bytes(p));
    put_field(out, 1, p->key);
    if (p->data.n == 0)
        return;
    buf_put_c(out, (char)PB_TAG(2, PB_BYTES));
    buf_put_uvarint(out, p->data.n);
}

bool full_state_next(str *bytes, struct part *ret, struct err *err)
{
    struct cursor c = cursor_from(*bytes);
    err_clear(err);
    while (cursor_left(&c) > 0) {
        uint64_t tag = pb_read_tag(&c);
        if (tag != PB_TAG(1, PB_BYTES)) {
            pb_skip_value(&c, tag);
            continue;
        }
        str part = pb_read_bytes(&c);
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
