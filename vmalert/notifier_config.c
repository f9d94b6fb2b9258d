// SPDX-License-Identifier: Apache-2.0
#include "vmalert/notifier_config.h"

#include "base/core/alloc.h"
#include "base/text/yaml_types.h"

#define TIMEOUT_DEFAULT DUR_SECONDS(10)

#define FIELD(member, name, ...) YAML_FIELD(struct notifier_config, member, name, __VA_ARGS__)

static const struct yaml_field FIELDS[] = {
    FIELD(scheme, "scheme", YAML_T_STR),
    FIELD(path_prefix, "path_prefix", YAML_T_STR),
    FIELD(consul_sd, "consul_sd_configs", YAML_T_LIST, .sub = &CONSUL_SD_YAML),
    FIELD(dns_sd, "dns_sd_configs", YAML_T_LIST, .sub = &DNS_SD_YAML),
    FIELD(static_sd, "static_configs", YAML_T_LIST, .sub = &STATIC_SD_YAML),
    FIELD(auth, "", YAML_T_STRUCT, .sub = &CLIENT_AUTH_YAML, .is_inline = true),
    FIELD(follow_redirects, "follow_redirects", YAML_T_BOOL),
    FIELD(relabel_confs, "relabel_configs", YAML_T_LIST, .sub = &RELABEL_CONF_YAML),
    FIELD(alert_relabel_confs, "alert_relabel_configs", YAML_T_LIST, .sub = &RELABEL_CONF_YAML),
    FIELD(timeout, "timeout", YAML_T_CUSTOM, YAML_DUR_VM),
    FIELD(checksum, "checksum", YAML_T_STR), // upstream's own note, read by accident
    {0},
};

static const struct yaml_struct CONFIG_YAML = {
    .type_name = "notifier.config", .bytes = sizeof(struct notifier_config), .fields = FIELDS};

// ---- life --------------------------------------------------------------------------------------

struct notifier_config *notifier_config_ref(struct notifier_config *c)
{
    c->refs++;
    return c;
}

#define STATIC_AT(c, i) YAML_LIST_AT(&(c)->static_sd, struct static_sd_conf, i)
#define DNS_AT(c, i)    YAML_LIST_AT(&(c)->dns_sd, struct dns_sd_conf, i)
#define CONSUL_AT(c, i) YAML_LIST_AT(&(c)->consul_sd, struct consul_sd_conf, i)

void notifier_config_unref(struct notifier_config *c)
{
    if (!c || --c->refs > 0)
        return;
    relabel_free(c->relabel);
    relabel_free(c->alert_relabel);
    for (size_t i = 0; i < c->static_sd.count; i++)
        relabel_free(STATIC_AT(c, i)->relabel.compiled);
    for (size_t i = 0; i < c->dns_sd.count; i++)
        relabel_free(DNS_AT(c, i)->relabel.compiled);
    for (size_t i = 0; i < c->consul_sd.count; i++)
        relabel_free(CONSUL_AT(c, i)->relabel.compiled);
    arena_done(&c->mem);
    mem_free(c);
}

DEFER_PTR(struct notifier_config, notifier_config_unref)

// ---- parsing -----------------------------------------------------------------------------------

static void note_unknown(struct yaml_binder *b, const struct yaml_struct *type,
                         const struct yaml_node *key, void *to)
{
    struct buf *names = b->user;
    (void)to;
    if (type != &CONFIG_YAML)
        return; // inside of sections nobody looks
    if (names->n)
        buf_put(names, S(", "));
    buf_put(names, key->text);
}

static bool bind(struct notifier_config *c, str text, struct buf *unknown, struct err *err)
{
    const struct yaml_options options = {.duplicates_are_fine = true};
    struct yaml_binder binder = {.mem = &c->mem, .user = unknown, .on_unknown = note_unknown};
    struct yaml_node *root;
    if (!yaml_parse(text, &options, &c->mem, &root, err))
        return false;
    c->is_empty = root->kind == YAML_NULL;
    return yaml_bind(&binder, root, &CONFIG_YAML, c, err);
}

static bool compile_item(struct sd_alert_relabel *r, const char *section, struct err *err)
{
    return relabel_new(&r->confs, &r->compiled, err) ||
           err_wrap(err, "failed to parse alert_relabel_configs in %s", section);
}

static bool compile(struct notifier_config *c, struct err *err)
{
    if (!relabel_new(&c->relabel_confs, &c->relabel, err))
        return err_wrap(err, "failed to parse relabeling config");
    if (!relabel_new(&c->alert_relabel_confs, &c->alert_relabel, err))
        return err_wrap(err, "failed to parse alert relabeling config");
    for (size_t i = 0; i < c->static_sd.count; i++) {
        if (!compile_item(&STATIC_AT(c, i)->relabel, "static_config", err))
            return false;
    }
    for (size_t i = 0; i < c->consul_sd.count; i++) {
        if (!compile_item(&CONSUL_AT(c, i)->relabel, "consul_sd_config", err))
            return false;
    }
    for (size_t i = 0; i < c->dns_sd.count; i++) {
        if (!compile_item(&DNS_AT(c, i)->relabel, "dns_sd_config", err))
            return false;
    }
    return true;
}

struct notifier_config *notifier_config_parse(str text, struct err *err)
{
    defer(buf_done) struct buf unknown = {.max = ERR_TEXT_BYTES};
    defer(notifier_config_unref_p) struct notifier_config *c = mem_new(struct notifier_config);
    c->refs = 1;
    c->sum = fnv1a64(FNV1A64_INIT, text);
    if (!bind(c, text, &unknown, err) || !compile(c, err))
        return NULL;
    if (unknown.n) {
        err_set(err, ERR_SYNTAX, "unknown fields in %.*s", STR(buf_str(&unknown)));
        return NULL;
    }
    if (c->scheme.n == 0)
        c->scheme = S("http");
    if (c->timeout == 0)
        c->timeout = TIMEOUT_DEFAULT;
    return take(&c);
}

// ---- clients -----------------------------------------------------------------------------------

// Upstream's targets take an empty section, and OAuth2 without its secret, for none.
static struct client_auth without_empty(const struct client_auth *a)
{
    struct client_auth kept = *a;
    const struct client_basic_auth *b = a->basic_auth;
    const struct client_oauth2 *o = a->oauth2;
    if (b && !b->username.n && !b->username_file.n && !b->password.n && !b->password_file.n)
        kept.basic_auth = NULL;
    if (o && !o->client_secret.n && !o->client_secret_file.n)
        kept.oauth2 = NULL;
    return kept;
}

static bool prepare_client(const struct client_auth *given, struct env *env, struct arena *mem,
                           struct notifier_client *ret, struct err *err)
{
    struct client_auth auth = without_empty(given);
    auth.headers = (struct str_list){0}; // they go into the request, where groups may replace them
    if (!client_headers_parse(&given->headers, mem, &ret->headers, &ret->header_count, err) ||
        !client_auth_build(&auth, mem, &ret->conf, err))
        return err_wrap(err, "failed to configure auth");
    if (!client_auth_read_ca(env, &ret->conf, mem, err))
        return err_wrap(err, "failed to configure TLS");
    if (ret->conf.auth != HTTPCONF_NO_AUTH)
        headers_drop(ret->headers, &ret->header_count, S("Authorization"));
    return true;
}

static struct client_auth inherited(const struct client_auth *child,
                                    const struct client_auth *parent)
{
    struct client_auth a = *child;
    if (!a.authorization)
        a.authorization = parent->authorization;
    if (!a.basic_auth)
        a.basic_auth = parent->basic_auth;
    if (a.bearer_token.n == 0)
        a.bearer_token = parent->bearer_token;
    if (a.bearer_token_file.n == 0)
        a.bearer_token_file = parent->bearer_token_file;
    if (!a.oauth2)
        a.oauth2 = parent->oauth2;
    if (!a.tls)
        a.tls = parent->tls;
    if (!a.headers.items)
        a.headers = parent->headers;
    return a;
}

static bool prepare_static(struct notifier_config *c, struct env *env, struct err *err)
{
    c->static_clients = arena_array(&c->mem, struct notifier_client, c->static_sd.count);
    for (size_t i = 0; i < c->static_sd.count; i++) {
        struct client_auth auth = inherited(&STATIC_AT(c, i)->auth, &c->auth);
        if (!prepare_client(&auth, env, &c->mem, &c->static_clients[i], err))
            return err_wrap(err, "failed to init alertmanager of static_config #%zu", i + 1);
    }
    return true;
}

static bool prepare_discovery(struct notifier_config *c, const struct sd_environment *from, str dir,
                              struct err *err)
{
#define WRAP(section, kind)                                                                        \
    err_wrap(err, "failed to start " section " discovery: failed to init notifier for \"" kind     \
                  "\": failed to get labels: got labels err")
    for (size_t i = 0; i < c->consul_sd.count; i++) {
        if (!consul_sd_prepare(CONSUL_AT(c, i), from, dir, &c->mem, err))
            return WRAP("consulSD", "consulSD");
    }
    for (size_t i = 0; i < c->dns_sd.count; i++) {
        if (!dns_sd_check(DNS_AT(c, i), err))
            return WRAP("DNSSD", "DNSSD");
    }
#undef WRAP
    return true;
}

bool notifier_config_prepare(struct notifier_config *c, const struct sd_environment *from, str dir,
                             struct err *err)
{
    if (c->is_empty)
        return err_set(err, ERR_INVALID, "empty config");
    if (!prepare_client(&c->auth, from->env, &c->mem, &c->client, err))
        return false;
    return prepare_static(c, from->env, err) && prepare_discovery(c, from, dir, err);
}

static str dir_of(str path)
{
    size_t slash = str_find_last(path, '/');
    return slash == STR_NONE ? (str){0} : str_slice(path, 0, MAX(slash, 1));
}

struct notifier_config *notifier_config_load(const struct sd_environment *from, str path,
                                             struct err *err)
{
    defer(buf_done) struct buf text = {0};
    if (!env_file_read(from->env, path, NOTIFIER_CONFIG_BYTES_MAX, &text, err)) {
        err_wrap(err, "error reading config file");
        return NULL;
    }
    defer(notifier_config_unref_p) struct notifier_config *c =
        notifier_config_parse(buf_str(&text), err);
    if (!c)
        return NULL;
    if (!notifier_config_prepare(c, from, dir_of(path), err)) {
        err_wrap(err, "failed to init config watcher");
        return NULL;
    }
    return take(&c);
}

struct notifier_target_rules notifier_config_rules(const struct notifier_config *c)
{
    return (struct notifier_target_rules){c->scheme, c->path_prefix, c->relabel};
}
