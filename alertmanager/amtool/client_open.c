// SPDX-License-Identifier: Apache-2.0
// Where the server is, how it is reached, and of which version it is.
#include "alertmanager/amtool/client.h"
#include "alertmanager/app.h"
#include "alertmanager/config_httpconf.h"

#define HTTP_CONFIG_BYTES_MAX ((size_t)1 << 20)

// ---- the address -------------------------------------------------------------------------------

// The path without its empty pieces, "." and "..": what upstream makes of it when it joins paths.
static void put_clean_path(struct buf *out, str path)
{
    size_t from = out->n;
    for (str piece; path.n;) {
        str_cut(path, '/', &piece, &path);
        if (piece.n == 0 || str_eq(piece, S(".")))
            continue;
        if (str_eq(piece, S(".."))) {
            size_t slash = str_find_last(str_skip(buf_str(out), from), '/');
            out->n = from + (slash == STR_NONE ? 0 : slash);
            continue;
        }
        buf_put_c(out, '/');
        buf_put_path_escaped(out, piece);
    }
}

static str make_base(struct amtool *t)
{
    struct buf base = {.mem = &t->mem};
    buf_put(&base, t->url.scheme.n ? t->url.scheme : S("http"));
    buf_put(&base, S("://"));
    buf_put(&base, t->url.host.n ? t->url.host : S("localhost:9093"));
    put_clean_path(&base, t->url.path);
    buf_put(&base, S("/api/v2"));
    return buf_str(&base);
}

// ---- credentials and transport -----------------------------------------------------------------

static bool bind_http_config(struct amtool *t, str text, struct http_conf *conf, struct err *err)
{
    struct yaml_node *document;
    struct yaml_binder binder = {.mem = &t->mem};
    return yaml_parse(arena_str(&t->mem, text), &(struct yaml_options){0}, &t->mem, &document,
                      err) &&
           yaml_bind(&binder, document, &HTTP_CONF_YAML, conf, err);
}

// Paths in the file start at its folder.
static bool read_http_config(struct amtool *t, const struct httpconf **ret, struct err *err)
{
    defer(buf_wipe) struct buf text = {0};
    struct http_conf *conf = http_conf_default(&t->mem);
    str dir, name;
    if (!env_file_read(t->env, t->http_config_file, HTTP_CONFIG_BYTES_MAX, &text, err) ||
        !bind_http_config(t, buf_str(&text), conf, err))
        return err_wrap(err, "failed to load HTTP config file");
    if (!str_cut_last(t->http_config_file, '/', &dir, &name))
        dir = S(".");
    http_conf_join_dir(conf, dir.n ? dir : S("/"), &t->mem);
    *ret = config_httpconf(conf, &t->mem);
    return true;
}

static struct httpconf plain_conf(const struct amtool *t)
{
    struct httpconf conf = {.dialect = HTTPCONF_PROMETHEUS, .proxy.from_environment = true};
    if (t->url.has_user) {
        conf.auth = HTTPCONF_BASIC;
        conf.username.text = t->url.user;
        conf.password.text = t->url.password;
    }
    return conf;
}

// ---- versions ----------------------------------------------------------------------------------

// "0.34.1-rc.0" → "0.34"; empty: no version.
static str major_minor(str version)
{
    size_t i = 0, dots = 0;
    for (; i < version.n; i++) {
        char c = version.p[i];
        if (c == '.' ? i == 0 || ++dots == 2 : c < '0' || c > '9')
            break;
    }
    return dots ? str_slice(version, 0, i) : S("");
}

static void check_version(struct client *c)
{
    struct client_call call = {.op = CLIENT_GET_STATUS};
    if (!client_do(c, &call, NULL))
        return;
    const json *version =
        json_get_nocase(json_get_nocase(call.value, S("versionInfo")), S("version"));
    if (json_is_null(version) || str_eq(major_minor(json_str(version)), major_minor(S(AM_VERSION))))
        return;
    buf_printf(&c->t->notes,
               "Warning: amtool version (" AM_VERSION ") and alertmanager version (%.*s) are "
               "different.\n",
               STR(json_str(version)));
}

bool client_open(struct client *c, struct amtool *t, struct err *err)
{
    *c = (struct client){
        .t = t,
        .deadline = add_saturated(env_mono(t->env), t->timeout),
        .base = make_base(t),
    };
    if (t->url.has_user && t->http_config_file.n)
        return err_set(err, ERR_INVALID,
                       "basic authentication and http.config.file are mutually exclusive");
    struct httpconf *conf = arena_new(&t->mem, struct httpconf);
    *conf = plain_conf(t);
    c->conf = conf;
    if (t->http_config_file.n && !read_http_config(t, &c->conf, err))
        return false;
    if (t->version_check)
        check_version(c);
    return true;
}
