// SPDX-License-Identifier: Apache-2.0
#include "vmalert/tool/unittest_file.h"

static bool bind_duration(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    str text;
    struct err err = ERR_INIT;
    if (!yaml_to_str(node, &text))
        return yaml_problem_type(b, node, "string");
    if (!dur_parse_vm(text, to, &err))
        return yaml_fail(b, "%.*s", STR(err_str(&err)));
    return true;
}

static const struct yaml_field SERIES_FIELDS[] = {
    YAML_FIELD(struct test_series, series, "series", YAML_T_STR),
    YAML_FIELD(struct test_series, values, "values", YAML_T_STR),
    {0},
};
static const struct yaml_struct SERIES = {
    .type_name = "unittest.series", .bytes = sizeof(struct test_series), .fields = SERIES_FIELDS};

static const struct yaml_field ALERT_FIELDS[] = {
    YAML_FIELD(struct test_alert, labels, "exp_labels", YAML_T_STR_MAP),
    YAML_FIELD(struct test_alert, annotations, "exp_annotations", YAML_T_STR_MAP),
    {0},
};
static const struct yaml_struct ALERT = {
    .type_name = "unittest.expAlert", .bytes = sizeof(struct test_alert), .fields = ALERT_FIELDS};

static const struct yaml_field ALERT_CASE_FIELDS[] = {
    YAML_FIELD(struct test_alert_case, eval_time, "eval_time", YAML_T_CUSTOM, .bind = bind_duration,
               YAML_SEEN(struct test_alert_case, has_eval_time)),
    YAML_FIELD(struct test_alert_case, group, "groupname", YAML_T_STR),
    YAML_FIELD(struct test_alert_case, alert, "alertname", YAML_T_STR),
    YAML_FIELD(struct test_alert_case, alerts, "exp_alerts", YAML_T_LIST, .sub = &ALERT),
    {0},
};
static const struct yaml_struct ALERT_CASE = {.type_name = "unittest.alertTestCase",
                                              .bytes = sizeof(struct test_alert_case),
                                              .fields = ALERT_CASE_FIELDS};

static const struct yaml_field SAMPLE_FIELDS[] = {
    YAML_FIELD(struct test_sample, labels, "labels", YAML_T_STR),
    YAML_FIELD(struct test_sample, value, "value", YAML_T_FLOAT),
    {0},
};
static const struct yaml_struct SAMPLE = {.type_name = "unittest.expSample",
                                          .bytes = sizeof(struct test_sample),
                                          .fields = SAMPLE_FIELDS};

static const struct yaml_field EXPR_CASE_FIELDS[] = {
    YAML_FIELD(struct test_expr_case, expr, "expr", YAML_T_STR),
    YAML_FIELD(struct test_expr_case, eval_time, "eval_time", YAML_T_CUSTOM, .bind = bind_duration,
               YAML_SEEN(struct test_expr_case, has_eval_time)),
    YAML_FIELD(struct test_expr_case, samples, "exp_samples", YAML_T_LIST, .sub = &SAMPLE),
    {0},
};
static const struct yaml_struct EXPR_CASE = {.type_name = "unittest.metricsqlTestCase",
                                             .bytes = sizeof(struct test_expr_case),
                                             .fields = EXPR_CASE_FIELDS};

static const struct yaml_field GROUP_FIELDS[] = {
    YAML_FIELD(struct test_group, interval, "interval", YAML_T_CUSTOM, .bind = bind_duration,
               YAML_SEEN(struct test_group, has_interval)),
    YAML_FIELD(struct test_group, series, "input_series", YAML_T_LIST, .sub = &SERIES),
    YAML_FIELD(struct test_group, alert_cases, "alert_rule_test", YAML_T_LIST, .sub = &ALERT_CASE),
    YAML_FIELD(struct test_group, expr_cases, "metricsql_expr_test", YAML_T_LIST,
               .sub = &EXPR_CASE),
    YAML_FIELD(struct test_group, external_labels, "external_labels", YAML_T_STR_MAP,
               YAML_SEEN(struct test_group, has_external_labels)),
    YAML_FIELD(struct test_group, name, "name", YAML_T_STR),
    {0},
};
static const struct yaml_struct GROUP = {
    .type_name = "unittest.testGroup", .bytes = sizeof(struct test_group), .fields = GROUP_FIELDS};

static const struct yaml_field FILE_FIELDS[] = {
    YAML_FIELD(struct unittest_file, rule_files, "rule_files", YAML_T_STRS),
    YAML_FIELD(struct unittest_file, evaluation_interval, "evaluation_interval", YAML_T_CUSTOM,
               .bind = bind_duration),
    YAML_FIELD(struct unittest_file, group_order, "group_eval_order", YAML_T_STRS),
    YAML_FIELD(struct unittest_file, tests, "tests", YAML_T_LIST, .sub = &GROUP),
    {0},
};
static const struct yaml_struct FILE_STRUCT = {.type_name = "unittest.unitTestFile",
                                               .bytes = sizeof(struct unittest_file),
                                               .fields = FILE_FIELDS};

bool unittest_file_parse(str text, struct arena *mem, struct unittest_file *ret, struct err *err)
{
    struct yaml_node *doc;
    struct yaml_binder binder = {.mem = mem};
    *ret = (struct unittest_file){0};
    return (yaml_parse(text, &(struct yaml_options){0}, mem, &doc, err) &&
            yaml_bind(&binder, doc, &FILE_STRUCT, ret, err)) ||
           err_wrap(err, "failed to unmarshal file");
}
