// SPDX-License-Identifier: Apache-2.0
#include "alertmanager/metrics.h"
#include "tests/unit/alertmanager/api_world.h"

static bool has_line(const struct api_world *w, const char *line)
{
    str wanted = str_c(line), rest = buf_str(&w->body), one;
    while (rest.n) {
        str_cut(rest, '\n', &one, &rest);
        if (str_eq(one, wanted))
            return true;
    }
    return false;
}

#define check_line(w, line)                                                                        \
    do {                                                                                           \
        if (!has_line((w), (line)))                                                                \
            fail_msg("no line '%s' in:\n%.*s", (line), STR(buf_str(&(w)->body)));                  \
    } while (0)

static void scrape(struct api_world *w)
{
    api_world_ask(w, "GET", "/metrics", NULL);
    assert_int_equal(w->status, 200);
    assert_true(str_starts(api_world_header(w, "Content-Type"),
                           S("text/plain; version=0.0.4; charset=utf-8")));
}

static void series_are_there_from_the_start(void **state)
{
    (void)state;
    struct api_world w;
    api_world_start(&w, WORLD_CONFIG);
    scrape(&w);
    static const char *const lines[] = {
        "# TYPE alertmanager_build_info gauge",
        "alertmanager_alerts_received_total{status=\"firing\",version=\"v2\"} 0",
        "alertmanager_alerts_received_total{status=\"resolved\",version=\"v2\"} 0",
        "alertmanager_alerts_invalid_total{version=\"v2\"} 0",
        "alertmanager_alerts_per_alert_limit 0",
        "alertmanager_cluster_enabled 0",
        "alertmanager_config_last_reload_successful 1",
        "alertmanager_config_last_reload_success_timestamp_seconds 1.7675712e+09",
        "alertmanager_dispatcher_aggregation_groups 0",
        "alertmanager_dispatcher_alert_processing_duration_seconds_count 0",
        "alertmanager_http_requests_in_flight{method=\"get\"} 1",
        "alertmanager_inhibition_rules 0",
        "alertmanager_integrations 0",
        "alertmanager_nflog_queries_total 0",
        "alertmanager_notification_latency_seconds_bucket{integration=\"webhook\",le=\"20\"} 0",
        "alertmanager_notifications_failed_total{integration=\"email\",reason=\"authError\"} 0",
        "alertmanager_notifications_failed_total{integration=\"mattermost\",reason=\"other\"} 0",
        "alertmanager_notifications_total{integration=\"webhook\"} 0",
        "alertmanager_receivers 1",
        "alertmanager_silences{state=\"active\"} 0",
        "alertmanager_silences_matcher_compile_errors_total{stage=\"index\"} 0",
    };
    for (size_t i = 0; i < ARRAY_LEN(lines); i++)
        check_line(&w, lines[i]);
    str body = buf_str(&w.body);
    assert_true(str_find_str(body, S("alertmanager_cluster_members")) == STR_NONE);
    assert_true(str_find_str(body, S("notifications_suppressed")) == STR_NONE);
    assert_true(str_find_str(body, S("alerts_limited_total")) == STR_NONE);
    api_world_stop(&w);
}

static void counts_alerts_and_requests(void **state)
{
    (void)state;
    struct api_world w;
    api_world_start(&w, WORLD_CONFIG);
    api_world_ask(&w, "POST", "/api/v2/alerts",
                  "[{\"labels\":{\"a\":\"1\"}},{\"labels\":{}},"
                  "{\"labels\":{\"a\":\"2\"},\"endsAt\":\"2020-01-01T00:00:00Z\"}]");
    assert_int_equal(w.status, 400);
    api_world_ask(&w, "GET", "/api/v2/silence/x", NULL);
    api_world_ask(&w, "GET", "/api/v2/nothing/at/all", NULL);
    scrape(&w);
    scrape(&w);
    check_line(&w, "alertmanager_alerts_received_total{status=\"firing\",version=\"v2\"} 2");
    check_line(&w, "alertmanager_alerts_received_total{status=\"resolved\",version=\"v2\"} 1");
    check_line(&w, "alertmanager_alerts_invalid_total{version=\"v2\"} 1");
    check_line(&w, "alertmanager_alerts{state=\"unprocessed\"} 1");
    check_line(&w, "alertmanager_alerts_subscriber_channel_writes_total{subscriber="
                   "\"inhibitor\"} 2");
    check_line(&w, "alertmanager_http_request_duration_seconds_count{code=\"400\",handler="
                   "\"/api/v2/alerts\",method=\"post\"} 1");
    check_line(&w, "alertmanager_http_request_duration_seconds_count{code=\"422\",handler="
                   "\"/api/v2/silence/{silenceID}\",method=\"get\"} 1");
    check_line(&w, "alertmanager_http_request_duration_seconds_count{code=\"404\",handler="
                   "\"/api/v2/\",method=\"get\"} 1");
    check_line(&w, "alertmanager_http_response_size_bytes_count{handler=\"/metrics\",method="
                   "\"get\"} 1");
    api_world_stop(&w);
}

static void a_bad_reload_shows(void **state)
{
    (void)state;
    struct api_world w;
    api_world_start(&w, WORLD_CONFIG);
    fake_file_set(&w.fake, "alertmanager.yml", S("x: y\n"));
    api_world_ask(&w, "POST", "/-/reload", NULL);
    scrape(&w);
    check_line(&w, "alertmanager_config_last_reload_successful 0");
    check_line(&w, "alertmanager_config_last_reload_success_timestamp_seconds 1.7675712e+09");
    api_world_stop(&w);
}

static void names_as_labels(void **state)
{
    (void)state;
    struct api_world w;
    api_world_init(&w, "route:\n  receiver: r\nreceivers:\n- name: unused\n"
                       "- name: r\n  webhook_configs:\n  - url: http://x/\n");
    w.opt.enable_feature =
        S("alert-names-in-metrics,receiver-name-in-metrics,group-key-in-metrics");
    w.opt.alerts_per_name_limit = 1;
    api_world_run(&w);
    api_world_ask(&w, "POST", "/api/v2/alerts",
                  "[{\"labels\":{\"alertname\":\"x\",\"n\":\"1\"}},"
                  "{\"labels\":{\"alertname\":\"x\",\"n\":\"2\"}}]");
    scrape(&w);
    check_line(&w, "alertmanager_notifications_total{integration=\"webhook\",receiver_name="
                   "\"r\"} 0");
    check_line(&w, "alertmanager_notifications_failed_total{integration=\"webhook\","
                   "reason=\"other\",receiver_name=\"r\"} 0");
    check_line(&w, "alertmanager_alerts_limited_total{alertname=\"x\"} 1");
    check_line(&w, "alertmanager_alerts{group_key=\"{}:{}\",state=\"unprocessed\"} 1");
    assert_true(str_find_str(buf_str(&w.body), S("integration=\"email\"")) == STR_NONE);
    api_world_ask(&w, "POST", "/-/reload", NULL);
    assert_int_equal(w.status, 200);
    scrape(&w);
    check_line(&w, "alertmanager_notifications_total{integration=\"webhook\",receiver_name="
                   "\"r\"} 0");
    api_world_stop(&w);
}

static void counters_of_an_integration_show(void **state)
{
    (void)state;
    struct api_world w;
    api_world_start(&w, WORLD_CONFIG);
    static const struct integration_ops ops = {.name = {"webhook", 7}};
    struct integration integration = {.ops = &ops, .receiver = {"r", 1}};
    struct notify_counters *c = am_counters(w.am, &integration);
    assert_ptr_equal(c, am_counters(w.am, &integration));
    c->notifications = 3;
    c->requests = 4;
    c->failed[FAILURE_RATE_LIMITED] = 1;
    c->on_latency(c->owner, 7);
    w.am->suppressed[SUPPRESSED_SILENCE] = 2;
    scrape(&w);
    check_line(&w, "alertmanager_notifications_total{integration=\"webhook\"} 3");
    check_line(&w, "alertmanager_notification_requests_total{integration=\"webhook\"} 4");
    check_line(&w, "alertmanager_notifications_failed_total{integration=\"webhook\",reason="
                   "\"rateLimited\"} 1");
    check_line(&w, "alertmanager_notification_latency_seconds_bucket{integration=\"webhook\","
                   "le=\"10\"} 1");
    check_line(&w, "alertmanager_notifications_suppressed_total{reason=\"silence\"} 2");
    api_world_stop(&w);
}

int test_metrics(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(series_are_there_from_the_start),
        cmocka_unit_test(counts_alerts_and_requests),
        cmocka_unit_test(a_bad_reload_shows),
        cmocka_unit_test(names_as_labels),
        cmocka_unit_test(counters_of_an_integration_show),
    };
    return run_group("metrics", tests);
}
