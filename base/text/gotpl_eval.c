// SPDX-License-Identifier: Apache-2.0
// Operands, fields and calls (upstream: text/template/exec.go). Error texts follow Go's reflection
// step by step, so the order of the checks matters.
#include "base/core/alloc.h"
#include "base/text/gotpl_exec.h"
#include "base/text/unicode.h"

static bool fail_quoted(struct tpl_exec *e, const char *before, str name)
{
    defer(buf_done) struct buf quoted = {0};
    buf_put_quoted(&quoted, name);
    return exec_fail(e, ERR_INVALID, "%s%.*s", before, STR(buf_str(&quoted)));
}

// As reflection names it: a value in an `any` slot is of that type.
static str static_type_name(struct tpl_exec *e, const struct tpl_value *v)
{
    if (v->is_slot)
        return TPL_ANY.name;
    return tpl_type_name(e->mem, v);
}

static str node_text(struct tpl_exec *e, const struct node *n)
{
    struct buf text = {.max = ERR_TEXT_BYTES, .mem = e->mem};
    node_put(&text, n);
    return buf_str(&text);
}

// ---- literals ---------------------------------------------------------------------------------

// A number that no type is imposed on.
static bool ideal_constant(struct tpl_exec *e, const struct node *n, struct tpl_value *ret)
{
    const struct number *x = &n->number.n;
    str literal = n->number.literal;
    e->node = n;
    bool is_char = literal.n && literal.p[0] == '\'';
    bool is_hex = literal.n > 2 && literal.p[0] == '0' && (literal.p[1] | 0x20) == 'x' &&
                  str_find(literal, 'p') == STR_NONE && str_find(literal, 'P') == STR_NONE;
    bool looks_float = false;
    for (size_t i = 0; i < literal.n; i++)
        looks_float |= literal.p[i] && strchr(".eEpP", literal.p[i]) != NULL;
    if (x->is_complex)
        *ret = (struct tpl_value){.type = &TPL_COMPLEX, .c = {x->re, x->im}};
    else if (x->is_float && !is_hex && !is_char && looks_float)
        *ret = tpl_f64(x->f);
    else if (x->is_int)
        *ret = tpl_int(x->i);
    else if (x->is_uint)
        return exec_fail(e, ERR_INVALID, "%.*s overflows int", STR(literal));
    else
        *ret = tpl_nothing();
    return true;
}

bool exec_literal(struct tpl_exec *e, const struct node *n, struct tpl_value *ret)
{
    if (n->kind == NODE_NUMBER)
        return ideal_constant(e, n, ret);
    if (n->kind == NODE_NIL)
        return exec_fail(e, ERR_INVALID, "nil is not a command");
    if (n->kind == NODE_BOOL)
        *ret = tpl_bool(n->is_true);
    else if (n->kind == NODE_STRING)
        *ret = tpl_str(n->string.value);
    else
        *ret = e->dot;
    return true;
}

// ---- arguments --------------------------------------------------------------------------------

static bool takes_all(const struct tpl_type *type)
{
    return type->kind == TPL_KIND_ANY || type->kind == TPL_KIND_RAW;
}

static bool can_be_nil(const struct tpl_type *type)
{
    return takes_all(type) || type->kind == TPL_KIND_LIST || type->kind == TPL_KIND_MAP ||
           type == &TPL_LOCATION;
}

static struct tpl_value nil_of(const struct tpl_type *type)
{
    struct tpl_value nil = takes_all(type) ? tpl_nothing() : tpl_zero_of(type);
    nil.is_nil = !takes_all(type);
    nil.is_pointer = type == &TPL_LOCATION;
    return nil;
}

// Makes a computed value fit a parameter.
static bool check_type(struct tpl_exec *e, struct tpl_value *v, const struct tpl_type *type)
{
    if (!v->type && !v->is_slot) {
        if (!can_be_nil(type))
            return exec_fail(e, ERR_INVALID, "invalid value; expected %.*s", STR(type->name));
        *v = nil_of(type);
        return true;
    }
    if (type->kind == TPL_KIND_RAW)
        return true;
    if (type->kind == TPL_KIND_ANY) {
        v->is_slot = false;
        return true;
    }
    if (v->type && tpl_assignable(v, type)) {
        v->is_slot = false;
        return true;
    }
    if (v->type && v->is_pointer && !v->is_nil && v->type == type) { // one indirection
        v->is_slot = v->is_pointer = false;
        return true;
    }
    struct tpl_value inside = v->type ? tpl_unwrapped(*v) : *v;
    return exec_fail(e, ERR_INVALID, "wrong type for value; expected %.*s; got %.*s",
                     STR(type->name), STR(static_type_name(e, &inside)));
}

static bool literal_for_any(struct tpl_exec *e, const struct node *n, struct tpl_value *ret)
{
    e->node = n;
    return exec_literal(e, n, ret);
}

// A literal where a parameter of that type is expected.
static bool literal_for(struct tpl_exec *e, const struct node *n, const struct tpl_type *type,
                        struct tpl_value *ret)
{
    const struct number *x = n->kind == NODE_NUMBER ? &n->number.n : NULL;
    const char *expected = NULL;
    ret->type = type;
    ret->is_slot = false;
    switch (type->kind) {
    case TPL_KIND_BOOL:
        expected = n->kind == NODE_BOOL ? NULL : "bool";
        ret->b = n->kind == NODE_BOOL && n->is_true;
        break;
    case TPL_KIND_STRING:
        expected = n->kind == NODE_STRING ? NULL : "string";
        if (!expected)
            ret->s = n->string.value;
        break;
    case TPL_KIND_INT:
        expected = x && x->is_int ? NULL : "integer";
        ret->i = expected ? 0 : x->i;
        break;
    case TPL_KIND_UINT:
        expected = x && x->is_uint ? NULL : "unsigned integer";
        ret->u = expected ? 0 : x->u;
        break;
    case TPL_KIND_FLOAT:
        expected = x && x->is_float ? NULL : "float";
        ret->f = expected ? 0 : x->f;
        break;
    case TPL_KIND_COMPLEX:
        expected = x && x->is_complex ? NULL : "complex";
        ret->c.re = expected ? 0 : x->re;
        ret->c.im = expected ? 0 : x->im;
        break;
    case TPL_KIND_ANY:
    case TPL_KIND_RAW:
        return literal_for_any(e, n, ret);
    case TPL_KIND_NONE:
    case TPL_KIND_LIST:
    case TPL_KIND_MAP:
    case TPL_KIND_STRUCT:
        return exec_fail(e, ERR_INVALID, "can't handle %.*s for arg of type %.*s",
                         STR(node_text(e, n)), STR(type->name));
    }
    if (!expected)
        return true;
    return exec_fail(e, ERR_INVALID, "expected %s; found %.*s", expected, STR(node_text(e, n)));
}

static bool eval_arg(struct tpl_exec *e, const struct node *n, const struct tpl_type *type,
                     struct tpl_value *ret)
{
    static const struct exec_args NO_ARGS;
    e->node = n;
    *ret = tpl_nothing();
    bool is_good = false;
    switch (n->kind) {
    case NODE_DOT:
        *ret = e->dot;
        is_good = true;
        break;
    case NODE_NIL:
        if (!can_be_nil(type))
            return exec_fail(e, ERR_INVALID, "cannot assign nil to %.*s", STR(type->name));
        *ret = nil_of(type);
        return true;
    case NODE_FIELD:
    case NODE_CHAIN:
        is_good = exec_chain(e, n, &NO_ARGS, ret);
        break;
    case NODE_VARIABLE:
        is_good = n->chain.name_count > 1 ? exec_chain(e, n, &NO_ARGS, ret)
                                          : exec_variable(e, n->chain.names[0], ret);
        break;
    case NODE_PIPE:
        is_good = exec_pipeline(e, n, ret);
        break;
    case NODE_IDENT:
        is_good = exec_function(e, n, n, &NO_ARGS, ret);
        break;
    case NODE_BOOL:
    case NODE_NUMBER:
    case NODE_STRING:
        return literal_for(e, n, type, ret);
    case NODE_TEXT:
    case NODE_ACTION:
    case NODE_IF:
    case NODE_WITH:
    case NODE_RANGE:
    case NODE_TEMPLATE:
    case NODE_BREAK:
    case NODE_CONTINUE:
    case NODE_LIST:
    case NODE_COMMAND:
    case NODE_END:
    case NODE_ELSE:
        return exec_fail(e, ERR_INVALID, "can't handle %.*s", STR(node_text(e, n)));
    }
    return is_good && check_type(e, ret, type);
}

// ---- calls ------------------------------------------------------------------------------------

// and, or: evaluated left to right until one decides; that value is returned as it is.
static bool eval_short_circuit(struct tpl_exec *e, bool is_or, const struct exec_args *args,
                               struct tpl_value *ret)
{
    for (uint32_t i = 0; i < args->count; i++) {
        if (!eval_arg(e, args->nodes[i], &TPL_RAW, ret))
            return false;
        if (tpl_is_true(ret) == is_or)
            return true;
    }
    if (args->final)
        *ret = *args->final;
    return true;
}

// No data of these programs holds a function, so that call always fails; what matters is the text.
static bool eval_call(struct tpl_exec *e, const struct node *at, const struct exec_args *args)
{
    struct tpl_value callee = args->final ? *args->final : tpl_nothing();
    for (uint32_t i = 0; i < args->count; i++) {
        struct tpl_value v;
        if (!eval_arg(e, args->nodes[i], &TPL_RAW, &v))
            return false;
        if (i == 0)
            callee = tpl_unwrapped(v);
    }
    e->node = at;
    if (!callee.type)
        return exec_fail(e, ERR_INVALID, "error calling call: call of nil");
    str type = static_type_name(e, &callee);
    str name = args->count ? node_text(e, args->nodes[0])
                           : arena_printf(e->mem, "<%.*s Value>", STR(type));
    if (!args->count && callee.type->kind == TPL_KIND_STRING)
        name = callee.s;
    return exec_fail(e, ERR_INVALID, "error calling call: non-function %.*s of type %.*s",
                     STR(name), STR(type));
}

static bool check_arity(struct tpl_exec *e, const struct tpl_func *func, size_t fixed,
                        const struct exec_args *args)
{
    size_t given = args->count + (args->final != NULL);
    if (func->variadic) {
        if (given < fixed)
            return exec_fail(e, ERR_INVALID,
                             "wrong number of args for %.*s: want at least %zu got %u",
                             STR(func->name), fixed, args->count);
    } else if (given != fixed && !func->refusal) {
        return exec_fail(e, ERR_INVALID, "wrong number of args for %.*s: want %zu got %zu",
                         STR(func->name), fixed, given);
    }
    return true;
}

static bool eval_call_args(struct tpl_exec *e, const struct tpl_func *func, size_t fixed,
                           const struct exec_args *args, struct tpl_value *argv)
{
    for (uint32_t i = 0; i < args->count; i++) {
        const struct tpl_type *type = i < fixed ? func->params[i] : func->variadic;
        if (!eval_arg(e, args->nodes[i], type, &argv[i]))
            return false;
    }
    if (!args->final)
        return true;
    argv[args->count] = *args->final;
    return check_type(e, &argv[args->count],
                      args->count < fixed ? func->params[args->count] : func->variadic);
}

// Apart from its caller, whose frame should stay small: calls nest.
static __attribute__((noinline)) bool invoke(struct tpl_exec *e, const struct tpl_func *func,
                                             const struct tpl_value *self, const struct node *at,
                                             const struct tpl_value *argv, size_t count,
                                             struct tpl_value *ret)
{
    struct tpl_call call = {.mem = e->mem, .context = e->run->context, .self = self, .exec = e};
    struct err why; // its text is large: not cleared
    why.code = ERR_NONE;
    why.n = 0;
    *ret = tpl_nothing();
    if (func->call(&call, argv, count, ret, &why))
        return true;
    e->node = at;
    return exec_fail(e, why.code == ERR_LIMIT ? ERR_LIMIT : ERR_INVALID, "error calling %.*s: %.*s",
                     STR(func->name), STR(err_str(&why)));
}

#define ARGS_ON_STACK 6

static bool call_function(struct tpl_exec *e, const struct tpl_func *func,
                          const struct tpl_value *self, const struct node *at,
                          const struct exec_args *args, struct tpl_value *ret)
{
    size_t fixed = 0;
    while (fixed < TPL_PARAMS_MAX && func->params[fixed])
        fixed++;
    if (!check_arity(e, func, fixed, args))
        return false;
    if (func->refusal)
        return exec_fail(e, ERR_INVALID, "%s", func->refusal);
    if (func == &TPL_AND || func == &TPL_OR)
        return eval_short_circuit(e, func == &TPL_OR, args, ret);
    if (func == &TPL_CALL)
        return eval_call(e, at, args);

    size_t given = args->count + (args->final != NULL);
    struct tpl_value few[ARGS_ON_STACK];
    struct tpl_value *argv =
        given <= ARGS_ON_STACK ? few : arena_array(e->mem, struct tpl_value, given);
    if (!eval_call_args(e, func, fixed, args, argv) || !exec_step(e))
        return false;
    return invoke(e, func, self, at, argv, given, ret);
}

bool exec_function(struct tpl_exec *e, const struct node *ident, const struct node *at,
                   const struct exec_args *args, struct tpl_value *ret)
{
    e->node = ident;
    return call_function(e, ident->ident.func, NULL, at, args, ret);
}

// ---- fields -----------------------------------------------------------------------------------

static const struct tpl_func *find_method(const struct tpl_type *type, str name)
{
    for (size_t i = 0; i < type->method_count; i++) {
        if (str_eq(type->methods[i].name, name))
            return &type->methods[i];
    }
    return NULL;
}

// A field of the struct or of one embedded in it; *ret_obj is the struct that has it.
static const struct tpl_field *find_field(const struct tpl_type *type, const void *obj, str name,
                                          const void **ret_obj)
{
    for (size_t i = 0; i < type->field_count; i++) {
        if (str_eq(type->fields[i].name, name)) {
            *ret_obj = obj;
            return &type->fields[i];
        }
    }
    for (size_t i = 0; i < type->field_count; i++) {
        if (!type->fields[i].is_embedded)
            continue;
        struct tpl_value inner;
        type->fields[i].get(obj, &inner);
        const struct tpl_field *field = find_field(inner.type, inner.obj, name, ret_obj);
        if (field)
            return field;
    }
    return NULL;
}

static bool struct_field(struct tpl_exec *e, const struct tpl_value *v, str name, bool has_args,
                         bool *ret_is_known, struct tpl_value *ret)
{
    const void *obj = NULL;
    const struct tpl_field *field = find_field(v->type, v->obj, name, &obj);
    *ret_is_known = field != NULL;
    if (!field)
        return true;
    if (field->is_hidden)
        return exec_fail(e, ERR_INVALID, "%.*s is an unexported field of struct type %.*s",
                         STR(name), STR(static_type_name(e, v)));
    if (has_args)
        return exec_fail(e, ERR_INVALID, "%.*s has arguments but cannot be invoked as function",
                         STR(name));
    field->get(obj, ret);
    ret->is_slot = field->type && field->type->kind == TPL_KIND_ANY;
    return true;
}

static bool map_entry(struct tpl_exec *e, const struct tpl_value *v, str name, bool has_args,
                      struct tpl_value *ret)
{
    if (has_args)
        return exec_fail(e, ERR_INVALID, "%.*s is not a method but has arguments", STR(name));
    if (tpl_map_find(v, name, ret))
        return true;
    switch (e->set->options.missing_key) {
    case TPL_MISSING_DEFAULT:
        *ret = tpl_nothing();
        return true;
    case TPL_MISSING_ZERO:
        *ret = tpl_zero_of(v->type->elem);
        return true;
    case TPL_MISSING_ERROR:
        break;
    }
    return fail_quoted(e, "map has no entry for key ", name);
}

// v.name, with arguments if it is the last of a chain.
static bool eval_field(struct tpl_exec *e, const struct node *n, str name,
                       const struct exec_args *args, const struct tpl_value *v,
                       struct tpl_value *ret)
{
    if (!v->type && !v->is_slot) {
        if (e->set->options.missing_key == TPL_MISSING_ERROR)
            return fail_quoted(e, "nil data; no entry for key ", name);
        *ret = tpl_nothing();
        return true;
    }
    if (!v->type)
        return exec_fail(e, ERR_INVALID, "nil pointer evaluating interface {}.%.*s", STR(name));
    const struct tpl_func *method = find_method(v->type, name);
    if (method) {
        struct tpl_value *self = arena_new(e->mem, struct tpl_value);
        *self = tpl_unwrapped(*v);
        return call_function(e, method, self, n, args, ret);
    }
    bool has_args = args->count > 0 || args->final;
    if (v->type->kind == TPL_KIND_STRUCT && !v->is_nil) {
        bool is_known;
        if (!struct_field(e, v, name, has_args, &is_known, ret))
            return false;
        if (is_known)
            return true;
    } else if (v->type->kind == TPL_KIND_MAP && v->type->key == &TPL_STRING) {
        return map_entry(e, v, name, has_args, ret);
    }
    return exec_fail(e, ERR_INVALID, "can't evaluate field %.*s in type %.*s", STR(name),
                     STR(static_type_name(e, v)));
}

bool exec_chain(struct tpl_exec *e, const struct node *n, const struct exec_args *args,
                struct tpl_value *ret)
{
    static const struct exec_args NO_ARGS;
    struct tpl_value receiver = e->dot;
    uint32_t first = 0;
    e->node = n;
    if (n->kind == NODE_VARIABLE) {
        first = 1;
        if (!exec_variable(e, n->chain.names[0], &receiver))
            return false;
    } else if (n->kind == NODE_CHAIN) {
        if (n->chain.base->kind == NODE_NIL)
            return exec_fail(e, ERR_INVALID, "indirection through explicit nil in %.*s",
                             STR(node_text(e, n)));
        if (!eval_arg(e, n->chain.base, &TPL_RAW, &receiver))
            return false;
    }
    for (uint32_t i = first; i < n->chain.name_count; i++) {
        bool is_last = i + 1 == n->chain.name_count;
        struct tpl_value next = tpl_nothing();
        if (!eval_field(e, n, n->chain.names[i], is_last ? args : &NO_ARGS, &receiver, &next))
            return false;
        receiver = next;
    }
    *ret = receiver;
    return true;
}
