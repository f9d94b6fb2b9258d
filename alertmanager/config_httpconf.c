// SPDX-License-Identifier: Apache-2.0
#include "alertmanager/config_httpconf.h"

#include "base/text/json_writer.h"

#define GRANT_JWT S("urn:ietf:params:oauth:grant-type:jwt-bearer")

// ---- parts -------------------------------------------------------------------------------------

static struct httpconf_secret secret(str text, str file)
{
    return (struct httpconf_secret){.text = file.n ? (str){0} : text, .file = file};
}

struct httpconf_tls config_httpconf_tls(const struct tls_conf *t)
{
    struct httpconf_tls tls = {
        .ca = secret(t->ca, t->ca_file),
        .cert = secret(t->cert, t->cert_file),
        .key = secret(t->key, t->key_file),
        .server_name = t->server_name,
        .insecure_skip_verify = t->insecure_skip_verify,
    };
    // Checked when the configuration was read.
    httpconf_parse_tls_version(t->min_version, &tls.min_version);
    httpconf_parse_tls_version(t->max_version, &tls.max_version);
    return tls;
}

static struct httpconf_proxy make_proxy(const struct proxy_conf *p, struct arena *mem)
{
    size_t count = 0;
    for (size_t i = 0; i < p->connect_header.count; i++)
        count += p->connect_header.items[i].values.count;
    struct httpconf_header *headers = arena_array(mem, struct httpconf_header, count);
    count = 0;
    for (size_t i = 0; i < p->connect_header.count; i++) {
        const struct proxy_header *h = &p->connect_header.items[i];
        for (size_t v = 0; v < h->values.count; v++)
            headers[count++] = (struct httpconf_header){httpconf_canonical_name(h->name, mem),
                                                        {.text = h->values.items[v]}};
    }
    return (struct httpconf_proxy){.url = p->url.text,
                                   .no_proxy = p->no_proxy,
                                   .from_environment = p->from_environment,
                                   .connect_headers = headers,
                                   .connect_header_count = count};
}

static size_t put_all(struct httpconf_header *to, str name, const struct str_list *values,
                      bool are_files)
{
    for (size_t i = 0; i < values->count; i++)
        to[i] = (struct httpconf_header){
            name, are_files ? (struct httpconf_secret){.file = values->items[i]}
                            : (struct httpconf_secret){.text = values->items[i]}};
    return values->count;
}

// Of one name first the values, then the secrets, then what is in files.
static void make_headers(const struct headers_conf *h, struct httpconf *to, struct arena *mem)
{
    size_t count = 0;
    for (size_t i = 0; i < h->count; i++)
        count += h->items[i].values.count + h->items[i].secrets.count + h->items[i].files.count;
    struct httpconf_header *headers = arena_array(mem, struct httpconf_header, count);
    struct httpconf_header *next = headers;
    for (size_t i = 0; i < h->count; i++) {
        const struct header_conf *from = &h->items[i];
        str name = httpconf_canonical_name(from->name, mem);
        next += put_all(next, name, &from->values, false);
        next += put_all(next, name, &from->secrets, false);
        next += put_all(next, name, &from->files, true);
    }
    to->headers = headers;
    to->header_count = count;
}

// ---- oauth2 ------------------------------------------------------------------------------------

// The types that YAML gives, as JSON has them.
static void put_json(struct json_writer *w, const struct yaml_node *node)
{
    bool boolean;
    int64_t integer;
    double number;
    str text;
    str tag = yaml_short_tag(node);
    switch (node->kind) {
    case YAML_NULL:
        json_put_null(w);
        return;
    case YAML_SEQUENCE:
        json_array_begin(w);
        yaml_each (i, node)
            put_json(w, node->items[i]);
        json_array_end(w);
        return;
    case YAML_MAPPING:
        json_object_begin(w);
        yaml_each (i, node) {
            json_put_key(w, node->members[i].key->text);
            put_json(w, node->members[i].value);
        }
        json_object_end(w);
        return;
    case YAML_SCALAR:
        if (str_eq(tag, S("!!bool")) && yaml_to_bool(node, &boolean))
            json_put_bool(w, boolean);
        else if (str_eq(tag, S("!!int")) && yaml_to_i64(node, &integer))
            json_put_i64(w, integer);
        else if (str_eq(tag, S("!!float")) && yaml_to_f64(node, &number))
            json_put_f64(w, number);
        else
            json_put_str(w, yaml_to_str(node, &text) ? text : (str){0});
        return;
    }
}

static void make_claims(const struct yaml_node *claims, struct httpconf_oauth2 *to,
                        struct arena *mem)
{
    if (!claims || claims->kind != YAML_MAPPING)
        return;
    struct httpconf_pair *pairs = arena_array(mem, struct httpconf_pair, claims->count);
    yaml_each (i, claims) {
        struct buf text = {0};
        struct json_writer w = {.out = &text, .escape = JSON_ESCAPE_HTML};
        put_json(&w, claims->members[i].value);
        pairs[i] =
            (struct httpconf_pair){claims->members[i].key->text, arena_str(mem, buf_str(&text))};
        buf_done(&text);
    }
    to->claims = pairs;
    to->claim_count = claims->count;
}

static unsigned signature_bits(str algorithm)
{
    return str_eq(algorithm, S("RS512")) ? 512 : str_eq(algorithm, S("RS384")) ? 384 : 256;
}

static const struct httpconf_oauth2 *make_oauth2(const struct oauth2_conf *o, struct arena *mem)
{
    struct httpconf_oauth2 *to = arena_new(mem, struct httpconf_oauth2);
    struct httpconf_pair *params = arena_array(mem, struct httpconf_pair, o->endpoint_params.count);
    for (size_t i = 0; i < o->endpoint_params.count; i++)
        params[i] = (struct httpconf_pair){o->endpoint_params.items[i].key,
                                           o->endpoint_params.items[i].value};
    *to = (struct httpconf_oauth2){
        .token_url = o->token_url,
        .client_id = o->client_id,
        .client_secret = secret(o->client_secret, o->client_secret_file),
        .scopes = o->scopes.items,
        .scope_count = o->scopes.count,
        .params = params,
        .param_count = o->endpoint_params.count,
        .is_jwt = str_eq(o->grant_type, GRANT_JWT),
        .key = secret(o->client_certificate_key, o->client_certificate_key_file),
        .key_id = o->client_certificate_key_id,
        .signature_bits = signature_bits(o->signature_algorithm),
        .issuer = o->iss,
        .audience = o->audience,
        .tls = config_httpconf_tls(&o->tls),
        .proxy = make_proxy(&o->proxy, mem),
    };
    make_claims(o->claims, to, mem);
    return to;
}

// ---- the whole ---------------------------------------------------------------------------------

// A secret that is named instead of given needs a manager of secrets, and there is none.
static str find_refusal(const struct http_conf *c)
{
    static const struct tls_conf NO_TLS;
    const struct basic_auth_conf *b = c->basic_auth;
    const struct authorization_conf *a = c->authorization;
    const struct oauth2_conf *o = c->oauth2;
    bool is_jwt = o && str_eq(o->grant_type, GRANT_JWT);
    const struct tls_conf *token_tls = o ? &o->tls : &NO_TLS;
    const struct {
        str ref;
        str refusal;
    } refs[] = {
#define REF(name, what) {(name), S("unable to use " what ": cannot use secret ref without manager")}
        REF(c->tls.ca_ref, "CA cert"),
        REF(c->tls.cert_ref, "client cert"),
        REF(c->tls.key_ref, "client key"),
        REF(a ? a->credentials_ref : S(""), "credentials"),
        REF(b ? b->username_ref : S(""), "username"),
        REF(b ? b->password_ref : S(""), "password"),
        REF(o && is_jwt ? o->client_certificate_key_ref : S(""), "client certificate"),
        REF(o && !is_jwt ? o->client_secret_ref : S(""), "client secret"),
        REF(token_tls->ca_ref, "CA cert"),
        REF(token_tls->cert_ref, "client cert"),
        REF(token_tls->key_ref, "client key"),
#undef REF
    };
    for (size_t i = 0; i < ARRAY_LEN(refs); i++) {
        if (refs[i].ref.n)
            return refs[i].refusal;
    }
    return (str){0};
}

const struct httpconf *config_httpconf(const struct http_conf *c, struct arena *mem)
{
    if (!c)
        return NULL;
    struct httpconf *to = arena_new(mem, struct httpconf);
    *to = (struct httpconf){
        .dialect = HTTPCONF_PROMETHEUS,
        .tls = config_httpconf_tls(&c->tls),
        .proxy = make_proxy(&c->proxy, mem),
        .no_redirects = !c->follow_redirects,
        .enable_http2 = c->enable_http2,
        .refusal = find_refusal(c),
    };
    make_headers(&c->headers, to, mem);
    if (c->authorization) {
        to->auth = HTTPCONF_AUTHORIZATION;
        to->type = c->authorization->type;
        to->credentials = secret(c->authorization->credentials, c->authorization->credentials_file);
    } else if (c->basic_auth) {
        to->auth = HTTPCONF_BASIC;
        to->username = secret(c->basic_auth->username, c->basic_auth->username_file);
        to->password = secret(c->basic_auth->password, c->basic_auth->password_file);
    } else if (c->oauth2) {
        to->auth = HTTPCONF_OAUTH2;
        to->oauth2 = make_oauth2(c->oauth2, mem);
    }
    return to;
}
