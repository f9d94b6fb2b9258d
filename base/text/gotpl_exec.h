// SPDX-License-Identifier: Apache-2.0
// gotpl_exec.h: the state of one execution, shared by gotpl_exec.c (nodes) and gotpl_eval.c
// (operands, fields, calls).
#pragma once
#include "base/text/gotpl_int.h"

struct exec_variable {
    str name; // "$x"
    struct tpl_value value;
};

// What is left of the run's limits; shared with executions that functions start.
struct exec_budget {
    uint64_t steps_left;
    uint32_t depth_left;   // template calls
    uint32_t nesting_left; // frames on the C stack
    size_t output_bytes_max;
    size_t memory_bytes_max; // of the arena's used_bytes
};

struct tpl_exec {
    const struct tpl_set *set;
    const struct tpl_tree *tree; // executing; error texts name it
    const struct map *escaped;   // HTML: the trees to call, by name and context
    const struct tpl_run *run;
    const struct tpl_value *root; // data of the outermost execution
    const struct node *node;      // current; error texts show it
    struct tpl_value dot;
    struct exec_variable *vars; // all templates' on one stack
    size_t var_count, var_cap;
    size_t var_base; // first one of the current template
    struct arena *mem;
    struct buf *out;
    struct exec_budget *budget;
    struct err *err;
};

// Operands of a call: written ones, and the value piped in (NULL: none).
struct exec_args {
    struct node **nodes;
    uint32_t count;
    const struct tpl_value *final;
};

// Sets the error for the current node. Always false.
bool exec_fail(struct tpl_exec *e, enum err_code code, const char *fmt, ...) PRINTF(3, 4);
bool exec_step(struct tpl_exec *e);

void exec_push(struct tpl_exec *e, str name, struct tpl_value value);
bool exec_variable(struct tpl_exec *e, str name, struct tpl_value *ret);

bool exec_pipeline(struct tpl_exec *e, const struct node *pipe, struct tpl_value *ret);
bool exec_literal(struct tpl_exec *e, const struct node *n, struct tpl_value *ret);
// FIELD, CHAIN, or VARIABLE with fields; the arguments are for the last name.
bool exec_chain(struct tpl_exec *e, const struct node *n, const struct exec_args *args,
                struct tpl_value *ret);
// `at` is what a failing call is reported for: the whole command, or the identifier.
bool exec_function(struct tpl_exec *e, const struct node *ident, const struct node *at,
                   const struct exec_args *args, struct tpl_value *ret);
