// SPDX-License-Identifier: Apache-2.0
// node.h: making nodes; private to rules/metricsql.
#pragma once
#include "base/core/arena.h"
#include "base/core/buf.h"
#include "base/core/err.h"
#include "rules/metricsql/ast.h"

#define METRIC_NAME_LABEL S("__name__")

struct mql_expr *mql_node(struct arena *mem, enum mql_kind kind);
struct mql_expr *mql_node_copy(struct arena *mem, const struct mql_expr *e); // children are shared
struct mql_expr *mql_node_number(struct arena *mem, double value);
struct mql_expr *mql_node_string(struct arena *mem, str value);
struct mql_expr *mql_node_metric(struct arena *mem, str name); // {__name__="name"}

// Sets e->height from the children. False: the tree is too high (ERR_LIMIT).
bool mql_node_measure(struct mql_expr *e, struct err *err);

// Room for one more item behind `count` items of which `*cap` fit: items, or a larger copy.
void *mql_grow(struct arena *mem, void *items, size_t count, size_t *cap, size_t item_bytes);

// A growing list of expressions.
struct mql_list {
    struct mql_expr **items;
    size_t count, cap;
};
void mql_list_add(struct mql_list *l, struct arena *mem, struct mql_expr *e);

// A growing list of names.
struct mql_names {
    str *items;
    size_t count, cap;
};
void mql_names_add(struct mql_names *l, struct arena *mem, str name);
bool mql_names_has(const str *names, size_t count, str name);

// A growing list of filters.
struct mql_filter_list {
    struct mql_filter *items;
    size_t count, cap;
};
void mql_filter_add(struct mql_filter_list *l, struct arena *mem, struct mql_filter f);
bool mql_filter_eq(const struct mql_filter *a, const struct mql_filter *b);
bool mql_filter_is_name(const struct mql_filter *f); // __name__="…"

// The name that all alternatives ask for, or empty.
str mql_selector_name(const struct mql_selector *s);
// The same of a selector as it was written.
str mql_selector_source_name(const struct mql_selector *s);
bool mql_selector_is_only_name(const struct mql_selector *s);

static inline bool mql_is_quoted(str token)
{
    return token.n && (token.p[0] == '"' || token.p[0] == '\'' || token.p[0] == '`');
}
// A quoted literal without its quotes; '…' may hold ". Errors: ERR_SYNTAX.
bool mql_unquote(struct arena *mem, str literal, str *ret, struct err *err);
// Errors: ERR_LIMIT (MQL_STRING_BYTES_MAX).
bool mql_join_strings(struct arena *mem, str a, str b, str *ret, struct err *err);

// In Go's quotes, for error texts: cut where those end anyway.
str mql_quote(struct arena *mem, str s);
str mql_quote_expr(struct arena *mem, const struct mql_expr *e); // its canonical text
