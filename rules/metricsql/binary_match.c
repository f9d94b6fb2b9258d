// SPDX-License-Identifier: Apache-2.0
#include <math.h>

#include "rules/metricsql/binary_op.h"
#include "rules/metricsql/words.h"

// ---- labels ------------------------------------------------------------------------------------

// Leaves what the two sides are compared by.
static void reduce(const struct mql_modifier *group, struct mql_series *s)
{
    if (group->kind == MQL_MODIFIER_ON)
        mql_series_keep_only(s, group->names, group->count);
    else
        mql_series_drop(s, group->names, group->count);
}

str binary_key(const struct operation *o, const struct mql_series *s)
{
    const struct mql_binary *b = operation_of(o);
    struct mql_series copy = {.name = b->keep_metric_names ? s->name : S("")};
    struct arena *mem = o->q->mem;
    mql_series_set_labels(&copy, mem, s->labels, s->label_count);
    reduce(&b->group, &copy);
    return mql_series_key(&copy, mem);
}

bool binary_group(const struct operation *o, const struct mql_vec *v, struct mql_groups *ret)
{
    for (size_t i = 0; i < v->count; i++) {
        if (!eval_has_room(o->q, 0))
            return false;
        struct mql_group *g = mql_groups_get(ret, binary_key(o, v->items[i]));
        mql_vec_add(&g->series, o->q->mem, v->items[i]);
    }
    return true;
}

static void drop_name(const struct operation *o, struct mql_series *s)
{
    const struct mql_binary *b = operation_of(o);
    if ((mql_op_is_comparison(b->op) && !b->is_bool) || b->keep_metric_names)
        return;
    s->name = S("");
}

// What is left of the labels where one series meets one.
static void reduce_result(const struct operation *o, struct mql_series *s)
{
    const struct mql_binary *b = operation_of(o);
    str name = s->name;
    reduce(&b->group, s);
    if (b->keep_metric_names && b->group.kind == MQL_MODIFIER_ON)
        s->name = name;
}

// group_left(names) prefix: copies labels of the one side to a series of the many side.
static void join_labels(const struct operation *o, struct mql_series *to,
                        const struct mql_series *from)
{
    const struct mql_binary *b = operation_of(o);
    const struct mql_modifier *on = &b->group, *join = &b->join;
    size_t on_count = on->kind == MQL_MODIFIER_ON ? on->count : 0;
    str prefix = b->prefix ? b->prefix->string.value : S("");
    bool all = join->count == 1 && str_eq(join->names[0], S("*"));
    size_t count = all ? from->label_count : join->count;
    for (size_t i = 0; i < count; i++) {
        str name = all ? from->labels[i].name : join->names[i];
        if (mql_names_has(on->names, on_count, name))
            continue;
        str value = mql_series_get(from, name);
        bool is_prefixed = prefix.n && value.n && !str_eq(name, METRIC_NAME_LABEL);
        if (is_prefixed)
            name = arena_printf(o->q->mem, "%.*s%.*s", STR(prefix), STR(name));
        mql_series_set(to, o->q->mem, name, value);
    }
}

// ---- duplicates --------------------------------------------------------------------------------

#define OVERLAP_MAX 2 // points that staleness may have made both series have

// Fills the gaps of one series from another that is there when it is not. False: they are not such.
static bool merge_complementary(const struct operation *o, struct mql_series *to,
                                const struct mql_series *from)
{
    size_t points = o->range->points, overlaps = 0;
    for (size_t i = 0; i < points; i++)
        overlaps += !isnan(from->values[i]) && !isnan(to->values[i]);
    if (overlaps > OVERLAP_MAX || points <= OVERLAP_MAX)
        return false;
    for (size_t i = 0; i < points; i++) {
        if (!isnan(from->values[i]))
            to->values[i] = from->values[i];
    }
    return true;
}

static bool fail_duplicate(const struct operation *o, const char *side, bool shows_join,
                           const struct mql_series *x, const struct mql_series *y)
{
    const struct mql_binary *b = operation_of(o);
    struct buf text = {.mem = o->q->mem, .max = ERR_TEXT_BYTES};
    const char *quote = shows_join ? "`" : "";
    buf_printf(&text, "%s%.*s ", quote, STR(mql_op_text(b->op)));
    buf_put_mql_modifier(&text, &b->group);
    if (shows_join) {
        buf_put_c(&text, ' ');
        buf_put_mql_modifier(&text, &b->join);
    }
    buf_printf(&text, "%s: ", quote);
    buf_put_mql_series(&text, x, false);
    buf_put(&text, S(" and "));
    buf_put_mql_series(&text, y, false);
    return err_set(o->q->err, ERR_INVALID, "duplicate time series on the %s side of %.*s", side,
                   STR(buf_str(&text)));
}

static bool make_single(const struct operation *o, const char *side, struct mql_vec *v)
{
    for (; v->count > 1; v->count--) {
        const struct mql_series *last = v->items[v->count - 1];
        if (!merge_complementary(o, v->items[0], last))
            return fail_duplicate(o, side, false, v->items[0], last);
    }
    return true;
}

// ---- pairs -------------------------------------------------------------------------------------

static void add_pair(const struct operation *o, struct mql_vec *many, struct mql_vec *one,
                     struct mql_series *x, struct mql_series *y)
{
    mql_vec_add(many, o->q->mem, x);
    mql_vec_add(one, o->q->mem, y);
}

// A series meets several: fine where the labels it gets from them tell the results apart.
static bool join_several(const struct operation *o, const char *one_side,
                         const struct mql_series *series, const struct mql_vec *others,
                         struct mql_vec *many, struct mql_vec *one)
{
    defer(mql_groups_done) struct mql_groups results = {.mem = o->q->mem};
    for (size_t i = 0; i < others->count; i++) {
        struct mql_series *other = others->items[i];
        struct mql_series *copy = eval_copy(o->q, series, o->range->points);
        if (!copy)
            return false;
        join_labels(o, copy, other);
        struct mql_group *g = mql_groups_get(&results, mql_series_key(copy, o->q->mem));
        if (g->series.count == 0) {
            mql_vec_add(&g->series, o->q->mem, copy);
            mql_vec_add(&g->series, o->q->mem, other);
            continue;
        }
        struct mql_series *merged = eval_copy(o->q, g->series.items[1], o->range->points);
        if (!merged)
            return false;
        if (!merge_complementary(o, merged, other))
            return fail_duplicate(o, one_side, true, merged, other);
        g->series.items[1] = merged;
    }
    map_each (struct mql_group, g, &results.map)
        add_pair(o, many, one, g->series.items[0], g->series.items[1]);
    return true;
}

static bool join(const struct operation *o, const char *one_side, const struct mql_vec *many_side,
                 const struct mql_vec *others, struct mql_vec *many, struct mql_vec *one)
{
    for (size_t i = 0; i < many_side->count; i++) {
        struct mql_series *s = many_side->items[i];
        drop_name(o, s);
        if (others->count == 1) {
            join_labels(o, s, others->items[0]);
            add_pair(o, many, one, s, others->items[0]);
        } else if (!join_several(o, one_side, s, others, many, one)) {
            return false;
        }
    }
    return true;
}

static bool pair_groups(const struct operation *o, struct mql_vec *left, struct mql_vec *right,
                        struct matches *ret)
{
    switch (operation_of(o)->join.kind) {
    case MQL_MODIFIER_GROUP_LEFT:
        return join(o, "right", left, right, &ret->left, &ret->right);
    case MQL_MODIFIER_GROUP_RIGHT:
        return join(o, "left", right, left, &ret->right, &ret->left);
    case MQL_MODIFIER_NONE:
    case MQL_MODIFIER_BY:
    case MQL_MODIFIER_WITHOUT:
    case MQL_MODIFIER_ON:
    case MQL_MODIFIER_IGNORING:
        break;
    }
    if (!make_single(o, "left", left) || !make_single(o, "right", right))
        return false;
    drop_name(o, left->items[0]);
    reduce_result(o, left->items[0]);
    add_pair(o, &ret->left, &ret->right, left->items[0], right->items[0]);
    return true;
}

// ---- groups ------------------------------------------------------------------------------------

// A series without values for the side that has none.
static bool add_filler(const struct operation *o, const struct mql_series *like,
                       struct mql_vec *ret)
{
    const struct mql_binary *b = operation_of(o);
    struct mql_series *s = eval_like(o->q, like, o->range->points, NAN);
    if (!s)
        return false;
    if (!b->keep_metric_names)
        s->name = S("");
    reduce(&b->group, s);
    mql_vec_add(ret, o->q->mem, s);
    return true;
}

static bool match_group(const struct operation *o, struct mql_group *l, struct mql_group *r,
                        struct matches *ret)
{
    const struct mql_binary *b = operation_of(o);
    struct mql_vec none_left = {0}, none_right = {0};
    struct mql_vec *left = l ? &l->series : &none_left, *right = r ? &r->series : &none_right;
    if (!l && !add_filler(o, right->items[0], left))
        return false;
    if (!r && !b->fill_right)
        return true;
    if (!r && !add_filler(o, left->items[0], right))
        return false;
    return pair_groups(o, left, right, ret);
}

static bool match_vectors(struct operation *o, struct matches *ret)
{
    defer(mql_groups_done) struct mql_groups left = {.mem = o->q->mem};
    defer(mql_groups_done) struct mql_groups right = {.mem = o->q->mem};
    if (!binary_group(o, &o->left, &left) || !binary_group(o, &o->right, &right))
        return false;
    map_each (struct mql_group, l, &left.map) {
        if (!match_group(o, l, mql_groups_find(&right, l->key), ret))
            return false;
    }
    if (!operation_of(o)->fill_left)
        return true;
    map_each (struct mql_group, r, &right.map) {
        if (!mql_groups_find(&left, r->key) && !match_group(o, NULL, r, ret))
            return false;
    }
    return true;
}

static void match_scalar(const struct operation *o, const struct mql_vec *series,
                         struct mql_series *scalar, struct mql_vec *many, struct mql_vec *one)
{
    for (size_t i = 0; i < series->count; i++) {
        drop_name(o, series->items[i]);
        add_pair(o, many, one, series->items[i], scalar);
    }
}

bool binary_match(struct operation *o, struct matches *ret)
{
    const struct mql_binary *b = operation_of(o);
    bool is_plain = b->group.kind == MQL_MODIFIER_NONE && b->join.kind == MQL_MODIFIER_NONE;
    if (is_plain && mql_vec_is_scalar(&o->left)) {
        match_scalar(o, &o->right, o->left.items[0], &ret->right, &ret->left);
        ret->into = ret->right;
        return true;
    }
    if (is_plain && mql_vec_is_scalar(&o->right))
        match_scalar(o, &o->left, o->right.items[0], &ret->left, &ret->right);
    else if (!match_vectors(o, ret))
        return false;
    ret->into = b->join.kind == MQL_MODIFIER_GROUP_RIGHT ? ret->right : ret->left;
    return true;
}

// ---- common filters ----------------------------------------------------------------------------

#define FILTER_VALUES_MAX 100 // of a label; a longer alternation costs more than it saves

static void put_quoted_meta(struct buf *b, str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] && strchr("\\.+*?()|[]{}^$", s.p[i]))
            buf_put_c(b, '\\');
        buf_put_c(b, s.p[i]);
    }
}

// The values of a label, each once; false: a series lacks it, or there are too many.
static bool values_of(const struct mql_vec *v, str label, str *values, size_t *ret_count)
{
    size_t count = 0;
    for (size_t i = 0; i < v->count; i++) {
        str value = mql_series_get(v->items[i], label);
        if (!value.n)
            return false;
        if (mql_names_has(values, count, value))
            continue;
        if (count > FILTER_VALUES_MAX)
            return false;
        values[count++] = value;
    }
    qsort(values, count, sizeof(*values), str_cmp_items);
    *ret_count = count;
    return true;
}

static struct mql_filter filter_of(struct arena *mem, str label, const str *values, size_t count)
{
    if (count == 1)
        return (struct mql_filter){label, values[0], false, false};
    struct buf b = {.mem = mem};
    for (size_t i = 0; i < count; i++) {
        if (i)
            buf_put_c(&b, '|');
        put_quoted_meta(&b, values[i]);
    }
    return (struct mql_filter){label, buf_str(&b), false, true};
}

struct mql_filters mql_series_common_filters(const struct mql_vec *v, struct arena *mem)
{
    struct mql_filter_list list = {0};
    for (size_t i = 0; v->count && i < v->items[0]->label_count; i++) {
        str values[FILTER_VALUES_MAX + 1], label = v->items[0]->labels[i].name;
        size_t count;
        if (values_of(v, label, values, &count))
            mql_filter_add(&list, mem, filter_of(mem, label, values, count));
    }
    return (struct mql_filters){list.items, list.count};
}
