// SPDX-License-Identifier: Apache-2.0
// selector.h: series selectors against label sets: up{job="a",x=~"b.*" or job="c"}.
//
// MetricsQL's grammar of a selector that stands alone: no window, no offset, no WITH templates.
// A metric name is a condition on __name__. A label that is not there has the empty value; regular
// expressions match the whole value. spec: vmalert MetricsQL §6.
#pragma once
#include "base/model/matcher.h"

#define SELECTOR_BYTES_MAX ((size_t)64 << 10)

struct selector {
    struct matchers *alternatives; // one of them must match
    size_t count;                  // at least 1
};

// Memory from mem, except for the regular expressions: selector_done frees those.
// Errors: ERR_SYNTAX; also for {}, which selects everything.
bool selector_parse(str text, struct arena *mem, struct selector *ret, struct err *err);
void selector_done(struct selector *s); // a zeroed one is fine

// The value of a label, or the empty slice.
typedef str selector_value_fn(const void *labels, str name);
bool selector_matches(const struct selector *s, selector_value_fn *value, const void *labels);
