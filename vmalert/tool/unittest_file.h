// SPDX-License-Identifier: Apache-2.0
// unittest_file.h: files of unit tests, as written. spec: vmalert-tool §3.
#pragma once
#include "base/core/time.h"
#include "base/text/yaml_bind.h"

#define UNITTEST_FILE_BYTES_MAX ((size_t)64 << 20)

struct test_series { // unittest.series
    str series, values;
};

struct test_alert { // unittest.expAlert
    struct yaml_str_map labels, annotations;
};

struct test_alert_case { // unittest.alertTestCase
    dur_ns eval_time;
    bool has_eval_time;
    str group, alert;
    struct yaml_list alerts; // of test_alert
};

struct test_sample { // unittest.expSample
    str labels;
    double value;
};

struct test_expr_case { // unittest.metricsqlTestCase
    str expr;
    dur_ns eval_time;
    bool has_eval_time;
    struct yaml_list samples; // of test_sample
};

struct test_group { // unittest.testGroup
    str name;
    dur_ns interval;
    bool has_interval;
    struct yaml_list series;      // of test_series
    struct yaml_list alert_cases; // of test_alert_case
    struct yaml_list expr_cases;  // of test_expr_case
    struct yaml_str_map external_labels;
    bool has_external_labels;
};

struct unittest_file { // unittest.unitTestFile
    struct str_list rule_files, group_order;
    dur_ns evaluation_interval; // 0: not set
    struct yaml_list tests;     // of test_group
};

// Everything lives in mem. Errors: "failed to unmarshal file: yaml: unmarshal errors:\n  line 3:
// …".
bool unittest_file_parse(str text, struct arena *mem, struct unittest_file *ret, struct err *err);
