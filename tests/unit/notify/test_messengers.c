// SPDX-License-Identifier: Apache-2.0
// telegram, wechat and webex: what the services say, and what is kept or hidden.
#include "notify/integrations/telegram.h"
#include "notify/integrations/webex.h"
#include "notify/integrations/wechat.h"
#include "tests/unit/notify/attempt_rig.h"

static bool log_has(const struct attempt_rig *r, const char *text)
{
    return str_find_str(buf_str(&r->log), str_c(text)) != STR_NONE;
}

// ---- telegram ----------------------------------------------------------------------------------

static struct telegram_conf telegram(void)
{
    return (struct telegram_conf){.api_url = {S("https://t.example"), true},
                                  .bot_token = S("12:secret"),
                                  .chat_id = -100,
                                  .message = S("<b>{{ .Status }}</b>"),
                                  .parse_mode = S("HTML")};
}

static void check_telegram(const char *answer, const char *error, enum notify_failure why)
{
    struct attempt_rig r;
    struct telegram_conf conf = telegram();
    attempt_rig_init(&r, &TELEGRAM_OPS, &conf);
    attempt_rig_start(&r);
    check_str(attempt_rig_call(&r)->url, S("https://t.example/bot12:secret/sendMessage"));
    check_str(attempt_rig_call(&r)->body,
              S("{\"chat_id\":\"-100\",\"disable_web_page_preview\":\"true\",\"parse_mode\":"
                "\"HTML\",\"text\":\"\\u003cb\\u003efiring\\u003c/b\\u003e\"}\n"));
    check_str(rig_header(attempt_rig_call(&r), "User-Agent"), S("Go-http-client/1.1"));
    attempt_rig_answer(&r, 400, answer); // its status says nothing
    if (error)
        check_failed(&r, error, true, why);
    else
        check_delivered(&r);
    attempt_rig_done(&r);
}

static void telegrams_answers(void **state)
{
    (void)state;
    check_telegram("{\"ok\":true,\"result\":{\"message_id\":1}}", NULL, FAILURE_OTHER);
    check_telegram("{\"ok\":true}", NULL, FAILURE_OTHER);
    check_telegram("{\"ok\":true,\"result\":true}", "telebot: result is True", FAILURE_OTHER);
    check_telegram("{\"ok\":true,\"result\":7}", "telebot: the result is not a message",
                   FAILURE_OTHER);
    check_telegram("", "telebot: unexpected end of JSON input", FAILURE_OTHER);
    check_telegram("{}", "telegram:  (0)", FAILURE_OTHER);
    check_telegram("{\"error_code\":400,\"description\":\"Bad Request: chat not found\"}",
                   "telegram: chat not found (400)", FAILURE_CLIENT);
    check_telegram("{\"error_code\":429,\"description\":\"Too Many Requests: retry after 5\"}",
                   "telegram: retry after 5 (429)", FAILURE_RATE_LIMITED);
    check_telegram("{\"error_code\":403,\"description\":\"Forbidden: a: b\"}",
                   "telegram: Forbidden: a: b (403)", FAILURE_AUTH);
    check_telegram("{\"error_code\":1e300,\"description\":\"x\"}", "telegram: x (0)",
                   FAILURE_OTHER);
}

static void telegrams_token_is_not_told(void **state)
{
    (void)state;
    struct attempt_rig r;
    struct telegram_conf conf = telegram();
    attempt_rig_init(&r, &TELEGRAM_OPS, &conf);
    attempt_rig_start(&r);
    attempt_rig_break(&r, ERR_NETWORK, "connection refused");
    check_failed(&r, "telebot: Post \"<redacted>\": connection refused", true, FAILURE_OTHER);
    attempt_rig_start(&r);
    attempt_rig_cancel(&r);
    attempt_rig_done(&r);
}

static void telegrams_files(void **state)
{
    (void)state;
    struct attempt_rig r;
    struct telegram_conf conf = telegram();
    conf.bot_token_file = S("/token");
    conf.chat_id_file = S("/chat");
    attempt_rig_init(&r, &TELEGRAM_OPS, &conf);
    attempt_rig_start(&r);
    check_failed(&r, "could not read /token: open /token: no such file or directory", true,
                 FAILURE_OTHER);
    fake_file_set(&r.fake, "/token", S(" 9:t\n"));
    attempt_rig_start(&r);
    check_failed(&r, "could not read /chat: open /chat: no such file or directory", true,
                 FAILURE_OTHER);
    fake_file_set(&r.fake, "/chat", S("@name\n"));
    attempt_rig_start(&r);
    check_failed(&r, "could not parse chat_id from /chat: \"@name\" is not a whole number", true,
                 FAILURE_OTHER);
    fake_file_set(&r.fake, "/chat", S("77\n"));
    attempt_rig_start(&r);
    check_str(attempt_rig_call(&r)->url, S("https://t.example/bot9:t/sendMessage"));
    assert_true(str_starts(attempt_rig_call(&r)->body, S("{\"chat_id\":\"77\",")));
    attempt_rig_answer(&r, 200, "{\"ok\":true}");
    check_delivered(&r);
    attempt_rig_done(&r);
}

static void telegrams_templates(void **state)
{
    (void)state;
    struct attempt_rig r;
    struct telegram_conf conf = telegram();
    conf.message = S("{{ nothing }}");
    attempt_rig_init(&r, &TELEGRAM_OPS, &conf);
    attempt_rig_start(&r);
    check_failed(&r, "template: :1: function \"nothing\" not defined", false, FAILURE_OTHER);
    conf.message = S("{{ printf \"%04097d\" 1 }}");
    conf.parse_mode = S("Markdown");
    attempt_rig_start(&r);
    assert_true(log_has(&r, "Truncated message"));
    assert_true(str_ends(attempt_rig_call(&r)->body, S("000…\"}\n")));
    attempt_rig_cancel(&r);
    conf.parse_mode = S("HTML");
    attempt_rig_start(&r);
    assert_true(str_find_str(attempt_rig_call(&r)->body,
                             S("exceeds Telegram limits.\\n\\t\\t\\tPlease check")) != STR_NONE);
    attempt_rig_cancel(&r);
    attempt_rig_done(&r);
}

// ---- wechat ------------------------------------------------------------------------------------

static struct wechat_conf wechat(struct wechat_token *token)
{
    *token = (struct wechat_token){.bytes = 0};
    return (struct wechat_conf){.api_secret = S("s&{{ .Status }}"),
                                .corp_id = S("c"),
                                .message = S("m"),
                                .api_url = {S("https://w.example/api/?x=1"), true},
                                .to_user = S("@all"),
                                .message_type = S("text"),
                                .token = token};
}

#define TOKEN_URL   S("https://w.example/api/gettoken?corpid=c&corpsecret=s%26firing")
#define SEND(token) S("https://w.example/api/message/send?access_token=" token "&x=1")

static void check_asks_for_token(struct attempt_rig *r)
{
    check_str(attempt_rig_call(r)->method, S("GET"));
    check_str(attempt_rig_call(r)->url, TOKEN_URL);
}

static void wechat_keeps_its_token(void **state)
{
    (void)state;
    struct attempt_rig r;
    struct wechat_token token;
    struct wechat_conf conf = wechat(&token);
    attempt_rig_init(&r, &WECHAT_OPS, &conf);
    attempt_rig_start(&r);
    check_asks_for_token(&r);
    attempt_rig_answer(&r, 200, "{\"access_token\":\"t1\"} and more");
    check_str(attempt_rig_call(&r)->url, SEND("t1"));
    check_str(attempt_rig_call(&r)->body,
              S("{\"text\":{\"content\":\"m\"},\"touser\":\"@all\",\"safe\":\"0\",\"msgtype\":"
                "\"text\",\"markdown\":{\"content\":\"\"}}\n"));
    attempt_rig_answer(&r, 200, "{\"errcode\":0}");
    check_delivered(&r);

    fake_env_advance(&r.fake, DUR_HOURS(2));
    r.message.deadline = r.fake.mono + DUR_MINUTES(1);
    attempt_rig_start(&r); // still good
    check_str(attempt_rig_call(&r)->url, SEND("t1"));
    attempt_rig_answer(&r, 200, "{\"errcode\":42001,\"errmsg\":\"access_token expired\"}");
    check_failed(&r, "access_token expired", true, FAILURE_OTHER);

    attempt_rig_start(&r);
    check_asks_for_token(&r);
    attempt_rig_answer(&r, 500, "{\"access_token\":\"t2\"}"); // whatever the status
    check_str(attempt_rig_call(&r)->url, SEND("t2"));
    attempt_rig_answer(&r, 200, "{}");
    check_delivered(&r);
    fake_env_advance(&r.fake, DUR_HOURS(2) + 1);
    attempt_rig_start(&r); // too old
    check_asks_for_token(&r);
    attempt_rig_cancel(&r);
    attempt_rig_done(&r);
}

static void wechat_drops_no_newer_token(void **state)
{
    (void)state;
    struct attempt_rig r;
    struct wechat_token token;
    struct wechat_conf conf = wechat(&token);
    attempt_rig_init(&r, &WECHAT_OPS, &conf);
    attempt_rig_start(&r);
    attempt_rig_answer(&r, 200, "{\"access_token\":\"old\"}");
    memcpy(token.text, "new", 3); // another group's attempt was faster
    attempt_rig_answer(&r, 200, "{\"errcode\":42001,\"errmsg\":\"e\"}");
    check_failed(&r, "e", true, FAILURE_OTHER);
    attempt_rig_start(&r);
    check_str(attempt_rig_call(&r)->url, SEND("new"));
    attempt_rig_cancel(&r);
    attempt_rig_done(&r);
}

static void wechat_uses_a_token_too_long_to_keep(void **state)
{
    (void)state;
    struct attempt_rig r;
    struct wechat_token token;
    struct wechat_conf conf = wechat(&token);
    char answer[WECHAT_TOKEN_BYTES_MAX + 64];
    snprintf(answer, sizeof(answer), "{\"access_token\":\"%0*d\"}", WECHAT_TOKEN_BYTES_MAX + 1, 1);
    attempt_rig_init(&r, &WECHAT_OPS, &conf);
    for (int i = 0; i < 2; i++) {
        attempt_rig_start(&r);
        check_asks_for_token(&r);
        attempt_rig_answer(&r, 200, answer);
        check_str(attempt_rig_call(&r)->method, S("POST"));
        attempt_rig_answer(&r, 200, "{}");
        check_delivered(&r);
    }
    attempt_rig_done(&r);
}

static void check_token_answer(const char *answer, const char *error)
{
    struct attempt_rig r;
    struct wechat_token token;
    struct wechat_conf conf = wechat(&token);
    attempt_rig_init(&r, &WECHAT_OPS, &conf);
    attempt_rig_start(&r);
    attempt_rig_answer(&r, 200, answer);
    check_failed(&r, error, false, FAILURE_OTHER);
    attempt_rig_done(&r);
}

static void wechat_without_a_token(void **state)
{
    (void)state;
    check_token_answer("{\"errcode\":40001}", "invalid APISecret for CorpID: c");
    check_token_answer("{\"access_token\":7}", "json: cannot unmarshal access_token into a string");
    check_token_answer("", "unexpected end of JSON input");

    struct attempt_rig r;
    struct wechat_token token;
    struct wechat_conf conf = wechat(&token);
    attempt_rig_init(&r, &WECHAT_OPS, &conf);
    attempt_rig_start(&r);
    attempt_rig_break(&r, ERR_NETWORK, "EOF");
    check_failed(&r, "Get \"<redacted>\": EOF", true, FAILURE_OTHER);
    conf.api_secret_file = S("/none");
    attempt_rig_start(&r);
    check_failed(&r, "open /none: no such file or directory", false, FAILURE_OTHER);
    conf.api_secret_file = S("");
    conf.corp_id = S("{{");
    attempt_rig_start(&r);
    check_failed(&r, "templating error: template: :1: unclosed action", false, FAILURE_OTHER);
    attempt_rig_done(&r);
}

static void check_wechat(int status, const char *answer, const char *error, bool is_retried,
                         enum notify_failure why)
{
    struct attempt_rig r;
    struct wechat_token token;
    struct wechat_conf conf = wechat(&token);
    attempt_rig_init(&r, &WECHAT_OPS, &conf);
    attempt_rig_start(&r);
    attempt_rig_answer(&r, 200, "{\"access_token\":\"t\"}");
    attempt_rig_answer(&r, status, answer);
    check_failed(&r, error, is_retried, why);
    attempt_rig_done(&r);
}

static void wechats_answers(void **state)
{
    (void)state;
    check_wechat(429, "", "unexpected status code 429", true, FAILURE_RATE_LIMITED);
    check_wechat(200, "{\"errcode\":40014,\"errmsg\":\"invalid\"}", "invalid", false,
                 FAILURE_OTHER);
    check_wechat(200, "{} x", "invalid character 'x' after top-level value at byte 3", true,
                 FAILURE_OTHER);
    check_wechat(200, "{\"errcode\":\"0\"}", "json: cannot unmarshal the answer", true,
                 FAILURE_OTHER);
}

// ---- webex -------------------------------------------------------------------------------------

static void webex_cuts_at_bytes(void **state)
{
    (void)state;
    struct attempt_rig r;
    struct webex_conf conf = {.api_url = {S("https://x.example/"), true},
                              .message = S("{{ printf \"%07440d\" 1 }}"),
                              .room_id = S("r")};
    attempt_rig_init(&r, &WEBEX_OPS, &conf);
    attempt_rig_start(&r);
    assert_true(log_has(&r, "message truncated due to exceeding maximum allowed length by webex"));
    assert_true(str_ends(attempt_rig_call(&r)->body, S("000…\",\"roomId\":\"r\"}\n")));
    assert_int_equal(attempt_rig_call(&r)->body.n,
                     7439 + S("{\"markdown\":\"").n + S("\",\"roomId\":\"r\"}\n").n);
    attempt_rig_answer(&r, 200, "");
    check_delivered(&r);
    conf.room_id = S("{{");
    attempt_rig_start(&r); // and is not sent to no room at all
    check_failed(&r, "template: :1: unclosed action", false, FAILURE_OTHER);
    attempt_rig_done(&r);
}

int test_messengers(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(telegrams_answers),
        cmocka_unit_test(telegrams_token_is_not_told),
        cmocka_unit_test(telegrams_files),
        cmocka_unit_test(telegrams_templates),
        cmocka_unit_test(wechat_keeps_its_token),
        cmocka_unit_test(wechat_drops_no_newer_token),
        cmocka_unit_test(wechat_uses_a_token_too_long_to_keep),
        cmocka_unit_test(wechat_without_a_token),
        cmocka_unit_test(wechats_answers),
        cmocka_unit_test(webex_cuts_at_bytes),
    };
    return run_group("messengers", tests);
}
