// SPDX-License-Identifier: Apache-2.0
// A plain stream that goes on with TLS: what is said before, during and behind the change.
#include "base/io/tls.h"
#include "tests/support/certs.h"
#include "tests/unit/base/io/loop.h"

struct end {
    struct lab *lab;
    struct stream *stream;
    struct buf received; // since the change
    struct err why;
    int opened, closed, pieces;
};

// The client says "go", the server answers `answer` and changes, unless it deceives.
struct lab {
    struct loop l;
    struct cert_ca ca;
    struct cert_pair pair;
    struct tls *server_tls, *client_tls;
    struct listener *listener;
    struct addr at;
    struct end client, server;
    const char *answer;
    const char *plain_behind; // said by a deceiver, in plain, when the client has changed
    int changed;              // the client has
    bool closes_at_once;      // the client, right behind the change
};

static void client_on_open(void *owner)
{
    struct end *e = owner;
    e->opened++;
    env_stream_write(e->lab->l.env, e->stream, e->opened == 1 ? S("go") : S("secret"));
}

static void client_on_data(void *owner, str data)
{
    struct end *e = owner;
    struct lab *lab = e->lab;
    e->pieces++;
    if (lab->changed) {
        buf_put(&e->received, data);
        return;
    }
    lab->changed++;
    env_stream_starttls(lab->l.env, e->stream, lab->client_tls);
    assert_int_equal(e->opened, 1); // not inside the call
    if (lab->closes_at_once)
        env_stream_close(lab->l.env, take(&e->stream));
    if (lab->plain_behind)
        env_stream_write(lab->l.env, lab->server.stream, str_c(lab->plain_behind));
}

static void server_on_open(void *owner)
{
    ((struct end *)owner)->opened++;
}

static void server_on_data(void *owner, str data)
{
    struct end *e = owner;
    struct lab *lab = e->lab;
    e->pieces++;
    if (e->opened) {
        buf_put(&e->received, data);
        env_stream_write(lab->l.env, e->stream, data);
        return;
    }
    if (lab->changed)
        return; // a ClientHello, for the deceiver
    env_stream_write(lab->l.env, e->stream, str_c(lab->answer));
    if (!lab->plain_behind)
        env_stream_starttls(lab->l.env, e->stream, lab->server_tls);
}

static void on_close(void *owner, const struct err *why)
{
    struct end *e = owner;
    e->stream = NULL;
    e->closed++;
    e->why = *why;
}

static const struct stream_events CLIENT = {client_on_open, client_on_data, on_close};
static const struct stream_events SERVER = {server_on_open, server_on_data, on_close};

static void on_accept(void *owner, struct stream *stream, const struct addr *from)
{
    (void)from;
    struct lab *lab = owner;
    lab->server.stream = stream;
    env_stream_events(lab->l.env, stream, &SERVER, &lab->server);
}

static void lab_init(struct lab *lab)
{
    struct addr any = loop_addr();
    struct err err = ERR_INIT;
    *lab = (struct lab){.answer = "220 go"};
    loop_init(&lab->l);
    lab->client.lab = lab->server.lab = lab;
    cert_ca_init(&lab->ca, "ca");
    cert_issue(&lab->pair, &lab->ca, "server", "DNS:mail.example");
    const struct tlsconf server = {.is_server = true,
                                   .cert.text = buf_str(&lab->pair.cert),
                                   .key.text = buf_str(&lab->pair.key)};
    lab->server_tls = env_tls_new(lab->l.env, &server, &err);
    lab->listener = env_listen(lab->l.env, &any, on_accept, lab, &lab->at, &err);
    assert_non_null(lab->listener);
}

static void lab_dial(struct lab *lab, const struct tlsconf *client)
{
    struct err err = ERR_INIT;
    lab->client_tls = env_tls_new(lab->l.env, client, &err);
    check_err(&err, "");
    lab->client.stream = env_dial(lab->l.env, &lab->at, &CLIENT, &lab->client);
}

static void lab_done(struct lab *lab)
{
    env_stream_close(lab->l.env, lab->client.stream);
    env_stream_close(lab->l.env, lab->server.stream);
    env_listener_close(lab->l.env, lab->listener);
    env_tls_free(lab->l.env, lab->server_tls);
    env_tls_free(lab->l.env, lab->client_tls);
    loop_done(&lab->l);
    buf_done(&lab->client.received);
    buf_done(&lab->server.received);
    cert_pair_done(&lab->pair);
    cert_ca_done(&lab->ca);
}

static struct tlsconf trusting(const struct lab *lab, str name)
{
    return (struct tlsconf){.ca.text = buf_str(&lab->ca.pem), .server_name = name};
}

// ---- tests ---------------------------------------------------------------------------------

static void a_plain_stream_goes_on_with_tls(void **state)
{
    (void)state;
    struct lab lab;
    lab_init(&lab);
    struct tlsconf client = trusting(&lab, S("mail.example"));
    lab_dial(&lab, &client);
    loop_wait(&lab.l, &lab.client.pieces, 2);
    assert_int_equal(lab.client.opened, 2);
    assert_int_equal(lab.server.opened, 1);
    check_str(buf_str(&lab.server.received), S("secret"));
    check_str(buf_str(&lab.client.received), S("secret"));
    env_stream_close(lab.l.env, take(&lab.client.stream));
    loop_wait(&lab.l, &lab.server.closed, 1);
    assert_int_equal(lab.server.why.code, ERR_NONE); // with a goodbye
    lab_done(&lab);
}

static void the_wrong_name_ends_it(void **state)
{
    (void)state;
    struct lab lab;
    lab_init(&lab);
    struct tlsconf client = trusting(&lab, S("other.example"));
    lab_dial(&lab, &client);
    loop_wait(&lab.l, &lab.client.closed, 1);
    check_err(&lab.client.why, "tls: failed to verify certificate: x509: certificate is not valid "
                               "for other.example");
    assert_int_equal(lab.client.opened, 1);
    loop_wait(&lab.l, &lab.server.closed, 1);
    assert_int_equal(lab.server.opened, 0);
    lab_done(&lab);
}

// Nobody's authority, nobody's name: with the system's authorities it fails, unverified it works.
static void who_does_not_verify_takes_any_certificate(void **state)
{
    (void)state;
    for (int insecure = 0; insecure < 2; insecure++) {
        struct lab lab;
        lab_init(&lab);
        struct tlsconf client = {.server_name = S("x.example"), .insecure_skip_verify = insecure};
        lab_dial(&lab, &client);
        loop_wait(&lab.l, insecure ? &lab.client.pieces : &lab.client.closed, insecure ? 2 : 1);
        assert_int_equal(lab.client.opened, insecure ? 2 : 1);
        if (!insecure)
            assert_true(str_starts(err_str(&lab.client.why),
                                   S("tls: failed to verify certificate: x509: ")));
        lab_done(&lab);
    }
}

// RFC 3207 §6: what an attacker adds in plain must never be taken for what the server says.
static void plain_text_behind_the_change_is_never_data(void **state)
{
    (void)state;
    struct lab lab;
    lab_init(&lab);
    lab.plain_behind = "250 AUTH PLAIN\r\n";
    struct tlsconf client = trusting(&lab, S("mail.example"));
    lab_dial(&lab, &client);
    loop_wait(&lab.l, &lab.client.closed, 1);
    assert_int_equal(lab.client.opened, 1);
    assert_int_equal(lab.client.received.n, 0);
    assert_int_equal(lab.client.why.code, ERR_NETWORK);
    lab_done(&lab);
}

// In one piece with the answer it is the owner's to throw away: TLS begins behind it.
static void what_came_with_the_answer_stays_behind(void **state)
{
    (void)state;
    struct lab lab;
    lab_init(&lab);
    lab.answer = "220 go\r\n250 AUTH PLAIN\r\n";
    struct tlsconf client = trusting(&lab, S("mail.example"));
    lab_dial(&lab, &client);
    loop_wait(&lab.l, &lab.client.pieces, 2);
    check_str(buf_str(&lab.client.received), S("secret"));
    lab_done(&lab);
}

static void closing_behind_the_change_is_fine(void **state)
{
    (void)state;
    struct lab lab;
    lab_init(&lab);
    lab.closes_at_once = true;
    struct tlsconf client = trusting(&lab, S("mail.example"));
    lab_dial(&lab, &client);
    loop_wait(&lab.l, &lab.server.closed, 1);
    assert_int_equal(lab.client.opened, 1);
    assert_int_equal(lab.client.closed, 0);
    lab_done(&lab);

    lab_init(&lab); // the environment ends in the middle of the handshake
    client = trusting(&lab, S("mail.example"));
    lab_dial(&lab, &client);
    loop_wait(&lab.l, &lab.changed, 1);
    lab.client.stream = lab.server.stream = NULL;
    lab_done(&lab);
}

int test_starttls(void);
int test_starttls(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_stream_goes_on_with_tls),
        cmocka_unit_test(the_wrong_name_ends_it),
        cmocka_unit_test(who_does_not_verify_takes_any_certificate),
        cmocka_unit_test(plain_text_behind_the_change_is_never_data),
        cmocka_unit_test(what_came_with_the_answer_stays_behind),
        cmocka_unit_test(closing_behind_the_change_is_fine),
    };
    return run_group("starttls", tests);
}
