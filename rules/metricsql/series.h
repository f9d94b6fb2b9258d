// SPDX-License-Identifier: Apache-2.0
// series.h: series in the making: what the nodes of an expression hand one another.
//
// A series has one value per point of the range it is evaluated over; NaN: no value there. Whoever
// receives a series owns it and may change it: names, labels and values belong to it alone. Texts
// are borrowed from the store, the query or the evaluation's arena. Nothing is freed one by one.
#pragma once
#include "base/core/map.h"
#include "base/model/labels.h"

struct mql_series {
    str name;             // of the metric; empty: none
    struct label *labels; // sorted by name, without __name__; no empty values
    size_t label_count, label_cap;
    double *values;
};

struct mql_vec {
    struct mql_series **items;
    size_t count, cap;
};

void mql_vec_add(struct mql_vec *v, struct arena *mem, struct mql_series *s);
void mql_vec_add_all(struct mql_vec *v, struct arena *mem, const struct mql_vec *other);
void mql_vec_reverse(struct mql_vec *v);
// Drops the series that have no value at any point.
void mql_vec_remove_empty(struct mql_vec *v, size_t points);
bool mql_series_is_empty(const struct mql_series *s, size_t points);

// One series without name and labels.
bool mql_vec_is_scalar(const struct mql_vec *v);

// ---- names and labels; "__name__" is the name -----------------------------------------------

str mql_series_get(const struct mql_series *s, str label); // empty: there is no such label
void mql_series_set(struct mql_series *s, struct arena *mem, str label,
                    str value); // empty: removes
void mql_series_remove(struct mql_series *s, str label);
void mql_series_keep_only(struct mql_series *s, const str *names, size_t count);
void mql_series_drop(struct mql_series *s, const str *names, size_t count);
void mql_series_set_labels(struct mql_series *s, struct arena *mem, const struct label *labels,
                           size_t count); // copies the array

// By name, then label by label.
int mql_series_cmp(const struct mql_series *a, const struct mql_series *b);
void mql_vec_sort(struct mql_vec *v, struct arena *mem);
// Stable. less(ctx, a, b): does a belong before b?
typedef bool mql_less_fn(const void *ctx, const struct mql_series *a, const struct mql_series *b);
void mql_vec_sort_by(struct mql_vec *v, struct arena *mem, mql_less_fn *less, const void *ctx);

// name{a="b", c="d"}, for error texts.
void buf_put_mql_series(struct buf *b, const struct mql_series *s, bool with_name);
// Bytes that are equal for equal names and labels.
str mql_series_key(const struct mql_series *s, struct arena *mem);

// ---- groups of series with the same key, in the order in which they were met ------------------

struct mql_group {
    str key;
    struct mql_vec series;
};

struct mql_groups {
    struct map map;
    struct arena *mem;
};

void mql_groups_done(struct mql_groups *g);
struct mql_group *mql_groups_find(const struct mql_groups *g, str key); // or NULL
struct mql_group *mql_groups_get(struct mql_groups *g, str key);        // made if it is new
