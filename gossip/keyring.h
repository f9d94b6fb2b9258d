// SPDX-License-Identifier: Apache-2.0
// keyring.h: shared secrets for the cluster's packets and streams, in memberlist's own format.
//
//   sealed   version nonce[12] ciphertext tag[16]      version 1; 0 has PKCS7 padding inside
//   packet   [label] sealed                            protected as well: the label
//   stream   [label] 0a len32 sealed                   protected as well: 0a len32, the label
//
// The first key seals, every key opens, so that keys can be rotated: add the new one everywhere as
// the second, move it to the front everywhere, then drop the old one. Upstream's Alertmanager never
// encrypts and refuses those who do.
#pragma once
#include "base/core/time.h"
#include "base/env.h"
#include "base/text/aead.h"

#define KEYRING_KEYS_MAX       16
#define KEYRING_FILE_BYTES_MAX ((size_t)64 << 10)
#define SEALED_OVERHEAD        (1 + AEAD_NONCE_BYTES + AEAD_TAG_BYTES) // of version 1
#define SEALED_STREAM_HEAD     5                                       // 0a len32

struct keyring; // immutable, but for its count of references, which is the core thread's

// A file's text: one key per line in base64, 16, 24 or 32 bytes; empty lines and those that begin
// with '#' are skipped. Errors name the line: ERR_SYNTAX, ERR_INVALID, ERR_LIMIT.
struct keyring *keyring_parse(str text, struct err *err);
struct keyring *keyring_read(struct env *env, str path, struct err *err);
struct keyring *keyring_ref(struct keyring *k);
void keyring_unref(struct keyring *k); // NULL is fine

// What makes a message unlike all others under its key.
struct nonce {
    uint8_t bytes[AEAD_NONCE_BYTES];
};
struct nonce nonce_new(struct env *env);

// Appends the sealed form of a packet's message.
void keyring_seal_packet(const struct keyring *k, struct env *env, str message, str label,
                         struct buf *out);
// Appends the message inside. Errors: ERR_INVALID ("no installed keys could decrypt the message"),
// ERR_SYNTAX, ERR_UNSUPPORTED.
bool keyring_open_packet(const struct keyring *k, str sealed, str label, struct buf *out,
                         struct err *err);

// The same with the head that a stream needs. Any thread.
void keyring_seal_stream(const struct keyring *k, struct nonce nonce, str message, str label,
                         struct buf *out);
// How long the sealed message of a stream is, its head included; 0: the head is not complete.
size_t sealed_stream_bytes(str stream);
bool keyring_open_stream(const struct keyring *k, str stream, str label, struct buf *out,
                         struct err *err);

// ---- the parts, for tests ------------------------------------------------------------------

size_t sealed_bytes(unsigned version, size_t plain_bytes);
void pkcs7_put(struct buf *out, str plain); // padded to a multiple of 16
// Takes the padding off. False: it is none.
bool pkcs7_remove(struct buf *b, size_t from);

// ---- who may be complained about -----------------------------------------------------------

#define REFUSALS_REMEMBERED 64

// One line per address and minute: those that anybody who can send packets can cause.
struct refusals {
    struct {
        struct addr addr;
        mono_ns at;
    } seen[REFUSALS_REMEMBERED];
    size_t count;
};

bool refusals_may_log(struct refusals *r, const struct addr *from, mono_ns now);
