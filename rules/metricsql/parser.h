// SPDX-License-Identifier: Apache-2.0
// parser.h: the state of parsing one expression, shared by parser.c (operators and operands),
// parser_call.c (calls, aggregates, WITH), parser_selector.c and parser_rollup.c.
//
// Every function begins with p->token at the first token of what it reads and leaves it at the one
// behind. Those that return a node return NULL after a failure, which is then in p->err.
#pragma once
#include "rules/metricsql/lexer.h"
#include "rules/metricsql/node.h"

struct mql_parser {
    struct arena *mem;
    struct mql_lexer lexer;
    struct mql_token token;
    struct mql_token pending[2]; // given back, the next one last
    size_t pending_count;
    uint32_t nesting;
    struct err *err; // never NULL
};

bool mql_next(struct mql_parser *p);
// Gives p->token back and returns to the one in front of it.
void mql_unread(struct mql_parser *p, struct mql_token before);
bool mql_peek_is(struct mql_parser *p, char sign); // is it the token behind p->token?

bool mql_is_sign(const struct mql_parser *p, char sign);
bool mql_is_word(const struct mql_parser *p, str word); // in any case

// Always false and NULL: `<where>: unexpected token "t"; want <want>`.
bool mql_unexpected(struct mql_parser *p, const char *where, const char *want);
void *mql_unexpected_null(struct mql_parser *p, const char *where, const char *want);
// mql_node_measure for a finished node: e, or NULL.
struct mql_expr *mql_finish(struct mql_parser *p, struct mql_expr *e);

struct mql_expr *mql_parse_expr(struct mql_parser *p);    // operands and operators
struct mql_expr *mql_parse_operand(struct mql_parser *p); // without a window or the like
struct mql_expr *mql_parse_number(struct mql_parser *p);

struct mql_expr *mql_parse_call(struct mql_parser *p);
struct mql_expr *mql_parse_aggregate(struct mql_parser *p);
struct mql_expr *mql_parse_parens(struct mql_parser *p);
struct mql_expr *mql_parse_with(struct mql_parser *p);
bool mql_parse_modifier(struct mql_parser *p, bool may_be_star, struct mql_modifier *ret);

struct mql_expr *mql_parse_selector(struct mql_parser *p);
struct mql_expr *mql_parse_string(struct mql_parser *p); // "a" + name + …

bool mql_rollup_starts(const struct mql_parser *p); // [ @ offset
struct mql_expr *mql_parse_rollup(struct mql_parser *p, struct mql_expr *operand);
struct mql_expr *mql_parse_duration(struct mql_parser *p); // without a sign
struct mql_expr *mql_duration_node(struct arena *mem, str text, struct err *err);

// ---- the steps behind parsing ------------------------------------------------------------------

// templates.c: the tree without templates and parts as they were written.
struct mql_expr *mql_expand(struct arena *mem, const struct mql_expr *e, struct err *err);
// simplify.c: drops parentheses, in place; folds constants if that is wanted.
struct mql_expr *mql_simplify(struct arena *mem, struct mql_expr *e, bool fold);
// parser.c: text to tree, nothing else.
struct mql_expr *mql_parse_text(str text, struct arena *mem, struct err *err);
