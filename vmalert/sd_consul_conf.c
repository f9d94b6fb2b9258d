// SPDX-License-Identifier: Apache-2.0
// consul_sd_configs: their table, and what they ask Consul with.
#include "base/text/encode.h"
#include "base/text/url.h"
#include "vmalert/sd.h"

// ---- the table ---------------------------------------------------------------------------------

// The proxy's own section has the names of the client's with proxy_ in front. What else a client
// may have (oauth2, TLS) a proxy is not given: see check_proxy().
static const struct yaml_field PROXY_BASIC_FIELDS[] = {
    YAML_FIELD(struct client_basic_auth, username, "username", YAML_T_STR),
    YAML_FIELD(struct client_basic_auth, username_file, "username_file", YAML_T_STR),
    YAML_FIELD(struct client_basic_auth, password, "password", YAML_T_SECRET),
    YAML_FIELD(struct client_basic_auth, password_file, "password_file", YAML_T_STR),
    {0},
};
static const struct yaml_struct PROXY_BASIC_YAML = {.type_name = "promauth.BasicAuthConfig",
                                                    .bytes = sizeof(struct client_basic_auth),
                                                    .fields = PROXY_BASIC_FIELDS};

#define FIELD(member, name, ...) YAML_FIELD(struct consul_sd_conf, member, name, __VA_ARGS__)
#define SEEN(member)             YAML_SEEN(struct consul_sd_conf, member)

static const struct yaml_field FIELDS[] = {
    FIELD(server, "server", YAML_T_STR),
    FIELD(token, "token", YAML_T_SECRET, SEEN(has_token)),
    FIELD(datacenter, "datacenter", YAML_T_STR),
    FIELD(namespace, "namespace", YAML_T_STR),
    FIELD(partition, "partition", YAML_T_STR),
    FIELD(scheme, "scheme", YAML_T_STR),
    FIELD(username, "username", YAML_T_STR),
    FIELD(password, "password", YAML_T_SECRET),
    FIELD(auth, "", YAML_T_STRUCT, .sub = &CLIENT_AUTH_YAML, .is_inline = true),
    FIELD(follow_redirects, "follow_redirects", YAML_T_BOOL, SEEN(has_follow_redirects)),
    FIELD(proxy_url, "proxy_url", YAML_T_STR),
    FIELD(proxy_auth.basic_auth, "proxy_basic_auth", YAML_T_PTR, .sub = &PROXY_BASIC_YAML),
    FIELD(proxy_auth.bearer_token, "proxy_bearer_token", YAML_T_SECRET),
    FIELD(proxy_auth.bearer_token_file, "proxy_bearer_token_file", YAML_T_STR),
    FIELD(proxy_auth.oauth2, "proxy_oauth2", YAML_T_PTR, .sub = &CLIENT_OAUTH2_YAML),
    FIELD(proxy_auth.tls, "proxy_tls_config", YAML_T_PTR, .sub = &CLIENT_TLS_YAML),
    FIELD(proxy_auth.headers, "proxy_headers", YAML_T_STRS),
    FIELD(services, "services", YAML_T_STRS),
    FIELD(tags, "tags", YAML_T_STRS),
    FIELD(node_meta, "node_meta", YAML_T_STR_MAP),
    FIELD(tag_separator, "tag_separator", YAML_T_STR, SEEN(has_tag_separator)),
    FIELD(allow_stale, "allow_stale", YAML_T_BOOL, SEEN(has_allow_stale)),
    FIELD(filter, "filter", YAML_T_STR),
    FIELD(relabel.confs, "alert_relabel_configs", YAML_T_LIST, .sub = &RELABEL_CONF_YAML),
    {0},
};

const struct yaml_struct CONSUL_SD_YAML = {.type_name = "notifier.ConsulSDConfigs",
                                           .bytes = sizeof(struct consul_sd_conf),
                                           .fields = FIELDS};

// ---- client ------------------------------------------------------------------------------------

static str from_environment(const struct sd_environment *from, const char *name)
{
    return from->find ? str_c(from->find(from->owner, name)) : (str){0};
}

static bool find_token(const struct consul_sd_conf *c, const struct sd_environment *from,
                       struct arena *mem, str *ret, struct err *err)
{
    *ret = c->token;
    if (c->has_token)
        return true;
    str file = from_environment(from, "CONSUL_HTTP_TOKEN_FILE");
    if (file.n == 0) {
        *ret = arena_str(mem, from_environment(from, "CONSUL_HTTP_TOKEN"));
        return true;
    }
    struct buf text = {0};
    bool ok = env_file_read(from->env, file, CLIENT_CA_BYTES_MAX, &text, err) ||
              err_wrap(err,
                       "cannot read consul token file \"%.*s\"; probably, `token` arg is missing "
                       "in `consul_sd_config`? error",
                       STR(file));
    *ret = arena_str(mem, buf_str(&text));
    buf_wipe(&text);
    return ok;
}

static void join_dir(str *file, str dir, struct arena *mem)
{
    bool is_url = str_starts(*file, S("http://")) || str_starts(*file, S("https://"));
    if (file->n && dir.n && !str_starts(*file, S("/")) && !is_url)
        *file = arena_printf(mem, "%.*s/%.*s", STR(dir), STR(*file));
}

static void join_tls(struct client_tls *t, str dir, struct arena *mem)
{
    if (!t)
        return;
    join_dir(&t->ca_file, dir, mem);
    join_dir(&t->cert_file, dir, mem);
    join_dir(&t->key_file, dir, mem);
}

static void join_files(struct client_auth *a, str dir, struct arena *mem)
{
    if (a->authorization)
        join_dir(&a->authorization->credentials_file, dir, mem);
    if (a->basic_auth) {
        join_dir(&a->basic_auth->username_file, dir, mem);
        join_dir(&a->basic_auth->password_file, dir, mem);
    }
    if (a->oauth2) {
        join_dir(&a->oauth2->client_secret_file, dir, mem);
        join_tls(a->oauth2->tls, dir, mem);
    }
    join_dir(&a->bearer_token_file, dir, mem);
    join_tls(a->tls, dir, mem);
}

// What only a file or another server knows cannot be put into the proxy's headers.
static bool check_proxy(const struct client_auth *a, struct err *err)
{
    const char *unwanted =
        a->oauth2                                         ? "proxy_oauth2"
        : a->tls                                          ? "proxy_tls_config"
        : a->bearer_token_file.n                          ? "proxy_bearer_token_file"
        : a->basic_auth && a->basic_auth->username_file.n ? "proxy_basic_auth.username_file"
        : a->basic_auth && a->basic_auth->password_file.n ? "proxy_basic_auth.password_file"
                                                          : NULL;
    return !unwanted || err_set(err, ERR_UNSUPPORTED, "`%s` is not supported", unwanted);
}

static str proxy_authorization(const struct client_auth *a, struct arena *mem)
{
    if (!a->basic_auth)
        return arena_printf(mem, "Bearer %.*s", STR(a->bearer_token));
    struct buf pair = {0}, text = {0};
    buf_printf(&pair, "%.*s:%.*s", STR(a->basic_auth->username), STR(a->basic_auth->password));
    buf_put(&text, S("Basic "));
    buf_put_base64(&text, buf_str(&pair));
    str s = arena_str(mem, buf_str(&text));
    buf_wipe(&pair);
    buf_wipe(&text);
    return s;
}

static bool prepare_proxy(struct consul_sd_conf *c, struct arena *mem, struct err *err)
{
    const struct client_auth *a = &c->proxy_auth;
    struct http_header *lines;
    size_t count;
    if (c->proxy_url.n == 0)
        return true;
    if (!check_proxy(a, err) || !client_headers_parse(&a->headers, mem, &lines, &count, err))
        return err_wrap(err, "cannot parse proxy auth config");
    struct httpconf_header *headers = arena_array(mem, struct httpconf_header, count + 1);
    for (size_t i = 0; i < count; i++)
        headers[i] = (struct httpconf_header){lines[i].name, {.text = lines[i].value}};
    if (a->basic_auth || a->bearer_token.n)
        headers[count++] = (struct httpconf_header){S("Proxy-Authorization"),
                                                    {.text = proxy_authorization(a, mem)}};
    c->conf.proxy = (struct httpconf_proxy){
        .url = c->proxy_url, .connect_headers = headers, .connect_header_count = count};
    return true;
}

static bool prepare_url(struct consul_sd_conf *c, struct arena *mem, struct err *err)
{
    struct url url;
    str server = c->server.n ? c->server : S("localhost:8500");
    if (str_find_str(server, S("://")) == STR_NONE) {
        str scheme = c->scheme.n ? c->scheme : c->auth.tls ? S("https") : S("http");
        server = arena_printf(mem, "%.*s://%.*s", STR(scheme), STR(server));
    }
    if (str_starts(server, S("unix://")))
        return err_set(err, ERR_UNSUPPORTED,
                       "cannot create HTTP client for \"%.*s\": Unix sockets are not supported",
                       STR(server));
    if (!url_parse(server, mem, &url, err))
        return err_wrap(err, "cannot create HTTP client for \"%.*s\"", STR(server));
    struct buf shown = {0};
    buf_put_url_redacted(&shown, &url);
    c->url = str_trim_right(server, '/');
    c->shown = arena_str(mem, buf_str(&shown));
    buf_done(&shown);
    return true;
}

static void put_arg(struct buf *b, const char *name, str value)
{
    if (value.n == 0)
        return;
    buf_printf(b, "&%s=", name);
    buf_put_query_escaped(b, value);
}

static void prepare_args(struct consul_sd_conf *c, const struct sd_environment *from,
                         struct arena *mem)
{
    struct buf args = {0};
    str namespace = c->namespace.n ? c->namespace : from_environment(from, "CONSUL_NAMESPACE");
    if (!c->has_allow_stale || c->allow_stale)
        buf_put(&args, S("&stale"));
    put_arg(&args, "ns", namespace);
    put_arg(&args, "partition", c->partition);
    for (size_t i = 0; i < c->node_meta.count; i++) {
        const struct yaml_str_pair *p = &c->node_meta.items[i];
        put_arg(&args, "node-meta", arena_printf(mem, "%.*s:%.*s", STR(p->key), STR(p->value)));
    }
    size_t base = args.n;
    put_arg(&args, "filter", c->filter); // the catalog knows filters, health knows tags
    c->names_args = arena_str(mem, buf_str(&args));
    args.n = base;
    for (size_t i = 0; i < c->tags.count; i++)
        put_arg(&args, "tag", c->tags.items[i]);
    c->nodes_args = arena_str(mem, buf_str(&args));
    buf_done(&args);
}

static bool prepare_auth(struct consul_sd_conf *c, const struct sd_environment *from, str dir,
                         struct arena *mem, struct err *err)
{
    str token;
    if (!find_token(c, from, mem, &token, err))
        return false;
    if (token.n && c->auth.bearer_token.n)
        return err_set(err, ERR_INVALID, "cannot set both token and bearer_token configs");
    if (c->username.n && c->auth.basic_auth)
        return err_set(err, ERR_INVALID, "cannot set both username and basic_auth configs");
    if (token.n)
        c->auth.bearer_token = token;
    if (c->username.n) {
        c->auth.basic_auth = arena_new(mem, struct client_basic_auth);
        c->auth.basic_auth->username = c->username;
        c->auth.basic_auth->password = c->password;
    }
    join_files(&c->auth, dir, mem);
    bool ok = client_auth_build(&c->auth, mem, &c->conf, err) &&
              client_auth_read_ca(from->env, &c->conf, mem, err);
    c->conf.no_redirects = c->has_follow_redirects && !c->follow_redirects;
    return ok || err_wrap(err, "cannot parse auth config");
}

bool consul_sd_prepare(struct consul_sd_conf *c, const struct sd_environment *from, str dir,
                       struct arena *mem, struct err *err)
{
    if (!c->has_tag_separator)
        c->tag_separator = S(",");
    if (!prepare_auth(c, from, dir, mem, err) || !prepare_url(c, mem, err) ||
        !prepare_proxy(c, mem, err))
        return err_wrap(err, "cannot get API config");
    prepare_args(c, from, mem);
    return true;
}
