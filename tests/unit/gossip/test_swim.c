// SPDX-License-Identifier: Apache-2.0
// What one member does with what it is told, message by message, with the time in the test's hands.
#include "gossip/advertise.h"
#include "tests/support/check.h"
#include "tests/unit/gossip/still.h"

#define VSN S("\x01\x05\x02\x00\x00\x00")

static void learn(struct still *w, const char *name, uint8_t ip, uint32_t incarnation)
{
    char addr[4] = {10, 0, 0, (char)ip};
    swim_alive(w->swim,
               &(struct msg_alive){incarnation, str_c(name), str_from(addr, 4), 9094, S(""), VSN});
}

static struct member *member_of(struct still *w, const char *name)
{
    return members_find(&w->swim->members, str_c(name));
}

// The next packet of that type at or behind *at, also inside a compound; its body goes to *ret.
static bool find_sent(struct still *w, enum msg_type type, size_t *at, struct buf *ret)
{
    for (; *at < MIN(w->packet_count, (size_t)STILL_PACKETS_MAX); ++*at) {
        struct err err = ERR_INIT;
        defer(arena_done) struct arena mem = {0};
        defer(buf_done) struct buf plain = {0};
        str message, part;
        struct compound compound;
        if (!packet_open(buf_str(&w->packets[*at].bytes), S(""), &message, &err))
            fail_msg("%.*s", STR(err_str(&err)));
        if (message.p[0] == MSG_COMPRESS) {
            decompress(str_skip(message, 1), PACKET_BYTES_READ_MAX, &mem, &plain, &err);
            message = buf_str(&plain);
        }
        buf_clear(ret);
        if (message.p[0] == (char)type) {
            buf_put(ret, str_skip(message, 1));
            return true;
        }
        if (message.p[0] != MSG_COMPOUND || !compound_open(str_skip(message, 1), &compound, &err))
            continue;
        while (compound_next(&compound, &part)) {
            if (part.p[0] == (char)type) {
                buf_put(ret, str_skip(part, 1));
                return true;
            }
        }
    }
    return false;
}

static size_t count_sent(struct still *w, enum msg_type type)
{
    size_t count = 0;
    defer(buf_done) struct buf body = {0};
    for (size_t at = 0; find_sent(w, type, &at, &body); at++)
        count++;
    return count;
}

static void receive(struct still *w, enum msg_type type, const void *msg)
{
    struct addr from = {.ip = {10, 0, 0, 2}, .ip_bytes = 4, .port = 9094};
    defer(buf_done) struct buf message = {0};
    message_put(&message, type, msg);
    swim_on_packet(w->swim, &from, buf_str(&message));
}

// Answers the latest ping that was sent.
static bool answer_ping(struct still *w)
{
    defer(buf_done) struct buf body = {0};
    defer(arena_done) struct arena mem = {0};
    struct msg_ping ping;
    size_t at = 0;
    if (!find_sent(w, MSG_PING, &at, &body) ||
        !message_decode(MSG_PING, buf_str(&body), &ping, &mem, NULL))
        return false;
    receive(w, MSG_ACK, &(struct msg_ack){ping.seq_no, S("")});
    return true;
}

static void a_probe_that_is_answered_costs_nothing(void **state)
{
    (void)state;
    struct still *w = still_new("a", "10.0.0.1:9094");
    learn(w, "b", 2, 1);
    for (int i = 0; i < 200; i++) {
        still_forget_packets(w);
        still_run(w, DUR_MS(100));
        answer_ping(w);
    }
    assert_int_equal(member_of(w, "b")->state, MEMBER_ALIVE);
    assert_true(member_of(w, "b")->stats.ping_count >= 15);
    assert_int_equal(w->swim->awareness, 0);
    still_free(w);
}

static void silence_leads_through_suspicion_to_death(void **state)
{
    (void)state;
    struct still *w = still_new("a", "10.0.0.1:9094");
    learn(w, "b", 2, 1);
    buf_clear(&w->events);
    still_run(w, DUR_SECONDS(4)); // up to 2 s to the probe, 1 s of it
    assert_int_equal(member_of(w, "b")->state, MEMBER_SUSPECT);
    assert_true(w->swim->awareness > 0);
    still_run(w, DUR_SECONDS(5));
    assert_int_equal(member_of(w, "b")->state, MEMBER_DEAD);
    check_str(buf_str(&w->events), S("leave b\n"));
    still_run(w, DUR_SECONDS(60)); // reaped
    learn(w, "c", 3, 1);
    still_run(w, DUR_SECONDS(5));
    assert_null(member_of(w, "b"));
    still_free(w);
}

// It restarted while a probe of what it was before was under way.
static void silence_speaks_against_the_incarnation_that_was_asked(void **state)
{
    (void)state;
    struct still *w = still_new("a", "10.0.0.1:9094");
    learn(w, "b", 2, 1);
    for (int i = 0; i < 30 && !w->swim->probe.target; i++)
        still_run(w, DUR_MS(100));
    assert_non_null(w->swim->probe.target);
    uint32_t seq_no = w->swim->probe.seq_no;
    learn(w, "b", 2, 2);
    while (w->swim->probe.target && w->swim->probe.seq_no == seq_no)
        still_run(w, DUR_MS(10));
    assert_int_equal(member_of(w, "b")->state, MEMBER_ALIVE);
    still_run(w, DUR_SECONDS(2)); // the next probe asked the new one
    assert_int_equal(member_of(w, "b")->state, MEMBER_SUSPECT);
    still_free(w);
}

static void others_are_asked_before_one_is_suspected(void **state)
{
    (void)state;
    struct still *w = still_new("a", "10.0.0.1:9094");
    for (uint8_t i = 2; i <= 6; i++)
        learn(w, (char[]){(char)('a' + i), 0}, i, 1);
    defer(buf_done) struct buf body = {0};
    defer(arena_done) struct arena mem = {0};
    struct msg_indirect_ping msg;
    size_t at = 0;
    for (int i = 0; i < 50 && count_sent(w, MSG_INDIRECT_PING) == 0; i++) {
        still_forget_packets(w);
        still_run(w, DUR_MS(100));
    }
    assert_int_equal(count_sent(w, MSG_INDIRECT_PING), INDIRECT_CHECKS);
    assert_true(find_sent(w, MSG_INDIRECT_PING, &at, &body));
    assert_true(message_decode(MSG_INDIRECT_PING, buf_str(&body), &msg, &mem, NULL));
    assert_true(msg.nack);
    // Helpers that answer for it are as good as the member itself.
    receive(w, MSG_ACK, &(struct msg_ack){msg.seq_no, S("")});
    assert_null(w->swim->probe.target);
    assert_true(w->stream.is_closed); // the ping over TCP is not needed any more
    still_free(w);
}

static void nacks_say_that_the_trouble_is_elsewhere(void **state)
{
    (void)state;
    for (int has_nacks = 0; has_nacks < 2; has_nacks++) {
        struct still *w = still_new("a", "10.0.0.1:9094");
        for (uint8_t i = 2; i <= 6; i++)
            learn(w, (char[]){(char)('a' + i), 0}, i, 1);
        while (!w->swim->probe.is_indirect)
            still_run(w, DUR_MS(10));
        for (int i = 0; has_nacks && i < INDIRECT_CHECKS; i++)
            receive(w, MSG_NACK, &(struct msg_nack){w->swim->probe.seq_no});
        const struct member *target = w->swim->probe.target;
        still_run(w, DUR_MS(510));
        assert_int_equal(target->state, MEMBER_SUSPECT);
        assert_int_equal(w->swim->awareness, has_nacks ? 0 : INDIRECT_CHECKS);
        still_free(w);
    }
}

static void reached_over_tcp_is_reached(void **state)
{
    (void)state;
    struct still *w = still_new("a", "10.0.0.1:9094");
    learn(w, "b", 2, 1);
    while (!w->swim->probe.is_indirect)
        still_run(w, DUR_MS(10));
    defer(buf_done) struct buf ack = {0}, packed = {0};
    message_put(&ack, MSG_ACK, &(struct msg_ack){w->swim->probe.seq_no, (str){0}});
    compress_put(&packed, buf_str(&ack));
    w->stream.events->on_open(w->stream.owner);
    assert_true(w->stream.written.n > 0);
    w->stream.events->on_data(w->stream.owner, buf_str(&packed));
    assert_true(w->stream.is_closed);
    still_run(w, DUR_MS(600));
    assert_int_equal(member_of(w, "b")->state, MEMBER_ALIVE);
    still_free(w);
}

static void pings_for_others_are_relayed_or_refused_in_time(void **state)
{
    (void)state;
    struct still *w = still_new("a", "10.0.0.1:9094");
    struct msg_indirect_ping request = {77,   S("\x0a\x00\x00\x09"), 9094, S("x"),
                                        true, S("\x0a\x00\x00\x02"), 9094, S("b")};
    broadcast_prune(&w->swim->queue, 0);
    still_forget_packets(w);
    receive(w, MSG_INDIRECT_PING, &request);
    assert_int_equal(w->packet_count, 1);
    assert_int_equal(w->packets[0].to.ip[3], 9);
    assert_true(answer_ping(w));
    assert_int_equal(count_sent(w, MSG_ACK), 1);
    assert_int_equal(w->packets[1].to.ip[3], 2);
    still_forget_packets(w);
    receive(w, MSG_INDIRECT_PING, &request); // nobody answers this time
    still_run(w, DUR_MS(499));
    assert_int_equal(count_sent(w, MSG_NACK), 0);
    still_run(w, DUR_MS(2));
    assert_int_equal(count_sent(w, MSG_NACK), 1);
    assert_int_equal(w->swim->relay_count, 0);
    for (int i = 0; i < 1000; i++)
        receive(w, MSG_INDIRECT_PING, &request);
    assert_int_equal(w->swim->relay_count, RELAYS_MAX);
    still_free(w);
}

static void news_is_gossiped_to_all_and_twice_at_least(void **state)
{
    (void)state;
    struct still *w = still_new("a", "10.0.0.1:9094");
    for (uint8_t i = 2; i <= 9; i++)
        learn(w, (char[]){(char)('a' + i), 0}, i, 1);
    broadcast_prune(&w->swim->queue, 0);
    swim_broadcast_user(w->swim, S("\x0a\x03nfl"), 0);
    size_t by_receiver[256] = {0};
    for (int tick = 0; tick < 20; tick++) {
        still_forget_packets(w);
        still_run(w, DUR_MS(200));
        defer(buf_done) struct buf body = {0};
        for (size_t at = 0; find_sent(w, MSG_USER, &at, &body); at++)
            by_receiver[w->packets[at].to.ip[3]]++;
    }
    for (int i = 2; i <= 9; i++)
        assert_true(by_receiver[i] >= 2);
    assert_int_equal(w->swim->user_queue.count, 0);
    still_free(w);
}

static void the_table_is_bounded(void **state)
{
    (void)state;
    struct still *w = still_new("a", "10.0.0.1:9094");
    for (int i = 0; i < 2000; i++) {
        char name[16];
        snprintf(name, sizeof(name), "x%d", i);
        learn(w, name, (uint8_t)i, 1);
    }
    assert_int_equal(w->swim->members.count, MEMBERS_MAX);
    assert_int_equal(w->swim->members_refused, 2000 - (MEMBERS_MAX - 1));
    still_free(w);
}

static void what_no_member_sends_is_ignored(void **state)
{
    (void)state;
    struct still *w = still_new("a", "10.0.0.1:9094");
    char long_name[NAME_BYTES_MAX + 1], long_meta[META_BYTES_MAX + 1];
    memset(long_name, 'n', sizeof(long_name));
    memset(long_meta, 'm', sizeof(long_meta));
    struct msg_alive good = {1, S("b"), S("\x0a\x00\x00\x02"), 9094, S(""), VSN};
    for (int i = 0; i < 6; i++) {
        struct msg_alive bad = good;
        bad.node = i == 0 ? S("") : i == 1 ? str_from(long_name, sizeof(long_name)) : bad.node;
        bad.addr = i == 2 ? S("\x0a\x00\x00") : bad.addr;
        bad.vsn = i == 3 ? S("\x01\x05\x02") : i == 4 ? S("\x01\x00\x02\x00\x00\x00") : bad.vsn;
        bad.meta = i == 5 ? str_from(long_meta, sizeof(long_meta)) : bad.meta;
        swim_alive(w->swim, &bad);
        assert_int_equal(w->swim->members.count, 1);
    }
    swim_alive(w->swim, &good);
    assert_int_equal(w->swim->members.count, 2);
    still_free(w);
}

static void incarnations_do_not_wrap_when_refuting(void **state)
{
    (void)state;
    struct still *w = still_new("a", "10.0.0.1:9094");
    swim_suspect(w->swim, &(struct msg_suspect){UINT32_MAX - 1, S("a"), S("x")});
    assert_int_equal(w->swim->self->incarnation, UINT32_MAX);
    assert_int_equal(w->swim->self->state, MEMBER_ALIVE);
    still_free(w);
}

static void our_own_record_with_other_versions_is_refuted(void **state)
{
    (void)state;
    struct still *w = still_new("a", "10.0.0.1:9094");
    struct msg_alive own = {1, S("a"), S("\x0a\x00\x00\x01"), 9094, S(""), VSN};
    swim_alive(w->swim, &own);
    assert_int_equal(w->swim->self->incarnation, 1); // what we said ourselves
    own.vsn = S("\x01\x05\x02\x00\x00\x00\x00");     // one more than there are
    swim_alive(w->swim, &own);
    assert_int_equal(w->swim->self->incarnation, 2);
    still_free(w);
}

static void deep_nesting_is_refused(void **state)
{
    (void)state;
    struct still *w = still_new("a", "10.0.0.1:9094");
    struct addr from = {.ip = {10, 0, 0, 2}, .ip_bytes = 4, .port = 9094};
    defer(buf_done) struct buf ping = {0};
    message_put(&ping, MSG_PING, &(struct msg_ping){.seq_no = 1, .node = S("a")});
    for (int depth = 0; depth < 8; depth++) {
        still_forget_packets(w);
        swim_on_packet(w->swim, &from, buf_str(&ping));
        assert_int_equal(w->packet_count, depth <= COMPOUND_DEPTH_MAX);
        defer(buf_done) struct buf outer = {0};
        buf_put(&outer, S("\x07\x01\x00"));
        buf_put_c(&outer, (char)ping.n);
        buf_put(&outer, buf_str(&ping));
        buf_clear(&ping);
        buf_put(&ping, buf_str(&outer));
    }
    still_free(w);
}

static void streams_push_and_pull(void **state)
{
    (void)state;
    struct still *w = still_new("a", "10.0.0.1:9094");
    buf_put(&w->local, S("ours"));
    struct msg_state b = {.name = S("b"),
                          .addr = S("\x0a\x00\x00\x02"),
                          .port = 9094,
                          .incarnation = 1,
                          .state = MEMBER_ALIVE,
                          .vsn = VSN};
    defer(buf_done) struct buf request = {0}, packed = {0}, answer = {0};
    defer(arena_done) struct arena mem = {0};
    struct pushpull got;
    pushpull_put(&request, &(struct pushpull){true, &b, 1, S("theirs")});
    compress_put(&packed, buf_str(&request));
    for (int plain = 0; plain < 2; plain++) {
        str bytes = plain ? buf_str(&request) : buf_str(&packed);
        buf_clear(&w->remote);
        buf_clear(&answer);
        still_stream(w, bytes, 3);
        assert_true(w->stream.is_closed);
        check_str(buf_str(&w->remote), S("theirs"));
        assert_int_equal(member_of(w, "b")->state, MEMBER_ALIVE);
        assert_true(still_answer(w, &mem, &answer));
        assert_true(pushpull_decode(str_skip(buf_str(&answer), 1), &mem, &got, NULL));
        // The answer shows what we knew before: the first one does not list b.
        assert_int_equal(got.count, plain ? 2 : 1);
        assert_true(got.join);
        check_str(got.user_state, S("ours"));
    }
    // A table that does not fit changes nothing, its user state neither.
    b.vsn = S("\x01\x05\x07\x00\x00\x00");
    b.name = S("c");
    buf_clear(&request);
    buf_clear(&w->remote);
    pushpull_put(&request, &(struct pushpull){true, &b, 1, S("theirs")});
    still_stream(w, buf_str(&request), 1000);
    assert_null(member_of(w, "c"));
    assert_int_equal(w->remote.n, 0);
    still_free(w);
}

static void streams_carry_large_updates(void **state)
{
    (void)state;
    struct still *w = still_new("a", "10.0.0.1:9094");
    still_stream(w, S("\x08\x81\xaaUserMsgLen\xd1\x00\x05hello"), 1);
    assert_true(w->stream.is_closed);
    assert_int_equal(w->stream.written.n, 0);
    check_str(buf_str(&w->users), S("68656c6c6f\n"));
    assert_int_equal(w->swim->held_bytes, 0);
    assert_int_equal(w->swim->accepted_count, 0);
    still_free(w);
}

static void incompressible(struct buf *out, size_t n)
{
    struct rand rand;
    rand_seed(&rand, 1);
    for (size_t i = 0; i < n; i++)
        buf_put_c(out, (char)rand_u64(&rand));
}

// Those go through a worker. Their sender closes at once; then nothing is left to answer to.
static void large_messages_count_even_if_their_sender_has_closed(void **state)
{
    (void)state;
    static const struct err NONE;
    defer(buf_done) struct buf text = {0}, message = {0}, packed = {0};
    incompressible(&text, 500000);
    message_put(&message, MSG_USER, &(struct msg_user){(int64_t)text.n});
    buf_put(&message, buf_str(&text));
    compress_put(&packed, buf_str(&message));
    char whole[4];
    memcpy(whole, packed.p + packed.n / 2, sizeof(whole));
    for (int cut = 0; cut < 3; cut++) { // complete; damaged; given up before the worker is done
        struct still *w = still_new("a", "10.0.0.1:9094");
        struct addr from = {.ip = {10, 0, 0, 2}, .ip_bytes = 4, .port = 9094};
        if (cut == 1) // a code of ones is never assigned
            memset(packed.p + packed.n / 2, 0xff, sizeof(whole));
        swim_transport_events.on_stream(w->swim, &w->stream, &from, S(""));
        w->stream.events->on_data(w->stream.owner, buf_str(&packed));
        assert_int_equal(w->users.n, 0);
        assert_int_equal(w->job_count, 1);
        if (cut < 2) {
            w->stream.events->on_close(w->stream.owner, &NONE);
            still_do_work(w);
            assert_int_equal(w->users.n > 0, cut == 0);
            assert_int_equal(w->swim->accepted_count, 0);
            assert_int_equal(w->swim->held_bytes, 0);
        }
        still_free(w);
        memcpy(packed.p + packed.n / 2, whole, sizeof(whole));
    }
}

static void large_states_are_sent_when_the_worker_is_done(void **state)
{
    (void)state;
    struct still *w = still_new("a", "10.0.0.1:9094");
    defer(buf_done) struct buf request = {0}, answer = {0};
    defer(arena_done) struct arena mem = {0};
    struct pushpull got;
    incompressible(&w->local, 500000);
    pushpull_put(&request, &(struct pushpull){.join = true});
    struct addr from = {.ip = {10, 0, 0, 2}, .ip_bytes = 4, .port = 9094};
    swim_transport_events.on_stream(w->swim, &w->stream, &from, S(""));
    w->stream.events->on_data(w->stream.owner, buf_str(&request));
    assert_int_equal(w->stream.written.n, 0);
    assert_false(w->stream.is_closed);
    still_do_work(w);
    assert_true(w->stream.is_closed);
    assert_true(still_answer(w, &mem, &answer));
    assert_true(pushpull_decode(str_skip(buf_str(&answer), 1), &mem, &got, NULL));
    assert_true(str_eq(got.user_state, buf_str(&w->local)));
    still_free(w);
}

static void a_stream_that_says_nothing_ends(void **state)
{
    (void)state;
    struct still *w = still_new("a", "10.0.0.1:9094");
    still_stream(w, S("\x09\x82"), 1);
    assert_false(w->stream.is_closed);
    still_run(w, DUR_MS(9999));
    assert_false(w->stream.is_closed);
    still_run(w, DUR_MS(2));
    assert_true(w->stream.is_closed);
    still_free(w);
}

// ---- addresses -----------------------------------------------------------------------------

static void host_and_port(void **state)
{
    (void)state;
    static const struct {
        const char *text, *host;
        uint16_t port;
        const char *error;
    } CASES[] = {
        {"0.0.0.0:9094", "0.0.0.0", 9094, NULL},
        {"[10.0.0.1]:9094", "10.0.0.1", 9094, NULL},
        {"[fd00::1]:1", "fd00::1", 1, NULL},
        {":9094", "", 9094, NULL},
        {"host", NULL, 0, "address host: missing port in address"},
        {"a:b:1", NULL, 0, "address a:b:1: too many colons in address"},
        {"[a:1", NULL, 0, "address [a:1: missing ']' in address"},
        {"[a]", NULL, 0, "address [a]: missing port in address"},
        {"a:x", NULL, 0, "address a:x: invalid port: strconv.Atoi: parsing \"x\": invalid syntax"},
        {"", NULL, 0, "missing port in address"},
    };
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        struct err err = ERR_INIT;
        str host;
        uint16_t port;
        bool ok = hostport_split(str_c(CASES[i].text), &host, &port, &err);
        assert_int_equal(ok, CASES[i].error == NULL);
        if (!ok) {
            check_err(&err, CASES[i].error);
            continue;
        }
        check_str(host, str_c(CASES[i].host));
        assert_int_equal(port, CASES[i].port);
    }
}

static struct cluster_interface interface(const char *ip, uint8_t bits, bool is_default)
{
    struct cluster_interface it = {
        .prefix_bits = bits, .is_up = true, .has_default_route = is_default};
    assert_true(addr_parse_ip(str_c(ip), &it.addr));
    return it;
}

static void check_discovers(const struct cluster_interface *all, size_t count, bool is_public,
                            const char *want)
{
    struct addr got;
    defer(buf_done) struct buf text = {0};
    if (advertise_discover(all, count, is_public, &got))
        buf_put_ip(&text, &got);
    check_str(buf_str(&text), str_c(want));
}

static void the_address_to_advertise(void **state)
{
    (void)state;
    const struct cluster_interface all[] = {
        interface("127.0.0.1", 8, false),     interface("169.254.3.4", 16, false),
        interface("fd00::5", 64, true),       interface("172.17.0.1", 16, false),
        interface("8.8.8.8", 24, false),      interface("10.1.2.3", 24, true),
        interface("2a00:1450::1", 64, false),
    };
    check_discovers(all, ARRAY_LEN(all), false, "10.1.2.3");
    check_discovers(all, ARRAY_LEN(all), true, "8.8.8.8");
    check_discovers(all, 5, false, "fd00::5"); // the default route counts more than the family
    check_discovers(all, 2, false, "");
    check_discovers(all + 3, 1, true, "");
}

int test_swim(void);
int test_swim(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_probe_that_is_answered_costs_nothing),
        cmocka_unit_test(silence_leads_through_suspicion_to_death),
        cmocka_unit_test(silence_speaks_against_the_incarnation_that_was_asked),
        cmocka_unit_test(others_are_asked_before_one_is_suspected),
        cmocka_unit_test(nacks_say_that_the_trouble_is_elsewhere),
        cmocka_unit_test(reached_over_tcp_is_reached),
        cmocka_unit_test(pings_for_others_are_relayed_or_refused_in_time),
        cmocka_unit_test(news_is_gossiped_to_all_and_twice_at_least),
        cmocka_unit_test(the_table_is_bounded),
        cmocka_unit_test(what_no_member_sends_is_ignored),
        cmocka_unit_test(incarnations_do_not_wrap_when_refuting),
        cmocka_unit_test(our_own_record_with_other_versions_is_refuted),
        cmocka_unit_test(deep_nesting_is_refused),
        cmocka_unit_test(streams_push_and_pull),
        cmocka_unit_test(streams_carry_large_updates),
        cmocka_unit_test(large_messages_count_even_if_their_sender_has_closed),
        cmocka_unit_test(large_states_are_sent_when_the_worker_is_done),
        cmocka_unit_test(a_stream_that_says_nothing_ends),
        cmocka_unit_test(host_and_port),
        cmocka_unit_test(the_address_to_advertise),
    };
    return run_group("swim", tests);
}
