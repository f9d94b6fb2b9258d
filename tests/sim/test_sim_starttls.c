// SPDX-License-Identifier: Apache-2.0
// Plain streams that go on with TLS.
#include "base/model/tlsconf.h"
#include "tests/sim/sim_env.h"
#include "tests/support/check.h"

struct side {
    struct env *env;
    struct tls *tls;
    struct listener *listener;
    struct stream *stream;
    struct buf got;
    int opens, closes;
    struct err why;
    const char *answer; // of a server: what it says before it changes
    bool stays_plain;
};

struct bench {
    struct sim_world *w;
    struct sim_node *a, *b;
    struct side client, server;
};

static void on_close(void *owner, const struct err *why)
{
    struct side *s = owner;
    s->closes++;
    s->why = *why;
    s->stream = NULL;
}

static void client_on_open(void *owner)
{
    struct side *s = owner;
    env_stream_write(s->env, s->stream, ++s->opens == 1 ? S("go") : S("secret"));
}

static void client_on_data(void *owner, str data)
{
    struct side *s = owner;
    buf_put(&s->got, data);
    if (s->opens == 1 && str_ends(buf_str(&s->got), S("\n")))
        env_stream_starttls(s->env, s->stream, s->tls);
}

static void server_on_open(void *owner)
{
    ((struct side *)owner)->opens++;
}

static void server_on_data(void *owner, str data)
{
    struct side *s = owner;
    buf_put(&s->got, data);
    if (!str_eq(buf_str(&s->got), S("go")))
        return;
    env_stream_write(s->env, s->stream, str_c(s->answer));
    if (!s->stays_plain)
        env_stream_starttls(s->env, s->stream, s->tls);
}

static const struct stream_events CLIENT = {client_on_open, client_on_data, on_close};
static const struct stream_events SERVER = {server_on_open, server_on_data, on_close};

static void on_accept(void *owner, struct stream *stream, const struct addr *from)
{
    (void)from;
    struct side *s = owner;
    s->stream = stream;
    env_stream_events(s->env, stream, &SERVER, s);
}

static void bench_init(struct bench *b, uint64_t seed, const char *server_cert)
{
    *b = (struct bench){.w = sim_world_new(&(struct sim_options){.seed = seed})};
    b->a = sim_node_new(b->w, "a", "10.0.0.1");
    b->b = sim_node_new(b->w, "b", "10.0.0.2");
    b->client.env = sim_node_env(b->a);
    b->server.env = sim_node_env(b->b);
    b->server.answer = "220\n";
    struct err err = ERR_INIT;
    const struct tlsconf client = {.ca.text = S("ca"), .server_name = S("mail.example")};
    const struct tlsconf server = {
        .is_server = true, .cert.text = str_c(server_cert), .key.text = S("key")};
    b->client.tls = env_tls_new(b->client.env, &client, &err);
    b->server.tls = env_tls_new(b->server.env, &server, &err);
    check_err(&err, "");
    struct addr at = sim_node_addr(b->b, 25);
    b->server.listener = env_listen(b->server.env, &at, on_accept, &b->server, NULL, &err);
    b->client.stream = env_dial(b->client.env, &at, &CLIENT, &b->client);
}

static void bench_done(struct bench *b)
{
    struct side *sides[] = {&b->client, &b->server};
    for (size_t i = 0; i < 2; i++) {
        struct side *s = sides[i];
        env_stream_close(s->env, s->stream);
        env_listener_close(s->env, s->listener);
        env_tls_free(s->env, s->tls);
        buf_done(&s->got);
    }
    assert_int_equal(sim_node_open_count(b->a), 0);
    assert_int_equal(sim_node_open_count(b->b), 0);
    sim_world_free(b->w);
}

static void both_sides_agree(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct bench b;
        bench_init(&b, seed, "ca: mail.example");
        sim_run(b.w, DUR_SECONDS(1));
        assert_int_equal(b.client.opens, 2);
        assert_int_equal(b.server.opens, 1);
        check_str(buf_str(&b.server.got), S("gosecret"));
        bench_done(&b);
    }
}

static void the_wrong_name_ends_it(void **state)
{
    (void)state;
    struct bench b;
    bench_init(&b, 1, "ca: other.example");
    sim_run(b.w, DUR_SECONDS(1));
    assert_int_equal(b.client.opens, 1);
    assert_int_equal(b.client.closes, 1);
    assert_int_equal(b.server.closes, 1);
    assert_true(str_ends(err_str(&b.client.why), S("tls: handshake failure")));
    bench_done(&b);
}

// The server says more in plain, in the same piece or later, or nothing at all.
static void plain_text_is_no_handshake(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct bench b;
        bench_init(&b, seed, "ca: mail.example");
        b.server.stays_plain = true;
        sim_run(b.w, DUR_SECONDS(1));
        env_stream_write(b.server.env, b.server.stream, S("250 more\n"));
        sim_run(b.w, DUR_SECONDS(1));
        assert_int_equal(b.client.opens, 1);
        assert_int_equal(b.client.closes, 1);
        check_str(buf_str(&b.client.got), S("220\n"));
        bench_done(&b);
    }
    struct bench b;
    bench_init(&b, 1, "ca: mail.example");
    b.server.stays_plain = true;
    sim_run(b.w, DUR_SECONDS(9));
    assert_int_equal(b.client.closes, 0);
    sim_run(b.w, DUR_SECONDS(2));
    assert_int_equal(b.client.why.code, ERR_TIMEOUT);
    bench_done(&b);
}

static void a_crash_in_the_middle_leaves_nothing(void **state)
{
    (void)state;
    for (int steps = 1; steps < 40; steps++) {
        struct bench b;
        bench_init(&b, 3, "ca: mail.example");
        for (int i = 0; i < steps; i++)
            sim_step(b.w);
        sim_node_crash(b.b);
        sim_run(b.w, DUR_SECONDS(30));
        assert_int_equal(b.client.closes, 1);
        b.server = (struct side){.env = b.server.env, .got = b.server.got};
        sim_node_restart(b.b);
        b.server.env = sim_node_env(b.b);
        bench_done(&b);
    }
}

int test_sim_starttls(void);
int test_sim_starttls(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_sides_agree),
        cmocka_unit_test(the_wrong_name_ends_it),
        cmocka_unit_test(plain_text_is_no_handshake),
        cmocka_unit_test(a_crash_in_the_middle_leaves_nothing),
    };
    return run_group("sim_starttls", tests);
}
