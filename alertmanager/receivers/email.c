// SPDX-License-Identifier: Apache-2.0
#include "notify/integrations/email.h"

#include "alertmanager/config_httpconf.h"
#include "alertmanager/receivers/kinds.h"
#include "base/model/tlsconf.h"

static void set_defaults(struct yaml_binder *b, void *to)
{
    (void)b;
    struct email_conf *c = to;
    c->html = S("{{ template \"email.default.html\" . }}");
}

// ---- headers ------------------------------------------------------------------------------------

static bool has_header(const struct email_conf *c, str name)
{
    for (size_t i = 0; i < c->headers.count; i++) {
        if (str_eq(c->headers.items[i].key, name))
            return true;
    }
    return false;
}

// Names count without regard to case; from here on they are canonical.
static bool check_headers_unique(struct yaml_binder *b, struct email_conf *c)
{
    struct yaml_str_map *h = &c->headers;
    for (size_t i = 0; i < h->count; i++)
        h->items[i].key = httpconf_canonical_name(h->items[i].key, b->mem);
    yaml_str_map_sort(h);
    for (size_t i = 1; i < h->count; i++) {
        if (str_eq(h->items[i - 1].key, h->items[i].key))
            return yaml_fail(b, "duplicate header %.*s in email config",
                             STR(quoted(b->mem, h->items[i].key)));
    }
    return true;
}

static bool check_threading(struct yaml_binder *b, const struct email_conf *c)
{
    static const char *const OURS[] = {"References", "In-Reply-To"};
    str by_date = c->threading.by_date;
    if (!c->threading.is_enabled)
        return true;
    for (size_t i = 0; i < ARRAY_LEN(OURS); i++) {
        if (has_header(c, str_c(OURS[i])))
            return yaml_fail(b,
                             "conflicting configuration: threading.enabled conflicts with custom "
                             "%s header",
                             OURS[i]);
    }
    return str_eq(by_date, S("none")) || str_eq(by_date, S("daily")) ||
           yaml_fail(b, "threading.thread_by_date must be either 'none' or 'daily'");
}

static bool check(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    (void)node;
    struct email_conf *c = to;
    if (c->to.n == 0)
        return yaml_fail(b, "missing to address in email config");
    return check_headers_unique(b, c) && check_threading(b, c);
}

// ---- what is inherited --------------------------------------------------------------------------

// As upstream, these are among the headers from here on, and are shown with them.
static void add_usual_headers(struct yaml_binder *b, struct email_conf *c)
{
    const struct yaml_str_pair usual[] = {
        {S("Subject"), S("{{ template \"email.default.subject\" . }}")},
        {S("To"), c->to},
        {S("From"), c->from},
    };
    struct yaml_str_map h = {
        arena_array(b->mem, struct yaml_str_pair, c->headers.count + ARRAY_LEN(usual)),
        c->headers.count};
    if (h.count)
        memcpy(h.items, c->headers.items, h.count * sizeof(*h.items));
    for (size_t i = 0; i < ARRAY_LEN(usual); i++) {
        if (!has_header(c, usual[i].key))
            h.items[h.count++] = usual[i];
    }
    yaml_str_map_sort(&h);
    c->headers = h;
}

static void take_text(str *to, str global)
{
    if (to->n == 0)
        *to = global;
}

// A secret and the file it may be in come together.
static void take_pair(str *to, str *to_file, str global, str global_file)
{
    if (to->n || to_file->n)
        return;
    *to = global;
    *to_file = global_file;
}

// The names of files stay as they are: relative ones begin at the process' working directory.
static const struct tlsconf *make_tls(const struct tls_conf *t, struct arena *mem)
{
    struct httpconf_tls tls = config_httpconf_tls(t);
    struct tlsconf *conf = arena_new(mem, struct tlsconf);
    *conf = (struct tlsconf){.cert = tls.cert,
                             .key = tls.key,
                             .ca = tls.ca,
                             .min_version = tls.min_version,
                             .max_version = tls.max_version,
                             .server_name = tls.server_name,
                             .insecure_skip_verify = tls.insecure_skip_verify,
                             .ca_ref = t->ca_ref,
                             .cert_ref = t->cert_ref,
                             .key_ref = t->key_ref};
    return conf;
}

static bool inherit(struct yaml_binder *b, const struct config_global *g, void *conf)
{
    struct email_conf *c = conf;
    if (!c->written_tls) {
        c->written_tls = arena_new(b->mem, struct tls_conf);
        *c->written_tls = g->smtp_tls;
    }
    if (c->smarthost.port.n == 0)
        c->smarthost = g->smtp_smarthost;
    if (c->smarthost.port.n == 0)
        return yaml_fail(b, "no global SMTP smarthost set");
    take_text(&c->from, g->smtp_from);
    if (c->from.n == 0)
        return yaml_fail(b, "no global SMTP from set");
    take_text(&c->hello, g->smtp_hello);
    take_text(&c->auth_username, g->smtp_auth_username);
    take_text(&c->auth_identity, g->smtp_auth_identity);
    take_pair(&c->auth_password, &c->auth_password_file, g->smtp_auth_password,
              g->smtp_auth_password_file);
    take_pair(&c->auth_secret, &c->auth_secret_file, g->smtp_auth_secret, g->smtp_auth_secret_file);
    if (!c->require_tls.is_set)
        c->require_tls = (struct opt_bool){g->smtp_require_tls, true};
    if (!c->force_implicit_tls.is_set)
        c->force_implicit_tls = g->smtp_force_implicit_tls;
    add_usual_headers(b, c);
    c->tls = make_tls(c->written_tls, b->mem);
    return true;
}

// ---- the table ----------------------------------------------------------------------------------

typedef typeof(((struct email_conf *)0)->threading) email_threading;

static const struct yaml_field THREADING_FIELDS[] = {
    YAML_FIELD(email_threading, is_enabled, "enabled", YAML_T_BOOL, OMIT),
    YAML_FIELD(email_threading, by_date, "thread_by_date", YAML_T_STR, OMIT),
    {0},
};
static const struct yaml_struct THREADING_YAML = {.type_name = "config.ThreadingConfig",
                                                  .bytes = sizeof(email_threading),
                                                  .fields = THREADING_FIELDS};

#define FIELD(member, type, ...)                                                                   \
    YAML_FIELD(struct email_conf, member, #member, type, OMIT __VA_OPT__(, ) __VA_ARGS__)

static const struct yaml_field FIELDS[] = {
    SEND_RESOLVED(email_conf),
    FIELD(to, YAML_T_STR, TEMPLATE),
    FIELD(from, YAML_T_STR, TEMPLATE),
    FIELD(hello, YAML_T_STR),
    FIELD(smarthost, YAML_T_CUSTOM, YAML_HOST_PORT),
    FIELD(auth_username, YAML_T_STR),
    FIELD(auth_password, YAML_T_SECRET),
    FIELD(auth_password_file, YAML_T_STR),
    FIELD(auth_secret, YAML_T_SECRET),
    FIELD(auth_secret_file, YAML_T_STR),
    FIELD(auth_identity, YAML_T_STR),
    FIELD(headers, YAML_T_STR_MAP, TEMPLATE),
    FIELD(html, YAML_T_STR, HTML_TEMPLATE),
    FIELD(text, YAML_T_STR, TEMPLATE),
    FIELD(require_tls, YAML_T_CUSTOM, YAML_OPT_BOOL),
    YAML_FIELD(struct email_conf, written_tls, "tls_config", YAML_T_PTR, .sub = &TLS_CONF_YAML,
               OMIT),
    FIELD(force_implicit_tls, YAML_T_CUSTOM, YAML_OPT_BOOL),
    FIELD(threading, YAML_T_STRUCT, .sub = &THREADING_YAML),
    {0},
};
const struct yaml_struct EMAIL_YAML = {.type_name = "config.plain",
                                       .bytes = sizeof(struct email_conf),
                                       .fields = FIELDS,
                                       .set_defaults = set_defaults,
                                       .check = check};

const struct receiver_kind RECEIVER_EMAIL = {
    .name = "email", .ops = &EMAIL_OPS, .inherit = inherit};
