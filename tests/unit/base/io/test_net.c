// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/base/io/loop.h"

// ---- datagrams -----------------------------------------------------------------------------

struct peer {
    struct env *env;
    struct udp *udp;
    struct addr addr;
    struct addr from;
    int count;
    bool echoes;
    struct buf last;
};

static void on_datagram(void *owner, const struct addr *from, str datagram)
{
    struct peer *p = owner;
    p->count++;
    p->from = *from;
    buf_clear(&p->last);
    buf_put(&p->last, datagram);
    if (p->echoes)
        env_udp_send(p->env, p->udp, from, datagram);
}

static void peer_open(struct peer *p, struct env *env, const struct addr *bind)
{
    struct err err = ERR_INIT;
    *p = (struct peer){.env = env};
    p->udp = env_udp_open(env, bind, on_datagram, p, &p->addr, &err);
    assert_non_null(p->udp);
    assert_true(p->addr.port != 0);
}

static void peer_close(struct peer *p)
{
    env_udp_close(p->env, p->udp);
    buf_done(&p->last);
}

static void datagrams_are_echoed(void **state)
{
    (void)state;
    struct loop l;
    loop_init(&l);
    struct peer a, b;
    peer_open(&a, l.env, &(struct addr){.ip = {127, 0, 0, 1}, .ip_bytes = 4});
    peer_open(&b, l.env, &(struct addr){.ip_bytes = 16}); // [::]: both families
    b.echoes = true;
    struct addr to_b = {.ip = {127, 0, 0, 1}, .ip_bytes = 4, .port = b.addr.port};
    for (int i = 0; i < 100; i++) {
        char text[32];
        snprintf(text, sizeof(text), "datagram %d", i);
        env_udp_send(l.env, a.udp, &to_b, str_c(text));
        assert_int_equal(a.count, i); // nothing arrives inside of the call
        loop_wait(&l, &a.count, i + 1);
        check_str(buf_str(&a.last), str_c(text));
    }
    assert_true(addr_eq(&a.from, &to_b));
    assert_true(addr_eq(&b.from, &a.addr)); // not ::ffff:127.0.0.1

    defer(buf_done) struct buf large = {0};
    buf_put_fill(&large, 'x', 65507);
    env_udp_send(l.env, a.udp, &to_b, buf_str(&large));
    loop_wait(&l, &a.count, 101);
    assert_int_equal(a.last.n, 65507);
    env_udp_send(l.env, a.udp, &to_b, S(""));
    loop_wait(&l, &a.count, 102);
    assert_int_equal(a.last.n, 0);
    assert_int_equal(env_uv_counts(l.env)->udp_dropped, 0);
    peer_close(&a);
    peer_close(&b);
    loop_done(&l);
}

static void what_cannot_be_sent_is_counted_not_queued(void **state)
{
    (void)state;
    struct loop l;
    loop_init(&l);
    struct peer a;
    peer_open(&a, l.env, &(struct addr){.ip = {127, 0, 0, 1}, .ip_bytes = 4});
    struct addr six = {.ip = {[15] = 1}, .ip_bytes = 16, .port = 9};
    env_udp_send(l.env, a.udp, &six, S("x"));
    assert_int_equal(env_uv_counts(l.env)->udp_dropped, 1);
    peer_close(&a);
    loop_done(&l);
}

static void a_used_port_is_an_error_in_gos_words(void **state)
{
    (void)state;
    struct loop l;
    loop_init(&l);
    struct peer a;
    struct addr any = loop_addr();
    peer_open(&a, l.env, &any);
    struct err err = ERR_INIT;
    char want[128];
    assert_null(env_udp_open(l.env, &a.addr, on_datagram, &a, NULL, &err));
    snprintf(want, sizeof(want), "listen udp 127.0.0.1:%u: bind: address already in use",
             a.addr.port);
    check_err(&err, want);
    assert_int_equal(err.code, ERR_NETWORK);

    struct addr bound;
    struct listener *first = env_listen(l.env, &any, NULL, NULL, &bound, &err);
    assert_non_null(first);
    assert_null(env_listen(l.env, &bound, NULL, NULL, NULL, &err));
    snprintf(want, sizeof(want), "listen tcp 127.0.0.1:%u: bind: address already in use",
             bound.port);
    check_err(&err, want);
    env_listener_close(l.env, first);
    peer_close(&a);
    loop_done(&l);
}

// ---- streams -------------------------------------------------------------------------------

struct side {
    struct loop *l;
    struct stream *stream;
    int opened;
    int closed;
    int accepted;
    int complete; // `wanted` bytes came
    size_t received;
    size_t wanted;
    uint64_t hash; // of what came
    struct err why;
    bool closes_when_complete;
};

static void on_open(void *owner)
{
    ((struct side *)owner)->opened++;
}

static void on_data(void *owner, str data)
{
    struct side *s = owner;
    assert_int_equal(s->closed, 0);
    s->received += data.n;
    for (size_t i = 0; i < data.n; i++)
        s->hash = s->hash * 31 + (uint8_t)data.p[i];
    if (s->received >= s->wanted && s->wanted) {
        s->complete = 1;
        if (s->closes_when_complete && s->stream)
            env_stream_close(s->l->env, take(&s->stream));
    }
}

static void on_close(void *owner, const struct err *why)
{
    struct side *s = owner;
    s->closed++;
    s->why = *why;
    s->stream = NULL;
}

static const struct stream_events EVENTS = {on_open, on_data, on_close};

static void on_accept(void *owner, struct stream *stream, const struct addr *from)
{
    struct side *s = owner;
    assert_true(addr_is_loopback(from));
    s->stream = stream;
    s->accepted++;
    env_stream_events(s->l->env, stream, &EVENTS, s);
}

static void on_accept_refuse(void *owner, struct stream *stream, const struct addr *from)
{
    (void)from;
    struct side *s = owner;
    s->accepted++;
    env_stream_close(s->l->env, stream);
}

struct pair {
    struct loop l;
    struct listener *listener;
    struct addr addr;
    struct side client, server;
};

static void pair_listen(struct pair *p)
{
    *p = (struct pair){0};
    loop_init(&p->l);
    p->client.l = p->server.l = &p->l;
    struct addr any = loop_addr();
    struct err err = ERR_INIT;
    p->listener = env_listen(p->l.env, &any, on_accept, &p->server, &p->addr, &err);
    assert_non_null(p->listener);
}

static void pair_connect(struct pair *p)
{
    pair_listen(p);
    p->client.stream = env_dial(p->l.env, &p->addr, &EVENTS, &p->client);
    assert_int_equal(p->client.opened, 0);
    loop_wait(&p->l, &p->client.opened, 1);
    loop_wait(&p->l, &p->server.accepted, 1);
}

static void pair_done(struct pair *p)
{
    env_stream_close(p->l.env, p->client.stream);
    env_stream_close(p->l.env, p->server.stream);
    env_listener_close(p->l.env, p->listener);
    loop_done(&p->l);
}

static uint64_t hash_of(str data)
{
    uint64_t hash = 0;
    for (size_t i = 0; i < data.n; i++)
        hash = hash * 31 + (uint8_t)data.p[i];
    return hash;
}

static void ten_megabytes_go_both_ways(void **state)
{
    (void)state;
    struct pair p;
    pair_connect(&p);
    defer(buf_done) struct buf data = {0};
    for (uint32_t i = 0; data.n < 10 << 20; i++)
        buf_put(&data, str_from(&i, sizeof(i)));
    p.client.wanted = p.server.wanted = data.n;
    env_stream_write(p.l.env, p.client.stream, buf_str(&data));
    assert_true(env_stream_pending(p.l.env, p.client.stream) > 0);
    for (size_t at = 0; at < data.n; at += 1 << 16) // in many pieces
        env_stream_write(p.l.env, p.server.stream, str_slice(buf_str(&data), at, at + (1 << 16)));
    loop_wait(&p.l, &p.client.complete, 1);
    loop_wait(&p.l, &p.server.complete, 1);
    assert_int_equal(p.client.received, data.n);
    assert_int_equal(p.server.received, data.n);
    assert_true(p.client.hash == hash_of(buf_str(&data)));
    assert_true(p.server.hash == hash_of(buf_str(&data)));
    assert_int_equal(env_stream_pending(p.l.env, p.client.stream), 0);
    pair_done(&p);
}

// The other side reads everything, then sees a clean end, although it was still sending itself.
static void closing_flushes_what_was_written(void **state)
{
    (void)state;
    struct pair p;
    pair_connect(&p);
    defer(buf_done) struct buf data = {0};
    buf_put_fill(&data, 'd', 5 << 20);
    p.server.wanted = data.n;
    env_stream_write(p.l.env, p.server.stream, S("unread by the client, which closes"));
    env_stream_write(p.l.env, p.client.stream, buf_str(&data));
    env_stream_close(p.l.env, take(&p.client.stream));
    loop_wait(&p.l, &p.server.closed, 1);
    assert_int_equal(p.server.received, data.n);
    assert_int_equal(p.server.why.code, ERR_NONE);
    assert_int_equal(p.client.closed, 0); // no event after the close
    assert_int_equal(p.client.received, 0);
    pair_done(&p);
}

struct flood {
    struct side side; // first
    struct timer timer;
    struct buf data;
};

static void on_flood(void *owner)
{
    struct flood *f = owner;
    if (!f->side.stream)
        return;
    if (env_stream_pending(f->side.l->env, f->side.stream) == 0)
        env_stream_write(f->side.l->env, f->side.stream, buf_str(&f->data));
    env_timer_after(f->side.l->env, &f->timer, 0);
}

// The peer of a closed stream that goes on sending is cut off long before the linger is over.
static void a_closed_stream_does_not_swallow_for_ever(void **state)
{
    (void)state;
    struct pair p;
    pair_connect(&p);
    struct flood f = {.side = {.l = &p.l, .stream = take(&p.server.stream)}};
    env_stream_events(p.l.env, f.side.stream, &EVENTS, &f.side);
    buf_put_fill(&f.data, 'f', 1 << 20);
    timer_init(&f.timer, on_flood, &f);
    env_timer_after(p.l.env, &f.timer, 0);
    env_stream_write(p.l.env, p.client.stream, S("the last words"));
    loop_run_for(&p.l, DUR_MS(5));
    mono_ns start = env_mono(p.l.env);
    env_stream_close(p.l.env, take(&p.client.stream));
    loop_wait(&p.l, &f.side.closed, 1);
    assert_true(env_mono(p.l.env) - start < DUR_SECONDS(4));
    assert_int_equal(f.side.received, strlen("the last words"));
    env_timer_cancel(p.l.env, &f.timer);
    buf_done(&f.data);
    pair_done(&p);
}

static void writing_and_closing_before_the_connection_stands_is_fine(void **state)
{
    (void)state;
    struct pair p;
    pair_listen(&p);
    struct stream *s = env_dial(p.l.env, &p.addr, &EVENTS, &p.client);
    env_stream_write(p.l.env, s, S("early"));
    env_stream_close(p.l.env, s);
    loop_wait(&p.l, &p.server.closed, 1);
    assert_int_equal(p.server.received, 5);
    assert_int_equal(p.client.opened + p.client.closed, 0);
    s = env_dial(p.l.env, &p.addr, &EVENTS, &p.client);
    env_stream_close(p.l.env, s); // at once, with nothing written
    loop_run_for(&p.l, DUR_MS(20));
    assert_int_equal(p.client.opened + p.client.closed, 0);
    pair_done(&p);
}

// A side that has ended its half still gets what the other one wrote before it noticed.
static void an_end_still_lets_the_answer_through(void **state)
{
    (void)state;
    struct pair p;
    pair_connect(&p);
    p.server.wanted = 4;
    p.server.closes_when_complete = true;
    defer(buf_done) struct buf data = {0};
    buf_put_fill(&data, 'd', 3 << 20);
    env_stream_write(p.l.env, p.server.stream, buf_str(&data));
    env_stream_write(p.l.env, p.client.stream, S("done"));
    loop_wait(&p.l, &p.client.closed, 1);
    assert_int_equal(p.client.received, data.n);
    assert_int_equal(p.client.why.code, ERR_NONE);
    pair_done(&p);
}

static void a_failed_dial_is_a_close_in_gos_words(void **state)
{
    (void)state;
    struct pair p;
    pair_listen(&p);
    env_listener_close(p.l.env, take(&p.listener)); // its port is free now
    p.client.stream = env_dial(p.l.env, &p.addr, &EVENTS, &p.client);
    env_stream_write(p.l.env, p.client.stream, S("never sent"));
    assert_int_equal(p.client.closed, 0);
    loop_wait(&p.l, &p.client.closed, 1);
    assert_int_equal(p.client.opened, 0);
    char want[128];
    snprintf(want, sizeof(want), "dial tcp 127.0.0.1:%u: connect: connection refused", p.addr.port);
    check_err(&p.client.why, want);
    assert_int_equal(p.client.why.code, ERR_NETWORK);

    // One that fails inside of the call tells a turn later as well.
    struct addr broadcast = {.ip = {255, 255, 255, 255}, .ip_bytes = 4, .port = 1};
    p.client.stream = env_dial(p.l.env, &broadcast, &EVENTS, &p.client);
    assert_int_equal(p.client.closed, 1);
    loop_wait(&p.l, &p.client.closed, 2);
    assert_true(str_starts(err_str(&p.client.why), S("dial tcp 255.255.255.255:1: connect: ")));
    pair_done(&p);
}

static void a_refused_connection_is_an_end_for_the_dialler(void **state)
{
    (void)state;
    struct pair p;
    pair_listen(&p);
    env_listener_close(p.l.env, p.listener);
    struct err err = ERR_INIT;
    struct addr any = loop_addr();
    p.listener = env_listen(p.l.env, &any, on_accept_refuse, &p.server, &p.addr, &err);
    p.client.stream = env_dial(p.l.env, &p.addr, &EVENTS, &p.client);
    loop_wait(&p.l, &p.client.closed, 1);
    assert_int_equal(p.client.why.code, ERR_NONE);
    assert_int_equal(p.server.received, 0);
    pair_done(&p);
}

static void writing_to_a_dead_peer_is_reported_later_and_once(void **state)
{
    (void)state;
    struct pair p;
    pair_connect(&p);
    // The peer's process is gone: unread data makes the kernel reset the connection.
    env_stream_write(p.l.env, p.client.stream, S("unread"));
    env_stream_close(p.l.env, take(&p.server.stream));
    for (int i = 0; i < 100 && p.client.closed == 0; i++) {
        env_stream_write(p.l.env, p.client.stream, S("more"));
        assert_int_equal(p.client.closed, 0);
        loop_run_for(&p.l, DUR_MS(1));
    }
    assert_int_equal(p.client.closed, 1);
    loop_run_for(&p.l, DUR_MS(20));
    assert_int_equal(p.client.closed, 1);
    pair_done(&p);
}

static void freeing_closes_what_is_open(void **state)
{
    (void)state;
    struct pair p;
    pair_connect(&p);
    struct peer a;
    struct addr any = loop_addr();
    peer_open(&a, p.l.env, &any);
    defer(buf_done) struct buf data = {0};
    buf_put_fill(&data, 'd', 5 << 20);
    env_stream_write(p.l.env, p.client.stream, buf_str(&data)); // a write is under way
    env_dial(p.l.env, &p.addr, &EVENTS, &p.client);             // and a dial
    loop_done(&p.l);
    assert_int_equal(p.client.closed + p.server.closed, 0);
}

int test_net(void);
int test_net(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(datagrams_are_echoed),
        cmocka_unit_test(what_cannot_be_sent_is_counted_not_queued),
        cmocka_unit_test(a_used_port_is_an_error_in_gos_words),
        cmocka_unit_test(ten_megabytes_go_both_ways),
        cmocka_unit_test(closing_flushes_what_was_written),
        cmocka_unit_test(a_closed_stream_does_not_swallow_for_ever),
        cmocka_unit_test(writing_and_closing_before_the_connection_stands_is_fine),
        cmocka_unit_test(an_end_still_lets_the_answer_through),
        cmocka_unit_test(a_failed_dial_is_a_close_in_gos_words),
        cmocka_unit_test(a_refused_connection_is_an_end_for_the_dialler),
        cmocka_unit_test(writing_to_a_dead_peer_is_reported_later_and_once),
        cmocka_unit_test(freeing_closes_what_is_open),
    };
    return run_group("base/io/net", tests);
}
