// SPDX-License-Identifier: Apache-2.0
// One TLS conversation as a client, with a server of GnuTLS in memory.
#include "base/io/tls.h"
#include "tests/support/certs.h"
#include "tests/unit/base/io/loop.h"

#include <errno.h>

struct server {
    gnutls_session_t g;
    gnutls_certificate_credentials_t creds;
    struct buf in, out;
};

static ssize_t server_pull(gnutls_transport_ptr_t owner, void *to, size_t n)
{
    struct server *s = owner;
    if (s->in.n == 0) {
        gnutls_transport_set_errno(s->g, EAGAIN);
        return -1;
    }
    n = MIN(n, s->in.n);
    memcpy(to, s->in.p, n);
    buf_remove_front(&s->in, n);
    return (ssize_t)n;
}

static ssize_t server_push(gnutls_transport_ptr_t owner, const void *from, size_t n)
{
    buf_put(&((struct server *)owner)->out, str_from(from, n));
    return (ssize_t)n;
}

static void server_init(struct server *s, const struct cert_pair *pair)
{
    *s = (struct server){0};
    gnutls_datum_t cert = {(unsigned char *)pair->cert.p, (unsigned)pair->cert.n};
    gnutls_datum_t key = {(unsigned char *)pair->key.p, (unsigned)pair->key.n};
    gnutls_certificate_allocate_credentials(&s->creds);
    gnutls_certificate_set_x509_key_mem(s->creds, &cert, &key, GNUTLS_X509_FMT_PEM);
    gnutls_init(&s->g, GNUTLS_SERVER | GNUTLS_NONBLOCK);
    gnutls_priority_set_direct(s->g, "NORMAL:-VERS-ALL:+VERS-TLS1.3", NULL);
    gnutls_credentials_set(s->g, GNUTLS_CRD_CERTIFICATE, s->creds);
    gnutls_transport_set_ptr(s->g, s);
    gnutls_transport_set_pull_function(s->g, server_pull);
    gnutls_transport_set_push_function(s->g, server_push);
}

static void server_done(struct server *s)
{
    gnutls_deinit(s->g);
    gnutls_certificate_free_credentials(s->creds);
    buf_done(&s->in);
    buf_done(&s->out);
}

// Moves bytes both ways until both have shaken hands.
static void shake(struct tls_session *client, struct server *server)
{
    struct err err = ERR_INIT;
    bool client_is_open = false;
    int rc = GNUTLS_E_AGAIN;
    str data = S("");
    for (int i = 0; i < 10 && (rc != 0 || !client_is_open); i++) {
        tls_session_feed(client, buf_str(&server->out));
        while (tls_session_next(client, &data, &err) == TLS_OPENED)
            client_is_open = true;
        check_err(&err, "");
        buf_clear(&server->out);
        buf_put(&server->in, buf_str(tls_session_out(client)));
        buf_clear(tls_session_out(client));
        if (rc != 0)
            rc = gnutls_handshake(server->g);
    }
    assert_int_equal(rc, 0);
    assert_true(client_is_open);
}

static void data_behind_new_keys_in_one_piece_is_read(void **state)
{
    (void)state;
    struct loop l;
    struct cert_ca ca;
    struct cert_pair pair;
    struct server server;
    struct err err = ERR_INIT;
    loop_init(&l);
    cert_ca_init(&ca, "ca");
    cert_issue(&pair, &ca, "server", "DNS:a.example");
    server_init(&server, &pair);
    const struct tlsconf conf = {.ca.text = buf_str(&ca.pem), .server_name = S("a.example")};
    struct tls *tls = env_tls_new(l.env, &conf, &err);
    struct addr peer = loop_addr();
    struct tls_session *client = tls_session_new(tls, &peer);
    shake(client, &server);

    assert_int_equal(gnutls_session_key_update(server.g, 0), 0);
    assert_int_equal(gnutls_record_send(server.g, "220 hello", 9), 9);
    str data = S("");
    tls_session_feed(client, buf_str(&server.out));
    assert_int_equal(tls_session_next(client, &data, &err), TLS_DATA);
    check_str(data, S("220 hello"));
    assert_int_equal(tls_session_next(client, &data, &err), TLS_MORE);

    tls_session_free(client);
    env_tls_free(l.env, tls);
    server_done(&server);
    cert_pair_done(&pair);
    cert_ca_done(&ca);
    loop_done(&l);
}

int test_tls_session(void);
int test_tls_session(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(data_behind_new_keys_in_one_piece_is_read),
    };
    return run_group("tls_session", tests);
}
