// SPDX-License-Identifier: Apache-2.0
// graphite.h: templates against dotted names: "servers.*.cpu" and "host-$1".
#pragma once
#include "base/core/arena.h"
#include "base/core/buf.h"

#define GRAPHITE_MATCHES_MAX 64 // the name and its stars; a template with more matches nothing

struct graphite_matches {
    str items[GRAPHITE_MATCHES_MAX]; // the whole name, then one for each star
    size_t count;
};

// A star stands for any run without dots, also an empty one. Matches are slices of the name.
bool graphite_match(str template, str name, struct graphite_matches *ret);
// $N and ${N}; an index that matched nothing stays as it is written.
void graphite_expand(str template, const struct graphite_matches *matches, struct buf *out);
