// SPDX-License-Identifier: Apache-2.0
// How pagerduty, opsgenie, victorops, pushover, incidentio and jira are read, refused and printed.
#include "alertmanager/config.h"
#include "tests/support/check.h"
#include "tests/support/fake_env.h"

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

// ---- what is refused ---------------------------------------------------------------------------

static void check_refused(const char *global, const char *kind, const char *settings,
                          const char *want)
{
    struct fake_env fake;
    struct err err = ERR_INIT;
    fake_env_init(&fake);
    struct config *c = load(&fake, global, kind, settings, &err);
    check_err(&err, want);
    assert_null(c);
    fake_env_done(&fake);
}

static void errors_are_upstreams(void **state)
{
    (void)state;
    static const char *const CASES[][4] = {
        {"", "pagerduty", "null", "missing pagerduty config"},
        {"opsgenie_api_key: g", "opsgenie", "null", "missing opsgenie config"},
        {"", "jira", "null", "missing jira config"},
        {"", "pagerduty", "{service_key: a, service_key_file: b}",
         "at most one of service_key & service_key_file must be configured"},
        {"pagerduty_url: null", "pagerduty", "{routing_key: a}", "no global PagerDuty URL set"},
        {"", "pagerduty", "{routing_key: a, details: x, nope: 1}",
         "yaml: unmarshal errors:\n"
         "  line 6: cannot unmarshal !!str `x` into map[string]interface {}\n"
         "  line 6: field nope not found in type pagerduty.plain"},
        {"", "pagerduty", "{routing_key: a, details: {x: {y: 1, y: 2}}, images: [{source: s}]}",
         "yaml: unmarshal errors:\n  line 6: key \"y\" already set in map\n"
         "  line 6: field source not found in type pagerduty.PagerdutyImage"},
        {"opsgenie_api_url: null", "opsgenie", "{api_key: a}", "no global OpsGenie URL set"},
        {"", "opsgenie", "{api_key: a, api_key_file: b}",
         "at most one of api_key & api_key_file must be configured"},
        {"", "opsgenie", "{api_key: a, responders: [{type: user}]}",
         "opsGenieConfig responder {   user} has to have at least one of id, username or name "
         "specified"},
        {"", "opsgenie", "{api_key: a, responders: [{id: i, type: Squad}]}",
         "opsGenieConfig responder {i   squad} type does not match valid options "
         "^(team|teams|user|escalation|schedule)$"},
        {"", "opsgenie", "{api_key: a, responders: [{name: n, username: u, type: '{{'}]}",
         "opsGenieConfig responder { n u {{} type contains invalid template syntax: template: :1: "
         "unclosed action"},
        {"victorops_api_url: null", "victorops", "{api_key: a, routing_key: r}",
         "no global VictorOps URL set"},
        {"", "victorops", "{routing_key: r, custom_fields: {entity_id: x, message_type: y}}",
         "victorOps config contains custom field message_type which cannot be used as it conflicts "
         "with the fixed/static fields"},
        {"", "pushover", "{user_key: u, user_key_file: f, token: t}",
         "at most one of user_key & user_key_file must be configured"},
        {"", "pushover", "{user_key: u, token: t, retry: 30}",
         "time: missing unit in duration \"30\""},
        {"", "incidentio", "{alert_source_token: t}", "one of url or url_file must be configured"},
        {"", "incidentio", "{url: 'http://i', alert_source_token: t, alert_source_token_file: f}",
         "at most one of alert_source_token & alert_source_token_file must be configured"},
        {"", "jira", "{project: p, issue_type: t}", "no global Jira Cloud URL set"},
        {"", "jira", "{project: p, issue_type: t, api_type: server}",
         "unknown api_type on jira_config, must be auto, cloud or datacenter"},
        {"", "jira", "{project: p, issue_type: t, summary: [x]}",
         "yaml: unmarshal errors:\n  line 6: cannot unmarshal !!seq into jira.plain"},
        {"", "jira", "{project: p, issue_type: t, summary: {text: x, enable_update: maybe}}",
         "yaml: unmarshal errors:\n  line 6: field text not found in type jira.plain\n"
         "  line 6: cannot unmarshal !!str `maybe` into bool"},
    };
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++)
        check_refused(CASES[i][0], CASES[i][1], CASES[i][2], CASES[i][3]);
}

// ---- what is printed ---------------------------------------------------------------------------

// The list of a receiver as it is printed, without what comes behind it.
static void check_printed(const char *global, const char *kind, const char *settings,
                          const char *want)
{
    struct fake_env fake;
    struct err err = ERR_INIT;
    fake_env_init(&fake);
    struct config *c = load(&fake, global, kind, settings, &err);
    check_err(&err, "");
    str printed = c->original;
    printed = str_skip(printed, str_find_str(printed, S("_configs:\n")) + 10);
    printed = str_slice(printed, 0, str_find_str(printed, S("templates:")));
    check_str(printed, str_c(want));
    config_unref(c);
    fake_env_done(&fake);
}

#define HTTP_CONFIG "    http_config:\n      follow_redirects: true\n      enable_http2: true\n"

static void defaults_are_printed(void **state)
{
    (void)state;
    check_printed("", "pagerduty",
                  "{routing_key: k, details: {z: 1, num_firing: x, a: {c: 1, b: 2}}}",
                  "  - send_resolved: true\n" HTTP_CONFIG "    routing_key: <secret>\n"
                  "    url: https://events.pagerduty.com/v2/enqueue\n"
                  "    client: '{{ template \"pagerduty.default.client\" . }}'\n"
                  "    client_url: '{{ template \"pagerduty.default.clientURL\" . }}'\n"
                  "    description: '{{ template \"pagerduty.default.description\" .}}'\n"
                  "    details:\n      a:\n        b: 2\n        c: 1\n"
                  "      firing: '{{ .Alerts.Firing | toJson }}'\n      num_firing: x\n"
                  "      num_resolved: '{{ .Alerts.Resolved | len }}'\n"
                  "      resolved: '{{ .Alerts.Resolved | toJson }}'\n      z: 1\n"
                  "    source: '{{ template \"pagerduty.default.client\" . }}'\n"
                  "    timeout: 0s\n");
    check_printed("opsgenie_api_key: g", "opsgenie",
                  "{send_resolved: false, api_url: 'http://o/x', message: '', api_key_file: f,"
                  " responders: [{id: i, type: TEAM}], details: {k: v}}",
                  "  - send_resolved: false\n" HTTP_CONFIG
                  "    api_key: <secret>\n    api_key_file: f\n    api_url: http://o/x/\n"
                  "    description: '{{ template \"opsgenie.default.description\" . }}'\n"
                  "    source: '{{ template \"opsgenie.default.source\" . }}'\n"
                  "    details:\n      k: v\n    responders:\n    - id: i\n      type: TEAM\n");
    check_printed("victorops_api_key_file: g", "victorops", "{routing_key: r, monitoring_tool: ''}",
                  "  - send_resolved: true\n" HTTP_CONFIG "    api_key_file: g\n"
                  "    api_url: https://alert.victorops.com/integrations/generic/20131114/alert/\n"
                  "    routing_key: r\n    message_type: CRITICAL\n"
                  "    state_message: '{{ template \"victorops.default.state_message\" . }}'\n"
                  "    entity_display_name: '{{ template "
                  "\"victorops.default.entity_display_name\" . }}'\n"
                  "    monitoring_tool: \"\"\n");
    check_printed("", "pushover", "{user_key: u, token_file: t, ttl: 90s, html: yes, expire: 0s}",
                  "  - send_resolved: true\n" HTTP_CONFIG
                  "    user_key: <secret>\n    token_file: t\n"
                  "    title: '{{ template \"pushover.default.title\" . }}'\n"
                  "    message: '{{ template \"pushover.default.message\" . }}'\n"
                  "    url: '{{ template \"pushover.default.url\" . }}'\n"
                  "    priority: '{{ if eq .Status \"firing\" }}2{{ else }}0{{ end }}'\n"
                  "    retry: 1m0s\n    ttl: 1m30s\n    html: true\n");
    check_printed("", "incidentio", "{url_file: /f, alert_source_token: t, timeout: 1.5s}",
                  "  - send_resolved: true\n" HTTP_CONFIG
                  "    url: null\n    url_file: /f\n    alert_source_token: <secret>\n"
                  "    max_alerts: 0\n    timeout: 1.5s\n");
    check_printed("jira_api_url: 'https://x.atlassian.net/rest/api/3'", "jira",
                  "{project: p, issue_type: t, summary: {enable_update: false}, description: d,"
                  " labels: [a], reopen_duration: 90m, fields: {1: x, b: {}}}",
                  "  - send_resolved: true\n" HTTP_CONFIG
                  "    api_url: https://x.atlassian.net/rest/api/3\n    api_type: auto\n"
                  "    project: p\n    summary:\n"
                  "      template: '{{ template \"jira.default.summary\" . }}'\n"
                  "      enable_update: false\n    description:\n      template: d\n"
                  "    labels:\n    - a\n"
                  "    priority: '{{ template \"jira.default.priority\" . }}'\n"
                  "    issue_type: t\n    reopen_duration: 1h30m\n"
                  "    fields:\n      \"1\": x\n      b: {}\n");
}

// ---- what must be there ------------------------------------------------------------------------

static void a_token_file_must_be_there_when_it_is_taken_into_service(void **state)
{
    (void)state;
    struct fake_env fake;
    struct err err = ERR_INIT;
    fake_env_init(&fake);
    struct config *c = load(&fake, "", "incidentio",
                            "{url: 'http://i', alert_source_token_file: /t}\n"
                            "  - {url: 'http://i', alert_source_token: t}\n"
                            "  - {url: 'http://i', alert_source_token_file: /u}",
                            &err);
    check_err(&err, ""); // amtool looks no further
    assert_false(config_open(c, &fake.env, &err));
    check_err(&err, "failed to read alert_source_token_file: open /t: no such file or directory\n"
                    "failed to read alert_source_token_file: open /u: no such file or directory");
    fake_file_set(&fake, "/t", S("x"));
    fake_file_set(&fake, "/u", S("x"));
    err_clear(&err);
    assert_true(config_open(c, &fake.env, &err));
    check_err(&err, "");
    config_unref(c);
    fake_env_done(&fake);
}

int test_paging_receivers(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_are_upstreams),
        cmocka_unit_test(defaults_are_printed),
        cmocka_unit_test(a_token_file_must_be_there_when_it_is_taken_into_service),
    };
    return run_group("alertmanager/receivers: pagers", tests);
}
