// SPDX-License-Identifier: Apache-2.0
#include "alertmanager/field_check.h"

#include "base/text/gotpl.h"
#include "base/text/yaml.h"

// A name in the file and what is below it. `*` stands for any key of a mapping, `[]` for each item
// of a list.
struct path_step {
    const char *name;
    const struct path_step *below; // ended by a NULL name; NULL: all texts below are templates
};

static const struct path_step ALL[] = {{"*", NULL}, {0}};

static const struct path_step WEBHOOK[] = {{"url", NULL}, {"payload", NULL}, {0}};
static const struct path_step WEBHOOKS[] = {{"[]", WEBHOOK}, {0}};
static const struct path_step RECEIVER[] = {{"webhook_configs", WEBHOOKS}, {0}};
static const struct path_step RECEIVERS[] = {{"[]", RECEIVER}, {0}};

static const struct path_step ROUTE[];
static const struct path_step ROUTES[] = {{"[]", ROUTE}, {0}};
static const struct path_step ROUTE[] = {{"labels", ALL}, {"routes", ROUTES}, {0}};

static const struct path_step ROOT[] = {{"route", ROUTE}, {"receivers", RECEIVERS}, {0}};

struct checker {
    const struct templates *sets;
    struct buf field; // path to where we are
    field_problem_fn *on_problem;
    void *owner;
    size_t count;
};

static void check_text(struct checker *c, const struct yaml_node *node)
{
    struct err err = ERR_INIT;
    if (str_find_str(node->text, S("{{")) == STR_NONE)
        return;
    struct tpl_set *set = tpl_compile(c->sets->text, node->text, &err);
    tpl_set_free(set);
    if (set)
        return;
    c->count++;
    c->on_problem(c->owner, &(struct field_problem){.field = buf_str(&c->field),
                                                    .line = node->line,
                                                    .column = node->column,
                                                    .error = err_str(&err)});
}

static const struct path_step *find_step(const struct path_step *steps, str name)
{
    for (; steps->name; steps++) {
        if (str_eq(str_c(steps->name), name) || strcmp(steps->name, "*") == 0)
            return steps;
    }
    return NULL;
}

// steps NULL: everything below is a template.
static void check_node(struct checker *c, const struct yaml_node *node,
                       const struct path_step *steps)
{
    static const struct path_step INSIDE = {0};
    size_t n = c->field.n;
    if (node->kind == YAML_SCALAR && !steps)
        check_text(c, node);
    const struct path_step *item = steps ? find_step(steps, S("[]")) : &INSIDE;
    for (size_t i = 0; node->kind == YAML_SEQUENCE && item && i < node->count; i++) {
        buf_printf(&c->field, "[%zu]", i);
        check_node(c, node->items[i], item->below);
        c->field.n = n;
    }
    for (size_t i = 0; node->kind == YAML_MAPPING && i < node->count; i++) {
        const struct yaml_member *m = &node->members[i];
        const struct path_step *step = steps ? find_step(steps, m->key->text) : &INSIDE;
        if (!step)
            continue;
        buf_put(&c->field, n ? S(".") : S(""));
        buf_put(&c->field, m->key->text);
        if (!steps)
            check_text(c, m->key); // keys are rendered like values
        check_node(c, m->value, step->below);
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
        check_node(&c, document, ROOT);
    buf_done(&c.field);
    arena_done(&mem);
    return c.count;
}
