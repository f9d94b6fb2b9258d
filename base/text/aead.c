// SPDX-License-Identifier: Apache-2.0
#include "base/text/aead.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <sodium.h>

#include "base/core/alloc.h"

// In locked memory; its size is a multiple of the alignment that libsodium's state needs, since
// sodium_malloc puts the end of a block at the end of a page.
struct aead_key {
    crypto_aead_aes256gcm_state state;   // the expanded key, for libsodium
    uint8_t bytes[AEAD_KEY_BYTES_MAX];   // the key as it is, for GnuTLS
    gnutls_cipher_algorithm_t algorithm; // GNUTLS_CIPHER_UNKNOWN: libsodium's
    uint32_t key_bytes;
    uint64_t padding;
};
static_assert(sizeof(struct aead_key) % 16 == 0, "see above");

static gnutls_cipher_algorithm_t algorithm_of(size_t key_bytes)
{
    switch (key_bytes) {
    case 16:
        return GNUTLS_CIPHER_AES_128_GCM;
    case 24:
        return GNUTLS_CIPHER_AES_192_GCM;
    case 32:
        return GNUTLS_CIPHER_AES_256_GCM;
    default:
        return GNUTLS_CIPHER_UNKNOWN;
    }
}

// GnuTLS' handles serve one thread, and making one is cheap: each message has its own.
static int cipher_init(const struct aead_key *k, gnutls_aead_cipher_hd_t *ret)
{
    gnutls_datum_t datum = {(unsigned char *)(uintptr_t)k->bytes, k->key_bytes};
    return gnutls_aead_cipher_init(ret, k->algorithm, &datum);
}

struct aead_key *aead_key_new(str key, struct err *err)
{
    gnutls_cipher_algorithm_t algorithm = algorithm_of(key.n);
    if (algorithm == GNUTLS_CIPHER_UNKNOWN) {
        err_set(err, ERR_INVALID, "key size must be 16, 24 or 32 bytes");
        return NULL;
    }
    if (sodium_init() < 0)
        panic("cannot initialise libsodium");
    struct aead_key *k = sodium_malloc(sizeof(*k));
    if (!k)
        panic("out of memory for a key");
    k->algorithm = GNUTLS_CIPHER_UNKNOWN;
    if (key.n == 32 && crypto_aead_aes256gcm_is_available()) {
        crypto_aead_aes256gcm_beforenm(&k->state, (const unsigned char *)key.p);
        return k;
    }
    k->algorithm = algorithm;
    k->key_bytes = (uint32_t)key.n;
    memcpy(k->bytes, key.p, key.n);
    gnutls_aead_cipher_hd_t cipher;
    int rc = cipher_init(k, &cipher);
    if (rc == 0) {
        gnutls_aead_cipher_deinit(cipher);
        return k;
    }
    err_set(err, ERR_UNSUPPORTED, "AES-GCM with %zu bytes: %s", key.n, gnutls_strerror(rc));
    aead_key_free(k);
    return NULL;
}

void aead_key_free(struct aead_key *k)
{
    sodium_free(k); // wipes; NULL is fine
}

static gnutls_aead_cipher_hd_t cipher_open(const struct aead_key *k)
{
    gnutls_aead_cipher_hd_t cipher;
    int rc = cipher_init(k, &cipher);
    if (rc < 0)
        panic("AES-GCM: %s", gnutls_strerror(rc));
    return cipher;
}

static size_t seal_gnutls(const struct aead_key *k, const uint8_t *nonce, str data, str plain,
                          char *to)
{
    size_t n = plain.n + AEAD_TAG_BYTES;
    gnutls_aead_cipher_hd_t cipher = cipher_open(k);
    int rc = gnutls_aead_cipher_encrypt(cipher, nonce, AEAD_NONCE_BYTES, data.p, data.n,
                                        AEAD_TAG_BYTES, plain.p, plain.n, to, &n);
    if (rc < 0)
        panic("AES-GCM: %s", gnutls_strerror(rc));
    gnutls_aead_cipher_deinit(cipher);
    return n;
}

static bool open_gnutls(const struct aead_key *k, const uint8_t *nonce, str data, str sealed,
                        char *to, size_t *ret_n)
{
    *ret_n = sealed.n - AEAD_TAG_BYTES;
    gnutls_aead_cipher_hd_t cipher = cipher_open(k);
    int rc = gnutls_aead_cipher_decrypt(cipher, nonce, AEAD_NONCE_BYTES, data.p, data.n,
                                        AEAD_TAG_BYTES, sealed.p, sealed.n, to, ret_n);
    gnutls_aead_cipher_deinit(cipher);
    return rc >= 0;
}

void aead_seal(const struct aead_key *k, const uint8_t nonce[AEAD_NONCE_BYTES], str data, str plain,
               struct buf *out)
{
    char *to = buf_reserve(out, plain.n + AEAD_TAG_BYTES);
    if (!to) {
        out->is_full = true;
        return;
    }
    if (k->algorithm != GNUTLS_CIPHER_UNKNOWN) {
        out->n += seal_gnutls(k, nonce, data, plain, to);
        return;
    }
    unsigned long long sealed_bytes;
    crypto_aead_aes256gcm_encrypt_afternm(
        (unsigned char *)to, &sealed_bytes, (const unsigned char *)plain.p, plain.n,
        (const unsigned char *)data.p, data.n, NULL, nonce, &k->state);
    out->n += (size_t)sealed_bytes;
}

bool aead_open(const struct aead_key *k, const uint8_t nonce[AEAD_NONCE_BYTES], str data,
               str sealed, struct buf *out)
{
    if (sealed.n < AEAD_TAG_BYTES)
        return false;
    size_t n = sealed.n; // GnuTLS wants room for the tag as well
    char *to = buf_reserve(out, n);
    if (!to)
        return false;
    if (k->algorithm != GNUTLS_CIPHER_UNKNOWN) {
        if (!open_gnutls(k, nonce, data, sealed, to, &n))
            return false;
    } else {
        unsigned long long plain_bytes;
        if (crypto_aead_aes256gcm_decrypt_afternm(
                (unsigned char *)to, &plain_bytes, NULL, (const unsigned char *)sealed.p, sealed.n,
                (const unsigned char *)data.p, data.n, nonce, &k->state) != 0)
            return false;
        n = (size_t)plain_bytes;
    }
    out->n += n;
    return true;
}
