// SPDX-License-Identifier: Apache-2.0
// aead.h: AES-GCM with keys of 16, 24 or 32 bytes (SP 800-38D; nonce 12 bytes, tag 16 bytes).
//
// Keys live in memory that is locked, fenced by guard pages and wiped when freed. Keys of 32 bytes
// use libsodium where the machine has the instructions for it, all others GnuTLS.
// Cost: some 2 GB/s with those instructions. Several threads may use one key at a time.
#pragma once
#include "base/core/buf.h"
#include "base/core/err.h"

#define AEAD_NONCE_BYTES   12
#define AEAD_TAG_BYTES     16
#define AEAD_KEY_BYTES_MAX 32

struct aead_key;

// Errors: ERR_INVALID ("key size must be 16, 24 or 32 bytes").
struct aead_key *aead_key_new(str key, struct err *err);
void aead_key_free(struct aead_key *k); // NULL is fine

// Appends ciphertext and tag. A nonce must never be used twice with one key. `data` is protected,
// but not part of what is sent.
void aead_seal(const struct aead_key *k, const uint8_t nonce[AEAD_NONCE_BYTES], str data, str plain,
               struct buf *out);

// Appends the plaintext of ciphertext and tag. False, and nothing is appended: another key, another
// `data`, or the bytes were changed.
bool aead_open(const struct aead_key *k, const uint8_t nonce[AEAD_NONCE_BYTES], str data,
               str sealed, struct buf *out);
