// SPDX-License-Identifier: Apache-2.0
// gotpl_parser.h: the state of parsing one text, shared by gotpl_parse.c (lists and actions) and
// gotpl_pipeline.c (what stands inside an action). Functions that return a node return NULL after a
// failure, which is then in p->err.
#pragma once
#include "base/text/gotpl_int.h"

// Declared names of the innermost definition; scopes are marks into it.
struct names {
    str *items;
    size_t count, cap;
};

struct parser {
    struct tpl_set *set;
    struct arena *mem;
    const struct tpl_source *source;
    struct lexer lexer;
    struct token token[3]; // look-ahead; token[0] was read last
    int peek_count;
    uint32_t action_line; // where the current action began, 0 outside
    uint32_t range_depth;
    uint32_t nesting; // lists and parentheses
    struct names vars;
    struct tpl_tree *trees; // of this text
    size_t tree_count, tree_cap;
    struct err *err;
};

// Tokens, with up to three given back. parser_backup gives back the last one read, parser_backup2
// and parser_backup3 those in front of it too, in the order of the text.
struct token parser_next(struct parser *p);
struct token parser_peek(struct parser *p);
struct token parser_next_nonspace(struct parser *p);
struct token parser_peek_nonspace(struct parser *p);
void parser_backup(struct parser *p);
void parser_backup2(struct parser *p, struct token t1);
void parser_backup3(struct parser *p, struct token t2, struct token t1);

// Always NULL: "template: name:line: …" is in p->err.
void *parser_fail(struct parser *p, const char *fmt, ...) PRINTF(2, 3);
void *parser_fail_quoted(struct parser *p, const char *before, str name, const char *after);
void *parser_unexpected(struct parser *p, struct token t, const char *context);

struct node *parser_node(struct parser *p, enum node_kind kind, struct token at);
void parser_declare(struct parser *p, str name);
bool parser_unquote(struct parser *p, str literal, str *ret);

// [declarations] command | command …, up to and with the token `end`.
struct node *parser_pipeline(struct parser *p, const char *context, enum token_kind end);
