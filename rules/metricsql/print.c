// SPDX-License-Identifier: Apache-2.0
#include "rules/metricsql/print.h"

#include <math.h>

#include "base/core/f64.h"
#include "base/text/unicode.h"
#include "rules/metricsql/ident.h"
#include "rules/metricsql/node.h"
#include "rules/metricsql/words.h"

// ---- parentheses -------------------------------------------------------------------------------

// x[$__interval] has no window that could be shown: it prints as x.
static const struct mql_expr *shown(const struct mql_expr *e)
{
    while (e->kind == MQL_ROLLUP && !e->rollup.window && !e->rollup.step && !e->rollup.offset &&
           !e->rollup.at && !e->rollup.inherits_step)
        e = e->rollup.expr;
    return e;
}

static bool is_signed(const struct mql_expr *e) // prints with a minus: an operation when read again
{
    return e->kind == MQL_NUMBER && e->number.text.n == 0 && signbit(e->number.value) &&
           !isnan(e->number.value);
}

static bool operand_needs_parens(const struct mql_expr *e)
{
    if (e->kind == MQL_ROLLUP) {
        const struct mql_expr *inner = shown(e->rollup.expr);
        if (inner->kind == MQL_BINARY && inner->binary.keep_metric_names)
            return true;
        return e->rollup.offset || e->rollup.at;
    }
    return e->kind == MQL_BINARY;
}

// Would the name be taken for the next part of a string in front of it ("a" + name)?
static bool continues_string(const struct mql_expr *e)
{
    e = shown(e);
    if (e->kind == MQL_ROLLUP)
        e = shown(e->rollup.expr);
    if (e->kind == MQL_NUMBER)
        return !isfinite(e->number.value);
    return e->kind == MQL_SELECTOR && mql_selector_is_only_name(&e->selector);
}

bool mql_left_needs_parens(const struct mql_binary *b)
{
    const struct mql_expr *left = shown(b->left);
    if (is_signed(left))
        return mql_op_rank(b->op) > mql_op_rank(MQL_OP_SUB);
    if (left->kind == MQL_STRING)
        return b->op == MQL_OP_ADD && continues_string(b->right);
    if (left->kind == MQL_SELECTOR && mql_selector_is_only_name(&left->selector))
        return mql_op_is_word(b->op) && mql_func_is_aggregate(mql_selector_name(&left->selector));
    return operand_needs_parens(left);
}

bool mql_right_needs_parens(const struct mql_binary *b)
{
    const struct mql_expr *right = shown(b->right);
    if (operand_needs_parens(right))
        return true;
    if (right->kind == MQL_CALL)
        return mql_word_is_reserved(right->call.name) || right->call.keep_metric_names ||
               b->keep_metric_names;
    if (right->kind == MQL_ROLLUP)
        right = shown(right->rollup.expr);
    return right->kind == MQL_SELECTOR &&
           mql_word_is_reserved(right->selector.source_count
                                    ? mql_selector_source_name(&right->selector)
                                    : mql_selector_name(&right->selector));
}

bool mql_rollup_needs_parens(const struct mql_rollup *r)
{
    const struct mql_expr *e = shown(r->expr);
    return e->kind == MQL_ROLLUP || e->kind == MQL_BINARY || is_signed(e) ||
           (e->kind == MQL_AGGREGATE && e->call.modifier.kind != MQL_MODIFIER_NONE);
}

static void put_in_parens(struct buf *b, const struct mql_expr *e, bool needs_parens)
{
    if (needs_parens)
        buf_put_c(b, '(');
    buf_put_mql(b, e);
    if (needs_parens)
        buf_put_c(b, ')');
}

// ---- leaves ------------------------------------------------------------------------------------

static void put_tokens(struct buf *b, const struct mql_string *s)
{
    for (size_t i = 0; i < s->source_tokens.count; i++) {
        if (i)
            buf_put_c(b, '+');
        buf_put(b, s->source_tokens.items[i]);
    }
    if (s->source_tokens.count == 0)
        buf_put_quoted(b, s->value);
}

static void put_number(struct buf *b, const struct mql_number *n)
{
    if (n->text.n)
        buf_put(b, n->text);
    else
        buf_put_f64_shortest(b, n->value);
}

static void put_filter_op(struct buf *b, bool is_negative, bool is_regexp)
{
    if (is_regexp)
        buf_put(b, is_negative ? S("!~") : S("=~"));
    else
        buf_put(b, is_negative ? S("!=") : S("="));
}

static void put_filters(struct buf *b, const struct mql_filter *filters, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct mql_filter *f = &filters[i];
        if (i)
            buf_put_c(b, ',');
        if (f->label.n)
            buf_put_mql_ident(b, f->label);
        else
            buf_put(b, S("\"\"")); // only in quotes it can be empty
        put_filter_op(b, f->is_negative, f->is_regexp);
        buf_put_quoted(b, f->value);
    }
}

void buf_put_mql_filters(struct buf *b, struct mql_filters filters)
{
    buf_put_c(b, '{');
    put_filters(b, filters.items, filters.count);
    buf_put_c(b, '}');
}

void buf_put_mql_metric(struct buf *b, str name)
{
    if (str_eq_nocase(name, S("inf")) || str_eq_nocase(name, S("nan")))
        buf_put_c(b, '\\'); // without an escape it is a number
    buf_put_mql_ident(b, name);
}

static void put_selector(struct buf *b, const struct mql_selector *s)
{
    str name = mql_selector_name(s);
    buf_put_mql_metric(b, name);
    if (mql_selector_is_only_name(s))
        return;
    buf_put_c(b, '{');
    size_t from = name.n > 0;
    bool is_first = true;
    for (size_t i = 0; i < s->count; i++) {
        if (s->alternatives[i].count <= from)
            continue;
        if (!is_first)
            buf_put(b, S(" or "));
        is_first = false;
        put_filters(b, s->alternatives[i].items + from, s->alternatives[i].count - from);
    }
    buf_put_c(b, '}');
}

// ---- selectors as written ----------------------------------------------------------------------

void buf_put_mql_source_filter(struct buf *b, const struct mql_source_filter *f)
{
    if (mql_ident_needs_escapes(f->label))
        buf_put_mql_ident_quoted(b, f->label);
    else
        buf_put_mql_ident(b, f->label);
    if (!f->value)
        return;
    put_filter_op(b, f->is_negative, f->is_regexp);
    put_tokens(b, f->value);
}

bool mql_selector_is_only_source_name(const struct mql_selector *s)
{
    if (mql_selector_source_name(s).n == 0)
        return false;
    for (size_t i = 0; i < s->source_count; i++) {
        if (s->source[i].count > 1)
            return false;
    }
    return true;
}

static void put_source(struct buf *b, const struct mql_selector *s)
{
    str name = mql_selector_source_name(s);
    bool is_quoted = mql_ident_needs_escapes(name), is_first = true;
    bool is_only_name = mql_selector_is_only_source_name(s);
    if (is_quoted) {
        buf_put_c(b, '{');
        buf_put_mql_ident_quoted(b, name);
    } else {
        buf_put_mql_metric(b, name);
    }
    if (!is_only_name)
        buf_put(b, is_quoted ? S(", ") : S("{"));
    size_t from = name.n > 0;
    for (size_t i = 0; i < s->source_count; i++) {
        if (s->source[i].count > from && !is_first)
            buf_put(b, S(" or "));
        for (size_t j = from; j < s->source[i].count; j++) {
            if (j > from)
                buf_put_c(b, ',');
            buf_put_mql_source_filter(b, &s->source[i].items[j]);
            is_first = false;
        }
    }
    if (!is_only_name || is_quoted)
        buf_put_c(b, '}');
}

// ---- modifiers ---------------------------------------------------------------------------------

void buf_put_mql_modifier(struct buf *b, const struct mql_modifier *m)
{
    buf_put(b, mql_modifier_text(m->kind));
    buf_put_c(b, '(');
    for (size_t i = 0; i < m->count; i++) {
        if (i)
            buf_put_c(b, ',');
        if (str_eq(m->names[i], S("*")))
            buf_put_c(b, '*');
        else
            buf_put_mql_ident(b, m->names[i]);
    }
    buf_put_c(b, ')');
}

static void put_fill(struct buf *b, const char *name, const struct mql_expr *value)
{
    if (!value)
        return;
    buf_printf(b, " %s(", name);
    put_number(b, &value->number);
    buf_put_c(b, ')');
}

void buf_put_mql_operator(struct buf *b, const struct mql_binary *op)
{
    buf_put(b, mql_op_text(op->op));
    if (op->is_bool)
        buf_put(b, S("bool"));
    if (op->group.kind != MQL_MODIFIER_NONE) {
        buf_put_c(b, ' ');
        buf_put_mql_modifier(b, &op->group);
    }
    if (op->join.kind != MQL_MODIFIER_NONE) {
        buf_put_c(b, ' ');
        buf_put_mql_modifier(b, &op->join);
    }
    if (op->prefix) {
        buf_put(b, S(" prefix "));
        put_tokens(b, &op->prefix->string);
    }
    if (op->fill_left && op->fill_left == op->fill_right) {
        put_fill(b, "fill", op->fill_left);
        return;
    }
    put_fill(b, "fill_left", op->fill_left);
    put_fill(b, "fill_right", op->fill_right);
}

static void put_duration(struct buf *b, const struct mql_expr *d)
{
    if (d)
        buf_put(b, d->duration.text);
}

void buf_put_mql_window(struct buf *b, const struct mql_rollup *r)
{
    if (r->window || r->step || r->inherits_step) {
        buf_put_c(b, '[');
        put_duration(b, r->window);
        if (r->step || r->inherits_step)
            buf_put_c(b, ':');
        put_duration(b, r->step);
        buf_put_c(b, ']');
    }
    if (r->offset) {
        buf_put(b, S(" offset "));
        put_duration(b, r->offset);
    }
    if (r->at) {
        const struct mql_expr *at = shown(r->at);
        buf_put(b, S(" @ "));
        put_in_parens(b, at, at->kind == MQL_BINARY || at->kind == MQL_ROLLUP);
    }
}

void buf_put_mql_call_modifiers(struct buf *b, const struct mql_expr *e)
{
    if (e->call.keep_metric_names)
        buf_put(b, S(" keep_metric_names"));
    if (e->call.modifier.kind != MQL_MODIFIER_NONE) {
        buf_put_c(b, ' ');
        buf_put_mql_modifier(b, &e->call.modifier);
    }
    if (e->call.limit > 0) {
        buf_put(b, S(" limit "));
        buf_put_i64(b, e->call.limit);
    }
}

// ---- nodes -------------------------------------------------------------------------------------

static void put_call(struct buf *b, const struct mql_expr *e)
{
    buf_put_mql_ident(b, e->call.name);
    buf_put_c(b, '(');
    for (size_t i = 0; i < e->call.count; i++) {
        if (i)
            buf_put(b, S(", "));
        buf_put_mql(b, e->call.args[i]);
    }
    buf_put_c(b, ')');
    buf_put_mql_call_modifiers(b, e);
}

static void put_binary(struct buf *b, const struct mql_binary *op)
{
    if (op->keep_metric_names)
        buf_put_c(b, '(');
    put_in_parens(b, op->left, mql_left_needs_parens(op));
    buf_put_c(b, ' ');
    buf_put_mql_operator(b, op);
    buf_put_c(b, ' ');
    put_in_parens(b, op->right, mql_right_needs_parens(op));
    if (op->keep_metric_names)
        buf_put(b, S(") keep_metric_names"));
}

void buf_put_mql_template(struct buf *b, const struct mql_template *t)
{
    buf_put_mql_ident(b, t->name);
    for (size_t i = 0; i < t->param_count; i++) {
        buf_put_c(b, i ? ',' : '(');
        buf_put_mql_ident(b, t->params[i]);
    }
    buf_put(b, t->param_count ? S(") = ") : S(" = "));
    buf_put_mql(b, t->body);
}

static void put_with(struct buf *b, const struct mql_with *w)
{
    buf_put(b, S("WITH ("));
    for (size_t i = 0; i < w->count; i++) {
        if (i)
            buf_put(b, S(", "));
        buf_put_mql_template(b, &w->templates[i]);
    }
    buf_put(b, S(") "));
    buf_put_mql(b, w->body);
}

void buf_put_mql(struct buf *b, const struct mql_expr *e)
{
    if (b->is_full)
        return; // nothing that follows would be kept
    e = shown(e);
    switch (e->kind) {
    case MQL_NUMBER:
        put_number(b, &e->number);
        return;
    case MQL_STRING:
        put_tokens(b, &e->string);
        return;
    case MQL_DURATION:
        put_duration(b, e);
        return;
    case MQL_SELECTOR:
        if (e->selector.source_count)
            put_source(b, &e->selector);
        else
            put_selector(b, &e->selector);
        return;
    case MQL_ROLLUP:
        put_in_parens(b, e->rollup.expr, mql_rollup_needs_parens(&e->rollup));
        buf_put_mql_window(b, &e->rollup);
        return;
    case MQL_CALL:
    case MQL_AGGREGATE:
    case MQL_PARENS:
        put_call(b, e);
        return;
    case MQL_BINARY:
        put_binary(b, &e->binary);
        return;
    case MQL_WITH:
        put_with(b, &e->with);
        return;
    }
}
