// SPDX-License-Identifier: Apache-2.0
// The section `receivers`: who is told, and by which integrations.
#include "alertmanager/config_httpconf.h"
#include "alertmanager/config_int.h"
#include "base/text/gotpl.h"

#define OMIT .is_omitted_when_empty = true

// ---- secret template URLs ----------------------------------------------------------------------

// With a template in it only its syntax counts, with the language's own functions alone.
static bool check_template(str text, struct err *err)
{
    defer(tpl_set_free_p) struct tpl_set *set = tpl_set_new(&(struct tpl_options){0});
    return tpl_parse(set, S(""), text, err) || err_wrap(err, "invalid template syntax");
}

static bool bind_template_url(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    str text, canonical;
    struct err err = ERR_INIT;
    if (!yaml_to_str(node, &text))
        return yaml_problem_type(b, node, "string");
    if (text.n && !str_eq(text, S(YAML_SECRET_TEXT))) {
        bool ok = str_find_str(text, S("{{")) != STR_NONE
                      ? check_template(text, &err)
                      : yaml_url_check(text, false, b->mem, &canonical, &err) ||
                            err_wrap(&err, "invalid URL");
        if (!ok)
            return yaml_fail_err(b, &err);
    }
    *(struct yaml_url *)to = (struct yaml_url){text, text.n > 0};
    return true;
}

// ---- webhook -----------------------------------------------------------------------------------

static void webhook_defaults(struct yaml_binder *b, void *to)
{
    (void)b;
    ((struct webhook_config *)to)->send_resolved = true;
}

static bool check_webhook(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    (void)node;
    const struct webhook_config *w = to;
    if (!w->url.is_set && w->url_file.n == 0)
        return yaml_fail(b, "one of url or url_file must be configured");
    if (w->url.is_set && w->url_file.n)
        return yaml_fail(b, "at most one of url & url_file must be configured");
    return true;
}

static const struct yaml_field WEBHOOK_FIELDS[] = {
    YAML_FIELD(struct webhook_config, send_resolved, "send_resolved", YAML_T_BOOL),
    YAML_FIELD(struct webhook_config, http, "http_config", YAML_T_PTR, .sub = &HTTP_CONF_YAML,
               OMIT),
    YAML_FIELD(struct webhook_config, url, "url", YAML_T_CUSTOM, .bind = bind_template_url,
               .print = yaml_print_secret_url, .is_empty = yaml_url_is_empty, OMIT),
    YAML_FIELD(struct webhook_config, url_file, "url_file", YAML_T_STR),
    YAML_FIELD(struct webhook_config, max_alerts, "max_alerts", YAML_T_UINT),
    YAML_FIELD(struct webhook_config, timeout, "timeout", YAML_T_CUSTOM, YAML_DUR_GO),
    YAML_FIELD(struct webhook_config, payload, "payload", YAML_T_NODE, OMIT),
    {0},
};
static const struct yaml_struct WEBHOOK_YAML = {.type_name = "webhook.plain",
                                                .bytes = sizeof(struct webhook_config),
                                                .fields = WEBHOOK_FIELDS,
                                                .set_defaults = webhook_defaults,
                                                .check = check_webhook};

// ---- receivers ---------------------------------------------------------------------------------

// A list of a kind that this build cannot serve must not be taken for one without entries.
static bool refuse_integration(struct yaml_binder *b, const struct yaml_node *node, const char *key)
{
    if (node->kind == YAML_SEQUENCE && node->count == 0)
        return true;
    return yaml_fail(b, "line %u: receiver integration \"%s\" is not supported by this build",
                     node->line, key);
}

#define REFUSED_KINDS(x)                                                                           \
    x(discord) x(email) x(incidentio) x(pagerduty) x(slack) x(opsgenie) x(wechat) x(pushover)      \
        x(victorops) x(sns) x(telegram) x(webex) x(msteams) x(msteamsv2) x(jira) x(rocketchat)     \
            x(mattermost)

#define REFUSE(kind)                                                                               \
    static bool bind_##kind(struct yaml_binder *b, const struct yaml_node *node, void *to)         \
    {                                                                                              \
        (void)to;                                                                                  \
        return refuse_integration(b, node, #kind "_configs");                                      \
    }
REFUSED_KINDS(REFUSE)
#define REFUSED_FIELD(kind)                                                                        \
    {.name = #kind "_configs", .type = YAML_T_CUSTOM, .bind = bind_##kind, .is_hidden = true},

// The label "name" is always there.
static bool add_name_label(struct yaml_binder *b, struct config_receiver *r)
{
    for (size_t i = 0; i < r->labels.count; i++) {
        const struct yaml_str_pair *label = &r->labels.items[i];
        if (!str_eq(label->key, S("name")))
            continue;
        if (str_eq(label->value, r->name))
            return true;
        return yaml_fail(b, "receiver label \"name\" must match receiver name %.*s, got %.*s",
                         STR(quoted(b->mem, r->name)), STR(quoted(b->mem, label->value)));
    }
    struct yaml_str_map labels = {arena_array(b->mem, struct yaml_str_pair, r->labels.count + 1),
                                  r->labels.count + 1};
    if (r->labels.count)
        memcpy(labels.items, r->labels.items, r->labels.count * sizeof(*labels.items));
    labels.items[r->labels.count] = (struct yaml_str_pair){S("name"), r->name};
    yaml_str_map_sort(&labels);
    r->labels = labels;
    return true;
}

static bool check_receiver(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    (void)node;
    struct config_receiver *r = to;
    if (r->name.n == 0)
        return yaml_fail(b, "missing name in receiver");
    return add_name_label(b, r);
}

static const struct yaml_field RECEIVER_FIELDS[] = {
    YAML_FIELD(struct config_receiver, name, "name", YAML_T_STR),
    YAML_FIELD(struct config_receiver, labels, "labels", YAML_T_STR_MAP, OMIT),
    YAML_FIELD(struct config_receiver, webhooks, "webhook_configs", YAML_T_PTR_LIST,
               .sub = &WEBHOOK_YAML, OMIT),
    REFUSED_KINDS(REFUSED_FIELD){0},
};
const struct yaml_struct CONFIG_RECEIVER_YAML = {.type_name = "config.plain",
                                                 .bytes = sizeof(struct config_receiver),
                                                 .fields = RECEIVER_FIELDS,
                                                 .check = check_receiver};

// ---- the section's checks, and what receivers inherit ------------------------------------------

static bool inherit(struct yaml_binder *b, const struct config *c, struct config_receiver *r)
{
    for (size_t i = 0; i < r->webhooks.count; i++) {
        struct webhook_config *w = YAML_PTR_LIST_AT(&r->webhooks, struct webhook_config, i);
        if (!w)
            return yaml_fail(b, "missing webhook config");
        if (!w->http)
            w->http = c->global->http;
    }
    return true;
}

bool config_receivers_check(struct yaml_binder *b, struct config *c)
{
    if (c->receiver_list.count > CONFIG_RECEIVERS_MAX)
        return yaml_fail(b, "too many receivers: the limit is %d", CONFIG_RECEIVERS_MAX);
    for (size_t i = 0; i < c->receiver_list.count; i++) {
        struct config_receiver *r = YAML_LIST_AT(&c->receiver_list, struct config_receiver, i);
        if (r->name.n == 0) // a null entry
            return yaml_fail(b, "missing name in receiver");
        if (config_find_receiver(c, r->name))
            return yaml_fail(b, "notification config name %.*s is not unique",
                             STR(quoted(b->mem, r->name)));
        map_insert(&c->receivers_by_name, config_name_hash(r->name), r);
        if (!inherit(b, c, r))
            return false;
    }
    return true;
}

void config_receivers_join_dir(struct config *c, str dir)
{
    for (size_t i = 0; i < c->receiver_list.count; i++) {
        struct config_receiver *r = YAML_LIST_AT(&c->receiver_list, struct config_receiver, i);
        for (size_t w = 0; w < r->webhooks.count; w++) {
            struct http_conf *http = YAML_PTR_LIST_AT(&r->webhooks, struct webhook_config, w)->http;
            if (http != c->global->http)
                http_conf_join_dir(http, dir, &c->mem);
        }
    }
}

// ---- integrations ------------------------------------------------------------------------------

static const struct integration *make_webhook(struct config *c, const struct config_receiver *r,
                                              size_t idx)
{
    const struct webhook_config *w = YAML_PTR_LIST_AT(&r->webhooks, struct webhook_config, idx);
    struct webhook_conf *conf = arena_new(&c->mem, struct webhook_conf);
    *conf = (struct webhook_conf){.url = w->url.text,
                                  .url_file = w->url_file,
                                  .max_alerts = w->max_alerts,
                                  .timeout = w->timeout,
                                  .payload = w->payload,
                                  .http = config_httpconf(w->http, &c->mem)};
    struct integration *made = arena_new(&c->mem, struct integration);
    *made = (struct integration){.ops = &WEBHOOK_OPS,
                                 .context = &c->context,
                                 .receiver = r->name,
                                 .idx = (uint32_t)idx,
                                 .send_resolved = w->send_resolved,
                                 .conf = conf};
    return made;
}

void config_receivers_compile(struct config *c)
{
    c->receivers = c->receiver_list.items;
    c->receiver_count = c->receiver_list.count;
    for (size_t i = 0; i < c->receiver_count; i++) {
        struct config_receiver *r = &c->receivers[i];
        const struct integration **made =
            arena_array(&c->mem, const struct integration *, r->webhooks.count);
        for (size_t w = 0; w < r->webhooks.count; w++)
            made[w] = make_webhook(c, r, w);
        r->integrations = made;
        r->integration_count = r->webhooks.count;
    }
}
