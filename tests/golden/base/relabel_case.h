// SPDX-License-Identifier: Apache-2.0
// relabel_case.h: label lists and rules as the relabeling cases write them.
#pragma once
#include "base/model/relabel.h"
#include "tests/support/cases.h"

static inline struct label_list case_labels(str metric, struct arena *mem)
{
    struct label_list labels = {.mem = mem};
    struct err err = ERR_INIT;
    label_list_parse_metric(metric, &labels, &err);
    check_err(&err, "");
    return labels;
}

static inline str case_metric(const struct label_list *labels, struct arena *mem)
{
    struct buf text = {0};
    buf_put_metric(&text, labels);
    str s = arena_str(mem, buf_str(&text));
    buf_done(&text);
    return s;
}

// NULL: no rules, or err.
static inline struct relabel *case_rules(str config, struct arena *mem, struct err *err)
{
    struct yaml_list confs = {0};
    struct relabel *rules = NULL;
    if (relabel_confs_parse(config, mem, &confs, err))
        relabel_new(&confs, &rules, err);
    return rules;
}
