// SPDX-License-Identifier: Apache-2.0
// Behind the expansion of templates: parentheses are dropped, operations on constants computed.
// spec: vmalert MetricsQL §9.
#include <math.h>

#include "rules/metricsql/metricsql.h"
#include "rules/metricsql/parser.h"
#include "rules/metricsql/words.h"

// ---- constants ---------------------------------------------------------------------------------

// NaN equals NaN here, unlike in IEEE 754.
static bool is_equal(double a, double b)
{
    return isnan(a) ? isnan(b) : a == b;
}

static double compute(enum mql_op op, double a, double b)
{
    switch (op) {
    case MQL_OP_ADD:
        return a + b;
    case MQL_OP_SUB:
        return a - b;
    case MQL_OP_MUL:
        return a * b;
    case MQL_OP_DIV:
        return a / b;
    case MQL_OP_MOD:
        return fmod(a, b);
    case MQL_OP_ATAN2:
        return atan2(a, b);
    case MQL_OP_POW:
        return isnan(a) ? a : pow(a, b);
    case MQL_OP_AND:
        return isnan(b) ? b : a;
    case MQL_OP_OR:
    case MQL_OP_DEFAULT:
        return isnan(a) ? b : a;
    case MQL_OP_UNLESS:
        return (double)NAN;
    case MQL_OP_IF:
        return isnan(b) ? b : a;
    case MQL_OP_IFNOT:
        return isnan(b) ? a : (double)NAN;
    case MQL_OP_NONE:
    case MQL_OP_EQ:
    case MQL_OP_NE:
    case MQL_OP_LT:
    case MQL_OP_LE:
    case MQL_OP_GT:
    case MQL_OP_GE:
        break;
    }
    return (double)NAN;
}

static bool compare_numbers(enum mql_op op, double a, double b)
{
    if (op == MQL_OP_EQ || op == MQL_OP_NE)
        return is_equal(a, b) == (op == MQL_OP_EQ);
    return op == MQL_OP_LT ? a < b : op == MQL_OP_LE ? a <= b : op == MQL_OP_GT ? a > b : a >= b;
}

static bool compare_strings(enum mql_op op, str a, str b)
{
    return compare_numbers(op, str_cmp(a, b), 0);
}

static struct mql_expr *fold_numbers(struct arena *mem, const struct mql_binary *b)
{
    double left = b->left->number.value, right = b->right->number.value;
    if (!mql_op_is_comparison(b->op))
        return mql_node_number(mem, compute(b->op, left, right));
    bool holds = compare_numbers(b->op, left, right);
    if (b->is_bool)
        return mql_node_number(mem, holds);
    return mql_node_number(mem, holds ? left : (double)NAN);
}

static struct mql_expr *fold_strings(struct arena *mem, struct mql_expr *e)
{
    const struct mql_binary *b = &e->binary;
    str left = b->left->string.value, right = b->right->string.value, joined;
    if (b->op == MQL_OP_ADD)
        return mql_join_strings(mem, left, right, &joined, NULL) ? mql_node_string(mem, joined) : e;
    if (!mql_op_is_comparison(b->op))
        return e;
    bool holds = compare_strings(b->op, left, right);
    return mql_node_number(mem, !holds && !b->is_bool ? (double)NAN : holds);
}

static struct mql_expr *fold(struct arena *mem, struct mql_expr *e)
{
    const struct mql_binary *b = &e->binary;
    if (b->left->kind == MQL_NUMBER && b->right->kind == MQL_NUMBER)
        return fold_numbers(mem, b);
    return b->left->kind == MQL_STRING && b->right->kind == MQL_STRING ? fold_strings(mem, e) : e;
}

// ---- the walk ----------------------------------------------------------------------------------

struct mql_expr *mql_simplify(struct arena *mem, struct mql_expr *e, bool folds)
{
    switch (e->kind) {
    case MQL_NUMBER:
    case MQL_STRING:
    case MQL_DURATION:
    case MQL_SELECTOR:
        return e;
    case MQL_ROLLUP:
        e->rollup.expr = mql_simplify(mem, e->rollup.expr, folds);
        if (e->rollup.at)
            e->rollup.at = mql_simplify(mem, e->rollup.at, folds);
        break;
    case MQL_CALL:
    case MQL_AGGREGATE:
    case MQL_PARENS:
        for (size_t i = 0; i < e->call.count; i++)
            e->call.args[i] = mql_simplify(mem, e->call.args[i], folds);
        if (e->kind == MQL_PARENS && e->call.count == 1)
            return e->call.args[0];
        if (e->kind == MQL_PARENS)
            e->kind = MQL_CALL; // of union, which has no name
        break;
    case MQL_BINARY:
        e->binary.left = mql_simplify(mem, e->binary.left, folds);
        e->binary.right = mql_simplify(mem, e->binary.right, folds);
        if (folds)
            e = fold(mem, e);
        break;
    case MQL_WITH:
        for (size_t i = 0; i < e->with.count; i++)
            e->with.templates[i].body = mql_simplify(mem, e->with.templates[i].body, folds);
        e->with.body = mql_simplify(mem, e->with.body, folds);
        break;
    }
    mql_node_measure(e, NULL); // lower than before
    return e;
}
