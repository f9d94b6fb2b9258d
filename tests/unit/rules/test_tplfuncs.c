// SPDX-License-Identifier: Apache-2.0
// vmalert's template functions and data.
#include "rules/tplfuncs.h"

#include "tests/support/check.h"

static struct arena mem;

static const struct label LABELS[] = {{{"__name__", 8}, {"up", 2}}, {{"job", 3}, {"node", 4}}};
static const struct label OTHER[] = {{{"job", 3}, {"db", 2}}};

static bool answer(void *owner, str expr, struct arena *arena, const struct rule_tpl_metric **ret,
                   size_t *ret_count, struct err *err)
{
    (void)owner;
    if (!str_eq(expr, S("up")))
        return err_set(err, ERR_INVALID, "no such query");
    struct rule_tpl_metric *m = arena_array(arena, struct rule_tpl_metric, 2);
    m[0] = (struct rule_tpl_metric){LABELS, 2, 1, 2.5};
    m[1] = (struct rule_tpl_metric){OTHER, 1, 1, 3};
    *ret = m;
    *ret_count = 2;
    return true;
}

static bool render(const char *text, struct buf *out, struct err *err)
{
    struct rule_tpl_data d = {.type = S("prometheus"),
                              .labels = LABELS,
                              .label_count = 2,
                              .value = 12345.678,
                              .interval = DUR_SECONDS(30),
                              .alert_id = 42,
                              .active_at = gotime_utc(1700000000, 0)};
    struct rule_tpl_context context = {.now = DUR_SECONDS(1700000060),
                                       .external_url = S("http://vm/x"),
                                       .path_prefix = S("/x"),
                                       .query = answer};
    struct tpl_run run = {.data = rule_tpl_data_value(&d), .mem = &mem, .context = &context};
    defer(tpl_set_free_p) struct tpl_set *set = rule_tpl_set_new();
    defer(buf_done) struct buf whole = {0};
    buf_put(&whole, RULE_TPL_PREFIX);
    buf_put(&whole, str_c(text));
    return tpl_render(set, buf_str(&whole), &run, out, err);
}

static void check_output(const char *text, const char *want)
{
    defer(buf_done) struct buf out = {0};
    struct err err = ERR_INIT;
    if (!render(text, &out, &err))
        fail_msg("%s: %.*s", text, STR(err_str(&err)));
    check_str(buf_str(&out), str_c(want));
}

static void check_failure(const char *text, const char *want)
{
    defer(buf_done) struct buf out = {0};
    struct err err = ERR_INIT;
    assert_false(render(text, &out, &err));
    check_err(&err, want);
}

static void data_is_predefined(void **state)
{
    (void)state;
    check_output("{{$value}} {{$labels.job}} {{.Interval}} {{$alertID}} {{.AlertTplData.Value}} "
                 "{{$activeAt.Unix}}",
                 "12345.678 node 30s 42 12345.678 1700000000");
    check_output("{{$labels.none}}|{{$labels}}", "|map[__name__:up job:node]");
    check_failure("{{ .Foo }}",
                  "template: :1:319: executing \"\" at <.Foo>: can't evaluate field Foo "
                  "in type notifier.tplData");
    check_failure(
        "{{ if gt $value 100 }}{{end}}",
        "template: :1:322: executing \"\" at <gt $value 100>: error calling gt: incompatible "
        "types for comparison: float64 and int");
}

static void queries_answer_lists(void **state)
{
    (void)state;
    check_output("{{with query \"up\"}}{{. | first | value}} {{. | first | label \"job\"}} {{first "
                 ". | strvalue}}{{end}}",
                 "2.5 node up");
    check_output("{{range query \"up\" | sortByLabel \"job\"}}{{.Labels.job}} {{end}}", "db node ");
    check_output("{{query \"up\"}}", "[{map[__name__:up job:node] 1 2.5} {map[job:db] 1 3}]");
    check_failure("{{query \"x\"}}",
                  "template: :1:318: executing \"\" at <query \"x\">: error calling "
                  "query: no such query");
}

static void functions_are_upstreams(void **state)
{
    (void)state;
    check_output("{{humanize 127087.0}} {{humanize1024 127087}} {{humanizePercentage \"0.015\"}} "
                 "{{humanizeDuration 61}}",
                 "127.1k 124.1ki 1.5% 1m 1s");
    check_output("{{stripPort \"h:80\"}} {{stripDomain \"a.b:1\"}} {{stripDomain \"10.0.0.1:9\"}} "
                 "{{stripPort \"a:b:c\"}}",
                 "h a:1 10.0.0.1:9 a:b:c");
    check_output("{{humanizeTimestamp 1679055557}} {{formatTime \"2006\" 0}} {{parseDuration "
                 "\"1m30s\"}} {{now}}",
                 "2023-03-17 12:19:17 +0000 UTC 1970 90 1.70000006e+09");
    check_output("{{crlfEscape \"a\\n\"}} {{quotesEscape \"\\\"\"}} {{pathEscape \"a/b\"}} "
                 "{{queryEscape \"a b\"}} {{htmlEscape \"<'\"}}",
                 "a\\n \\\" a%2Fb a+b &lt;&#39;");
    check_output("{{externalURL}}{{pathPrefix}}{{(args 1 2).arg1}}{{title \"a b\"}}{{template "
                 "\"default.template\" .}}",
                 "http://vm/x/x2A B");
}

int test_tplfuncs(void);
int test_tplfuncs(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(data_is_predefined),
        cmocka_unit_test(queries_answer_lists),
        cmocka_unit_test(functions_are_upstreams),
    };
    int failed = run_group("rules/tplfuncs", tests);
    arena_done(&mem);
    return failed;
}
