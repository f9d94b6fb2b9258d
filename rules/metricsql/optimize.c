// SPDX-License-Identifier: Apache-2.0
// Label filters that both sides of a binary operation must satisfy are added to the selectors of
// either side: series that could find no partner are not even read.
#include "rules/metricsql/filters.h"
#include "rules/metricsql/metricsql.h"

static const struct mql_filters NO_FILTERS = {NULL, 0};

// ---- calls -------------------------------------------------------------------------------------

static enum mql_push push_of(const struct mql_call *c)
{
    return c->func ? c->func->push : MQL_PUSH_NONE;
}

static struct mql_expr *series_arg(const struct mql_call *c) // or NULL
{
    size_t at = mql_func_series_arg(c->func, c->count);
    return at < c->count ? c->args[at] : NULL;
}

// The strings among the arguments from, from + step, …; false: one of them is no string.
static bool names_in_args(struct arena *mem, const struct mql_call *c, size_t from, size_t step,
                          struct mql_names *ret)
{
    for (size_t i = from; i < c->count; i += step) {
        if (c->args[i]->kind != MQL_STRING)
            return false;
        mql_names_add(ret, mem, c->args[i]->string.value);
    }
    return true;
}

// What the call leaves of the filters on its way from the argument to the result or back: filters
// for labels the call may change are dropped.
static struct mql_filters through_call(struct arena *mem, const struct mql_call *c,
                                       struct mql_filters f)
{
    struct mql_names names = {0};
    bool is_known = false;
    switch (push_of(c)) {
    case MQL_PUSH_NONE:
        return NO_FILTERS;
    case MQL_PUSH_SERIES:
    case MQL_PUSH_ALL:
        return f;
    case MQL_PUSH_LABEL_SET:
        is_known = names_in_args(mem, c, 1, 2, &names);
        break;
    case MQL_PUSH_LABEL_REPLACE:
        is_known = c->count > 1 && names_in_args(mem, c, 1, c->count, &names);
        break;
    case MQL_PUSH_LABEL_COPY:
        is_known = c->count % 2 == 1 && names_in_args(mem, c, 2, 2, &names);
        break;
    case MQL_PUSH_LABEL_DEL:
        is_known = names_in_args(mem, c, 1, 1, &names);
        break;
    case MQL_PUSH_LABEL_KEEP:
        is_known = names_in_args(mem, c, 1, 1, &names);
        return is_known ? mql_filters_only(mem, f, names.items, names.count) : NO_FILTERS;
    case MQL_PUSH_COUNT_VALUES:
        is_known = c->count == 2 && names_in_args(mem, c, 0, 2, &names);
        break;
    }
    return is_known ? mql_filters_without(mem, f, names.items, names.count) : NO_FILTERS;
}

static struct mql_filters trim(struct arena *mem, struct mql_filters f,
                               const struct mql_modifier *m, struct mql_filters otherwise)
{
    switch (m->kind) {
    case MQL_MODIFIER_BY:
    case MQL_MODIFIER_ON:
        return mql_filters_only(mem, f, m->names, m->count);
    case MQL_MODIFIER_WITHOUT:
    case MQL_MODIFIER_IGNORING:
        return mql_filters_without(mem, f, m->names, m->count);
    case MQL_MODIFIER_NONE:
    case MQL_MODIFIER_GROUP_LEFT:
    case MQL_MODIFIER_GROUP_RIGHT:
        break;
    }
    return otherwise;
}

struct mql_filters mql_trim_filters(struct mql_filters filters, const struct mql_expr *binary,
                                    struct arena *mem)
{
    return trim(mem, filters, &binary->binary.group, filters);
}

// ---- filters of a result -----------------------------------------------------------------------

static struct mql_filters of_selector(struct arena *mem, const struct mql_selector *s)
{
    static const str NAME = {"__name__", 8};
    struct mql_filters common = NO_FILTERS;
    for (size_t i = 0; i < s->count; i++) {
        struct mql_filters f = mql_filters_without(mem, s->alternatives[i], &NAME, 1);
        common = i == 0 ? f : mql_filters_intersect(mem, common, f);
    }
    return common;
}

static struct mql_filters of_all_args(struct arena *mem, const struct mql_call *c)
{
    struct mql_filters common = NO_FILTERS;
    for (size_t i = 0; i < c->count; i++) {
        struct mql_filters f = mql_common_filters(c->args[i], mem);
        common = i == 0 ? f : mql_filters_intersect(mem, common, f);
    }
    return common;
}

// label_set(q, "a", "x", …): every series has a="x" then.
static struct mql_filters of_label_set(struct arena *mem, const struct mql_call *c)
{
    if (c->count == 0)
        return NO_FILTERS;
    struct mql_filters f = mql_common_filters(c->args[0], mem);
    for (size_t i = 1; i < c->count; i += 2) {
        if (i + 1 == c->count || c->args[i]->kind != MQL_STRING ||
            c->args[i + 1]->kind != MQL_STRING)
            return NO_FILTERS;
        str name = c->args[i]->string.value;
        if (str_eq(name, METRIC_NAME_LABEL))
            continue;
        struct mql_filter set = {.label = name, .value = c->args[i + 1]->string.value};
        f = mql_filters_union(mem, mql_filters_without(mem, f, &name, 1),
                              (struct mql_filters){&set, 1});
    }
    return f;
}

static struct mql_filters of_call(struct arena *mem, const struct mql_call *c)
{
    enum mql_push push = push_of(c);
    if (push == MQL_PUSH_NONE)
        return NO_FILTERS;
    if (push == MQL_PUSH_ALL)
        return of_all_args(mem, c);
    if (push == MQL_PUSH_LABEL_SET)
        return of_label_set(mem, c);
    const struct mql_expr *arg = series_arg(c);
    return arg ? through_call(mem, c, mql_common_filters(arg, mem)) : NO_FILTERS;
}

static struct mql_filters of_binary(struct arena *mem, const struct mql_expr *e)
{
    const struct mql_binary *b = &e->binary;
    struct mql_filters left = mql_common_filters(b->left, mem);
    if (b->op == MQL_OP_UNLESS || b->op == MQL_OP_IFNOT)
        return mql_trim_filters(left, e, mem); // the right side only takes away
    struct mql_filters right = mql_common_filters(b->right, mem);
    if (b->op == MQL_OP_OR)
        return mql_trim_filters(mql_filters_intersect(mem, left, right), e, mem);
    if (b->join.kind == MQL_MODIFIER_GROUP_LEFT)
        return mql_filters_union(mem, left, mql_trim_filters(right, e, mem));
    if (b->join.kind == MQL_MODIFIER_GROUP_RIGHT)
        return mql_filters_union(mem, mql_trim_filters(left, e, mem), right);
    return mql_trim_filters(mql_filters_union(mem, left, right), e, mem);
}

struct mql_filters mql_common_filters(const struct mql_expr *e, struct arena *mem)
{
    switch (e->kind) {
    case MQL_SELECTOR:
        return of_selector(mem, &e->selector);
    case MQL_ROLLUP:
        return mql_common_filters(e->rollup.expr, mem);
    case MQL_CALL:
        return of_call(mem, &e->call);
    case MQL_AGGREGATE:
        return trim(mem, of_call(mem, &e->call), &e->call.modifier, NO_FILTERS);
    case MQL_BINARY:
        return of_binary(mem, e);
    case MQL_NUMBER:
    case MQL_STRING:
    case MQL_DURATION:
    case MQL_PARENS:
    case MQL_WITH:
        break;
    }
    return NO_FILTERS;
}

// ---- pushing down, in place --------------------------------------------------------------------

static void push(struct arena *mem, struct mql_expr *e, struct mql_filters f);

static void push_into_selector(struct arena *mem, struct mql_selector *s, struct mql_filters f)
{
    for (size_t i = 0; i < s->count; i++) {
        s->alternatives[i] = mql_filters_union(mem, s->alternatives[i], f);
        mql_filters_sort(s->alternatives[i]);
    }
}

static void push_into_call(struct arena *mem, const struct mql_call *c, struct mql_filters f)
{
    enum mql_push how = push_of(c);
    if (how == MQL_PUSH_NONE)
        return;
    if (how == MQL_PUSH_ALL) {
        for (size_t i = 0; i < c->count; i++)
            push(mem, c->args[i], f);
        return;
    }
    struct mql_expr *arg = series_arg(c);
    if (arg)
        push(mem, arg, through_call(mem, c, f));
}

static void push(struct arena *mem, struct mql_expr *e, struct mql_filters f)
{
    if (f.count == 0)
        return;
    switch (e->kind) {
    case MQL_SELECTOR:
        push_into_selector(mem, &e->selector, f);
        return;
    case MQL_ROLLUP:
        push(mem, e->rollup.expr, f);
        return;
    case MQL_CALL:
        push_into_call(mem, &e->call, f);
        return;
    case MQL_AGGREGATE:
        push_into_call(mem, &e->call, trim(mem, f, &e->call.modifier, NO_FILTERS));
        return;
    case MQL_BINARY:
        f = mql_trim_filters(f, e, mem);
        push(mem, e->binary.left, f);
        push(mem, e->binary.right, f);
        return;
    case MQL_NUMBER:
    case MQL_STRING:
    case MQL_DURATION:
    case MQL_PARENS:
    case MQL_WITH:
        return;
    }
}

// ---- whole trees -------------------------------------------------------------------------------

// A copy of all that pushing changes.
static struct mql_expr *copy_tree(struct arena *mem, const struct mql_expr *e)
{
    struct mql_expr *copy = mql_node_copy(mem, e);
    switch (e->kind) {
    case MQL_SELECTOR:
        copy->selector.alternatives = arena_array(mem, struct mql_filters, e->selector.count + 1);
        for (size_t i = 0; i < e->selector.count; i++)
            copy->selector.alternatives[i] = e->selector.alternatives[i];
        break;
    case MQL_ROLLUP:
        copy->rollup.expr = copy_tree(mem, e->rollup.expr);
        if (e->rollup.at)
            copy->rollup.at = copy_tree(mem, e->rollup.at);
        break;
    case MQL_CALL:
    case MQL_AGGREGATE:
        copy->call.args = arena_array(mem, struct mql_expr *, e->call.count + 1);
        for (size_t i = 0; i < e->call.count; i++)
            copy->call.args[i] = copy_tree(mem, e->call.args[i]);
        break;
    case MQL_BINARY:
        copy->binary.left = copy_tree(mem, e->binary.left);
        copy->binary.right = copy_tree(mem, e->binary.right);
        break;
    case MQL_NUMBER:
    case MQL_STRING:
    case MQL_DURATION:
    case MQL_PARENS:
    case MQL_WITH:
        break;
    }
    return copy;
}

const struct mql_expr *mql_push_filters(const struct mql_expr *e, struct mql_filters filters,
                                        struct arena *mem)
{
    struct mql_expr *copy = copy_tree(mem, e);
    push(mem, copy, filters);
    return copy;
}

// Where fill() stands in for a missing partner, series without one count: filters may go from the
// side whose series are all in the result to the other one only.
static void optimize_operands(struct arena *mem, struct mql_expr *e)
{
    struct mql_binary *b = &e->binary;
    if (b->fill_left && b->fill_right)
        return;
    if (b->fill_left)
        push(mem, b->left, mql_trim_filters(mql_common_filters(b->right, mem), e, mem));
    else if (b->fill_right)
        push(mem, b->right, mql_trim_filters(mql_common_filters(b->left, mem), e, mem));
    else
        push(mem, e, mql_common_filters(e, mem));
}

static void optimize(struct arena *mem, struct mql_expr *e)
{
    switch (e->kind) {
    case MQL_ROLLUP:
        optimize(mem, e->rollup.expr);
        if (e->rollup.at)
            optimize(mem, e->rollup.at);
        return;
    case MQL_CALL:
    case MQL_AGGREGATE:
        for (size_t i = 0; i < e->call.count; i++)
            optimize(mem, e->call.args[i]);
        return;
    case MQL_BINARY:
        optimize(mem, e->binary.left);
        optimize(mem, e->binary.right);
        optimize_operands(mem, e);
        return;
    case MQL_NUMBER:
    case MQL_STRING:
    case MQL_DURATION:
    case MQL_SELECTOR:
    case MQL_PARENS:
    case MQL_WITH:
        return;
    }
}

struct size {
    size_t operations, filters;
};

static void measure(void *owner, const struct mql_expr *e, const struct mql_modifier *m)
{
    struct size *size = owner;
    if (m)
        return;
    size->operations += e->kind == MQL_BINARY;
    for (size_t i = 0; e->kind == MQL_SELECTOR && i < e->selector.count; i++)
        size->filters += e->selector.alternatives[i].count;
}

const struct mql_expr *mql_optimize(const struct mql_expr *e, struct arena *mem)
{
    struct size size = {0};
    mql_visit(e, measure, &size);
    if (size.operations == 0 || size.operations > MQL_OPTIMIZE_OPERATIONS_MAX ||
        size.filters > MQL_OPTIMIZE_FILTERS_MAX)
        return e;
    struct mql_expr *copy = copy_tree(mem, e);
    optimize(mem, copy);
    return copy;
}
