// SPDX-License-Identifier: Apache-2.0
// print.h: pieces of printing that print.c and pretty.c share. spec: vmalert MetricsQL §12.
#pragma once
#include "rules/metricsql/metricsql.h"

// Does the operand, or what a rollup is over, need parentheses around it?
bool mql_left_needs_parens(const struct mql_binary *b);
bool mql_right_needs_parens(const struct mql_binary *b);
bool mql_rollup_needs_parens(const struct mql_rollup *r);

void buf_put_mql_metric(struct buf *b, str name);
void buf_put_mql_operator(struct buf *b, const struct mql_binary *op);    // ==bool on(x)
void buf_put_mql_window(struct buf *b, const struct mql_rollup *r);       // [5m] offset 1h
void buf_put_mql_call_modifiers(struct buf *b, const struct mql_expr *e); // by(x) limit 3
void buf_put_mql_source_filter(struct buf *b, const struct mql_source_filter *f);
bool mql_selector_is_only_source_name(const struct mql_selector *s);
