// SPDX-License-Identifier: Apache-2.0
// eq, ne, lt, le, gt, ge (upstream: text/template/funcs.go).
#include "base/text/gotpl_int.h"

static bool is_basic(enum tpl_kind kind)
{
    return kind == TPL_KIND_BOOL || kind == TPL_KIND_INT || kind == TPL_KIND_UINT ||
           kind == TPL_KIND_FLOAT || kind == TPL_KIND_COMPLEX || kind == TPL_KIND_STRING;
}

static bool is_nil(const struct tpl_value *v)
{
    return !v->type || v->is_nil;
}

static bool fail_incompatible(struct tpl_call *call, const struct tpl_value *a,
                              const struct tpl_value *b, struct err *err)
{
    return err_set(err, ERR_INVALID, "incompatible types for comparison: %.*s and %.*s",
                   STR(tpl_type_name(call->mem, a)), STR(tpl_type_name(call->mem, b)));
}

static str shown(struct tpl_call *call, const struct tpl_value *v)
{
    struct buf text = {.max = ERR_TEXT_BYTES};
    tpl_put_verb(&text, v, 's');
    str kept = arena_str(call->mem, buf_str(&text));
    buf_done(&text);
    return kept;
}

static bool values_equal(const struct tpl_value *a, const struct tpl_value *b)
{
    switch (tpl_kind_of(a)) {
    case TPL_KIND_BOOL:
        return a->b == b->b;
    case TPL_KIND_INT:
        return a->i == b->i;
    case TPL_KIND_UINT:
        return a->u == b->u;
    case TPL_KIND_FLOAT:
        return a->f == b->f;
    case TPL_KIND_COMPLEX:
        return a->c.re == b->c.re && a->c.im == b->c.im;
    case TPL_KIND_STRING:
        return str_eq(a->s, b->s);
    case TPL_KIND_NONE:
    case TPL_KIND_LIST:
    case TPL_KIND_MAP:
    case TPL_KIND_STRUCT:
    case TPL_KIND_ANY:
    case TPL_KIND_RAW:
        break;
    }
    return false;
}

static bool times_are_same(const struct gotime *a, const struct gotime *b)
{
    return a == b ||
           (a && b && a->unix_s == b->unix_s && a->nanos == b->nanos && a->tzone == b->tzone &&
            a->offset_s == b->offset_s && str_eq(a->zone, b->zone) && a->has_mono == b->has_mono &&
            a->mono_ns == b->mono_ns);
}

// Structs field by field; *ret_is_comparable is false if one holds a list or map.
static bool structs_equal(const struct tpl_value *a, const struct tpl_value *b,
                          bool *ret_is_comparable)
{
    if (a->type != b->type || a->is_pointer != b->is_pointer)
        return false;
    if (a->is_pointer)
        return a->obj == b->obj;
    if (a->type == &TPL_TIME)
        return times_are_same(a->obj, b->obj);
    bool is_equal = true;
    for (size_t i = 0; i < a->type->field_count; i++) {
        struct tpl_value x, y;
        a->type->fields[i].get(a->obj, &x);
        b->type->fields[i].get(b->obj, &y);
        enum tpl_kind kind = tpl_kind_of(&x);
        if (kind == TPL_KIND_LIST || kind == TPL_KIND_MAP) {
            *ret_is_comparable = false;
            return false;
        }
        is_equal = is_equal && (kind == TPL_KIND_STRUCT ? structs_equal(&x, &y, ret_is_comparable)
                                                        : values_equal(&x, &y));
    }
    return is_equal;
}

// Neither has a basic kind.
static bool equal_composites(struct tpl_call *call, const struct tpl_value *a,
                             const struct tpl_value *b, bool *ret, struct err *err)
{
    enum tpl_kind kind = tpl_kind_of(a);
    if (a->type && b->type && kind != b->type->kind)
        return err_set(err, ERR_INVALID, "non-comparable types %.*s: %.*s, %.*s: %.*s",
                       STR(shown(call, a)), STR(tpl_type_name(call->mem, a)),
                       STR(tpl_type_name(call->mem, b)), STR(shown(call, b)));
    if (is_nil(a) || is_nil(b)) {
        *ret = is_nil(a) == is_nil(b);
        return true;
    }
    bool is_comparable = kind == TPL_KIND_STRUCT;
    *ret = is_comparable && structs_equal(a, b, &is_comparable);
    if (is_comparable)
        return true;
    return err_set(err, ERR_INVALID, "non-comparable type %.*s: %.*s", STR(shown(call, b)),
                   STR(tpl_type_name(call->mem, b)));
}

static bool int_equals_uint(const struct tpl_value *i, const struct tpl_value *u)
{
    return i->i >= 0 && (uint64_t)i->i == u->u;
}

static bool equal_one(struct tpl_call *call, const struct tpl_value *a, const struct tpl_value *b,
                      bool *ret, struct err *err)
{
    enum tpl_kind ka = tpl_kind_of(a), kb = tpl_kind_of(b);
    if (!is_basic(ka) && !is_basic(kb))
        return equal_composites(call, a, b, ret, err);
    if (ka == kb)
        *ret = values_equal(a, b);
    else if (ka == TPL_KIND_INT && kb == TPL_KIND_UINT)
        *ret = int_equals_uint(a, b);
    else if (ka == TPL_KIND_UINT && kb == TPL_KIND_INT)
        *ret = int_equals_uint(b, a);
    else if (a->type && b->type)
        return fail_incompatible(call, a, b, err);
    else
        *ret = false;
    return true;
}

bool tpl_fn_eq(TPL_ARGS)
{
    if (count < 2)
        return err_set(err, ERR_INVALID, "missing argument for comparison");
    bool is_equal = false;
    struct tpl_value a = tpl_unwrapped(args[0]);
    for (size_t i = 1; i < count && !is_equal; i++) {
        struct tpl_value b = tpl_unwrapped(args[i]);
        if (!equal_one(call, &a, &b, &is_equal, err))
            return false;
    }
    *ret = tpl_bool(is_equal);
    return true;
}

bool tpl_fn_ne(TPL_ARGS)
{
    if (!tpl_fn_eq(call, args, count, ret, err))
        return false;
    ret->b = !ret->b;
    return true;
}

static bool is_less(struct tpl_call *call, const struct tpl_value *args, bool *ret, struct err *err)
{
    struct tpl_value a = tpl_unwrapped(args[0]), b = tpl_unwrapped(args[1]);
    enum tpl_kind ka = tpl_kind_of(&a), kb = tpl_kind_of(&b);
    if (!is_basic(ka) || !is_basic(kb))
        return err_set(err, ERR_INVALID, "invalid type for comparison");
    if (ka == TPL_KIND_INT && kb == TPL_KIND_UINT)
        *ret = a.i < 0 || (uint64_t)a.i < b.u;
    else if (ka == TPL_KIND_UINT && kb == TPL_KIND_INT)
        *ret = b.i >= 0 && a.u < (uint64_t)b.i;
    else if (ka != kb)
        return fail_incompatible(call, &a, &b, err);
    else if (ka == TPL_KIND_BOOL || ka == TPL_KIND_COMPLEX)
        return err_set(err, ERR_INVALID, "invalid type for comparison");
    else if (ka == TPL_KIND_INT)
        *ret = a.i < b.i;
    else if (ka == TPL_KIND_UINT)
        *ret = a.u < b.u;
    else if (ka == TPL_KIND_FLOAT)
        *ret = a.f < b.f;
    else
        *ret = str_cmp(a.s, b.s) < 0;
    return true;
}

static bool is_less_or_equal(struct tpl_call *call, const struct tpl_value *args, bool *ret,
                             struct err *err)
{
    struct tpl_value equal;
    if (!is_less(call, args, ret, err))
        return false;
    if (*ret)
        return true;
    if (!tpl_fn_eq(call, args, 2, &equal, err))
        return false;
    *ret = equal.b;
    return true;
}

bool tpl_fn_lt(TPL_ARGS)
{
    bool is_true = false;
    bool is_good = is_less(call, args, &is_true, err);
    *ret = tpl_bool(is_true);
    return is_good;
}

bool tpl_fn_le(TPL_ARGS)
{
    bool is_true = false;
    bool is_good = is_less_or_equal(call, args, &is_true, err);
    *ret = tpl_bool(is_true);
    return is_good;
}

bool tpl_fn_gt(TPL_ARGS) // not le: with NaN this is true, as upstream
{
    bool is_true = false;
    bool is_good = is_less_or_equal(call, args, &is_true, err);
    *ret = tpl_bool(!is_true);
    return is_good;
}

bool tpl_fn_ge(TPL_ARGS)
{
    bool is_true = false;
    bool is_good = is_less(call, args, &is_true, err);
    *ret = tpl_bool(!is_true);
    return is_good;
}
