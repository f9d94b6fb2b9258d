// SPDX-License-Identifier: Apache-2.0
#include "notify/integrations/opsgenie.h"

#include "tests/unit/notify/attempt_rig.h"

static struct opsgenie_conf plain(void)
{
    return (struct opsgenie_conf){.api_key = S("k"),
                                  .api_url = {S("http://o/"), true},
                                  .message = S("m"),
                                  .description = S("d"),
                                  .source = S("s"),
                                  .update_alerts = true};
}

static void check_call(struct attempt_rig *r, const char *method, const char *url, const char *body)
{
    const struct http_call *call = attempt_rig_call(r);
    check_str(call->method, str_c(method));
    check_str(call->url, str_c(url));
    check_str(call->body, str_c(body));
    check_str(rig_header(call, "Authorization"), S("GenieKey k"));
    check_str(rig_header(call, "Content-Type"), S("application/json"));
    check_str(rig_header(call, "User-Agent"), S("Alertmanager/1"));
}

#define ALERT "http://o/v2/alerts/" RIG_HASH

static void texts_of_an_alert_are_updated(void **state)
{
    (void)state;
    struct attempt_rig r;
    struct opsgenie_conf conf = plain();
    attempt_rig_init(&r, &OPSGENIE_OPS, &conf);
    attempt_rig_start(&r);
    check_call(&r, "POST", "http://o/v2/alerts",
               "{\"alias\":\"" RIG_HASH "\",\"message\":\"m\",\"description\":\"d\",\"details\":{"
               "\"alertname\":\"a\"},\"source\":\"s\"}\n");
    attempt_rig_answer(&r, 202, "not JSON");
    check_call(&r, "PUT", ALERT "/message?identifierType=alias", "{\"message\":\"m\"}\n");
    attempt_rig_answer(&r, 202, "");
    check_call(&r, "PUT", ALERT "/description?identifierType=alias", "{\"description\":\"d\"}\n");
    assert_false(r.is_done);
    attempt_rig_answer(&r, 202, "");
    check_delivered(&r);
    attempt_rig_done(&r);
}

static void an_alert_is_closed_once(void **state)
{
    (void)state;
    struct attempt_rig r;
    struct opsgenie_conf conf = plain();
    conf.api_key_file = S("/key");
    conf.api_key = S("");
    attempt_rig_init(&r, &OPSGENIE_OPS, &conf);
    fake_file_set(&r.fake, "/key", S(" {{ `k` }}\n"));
    rig_resolve(&r);
    attempt_rig_start(&r);
    check_call(&r, "POST", ALERT "/close?identifierType=alias", "{\"source\":\"s\"}\n");
    attempt_rig_answer(&r, 202, "");
    check_delivered(&r);
    attempt_rig_done(&r);
}

static void details_lie_over_common_labels(void **state)
{
    (void)state;
    struct attempt_rig r;
    struct opsgenie_conf conf = plain();
    struct yaml_str_pair details[] = {
        {S("a"), S("{{ .Status }}")}, {S("alertname"), S("own")}, {S("z"), S("y")}};
    conf.details = (struct yaml_str_map){details, 3};
    attempt_rig_init(&r, &OPSGENIE_OPS, &conf);
    attempt_rig_start(&r);
    assert_true(
        str_find_str(attempt_rig_call(&r)->body,
                     S("\"details\":{\"a\":\"firing\",\"alertname\":\"own\",\"z\":\"y\"}")) !=
        STR_NONE);
    attempt_rig_cancel(&r);
    attempt_rig_done(&r);
}

static void the_first_failure_ends_it(void **state)
{
    (void)state;
    struct attempt_rig r;
    struct opsgenie_conf conf = plain();
    attempt_rig_init(&r, &OPSGENIE_OPS, &conf);
    attempt_rig_start(&r);
    attempt_rig_answer(&r, 202, "");
    attempt_rig_answer(&r, 429, "slowly");
    check_failed(&r, "unexpected status code 429: slowly", true, FAILURE_RATE_LIMITED);
    assert_int_equal(r.call_count, 2);
    attempt_rig_start(&r); // begins anew
    check_str(attempt_rig_call(&r)->url, S("http://o/v2/alerts"));
    attempt_rig_break(&r, ERR_NETWORK, "EOF");
    check_failed(&r, "Post \"http://o/v2/alerts\": EOF", true, FAILURE_OTHER);
    attempt_rig_done(&r);
}

static void it_can_be_cancelled_between_two_requests(void **state)
{
    (void)state;
    for (int answered = 0; answered < 3; answered++) {
        struct attempt_rig r;
        struct opsgenie_conf conf = plain();
        attempt_rig_init(&r, &OPSGENIE_OPS, &conf);
        attempt_rig_start(&r);
        for (int i = 0; i < answered; i++)
            attempt_rig_answer(&r, 200, "");
        attempt_rig_cancel(&r);
        attempt_rig_done(&r);
    }
}

static void without_a_key_nothing_is_sent(void **state)
{
    (void)state;
    struct attempt_rig r;
    struct opsgenie_conf conf = plain();
    conf.api_key = S("");
    conf.api_key_file = S("/none");
    conf.message = S("{{"); // the file comes first
    attempt_rig_init(&r, &OPSGENIE_OPS, &conf);
    attempt_rig_start(&r);
    check_failed(&r, "read key_file error: open /none: no such file or directory", false,
                 FAILURE_OTHER);
    assert_int_equal(r.call_count, 0);
    attempt_rig_done(&r);
}

int test_opsgenie(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_of_an_alert_are_updated),
        cmocka_unit_test(an_alert_is_closed_once),
        cmocka_unit_test(details_lie_over_common_labels),
        cmocka_unit_test(the_first_failure_ends_it),
        cmocka_unit_test(it_can_be_cancelled_between_two_requests),
        cmocka_unit_test(without_a_key_nothing_is_sent),
    };
    return run_group("notify/integrations/opsgenie", tests);
}
