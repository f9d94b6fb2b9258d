// SPDX-License-Identifier: Apache-2.0
#include "rules/metricsql/series.h"

#include <math.h>

#include "base/core/hash.h"
#include "base/text/unicode.h"
#include "rules/metricsql/node.h"

void mql_vec_add(struct mql_vec *v, struct arena *mem, struct mql_series *s)
{
    v->items = mql_grow(mem, v->items, v->count, &v->cap, sizeof(*v->items));
    v->items[v->count++] = s;
}

void mql_vec_add_all(struct mql_vec *v, struct arena *mem, const struct mql_vec *other)
{
    for (size_t i = 0; i < other->count; i++)
        mql_vec_add(v, mem, other->items[i]);
}

void mql_vec_reverse(struct mql_vec *v)
{
    for (size_t i = 0, j = v->count; i + 1 < j; i++) {
        struct mql_series *s = v->items[i];
        v->items[i] = v->items[--j];
        v->items[j] = s;
    }
}

bool mql_series_is_empty(const struct mql_series *s, size_t points)
{
    for (size_t i = 0; i < points; i++) {
        if (!isnan(s->values[i]))
            return false;
    }
    return true;
}

void mql_vec_remove_empty(struct mql_vec *v, size_t points)
{
    size_t kept = 0;
    for (size_t i = 0; i < v->count; i++) {
        if (!mql_series_is_empty(v->items[i], points))
            v->items[kept++] = v->items[i];
    }
    v->count = kept;
}

bool mql_vec_is_scalar(const struct mql_vec *v)
{
    return v->count == 1 && v->items[0]->name.n == 0 && v->items[0]->label_count == 0;
}

// ---- names and labels --------------------------------------------------------------------------

static bool is_name(str label)
{
    return str_eq(label, METRIC_NAME_LABEL);
}

static size_t find(const struct mql_series *s, str label) // or where it would stand
{
    size_t low = 0, high = s->label_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (str_cmp(s->labels[middle].name, label) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool has_at(const struct mql_series *s, size_t at, str label)
{
    return at < s->label_count && str_eq(s->labels[at].name, label);
}

str mql_series_get(const struct mql_series *s, str label)
{
    if (is_name(label))
        return s->name;
    size_t at = find(s, label);
    return has_at(s, at, label) ? s->labels[at].value : S("");
}

static void remove_at(struct mql_series *s, size_t at)
{
    memmove(&s->labels[at], &s->labels[at + 1], (s->label_count - at - 1) * sizeof(*s->labels));
    s->label_count--;
}

void mql_series_remove(struct mql_series *s, str label)
{
    if (is_name(label)) {
        s->name = S("");
        return;
    }
    size_t at = find(s, label);
    if (has_at(s, at, label))
        remove_at(s, at);
}

void mql_series_set(struct mql_series *s, struct arena *mem, str label, str value)
{
    if (is_name(label)) {
        s->name = value;
        return;
    }
    if (value.n == 0) {
        mql_series_remove(s, label);
        return;
    }
    size_t at = find(s, label);
    if (!has_at(s, at, label)) {
        s->labels = mql_grow(mem, s->labels, s->label_count, &s->label_cap, sizeof(*s->labels));
        memmove(&s->labels[at + 1], &s->labels[at], (s->label_count - at) * sizeof(*s->labels));
        s->label_count++;
    }
    s->labels[at] = (struct label){label, value};
}

// Keeps the labels that are named, or those that are not.
static void filter(struct mql_series *s, const str *names, size_t count, bool keeps)
{
    if (mql_names_has(names, count, METRIC_NAME_LABEL) != keeps)
        s->name = S("");
    size_t kept = 0;
    for (size_t i = 0; i < s->label_count; i++) {
        if (mql_names_has(names, count, s->labels[i].name) == keeps)
            s->labels[kept++] = s->labels[i];
    }
    s->label_count = kept;
}

void mql_series_keep_only(struct mql_series *s, const str *names, size_t count)
{
    filter(s, names, count, true);
}

void mql_series_drop(struct mql_series *s, const str *names, size_t count)
{
    filter(s, names, count, false);
}

void mql_series_set_labels(struct mql_series *s, struct arena *mem, const struct label *labels,
                           size_t count)
{
    s->labels = arena_array(mem, struct label, count + 1);
    s->label_cap = count + 1;
    s->label_count = count;
    if (count)
        memcpy(s->labels, labels, count * sizeof(*labels));
}

int mql_series_cmp(const struct mql_series *a, const struct mql_series *b)
{
    int order = str_cmp(a->name, b->name);
    for (size_t i = 0; order == 0 && i < a->label_count && i < b->label_count; i++) {
        order = str_cmp(a->labels[i].name, b->labels[i].name);
        if (order == 0)
            order = str_cmp(a->labels[i].value, b->labels[i].value);
    }
    if (order == 0)
        order = (a->label_count > b->label_count) - (a->label_count < b->label_count);
    return order;
}

static bool is_before(const void *ctx, const struct mql_series *a, const struct mql_series *b)
{
    (void)ctx;
    return mql_series_cmp(a, b) < 0;
}

void mql_vec_sort(struct mql_vec *v, struct arena *mem)
{
    mql_vec_sort_by(v, mem, is_before, NULL);
}

// Merges the neighbours [low, middle) and [middle, high) of `from` into `to`.
static void merge(struct mql_series **from, struct mql_series **to, size_t low, size_t middle,
                  size_t high, mql_less_fn *less, const void *ctx)
{
    size_t a = low, b = middle;
    for (size_t i = low; i < high; i++) {
        bool takes_b = a == middle || (b < high && less(ctx, from[b], from[a]));
        to[i] = takes_b ? from[b++] : from[a++];
    }
}

void mql_vec_sort_by(struct mql_vec *v, struct arena *mem, mql_less_fn *less, const void *ctx)
{
    if (v->count < 2)
        return;
    struct arena_mark mark = arena_mark(mem);
    struct mql_series **from = v->items;
    struct mql_series **to = arena_array(mem, struct mql_series *, v->count);
    for (size_t width = 1; width < v->count; width *= 2) {
        for (size_t low = 0; low < v->count; low += 2 * width)
            merge(from, to, low, MIN(low + width, v->count), MIN(low + 2 * width, v->count), less,
                  ctx);
        struct mql_series **swap = from;
        from = to;
        to = swap;
    }
    if (from != v->items)
        memcpy(v->items, from, v->count * sizeof(struct mql_series *));
    arena_rewind(mem, mark);
}

void buf_put_mql_series(struct buf *b, const struct mql_series *s, bool with_name)
{
    if (with_name)
        buf_put(b, s->name);
    buf_put_c(b, '{');
    for (size_t i = 0; i < s->label_count; i++) {
        if (i)
            buf_put(b, S(", "));
        buf_put(b, s->labels[i].name);
        buf_put_c(b, '=');
        buf_put_quoted(b, s->labels[i].value);
    }
    buf_put_c(b, '}');
}

static void put_part(struct buf *b, str s) // its length keeps parts apart
{
    uint64_t n = s.n;
    buf_put(b, str_from(&n, sizeof(n)));
    buf_put(b, s);
}

str mql_series_key(const struct mql_series *s, struct arena *mem)
{
    struct buf b = {.mem = mem};
    put_part(&b, s->name);
    for (size_t i = 0; i < s->label_count; i++) {
        put_part(&b, s->labels[i].name);
        put_part(&b, s->labels[i].value);
    }
    return buf_str(&b);
}

// ---- groups ------------------------------------------------------------------------------------

#define GROUPS_HASH_SEED 0x6d716c67726f7570 // results do not depend on it

static bool has_key(const void *item, const void *key)
{
    return str_eq(((const struct mql_group *)item)->key, *(const str *)key);
}

void mql_groups_done(struct mql_groups *g)
{
    map_done(&g->map);
}

struct mql_group *mql_groups_find(const struct mql_groups *g, str key)
{
    return map_find(&g->map, hash_seeded(GROUPS_HASH_SEED, key), has_key, &key);
}

struct mql_group *mql_groups_get(struct mql_groups *g, str key)
{
    struct mql_group *group = mql_groups_find(g, key);
    if (group)
        return group;
    group = arena_new(g->mem, struct mql_group);
    group->key = key;
    map_insert(&g->map, hash_seeded(GROUPS_HASH_SEED, key), group);
    return group;
}
