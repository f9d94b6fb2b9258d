// SPDX-License-Identifier: Apache-2.0
// How telegram, wechat, webex, msteams, msteamsv2 and sns are read, refused and printed, and how
// the environment's words about AWS reach an attempt.
#include "alertmanager/config.h"
#include "notify/integrations/aws_environment.h"
#include "tests/unit/alertmanager/receiver_world.h"

static struct config *load(struct fake_env *fake, const char *global, const char *kind,
                           const char *settings, struct err *err)
{
    struct arena mem = {0};
    str text = arena_printf(&mem,
                            "global: {%s}\nroute: {receiver: r}\nreceivers:\n- name: r\n"
                            "  %s_configs:\n  - %s\n",
                            global, kind, settings);
    struct config *c = config_load(text, S("/etc/am/alertmanager.yml"),
                                   &(struct config_options){.env = &fake->env}, err);
    arena_done(&mem);
    return c;
}

static void errors_are_upstreams(void **state)
{
    (void)state;
    static const char *const CASES[][4] = {
        {"", "telegram", "null", "missing telegram config"},
        {"telegram_bot_token: t", "telegram", "{}",
         "missing chat_id or chat_id_file on telegram_config"},
        {"telegram_bot_token: t", "telegram", "{chat_id: 1, chat_id_file: f}",
         "at most one of chat_id & chat_id_file must be configured"},
        {"", "telegram", "{chat_id: 1}", "missing bot_token or bot_token_file on telegram_config"},
        {"", "telegram", "{chat_id: 1, bot_token: a, bot_token_file: b}",
         "at most one of bot_token & bot_token_file must be configured"},
        {"", "telegram", "{chat_id: 1, bot_token: a, parse_mode: html}",
         "unknown parse_mode on telegram_config, must be Markdown, MarkdownV2, HTML or empty "
         "string"},
        {"telegram_api_url: null", "telegram", "{chat_id: 1, bot_token: a}",
         "no global Telegram URL set"},
        {"", "telegram", "{chat_id: '@c', bot_token: a}",
         "yaml: unmarshal errors:\n  line 6: cannot unmarshal !!str `@c` into int64"},
        {"", "wechat", "null", "no global Wechat Api Secret set either inline or in a file"},
        {"wechat_api_secret: s, wechat_api_corp_id: c", "wechat", "null", "missing wechat config"},
        {"", "wechat", "{api_secret: s}", "no global Wechat CorpID set"},
        {"", "wechat", "{api_secret: s, api_secret_file: f, corp_id: c}",
         "at most one of api_secret & api_secret_file must be configured"},
        {"", "wechat", "{api_secret: s, corp_id: c, message_type: image}",
         "weChat message type \"image\" does not match valid options ^(text|markdown)$"},
        {"wechat_api_url: null", "wechat", "{api_secret: s, corp_id: c}",
         "no global Wechat URL set"},
        {"", "webex", "null", "missing webex config"},
        {"", "webex", "{room_id: r}", "missing webex_configs.http_config.authorization"},
        {"http_config: {authorization: {credentials: x}}", "webex", "{room_id: r}",
         "missing webex_configs.http_config.authorization"},
        {"", "webex", "{http_config: {authorization: {credentials: x}}}",
         "missing room_id on webex_config"},
        {"webex_api_url: null", "webex", "{room_id: r, http_config: {bearer_token: x}}",
         "no global Webex URL set"},
        {"", "msteams", "null", "missing msteams config"},
        {"", "msteams", "{}", "one of webhook_url or webhook_url_file must be configured"},
        {"", "msteamsv2", "null", "missing msteamsv2 config"},
        {"", "msteamsv2", "{webhook_url: 'http://a', webhook_url_file: b}",
         "at most one of webhook_url & webhook_url_file must be configured"},
        {"", "sns", "null", "missing sns config"},
        {"", "sns", "{topic_arn: t, phone_number: p}",
         "must provide either a Target ARN, Topic ARN, or Phone Number for SNS config"},
        {"", "sns", "{topic_arn: t, sigv4: {access_key: a}}",
         "must provide a AWS SigV4 Access key and Secret Key if credentials are specified in the "
         "SigV4 config"},
        {"", "sns", "{topic_arn: t, sigv4: {external_id: e}}",
         "external_id can only be used with role_arn"},
    };
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        struct fake_env fake;
        struct err err = ERR_INIT;
        fake_env_init(&fake);
        struct config *c = load(&fake, CASES[i][0], CASES[i][1], CASES[i][2], &err);
        check_err(&err, CASES[i][3]);
        assert_null(c);
        fake_env_done(&fake);
    }
}

static void receivers_are_printed_with_what_they_inherit(void **state)
{
    (void)state;
    static const char *const CASES[][4] = {
        {"telegram_bot_token: t", "telegram", "{chat_id: -5, message_thread_id: 7, message: m}",
         "    api_url: https://api.telegram.org\n    bot_token: <secret>\n    chat_id: -5\n"
         "    message_thread_id: 7\n    message: m\n    parse_mode: HTML\n"},
        {"wechat_api_corp_id: c", "wechat", "{api_secret_file: f, api_url: 'http://w/x'}",
         "  - send_resolved: false\n    http_config:\n      follow_redirects: true\n"
         "      enable_http2: true\n    api_secret_file: f\n    corp_id: c\n"
         "    message: '{{ template \"wechat.default.message\" . }}'\n    api_url: http://w/x/\n"
         "    to_user: '{{ template \"wechat.default.to_user\" . }}'\n"
         "    to_party: '{{ template \"wechat.default.to_party\" . }}'\n"
         "    to_tag: '{{ template \"wechat.default.to_tag\" . }}'\n"
         "    agent_id: '{{ template \"wechat.default.agent_id\" . }}'\n"
         "    message_type: text\n"},
        {"", "webex", "{room_id: r, http_config: {bearer_token: x}}",
         "    api_url: https://webexapis.com/v1/messages\n"
         "    message: '{{ template \"webex.default.message\" . }}'\n    room_id: r\n"},
        {"", "msteams", "{webhook_url: 'http://a/b', summary: s}",
         "    webhook_url: <secret>\n    title: '{{ template \"msteams.default.title\" . }}'\n"
         "    summary: s\n    text: '{{ template \"msteams.default.text\" . }}'\n"},
        {"http_config: {proxy_url: 'http://p'}", "msteamsv2",
         "{webhook_url_file: /f, http_config: {no_proxy: x, proxy_url: 'http://mine'}}",
         "      proxy_url: http://mine\n"},
        {"http_config: {proxy_url: 'http://p'}", "msteamsv2",
         "{webhook_url_file: /f, http_config: {enable_http2: false}}",
         "      enable_http2: false\n      proxy_url: http://p\n    webhook_url_file: /f\n"},
        {"", "sns", "{topic_arn: t, message: m}",
         "    sigv4: {}\n    topic_arn: t\n"
         "    subject: '{{ template \"sns.default.subject\" . }}'\n    message: m\n"},
        {"", "sns",
         "{topic_arn: t, phone_number: p, target_arn: a, use_aws_http_client: true, "
         "attributes: {b: '2', a: '1'}, sigv4: {access_key: k, secret_key: s, role_arn: r, "
         "external_id: e}}",
         "    sigv4:\n      access_key: k\n      secret_key: <secret>\n      role_arn: r\n"
         "      external_id: e\n    topic_arn: t\n    phone_number: p\n    target_arn: a\n"},
    };
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        struct fake_env fake;
        struct err err = ERR_INIT;
        fake_env_init(&fake);
        struct config *c = load(&fake, CASES[i][0], CASES[i][1], CASES[i][2], &err);
        check_err(&err, "");
        if (str_find_str(c->original, str_c(CASES[i][3])) == STR_NONE)
            check_str(c->original, str_c(CASES[i][3]));
        config_unref(c);
        fake_env_done(&fake);
    }
}

// ---- from the program to the attempt -----------------------------------------------------------

static bool answer(void *owner, const struct receiver_request *r, struct http_response *ret,
                   struct err *err)
{
    (void)owner, (void)r, (void)err;
    ret->body = S("<PublishResponse/>");
    return true;
}

static void sns_knows_the_environment(void **state)
{
    (void)state;
    struct receiver_world w;
    struct err err = ERR_INIT;
    struct aws_environment aws = {{[AWS_VAR_ACCESS_KEY_ID] = S("ENV"),
                                   [AWS_VAR_SECRET_ACCESS_KEY] = S("s"),
                                   [AWS_VAR_REGION] = S("us-west-2")}};
    receiver_world_init(&w,
                        "route: {receiver: r, group_wait: 1s}\n"
                        "receivers: [{name: r, sns_configs: [{topic_arn: t}]}]\n",
                        answer, NULL);
    w.api.opt.aws = &aws;
    assert_true(receiver_world_run(&w, &err));
    api_world_ask(&w.api, "POST", "/api/v2/alerts", "[{\"labels\":{\"a\":\"b\"}}]");
    receiver_world_pass(&w, DUR_SECONDS(2));
    assert_int_equal(w.request_count, 1);
    check_str(w.requests[0].url, S("https://sns.us-west-2.amazonaws.com/"));
    str authorization =
        http_header_find(w.requests[0].headers, w.requests[0].header_count, S("Authorization"));
    assert_true(str_starts(authorization, S("AWS4-HMAC-SHA256 Credential=ENV/")));
    receiver_world_stop(&w);
}

int test_messenger_receivers(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_are_upstreams),
        cmocka_unit_test(receivers_are_printed_with_what_they_inherit),
        cmocka_unit_test(sns_knows_the_environment),
    };
    return run_group("messenger receivers", tests);
}
