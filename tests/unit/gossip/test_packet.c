// SPDX-License-Identifier: Apache-2.0
#include "gossip/packet.h"

#include "gossip/envelope.h"
#include "tests/support/check.h"

static const char ALIVE_BYTES[] =
    "\x04\x86\xa4"
    "Addr\xa4\x0a\x00\x00\x01\xabIncarnation\x01\xa4Meta\xa0\xa4Node\xa4"
    "am-0\xa4Port\xcd\x23\x86\xa3Vsn\xa6\x01\x05\x02\x00\x00\x00";
#define ALIVE str_from(ALIVE_BYTES, sizeof(ALIVE_BYTES) - 1)

static void alive_is_written_as_in_the_specification(void **state)
{
    (void)state;
    defer(buf_done) struct buf got = {0};
    message_put(&got, MSG_ALIVE,
                &(struct msg_alive){1, S("am-0"), S("\x0a\x00\x00\x01"), 9094, S(""),
                                    S("\x01\x05\x02\x00\x00\x00")});
    check_str(buf_str(&got), ALIVE);
}

static void wrappers_go_on_and_come_off(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    for (int has_crc = 0; has_crc < 2; has_crc++) {
        defer(buf_done) struct buf packet = {0};
        str message;
        packet_seal(&packet, ALIVE, has_crc, S("prod"));
        assert_int_equal((uint8_t)packet.p[0], MSG_LABEL);
        assert_true(packet_open(buf_str(&packet), S("prod"), &message, &err));
        check_str(message, ALIVE); // not shorter when compressed
        assert_false(packet_open(buf_str(&packet), S(""), &message, &err));
        check_err(&err, "discarding packet with unacceptable label \"prod\"");
        packet.p[packet.n - 1] ^= 1;
        assert_int_equal(packet_open(buf_str(&packet), S("prod"), &message, &err), !has_crc);
    }
}

static void long_packets_are_compressed_when_that_is_shorter(void **state)
{
    (void)state;
    defer(buf_done) struct buf message = {0}, packet = {0}, plain = {0};
    defer(arena_done) struct arena mem = {0};
    struct err err = ERR_INIT;
    str inner;
    buf_put_c(&message, MSG_USER);
    buf_put_fill(&message, 'x', 1000);
    packet_seal(&packet, buf_str(&message), true, S(""));
    assert_true(packet.n < 200);
    assert_true(packet_open(buf_str(&packet), S(""), &inner, &err));
    assert_int_equal(inner.p[0], MSG_COMPRESS);
    assert_true(decompress(str_skip(inner, 1), 2000, &mem, &plain, &err));
    check_str(buf_str(&plain), buf_str(&message));
    buf_clear(&plain);
    assert_false(decompress(str_skip(inner, 1), 1000, &mem, &plain, &err));
    assert_int_equal(err.code, ERR_LIMIT);
}

static void compounds_of_255_parts(void **state)
{
    (void)state;
    defer(parts_done) struct parts parts = {0};
    defer(buf_done) struct buf packet = {0};
    struct compound compound;
    struct err err = ERR_INIT;
    for (size_t i = 0; i < PACKET_PARTS_MAX; i++)
        parts_add(&parts, S("\x08"), str_from("0123456789", i % 10));
    parts_put_compound(&parts, &packet);
    assert_true(compound_open(str_skip(buf_str(&packet), 1), &compound, &err));
    size_t count = 0;
    for (str part; compound_next(&compound, &part); count++)
        assert_int_equal(part.n, 1 + count % 10);
    assert_int_equal(count, PACKET_PARTS_MAX);
    assert_int_equal(compound.truncated, 0);
}

static struct pushpull sample_pushpull(struct msg_state *states, size_t count, str user)
{
    for (size_t i = 0; i < count; i++)
        states[i] = (struct msg_state){
            .name = S("am"),
            .addr = S("\x0a\x00\x00\x01"),
            .port = 9094,
            .incarnation = 7,
            .state = MEMBER_ALIVE,
            .vsn = S("\x01\x05\x02\x00\x00\x00"),
        };
    return (struct pushpull){true, states, count, user};
}

// However the body is cut into pieces, it is complete exactly when its last byte is there.
static void pushpull_in_pieces(void **state)
{
    (void)state;
    struct msg_state states[20];
    struct pushpull p = sample_pushpull(states, ARRAY_LEN(states), S("user state"));
    defer(buf_done) struct buf message = {0};
    defer(arena_done) struct arena mem = {0};
    struct err err = ERR_INIT;
    pushpull_put(&message, &p);
    str body = str_skip(buf_str(&message), 1);
    for (size_t step = 1; step < 50; step += 7) {
        struct pushpull_scan scan = {0};
        for (size_t n = 0; n < body.n; n += step)
            assert_int_equal(pushpull_scan(&scan, str_slice(body, 0, n), &err), SCAN_MORE);
        assert_int_equal(pushpull_scan(&scan, body, &err), SCAN_COMPLETE);
    }
    struct pushpull back;
    assert_true(pushpull_decode(body, &mem, &back, &err));
    assert_true(back.join);
    assert_int_equal(back.count, 20);
    check_str(back.user_state, S("user state"));
    assert_false(pushpull_decode(str_slice(body, 0, body.n - 1), &mem, &back, &err));
}

static void pushpull_headers_that_are_refused(void **state)
{
    (void)state;
    static const str BODIES[] = {
        {"\x83\xa4Join\xc2\xa5Nodes\xff\xacUserStateLen\x00", 28},
        {"\x83\xa4Join\xc2\xa5Nodes\x00\xacUserStateLen\xff", 28},
        {"\x83\xa4Join\xc2\xa5Nodes\xce\x00\x10\x00\x00\xacUserStateLen\x00", 32},
        {"\x83\xa4Join\xc2\xa5Nodes\x00\xacUserStateLen\xce\x10\x00\x00\x00", 32},
    };
    for (size_t i = 0; i < ARRAY_LEN(BODIES); i++) {
        struct pushpull_scan scan = {0};
        struct err err = ERR_INIT;
        assert_int_equal(pushpull_scan(&scan, BODIES[i], &err), SCAN_BAD);
        assert_int_equal(err.code, ERR_LIMIT);
    }
}

static void parts_and_full_states(void **state)
{
    (void)state;
    defer(buf_done) struct buf bytes = {0};
    struct err err = ERR_INIT;
    struct part part = {S("nfl"), S("")};
    part_put(&bytes, &part);
    check_str(buf_str(&bytes), S("\x0a\x03nfl"));
    assert_int_equal(part_bytes(&part), bytes.n);
    buf_clear(&bytes);
    full_state_put(&bytes, &part);
    full_state_put(&bytes, &(struct part){S("sil"), S("data")});
    str rest = buf_str(&bytes);
    assert_true(full_state_next(&rest, &part, &err));
    check_str(part.key, S("nfl"));
    assert_true(full_state_next(&rest, &part, &err));
    check_str(part.key, S("sil"));
    check_str(part.data, S("data"));
    assert_false(full_state_next(&rest, &part, &err));
    assert_int_equal(err.code, ERR_NONE);
    // Unknown fields of every kind are skipped; what is cut or malformed is refused.
    assert_true(part_read(S("\x18\x96\x01\x21"
                            "12345678\x2d"
                            "1234\x0a\x01k\x32\x02zz\x33\x08\x05\x34\x08\x05"),
                          &part, &err));
    check_str(part.key, S("k"));
    static const str BAD[] = {
        {"\x0a\x05k", 3}, {"\x0b", 1},
        {"\x00\x01", 2},  {"\x0a\x01\xff", 3}, // a key that is not UTF-8
        {"\x0a", 1},      {"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12}};
    for (size_t i = 0; i < ARRAY_LEN(BAD); i++)
        assert_false(part_read(BAD[i], &part, &err));
    rest = S("\x0a\x05k");
    assert_false(full_state_next(&rest, &part, &err));
    assert_int_equal(err.code, ERR_SYNTAX);
}

int test_packet(void);
int test_packet(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alive_is_written_as_in_the_specification),
        cmocka_unit_test(wrappers_go_on_and_come_off),
        cmocka_unit_test(long_packets_are_compressed_when_that_is_shorter),
        cmocka_unit_test(compounds_of_255_parts),
        cmocka_unit_test(pushpull_in_pieces),
        cmocka_unit_test(pushpull_headers_that_are_refused),
        cmocka_unit_test(parts_and_full_states),
    };
    return run_group("packet", tests);
}
