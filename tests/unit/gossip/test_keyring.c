// SPDX-License-Identifier: Apache-2.0
#include "gossip/keyring.h"

#include "tests/support/check.h"
#include "tests/unit/gossip/still.h"

#define KEY_16 "MDEyMzQ1Njc4OWFiY2RlZg=="
#define KEY_24 "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"
#define KEY_32 "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

static struct keyring *ring(const char *text)
{
    struct err err = ERR_INIT;
    struct keyring *k = keyring_parse(str_c(text), &err);
    check_err(&err, "");
    assert_non_null(k);
    return k;
}

static void files_are_read_line_by_line(void **state)
{
    (void)state;
    static const struct {
        const char *text, *error;
    } CASES[] = {
        {"", "no key in it"},
        {"# nothing\n\n", "no key in it"},
        {KEY_16 "\nAAAA\n", "line 2: key size must be 16, 24 or 32 bytes"},
        {"\n" KEY_16 " x\n", "line 2: illegal base64 data"},
    };
    struct err err = ERR_INIT;
    keyring_unref(ring("# new\n" KEY_32 "\r\n\n" KEY_24 "\n" KEY_16));
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        assert_null(keyring_parse(str_c(CASES[i].text), &err));
        check_err(&err, CASES[i].error);
    }
    defer(buf_done) struct buf many = {0};
    for (int i = 0; i <= KEYRING_KEYS_MAX; i++)
        buf_put(&many, S(KEY_16 "\n"));
    assert_null(keyring_parse(buf_str(&many), &err));
    assert_int_equal(err.code, ERR_LIMIT);
}

static void what_is_sealed_opens_with_the_key_and_the_label_only(void **state)
{
    (void)state;
    const char *keys[] = {KEY_16, KEY_24, KEY_32};
    struct err err = ERR_INIT;
    struct still *w = still_new("a", "10.0.0.1:9094");
    struct keyring *all = ring(KEY_24 "\n" KEY_32 "\n" KEY_16 "\n");
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        struct keyring *k = ring(keys[i]), *other = ring(keys[(i + 1) % ARRAY_LEN(keys)]);
        defer(buf_done) struct buf sealed = {0}, again = {0}, plain = {0};
        keyring_seal_packet(k, &w->env, S("message"), S("prod"), &sealed);
        keyring_seal_packet(k, &w->env, S("message"), S("prod"), &again);
        assert_int_equal(sealed.n, sealed_bytes(1, 7));
        assert_false(str_eq(buf_str(&sealed), buf_str(&again))); // never the same nonce
        assert_true(keyring_open_packet(k, buf_str(&sealed), S("prod"), &plain, &err));
        check_str(buf_str(&plain), S("message"));
        assert_true(keyring_open_packet(all, buf_str(&sealed), S("prod"), &plain, &err));
        check_str(buf_str(&plain), S("messagemessage"));
        assert_false(keyring_open_packet(k, buf_str(&sealed), S("test"), &plain, &err));
        check_err(&err, "no installed keys could decrypt the message");
        assert_false(keyring_open_packet(other, buf_str(&sealed), S("prod"), &plain, &err));
        for (size_t at = 1; at < sealed.n; at++) { // any bit changed, any length
            sealed.p[at] ^= 1;
            assert_false(keyring_open_packet(k, buf_str(&sealed), S("prod"), &plain, &err));
            sealed.p[at] ^= 1;
            str cut = str_slice(buf_str(&sealed), 0, at);
            assert_false(keyring_open_packet(k, cut, S("prod"), &plain, &err));
        }
        assert_int_equal(plain.n, 14);
        keyring_unref(k);
        keyring_unref(other);
    }
    keyring_unref(all);
    still_free(w);
}

// ---- members that encrypt ------------------------------------------------------------------

static struct still *member(const char *name, const char *addr, struct keyring *k)
{
    struct still *w = still_new(name, addr);
    w->swim->keyring = k;
    probe_stop(w->swim);
    pushpull_stop(w->swim);
    still_forget_packets(w);
    return w;
}

static void packets_are_sealed_and_others_refused(void **state)
{
    (void)state;
    struct keyring *k = ring(KEY_32);
    struct still *w = member("a", "10.0.0.1:9094", k);
    struct addr from = {.ip = {10, 0, 0, 2}, .ip_bytes = 4, .port = 9094};
    defer(buf_done) struct buf ping = {0}, packet = {0}, plain = {0};
    struct err err = ERR_INIT;
    message_put(&ping, MSG_PING, &(struct msg_ping){7, S("a"), str_from(from.ip, 4), 9094, S("b")});
    swim_on_packet(w->swim, &from, buf_str(&ping)); // in the clear
    assert_int_equal(w->packet_count, 0);
    assert_int_equal(w->swim->secrets_refused, 1);
    keyring_seal_packet(k, &w->env, buf_str(&ping), S(""), &packet);
    swim_on_packet(w->swim, &from, buf_str(&packet));
    assert_int_equal(w->packet_count, 1); // the ack, with the news that we are alive
    assert_true(keyring_open_packet(k, buf_str(&w->packets[0].bytes), S(""), &plain, &err));
    assert_true(str_find_str(buf_str(&plain), S("SeqNo\x07")) != STR_NONE);
    still_free(w);
    keyring_unref(k);
}

static void full_packets_leave_room_for_the_seal(void **state)
{
    (void)state;
    struct keyring *k = ring(KEY_32);
    struct still *w = member("a", "10.0.0.1:9094", k);
    swim_alive(w->swim, &(struct msg_alive){1, S("b"), S("\x0a\x00\x00\x02"), 9094, S(""),
                                            S("\x01\x05\x02\x00\x00\x00")});
    for (int i = 0; i < 200; i++) {
        char text[64];
        for (size_t at = 0; at < sizeof(text); at++)
            text[at] = (char)rand_u64(&w->rand);
        swim_broadcast_user(w->swim, str_from(text, sizeof(text)), 0);
    }
    still_run(w, DUR_SECONDS(2));
    assert_true(w->packet_count > 5);
    for (size_t i = 0; i < MIN(w->packet_count, (size_t)STILL_PACKETS_MAX); i++)
        assert_true(w->packets[i].bytes.n <= PACKET_BYTES_MAX + 5); // a checksum comes on top
    still_free(w);
    keyring_unref(k);
}

// What was answered on the stream, unsealed.
static bool answer(struct still *w, const struct keyring *k, struct buf *out)
{
    struct err err = ERR_INIT;
    str written = buf_str(&w->stream.written);
    return written.n && (uint8_t)written.p[0] == MSG_ENCRYPT &&
           sealed_stream_bytes(written) == written.n &&
           keyring_open_stream(k, written, S(""), out, &err);
}

static void streams_are_sealed_in_both_directions(void **state)
{
    (void)state;
    struct keyring *k = ring(KEY_16);
    for (size_t piece = 1; piece < 64; piece += 9) {
        struct still *w = member("a", "10.0.0.1:9094", k);
        defer(buf_done) struct buf ping = {0}, packed = {0}, sealed = {0}, plain = {0};
        message_put(&ping, MSG_PING, &(struct msg_ping){7, S("a"), S(""), 0, S("b")});
        compress_put(&packed, buf_str(&ping));
        keyring_seal_stream(k, nonce_new(&w->env), buf_str(piece % 2 ? &packed : &ping), S(""),
                            &sealed);
        still_stream(w, buf_str(&sealed), piece);
        assert_true(answer(w, k, &plain));
        assert_true(str_starts(buf_str(&plain), S("\x09"))); // compressed
        assert_true(w->stream.is_closed);
        assert_int_equal(w->swim->held_bytes, 0);
        still_free(w);
    }
    keyring_unref(k);
}

// Large messages are opened and sealed by a worker; the keys may be replaced meanwhile.
static void large_streams_are_sealed_by_a_worker(void **state)
{
    (void)state;
    struct addr from = {.ip = {10, 0, 0, 2}, .ip_bytes = 4, .port = 9094};
    for (int is_damaged = 0; is_damaged < 2; is_damaged++) {
        struct keyring *k = ring(KEY_24);
        struct still *w = member("a", "10.0.0.1:9094", k);
        defer(buf_done) struct buf text = {0}, request = {0}, sealed = {0}, plain = {0},
                                   state_ = {0};
        defer(arena_done) struct arena mem = {0};
        for (int i = 0; i < 500000; i++)
            buf_put_c(&text, (char)rand_u64(&w->rand));
        buf_put(&w->local, buf_str(&text));
        pushpull_put(&request, &(struct pushpull){.user_state = buf_str(&text)});
        keyring_seal_stream(k, nonce_new(&w->env), buf_str(&request), S(""), &sealed);
        if (is_damaged)
            sealed.p[sealed.n - 1] ^= 1;
        swim_transport_events.on_stream(w->swim, &w->stream, &from, S(""));
        w->stream.events->on_data(w->stream.owner, buf_str(&sealed));
        assert_int_equal(w->job_count, 1);
        assert_int_equal(w->stream.written.n, 0);
        still_do_work(w);
        assert_true(w->stream.is_closed);
        assert_int_equal(w->swim->held_bytes, 0);
        assert_int_equal(w->swim->secrets_refused, is_damaged);
        assert_int_equal(w->remote.n, is_damaged ? 0 : text.n);
        assert_true(answer(w, k, &plain)); // the state, or what was wrong
        assert_true(
            decompress(str_skip(buf_str(&plain), 1), STREAM_BYTES_MAX, &mem, &state_, NULL));
        assert_int_equal(state_.p[0], is_damaged ? MSG_ERR : MSG_PUSHPULL);

        w->stream.is_closed = false;
        swim_transport_events.on_stream(w->swim, &w->stream, &from, S(""));
        w->stream.events->on_data(w->stream.owner, buf_str(&sealed));
        w->swim->keyring = NULL;
        keyring_unref(k); // the worker has its own reference
        still_free(w);
    }
}

static void streams_of_others_are_refused_aloud(void **state)
{
    (void)state;
    struct keyring *k = ring(KEY_16), *other = ring(KEY_32);
    struct still *w = member("a", "10.0.0.1:9094", k);
    defer(buf_done) struct buf ping = {0}, sealed = {0}, plain = {0};
    message_put(&ping, MSG_PING, &(struct msg_ping){7, S("a"), S(""), 0, S("b")});
    still_stream(w, buf_str(&ping), 1000);
    assert_true(answer(w, k, &plain)); // an error message
    assert_int_equal(w->swim->secrets_refused, 1);
    keyring_seal_stream(other, nonce_new(&w->env), buf_str(&ping), S(""), &sealed);
    still_stream(w, buf_str(&sealed), 1000);
    assert_int_equal(w->swim->secrets_refused, 2);
    assert_int_equal(w->swim->streams_refused, 2);
    still_stream(w, str_from("\x0a\xff\xff\xff\xff", 5), 1000); // 4 GiB are announced
    assert_true(w->stream.is_closed);

    // The message inside is cut: no more can come.
    buf_clear(&sealed);
    keyring_seal_stream(k, nonce_new(&w->env), str_slice(buf_str(&ping), 0, 4), S(""), &sealed);
    still_stream(w, buf_str(&sealed), 1000);
    assert_true(w->stream.is_closed);
    assert_int_equal(w->swim->streams_refused, 4);

    w->swim->keyring = NULL; // who does not encrypt says so, as upstream does
    still_stream(w, buf_str(&sealed), 1000);
    defer(arena_done) struct arena mem = {0};
    buf_clear(&plain);
    assert_true(still_answer(w, &mem, &plain));
    assert_true(str_find_str(buf_str(&plain), S("remote state is encrypted and encryption is not "
                                                "configured")) != STR_NONE);
    still_free(w);
    keyring_unref(k);
    keyring_unref(other);
}

static void complaints_are_few(void **state)
{
    (void)state;
    struct refusals r = {0};
    struct addr a = {.ip = {10, 0, 0, 1}, .ip_bytes = 4, .port = 1};
    assert_true(refusals_may_log(&r, &a, DUR_SECONDS(1)));
    a.port = 2;
    assert_false(refusals_may_log(&r, &a, DUR_SECONDS(60)));
    assert_true(refusals_may_log(&r, &a, DUR_SECONDS(61)));
    int logged = 0;
    for (int i = 0; i < 1000; i++) {
        a.ip[2] = (uint8_t)(1 + i / 250);
        a.ip[3] = (uint8_t)(i % 250);
        logged += refusals_may_log(&r, &a, DUR_SECONDS(62));
    }
    assert_int_equal(logged, REFUSALS_REMEMBERED - 1);
    assert_true(refusals_may_log(&r, &a, DUR_SECONDS(200)));
}

int test_keyring(void);
int test_keyring(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_read_line_by_line),
        cmocka_unit_test(what_is_sealed_opens_with_the_key_and_the_label_only),
        cmocka_unit_test(packets_are_sealed_and_others_refused),
        cmocka_unit_test(full_packets_leave_room_for_the_seal),
        cmocka_unit_test(streams_are_sealed_in_both_directions),
        cmocka_unit_test(large_streams_are_sealed_by_a_worker),
        cmocka_unit_test(streams_of_others_are_refused_aloud),
        cmocka_unit_test(complaints_are_few),
    };
    return run_group("keyring", tests);
}
