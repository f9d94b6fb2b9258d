// SPDX-License-Identifier: Apache-2.0
#include "notify/integrations/msteamsv2.h"

#include "alertmanager/receivers/kinds.h"

static void set_defaults(struct yaml_binder *b, void *to)
{
    (void)b;
    struct msteamsv2_conf *c = to;
    c->base.send_resolved = true;
    c->title = S("{{ template \"msteamsv2.default.title\" . }}");
    c->text = S("{{ template \"msteamsv2.default.text\" . }}");
}

static bool check(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    (void)node;
    const struct msteamsv2_conf *c = to;
    return check_exactly_one(b, c->webhook_url.is_set, c->webhook_url_file.n > 0, "webhook_url",
                             "webhook_url_file");
}

// Of this kind alone an http_config without a proxy takes the global one's; other settings of
// proxies stay its own.
static bool inherit(struct yaml_binder *b, const struct config_global *g, void *conf)
{
    (void)b;
    struct http_conf *own = ((struct msteamsv2_conf *)conf)->base.written_http;
    if (own && !own->proxy.url.is_set && g->http)
        own->proxy.url = g->http->proxy.url;
    return true;
}

#define FIELD(member, type, ...)                                                                   \
    YAML_FIELD(struct msteamsv2_conf, member, #member, type, __VA_ARGS__)

static const struct yaml_field FIELDS[] = {
    SEND_RESOLVED(msteamsv2_conf),
    HTTP_CONFIG(msteamsv2_conf),
    FIELD(webhook_url, YAML_T_CUSTOM, YAML_SECRET_URL, OMIT),
    FIELD(webhook_url_file, YAML_T_STR, OMIT),
    FIELD(title, YAML_T_STR, OMIT, TEMPLATE),
    FIELD(text, YAML_T_STR, OMIT, TEMPLATE),
    {0},
};
const struct yaml_struct MSTEAMSV2_YAML = {.type_name = "msteamsv2.plain",
                                           .bytes = sizeof(struct msteamsv2_conf),
                                           .fields = FIELDS,
                                           .set_defaults = set_defaults,
                                           .check = check};

const struct receiver_kind RECEIVER_MSTEAMSV2 = {
    .name = "msteamsv2", .ops = &MSTEAMSV2_OPS, .inherit = inherit};
