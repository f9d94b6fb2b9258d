// SPDX-License-Identifier: Apache-2.0
#include "alertmanager/amtool/table.h"

#include "base/core/arena.h"
#include "base/core/utf8.h"

struct cell {
    str text;
    size_t width;
};

struct line {
    size_t first, count; // cells; the last one is what stands behind the last tab
};

struct table {
    struct buf *out;
    struct cell *cells;
    struct line *lines;
    size_t line_count;
    size_t widths[TABLE_COLUMNS_MAX]; // of the columns that the lines at hand share
    size_t width_count;
};

static bool is_tab(char c)
{
    return c == '\t' || c == '\v';
}

static void add_cell(struct table *t, size_t *count, str text)
{
    t->cells[(*count)++] = (struct cell){text, utf8_count(text)};
    t->lines[t->line_count].count++;
}

static void split(struct table *t, str text, struct arena *mem)
{
    size_t tabs = 0, ends = 0, cells = 0, from = 0;
    for (size_t i = 0; i < text.n; i++) {
        tabs += is_tab(text.p[i]);
        ends += text.p[i] == '\n';
    }
    t->cells = arena_array(mem, struct cell, tabs + ends + 1);
    t->lines = arena_array(mem, struct line, ends + 1);
    for (size_t i = 0; i < text.n; i++) {
        struct line *line = &t->lines[t->line_count];
        bool cuts = is_tab(text.p[i]) && line->count < TABLE_COLUMNS_MAX;
        if (!cuts && text.p[i] != '\n')
            continue;
        add_cell(t, &cells, str_slice(text, from, i));
        from = i + 1;
        if (!cuts)
            t->lines[++t->line_count].first = cells;
    }
    add_cell(t, &cells, str_skip(text, from)); // empty where the text ends in a line end
}

static void write_cell(struct buf *out, str text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (is_tab(text.p[i]))
            buf_put_c(out, ' ');
        else
            buf_put_c(out, text.p[i]);
    }
}

static void write_lines(struct table *t, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        for (size_t k = 0; k < t->lines[i].count; k++) {
            const struct cell *c = &t->cells[t->lines[i].first + k];
            write_cell(t->out, c->text);
            if (k < t->width_count)
                buf_put_fill(t->out, ' ', t->widths[k] - c->width);
        }
        if (i < t->line_count) // the last line has no end
            buf_put_c(t->out, '\n');
    }
}

static bool has_cell(const struct table *t, size_t line, size_t column)
{
    return column + 1 < t->lines[line].count;
}

// Lines [from, to) share the columns whose widths are known. Recursion: TABLE_COLUMNS_MAX.
static void format_lines(struct table *t, size_t from, size_t to)
{
    size_t column = t->width_count;
    for (size_t i = from; i < to; i++) {
        if (!has_cell(t, i, column))
            continue;
        write_lines(t, from, i);
        from = i;
        size_t width = 0;
        for (; i < to && has_cell(t, i, column); i++)
            width = MAX(width, t->cells[t->lines[i].first + column].width + TABLE_PADDING);
        t->widths[t->width_count++] = width;
        format_lines(t, from, i);
        t->width_count--;
        from = i;
    }
    write_lines(t, from, to);
}

static void put_page(struct buf *out, str text)
{
    struct arena mem = {0};
    struct table t = {.out = out};
    split(&t, text, &mem);
    format_lines(&t, 0, t.line_count + 1);
    arena_done(&mem);
}

void table_put(struct buf *out, str text)
{
    str page, rest;
    while (str_cut(text, '\f', &page, &rest)) {
        put_page(out, page);
        buf_put_c(out, '\n');
        text = rest;
    }
    put_page(out, text);
}
