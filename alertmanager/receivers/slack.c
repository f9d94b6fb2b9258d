// SPDX-License-Identifier: Apache-2.0
#include "notify/integrations/slack.h"

#include "alertmanager/receivers/chat.h"
#include "notify/integrations/chat.h"

#define POST_URL "https://slack.com/api/chat.postMessage"

static void set_defaults(struct yaml_binder *b, void *to)
{
    (void)b;
    struct slack_conf *c = to;
    c->color = S("{{ template \"slack.default.color\" . }}");
    c->username = S("{{ template \"slack.default.username\" . }}");
    c->title = S("{{ template \"slack.default.title\" . }}");
    c->title_link = S("{{ template \"slack.default.titlelink\" . }}");
    c->icon_emoji = S("{{ template \"slack.default.iconemoji\" . }}");
    c->icon_url = S("{{ template \"slack.default.iconurl\" . }}");
    c->pretext = S("{{ template \"slack.default.pretext\" . }}");
    c->text = S("{{ template \"slack.default.text\" . }}");
    c->fallback = S("{{ template \"slack.default.fallback\" . }}");
    c->callback_id = S("{{ template \"slack.default.callbackid\" . }}");
    c->footer = S("{{ template \"slack.default.footer\" . }}");
}

// ---- checks ------------------------------------------------------------------------------------

static bool check_confirmation(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    (void)node;
    const struct slack_confirmation *c = to;
    return c->text.n || yaml_fail(b, "missing text in Slack confirmation configuration");
}

// A button opens a URL or is a message to an application.
static bool check_action(struct yaml_binder *b, struct slack_action *action)
{
    if (action->type.n == 0)
        return yaml_fail(b, "missing type in Slack action configuration");
    if (action->text.n == 0)
        return yaml_fail(b, "missing text in Slack action configuration");
    if (action->url.n == 0 && action->name.n == 0)
        return yaml_fail(b, "missing name or url in Slack action configuration");
    if (action->url.n) {
        action->name = action->value = S("");
        action->confirm = NULL;
    }
    return true;
}

static bool has_url(const struct slack_conf *c)
{
    return c->api_url.is_set || c->api_url_file.n;
}

static bool has_token(const struct slack_conf *c)
{
    return c->app_token.n || c->app_token_file.n;
}

// Webhooks cannot edit. A URL read back from its placeholder may have been the right one.
static bool can_update(const struct slack_conf *c)
{
    return c->api_url.is_set && (c->api_url.text.n == 0 || str_eq(c->api_url.text, S(POST_URL)));
}

static bool check(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    (void)node;
    struct slack_conf *c = to;
    if (c->api_url.is_set && c->api_url_file.n)
        return yaml_fail(b, "at most one of api_url & api_url_file must be configured");
    if (!check_at_most_one(b, c->app_token, c->app_token_file, "app_token & app_token_file"))
        return false;
    if (has_url(c) && has_token(c))
        return yaml_fail(b, "at most one of api_url/api_url_file & app_token/app_token_file must "
                            "be configured");
    if (c->update_message && !can_update(c))
        return yaml_fail(b, "update_message can only be used with bot tokens. api_url must be set "
                            "to " POST_URL);
    for (size_t i = 0; i < c->actions.count; i++) {
        if (!check_action(b, YAML_LIST_AT(&c->actions, struct slack_action, i)))
            return false;
    }
    return check_chat_fields(b, &c->fields, "Slack");
}

// ---- what is inherited -------------------------------------------------------------------------

static bool inherit(struct yaml_binder *b, const struct config_global *g, void *conf)
{
    struct slack_conf *c = conf;
    const struct http_conf *own = c->base.written_http;
    const struct http_conf *http = own ? own : g->http;
    if (!c->app_url.is_set)
        c->app_url = g->slack_app_url;
    if (!c->app_url.is_set)
        return yaml_fail(b, "no global Slack App URL set");
    if (!has_token(c) && !has_url(c) && !(own && own->authorization)) {
        c->app_token = g->slack_app_token;
        c->app_token_file = g->slack_app_token_file;
    }
    if (!has_token(c) && !has_url(c)) {
        c->api_url = g->slack_api_url;
        c->api_url_file = g->slack_api_url_file;
    }
    if (!has_token(c) && !has_url(c))
        return yaml_fail(b, "no Slack API URL nor App token set either inline or in a file");
    if (has_token(c) && http->authorization)
        return yaml_fail(b, "http authorization can't be set when using Slack App tokens");
    return true;
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
    .type_name = "config.plain", .bytes = sizeof(struct chat_field), .fields = FIELD_FIELDS};

static const struct yaml_field CONFIRMATION_FIELDS[] = {
    TEXT(slack_confirmation, text),
    TEXT(slack_confirmation, title),
    TEXT(slack_confirmation, ok_text),
    TEXT(slack_confirmation, dismiss_text),
    {0},
};
static const struct yaml_struct CONFIRMATION_YAML = {.type_name = "config.plain",
                                                     .bytes = sizeof(struct slack_confirmation),
                                                     .fields = CONFIRMATION_FIELDS,
                                                     .check = check_confirmation};

static const struct yaml_field ACTION_FIELDS[] = {
    TEXT(slack_action, type),
    TEXT(slack_action, text),
    TEXT(slack_action, url),
    TEXT(slack_action, style),
    TEXT(slack_action, name),
    TEXT(slack_action, value),
    YAML_FIELD(struct slack_action, confirm, "confirm", YAML_T_PTR, .sub = &CONFIRMATION_YAML,
               OMIT),
    {0},
};
static const struct yaml_struct ACTION_YAML = {
    .type_name = "config.plain", .bytes = sizeof(struct slack_action), .fields = ACTION_FIELDS};

#define FIELD(member, type, ...) YAML_FIELD(struct slack_conf, member, #member, type, __VA_ARGS__)
#define TEMPLATED(member)        FIELD(member, YAML_T_STR, OMIT, TEMPLATE)
#define FLAG(member)             YAML_FIELD(struct slack_conf, member, #member, YAML_T_BOOL)

static const struct yaml_field FIELDS[] = {
    SEND_RESOLVED(slack_conf),
    HTTP_CONFIG(slack_conf),
    FIELD(api_url, YAML_T_CUSTOM, YAML_SECRET_URL, OMIT),
    FIELD(api_url_file, YAML_T_STR, OMIT),
    FIELD(app_token, YAML_T_SECRET, OMIT),
    FIELD(app_token_file, YAML_T_STR, OMIT),
    FIELD(app_url, YAML_T_CUSTOM, YAML_URL, OMIT),
    TEMPLATED(channel),
    TEMPLATED(username),
    TEMPLATED(color),
    TEMPLATED(title),
    TEMPLATED(title_link),
    TEMPLATED(pretext),
    TEMPLATED(text),
    TEMPLATED(message_text),
    FIELD(fields, YAML_T_LIST, .sub = &FIELD_YAML, OMIT, TEMPLATE),
    FLAG(short_fields),
    TEMPLATED(footer),
    TEMPLATED(fallback),
    TEMPLATED(callback_id),
    TEMPLATED(icon_emoji),
    TEMPLATED(icon_url),
    TEMPLATED(image_url),
    TEMPLATED(thumb_url),
    FLAG(link_names),
    FIELD(mrkdwn_in, YAML_T_STRS, OMIT),
    FIELD(actions, YAML_T_LIST, .sub = &ACTION_YAML, OMIT, TEMPLATE),
    FLAG(update_message),
    YAML_FIELD(struct slack_conf, timeout, "timeout", YAML_T_CUSTOM, YAML_DUR_GO),
    {0},
};
const struct yaml_struct SLACK_YAML = {.type_name = "config.plain",
                                       .bytes = sizeof(struct slack_conf),
                                       .fields = FIELDS,
                                       .set_defaults = set_defaults,
                                       .check = check};

const struct receiver_kind RECEIVER_SLACK = {.name = "slack",
                                             .ops = &SLACK_OPS,
                                             .inherit = inherit,
                                             .null_bytes = sizeof(struct slack_conf)};
