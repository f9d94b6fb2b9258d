// SPDX-License-Identifier: Apache-2.0
// label_list.h: a list of labels in the making: what relabeling works on.
//
// In no order, and a name may stand twice (the first one counts) until whoever made it sorts it.
// Texts are borrowed or in `mem`; nothing is freed one by one.
#pragma once
#include "base/model/labels.h"

#define LABEL_LIST_TEXT_BYTES_MAX ((size_t)1 << 20) // of a text that is parsed

struct label_list {
    struct label *items;
    size_t count, cap;
    struct arena *mem; // items, and texts made on the way
};

void label_list_add(struct label_list *l, str name, str value);
void label_list_copy(struct label_list *to, const struct label_list *from); // borrows its texts
// The value of the first label of that name, or the empty slice.
str label_list_get(const struct label_list *l, str name);
// Puts the value in the place of the first label of that name, or adds one.
void label_list_set(struct label_list *l, str name, str value);
void label_list_set_given(struct label_list *l, str name, str value); // unless one is empty
void label_list_sort(struct label_list *l);                           // by name, stable

void label_list_remove_empty(struct label_list *l); // without name or without value
void label_list_remove_meta(struct label_list *l);  // __meta_…
// __…; with_metric: __name__ stays.
void label_list_remove_hidden(struct label_list *l, bool with_metric);

// ---- texts --------------------------------------------------------------------------------------

// {a="b",c="d"} in the list's own order.
void buf_put_label_list(struct buf *b, const struct label_list *l);
// metric{a="b",c="d"}: sorted, __name__ in front; a metric alone has no braces.
void buf_put_metric(struct buf *b, const struct label_list *l);

// One series in Prometheus' text format without its value: foo{a="b"}, {"foo", "a"="b"}.
// Errors: ERR_SYNTAX, ERR_LIMIT.
bool label_list_parse_metric(str text, struct label_list *ret, struct err *err);
// As people type it: braces may be missing around labels. Errors: the same.
bool label_list_parse_input(str text, struct label_list *ret, struct err *err);
// A mapping of strings; sorted. Errors: yaml.v2's; ERR_SYNTAX.
bool label_list_parse_yaml(str text, struct label_list *ret, struct err *err);
bool label_list_parse_json(str text, struct label_list *ret, struct err *err);

// Every other character becomes an underscore: [a-zA-Z0-9_:] may be in names of metrics,
// [a-zA-Z0-9_] in names of labels. The name itself where nothing changes.
str metric_name_sanitized(str name, struct arena *mem);
str label_name_sanitized(str name, struct arena *mem);
