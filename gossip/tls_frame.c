// SPDX-License-Identifier: Apache-2.0
#include "gossip/tls_frame.h"

#include "base/core/utf8.h"
#include "base/text/pb_wire.h"

#define FRAME_VERSION S("v0.1.0")

enum {
    TAG_VERSION = 1 << 3 | 2,
    TAG_KIND = 2 << 3,
    TAG_FROM = 3 << 3 | 2,
    TAG_PACKET = 4 << 3 | 2
};

static void put_bytes(struct buf *out, unsigned tag, str value) // none for an empty value
{
    if (value.n == 0)
        return;
    buf_put_c(out, (char)tag);
    buf_put_uvarint(out, value.n);
    buf_put(out, value);
}

static void frame_put(struct buf *out, str message)
{
    buf_put_u32le(out, (uint32_t)message.n);
    buf_put(out, message);
}

void frame_put_stream(struct buf *out)
{
    defer(buf_done) struct buf message = {0};
    put_bytes(&message, TAG_VERSION, FRAME_VERSION);
    frame_put(out, buf_str(&message));
}

void frame_put_packet(struct buf *out, str from, str packet)
{
    defer(buf_done) struct buf message = {0};
    put_bytes(&message, TAG_VERSION, FRAME_VERSION);
    buf_put_c(&message, TAG_KIND);
    buf_put_c(&message, FRAME_PACKET);
    put_bytes(&message, TAG_FROM, from);
    put_bytes(&message, TAG_PACKET, packet);
    frame_put(out, buf_str(&message));
}

static bool read_message(str message, struct frame *ret, struct err *err)
{
    struct cursor c = cursor_from(message);
    struct frame f = {.from = S(""), .packet = S("")};
    str version = S("");
    uint64_t kind = FRAME_STREAM;
    while (cursor_left(&c) > 0) {
        uint64_t tag = pb_read_tag(&c);
        if (tag == TAG_VERSION)
            version = pb_read_bytes(&c);
        else if (tag == TAG_KIND)
            kind = cursor_uvarint(&c);
        else if (tag == TAG_FROM)
            f.from = pb_read_bytes(&c);
        else if (tag == TAG_PACKET)
            f.packet = pb_read_bytes(&c);
        else
            pb_skip_value(&c, tag);
    }
    if (c.failed)
        return err_set(err, ERR_SYNTAX,
                       "unable to parse message: proto: cannot parse invalid "
                       "wire-format data");
    if (!utf8_is_valid(f.from))
        return err_set(err, ERR_SYNTAX,
                       "unable to parse message: string field contains invalid UTF-8");
    if (!str_eq(version, FRAME_VERSION))
        return err_set(err, ERR_UNSUPPORTED, "tls memberlist message version incompatible");
    if (kind != FRAME_STREAM && kind != FRAME_PACKET)
        return err_set(err, ERR_UNSUPPORTED, "could not read from either stream or packet channel");
    f.kind = (enum frame_kind)kind;
    *ret = f;
    return true;
}

enum scan_result frame_scan(str bytes, struct frame *ret, size_t *ret_bytes, struct err *err)
{
    struct cursor c = cursor_from(bytes);
    size_t n = cursor_u32le(&c);
    if (c.failed)
        return SCAN_MORE;
    if (n > FRAME_BYTES_MAX) {
        err_set(err, ERR_LIMIT, "frame of %zu bytes", n);
        return SCAN_BAD;
    }
    if (cursor_left(&c) < n)
        return SCAN_MORE;
    *ret_bytes = 4 + n;
    return read_message(cursor_bytes(&c, n), ret, err) ? SCAN_COMPLETE : SCAN_BAD;
}
