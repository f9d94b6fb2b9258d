// SPDX-License-Identifier: Apache-2.0
// filters.h: sets of label filters, for optimize.c. Results are in mem or one of the arguments.
#pragma once
#include "rules/metricsql/node.h"

struct mql_filters mql_filters_union(struct arena *mem, struct mql_filters a, struct mql_filters b);
// Those of b that are in a too.
struct mql_filters mql_filters_intersect(struct arena *mem, struct mql_filters a,
                                         struct mql_filters b);
// Only those, or all but those, whose label is named.
struct mql_filters mql_filters_only(struct arena *mem, struct mql_filters f, const str *names,
                                    size_t count);
struct mql_filters mql_filters_without(struct arena *mem, struct mql_filters f, const str *names,
                                       size_t count);
// By label, then by value, in place; a metric's name in front stays there.
void mql_filters_sort(struct mql_filters f);
