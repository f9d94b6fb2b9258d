// SPDX-License-Identifier: Apache-2.0
// tls.h: TLS over GnuTLS, without sockets: bytes from the wire in, bytes for the wire out.
//
//   stream_uv.c ── ciphertext ──► session ── plaintext ──► the stream's owner
//               ◄── session.out ──        ◄── tls_session_write ──
//
// A `struct tls` is one side's certificate and demands (base/model/tlsconf.h). The files that it
// names are looked at before each handshake and read again when they have changed; if they are not
// good (half replaced), what was read before stays in force, and one warning is logged per change.
// Cost: a handshake takes one to three milliseconds of the core thread (RSA of 2048 bits, ECDSA
// less). Memory: some 40 KiB per session.
#pragma once
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>

#include "base/env.h"
#include "base/model/tlsconf.h"

struct tls_creds; // a certificate, a key, authorities: as read at one moment

// What a file was when it was read; zeros: it is not there, or none is named.
struct tls_stamp {
    int64_t mtime_ns;
    int64_t ctime_ns;
    int64_t bytes;
    uint64_t inode;
};

enum { TLS_CERT_FILE, TLS_KEY_FILE, TLS_CA_FILE, TLS_FILES };

struct tls {
    struct env *env;
    uint32_t refs;
    struct arena mem; // of conf
    struct tlsconf conf;
    gnutls_priority_t priority;
    struct tls_creds *creds;            // the newest good ones
    struct tls_stamp stamps[TLS_FILES]; // of the newest look, good or bad
};

struct tls *tls_new(struct env *env, const struct tlsconf *conf, struct err *err);
void tls_free(struct tls *t); // one reference

// ---- sessions ------------------------------------------------------------------------------

struct tls_session;

// peer: whom we talk to; a client without server_name looks for this address in the certificate.
struct tls_session *tls_session_new(struct tls *t, const struct addr *peer);
void tls_session_free(struct tls_session *s);

enum tls_step {
    TLS_MORE,   // nothing to do before more bytes come
    TLS_OPENED, // the handshake is done; said once
    TLS_DATA,   // *ret_data: what one record held, valid until the next call
    TLS_END,    // the other side has said goodbye
    TLS_FAILED, // *err says why; the last words for the other side are in the output
};

// Hands over what came; borrowed until tls_session_next() has said TLS_MORE, TLS_END or
// TLS_FAILED, and it is to be called until it does.
void tls_session_feed(struct tls_session *s, str ciphertext);
enum tls_step tls_session_next(struct tls_session *s, str *ret_data, struct err *err);

// After TLS_OPENED. Records hold 16 KiB at most, and bytes of one write only.
bool tls_session_write(struct tls_session *s, str data);
void tls_session_goodbye(struct tls_session *s);

// Bytes for the wire; whoever sends them clears it.
struct buf *tls_session_out(struct tls_session *s);

// ---- between the files ---------------------------------------------------------------------

// tls_creds.c: the credentials for a new session, read again if files have changed.
struct tls_creds *tls_creds_current(struct tls *t);
bool tls_creds_load(struct tls *t, struct err *err);
gnutls_certificate_credentials_t tls_creds_handle(struct tls_creds *c);
// What a client has to show for itself; borrowed, no chain where it has none.
void tls_creds_pair(const struct tls_creds *c, gnutls_pcert_st **ret_chain, unsigned *ret_count,
                    gnutls_privkey_t *ret_key);
struct tls_creds *tls_creds_ref(struct tls_creds *c);
void tls_creds_unref(struct tls_creds *c);

struct tls_stamp tls_stamp_of(str path);

// tls_verify.c: what a server asks of its clients; is the other side's certificate what we insist
// on? Sets err.
gnutls_certificate_request_t tls_certificate_request(const struct tlsconf *conf);
bool tls_verify(const struct tls *t, gnutls_session_t session, const struct addr *peer,
                struct err *err);
