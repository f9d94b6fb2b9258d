// SPDX-License-Identifier: Apache-2.0
// ast.h: MetricsQL expressions as trees.
//
// A tree lives in one arena and never changes once a parser has handed it out; parts of it may be
// shared. Kinds below MQL_PARENS are what an evaluator meets. MQL_PARENS and MQL_WITH, and the
// members called source_…, stand only in trees as they were written, before WITH templates are
// expanded (metricsql.h: mql_parse_source).
#pragma once
#include "base/core/str.h"

struct mql_func;

enum mql_kind {
    MQL_NUMBER,    // 1.5Ki
    MQL_STRING,    // "a" + "b"
    MQL_DURATION,  // 5m, an expression of its own or a part of a rollup
    MQL_SELECTOR,  // name{label="value" or …}
    MQL_ROLLUP,    // x[5m:1m] offset 1h @ end()
    MQL_CALL,      // rate(…); the empty name is union
    MQL_AGGREGATE, // sum(…) by (…) limit 3
    MQL_BINARY,    // a + on(x) b
    MQL_PARENS,    // (a, b); in call.args
    MQL_WITH,      // WITH (…) x
};

enum mql_op {
    MQL_OP_NONE,
    MQL_OP_DEFAULT,
    MQL_OP_IF,
    MQL_OP_IFNOT,
    MQL_OP_OR,
    MQL_OP_AND,
    MQL_OP_UNLESS,
    MQL_OP_EQ,
    MQL_OP_NE,
    MQL_OP_LT,
    MQL_OP_LE,
    MQL_OP_GT,
    MQL_OP_GE,
    MQL_OP_ADD,
    MQL_OP_SUB,
    MQL_OP_MUL,
    MQL_OP_DIV,
    MQL_OP_MOD,
    MQL_OP_ATAN2,
    MQL_OP_POW,
};

enum mql_modifier_kind {
    MQL_MODIFIER_NONE,
    MQL_MODIFIER_BY, // of aggregates
    MQL_MODIFIER_WITHOUT,
    MQL_MODIFIER_ON, // of binary operations
    MQL_MODIFIER_IGNORING,
    MQL_MODIFIER_GROUP_LEFT,
    MQL_MODIFIER_GROUP_RIGHT,
};

struct mql_modifier {
    enum mql_modifier_kind kind;
    str *names; // group_left(*) has the one name "*"
    size_t count;
};

struct mql_number {
    double value;
    str text; // as written; empty: computed from constants
};

// The text of a literal before templates are expanded: quoted literals and names of templates.
struct mql_tokens {
    str *items;
    size_t count;
};

struct mql_string {
    str value;
    struct mql_tokens source_tokens; // none: value holds; one: it does in __name__="value"
};

struct mql_duration {
    str text;              // 5m, -1h30m, 300 (seconds); time.h: dur_ms_parse_metricsql
    bool source_is_a_name; // of a template
};

struct mql_filter {
    str label, value;
    bool is_negative, is_regexp;
};

// Conditions that must all hold. One for the metric's name (label __name__, =) comes first.
struct mql_filters {
    struct mql_filter *items;
    size_t count;
};

struct mql_source_filter {
    str label;
    const struct mql_string *value; // NULL: label names a template, or is_quoted, a metric
    bool is_negative, is_regexp, is_quoted;
};

struct mql_source_filters {
    struct mql_source_filter *items;
    size_t count;
};

struct mql_selector {
    struct mql_filters *alternatives; // one of them must match; none: everything does
    size_t count;
    struct mql_source_filters *source;
    size_t source_count; // not 0: alternatives are still unknown
};

struct mql_rollup {
    struct mql_expr *expr;
    struct mql_expr *window, *step, *offset; // MQL_DURATION or NULL
    struct mql_expr *at;                     // or NULL
    bool inherits_step;                      // [5m:]
};

struct mql_call {
    str name;                    // as written; of aggregates in lower case
    const struct mql_func *func; // what the name means (funcs.h)
    struct mql_expr **args;
    size_t count;
    bool keep_metric_names;       // MQL_CALL
    struct mql_modifier modifier; // MQL_AGGREGATE
    int64_t limit;                // MQL_AGGREGATE; 0: none
};

struct mql_binary {
    enum mql_op op;
    bool is_bool; // comparisons give 0 and 1
    bool keep_metric_names;
    struct mql_expr *left, *right;
    struct mql_modifier group, join;
    struct mql_expr *prefix;                 // MQL_STRING in front of joined labels, or NULL
    struct mql_expr *fill_left, *fill_right; // MQL_NUMBER or NULL
};

struct mql_template {
    str name;
    str *params;
    size_t param_count;
    struct mql_expr *body;
};

struct mql_with {
    struct mql_template *templates;
    size_t count;
    struct mql_expr *body;
};

struct mql_expr {
    enum mql_kind kind;
    uint32_t height; // levels of nodes down to the lowest leaf; a leaf has 1
    union {
        struct mql_number number;
        struct mql_string string;
        struct mql_duration duration;
        struct mql_selector selector;
        struct mql_rollup rollup;
        struct mql_call call; // MQL_CALL, MQL_AGGREGATE, MQL_PARENS
        struct mql_binary binary;
        struct mql_with with;
    };
};
