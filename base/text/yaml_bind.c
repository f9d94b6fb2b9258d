// SPDX-License-Identifier: Apache-2.0
#include "base/text/yaml_bind.h"

#include <stdarg.h>

#include "base/text/unicode.h"

#define VALUE_SHOWN_BYTES 10 // longer values are cut to VALUE_CUT_BYTES and "..."
#define VALUE_CUT_BYTES   7

static bool is_stopped(const struct yaml_binder *b)
{
    return b->error.code != ERR_NONE;
}

// ---- problems ------------------------------------------------------------------------------

bool yaml_problem(struct yaml_binder *b, const struct yaml_node *node, const char *fmt, ...)
{
    char text[ERR_TEXT_BYTES];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    buf_printf(&b->problems, "\n  line %u: ", node->line);
    buf_put(&b->problems, str_from(text, n > 0 ? MIN((size_t)n, sizeof(text) - 1) : 0));
    b->problem_count++;
    return false;
}

bool yaml_problem_type(struct yaml_binder *b, const struct yaml_node *node, const char *go_type)
{
    str tag = yaml_short_tag(node);
    if (node->kind == YAML_SEQUENCE || node->kind == YAML_MAPPING)
        return yaml_problem(b, node, "cannot unmarshal %.*s into %s", STR(tag), go_type);
    bool is_long = node->text.n > VALUE_SHOWN_BYTES;
    str shown = is_long ? str_slice(node->text, 0, VALUE_CUT_BYTES) : node->text;
    return yaml_problem(b, node, "cannot unmarshal %.*s `%.*s%s` into %s", STR(tag), STR(shown),
                        is_long ? "..." : "", go_type);
}

bool yaml_fail(struct yaml_binder *b, const char *fmt, ...)
{
    if (is_stopped(b))
        return false; // the first one counts
    char text[ERR_TEXT_BYTES];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    return err_set(&b->error, ERR_INVALID, "%s", text);
}

// ---- scalars and their containers ----------------------------------------------------------

static const char *go_type_of(const struct yaml_field *f)
{
    if (f->go_type)
        return f->go_type;
    switch (f->type) {
    case YAML_T_STR:
        return "string";
    case YAML_T_SECRET:
        return "config.plain"; // the local type of Secret's own reader
    case YAML_T_BOOL:
        return "bool";
    case YAML_T_INT:
        return "int";
    case YAML_T_UINT:
        return "uint64";
    case YAML_T_FLOAT:
        return "float64";
    case YAML_T_STRS:
        return "[]string";
    case YAML_T_STR_MAP:
        return "map[string]string";
    case YAML_T_STRUCT:
    case YAML_T_PTR:
    case YAML_T_LIST:
    case YAML_T_PTR_LIST:
    case YAML_T_CUSTOM:
    case YAML_T_NODE:
        break;
    }
    return f->sub ? f->sub->type_name : "interface {}";
}

static bool bind_str(struct yaml_binder *b, const struct yaml_node *node, const char *go_type,
                     str *to)
{
    return yaml_to_str(node, to) || yaml_problem_type(b, node, go_type);
}

static bool bind_strs(struct yaml_binder *b, const struct yaml_node *node, const char *go_type,
                      struct str_list *to)
{
    if (node->kind != YAML_SEQUENCE)
        return yaml_problem_type(b, node, go_type);
    to->items = arena_array(b->mem, str, node->count);
    to->count = 0;
    yaml_each (i, node)
        if (bind_str(b, node->items[i], "string", &to->items[to->count]))
            to->count++;
    return true;
}

// A key that stands in a mapping for the second time.
static void report_repeated(struct yaml_binder *b, const struct yaml_member *m)
{
    defer(buf_done) struct buf quoted = {.max = ERR_TEXT_BYTES};
    buf_put_quoted(&quoted, m->key->text);
    yaml_problem(b, m->value, "key %.*s already set in map", STR(buf_str(&quoted)));
}

static int compare_pairs(const void *a, const void *b)
{
    const struct yaml_str_pair *x = a, *y = b;
    return str_cmp(x->key, y->key);
}

void yaml_str_map_sort(struct yaml_str_map *map)
{
    if (map->count)
        qsort(map->items, map->count, sizeof(*map->items), compare_pairs);
}

static bool bind_str_map(struct yaml_binder *b, const struct yaml_node *node, const char *go_type,
                         struct yaml_str_map *to)
{
    if (node->kind != YAML_MAPPING)
        return yaml_problem_type(b, node, go_type);
    to->items = arena_array(b->mem, struct yaml_str_pair, node->count);
    to->count = 0;
    yaml_each (i, node) {
        const struct yaml_member *m = &node->members[i];
        struct yaml_str_pair *pair = &to->items[to->count];
        if (!bind_str(b, m->key, "string", &pair->key) ||
            !bind_str(b, m->value, "string", &pair->value))
            continue;
        if (m->is_repeated)
            report_repeated(b, m);
        else
            to->count++;
    }
    yaml_str_map_sort(to);
    return true;
}

static bool bind_node(struct yaml_binder *b, const struct yaml_node *node,
                      const struct yaml_node **to)
{
    if (node->kind == YAML_SEQUENCE)
        yaml_each (i, node)
            bind_node(b, node->items[i], to);
    if (node->kind == YAML_MAPPING)
        yaml_each (i, node) {
            bind_node(b, node->members[i].value, to);
            if (node->members[i].is_repeated)
                report_repeated(b, &node->members[i]);
        }
    *to = node;
    return true;
}

// ---- structs and lists of them -------------------------------------------------------------

static bool bind_list(struct yaml_binder *b, const struct yaml_node *node,
                      const struct yaml_field *f, struct yaml_list *to)
{
    if (node->kind != YAML_SEQUENCE) {
        if (f->go_type)
            return yaml_problem_type(b, node, f->go_type);
        str type = arena_printf(b->mem, "[]%s%s", f->type == YAML_T_PTR_LIST ? "*" : "",
                                f->sub->type_name);
        return yaml_problem_type(b, node, type.p);
    }
    bool is_of_ptrs = f->type == YAML_T_PTR_LIST;
    size_t item_bytes = is_of_ptrs ? sizeof(void *) : f->sub->bytes;
    to->items = arena_array_bytes(b->mem, node->count, item_bytes);
    to->count = 0;
    yaml_each (i, node) {
        void *item = (char *)to->items + to->count * item_bytes;
        const struct yaml_node *value = node->items[i];
        if (is_of_ptrs && value->kind != YAML_NULL)
            item = *(void **)item = arena_alloc(b->mem, f->sub->bytes);
        if (value->kind == YAML_NULL || yaml_bind_struct(b, value, f->sub, item))
            to->count++;
        if (is_stopped(b))
            return false;
    }
    return true;
}

static bool bind_ptr(struct yaml_binder *b, const struct yaml_node *node,
                     const struct yaml_struct *type, void **to)
{
    void *made = arena_alloc(b->mem, type->bytes);
    bool ok = yaml_bind_struct(b, node, type, made);
    *to = made;
    return ok;
}

static bool bind_value(struct yaml_binder *b, const struct yaml_node *node,
                       const struct yaml_field *f, void *to)
{
    switch (f->type) {
    case YAML_T_STR:
    case YAML_T_SECRET:
        return bind_str(b, node, go_type_of(f), to);
    case YAML_T_BOOL:
        return yaml_to_bool(node, to) || yaml_problem_type(b, node, go_type_of(f));
    case YAML_T_INT:
        return yaml_to_i64(node, to) || yaml_problem_type(b, node, go_type_of(f));
    case YAML_T_UINT:
        return yaml_to_u64(node, to) || yaml_problem_type(b, node, go_type_of(f));
    case YAML_T_FLOAT:
        return yaml_to_f64(node, to) || yaml_problem_type(b, node, go_type_of(f));
    case YAML_T_STRS:
        return bind_strs(b, node, go_type_of(f), to);
    case YAML_T_STR_MAP:
        return bind_str_map(b, node, go_type_of(f), to);
    case YAML_T_STRUCT:
        return yaml_bind_struct(b, node, f->sub, to);
    case YAML_T_PTR:
        return bind_ptr(b, node, f->sub, to);
    case YAML_T_LIST:
    case YAML_T_PTR_LIST:
        return bind_list(b, node, f, to);
    case YAML_T_CUSTOM:
        return f->bind(b, node, to);
    case YAML_T_NODE:
        return bind_node(b, node, to);
    }
    return false;
}

// The field of that name, looking through inline structs; *to becomes the struct it is in.
static const struct yaml_field *find_field(const struct yaml_struct *type, str name, char **to)
{
    for (const struct yaml_field *f = type->fields; f->name; f++) {
        if (!f->is_inline) {
            if (str_eq(str_c(f->name), name))
                return f;
            continue;
        }
        char *inner = *to + f->offset;
        const struct yaml_field *found = find_field(f->sub, name, &inner);
        if (found) {
            *to = inner;
            return found;
        }
    }
    return NULL;
}

static void bind_unknown(struct yaml_binder *b, const struct yaml_struct *type,
                         const struct yaml_node *key, str name, void *to)
{
    if (b->on_unknown)
        b->on_unknown(b, type, key, to);
    else if (!b->unknown_keys_are_fine)
        yaml_problem(b, key, "field %.*s not found in type %s", STR(name), type->type_name);
}

static void bind_member(struct yaml_binder *b, const struct yaml_struct *type,
                        const struct yaml_member *m, void *to)
{
    str name;
    if (!bind_str(b, m->key, "string", &name))
        return;
    char *owner = to;
    const struct yaml_field *f = find_field(type, name, &owner);
    if (!f) {
        bind_unknown(b, type, m->key, name, to);
        return;
    }
    if (m->is_repeated) {
        yaml_problem(b, m->key, "field %.*s already set in type %s", STR(name), type->type_name);
        return;
    }
    if (m->value->kind == YAML_NULL) {
        memset(owner + f->offset, 0, f->bytes);
        return;
    }
    if (f->seen_end)
        *(bool *)(owner + f->seen_end - 1) = true;
    bind_value(b, m->value, f, owner + f->offset);
}

static void set_inline_defaults(struct yaml_binder *b, const struct yaml_struct *type, char *to)
{
    for (const struct yaml_field *f = type->fields; f->name; f++) {
        if (!f->is_inline)
            continue;
        if (f->sub->set_defaults)
            f->sub->set_defaults(b, to + f->offset);
        set_inline_defaults(b, f->sub, to + f->offset);
    }
}

bool yaml_bind_struct(struct yaml_binder *b, const struct yaml_node *node,
                      const struct yaml_struct *type, void *to)
{
    if (is_stopped(b))
        return false;
    if (node->kind == YAML_NULL) {
        memset(to, 0, type->bytes);
        return true;
    }
    set_inline_defaults(b, type, to);
    if (type->set_defaults)
        type->set_defaults(b, to);
    if (node->kind != YAML_MAPPING)
        return yaml_problem_type(b, node, type->type_name);

    size_t problems_before = b->problem_count;
    yaml_each (i, node) {
        bind_member(b, type, &node->members[i], to);
        if (is_stopped(b))
            return false;
    }
    if (b->problem_count != problems_before)
        return false;
    return !type->check || type->check(b, node, to);
}

bool yaml_bind(struct yaml_binder *b, const struct yaml_node *node, const struct yaml_struct *type,
               void *to, struct err *err)
{
    b->problems = (struct buf){.max = YAML_PROBLEMS_BYTES_MAX};
    b->problem_count = 0;
    err_clear(&b->error);
    if (node->kind != YAML_NULL) // an empty file says nothing: the struct keeps what it holds
        yaml_bind_struct(b, node, type, to);
    defer(buf_done) struct buf problems = b->problems;
    b->problems = (struct buf){0};
    if (is_stopped(b))
        return err_set(err, b->error.code, "%.*s", STR(err_str(&b->error)));
    if (b->problem_count)
        return err_set(err, ERR_SYNTAX, "yaml: unmarshal errors:%.*s", STR(buf_str(&problems)));
    return true;
}
