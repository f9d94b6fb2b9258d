// SPDX-License-Identifier: Apache-2.0
// Values and their types: reading lists and maps, truth, assignability.
#include <stdlib.h>

#include "base/core/utf8.h"
#include "base/text/gotpl_int.h"

// ---- types ------------------------------------------------------------------------------------

#define SCALAR(kind_, text)                                                                        \
    {                                                                                              \
        .name = {text, sizeof(text) - 1}, .kind = (kind_)                                          \
    }
#define NAMED(kind_, text)                                                                         \
    {                                                                                              \
        .name = {text, sizeof(text) - 1}, .kind = (kind_), .is_named = true                        \
    }
#define LIST_OF(element, text)                                                                     \
    {                                                                                              \
        .name = {text, sizeof(text) - 1}, .kind = TPL_KIND_LIST, .elem = (element)                 \
    }
#define MAP_OF(key_, element, text)                                                                \
    {                                                                                              \
        .name = {text, sizeof(text) - 1}, .kind = TPL_KIND_MAP, .key = (key_), .elem = (element)   \
    }

const struct tpl_type TPL_BOOL = NAMED(TPL_KIND_BOOL, "bool");
const struct tpl_type TPL_INT = NAMED(TPL_KIND_INT, "int");
const struct tpl_type TPL_INT64 = NAMED(TPL_KIND_INT, "int64");
const struct tpl_type TPL_UINT = NAMED(TPL_KIND_UINT, "uint");
const struct tpl_type TPL_UINT8 = NAMED(TPL_KIND_UINT, "uint8");
const struct tpl_type TPL_UINT64 = NAMED(TPL_KIND_UINT, "uint64");
const struct tpl_type TPL_F64 = NAMED(TPL_KIND_FLOAT, "float64");
const struct tpl_type TPL_COMPLEX = NAMED(TPL_KIND_COMPLEX, "complex128");
const struct tpl_type TPL_STRING = NAMED(TPL_KIND_STRING, "string");
const struct tpl_type TPL_ANY = SCALAR(TPL_KIND_ANY, "interface {}");
const struct tpl_type TPL_RAW = NAMED(TPL_KIND_RAW, "reflect.Value");

const struct tpl_type TPL_HTML = NAMED(TPL_KIND_STRING, "template.HTML");
const struct tpl_type TPL_URL = NAMED(TPL_KIND_STRING, "template.URL");
const struct tpl_type TPL_CSS = NAMED(TPL_KIND_STRING, "template.CSS");
const struct tpl_type TPL_JS = NAMED(TPL_KIND_STRING, "template.JS");
const struct tpl_type TPL_JSSTR = NAMED(TPL_KIND_STRING, "template.JSStr");
const struct tpl_type TPL_HTMLATTR = NAMED(TPL_KIND_STRING, "template.HTMLAttr");
const struct tpl_type TPL_SRCSET = NAMED(TPL_KIND_STRING, "template.Srcset");

const struct tpl_type TPL_ANYS = LIST_OF(&TPL_ANY, "[]interface {}");
const struct tpl_type TPL_STRINGS = LIST_OF(&TPL_STRING, "[]string");
const struct tpl_type TPL_INTS = LIST_OF(&TPL_INT, "[]int");
const struct tpl_type TPL_UINTS = LIST_OF(&TPL_UINT, "[]uint");
const struct tpl_type TPL_F64S = LIST_OF(&TPL_F64, "[]float64");
const struct tpl_type TPL_MAP_ANY = MAP_OF(&TPL_STRING, &TPL_ANY, "map[string]interface {}");
const struct tpl_type TPL_MAP_STRING = MAP_OF(&TPL_STRING, &TPL_STRING, "map[string]string");
const struct tpl_type TPL_MAP_INT_STRING = MAP_OF(&TPL_INT, &TPL_STRING, "map[int]string");

static void byte_at(const struct tpl_value *v, size_t i, struct tpl_value *ret)
{
    *ret = tpl_uint_of(&TPL_UINT8, ((const uint8_t *)v->obj)[i]);
}

const struct tpl_type TPL_BYTES = {
    .name = {"[]uint8", 7}, .kind = TPL_KIND_LIST, .elem = &TPL_UINT8, .at = byte_at};

// ---- access -----------------------------------------------------------------------------------

struct tpl_value tpl_unwrapped(struct tpl_value v)
{
    v.is_slot = false;
    return v;
}

static void into_slot(struct tpl_value *v, const struct tpl_type *elem)
{
    v->is_slot = elem->kind == TPL_KIND_ANY;
}

void tpl_list_at(const struct tpl_value *list, size_t i, struct tpl_value *ret)
{
    assert(i < list->cap);
    if (list->type->at)
        list->type->at(list, list->first + i, ret);
    else
        *ret = ((const struct tpl_value *)list->obj)[list->first + i];
    into_slot(ret, list->type->elem);
}

void tpl_map_at(const struct tpl_value *map, size_t i, struct tpl_pair *ret)
{
    assert(i < map->count);
    if (map->type->pair_at)
        map->type->pair_at(map, i, ret);
    else
        *ret = ((const struct tpl_pair *)map->obj)[i];
    into_slot(&ret->value, map->type->elem);
}

bool tpl_map_find(const struct tpl_value *map, str key, struct tpl_value *ret)
{
    if (map->type->find) {
        bool is_found = map->type->find(map, key, ret);
        if (is_found)
            into_slot(ret, map->type->elem);
        return is_found;
    }
    size_t low = 0, high = map->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        struct tpl_pair pair;
        tpl_map_at(map, middle, &pair);
        int order = str_cmp(pair.key.s, key);
        if (order == 0) {
            *ret = pair.value;
            return true;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

// Keys of one map have one type: strings bytewise, numbers by value with NaN first.
static int key_cmp(const struct tpl_value *a, const struct tpl_value *b)
{
    switch (tpl_kind_of(a)) {
    case TPL_KIND_STRING:
        return str_cmp(a->s, b->s);
    case TPL_KIND_INT:
        return (a->i > b->i) - (a->i < b->i);
    case TPL_KIND_UINT:
        return (a->u > b->u) - (a->u < b->u);
    case TPL_KIND_FLOAT:
        if (a->f != a->f || b->f != b->f)
            return (b->f != b->f) - (a->f != a->f);
        return (a->f > b->f) - (a->f < b->f);
    case TPL_KIND_BOOL:
        return a->b - b->b;
    case TPL_KIND_NONE:
    case TPL_KIND_COMPLEX:
    case TPL_KIND_LIST:
    case TPL_KIND_MAP:
    case TPL_KIND_STRUCT:
    case TPL_KIND_ANY:
    case TPL_KIND_RAW:
        break;
    }
    return 0;
}

// Merge sort by hand: stable, so that the last of equal keys is known.
static void pairs_merge_sort(struct tpl_pair *pairs, size_t count, struct tpl_pair *space)
{
    if (count < 2)
        return;
    size_t half = count / 2;
    pairs_merge_sort(pairs, half, space);
    pairs_merge_sort(pairs + half, count - half, space);
    memcpy(space, pairs, half * sizeof(*pairs));
    size_t left = 0, right = half, to = 0;
    while (left < half) {
        if (right < count && key_cmp(&pairs[right].key, &space[left].key) < 0)
            pairs[to++] = pairs[right++];
        else
            pairs[to++] = space[left++];
    }
}

size_t tpl_pairs_sort(struct tpl_pair *pairs, size_t count)
{
    bool is_sorted = true;
    for (size_t i = 1; i < count && is_sorted; i++)
        is_sorted = key_cmp(&pairs[i - 1].key, &pairs[i].key) < 0;
    if (is_sorted)
        return count;
    struct arena space = {0};
    pairs_merge_sort(pairs, count, arena_array(&space, struct tpl_pair, count));
    arena_done(&space);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept && key_cmp(&pairs[kept - 1].key, &pairs[i].key) == 0)
            kept--;
        pairs[kept++] = pairs[i];
    }
    return kept;
}

// ---- questions --------------------------------------------------------------------------------

bool tpl_is_true(const struct tpl_value *v)
{
    switch (tpl_kind_of(v)) {
    case TPL_KIND_BOOL:
        return v->b;
    case TPL_KIND_INT:
        return v->i != 0;
    case TPL_KIND_UINT:
        return v->u != 0;
    case TPL_KIND_FLOAT:
        return v->f != 0;
    case TPL_KIND_COMPLEX:
        return v->c.re != 0 || v->c.im != 0;
    case TPL_KIND_STRING:
        return v->s.n != 0;
    case TPL_KIND_LIST:
    case TPL_KIND_MAP:
        return v->count != 0;
    case TPL_KIND_STRUCT:
        return !v->is_nil;
    case TPL_KIND_NONE:
    case TPL_KIND_ANY:
    case TPL_KIND_RAW:
        break;
    }
    return false;
}

bool tpl_return(const struct buf *result, struct tpl_value *ret, struct err *err)
{
    *ret = tpl_str(result->n ? buf_str(result) : S(""));
    return !result->is_full || err_set(err, ERR_LIMIT, "text is too long");
}

bool tpl_return_mapped(struct tpl_call *call, void (*put)(struct buf *, str), str s,
                       struct tpl_value *ret, struct err *err)
{
    struct buf text = TPL_RESULT(call);
    put(&text, s);
    return tpl_return(&text, ret, err);
}

str tpl_type_name(struct arena *mem, const struct tpl_value *v)
{
    struct buf name = {.mem = mem};
    tpl_put_type_name(&name, v);
    return buf_str(&name);
}

void tpl_put_type_name(struct buf *b, const struct tpl_value *v)
{
    if (!v->type) {
        buf_put(b, S("<nil>"));
        return;
    }
    if (v->is_pointer)
        buf_put_c(b, '*');
    buf_put(b, v->type->name);
}

// Go's AssignableTo: the same type, or the same structure with at least one side unnamed.
static bool types_assignable(const struct tpl_type *from, const struct tpl_type *to)
{
    if (from == to || to->kind == TPL_KIND_ANY || to->kind == TPL_KIND_RAW)
        return true;
    bool is_composite = from->kind == TPL_KIND_LIST || from->kind == TPL_KIND_MAP;
    return is_composite && from->kind == to->kind && from->elem == to->elem &&
           from->key == to->key && (!from->is_named || !to->is_named);
}

bool tpl_assignable(const struct tpl_value *v, const struct tpl_type *type)
{
    bool takes_all = type->kind == TPL_KIND_ANY || type->kind == TPL_KIND_RAW;
    return types_assignable(v->type, type) &&
           (!v->is_pointer || takes_all || type == &TPL_LOCATION);
}

struct tpl_value tpl_zero_of(const struct tpl_type *type)
{
    if (type->kind == TPL_KIND_ANY)
        return tpl_nil();
    struct tpl_value zero = {.type = type};
    zero.is_nil = type->kind == TPL_KIND_LIST || type->kind == TPL_KIND_MAP;
    return zero;
}
