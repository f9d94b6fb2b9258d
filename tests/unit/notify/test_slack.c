// SPDX-License-Identifier: Apache-2.0
#include "notify/integrations/slack.h"

#include "notify/integrations/chat.h"
#include "tests/unit/notify/attempt_rig.h"

#define WEBHOOK "http://chat/hooks/1"

static struct slack_conf slack(void)
{
    return (struct slack_conf){.api_url = {S(WEBHOOK), true},
                               .app_url = {S("http://app"), true},
                               .channel = S("#{{ .Status }}"),
                               .title = S("t")};
}

// An answer that says it is JSON.
static void answer_json(struct attempt_rig *r, const char *body)
{
    const struct http_header type = {S("content-type"), S("application/json; charset=utf-8")};
    struct http_call *call = attempt_rig_call(r);
    call->is_open = false;
    call->on_done(call->owner,
                  &(struct http_response){
                      .status = 200, .headers = &type, .header_count = 1, .body = str_c(body)},
                  NULL);
}

static void a_slack_message_has_its_members_in_order(void **state)
{
    (void)state;
    struct attempt_rig r;
    struct chat_field fields[] = {
        {S("f"), S("{{ .Status }}"), {0}},
        {S("{{ `` }}"), S("v"), {.value = false, .is_set = true}},
    };
    struct slack_confirmation confirm = {.text = S("sure"), .ok_text = S("yes")};
    struct slack_action actions[] = {
        {.type = S("button"), .text = S("a"), .url = S("http://u?<>")},
        {.type = S("button"), .text = S("b"), .name = S("n"), .confirm = &confirm},
    };
    struct slack_conf conf = slack();
    conf.username = S("u");
    conf.link_names = true;
    conf.message_text = S("mt");
    conf.fields = (struct yaml_list){fields, 2};
    conf.short_fields = true;
    conf.actions = (struct yaml_list){actions, 2};
    conf.color = S("good");
    attempt_rig_init(&r, &SLACK_OPS, &conf);
    attempt_rig_start(&r);
    check_str(attempt_rig_call(&r)->url, S(WEBHOOK));
    check_str(rig_header(attempt_rig_call(&r), "Authorization"), S(""));
    check_str(attempt_rig_call(&r)->body,
              S("{\"channel\":\"#firing\",\"username\":\"u\",\"link_names\":true,\"text\":\"mt\","
                "\"attachments\":[{\"title\":\"t\",\"text\":\"\",\"fallback\":\"\","
                "\"callback_id\":\"\",\"fields\":[{\"title\":\"f\",\"value\":\"firing\","
                "\"short\":true},{\"value\":\"v\",\"short\":false}],\"actions\":[{\"type\":"
                "\"button\",\"text\":\"a\",\"url\":\"http://u?\\u003c\\u003e\"},{\"type\":"
                "\"button\",\"text\":\"b\",\"name\":\"n\",\"confirm\":{\"text\":\"sure\","
                "\"ok_text\":\"yes\"}}],\"footer\":\"\",\"color\":\"good\",\"mrkdwn_in\":["
                "\"fallback\",\"pretext\",\"text\"]}]}\n"));
    attempt_rig_answer(&r, 200, "ok");
    check_delivered(&r);
    assert_int_equal(r.result.memo_count, 0);
    attempt_rig_done(&r);
}

static void a_slack_token_goes_to_the_api(void **state)
{
    (void)state;
    struct attempt_rig r;
    struct slack_conf conf = slack();
    conf.app_token_file = S("/token");
    attempt_rig_init(&r, &SLACK_OPS, &conf);
    attempt_rig_start(&r);
    check_failed(&r, "open /token: no such file or directory", false, FAILURE_OTHER);
    fake_file_set(&r.fake, "/token", S("xoxb-1\n"));
    attempt_rig_start(&r);
    check_str(attempt_rig_call(&r)->url, S("http://app"));
    check_str(rig_header(attempt_rig_call(&r), "Authorization"), S("Bearer xoxb-1"));
    attempt_rig_cancel(&r);
    attempt_rig_done(&r);
}

static void its_own_timeout_is_named(void **state)
{
    (void)state;
    struct attempt_rig r;
    struct slack_conf conf = slack();
    conf.timeout = DUR_SECONDS(90);
    attempt_rig_init(&r, &SLACK_OPS, &conf);
    attempt_rig_start(&r);
    assert_int_equal(attempt_rig_call(&r)->timeout, DUR_SECONDS(90));
    attempt_rig_break(&r, ERR_TIMEOUT, "context deadline exceeded");
    check_failed(&r,
                 "Post \"<redacted>\": context deadline exceeded: configured slack timeout reached "
                 "(1m30s)",
                 true, FAILURE_OTHER);
    attempt_rig_done(&r);
}

static void check_memos(const struct attempt_rig *r, const char *timestamp, const char *channel)
{
    assert_int_equal(r->result.memo_count, 2);
    check_str(r->result.memos[0].key, S("threadTs"));
    check_str(r->result.memos[0].value, str_c(timestamp));
    check_str(r->result.memos[1].key, S("channelId"));
    check_str(r->result.memos[1].value, str_c(channel));
}

static void check_begins(const struct attempt_rig *r, const char *url, const char *body)
{
    const struct http_call *call = &r->calls[r->call_count - 1];
    check_str(call->url, str_c(url));
    check_str(str_slice(call->body, 0, strlen(body)), str_c(body));
}

static void posted(struct attempt_rig *r)
{
    attempt_rig_start(r);
    check_begins(r, WEBHOOK, "{\"channel\":\"#firing\",\"attachments\":");
    answer_json(r, "{\"ok\":true,\"ts\":\"1.2\",\"channel\":\"C1\"}");
    check_delivered(r);
    check_memos(r, "1.2", "C1");
    r->message.memos = r->result.memos;
    r->message.memo_count = r->result.memo_count;
}

static void a_slack_message_is_updated(void **state)
{
    (void)state;
    struct attempt_rig r;
    struct slack_conf conf = slack();
    conf.update_message = true;
    attempt_rig_init(&r, &SLACK_OPS, &conf);
    posted(&r);
    attempt_rig_start(&r);
    check_begins(&r, "https://slack.com/api/chat.update",
                 "{\"channel\":\"C1\",\"ts\":\"1.2\",\"attachments\":");
    answer_json(&r, "{\"ok\":true}"); // remembers what it was
    check_delivered(&r);
    check_memos(&r, "1.2", "C1");
    attempt_rig_start(&r);
    answer_json(&r, "{\"ok\":false,\"error\":\"ratelimited\"}");
    check_failed(&r, "channel \"C1\": error response from Slack: ratelimited", false,
                 FAILURE_CLIENT);
    attempt_rig_done(&r);
}

// Somebody may have deleted it; the group must not fall silent for that.
static void a_slack_message_that_is_gone_is_posted_anew(void **state)
{
    (void)state;
    struct attempt_rig r;
    struct slack_conf conf = slack();
    conf.update_message = true;
    attempt_rig_init(&r, &SLACK_OPS, &conf);
    posted(&r);
    attempt_rig_start(&r);
    answer_json(&r, "{\"ok\":false,\"error\":\"message_not_found\"}");
    check_begins(&r, WEBHOOK, "{\"channel\":\"#firing\",\"attachments\":");
    answer_json(&r, "{\"ok\":true,\"ts\":\"2.3\",\"channel\":\"C1\"}");
    check_delivered(&r);
    check_memos(&r, "2.3", "C1");
    attempt_rig_start(&r); // a new one that is refused so is not tried without end
    answer_json(&r, "{\"ok\":false,\"error\":\"cant_update_message\"}");
    answer_json(&r, "{\"ok\":false,\"error\":\"message_not_found\"}");
    check_failed(&r, "channel \"#firing\": error response from Slack: message_not_found", false,
                 FAILURE_CLIENT);
    attempt_rig_done(&r);
}

static void without_update_message_nothing_is_remembered(void **state)
{
    (void)state;
    struct attempt_rig r;
    struct slack_conf conf = slack();
    attempt_rig_init(&r, &SLACK_OPS, &conf);
    const struct notify_memo memos[] = {{S("threadTs"), S("1")}, {S("channelId"), S("C")}};
    attempt_rig_start(&r);
    answer_json(&r, "{\"ok\":true,\"ts\":\"1.2\",\"channel\":\"C1\"}");
    check_delivered(&r);
    assert_int_equal(r.result.memo_count, 0);
    r.message.memos = memos; // of a time when it was on
    r.message.memo_count = 2;
    attempt_rig_start(&r);
    check_begins(&r, WEBHOOK, "{\"channel\":\"#firing\",\"attachments\":");
    attempt_rig_cancel(&r);
    attempt_rig_done(&r);
}

int test_slack(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slack_message_has_its_members_in_order),
        cmocka_unit_test(a_slack_token_goes_to_the_api),
        cmocka_unit_test(its_own_timeout_is_named),
        cmocka_unit_test(a_slack_message_is_updated),
        cmocka_unit_test(a_slack_message_that_is_gone_is_posted_anew),
        cmocka_unit_test(without_update_message_nothing_is_remembered),
    };
    return run_group("slack", tests);
}
