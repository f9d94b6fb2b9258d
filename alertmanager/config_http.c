// SPDX-License-Identifier: Apache-2.0
// http_config and its parts: authentication, TLS, proxy, headers (upstream: common/config).
#include "alertmanager/config_int.h"

#define OMIT .is_omitted_when_empty = true

static size_t count_given(const str *items, size_t count)
{
    size_t given = 0;
    for (size_t i = 0; i < count; i++)
        given += items[i].n > 0;
    return given;
}

#define COUNT_GIVEN(...)                                                                           \
    count_given((str[]){__VA_ARGS__}, sizeof((str[]){__VA_ARGS__}) / sizeof(str))

// ---- tls_config --------------------------------------------------------------------------------

static bool is_tls_version(str s)
{
    return s.n == 0 || str_eq(s, S("TLS10")) || str_eq(s, S("TLS11")) || str_eq(s, S("TLS12")) ||
           str_eq(s, S("TLS13"));
}

static bool check_tls(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    (void)node;
    const struct tls_conf *t = to;
    str version = is_tls_version(t->min_version) ? t->max_version : t->min_version;
    if (!is_tls_version(version))
        return yaml_fail(b, "unknown TLS version: %.*s", STR(version));
    if (COUNT_GIVEN(t->ca, t->ca_file, t->ca_ref) > 1)
        return yaml_fail(b, "at most one of ca, ca_file & ca_ref must be configured");
    size_t certs = COUNT_GIVEN(t->cert, t->cert_file, t->cert_ref);
    size_t keys = COUNT_GIVEN(t->key, t->key_file, t->key_ref);
    if (certs > 1)
        return yaml_fail(b, "at most one of cert, cert_file & cert_ref must be configured");
    if (keys > 1)
        return yaml_fail(b, "at most one of key and key_file must be configured");
    if (certs && !keys)
        return yaml_fail(b, "exactly one of key or key_file must be configured when a client "
                            "certificate is configured");
    if (keys && !certs)
        return yaml_fail(b, "exactly one of cert or cert_file must be configured when a client "
                            "key is configured");
    return true;
}

static const struct yaml_field TLS_FIELDS[] = {
    YAML_FIELD(struct tls_conf, ca, "ca", YAML_T_STR, OMIT),
    YAML_FIELD(struct tls_conf, cert, "cert", YAML_T_STR, OMIT),
    YAML_FIELD(struct tls_conf, key, "key", YAML_T_SECRET, OMIT),
    YAML_FIELD(struct tls_conf, ca_file, "ca_file", YAML_T_STR, OMIT),
    YAML_FIELD(struct tls_conf, cert_file, "cert_file", YAML_T_STR, OMIT),
    YAML_FIELD(struct tls_conf, key_file, "key_file", YAML_T_STR, OMIT),
    YAML_FIELD(struct tls_conf, ca_ref, "ca_ref", YAML_T_STR, OMIT),
    YAML_FIELD(struct tls_conf, cert_ref, "cert_ref", YAML_T_STR, OMIT),
    YAML_FIELD(struct tls_conf, key_ref, "key_ref", YAML_T_STR, OMIT),
    YAML_FIELD(struct tls_conf, server_name, "server_name", YAML_T_STR, OMIT),
    YAML_FIELD(struct tls_conf, insecure_skip_verify, "insecure_skip_verify", YAML_T_BOOL),
    YAML_FIELD(struct tls_conf, min_version, "min_version", YAML_T_STR, OMIT),
    YAML_FIELD(struct tls_conf, max_version, "max_version", YAML_T_STR, OMIT),
    {0},
};
const struct yaml_struct TLS_CONF_YAML = {.type_name = "config.plain",
                                          .bytes = sizeof(struct tls_conf),
                                          .fields = TLS_FIELDS,
                                          .check = check_tls};

void tls_conf_join_dir(struct tls_conf *t, str dir, struct arena *mem)
{
    if (!t)
        return;
    t->ca_file = path_join(dir, t->ca_file, mem);
    t->cert_file = path_join(dir, t->cert_file, mem);
    t->key_file = path_join(dir, t->key_file, mem);
}

// ---- authentication ----------------------------------------------------------------------------

static const struct yaml_field BASIC_AUTH_FIELDS[] = {
    YAML_FIELD(struct basic_auth_conf, username, "username", YAML_T_STR, OMIT),
    YAML_FIELD(struct basic_auth_conf, username_file, "username_file", YAML_T_STR, OMIT),
    YAML_FIELD(struct basic_auth_conf, username_ref, "username_ref", YAML_T_STR, OMIT),
    YAML_FIELD(struct basic_auth_conf, password, "password", YAML_T_SECRET, OMIT),
    YAML_FIELD(struct basic_auth_conf, password_file, "password_file", YAML_T_STR, OMIT),
    YAML_FIELD(struct basic_auth_conf, password_ref, "password_ref", YAML_T_STR, OMIT),
    {0},
};
static const struct yaml_struct BASIC_AUTH_YAML = {.type_name = "config.plain",
                                                   .bytes = sizeof(struct basic_auth_conf),
                                                   .fields = BASIC_AUTH_FIELDS};

static const struct yaml_field AUTHORIZATION_FIELDS[] = {
    YAML_FIELD(struct authorization_conf, type, "type", YAML_T_STR, OMIT),
    YAML_FIELD(struct authorization_conf, credentials, "credentials", YAML_T_SECRET, OMIT),
    YAML_FIELD(struct authorization_conf, credentials_file, "credentials_file", YAML_T_STR, OMIT),
    YAML_FIELD(struct authorization_conf, credentials_ref, "credentials_ref", YAML_T_STR, OMIT),
    {0},
};
static const struct yaml_struct AUTHORIZATION_YAML = {.type_name = "config.Authorization",
                                                      .bytes = sizeof(struct authorization_conf),
                                                      .fields = AUTHORIZATION_FIELDS};

// ---- proxy -------------------------------------------------------------------------------------

static const struct yaml_field PROXY_FIELDS[] = {
    YAML_FIELD(struct proxy_conf, url, "proxy_url", YAML_T_CUSTOM, YAML_URL_ANY_SCHEME, OMIT),
    YAML_FIELD(struct proxy_conf, no_proxy, "no_proxy", YAML_T_STR, OMIT),
    YAML_FIELD(struct proxy_conf, from_environment, "proxy_from_environment", YAML_T_BOOL, OMIT),
    YAML_FIELD(struct proxy_conf, connect_header, "proxy_connect_header", YAML_T_CUSTOM,
               YAML_PROXY_HEADERS, OMIT),
    {0},
};
static const struct yaml_struct PROXY_YAML = {
    .type_name = "config.plain", .bytes = sizeof(struct proxy_conf), .fields = PROXY_FIELDS};

static bool check_proxy(struct yaml_binder *b, const struct proxy_conf *p)
{
    if (p->connect_header.count && !p->from_environment && !p->url.text.n)
        return yaml_fail(b, "if proxy_connect_header is configured, proxy_url or "
                            "proxy_from_environment must also be configured");
    if (p->from_environment && p->url.text.n)
        return yaml_fail(
            b, "if proxy_from_environment is configured, proxy_url must not be configured");
    if (p->from_environment && p->no_proxy.n)
        return yaml_fail(
            b, "if proxy_from_environment is configured, no_proxy must not be configured");
    if (!p->url.text.n && p->no_proxy.n)
        return yaml_fail(b, "if no_proxy is configured, proxy_url must also be configured");
    return true;
}

// ---- oauth2 ------------------------------------------------------------------------------------

#define GRANT_JWT S("urn:ietf:params:oauth:grant-type:jwt-bearer")

static const struct yaml_field OAUTH2_FIELDS[] = {
    YAML_FIELD(struct oauth2_conf, client_id, "client_id", YAML_T_STR),
    YAML_FIELD(struct oauth2_conf, client_secret, "client_secret", YAML_T_SECRET, OMIT),
    YAML_FIELD(struct oauth2_conf, client_secret_file, "client_secret_file", YAML_T_STR, OMIT),
    YAML_FIELD(struct oauth2_conf, client_secret_ref, "client_secret_ref", YAML_T_STR, OMIT),
    YAML_FIELD(struct oauth2_conf, client_certificate_key_id, "client_certificate_key_id",
               YAML_T_STR, OMIT),
    YAML_FIELD(struct oauth2_conf, client_certificate_key, "client_certificate_key", YAML_T_SECRET,
               OMIT),
    YAML_FIELD(struct oauth2_conf, client_certificate_key_file, "client_certificate_key_file",
               YAML_T_STR, OMIT),
    YAML_FIELD(struct oauth2_conf, client_certificate_key_ref, "client_certificate_key_ref",
               YAML_T_STR, OMIT),
    YAML_FIELD(struct oauth2_conf, grant_type, "grant_type", YAML_T_STR, OMIT),
    YAML_FIELD(struct oauth2_conf, signature_algorithm, "signature_algorithm", YAML_T_STR, OMIT),
    YAML_FIELD(struct oauth2_conf, iss, "iss", YAML_T_STR, OMIT),
    YAML_FIELD(struct oauth2_conf, audience, "audience", YAML_T_STR, OMIT),
    YAML_FIELD(struct oauth2_conf, claims, "claims", YAML_T_NODE, OMIT),
    YAML_FIELD(struct oauth2_conf, scopes, "scopes", YAML_T_STRS, OMIT),
    YAML_FIELD(struct oauth2_conf, token_url, "token_url", YAML_T_STR),
    YAML_FIELD(struct oauth2_conf, endpoint_params, "endpoint_params", YAML_T_STR_MAP, OMIT),
    YAML_FIELD(struct oauth2_conf, tls, "tls_config", YAML_T_STRUCT, .sub = &TLS_CONF_YAML, OMIT),
    YAML_FIELD(struct oauth2_conf, proxy, "", YAML_T_STRUCT, .sub = &PROXY_YAML, .is_inline = true),
    {0},
};
static const struct yaml_struct OAUTH2_YAML = {
    .type_name = "config.plain", .bytes = sizeof(struct oauth2_conf), .fields = OAUTH2_FIELDS};

static bool is_signature_algorithm(str s)
{
    return s.n == 0 || str_eq(s, S("RS256")) || str_eq(s, S("RS384")) || str_eq(s, S("RS512"));
}

static bool check_oauth2(struct yaml_binder *b, const struct oauth2_conf *o)
{
    if (o->client_id.n == 0)
        return yaml_fail(b, "oauth2 client_id must be configured");
    if (o->token_url.n == 0)
        return yaml_fail(b, "oauth2 token_url must be configured");
    if (!str_eq(o->grant_type, GRANT_JWT)) {
        if (COUNT_GIVEN(o->client_secret, o->client_secret_file, o->client_secret_ref) > 1)
            return yaml_fail(b, "at most one of oauth2 client_secret, client_secret_file & "
                                "client_secret_ref must be configured using "
                                "grant-type=client_credentials");
        return true;
    }
    if (COUNT_GIVEN(o->client_certificate_key, o->client_certificate_key_file,
                    o->client_certificate_key_ref) > 1)
        return yaml_fail(b, "at most one of oauth2 client_certificate_key, "
                            "client_certificate_key_file & client_certificate_key_ref must be "
                            "configured using "
                            "grant-type=urn:ietf:params:oauth:grant-type:jwt-bearer");
    return is_signature_algorithm(o->signature_algorithm) ||
           yaml_fail(b, "valid signature algorithms are RS256, RS384 and RS512");
}

// ---- the whole ---------------------------------------------------------------------------------

static void http_defaults(struct yaml_binder *b, void *to)
{
    (void)b;
    struct http_conf *c = to;
    c->follow_redirects = c->enable_http2 = true;
}

struct http_conf *http_conf_default(struct arena *mem)
{
    struct http_conf *c = arena_new(mem, struct http_conf);
    http_defaults(NULL, c);
    return c;
}

static bool check_basic_auth(struct yaml_binder *b, const struct basic_auth_conf *a)
{
    if (COUNT_GIVEN(a->username, a->username_file, a->username_ref) > 1)
        return yaml_fail(b, "at most one of basic_auth username, username_file & username_ref "
                            "must be configured");
    if (COUNT_GIVEN(a->password, a->password_file, a->password_ref) > 1)
        return yaml_fail(b, "at most one of basic_auth password, password_file & password_ref "
                            "must be configured");
    return true;
}

static bool check_authorization(struct yaml_binder *b, struct http_conf *c)
{
    struct authorization_conf *a = c->authorization;
    if (c->bearer_token.n || c->bearer_token_file.n)
        return yaml_fail(b,
                         "authorization is not compatible with bearer_token & bearer_token_file");
    if (COUNT_GIVEN(a->credentials, a->credentials_file, a->credentials_ref) > 1)
        return yaml_fail(
            b, "at most one of authorization credentials & credentials_file must be configured");
    a->type = str_trim(a->type);
    if (a->type.n == 0)
        a->type = S("Bearer");
    if (str_eq_nocase(a->type, S("basic")))
        return yaml_fail(
            b, "authorization type cannot be set to \"basic\", use \"basic_auth\" instead");
    if (c->basic_auth || c->oauth2)
        return yaml_fail(b, "at most one of basic_auth, oauth2 & authorization must be configured");
    return true;
}

// The deprecated spelling becomes an authorization.
static void convert_bearer(struct http_conf *c, struct arena *mem)
{
    if (c->bearer_token.n == 0 && c->bearer_token_file.n == 0)
        return;
    c->authorization = arena_new(mem, struct authorization_conf);
    *c->authorization = (struct authorization_conf){.type = S("Bearer"),
                                                    .credentials = c->bearer_token,
                                                    .credentials_file = c->bearer_token_file};
    c->bearer_token = c->bearer_token_file = S("");
}

static bool check_http(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    (void)node;
    struct http_conf *c = to;
    bool has_bearer = c->bearer_token.n || c->bearer_token_file.n;
    if (c->bearer_token.n && c->bearer_token_file.n)
        return yaml_fail(b, "at most one of bearer_token & bearer_token_file must be configured");
    if ((c->basic_auth || c->oauth2) && has_bearer)
        return yaml_fail(b, "at most one of basic_auth, oauth2, bearer_token & bearer_token_file "
                            "must be configured");
    if (c->basic_auth && !check_basic_auth(b, c->basic_auth))
        return false;
    if (c->authorization && !check_authorization(b, c))
        return false;
    convert_bearer(c, b->mem);
    if (c->oauth2) {
        if (c->basic_auth)
            return yaml_fail(
                b, "at most one of basic_auth, oauth2 & authorization must be configured");
        if (!check_oauth2(b, c->oauth2) || !check_proxy(b, &c->oauth2->proxy))
            return false;
    }
    return check_proxy(b, &c->proxy) && check_headers(b, &c->headers);
}

static const struct yaml_field HTTP_FIELDS[] = {
    YAML_FIELD(struct http_conf, basic_auth, "basic_auth", YAML_T_PTR, .sub = &BASIC_AUTH_YAML,
               OMIT),
    YAML_FIELD(struct http_conf, authorization, "authorization", YAML_T_PTR,
               .sub = &AUTHORIZATION_YAML, OMIT),
    YAML_FIELD(struct http_conf, oauth2, "oauth2", YAML_T_PTR, .sub = &OAUTH2_YAML, OMIT),
    YAML_FIELD(struct http_conf, bearer_token, "bearer_token", YAML_T_SECRET, OMIT),
    YAML_FIELD(struct http_conf, bearer_token_file, "bearer_token_file", YAML_T_STR, OMIT),
    YAML_FIELD(struct http_conf, tls, "tls_config", YAML_T_STRUCT, .sub = &TLS_CONF_YAML, OMIT),
    YAML_FIELD(struct http_conf, follow_redirects, "follow_redirects", YAML_T_BOOL),
    YAML_FIELD(struct http_conf, enable_http2, "enable_http2", YAML_T_BOOL),
    YAML_FIELD(struct http_conf, proxy, "", YAML_T_STRUCT, .sub = &PROXY_YAML, .is_inline = true),
    YAML_FIELD(struct http_conf, headers, "http_headers", YAML_T_CUSTOM, YAML_HEADERS, OMIT),
    {0},
};
const struct yaml_struct HTTP_CONF_YAML = {.type_name = "config.plain",
                                           .bytes = sizeof(struct http_conf),
                                           .fields = HTTP_FIELDS,
                                           .set_defaults = http_defaults,
                                           .check = check_http};

void http_conf_join_dir(struct http_conf *c, str dir, struct arena *mem)
{
    tls_conf_join_dir(&c->tls, dir, mem);
    if (c->basic_auth) {
        c->basic_auth->username_file = path_join(dir, c->basic_auth->username_file, mem);
        c->basic_auth->password_file = path_join(dir, c->basic_auth->password_file, mem);
    }
    if (c->authorization)
        c->authorization->credentials_file =
            path_join(dir, c->authorization->credentials_file, mem);
    if (c->oauth2) {
        c->oauth2->client_secret_file = path_join(dir, c->oauth2->client_secret_file, mem);
        tls_conf_join_dir(&c->oauth2->tls, dir, mem);
    }
    for (size_t i = 0; i < c->headers.count; i++) {
        struct str_list *files = &c->headers.items[i].files;
        for (size_t f = 0; f < files->count; f++)
            files->items[f] = path_join(dir, files->items[f], mem);
    }
}
