// SPDX-License-Identifier: Apache-2.0
// smtp_auth.h: how a client shows who it is (RFC 4954): CRAM-MD5, PLAIN and LOGIN.
#pragma once
#include "base/core/buf.h"
#include "base/core/err.h"

enum smtp_secret { SMTP_PASSWORD /* PLAIN, LOGIN */, SMTP_SHARED_SECRET /* CRAM-MD5 */ };

struct smtp_login {
    str username; // empty: nobody is shown
    str identity; // PLAIN: whom to act for; empty: the user
    // The secret, asked for when a mechanism needs it; *ret empty: there is none. It lives as long
    // as the authentication. Its error is one of choosing.
    bool (*secret)(void *owner, enum smtp_secret which, str *ret, struct err *err);
    void *owner;
};

enum smtp_mechanism { SMTP_NO_AUTH, SMTP_CRAM_MD5, SMTP_PLAIN, SMTP_LOGIN };

struct smtp_auth {
    enum smtp_mechanism mechanism;
    str username, identity, secret;
};

// The first mechanism of `offered` ("PLAIN LOGIN"), in that order, that there is a secret for.
// SMTP_NO_AUTH without a username. Error: why each cannot be used, line by line.
bool smtp_auth_choose(str offered, const struct smtp_login *login, struct smtp_auth *ret,
                      struct err *err);

// As upstream's errors name it: "*smtp.plainAuth".
const char *smtp_auth_type(enum smtp_mechanism m);

// Appends the command, without its line end. `is_safe`: nobody listens, or the server is this
// machine; PLAIN wants that ("unencrypted connection").
bool smtp_auth_begin(const struct smtp_auth *a, bool is_safe, struct buf *out, struct err *err);

// Appends the line that answers a challenge (of a reply 334; both in base64).
bool smtp_auth_answer(const struct smtp_auth *a, str challenge, struct buf *out, struct err *err);
