// SPDX-License-Identifier: Apache-2.0
#include "notify/integrations/wechat.h"

#include "alertmanager/receivers/kinds.h"
#include "notify/integrations/endpoint.h"

static void set_defaults(struct yaml_binder *b, void *to)
{
    (void)b;
    struct wechat_conf *c = to;
    c->message = S("{{ template \"wechat.default.message\" . }}");
    c->to_user = S("{{ template \"wechat.default.to_user\" . }}");
    c->to_party = S("{{ template \"wechat.default.to_party\" . }}");
    c->to_tag = S("{{ template \"wechat.default.to_tag\" . }}");
    c->agent_id = S("{{ template \"wechat.default.agent_id\" . }}");
}

static bool check(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    (void)node;
    struct wechat_conf *c = to;
    if (c->message_type.n == 0)
        c->message_type = S("text");
    if (!str_eq(c->message_type, S("text")) && !str_eq(c->message_type, S("markdown")))
        return yaml_fail(b,
                         "weChat message type %.*s does not match valid options ^(text|markdown)$",
                         STR(quoted(b->mem, c->message_type)));
    return check_at_most_one(b, c->api_secret, c->api_secret_file, "api_secret & api_secret_file");
}

static bool inherit(struct yaml_binder *b, const struct config_global *g, void *conf)
{
    struct wechat_conf *c = conf;
    if (!c->api_url.is_set)
        c->api_url = g->wechat_api_url;
    if (!c->api_url.is_set)
        return yaml_fail(b, "no global Wechat URL set");
    c->api_url.text = endpoint_with_slash(c->api_url.text, b->mem);
    if (c->api_secret.n == 0 && c->api_secret_file.n == 0) {
        c->api_secret = g->wechat_api_secret;
        c->api_secret_file = g->wechat_api_secret_file;
    }
    if (c->api_secret.n == 0 && c->api_secret_file.n == 0)
        return yaml_fail(b, "no global Wechat Api Secret set either inline or in a file");
    if (c->corp_id.n == 0)
        c->corp_id = g->wechat_api_corp_id;
    if (c->corp_id.n == 0)
        return yaml_fail(b, "no global Wechat CorpID set");
    c->token = arena_new(b->mem, struct wechat_token);
    return true;
}

#define FIELD(member, type, ...)                                                                   \
    YAML_FIELD(struct wechat_conf, member, #member, type, OMIT, __VA_ARGS__)
#define TEXT(member) FIELD(member, YAML_T_STR, TEMPLATE)

static const struct yaml_field FIELDS[] = {
    SEND_RESOLVED(wechat_conf),
    HTTP_CONFIG(wechat_conf),
    FIELD(api_secret, YAML_T_SECRET, TEMPLATE),
    FIELD(api_secret_file, YAML_T_STR),
    TEXT(corp_id),
    TEXT(message),
    FIELD(api_url, YAML_T_CUSTOM, YAML_URL),
    TEXT(to_user),
    TEXT(to_party),
    TEXT(to_tag),
    TEXT(agent_id),
    FIELD(message_type, YAML_T_STR),
    {0},
};
const struct yaml_struct WECHAT_YAML = {.type_name = "config.plain",
                                        .bytes = sizeof(struct wechat_conf),
                                        .fields = FIELDS,
                                        .set_defaults = set_defaults,
                                        .check = check};

const struct receiver_kind RECEIVER_WECHAT = {.name = "wechat",
                                              .ops = &WECHAT_OPS,
                                              .inherit = inherit,
                                              .null_bytes = sizeof(struct wechat_conf)};
