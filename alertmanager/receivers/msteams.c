// SPDX-License-Identifier: Apache-2.0
#include "notify/integrations/msteams.h"

#include "alertmanager/receivers/kinds.h"

static void set_defaults(struct yaml_binder *b, void *to)
{
    (void)b;
    struct msteams_conf *c = to;
    c->base.send_resolved = true;
    c->title = S("{{ template \"msteams.default.title\" . }}");
    c->summary = S("{{ template \"msteams.default.summary\" . }}");
    c->text = S("{{ template \"msteams.default.text\" . }}");
}

static bool check(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    (void)node;
    const struct msteams_conf *c = to;
    return check_exactly_one(b, c->webhook_url.is_set, c->webhook_url_file.n > 0, "webhook_url",
                             "webhook_url_file");
}

#define FIELD(member, type, ...) YAML_FIELD(struct msteams_conf, member, #member, type, __VA_ARGS__)

static const struct yaml_field FIELDS[] = {
    SEND_RESOLVED(msteams_conf),
    HTTP_CONFIG(msteams_conf),
    FIELD(webhook_url, YAML_T_CUSTOM, YAML_SECRET_URL, OMIT),
    FIELD(webhook_url_file, YAML_T_STR, OMIT),
    FIELD(title, YAML_T_STR, OMIT, TEMPLATE),
    FIELD(summary, YAML_T_STR, OMIT, TEMPLATE),
    FIELD(text, YAML_T_STR, OMIT, TEMPLATE),
    {0},
};
const struct yaml_struct MSTEAMS_YAML = {.type_name = "msteams.plain",
                                         .bytes = sizeof(struct msteams_conf),
                                         .fields = FIELDS,
                                         .set_defaults = set_defaults,
                                         .check = check};

const struct receiver_kind RECEIVER_MSTEAMS = {.name = "msteams", .ops = &MSTEAMS_OPS};
