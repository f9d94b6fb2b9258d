// SPDX-License-Identifier: Apache-2.0
#include <math.h>

#include "rules/metricsql/binary_op.h"

struct sides {
    struct mql_groups left, right;
};

static bool any_value_at(const struct mql_vec *v, size_t point)
{
    for (size_t i = 0; i < v->count; i++) {
        if (!isnan(v->items[i]->values[point]))
            return true;
    }
    return false;
}

// Leaves the values where the right side has one (wants), or where it has none.
static bool keep_where(struct operation *o, struct mql_vec *left, const struct mql_vec *right,
                       bool wants)
{
    if (!eval_spend(o->q, (uint64_t)o->range->points * (left->count + right->count)))
        return false;
    for (size_t i = 0; i < o->range->points; i++) {
        if (any_value_at(right, i) == wants)
            continue;
        for (size_t j = 0; j < left->count; j++)
            left->items[j]->values[i] = NAN;
    }
    mql_vec_remove_empty(left, o->range->points);
    return true;
}

// if, ifnot, default: a lone scalar on the right stands for every key.
static const struct mql_vec *right_of(const struct operation *o, const struct sides *s, str key)
{
    struct mql_group *g = mql_groups_find(&s->right, key);
    if (g)
        return &g->series;
    enum mql_op op = operation_of(o)->op;
    bool takes_scalar = op == MQL_OP_IF || op == MQL_OP_IFNOT || op == MQL_OP_DEFAULT;
    return takes_scalar && mql_vec_is_scalar(&o->right) ? &o->right : NULL;
}

// and, if
static bool eval_and(struct operation *o, struct sides *s, struct mql_vec *ret)
{
    map_each (struct mql_group, l, &s->left.map) {
        const struct mql_vec *right = right_of(o, s, l->key);
        if (!right)
            continue;
        if (!keep_where(o, &l->series, right, true))
            return false;
        mql_vec_add_all(ret, o->q->mem, &l->series);
    }
    return true;
}

// unless, ifnot
static bool eval_unless(struct operation *o, struct sides *s, struct mql_vec *ret)
{
    map_each (struct mql_group, l, &s->left.map) {
        const struct mql_vec *right = right_of(o, s, l->key);
        if (right && !keep_where(o, &l->series, right, false))
            return false;
        mql_vec_add_all(ret, o->q->mem, &l->series);
    }
    return true;
}

static void fill_gaps(struct mql_series *left, const struct mql_vec *right, size_t points)
{
    for (size_t i = 0; i < points; i++) {
        for (size_t j = 0; isnan(left->values[i]) && j < right->count; j++)
            left->values[i] = right->items[j]->values[i];
    }
}

static bool eval_default(struct operation *o, struct sides *s, struct mql_vec *ret)
{
    if (o->left.count == 0) {
        mql_vec_add_all(ret, o->q->mem, &o->right);
        return true;
    }
    map_each (struct mql_group, l, &s->left.map) {
        mql_vec_add_all(ret, o->q->mem, &l->series);
        const struct mql_vec *right = right_of(o, s, l->key);
        for (size_t i = 0; right && i < l->series.count; i++) {
            if (!eval_spend(o->q, (uint64_t)o->range->points * right->count))
                return false;
            fill_gaps(l->series.items[i], right, o->range->points);
        }
    }
    return true;
}

// A series of the right side gives way where one of the left has a value; where both are the same
// series, they become one.
static void give_way(struct mql_series *left, struct mql_series *right, size_t points)
{
    bool is_same = mql_series_cmp(left, right) == 0;
    for (size_t i = 0; i < points; i++) {
        bool lacks_left = isnan(left->values[i]);
        if (lacks_left && is_same)
            left->values[i] = right->values[i];
        if (!lacks_left || is_same)
            right->values[i] = NAN;
    }
}

static bool eval_or(struct operation *o, struct sides *s, struct mql_vec *ret)
{
    struct mql_vec left = {0}, right = {0};
    map_each (struct mql_group, l, &s->left.map) {
        mql_vec_remove_empty(&l->series, o->range->points);
        mql_vec_add_all(&left, o->q->mem, &l->series);
    }
    map_each (struct mql_group, r, &s->right.map) {
        struct mql_group *l = mql_groups_find(&s->left, r->key);
        for (size_t i = 0; l && i < l->series.count; i++) {
            if (!eval_spend(o->q, (uint64_t)o->range->points * r->series.count))
                return false;
            for (size_t j = 0; j < r->series.count; j++)
                give_way(l->series.items[i], r->series.items[j], o->range->points);
        }
        if (l)
            mql_vec_remove_empty(&r->series, o->range->points);
        mql_vec_add_all(&right, o->q->mem, &r->series);
    }
    mql_vec_sort(&left, o->q->mem);
    mql_vec_sort(&right, o->q->mem);
    mql_vec_add_all(ret, o->q->mem, &left);
    mql_vec_add_all(ret, o->q->mem, &right);
    return true;
}

static const struct {
    enum mql_op op;
    bool (*eval)(struct operation *o, struct sides *s, struct mql_vec *ret);
} SET_OPS[] = {
    {MQL_OP_AND, eval_and},      {MQL_OP_IF, eval_and}, {MQL_OP_UNLESS, eval_unless},
    {MQL_OP_IFNOT, eval_unless}, {MQL_OP_OR, eval_or},  {MQL_OP_DEFAULT, eval_default},
};

static bool run(struct operation *o, struct sides *s, struct mql_vec *ret)
{
    if (!binary_group(o, &o->left, &s->left) || !binary_group(o, &o->right, &s->right))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(SET_OPS); i++) {
        if (SET_OPS[i].op == operation_of(o)->op)
            return SET_OPS[i].eval(o, s, ret);
    }
    return err_set(o->q->err, ERR_UNSUPPORTED, "unknown binary op");
}

bool binary_set(struct operation *o, struct mql_vec *ret)
{
    struct sides s = {{.mem = o->q->mem}, {.mem = o->q->mem}};
    bool ok = run(o, &s, ret);
    mql_groups_done(&s.left);
    mql_groups_done(&s.right);
    return ok;
}
