// SPDX-License-Identifier: Apache-2.0
#include "rules/metricsql/templates.h"

#include "rules/metricsql/metricsql.h"
#include "rules/metricsql/parser.h"

#define EXPANSION_DEPTH_MAX (3 * MQL_HEIGHT_MAX) // each level may stand in parentheses of its own

struct mql_expr *const MQL_NO_ARGS[1] = {NULL};

// ---- finding templates -------------------------------------------------------------------------

struct builtin {
    str name;
    str text;
};

#define BUILTIN(name, definition)                                                                  \
    {                                                                                              \
        {name, sizeof(name) - 1},                                                                  \
        {                                                                                          \
            "WITH (" definition ") 0", sizeof("WITH (" definition ") 0") - 1                       \
        }                                                                                          \
    }

static const struct builtin BUILTINS[MQL_BUILTIN_COUNT] = {
    BUILTIN("ru", "ru(freev, maxv) ="
                  " clamp_min(maxv - clamp_min(freev, 0), 0) / clamp_min(maxv, 0) * 100"),
    BUILTIN("ttf", "ttf(freev) = smooth_exponential("
                   "clamp_max(clamp_max(-freev, 0) / clamp_max(deriv_fast(freev), 0), 365*24*3600),"
                   " clamp_max(step()/300, 1))"),
    BUILTIN("range_median", "range_median(q) = range_quantile(0.5, q)"),
    BUILTIN("alias", "alias(q, name) = label_set(q, \"__name__\", name)"),
};

static bool find_builtin(struct mql_expander *x, struct mql_scope scope, str name,
                         struct mql_found *ret)
{
    for (size_t i = scope.builtins; i-- > 0;) {
        if (!str_eq(BUILTINS[i].name, name))
            continue;
        if (!x->builtins[i]) {
            struct mql_expr *e = mql_parse_text(BUILTINS[i].text, x->mem, x->err);
            if (!e)
                return false;
            x->builtins[i] = &e->with.templates[0];
        }
        *ret = (struct mql_found){x->builtins[i], {NULL, i}};
        return true;
    }
    ret->template = NULL;
    return true;
}

bool mql_find_template(struct mql_expander *x, struct mql_scope scope, str name,
                       struct mql_found *ret)
{
    for (const struct mql_binding *b = scope.last; b; b = b->before) {
        if (str_eq(b->template->name, name)) {
            *ret = (struct mql_found){b->template, {b->before, scope.builtins}};
            return true;
        }
    }
    return find_builtin(x, scope, name, ret);
}

static struct mql_scope bind(struct mql_expander *x, struct mql_scope scope,
                             const struct mql_template *t)
{
    struct mql_binding *b = arena_new(x->mem, struct mql_binding);
    *b = (struct mql_binding){scope.last, t};
    return (struct mql_scope){b, scope.builtins};
}

struct mql_expr *mql_apply(struct mql_expander *x, const struct mql_found *f,
                           struct mql_expr *const *args, size_t count)
{
    const struct mql_template *t = f->template;
    if (t->param_count != count) {
        if (!args)
            return mql_node_metric(x->mem, t->name);
        err_set(x->err, ERR_INVALID, "invalid number of args for %.*s; got %zu; want %zu",
                STR(mql_quote(x->mem, t->name)), count, t->param_count);
        return NULL;
    }
    struct mql_scope scope = f->scope;
    for (size_t i = 0; i < count; i++) {
        struct mql_template *param = arena_new(x->mem, struct mql_template);
        *param = (struct mql_template){.name = t->params[i], .body = args[i]};
        scope = bind(x, scope, param);
    }
    return mql_expand_in(x, scope, t->body);
}

bool mql_expand_count(struct mql_expander *x, size_t nodes)
{
    x->nodes += nodes;
    return x->nodes <= MQL_EXPANSION_MAX ||
           err_set(x->err, ERR_LIMIT, "WITH templates expand to more than %d parts",
                   MQL_EXPANSION_MAX);
}

// ---- parts -------------------------------------------------------------------------------------

static bool put_template_string(struct mql_expander *x, struct mql_scope scope, str name,
                                struct buf *out)
{
    struct mql_found f;
    if (!mql_find_template(x, scope, name, &f))
        return false;
    if (!f.template)
        return err_set(x->err, ERR_INVALID, "missing %.*s value inside StringExpr",
                       STR(mql_quote(x->mem, name)));
    struct mql_expr *e = mql_apply(x, &f, NULL, 0);
    if (!e)
        return false;
    if (e->kind != MQL_STRING)
        return err_set(x->err, ERR_INVALID, "%.*s must be string expression; got %.*s",
                       STR(mql_quote(x->mem, name)), STR(mql_quote_expr(x->mem, e)));
    buf_put(out, e->string.value);
    return true;
}

bool mql_expand_string(struct mql_expander *x, struct mql_scope scope, const struct mql_string *s,
                       str *ret)
{
    *ret = s->value;
    if (s->source_tokens.count == 0)
        return true;
    struct buf out = {.mem = x->mem, .max = MQL_STRING_BYTES_MAX};
    for (size_t i = 0; i < s->source_tokens.count; i++) {
        str token = s->source_tokens.items[i], value;
        if (!mql_is_quoted(token)) {
            if (!put_template_string(x, scope, token, &out))
                return false;
            continue;
        }
        if (!mql_unquote(x->mem, token, &value, x->err))
            return false;
        if (s->source_tokens.count == 1) {
            *ret = value;
            return true;
        }
        buf_put(&out, value);
    }
    *ret = buf_str(&out);
    if (out.is_full)
        return err_set(x->err, ERR_LIMIT, "a string is longer than %zu bytes",
                       MQL_STRING_BYTES_MAX);
    return mql_expand_count(x, out.n >> 6);
}

static struct mql_expr *expand_duration(struct mql_expander *x, struct mql_scope scope,
                                        struct mql_expr *d)
{
    if (!d->duration.source_is_a_name)
        return d;
    str name = d->duration.text;
    struct mql_found f;
    if (!mql_find_template(x, scope, name, &f))
        return NULL;
    if (!f.template) {
        err_set(x->err, ERR_INVALID, "cannot find WITH template for %.*s",
                STR(mql_quote(x->mem, name)));
        return NULL;
    }
    struct mql_expr *e = mql_apply(x, &f, MQL_NO_ARGS, 0);
    if (!e || e->kind == MQL_DURATION)
        return e;
    if (e->kind == MQL_NUMBER)
        return mql_duration_node(x->mem, e->number.text, x->err); // seconds
    struct buf text = {.mem = x->mem, .max = ERR_TEXT_BYTES};
    buf_put_mql(&text, e);
    err_set(x->err, ERR_INVALID, "unexpected value for WITH template %.*s; got %.*s; want duration",
            STR(mql_quote(x->mem, name)), STR(buf_str(&text)));
    return NULL;
}

static bool is_only_name(const struct mql_expr *e, str *ret)
{
    if (e->kind != MQL_SELECTOR)
        return false;
    const struct mql_selector *s = &e->selector;
    bool is_source = s->source_count == 1 && s->source[0].count == 1;
    *ret = is_source ? mql_selector_source_name(s) : mql_selector_name(s);
    return is_source ? ret->n > 0 : mql_selector_is_only_name(s);
}

static bool add_template_names(struct mql_expander *x, const struct mql_expr *body, str name,
                               const struct mql_modifier *m, struct mql_names *out)
{
    bool is_list = body->kind == MQL_PARENS;
    for (size_t i = 0; i < (is_list ? body->call.count : 1); i++) {
        str item;
        if (is_only_name(is_list ? body->call.args[i] : body, &item)) {
            mql_names_add(out, x->mem, item);
            continue;
        }
        struct buf list = {.mem = x->mem, .max = ERR_TEXT_BYTES};
        for (size_t j = 0; j < m->count; j++)
            buf_printf(&list, "%s%.*s", j ? " " : "", STR(m->names[j]));
        return err_set(x->err, ERR_INVALID, "cannot use %.*s instead of %.*s in [%.*s]",
                       STR(mql_quote_expr(x->mem, body)), STR(mql_quote(x->mem, name)),
                       STR(buf_str(&list)));
    }
    return true;
}

// Names in by(…), on(…) and so on may be templates for a name or for a list of names.
static bool expand_modifier(struct mql_expander *x, struct mql_scope scope, struct mql_modifier *m)
{
    struct mql_names all = {0}, once = {0};
    for (size_t i = 0; i < m->count; i++) {
        struct mql_found f;
        if (!mql_find_template(x, scope, m->names[i], &f))
            return false;
        if (!f.template || f.template->param_count > 0)
            mql_names_add(&all, x->mem, m->names[i]);
        else if (!add_template_names(x, f.template->body, m->names[i], m, &all))
            return false;
    }
    for (size_t i = 0; i < all.count; i++) {
        if (!mql_names_has(once.items, once.count, all.items[i]))
            mql_names_add(&once, x->mem, all.items[i]);
    }
    m->names = once.items;
    m->count = once.count;
    return true;
}

// ---- nodes -------------------------------------------------------------------------------------

static bool expand_args(struct mql_expander *x, struct mql_scope scope, struct mql_call *c)
{
    struct mql_expr **args = arena_array(x->mem, struct mql_expr *, c->count + 1);
    for (size_t i = 0; i < c->count; i++) {
        args[i] = mql_expand_in(x, scope, c->args[i]);
        if (!args[i])
            return false;
    }
    c->args = args;
    return true;
}

static struct mql_expr *finish(struct mql_expander *x, struct mql_expr *e)
{
    return mql_node_measure(e, x->err) ? e : NULL;
}

static struct mql_expr *expand_call(struct mql_expander *x, struct mql_scope scope,
                                    const struct mql_expr *e)
{
    struct mql_expr *copy = mql_node_copy(x->mem, e);
    struct mql_found f;
    if (!expand_args(x, scope, &copy->call) || !mql_find_template(x, scope, e->call.name, &f))
        return NULL;
    if (f.template)
        return mql_apply(x, &f, copy->call.args, copy->call.count);
    return expand_modifier(x, scope, &copy->call.modifier) ? finish(x, copy) : NULL;
}

static struct mql_expr *expand_parens(struct mql_expander *x, struct mql_scope scope,
                                      const struct mql_expr *e)
{
    if (e->call.count == 1 && e->call.args[0]->kind == MQL_PARENS)
        return mql_expand_in(x, scope, e->call.args[0]); // arguments come by again and again
    struct mql_expr *copy = mql_node_copy(x->mem, e);
    return expand_args(x, scope, &copy->call) ? finish(x, copy) : NULL;
}

static struct mql_expr *in_parens(struct mql_expander *x, struct mql_expr *e)
{
    struct mql_expr *parens = mql_node(x->mem, MQL_PARENS);
    parens->call.args = arena_new(x->mem, struct mql_expr *);
    parens->call.args[0] = e;
    parens->call.count = 1;
    return finish(x, parens);
}

static struct mql_expr *expand_binary(struct mql_expander *x, struct mql_scope scope,
                                      const struct mql_expr *e)
{
    struct mql_expr *copy = mql_node_copy(x->mem, e);
    struct mql_binary *b = &copy->binary;
    if (!(b->left = mql_expand_in(x, scope, b->left)) ||
        !(b->right = mql_expand_in(x, scope, b->right)) || !expand_modifier(x, scope, &b->group) ||
        !expand_modifier(x, scope, &b->join))
        return NULL;
    if (b->prefix && !(b->prefix = mql_expand_in(x, scope, b->prefix)))
        return NULL;
    if (b->op == MQL_OP_ADD && b->left->kind == MQL_STRING && b->right->kind == MQL_STRING) {
        str joined;
        if (!mql_join_strings(x->mem, b->left->string.value, b->right->string.value, &joined,
                              x->err) ||
            !mql_expand_count(x, joined.n >> 6))
            return NULL;
        return mql_node_string(x->mem, joined);
    }
    return finish(x, copy) ? in_parens(x, copy) : NULL;
}

static bool expand_durations(struct mql_expander *x, struct mql_scope scope, struct mql_rollup *r)
{
    const char *what = "window for";
    if (!r->window || (r->window = expand_duration(x, scope, r->window))) {
        what = "step in";
        if (!r->step || (r->step = expand_duration(x, scope, r->step))) {
            what = "offset in";
            if (!r->offset || (r->offset = expand_duration(x, scope, r->offset)))
                return true;
        }
    }
    struct buf text = {.mem = x->mem, .max = ERR_TEXT_BYTES};
    buf_put_mql(&text, r->expr);
    return err_wrap(x->err, "cannot parse %s %.*s", what, STR(buf_str(&text)));
}

static struct mql_expr *expand_rollup(struct mql_expander *x, struct mql_scope scope,
                                      const struct mql_expr *e)
{
    struct mql_expr *copy = mql_node_copy(x->mem, e);
    struct mql_rollup *r = &copy->rollup;
    if (!(r->expr = mql_expand_in(x, scope, r->expr)) || !expand_durations(x, scope, r))
        return NULL;
    if (r->at && !(r->at = mql_expand_in(x, scope, r->at)))
        return NULL;
    return finish(x, copy);
}

static struct mql_expr *expand_with(struct mql_expander *x, struct mql_scope scope,
                                    const struct mql_with *w)
{
    for (size_t i = 0; i < w->count; i++)
        scope = bind(x, scope, &w->templates[i]);
    return mql_expand_in(x, scope, w->body);
}

static struct mql_expr *expand_kind(struct mql_expander *x, struct mql_scope scope,
                                    const struct mql_expr *e)
{
    str value;
    switch (e->kind) {
    case MQL_NUMBER:
    case MQL_DURATION:
        return (struct mql_expr *)e;
    case MQL_STRING:
        return mql_expand_string(x, scope, &e->string, &value) ? mql_node_string(x->mem, value)
                                                               : NULL;
    case MQL_SELECTOR:
        return mql_expand_selector(x, scope, e);
    case MQL_ROLLUP:
        return expand_rollup(x, scope, e);
    case MQL_CALL:
    case MQL_AGGREGATE:
        return expand_call(x, scope, e);
    case MQL_BINARY:
        return expand_binary(x, scope, e);
    case MQL_PARENS:
        return expand_parens(x, scope, e);
    case MQL_WITH:
        return expand_with(x, scope, &e->with);
    }
    return NULL;
}

struct mql_expr *mql_expand_in(struct mql_expander *x, struct mql_scope scope,
                               const struct mql_expr *e)
{
    if (!mql_expand_count(x, 1))
        return NULL;
    if (++x->depth > EXPANSION_DEPTH_MAX) {
        err_set(x->err, ERR_LIMIT, "WITH templates nest more than %d levels deep",
                EXPANSION_DEPTH_MAX);
        return NULL;
    }
    struct mql_expr *expanded = expand_kind(x, scope, e);
    x->depth--;
    return expanded;
}

struct mql_expr *mql_expand(struct arena *mem, const struct mql_expr *e, struct err *err)
{
    struct err inner;
    err_clear(&inner);
    struct mql_expander x = {.mem = mem, .err = err ? err : &inner};
    return mql_expand_in(&x, (struct mql_scope){NULL, MQL_BUILTIN_COUNT}, e);
}
