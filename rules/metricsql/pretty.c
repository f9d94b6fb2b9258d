// SPDX-License-Identifier: Apache-2.0
// Expressions over several lines: what fits on one line of 80 bytes stays on it.
#include "rules/metricsql/ident.h"
#include "rules/metricsql/node.h"
#include "rules/metricsql/print.h"

#define LINE_BYTES_MAX 80

static void put_indent(struct buf *b, size_t level)
{
    buf_put_fill(b, ' ', 2 * level);
}

static void put_line(struct buf *b, size_t level, const char *text)
{
    put_indent(b, level);
    buf_put(b, str_c(text));
}

static void put_pretty(struct buf *b, const struct mql_expr *e, size_t level, bool needs_parens);

static void put_args(struct buf *b, const struct mql_expr *e, size_t level)
{
    put_indent(b, level);
    buf_put_mql_ident(b, e->call.name);
    buf_put(b, S("(\n"));
    for (size_t i = 0; i < e->call.count; i++) {
        put_pretty(b, e->call.args[i], level + 1, false);
        buf_put(b, i + 1 < e->call.count ? S(",\n") : S("\n"));
    }
    put_line(b, level, ")");
    buf_put_mql_call_modifiers(b, e);
}

static void put_binary(struct buf *b, const struct mql_binary *op, size_t level)
{
    if (op->keep_metric_names)
        put_line(b, level++, "(\n");
    put_pretty(b, op->left, level, mql_left_needs_parens(op));
    buf_put_c(b, '\n');
    put_indent(b, level + 1);
    buf_put_mql_operator(b, op);
    buf_put_c(b, '\n');
    put_pretty(b, op->right, level, mql_right_needs_parens(op));
    if (op->keep_metric_names) {
        buf_put_c(b, '\n');
        put_line(b, level - 1, ") keep_metric_names");
    }
}

static bool put_template_line(struct buf *b, const struct mql_template *t, size_t level)
{
    struct buf line = {.max = LINE_BYTES_MAX};
    put_indent(&line, level);
    buf_put_mql_template(&line, t);
    bool fits = !line.is_full;
    if (fits)
        buf_put(b, buf_str(&line));
    buf_done(&line);
    return fits;
}

static void put_template(struct buf *b, const struct mql_template *t, size_t level)
{
    if (put_template_line(b, t, level))
        return;
    put_indent(b, level);
    buf_put_mql_ident(b, t->name);
    for (size_t i = 0; i < t->param_count; i++) {
        buf_put(b, i ? S(", ") : S("("));
        buf_put_mql_ident(b, t->params[i]);
    }
    buf_put(b, t->param_count ? S(") = (\n") : S(" = (\n"));
    put_pretty(b, t->body, level + 1, false);
    buf_put_c(b, '\n');
    put_line(b, level, ")");
}

static void put_with(struct buf *b, const struct mql_with *w, size_t level)
{
    put_line(b, level, "WITH (\n");
    for (size_t i = 0; i < w->count; i++) {
        put_template(b, &w->templates[i], level + 1);
        buf_put(b, S(",\n"));
    }
    put_line(b, level, ")\n");
    put_pretty(b, w->body, level, false);
}

// Filters of one alternative, on one line or on one each.
static void put_filters(struct buf *b, const struct mql_source_filter *filters, size_t count,
                        size_t level)
{
    struct buf line = {.max = LINE_BYTES_MAX};
    put_indent(&line, level);
    for (size_t i = 0; i < count && !line.is_full; i++) {
        buf_put(&line, i ? S(",") : S(""));
        buf_put_mql_source_filter(&line, &filters[i]);
    }
    if (!line.is_full)
        buf_put(b, buf_str(&line));
    for (size_t i = 0; i < count && line.is_full; i++) {
        put_indent(b, level);
        buf_put_mql_source_filter(b, &filters[i]);
        buf_put(b, i + 1 < count ? S(",\n") : S(""));
    }
    buf_done(&line);
}

static void put_selector(struct buf *b, const struct mql_selector *s, size_t level)
{
    str name = mql_selector_source_name(s);
    bool is_quoted = mql_ident_needs_escapes(name);
    put_indent(b, level);
    if (!is_quoted)
        buf_put_mql_metric(b, name);
    if (mql_selector_is_only_source_name(s)) {
        if (is_quoted) {
            buf_put_c(b, '{');
            buf_put_mql_ident_quoted(b, name);
            buf_put_c(b, '}');
        }
        return;
    }
    buf_put(b, S("{\n"));
    if (is_quoted) {
        buf_put_mql_ident_quoted(b, name);
        buf_put(b, S(", \n"));
    }
    size_t from = name.n > 0;
    bool is_first = true;
    for (size_t i = 0; i < s->source_count; i++) {
        if (s->source[i].count <= from)
            continue;
        if (!is_first)
            put_line(b, level + 2, "or\n");
        is_first = false;
        put_filters(b, s->source[i].items + from, s->source[i].count - from, level + 1);
        buf_put_c(b, '\n');
    }
    put_line(b, level, "}");
}

static void put_lines(struct buf *b, const struct mql_expr *e, size_t level)
{
    switch (e->kind) {
    case MQL_NUMBER:
    case MQL_STRING:
    case MQL_DURATION:
        buf_put_mql(b, e);
        return;
    case MQL_SELECTOR:
        put_selector(b, &e->selector, level);
        return;
    case MQL_ROLLUP:
        put_pretty(b, e->rollup.expr, level, mql_rollup_needs_parens(&e->rollup));
        buf_put_mql_window(b, &e->rollup);
        return;
    case MQL_CALL:
    case MQL_AGGREGATE:
    case MQL_PARENS:
        put_args(b, e, level);
        return;
    case MQL_BINARY:
        put_binary(b, &e->binary, level);
        return;
    case MQL_WITH:
        put_with(b, &e->with, level);
        return;
    }
}

static bool put_on_one_line(struct buf *b, const struct mql_expr *e, size_t level,
                            bool needs_parens)
{
    struct buf line = {.max = LINE_BYTES_MAX};
    put_indent(&line, level);
    buf_put(&line, needs_parens ? S("(") : S(""));
    buf_put_mql(&line, e);
    buf_put(&line, needs_parens ? S(")") : S(""));
    bool fits = !line.is_full;
    if (fits)
        buf_put(b, buf_str(&line));
    buf_done(&line);
    return fits;
}

static void put_pretty(struct buf *b, const struct mql_expr *e, size_t level, bool needs_parens)
{
    if (put_on_one_line(b, e, level, needs_parens))
        return;
    if (!needs_parens) {
        put_lines(b, e, level);
        return;
    }
    put_line(b, level, "(\n");
    put_lines(b, e, level + 1);
    buf_put_c(b, '\n');
    put_line(b, level, ")");
}

bool buf_put_mql_pretty(struct buf *b, str text, struct err *err)
{
    struct arena mem = {0};
    const struct mql_expr *e = mql_parse_source(text, &mem, err);
    if (e)
        put_pretty(b, e, 0, false);
    arena_done(&mem);
    return e != NULL;
}
