// SPDX-License-Identifier: Apache-2.0
#include "notify/integrations/webex.h"

#include "alertmanager/receivers/kinds.h"

static void set_defaults(struct yaml_binder *b, void *to)
{
    (void)b;
    struct webex_conf *c = to;
    c->base.send_resolved = true;
    c->message = S("{{ template \"webex.default.message\" . }}");
}

// The bot's token is the receiver's own: that of the section `global` is not enough.
static bool check(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    (void)node;
    const struct webex_conf *c = to;
    if (c->room_id.n == 0)
        return yaml_fail(b, "missing room_id on webex_config");
    if (!c->base.written_http || !c->base.written_http->authorization)
        return yaml_fail(b, "missing webex_configs.http_config.authorization");
    return true;
}

static bool inherit(struct yaml_binder *b, const struct config_global *g, void *conf)
{
    struct webex_conf *c = conf;
    if (!c->api_url.is_set)
        c->api_url = g->webex_api_url;
    return c->api_url.is_set || yaml_fail(b, "no global Webex URL set");
}

#define FIELD(member, type, ...) YAML_FIELD(struct webex_conf, member, #member, type, __VA_ARGS__)

static const struct yaml_field FIELDS[] = {
    SEND_RESOLVED(webex_conf),
    HTTP_CONFIG(webex_conf),
    FIELD(api_url, YAML_T_CUSTOM, YAML_URL, OMIT),
    FIELD(message, YAML_T_STR, OMIT, TEMPLATE),
    FIELD(room_id, YAML_T_STR, TEMPLATE),
    {0},
};
const struct yaml_struct WEBEX_YAML = {.type_name = "config.plain",
                                       .bytes = sizeof(struct webex_conf),
                                       .fields = FIELDS,
                                       .set_defaults = set_defaults,
                                       .check = check};

const struct receiver_kind RECEIVER_WEBEX = {
    .name = "webex", .ops = &WEBEX_OPS, .inherit = inherit};
