// SPDX-License-Identifier: Apache-2.0
// web_filter.h: which groups, rules and alerts a request asks for; inside vmalert/web*.c only.
// spec: vmalert HTTP §3.1, §3.2.
#pragma once
#include "base/model/selector.h"
#include "rules/group.h"

#define WEB_FILTER_STATES_MAX 16

struct web_filter {                  // a zeroed one takes everything
    const struct url_params *params; // borrowed; NULL: none
    struct selector *matches;        // of match[]; any of them
    size_t match_count;
    str type; // "alert", "record" or empty
    str search;
    str states[WEB_FILTER_STATES_MAX];
    size_t state_count;
    bool exclude_alerts, extended_states;
    int64_t group_limit, page; // 0: none
};

// Lists of rules. Errors, here and below: "invalid parameter "type": not supported value "x"" ….
bool web_filter_read(struct web_filter *f, const struct url_params *params, struct arena *mem,
                     struct err *err);
// Lists of alerts: only what selects groups, and match[].
bool web_filter_read_common(struct web_filter *f, const struct url_params *params,
                            struct arena *mem, struct err *err);
void web_filter_done(struct web_filter *f);

bool web_filter_takes_group(const struct web_filter *f, const struct group *g);
bool web_filter_takes_rule(const struct web_filter *f, const struct group *g,
                           const struct any_rule *any);
bool web_filter_takes_alert(const struct web_filter *f, const struct alert *a);

// firing, pending or inactive; empty for recording rules.
str rule_state(const struct any_rule *any);
// The states that the list and its filter show: what went wrong comes before "all is well".
str rule_extended_state(const struct any_rule *any);
str web_filter_state(const struct web_filter *f, const struct any_rule *any); // one of both
