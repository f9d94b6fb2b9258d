// SPDX-License-Identifier: Apache-2.0
// The PROXY protocol: the header itself, and a server behind a load balancer that sends it.
#define BANNED_ALLOW_IMPURE
#include "base/io/proxy_header.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include "tests/unit/base/io/loop.h"

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define IPV4                                                                                       \
    SIGNATURE "\x21\x11\0\x0c"                                                                     \
              "\x01\x02\x03\x04\x05\x06\x07\x08\x00\x63\x00\x50"
#define IPV6                                                                                       \
    SIGNATURE                                                                                      \
    "\x21\x21\0\x24"                                                                               \
    "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x02\x01\x02\0P"

static void check_peer(str header, const char *want)
{
    struct addr peer = {.ip = {9, 9, 9, 9}, .ip_bytes = 4, .port = 9};
    struct err err = ERR_INIT;
    defer(buf_done) struct buf text = {0};
    assert_int_equal(proxy_header_bytes(header, &err), header.n);
    assert_true(proxy_header_parse(header, &peer, &err));
    buf_put_addr(&text, &peer);
    check_str(buf_str(&text), str_c(want));
}

static void the_source_is_taken_from_the_header(void **state)
{
    (void)state;
    check_peer(S(IPV4), "1.2.3.4:99");
    check_peer(S(IPV6), "[fd00::1]:258");
    check_peer(S(SIGNATURE "\x20\x00\0\0"), "9.9.9.9:9"); // the balancer itself
    check_peer(S(SIGNATURE "\x20\x11\0\x02zz"), "9.9.9.9:9");
    check_peer(S(SIGNATURE "\x21\x11\0\x0f"
                           "\x01\x02\x03\x04\x05\x06\x07\x08\x00\x63\x00\x50tlv"),
               "1.2.3.4:99");
}

static void what_is_no_header_is_refused(void **state)
{
    (void)state;
    static const struct {
        str bytes;
        const char *error;
    } CASES[] = {
        {{"GET / HTTP/1.1\r\n", 16}, "unexpected proxy protocol header"},
        {{SIGNATURE "\x11\x11\0\x0c", 16},
         "unsupported proxy protocol version, only v2 is supported"},
        {{SIGNATURE "\x22\x11\0\x0c", 16}, "unsupported proxy protocol command: 2"},
        {{SIGNATURE "\x21\x12\0\x0c", 16},
         "unsupported proxy protocol transport: 2; only TCP is known"},
        {{SIGNATURE "\x21\x10\0\x0c", 16},
         "unsupported proxy protocol transport: 0; only TCP is known"},
        {{SIGNATURE "\x21\x11\x08\x01", 16},
         "too big proxy protocol block: 2049 bytes; at most 2048 are read"},
        {{SIGNATURE "\x21\x31\0\0", 16}, "unsupported proxy protocol address family: 3"},
        {{SIGNATURE "\x21\x11\0\x02zz", 18},
         "too small proxy protocol block: 2 bytes; 12 are needed"},
    };
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        struct addr peer = {0};
        struct err err = ERR_INIT;
        assert_false(proxy_header_parse(CASES[i].bytes, &peer, &err));
        check_err(&err, CASES[i].error);
    }
}

// ---- a server ----------------------------------------------------------------------------------

struct lab {
    struct loop l;
    struct http_server *server;
    struct addr at, peer; // the second: who asked last
    int handled, ended;
};

static void handle(void *owner, struct http_exchange *x)
{
    struct lab *lab = owner;
    lab->handled++;
    lab->peer = x->peer;
    assert_true(x->connected_at > 0);
    x->reply(x, &(struct http_reply){.status = 200, .body = S("hello")});
}

static void lab_init(struct lab *lab)
{
    *lab = (struct lab){0};
    struct err err = ERR_INIT;
    loop_init(&lab->l);
    struct http_server_options options = {.listen = S("127.0.0.1:0"),
                                          .body_bytes_max = 1000,
                                          .handle = handle,
                                          .owner = lab,
                                          .is_ipv4_only = true,
                                          .has_proxy_header = true};
    lab->server = env_http_listen(lab->l.env, &options, &lab->at, &err);
    check_err(&err, "");
}

static void on_stopped(void *owner)
{
    ++*(int *)owner;
}

static void lab_done(struct lab *lab)
{
    int stopped = 0;
    env_http_server_stop(lab->l.env, lab->server, DUR_SECONDS(1), on_stopped, &stopped);
    loop_wait(&lab->l, &stopped, 1);
    loop_done(&lab->l);
}

static void on_data(void *owner, str data)
{
    (void)owner;
    (void)data;
}

static void on_close(void *owner, const struct err *why)
{
    (void)why;
    ((struct lab *)owner)->ended++;
}

static void on_open(void *owner)
{
    (void)owner;
}

static struct stream *dial(struct lab *lab)
{
    static const struct stream_events EVENTS = {on_open, on_data, on_close};
    return env_dial(lab->l.env, &lab->at, &EVENTS, lab);
}

static void the_peer_is_who_the_balancer_says(void **state)
{
    (void)state;
    struct lab lab;
    defer(buf_done) struct buf text = {0};
    lab_init(&lab);
    struct stream *s = dial(&lab);
    str bytes = S(IPV6 "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    for (size_t i = 0; i < 60; i++) { // in as many pieces as there are bytes
        env_stream_write(lab.l.env, s, str_slice(bytes, i, i + 1));
        loop_run_for(&lab.l, DUR_MS(1));
    }
    env_stream_write(lab.l.env, s, str_skip(bytes, 60));
    loop_wait(&lab.l, &lab.handled, 1);
    buf_put_addr(&text, &lab.peer);
    check_str(buf_str(&text), S("[fd00::1]:258"));
    env_stream_write(lab.l.env, s, S("GET / HTTP/1.1\r\nHost: x\r\n\r\n")); // the same connection
    loop_wait(&lab.l, &lab.handled, 2);
    env_stream_close(lab.l.env, s);
    lab_done(&lab);
}

static void others_are_turned_away(void **state)
{
    (void)state;
    struct lab lab;
    lab_init(&lab);
    struct stream *plain = dial(&lab), *gone = dial(&lab), *waiting = dial(&lab);
    env_stream_write(lab.l.env, plain, S("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
    env_stream_write(lab.l.env, gone, S(SIGNATURE));
    env_stream_close(lab.l.env, gone);
    loop_wait(&lab.l, &lab.ended, 1);
    loop_run_for(&lab.l, DUR_MS(20));
    assert_int_equal(lab.handled, 0);
    lab_done(&lab); // with one whose header never came
    (void)waiting;
}

int test_proxy_header(void);
int test_proxy_header(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_source_is_taken_from_the_header),
        cmocka_unit_test(what_is_no_header_is_refused),
        cmocka_unit_test(the_peer_is_who_the_balancer_says),
        cmocka_unit_test(others_are_turned_away),
    };
    return run_group("proxy_header", tests);
}
