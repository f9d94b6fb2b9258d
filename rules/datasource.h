// SPDX-License-Identifier: Apache-2.0
// datasource.h: what a rule asks and what it is answered. Implemented by vmalert/datasource_*.
#pragma once
#include "base/env.h"
#include "base/text/url.h"
#include "rules/result.h"

enum rule_type { RULE_PROMETHEUS, RULE_GRAPHITE, RULE_VLOGS };

str rule_type_str(enum rule_type type); // "prometheus", "graphite", "vlogs"
bool rule_type_parse(str name, enum rule_type *ret);

struct query_request {
    enum rule_type type;
    str expr;
    time_ns ts;      // instant queries
    dur_ns interval; // of the group: the step where no other is configured; 0: no step at all
    // VictoriaLogs: the expression limits no time by itself, so it is asked for the interval up to
    // ts. Ranges can only be asked of such expressions.
    bool interval_is_filter;
    bool is_range; // replay: start, end, step instead of ts
    time_ns start, end;
    dur_ns step;
    const struct url_params *params; // of the group; NULL: none
    const struct http_header *headers;
    size_t header_count;
};

struct query_outcome {
    const struct query_result *result; // NULL: err says why
    struct arena *mem; // holds the result; may be moved out to keep it: mine = *mem; *mem = {0}
    str curl;          // the request as a curl line; empty when it failed
    dur_ns duration;
};

struct query;
// The outcome is borrowed until the callback returns. err is complete except for the expression
// ("unexpected response code 422 for …").
typedef void query_done_fn(void *owner, const struct query_outcome *outcome, const struct err *err);

struct datasource {
    void *owner;
    struct query *(*start)(void *owner, const struct query_request *, query_done_fn *,
                           void *done_owner);
    void (*cancel)(struct query *); // no callback comes any more
};
