// SPDX-License-Identifier: Apache-2.0
// evaluation.h: one evaluation of one rule: ask the datasource, ask what its templates ask, move
// the rule's state, collect its series.
#pragma once
#include "rules/alerting.h"
#include "rules/recording.h"

struct any_rule { // exactly one is set
    struct alerting_rule *alerting;
    struct recording_rule *recording;
};

static inline struct rule *any_rule_base(const struct any_rule *r)
{
    return r->alerting ? &r->alerting->rule : &r->recording->rule;
}

struct evaluation;
typedef void evaluation_done_fn(void *owner, struct evaluation *e);

struct evaluation {
    struct any_rule rule;
    const struct datasource *datasource;
    time_ns ts;
    int64_t limit;
    evaluation_done_fn *on_done;
    void *owner;

    // The outcome, for on_done. err.code: what failed; then there are no series.
    struct err err;
    struct series_list series;

    time_ns started_at;
    dur_ns duration; // of the query
    str curl;
    struct query *query;
    struct arena mem; // the result's, then all that is made of it
    struct query_result result;
    struct rule_queries queries;
    struct template_query *open; // queries of templates under way
    size_t open_slots;           // entries of `open`
    size_t open_count;           // of them still unanswered
    uint32_t rounds;
};

// Never calls back before it returns. The rule and the datasource must outlive the evaluation.
struct evaluation *evaluation_start(struct any_rule rule, const struct datasource *ds, time_ns ts,
                                    int64_t limit, evaluation_done_fn *on_done, void *owner);
// Ends it (cancels what is under way, no callback) and frees it. on_done's receiver calls it too.
void evaluation_free(struct evaluation *e); // NULL is fine
