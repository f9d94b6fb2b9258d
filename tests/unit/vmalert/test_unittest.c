// SPDX-License-Identifier: Apache-2.0
#include "tests/support/check.h"
#include "tests/support/fake_env.h"
#include "vmalert/rule_urls.h"
#include "vmalert/tool/unittest.h"

#define RULES                                                                                      \
    "groups:\n"                                                                                    \
    "- name: g\n"                                                                                  \
    "  rules:\n"                                                                                   \
    "  - alert: Down\n"                                                                            \
    "    expr: up == 0\n"                                                                          \
    "    for: 2m\n"                                                                                \
    "    annotations: {summary: '{{ $labels.job }} is down, {{ query \"up\" | len }} known'}\n"    \
    "  - record: job:up\n"                                                                         \
    "    expr: sum(up) by (job)\n"

#define TEST_HEAD                                                                                  \
    "rule_files: [rules.yml]\n"                                                                    \
    "evaluation_interval: 1m\n"                                                                    \
    "tests:\n"                                                                                     \
    "- name: t\n"                                                                                  \
    "  input_series: [{series: 'up{job=\"a\"}', values: '1 0x5'}]\n"

struct world {
    struct fake_env fake;
    struct env_ops ops;
    struct arena mem;
    struct vmalert_options vmalert;
    struct unittest_options opt;
    struct buf out;
    str file;
};

static void print(void *owner, str text)
{
    struct world *w = owner;
    buf_put(&w->out, text);
}

static struct rule_urls *fetch(void *owner, const struct flag_strs *sources)
{
    (void)owner;
    (void)sources;
    return NULL;
}

// Names without patterns.
static bool glob(struct env *env, str pattern, struct arena *mem, str **ret, size_t *ret_count,
                 struct err *err)
{
    (void)err;
    struct fake_env *fake = container_of(env, struct fake_env, env);
    *ret = arena_new(mem, str);
    **ret = arena_str(mem, pattern);
    *ret_count = fake_file(fake, arena_c(mem, pattern)) != NULL;
    return true;
}

static bool never(void *owner)
{
    (void)owner;
    return false;
}

static bool at_once(void *owner)
{
    (void)owner;
    return true;
}

static void world_init(struct world *w, const char *test)
{
    char *argv[] = {(char[]){"vmalert"}, NULL};
    *w = (struct world){.file = S("/t/test.yml")};
    fake_env_init(&w->fake);
    w->ops = *w->fake.env.ops;
    w->ops.glob = glob;
    w->fake.env.ops = &w->ops;
    fake_file_set(&w->fake, "/t/rules.yml", S(RULES));
    fake_file_set(&w->fake, "/t/test.yml", str_c(test));
    w->vmalert = (struct vmalert_options){.hostname = S("localhost"), .cpus = 1, .mem = &w->mem};
    struct flags flags = vmalert_flags(&w->vmalert, &w->mem);
    assert_true(flags_parse(&flags, 1, argv, &w->mem, NULL, NULL));
    w->opt = (struct unittest_options){.files = {&w->file, 1},
                                       .vmalert = &w->vmalert,
                                       .print = print,
                                       .is_cancelled = never,
                                       .fetch = fetch,
                                       .owner = w};
}

static void world_done(struct world *w)
{
    buf_done(&w->out);
    arena_done(&w->mem);
    fake_env_done(&w->fake);
}

static void check_output(const char *test, enum unittest_outcome outcome, const char *out)
{
    struct world w;
    struct err err = ERR_INIT;
    world_init(&w, test);
    assert_int_equal(unittest_run(&w.fake.env, &w.opt, &err), outcome);
    check_str(buf_str(&w.out), str_c(out));
    world_done(&w);
}

#define TITLE  "\n\nUnit Testing:  /t/test.yml\n"
#define FAILED TITLE "FAILED\nfailed to run unit test for file \"/t/test.yml\": \n["

static void what_holds_passes(void **state)
{
    (void)state;
    check_output(TEST_HEAD "  alert_rule_test:\n"
                           "  - eval_time: 2m30s\n" // before: pending
                           "    groupname: g\n"
                           "    alertname: Down\n"
                           "  - eval_time: 3m59s\n" // looks at the step of 3m
                           "    groupname: g\n"
                           "    alertname: Down\n"
                           "    exp_alerts:\n"
                           "    - exp_labels: {job: a}\n"
                           "      exp_annotations: {summary: 'a is down, 1 known'}\n"
                           "  metricsql_expr_test:\n"
                           "  - expr: job:up\n"
                           "    eval_time: 0\n"
                           "    exp_samples: [{labels: 'job:up{job=\"a\"}', value: 1}]\n"
                           "  - {expr: 'ALERTS{alertstate=\"firing\"}', eval_time: 2m}\n",
                 UNITTEST_PASSED, TITLE "SUCCESS\n");
}

static void differences_are_shown(void **state)
{
    (void)state;
    check_output(TEST_HEAD "  alert_rule_test:\n"
                           "  - {eval_time: 4m, groupname: g, alertname: Down}\n"
                           "  metricsql_expr_test:\n"
                           "  - expr: up\n"
                           "    eval_time: 1m\n"
                           "    exp_samples: [{labels: '{job=\"b\"}', value: 1.5}]\n"
                           "  - {expr: 'up * 2', eval_time: 0}\n"
                           "  - {expr: 'up[5m]', eval_time: 0}\n",
                 UNITTEST_FAILED,
                 FAILED
                 "\n"
                 "testGroupName: t,\n"
                 "    groupname: g, alertname: Down, time: 4m0s, \n"
                 "        exp:[], \n"
                 "        got:[\n"
                 "            0:\n"
                 "              Labels:{alertgroup=\"g\", alertname=\"Down\", job=\"a\"}\n"
                 "              Annotations:{summary=\"a is down, 1 known\"}\n"
                 "            ]  \n"
                 "    expr: \"up\", time: 1m0s,\n"
                 "        exp: {job=\"b\"} 1.5E+00\n"
                 "        got: {__name__=\"up\", job=\"a\"} 0E+00 \n"
                 "    expr: \"up * 2\", time: 0s,\n"
                 "        exp: nil\n"
                 "        got: {job=\"a\"} 2E+00     expr: \"up[5m]\", time: 0s, err: unknown "
                 "result type \"matrix\"]");
}

static void what_cannot_be_run_is_said(void **state)
{
    (void)state;
    static const struct {
        const char *test, *error;
    } ROWS[] = {
        {"rule_files: [rules.yml]\nevaluation_interval: 1m\nfoo: 1\n",
         "failed to unmarshal file: yaml: unmarshal errors:\n  line 3: field foo not found in type "
         "unittest.unitTestFile"},
        {"rule_files: [none.yml]\nevaluation_interval: 1m\n",
         "found no rule group in [/t/none.yml]"},
        {"rule_files: [rules.yml]\nevaluation_interval: 1m\ngroup_eval_order: [a, b, a]\n",
         "group name repeated in `group_eval_order`: a"},
        {TEST_HEAD "  alert_rule_test: [{eval_time: 1m, alertname: Down}]\n",
         "\ntestGroupName: t\n    missing required field \"groupname\" when flag "
         "\"disableAlertgroupLabel\" is false"},
        {TEST_HEAD "  metricsql_expr_test: [{expr: up}]\n",
         "\ntestGroupName: t\n    missing required field \"eval_time\""},
        {"rule_files: [rules.yml]\nevaluation_interval: 1m\ntests:\n- input_series: [{series: up, "
         "values: 1xx}]\n",
         "failed to parse input series value 1xx: strconv.ParseFloat: parsing \"1x\": invalid "
         "syntax"},
        {"rule_files: [rules.yml]\nevaluation_interval: 1m\ntests:\n- input_series: [{series: "
         "'up{a=\"1\" or b=\"2\"}', values: 1}]\n",
         "got invalid input series up{a=\"1\" or b=\"2\"}: %!w(<nil>)"},
        {"rule_files: [rules.yml]\nevaluation_interval: 1ms\ntests:\n- metricsql_expr_test: "
         "[{expr: up, eval_time: 100d}]\n",
         "too many steps of evaluation_interval up to the largest eval_time"},
    };
    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
        struct buf want = {0};
        buf_printf(&want, "%s%s]", FAILED, ROWS[i].error);
        buf_put_c(&want, '\0');
        check_output(ROWS[i].test, UNITTEST_FAILED, want.p);
        buf_done(&want);
    }
}

static void a_rule_that_fails_ends_its_test(void **state)
{
    (void)state;
    struct world w;
    struct err err = ERR_INIT;
    world_init(&w, "rule_files: [bad.yml]\nevaluation_interval: 1m\ntests:\n- metricsql_expr_test: "
                   "[{expr: up, eval_time: 1m}]\n");
    fake_file_set(&w.fake, "/t/bad.yml",
                  S("groups: [{name: b, rules: [{record: x, expr: 'label_set((1, 2), \"a\", "
                    "\"b\")'}]}]\n"));
    assert_int_equal(unittest_run(&w.fake.env, &w.opt, &err), UNITTEST_FAILED);
    check_str(buf_str(&w.out),
              S(FAILED
                "\nfailed to exec group: \"b\", time: 2000-01-01 00:00:00 +0000 UTC, err: "
                "rule \"x\": failed to execute: failed to execute query \"label_set((1, 2), "
                "\"a\", \"b\")\": unexpected response code 422 for http://127.0.0.1/"
                "prometheus/api/v1/query?query=label_set%28%281%2C+2%29%2C+%22a%22%2C+%22b%22"
                "%29&step=300s&time=946684800. Response body {\"status\":\"error\","
                "\"errorType\":\"422\",\"error\":\"error when executing query=\\\"label_set("
                "(1, 2), \\\\\\\"a\\\\\\\", \\\\\\\"b\\\\\\\")\\\" for (time="
                "946684800000, step=300000): duplicate output timeseries: {a=\\\"b\\\"}\"}]"));
    world_done(&w);
}

static void set_ups_that_are_broken(void **state)
{
    (void)state;
    struct world w;
    struct err err = ERR_INIT;
    str label = S("cluster");
    world_init(&w, TEST_HEAD);
    w.opt.external_labels = (struct flag_strs){&label, 1};
    assert_int_equal(unittest_run(&w.fake.env, &w.opt, &err), UNITTEST_BROKEN);
    check_str(err_str(&err), S("missing '=' in `-label`. It must contain label in the form "
                               "`name=value`; got \"cluster\""));
    w.opt.external_labels.count = 0;
    w.file = S("/t/none.yml");
    assert_int_equal(unittest_run(&w.fake.env, &w.opt, &err), UNITTEST_BROKEN);
    check_str(err_str(&err), S("no test file found"));
    w.file = S("/t/test.yml");
    w.opt.is_cancelled = at_once;
    assert_int_equal(unittest_run(&w.fake.env, &w.opt, &err), UNITTEST_CANCELLED);
    world_done(&w);
}

int test_unittest(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_holds_passes),
        cmocka_unit_test(differences_are_shown),
        cmocka_unit_test(what_cannot_be_run_is_said),
        cmocka_unit_test(a_rule_that_fails_ends_its_test),
        cmocka_unit_test(set_ups_that_are_broken),
    };
    return run_group("unittest", tests);
}
