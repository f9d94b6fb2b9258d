// SPDX-License-Identifier: Apache-2.0
// input_series.h: how unit tests write the samples of a series: "1+1x3 _ -4 stale". spec:
// vmalert-tool §4.
#pragma once
#include "base/core/arena.h"
#include "base/core/err.h"
#include "base/model/label_list.h"

#define INPUT_VALUES_MAX 1000000 // of one series

struct input_value {
    double value; // NaN stale marker: stale
    bool is_omitted;
};

struct input_values {
    struct input_value *items; // in the arena
    size_t count, cap;
};

// Errors: "values cannot be an empty string", "stale metric doesn't support operations",
// "unsupported input …", those of Go's number parsers; ERR_LIMIT.
bool input_values_parse(str text, struct arena *mem, struct input_values *ret, struct err *err);

// The labels of a series, as a selector without alternatives; its operators do not count.
// Errors: "failed to parse series …", "failed to parse input series value …", "got invalid input
// series …".
bool input_series_parse(str series, str values, struct arena *mem, struct label_list *ret_labels,
                        struct input_values *ret_values, struct err *err);
