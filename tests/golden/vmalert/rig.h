// SPDX-License-Identifier: Apache-2.0
// rig.h: one rule of one group, made from a case, ready to be evaluated.
#pragma once
#include "rules/alerting.h"
#include "rules/recording.h"
#include "tests/support/cases.h"
#include "tests/support/fake_env.h"

struct rig {
    struct fake_env fake;
    struct label_store labels;
    struct rules_counters counters;
    struct rules_shared shared;
    struct tpl_set *templates;
    struct rule_files *files;
    struct group_conf group;
    struct rule_conf conf;
    struct alerting_rule *alerting;
    struct recording_rule *recording;
    struct arena *mem; // the case's
};

// rule: {alert|record, expr, labels, annotations, for_ns|for_s, eval_interval_ns, …}
void rig_init(struct rig *r, const cJSON *rule, dur_ns interval, struct arena *mem);
void rig_done(struct rig *r);

// [{labels, values, timestamps (s)}] or [{labels, value}] as a query's answer.
struct query_result rig_result(const cJSON *list, struct arena *mem);
struct label *rig_labels(const cJSON *object, struct arena *mem, size_t *ret_count); // sorted
str rig_labels_text(const struct label *labels, size_t count, struct arena *mem);    // {a="b"}
// Has the alert these labels, and those that every alert of the rule has?
str rig_alert_key(const cJSON *object, const struct rig *r, bool with_alertname);

// Are these the series that were written, in any order? NULL, or why not.
const char *rig_check_series(const struct rig *r, const cJSON *want, const struct series_list *out);

// Evaluates an alerting rule once; templates ask no queries.
bool rig_evaluate(struct rig *r, const struct query_result *result, time_ns ts, int64_t limit,
                  struct series_list *out, struct err *err);
