// SPDX-License-Identifier: Apache-2.0
#include "rules/metricsql/filters.h"

static bool has_filter(struct mql_filters set, const struct mql_filter *f)
{
    for (size_t i = 0; i < set.count; i++) {
        if (mql_filter_eq(&set.items[i], f))
            return true;
    }
    return false;
}

struct mql_filters mql_filters_union(struct arena *mem, struct mql_filters a, struct mql_filters b)
{
    struct mql_filters out = {arena_array(mem, struct mql_filter, a.count + b.count + 1), 0};
    for (size_t i = 0; i < a.count; i++)
        out.items[out.count++] = a.items[i];
    for (size_t i = 0; i < b.count; i++) {
        if (!has_filter(a, &b.items[i]))
            out.items[out.count++] = b.items[i];
    }
    return out;
}

struct mql_filters mql_filters_intersect(struct arena *mem, struct mql_filters a,
                                         struct mql_filters b)
{
    struct mql_filters out = {arena_array(mem, struct mql_filter, b.count + 1), 0};
    for (size_t i = 0; i < b.count; i++) {
        if (has_filter(a, &b.items[i]))
            out.items[out.count++] = b.items[i];
    }
    return out;
}

static struct mql_filters by_name(struct arena *mem, struct mql_filters f, const str *names,
                                  size_t count, bool wants_named)
{
    struct mql_filters out = {arena_array(mem, struct mql_filter, f.count + 1), 0};
    for (size_t i = 0; i < f.count; i++) {
        if (mql_names_has(names, count, f.items[i].label) == wants_named)
            out.items[out.count++] = f.items[i];
    }
    return out;
}

struct mql_filters mql_filters_only(struct arena *mem, struct mql_filters f, const str *names,
                                    size_t count)
{
    return by_name(mem, f, names, count, true);
}

struct mql_filters mql_filters_without(struct arena *mem, struct mql_filters f, const str *names,
                                       size_t count)
{
    return by_name(mem, f, names, count, false);
}

static bool stands_after(const struct mql_filter *a, const struct mql_filter *b)
{
    int order = str_cmp(a->label, b->label);
    return order > 0 || (order == 0 && str_cmp(a->value, b->value) > 0);
}

// Insertion keeps the order of equal ones; the lists are as short as what people write.
void mql_filters_sort(struct mql_filters f)
{
    size_t from = f.count > 0 && mql_filter_is_name(&f.items[0]);
    for (size_t i = from + 1; i < f.count; i++) {
        struct mql_filter moved = f.items[i];
        size_t to = i;
        for (; to > from && stands_after(&f.items[to - 1], &moved); to--)
            f.items[to] = f.items[to - 1];
        f.items[to] = moved;
    }
}
