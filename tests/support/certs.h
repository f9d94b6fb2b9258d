// SPDX-License-Identifier: Apache-2.0
// certs.h: certificate authorities and certificates for tests, made on the spot (ECDSA, P-256).
#pragma once
#include <gnutls/x509.h>

#include "base/core/buf.h"

struct cert_ca {
    gnutls_x509_privkey_t key;
    gnutls_x509_crt_t crt;
    struct buf pem; // the authority's own certificate
};

struct cert_pair {
    struct buf cert, key; // PEM
};

void cert_ca_init(struct cert_ca *ca, const char *name);
void cert_ca_done(struct cert_ca *ca);

// sans: "IP:127.0.0.1 DNS:a.example URI:spiffe://x EMAIL:a@b"; for servers and clients alike, valid
// for a day around now.
void cert_issue(struct cert_pair *ret, const struct cert_ca *ca, const char *name,
                const char *sans);
// The same, with an RSA key of 2048 bits.
void cert_issue_rsa(struct cert_pair *ret, const struct cert_ca *ca, const char *name,
                    const char *sans);
// The same as cert_issue(), but it has ended.
void cert_issue_old(struct cert_pair *ret, const struct cert_ca *ca, const char *name,
                    const char *sans);
void cert_pair_done(struct cert_pair *p);
