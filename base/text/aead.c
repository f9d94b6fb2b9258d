// SPDX-License-Identifier: Apache-2.0
#include "base/text/aead.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <sodium.h>

#include "base/core/alloc.h"

// The expanded key of libsodium, or GnuTLS' handle. In locked memory; its size is a multiple of
// the alignment that libsodium's state needs, since sodium_malloc puts the end of a block at the
// end of a page.
struct aead_key {
    crypto_aead_aes256gcm_state state;
    gnutls_aead_cipher_hd_t cipher; // NULL: `state` counts
    char padding[16 - sizeof(gnutls_aead_cipher_hd_t)];
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
    k->cipher = NULL;
    if (key.n == 32 && crypto_aead_aes256gcm_is_available()) {
        crypto_aead_aes256gcm_beforenm(&k->state, (const unsigned char *)key.p);
        return k;
    }
    gnutls_datum_t datum = {(unsigned char *)(uintptr_t)key.p, (unsigned)key.n};
    int rc = gnutls_aead_cipher_init(&k->cipher, algorithm, &datum);
    if (rc == 0)
        return k;
    err_set(err, ERR_UNSUPPORTED, "AES-GCM with %zu bytes: %s", key.n, gnutls_strerror(rc));
    k->cipher = NULL;
    aead_key_free(k);
    return NULL;
}

void aead_key_free(struct aead_key *k)
{
    if (!k)
        return;
    if (k->cipher)
        gnutls_aead_cipher_deinit(k->cipher);
    sodium_free(k); // wipes
}

void aead_seal(const struct aead_key *k, const uint8_t nonce[AEAD_NONCE_BYTES], str data, str plain,
               struct buf *out)
{
    char *to = buf_reserve(out, plain.n + AEAD_TAG_BYTES);
    if (!to) {
        out->is_full = true;
        return;
    }
    size_t n = plain.n + AEAD_TAG_BYTES;
    if (k->cipher) {
        int rc = gnutls_aead_cipher_encrypt(k->cipher, nonce, AEAD_NONCE_BYTES, data.p, data.n,
                                            AEAD_TAG_BYTES, plain.p, plain.n, to, &n);
        if (rc < 0)
            panic("AES-GCM: %s", gnutls_strerror(rc));
    } else {
        unsigned long long sealed_bytes;
        crypto_aead_aes256gcm_encrypt_afternm(
            (unsigned char *)to, &sealed_bytes, (const unsigned char *)plain.p, plain.n,
            (const unsigned char *)data.p, data.n, NULL, nonce, &k->state);
        n = (size_t)sealed_bytes;
    }
    out->n += n;
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
    if (k->cipher) {
        n = sealed.n - AEAD_TAG_BYTES;
        if (gnutls_aead_cipher_decrypt(k->cipher, nonce, AEAD_NONCE_BYTES, data.p, data.n,
                                       AEAD_TAG_BYTES, sealed.p, sealed.n, to, &n) < 0)
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
