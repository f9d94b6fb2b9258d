// SPDX-License-Identifier: Apache-2.0
// Slack, Mattermost and Rocket.Chat in the configuration, and what Slack remembers in the log.
#include "alertmanager/config.h"
#include "tests/unit/alertmanager/receiver_world.h"

// ---- configuration -----------------------------------------------------------------------------

#define TAIL "route: {receiver: r}\nreceivers: [{name: r, "

static struct config *load(struct fake_env *f, const char *text, struct err *err)
{
    *err = (struct err)ERR_INIT;
    return config_load(str_c(text), S("alertmanager.yml"),
                       &(struct config_options){.env = &f->env, .matchers = MATCHER_FALLBACK}, err);
}

static void check_bad(const char *text, const char *want)
{
    struct fake_env f;
    struct err err;
    fake_env_init(&f);
    assert_null(load(&f, text, &err));
    check_err(&err, want);
    fake_env_done(&f);
}

// The printed text holds `want`, not `absent`, and reads back as itself.
static void check_good(const char *text, const char *want, const char *absent)
{
    struct fake_env f;
    struct err err;
    fake_env_init(&f);
    struct config *config = load(&f, text, &err);
    check_err(&err, "");
    if (str_find_str(config->original, str_c(want)) == STR_NONE)
        check_str(config->original, str_c(want));
    if (absent && str_find_str(config->original, str_c(absent)) != STR_NONE)
        fail_msg("%s in:\n%.*s", absent, STR(config->original));
    struct arena mem = {0};
    struct config *again = load(&f, arena_c(&mem, config->original), &err);
    check_err(&err, "");
    check_str(again->original, config->original);
    config_unref(again);
    config_unref(config);
    arena_done(&mem);
    fake_env_done(&f);
}

static void one_way_to_reach_slack_is_needed(void **state)
{
    (void)state;
    check_bad(TAIL "slack_configs: [{}]}]",
              "no Slack API URL nor App token set either inline or in a file");
    check_bad(TAIL "slack_configs: [null]}]",
              "no Slack API URL nor App token set either inline or in a file");
    check_bad("global: {slack_app_token: t}\n" TAIL "slack_configs: [null]}]",
              "missing slack config");
    check_bad("global: {slack_app_url: null}\n" TAIL "slack_configs: [{api_url: http://a}]}]",
              "no global Slack App URL set");
    check_bad(TAIL "slack_configs: [{api_url: http://a, api_url_file: b}]}]",
              "at most one of api_url & api_url_file must be configured");
    check_bad("global: {http_config: {authorization: {credentials: x}}}\n" TAIL
              "slack_configs: [{app_token: t}]}]",
              "http authorization can't be set when using Slack App tokens");
    check_bad(TAIL "slack_configs: [{app_token: t, update_message: true}]}]",
              "update_message can only be used with bot tokens. api_url must be set to "
              "https://slack.com/api/chat.postMessage");
}

static void slack_takes_from_global_what_it_lacks(void **state)
{
    (void)state;
    check_good("global: {slack_app_token: t}\n" TAIL "slack_configs: [{}]}]",
               "    app_token: <secret>\n    app_url: https://slack.com/api/chat.postMessage\n",
               "    api_url:");
    check_good("global: {slack_api_url: http://g}\n" TAIL "slack_configs: [{}]}]",
               "    api_url: <secret>\n    app_url:", "app_token");
    check_good("global: {slack_app_token: t}\n" TAIL "slack_configs: [{api_url: http://own}]}]",
               "    api_url: <secret>\n    app_url:", "    app_token");
    check_good("global: {slack_app_token: t}\n" TAIL "slack_configs: [{api_url_file: own}]}]",
               "    api_url_file: own\n    app_url:", "    app_token");
    check_good("global: {slack_app_token: t, slack_api_url: 'https://slack.com/api/"
               "chat.postMessage'}\n" TAIL
               "slack_configs: [{http_config: {authorization: {credentials: x}}}]}]",
               "    api_url: <secret>\n    app_url:", "    app_token");
}

static void slack_actions_are_checked_and_cleared(void **state)
{
    (void)state;
#define ACTIONS(text) TAIL "slack_configs: [{api_url: http://a, actions: [" text "]}]}]"
    check_bad(ACTIONS("{text: t, url: u}"), "missing type in Slack action configuration");
    check_bad(ACTIONS("null"), "missing type in Slack action configuration");
    check_bad(ACTIONS("{type: b, url: u}"), "missing text in Slack action configuration");
    check_bad(ACTIONS("{type: b, text: t, url: u, confirm: {title: t}}"),
              "missing text in Slack confirmation configuration");
    check_good(ACTIONS("{type: b, text: t, url: u, name: n, value: v, confirm: {text: x}}"),
               "    actions:\n    - type: b\n      text: t\n      url: u\n    update_message: false"
               "\n    timeout: 0s\n",
               "confirm");
    check_good(ACTIONS("{type: b, text: t, name: n, value: v, confirm: {text: x}}"),
               "      name: \"n\"\n      value: v\n      confirm:\n        text: x\n", NULL);
#undef ACTIONS
    check_bad(TAIL "slack_configs: [{api_url: http://a, fields: [null]}]}]",
              "missing title in Slack field configuration");
}

static void mattermost_needs_a_url(void **state)
{
    (void)state;
    check_bad(TAIL "mattermost_configs: [{}]}]",
              "missing webhook_url or webhook_url_file on mattermost_config");
    check_bad(TAIL "mattermost_configs: [null]}]", "missing mattermost config");
    check_bad(TAIL "mattermost_configs: [{webhook_url: http://a, attachments: [{fields: [{title: "
                   "t}]}]}]}]",
              "missing value in Mattermost field configuration");
    check_good("global: {mattermost_webhook_url_file: f}\n" TAIL
               "mattermost_configs: [{props: {card: c}, priority: {priority: urgent, "
               "requested_ack: true}, fields: [{title: t, value: v, short: false}]}]}]",
               "    webhook_url_file: f\n", "webhook_url:");
}

static void rocketchat_tokens_come_in_pairs_with_their_files(void **state)
{
    (void)state;
    check_bad(TAIL "rocketchat_configs: [null]}]",
              "no global Rocketchat TokenID set either inline or in a file");
    check_bad("global: {rocketchat_token_id: i}\n" TAIL "rocketchat_configs: [{}]}]",
              "no global Rocketchat Token set either inline or in a file");
    check_bad(TAIL "rocketchat_configs: [{token: '', token_file: f, token_id: i}]}]",
              "at most one of token & token_file must be configured");
    check_good("global: {rocketchat_token_file: f, rocketchat_token_id: i}\n" TAIL
               "rocketchat_configs: [{token: own, fields: [{title: t}], actions: [{msg: m}]}]}]",
               "    token_id: <secret>\n    token: <secret>\n", "    token_file");
    check_good(TAIL "rocketchat_configs: [{token: t, token_id: i, fields: [{title: t}]}]}]",
               "    - short: null\n      title: t\n      value: \"\"\n", NULL);
}

// ---- in service --------------------------------------------------------------------------------

static bool answer_posted(void *owner, const struct receiver_request *r, struct http_response *ret,
                          struct err *err)
{
    static const struct http_header json_type = {{"Content-Type", 12}, {"application/json", 16}};
    (void)owner;
    (void)r;
    (void)err;
    ret->headers = &json_type;
    ret->header_count = 1;
    ret->body = S("{\"ok\":true,\"ts\":\"1700000000.000100\",\"channel\":\"C042\"}");
    return true;
}

static void missing_token_files_refuse_the_configuration(void **state)
{
    (void)state;
    struct receiver_world w;
    struct err err = ERR_INIT;
    receiver_world_init(&w, TAIL "rocketchat_configs: [{token_file: /t, token_id_file: /i}]}]",
                        answer_posted, NULL);
    fake_file_set(&w.api.fake, "/t", S("x"));
    assert_false(receiver_world_run(&w, &err));
    assert_true(str_find_str(err_str(&err), S("could not read /i: open /i: no such file")) !=
                STR_NONE);
    receiver_world_stop(&w);
}

#define UPDATING                                                                                   \
    "route: {receiver: r, group_by: [alertname], group_wait: 1s, group_interval: 1s}\n"            \
    "receivers: [{name: r, slack_configs: [{api_url: 'https://slack.com/api/chat.postMessage', "   \
    "update_message: true, channel: '#ops', http_config: {authorization: {credentials: x}}}]}]\n"

static void post_alert(struct receiver_world *w, const char *instance)
{
    char body[128];
    snprintf(body, sizeof(body), "[{\"labels\":{\"alertname\":\"a\",\"instance\":\"%s\"}}]",
             instance);
    api_world_ask(&w->api, "POST", "/api/v2/alerts", body);
    assert_int_equal(w->api.status, 200);
    receiver_world_pass(w, DUR_SECONDS(3));
}

static void check_request(const struct receiver_world *w, size_t i, const char *url,
                          const char *begin)
{
    assert_int_equal(w->request_count, i + 1);
    const struct receiver_request *r = &w->requests[i];
    check_str(r->url, str_c(url));
    check_str(http_header_find(r->headers, r->header_count, S("Authorization")), S("Bearer x"));
    check_str(str_slice(r->body, 0, strlen(begin)), str_c(begin));
}

#define UPDATE                                                                                     \
    "https://slack.com/api/chat.update", "{\"channel\":\"C042\",\"ts\":\"1700000000.000100\","

static void a_message_is_updated_across_a_restart(void **state)
{
    (void)state;
    struct receiver_world w;
    struct err err = ERR_INIT;
    receiver_world_init(&w, UPDATING, answer_posted, NULL);
    assert_true(receiver_world_run(&w, &err));
    post_alert(&w, "1");
    check_request(&w, 0, "https://slack.com/api/chat.postMessage", "{\"channel\":\"#ops\",");
    post_alert(&w, "2");
    check_request(&w, 1, UPDATE);
    receiver_world_restart(&w);
    post_alert(&w, "1");
    post_alert(&w, "2");
    assert_int_equal(w.request_count, 2); // nothing new to say
    post_alert(&w, "3");
    check_request(&w, 2, UPDATE);
    check_str(buf_str(&w.errors), S(""));
    receiver_world_stop(&w);
}

int test_receivers_chat(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_way_to_reach_slack_is_needed),
        cmocka_unit_test(slack_takes_from_global_what_it_lacks),
        cmocka_unit_test(slack_actions_are_checked_and_cleared),
        cmocka_unit_test(mattermost_needs_a_url),
        cmocka_unit_test(rocketchat_tokens_come_in_pairs_with_their_files),
        cmocka_unit_test(missing_token_files_refuse_the_configuration),
        cmocka_unit_test(a_message_is_updated_across_a_restart),
    };
    return run_group("receivers-chat", tests);
}
