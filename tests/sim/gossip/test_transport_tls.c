// SPDX-License-Identifier: Apache-2.0
// The TLS transport against somebody who writes frames by hand: good, bad, cut and endless ones.
#include "base/core/alloc.h"
#include "gossip/tls_config.h"
#include "gossip/tls_frame.h"
#include "gossip/transport.h"
#include "tests/sim/sim_env.h"
#include "tests/support/check.h"

#define PORT 9094

struct bench {
    struct sim_world *world;
    struct sim_node *here, *there;
    struct transport *transport;
    struct buf packets;   // "<from> <packet>\n" …
    struct stream *taken; // the stream that was handed over
    struct buf stream_bytes;
    int streams;

    struct tls *client; // of the other machine
    struct stream *stream;
    bool is_open, is_closed;
};

static void on_packet(void *owner, const struct addr *from, str packet)
{
    struct bench *b = owner;
    buf_put_addr(&b->packets, from);
    buf_printf(&b->packets, " %.*s\n", STR(packet));
}

static void on_stream_data(void *owner, str data)
{
    buf_put(&((struct bench *)owner)->stream_bytes, data);
}

static void on_stream_close(void *owner, const struct err *why)
{
    (void)why;
    ((struct bench *)owner)->taken = NULL;
}

static void on_stream(void *owner, struct stream *stream, const struct addr *from, str head)
{
    static const struct stream_events EVENTS = {NULL, on_stream_data, on_stream_close};
    struct bench *b = owner;
    (void)from;
    b->streams++;
    b->taken = stream;
    buf_put(&b->stream_bytes, head);
    env_stream_events(sim_node_env(b->here), stream, &EVENTS, b);
}

static const struct transport_events TRANSPORT_EVENTS = {on_packet, on_stream};

static struct tlsconf conf_of(bool is_server, const char *cert)
{
    return (struct tlsconf){.is_server = is_server,
                            .cert.text = str_c(cert),
                            .key.text = S("key"),
                            .ca.text = S("ca"),
                            .client_auth = TLS_REQUIRE_AND_VERIFY};
}

static void bench_init(struct bench *b, uint64_t seed)
{
    struct err err = ERR_INIT;
    *b = (struct bench){.world = sim_world_new(&(struct sim_options){.seed = seed})};
    b->here = sim_node_new(b->world, "here", "10.0.0.1");
    b->there = sim_node_new(b->world, "there", "10.0.0.2");
    struct cluster_tls conf = {conf_of(true, "ca: 10.0.0.1"), conf_of(false, "ca: 10.0.0.1")};
    struct addr any = {.ip_bytes = 4, .port = PORT};
    b->transport =
        transport_tls_open(sim_node_env(b->here), &any, &conf, &TRANSPORT_EVENTS, b, &err);
    check_err(&err, "");
    struct tlsconf client = conf_of(false, "ca: 10.0.0.2");
    b->client = env_tls_new(sim_node_env(b->there), &client, &err);
    check_err(&err, "");
}

static void bench_done(struct bench *b)
{
    env_stream_close(sim_node_env(b->there), b->stream);
    env_stream_close(sim_node_env(b->here), b->taken);
    env_tls_free(sim_node_env(b->there), b->client);
    transport_close(b->transport);
    assert_int_equal(sim_node_open_count(b->here), 0);
    assert_int_equal(sim_node_open_count(b->there), 0);
    sim_world_free(b->world);
    buf_done(&b->packets);
    buf_done(&b->stream_bytes);
}

static void on_open(void *owner)
{
    ((struct bench *)owner)->is_open = true;
}

static void on_close(void *owner, const struct err *why)
{
    (void)why;
    struct bench *b = owner;
    b->stream = NULL;
    b->is_closed = true;
}

static void dial(struct bench *b)
{
    static const struct stream_events EVENTS = {on_open, NULL, on_close};
    struct addr to = sim_node_addr(b->here, PORT);
    b->is_open = b->is_closed = false;
    b->stream = env_dial_tls(sim_node_env(b->there), &to, b->client, S(""), &EVENTS, b);
    sim_run(b->world, DUR_MS(100));
    assert_true(b->is_open);
}

static void say(struct bench *b, str bytes)
{
    env_stream_write(sim_node_env(b->there), b->stream, bytes);
    sim_run(b->world, DUR_MS(100));
}

static void packets_and_streams_may_come_in_one_record(void **state)
{
    (void)state;
    struct bench b;
    bench_init(&b, 1);
    defer(buf_done) struct buf bytes = {0};
    dial(&b);
    frame_put_packet(&bytes, S("10.0.0.9:7"), S("one"));
    frame_put_packet(&bytes, S("0.0.0.0:7946"), S("two"));
    frame_put_packet(&bytes, S("[::]:7946"), S("three"));
    frame_put_packet(&bytes, S("nonsense"), S("four"));
    frame_put_packet(&bytes, S("10.0.0.9:7"), S(""));
    frame_put_stream(&bytes);
    buf_put(&bytes, S("the stream"));
    say(&b, buf_str(&bytes));
    say(&b, S(" goes on"));
    check_str(buf_str(&b.packets), S("10.0.0.9:7 one\n10.0.0.2:7946 two\n10.0.0.2:7946 three\n"));
    assert_int_equal(b.streams, 1);
    check_str(buf_str(&b.stream_bytes), S("the stream goes on"));
    assert_int_equal(b.transport->stats->packet_bytes_received, 11);
    assert_int_equal(b.transport->stats->streams_received, 1);
    assert_int_equal(b.transport->stats->read_errors, 1);
    bench_done(&b);
}

static void frames_come_byte_by_byte(void **state)
{
    (void)state;
    struct bench b;
    bench_init(&b, 2);
    defer(buf_done) struct buf bytes = {0};
    frame_put_packet(&bytes, S("10.0.0.9:7"), S("slow"));
    frame_put_packet(&bytes, S("10.0.0.9:7"), S("again"));
    dial(&b);
    for (size_t i = 0; i < bytes.n; i++)
        say(&b, str_slice(buf_str(&bytes), i, i + 1));
    check_str(buf_str(&b.packets), S("10.0.0.9:7 slow\n10.0.0.9:7 again\n"));
    sim_run(b.world, DUR_MINUTES(60)); // idle connections stay
    assert_false(b.is_closed);
    bench_done(&b);
}

static void nonsense_ends_the_connection(void **state)
{
    (void)state;
    static const char OTHER_VERSION[] = "\x08\0\0\0\x0a\x06v9.9.9";
    const str CASES[] = {
        S("GET / HTTP/1.1\r\n\r\n"),
        str_from("\xff\xff\xff\x7f", 4),
        str_from("\0\0\0\0", 4),
        str_from(OTHER_VERSION, sizeof(OTHER_VERSION) - 1),
    };
    struct bench b;
    bench_init(&b, 3);
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        dial(&b);
        say(&b, CASES[i]);
        assert_true(b.is_closed);
        assert_int_equal(b.transport->stats->read_errors, i + 1);
    }
    bench_done(&b);
}

static void silence_is_not_waited_for_but_quiet_members_are(void **state)
{
    (void)state;
    struct bench b;
    bench_init(&b, 4);
    dial(&b);
    sim_run(b.world, DUR_SECONDS(9));
    assert_false(b.is_closed);
    sim_run(b.world, DUR_SECONDS(2));
    assert_true(b.is_closed);
    dial(&b);
    say(&b, str_from("\x1e\0\0", 3)); // and the rest never comes
    sim_run(b.world, DUR_SECONDS(11));
    assert_true(b.is_closed);
    bench_done(&b);
}

// Packets for one that cannot be reached are dropped, and soon not even dialled for.
static void nobody_there_costs_little(void **state)
{
    (void)state;
    struct bench b;
    bench_init(&b, 5);
    struct addr nobody = sim_node_addr(b.there, 1); // refused
    for (int i = 0; i < 200; i++) {
        transport_send(b.transport, &nobody, S("x"));
        sim_run(b.world, DUR_MS(10));
    }
    const struct transport_stats *s = b.transport->stats;
    assert_true(s->write_errors[TRANSPORT_PACKET] >= 3 && s->write_errors[TRANSPORT_PACKET] < 10);
    assert_true(s->packets_dropped > 150);
    sim_partition(b.world, "here | there"); // silence: frames are held up to a limit
    defer(buf_done) struct buf large = {0};
    buf_put_fill(&large, 'x', 60000);
    struct addr silent = sim_node_addr(b.there, 2);
    uint64_t before = s->packets_dropped;
    for (int i = 0; i < 20; i++)
        transport_send(b.transport, &silent, buf_str(&large));
    assert_true(s->packets_dropped - before >= 15);
    buf_put_fill(&large, 'x', 60000); // more than a packet may be
    transport_send(b.transport, &silent, buf_str(&large));
    bench_done(&b);
}

// As many addresses as an attacker likes: the table of connections keeps its size.
static void connections_are_bounded(void **state)
{
    (void)state;
    struct bench b;
    bench_init(&b, 6);
    for (uint16_t port = 1; port <= 3000; port++) {
        struct addr to = sim_node_addr(b.there, port);
        transport_send(b.transport, &to, S("x"));
    }
    assert_true(sim_node_open_count(b.here) < 2200); // 1024 streams and their timers
    sim_run(b.world, DUR_SECONDS(1));
    bench_done(&b);
}

int test_transport_tls(void);
int test_transport_tls(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets_and_streams_may_come_in_one_record),
        cmocka_unit_test(frames_come_byte_by_byte),
        cmocka_unit_test(nonsense_ends_the_connection),
        cmocka_unit_test(silence_is_not_waited_for_but_quiet_members_are),
        cmocka_unit_test(nobody_there_costs_little),
        cmocka_unit_test(connections_are_bounded),
    };
    return run_group("transport_tls", tests);
}
