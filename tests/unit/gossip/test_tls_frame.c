// SPDX-License-Identifier: Apache-2.0
#include "gossip/tls_frame.h"

#include "tests/support/check.h"

static const char STREAM_BYTES[] = "\x08\0\0\0\x0a\x06v0.1.0";
#define STREAM str_from(STREAM_BYTES, sizeof(STREAM_BYTES) - 1)

static void frames_are_written_as_in_the_specification(void **state)
{
    (void)state;
    static const char PACKET_BYTES[] = "\x1e\0\0\0\x0a\x06v0.1.0\x10\x01\x1a\x0d"
                                       "10.0.0.1:9094"
                                       "\x22\x03\0\1\2";
    defer(buf_done) struct buf out = {0};
    frame_put_stream(&out);
    check_str(buf_str(&out), STREAM);
    buf_clear(&out);
    frame_put_packet(&out, S("10.0.0.1:9094"), str_from("\0\1\2", 3));
    check_str(buf_str(&out), str_from(PACKET_BYTES, sizeof(PACKET_BYTES) - 1));
}

static void frames_are_read_in_any_pieces(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    struct frame f;
    size_t n;
    defer(buf_done) struct buf packet = {0}, all = {0};
    buf_put_fill(&packet, 'p', PACKET_BYTES_READ_MAX);
    frame_put_packet(&all, S("[::]:9094"), buf_str(&packet));
    size_t first = all.n;
    frame_put_stream(&all);
    buf_put(&all, S("rest"));
    for (size_t i = 0; i < first; i += i < 40 || i + 40 > first ? 1 : 997)
        assert_int_equal(frame_scan(str_slice(buf_str(&all), 0, i), &f, &n, &err), SCAN_MORE);
    assert_int_equal(frame_scan(buf_str(&all), &f, &n, &err), SCAN_COMPLETE);
    assert_int_equal(n, first);
    assert_int_equal(f.kind, FRAME_PACKET);
    check_str(f.from, S("[::]:9094"));
    check_str(f.packet, buf_str(&packet));
    assert_int_equal(frame_scan(str_skip(buf_str(&all), first), &f, &n, &err), SCAN_COMPLETE);
    assert_int_equal(f.kind, FRAME_STREAM);
    assert_int_equal(n, STREAM.n);
}

static void other_frames_are_refused(void **state)
{
    (void)state;
#define BYTES(literal) str_from(literal, sizeof(literal) - 1)
    const struct {
        str bytes;
        enum err_code code;
    } CASES[] = {
        {BYTES("\0\0\0\0"), ERR_UNSUPPORTED},                         // no version
        {BYTES("\x08\0\0\0\x0a\x06v0.2.0"), ERR_UNSUPPORTED},         // another one
        {BYTES("\x0a\0\0\0\x0a\x06v0.1.0\x10\x02"), ERR_UNSUPPORTED}, // another kind
        {BYTES("\x08\0\0\0\x0a\x07v0.1.0"), ERR_SYNTAX},              // past the end
        {BYTES("\x02\0\0\0\x0b\x14"), ERR_SYNTAX},                    // the end of another group
        {BYTES("\x0b\0\0\0\x0a\x06v0.1.0\x1a\x01\xff"), ERR_SYNTAX},  // a sender not in UTF-8
        {BYTES("\xff\xff\xff\xff"), ERR_LIMIT},                       //
        {BYTES("\x01\x02\x01\x00"), ERR_LIMIT},                       // 66049 bytes
        {BYTES("GET / HTTP/1.1\r\n"), ERR_LIMIT},
    };
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        struct err err = ERR_INIT;
        struct frame f;
        size_t n;
        assert_int_equal(frame_scan(CASES[i].bytes, &f, &n, &err), SCAN_BAD);
        assert_int_equal(err.code, CASES[i].code);
    }
}

static void unknown_fields_are_skipped(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    struct frame f;
    size_t n;
    str bytes = BYTES("\x15\0\0\0\x2d\1\2\3\4\x0a\x06v0.1.0\x32\x01x\x10\x01\x28\x80\x01");
    assert_int_equal(frame_scan(bytes, &f, &n, &err), SCAN_COMPLETE);
    assert_int_equal(f.kind, FRAME_PACKET);
    assert_int_equal(f.packet.n, 0);
}

int test_tls_frame(void);
int test_tls_frame(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_are_written_as_in_the_specification),
        cmocka_unit_test(frames_are_read_in_any_pieces),
        cmocka_unit_test(other_frames_are_refused),
        cmocka_unit_test(unknown_fields_are_skipped),
    };
    return run_group("tls_frame", tests);
}
