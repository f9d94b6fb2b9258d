// SPDX-License-Identifier: Apache-2.0
// The other side's certificate: its chain, and the names in it, judged as Go's crypto/tls does.
#include <arpa/inet.h>
#include <gnutls/x509.h>

#include "base/core/alloc.h"
#include "base/io/tls.h"

#define SANS_MAX      256 // names looked at in one certificate
#define SAN_BYTES_MAX 1024

static void crt_free(gnutls_x509_crt_t *crt)
{
    if (*crt)
        gnutls_x509_crt_deinit(*crt);
}

static bool chain_is_good(const struct tls *t, gnutls_session_t session, struct err *err)
{
    const char *purpose = t->conf.is_server ? GNUTLS_KP_TLS_WWW_CLIENT : GNUTLS_KP_TLS_WWW_SERVER;
    gnutls_typed_vdata_st data = {.type = GNUTLS_DT_KEY_PURPOSE_OID,
                                  .data = (unsigned char *)(uintptr_t)purpose};
    unsigned status;
    int rc = gnutls_certificate_verify_peers(session, &data, 1, &status);
    if (rc < 0)
        return err_set(err, ERR_INVALID, "tls: failed to verify certificate: %s",
                       gnutls_strerror(rc));
    if (status == 0)
        return true;
    gnutls_datum_t text = {0};
    gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &text, 0);
    str why = str_trim(str_from(text.data, text.size));
    if (why.n && why.p[why.n - 1] == '\0')
        why = str_trim(str_slice(why, 0, why.n - 1));
    err_set(err, ERR_INVALID, "tls: failed to verify certificate: x509: %.*s", STR(why));
    gnutls_free(text.data);
    return false;
}

// ---- names ---------------------------------------------------------------------------------

struct san {
    unsigned type; // gnutls_x509_subject_alt_name_t
    str text;      // an address as text
};

// The i-th name. False: there is none.
static bool san_read(gnutls_x509_crt_t crt, unsigned i, char text[static SAN_BYTES_MAX],
                     struct san *ret)
{
    uint8_t raw[SAN_BYTES_MAX];
    size_t n = sizeof(raw);
    int type = gnutls_x509_crt_get_subject_alt_name(crt, i, raw, &n, NULL);
    *ret = (struct san){.type = GNUTLS_SAN_OTHERNAME};
    if (type == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
        return false;
    if (type < 0)
        return true; // too long, or of an unknown kind: it matches nothing
    ret->type = (unsigned)type;
    if (type == GNUTLS_SAN_IPADDRESS) {
        int family = n == 4 ? AF_INET : n == 16 ? AF_INET6 : AF_UNSPEC;
        if (family != AF_UNSPEC && inet_ntop(family, raw, text, SAN_BYTES_MAX))
            ret->text = str_c(text);
        return true;
    }
    memcpy(text, raw, n);
    ret->text = str_from(text, n);
    return true;
}

static bool has_allowed_san(const struct tls *t, gnutls_x509_crt_t crt)
{
    char text[SAN_BYTES_MAX];
    struct san san;
    for (unsigned i = 0; i < SANS_MAX && san_read(crt, i, text, &san); i++) {
        bool counts = san.type == GNUTLS_SAN_DNSNAME || san.type == GNUTLS_SAN_RFC822NAME ||
                      san.type == GNUTLS_SAN_IPADDRESS || san.type == GNUTLS_SAN_URI;
        for (size_t k = 0; counts && san.text.n && k < t->conf.client_sans.count; k++) {
            if (str_eq(t->conf.client_sans.items[k], san.text))
                return true;
        }
    }
    return false;
}

// An address must be there as an address, a name as a DNS name; the common name does not count.
static bool has_name(gnutls_x509_crt_t crt, str name)
{
    char text[SAN_BYTES_MAX];
    struct san san;
    struct addr wanted, given;
    bool is_ip = addr_parse_ip(name, &wanted);
    for (unsigned i = 0; i < SANS_MAX && san_read(crt, i, text, &san); i++) {
        if (is_ip && san.type == GNUTLS_SAN_IPADDRESS && addr_parse_ip(san.text, &given) &&
            addr_eq(&wanted, &given))
            return true;
        if (!is_ip && san.type == GNUTLS_SAN_DNSNAME && tlsconf_name_matches(san.text, name))
            return true;
    }
    return false;
}

static bool names_are_good(const struct tls *t, gnutls_x509_crt_t crt, const struct addr *peer,
                           struct err *err)
{
    if (t->conf.is_server)
        return t->conf.client_sans.count == 0 || has_allowed_san(t, crt) ||
               err_set(err, ERR_INVALID,
                       "could not find allowed SANs in client cert, found none of %zu",
                       t->conf.client_sans.count);
    if (t->conf.insecure_skip_verify)
        return true;
    defer(buf_done) struct buf ip = {0};
    struct addr plain = *peer;
    plain.port = 0;
    buf_put_ip(&ip, &plain);
    str name = t->conf.server_name.n ? t->conf.server_name : buf_str(&ip);
    return has_name(crt, name) ||
           err_set(err, ERR_INVALID,
                   "tls: failed to verify certificate: x509: certificate is not valid for %.*s",
                   STR(name));
}

bool tls_verify(const struct tls *t, gnutls_session_t session, const struct addr *peer,
                struct err *err)
{
    defer(crt_free) gnutls_x509_crt_t crt = NULL;
    unsigned count = 0;
    const gnutls_datum_t *certs = gnutls_certificate_get_peers(session, &count);
    if (count == 0)
        return (t->conf.is_server && t->conf.client_auth != TLS_REQUIRE_ANY_CERT &&
                t->conf.client_auth != TLS_REQUIRE_AND_VERIFY) ||
               err_set(err, ERR_INVALID, "tls: the other side didn't provide a certificate");
    bool needs_chain = t->conf.is_server ? t->conf.client_auth >= TLS_VERIFY_IF_GIVEN
                                         : !t->conf.insecure_skip_verify;
    if (needs_chain && !chain_is_good(t, session, err))
        return false;
    if (gnutls_x509_crt_init(&crt) != 0 ||
        gnutls_x509_crt_import(crt, &certs[0], GNUTLS_X509_FMT_DER) != 0)
        return err_set(err, ERR_INVALID, "tls: failed to parse certificate");
    return names_are_good(t, crt, peer, err);
}

gnutls_certificate_request_t tls_certificate_request(const struct tlsconf *conf)
{
    switch (conf->client_auth) {
    case TLS_NO_CLIENT_CERT:
        return GNUTLS_CERT_IGNORE;
    case TLS_REQUEST_CLIENT_CERT:
    case TLS_VERIFY_IF_GIVEN:
        return GNUTLS_CERT_REQUEST;
    case TLS_REQUIRE_ANY_CERT:
    case TLS_REQUIRE_AND_VERIFY:
        return GNUTLS_CERT_REQUIRE;
    }
    return GNUTLS_CERT_REQUIRE;
}
