// SPDX-License-Identifier: Apache-2.0
#include "alertmanager/field_check.h"

#include "alertmanager/config.h"
#include "base/text/gotpl.h"
#include "base/text/yaml.h"

struct checker {
    const struct templates *sets;
    struct buf field; // path to where we are
    field_problem_fn *on_problem;
    void *owner;
    size_t count;
};

static void check_text(struct checker *c, const struct yaml_node *node, unsigned mark)
{
    struct err err = ERR_INIT;
    if (str_find_str(node->text, S("{{")) == STR_NONE)
        return;
    const struct tpl_set *set = mark == FIELD_HTML_TEMPLATE ? c->sets->html : c->sets->text;
    struct tpl_set *compiled = tpl_compile(set, node->text, &err);
    tpl_set_free(compiled);
    if (compiled)
        return;
    c->count++;
    c->on_problem(c->owner, &(struct field_problem){.field = buf_str(&c->field),
                                                    .line = node->line,
                                                    .column = node->column,
                                                    .error = err_str(&err)});
}

// What a node of a table's struct or of a marked field has below it.
struct below {
    const struct yaml_struct *type; // NULL: values, all marked alike
    unsigned mark;
};

static const struct yaml_field *find_field(const struct yaml_struct *type, str name)
{
    for (const struct yaml_field *f = type->fields; f->name; f++) {
        const struct yaml_field *inner = f->is_inline ? find_field(f->sub, name) : NULL;
        if (inner || (!f->is_inline && str_eq(str_c(f->name), name)))
            return inner ? inner : f;
    }
    return NULL;
}

static bool below_member(struct below in, str name, struct below *ret) // false: nothing to check
{
    *ret = in;
    if (!in.type)
        return true;
    const struct yaml_field *f = find_field(in.type, name);
    if (!f)
        return false;
    *ret = (struct below){f->mark ? NULL : f->sub, f->mark};
    return ret->type || ret->mark;
}

static void check_node(struct checker *c, const struct yaml_node *node, struct below in)
{
    size_t n = c->field.n;
    if (node->kind == YAML_SCALAR && in.mark)
        check_text(c, node, in.mark);
    for (size_t i = 0; node->kind == YAML_SEQUENCE && i < node->count; i++) {
        buf_printf(&c->field, "[%zu]", i);
        check_node(c, node->items[i], in);
        c->field.n = n;
    }
    for (size_t i = 0; node->kind == YAML_MAPPING && i < node->count; i++) {
        const struct yaml_member *m = &node->members[i];
        struct below below;
        if (!below_member(in, m->key->text, &below))
            continue;
        buf_put(&c->field, n ? S(".") : S(""));
        buf_put(&c->field, m->key->text);
        if (in.mark)
            check_text(c, m->key, in.mark);
        check_node(c, m->value, below);
        c->field.n = n;
    }
}

size_t field_check(str text, const struct templates *sets, field_problem_fn *on_problem,
                   void *owner)
{
    struct arena mem = {0};
    struct checker c = {.sets = sets, .on_problem = on_problem, .owner = owner};
    struct yaml_node *document;
    if (yaml_parse(text, &(struct yaml_options){0}, &mem, &document, NULL))
        check_node(&c, document, (struct below){&CONFIG_YAML, FIELD_IS_PLAIN});
    buf_done(&c.field);
    arena_done(&mem);
    return c.count;
}
