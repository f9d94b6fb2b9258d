// SPDX-License-Identifier: Apache-2.0
// Functions that order series, or choose by their order.
#include <math.h>

#include "rules/metricsql/transform.h"

struct by_value {
    size_t points;
    bool is_desc;
};

// By the last value; where that is the same, by the one before it. No value comes first.
static bool is_before(const void *ctx, const struct mql_series *a, const struct mql_series *b)
{
    const struct by_value *by = ctx;
    for (size_t i = by->points; i > 0; i--) {
        double x = a->values[i - 1], y = b->values[i - 1];
        if (isnan(x) != isnan(y))
            return isnan(x);
        if (!isnan(x) && x != y)
            return by->is_desc ? y < x : x < y;
    }
    return false;
}

bool transform_sort(struct transform *t, struct mql_vec *ret)
{
    struct by_value by = {t->range->points, t->func->flag};
    mql_vec_sort_by(&t->args[0], t->q->mem, is_before, &by);
    return transform_add_arg(t, 0, ret);
}

// ---- by labels ---------------------------------------------------------------------------------

struct by_labels {
    const str *names;
    size_t count;
    bool is_desc;
    bool (*less)(str a, str b);
};

static bool is_text_less(str a, str b)
{
    return str_cmp(a, b) < 0;
}

static bool is_before_by_labels(const void *ctx, const struct mql_series *a,
                                const struct mql_series *b)
{
    const struct by_labels *by = ctx;
    for (size_t i = 0; i < by->count; i++) {
        str x = mql_series_get(a, by->names[i]), y = mql_series_get(b, by->names[i]);
        if (!str_eq(x, y))
            return by->is_desc ? by->less(y, x) : by->less(x, y);
    }
    return false;
}

static bool sort_by_labels(struct transform *t, bool (*less)(str, str), struct mql_vec *ret)
{
    str *names = arena_array(t->q->mem, str, t->count);
    for (size_t i = 1; i < t->count; i++) {
        if (!transform_string(t, i, &names[i - 1]))
            return err_wrap(t->q->err, "cannot parse label #%zu for sorting", i);
    }
    struct by_labels by = {names, t->count - 1, t->func->flag, less};
    mql_vec_sort_by(&t->args[0], t->q->mem, is_before_by_labels, &by);
    return transform_add_arg(t, 0, ret);
}

bool transform_sort_by_label(struct transform *t, struct mql_vec *ret)
{
    return sort_by_labels(t, is_text_less, ret);
}

bool transform_sort_by_label_numeric(struct transform *t, struct mql_vec *ret)
{
    return sort_by_labels(t, mql_numeric_less, ret);
}

str mql_number_prefix(str s)
{
    size_t i = s.n > 0 && (s.p[0] == '-' || s.p[0] == '+');
    bool has_digit = false, has_dot = false;
    for (; i < s.n; i++) {
        if (char_is_digit(s.p[i])) {
            has_digit = true;
        } else if (s.p[i] == '.' && !has_dot) {
            has_dot = true;
        } else {
            break;
        }
    }
    return str_slice(s, 0, has_digit ? i : 0);
}

static str text_prefix(str s)
{
    size_t i = 0;
    while (i < s.n && !char_is_digit(s.p[i]))
        i++;
    return str_slice(s, 0, i);
}

static double to_number(str s)
{
    double x = 0;
    str_to_f64(s, &x); // always one; out of range: ±Inf
    return x;
}

bool mql_numeric_less(str a, str b)
{
    while (a.n && b.n) {
        str x = mql_number_prefix(a), y = mql_number_prefix(b);
        a = str_skip(a, x.n);
        b = str_skip(b, y.n);
        if (!x.n != !y.n)
            return x.n; // numbers before texts
        if (x.n && to_number(x) != to_number(y))
            return to_number(x) < to_number(y);
        x = text_prefix(a);
        y = text_prefix(b);
        a = str_skip(a, x.n);
        b = str_skip(b, y.n);
        if (!str_eq(x, y))
            return str_cmp(x, y) < 0;
    }
    return b.n;
}

bool transform_limit_offset(struct transform *t, struct mql_vec *ret)
{
    int64_t limit, offset;
    if (!arg_int(t->q, &t->args[0], 0, &limit))
        return err_wrap(t->q->err, "cannot obtain limit arg");
    if (!arg_int(t->q, &t->args[1], 1, &offset))
        return err_wrap(t->q->err, "cannot obtain offset arg");
    struct mql_vec *v = &t->args[2];
    mql_vec_remove_empty(v, t->range->points);
    for (size_t i = 0; i < v->count; i++) {
        int64_t place = (int64_t)i - MAX(offset, 0);
        if (place >= 0 && place < limit)
            mql_vec_add(ret, t->q->mem, v->items[i]);
    }
    return true;
}
