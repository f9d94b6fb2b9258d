// SPDX-License-Identifier: Apache-2.0
// rule.h: what alerting and recording rules have in common at run time.
#pragma once
#include "base/core/metrics.h"
#include "rules/rule_file.h"
#include "rules/template.h"

// ---- series that a rule writes -----------------------------------------------------------------

// Collects the series of one evaluation, in an arena, for remote write.
struct series_list {
    struct arena *mem;
    struct series *items;
    size_t count, cap;
};

// Copies the labels' array (its texts are borrowed) and adds one sample. Labels sorted by name.
void series_list_add(struct series_list *l, const struct label *labels, size_t label_count,
                     double value, int64_t ts_ms);

// ---- history of evaluations --------------------------------------------------------------------

struct rule_update {
    time_ns time;    // wall clock at the start
    time_ns at;      // evaluation time
    dur_ns duration; // of the query
    char *error;     // heap; NULL: none
    char *curl;      // heap; NULL: none
    int64_t samples;
    int64_t series_fetched; // -1: not reported
};

struct rule_history {
    struct rule_update *ring; // cap entries
    size_t cap, count, newest;
};

void rule_history_init(struct rule_history *h, size_t cap);
void rule_history_done(struct rule_history *h);
void rule_history_add(struct rule_history *h, const struct rule_update *u); // takes error and curl
// i = 0: the newest. NULL: no such entry.
const struct rule_update *rule_history_at(const struct rule_history *h, size_t i);

// ---- the rule ----------------------------------------------------------------------------------

// Of a process: what every group and rule is created with. Borrowed.
struct rules_shared {
    struct env *env;
    struct label_store *labels;
    struct rule_template_env templates;
    bool no_alertgroup_label;
    dur_ns resend_delay, max_resolve_duration, eval_delay;
    int64_t update_entries_limit;
    dur_ns max_start_delay;
    // Counters of the process; may not be NULL.
    struct rules_counters *counters;
};

struct rules_counters {
    uint64_t executions, execution_errors, alerts_fired;
};

struct rule {
    const struct rules_shared *shared;
    struct rule_files *files; // one reference: conf lives in it
    const struct rule_conf *conf;
    const struct group_conf *group;
    struct yaml_str_map labels; // external < group < rule, in `mem`
    struct arena mem;
    struct rule_history history;
    uint64_t errors; // evaluations that failed, template errors included
    // Of the last evaluation.
    int64_t last_samples, last_series_fetched; // -1: not reported
    str last_error;                            // of the newest history entry, or empty
};

void rule_init(struct rule *r, const struct rules_shared *shared, struct rule_files *files,
               const struct group_conf *group, const struct rule_conf *conf);
void rule_done(struct rule *r);
// A reloaded file: same rule ID, maybe other labels, annotations, times. Starts an empty history.
void rule_update_conf(struct rule *r, struct rule_files *files, const struct group_conf *group,
                      const struct rule_conf *conf);
// Ends an evaluation: history, errors, last_*. error may be empty.
void rule_record_update(struct rule *r, time_ns time, time_ns at, dur_ns duration,
                        const struct query_result *result, str curl, str error);
