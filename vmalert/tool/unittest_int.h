// SPDX-License-Identifier: Apache-2.0
// unittest_int.h: one test under way; private to vmalert/tool.
#pragma once
#include "base/model/label_list.h"
#include "rules/evaluation.h"
#include "vmalert/tool/memory_source.h"
#include "vmalert/tool/unittest.h"
#include "vmalert/tool/unittest_file.h"

// Time zero of all tests: 2000-01-01T00:00:00Z.
#define TEST_START DUR_SECONDS(INT64_C(946684800))

struct unittest {
    struct env *env;
    const struct unittest_options *opt;
    struct label *external_labels; // of the command line, sorted
    size_t external_label_count;
    const struct tpl_set *templates;
};

struct group_run {
    const struct group_conf *conf;
    str name; // empty where group names do not count
    struct any_rule *rules;
    size_t rule_count;
};

struct test_run {
    const struct unittest *u;
    const struct test_group *test;
    dur_ns step;
    struct memory_source source;
    struct memstore *store;
    struct label_store labels;
    struct rules_counters counters;
    struct rules_shared shared;
    struct group_run *groups;
    size_t group_count;
    struct arena *mem;
    struct label_list *errors; // values of it: one text each
};

static inline bool unittest_is_cancelled(const struct unittest_options *opt)
{
    return opt->is_cancelled && opt->is_cancelled(opt->owner);
}

// Runs a test over an empty store; what is wrong is added to errors.
void test_run(const struct unittest *u, const struct unittest_file *f,
              const struct test_group *test, struct rule_files *files, struct label_list *errors);

// Adds an error to the test's list.
void test_fail(struct test_run *t, str text);

// Compares the alerts that fire with the cases of that time; `at` is since time zero.
void test_check_alerts(struct test_run *t, dur_ns at);
void test_check_exprs(struct test_run *t);
