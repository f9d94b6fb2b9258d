// SPDX-License-Identifier: Apache-2.0
#include "vmalert/client_auth.h"

#include "base/text/unicode.h"
#include "base/text/url.h"

#define DOCS                                                                                       \
    "see https://docs.victoriametrics.com/victoriametrics/sd_configs/#http-api-client-options"

// ---- headers -----------------------------------------------------------------------------------

void headers_drop(struct http_header *list, size_t *count, str name)
{
    size_t kept = 0;
    for (size_t i = 0; i < *count; i++) {
        if (!str_eq_nocase(list[i].name, name))
            list[kept++] = list[i];
    }
    *count = kept;
}

void headers_set(struct http_header *list, size_t *count, str name, str value)
{
    for (size_t i = 0; i < *count; i++) {
        if (!str_eq_nocase(list[i].name, name))
            continue;
        list[i] = (struct http_header){name, value};
        return;
    }
    list[(*count)++] = (struct http_header){name, value};
}

bool client_headers_parse(const struct str_list *lines, struct arena *mem, struct http_header **ret,
                          size_t *ret_count, struct err *err)
{
    *ret = arena_array(mem, struct http_header, lines->count);
    *ret_count = 0;
    for (size_t i = 0; i < lines->count; i++) {
        str name, value;
        if (!str_cut(lines->items[i], ':', &name, &value))
            return err_set(err, ERR_SYNTAX,
                           "cannot parse headers: missing ':' in header \"%.*s\"; expecting "
                           "\"key: value\" format",
                           STR(lines->items[i]));
        (*ret)[(*ret_count)++] =
            (struct http_header){httpconf_canonical_name(str_trim(name), mem), str_trim(value)};
    }
    return true;
}

bool client_headers_parse_flag(str text, struct arena *mem, struct http_header **ret,
                               size_t *ret_count, struct err *err)
{
    struct str_list lines = {.items = arena_array(mem, str, text.n / 2 + 1)};
    while (text.n) {
        size_t at = str_find_str(text, S("^^"));
        lines.items[lines.count++] = at == STR_NONE ? text : str_slice(text, 0, at);
        text = at == STR_NONE ? (str){0} : str_skip(text, at + 2);
    }
    return client_headers_parse(&lines, mem, ret, ret_count, err);
}

static bool build_headers(const struct str_list *lines, struct arena *mem,
                          const struct httpconf_header **ret, size_t *ret_count, struct err *err)
{
    struct http_header *parsed;
    if (!client_headers_parse(lines, mem, &parsed, ret_count, err))
        return false;
    struct httpconf_header *headers = arena_array(mem, struct httpconf_header, *ret_count);
    for (size_t i = 0; i < *ret_count; i++)
        headers[i] = (struct httpconf_header){parsed[i].name, {.text = parsed[i].value}};
    *ret = headers;
    return true;
}

// ---- TLS ---------------------------------------------------------------------------------------

static bool parse_version(str text, struct arena *mem, enum httpconf_tls_version *ret,
                          struct err *err)
{
    char *upper = arena_c(mem, text);
    for (size_t i = 0; i < text.n; i++) {
        if (upper[i] >= 'a' && upper[i] <= 'z')
            upper[i] ^= 'a' ^ 'A';
    }
    if (httpconf_parse_tls_version(str_c(upper), ret))
        return true;
    return err_set(err, ERR_INVALID,
                   "cannot parse `min_version`: unsupported TLS version \"%.*s\"; supported values "
                   "are TLS10, TLS11, TLS12 and TLS13",
                   STR(text));
}

static struct httpconf_secret secret(str text, str file)
{
    return (struct httpconf_secret){.text = text, .file = text.n ? (str){0} : file};
}

static bool build_tls(const struct client_tls *t, struct arena *mem, struct httpconf_tls *ret,
                      struct err *err)
{
    if (!t)
        return true;
    *ret = (struct httpconf_tls){
        .ca = secret(t->ca, t->ca_file),
        .server_name = t->server_name,
        .insecure_skip_verify = t->insecure_skip_verify,
    };
    bool is_inline = t->cert.n || t->key.n;
    ret->cert = is_inline ? secret(t->cert, S("")) : secret(S(""), t->cert_file);
    ret->key = is_inline ? secret(t->key, S("")) : secret(S(""), t->key_file);
    return parse_version(t->min_version, mem, &ret->min_version, err);
}

bool client_auth_read_ca(struct env *env, struct httpconf *conf, struct arena *mem, struct err *err)
{
    struct httpconf_secret *ca = &conf->tls.ca;
    struct buf text = {0};
    if (ca->file.n == 0)
        return true;
    bool ok = env_file_read(env, ca->file, CLIENT_CA_BYTES_MAX, &text, err) ||
              err_wrap(err, "cannot load root CAs: cannot read `ca_file`");
    if (ok)
        *ca = (struct httpconf_secret){.text = arena_str(mem, buf_str(&text))};
    buf_done(&text);
    return ok;
}

// ---- OAuth2 ------------------------------------------------------------------------------------

bool client_oauth2_build(const struct client_oauth2 *o, struct arena *mem,
                         struct httpconf_oauth2 *ret, struct err *err)
{
    struct url url;
    if (o->client_id.n == 0)
        return err_set(err, ERR_INVALID, "client_id cannot be empty");
    if (o->client_secret.n == 0 && o->client_secret_file.n == 0)
        return err_set(err, ERR_INVALID, "ClientSecret or ClientSecretFile must be set");
    if (o->client_secret.n && o->client_secret_file.n)
        return err_set(err, ERR_INVALID,
                       "ClientSecret and ClientSecretFile cannot be set simultaneously");
    if (o->token_url.n == 0)
        return err_set(err, ERR_INVALID, "token_url cannot be empty");
    struct httpconf_pair *params = arena_array(mem, struct httpconf_pair, o->endpoint_params.count);
    for (size_t i = 0; i < o->endpoint_params.count; i++)
        params[i] = (struct httpconf_pair){o->endpoint_params.items[i].key,
                                           o->endpoint_params.items[i].value};
    *ret = (struct httpconf_oauth2){
        .token_url = o->token_url,
        .client_id = o->client_id,
        .client_secret = {o->client_secret, o->client_secret_file},
        .scopes = o->scopes.items,
        .scope_count = o->scopes.count,
        .params = params,
        .param_count = o->endpoint_params.count,
        .proxy = {.url = o->proxy_url, .from_environment = o->proxy_url.n == 0},
    };
    if (o->proxy_url.n && !url_parse(o->proxy_url, mem, &url, err))
        return err_wrap(err, "cannot parse proxy_url");
    return build_headers(&o->headers, mem, &ret->headers, &ret->header_count, err) &&
           (build_tls(o->tls, mem, &ret->tls, err) ||
            err_wrap(err, "cannot initialize TLS for OAuth2"));
}

// ---- the scheme --------------------------------------------------------------------------------

static str quoted(str s, struct arena *mem)
{
    struct buf b = {0};
    buf_put_quoted(&b, s);
    str text = arena_str(mem, buf_str(&b));
    buf_done(&b);
    return text;
}

static bool build_authorization(const struct client_authorization *a, struct arena *mem,
                                struct httpconf *ret, struct err *err)
{
    if (a->credentials.n && a->credentials_file.n) // the secret itself is not repeated
        return err_set(err, ERR_INVALID,
                       "both `credentials`=\"<secret>\" and `credentials_file`=%.*s are set",
                       STR(quoted(a->credentials_file, mem)));
    ret->auth = HTTPCONF_AUTHORIZATION;
    ret->type = a->type.n ? a->type : S("Bearer");
    ret->credentials = (struct httpconf_secret){a->credentials, a->credentials_file};
    return true;
}

static bool build_basic(const struct client_basic_auth *b, struct httpconf *ret, struct err *err)
{
    if (ret->auth != HTTPCONF_NO_AUTH)
        return err_set(err, ERR_INVALID, "cannot use both `authorization` and `basic_auth`");
    if (!b->username.n && !b->username_file.n && !b->password.n && !b->password_file.n)
        return err_set(err, ERR_INVALID,
                       "missing `username`, `username_file`, `password` and `password_file` in "
                       "`basic_auth` section; please specify at least one; " DOCS);
    if (b->username.n && b->username_file.n)
        return err_set(err, ERR_INVALID,
                       "both `username` and `username_file` are set in `basic_auth` section; "
                       "please specify only one; " DOCS);
    if (b->password.n && b->password_file.n)
        return err_set(err, ERR_INVALID,
                       "both `password` and `password_file` are set in `basic_auth` section; "
                       "please specify only one; " DOCS);
    ret->auth = HTTPCONF_BASIC;
    ret->username = (struct httpconf_secret){b->username, b->username_file};
    ret->password = (struct httpconf_secret){b->password, b->password_file};
    return true;
}

static bool build_bearer(const struct client_auth *a, struct arena *mem, struct httpconf *ret,
                         struct err *err)
{
    bool is_taken = ret->auth != HTTPCONF_NO_AUTH;
    if (a->bearer_token_file.n && is_taken)
        return err_set(err, ERR_INVALID,
                       "cannot simultaneously use `authorization`, `basic_auth` and "
                       "`bearer_token_file`");
    if (a->bearer_token_file.n && a->bearer_token.n)
        return err_set(err, ERR_INVALID,
                       "both `bearer_token`=\"<secret>\" and `bearer_token_file`=%.*s are set",
                       STR(quoted(a->bearer_token_file, mem)));
    if (a->bearer_token.n && is_taken)
        return err_set(err, ERR_INVALID,
                       "cannot simultaneously use `authorization`, `basic_auth` and "
                       "`bearer_token`");
    if (!a->bearer_token.n && !a->bearer_token_file.n)
        return true;
    ret->auth = HTTPCONF_AUTHORIZATION;
    ret->type = S("Bearer");
    ret->credentials = (struct httpconf_secret){a->bearer_token, a->bearer_token_file};
    return true;
}

static bool build_oauth2(const struct client_oauth2 *o, struct arena *mem, struct httpconf *ret,
                         struct err *err)
{
    if (ret->auth != HTTPCONF_NO_AUTH)
        return err_set(err, ERR_INVALID,
                       "cannot simultaneously use `authorization`, `basic_auth, `bearer_token` and "
                       "`oauth2`");
    struct httpconf_oauth2 *oauth2 = arena_new(mem, struct httpconf_oauth2);
    if (!client_oauth2_build(o, mem, oauth2, err))
        return err_wrap(err, "cannot initialize oauth2");
    ret->auth = HTTPCONF_OAUTH2;
    ret->oauth2 = oauth2;
    return true;
}

bool client_auth_build(const struct client_auth *a, struct arena *mem, struct httpconf *ret,
                       struct err *err)
{
    *ret = (struct httpconf){.dialect = HTTPCONF_VM, .proxy.from_environment = true};
    return (!a->authorization || build_authorization(a->authorization, mem, ret, err)) &&
           (!a->basic_auth || build_basic(a->basic_auth, ret, err)) &&
           build_bearer(a, mem, ret, err) &&
           (!a->oauth2 || build_oauth2(a->oauth2, mem, ret, err)) &&
           (build_tls(a->tls, mem, &ret->tls, err) || err_wrap(err, "cannot initialize tls")) &&
           build_headers(&a->headers, mem, &ret->headers, &ret->header_count, err);
}
