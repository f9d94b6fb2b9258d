// SPDX-License-Identifier: Apache-2.0
// The section `global`: its keys, their defaults, and which exclude each other.
#include "alertmanager/config_int.h"

#define RESOLVE_TIMEOUT_DEFAULT DUR_MINUTES(5)

// ---- host:port ---------------------------------------------------------------------------------

static bool fail_address(struct err *err, str text, const char *why)
{
    return err_set(err, ERR_SYNTAX, "address %.*s: %s", STR(text), why);
}

bool host_port_parse(str text, struct host_port *ret, struct err *err)
{
    *ret = (struct host_port){S(""), S("")};
    if (text.n == 0)
        return true;
    size_t colon = str_find_last(text, ':');
    if (colon == STR_NONE)
        return fail_address(err, text, "missing port in address");
    str host = str_slice(text, 0, colon), port = str_skip(text, colon + 1);
    if (host.n && host.p[0] == '[') {
        size_t end = str_find(text, ']');
        if (end == STR_NONE)
            return fail_address(err, text, "missing ']' in address");
        if (end + 1 == text.n)
            return fail_address(err, text, "missing port in address");
        if (end + 1 != colon)
            return fail_address(err, text,
                                text.p[end + 1] == ':' ? "too many colons in address"
                                                       : "missing port in address");
        host = str_slice(text, 1, end);
        if (str_find(str_skip(text, 1), '[') != STR_NONE)
            return fail_address(err, text, "unexpected '[' in address");
        if (str_find(str_skip(text, end + 1), ']') != STR_NONE)
            return fail_address(err, text, "unexpected ']' in address");
    } else {
        if (str_find(host, ':') != STR_NONE)
            return fail_address(err, text, "too many colons in address");
        if (str_find(text, '[') != STR_NONE)
            return fail_address(err, text, "unexpected '[' in address");
        if (str_find(text, ']') != STR_NONE)
            return fail_address(err, text, "unexpected ']' in address");
    }
    if (port.n == 0)
        return err_set(err, ERR_SYNTAX, "address \"%.*s\": port cannot be empty", STR(text));
    *ret = (struct host_port){host, port};
    return true;
}

void buf_put_host_port(struct buf *b, const struct host_port *hp)
{
    if (hp->host.n == 0 && hp->port.n == 0)
        return;
    bool has_colon = str_find(hp->host, ':') != STR_NONE;
    buf_printf(b, has_colon ? "[%.*s]:%.*s" : "%.*s:%.*s", STR(hp->host), STR(hp->port));
}

bool bind_host_port(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    str text;
    struct err err = ERR_INIT;
    if (!yaml_to_str(node, &text))
        return yaml_problem_type(b, node, "string");
    return host_port_parse(text, to, &err) || yaml_fail_err(b, &err);
}

void print_host_port(struct yaml_printer *p, const void *from)
{
    defer(buf_done) struct buf text = {0};
    buf_put_host_port(&text, from);
    yaml_put_str(p, buf_str(&text));
}

bool host_port_is_unset(const void *from)
{
    return ((const struct host_port *)from)->port.n == 0;
}

// ---- optional bool -----------------------------------------------------------------------------

bool bind_opt_bool(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    struct opt_bool *x = to;
    x->is_set = yaml_to_bool(node, &x->value);
    return x->is_set || yaml_problem_type(b, node, "bool");
}

void print_opt_bool(struct yaml_printer *p, const void *from)
{
    yaml_put_bool(p, ((const struct opt_bool *)from)->value);
}

bool opt_bool_is_unset(const void *from)
{
    return !((const struct opt_bool *)from)->is_set;
}

// ---- the table, in the order of printing -------------------------------------------------------

#define OMIT .is_omitted_when_empty = true
#define FIELD(member, type, ...)                                                                   \
    YAML_FIELD(struct config_global, member, #member, type, __VA_ARGS__, OMIT)
#define TEXT(member)       YAML_FIELD(struct config_global, member, #member, YAML_T_STR, OMIT)
#define SECRET(member)     YAML_FIELD(struct config_global, member, #member, YAML_T_SECRET, OMIT)
#define URL(member)        FIELD(member, YAML_T_CUSTOM, YAML_URL)
#define SECRET_URL(member) FIELD(member, YAML_T_CUSTOM, YAML_SECRET_URL)

static const struct yaml_field GLOBAL_FIELDS[] = {
    YAML_FIELD(struct config_global, resolve_timeout, "resolve_timeout", YAML_T_CUSTOM,
               YAML_DUR_PROMETHEUS),
    YAML_FIELD(struct config_global, http, "http_config", YAML_T_PTR, .sub = &HTTP_CONF_YAML, OMIT),
    URL(jira_api_url),
    TEXT(smtp_from),
    TEXT(smtp_hello),
    FIELD(smtp_smarthost, YAML_T_CUSTOM, YAML_HOST_PORT),
    TEXT(smtp_auth_username),
    SECRET(smtp_auth_password),
    TEXT(smtp_auth_password_file),
    SECRET(smtp_auth_secret),
    TEXT(smtp_auth_secret_file),
    TEXT(smtp_auth_identity),
    YAML_FIELD(struct config_global, smtp_require_tls, "smtp_require_tls", YAML_T_BOOL),
    YAML_FIELD(struct config_global, smtp_tls, "smtp_tls_config", YAML_T_STRUCT,
               .sub = &TLS_CONF_YAML),
    FIELD(smtp_force_implicit_tls, YAML_T_CUSTOM, YAML_OPT_BOOL),
    SECRET_URL(slack_api_url),
    TEXT(slack_api_url_file),
    SECRET(slack_app_token),
    TEXT(slack_app_token_file),
    URL(slack_app_url),
    URL(pagerduty_url),
    URL(opsgenie_api_url),
    SECRET(opsgenie_api_key),
    TEXT(opsgenie_api_key_file),
    URL(wechat_api_url),
    SECRET(wechat_api_secret),
    TEXT(wechat_api_secret_file),
    TEXT(wechat_api_corp_id),
    URL(victorops_api_url),
    SECRET(victorops_api_key),
    TEXT(victorops_api_key_file),
    URL(telegram_api_url),
    SECRET(telegram_bot_token),
    TEXT(telegram_bot_token_file),
    URL(webex_api_url),
    URL(rocketchat_api_url),
    SECRET(rocketchat_token),
    TEXT(rocketchat_token_file),
    SECRET(rocketchat_token_id),
    TEXT(rocketchat_token_id_file),
    SECRET_URL(mattermost_webhook_url),
    TEXT(mattermost_webhook_url_file),
    {0},
};

static void set_defaults(struct config_global *g, struct arena *mem)
{
#define DEFAULT_URL(literal) ((struct yaml_url){S(literal), true})
    *g = (struct config_global){
        .resolve_timeout = RESOLVE_TIMEOUT_DEFAULT,
        .http = http_conf_default(mem),
        .smtp_hello = S("localhost"),
        .smtp_require_tls = true,
        .slack_app_url = DEFAULT_URL("https://slack.com/api/chat.postMessage"),
        .pagerduty_url = DEFAULT_URL("https://events.pagerduty.com/v2/enqueue"),
        .opsgenie_api_url = DEFAULT_URL("https://api.opsgenie.com/"),
        .wechat_api_url = DEFAULT_URL("https://qyapi.weixin.qq.com/cgi-bin/"),
        .victorops_api_url =
            DEFAULT_URL("https://alert.victorops.com/integrations/generic/20131114/alert/"),
        .telegram_api_url = DEFAULT_URL("https://api.telegram.org"),
        .webex_api_url = DEFAULT_URL("https://webexapis.com/v1/messages"),
        .rocketchat_api_url = DEFAULT_URL("https://open.rocket.chat/"),
    };
#undef DEFAULT_URL
}

static void global_defaults(struct yaml_binder *b, void *to)
{
    set_defaults(to, b->mem);
}

struct config_global *config_global_default(struct arena *mem)
{
    struct config_global *g = arena_new(mem, struct config_global);
    set_defaults(g, mem);
    return g;
}

const struct yaml_struct CONFIG_GLOBAL_YAML = {.type_name = "config.plain",
                                               .bytes = sizeof(struct config_global),
                                               .fields = GLOBAL_FIELDS,
                                               .set_defaults = global_defaults};

// ---- what excludes what ------------------------------------------------------------------------

// A token and a webhook URL are two ways to reach Slack; the same URL twice is one. A URL read back
// from its placeholder may have been that one.
static bool check_slack(struct yaml_binder *b, const struct config_global *g)
{
    bool has_token = g->slack_app_token.n || g->slack_app_token_file.n;
    bool has_url = g->slack_api_url.is_set || g->slack_api_url_file.n;
    if (!has_token || !has_url)
        return true;
    str url = g->slack_api_url.text;
    bool is_same = g->slack_api_url.is_set && (url.n == 0 || str_eq(url, g->slack_app_url.text));
    return is_same || yaml_fail(b, "at most one of slack_app_token/slack_app_token_file & "
                                   "slack_api_url/slack_api_url_file must be configured");
}

static str given(const struct yaml_url *u) // something not empty if the URL was given
{
    return u->is_set ? S("URL") : S("");
}

bool config_global_check(struct yaml_binder *b, const struct config_global *g)
{
    return check_at_most_one(b, g->slack_app_token, g->slack_app_token_file,
                             "slack_app_token & slack_app_token_file") &&
           check_at_most_one(b, given(&g->slack_api_url), g->slack_api_url_file,
                             "slack_api_url & slack_api_url_file") &&
           check_slack(b, g) &&
           check_at_most_one(b, g->opsgenie_api_key, g->opsgenie_api_key_file,
                             "opsgenie_api_key & opsgenie_api_key_file") &&
           check_at_most_one(b, g->victorops_api_key, g->victorops_api_key_file,
                             "victorops_api_key & victorops_api_key_file") &&
           check_at_most_one(b, g->telegram_bot_token, g->telegram_bot_token_file,
                             "telegram_bot_token & telegram_bot_token_file") &&
           check_at_most_one(b, g->smtp_auth_password, g->smtp_auth_password_file,
                             "smtp_auth_password & smtp_auth_password_file") &&
           check_at_most_one(b, g->rocketchat_token, g->rocketchat_token_file,
                             "rocketchat_token & rocketchat_token_file") &&
           check_at_most_one(b, g->rocketchat_token_id, g->rocketchat_token_id_file,
                             "rocketchat_token_id & rocketchat_token_id_file") &&
           check_at_most_one(b, g->smtp_auth_secret, g->smtp_auth_secret_file,
                             "smtp_auth_secret & smtp_auth_secret_file") &&
           check_at_most_one(b, g->wechat_api_secret, g->wechat_api_secret_file,
                             "wechat_api_secret & wechat_api_secret_file") &&
           check_at_most_one(b, given(&g->mattermost_webhook_url), g->mattermost_webhook_url_file,
                             "mattermost_webhook_url & mattermost_webhook_url_file");
}
