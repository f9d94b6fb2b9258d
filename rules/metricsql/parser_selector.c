// SPDX-License-Identifier: Apache-2.0
// Tokens to trees: selectors and strings. spec: vmalert MetricsQL §6.
#include "rules/metricsql/ident.h"
#include "rules/metricsql/parser.h"

// ---- strings -----------------------------------------------------------------------------------

// The token behind "+": does the string go on with it? A name does so unless it is called or has
// filters. Otherwise "+" is the current token again: an operator.
static bool continues(struct mql_parser *p, struct mql_token plus, bool *ret)
{
    *ret = p->token.kind == MQL_TOKEN_STRING;
    if (*ret)
        return true;
    if (p->token.kind != MQL_TOKEN_IDENT) {
        mql_unread(p, plus);
        return true;
    }
    struct mql_token name = p->token;
    if (!mql_next(p))
        return false;
    *ret = !mql_is_sign(p, '(') && !mql_is_sign(p, '{');
    mql_unread(p, name);
    if (!*ret)
        mql_unread(p, plus);
    return true;
}

struct mql_expr *mql_parse_string(struct mql_parser *p)
{
    struct mql_expr *e = mql_node(p->mem, MQL_STRING);
    struct mql_names tokens = {0};
    for (bool goes_on = true; goes_on;) {
        if (p->token.kind != MQL_TOKEN_STRING && p->token.kind != MQL_TOKEN_IDENT)
            return mql_unexpected_null(p, "StringExpr", "\"string\"");
        mql_names_add(&tokens, p->mem, p->token.text);
        if (!mql_next(p))
            return NULL;
        goes_on = mql_is_sign(p, '+');
        struct mql_token plus = p->token;
        if (goes_on && (!mql_next(p) || !continues(p, plus, &goes_on)))
            return NULL;
    }
    e->string.source_tokens = (struct mql_tokens){tokens.items, tokens.count};
    return e;
}

// ---- selectors ---------------------------------------------------------------------------------

static bool parse_filter_op(struct mql_parser *p, struct mql_source_filter *f, bool *ret_is_alone)
{
    str text = p->token.text;
    bool is_sign = p->token.kind == MQL_TOKEN_SIGN;
    *ret_is_alone = mql_is_sign(p, ',') || mql_is_sign(p, '}') || mql_is_word(p, S("or"));
    f->is_negative = is_sign && (str_eq(text, S("!=")) || str_eq(text, S("!~")));
    f->is_regexp = is_sign && (str_eq(text, S("=~")) || str_eq(text, S("!~")));
    if (*ret_is_alone || f->is_negative || f->is_regexp || mql_is_sign(p, '='))
        return true;
    return mql_unexpected(p, "labelFilterExpr",
                          "\"=\", \"!=\", \"=~\", \"!~\", \",\", \"or\", \"}\"");
}

// label="value"; a label alone stands for a template, a quoted one perhaps for the metric's name.
static bool parse_filter(struct mql_parser *p, struct mql_source_filter *f)
{
    f->is_quoted = p->token.kind == MQL_TOKEN_STRING;
    if (f->is_quoted)
        p->token.text = str_slice(p->token.text, 1, p->token.text.n - 1);
    else if (p->token.kind != MQL_TOKEN_IDENT)
        return mql_unexpected(p, "labelFilterExpr", "\"ident\"");
    f->label = mql_ident_unescape(p->mem, p->token.text);
    bool is_alone;
    if (!mql_next(p) || !parse_filter_op(p, f, &is_alone))
        return false;
    if (is_alone)
        return true;
    struct mql_expr *value = mql_next(p) ? mql_parse_string(p) : NULL;
    if (!value)
        return false;
    f->value = &value->string;
    const struct mql_tokens *tokens = &value->string.source_tokens;
    if (tokens->count == 1 && mql_is_quoted(tokens->items[0]) &&
        str_eq(f->label, METRIC_NAME_LABEL)) // shown in front of the braces; errors come later
        mql_unquote(p->mem, tokens->items[0], &value->string.value, NULL);
    return true;
}

struct filter_list {
    struct mql_source_filter *items;
    size_t count, cap;
};

static struct mql_source_filter *filter_add(struct filter_list *l, struct arena *mem)
{
    l->items = mql_grow(mem, l->items, l->count, &l->cap, sizeof(*l->items));
    return &l->items[l->count++];
}

// One alternative: up to "or" or the closing brace.
static bool parse_filters(struct mql_parser *p, const struct mql_source_filter *metric,
                          struct mql_source_filters *ret)
{
    struct filter_list list = {0};
    if (metric)
        *filter_add(&list, p->mem) = *metric;
    for (;;) {
        if (!parse_filter(p, filter_add(&list, p->mem)))
            return false;
        if (mql_is_word(p, S("or")) || mql_is_sign(p, '}'))
            break;
        if (!mql_is_sign(p, ','))
            return mql_unexpected(p, "labelFilters", "\",\", \"or\", \"}\"");
        if (!mql_next(p))
            return false;
        if (mql_is_sign(p, '}'))
            break;
    }
    *ret = (struct mql_source_filters){list.items, list.count};
    return true;
}

static bool parse_braces(struct mql_parser *p, const struct mql_source_filter *metric,
                         struct mql_selector *s)
{
    size_t cap = 0;
    do { // behind the opening brace or an "or"
        if (!mql_next(p))
            return false;
        if (s->source_count == 0 && !metric && mql_is_sign(p, '}'))
            break; // {}
        s->source = mql_grow(p->mem, s->source, s->source_count, &cap, sizeof(*s->source));
        struct mql_source_filters *alternative = &s->source[s->source_count++];
        if (metric && s->source_count == 1 && mql_is_sign(p, '}')) {
            alternative->items = arena_new(p->mem, struct mql_source_filter);
            alternative->items[0] = *metric;
            alternative->count = 1;
        } else if (!parse_filters(p, metric, alternative)) {
            return false;
        }
    } while (!mql_is_sign(p, '}'));
    return mql_next(p);
}

struct mql_expr *mql_parse_selector(struct mql_parser *p)
{
    struct mql_expr *e = mql_node(p->mem, MQL_SELECTOR);
    struct mql_source_filter metric = {.label = METRIC_NAME_LABEL};
    bool has_metric = p->token.kind == MQL_TOKEN_IDENT;
    if (has_metric) {
        str name = mql_ident_unescape(p->mem, p->token.text);
        metric.value = &mql_node_string(p->mem, name)->string;
        if (!mql_next(p))
            return NULL;
        if (!mql_is_sign(p, '{')) {
            e->selector.source = arena_new(p->mem, struct mql_source_filters);
            e->selector.source->items = arena_new(p->mem, struct mql_source_filter);
            e->selector.source->items[0] = metric;
            e->selector.source->count = e->selector.source_count = 1;
            return e;
        }
    }
    return parse_braces(p, has_metric ? &metric : NULL, &e->selector) ? e : NULL;
}
