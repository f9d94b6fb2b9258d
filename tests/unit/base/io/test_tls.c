// SPDX-License-Identifier: Apache-2.0
// TLS streams on loopback: who is let in, who is not, and what becomes of the bytes.
#define BANNED_ALLOW_IMPURE // files are written behind the environment's back
#include "base/io/tls.h"
#include "tests/support/certs.h"
#include "tests/unit/base/io/loop.h"

#define LARGE_BYTES ((size_t)3 << 20)

struct end {
    struct lab *lab;
    struct stream *stream;
    struct buf received;
    struct err why;
    int opened, closed, pieces;
};

struct lab {
    struct loop l;
    struct cert_ca ca, other_ca;
    struct cert_pair server_pair, client_pair;
    struct tls *server, *client;
    struct listener *listener;
    struct addr at;
    struct end near, far;
    int accepted;
    bool echoes;
};

// ---- streams that record -------------------------------------------------------------------

static void on_open(void *owner)
{
    ((struct end *)owner)->opened++;
}

static void on_data(void *owner, str data)
{
    struct end *e = owner;
    e->pieces++;
    buf_put(&e->received, data);
    if (e == &e->lab->far && e->lab->echoes)
        env_stream_write(e->lab->l.env, e->stream, data);
}

static void on_close(void *owner, const struct err *why)
{
    struct end *e = owner;
    e->stream = NULL;
    e->closed++;
    e->why = *why;
}

static const struct stream_events EVENTS = {on_open, on_data, on_close};

static void on_accept(void *owner, struct stream *stream, const struct addr *from)
{
    (void)from;
    struct lab *lab = owner;
    lab->accepted++;
    lab->far.stream = stream;
    env_stream_events(lab->l.env, stream, &EVENTS, &lab->far);
}

// ---- the lab -------------------------------------------------------------------------------

static void lab_init(struct lab *lab)
{
    *lab = (struct lab){0};
    loop_init(&lab->l);
    lab->near.lab = lab->far.lab = lab;
    cert_ca_init(&lab->ca, "ca");
    cert_ca_init(&lab->other_ca, "other ca");
    cert_issue(&lab->server_pair, &lab->ca, "server", "IP:127.0.0.1 DNS:server.example");
    cert_issue(&lab->client_pair, &lab->ca, "client",
               "IP:127.0.0.1 DNS:client.example EMAIL:a@b.example URI:spiffe://c");
}

static struct tlsconf server_conf(const struct lab *lab)
{
    return (struct tlsconf){.is_server = true,
                            .cert.text = buf_str(&lab->server_pair.cert),
                            .key.text = buf_str(&lab->server_pair.key),
                            .ca.text = buf_str(&lab->ca.pem),
                            .client_auth = TLS_REQUIRE_AND_VERIFY};
}

static struct tlsconf client_conf(const struct lab *lab)
{
    return (struct tlsconf){.cert.text = buf_str(&lab->client_pair.cert),
                            .key.text = buf_str(&lab->client_pair.key),
                            .ca.text = buf_str(&lab->ca.pem)};
}

static void lab_open(struct lab *lab, const struct tlsconf *server, const struct tlsconf *client)
{
    struct err err = ERR_INIT;
    struct addr any = loop_addr();
    lab->server = env_tls_new(lab->l.env, server, &err);
    check_err(&err, "");
    lab->client = env_tls_new(lab->l.env, client, &err);
    check_err(&err, "");
    lab->listener = env_listen_tls(lab->l.env, &any, lab->server, on_accept, lab, &lab->at, &err);
    assert_non_null(lab->listener);
}

static void lab_dial(struct lab *lab, str head)
{
    lab->near.stream = env_dial_tls(lab->l.env, &lab->at, lab->client, head, &EVENTS, &lab->near);
}

static void end_reset(struct lab *lab, struct end *e)
{
    env_stream_close(lab->l.env, e->stream);
    buf_done(&e->received);
    *e = (struct end){.lab = lab};
}

static void lab_close(struct lab *lab)
{
    end_reset(lab, &lab->near);
    end_reset(lab, &lab->far);
    env_listener_close(lab->l.env, lab->listener);
    env_tls_free(lab->l.env, lab->server);
    env_tls_free(lab->l.env, lab->client);
    lab->listener = NULL;
    lab->server = lab->client = NULL;
    lab->accepted = 0;
}

static void lab_done(struct lab *lab)
{
    loop_done(&lab->l);
    cert_pair_done(&lab->server_pair);
    cert_pair_done(&lab->client_pair);
    cert_ca_done(&lab->ca);
    cert_ca_done(&lab->other_ca);
}

// ---- bytes ---------------------------------------------------------------------------------

static void bytes_go_both_ways_and_both_ends_are_clean(void **state)
{
    (void)state;
    struct lab lab;
    lab_init(&lab);
    struct tlsconf server = server_conf(&lab), client = client_conf(&lab);
    lab_open(&lab, &server, &client);
    lab.echoes = true;
    lab_dial(&lab, S("head"));
    assert_int_equal(lab.near.opened, 0);
    loop_wait(&lab.l, &lab.near.opened, 1);
    loop_wait(&lab.l, &lab.near.pieces, 1);
    check_str(buf_str(&lab.near.received), S("head"));
    check_str(buf_str(&lab.far.received), S("head"));

    defer(buf_done) struct buf large = {0};
    for (size_t i = 0; i < LARGE_BYTES; i++)
        buf_put_c(&large, (char)(i * 7 >> 3));
    buf_clear(&lab.near.received);
    env_stream_write(lab.l.env, lab.near.stream, buf_str(&large));
    while (lab.near.received.n < LARGE_BYTES)
        loop_wait(&lab.l, &lab.near.pieces, lab.near.pieces + 1);
    assert_true(str_eq(buf_str(&lab.near.received), buf_str(&large)));

    env_stream_close(lab.l.env, lab.near.stream);
    lab.near.stream = NULL;
    loop_wait(&lab.l, &lab.far.closed, 1);
    check_err(&lab.far.why, "");
    lab_close(&lab);
    lab_done(&lab);
}

// An owner that only listens still says goodbye: the other side must not take it for a cut.
static void a_silent_end_is_a_clean_end_and_last_words_arrive(void **state)
{
    (void)state;
    struct lab lab;
    lab_init(&lab);
    struct tlsconf server = server_conf(&lab), client = client_conf(&lab);
    lab_open(&lab, &server, &client);
    lab_dial(&lab, S(""));
    loop_wait(&lab.l, &lab.near.opened, 1);
    loop_wait(&lab.l, &lab.accepted, 1);
    env_stream_write(lab.l.env, lab.near.stream, S("last"));
    env_stream_close(lab.l.env, lab.far.stream);
    lab.far.stream = NULL;
    loop_wait(&lab.l, &lab.near.closed, 1);
    check_err(&lab.near.why, "");
    end_reset(&lab, &lab.near);
    end_reset(&lab, &lab.far);

    lab_dial(&lab, S("one"));
    loop_wait(&lab.l, &lab.near.opened, 1);
    env_stream_write(lab.l.env, lab.near.stream, S("two"));
    env_stream_close(lab.l.env, lab.near.stream);
    lab.near.stream = NULL;
    loop_wait(&lab.l, &lab.far.closed, 1);
    check_str(buf_str(&lab.far.received), S("onetwo"));
    assert_int_equal(lab.far.pieces, 2); // a record each
    lab_close(&lab);
    lab_done(&lab);
}

// ---- whom to trust -------------------------------------------------------------------------

// Dials once; expects to get through, or that the end which refuses says so.
static void expect(struct lab *lab, const struct tlsconf *server, const struct tlsconf *client,
                   const char *near_error)
{
    lab_open(lab, server, client);
    lab->echoes = true;
    lab_dial(lab, S("hello"));
    if (!near_error) {
        loop_wait(&lab->l, &lab->near.pieces, 1);
        check_str(buf_str(&lab->near.received), S("hello"));
    } else {
        loop_wait(&lab->l, &lab->near.closed, 1);
        if (str_find_str(err_str(&lab->near.why), str_c(near_error)) == STR_NONE)
            check_err(&lab->near.why, near_error);
        assert_int_equal(lab->near.pieces, 0);
        assert_int_equal(lab->far.pieces, 0);
    }
    lab_close(lab);
}

static void servers_are_judged_by_chain_and_name(void **state)
{
    (void)state;
    struct lab lab;
    lab_init(&lab);
    struct tlsconf server = server_conf(&lab), client = client_conf(&lab);
    expect(&lab, &server, &client, NULL);

    client.server_name = S("server.example");
    expect(&lab, &server, &client, NULL);
    client.server_name = S("SERVER.example.");
    expect(&lab, &server, &client, NULL);
    client.server_name = S("127.0.0.2");
    expect(&lab, &server, &client, "x509: certificate is not valid for 127.0.0.2");
    client.server_name = S("server"); // the common name does not count
    expect(&lab, &server, &client, "x509: certificate is not valid for server");
    client.insecure_skip_verify = true;
    expect(&lab, &server, &client, NULL);
    client.insecure_skip_verify = false;
    client.server_name = S("");

    client.ca.text = buf_str(&lab.other_ca.pem);
    expect(&lab, &server, &client, "tls: failed to verify certificate: x509: ");
    client.insecure_skip_verify = true;
    expect(&lab, &server, &client, NULL);
    client = client_conf(&lab);

    struct cert_pair old, nameless;
    cert_issue_old(&old, &lab.ca, "server", "IP:127.0.0.1");
    server.cert.text = buf_str(&old.cert);
    server.key.text = buf_str(&old.key);
    expect(&lab, &server, &client, "expired");
    cert_issue(&nameless, &lab.ca, "127.0.0.1", "DNS:127.0.0.1");
    server.cert.text = buf_str(&nameless.cert);
    server.key.text = buf_str(&nameless.key);
    expect(&lab, &server, &client, "x509: certificate is not valid for 127.0.0.1");
    cert_pair_done(&old);
    cert_pair_done(&nameless);
    lab_done(&lab);
}

static void clients_are_judged_by_the_policy(void **state)
{
    (void)state;
    struct lab lab;
    lab_init(&lab);
    struct tlsconf server = server_conf(&lab), client = client_conf(&lab), nobody = client;
    struct cert_pair stranger;
    cert_issue(&stranger, &lab.other_ca, "stranger", "IP:127.0.0.1");
    struct tlsconf strange = client;
    strange.cert.text = buf_str(&stranger.cert);
    strange.key.text = buf_str(&stranger.key);
    nobody.cert.text = nobody.key.text = S("");

    expect(&lab, &server, &nobody, "remote error: tls: ");
    expect(&lab, &server, &strange, "remote error: tls: ");
    server.client_auth = TLS_VERIFY_IF_GIVEN;
    expect(&lab, &server, &client, NULL);
    expect(&lab, &server, &nobody, NULL);
    server.client_auth = TLS_REQUEST_CLIENT_CERT;
    expect(&lab, &server, &nobody, NULL);
    expect(&lab, &server, &strange, NULL);
    server.client_auth = TLS_REQUIRE_ANY_CERT;
    expect(&lab, &server, &nobody, "remote error: tls: ");
    expect(&lab, &server, &strange, NULL); // sent although the server names another authority
    server.client_auth = TLS_NO_CLIENT_CERT;
    server.ca.text = S("");
    expect(&lab, &server, &nobody, NULL);
    cert_pair_done(&stranger);
    lab_done(&lab);
}

// As servers of Go 1.26: of RSA they want PSS signatures only.
static void a_client_signs_as_the_server_wants(void **state)
{
    (void)state;
    struct lab lab;
    lab_init(&lab);
    struct cert_pair rsa;
    cert_issue_rsa(&rsa, &lab.ca, "client", "IP:127.0.0.1");
    struct tlsconf server = server_conf(&lab), client = client_conf(&lab);
    client.cert.text = buf_str(&rsa.cert);
    client.key.text = buf_str(&rsa.key);
    lab_open(&lab, &server, &client);
    lab.echoes = true;
    gnutls_priority_deinit(lab.server->priority);
    assert_int_equal(gnutls_priority_init(
                         &lab.server->priority,
                         "NORMAL:-SIGN-ALL:+SIGN-ECDSA-SECP256R1-SHA256:+SIGN-RSA-PSS-RSAE-SHA256",
                         NULL),
                     0);
    lab_dial(&lab, S("hello"));
    loop_wait(&lab.l, &lab.near.pieces, 1);
    check_str(buf_str(&lab.near.received), S("hello"));
    lab_close(&lab);
    cert_pair_done(&rsa);
    lab_done(&lab);
}

static void allowed_sans_are_exact(void **state)
{
    (void)state;
    static const struct {
        const char *san;
        bool is_in;
    } CASES[] = {
        {"127.0.0.1", true},   {"client.example", true},  {"a@b.example", true},
        {"spiffe://c", true},  {"CLIENT.example", false}, {"client", false},
        {"127.0.0.10", false}, {"spiffe://", false},
    };
    struct lab lab;
    lab_init(&lab);
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        struct tlsconf server = server_conf(&lab), client = client_conf(&lab);
        str sans[2] = {S("nobody.example"), str_c(CASES[i].san)};
        server.client_sans = (struct str_list){sans, 2};
        expect(&lab, &server, &client, CASES[i].is_in ? NULL : "remote error: tls: ");
    }
    lab_done(&lab);
}

static void versions_suites_and_curves_are_kept(void **state)
{
    (void)state;
    struct lab lab;
    lab_init(&lab);
    struct tlsconf server = server_conf(&lab), client = client_conf(&lab);
    server.max_version = HTTPCONF_TLS12;
    expect(&lab, &server, &client, NULL);
    client.min_version = HTTPCONF_TLS13;
    expect(&lab, &server, &client, "tls: ");
    client.min_version = HTTPCONF_TLS_DEFAULT;

    str rsa[1] = {S("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256")}; // the certificate is ECDSA
    str ecdsa[1] = {S("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256")};
    server.cipher_suites = (struct str_list){rsa, 1};
    expect(&lab, &server, &client, "tls: ");
    server.prefer_server_ciphers = true;
    server.cipher_suites = (struct str_list){ecdsa, 1};
    expect(&lab, &server, &client, NULL);
    server.max_version = HTTPCONF_TLS_DEFAULT;
    expect(&lab, &server, &client, NULL);

    str curves[1] = {S("CurveP384")};
    server = server_conf(&lab);
    server.curves = (struct str_list){curves, 1};
    expect(&lab, &server, &client, NULL);
    server.min_version = HTTPCONF_TLS13;
    server.max_version = HTTPCONF_TLS12;
    struct err err = ERR_INIT;
    assert_null(env_tls_new(lab.l.env, &server, &err));
    assert_int_equal(err.code, ERR_INVALID);
    lab_done(&lab);
}

// ---- files ---------------------------------------------------------------------------------

static void put_file(const char *path, str text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(text.p, 1, text.n, f), text.n);
    fclose(f);
}

static void changed_files_count_from_the_next_handshake_on(void **state)
{
    (void)state;
    struct lab lab;
    struct folder folder;
    char cert[128], key[128];
    struct err err = ERR_INIT;
    lab_init(&lab);
    folder_init(&folder);
    snprintf(cert, sizeof(cert), "%s/cert.pem", folder.path);
    snprintf(key, sizeof(key), "%s/key.pem", folder.path);
    put_file(cert, buf_str(&lab.server_pair.cert));
    struct tlsconf server = server_conf(&lab), client = client_conf(&lab);
    server.cert = (struct httpconf_secret){.file = str_c(cert)};
    server.key = (struct httpconf_secret){.file = str_c(key)};
    assert_null(env_tls_new(lab.l.env, &server, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    put_file(key, buf_str(&lab.server_pair.key));

    lab_open(&lab, &server, &client);
    lab_dial(&lab, S("1"));
    loop_wait(&lab.l, &lab.far.pieces, 1);
    end_reset(&lab, &lab.near);
    end_reset(&lab, &lab.far);

    // The certificate has been replaced and the key not yet: the pair in force stays.
    struct cert_pair next;
    cert_issue(&next, &lab.ca, "next", "IP:127.0.0.9 DNS:next.example");
    put_file(cert, buf_str(&next.cert));
    lab_dial(&lab, S("2"));
    loop_wait(&lab.l, &lab.far.pieces, 1);
    end_reset(&lab, &lab.near);
    end_reset(&lab, &lab.far);

    put_file(key, buf_str(&next.key));
    lab_dial(&lab, S("3"));
    loop_wait(&lab.l, &lab.near.closed, 1);
    check_err(&lab.near.why, "tls: failed to verify certificate: x509: certificate is not valid "
                             "for 127.0.0.1");
    cert_pair_done(&next);
    lab_close(&lab);
    folder_done(&folder);
    lab_done(&lab);
}

static void bad_material_is_refused_at_once(void **state)
{
    (void)state;
    struct lab lab;
    lab_init(&lab);
    struct err err = ERR_INIT;
    struct tlsconf conf = server_conf(&lab);
    conf.key.text = buf_str(&lab.client_pair.key);
    assert_null(env_tls_new(lab.l.env, &conf, &err));
    assert_int_equal(err.code, ERR_INVALID);
    conf = server_conf(&lab);
    conf.cert.text = S("nonsense");
    assert_null(env_tls_new(lab.l.env, &conf, &err));
    conf = client_conf(&lab);
    conf.ca.text = S("nonsense");
    assert_null(env_tls_new(lab.l.env, &conf, &err));
    check_err(&err, "unable to use specified CA cert inline");
    lab_done(&lab);
}

// ---- those who do not speak TLS ------------------------------------------------------------

static void garbage_and_silence_reach_nobody(void **state)
{
    (void)state;
    struct lab lab;
    lab_init(&lab);
    struct tlsconf server = server_conf(&lab), client = client_conf(&lab);
    lab_open(&lab, &server, &client);
    lab.near.stream = env_dial(lab.l.env, &lab.at, &EVENTS, &lab.near);
    loop_wait(&lab.l, &lab.near.opened, 1);
    env_stream_write(lab.l.env, lab.near.stream, S("GET / HTTP/1.1\r\n\r\n"));
    loop_wait(&lab.l, &lab.near.closed, 1);
    end_reset(&lab, &lab.near);

    // Half open: connected and silent. Others are served meanwhile; closing the listener ends it.
    struct end silent = {.lab = &lab};
    silent.stream = env_dial(lab.l.env, &lab.at, &EVENTS, &silent);
    loop_wait(&lab.l, &silent.opened, 1);
    lab_dial(&lab, S("x"));
    loop_wait(&lab.l, &lab.far.pieces, 1);
    assert_int_equal(lab.accepted, 1);
    assert_int_equal(silent.closed, 0);
    env_listener_close(lab.l.env, lab.listener);
    lab.listener = NULL;
    loop_wait(&lab.l, &silent.closed, 1);

    // The other way round: a TLS client meets a plain server that echoes.
    struct err err = ERR_INIT;
    struct addr any = loop_addr();
    end_reset(&lab, &lab.near);
    end_reset(&lab, &lab.far);
    lab.echoes = true;
    lab.listener = env_listen(lab.l.env, &any, on_accept, &lab, &lab.at, &err);
    lab_dial(&lab, S("x"));
    loop_wait(&lab.l, &lab.near.closed, 1);
    assert_int_equal(lab.near.opened, 0);
    assert_int_equal(lab.near.why.code, ERR_NETWORK);
    lab_close(&lab);
    lab_done(&lab);
}

// A connection that is cut is no end: whoever counted on the goodbye must hear of it.
static void a_cut_is_told_from_an_end(void **state)
{
    (void)state;
    struct lab lab;
    lab_init(&lab);
    struct tlsconf server = server_conf(&lab), client = client_conf(&lab);
    lab_open(&lab, &server, &client);
    lab_dial(&lab, S("x"));
    loop_wait(&lab.l, &lab.far.pieces, 1);
    // What the kernel does for a killed process, by way of the handle that libuv holds.
    uv_handle_t *handle = (uv_handle_t *)lab.near.stream;
    int fd;
    assert_int_equal(uv_fileno(handle, &fd), 0);
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    loop_wait(&lab.l, &lab.far.closed, 1);
    check_err(&lab.far.why, "unexpected EOF");
    lab_close(&lab);
    lab_done(&lab);
}

// Streams closed in every state leave nothing behind.
static void closing_at_any_moment_is_fine(void **state)
{
    (void)state;
    struct lab lab;
    lab_init(&lab);
    struct tlsconf server = server_conf(&lab), client = client_conf(&lab);
    lab_open(&lab, &server, &client);
    for (int turns = 0; turns < 12; turns++) {
        lab_dial(&lab, S("x"));
        for (int i = 0; i < turns; i++)
            uv_run(&env_uv_of(lab.l.env)->loop, UV_RUN_NOWAIT);
        end_reset(&lab, &lab.near);
        end_reset(&lab, &lab.far);
    }
    lab_dial(&lab, S("x")); // and the environment ends under one
    end_reset(&lab, &lab.far);
    lab.near.stream = NULL;
    lab_close(&lab);
    lab_done(&lab);
}

int test_tls(void);
int test_tls(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_go_both_ways_and_both_ends_are_clean),
        cmocka_unit_test(a_silent_end_is_a_clean_end_and_last_words_arrive),
        cmocka_unit_test(servers_are_judged_by_chain_and_name),
        cmocka_unit_test(clients_are_judged_by_the_policy),
        cmocka_unit_test(a_client_signs_as_the_server_wants),
        cmocka_unit_test(allowed_sans_are_exact),
        cmocka_unit_test(versions_suites_and_curves_are_kept),
        cmocka_unit_test(changed_files_count_from_the_next_handshake_on),
        cmocka_unit_test(bad_material_is_refused_at_once),
        cmocka_unit_test(garbage_and_silence_reach_nobody),
        cmocka_unit_test(a_cut_is_told_from_an_end),
        cmocka_unit_test(closing_at_any_moment_is_fine),
    };
    return run_group("tls", tests);
}
