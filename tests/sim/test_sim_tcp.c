// SPDX-License-Identifier: Apache-2.0
// Streams: bytes in order, and every way in which a connection fails.
#include "tests/sim/sim_env.h"
#include "tests/support/check.h"

struct pair {
    struct sim_world *w;
    struct sim_node *a, *b;
};

static struct pair pair_new(const struct sim_options *opt)
{
    struct pair p = {.w = sim_world_new(opt)};
    p.a = sim_node_new(p.w, "a", "10.0.0.1");
    p.b = sim_node_new(p.w, "b", "10.0.0.2");
    return p;
}

static struct addr port(uint16_t p)
{
    return (struct addr){.ip_bytes = 4, .port = p};
}

struct side {
    struct env *env;
    struct listener *listener;
    struct stream *stream;
    struct buf got;
    int opens, closes, pieces;
    struct err why;
    bool echoes;
};

static void on_open(void *owner)
{
    ((struct side *)owner)->opens++;
}

static void on_data(void *owner, str data)
{
    struct side *s = owner;
    buf_put(&s->got, data);
    s->pieces++;
    if (s->echoes)
        env_stream_write(s->env, s->stream, data);
}

static void on_close(void *owner, const struct err *why)
{
    struct side *s = owner;
    s->closes++;
    s->why = *why;
    s->stream = NULL;
}

static const struct stream_events EVENTS = {on_open, on_data, on_close};

static void on_accept(void *owner, struct stream *stream, const struct addr *from)
{
    struct side *s = owner;
    assert_int_equal(from->ip[3], 1);
    s->stream = stream;
    env_stream_events(s->env, stream, &EVENTS, s);
}

static void side_listen(struct side *s, struct sim_node *node)
{
    struct err err = ERR_INIT;
    struct addr bind = port(9094);
    *s = (struct side){.env = sim_node_env(node)};
    s->listener = env_listen(s->env, &bind, on_accept, s, NULL, &err);
    assert_non_null(s->listener);
}

static void side_dial(struct side *s, struct sim_node *from, struct sim_node *to)
{
    struct addr target = sim_node_addr(to, 9094);
    *s = (struct side){.env = sim_node_env(from)};
    s->stream = env_dial(s->env, &target, &EVENTS, s);
    assert_non_null(s->stream);
    assert_int_equal(s->opens + s->closes, 0);
}

// A byte sequence that shows any loss, repetition or exchange.
static char *bytes(size_t n)
{
    static char text[1 << 20];
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (char)(i * 2654435761U >> 13);
    assert_true(n <= sizeof(text));
    return text;
}

static void streams_keep_bytes_and_order(void **state)
{
    (void)state;
    struct pair p = pair_new(&(struct sim_options){.seed = 3, .loss_percent = 20});
    struct side a, b;
    side_listen(&b, p.b);
    b.echoes = true;
    side_dial(&a, p.a, p.b);
    const size_t n = 200000;
    const char *text = bytes(n);
    for (size_t at = 0; at < n; at += 1000)
        env_stream_write(a.env, a.stream, str_from(text + at, 1000));
    sim_run(p.w, DUR_MINUTES(10));
    assert_int_equal(a.opens, 1);
    check_str(buf_str(&b.got), str_from(text, n));
    check_str(buf_str(&a.got), str_from(text, n));
    assert_true(b.pieces > 10);
    assert_int_equal(env_stream_pending(a.env, a.stream), 0);
    env_stream_write(a.env, a.stream, S("bye"));
    env_stream_close(a.env, a.stream);
    sim_run(p.w, DUR_MINUTES(1));
    assert_int_equal(a.closes, 0);
    assert_int_equal(b.closes, 1);
    assert_int_equal(b.got.n, n + 3); // what was written before the close
    assert_int_equal(sim_node_open_count(p.a), 0);
    buf_done(&a.got);
    buf_done(&b.got);
    sim_world_free(p.w);
}

static void dialling_fails_for_its_reasons(void **state)
{
    (void)state;
    struct pair p = pair_new(&(struct sim_options){.seed = 3});
    struct side a;
    side_dial(&a, p.a, p.b);
    sim_run(p.w, DUR_SECONDS(1));
    assert_int_equal(a.closes, 1);
    assert_int_equal(a.why.code, ERR_NETWORK);
    check_err(&a.why, "dial tcp 10.0.0.2:9094: connect: connection refused");

    struct addr nobody = {.ip = {10, 9, 9, 9}, .ip_bytes = 4, .port = 1};
    a.stream = env_dial(a.env, &nobody, &EVENTS, &a);
    sim_run(p.w, DUR_SECONDS(4));
    assert_int_equal(a.closes, 2);
    check_err(&a.why, "dial tcp 10.9.9.9:1: connect: no route to host");

    struct side b;
    side_listen(&b, p.b);
    sim_partition(p.w, "a | b");
    a.stream = env_dial(a.env, &nobody, &EVENTS, &a);
    env_stream_close(a.env, a.stream); // cancelled: no callback
    side_dial(&a, p.a, p.b);
    sim_run(p.w, DUR_SECONDS(62));
    assert_int_equal(a.closes, 0);
    sim_run(p.w, DUR_SECONDS(10));
    assert_int_equal(a.closes, 1);
    assert_int_equal(a.why.code, ERR_TIMEOUT);
    check_err(&a.why, "dial tcp 10.0.0.2:9094: connect: connection timed out");
    assert_null(b.stream);
    sim_world_free(p.w);
}

static void a_partition_stalls_a_stream(void **state)
{
    (void)state;
    struct pair p = pair_new(&(struct sim_options){.seed = 3});
    struct side a, b;
    side_listen(&b, p.b);
    side_dial(&a, p.a, p.b);
    sim_run(p.w, DUR_SECONDS(1));
    sim_partition(p.w, "a | b");
    env_stream_write(a.env, a.stream, str_from(bytes(1 << 20), 1 << 20));
    sim_run(p.w, DUR_MINUTES(5));
    assert_int_equal(b.got.n, 0);
    assert_int_equal(env_stream_pending(a.env, a.stream), (1 << 20) - (256 << 10));
    sim_heal(p.w);
    sim_run(p.w, DUR_MINUTES(3));
    assert_int_equal(b.got.n, 1 << 20);
    sim_partition(p.w, "a | b");
    env_stream_write(a.env, a.stream, S("lost"));
    sim_run(p.w, DUR_MINUTES(14));
    assert_int_equal(a.closes, 0);
    sim_run(p.w, DUR_MINUTES(5));
    assert_int_equal(a.closes, 1);
    check_err(&a.why, "read tcp 10.0.0.1:32768->10.0.0.2:9094: read: connection timed out");
    sim_heal(p.w);
    assert_int_equal(b.closes, 0); // it never noticed, until it writes
    env_stream_write(b.env, b.stream, S("hello?"));
    sim_run(p.w, DUR_MINUTES(1));
    assert_int_equal(b.closes, 1);
    check_err(&b.why, "read tcp 10.0.0.2:9094->10.0.0.1:32768: read: connection reset by peer");
    buf_done(&b.got);
    sim_world_free(p.w);
}

static void data_passes_a_one_way_cut_but_is_never_acknowledged(void **state)
{
    (void)state;
    struct pair p = pair_new(&(struct sim_options){.seed = 3});
    struct side a, b;
    side_listen(&b, p.b);
    side_dial(&a, p.a, p.b);
    sim_run(p.w, DUR_SECONDS(1));
    sim_link_set(p.b, p.a, &(struct sim_link_options){.is_cut = true});
    env_stream_write(a.env, a.stream, S("x"));
    sim_run(p.w, DUR_MINUTES(1));
    assert_int_equal(b.got.n, 1);
    assert_int_equal(a.closes, 0);
    sim_run(p.w, DUR_MINUTES(20));
    assert_int_equal(a.closes, 1);
    buf_done(&b.got);
    sim_world_free(p.w);
}

static void a_crash_ends_the_streams_of_the_dead(void **state)
{
    (void)state;
    int resets = 0, ends = 0;
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct pair p = pair_new(&(struct sim_options){.seed = seed});
        struct side a, b;
        side_listen(&b, p.b);
        side_dial(&a, p.a, p.b);
        sim_run(p.w, DUR_SECONDS(1));
        sim_node_crash(p.b);
        assert_int_equal(a.closes, 0); // news takes its time
        env_stream_write(b.env, b.stream, S("from the grave"));
        env_stream_close(b.env, b.stream);
        sim_run(p.w, DUR_SECONDS(1));
        assert_int_equal(a.closes, 1);
        assert_int_equal(a.got.n, 0);
        assert_int_equal(b.closes, 0);
        if (a.why.code == ERR_NONE)
            ends++;
        else
            resets++;
        sim_node_restart(p.b);
        side_dial(&a, p.a, p.b);
        sim_run(p.w, DUR_SECONDS(1));
        check_err(&a.why, "dial tcp 10.0.0.2:9094: connect: connection refused");
        sim_world_free(p.w);
    }
    assert_true(resets > 3 && ends > 3);
}

static void without_power_there_is_silence(void **state)
{
    (void)state;
    struct pair p = pair_new(&(struct sim_options){.seed = 3});
    struct side a, b;
    side_listen(&b, p.b);
    side_dial(&a, p.a, p.b);
    sim_run(p.w, DUR_SECONDS(1));
    sim_node_power_loss(p.b);
    env_stream_write(a.env, a.stream, S("x"));
    sim_run(p.w, DUR_MINUTES(1));
    assert_int_equal(a.closes, 0);
    sim_node_restart(p.b);
    sim_run(p.w, DUR_MINUTES(2)); // the retransmission meets a kernel that knows nothing
    assert_int_equal(a.closes, 1);
    check_err(&a.why, "read tcp 10.0.0.1:32768->10.0.0.2:9094: read: connection reset by peer");
    sim_world_free(p.w);
}

static void the_kernel_of_a_frozen_node_accepts(void **state)
{
    (void)state;
    struct pair p = pair_new(&(struct sim_options){.seed = 3});
    struct side a, b;
    side_listen(&b, p.b);
    sim_node_freeze(p.b);
    side_dial(&a, p.a, p.b);
    env_stream_write(a.env, a.stream, S("hello"));
    sim_run(p.w, DUR_SECONDS(30));
    assert_int_equal(a.opens, 1);
    assert_null(b.stream);
    sim_node_thaw(p.b);
    sim_run(p.w, DUR_SECONDS(1));
    check_str(buf_str(&b.got), S("hello"));
    buf_done(&b.got);
    sim_world_free(p.w);
}

static void a_closed_end_drops_what_still_comes(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct pair p = pair_new(&(struct sim_options){.seed = seed});
        struct side a, b;
        side_listen(&b, p.b);
        side_dial(&a, p.a, p.b);
        sim_run(p.w, DUR_SECONDS(1));
        env_stream_write(b.env, b.stream, S("not read any more"));
        env_stream_write(a.env, a.stream, S("last words"));
        env_stream_close(a.env, a.stream);
        sim_run(p.w, DUR_SECONDS(1));
        check_str(buf_str(&b.got), S("last words")); // no reset overtakes them
        assert_int_equal(b.closes, 1);
        assert_int_equal(b.why.code, ERR_NONE);
        buf_done(&b.got);
        sim_world_free(p.w);
    }
}

static void a_listener_that_closes_resets_its_backlog(void **state)
{
    (void)state;
    struct pair p = pair_new(&(struct sim_options){.seed = 3});
    struct side a, b;
    side_listen(&b, p.b);
    sim_node_freeze(p.b);
    side_dial(&a, p.a, p.b);
    sim_run(p.w, DUR_SECONDS(1));
    assert_int_equal(a.opens, 1);
    env_listener_close(b.env, b.listener);
    sim_run(p.w, DUR_SECONDS(1));
    assert_int_equal(a.closes, 1);
    assert_int_equal(a.why.code, ERR_NETWORK);
    sim_world_free(p.w);
}

int test_sim_tcp(void);
int test_sim_tcp(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_keep_bytes_and_order),
        cmocka_unit_test(dialling_fails_for_its_reasons),
        cmocka_unit_test(a_partition_stalls_a_stream),
        cmocka_unit_test(data_passes_a_one_way_cut_but_is_never_acknowledged),
        cmocka_unit_test(a_crash_ends_the_streams_of_the_dead),
        cmocka_unit_test(without_power_there_is_silence),
        cmocka_unit_test(the_kernel_of_a_frozen_node_accepts),
        cmocka_unit_test(a_closed_end_drops_what_still_comes),
        cmocka_unit_test(a_listener_that_closes_resets_its_backlog),
    };
    return run_group("sim_tcp", tests);
}
