// SPDX-License-Identifier: Apache-2.0
#include "alertmanager/journal_file.h"

#include "base/core/hash.h"
#include "base/text/cursor.h"

void journal_put_frame(struct buf *out, str payload)
{
    assert(payload.n <= JOURNAL_FRAME_BYTES_MAX);
    size_t at = out->n;
    buf_put_u32le(out, (uint32_t)payload.n);
    uint32_t crc = crc32_ieee(crc32_ieee(0, str_from(out->p + at, 4)), payload);
    buf_put_u32le(out, crc);
    buf_put(out, payload);
}

void journal_put_header(struct buf *out, str kind, uint64_t generation)
{
    assert(kind.n <= JOURNAL_KIND_BYTES);
    char payload[JOURNAL_HEADER_BYTES];
    struct buf b = {.p = payload, .cap = sizeof(payload), .max = sizeof(payload)};
    buf_put(&b, S(JOURNAL_MAGIC));
    buf_put(&b, kind);
    buf_put_fill(&b, ' ', JOURNAL_KIND_BYTES - kind.n);
    buf_put_be(&b, __builtin_bswap64(generation), 8);
    journal_put_frame(out, buf_str(&b));
}

// The frame at the front, or false.
static bool frame_take(str file, str *ret_payload)
{
    struct cursor c = cursor_from(file);
    uint32_t bytes = cursor_u32le(&c);
    uint32_t crc = cursor_u32le(&c);
    if (c.failed || bytes > JOURNAL_FRAME_BYTES_MAX)
        return false;
    str payload = cursor_bytes(&c, bytes);
    if (c.failed || crc32_ieee(crc32_ieee(0, str_slice(file, 0, 4)), payload) != crc)
        return false;
    *ret_payload = payload;
    return true;
}

#define SEARCH_BYTES_MAX ((size_t)256 << 20)

// How many bytes in front of the next valid frame, or STR_NONE. Most lengths that are tried can't
// be, so few checksums are computed; *budget bounds them when the bytes were chosen to look
// plausible.
static size_t frame_search(str file, size_t *budget)
{
    for (size_t skipped = 1; skipped + JOURNAL_FRAME_HEAD_BYTES <= file.n; skipped++) {
        str payload, rest = str_skip(file, skipped);
        struct cursor c = cursor_from(rest);
        size_t bytes = cursor_u32le(&c);
        if (bytes > MIN(JOURNAL_FRAME_BYTES_MAX, rest.n - JOURNAL_FRAME_HEAD_BYTES))
            continue;
        if (bytes > *budget)
            return STR_NONE;
        *budget -= bytes;
        if (frame_take(rest, &payload))
            return skipped;
    }
    return STR_NONE;
}

static uint64_t header_generation(str payload, str kind)
{
    struct cursor c = cursor_from(payload);
    str magic = cursor_bytes(&c, sizeof(JOURNAL_MAGIC) - 1);
    str padded = cursor_bytes(&c, JOURNAL_KIND_BYTES);
    uint64_t generation = __builtin_bswap64(cursor_be(&c, 8));
    bool is_ours = !c.failed && cursor_left(&c) == 0 && str_eq(magic, S(JOURNAL_MAGIC)) &&
                   str_eq(str_trim_right(padded, ' '), kind);
    return is_ours ? generation : 0;
}

static void scan_damage(struct journal_scan *s, uint64_t at, const char *what)
{
    if (s->damage.code == ERR_NONE)
        err_set(&s->damage, ERR_SYNTAX, "%s at byte %llu", what, (unsigned long long)at);
}

static void scan_records(struct journal_scan *s, str file, uint64_t at,
                         bool (*on_record)(void *owner, str record, struct err *err), void *owner)
{
    size_t budget = SEARCH_BYTES_MAX;
    while (at < file.n) {
        str rest = str_skip(file, at), record;
        if (!frame_take(rest, &record)) {
            size_t skipped = frame_search(rest, &budget);
            if (skipped == STR_NONE) {
                s->torn_bytes = rest.n;
                return;
            }
            scan_damage(s, at, "damaged frame");
            s->skipped_bytes += skipped;
            at += skipped;
            continue;
        }
        at += JOURNAL_FRAME_HEAD_BYTES + record.n;
        s->good_bytes = at;
        struct err err = ERR_INIT;
        if (on_record(owner, record, &err)) {
            s->records++;
        } else {
            s->bad_records++;
            scan_damage(s, at, err.text);
        }
    }
}

void journal_scan(str file, str kind, bool (*on_record)(void *owner, str record, struct err *err),
                  void *owner, struct journal_scan *ret)
{
    *ret = (struct journal_scan){0};
    str payload;
    if (frame_take(file, &payload)) {
        ret->generation = header_generation(payload, kind);
        if (ret->generation == 0) {
            ret->skipped_bytes = file.n;
            scan_damage(ret, 0, "not a journal of this kind");
            return;
        }
        ret->good_bytes = JOURNAL_HEADER_BYTES;
        scan_records(ret, file, JOURNAL_HEADER_BYTES, on_record, owner);
        return;
    }
    if (str_trim_right(file, '\0').n < JOURNAL_HEADER_BYTES) { // a crash cut its creation
        ret->torn_bytes = file.n;
        return;
    }
    scan_damage(ret, 0, "damaged header");
    scan_records(ret, file, 0, on_record, owner);
    ret->skipped_bytes += ret->torn_bytes;
    ret->torn_bytes = 0;
}
