// SPDX-License-Identifier: Apache-2.0
// selector.h: series selectors against label sets: up{job="a",x=~"b.*" or job="c"}.
//
// MetricsQL's grammar of a selector that stands alone: no window, no offset, no WITH templates.
// A metric name is a condition on __name__. A label that is not there has the empty value; regular
// expressions match the whole value. spec: vmalert MetricsQL §6, vmalert notifier §9.
#pragma once
#include "base/model/matcher.h"
#include "base/model/vm_regex.h"

#define SELECTOR_BYTES_MAX ((size_t)64 << 10)

struct selector_condition {
    enum matcher_op op;
    str name, value;
    struct vm_regex regex; // MATCH_RE, MATCH_NRE
};

struct selector_conditions {
    struct selector_condition *items; // all must hold
    size_t count;
};

struct selector {
    struct selector_conditions *alternatives; // one of them must match
    size_t count;                             // 0: {}, which nothing matches
};

// Memory from mem, except for the regular expressions: selector_done frees those.
// Errors: ERR_SYNTAX, ERR_LIMIT.
bool selector_parse(str text, struct arena *mem, struct selector *ret, struct err *err);
void selector_done(struct selector *s); // a zeroed one is fine

// The value of a label, or the empty slice.
typedef str selector_value_fn(const void *labels, str name);
bool selector_matches(const struct selector *s, selector_value_fn *value, const void *labels);

// The same against a plain list, in which a name may stand twice: one fitting value is enough.
// __name__="" and __name__!="" ask for a label that is there, as upstream's do.
bool selector_matches_labels(const struct selector *s, const struct label *labels, size_t count);
