// SPDX-License-Identifier: Apache-2.0
// Tokens to trees: operators and operands. spec: vmalert MetricsQL §4, §5.
#include "rules/metricsql/parser.h"

#include "rules/metricsql/ident.h"
#include "rules/metricsql/metricsql.h"
#include "rules/metricsql/number.h"
#include "rules/metricsql/words.h"

// The current token and what was not read yet, for error texts.
static str context(const struct mql_parser *p)
{
    struct buf rest = {.mem = p->mem, .max = (size_t)2 * ERR_TEXT_BYTES};
    buf_put(&rest, str_slice(p->token.text, 0, ERR_TEXT_BYTES));
    buf_put(&rest, str_slice(p->lexer.input, p->lexer.at, p->lexer.at + ERR_TEXT_BYTES));
    return mql_quote(p->mem, buf_str(&rest));
}

struct mql_expr *mql_parse_text(str text, struct arena *mem, struct err *err)
{
    struct err inner;
    err_clear(&inner);
    struct mql_parser p = {.mem = mem, .err = err ? err : &inner};
    if (text.n > MQL_TEXT_BYTES_MAX) {
        err_set(err, ERR_LIMIT, "the expression is longer than %zu bytes", MQL_TEXT_BYTES_MAX);
        return NULL;
    }
    mql_lexer_init(&p.lexer, text);
    if (!mql_next(&p)) {
        err_wrap(err, "cannot find the first token");
        return NULL;
    }
    struct mql_expr *e = mql_parse_expr(&p);
    if (e && p.token.kind == MQL_TOKEN_END)
        return e;
    if (e) {
        err_set(err, ERR_SYNTAX, "unparsed data left: %.*s", STR(context(&p)));
    } else {
        struct err why = *p.err;
        err_set(err, why.code, "%.*s; unparsed data: %.*s", STR(err_str(&why)), STR(context(&p)));
    }
    return NULL;
}

// ---- tokens ------------------------------------------------------------------------------------

bool mql_next(struct mql_parser *p)
{
    if (p->pending_count > 0 && !p->lexer.has_failed) {
        p->token = p->pending[--p->pending_count];
        return true;
    }
    return mql_lexer_next(&p->lexer, &p->token, p->err);
}

void mql_unread(struct mql_parser *p, struct mql_token before)
{
    assert(p->pending_count < ARRAY_LEN(p->pending));
    p->pending[p->pending_count++] = p->token;
    p->token = before;
}

bool mql_peek_is(struct mql_parser *p, char sign)
{
    struct mql_token t = {0};
    size_t at = p->lexer.at;
    if (p->pending_count > 0)
        t = p->pending[p->pending_count - 1];
    else if (!mql_lexer_next(&p->lexer, &t, NULL))
        return false;
    else
        p->lexer.at = at; // error texts show it as unread
    return t.kind == MQL_TOKEN_SIGN && t.text.n == 1 && t.text.p[0] == sign;
}

bool mql_is_sign(const struct mql_parser *p, char sign)
{
    return p->token.kind == MQL_TOKEN_SIGN && p->token.text.n == 1 && p->token.text.p[0] == sign;
}

bool mql_is_word(const struct mql_parser *p, str word)
{
    return p->token.text.n == word.n && str_eq_nocase(p->token.text, word);
}

bool mql_unexpected(struct mql_parser *p, const char *where, const char *want)
{
    return err_set(p->err, ERR_SYNTAX, "%s: unexpected token %.*s; want %s", where,
                   STR(mql_quote(p->mem, p->token.text)), want);
}

void *mql_unexpected_null(struct mql_parser *p, const char *where, const char *want)
{
    mql_unexpected(p, where, want);
    return NULL;
}

struct mql_expr *mql_finish(struct mql_parser *p, struct mql_expr *e)
{
    return mql_node_measure(e, p->err) ? e : NULL;
}

// ---- operators ---------------------------------------------------------------------------------

static struct mql_expr *parse_single(struct mql_parser *p);

static struct mql_expr *parse_fill_value(struct mql_parser *p) // at the name; a bracket follows
{
    if (!mql_next(p))
        return NULL;
    bool has_value = mql_next(p), is_negative = has_value && mql_is_sign(p, '-');
    if (!has_value || (is_negative && !mql_next(p)))
        return NULL;
    struct mql_expr *value = mql_parse_number(p);
    return value && is_negative ? mql_node_number(p->mem, -value->number.value) : value;
}

// fill(0), fill_left(-1): the value. A later one overrides an earlier one.
static bool parse_fill(struct mql_parser *p, struct mql_binary *b)
{
    enum mql_fill fill = mql_fill_find(p->token.text);
    str name = p->token.text;
    if (!mql_op_takes_fill(b->op))
        return err_set(p->err, ERR_SYNTAX, "fill modifier cannot be applied to \"%.*s\"",
                       STR(mql_op_text(b->op)));
    struct mql_expr *value = parse_fill_value(p);
    if (!value)
        return err_wrap(p->err, "cannot parse %.*s fill value", STR(name));
    if (!mql_is_sign(p, ')'))
        return mql_unexpected(p, "fill", "\")\"");
    if (fill != MQL_FILL_RIGHT)
        b->fill_left = value;
    if (fill != MQL_FILL_LEFT)
        b->fill_right = value;
    return mql_next(p);
}

static bool parse_join(struct mql_parser *p, struct mql_binary *b)
{
    if (mql_op_is_set(b->op))
        return err_set(p->err, ERR_SYNTAX, "modifier %.*s cannot be applied to \"%.*s\"",
                       STR(mql_quote(p->mem, p->token.text)), STR(mql_op_text(b->op)));
    if (!mql_parse_modifier(p, true, &b->join))
        return false;
    if (!mql_is_word(p, S("prefix")))
        return true;
    if (mql_next(p) && (b->prefix = mql_parse_string(p)))
        return true;
    struct buf join = {.mem = p->mem, .max = ERR_TEXT_BYTES};
    buf_put_mql_modifier(&join, &b->join);
    return err_wrap(p->err, "cannot parse prefix for %.*s", STR(buf_str(&join)));
}

// What may stand between an operator and its right operand.
static bool parse_modifiers(struct mql_parser *p, struct mql_binary *b)
{
    if (mql_is_word(p, S("bool"))) {
        if (!mql_op_is_comparison(b->op))
            return err_set(p->err, ERR_SYNTAX, "bool modifier cannot be applied to \"%.*s\"",
                           STR(mql_op_text(b->op)));
        b->is_bool = true;
        if (!mql_next(p))
            return false;
    }
    if (mql_modifier_is_group(mql_modifier_find(p->token.text))) {
        if (!mql_parse_modifier(p, false, &b->group))
            return false;
        if (mql_modifier_is_join(mql_modifier_find(p->token.text)) && !parse_join(p, b))
            return false;
    }
    while (mql_fill_find(p->token.text) != MQL_FILL_NONE && mql_peek_is(p, '(')) {
        if (!parse_fill(p, b))
            return false;
    }
    return true;
}

// Hangs an operation below its left operand, if that is an operation that binds less tightly.
static struct mql_expr *balance(struct mql_parser *p, struct mql_expr *e)
{
    struct mql_expr *left = e->binary.left;
    if (left->kind != MQL_BINARY)
        return mql_finish(p, e);
    int left_rank = mql_op_rank(left->binary.op), rank = mql_op_rank(e->binary.op);
    if (rank < left_rank || (rank == left_rank && !mql_op_is_right_associative(e->binary.op)))
        return mql_finish(p, e);
    e->binary.left = left->binary.right;
    left->binary.right = balance(p, e);
    return left->binary.right ? mql_finish(p, left) : NULL;
}

struct mql_expr *mql_parse_expr(struct mql_parser *p)
{
    struct mql_expr *e = parse_single(p);
    while (e && p->token.op != MQL_OP_NONE) {
        struct mql_expr *operation = mql_node(p->mem, MQL_BINARY);
        struct mql_binary *b = &operation->binary;
        b->op = p->token.op;
        b->left = e;
        if (!mql_next(p) || !parse_modifiers(p, b) || !(b->right = parse_single(p)))
            return NULL;
        b->keep_metric_names = mql_is_word(p, S("keep_metric_names"));
        if (b->keep_metric_names && !mql_next(p))
            return NULL;
        e = balance(p, operation);
    }
    return e;
}

// ---- operands ----------------------------------------------------------------------------------

static bool is_with(struct mql_parser *p) // "WITH (", not a metric of that name
{
    if (!mql_is_word(p, S("with")))
        return false;
    struct mql_token with = p->token;
    if (!mql_next(p))
        return false; // fails again with the next token
    bool is_open = mql_is_sign(p, '(');
    mql_unread(p, with);
    return is_open;
}

static struct mql_expr *parse_single_nested(struct mql_parser *p)
{
    if (is_with(p))
        return mql_parse_with(p);
    struct mql_expr *e = mql_parse_operand(p);
    return e && mql_rollup_starts(p) ? mql_parse_rollup(p, e) : e;
}

static struct mql_expr *parse_single(struct mql_parser *p)
{
    if (++p->nesting > MQL_NESTING_MAX) {
        err_set(p->err, ERR_LIMIT, "the expression nests more than %d levels deep",
                MQL_NESTING_MAX);
        return NULL;
    }
    struct mql_expr *e = parse_single_nested(p);
    p->nesting--;
    return e;
}

static bool is_inf_or_nan(str text)
{
    return str_eq_nocase(text, S("inf")) || str_eq_nocase(text, S("nan"));
}

struct mql_expr *mql_parse_number(struct mql_parser *p)
{
    str text = p->token.text;
    if (p->token.kind != MQL_TOKEN_NUMBER && !is_inf_or_nan(text))
        return mql_unexpected_null(p, "positiveNumberExpr", "\"number\"");
    struct mql_expr *e = mql_node_number(p->mem, 0);
    e->number.text = text;
    if (!mql_number_parse(text, &e->number.value, p->err)) {
        err_wrap(p->err, "positivenumberExpr: cannot parse %.*s", STR(mql_quote(p->mem, text)));
        return NULL;
    }
    return mql_next(p) ? e : NULL;
}

// The token behind a name decides what the name is.
static struct mql_expr *parse_ident(struct mql_parser *p)
{
    struct mql_token name = p->token;
    if (!mql_next(p))
        return NULL;
    bool is_offset = mql_is_word(p, S("offset")) || p->token.kind == MQL_TOKEN_END;
    bool is_ident = p->token.kind == MQL_TOKEN_IDENT, is_open = mql_is_sign(p, '(');
    if (!is_offset && !is_ident && !is_open && p->token.op == MQL_OP_NONE && !mql_is_sign(p, '{') &&
        !mql_is_sign(p, '[') && !mql_is_sign(p, ')') && !mql_is_sign(p, ',') &&
        !mql_is_sign(p, '@'))
        return mql_unexpected_null(p, "identExpr", "\"(\", \"{\", \"[\", \")\", \",\" or \"@\"");
    mql_unread(p, name);
    if (!is_offset && (is_ident || is_open) &&
        mql_func_is_aggregate(mql_ident_unescape(p->mem, name.text)))
        return mql_parse_aggregate(p);
    return is_open ? mql_parse_call(p) : mql_parse_selector(p);
}

static struct mql_expr *parse_minus(struct mql_parser *p) // 0 - x
{
    if (!mql_next(p))
        return NULL;
    struct mql_expr *e = mql_node(p->mem, MQL_BINARY);
    e->binary.op = MQL_OP_SUB;
    e->binary.left = mql_node_number(p->mem, 0);
    e->binary.right = parse_single(p);
    return e->binary.right ? mql_finish(p, e) : NULL;
}

struct mql_expr *mql_parse_operand(struct mql_parser *p)
{
    switch (p->token.kind) {
    case MQL_TOKEN_DURATION:
        return mql_parse_duration(p);
    case MQL_TOKEN_STRING:
        return mql_parse_string(p);
    case MQL_TOKEN_NUMBER:
        return mql_parse_number(p);
    case MQL_TOKEN_IDENT:
        return is_inf_or_nan(p->token.text) ? mql_parse_number(p) : parse_ident(p);
    case MQL_TOKEN_END:
    case MQL_TOKEN_SIGN:
        break;
    }
    if (mql_is_sign(p, '('))
        return mql_parse_parens(p);
    if (mql_is_sign(p, '{'))
        return mql_parse_selector(p);
    if (mql_is_sign(p, '-'))
        return parse_minus(p);
    if (mql_is_sign(p, '+'))
        return mql_next(p) ? parse_single(p) : NULL;
    return mql_unexpected_null(p, "singleExpr", "\"(\", \"{\", \"-\", \"+\"");
}
