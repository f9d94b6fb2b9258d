// SPDX-License-Identifier: Apache-2.0
// Expanding selectors: templates in braces and in place of the metric's name. spec: vmalert
// MetricsQL §6, §8.
#include "base/core/hash.h"
#include "base/core/map.h"
#include "base/text/regex.h"
#include "rules/metricsql/metricsql.h"
#include "rules/metricsql/templates.h"

// ---- lists of filters --------------------------------------------------------------------------

static uint64_t filter_hash(const struct mql_filter *f)
{
    uint64_t op = (uint64_t)f->is_negative << 1 | (uint64_t)f->is_regexp;
    return hash_mix(hash_seeded(op, f->label), hash_seeded(op, f->value));
}

static bool filter_has_key(const void *item, const void *key)
{
    return mql_filter_eq(item, key);
}

#define FEW_FILTERS 16 // no table is needed to compare these

static bool has_filter(const struct mql_filters *l, const struct mql_filter *f, struct map *seen)
{
    if (l->count < FEW_FILTERS) {
        for (size_t i = 0; i < l->count; i++) {
            if (mql_filter_eq(&l->items[i], f))
                return true;
        }
        return false;
    }
    if (seen->count == 0) {
        for (size_t i = 0; i < l->count; i++)
            map_insert(seen, filter_hash(&l->items[i]), &l->items[i]);
    }
    return map_find(seen, filter_hash(f), filter_has_key, f) != NULL;
}

// The list without what comes again, in the same order.
static struct mql_filters without_duplicates(const struct mql_filter_list *l)
{
    struct mql_filters out = {l->items, 0};
    defer(map_done) struct map seen = {0};
    for (size_t i = 0; i < l->count; i++) {
        struct mql_filter f = l->items[i];
        if (has_filter(&out, &f, &seen))
            continue;
        out.items[out.count++] = f;
        if (seen.count > 0)
            map_insert(&seen, filter_hash(&f), &out.items[out.count - 1]);
    }
    return out;
}

static bool add_all(struct mql_expander *x, struct mql_filter_list *out,
                    const struct mql_filters *filters, size_t from)
{
    for (size_t i = from; i < filters->count; i++)
        mql_filter_add(out, x->mem, filters->items[i]);
    return mql_expand_count(x, filters->count);
}

static void put_in_front(struct mql_expander *x, struct mql_filter_list *l, str name)
{
    mql_filter_add(l, x->mem, (struct mql_filter){0});
    memmove(l->items + 1, l->items, (l->count - 1) * sizeof(*l->items));
    l->items[0] = (struct mql_filter){.label = METRIC_NAME_LABEL, .value = name};
}

// ---- filters as written ------------------------------------------------------------------------

// One alternative on its way from the written to the expanded form.
struct alternative {
    struct mql_filter_list filters;
    str name; // of the metric; empty: none yet
};

static bool set_name(struct mql_expander *x, struct alternative *a, str name)
{
    if (a->name.n && !str_eq(a->name, name))
        return err_set(x->err, ERR_INVALID,
                       "parse error: metric name must not be set twice: %.*s or %.*s",
                       STR(mql_quote(x->mem, a->name)), STR(mql_quote(x->mem, name)));
    put_in_front(x, &a->filters, name);
    a->name = name;
    return true;
}

// A label without a value: a template that is {…}, or the metric's name in quotes.
static bool add_template(struct mql_expander *x, struct mql_scope scope, const struct mql_expr *e,
                         const struct mql_source_filter *s, struct alternative *a)
{
    struct mql_found f;
    if (!mql_find_template(x, scope, s->label, &f))
        return false;
    if (!f.template && s->is_quoted)
        return set_name(x, a, s->label);
    if (!f.template)
        return err_set(x->err, ERR_INVALID, "cannot find WITH template for %.*s inside %.*s",
                       STR(mql_quote(x->mem, s->label)), STR(mql_quote_expr(x->mem, e)));
    struct mql_expr *body = mql_apply(x, &f, MQL_NO_ARGS, 0);
    if (!body)
        return false;
    if (body->kind != MQL_SELECTOR || mql_selector_name(&body->selector).n > 0)
        return err_set(x->err, ERR_INVALID,
                       "WITH template %.*s inside %.*s must be {...}; got %.*s",
                       STR(mql_quote(x->mem, s->label)), STR(mql_quote_expr(x->mem, e)),
                       STR(mql_quote_expr(x->mem, body)));
    if (body->selector.count > 1) {
        struct buf text = {.mem = x->mem, .max = ERR_TEXT_BYTES};
        buf_put_mql(&text, body);
        return err_set(
            x->err, ERR_INVALID, "WITH template %.*s at %.*s must be {...} without 'or'; got %.*s",
            STR(mql_quote(x->mem, s->label)), STR(mql_quote_expr(x->mem, e)), STR(buf_str(&text)));
    }
    return body->selector.count == 0 || add_all(x, &a->filters, &body->selector.alternatives[0], 0);
}

static bool check_regex(struct mql_expander *x, const struct mql_filter *f)
{
    struct regex *r = regex_new(f->value, REGEX_WHOLE, x->err);
    if (!r)
        return err_wrap(x->err, "invalid regexp in %.*s=%.*s", STR(f->label),
                        STR(mql_quote(x->mem, f->value)));
    regex_free(r);
    return true;
}

static bool add_filter(struct mql_expander *x, struct mql_scope scope,
                       const struct mql_source_filter *s, struct alternative *a)
{
    struct mql_filter f = {
        .label = s->label, .is_negative = s->is_negative, .is_regexp = s->is_regexp};
    if (!mql_expand_string(x, scope, s->value, &f.value) || (f.is_regexp && !check_regex(x, &f)))
        return false;
    if (mql_filter_is_name(&f))
        return set_name(x, a, f.value);
    mql_filter_add(&a->filters, x->mem, f);
    return mql_expand_count(x, 1);
}

static bool expand_alternative(struct mql_expander *x, struct mql_scope scope,
                               const struct mql_expr *e, const struct mql_source_filters *source,
                               struct alternative *a)
{
    for (size_t i = 0; i < source->count; i++) {
        const struct mql_source_filter *s = &source->items[i];
        if (!(s->value ? add_filter(x, scope, s, a) : add_template(x, scope, e, s, a)))
            return false;
    }
    return true;
}

// The name that all alternatives with a name agree on, or empty.
static str common_name(const struct alternative *list, size_t count)
{
    str name = {0};
    for (size_t i = 0; i < count; i++) {
        if (list[i].name.n && name.n && !str_eq(name, list[i].name))
            return (str){0};
        if (list[i].name.n)
            name = list[i].name;
    }
    return name;
}

static bool has_name_filter(const struct mql_filters *filters)
{
    for (size_t i = 0; i < filters->count; i++) {
        if (str_eq(filters->items[i].label, METRIC_NAME_LABEL))
            return true;
    }
    return false;
}

// What stands in the braces, templates replaced; the name in front is looked at later.
static struct mql_expr *expand_source(struct mql_expander *x, struct mql_scope scope,
                                      const struct mql_expr *e)
{
    size_t count = e->selector.source_count;
    struct alternative *list = arena_array(x->mem, struct alternative, count);
    struct mql_expr *out = mql_node(x->mem, MQL_SELECTOR);
    struct mql_selector *s = &out->selector;
    s->alternatives = arena_array(x->mem, struct mql_filters, count);
    s->count = count;
    for (size_t i = 0; i < count; i++) {
        if (!expand_alternative(x, scope, e, &e->selector.source[i], &list[i]))
            return NULL;
    }
    str name = common_name(list, count);
    for (size_t i = 0; i < count; i++) {
        s->alternatives[i] = without_duplicates(&list[i].filters);
        if (name.n == 0 || has_name_filter(&s->alternatives[i]))
            continue;
        list[i].filters.count = s->alternatives[i].count;
        put_in_front(x, &list[i].filters, name);
        s->alternatives[i] = (struct mql_filters){list[i].filters.items, list[i].filters.count};
    }
    return out;
}

// ---- the metric's name -------------------------------------------------------------------------

static struct mql_selector *selector_of(struct mql_expr *e) // perhaps in a rollup; or NULL
{
    if (e->kind == MQL_ROLLUP)
        e = e->rollup.expr;
    return e->kind == MQL_SELECTOR ? &e->selector : NULL;
}

// The filters of `body` and, but for the name, those of `s`: one of them has alternatives at most.
static struct mql_expr *merge(struct mql_expander *x, const struct mql_selector *body,
                              const struct mql_selector *s)
{
    struct mql_expr *out = mql_node(x->mem, MQL_SELECTOR);
    size_t count = body->count == 1 ? s->count : body->count;
    out->selector.alternatives = arena_array(x->mem, struct mql_filters, count + 1);
    out->selector.count = count;
    for (size_t i = 0; i < count; i++) {
        struct mql_filter_list list = {0};
        if (!add_all(x, &list, &body->alternatives[body->count == 1 ? 0 : i], 0) ||
            !add_all(x, &list, &s->alternatives[body->count == 1 ? i : 0], 1))
            return NULL;
        out->selector.alternatives[i] = without_duplicates(&list);
    }
    return out;
}

static struct mql_expr *replace_name(struct mql_expander *x, const struct mql_found *f,
                                     struct mql_expr *e)
{
    const struct mql_selector *s = &e->selector;
    struct mql_expr *body = mql_apply(x, f, NULL, 0);
    if (!body)
        return NULL;
    const struct mql_selector *inner = selector_of(body);
    if (mql_selector_is_only_name(s) && (!inner || inner->count != 1))
        return body;
    if (!inner) {
        err_set(x->err, ERR_INVALID, "cannot expand %.*s to non-metric expression %.*s",
                STR(mql_quote_expr(x->mem, e)), STR(mql_quote_expr(x->mem, body)));
        return NULL;
    }
    if (inner->count != 1 && s->count != 1) {
        struct mql_expr braces = {.kind = MQL_SELECTOR, .selector = *inner};
        struct buf text = {.mem = x->mem, .max = ERR_TEXT_BYTES};
        buf_put_mql(&text, &braces);
        err_set(x->err, ERR_INVALID, "%.*s mustn't contain 'or' filters; got %.*s",
                STR(mql_quote(x->mem, mql_selector_name(s))), STR(buf_str(&text)));
        return NULL;
    }
    struct mql_expr *merged = merge(x, inner, s);
    if (!merged || body->kind == MQL_SELECTOR)
        return merged;
    struct mql_expr *rollup = mql_node_copy(x->mem, body);
    rollup->rollup.expr = merged;
    return rollup;
}

struct mql_expr *mql_expand_selector(struct mql_expander *x, struct mql_scope scope,
                                     const struct mql_expr *e)
{
    if (e->selector.source_count == 0)
        return (struct mql_expr *)e; // expanded before, or {}
    struct mql_expr *out = expand_source(x, scope, e);
    str name = out ? mql_selector_name(&out->selector) : (str){0};
    if (name.n == 0)
        return out;
    struct mql_found f;
    if (!mql_find_template(x, scope, name, &f))
        return NULL;
    return f.template ? replace_name(x, &f, out) : out;
}
