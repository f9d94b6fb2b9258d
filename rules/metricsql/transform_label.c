// SPDX-License-Identifier: Apache-2.0
#include <math.h>

#include "base/text/regex.h"
#include "base/text/titlecase.h"
#include "rules/metricsql/transform.h"

// ---- texts among the arguments -----------------------------------------------------------------

// Arguments from `from` on, all of them strings.
static bool read_strings(struct transform *t, size_t from, str **ret, size_t *ret_count)
{
    *ret = arena_array(t->q->mem, str, t->count + 1);
    *ret_count = 0;
    for (size_t i = from; i < t->count; i++) {
        if (!transform_string(t, i, &(*ret)[(*ret_count)++]))
            return false;
    }
    return true;
}

// name, value, name, value …
static bool read_pairs(struct transform *t, size_t from, str **ret, size_t *ret_count)
{
    if ((t->count - from) % 2 != 0)
        return err_set(t->q->err, ERR_INVALID, "the number of string args must be even; got %zu",
                       t->count - from);
    return read_strings(t, from, ret, ret_count);
}

// ---- setting and removing ----------------------------------------------------------------------

bool transform_label_set(struct transform *t, struct mql_vec *ret)
{
    str *pairs = NULL;
    size_t count = 0;
    if (!read_pairs(t, 1, &pairs, &count))
        return false;
    for (size_t i = 0; i < t->args[0].count; i++) {
        for (size_t j = 0; j < count; j += 2)
            mql_series_set(t->args[0].items[i], t->q->mem, pairs[j], pairs[j + 1]);
    }
    return transform_add_arg(t, 0, ret);
}

typedef void edit_fn(struct mql_series *s, const str *names, size_t count);

static bool edit_each(struct transform *t, edit_fn *edit, struct mql_vec *ret)
{
    str *names = NULL;
    size_t count = 0;
    if (!read_strings(t, 1, &names, &count))
        return false;
    for (size_t i = 0; i < t->args[0].count; i++)
        edit(t->args[0].items[i], names, count);
    return transform_add_arg(t, 0, ret);
}

bool transform_label_del(struct transform *t, struct mql_vec *ret)
{
    return edit_each(t, mql_series_drop, ret);
}

bool transform_label_keep(struct transform *t, struct mql_vec *ret)
{
    return edit_each(t, mql_series_keep_only, ret);
}

// label_move (flag) removes the source; a missing source leaves the target alone.
bool transform_label_copy(struct transform *t, struct mql_vec *ret)
{
    str *pairs = NULL;
    size_t count = 0;
    if (!read_pairs(t, 1, &pairs, &count))
        return false;
    for (size_t i = 0; i < t->args[0].count; i++) {
        struct mql_series *s = t->args[0].items[i];
        for (size_t j = 0; j < count; j += 2) {
            str value = mql_series_get(s, pairs[j]);
            if (!value.n)
                continue;
            mql_series_set(s, t->q->mem, pairs[j + 1], value);
            if (t->func->flag && !str_eq(pairs[j], pairs[j + 1]))
                mql_series_remove(s, pairs[j]);
        }
    }
    return transform_add_arg(t, 0, ret);
}

bool transform_label_map(struct transform *t, struct mql_vec *ret)
{
    str label, *pairs = NULL;
    size_t count = 0;
    if (!transform_string(t, 1, &label) || !read_pairs(t, 2, &pairs, &count))
        return false;
    for (size_t i = 0; i < t->args[0].count; i++) {
        struct mql_series *s = t->args[0].items[i];
        str value = mql_series_get(s, label), mapped = value;
        for (size_t j = 0; j < count; j += 2) {
            if (str_eq(pairs[j], value))
                mapped = pairs[j + 1]; // the last one wins
        }
        mql_series_set(s, t->q->mem, label, mapped);
    }
    return transform_add_arg(t, 0, ret);
}

bool transform_label_join(struct transform *t, struct mql_vec *ret)
{
    str *texts = NULL; // target, separator, sources …
    size_t count = 0;
    if (!read_strings(t, 1, &texts, &count))
        return false;
    for (size_t i = 0; i < t->args[0].count; i++) {
        struct buf joined = {.mem = t->q->mem, .max = MQL_STRING_BYTES_MAX};
        for (size_t j = 2; j < count; j++) {
            if (j > 2)
                buf_put(&joined, texts[1]);
            buf_put(&joined, mql_series_get(t->args[0].items[i], texts[j]));
        }
        mql_series_set(t->args[0].items[i], t->q->mem, texts[0], buf_str(&joined));
        if (!eval_has_room(t->q, 0))
            return false;
    }
    return transform_add_arg(t, 0, ret);
}

bool transform_label_case(struct transform *t, struct mql_vec *ret)
{
    str *names = NULL;
    size_t count = 0;
    if (!read_strings(t, 1, &names, &count))
        return false;
    for (size_t i = 0; i < t->args[0].count; i++) {
        struct mql_series *s = t->args[0].items[i];
        for (size_t j = 0; j < count; j++) {
            struct buf b = {.mem = t->q->mem};
            if (t->func->flag)
                buf_put_upper_unicode(&b, mql_series_get(s, names[j]));
            else
                buf_put_lower_unicode(&b, mql_series_get(s, names[j]));
            mql_series_set(s, t->q->mem, names[j], buf_str(&b));
        }
    }
    return transform_add_arg(t, 0, ret);
}

// Parts of a Graphite name, by their numbers: a.b.c with 2, 0 becomes c.a.
bool transform_label_graphite_group(struct transform *t, struct mql_vec *ret)
{
    int64_t *numbers = arena_array(t->q->mem, int64_t, t->count);
    for (size_t i = 1; i < t->count; i++) {
        if (!arg_int(t->q, &t->args[i], i, &numbers[i]))
            return false;
    }
    for (size_t i = 0; i < t->args[0].count; i++) {
        struct buf name = {.mem = t->q->mem};
        for (size_t j = 1; j < t->count; j++) {
            str part, rest = t->args[0].items[i]->name;
            bool has_more = true;
            if (j > 1)
                buf_put_c(&name, '.');
            for (int64_t n = 0; has_more && n <= numbers[j]; n++) {
                has_more = str_cut(rest, '.', &part, &rest);
                if (n == numbers[j])
                    buf_put(&name, part);
            }
        }
        t->args[0].items[i]->name = buf_str(&name);
    }
    return transform_add_arg(t, 0, ret);
}

static bool all_have(const struct mql_vec *v, str label, str value)
{
    for (size_t i = 0; i < v->count; i++) {
        if (!str_eq(mql_series_get(v->items[i], label), value))
            return false;
    }
    return true;
}

bool transform_drop_common_labels(struct transform *t, struct mql_vec *ret)
{
    struct mql_vec all = {0};
    for (size_t i = 0; i < t->count; i++)
        mql_vec_add_all(&all, t->q->mem, &t->args[i]);
    mql_vec_add_all(ret, t->q->mem, &all);
    if (all.count == 0)
        return true;
    struct mql_names common = {0};
    const struct mql_series *first = all.items[0];
    if (all_have(&all, METRIC_NAME_LABEL, first->name))
        mql_names_add(&common, t->q->mem, METRIC_NAME_LABEL);
    for (size_t i = 0; i < first->label_count; i++) {
        if (all_have(&all, first->labels[i].name, first->labels[i].value))
            mql_names_add(&common, t->q->mem, first->labels[i].name);
    }
    for (size_t i = 0; i < all.count; i++)
        mql_series_drop(all.items[i], common.items, common.count);
    return true;
}

// ---- regular expressions -----------------------------------------------------------------------

DEFER_PTR(struct regex, regex_free)

static struct regex *compile(struct transform *t, str pattern, enum regex_anchor anchor)
{
    struct regex *r = regex_new(pattern, anchor, t->q->err);
    if (!r)
        err_wrap(t->q->err, "cannot compile regex %.*s", STR(mql_quote(t->q->mem, pattern)));
    return r;
}

static bool replace(struct transform *t, str from, const struct regex *r, str to, str replacement,
                    struct mql_vec *ret)
{
    for (size_t i = 0; i < t->args[0].count; i++) {
        struct mql_series *s = t->args[0].items[i];
        str value = mql_series_get(s, from);
        if (!regex_matches(r, value))
            continue;
        struct buf b = {.mem = t->q->mem, .max = MQL_STRING_BYTES_MAX};
        regex_replace_all(r, value, replacement, &b);
        mql_series_set(s, t->q->mem, to, buf_str(&b));
        if (!eval_has_room(t->q, 0))
            return false;
    }
    return transform_add_arg(t, 0, ret);
}

bool transform_label_replace(struct transform *t, struct mql_vec *ret)
{
    str to, replacement, from, pattern;
    if (!transform_string(t, 1, &to) || !transform_string(t, 2, &replacement) ||
        !transform_string(t, 3, &from) || !transform_string(t, 4, &pattern))
        return false;
    defer(regex_free_p) struct regex *r = compile(t, pattern, REGEX_WHOLE);
    return r && replace(t, from, r, to, replacement, ret);
}

bool transform_label_transform(struct transform *t, struct mql_vec *ret)
{
    str label, pattern, replacement;
    if (!transform_string(t, 1, &label) || !transform_string(t, 2, &pattern) ||
        !transform_string(t, 3, &replacement))
        return false;
    defer(regex_free_p) struct regex *r = compile(t, pattern, REGEX_SEARCH);
    return r && replace(t, label, r, label, replacement, ret);
}

bool transform_label_match(struct transform *t, struct mql_vec *ret)
{
    str label, pattern;
    if (!transform_string(t, 1, &label) || !transform_string(t, 2, &pattern))
        return false;
    defer(regex_free_p) struct regex *r = compile(t, pattern, REGEX_WHOLE);
    for (size_t i = 0; r && i < t->args[0].count; i++) {
        struct mql_series *s = t->args[0].items[i];
        if (regex_matches(r, mql_series_get(s, label)) == t->func->flag)
            mql_vec_add(ret, t->q->mem, s);
    }
    return r != NULL;
}

// ---- values and labels -------------------------------------------------------------------------

bool transform_labels_equal(struct transform *t, struct mql_vec *ret)
{
    str *names = NULL;
    size_t count = 0;
    if (!read_strings(t, 1, &names, &count))
        return false;
    for (size_t i = 0; i < t->args[0].count; i++) {
        struct mql_series *s = t->args[0].items[i];
        size_t same = 0;
        while (same < count && str_eq(mql_series_get(s, names[same]), mql_series_get(s, names[0])))
            same++;
        if (same == count)
            mql_vec_add(ret, t->q->mem, s);
    }
    return true;
}

// The label's number, where the series has a value.
bool transform_label_value(struct transform *t, struct mql_vec *ret)
{
    str label;
    if (!transform_string(t, 1, &label))
        return false;
    for (size_t i = 0; i < t->args[0].count; i++) {
        struct mql_series *s = t->args[0].items[i];
        double number;
        s->name = S("");
        if (!str_to_f64(mql_series_get(s, label), &number))
            number = NAN;
        for (size_t j = 0; j < t->range->points; j++)
            s->values[j] = isnan(s->values[j]) ? NAN : number;
    }
    return transform_add_arg(t, 0, ret);
}
