// SPDX-License-Identifier: Apache-2.0
#include "rules/metricsql/metricsql.h"

#include "rules/metricsql/parser.h"

// Finds what every call calls, in the order of mql_visit.
static bool resolve(struct mql_expr *e, struct arena *mem, struct err *err)
{
    switch (e->kind) {
    case MQL_NUMBER:
    case MQL_STRING:
    case MQL_DURATION:
    case MQL_SELECTOR:
    case MQL_PARENS:
    case MQL_WITH:
        return true;
    case MQL_ROLLUP:
        return resolve(e->rollup.expr, mem, err) &&
               (!e->rollup.at || resolve(e->rollup.at, mem, err));
    case MQL_BINARY:
        return resolve(e->binary.left, mem, err) && resolve(e->binary.right, mem, err);
    case MQL_CALL:
    case MQL_AGGREGATE:
        break;
    }
    for (size_t i = 0; i < e->call.count; i++) {
        if (!resolve(e->call.args[i], mem, err))
            return false;
    }
    e->call.func = mql_func_find(e->call.name);
    return e->call.func || err_set(err, ERR_INVALID, "unsupported function %.*s",
                                   STR(mql_quote(mem, e->call.name)));
}

const struct mql_expr *mql_parse(str text, struct arena *mem, struct err *err)
{
    struct mql_expr *e = mql_parse_text(text, mem, err);
    if (!e)
        return NULL;
    e = mql_expand(mem, e, err);
    if (!e) {
        err_wrap(err, "cannot expand WITH expressions");
        return NULL;
    }
    e = mql_simplify(mem, e, true);
    return resolve(e, mem, err) ? e : NULL;
}

bool mql_check(str text, struct err *err)
{
    struct arena mem = {0};
    bool ok = mql_parse(text, &mem, err) != NULL;
    arena_done(&mem);
    return ok;
}

const struct mql_expr *mql_parse_source(str text, struct arena *mem, struct err *err)
{
    struct mql_expr *e = mql_parse_text(text, mem, err);
    return e ? mql_simplify(mem, e, false) : NULL;
}

// ---- walks -------------------------------------------------------------------------------------

static void visit_if(const struct mql_expr *e, mql_visit_fn *fn, void *owner)
{
    if (e)
        mql_visit(e, fn, owner);
}

void mql_visit(const struct mql_expr *e, mql_visit_fn *fn, void *owner)
{
    switch (e->kind) {
    case MQL_NUMBER:
    case MQL_STRING:
    case MQL_DURATION:
    case MQL_SELECTOR:
        break;
    case MQL_ROLLUP:
        visit_if(e->rollup.expr, fn, owner);
        visit_if(e->rollup.window, fn, owner);
        visit_if(e->rollup.step, fn, owner);
        visit_if(e->rollup.offset, fn, owner);
        visit_if(e->rollup.at, fn, owner);
        break;
    case MQL_CALL:
    case MQL_AGGREGATE:
    case MQL_PARENS:
        for (size_t i = 0; i < e->call.count; i++)
            mql_visit(e->call.args[i], fn, owner);
        if (e->kind == MQL_AGGREGATE)
            fn(owner, NULL, &e->call.modifier);
        break;
    case MQL_BINARY:
        mql_visit(e->binary.left, fn, owner);
        mql_visit(e->binary.right, fn, owner);
        fn(owner, NULL, &e->binary.group);
        fn(owner, NULL, &e->binary.join);
        visit_if(e->binary.prefix, fn, owner);
        visit_if(e->binary.fill_left, fn, owner);
        visit_if(e->binary.fill_right, fn, owner);
        break;
    case MQL_WITH:
        for (size_t i = 0; i < e->with.count; i++)
            mql_visit(e->with.templates[i].body, fn, owner);
        mql_visit(e->with.body, fn, owner);
        break;
    }
    fn(owner, e, NULL);
}

static void look_for_conversion(void *owner, const struct mql_expr *e, const struct mql_modifier *m)
{
    bool *has_conversion = owner;
    if (m || e->kind != MQL_CALL || !e->call.func || e->call.func->class != MQL_FUNC_ROLLUP)
        return;
    if (str_eq(e->call.name, S("timestamp")))
        return; // PromQL has it as a function of instant values
    size_t at = mql_func_series_arg(e->call.func, e->call.count);
    if (at >= e->call.count)
        return;
    const struct mql_expr *arg = e->call.args[at];
    if (arg->kind == MQL_ROLLUP)
        *has_conversion |= arg->rollup.expr->kind != MQL_SELECTOR && !arg->rollup.window;
    else
        *has_conversion |= arg->kind != MQL_SELECTOR;
}

bool mql_is_likely_invalid(const struct mql_expr *e)
{
    bool has_conversion = false;
    mql_visit(e, look_for_conversion, &has_conversion);
    return has_conversion;
}
