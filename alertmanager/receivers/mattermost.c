// SPDX-License-Identifier: Apache-2.0
#include "notify/integrations/mattermost.h"

#include "alertmanager/receivers/chat.h"
#include "notify/integrations/chat.h"

static void set_defaults(struct yaml_binder *b, void *to)
{
    (void)b;
    struct mattermost_conf *c = to;
    c->base.send_resolved = true;
    c->username = S("{{ template \"mattermost.default.username\" . }}");
    c->own.color = S("{{ template \"mattermost.default.color\" . }}");
    c->own.text = S("{{ template \"mattermost.default.text\" . }}");
    c->own.title = S("{{ template \"mattermost.default.title\" . }}");
    c->own.title_link = S("{{ template \"mattermost.default.titlelink\" . }}");
    c->own.fallback = S("{{ template \"mattermost.default.fallback\" . }}");
}

static bool check(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    (void)node;
    const struct mattermost_conf *c = to;
    if (c->webhook_url.is_set && c->webhook_url_file.n)
        return yaml_fail(b, "at most one of webhook_url & webhook_url_file must be configured");
    for (size_t i = 0; i < c->attachments.count; i++) {
        const struct mattermost_attachment *m =
            YAML_LIST_AT(&c->attachments, struct mattermost_attachment, i);
        if (!check_chat_fields(b, &m->fields, "Mattermost"))
            return false;
    }
    return check_chat_fields(b, &c->own.fields, "Mattermost");
}

static bool inherit(struct yaml_binder *b, const struct config_global *g, void *conf)
{
    struct mattermost_conf *c = conf;
    if (c->webhook_url.is_set || c->webhook_url_file.n)
        return true;
    c->webhook_url = g->mattermost_webhook_url;
    c->webhook_url_file = g->mattermost_webhook_url_file;
    return c->webhook_url.is_set || c->webhook_url_file.n ||
           yaml_fail(b, "missing webhook_url or webhook_url_file on mattermost_config");
}

// ---- the tables --------------------------------------------------------------------------------

#define TEXT(struct_, member) YAML_FIELD(struct struct_, member, #member, YAML_T_STR, OMIT)

static const struct yaml_field FIELD_FIELDS[] = {
    TEXT(chat_field, title),
    TEXT(chat_field, value),
    YAML_FIELD(struct chat_field, is_short, "short", YAML_T_CUSTOM, YAML_OPT_BOOL, OMIT),
    {0},
};
static const struct yaml_struct FIELD_YAML = {
    .type_name = "mattermost.plain", .bytes = sizeof(struct chat_field), .fields = FIELD_FIELDS};

// Those of an attachment, as members of `struct_` where they begin with `at`.
#define ATTACHMENT_TEXT(struct_, at, member)                                                       \
    YAML_FIELD(struct struct_, at member, #member, YAML_T_STR, OMIT, TEMPLATE)
#define ATTACHMENT_BEGIN(struct_, at)                                                              \
    ATTACHMENT_TEXT(struct_, at, fallback), ATTACHMENT_TEXT(struct_, at, color),                   \
        ATTACHMENT_TEXT(struct_, at, pretext)
#define ATTACHMENT_END(struct_, at)                                                                \
    ATTACHMENT_TEXT(struct_, at, author_name), ATTACHMENT_TEXT(struct_, at, author_link),          \
        ATTACHMENT_TEXT(struct_, at, author_icon), ATTACHMENT_TEXT(struct_, at, title),            \
        ATTACHMENT_TEXT(struct_, at, title_link),                                                  \
        YAML_FIELD(struct struct_, at fields, "fields", YAML_T_LIST, .sub = &FIELD_YAML, OMIT,     \
                   TEMPLATE),                                                                      \
        ATTACHMENT_TEXT(struct_, at, thumb_url), ATTACHMENT_TEXT(struct_, at, footer),             \
        ATTACHMENT_TEXT(struct_, at, footer_icon), ATTACHMENT_TEXT(struct_, at, image_url)

static const struct yaml_field ATTACHMENT_FIELDS[] = {
    ATTACHMENT_BEGIN(mattermost_attachment, ),
    ATTACHMENT_TEXT(mattermost_attachment, , text),
    ATTACHMENT_END(mattermost_attachment, ),
    {0},
};
static const struct yaml_struct ATTACHMENT_YAML = {.type_name = "mattermost.MattermostAttachment",
                                                   .bytes = sizeof(struct mattermost_attachment),
                                                   .fields = ATTACHMENT_FIELDS};

static const struct yaml_field PROPS_FIELDS[] = {TEXT(mattermost_props, card), {0}};
static const struct yaml_struct PROPS_YAML = {.type_name = "mattermost.MattermostProps",
                                              .bytes = sizeof(struct mattermost_props),
                                              .fields = PROPS_FIELDS};

static const struct yaml_field PRIORITY_FIELDS[] = {
    TEXT(mattermost_priority, priority),
    YAML_FIELD(struct mattermost_priority, requested_ack, "requested_ack", YAML_T_BOOL, OMIT),
    YAML_FIELD(struct mattermost_priority, persistent_notifications, "persistent_notifications",
               YAML_T_BOOL, OMIT),
    {0},
};
static const struct yaml_struct PRIORITY_YAML = {.type_name = "mattermost.MattermostPriority",
                                                 .bytes = sizeof(struct mattermost_priority),
                                                 .fields = PRIORITY_FIELDS};

#define FIELD(member, type, ...)                                                                   \
    YAML_FIELD(struct mattermost_conf, member, #member, type, __VA_ARGS__)
#define TEMPLATED(member) FIELD(member, YAML_T_STR, OMIT, TEMPLATE)

static const struct yaml_field FIELDS[] = {
    SEND_RESOLVED(mattermost_conf),
    HTTP_CONFIG(mattermost_conf),
    FIELD(webhook_url, YAML_T_CUSTOM, YAML_SECRET_URL, OMIT),
    FIELD(webhook_url_file, YAML_T_STR, OMIT),
    TEMPLATED(channel),
    TEMPLATED(username),
    ATTACHMENT_TEXT(mattermost_conf, own., text),
    ATTACHMENT_BEGIN(mattermost_conf, own.),
    ATTACHMENT_END(mattermost_conf, own.),
    TEMPLATED(icon_url),
    TEMPLATED(icon_emoji),
    FIELD(attachments, YAML_T_LIST, .sub = &ATTACHMENT_YAML, OMIT, TEMPLATE),
    TEMPLATED(type),
    FIELD(props, YAML_T_PTR, .sub = &PROPS_YAML, OMIT, TEMPLATE),
    FIELD(priority, YAML_T_PTR, .sub = &PRIORITY_YAML, OMIT, TEMPLATE),
    {0},
};
const struct yaml_struct MATTERMOST_YAML = {.type_name = "mattermost.plain",
                                            .bytes = sizeof(struct mattermost_conf),
                                            .fields = FIELDS,
                                            .set_defaults = set_defaults,
                                            .check = check};

const struct receiver_kind RECEIVER_MATTERMOST = {
    .name = "mattermost", .ops = &MATTERMOST_OPS, .inherit = inherit};
