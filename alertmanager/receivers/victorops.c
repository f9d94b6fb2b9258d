// SPDX-License-Identifier: Apache-2.0
#include "notify/integrations/victorops.h"

#include "alertmanager/receivers/kinds.h"
#include "notify/integrations/endpoint.h"

static void set_defaults(struct yaml_binder *b, void *to)
{
    (void)b;
    struct victorops_conf *c = to;
    c->base.send_resolved = true;
    c->message_type = S("CRITICAL");
    c->state_message = S("{{ template \"victorops.default.state_message\" . }}");
    c->entity_display_name = S("{{ template \"victorops.default.entity_display_name\" . }}");
    c->monitoring_tool = S("{{ template \"victorops.default.monitoring_tool\" . }}");
}

static bool has_field(const struct yaml_str_map *fields, str name)
{
    for (size_t i = 0; i < fields->count; i++) {
        if (str_eq(fields->items[i].key, name))
            return true;
    }
    return false;
}

static bool check_custom_fields(struct yaml_binder *b, const struct yaml_str_map *fields)
{
    static const char *const RESERVED[] = {
        "routing_key",     "message_type", "state_message", "entity_display_name",
        "monitoring_tool", "entity_id",    "entity_state"};
    for (size_t i = 0; i < ARRAY_LEN(RESERVED); i++) {
        if (has_field(fields, str_c(RESERVED[i])))
            return yaml_fail(b,
                             "victorOps config contains custom field %s which cannot be used as it "
                             "conflicts with the fixed/static fields",
                             RESERVED[i]);
    }
    return true;
}

static bool check(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    (void)node;
    const struct victorops_conf *c = to;
    if (c->routing_key.n == 0)
        return yaml_fail(b, "missing Routing key in VictorOps config");
    return check_at_most_one(b, c->api_key, c->api_key_file, "api_key & api_key_file") &&
           check_custom_fields(b, &c->custom_fields);
}

// The key and its file are inherited one by one, as upstream does; a key wins over a file.
static bool inherit(struct yaml_binder *b, const struct config_global *g, void *conf)
{
    struct victorops_conf *c = conf;
    if (!c->api_url.is_set)
        c->api_url = g->victorops_api_url;
    if (!c->api_url.is_set)
        return yaml_fail(b, "no global VictorOps URL set");
    c->api_url.text = endpoint_with_slash(c->api_url.text, b->mem);
    if (c->api_key.n == 0)
        c->api_key = g->victorops_api_key;
    if (c->api_key_file.n == 0)
        c->api_key_file = g->victorops_api_key_file;
    return c->api_key.n || c->api_key_file.n || yaml_fail(b, "no global VictorOps API Key set");
}

#define FIELD(member, type, ...)                                                                   \
    YAML_FIELD(struct victorops_conf, member, #member, type, __VA_ARGS__)
#define TEXT(member) FIELD(member, YAML_T_STR, TEMPLATE)

static const struct yaml_field FIELDS[] = {
    SEND_RESOLVED(victorops_conf),
    HTTP_CONFIG(victorops_conf),
    FIELD(api_key, YAML_T_SECRET, OMIT),
    FIELD(api_key_file, YAML_T_STR, OMIT),
    FIELD(api_url, YAML_T_CUSTOM, YAML_URL),
    TEXT(routing_key),
    TEXT(message_type),
    TEXT(state_message),
    TEXT(entity_display_name),
    TEXT(monitoring_tool),
    FIELD(custom_fields, YAML_T_STR_MAP, OMIT, TEMPLATE),
    {0},
};
const struct yaml_struct VICTOROPS_YAML = {.type_name = "config.plain",
                                           .bytes = sizeof(struct victorops_conf),
                                           .fields = FIELDS,
                                           .set_defaults = set_defaults,
                                           .check = check};

const struct receiver_kind RECEIVER_VICTOROPS = {
    .name = "victorops", .ops = &VICTOROPS_OPS, .inherit = inherit};
