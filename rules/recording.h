// SPDX-License-Identifier: Apache-2.0
// recording.h: one recording rule: a query's result under another name.
//
// Label sets that a successful evaluation no longer returns get a stale marker.
// upstream: app/vmalert/rule/recording.go.
#pragma once
#include "rules/rule.h"

struct recording_rule {
    struct rule rule;
    struct map previous; // struct labels * of the last successful evaluation, by their hash
};

struct recording_rule *recording_new(const struct rules_shared *shared, struct rule_files *files,
                                     const struct group_conf *group, const struct rule_conf *conf);
void recording_free(struct recording_rule *r); // NULL is fine
void recording_update(struct recording_rule *r, struct rule_files *files,
                      const struct group_conf *group, const struct rule_conf *conf);

// Turns a result into series; ts marks what became stale. An error changes nothing.
bool recording_apply(struct recording_rule *r, const struct query_result *result, time_ns ts,
                     int64_t limit, struct arena *mem, struct series_list *out, struct err *err);

// Replay: every sample is written, nothing becomes stale.
bool recording_replay(struct recording_rule *r, const struct query_result *result,
                      struct arena *mem, struct series_list *out, struct err *err);
