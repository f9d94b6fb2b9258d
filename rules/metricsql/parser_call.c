// SPDX-License-Identifier: Apache-2.0
// Tokens to trees: calls, aggregates, lists and WITH.
#include "rules/metricsql/ident.h"
#include "rules/metricsql/metricsql.h"
#include "rules/metricsql/parser.h"
#include "rules/metricsql/words.h"

// Behind the opening bracket up to the closing one: expressions and commas, also at the end.
static bool parse_list(struct mql_parser *p, const char *where, const char *want,
                       struct mql_call *ret)
{
    struct mql_list list = {0};
    for (;;) {
        if (!mql_next(p))
            return false;
        if (mql_is_sign(p, ')'))
            break;
        struct mql_expr *e = mql_parse_expr(p);
        if (!e)
            return false;
        mql_list_add(&list, p->mem, e);
        if (mql_is_sign(p, ')'))
            break;
        if (!mql_is_sign(p, ','))
            return mql_unexpected(p, where, want);
    }
    ret->args = list.items;
    ret->count = list.count;
    return mql_next(p);
}

static bool parse_args(struct mql_parser *p, struct mql_call *ret)
{
    if (!mql_is_sign(p, '('))
        return mql_unexpected(p, "argList", "\"(\"");
    return parse_list(p, "argList", "\",\", \")\"", ret);
}

struct mql_expr *mql_parse_parens(struct mql_parser *p)
{
    struct mql_expr *e = mql_node(p->mem, MQL_PARENS);
    if (!parse_list(p, "parensExpr", "\",\" or \")\"", &e->call))
        return NULL;
    if (e->call.count == 1 && e->call.args[0]->kind == MQL_BINARY &&
        mql_is_word(p, S("keep_metric_names"))) {
        e->call.args[0]->binary.keep_metric_names = true;
        if (!mql_next(p))
            return NULL;
    }
    return mql_finish(p, e);
}

struct mql_expr *mql_parse_call(struct mql_parser *p)
{
    struct mql_expr *e = mql_node(p->mem, MQL_CALL);
    e->call.name = mql_ident_unescape(p->mem, p->token.text);
    if (!mql_next(p) || !parse_args(p, &e->call))
        return NULL;
    e->call.keep_metric_names = mql_is_word(p, S("keep_metric_names"));
    if (e->call.keep_metric_names && !mql_next(p))
        return NULL;
    return mql_finish(p, e);
}

// ---- aggregates --------------------------------------------------------------------------------

// Go's Atoi of a token, which has no sign.
static bool parse_limit(struct mql_parser *p, int64_t *ret)
{
    str text = p->token.text;
    if (str_to_i64(text, ret))
        return mql_next(p);
    bool is_number = text.n > 0;
    for (size_t i = 0; i < text.n; i++)
        is_number &= text.p[i] >= '0' && text.p[i] <= '9';
    str quoted = mql_quote(p->mem, text);
    return err_set(p->err, ERR_SYNTAX, "cannot parse limit %.*s: strconv.Atoi: parsing %.*s: %s",
                   STR(quoted), STR(quoted), is_number ? "value out of range" : "invalid syntax");
}

static bool is_aggregate_modifier(const struct mql_parser *p)
{
    return mql_modifier_is_aggregate(mql_modifier_find(p->token.text));
}

static str lower(struct arena *mem, str s)
{
    struct buf b = {.mem = mem};
    buf_put_lower(&b, s);
    return buf_str(&b);
}

struct mql_expr *mql_parse_aggregate(struct mql_parser *p)
{
    struct mql_expr *e = mql_node(p->mem, MQL_AGGREGATE);
    struct mql_call *c = &e->call;
    c->name = lower(p->mem, mql_ident_unescape(p->mem, p->token.text));
    c->func = mql_func_find(c->name);
    if (!mql_next(p))
        return NULL;
    if (p->token.kind == MQL_TOKEN_IDENT) {
        if (!is_aggregate_modifier(p))
            return mql_unexpected_null(p, "AggrFuncExpr", "aggregate func modifier");
        if (!mql_parse_modifier(p, false, &c->modifier))
            return NULL;
    }
    if (!parse_args(p, c))
        return NULL;
    if (c->modifier.kind == MQL_MODIFIER_NONE && is_aggregate_modifier(p) &&
        !mql_parse_modifier(p, false, &c->modifier))
        return NULL;
    if (mql_is_word(p, S("limit")) && !(mql_next(p) && parse_limit(p, &c->limit)))
        return NULL;
    return mql_finish(p, e);
}

// ---- lists of names ----------------------------------------------------------------------------

static str without_quotes(str literal)
{
    return str_slice(literal, 1, literal.n - 1);
}

// What is compared with one another may not be too many.
static bool check_length(struct mql_parser *p, size_t count)
{
    return count <= MQL_LIST_MAX ||
           err_set(p->err, ERR_LIMIT, "a list has more than %d names", MQL_LIST_MAX);
}

static bool parse_names(struct mql_parser *p, struct mql_names *ret)
{
    while (!mql_is_sign(p, ')')) {
        if (p->token.kind == MQL_TOKEN_STRING)
            p->token = mql_token_of(without_quotes(p->token.text));
        if (p->token.kind != MQL_TOKEN_IDENT)
            return mql_unexpected(p, "identList", "\"ident\"");
        mql_names_add(ret, p->mem, mql_ident_unescape(p->mem, p->token.text));
        if (!check_length(p, ret->count) || !mql_next(p))
            return false;
        if (mql_is_sign(p, ')'))
            break;
        if (!mql_is_sign(p, ','))
            return mql_unexpected(p, "identList", "\",\", \")\"");
        if (!mql_next(p))
            return false;
    }
    return mql_next(p);
}

static bool parse_ident_list(struct mql_parser *p, bool may_be_star, struct mql_names *ret)
{
    if (!mql_is_sign(p, '('))
        return mql_unexpected(p, "identList", "\"(\"");
    if (!mql_next(p))
        return false;
    if (!may_be_star || !mql_is_sign(p, '*'))
        return parse_names(p, ret);
    if (!mql_next(p))
        return false;
    if (!mql_is_sign(p, ')'))
        return err_set(p->err, ERR_SYNTAX,
                       "identList: unexpected token %.*s after \"*\"; want \")\"",
                       STR(mql_quote(p->mem, p->token.text)));
    mql_names_add(ret, p->mem, S("*"));
    return mql_next(p);
}

bool mql_parse_modifier(struct mql_parser *p, bool may_be_star, struct mql_modifier *ret)
{
    struct mql_names names = {0};
    ret->kind = mql_modifier_find(p->token.text);
    if (!mql_next(p))
        return false;
    if (mql_modifier_is_join(ret->kind) && !mql_is_sign(p, '('))
        return true; // group_left without a list
    if (!parse_ident_list(p, may_be_star, &names))
        return err_wrap(p->err, "ModifierExpr");
    ret->names = names.items;
    ret->count = names.count;
    return true;
}

// ---- WITH --------------------------------------------------------------------------------------

static bool parse_params(struct mql_parser *p, struct mql_template *t)
{
    struct mql_names names = {0};
    if (!parse_ident_list(p, false, &names))
        return err_wrap(p->err, "withArgExpr: cannot parse args for %.*s",
                        STR(mql_quote(p->mem, t->name)));
    for (size_t i = 0; i < names.count; i++) {
        if (mql_names_has(names.items, i, names.items[i]))
            return err_set(p->err, ERR_SYNTAX,
                           "withArgExpr: duplicate func arg found in %.*s: %.*s",
                           STR(mql_quote(p->mem, t->name)), STR(mql_quote(p->mem, names.items[i])));
    }
    t->params = names.items;
    t->param_count = names.count;
    return true;
}

static bool parse_template(struct mql_parser *p, struct mql_template *t)
{
    if (p->token.kind != MQL_TOKEN_IDENT)
        return mql_unexpected(p, "withArgExpr", "\"ident\"");
    t->name = mql_ident_unescape(p->mem, p->token.text);
    if (!mql_next(p) || (mql_is_sign(p, '(') && !parse_params(p, t)))
        return false;
    if (!mql_is_sign(p, '='))
        return mql_unexpected(p, "withArgExpr", "\"=\"");
    if (!mql_next(p))
        return false;
    t->body = mql_parse_expr(p);
    return t->body ||
           err_wrap(p->err, "withArgExpr: cannot parse %.*s", STR(mql_quote(p->mem, t->name)));
}

static str template_text(struct mql_parser *p, const struct mql_template *t)
{
    struct buf text = {.mem = p->mem, .max = ERR_TEXT_BYTES};
    buf_put_mql_template(&text, t);
    return buf_str(&text);
}

static bool check_names(struct mql_parser *p, const struct mql_with *w)
{
    for (size_t i = 1; i < w->count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (!str_eq(w->templates[i].name, w->templates[j].name))
                continue;
            return err_set(
                p->err, ERR_SYNTAX, "duplicate `with` arg name for: %.*s; previous one: %.*s",
                STR(template_text(p, &w->templates[i])), STR(template_text(p, &w->templates[j])));
        }
    }
    return true;
}

struct mql_expr *mql_parse_with(struct mql_parser *p)
{
    struct mql_expr *e = mql_node(p->mem, MQL_WITH);
    struct mql_with *w = &e->with;
    size_t cap = 0;
    if (!mql_next(p)) // the opening bracket, as the caller has seen
        return NULL;
    for (;;) {
        if (!mql_next(p))
            return NULL;
        if (mql_is_sign(p, ')'))
            break;
        w->templates = mql_grow(p->mem, w->templates, w->count, &cap, sizeof(*w->templates));
        if (!parse_template(p, &w->templates[w->count]) || !check_length(p, ++w->count))
            return NULL;
        if (mql_is_sign(p, ')'))
            break;
        if (!mql_is_sign(p, ','))
            return mql_unexpected_null(p, "withExpr", "\",\", \")\"");
    }
    if (!check_names(p, w) || !mql_next(p))
        return NULL;
    w->body = mql_parse_expr(p);
    return w->body ? mql_finish(p, e) : NULL;
}
