// SPDX-License-Identifier: Apache-2.0
// tpldata.h: what vmalert's templates see: the data of one expansion, and answers to queries.
#pragma once
#include "base/model/labels.h"
#include "base/text/gotpl.h"

// One series of a query's answer as templates see it.
struct rule_tpl_metric {
    const struct label *labels; // sorted by name, __name__ among them
    size_t label_count;
    int64_t timestamp_s;
    double value;
};

extern const struct tpl_type RULE_TPL_METRIC;  // templates.metric
extern const struct tpl_type RULE_TPL_METRICS; // a list of them, obj is the array

// The data of one expansion: `.Value`, `.Labels` and so on. Everything is borrowed.
struct rule_tpl_data {
    str type;
    const struct label *labels; // sorted by name
    size_t label_count;
    double value;
    str expr;
    dur_ns interval, for_ns;
    uint64_t alert_id, group_id;
    struct gotime active_at; // gotime_zero() where not known
    bool is_partial;
    const struct label *external_labels; // sorted by name
    size_t external_label_count;
    str external_url; // the flag as given
};

struct tpl_value rule_tpl_data_value(const struct rule_tpl_data *d);

// What stands in front of every text: {{ $value := .Value }}{{ $type := .Type }}…
extern const str RULE_TPL_PREFIX;
