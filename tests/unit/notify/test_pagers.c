// SPDX-License-Identifier: Apache-2.0
// pagerduty, victorops, pushover and incidentio: one request each.
#include "base/model/httpconf.h"
#include "notify/integrations/incidentio.h"
#include "notify/integrations/pagerduty.h"
#include "notify/integrations/pushover.h"
#include "notify/integrations/victorops.h"
#include "tests/unit/notify/attempt_rig.h"

static bool body_has(struct attempt_rig *r, const char *text)
{
    return str_find_str(attempt_rig_call(r)->body, str_c(text)) != STR_NONE;
}

static bool log_has(const struct attempt_rig *r, const char *text)
{
    return str_find_str(buf_str(&r->log), str_c(text)) != STR_NONE;
}

// ---- pagerduty ---------------------------------------------------------------------------------

static struct pagerduty_conf version_1(void)
{
    return (struct pagerduty_conf){.service_key = S("sk"),
                                   .routing_key = S("not looked at"),
                                   .url = {S("http://ignored/"), true},
                                   .client = S("c"),
                                   .client_url = S("u"),
                                   .description = S("d <{{ .Status }}>")};
}

static void version_1_of_pagerduty(void **state)
{
    (void)state;
    struct attempt_rig r;
    struct pagerduty_conf conf = version_1();
    attempt_rig_init(&r, &PAGERDUTY_OPS, &conf);
    attempt_rig_start(&r);
    check_str(attempt_rig_call(&r)->url,
              S("https://events.pagerduty.com/generic/2010-04-15/create_event.json"));
    check_str(attempt_rig_call(&r)->body,
              S("{\"service_key\":\"sk\",\"incident_key\":\"" RIG_HASH
                "\",\"event_type\":\"trigger\",\"description\":\"d \\u003cfiring\\u003e\","
                "\"event_action\":\"\",\"payload\":null,\"client\":\"c\",\"client_url\":\"u\","
                "\"details\":{}}\n"));
    attempt_rig_answer(&r, 403, "{\"message\":\"not told\"}");
    check_failed(&r, "unexpected status code 403", true, FAILURE_OTHER);
    attempt_rig_start(&r);
    attempt_rig_answer(&r, 429, "");
    check_failed(&r, "unexpected status code 429", false, FAILURE_OTHER);
    attempt_rig_start(&r);
    attempt_rig_answer(&r, 400, "{\"message\":\"m\",\"errors\":[\"a\",\"b\"]} rest");
    check_failed(&r, "unexpected status code 400: m: a,b", false, FAILURE_OTHER);
    attempt_rig_start(&r);
    attempt_rig_break(&r, ERR_NETWORK, "EOF");
    check_failed(&r,
                 "failed to post message to PagerDuty v1: Post "
                 "\"https://events.pagerduty.com/generic/2010-04-15/create_event.json\": EOF",
                 true, FAILURE_OTHER);
    rig_resolve(&r);
    attempt_rig_start(&r);
    assert_true(body_has(&r, "\"event_type\":\"resolve\"") && !body_has(&r, "\"client"));
    attempt_rig_answer(&r, 200, "");
    check_delivered(&r);
    attempt_rig_done(&r);
}

static void check_keyless(struct pagerduty_conf conf, const char *error)
{
    struct attempt_rig r;
    attempt_rig_init(&r, &PAGERDUTY_OPS, &conf);
    attempt_rig_start(&r);
    check_failed(&r, error, false, FAILURE_OTHER);
    assert_int_equal(r.call_count, 0);
    attempt_rig_done(&r);
}

static void pagerduty_needs_a_key(void **state)
{
    (void)state;
    check_keyless((struct pagerduty_conf){.service_key = S("{{ `` }}")},
                  "service key cannot be empty");
    check_keyless((struct pagerduty_conf){.routing_key = S("{{ `` }}")},
                  "routing key cannot be empty");
    check_keyless((struct pagerduty_conf){.service_key_file = S("/none")},
                  "failed to read service key from file: open /none: no such file or directory");
    check_keyless((struct pagerduty_conf){.routing_key_file = S("/none")},
                  "failed to read routing key from file: open /none: no such file or directory");
    check_keyless((struct pagerduty_conf){.service_key = S("{{")},
                  "failed to template PagerDuty v1 message: template: :1: unclosed action");
}

static void pagerduty_says_when_it_took_too_long(void **state)
{
    (void)state;
    struct attempt_rig r;
    struct pagerduty_conf conf = {
        .routing_key = S("k"), .url = {S("http://p/"), true}, .timeout = DUR_SECONDS(7)};
    attempt_rig_init(&r, &PAGERDUTY_OPS, &conf);
    attempt_rig_start(&r);
    assert_int_equal(attempt_rig_call(&r)->timeout, DUR_SECONDS(7));
    attempt_rig_break(&r, ERR_TIMEOUT, "context deadline exceeded");
    check_failed(&r,
                 "failed to post message to PagerDuty: Post \"http://p/\": context deadline "
                 "exceeded: configured pagerduty timeout reached (7s)",
                 true, FAILURE_OTHER);
    attempt_rig_start(&r);
    attempt_rig_cancel(&r);
    attempt_rig_done(&r);
}

static void passwords_are_not_shown(void **state)
{
    (void)state;
    struct attempt_rig r;
    struct pagerduty_conf conf = {.routing_key = S("k"),
                                  .url = {S("http://u:p%40w@p:8/a@b:c?d"), true}};
    attempt_rig_init(&r, &PAGERDUTY_OPS, &conf);
    attempt_rig_start(&r);
    check_str(attempt_rig_call(&r)->url, conf.url.text);
    attempt_rig_break(&r, ERR_NETWORK, "EOF");
    check_failed(&r, "failed to post message to PagerDuty: Post \"http://u:***@p:8/a@b:c?d\": EOF",
                 true, FAILURE_OTHER);
    attempt_rig_done(&r);
}

static void a_large_event_goes_without_its_details(void **state)
{
    (void)state;
    struct attempt_rig r;
    struct pagerduty_conf conf = version_1();
    attempt_rig_init(&r, &PAGERDUTY_OPS, &conf);
    struct yaml_node *details;
    assert_true(yaml_parse(S("x: '{{ printf \"%0600000d\" 1 }}'"), &(struct yaml_options){0},
                           &r.mem, &details, NULL));
    conf.details = details;
    attempt_rig_start(&r);
    assert_true(body_has(&r, "\"details\":{\"error\":\"Custom details have been removed because "
                             "the original event exceeds the maximum size of 512KB\"}"));
    assert_true(attempt_rig_call(&r)->body.n < 1000);
    assert_true(log_has(&r, "Truncated Details because message of size 600KB245B exceeds limit "
                            "512KB"));
    attempt_rig_answer(&r, 200, "");
    check_delivered(&r);
    attempt_rig_done(&r);
}

static void check_details(str (*details)(int, str, struct arena *), int status, const char *body,
                          const char *want)
{
    struct arena mem = {0};
    check_str(details(status, str_c(body), &mem), str_c(want));
    arena_done(&mem);
}

static void details_are_read_from_answers(void **state)
{
    (void)state;
    check_details(pagerduty_details, 400, "null", ": ");
    check_details(pagerduty_details, 400, "{\"message\":\"m\"} x", "m: ");
    check_details(pagerduty_details, 400, "{\"message\":1}", "");
    check_details(pagerduty_details, 400, "{\"message\":\"m\",\"errors\":\"e\"}", "");
    check_details(pagerduty_details, 500, "{\"message\":\"m\"}", "");
    check_details(incidentio_details, 500, "{\"Message\":\"m\",\"errors\":[\"a\",\"b\"]}",
                  "m: a, b");
    check_details(incidentio_details, 500, "{\"error\":{}}", "");
    check_details(incidentio_details, 500, "null", "");
    check_details(incidentio_details, 500, "", "");
}

// ---- victorops ---------------------------------------------------------------------------------

static void victorops_keeps_its_key_to_itself(void **state)
{
    (void)state;
    struct attempt_rig r;
    struct yaml_str_pair custom[] = {{S("a"), S("{{ .Status }}")}, {S("n"), S("x")}};
    struct victorops_conf conf = {.api_key = S("secret key"),
                                  .api_url = {S("http://v/a/?q=1"), true},
                                  .routing_key = S("r/{{ .Status }}?"),
                                  .message_type = S("info"),
                                  .state_message = S("s"),
                                  .custom_fields = {custom, 2}};
    attempt_rig_init(&r, &VICTOROPS_OPS, &conf);
    attempt_rig_start(&r);
    check_str(attempt_rig_call(&r)->url, S("http://v/a/secret%20key/r/firing%3F?q=1"));
    check_str(attempt_rig_call(&r)->body,
              S("{\"a\":\"firing\",\"entity_display_name\":\"\",\"entity_id\":\"" RIG_HASH
                "\",\"message_type\":\"CRITICAL\",\"monitoring_tool\":\"\",\"n\":\"x\","
                "\"state_message\":\"s\"}\n"));
    attempt_rig_break(&r, ERR_NETWORK, "EOF");
    check_failed(&r, "Post \"<redacted>\": EOF", true, FAILURE_OTHER);
    conf.api_key = S("");
    conf.api_key_file = S("/none");
    attempt_rig_start(&r);
    check_failed(&r, "failed to read API key from file: open /none: no such file or directory",
                 false, FAILURE_OTHER);
    attempt_rig_done(&r);
}

static void victorops_tries_a_custom_field_again(void **state)
{
    (void)state;
    struct attempt_rig r;
    struct yaml_str_pair custom[] = {{S("a"), S("{{")}};
    struct victorops_conf conf = {.api_key = S("k"),
                                  .api_url = {S("http://v/"), true},
                                  .routing_key = S("r"),
                                  .custom_fields = {custom, 1}};
    attempt_rig_init(&r, &VICTOROPS_OPS, &conf);
    attempt_rig_start(&r);
    check_failed(&r, "templating error: template: :1: unclosed action", true, FAILURE_OTHER);
    attempt_rig_done(&r);
}

// ---- pushover ----------------------------------------------------------------------------------

static void pushover_sends_parameters(void **state)
{
    (void)state;
    struct attempt_rig r;
    struct pushover_conf conf = {.token_file = S("/t"),
                                 .user_key = S("u&{{ .Status }}"),
                                 .message = S(" <b>{{ `<` }}\n"),
                                 .html = true,
                                 .retry = DUR_MS(90900),
                                 .expire = DUR_HOURS(1),
                                 .ttl = DUR_MS(900)};
    attempt_rig_init(&r, &PUSHOVER_OPS, &conf);
    attempt_rig_start(&r);
    check_failed(&r, "read token_file: open /t: no such file or directory", false, FAILURE_OTHER);
    fake_file_set(&r.fake, "/t", S("tok\n"));
    attempt_rig_start(&r);
    check_str(attempt_rig_call(&r)->url,
              S("https://api.pushover.net/1/messages.json?device=&expire=3600&html=1"
                "&message=%3Cb%3E%26lt%3B&priority=&retry=90&sound=&title=&token=tok&url="
                "&url_title=&user=u%26firing"));
    check_str(rig_header(attempt_rig_call(&r), "Content-Type"), S("text/plain"));
    check_str(attempt_rig_call(&r)->body, S(""));
    attempt_rig_break(&r, ERR_TIMEOUT, "too late");
    check_failed(&r, "Post \"<redacted>\": too late", true, FAILURE_OTHER);
    attempt_rig_start(&r);
    attempt_rig_answer(&r, 429, "{}");
    check_failed(&r, "unexpected status code 429: {}", false, FAILURE_RATE_LIMITED);
    attempt_rig_done(&r);
}

// ---- incidentio --------------------------------------------------------------------------------

static void incidentio_authorizes_with_its_token(void **state)
{
    (void)state;
    struct attempt_rig r;
    static const struct httpconf HTTP = {
        .auth = HTTPCONF_BASIC, .no_redirects = true, .username = {.text = {"u", 1}}};
    struct incidentio_conf conf = {.base.http = &HTTP,
                                   .url = {S("http://i/secret"), true},
                                   .alert_source_token_file = S("/t"),
                                   .timeout = DUR_SECONDS(1)};
    attempt_rig_init(&r, &INCIDENTIO_OPS, &conf);
    attempt_rig_start(&r); // it was there when the configuration was loaded
    check_failed(&r, "failed to read alert_source_token_file: open /t: no such file or directory",
                 true, FAILURE_OTHER);
    fake_file_set(&r.fake, "/t", S(" tok \n"));
    attempt_rig_start(&r);
    const struct httpconf *http = attempt_rig_call(&r)->conf;
    assert_int_equal(http->auth, HTTPCONF_AUTHORIZATION);
    check_str(http->type, S("Bearer"));
    check_str(http->credentials.text, S("tok"));
    assert_true(http->no_redirects);
    assert_true(body_has(&r, "\"version\":\"1\",\"groupKey\":\"{}:{}\",\"truncatedAlerts\":0}\n"));
    attempt_rig_break(&r, ERR_TIMEOUT, "context deadline exceeded");
    check_failed(&r,
                 "Post \"<redacted>\": context deadline exceeded: configured incident.io timeout "
                 "reached (1s)",
                 true, FAILURE_OTHER);
    fake_file_set(&r.fake, "/t", S("\n")); // no token: what http_config says
    attempt_rig_start(&r);
    assert_ptr_equal(attempt_rig_call(&r)->conf, &HTTP);
    attempt_rig_answer(&r, 202, "");
    check_delivered(&r);
    attempt_rig_done(&r);
}

static void incidentio_keeps_the_first_alert_of_many(void **state)
{
    (void)state;
    struct attempt_rig r;
    struct incidentio_conf conf = {.url = {S("http://i/"), true}};
    attempt_rig_init(&r, &INCIDENTIO_OPS, &conf);
    char *long_text = arena_alloc(&r.mem, 600000);
    memset(long_text, 'x', 600000);
    r.message.alert_count = 2;
    r.alerts[1].generator_url = str_from(long_text, 600000);
    attempt_rig_start(&r);
    assert_true(attempt_rig_call(&r)->body.n < 1000);
    assert_true(body_has(&r, "\"alertname\":\"a\"") && !body_has(&r, "\"alertname\":\"b\""));
    assert_true(body_has(&r, "\"truncatedAlerts\":0"));
    assert_true(log_has(&r, "WARN") && !log_has(&r, "still exceeds"));
    attempt_rig_answer(&r, 202, "");
    check_delivered(&r);

    r.alerts[0].generator_url = r.alerts[1].generator_url; // it is sent all the same
    attempt_rig_start(&r);
    assert_true(attempt_rig_call(&r)->body.n > 600000);
    assert_true(log_has(&r, "still exceeds"));
    attempt_rig_answer(&r, 413, "{\"error\":\"large\"}");
    check_failed(&r, "unexpected status code 413: large", false, FAILURE_CLIENT);

    conf.max_alerts = 1;
    r.alerts[0].generator_url = S("");
    attempt_rig_start(&r);
    assert_true(body_has(&r, "\"truncatedAlerts\":1") && !body_has(&r, "\"alertname\":\"b\""));
    attempt_rig_cancel(&r);
    attempt_rig_done(&r);
}

int test_pagers(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(version_1_of_pagerduty),
        cmocka_unit_test(pagerduty_needs_a_key),
        cmocka_unit_test(pagerduty_says_when_it_took_too_long),
        cmocka_unit_test(passwords_are_not_shown),
        cmocka_unit_test(a_large_event_goes_without_its_details),
        cmocka_unit_test(details_are_read_from_answers),
        cmocka_unit_test(victorops_keeps_its_key_to_itself),
        cmocka_unit_test(victorops_tries_a_custom_field_again),
        cmocka_unit_test(pushover_sends_parameters),
        cmocka_unit_test(incidentio_authorizes_with_its_token),
        cmocka_unit_test(incidentio_keeps_the_first_alert_of_many),
    };
    return run_group("notify/integrations: pagers", tests);
}
