// SPDX-License-Identifier: Apache-2.0
#define BANNED_ALLOW_IMPURE // certificates are valid around the real time
#include "tests/support/certs.h"

#include <arpa/inet.h>

#define DAY_S ((time_t)86400)

static void must(int rc)
{
    if (rc >= 0)
        return;
    fprintf(stderr, "certs: %s\n", gnutls_strerror(rc));
    abort();
}

static void put_pem(struct buf *out, gnutls_datum_t *pem)
{
    buf_put(out, str_from(pem->data, pem->size));
    gnutls_free(pem->data);
}

static void make_key(gnutls_x509_privkey_t *ret, gnutls_pk_algorithm_t kind)
{
    unsigned bits = kind == GNUTLS_PK_RSA ? 2048 : GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1);
    must(gnutls_x509_privkey_init(ret));
    must(gnutls_x509_privkey_generate(*ret, kind, bits, 0));
}

static gnutls_x509_crt_t make_crt(gnutls_x509_privkey_t key, const char *name, time_t end)
{
    static unsigned char serial = 1;
    gnutls_x509_crt_t crt;
    must(gnutls_x509_crt_init(&crt));
    must(gnutls_x509_crt_set_version(crt, 3));
    must(gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, name,
                                       (unsigned)strlen(name)));
    must(gnutls_x509_crt_set_serial(crt, &serial, 1));
    serial++;
    must(gnutls_x509_crt_set_activation_time(crt, end - 2 * DAY_S));
    must(gnutls_x509_crt_set_expiration_time(crt, end));
    must(gnutls_x509_crt_set_key(crt, key));
    return crt;
}

void cert_ca_init(struct cert_ca *ca, const char *name)
{
    gnutls_datum_t pem;
    *ca = (struct cert_ca){0};
    make_key(&ca->key, GNUTLS_PK_ECDSA);
    ca->crt = make_crt(ca->key, name, time(NULL) + DAY_S);
    must(gnutls_x509_crt_set_basic_constraints(ca->crt, 1, -1));
    must(gnutls_x509_crt_set_key_usage(ca->crt, GNUTLS_KEY_KEY_CERT_SIGN));
    must(gnutls_x509_crt_sign2(ca->crt, ca->crt, ca->key, GNUTLS_DIG_SHA256, 0));
    must(gnutls_x509_crt_export2(ca->crt, GNUTLS_X509_FMT_PEM, &pem));
    put_pem(&ca->pem, &pem);
}

void cert_ca_done(struct cert_ca *ca)
{
    gnutls_x509_crt_deinit(ca->crt);
    gnutls_x509_privkey_deinit(ca->key);
    buf_done(&ca->pem);
}

static void add_san(gnutls_x509_crt_t crt, str san)
{
    static const struct {
        const char *prefix;
        gnutls_x509_subject_alt_name_t type;
    } KINDS[] = {
        {"DNS:", GNUTLS_SAN_DNSNAME},
        {"IP:", GNUTLS_SAN_IPADDRESS},
        {"URI:", GNUTLS_SAN_URI},
        {"EMAIL:", GNUTLS_SAN_RFC822NAME},
    };
    for (size_t i = 0; i < ARRAY_LEN(KINDS); i++) {
        if (!str_starts(san, str_c(KINDS[i].prefix)))
            continue;
        str value = str_skip(san, strlen(KINDS[i].prefix));
        char text[256];
        uint8_t ip[16];
        snprintf(text, sizeof(text), "%.*s", STR(value));
        if (KINDS[i].type == GNUTLS_SAN_IPADDRESS) {
            bool is_four = inet_pton(AF_INET, text, ip) == 1;
            if (!is_four && inet_pton(AF_INET6, text, ip) != 1)
                abort();
            value = str_from(ip, is_four ? 4 : 16);
        }
        must(gnutls_x509_crt_set_subject_alt_name(crt, KINDS[i].type, value.p, (unsigned)value.n,
                                                  GNUTLS_FSAN_APPEND));
        return;
    }
    abort();
}

static void issue(struct cert_pair *ret, const struct cert_ca *ca, const char *name,
                  const char *sans, gnutls_pk_algorithm_t kind, time_t end)
{
    gnutls_x509_privkey_t key;
    gnutls_datum_t pem;
    *ret = (struct cert_pair){0};
    make_key(&key, kind);
    gnutls_x509_crt_t crt = make_crt(key, name, end);
    must(gnutls_x509_crt_set_key_usage(crt, GNUTLS_KEY_DIGITAL_SIGNATURE));
    must(gnutls_x509_crt_set_key_purpose_oid(crt, GNUTLS_KP_TLS_WWW_SERVER, 0));
    must(gnutls_x509_crt_set_key_purpose_oid(crt, GNUTLS_KP_TLS_WWW_CLIENT, 0));
    for (str rest = str_c(sans), san; rest.n;) {
        str_cut(rest, ' ', &san, &rest);
        add_san(crt, san);
    }
    must(gnutls_x509_crt_sign2(crt, ca->crt, ca->key, GNUTLS_DIG_SHA256, 0));
    must(gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &pem));
    put_pem(&ret->cert, &pem);
    must(
        gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN, &pem));
    put_pem(&ret->key, &pem);
    gnutls_x509_crt_deinit(crt);
    gnutls_x509_privkey_deinit(key);
}

void cert_issue(struct cert_pair *ret, const struct cert_ca *ca, const char *name, const char *sans)
{
    issue(ret, ca, name, sans, GNUTLS_PK_ECDSA, time(NULL) + DAY_S);
}

void cert_issue_rsa(struct cert_pair *ret, const struct cert_ca *ca, const char *name,
                    const char *sans)
{
    issue(ret, ca, name, sans, GNUTLS_PK_RSA, time(NULL) + DAY_S);
}

void cert_issue_old(struct cert_pair *ret, const struct cert_ca *ca, const char *name,
                    const char *sans)
{
    issue(ret, ca, name, sans, GNUTLS_PK_ECDSA, time(NULL) - DAY_S / 24);
}

void cert_pair_done(struct cert_pair *p)
{
    buf_done(&p->cert);
    buf_done(&p->key);
}
