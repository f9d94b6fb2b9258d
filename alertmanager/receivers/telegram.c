// SPDX-License-Identifier: Apache-2.0
#include "notify/integrations/telegram.h"

#include "alertmanager/receivers/kinds.h"

static void set_defaults(struct yaml_binder *b, void *to)
{
    (void)b;
    struct telegram_conf *c = to;
    c->base.send_resolved = true;
    c->message = S("{{ template \"telegram.default.message\" . }}");
    c->parse_mode = S("HTML");
}

static bool is_parse_mode(str mode)
{
    return mode.n == 0 || str_eq(mode, S("Markdown")) || str_eq(mode, S("MarkdownV2")) ||
           str_eq(mode, S("HTML"));
}

static bool check(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    (void)node;
    const struct telegram_conf *c = to;
    if (!check_at_most_one(b, c->bot_token, c->bot_token_file, "bot_token & bot_token_file"))
        return false;
    if (c->chat_id == 0 && c->chat_id_file.n == 0)
        return yaml_fail(b, "missing chat_id or chat_id_file on telegram_config");
    if (c->chat_id != 0 && c->chat_id_file.n > 0)
        return yaml_fail(b, "at most one of chat_id & chat_id_file must be configured");
    return is_parse_mode(c->parse_mode) ||
           yaml_fail(b, "unknown parse_mode on telegram_config, must be Markdown, MarkdownV2, HTML "
                        "or empty string");
}

static bool inherit(struct yaml_binder *b, const struct config_global *g, void *conf)
{
    struct telegram_conf *c = conf;
    if (!c->api_url.is_set)
        c->api_url = g->telegram_api_url;
    if (!c->api_url.is_set)
        return yaml_fail(b, "no global Telegram URL set");
    if (c->bot_token.n || c->bot_token_file.n)
        return true;
    c->bot_token = g->telegram_bot_token;
    c->bot_token_file = g->telegram_bot_token_file;
    return c->bot_token.n || c->bot_token_file.n ||
           yaml_fail(b, "missing bot_token or bot_token_file on telegram_config");
}

#define FIELD(member, type, ...)                                                                   \
    YAML_FIELD(struct telegram_conf, member, #member, type, __VA_ARGS__)

static const struct yaml_field FIELDS[] = {
    SEND_RESOLVED(telegram_conf),
    HTTP_CONFIG(telegram_conf),
    FIELD(api_url, YAML_T_CUSTOM, YAML_URL),
    FIELD(bot_token, YAML_T_SECRET, OMIT),
    FIELD(bot_token_file, YAML_T_STR, OMIT),
    FIELD(chat_id, YAML_T_INT, .go_type = "int64", OMIT),
    FIELD(chat_id_file, YAML_T_STR, OMIT),
    FIELD(message_thread_id, YAML_T_INT, OMIT),
    // Checked as text, which both engines read alike: which one renders it is up to parse_mode.
    FIELD(message, YAML_T_STR, OMIT, TEMPLATE),
    FIELD(disable_notifications, YAML_T_BOOL, OMIT),
    FIELD(parse_mode, YAML_T_STR, OMIT),
    {0},
};
const struct yaml_struct TELEGRAM_YAML = {.type_name = "telegram.plain",
                                          .bytes = sizeof(struct telegram_conf),
                                          .fields = FIELDS,
                                          .set_defaults = set_defaults,
                                          .check = check};

const struct receiver_kind RECEIVER_TELEGRAM = {
    .name = "telegram", .ops = &TELEGRAM_OPS, .inherit = inherit};
