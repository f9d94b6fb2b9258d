// SPDX-License-Identifier: Apache-2.0
#define BANNED_ALLOW_IMPURE // certificates are made with the real clock
#include "tests/unit/base/io/secure_server.h"

#include <arpa/inet.h>
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <time.h>

#define DAY_S             ((time_t)24 * 3600)
#define CLIENT_TIMEOUT_MS 20000

// ---- certificates ------------------------------------------------------------------------------

static char *pem_dup(gnutls_datum_t *d)
{
    char *copy = mem_dup(str_from(d->data, d->size));
    gnutls_free(d->data);
    return copy;
}

static gnutls_datum_t datum(const char *text)
{
    return (gnutls_datum_t){(unsigned char *)(uintptr_t)text, (unsigned)strlen(text)};
}

static void name_it(gnutls_x509_crt_t cert, const struct pem_options *opt)
{
    static const unsigned char LOOPBACK[] = {127, 0, 0, 1};
    assert_int_equal(gnutls_x509_crt_set_dn_by_oid(cert, GNUTLS_OID_X520_COMMON_NAME, 0, opt->name,
                                                   (unsigned)strlen(opt->name)),
                     0);
    for (size_t i = 0; i < ARRAY_LEN(opt->dns) && opt->dns[i]; i++)
        gnutls_x509_crt_set_subject_alt_name(cert, GNUTLS_SAN_DNSNAME, opt->dns[i],
                                             (unsigned)strlen(opt->dns[i]), GNUTLS_FSAN_APPEND);
    if (opt->has_loopback_ip)
        gnutls_x509_crt_set_subject_alt_name(cert, GNUTLS_SAN_IPADDRESS, LOOPBACK, sizeof(LOOPBACK),
                                             GNUTLS_FSAN_APPEND);
}

static void sign_it(gnutls_x509_crt_t cert, gnutls_x509_privkey_t key, const struct pem *issuer)
{
    gnutls_x509_crt_t ca = cert;
    gnutls_x509_privkey_t ca_key = key;
    if (issuer) {
        gnutls_datum_t cert_pem = datum(issuer->cert), key_pem = datum(issuer->key);
        gnutls_x509_crt_init(&ca);
        gnutls_x509_privkey_init(&ca_key);
        assert_int_equal(gnutls_x509_crt_import(ca, &cert_pem, GNUTLS_X509_FMT_PEM), 0);
        assert_int_equal(gnutls_x509_privkey_import(ca_key, &key_pem, GNUTLS_X509_FMT_PEM), 0);
    }
    assert_int_equal(gnutls_x509_crt_sign2(cert, ca, ca_key, GNUTLS_DIG_SHA256, 0), 0);
    if (issuer) {
        gnutls_x509_crt_deinit(ca);
        gnutls_x509_privkey_deinit(ca_key);
    }
}

struct pem pem_make(const struct pem_options *opt)
{
    static unsigned char serial = 0;
    gnutls_x509_privkey_t key;
    gnutls_x509_crt_t cert;
    gnutls_datum_t text;
    struct pem made;
    time_t now = time(NULL);
    gnutls_x509_privkey_init(&key);
    int rc = opt->is_rsa
                 ? gnutls_x509_privkey_generate(key, GNUTLS_PK_RSA, 2048, 0)
                 : gnutls_x509_privkey_generate(
                       key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
    assert_int_equal(rc, 0);
    gnutls_x509_crt_init(&cert);
    gnutls_x509_crt_set_version(cert, 3);
    serial++;
    gnutls_x509_crt_set_serial(cert, &serial, sizeof(serial));
    gnutls_x509_crt_set_activation_time(cert, now - 2 * DAY_S);
    gnutls_x509_crt_set_expiration_time(cert, opt->is_expired ? now - DAY_S : now + DAY_S);
    gnutls_x509_crt_set_key(cert, key);
    gnutls_x509_crt_set_basic_constraints(cert, opt->issuer == NULL, -1);
    name_it(cert, opt);
    sign_it(cert, key, opt->issuer);
    assert_int_equal(gnutls_x509_crt_export2(cert, GNUTLS_X509_FMT_PEM, &text), 0);
    made.cert = pem_dup(&text);
    assert_int_equal(
        gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN, &text),
        0);
    made.key = pem_dup(&text);
    gnutls_x509_crt_deinit(cert);
    gnutls_x509_privkey_deinit(key);
    return made;
}

void pem_done(struct pem *p)
{
    mem_free(p->cert);
    mem_free(p->key);
}

// ---- the server --------------------------------------------------------------------------------

struct secure_server {
    pthread_t thread;
    int fd;
    int stop[2]; // a pipe: closed to stop
    uint16_t port;
    bool wants_client;
    gnutls_certificate_credentials_t credentials;
    gnutls_priority_t priorities;
};

static void put_client_name(gnutls_session_t session, struct buf *out)
{
    unsigned count = 0;
    const gnutls_datum_t *shown = gnutls_certificate_get_peers(session, &count);
    gnutls_x509_crt_t cert;
    char name[128] = "-";
    size_t bytes = sizeof(name);
    if (count) {
        gnutls_x509_crt_init(&cert);
        gnutls_x509_crt_import(cert, &shown[0], GNUTLS_X509_FMT_DER);
        gnutls_x509_crt_get_dn_by_oid(cert, GNUTLS_OID_X520_COMMON_NAME, 0, 0, name, &bytes);
        gnutls_x509_crt_deinit(cert);
    }
    buf_put(out, str_c(name));
}

static void answer(gnutls_session_t session, str head)
{
    char name[128] = "-";
    size_t bytes = sizeof(name);
    unsigned type;
    struct buf body = {0}, text = {0};
    gnutls_server_name_get(session, name, &bytes, &type, 0);
    buf_printf(&body, "name=%s client=", name);
    put_client_name(session, &body);
    buf_put_c(&body, '\n');
    buf_put(&body, head);
    buf_printf(&text, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
               body.n);
    buf_put(&text, buf_str(&body));
    gnutls_record_send(session, text.p, text.n);
    buf_done(&body);
    buf_done(&text);
}

static void serve(struct secure_server *s, int fd)
{
    gnutls_session_t session;
    struct buf head = {0};
    char piece[4096];
    ssize_t n = 0;
    gnutls_init(&session, GNUTLS_SERVER);
    gnutls_priority_set(session, s->priorities);
    gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, s->credentials);
    if (s->wants_client) {
        gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUIRE);
        gnutls_session_set_verify_cert(session, NULL, 0);
    }
    gnutls_handshake_set_timeout(session, CLIENT_TIMEOUT_MS);
    gnutls_record_set_timeout(session, CLIENT_TIMEOUT_MS);
    gnutls_transport_set_int(session, fd);
    int rc;
    do
        rc = gnutls_handshake(session);
    while (rc < 0 && !gnutls_error_is_fatal(rc));
    if (rc < 0)
        gnutls_alert_send_appropriate(session, rc);
    while (rc == 0 && str_find_str(buf_str(&head), S("\r\n\r\n")) == STR_NONE &&
           (n = gnutls_record_recv(session, piece, sizeof(piece))) > 0)
        buf_put(&head, str_from(piece, (size_t)n));
    if (rc == 0 && n > 0)
        answer(session, buf_str(&head));
    if (rc == 0)
        gnutls_bye(session, GNUTLS_SHUT_WR);
    buf_done(&head);
    gnutls_deinit(session);
    shutdown(fd, SHUT_WR);
    while (recv(fd, piece, sizeof(piece), 0) > 0)
        ; // closing with bytes unread would reset what was said last
    close(fd);
}

static void *run(void *owner)
{
    struct secure_server *s = owner;
    struct pollfd fds[] = {{.fd = s->fd, .events = POLLIN}, {.fd = s->stop[0], .events = POLLIN}};
    for (;;) {
        poll(fds, ARRAY_LEN(fds), -1);
        if (fds[1].revents)
            return NULL;
        int fd = accept(s->fd, NULL, NULL);
        if (fd >= 0)
            serve(s, fd);
    }
}

struct secure_server *secure_server_start(const struct secure_server_options *opt)
{
    struct secure_server *s = mem_new(struct secure_server);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof(at);
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(s->fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(listen(s->fd, 16), 0);
    getsockname(s->fd, (struct sockaddr *)&at, &bytes);
    s->port = ntohs(at.sin_port);
    assert_int_equal(pipe(s->stop), 0);
    gnutls_certificate_allocate_credentials(&s->credentials);
    gnutls_datum_t cert = datum(opt->pem->cert), key = datum(opt->pem->key);
    assert_int_equal(
        gnutls_certificate_set_x509_key_mem(s->credentials, &cert, &key, GNUTLS_X509_FMT_PEM), 0);
    if (opt->client_ca) {
        gnutls_datum_t ca = datum(opt->client_ca);
        assert_int_equal(
            gnutls_certificate_set_x509_trust_mem(s->credentials, &ca, GNUTLS_X509_FMT_PEM), 1);
        s->wants_client = true;
    }
    assert_int_equal(
        gnutls_priority_init(&s->priorities, opt->priorities ? opt->priorities : "NORMAL", NULL),
        0);
    assert_int_equal(pthread_create(&s->thread, NULL, run, s), 0);
    return s;
}

uint16_t secure_server_port(const struct secure_server *s)
{
    return s->port;
}

void secure_server_stop(struct secure_server *s)
{
    close(s->stop[1]);
    pthread_join(s->thread, NULL);
    close(s->stop[0]);
    close(s->fd);
    gnutls_certificate_free_credentials(s->credentials);
    gnutls_priority_deinit(s->priorities);
    mem_free(s);
}
