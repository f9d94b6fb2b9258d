// SPDX-License-Identifier: Apache-2.0
#include "rules/metricsql/binary_op.h"

#include <math.h>

#include "rules/metricsql/words.h"

// ---- values ------------------------------------------------------------------------------------

static double add(double a, double b)
{
    return a + b;
}

static double sub(double a, double b)
{
    return a - b;
}

static double mul(double a, double b)
{
    return a * b;
}

static double divide(double a, double b)
{
    return a / b;
}

static double power(double a, double b)
{
    return isnan(a) ? NAN : pow(a, b); // C's NaN^0 is 1
}

static const struct {
    enum mql_op op;
    double (*fn)(double, double);
} ARITHMETIC[] = {
    {MQL_OP_ADD, add},  {MQL_OP_SUB, sub},   {MQL_OP_MUL, mul},     {MQL_OP_DIV, divide},
    {MQL_OP_MOD, fmod}, {MQL_OP_POW, power}, {MQL_OP_ATAN2, atan2},
};

// NaN equals NaN, and differs from every number.
static bool is_equal(double a, double b)
{
    return isnan(a) ? isnan(b) : a == b;
}

static bool is_not_equal(double a, double b)
{
    return !is_equal(a, b);
}

static bool is_greater(double a, double b)
{
    return a > b;
}

static bool is_less(double a, double b)
{
    return a < b;
}

static bool is_at_least(double a, double b)
{
    return a >= b;
}

static bool is_at_most(double a, double b)
{
    return a <= b;
}

static const struct {
    enum mql_op op, mirrored;
    bool (*fn)(double, double);
} COMPARISONS[] = {
    {MQL_OP_EQ, MQL_OP_EQ, is_equal},    {MQL_OP_NE, MQL_OP_NE, is_not_equal},
    {MQL_OP_GT, MQL_OP_LT, is_greater},  {MQL_OP_LT, MQL_OP_GT, is_less},
    {MQL_OP_GE, MQL_OP_LE, is_at_least}, {MQL_OP_LE, MQL_OP_GE, is_at_most},
};

struct computing {
    double (*arithmetic)(double, double); // or
    bool (*comparison)(double, double);
    bool is_bool;
    bool drops_nan; // on the right side
};

static struct computing computing_of(const struct mql_binary *b)
{
    struct computing c = {.is_bool = b->is_bool};
    for (size_t i = 0; i < ARRAY_LEN(ARITHMETIC); i++) {
        if (ARITHMETIC[i].op == b->op)
            c.arithmetic = ARITHMETIC[i].fn;
    }
    for (size_t i = 0; i < ARRAY_LEN(COMPARISONS); i++) {
        if (COMPARISONS[i].op == b->op)
            c.comparison = COMPARISONS[i].fn;
    }
    return c;
}

static double compute(const struct computing *c, double a, double b)
{
    if (c->arithmetic)
        return c->arithmetic(a, b);
    assert(c->comparison);
    if (!c->is_bool)
        return c->comparison(a, b) ? a : NAN;
    if (isnan(a))
        return NAN;
    return c->comparison(a, b) ? 1 : 0;
}

// ---- a comparison whose right side is one itself -----------------------------------------------

static bool is_call_of(const struct mql_expr *e, const char *const *names, size_t count)
{
    for (size_t i = 0; e->kind == MQL_CALL && i < count; i++) {
        if (str_eq_nocase(e->call.name, str_c(names[i])))
            return true;
    }
    return false;
}

static bool is_always_scalar(const struct mql_expr *e)
{
    static const char *const NAMES[] = {"now", "pi",   "scalar", "start",
                                        "end", "step", "time",   "timezone_offset"};
    while (e->kind == MQL_BINARY) { // both sides must be
        if (!is_always_scalar(e->binary.right))
            return false;
        e = e->binary.left;
    }
    return e->kind == MQL_NUMBER || e->kind == MQL_DURATION ||
           is_call_of(e, NAMES, ARRAY_LEN(NAMES));
}

// There a NaN is a value that was filtered out, not one that is NaN.
static bool is_comparison_of_vectors(const struct mql_expr *e)
{
    if (e->kind == MQL_ROLLUP && !e->rollup.window)
        e = e->rollup.expr;
    if (e->kind != MQL_BINARY || !mql_op_is_comparison(e->binary.op))
        return false;
    return !is_always_scalar(e->binary.left) || !is_always_scalar(e->binary.right);
}

// ---- arithmetic and comparisons ----------------------------------------------------------------

static void compute_pair(const struct operation *o, const struct computing *c,
                         const struct mql_series *left, const struct mql_series *right,
                         double *into)
{
    const struct mql_binary *b = operation_of(o);
    for (size_t i = 0; i < o->range->points; i++) {
        double x = left->values[i], y = right->values[i];
        bool has_x = !isnan(x), has_y = !isnan(y);
        if (has_x && !has_y && c->drops_nan) {
            into[i] = NAN;
            continue;
        }
        if (!has_x && has_y && b->fill_left)
            x = b->fill_left->number.value;
        if (has_x && !has_y && b->fill_right)
            y = b->fill_right->number.value;
        into[i] = compute(c, x, y);
    }
}

static bool eval_computed(struct operation *o, struct mql_vec *ret)
{
    const struct mql_binary *b = operation_of(o);
    struct computing c = computing_of(b);
    c.drops_nan = c.comparison && !b->fill_right && is_comparison_of_vectors(b->right);
    if (c.arithmetic) { // comparisons: NaN may be a value
        mql_vec_remove_empty(&o->left, o->range->points);
        mql_vec_remove_empty(&o->right, o->range->points);
    }
    bool lacks_left = o->left.count == 0, lacks_right = o->right.count == 0;
    if ((lacks_left && (lacks_right || !b->fill_left)) || (lacks_right && !b->fill_right))
        return true;
    struct matches m = {0};
    if (!binary_match(o, &m))
        return false;
    for (size_t i = 0; i < m.into.count; i++)
        compute_pair(o, &c, m.left.items[i], m.right.items[i], m.into.items[i]->values);
    mql_vec_add_all(ret, o->q->mem, &m.into);
    return true;
}

static bool is_union(const struct mql_expr *e)
{
    static const char *const NAMES[] = {"", "union"};
    return is_call_of(e, NAMES, ARRAY_LEN(NAMES));
}

static bool has_value_at(const struct mql_vec *v, size_t point, double x)
{
    for (size_t i = 0; i < v->count; i++) {
        if (v->items[i]->values[point] == x)
            return true;
    }
    return false;
}

// q == (1, 2, 3): is the value one of the set? q != (1, 2, 3): none of them?
static bool eval_membership(struct operation *o, struct mql_vec *ret)
{
    const struct mql_binary *b = operation_of(o);
    bool wants_member = b->op == MQL_OP_EQ, swaps = is_union(b->left);
    const struct mql_vec *series = swaps ? &o->right : &o->left;
    const struct mql_vec *set = swaps ? &o->left : &o->right;
    if (wants_member && set->count == 0)
        return true;
    for (size_t i = 0; i < series->count; i++) {
        double *values = series->items[i]->values;
        if (!eval_spend(o->q, (uint64_t)o->range->points * set->count))
            return false;
        for (size_t j = 0; j < o->range->points; j++) {
            if (has_value_at(set, j, values[j]) != wants_member)
                values[j] = NAN;
        }
    }
    mql_vec_add_all(ret, o->q->mem, series);
    return true;
}

static bool eval_operation(struct operation *o, struct mql_vec *ret)
{
    const struct mql_binary *b = operation_of(o);
    if ((b->op == MQL_OP_EQ || b->op == MQL_OP_NE) && (is_union(b->left) || is_union(b->right)))
        return eval_membership(o, ret);
    struct computing c = computing_of(b);
    return c.arithmetic || c.comparison ? eval_computed(o, ret) : binary_set(o, ret);
}

// ---- operands ----------------------------------------------------------------------------------

// The side to evaluate first: the one that tells more about which series of the other matter.
static bool begins_right(const struct mql_binary *b)
{
    return b->op == MQL_OP_AND || b->op == MQL_OP_IF || (b->fill_left && !b->fill_right);
}

static bool is_ungrouped_aggregate(const struct mql_expr *e)
{
    return e->kind == MQL_AGGREGATE && e->call.modifier.count == 0;
}

static bool takes_filters(const struct mql_binary *b)
{
    return b->op != MQL_OP_OR && b->op != MQL_OP_DEFAULT && !is_ungrouped_aggregate(b->left) &&
           !is_ungrouped_aggregate(b->right) && !(b->fill_left && b->fill_right);
}

static bool eval_operands(struct operation *o)
{
    const struct mql_binary *b = operation_of(o);
    if (!takes_filters(b))
        return eval_expr(o->q, o->range, b->left, &o->left) &&
               eval_expr(o->q, o->range, b->right, &o->right);
    bool swaps = begins_right(b);
    struct mql_vec *first = swaps ? &o->right : &o->left;
    struct mql_vec *second = swaps ? &o->left : &o->right;
    const struct mql_expr *other = swaps ? b->left : b->right;
    if (!eval_expr(o->q, o->range, swaps ? b->right : b->left, first))
        return false;
    if (first->count == 0)
        return true; // no operator gives anything then
    struct mql_filters f = mql_series_common_filters(first, o->q->mem);
    f = mql_trim_filters(f, o->expr, o->q->mem);
    other = mql_push_filters(other, f, o->q->mem);
    return eval_has_room(o->q, 0) && eval_expr(o->q, o->range, other, second);
}

// 0.5 < foo as foo > 0.5: the value that is kept is the series'.
static bool is_mirrored(const struct mql_binary *b)
{
    static const char *const TIME[] = {"time"};
    return mql_op_is_comparison(b->op) && b->right->kind != MQL_NUMBER &&
           (b->left->kind == MQL_NUMBER || is_call_of(b->left, TIME, ARRAY_LEN(TIME)));
}

static struct mql_expr *mirrored(struct eval *q, const struct mql_expr *e)
{
    struct mql_expr *copy = mql_node_copy(q->mem, e);
    copy->binary.left = e->binary.right;
    copy->binary.right = e->binary.left;
    for (size_t i = 0; i < ARRAY_LEN(COMPARISONS); i++) {
        if (COMPARISONS[i].op == e->binary.op)
            copy->binary.op = COMPARISONS[i].mirrored;
    }
    return copy;
}

bool eval_binary(struct eval *q, const struct range *r, const struct mql_expr *e,
                 struct mql_vec *ret)
{
    if (is_mirrored(&e->binary))
        e = mirrored(q, e);
    struct operation o = {.q = q, .range = r, .expr = e};
    return (eval_operands(&o) && eval_operation(&o, ret)) || eval_fail(q, e);
}
