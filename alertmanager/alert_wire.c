// SPDX-License-Identifier: Apache-2.0
#include "alertmanager/alert_wire.h"

#include "base/core/utf8.h"
#include "base/text/cursor.h"

enum { FLAG_TIMEOUT = 1, FLAG_OVER = 2, FLAG_NOTED = 4, FLAGS_KNOWN = 7 };

#define VARINT_BYTES_MAX 10
#define TIME_BYTES       12 // nanoseconds, offset
#define HEAD_BYTES_MAX   (2 + VARINT_BYTES_MAX + 2 * TIME_BYTES + 8)

// ---- encoding ----------------------------------------------------------------------------------

// Room is made once for a whole record: these write without looking.

static char *put_be(char *p, uint64_t x, unsigned width)
{
    for (unsigned i = width; i-- > 0;)
        *p++ = (char)(uint8_t)(x >> (8 * i));
    return p;
}

static char *put_varint(char *p, uint64_t x)
{
    for (; x >= 0x80; x >>= 7)
        *p++ = (char)(uint8_t)(x | 0x80);
    *p++ = (char)x;
    return p;
}

static char *put_text(char *p, str s)
{
    p = put_varint(p, s.n);
    memcpy(p, s.p, s.n);
    return p + s.n;
}

static char *put_time(char *p, struct zoned_time t)
{
    return put_be(put_be(p, (uint64_t)t.t, 8), (uint32_t)t.offset_s, 4);
}

static size_t labels_bytes_max(const struct labels *l)
{
    size_t bytes = VARINT_BYTES_MAX;
    for (uint32_t i = 0; i < l->count; i++)
        bytes += 2 * VARINT_BYTES_MAX + l->names->names[i]->n + l->values[i]->n;
    return bytes;
}

static char *put_labels(char *p, const struct labels *l)
{
    p = put_varint(p, l->count);
    for (uint32_t i = 0; i < l->count; i++)
        p = put_text(put_text(p, labels_name_at(l, i)), labels_value_at(l, i));
    return p;
}

void alert_record_encode(const struct alert *a, uint64_t number, struct buf *out)
{
    size_t bytes_max = HEAD_BYTES_MAX + labels_bytes_max(a->labels) +
                       labels_bytes_max(a->annotations) + VARINT_BYTES_MAX + a->generator_url->n;
    char *begin = buf_reserve(out, bytes_max), *p = begin;
    if (!p)
        return;
    *p++ = ALERT_RECORD_VERSION;
    *p++ = (char)((a->is_timeout ? FLAG_TIMEOUT : 0) | (a->is_over ? FLAG_OVER : 0) |
                  (a->is_noted ? FLAG_NOTED : 0));
    p = put_varint(p, number);
    p = put_labels(p, a->labels);
    if (!a->is_over) {
        p = put_time(p, a->starts_at);
        p = put_time(p, (struct zoned_time){alert_promised_end(a), a->ends_at.offset_s});
        p = put_be(p, (uint64_t)a->updated_at, 8);
        p = put_labels(p, a->annotations);
        p = put_text(p, symbol_str(a->generator_url));
    }
    out->n += (size_t)(p - begin);
}

// ---- decoding ----------------------------------------------------------------------------------

static str take_text(struct cursor *c)
{
    return cursor_bytes(c, cursor_uvarint(c));
}

static struct zoned_time take_time(struct cursor *c)
{
    time_ns t = (time_ns)cursor_be(c, 8);
    return (struct zoned_time){t, (int32_t)cursor_u32be(c)};
}

// Sorted, as they were written; anything else is no record of ours.
static size_t take_labels(struct cursor *c, struct arena *mem, struct label **ret)
{
    uint64_t count = cursor_uvarint(c);
    if (count > ALERT_LABELS_MAX)
        cursor_fail(c);
    if (c->failed)
        return 0;
    struct label *labels = arena_array(mem, struct label, count + 1);
    for (size_t i = 0; i < count && !c->failed; i++) {
        labels[i].name = take_text(c);
        labels[i].value = take_text(c);
        if (!label_name_is_valid(NAME_UTF8, labels[i].name) || !utf8_is_valid(labels[i].value) ||
            (i > 0 && str_cmp(labels[i - 1].name, labels[i].name) >= 0))
            cursor_fail(c);
    }
    *ret = labels;
    return count;
}

static void take_version(struct cursor *c, struct arena *mem, struct alert_record *r)
{
    r->draft.starts_at = take_time(c);
    r->draft.ends_at = take_time(c);
    r->updated_at = (time_ns)cursor_be(c, 8);
    r->draft.annotation_count = take_labels(c, mem, &r->draft.annotations);
    r->draft.generator_url = take_text(c);
    if (r->draft.starts_at.t > r->draft.ends_at.t)
        cursor_fail(c);
}

bool alert_record_decode(str record, struct arena *mem, struct alert_record *ret, struct err *err)
{
    struct cursor c = cursor_from(record);
    uint8_t version = cursor_u8(&c), flags = cursor_u8(&c);
    if (!c.failed && (version != ALERT_RECORD_VERSION || flags & ~FLAGS_KNOWN))
        return err_set(err, ERR_UNSUPPORTED, "alert record of an unknown version");
    *ret = (struct alert_record){.is_over = flags & FLAG_OVER, .is_noted = flags & FLAG_NOTED};
    ret->draft.is_timeout = flags & FLAG_TIMEOUT;
    ret->number = cursor_uvarint(&c);
    ret->draft.label_count = take_labels(&c, mem, &ret->draft.labels);
    if (!ret->is_over)
        take_version(&c, mem, ret);
    if (c.failed || cursor_left(&c) > 0 || ret->draft.label_count == 0)
        return err_set(err, ERR_SYNTAX, "malformed alert record");
    return true;
}
