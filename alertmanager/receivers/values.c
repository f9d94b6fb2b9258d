// SPDX-License-Identifier: Apache-2.0
// Types of values that several kinds of receivers have.
#include "alertmanager/receivers/kinds.h"
#include "base/text/gotpl.h"
#include "base/text/unicode.h"

// ---- mappings of anything ----------------------------------------------------------------------

static void report_repeated(struct yaml_binder *b, const struct yaml_member *m)
{
    yaml_problem(b, m->value, "key %.*s already set in map", STR(quoted(b->mem, m->key->text)));
}

static void check_inside(struct yaml_binder *b, const struct yaml_node *node)
{
    if (node->kind == YAML_SEQUENCE)
        yaml_each (i, node)
            check_inside(b, node->items[i]);
    if (node->kind == YAML_MAPPING)
        yaml_each (i, node) {
            check_inside(b, node->members[i].value);
            if (node->members[i].is_repeated)
                report_repeated(b, &node->members[i]);
        }
}

// A key as text, whatever it looks like.
static struct yaml_node *text_key(struct yaml_binder *b, const struct yaml_node *key)
{
    str text;
    if (!yaml_to_str(key, &text)) {
        yaml_problem_type(b, key, "string");
        return NULL;
    }
    struct yaml_node *copy = arena_new(b->mem, struct yaml_node);
    *copy = (struct yaml_node){.kind = YAML_SCALAR,
                               .text = text,
                               .tag = S("!!str"),
                               .line = key->line,
                               .column = key->column};
    return copy;
}

bool bind_value_map(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    if (node->kind != YAML_MAPPING)
        return yaml_problem_type(b, node, "map[string]interface {}");
    struct yaml_node *copy = arena_new(b->mem, struct yaml_node);
    *copy = *node;
    copy->members = arena_array(b->mem, struct yaml_member, node->count);
    copy->count = 0;
    yaml_each (i, node) {
        const struct yaml_member *m = &node->members[i];
        struct yaml_node *key = text_key(b, m->key);
        if (!key)
            continue;
        check_inside(b, m->value);
        if (m->is_repeated)
            report_repeated(b, m);
        else
            copy->members[copy->count++] = (struct yaml_member){.key = key, .value = m->value};
    }
    *(const struct yaml_node **)to = copy;
    return true;
}

void print_value_map(struct yaml_printer *p, const void *from)
{
    yaml_put_node(p, *(const struct yaml_node *const *)from);
}

bool value_map_is_empty(const void *from)
{
    const struct yaml_node *map = *(const struct yaml_node *const *)from;
    return !map || map->count == 0;
}

// ---- templates ---------------------------------------------------------------------------------

bool has_template(str text)
{
    return str_find_str(text, S("{{")) != STR_NONE;
}

bool check_template(str text, struct err *err)
{
    defer(tpl_set_free_p) struct tpl_set *set = tpl_set_new(&(struct tpl_options){0});
    return tpl_parse(set, S(""), text, err);
}
