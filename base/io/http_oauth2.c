// SPDX-License-Identifier: Apache-2.0
// OAuth2 tokens (RFC 6749 §4.4, RFC 7523), with the requests and error texts of Go's oauth2
// library. How a server wants the client to identify itself is found out: first by HTTP Basic, and
// where that fails for whatever reason, in the body. The way that worked is remembered.
#include "base/core/alloc.h"
#include "base/io/http_auth.h"
#include "base/text/encode.h"
#include "base/text/json.h"
#include "base/text/unicode.h"
#include "base/text/url.h"

#define JWT_GRANT          S("urn:ietf:params:oauth:grant-type:jwt-bearer")
#define EXPIRES_IN_MAX     INT32_MAX // seconds
#define TOKEN_ERROR_TTL_VM DUR_SECONDS(1)
#define SHOWN_BODY_BYTES   1024

static void token_request(struct auth_fetch *f);

// ---- which token -------------------------------------------------------------------------------

static void put_part(struct buf *b, str s)
{
    buf_put_u64(b, s.n);
    buf_put_c(b, ':');
    buf_put(b, s);
}

static void put_secret(struct buf *b, const struct httpconf_secret *s)
{
    put_part(b, s->text);
    put_part(b, s->file);
}

static void put_pairs(struct buf *b, const struct httpconf_pair *pairs, size_t count)
{
    buf_printf(b, "%zu;", count);
    for (size_t i = 0; i < count; i++) {
        put_part(b, pairs[i].name);
        put_part(b, pairs[i].value);
    }
}

// Everything that a token depends on: another secret is another token.
static void token_key(const struct http_call *call, const struct httpconf_oauth2 *o, str secret,
                      uint8_t ret[SHA256_BYTES])
{
    struct buf b = {0};
    buf_printf(&b, "token %d %d %u;", (int)call->conf->dialect, (int)o->is_jwt, o->signature_bits);
    const str parts[] = {o->token_url, o->client_id,      secret,
                         o->key_id,    o->issuer,         o->audience,
                         o->proxy.url, o->proxy.no_proxy, o->tls.server_name};
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        put_part(&b, parts[i]);
    for (size_t i = 0; i < o->scope_count; i++)
        put_part(&b, o->scopes[i]);
    put_pairs(&b, o->params, o->param_count);
    put_pairs(&b, o->claims, o->claim_count);
    for (size_t i = 0; i < o->header_count; i++) {
        put_part(&b, o->headers[i].name);
        put_secret(&b, &o->headers[i].value);
    }
    put_secret(&b, &o->tls.ca);
    put_secret(&b, &o->tls.cert);
    put_secret(&b, &o->tls.key);
    buf_printf(&b, "%d %d %d %d", (int)o->tls.insecure_skip_verify, (int)o->tls.min_version,
               (int)o->tls.max_version, (int)o->proxy.from_environment);
    sha256(buf_str(&b), ret);
    buf_done(&b);
}

// ---- the answer --------------------------------------------------------------------------------

struct token_answer {
    str access_token, token_type;
    int64_t expires_in; // s; 0: never
    str error, error_description, error_uri;
};

static int64_t expires_in(const json *v)
{
    int64_t seconds = 0;
    if (json_is_number(v))
        seconds = (int64_t)CLAMP(json_number(v), 0.0, (double)EXPIRES_IN_MAX);
    else if (!str_to_i64(json_str(v), &seconds))
        seconds = 0;
    return CLAMP(seconds, 0, EXPIRES_IN_MAX);
}

static bool parse_json(str body, struct arena *mem, struct token_answer *ret, struct err *err)
{
    const json *v = json_parse(body, false, mem, err);
    if (!v)
        return err_wrap(err, "oauth2: cannot parse json");
    *ret = (struct token_answer){
        .access_token = json_str(json_get_nocase(v, S("access_token"))),
        .token_type = json_str(json_get_nocase(v, S("token_type"))),
        .expires_in = expires_in(json_get_nocase(v, S("expires_in"))),
        .error = json_str(json_get_nocase(v, S("error"))),
        .error_description = json_str(json_get_nocase(v, S("error_description"))),
        .error_uri = json_str(json_get_nocase(v, S("error_uri"))),
    };
    return true;
}

static void parse_form(str body, struct arena *mem, struct token_answer *ret)
{
    struct url_params params;
    int64_t seconds = 0;
    url_params_parse(body, mem, &params);
    if (!str_to_i64(url_param_first(&params, S("expires_in"), NULL), &seconds))
        seconds = 0;
    *ret = (struct token_answer){
        .access_token = url_param_first(&params, S("access_token"), NULL),
        .token_type = url_param_first(&params, S("token_type"), NULL),
        .expires_in = CLAMP(seconds, 0, EXPIRES_IN_MAX),
        .error = url_param_first(&params, S("error"), NULL),
        .error_description = url_param_first(&params, S("error_description"), NULL),
        .error_uri = url_param_first(&params, S("error_uri"), NULL),
    };
}

static bool is_form(const struct http_response *r)
{
    str type, rest;
    str_cut(http_header_find(r->headers, r->header_count, S("Content-Type")), ';', &type, &rest);
    type = str_trim(type);
    return str_eq_nocase(type, S("application/x-www-form-urlencoded")) ||
           str_eq_nocase(type, S("text/plain"));
}

static void set_token_error(struct err *err, const struct token_answer *t)
{
    struct buf text = {0};
    buf_put_quoted(&text, t->error);
    if (t->error_description.n) {
        buf_put_c(&text, ' ');
        buf_put_quoted(&text, t->error_description);
    }
    if (t->error_uri.n) {
        buf_put_c(&text, ' ');
        buf_put_quoted(&text, t->error_uri);
    }
    err_set(err, ERR_INVALID, "oauth2: %.*s", STR(buf_str(&text)));
    buf_done(&text);
}

static bool read_answer(struct auth_fetch *f, const struct http_response *r, str reason,
                        struct token_answer *ret, struct err *err)
{
    bool is_good = r->status >= 200 && r->status <= 299;
    bool is_parsed = true;
    struct err parse_err = ERR_INIT;
    if (is_form(r))
        parse_form(r->body, &f->mem, ret);
    else
        is_parsed = parse_json(r->body, &f->mem, ret, &parse_err);
    if (is_parsed && ret->error.n) {
        set_token_error(err, ret);
        return false;
    }
    if (!is_good)
        return err_set(err, ERR_INVALID, "oauth2: cannot fetch token: %d%s%.*s\nResponse: %.*s",
                       r->status, reason.n ? " " : "", STR(reason),
                       STR(str_slice(r->body, 0, SHOWN_BODY_BYTES)));
    if (!is_parsed) {
        *err = parse_err;
        return false;
    }
    return ret->access_token.n ||
           err_set(err, ERR_INVALID, "oauth2: server response missing access_token");
}

static str type_name(str type)
{
    static const char *const KNOWN[] = {"Bearer", "MAC", "Basic"};
    for (size_t i = 0; i < ARRAY_LEN(KNOWN); i++) {
        if (str_eq_nocase(type, str_c(KNOWN[i])))
            return str_c(KNOWN[i]);
    }
    return type.n ? type : S("Bearer");
}

static void token_failed(struct auth_fetch *f)
{
    if (f->is_probing) {
        f->is_probing = false;
        f->style = TOKEN_STYLE_BODY;
        token_request(f);
        return;
    }
    f->style = TOKEN_STYLE_UNKNOWN;
    if (f->dialect == HTTPCONF_VM)
        err_wrap(&f->err, "cannot get OAuth2 token");
    auth_fetch_end(f, f->dialect == HTTPCONF_VM ? TOKEN_ERROR_TTL_VM : 0);
}

static void on_token(void *owner, const struct http_response *response, const struct err *err)
{
    struct auth_fetch *f = owner;
    struct token_answer answer = {0};
    str reason = arena_str(&f->mem, take(&f->call)->reason);
    buf_clear(&f->value);
    if (!response) {
        struct url url;
        struct buf shown = {0};
        f->err = *err;
        if (url_parse(f->url, &f->mem, &url, NULL))
            buf_put_url_redacted(&shown, &url);
        err_wrap(&f->err, "Post \"%.*s\"", STR(buf_str(&shown)));
        buf_done(&shown);
        token_failed(f);
        return;
    }
    err_clear(&f->err);
    if (!read_answer(f, response, reason, &answer, &f->err)) {
        token_failed(f);
        return;
    }
    buf_put(&f->value, type_name(answer.token_type));
    buf_put_c(&f->value, ' ');
    buf_put(&f->value, answer.access_token);
    dur_ns good_for =
        answer.expires_in ? DUR_SECONDS(answer.expires_in) - HTTP_TOKEN_EARLY : MONO_NEVER;
    auth_fetch_end(f, good_for);
}

// ---- the request -------------------------------------------------------------------------------

static void put_form(struct auth_fetch *f, struct buf *body)
{
    struct url_param *items = arena_array(&f->mem, struct url_param, f->param_count + 2);
    struct url_params params = {items, 0};
    bool in_body = f->style == TOKEN_STYLE_BODY;
    for (size_t i = 0; i < f->param_count; i++) {
        str name = f->params[i].name;
        bool is_ours = in_body && (str_eq(name, S("client_id")) ||
                                   (str_eq(name, S("client_secret")) && f->client_secret.n));
        if (!is_ours)
            items[params.count++] = (struct url_param){name, f->params[i].value};
    }
    if (in_body) {
        items[params.count++] = (struct url_param){S("client_id"), f->client_id};
        if (f->client_secret.n)
            items[params.count++] = (struct url_param){S("client_secret"), f->client_secret};
    }
    buf_put_params(body, &params);
}

static str basic_value(struct auth_fetch *f)
{
    struct buf pair = {0}, text = {0};
    buf_put_query_escaped(&pair, f->client_id);
    buf_put_c(&pair, ':');
    buf_put_query_escaped(&pair, f->client_secret);
    buf_put(&text, S("Basic "));
    buf_put_base64(&text, buf_str(&pair));
    str value = arena_str(&f->mem, buf_str(&text));
    buf_done(&pair);
    buf_done(&text);
    return value;
}

static void token_request(struct auth_fetch *f)
{
    struct http_header headers[3] = {{S("Content-Type"), S("application/x-www-form-urlencoded")}};
    size_t count = 1;
    if (f->user_agent.n)
        headers[count++] = (struct http_header){S("User-Agent"), f->user_agent};
    if (f->style == TOKEN_STYLE_HEADER)
        headers[count++] = (struct http_header){S("Authorization"), basic_value(f)};
    struct buf body = {0};
    put_form(f, &body);
    struct http_request request = {
        .method = S("POST"),
        .url = f->url,
        .headers = headers,
        .header_count = count,
        .body = buf_str(&body),
        .timeout = HTTP_FETCH_TIMEOUT,
        .response_bytes_max = HTTP_TOKEN_BYTES_MAX,
        .conf = &f->conf,
    };
    f->call = http_client_start(&f->auth->env->env, &request, on_token, f);
    buf_done(&body);
}

static void params_set(struct auth_fetch *f, str name, str value)
{
    for (size_t i = 0; i < f->param_count; i++) {
        if (str_eq(f->params[i].name, name)) {
            f->params[i].value = value;
            return;
        }
    }
    f->params[f->param_count++] = (struct httpconf_pair){name, value};
}

static bool has_param(const struct auth_fetch *f, str name)
{
    for (size_t i = 0; i < f->param_count; i++) {
        if (str_eq(f->params[i].name, name))
            return true;
    }
    return false;
}

// The endpoint's own parameters may replace grant_type, and no other.
static bool make_params(struct auth_fetch *f, const struct httpconf_oauth2 *o, str secret,
                        struct err *err)
{
    struct arena *mem = &f->mem;
    f->params = arena_array(mem, struct httpconf_pair, o->param_count + 3);
    params_set(f, S("grant_type"), o->is_jwt ? JWT_GRANT : S("client_credentials"));
    struct buf scope = {0};
    for (size_t i = 0; i < o->scope_count; i++)
        buf_printf(&scope, "%s%.*s", i ? " " : "", STR(o->scopes[i]));
    if (o->scope_count)
        params_set(f, S("scope"), arena_str(mem, buf_str(&scope)));
    buf_done(&scope);
    if (o->is_jwt) {
        struct buf assertion = {0};
        bool ok = jwt_put(&assertion, &f->auth->env->env, o, secret, err);
        params_set(f, S("assertion"), arena_str(mem, buf_str(&assertion)));
        buf_done(&assertion);
        if (!ok)
            return false;
    }
    for (size_t i = 0; i < o->param_count; i++) {
        str name = o->params[i].name;
        if (has_param(f, name) && !str_eq(name, S("grant_type"))) {
            struct buf quoted = {0};
            buf_put_quoted(&quoted, name);
            err_set(err, ERR_INVALID, "oauth2: cannot overwrite parameter %.*s",
                    STR(buf_str(&quoted)));
            buf_done(&quoted);
            return false;
        }
        params_set(f, arena_str(mem, name), arena_str(mem, o->params[i].value));
    }
    return true;
}

static bool token_start(struct auth_fetch *f, const struct http_call *call,
                        const struct httpconf_oauth2 *o, str secret, struct err *err)
{
    struct arena *mem = &f->mem;
    f->dialect = call->conf->dialect;
    f->conf = (struct httpconf){.dialect = f->dialect,
                                .headers = httpconf_copy_headers(o->headers, o->header_count, mem),
                                .header_count = o->header_count,
                                .tls = httpconf_copy_tls(&o->tls, mem),
                                .proxy = httpconf_copy_proxy(&o->proxy, mem)};
    f->url = arena_str(mem, o->token_url);
    f->user_agent =
        arena_str(mem, http_header_find(call->headers, call->header_count, S("User-Agent")));
    if (!make_params(f, o, secret, err)) {
        arena_clear(mem);
        return false;
    }
    if (!o->is_jwt) {
        f->client_id = arena_str(mem, o->client_id);
        f->client_secret = arena_str(mem, secret);
        f->is_probing = f->style == TOKEN_STYLE_UNKNOWN;
        if (f->is_probing)
            f->style = TOKEN_STYLE_HEADER;
    }
    token_request(f);
    return true;
}

enum auth_verdict oauth2_header(struct http_call *call, const struct httpconf_oauth2 *o, str *ret)
{
    bool is_vm = call->conf->dialect == HTTPCONF_VM;
    str secret;
    uint8_t key[SHA256_BYTES];
    enum auth_verdict verdict =
        o->is_jwt
            ? auth_secret(call, &o->key, "unable to get oauth2 client certificate key", &secret)
            : auth_secret(call, &o->client_secret,
                          is_vm ? "cannot read OAuth2 secret"
                                : "unable to get oauth2 client secret",
                          &secret);
    if (verdict != AUTH_READY)
        return verdict;
    token_key(call, o, secret, key);
    struct auth_fetch *f = auth_fetch_get(http_client_auth(call->client), key);
    if (auth_fetch_is_good(f, call)) {
        if (f->err.code == ERR_NONE) {
            *ret = arena_str(&call->mem, buf_str(&f->value));
            return AUTH_READY;
        }
        call->err = f->err;
        return AUTH_FAILED;
    }
    if (!f->call && !token_start(f, call, o, secret, &call->err))
        return AUTH_FAILED;
    return auth_fetch_wait(f, call);
}
