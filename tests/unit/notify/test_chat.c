// SPDX-License-Identifier: Apache-2.0
// What the services for team chat share; Mattermost, Rocket.Chat and Discord.
#include "notify/integrations/chat.h"

#include "notify/integrations/discord.h"
#include "notify/integrations/mattermost.h"
#include "notify/integrations/rocketchat.h"
#include "notify/integrations/slack.h"
#include "tests/unit/notify/attempt_rig.h"

#define SECRET "http://chat/hooks/s3cret"

static struct slack_conf slack(void)
{
    return (struct slack_conf){.api_url = {S(SECRET), true}, .channel = S("c")};
}

static struct mattermost_conf mattermost(void)
{
    return (struct mattermost_conf){
        .webhook_url = {S(SECRET), true}, .channel = S("c"), .own.text = S("t")};
}

static struct rocketchat_conf rocketchat(void)
{
    return (struct rocketchat_conf){.api_url = {S("http://chat/x"), true},
                                    .token = S("tok"),
                                    .token_id = S("id"),
                                    .channel = S("c"),
                                    .title = S("t")};
}

static struct discord_conf discord(void)
{
    return (struct discord_conf){.webhook_url = {S(SECRET), true}, .message = S("m")};
}

// ---- all of them -------------------------------------------------------------------------------

#define SERVICES 4

static void each_service(void (*fn)(struct attempt_rig *))
{
    struct slack_conf s = slack();
    struct mattermost_conf m = mattermost();
    struct rocketchat_conf r = rocketchat();
    struct discord_conf d = discord();
    const void *const confs[SERVICES] = {&s, &m, &r, &d};
    const struct integration_ops *const ops[SERVICES] = {&SLACK_OPS, &MATTERMOST_OPS,
                                                         &ROCKETCHAT_OPS, &DISCORD_OPS};
    for (size_t i = 0; i < SERVICES; i++) {
        struct attempt_rig rig;
        attempt_rig_init(&rig, ops[i], confs[i]);
        fn(&rig);
        attempt_rig_done(&rig);
    }
}

static void break_with(struct attempt_rig *r, enum err_code code, const char *why, const char *text)
{
    attempt_rig_start(r);
    attempt_rig_break(r, code, why);
    check_failed(r, text, true, FAILURE_OTHER);
    assert_true(str_find_str(buf_str(&r->log), S("s3cret")) == STR_NONE);
}

static void check_broken(struct attempt_rig *r)
{
    break_with(r, ERR_NETWORK, "dial tcp: connection refused",
               "Post \"<redacted>\": dial tcp: connection refused");
    break_with(r, ERR_LIMIT, "response body is larger than 1048576 bytes",
               "Post \"<redacted>\": response body is larger than 1048576 bytes");
    break_with(r, ERR_TIMEOUT, "context deadline exceeded",
               "Post \"<redacted>\": context deadline exceeded");
}

static void without_an_answer_it_is_tried_again_and_no_url_is_shown(void **state)
{
    (void)state;
    each_service(check_broken);
}

static void cancel(struct attempt_rig *r)
{
    attempt_rig_start(r);
    attempt_rig_cancel(r);
}

static void an_attempt_under_way_can_be_cancelled(void **state)
{
    (void)state;
    each_service(cancel);
}

static void check_headers(struct attempt_rig *r)
{
    attempt_rig_start(r);
    const struct http_call *call = attempt_rig_call(r);
    check_str(call->method, S("POST"));
    check_str(rig_header(call, "Content-Type"), S("application/json"));
    check_str(rig_header(call, "User-Agent"), S("Alertmanager/1"));
    assert_int_equal(call->timeout, 0);
    attempt_rig_cancel(r);
}

static void all_post_json(void **state)
{
    (void)state;
    each_service(check_headers);
}

// ---- answers -----------------------------------------------------------------------------------

static void check_answer_text(struct attempt_rig *r, const char *body, const char *why)
{
    attempt_rig_start(r);
    attempt_rig_answer(r, 200, body);
    check_failed(r, why, true, FAILURE_CLIENT);
}

static void answers_are_read_as_strictly_as_go_does(void **state)
{
    (void)state;
    struct attempt_rig r;
    struct rocketchat_conf conf = rocketchat();
    attempt_rig_init(&r, &ROCKETCHAT_OPS, &conf);
#define BAD "channel \"c\": could not unmarshal JSON response "
    check_answer_text(&r, "{\"success\":1}",
                      BAD "\"{\\\"success\\\":1}\": json: a value is of another type");
    check_answer_text(&r, "{\"error\":1}",
                      BAD "\"{\\\"error\\\":1}\": json: a value is of another type");
    check_answer_text(&r, "[]", BAD "\"[]\": json: a value is of another type");
    check_answer_text(&r, "", BAD "\"\": unexpected end of JSON input");
#undef BAD
    attempt_rig_start(&r);
    attempt_rig_answer(&r, 200, "null");
    check_failed(&r, "channel \"c\": error response from Rocketchat: ", false, FAILURE_CLIENT);
    attempt_rig_start(&r);
    attempt_rig_answer(&r, 200, "{\"Success\":true,\"error\":null}"); // in any case of letters
    check_delivered(&r);
    attempt_rig_done(&r);
}

// ---- Mattermost --------------------------------------------------------------------------------

static void check_mattermost(const struct mattermost_conf *conf, const char *want)
{
    struct attempt_rig r;
    attempt_rig_init(&r, &MATTERMOST_OPS, conf);
    attempt_rig_start(&r);
    check_str(attempt_rig_call(&r)->body, str_c(want));
    attempt_rig_answer(&r, 200, "not JSON");
    check_delivered(&r);
    attempt_rig_done(&r);
}

static void a_mattermost_message_has_its_members_in_order(void **state)
{
    (void)state;
    struct chat_field fields[] = {{S("f"), S("v"), {0}}, {S("g"), S("w"), {false, true}}};
    struct mattermost_attachment attachments[] = {{.fallback = S("fb"), .text = S("x")},
                                                  {.text = S("")}};
    struct mattermost_conf conf = mattermost();
    struct mattermost_props props = {S("{{ .Status }}")};
    conf.username = S("u");
    conf.type = S("custom");
    conf.props = &props;
    conf.own.pretext = S("p");
    conf.own.fields = (struct yaml_list){fields, 2};
    conf.own.footer_icon = S("fi");
    check_mattermost(&conf,
                     "{\"channel\":\"c\",\"username\":\"u\",\"attachments\":[{\"pretext\":\"p\","
                     "\"text\":\"t\",\"fields\":[{\"title\":\"f\",\"value\":\"v\"},{\"title\":"
                     "\"g\",\"value\":\"w\",\"short\":false}],\"footer_icon\":\"fi\"}],\"type\":"
                     "\"custom\",\"props\":{\"card\":\"firing\"}}\n");
    conf.attachments = (struct yaml_list){attachments, 2};
    check_mattermost(&conf,
                     "{\"text\":\"t\",\"channel\":\"c\",\"username\":\"u\",\"attachments\":[{"
                     "\"fallback\":\"fb\",\"text\":\"x\"},{}],\"type\":\"custom\",\"props\":{"
                     "\"card\":\"firing\"}}\n");
}

static void flags_of_mattermost_depend_on_the_priority(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"urgent", "{\"priority\":\"urgent\",\"requested_ack\":true,"
                   "\"persistent_notifications\":true}"},
        {"{{ `IMPORTANT` }}", "{\"priority\":\"important\",\"requested_ack\":true}"},
        {"Standard", "{\"priority\":\"standard\"}"},
        {"{{ `` }}", "{\"priority\":\"standard\"}"},
        {"high", "{\"priority\":\"standard\"}"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char want[256];
        struct mattermost_conf conf = mattermost();
        struct mattermost_priority priority = {str_c(cases[i][0]), true, true};
        conf.priority = &priority;
        snprintf(want, sizeof(want),
                 "{\"channel\":\"c\",\"attachments\":[{\"text\":\"t\"}],\"priority\":%s}\n",
                 cases[i][1]);
        check_mattermost(&conf, want);
    }
}

static void a_mattermost_url_is_read_at_each_attempt(void **state)
{
    (void)state;
    struct attempt_rig r;
    struct mattermost_conf conf = mattermost();
    conf.webhook_url = (struct yaml_url){0};
    conf.webhook_url_file = S("/url");
    attempt_rig_init(&r, &MATTERMOST_OPS, &conf);
    attempt_rig_start(&r);
    check_failed(&r, "open /url: no such file or directory", false, FAILURE_OTHER);
    fake_file_set(&r.fake, "/url", S(" \n"));
    attempt_rig_start(&r);
    check_failed(&r, "webhook url missing", false, FAILURE_OTHER);
    fake_file_set(&r.fake, "/url", S(" http://m/1\n"));
    attempt_rig_start(&r);
    check_str(attempt_rig_call(&r)->url, S("http://m/1"));
    attempt_rig_answer(&r, 500, "");
    check_failed(&r, "channel \"c\": unexpected status code 500", true, FAILURE_SERVER);
    attempt_rig_done(&r);
}

// ---- Rocket.Chat -------------------------------------------------------------------------------

static void a_rocketchat_message_has_its_members_in_order(void **state)
{
    (void)state;
    struct attempt_rig r;
    struct chat_field fields[] = {{S("f"), S("v"), {0}}, {S(""), S("w"), {false, true}}};
    struct rocketchat_action actions[] = {
        {.type = S("other"), .text = S("{{ .Status }}"), .url = S("http://u"), .is_webview = true}};
    struct rocketchat_conf conf = rocketchat();
    conf.emoji = S(":x:");
    conf.color = S("red");
    conf.short_fields = true;
    conf.fields = (struct yaml_list){fields, 2};
    conf.actions = (struct yaml_list){actions, 1};
    attempt_rig_init(&r, &ROCKETCHAT_OPS, &conf);
    attempt_rig_start(&r);
    check_str(attempt_rig_call(&r)->url, S("http://chat/x/api/v1/chat.postMessage"));
    check_str(attempt_rig_call(&r)->body,
              S("{\"channel\":\"c\",\"emoji\":\":x:\",\"attachments\":[{\"title\":\"t\",\"color\":"
                "\"red\",\"fields\":[{\"short\":true,\"title\":\"f\",\"value\":\"v\"},{\"short\":"
                "false,\"value\":\"w\"}],\"actions\":[{\"type\":\"button\",\"text\":\"firing\","
                "\"url\":\"http://u\",\"is_webview\":false,\"msg_in_chat_window\":false}]}]}\n"));
    attempt_rig_cancel(&r);
    attempt_rig_done(&r);
}

static void rocketchat_tokens_are_read_at_each_attempt(void **state)
{
    (void)state;
    struct attempt_rig r;
    struct rocketchat_conf conf = rocketchat();
    conf.token = S("");
    conf.token_file = S("/token");
    attempt_rig_init(&r, &ROCKETCHAT_OPS, &conf);
    attempt_rig_start(&r);
    check_failed(&r, "could not read /token: open /token: no such file or directory", false,
                 FAILURE_OTHER);
    static const char *const tokens[] = {"one", "two"};
    for (size_t i = 0; i < ARRAY_LEN(tokens); i++) {
        fake_file_set(&r.fake, "/token", str_c(tokens[i]));
        attempt_rig_start(&r);
        check_str(rig_header(attempt_rig_call(&r), "X-Auth-Token"), str_c(tokens[i]));
        check_str(rig_header(attempt_rig_call(&r), "X-User-Id"), S("id"));
        attempt_rig_answer(&r, 200, "{\"success\":true}");
        check_delivered(&r);
    }
    attempt_rig_done(&r);
}

// ---- Discord -----------------------------------------------------------------------------------

static void a_discord_picture_without_a_good_url_is_left_out(void **state)
{
    (void)state;
    struct attempt_rig r;
    struct discord_conf conf = discord();
    conf.avatar_url = S("http://a b\x7f/");
    conf.username = S("u");
    attempt_rig_init(&r, &DISCORD_OPS, &conf);
    rig_resolve(&r);
    attempt_rig_start(&r);
    check_str(attempt_rig_call(&r)->body,
              S("{\"content\":\"\",\"embeds\":[{\"title\":\"\",\"description\":\"m\",\"color\":"
                "3066993}],\"username\":\"u\"}\n"));
    assert_true(str_find_str(buf_str(&r.log), S("Bad avatar url")) != STR_NONE);
    attempt_rig_answer(&r, 429, "slowly"); // as upstream, not tried again
    check_failed(&r, "unexpected status code 429: slowly", false, FAILURE_RATE_LIMITED);
    attempt_rig_done(&r);
}

static void a_discord_url_is_read_at_each_attempt(void **state)
{
    (void)state;
    struct attempt_rig r;
    struct discord_conf conf = discord();
    conf.webhook_url_file = S("/url");
    attempt_rig_init(&r, &DISCORD_OPS, &conf);
    attempt_rig_start(&r);
    check_failed(&r, "read webhook_url_file: open /url: no such file or directory", false,
                 FAILURE_OTHER);
    fake_file_set(&r.fake, "/url", S("http://d/1\n"));
    attempt_rig_start(&r);
    check_str(attempt_rig_call(&r)->url, S("http://d/1"));
    attempt_rig_cancel(&r);
    attempt_rig_done(&r);
}

int test_chat(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_an_answer_it_is_tried_again_and_no_url_is_shown),
        cmocka_unit_test(an_attempt_under_way_can_be_cancelled),
        cmocka_unit_test(all_post_json),
        cmocka_unit_test(answers_are_read_as_strictly_as_go_does),
        cmocka_unit_test(a_mattermost_message_has_its_members_in_order),
        cmocka_unit_test(flags_of_mattermost_depend_on_the_priority),
        cmocka_unit_test(a_mattermost_url_is_read_at_each_attempt),
        cmocka_unit_test(a_rocketchat_message_has_its_members_in_order),
        cmocka_unit_test(rocketchat_tokens_are_read_at_each_attempt),
        cmocka_unit_test(a_discord_picture_without_a_good_url_is_left_out),
        cmocka_unit_test(a_discord_url_is_read_at_each_attempt),
    };
    return run_group("chat", tests);
}
