// SPDX-License-Identifier: Apache-2.0
// smtp.h: hands one mail to an SMTP server (RFC 5321), over a connection of its own.
//
//   connect, greeting, EHLO or HELO, STARTTLS, AUTH ── the server is ready: compose() is asked
//   MAIL, RCPT for each, DATA, the message, its reply, QUIT
//
// The dialogue, what is sent and what it fails with are upstream's (Go's net/smtp, as its e-mail
// integration uses it), but for two things. The whole ends by the deadline, and once the server has
// taken the message that counts, whatever becomes of the QUIT behind it: nobody waits for its
// answer.
#pragma once
#include "base/core/time.h"
#include "base/model/tlsconf.h"
#include "notify/integrations/smtp_auth.h"

#define SMTP_MESSAGE_BYTES_MAX ((size_t)256 << 20) // the caller sees to it

struct env;

struct smtp_mail {
    str from;
    const str *to; // addresses as in "RCPT TO:<…>"
    size_t to_count;
    str message; // headers and body, with CRLF or LF; dots are taken care of
};

struct smtp_result {
    bool is_delivered;
    bool may_retry; // of a failure
    const struct err *err;
};

struct smtp_options {
    struct env *env;
    str host, port; // without brackets; see connect.h
    str hello;      // our name; empty: "localhost", and only a failed MAIL tells that it is refused
    bool is_implicit_tls;      // from the first byte on
    bool requires_tls;         // else by STARTTLS or not at all
    const struct tlsconf *tls; // its server_name empty: host
    struct smtp_login login;
    dur_ns timeout;

    // The mail, when the server is ready for it; lives until the end. False: *err says why it
    // cannot be made, which no second try would mend.
    bool (*compose)(void *owner, struct smtp_mail *ret, struct err *err);
    void (*on_done)(void *owner, const struct smtp_result *result); // the client is gone by then
    void *owner;
};

struct smtp;

// Texts are borrowed until on_done, which never comes before this returns.
struct smtp *smtp_start(const struct smtp_options *opt);
void smtp_cancel(struct smtp *c); // at any moment; no callback comes any more

// DATA's transparency (RFC 5321 §4.5.2): LF becomes CRLF, leading dots are doubled, the end is
// marked.
void buf_put_smtp_data(struct buf *out, str message);
