// SPDX-License-Identifier: Apache-2.0
// metricsql.h: MetricsQL, the language of VictoriaMetrics, which contains PromQL: from text to a
// tree, from a tree to text. spec: vmalert MetricsQL.
//
// A tree stays valid as long as its arena and the text it was parsed from. It says what is to be
// computed, not whether that makes sense: numbers and kinds of arguments are not looked at.
//
// Parsing: tokens → tree as written → WITH templates expanded → parentheses dropped, constants
// folded → function names checked. What upstream leaves unbounded has a limit here (ERR_LIMIT).
#pragma once
#include "base/core/arena.h"
#include "base/core/buf.h"
#include "base/core/err.h"
#include "rules/metricsql/ast.h"
#include "rules/metricsql/funcs.h"

#define MQL_TEXT_BYTES_MAX   ((size_t)256 << 10)
#define MQL_NESTING_MAX      250    // brackets, signs and operators inside one another, as written
#define MQL_HEIGHT_MAX       1000   // levels of the tree: a + b + … has one per operator
#define MQL_LIST_MAX         2000   // templates in a WITH, names in by(…) and the like
#define MQL_EXPANSION_MAX    100000 // nodes made by expanding templates
#define MQL_STRING_BYTES_MAX ((size_t)1 << 20) // of one string, after expansion

// Parses, expands, simplifies and checks: a tree for evaluation, or NULL.
// Errors: ERR_SYNTAX (`…; unparsed data: "…"`), ERR_INVALID ("cannot expand WITH expressions: …",
// `unsupported function "x"`), ERR_LIMIT.
const struct mql_expr *mql_parse(str text, struct arena *mem, struct err *err);
// Would mql_parse accept it? The same errors.
bool mql_check(str text, struct err *err);

// The tree as it was written: templates not expanded, functions not checked; superfluous
// parentheses are gone. For printing only.
const struct mql_expr *mql_parse_source(str text, struct arena *mem, struct err *err);

// Canonical text: what mql_parse reads as the same tree.
void buf_put_mql(struct buf *b, const struct mql_expr *e);
void buf_put_mql_modifier(struct buf *b, const struct mql_modifier *m); // by(a,b)
void buf_put_mql_template(struct buf *b, const struct mql_template *t); // f(a) = a + 1
void buf_put_mql_filters(struct buf *b, struct mql_filters filters);    // {a="b",c!="d"}
// The text laid out over lines of about 80 bytes, templates and all. Errors: of mql_parse_source.
bool buf_put_mql_pretty(struct buf *b, str text, struct err *err);

// Calls fn for every node, children first, and for the modifiers of aggregates and binary
// operations: exactly one of e and m is not NULL.
typedef void mql_visit_fn(void *owner, const struct mql_expr *e, const struct mql_modifier *m);
void mql_visit(const struct mql_expr *e, mql_visit_fn *fn, void *owner);

// Does a rollup function get something that has no samples of its own, as in rate(sum(x))? It is
// evaluated by an implicit subquery then, which is rarely what was meant.
bool mql_is_likely_invalid(const struct mql_expr *e);

// ---- label filters of binary operations: optimize.c --------------------------------------------

// The same results with fewer series to read: foo{a="b"} + bar becomes foo{a="b"} + bar{a="b"}.
// A new tree in mem, or e itself: also where it has more operations or filters than these, as the
// effort grows with the square of either.
#define MQL_OPTIMIZE_OPERATIONS_MAX 100
#define MQL_OPTIMIZE_FILTERS_MAX    1000
const struct mql_expr *mql_optimize(const struct mql_expr *e, struct arena *mem);
// The filters every series of the result satisfies; none for the metric's name.
struct mql_filters mql_common_filters(const struct mql_expr *e, struct arena *mem);
// e, an operand of a binary operation, with the filters added wherever that leaves the series that
// satisfy them unchanged. A new tree in mem.
const struct mql_expr *mql_push_filters(const struct mql_expr *e, struct mql_filters filters,
                                        struct arena *mem);
// Those of the filters that hold on both sides of the operation, as on() and ignoring() say.
struct mql_filters mql_trim_filters(struct mql_filters filters, const struct mql_expr *binary,
                                    struct arena *mem);
