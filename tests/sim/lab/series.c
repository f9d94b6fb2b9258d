// SPDX-License-Identifier: Apache-2.0
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>

#include "base/core/alloc.h"
#include "tests/sim/lab/lab.h"

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void series_sort(struct series *s)
{
    if (s->count > 1)
        qsort(s->values, s->count, sizeof(double), by_value);
}

double series_sum(struct series *s)
{
    double sum = 0;
    series_sort(s);
    for (size_t i = 0; i < s->count; i++)
        sum += s->values[i];
    return sum;
}

double series_mean(struct series *s)
{
    return s->count ? series_sum(s) / (double)s->count : 0;
}

double series_quantile(struct series *s, double q)
{
    if (s->count == 0)
        return 0;
    series_sort(s);
    size_t rank = (size_t)ceil(q * (double)s->count);
    return s->values[MAX(rank, 1) - 1];
}

// ---- tables --------------------------------------------------------------------------------

void table_start(struct table *t, const char *const *headers, size_t columns)
{
    assert(columns > 0 && columns <= CELLS_MAX);
    *t = (struct table){.columns = columns};
    for (size_t i = 0; i < columns; i++)
        t->headers[i] = headers[i];
}

void table_cell(struct table *t, const char *fmt, ...)
{
    char text[64];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    buf_put(&t->text, str_from(text, strlen(text) + 1));
    t->cells++;
}

// Columns that a letter or a sign outside ASCII takes on the screen: one per character.
static int text_width(const char *text)
{
    int width = 0;
    for (; *text; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

static void print_padded(const char *text, int width, bool is_left)
{
    int padding = width - text_width(text);
    if (is_left)
        printf("%s%*s", text, padding, "");
    else
        printf("%*s%s", padding, "", text);
}

static void print_rule(const int *widths, size_t columns)
{
    for (size_t c = 0; c < columns; c++) {
        printf(c ? " | " : "| ");
        for (int i = 0; i < widths[c]; i++)
            putchar(c > 0 && i == widths[c] - 1 ? ':' : '-');
    }
    printf(" |\n");
}

void table_print(struct table *t, bool is_markdown)
{
    int widths[CELLS_MAX];
    assert(t->columns > 0);
    const char *separator = is_markdown ? " | " : "  ";
    for (size_t c = 0; c < t->columns; c++)
        widths[c] = MAX(3, text_width(t->headers[c]));
    const char *cell = t->text.p;
    for (size_t i = 0; i < t->cells; i++, cell += strlen(cell) + 1)
        widths[i % t->columns] = MAX(widths[i % t->columns], text_width(cell));
    for (size_t c = 0; c < t->columns; c++) {
        printf("%s", c ? separator : is_markdown ? "| " : "");
        print_padded(t->headers[c], widths[c], c == 0);
    }
    printf("%s\n", is_markdown ? " |" : "");
    if (is_markdown)
        print_rule(widths, t->columns);
    cell = t->text.p;
    for (size_t i = 0; i < t->cells; i++, cell += strlen(cell) + 1) {
        size_t c = i % t->columns;
        printf("%s", c ? separator : is_markdown ? "| " : "");
        print_padded(cell, widths[c], c == 0);
        if (c == t->columns - 1)
            printf("%s\n", is_markdown ? " |" : "");
    }
    printf("\n");
    buf_done(&t->text);
    t->cells = 0;
}

size_t check_between(const struct row *row, const char *what, double value, double min, double max)
{
    bool is_good = value >= min && value <= max;
    printf("%s %s, %zu members, %.0f %% loss: %s is %.4g, bound %.4g to %.4g\n",
           is_good ? "ok  " : "FAIL", row->experiment->name, row->size, row->loss_percent, what,
           value, min, max);
    return !is_good;
}
