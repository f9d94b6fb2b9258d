// SPDX-License-Identifier: Apache-2.0
// fake_smtp.h: an SMTP server behind the streams of a fake_env, which does as the test says and
// keeps what it was told. Every connection, to whatever address, is one to it; TLS is a word
// between the two sides.
//
//   fake_smtp_init(&s, &fake.env);     // from here on its streams, TLS and DNS are these
//   s.extensions = "AUTH PLAIN\n8BITMIME";
//   …                                  // s.commands, s.message
//   fake_smtp_done(&s);                // panics if a stream, lookup or TLS description is left
#pragma once
#include "base/core/list.h"
#include "base/env.h"

struct fake_smtp_refusal {
    const char *command; // "EHLO", …; "BODY": what follows the message; "GREETING"
    const char *reply;   // without its line end
};

struct fake_smtp {
    struct env_ops ops; // the environment's: those it had, and ours
    struct env *env;
    const struct env_ops *before;
    struct list streams;
    struct arena mem;
    size_t lookups_open, tls_open;

    // What it does.
    const char *extensions; // lines behind "250 mail.test"; NULL: none
    struct fake_smtp_refusal refusals[8];
    const char *password;       // the only one that is accepted
    const char *challenge;      // of CRAM-MD5
    size_t piece_bytes;         // replies come in pieces of so many; 0: whole
    const char *silent_at;      // a command, "BODY" or "GREETING" that is never answered
    const char *closes_at;      // one behind whose answer the connection ends …
    bool closes_in_line;        // … and the answer's line end is missing
    const char *breaks_at;      // one at which the connection breaks
    const char *more_in_plain;  // comes with the answer to STARTTLS
    const char *tls_refusal;    // what a handshake fails with
    const char *addresses;      // of every name, "10.0.0.1 10.0.0.2"; NULL: no such host
    size_t refused_connections; // the first so many are
    size_t silent_connections;  // the first so many stay unanswered

    // What it was told.
    struct buf commands; // without AUTH and what belongs to it, a line each
    str auth_mechanism, auth_initial, auth_username, auth_password, auth_response; // decoded
    bool is_auth_aborted;
    struct buf message; // the last one, without dots and end
    size_t messages, connections, handshakes;
    str tls_name;        // looked for in the certificate, the last time
    bool is_tls_dialled; // from the first byte on
    bool is_open_dialled;
    struct addr dialled; // the last time
};

void fake_smtp_init(struct fake_smtp *s, struct env *env);
void fake_smtp_done(struct fake_smtp *s);
