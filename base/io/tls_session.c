// SPDX-License-Identifier: Apache-2.0
// One TLS conversation, fed with bytes.
#include <errno.h>

#include "base/core/alloc.h"
#include "base/io/tls.h"

#define RECORD_BYTES_MAX 16384 // RFC 8446 §5.1

struct tls_session {
    struct tls *tls;
    struct tls_creds *creds;
    gnutls_session_t g;
    struct addr peer;
    str in; // ciphertext that GnuTLS has not taken yet; borrowed from tls_session_feed
    struct buf out;
    struct err refusal; // of the certificate
    bool is_open;
    bool is_over;
    char record[RECORD_BYTES_MAX];
};

// ---- the wire as GnuTLS sees it ------------------------------------------------------------

static ssize_t wire_pull(gnutls_transport_ptr_t owner, void *to, size_t n)
{
    struct tls_session *s = owner;
    if (s->in.n == 0) {
        gnutls_transport_set_errno(s->g, EAGAIN);
        return -1;
    }
    n = MIN(n, s->in.n);
    memcpy(to, s->in.p, n);
    s->in = str_skip(s->in, n);
    return (ssize_t)n;
}

static ssize_t wire_push(gnutls_transport_ptr_t owner, const void *from, size_t n)
{
    struct tls_session *s = owner;
    buf_put(&s->out, str_from(from, n));
    return (ssize_t)n;
}

static int wire_poll(gnutls_transport_ptr_t owner, unsigned timeout_ms)
{
    (void)timeout_ms;
    return ((struct tls_session *)owner)->in.n > 0;
}

static int on_certificate(gnutls_session_t g)
{
    struct tls_session *s = gnutls_session_get_ptr(g);
    return tls_verify(s->tls, g, &s->peer, &s->refusal) ? 0 : GNUTLS_E_CERTIFICATE_ERROR;
}

static int on_certificate_wanted(gnutls_session_t g, const struct gnutls_cert_retr_st *wish,
                                 gnutls_pcert_st **ret_chain, unsigned *ret_count,
                                 gnutls_ocsp_data_st **ret_ocsp, unsigned *ret_ocsp_count,
                                 gnutls_privkey_t *ret_key, unsigned *ret_flags)
{
    (void)wish;
    const struct tls_session *s = gnutls_session_get_ptr(g);
    tls_creds_pair(s->creds, ret_chain, ret_count, ret_key);
    *ret_ocsp = NULL;
    *ret_ocsp_count = 0;
    *ret_flags = 0; // they stay ours
    return 0;
}

// ---- life ----------------------------------------------------------------------------------

struct tls_session *tls_session_new(struct tls *t, const struct addr *peer)
{
    struct tls_session *s = mem_new(struct tls_session);
    unsigned side = t->conf.is_server ? GNUTLS_SERVER : GNUTLS_CLIENT;
    struct addr ip;
    s->tls = t;
    t->refs++;
    s->creds = tls_creds_ref(tls_creds_current(t));
    s->peer = *peer;
    if (gnutls_init(&s->g, side | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL | GNUTLS_NO_TICKETS) != 0)
        panic("out of memory for a TLS session");
    gnutls_session_set_ptr(s->g, s);
    gnutls_priority_set(s->g, t->priority);
    gnutls_credentials_set(s->g, GNUTLS_CRD_CERTIFICATE, tls_creds_handle(s->creds));
    gnutls_session_set_verify_function(s->g, on_certificate);
    gnutls_transport_set_ptr(s->g, s);
    gnutls_transport_set_pull_function(s->g, wire_pull);
    gnutls_transport_set_push_function(s->g, wire_push);
    gnutls_transport_set_pull_timeout_function(s->g, wire_poll);
    gnutls_handshake_set_timeout(s->g, GNUTLS_INDEFINITE_TIMEOUT); // the stream has a deadline
    if (t->conf.is_server)
        gnutls_certificate_server_set_request(s->g, tls_certificate_request(&t->conf));
    else
        gnutls_certificate_set_retrieve_function3(tls_creds_handle(s->creds),
                                                  on_certificate_wanted);
    if (!t->conf.is_server && t->conf.server_name.n && !addr_parse_ip(t->conf.server_name, &ip))
        gnutls_server_name_set(s->g, GNUTLS_NAME_DNS, t->conf.server_name.p, t->conf.server_name.n);
    return s;
}

void tls_session_free(struct tls_session *s)
{
    if (!s)
        return;
    gnutls_deinit(s->g);
    tls_creds_unref(s->creds);
    tls_free(s->tls);
    buf_done(&s->out);
    mem_free(s);
}

struct buf *tls_session_out(struct tls_session *s)
{
    return &s->out;
}

// ---- steps ---------------------------------------------------------------------------------

static enum tls_step session_fail(struct tls_session *s, int rc, struct err *err)
{
    s->is_over = true;
    if (s->refusal.code != ERR_NONE)
        *err = s->refusal;
    else if (rc == GNUTLS_E_FATAL_ALERT_RECEIVED)
        err_set(err, ERR_NETWORK, "remote error: tls: %s",
                gnutls_alert_get_name(gnutls_alert_get(s->g)));
    else
        err_set(err, ERR_NETWORK, "tls: %s", gnutls_strerror(rc));
    if (rc != GNUTLS_E_FATAL_ALERT_RECEIVED)
        gnutls_alert_send_appropriate(s->g, rc);
    return TLS_FAILED;
}

// Listed suites bind TLS 1.2; those of 1.3 are all good (see put_suite()).
static bool suite_is_allowed(struct tls_session *s)
{
    const struct str_list *allowed = &s->tls->conf.cipher_suites;
    if (allowed->count == 0 || gnutls_protocol_get_version(s->g) >= GNUTLS_TLS1_3)
        return true;
    str suite = str_c(gnutls_ciphersuite_get(s->g));
    for (size_t i = 0; i < allowed->count; i++) {
        if (str_eq(suite, allowed->items[i]))
            return true;
    }
    return false;
}

static enum tls_step handshake_step(struct tls_session *s, struct err *err)
{
    int rc;
    do
        rc = gnutls_handshake(s->g);
    while (rc == GNUTLS_E_WARNING_ALERT_RECEIVED && s->in.n);
    if (rc == GNUTLS_E_AGAIN || rc == GNUTLS_E_INTERRUPTED || rc == GNUTLS_E_WARNING_ALERT_RECEIVED)
        return TLS_MORE;
    if (rc < 0)
        return session_fail(s, rc, err);
    if (!suite_is_allowed(s))
        return session_fail(s, GNUTLS_E_NO_CIPHER_SUITES, err);
    s->is_open = true;
    return TLS_OPENED;
}

// "Again" is also what GnuTLS says behind a record that is for itself (a ticket, new keys): then
// more may have come with it.
static enum tls_step record_step(struct tls_session *s, str *ret_data, struct err *err)
{
    ssize_t n;
    do
        n = gnutls_record_recv(s->g, s->record, sizeof(s->record));
    while (n == GNUTLS_E_WARNING_ALERT_RECEIVED || (n == GNUTLS_E_AGAIN && s->in.n));
    if (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED)
        return TLS_MORE;
    if (n < 0)
        return session_fail(s, (int)n, err); // a wish for another handshake, too
    if (n == 0) {
        s->is_over = true;
        return TLS_END;
    }
    *ret_data = str_from(s->record, (size_t)n);
    return TLS_DATA;
}

void tls_session_feed(struct tls_session *s, str ciphertext)
{
    s->in = ciphertext;
}

enum tls_step tls_session_next(struct tls_session *s, str *ret_data, struct err *err)
{
    if (s->is_over)
        return TLS_MORE;
    return s->is_open ? record_step(s, ret_data, err) : handshake_step(s, err);
}

bool tls_session_write(struct tls_session *s, str data)
{
    assert(s->is_open);
    while (data.n) {
        ssize_t n = gnutls_record_send(s->g, data.p, MIN(data.n, RECORD_BYTES_MAX));
        if (n <= 0)
            return false; // the session is broken: reading says why
        data = str_skip(data, (size_t)n);
    }
    return true;
}

void tls_session_goodbye(struct tls_session *s)
{
    if (s->is_open)
        gnutls_bye(s->g, GNUTLS_SHUT_WR);
}
