// SPDX-License-Identifier: Apache-2.0
#include "notify/integrations/smtp_auth.h"

#include "base/text/digest.h"
#include "base/text/encode.h"

static const struct mechanism {
    const char *name;
    const char *type;
    const char *missing;
    enum smtp_secret secret;
} MECHANISMS[] = {
    [SMTP_NO_AUTH] = {"", "", "", SMTP_PASSWORD},
    [SMTP_CRAM_MD5] = {"CRAM-MD5", "*smtp.cramMD5Auth", "secret", SMTP_SHARED_SECRET},
    [SMTP_PLAIN] = {"PLAIN", "*smtp.plainAuth", "password", SMTP_PASSWORD},
    [SMTP_LOGIN] = {"LOGIN", "*email.loginAuth", "password", SMTP_PASSWORD},
};

const char *smtp_auth_type(enum smtp_mechanism m)
{
    return MECHANISMS[m].type;
}

// ---- choosing -----------------------------------------------------------------------------------

static enum smtp_mechanism find_mechanism(str name)
{
    for (size_t i = SMTP_CRAM_MD5; i < ARRAY_LEN(MECHANISMS); i++) {
        if (str_eq(name, str_c(MECHANISMS[i].name)))
            return (enum smtp_mechanism)i;
    }
    return SMTP_NO_AUTH;
}

static bool is_usable(str name, const struct smtp_login *login, struct smtp_auth *ret,
                      struct err *err)
{
    enum smtp_mechanism m = find_mechanism(name);
    if (m == SMTP_NO_AUTH)
        return err_set(err, ERR_UNSUPPORTED, "unknown auth mechanism: %.*s", STR(name));
    str secret;
    if (!login->secret(login->owner, MECHANISMS[m].secret, &secret, err))
        return false;
    if (secret.n == 0)
        return err_set(err, ERR_INVALID, "missing %s for %s auth mechanism", MECHANISMS[m].missing,
                       MECHANISMS[m].name);
    *ret = (struct smtp_auth){m, login->username, login->identity, secret};
    return true;
}

bool smtp_auth_choose(str offered, const struct smtp_login *login, struct smtp_auth *ret,
                      struct err *err)
{
    *ret = (struct smtp_auth){.mechanism = SMTP_NO_AUTH};
    if (login->username.n == 0)
        return true;
    defer(buf_done) struct buf whys = {.max = ERR_TEXT_BYTES};
    for (bool has_more = true; has_more;) {
        str name;
        struct err why = ERR_INIT;
        has_more = str_cut(offered, ' ', &name, &offered);
        if (is_usable(name, login, ret, &why))
            return true;
        if (whys.n)
            buf_put_c(&whys, '\n');
        buf_put(&whys, err_str(&why));
    }
    return err_set(err, ERR_INVALID, "%.*s", STR(buf_str(&whys)));
}

// ---- the dialogue -------------------------------------------------------------------------------

bool smtp_auth_begin(const struct smtp_auth *a, bool is_safe, struct buf *out, struct err *err)
{
    if (a->mechanism == SMTP_PLAIN && !is_safe)
        return err_set(err, ERR_INVALID, "unencrypted connection");
    buf_printf(out, "AUTH %s", MECHANISMS[a->mechanism].name);
    if (a->mechanism != SMTP_PLAIN)
        return true;
    defer(buf_wipe) struct buf message = {0};
    buf_reserve(&message, a->identity.n + a->username.n + a->secret.n + 2); // no copy stays behind
    buf_put(&message, a->identity);
    buf_put_c(&message, '\0');
    buf_put(&message, a->username);
    buf_put_c(&message, '\0');
    buf_put(&message, a->secret);
    buf_put_c(out, ' ');
    buf_put_base64(out, buf_str(&message));
    return true;
}

static bool answer_login(const struct smtp_auth *a, str challenge, struct buf *out, struct err *err)
{
    if (str_eq_nocase(challenge, S("username:")))
        buf_put_base64(out, a->username);
    else if (str_eq_nocase(challenge, S("password:")))
        buf_put_base64(out, a->secret);
    else
        return err_set(err, ERR_INVALID, "unexpected server challenge");
    return true;
}

static bool answer_cram_md5(const struct smtp_auth *a, str challenge, struct buf *out,
                            struct err *err)
{
    uint8_t digest[MD5_BYTES];
    if (!hmac_md5(a->secret, challenge, digest))
        return err_set(err, ERR_UNSUPPORTED, "MD5 is not available on this system");
    defer(buf_done) struct buf text = {0};
    buf_printf(&text, "%.*s ", STR(a->username));
    buf_put_hex(&text, str_from(digest, sizeof(digest)));
    buf_put_base64(out, buf_str(&text));
    return true;
}

bool smtp_auth_answer(const struct smtp_auth *a, str challenge, struct buf *out, struct err *err)
{
    defer(buf_done) struct buf decoded = {0};
    if (!base64_decode(challenge, &decoded))
        return err_set(err, ERR_SYNTAX, "illegal base64 data in the server's challenge");
    switch (a->mechanism) {
    case SMTP_CRAM_MD5:
        return answer_cram_md5(a, buf_str(&decoded), out, err);
    case SMTP_LOGIN:
        return answer_login(a, buf_str(&decoded), out, err);
    case SMTP_PLAIN: // all has been said
    case SMTP_NO_AUTH:
        break;
    }
    return err_set(err, ERR_INVALID, "unexpected server challenge");
}
