// SPDX-License-Identifier: Apache-2.0
// The language's own functions (upstream: text/template/funcs.go).
#include "base/core/utf8.h"
#include "base/text/gotpl_int.h"
#include "base/text/unicode.h"
#include "base/text/url.h"

static bool invalid(struct err *err, const char *what)
{
    return err_set(err, ERR_INVALID, "%s", what);
}

// Text made in a buffer becomes the result, unless it grew too long.
// ---- len, index, slice ------------------------------------------------------------------------

static bool fn_len(TPL_ARGS)
{
    const struct tpl_value *v = &args[0];
    switch (tpl_kind_of(v)) {
    case TPL_KIND_STRING:
        *ret = tpl_int((int64_t)v->s.n);
        return true;
    case TPL_KIND_LIST:
    case TPL_KIND_MAP:
        *ret = tpl_int(v->count);
        return true;
    case TPL_KIND_NONE:
        return invalid(err, v->is_slot ? "len of nil pointer"
                                       : "reflect: call of reflect.Value.Type on zero Value");
    case TPL_KIND_BOOL:
    case TPL_KIND_INT:
    case TPL_KIND_UINT:
    case TPL_KIND_FLOAT:
    case TPL_KIND_COMPLEX:
    case TPL_KIND_STRUCT:
    case TPL_KIND_ANY:
    case TPL_KIND_RAW:
        break;
    }
    return err_set(err, ERR_INVALID, "len of type %.*s", STR(tpl_type_name(call->mem, v)));
}

// An index into something with `max` elements; max itself is let through, as upstream does.
static bool take_index(struct tpl_call *call, const struct tpl_value *v, size_t max, size_t *ret,
                       struct err *err)
{
    enum tpl_kind kind = tpl_kind_of(v);
    if (kind == TPL_KIND_NONE)
        return invalid(err, "cannot index slice/array with nil");
    if (kind != TPL_KIND_INT && kind != TPL_KIND_UINT)
        return err_set(err, ERR_INVALID, "cannot index slice/array with type %.*s",
                       STR(tpl_type_name(call->mem, v)));
    if (v->i < 0 || (uint64_t)v->i > max)
        return err_set(err, ERR_INVALID, "index out of range: %lld", (long long)v->i);
    *ret = (size_t)v->i;
    return true;
}

static bool index_sequence(struct tpl_call *call, struct tpl_value *item,
                           const struct tpl_value *key, struct err *err)
{
    bool is_string = item->type->kind == TPL_KIND_STRING;
    size_t count = is_string ? item->s.n : item->count;
    size_t i = 0;
    if (!take_index(call, key, count, &i, err))
        return false;
    if (i >= count)
        return err_set(err, ERR_INVALID, "reflect: %s index out of range",
                       is_string ? "string" : "slice");
    if (is_string) {
        *item = tpl_uint_of(&TPL_UINT8, (uint8_t)item->s.p[i]);
        return true;
    }
    struct tpl_value element;
    tpl_list_at(item, i, &element);
    *item = element;
    return true;
}

static bool index_map(struct tpl_call *call, struct tpl_value *item, const struct tpl_value *key,
                      struct err *err)
{
    const struct tpl_type *type = item->type->key;
    if (!key->type)
        return err_set(err, ERR_INVALID, "value is nil; should be of type %.*s", STR(type->name));
    bool is_int_like = (key->type->kind == TPL_KIND_INT || key->type->kind == TPL_KIND_UINT) &&
                       (type->kind == TPL_KIND_INT || type->kind == TPL_KIND_UINT);
    if (key->type != type && !is_int_like)
        return err_set(err, ERR_INVALID, "value has type %.*s; should be %.*s",
                       STR(tpl_type_name(call->mem, key)), STR(type->name));
    struct tpl_value found = tpl_zero_of(item->type->elem);
    if (type->kind == TPL_KIND_STRING) {
        tpl_map_find(item, key->s, &found);
    } else {
        for (size_t i = 0; i < item->count; i++) {
            struct tpl_pair pair;
            tpl_map_at(item, i, &pair);
            if (pair.key.i == key->i)
                found = pair.value;
        }
    }
    *item = found;
    return true;
}

static bool fn_index(TPL_ARGS)
{
    struct tpl_value item = tpl_unwrapped(args[0]);
    if (!item.type)
        return invalid(err, "index of untyped nil");
    for (size_t i = 1; i < count; i++) {
        struct tpl_value key = tpl_unwrapped(args[i]);
        bool is_good;
        if (!item.type)
            return invalid(err, "index of nil pointer");
        item.is_pointer = false;
        if (item.type->kind == TPL_KIND_LIST || item.type->kind == TPL_KIND_STRING)
            is_good = index_sequence(call, &item, &key, err);
        else if (item.type->kind == TPL_KIND_MAP)
            is_good = index_map(call, &item, &key, err);
        else
            return err_set(err, ERR_INVALID, "can't index item of type %.*s",
                           STR(tpl_type_name(call->mem, &item)));
        if (!is_good)
            return false;
    }
    *ret = item;
    return true;
}

static bool fn_slice(TPL_ARGS)
{
    struct tpl_value item = tpl_unwrapped(args[0]);
    enum tpl_kind kind = tpl_kind_of(&item);
    size_t indexes = count - 1;
    if (kind == TPL_KIND_NONE)
        return invalid(err, "slice of untyped nil");
    if (indexes > 3)
        return err_set(err, ERR_INVALID, "too many slice indexes: %zu", indexes);
    if (kind == TPL_KIND_STRING && indexes == 3)
        return invalid(err, "cannot 3-index slice a string");
    if (kind != TPL_KIND_STRING && kind != TPL_KIND_LIST)
        return err_set(err, ERR_INVALID, "can't slice item of type %.*s",
                       STR(tpl_type_name(call->mem, &item)));
    bool is_string = kind == TPL_KIND_STRING;
    size_t at[3] = {0, is_string ? item.s.n : item.count, 0};
    for (size_t i = 0; i < indexes; i++) {
        struct tpl_value key = tpl_unwrapped(args[i + 1]);
        if (!take_index(call, &key, is_string ? item.s.n : item.cap, &at[i], err))
            return false;
    }
    if (at[0] > at[1])
        return err_set(err, ERR_INVALID, "invalid slice index: %zu > %zu", at[0], at[1]);
    if (indexes == 3 && at[1] > at[2])
        return err_set(err, ERR_INVALID, "invalid slice index: %zu > %zu", at[1], at[2]);
    if (is_string) {
        item.s = str_slice(item.s, at[0], at[1]);
    } else {
        item.first += (uint32_t)at[0];
        item.count = (uint32_t)(at[1] - at[0]);
        item.cap = (uint32_t)((indexes == 3 ? at[2] : item.cap) - at[0]);
    }
    *ret = item;
    return true;
}

static bool fn_not(TPL_ARGS)
{
    *ret = tpl_bool(!tpl_is_true(&args[0]));
    return true;
}

// ---- printing and escaping --------------------------------------------------------------------

static bool fn_print(TPL_ARGS)
{
    struct buf text = TPL_RESULT(call);
    tpl_put_args(&text, args, count);
    return tpl_return(&text, ret, err);
}

static bool fn_println(TPL_ARGS)
{
    struct buf text = TPL_RESULT(call);
    tpl_put_args_line(&text, args, count);
    return tpl_return(&text, ret, err);
}

static bool fn_printf(TPL_ARGS)
{
    struct buf text = TPL_RESULT(call);
    tpl_put_format(&text, args[0].s, args + 1, count - 1);
    return tpl_return(&text, ret, err);
}

static void put_html_escaped(struct buf *b, str s)
{
    for (size_t i = 0; i < s.n; i++) {
        switch (s.p[i]) {
        case '\0':
            buf_put(b, S("\xef\xbf\xbd"));
            break;
        case '"':
            buf_put(b, S("&#34;"));
            break;
        case '\'':
            buf_put(b, S("&#39;"));
            break;
        case '&':
            buf_put(b, S("&amp;"));
            break;
        case '<':
            buf_put(b, S("&lt;"));
            break;
        case '>':
            buf_put(b, S("&gt;"));
            break;
        default:
            buf_put_c(b, s.p[i]);
        }
    }
}

static void put_js_ascii(struct buf *b, char c)
{
    if (c == '\\' || c == '\'' || c == '"') {
        buf_put_c(b, '\\');
        buf_put_c(b, c);
    } else if ((uint8_t)c < ' ' || c == '<' || c == '>' || c == '&' || c == '=') {
        buf_printf(b, "\\u%04X", (uint8_t)c);
    } else {
        buf_put_c(b, c);
    }
}

static void put_js_escaped(struct buf *b, str s)
{
    for (size_t width; s.n; s = str_skip(s, width)) {
        uint32_t rune = utf8_decode(s, &width);
        if (rune < 0x80)
            put_js_ascii(b, (char)rune);
        else if (rune_is_print(rune))
            buf_put(b, str_slice(s, 0, width));
        else
            buf_printf(b, "\\u%04X", rune);
    }
}

static bool escape(struct tpl_call *call, void (*put)(struct buf *, str),
                   const struct tpl_value *args, size_t count, struct tpl_value *ret,
                   struct err *err)
{
    struct buf text = TPL_RESULT(call);
    put(&text, tpl_joined(call->mem, args, count));
    return tpl_return(&text, ret, err);
}

static bool fn_html(TPL_ARGS)
{
    return escape(call, put_html_escaped, args, count, ret, err);
}

static bool fn_js(TPL_ARGS)
{
    return escape(call, put_js_escaped, args, count, ret, err);
}

static bool fn_urlquery(TPL_ARGS)
{
    return escape(call, buf_put_query_escaped, args, count, ret, err);
}

// ---- the table --------------------------------------------------------------------------------

#define NAME(text) .name = {text, sizeof(text) - 1}

// The executor evaluates the arguments of these itself.
const struct tpl_func TPL_AND = {NAME("and"), .params = {&TPL_RAW}, .variadic = &TPL_RAW};
const struct tpl_func TPL_OR = {NAME("or"), .params = {&TPL_RAW}, .variadic = &TPL_RAW};
const struct tpl_func TPL_CALL = {NAME("call"), .params = {&TPL_RAW}, .variadic = &TPL_RAW};

static const struct tpl_func BUILTINS[] = {
    {NAME("eq"), .params = {&TPL_RAW}, .variadic = &TPL_RAW, .call = tpl_fn_eq},
    {NAME("ge"), .params = {&TPL_RAW, &TPL_RAW}, .call = tpl_fn_ge},
    {NAME("gt"), .params = {&TPL_RAW, &TPL_RAW}, .call = tpl_fn_gt},
    {NAME("html"), .variadic = &TPL_ANY, .call = fn_html},
    {NAME("index"), .params = {&TPL_RAW}, .variadic = &TPL_RAW, .call = fn_index},
    {NAME("js"), .variadic = &TPL_ANY, .call = fn_js},
    {NAME("le"), .params = {&TPL_RAW, &TPL_RAW}, .call = tpl_fn_le},
    {NAME("len"), .params = {&TPL_RAW}, .call = fn_len},
    {NAME("lt"), .params = {&TPL_RAW, &TPL_RAW}, .call = tpl_fn_lt},
    {NAME("ne"), .params = {&TPL_RAW, &TPL_RAW}, .call = tpl_fn_ne},
    {NAME("not"), .params = {&TPL_RAW}, .call = fn_not},
    {NAME("print"), .variadic = &TPL_ANY, .call = fn_print},
    {NAME("printf"), .params = {&TPL_STRING}, .variadic = &TPL_ANY, .call = fn_printf},
    {NAME("println"), .variadic = &TPL_ANY, .call = fn_println},
    {NAME("slice"), .params = {&TPL_RAW}, .variadic = &TPL_RAW, .call = fn_slice},
    {NAME("urlquery"), .variadic = &TPL_ANY, .call = fn_urlquery},
};

const struct tpl_funcs TPL_BUILTINS = {BUILTINS, ARRAY_LEN(BUILTINS)};
