// SPDX-License-Identifier: Apache-2.0
// amtool's own configuration file: defaults for flags, one "name: value" per line.
#include "alertmanager/amtool/amtool.h"
#include "base/env.h"
#include "base/text/yaml_bind.h"

#define CONFIG_FILE_BYTES_MAX ((size_t)1 << 20)

static bool add_pairs(struct amtool_defaults *d, const struct yaml_node *document,
                      struct arena *mem, struct err *err)
{
    if (document->kind == YAML_NULL)
        return true;
    if (document->kind != YAML_MAPPING)
        return err_set(err, ERR_INVALID, "yaml: line %u: not a mapping of flags", document->line);
    struct yaml_str_pair *items =
        arena_array(mem, struct yaml_str_pair, d->count + document->count);
    if (d->count)
        memcpy(items, d->items, d->count * sizeof(*items));
    for (size_t i = 0; i < document->count; i++) {
        const struct yaml_member *m = &document->members[i];
        if (m->value->kind == YAML_MAPPING || m->value->kind == YAML_SEQUENCE)
            return err_set(err, ERR_INVALID, "yaml: line %u: the value of %.*s is not a text",
                           m->value->line, STR(m->key->text));
        items[d->count++] = (struct yaml_str_pair){m->key->text, m->value->text};
    }
    d->items = items;
    return true;
}

static bool add_file(struct amtool_defaults *d, struct env *env, str path, struct arena *mem,
                     struct err *err)
{
    defer(buf_done) struct buf text = {0};
    struct err why = ERR_INIT;
    struct yaml_node *document;
    if (!env_file_read(env, path, CONFIG_FILE_BYTES_MAX, &text, &why)) {
        if (why.code == ERR_NOT_FOUND)
            return true;
    } else if (yaml_parse(arena_str(mem, buf_str(&text)), &(struct yaml_options){0}, mem, &document,
                          &why) &&
               add_pairs(d, document, mem, &why)) {
        return true;
    }
    return err_set(err, why.code, "could not load config file: %.*s", STR(err_str(&why)));
}

bool amtool_defaults_load(struct env *env, const char *home, struct arena *mem,
                          struct amtool_defaults *ret, struct err *err)
{
    *ret = (struct amtool_defaults){0};
    str own = arena_printf(mem, "%s/.config/amtool/config.yml", home ? home : "");
    return (!home || add_file(ret, env, own, mem, err)) &&
           add_file(ret, env, S("/etc/amtool/config.yml"), mem, err);
}

static bool find(const struct amtool_defaults *d, str name, str *ret)
{
    for (size_t i = 0; i < d->count; i++) { // the first file that has it wins
        if (str_eq(d->items[i].key, name)) {
            *ret = d->items[i].value;
            return true;
        }
    }
    return false;
}

bool amtool_default_find(void *defaults, const struct flag *flag, str *ret)
{
    str name = str_c(flag->name);
    return find(defaults, name, ret) ||
           (str_eq(name, S("require-comment")) && find(defaults, S("comment_required"), ret));
}
