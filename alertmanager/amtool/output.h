// SPDX-License-Identifier: Apache-2.0
// output.h: how results are printed: simple and extended tables, JSON. Pure functions.
#pragma once
#include "alertmanager/amtool/amtool.h"
#include "alertmanager/amtool/model.h"

enum output_kind { OUTPUT_SIMPLE, OUTPUT_EXTENDED, OUTPUT_JSON };

struct output {
    enum output_kind kind;
    str date_format; // Go's time layout
};

struct output output_of(const struct amtool *t); // as --output and --date.format say

// Alerts and silences to print; tables sort the list in place, JSON keeps its order.
struct json_list {
    const json **items;
    size_t count;
};

struct json_list json_list_of(const json *array, struct arena *mem);

void output_alerts(struct buf *out, const struct output *o, struct json_list *alerts); // by start
void output_silences(struct buf *out, const struct output *o, struct json_list *silences); // by end
void output_status(struct buf *out, const struct output *o, const json *status);
void output_cluster(struct buf *out, const struct output *o, const json *cluster);
