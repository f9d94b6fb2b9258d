// SPDX-License-Identifier: Apache-2.0
#include "vmalert/web_auth.h"

#include "base/text/encode.h"
#include "vmalert/web_api.h"

#define CREDENTIALS_BYTES_MAX 4096 // of an Authorization header

// ---- Basic authentication ----------------------------------------------------------------------

// "Basic bmFtZTpwYXNzd29yZA==": name and password, in a buffer to be wiped. False: neither.
static bool read_credentials(const struct http_exchange *x, struct buf *out, str *ret_name,
                             str *ret_password)
{
    str value = http_header_find(x->headers, x->header_count, S("Authorization"));
    str scheme, rest;
    if (value.n > CREDENTIALS_BYTES_MAX || !str_cut(value, ' ', &scheme, &rest) ||
        !str_eq_nocase(scheme, S("Basic")))
        return false;
    buf_reserve(out, rest.n);
    return base64_decode(rest, out) && str_cut(buf_str(out), ':', ret_name, ret_password);
}

static bool admit_basic(struct vmalert *v, struct http_exchange *x)
{
    str name = S(""), password = S(""), wanted = v->opt->server.auth_username;
    if (wanted.n == 0)
        return true;
    defer(buf_wipe) struct buf secret = {0};
    if (read_credentials(x, &secret, &name, &password)) {
        bool is_name = secret_matches(wanted, name);
        bool is_password = password_matches(&v->passwords[WEB_BASIC], password);
        if (is_name && is_password)
            return true;
        v->web.wrong_basic_auth++;
    }
    web_reply_unauthorized(v, x);
    return false;
}

// ---- keys --------------------------------------------------------------------------------------

static bool admit_key(struct vmalert *v, struct http_exchange *x, struct password *key)
{
    struct url_params params;
    web_read_params(x, &params);
    str given = url_param_first(&params, S("authKey"), NULL);
    if (given.n && password_matches(key, given))
        return true;
    v->web.wrong_auth_key++;
    struct buf message = {0};
    if (given.n)
        buf_printf(&message, "The provided authKey doesn't match -%s", key->flag);
    else
        buf_printf(&message, "Expected to receive non-empty authKey when -%s is set", key->flag);
    web_reply_error(v, x, 401, buf_str(&message));
    buf_done(&message);
    return false;
}

bool web_admit(struct vmalert *v, struct http_exchange *x, enum web_access access)
{
    switch (access) {
    case WEB_FREE:
        return true;
    case WEB_BASIC:
        return admit_basic(v, x);
    case WEB_FLAGS:
    case WEB_METRICS:
    case WEB_PPROF:
    case WEB_RELOAD:
        break;
    }
    struct password *key = &v->passwords[access];
    return password_is_asked(key) ? admit_key(v, x, key) : admit_basic(v, x);
}
