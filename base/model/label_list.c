// SPDX-License-Identifier: Apache-2.0
#include "base/model/label_list.h"

#include "base/text/unicode.h"

#define NAME_LABEL S("__name__")

// ---- the list ----------------------------------------------------------------------------------

void label_list_add(struct label_list *l, str name, str value)
{
    if (l->count == l->cap) {
        size_t cap = l->cap ? 2 * l->cap : 16;
        struct label *grown = arena_array(l->mem, struct label, cap);
        if (l->count)
            memcpy(grown, l->items, l->count * sizeof(*grown));
        l->items = grown;
        l->cap = cap;
    }
    l->items[l->count++] = (struct label){name, value};
}

void label_list_copy(struct label_list *to, const struct label_list *from)
{
    if (to->cap < from->count) {
        to->items = arena_array(to->mem, struct label, from->count);
        to->cap = from->count;
    }
    if (from->count)
        memcpy(to->items, from->items, from->count * sizeof(*to->items));
    to->count = from->count;
}

static struct label *find(const struct label_list *l, str name)
{
    for (size_t i = 0; i < l->count; i++) {
        if (str_eq(l->items[i].name, name))
            return &l->items[i];
    }
    return NULL;
}

str label_list_get(const struct label_list *l, str name)
{
    const struct label *label = find(l, name);
    return label ? label->value : (str){0};
}

void label_list_set(struct label_list *l, str name, str value)
{
    struct label *label = find(l, name);
    if (label)
        label->value = value;
    else
        label_list_add(l, name, value);
}

void label_list_set_given(struct label_list *l, str name, str value)
{
    if (name.n && value.n)
        label_list_set(l, name, value);
}

void label_list_sort(struct label_list *l)
{
    label_sort(l->items, l->count);
}

static void remove_if(struct label_list *l, bool (*is_unwanted)(const struct label *))
{
    size_t kept = 0;
    for (size_t i = 0; i < l->count; i++) {
        if (!is_unwanted(&l->items[i]))
            l->items[kept++] = l->items[i];
    }
    l->count = kept;
}

static bool is_empty(const struct label *l)
{
    return l->name.n == 0 || l->value.n == 0;
}

static bool is_meta(const struct label *l)
{
    return str_starts(l->name, S("__meta_"));
}

static bool is_hidden(const struct label *l)
{
    return str_starts(l->name, S("__"));
}

static bool is_hidden_but_metric(const struct label *l)
{
    return is_hidden(l) && !str_eq(l->name, NAME_LABEL);
}

void label_list_remove_empty(struct label_list *l)
{
    remove_if(l, is_empty);
}

void label_list_remove_meta(struct label_list *l)
{
    remove_if(l, is_meta);
}

void label_list_remove_hidden(struct label_list *l, bool with_metric)
{
    remove_if(l, with_metric ? is_hidden_but_metric : is_hidden);
}

// ---- texts --------------------------------------------------------------------------------------

static void put_label(struct buf *b, const struct label *l, bool *is_first)
{
    if (!*is_first)
        buf_put_c(b, ',');
    *is_first = false;
    buf_put(b, l->name);
    buf_put_c(b, '=');
    buf_put_quoted(b, l->value);
}

void buf_put_label_list(struct buf *b, const struct label_list *l)
{
    bool is_first = true;
    buf_put_c(b, '{');
    for (size_t i = 0; i < l->count; i++)
        put_label(b, &l->items[i], &is_first);
    buf_put_c(b, '}');
}

void buf_put_metric(struct buf *b, const struct label_list *l)
{
    struct arena_mark mark = arena_mark(l->mem);
    struct label_list sorted = {.mem = l->mem};
    label_list_copy(&sorted, l);
    label_list_sort(&sorted);
    const struct label *metric = find(&sorted, NAME_LABEL);
    if (metric)
        buf_put(b, metric->value);
    if (!metric || metric->value.n == 0 || sorted.count > 1) {
        bool is_first = true;
        buf_put_c(b, '{');
        for (size_t i = 0; i < sorted.count; i++) {
            if (&sorted.items[i] != metric)
                put_label(b, &sorted.items[i], &is_first);
        }
        buf_put_c(b, '}');
    }
    arena_rewind(l->mem, mark);
}

// ---- names --------------------------------------------------------------------------------------

static bool is_name_char(char c, bool with_colon)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           (with_colon && c == ':');
}

static str sanitized(str name, bool with_colon, struct arena *mem)
{
    size_t fine = 0;
    while (fine < name.n && is_name_char(name.p[fine], with_colon))
        fine++;
    if (fine == name.n)
        return name;
    char *copy = arena_alloc_raw(mem, name.n);
    size_t n = 0;
    for (size_t i = 0, width; i < name.n; i += width) {
        utf8_decode(str_skip(name, i), &width);
        char c = name.p[i];
        copy[n++] = (char)(is_name_char(c, with_colon) ? c : '_');
    }
    return str_from(copy, n);
}

str metric_name_sanitized(str name, struct arena *mem)
{
    return sanitized(name, true, mem);
}

str label_name_sanitized(str name, struct arena *mem)
{
    return sanitized(name, false, mem);
}
