// SPDX-License-Identifier: Apache-2.0
// A signed assertion of who the client is (RFC 7523, RFC 7515): RSA over SHA-2.
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>

#include "base/io/http_auth.h"
#include "base/text/encode.h"
#include "base/text/json_writer.h"

#define ASSERTION_LIFE_S 600

// base64url without padding.
static void put_base64url(struct buf *b, str bytes)
{
    size_t start = b->n;
    buf_put_base64(b, bytes);
    while (b->n > start && b->p[b->n - 1] == '=')
        b->n--;
    for (size_t i = start; i < b->n; i++) {
        if (b->p[i] == '+')
            b->p[i] = '-';
        else if (b->p[i] == '/')
            b->p[i] = '_';
    }
}

static void put_uuid(struct buf *b, struct env *env)
{
    uint64_t high = (env_random(env) & ~0xf000ULL) | 0x4000ULL; // version 4
    uint64_t low = (env_random(env) & ~(3ULL << 62)) | (2ULL << 62);
    buf_printf(b, "%08x-%04x-%04x-%04x-%012llx", (unsigned)(high >> 32),
               (unsigned)(high >> 16 & 0xffff), (unsigned)(high & 0xffff), (unsigned)(low >> 48),
               (unsigned long long)(low & 0xffffffffffffULL));
}

static bool is_overridden(const struct httpconf_oauth2 *o, str name)
{
    for (size_t i = 0; i < o->claim_count; i++) {
        if (str_eq(o->claims[i].name, name))
            return true;
    }
    return false;
}

static void put_claim(struct json_writer *w, const struct httpconf_oauth2 *o, str name, str value)
{
    if (is_overridden(o, name))
        return;
    json_put_key(w, name);
    json_put_str(w, value);
}

static void put_claims(struct buf *out, struct env *env, const struct httpconf_oauth2 *o)
{
    int64_t now_s = env_now(env) / DUR_SECONDS(1);
    struct buf jti = {0}, scope = {0};
    put_uuid(&jti, env);
    for (size_t i = 0; i < o->scope_count; i++)
        buf_printf(&scope, "%s%.*s", i ? " " : "", STR(o->scopes[i]));
    struct json_writer w = {.out = out, .escape = JSON_ESCAPE_HTML};
    json_object_begin(&w);
    put_claim(&w, o, S("iss"), o->issuer.n ? o->issuer : o->client_id);
    put_claim(&w, o, S("sub"), o->client_id);
    put_claim(&w, o, S("jti"), buf_str(&jti));
    put_claim(&w, o, S("aud"), o->audience.n ? o->audience : o->token_url);
    if (o->scope_count)
        put_claim(&w, o, S("scope"), buf_str(&scope));
    if (!is_overridden(o, S("iat"))) {
        json_put_key(&w, S("iat"));
        json_put_i64(&w, now_s);
    }
    if (!is_overridden(o, S("exp"))) {
        json_put_key(&w, S("exp"));
        json_put_i64(&w, now_s + ASSERTION_LIFE_S);
    }
    for (size_t i = 0; i < o->claim_count; i++) {
        json_put_key(&w, o->claims[i].name);
        json_put_raw(&w, o->claims[i].value);
    }
    json_object_end(&w);
    buf_done(&jti);
    buf_done(&scope);
}

static bool sign(struct buf *out, str signed_text, const struct httpconf_oauth2 *o, str key_pem,
                 struct err *err)
{
    gnutls_sign_algorithm_t algorithm = o->signature_bits == 512   ? GNUTLS_SIGN_RSA_SHA512
                                        : o->signature_bits == 384 ? GNUTLS_SIGN_RSA_SHA384
                                                                   : GNUTLS_SIGN_RSA_SHA256;
    gnutls_datum_t pem = {(unsigned char *)(uintptr_t)key_pem.p, (unsigned)key_pem.n};
    gnutls_datum_t text = {(unsigned char *)(uintptr_t)signed_text.p, (unsigned)signed_text.n};
    gnutls_datum_t signature = {0};
    gnutls_privkey_t key = NULL;
    int rc = gnutls_privkey_init(&key);
    if (rc == 0)
        rc = gnutls_privkey_import_x509_raw(key, &pem, GNUTLS_X509_FMT_PEM, NULL, 0);
    if (rc == 0 && gnutls_privkey_get_pk_algorithm(key, NULL) != GNUTLS_PK_RSA)
        rc = GNUTLS_E_UNSUPPORTED_SIGNATURE_ALGORITHM;
    if (rc == 0)
        rc = gnutls_privkey_sign_data2(key, algorithm, 0, &text, &signature);
    if (rc == 0)
        put_base64url(out, str_from(signature.data, signature.size));
    gnutls_free(signature.data);
    gnutls_privkey_deinit(key);
    return rc == 0 || err_set(err, ERR_INVALID,
                              "private key should be a PEM or plain PKCS1 or "
                              "PKCS8; parse error: %s",
                              gnutls_strerror(rc));
}

bool jwt_put(struct buf *out, struct env *env, const struct httpconf_oauth2 *o, str key_pem,
             struct err *err)
{
    struct buf head = {0}, claims = {0};
    struct json_writer w = {.out = &head, .escape = JSON_ESCAPE_HTML};
    char algorithm[16];
    snprintf(algorithm, sizeof(algorithm), "RS%u", o->signature_bits ? o->signature_bits : 256);
    json_object_begin(&w);
    json_put_key(&w, S("alg"));
    json_put_str(&w, str_c(algorithm));
    if (o->key_id.n) {
        json_put_key(&w, S("kid"));
        json_put_str(&w, o->key_id);
    }
    json_put_key(&w, S("typ"));
    json_put_str(&w, S("JWT"));
    json_object_end(&w);
    put_claims(&claims, env, o);

    size_t start = out->n;
    put_base64url(out, buf_str(&head));
    buf_put_c(out, '.');
    put_base64url(out, buf_str(&claims));
    buf_done(&head);
    buf_done(&claims);
    struct buf signature = {0};
    bool ok = sign(&signature, str_skip(buf_str(out), start), o, key_pem, err);
    buf_put_c(out, '.');
    buf_put(out, buf_str(&signature));
    buf_done(&signature);
    return ok;
}
