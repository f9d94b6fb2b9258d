// SPDX-License-Identifier: Apache-2.0
#include "base/text/digest.h"

#include <gnutls/crypto.h>
#include <sodium.h>

static_assert(SHA256_BYTES == crypto_hash_sha256_BYTES, "SHA-256 has 32 bytes");
static_assert(SHA256_BYTES == crypto_auth_hmacsha256_BYTES, "and so has its HMAC");

static const uint8_t *bytes_of(str s) // libsodium wants a pointer even to nothing
{
    return (const uint8_t *)(s.p ? s.p : "");
}

void sha256(str bytes, uint8_t ret[SHA256_BYTES])
{
    crypto_hash_sha256(ret, bytes_of(bytes), bytes.n);
}

void hmac_sha256(str key, str bytes, uint8_t ret[SHA256_BYTES])
{
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, bytes_of(key), key.n);
    crypto_auth_hmacsha256_update(&state, bytes_of(bytes), bytes.n);
    crypto_auth_hmacsha256_final(&state, ret);
    sodium_memzero(&state, sizeof(state));
}

bool hmac_md5(str key, str bytes, uint8_t ret[MD5_BYTES])
{
    assert(gnutls_hmac_get_len(GNUTLS_MAC_MD5) == MD5_BYTES);
    return gnutls_hmac_fast(GNUTLS_MAC_MD5, bytes_of(key), key.n, bytes_of(bytes), bytes.n, ret) ==
           0;
}
