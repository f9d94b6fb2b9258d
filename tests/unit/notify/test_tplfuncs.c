// SPDX-License-Identifier: Apache-2.0
// Notification data as templates see it, the functions, the default templates.
#include "notify/tplfuncs.h"

#include "notify/tpldata.h"
#include "notify/tpldefaults.h"
#include "tests/support/check.h"

static const struct label LABELS_A[] = {
    {{"alertname", 9}, {"Disk", 4}}, {{"instance", 8}, {"a", 1}}, {{"zone", 4}, {"eu", 2}}};
static const struct label LABELS_B[] = {
    {{"alertname", 9}, {"Disk", 4}}, {{"instance", 8}, {"b", 1}}, {{"zone", 4}, {"eu", 2}}};
static const struct label NOTES[] = {{{"summary", 7}, {"90% & <more>", 12}}};
static const struct label GROUP[] = {{{"alertname", 9}, {"Disk", 4}}};
static const struct label ROUTE[] = {{{"loop", 4}, {"{{ routeLabels \"loop\" }}", 24}},
                                     {{"nest", 4}, {"<{{ routeLabels \"own\" }}>", 25}},
                                     {{"own", 3}, {"{{ .GroupLabels.alertname }}-team", 33}}};

static struct arena mem;

static struct tpldata sample(void)
{
    static struct tpldata_alert alerts[2];
    alerts[0] = (struct tpldata_alert){.status = S("firing"),
                                       .labels = {LABELS_A, 3},
                                       .annotations = {NOTES, 1},
                                       .starts_at = gotime_utc(1700000000, 0),
                                       .ends_at = gotime_zero(),
                                       .generator_url = S("http://p/g?x=1"),
                                       .fingerprint = S("00000000000000aa")};
    alerts[1] = alerts[0];
    alerts[1].labels.items = LABELS_B;
    alerts[1].status = S("resolved");
    alerts[1].ends_at = gotime_utc(1700000060, 0);
    struct tpldata d = {.receiver = tpldata_quote_receiver(S("a.b"), &mem),
                        .alerts = alerts,
                        .alert_count = 2,
                        .notification_reason = S("new alerts added"),
                        .group_labels = {GROUP, 1},
                        .route_labels = {ROUTE, 3},
                        .external_url = S("http://am")};
    tpldata_summarize(&d, &mem);
    return d;
}

static bool render(bool is_html, const char *text, struct buf *out, struct err *err)
{
    defer(tpl_set_free_p) struct tpl_set *set = tplfuncs_set_new(is_html);
    struct tpldata d = sample();
    struct tplfuncs_context context = {.now = DUR_SECONDS(1700000600)};
    struct tpl_run run = {.data = tpldata_value(&d), .mem = &mem, .context = &context};
    return tpldefaults_parse(set, err) && tpl_render(set, str_c(text), &run, out, err);
}

static void check_output(bool is_html, const char *text, const char *want)
{
    defer(buf_done) struct buf out = {0};
    struct err err = ERR_INIT;
    if (!render(is_html, text, &out, &err))
        fail_msg("%s: %.*s", text, STR(err_str(&err)));
    check_str(buf_str(&out), str_c(want));
}

static void check_failure(const char *text, const char *part)
{
    defer(buf_done) struct buf out = {0};
    struct err err = ERR_INIT;
    if (render(false, text, &out, &err) || str_find_str(err_str(&err), str_c(part)) == STR_NONE)
        fail_msg("%s: %.*s", text, STR(err_str(&err)));
}

static void data_shows_fields_and_methods(void **state)
{
    (void)state;
    check_output(false, "{{.Receiver}} {{.Status}} {{len .Alerts}} {{.NotificationReason}}",
                 "a\\.b firing 2 new alerts added");
    check_output(
        false, "{{.CommonLabels}}|{{.CommonLabels.Names.Join \"+\"}}|{{.CommonAnnotations.Values}}",
        "alertname=Disk, zone=eu|alertname+zone|[90% & <more>]");
    check_output(false,
                 "{{range .Alerts.Resolved}}{{.Labels.instance}}{{end}}{{(index .Alerts.Firing "
                 "0).EndsAt.IsZero}}",
                 "btrue");
    check_output(false,
                 "{{(.CommonLabels.Remove .GroupLabels.Names).SortedPairs}} {{.GroupLabels.none}}.",
                 "zone=eu .");
    check_output(false, "{{(index .Alerts 0).Labels | toJson}}",
                 "{\"alertname\":\"Disk\",\"instance\":\"a\",\"zone\":\"eu\"}");
    check_failure("{{.Alerts.Firing.Firing}}",
                  "can't evaluate field Firing in type []template.Alert");
    check_failure("{{.routeLabelsRendered}}",
                  "is an unexported field of struct type *template.Data");
}

static void functions_are_upstreams(void **state)
{
    (void)state;
    check_output(false,
                 "{{toUpper \"a\"}}{{title \"foo bar\"}}{{trimSpace \" x \"}}{{join \",\" "
                 "(stringSlice \"a\" \"b\")}}",
                 "AFoo Barxa,b");
    check_output(false,
                 "{{match \"^a.c$\" \"abc\"}} {{reReplaceAll \"(a)(b)\" \"$2$1\" \"xab\"}} "
                 "{{urlUnescape \"a+b%21\"}}",
                 "true xba a b!");
    check_output(false,
                 "{{base64encode \"a?>\"}} {{base64decode \"YT8-\"}} {{toJson (list 1 \"<\" nil)}}",
                 "YT8- a?> [1,\"\\u003c\",null]");
    check_output(false,
                 "{{(dict \"k\" 1).k}}{{append (list 1) 2 3}}{{since (index .Alerts 0).StartsAt | "
                 "humanizeDuration}}",
                 "1[1 2 3]10m 0s");
    check_output(false, "{{toDate \"2006-01-02\" \"2024-03-05\" | tz \"UTC\" | date \"Jan 2\"}}",
                 "Mar 5");
    check_failure("{{tz \"Nope/Zone\" now}}", "unknown time zone Nope/Zone");
    check_failure("{{base64decode \"aGk\"}}", "illegal base64 data at input byte 0");
    check_failure("{{dict 1}}", "dict requires an even number of arguments");
}

static void route_labels_render_on_demand(void **state)
{
    (void)state;
    check_output(false, "{{routeLabels \"nest\"}} {{routeLabels \"none\"}}{{.RouteLabels.own}}",
                 "<Disk-team> {{ .GroupLabels.alertname }}-team");
    check_output(true, "{{routeLabels \"nest\"}}",
                 "&amp;lt;Disk-team&gt;"); // escaped there and here
    check_failure("{{routeLabels \"loop\"}}", "route label cycle detected: loop -> loop");
}

static void defaults_render_both_engines(void **state)
{
    (void)state;
    check_output(
        false, "{{template \"slack.default.title\" .}}|{{template \"slack.default.titlelink\" .}}",
        "[FIRING:1] Disk (eu)|http://am/#/alerts?receiver=a%5C.b");
    defer(buf_done) struct buf out = {0};
    struct err err = ERR_INIT;
    assert_true(render(true, "{{template \"email.default.html\" .}}", &out, &err));
    assert_true(str_find_str(buf_str(&out), S("summary = 90% &amp; &lt;more&gt;<br")) != STR_NONE);
    assert_true(str_find_str(buf_str(&out), S("<title>[FIRING:1] Disk (eu)</title>")) != STR_NONE);
}

int test_tplfuncs(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(data_shows_fields_and_methods),
        cmocka_unit_test(functions_are_upstreams),
        cmocka_unit_test(route_labels_render_on_demand),
        cmocka_unit_test(defaults_render_both_engines),
    };
    int failed = run_group("notify/tplfuncs", tests);
    arena_done(&mem);
    return failed;
}
