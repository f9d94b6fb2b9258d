// SPDX-License-Identifier: Apache-2.0
#include "rules/metricsql/node.h"

#include "base/text/unicode.h"
#include "rules/metricsql/metricsql.h"

struct mql_expr *mql_node(struct arena *mem, enum mql_kind kind)
{
    struct mql_expr *e = arena_new(mem, struct mql_expr);
    e->kind = kind;
    e->height = 1;
    return e;
}

struct mql_expr *mql_node_copy(struct arena *mem, const struct mql_expr *e)
{
    struct mql_expr *copy = arena_alloc_raw(mem, sizeof(*copy));
    *copy = *e;
    return copy;
}

struct mql_expr *mql_node_number(struct arena *mem, double value)
{
    struct mql_expr *e = mql_node(mem, MQL_NUMBER);
    e->number.value = value;
    return e;
}

struct mql_expr *mql_node_string(struct arena *mem, str value)
{
    struct mql_expr *e = mql_node(mem, MQL_STRING);
    e->string.value = value;
    return e;
}

struct mql_expr *mql_node_metric(struct arena *mem, str name)
{
    struct mql_expr *e = mql_node(mem, MQL_SELECTOR);
    struct mql_filter_list filters = {0};
    mql_filter_add(&filters, mem, (struct mql_filter){.label = METRIC_NAME_LABEL, .value = name});
    e->selector.alternatives = arena_new(mem, struct mql_filters);
    e->selector.alternatives[0] = (struct mql_filters){filters.items, filters.count};
    e->selector.count = 1;
    return e;
}

static uint32_t height_of(const struct mql_expr *e)
{
    return e ? e->height : 0;
}

static uint32_t height_of_children(const struct mql_expr *e)
{
    uint32_t height = 0;
    switch (e->kind) {
    case MQL_NUMBER:
    case MQL_STRING:
    case MQL_DURATION:
    case MQL_SELECTOR:
        return 0;
    case MQL_ROLLUP:
        return MAX(height_of(e->rollup.expr), height_of(e->rollup.at));
    case MQL_CALL:
    case MQL_AGGREGATE:
    case MQL_PARENS:
        for (size_t i = 0; i < e->call.count; i++)
            height = MAX(height, e->call.args[i]->height);
        return height;
    case MQL_BINARY:
        return MAX(e->binary.left->height, e->binary.right->height);
    case MQL_WITH:
        for (size_t i = 0; i < e->with.count; i++)
            height = MAX(height, e->with.templates[i].body->height);
        return MAX(height, e->with.body->height);
    }
    return height;
}

bool mql_node_measure(struct mql_expr *e, struct err *err)
{
    bool is_transparent = e->kind == MQL_PARENS && e->call.count == 1; // it is dropped later
    e->height = height_of_children(e) + !is_transparent;
    return e->height <= MQL_HEIGHT_MAX ||
           err_set(err, ERR_LIMIT, "the expression nests more than %d levels deep", MQL_HEIGHT_MAX);
}

// ---- lists -------------------------------------------------------------------------------------

void *mql_grow(struct arena *mem, void *items, size_t count, size_t *cap, size_t item_bytes)
{
    if (count < *cap)
        return items;
    *cap = MAX(*cap * 2, 4);
    void *grown = arena_array_bytes(mem, *cap, item_bytes);
    if (count)
        memcpy(grown, items, count * item_bytes);
    return grown;
}

void mql_list_add(struct mql_list *l, struct arena *mem, struct mql_expr *e)
{
    l->items = mql_grow(mem, l->items, l->count, &l->cap, sizeof(struct mql_expr *));
    l->items[l->count++] = e;
}

void mql_names_add(struct mql_names *l, struct arena *mem, str name)
{
    l->items = mql_grow(mem, l->items, l->count, &l->cap, sizeof(*l->items));
    l->items[l->count++] = name;
}

bool mql_names_has(const str *names, size_t count, str name)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq(names[i], name))
            return true;
    }
    return false;
}

// ---- selectors ---------------------------------------------------------------------------------

void mql_filter_add(struct mql_filter_list *l, struct arena *mem, struct mql_filter f)
{
    l->items = mql_grow(mem, l->items, l->count, &l->cap, sizeof(*l->items));
    l->items[l->count++] = f;
}

bool mql_filter_eq(const struct mql_filter *a, const struct mql_filter *b)
{
    return a->is_negative == b->is_negative && a->is_regexp == b->is_regexp &&
           str_eq(a->label, b->label) && str_eq(a->value, b->value);
}

bool mql_filter_is_name(const struct mql_filter *f)
{
    return !f->is_negative && !f->is_regexp && str_eq(f->label, METRIC_NAME_LABEL);
}

str mql_selector_name(const struct mql_selector *s)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct mql_filters *alternative = &s->alternatives[i];
        if (alternative->count == 0 || !mql_filter_is_name(&alternative->items[0]) ||
            !str_eq(alternative->items[0].value, s->alternatives[0].items[0].value))
            return (str){0};
    }
    return s->count ? s->alternatives[0].items[0].value : (str){0};
}

static str source_filter_name(const struct mql_source_filter *f)
{
    bool is_name = f->value && !f->is_negative && !f->is_regexp &&
                   f->value->source_tokens.count <= 1 && str_eq(f->label, METRIC_NAME_LABEL);
    if (is_name)
        return f->value->value;
    return f->is_quoted && !f->value ? f->label : (str){0};
}

str mql_selector_source_name(const struct mql_selector *s)
{
    str name = {0};
    for (size_t i = 0; i < s->source_count; i++) {
        const struct mql_source_filters *alternative = &s->source[i];
        str other = alternative->count ? source_filter_name(&alternative->items[0]) : (str){0};
        if (i == 0)
            name = other;
        if (other.n == 0 || !str_eq(name, other))
            return (str){0};
    }
    return name;
}

bool mql_selector_is_only_name(const struct mql_selector *s)
{
    if (mql_selector_name(s).n == 0)
        return false;
    for (size_t i = 0; i < s->count; i++) {
        if (s->alternatives[i].count > 1)
            return false;
    }
    return true;
}

// ---- strings -----------------------------------------------------------------------------------

// '…' as a literal in double quotes.
static str requote(struct arena *mem, str literal)
{
    struct buf out = {.mem = mem};
    buf_put_c(&out, '"');
    for (size_t i = 1; i + 1 < literal.n; i++) {
        bool is_escaped_quote =
            literal.p[i] == '\\' && literal.p[i + 1] == '\'' && i + 2 < literal.n;
        i += is_escaped_quote;
        if (literal.p[i] == '"')
            buf_put_c(&out, '\\');
        buf_put_c(&out, literal.p[i]);
    }
    buf_put_c(&out, '"');
    return buf_str(&out);
}

bool mql_unquote(struct arena *mem, str literal, str *ret, struct err *err)
{
    str inner = str_slice(literal, 1, literal.n - 1);
    bool is_plain = literal.p[0] != '`' && str_find(inner, '\\') == STR_NONE &&
                    str_find(inner, '\n') == STR_NONE && str_find(inner, '"') == STR_NONE;
    if (is_plain && utf8_is_valid(inner)) {
        *ret = inner;
        return true;
    }
    if (literal.p[0] == '\'')
        literal = requote(mem, literal);
    struct buf out = {.mem = mem};
    if (!unquote_go(literal, &out))
        return err_set(err, ERR_SYNTAX, "cannot parse string literal %.*s: invalid syntax",
                       STR(mql_quote(mem, literal)));
    *ret = buf_str(&out);
    return true;
}

bool mql_join_strings(struct arena *mem, str a, str b, str *ret, struct err *err)
{
    struct buf out = {.mem = mem, .max = MQL_STRING_BYTES_MAX};
    buf_put(&out, a);
    buf_put(&out, b);
    *ret = buf_str(&out);
    return !out.is_full ||
           err_set(err, ERR_LIMIT, "a string is longer than %zu bytes", MQL_STRING_BYTES_MAX);
}

// ---- error texts -------------------------------------------------------------------------------

str mql_quote(struct arena *mem, str s)
{
    struct buf quoted = {.mem = mem};
    buf_put_quoted(&quoted, str_slice(s, 0, ERR_TEXT_BYTES));
    return buf_str(&quoted);
}

str mql_quote_expr(struct arena *mem, const struct mql_expr *e)
{
    struct buf text = {.mem = mem, .max = ERR_TEXT_BYTES};
    buf_put_mql(&text, e);
    return mql_quote(mem, buf_str(&text));
}
