// SPDX-License-Identifier: Apache-2.0
#include "notify/integrations/discord.h"

#include "alertmanager/receivers/kinds.h"

static void set_defaults(struct yaml_binder *b, void *to)
{
    (void)b;
    struct discord_conf *c = to;
    c->base.send_resolved = true;
    c->title = S("{{ template \"discord.default.title\" . }}");
    c->message = S("{{ template \"discord.default.message\" . }}");
}

static bool check(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    (void)node;
    const struct discord_conf *c = to;
    return check_exactly_one(b, c->webhook_url.is_set, c->webhook_url_file.n > 0, "webhook_url",
                             "webhook_url_file");
}

#define FIELD(member, type, ...) YAML_FIELD(struct discord_conf, member, #member, type, __VA_ARGS__)

static const struct yaml_field FIELDS[] = {
    SEND_RESOLVED(discord_conf),
    HTTP_CONFIG(discord_conf),
    FIELD(webhook_url, YAML_T_CUSTOM, YAML_SECRET_URL, OMIT),
    FIELD(webhook_url_file, YAML_T_STR, OMIT),
    FIELD(content, YAML_T_STR, OMIT, TEMPLATE),
    FIELD(title, YAML_T_STR, OMIT, TEMPLATE),
    FIELD(message, YAML_T_STR, OMIT, TEMPLATE),
    FIELD(username, YAML_T_STR, OMIT),
    FIELD(avatar_url, YAML_T_STR, OMIT),
    {0},
};
const struct yaml_struct DISCORD_YAML = {.type_name = "discord.plain",
                                         .bytes = sizeof(struct discord_conf),
                                         .fields = FIELDS,
                                         .set_defaults = set_defaults,
                                         .check = check};

const struct receiver_kind RECEIVER_DISCORD = {.name = "discord", .ops = &DISCORD_OPS};
