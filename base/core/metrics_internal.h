// SPDX-License-Identifier: Apache-2.0
// metrics_internal.h: what metrics.c keeps and metrics_expose.c writes.
#pragma once
#include "base/core/map.h"
#include "base/core/metrics.h"

struct metric_label {
    str name;
    bool is_constant;
    str value;          // of a constant one
    size_t value_index; // else: which of the child's values
};

struct metric_child {
    void *value;  // struct metric, histogram, vmrange or quantile_summary
    str values[]; // value_count of the family; their text stands behind
};

struct metric_family {
    enum metric_kind kind;
    const char *name, *help;
    char *label_text; // as registered; labels point into it
    struct metric_label labels[METRIC_LABELS_MAX];
    size_t by_name[METRIC_LABELS_MAX]; // indices of labels, sorted by name
    size_t label_count, value_count;
    const double *bounds;
    size_t bound_count;
    struct map children;
    struct metric_child **sorted; // children.count, by label values; made by the exposition
    bool sorted_is_stale;
};

struct metric_collector {
    void (*fn)(void *owner);
    void *owner;
};

struct metrics {
    struct metric_family **families; // sorted by name
    size_t family_count, family_cap;
    struct metric_collector *collectors;
    size_t collector_count;
};
