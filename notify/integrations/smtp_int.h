// SPDX-License-Identifier: Apache-2.0
// smtp_int.h: one client, between smtp.c (its life and its events) and smtp_steps.c (the dialogue).
// Not for others.
#pragma once
#include "base/env.h"
#include "notify/integrations/connect.h"
#include "notify/integrations/smtp.h"
#include "notify/integrations/smtp_reply.h"

// What is waited for.
enum smtp_state {
    SMTP_CONNECTING,
    SMTP_GREETING,
    SMTP_EHLO,
    SMTP_HELO, // where EHLO was refused
    SMTP_STARTTLS,
    SMTP_HANDSHAKE,
    SMTP_EHLO_IN_TLS,
    SMTP_AUTH,
    SMTP_MAIL,
    SMTP_RCPT,
    SMTP_DATA,
    SMTP_BODY,
    SMTP_OVER, // `is_delivered`, `may_retry`, `err` are what came of it
};

struct smtp {
    struct smtp_options opt;
    enum smtp_state state;
    struct connecting connecting;
    struct tls *tls;
    struct stream *stream; // NULL: not yet open, or gone
    bool is_encrypted;
    struct smtp_reader reader;
    struct buf extensions; // the text of the reply to EHLO
    struct err hello_err;  // of an EHLO that nobody asked for
    struct smtp_auth auth;
    unsigned auth_rounds;
    struct smtp_mail mail;
    size_t rcpt; // the next
    struct timer timer;

    bool is_delivered, may_retry;
    struct err err;
};

// ---- smtp.c -------------------------------------------------------------------------------------

void smtp_fail(struct smtp *c);                         // c->err behind the name of the step
void smtp_fail_plainly(struct smtp *c, bool may_retry); // with c->err as it is
void smtp_succeed(struct smtp *c);

// ---- smtp_steps.c -------------------------------------------------------------------------------

void smtp_say_hello(struct smtp *c, enum smtp_state state); // SMTP_EHLO, _HELO or _EHLO_IN_TLS
// A whole reply. *data is what came behind it: it is thrown away where TLS begins.
void smtp_on_reply(struct smtp *c, const struct smtp_reply *reply, str *data);
bool smtp_make_tls(struct smtp *c); // c->tls; sets c->err
