// SPDX-License-Identifier: Apache-2.0
// Sets of named templates: creation, clones, look-up.
#include "base/core/alloc.h"
#include "base/core/hash.h"
#include "base/text/gotpl_int.h"

#define COMPILED_BLOCK_BYTES 512 // a text of a configuration is short, and there may be many

// Names come from configuration, not from clients: an unkeyed hash will do.
uint64_t tpl_name_hash(str name)
{
    return fnv1a64(FNV1A64_INIT, name);
}

bool tpl_tree_has_name(const void *tree, const void *name)
{
    return str_eq(((const struct tpl_tree *)tree)->name, *(const str *)name);
}

struct tpl_set *tpl_set_new(const struct tpl_options *options)
{
    assert(options->table_count <= TPL_TABLES_MAX);
    struct tpl_set *set = mem_new(struct tpl_set);
    set->options = *options;
    for (size_t i = 0; i < options->table_count; i++)
        set->tables[i] = options->tables[i];
    set->options.tables = NULL;
    return set;
}

struct tpl_set *tpl_set_clone(const struct tpl_set *base)
{
    struct tpl_set *set = mem_new(struct tpl_set);
    set->options = base->options;
    memcpy(set->tables, base->tables, sizeof(set->tables));
    set->base = base;
    return set;
}

void tpl_set_free(struct tpl_set *set)
{
    if (!set)
        return;
    map_done(&set->trees);
    map_done(&set->prepared);
    arena_done(&set->mem);
    mem_free(set);
}

struct tpl_tree *tpl_find(const struct tpl_set *set, str name)
{
    uint64_t hash = tpl_name_hash(name);
    for (; set; set = set->base) {
        struct tpl_tree *tree = map_find(&set->trees, hash, tpl_tree_has_name, &name);
        if (tree)
            return tree;
    }
    return NULL;
}

bool tpl_has(const struct tpl_set *set, str name)
{
    const struct tpl_tree *tree = tpl_find(set, name);
    return tree && !tree->is_empty;
}

void tpl_set_put(struct tpl_set *set, struct tpl_tree *tree)
{
    uint64_t hash = tpl_name_hash(tree->name);
    map_remove(&set->trees, hash, tpl_tree_has_name, &tree->name);
    map_insert(&set->trees, hash, tree);
}

static const struct tpl_func *find_in(const struct tpl_funcs *table, str name)
{
    for (size_t i = 0; i < table->count; i++) {
        if (str_eq(table->items[i].name, name))
            return &table->items[i];
    }
    return NULL;
}

const struct tpl_func *tpl_func_find(const struct tpl_set *set, str name)
{
    const struct tpl_func *func = NULL;
    for (size_t i = 0; i < set->options.table_count && !func; i++)
        func = find_in(&set->tables[i], name);
    if (!func)
        func = find_in(&TPL_BUILTINS, name);
    if (!func && str_eq(name, TPL_AND.name))
        func = &TPL_AND;
    if (!func && str_eq(name, TPL_OR.name))
        func = &TPL_OR;
    if (!func && str_eq(name, TPL_CALL.name))
        func = &TPL_CALL;
    return func;
}

struct tpl_set *tpl_compile(const struct tpl_set *base, str text, struct err *err)
{
    defer(tpl_set_free_p) struct tpl_set *set = tpl_set_clone(base);
    set->mem.block_bytes = COMPILED_BLOCK_BYTES;
    if (!tpl_parse(set, S(""), text, err))
        return NULL;
    tpl_prepare(set, S(""), NULL);
    return take(&set);
}

bool tpl_render(const struct tpl_set *base, str text, const struct tpl_run *run, struct buf *out,
                struct err *err)
{
    if (text.n == 0)
        return true;
    defer(tpl_set_free_p) struct tpl_set *set = tpl_set_clone(base);
    return tpl_parse(set, S(""), text, err) && tpl_execute(set, S(""), run, out, err);
}
