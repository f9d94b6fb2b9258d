// SPDX-License-Identifier: Apache-2.0
// gotpl_int.h: what the files of the template engine share: tree, lexer, sets, helpers.
#pragma once
#include "base/core/map.h"
#include "base/text/gotpl.h"

// ---- tree ------------------------------------------------------------------------------------

// A parsed text: nodes point to it so that errors can name file, line and column.
struct tpl_source {
    str name; // of the text
    str text;
};

enum node_kind {
    NODE_TEXT,
    NODE_ACTION,
    NODE_IF,
    NODE_WITH,
    NODE_RANGE,
    NODE_TEMPLATE,
    NODE_BREAK,
    NODE_CONTINUE,
    NODE_LIST,
    NODE_PIPE,
    NODE_COMMAND,
    NODE_BOOL,
    NODE_NUMBER,
    NODE_STRING,
    NODE_DOT,
    NODE_NIL,
    NODE_FIELD,
    NODE_VARIABLE,
    NODE_IDENT,
    NODE_CHAIN,
    NODE_END,  // exists only while parsing
    NODE_ELSE, // likewise
};

struct node_list {
    struct node *first, *last; // linked by node.next
};

struct number {
    bool is_int, is_uint, is_float, is_complex;
    int64_t i;
    uint64_t u;
    double f, re, im;
};

struct node {
    enum node_kind kind;
    uint32_t pos;  // byte offset in source->text
    uint32_t line; // 1-based; 0 where nobody asks
    const struct tpl_source *source;
    struct node *next; // in its list
    union {
        str text; // TEXT; IDENT: the name; STRING and NUMBER: as written
        struct {
            str literal;
            str value; // STRING, unquoted
        } string;
        struct {
            str literal;
            struct number n;
        } number;
        bool is_true; // BOOL
        struct {
            str name;
            const struct tpl_func *func;
        } ident;
        struct { // FIELD .a.b; VARIABLE $x.a.b: names[0] is "$x"; CHAIN (pipe).a.b
            str *names;
            uint32_t name_count;
            struct node *base; // CHAIN
        } chain;
        struct { // COMMAND
            struct node **args;
            uint32_t arg_count;
        } command;
        struct {                 // PIPE
            struct node **decls; // VARIABLE
            uint32_t decl_count;
            bool is_assign;
            struct node **commands;
            uint32_t command_count;
        } pipe;
        struct {
            struct node *pipe;      // ACTION, IF, WITH, RANGE; TEMPLATE: may be NULL
            struct node *list;      // IF, WITH, RANGE: LIST
            struct node *otherwise; // LIST or NULL
            str name;               // TEMPLATE
        } branch;
        struct node_list list;
    };
};

struct tpl_tree {
    str name;
    struct node *root;
    const struct tpl_source *source;
    bool is_empty; // white space, comments and definitions only
};

#define TPL_TABLES_MAX 4 // the language's own functions come behind

struct tpl_set {
    struct tpl_options options;
    struct tpl_funcs tables[TPL_TABLES_MAX];
    const struct tpl_set *base; // or NULL
    struct arena mem;
    struct map trees;    // struct tpl_tree by name
    struct map prepared; // HTML: escaped trees of tpl_prepare by name
};

struct tpl_tree *tpl_find(const struct tpl_set *set, str name); // NULL: unknown
const struct tpl_func *tpl_func_find(const struct tpl_set *set, str name);
void tpl_set_put(struct tpl_set *set, struct tpl_tree *tree);
uint64_t tpl_name_hash(str name);
bool tpl_tree_has_name(const void *tree, const void *name);

// The source form of a node, as error texts show it.
void node_put(struct buf *b, const struct node *n);

// ---- lexer -----------------------------------------------------------------------------------

enum token_kind {
    TOK_ERROR, // text is the message
    TOK_BOOL,
    TOK_CHAR, // printable ASCII, such as ','
    TOK_CHAR_CONSTANT,
    TOK_COMPLEX,
    TOK_ASSIGN,
    TOK_DECLARE,
    TOK_EOF,
    TOK_FIELD,
    TOK_IDENT,
    TOK_LEFT_DELIM,
    TOK_LEFT_PAREN,
    TOK_NUMBER,
    TOK_PIPE,
    TOK_RAW_STRING,
    TOK_RIGHT_DELIM,
    TOK_RIGHT_PAREN,
    TOK_SPACE,
    TOK_STRING,
    TOK_TEXT,
    TOK_VARIABLE,
    TOK_KEYWORD, // all below are shown as <word>
    TOK_BLOCK,
    TOK_BREAK,
    TOK_CONTINUE,
    TOK_DOT,
    TOK_DEFINE,
    TOK_ELSE,
    TOK_END,
    TOK_IF,
    TOK_NIL,
    TOK_RANGE,
    TOK_TEMPLATE,
    TOK_WITH,
};

struct token {
    enum token_kind kind;
    uint32_t pos;
    uint32_t line;
    str text;
};

struct lexer {
    str input;
    size_t pos, start;
    uint32_t line, start_line;
    uint32_t paren_depth;
    bool is_in_action;
    struct arena *mem; // for messages
};

void lexer_init(struct lexer *l, str input, struct arena *mem);
struct token lexer_next(struct lexer *l);

// A number token in every representation it has. False: *ret_why is the message.
bool number_parse(enum token_kind kind, str text, struct number *ret, struct buf *ret_why);

// ---- printing --------------------------------------------------------------------------------

// fmt.Sprint, Sprintln, Sprintf.
void tpl_put_args(struct buf *b, const struct tpl_value *args, size_t count);
void tpl_put_args_line(struct buf *b, const struct tpl_value *args, size_t count);
void tpl_put_format(struct buf *b, str format, const struct tpl_value *args, size_t count);
void tpl_put_verb(struct buf *b, const struct tpl_value *v, char verb); // %s and %v of one value

// fmt.Sprint for the escapers: nothing prints <no value>, one plain string stands for itself.
str tpl_joined(struct arena *mem, const struct tpl_value *args, size_t count);

// ---- execution -------------------------------------------------------------------------------

str tpl_type_name(struct arena *mem, const struct tpl_value *v); // what tpl_put_type_name puts
bool tpl_assignable(const struct tpl_value *v, const struct tpl_type *type);
struct tpl_value tpl_unwrapped(struct tpl_value v); // out of its slot
struct tpl_value tpl_zero_of(const struct tpl_type *type);

extern const struct tpl_funcs TPL_BUILTINS;
tpl_call_fn tpl_fn_eq, tpl_fn_ne, tpl_fn_lt, tpl_fn_le, tpl_fn_gt, tpl_fn_ge;
extern const struct tpl_func TPL_AND, TPL_OR, TPL_CALL; // the executor treats these itself

// ---- HTML ------------------------------------------------------------------------------------

// The escaped form of the template, built in mem, with those it calls, all by name. NULL: err.
const struct tpl_tree *tpl_escape(const struct tpl_set *set, str name, struct arena *mem,
                                  struct map *ret_escaped, struct err *err);
