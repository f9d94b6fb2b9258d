// SPDX-License-Identifier: Apache-2.0
// The conversation with Jira where it goes wrong, and where it is cut off.
#include "notify/integrations/jira.h"

#include "tests/unit/notify/attempt_rig.h"

#define NONE_FOUND "{\"issues\":[]}"
#define FOUND(category)                                                                            \
    "{\"issues\":[{\"key\":\"P-1\",\"fields\":{\"status\":{\"name\":\"x\","                        \
    "\"statusCategory\":{\"key\":\"" category "\"}}}}]}"

static struct jira_conf plain(void)
{
    return (struct jira_conf){.api_url = {S("http://j/rest/api/2"), true},
                              .api_type = S("auto"),
                              .project = S("P"),
                              .issue_type = S("Bug"),
                              .summary = {.text = S("s")},
                              .description = {.text = S("d")}};
}

static void check_call(struct attempt_rig *r, const char *method, const char *url)
{
    check_str(attempt_rig_call(r)->method, str_c(method));
    check_str(attempt_rig_call(r)->url, str_c(url));
}

// ---- what is sent ------------------------------------------------------------------------------

static void an_issue_is_created(void **state)
{
    (void)state;
    struct attempt_rig r;
    struct jira_conf conf = plain();
    str labels[] = {S("z"), S("{{ .Status }}")};
    conf.labels = (struct str_list){labels, 2};
    attempt_rig_init(&r, &JIRA_OPS, &conf);
    attempt_rig_start(&r);
    check_call(&r, "POST", "http://j/rest/api/2/search");
    const struct http_call *call = attempt_rig_call(&r);
    check_str(rig_header(call, "User-Agent"), S("Go-http-client/1.1"));
    check_str(rig_header(call, "Accept-Language"), S("en"));
    check_str(rig_header(call, "Content-Type"), S("application/json"));
    check_str(call->body,
              S("{\"fields\":[\"status\"],\"jql\":\"statusCategory != Done and project=\\\"P\\\" "
                "and labels=\\\"ALERT{" RIG_HASH
                "}\\\" order by status ASC,resolutiondate DESC\",\"maxResults\":2}\n"));
    attempt_rig_answer(&r, 200, NONE_FOUND);
    check_call(&r, "POST", "http://j/rest/api/2/issue");
    check_str(attempt_rig_call(&r)->body,
              S("{\"fields\":{\"description\":\"d\",\"issuetype\":{\"name\":\"Bug\"},\"labels\":["
                "\"ALERT{" RIG_HASH "}\",\"firing\",\"z\"],\"project\":{\"key\":\"P\"},"
                "\"summary\":\"s\"}}\n"));
    attempt_rig_answer(&r, 201, "");
    check_delivered(&r);
    attempt_rig_done(&r);
}

static void configured_fields_win(void **state)
{
    (void)state;
    struct attempt_rig r;
    struct jira_conf conf = plain();
    attempt_rig_init(&r, &JIRA_OPS, &conf);
    struct yaml_node *fields;
    assert_true(yaml_parse(S("{summary: mine, a: '{{ len .Alerts }}', z: {k: [1, x]}}"),
                           &(struct yaml_options){0}, &r.mem, &fields, NULL));
    conf.fields = fields;
    conf.summary.enable_update = conf.description.enable_update = (struct opt_bool){.is_set = true};
    attempt_rig_start(&r);
    attempt_rig_answer(&r, 200, FOUND("open"));
    check_call(&r, "PUT", "http://j/rest/api/2/issue/P-1");
    check_str(attempt_rig_call(&r)->body,
              S("{\"fields\":{\"a\":1,\"issuetype\":{\"name\":\"Bug\"},\"labels\":["
                "\"ALERT{" RIG_HASH "}\"],\"project\":{\"key\":\"P\"},\"summary\":\"mine\","
                "\"z\":{\"k\":[1,\"x\"]}}}\n"));
    attempt_rig_answer(&r, 204, "");
    check_delivered(&r);
    attempt_rig_done(&r);
}

static void documents_are_sent_as_they_are(void **state)
{
    (void)state;
    struct attempt_rig r;
    struct jira_conf conf = plain();
    conf.api_url.text = S("https://x.atlassian.net/rest/api/3/");
    conf.description.text = S(" {\"type\":\"doc\"}\n");
    attempt_rig_init(&r, &JIRA_OPS, &conf);
    attempt_rig_start(&r);
    check_call(&r, "POST", "https://x.atlassian.net/rest/api/3/search/jql");
    attempt_rig_answer(&r, 200, "null");
    assert_true(str_find_str(attempt_rig_call(&r)->body,
                             S("\"description\":{\"type\":\"doc\"},")) != STR_NONE);
    attempt_rig_answer(&r, 201, "");
    check_delivered(&r);
    attempt_rig_done(&r);
}

// ---- transitions -------------------------------------------------------------------------------

static void check_transition(bool is_resolved, const char *found, const char *name)
{
    struct attempt_rig r;
    struct jira_conf conf = plain();
    conf.reopen_transition = S("open it");
    conf.resolve_transition = S("close it");
    attempt_rig_init(&r, &JIRA_OPS, &conf);
    if (is_resolved)
        rig_resolve(&r);
    attempt_rig_start(&r);
    attempt_rig_answer(&r, 200, found);
    check_call(&r, "PUT", "http://j/rest/api/2/issue/P-1");
    attempt_rig_answer(&r, 204, "");
    if (name) {
        check_call(&r, "GET", "http://j/rest/api/2/issue/P-1/transitions");
        check_str(attempt_rig_call(&r)->body, S(""));
        check_str(rig_header(attempt_rig_call(&r), "Content-Type"), S("application/json"));
        str list = arena_printf(&r.mem,
                                "{\"transitions\":[{\"id\":\"1\",\"name\":\"OPEN IT\"},"
                                "{\"id\":\"2\",\"name\":\"%s\"}]}",
                                name);
        attempt_rig_answer(&r, 200, list.p);
        check_call(&r, "POST", "http://j/rest/api/2/issue/P-1/transitions");
        check_str(attempt_rig_call(&r)->body, S("{\"transition\":{\"id\":\"2\"}}\n"));
        attempt_rig_answer(&r, 204, "");
    }
    check_delivered(&r);
    attempt_rig_done(&r);
}

static void issues_are_moved_where_they_should_be(void **state)
{
    (void)state;
    check_transition(false, FOUND("open"), NULL);
    check_transition(false, FOUND("done"), "open it");
    check_transition(true, FOUND("open"), "close it");
    check_transition(true, FOUND("done"), NULL);
    check_transition(true, "{\"issues\":[{\"key\":\"P-1\"}]}", NULL); // nobody knows where it is
}

static void a_key_cannot_leave_its_place(void **state)
{
    (void)state;
    struct attempt_rig r;
    struct jira_conf conf = plain();
    attempt_rig_init(&r, &JIRA_OPS, &conf);
    attempt_rig_start(&r);
    attempt_rig_answer(&r, 200, "{\"issues\":[{\"key\":\"../a?b#c\"},{\"key\":\"P-2\"}]}");
    check_call(&r, "PUT", "http://j/rest/api/2/issue/..%2Fa%3Fb%23c");
    assert_true(str_find_str(buf_str(&r.log), S("more than one issue matched")) != STR_NONE);
    attempt_rig_answer(&r, 200, "");
    check_delivered(&r);
    attempt_rig_done(&r);
}

// ---- what goes wrong ---------------------------------------------------------------------------

static void a_broken_connection_is_tried_again(void **state)
{
    (void)state;
    struct attempt_rig r;
    struct jira_conf conf = plain();
    conf.resolve_transition = S("T");
    attempt_rig_init(&r, &JIRA_OPS, &conf);
    rig_resolve(&r);

    attempt_rig_start(&r);
    attempt_rig_break(&r, ERR_NETWORK, "dial tcp: refused");
    check_failed(&r,
                 "failed to look up existing issues: HTTP request to JIRA API: Post "
                 "\"http://j/rest/api/2/search\": dial tcp: refused",
                 true, FAILURE_OTHER);

    attempt_rig_start(&r);
    attempt_rig_answer(&r, 200, FOUND("open"));
    attempt_rig_break(&r, ERR_TIMEOUT, "too late");
    check_failed(&r,
                 "failed to PUT request to \"issue/P-1\": Put "
                 "\"http://j/rest/api/2/issue/P-1\": too late",
                 true, FAILURE_OTHER);

    attempt_rig_start(&r);
    attempt_rig_answer(&r, 200, FOUND("open"));
    attempt_rig_answer(&r, 204, "");
    attempt_rig_break(&r, ERR_LIMIT, "too large");
    check_failed(&r, "Get \"http://j/rest/api/2/issue/P-1/transitions\": too large", true,
                 FAILURE_OTHER);
    attempt_rig_done(&r);
}

static void check_search_answer(const char *body, const char *error)
{
    struct attempt_rig r;
    struct jira_conf conf = plain();
    attempt_rig_init(&r, &JIRA_OPS, &conf);
    attempt_rig_start(&r);
    attempt_rig_answer(&r, 200, body);
    check_failed(&r, error, false, FAILURE_OTHER);
    attempt_rig_done(&r);
}

static void an_answer_must_be_understood(void **state)
{
    (void)state;
    check_search_answer("", "failed to look up existing issues: unexpected end of JSON input");
    check_search_answer("[]", "failed to look up existing issues: the answer is no list of issues");
    check_search_answer("{\"issues\":3}",
                        "failed to look up existing issues: the answer is no list of issues");
    check_search_answer("{\"issues\":[{\"key\":7}]}",
                        "failed to look up existing issues: the issue in the answer has no key");
    check_search_answer("{\"issues\":[null]}",
                        "failed to look up existing issues: the issue in the answer has no key");
}

static void check_transitions_answer(int status, const char *body, const char *error, bool retried,
                                     enum notify_failure why)
{
    struct attempt_rig r;
    struct jira_conf conf = plain();
    conf.reopen_transition = S("T");
    attempt_rig_init(&r, &JIRA_OPS, &conf);
    attempt_rig_start(&r);
    attempt_rig_answer(&r, 200, FOUND("done"));
    attempt_rig_answer(&r, 204, "");
    attempt_rig_answer(&r, status, body);
    check_failed(&r, error, retried, why);
    attempt_rig_done(&r);
}

static void a_transition_must_be_found(void **state)
{
    (void)state;
    check_transitions_answer(200, "{}", "can't find transition T for issue P-1", false,
                             FAILURE_OTHER);
    check_transitions_answer(200, "[\"T\"]", "can't find transition T for issue P-1", false,
                             FAILURE_OTHER);
    check_transitions_answer(200, "<html>",
                             "invalid character '<' looking for beginning of value at byte 0",
                             false, FAILURE_OTHER);
    check_transitions_answer(503, "x", "unexpected status code 503: x", true, FAILURE_SERVER);
    check_transitions_answer(429, "", "unexpected status code 429", true, FAILURE_RATE_LIMITED);
    check_transitions_answer(404, "", "unexpected status code 404", false, FAILURE_CLIENT);
}

static void templates_fail_in_upstreams_order(void **state)
{
    (void)state;
    struct attempt_rig r;
    struct jira_conf conf = plain();
    str labels[] = {S("x"), S("{{")};
    attempt_rig_init(&r, &JIRA_OPS, &conf);
    conf.labels = (struct str_list){labels, 2};
    conf.priority = S("{{ nope }}");
    attempt_rig_start(&r);
    attempt_rig_answer(&r, 200, NONE_FOUND);
    check_failed(&r, "labels[1] template: template: :1: unclosed action", false, FAILURE_OTHER);
    conf.summary.text = S("{{ if }}");
    attempt_rig_start(&r);
    attempt_rig_answer(&r, 200, NONE_FOUND);
    check_failed(&r, "summary template: template: :1: missing value for if", false, FAILURE_OTHER);
    attempt_rig_done(&r);
}

static void it_can_be_cancelled_at_each_step(void **state)
{
    (void)state;
    struct jira_conf conf = plain();
    conf.reopen_transition = S("T");
    static const char *const ANSWERS[] = {FOUND("done"), "",
                                          "{\"transitions\":[{\"id\":\"1\",\"name\":\"T\"}]}"};
    for (size_t steps = 0; steps <= ARRAY_LEN(ANSWERS); steps++) {
        struct attempt_rig r;
        attempt_rig_init(&r, &JIRA_OPS, &conf);
        attempt_rig_start(&r);
        for (size_t i = 0; i < steps; i++)
            attempt_rig_answer(&r, 200, ANSWERS[i]);
        attempt_rig_cancel(&r);
        assert_int_equal(r.call_count, steps + 1);
        attempt_rig_done(&r);
    }
}

int test_jira(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_issue_is_created),
        cmocka_unit_test(configured_fields_win),
        cmocka_unit_test(documents_are_sent_as_they_are),
        cmocka_unit_test(issues_are_moved_where_they_should_be),
        cmocka_unit_test(a_key_cannot_leave_its_place),
        cmocka_unit_test(a_broken_connection_is_tried_again),
        cmocka_unit_test(an_answer_must_be_understood),
        cmocka_unit_test(a_transition_must_be_found),
        cmocka_unit_test(templates_fail_in_upstreams_order),
        cmocka_unit_test(it_can_be_cancelled_at_each_step),
    };
    return run_group("notify/integrations/jira", tests);
}
