// SPDX-License-Identifier: Apache-2.0
// tplfuncs.h: the functions of vmalert's templates, beside the language's own.
#pragma once
#include "rules/tpldata.h"

// Passed as tpl_run.context.
struct rule_tpl_context {
    time_ns now;
    str external_url; // full, with a host name
    str path_prefix;  // its decoded path
    // Answers the function `query`; the metrics must live as long as the execution. NULL: "query is
    // not available in this context".
    bool (*query)(void *owner, str expr, struct arena *mem, const struct rule_tpl_metric **ret,
                  size_t *ret_count, struct err *err);
    void *owner;
};

extern const struct tpl_funcs RULE_TPL_FUNCS;

// An empty set with these functions and missingkey=zero.
struct tpl_set *rule_tpl_set_new(void);
