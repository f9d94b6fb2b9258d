// SPDX-License-Identifier: Apache-2.0
// amtool's own configuration file: defaults for flags, one "name: value" per line.
#include "alertmanager/amtool/amtool.h"
#include "base/env.h"
#include "base/text/yaml_bind.h"

#define CONFIG_FILE_BYTES_MAX ((size_t)1 << 20)

// An older name of a flag; the flag's own name in the same file goes before it.
#define LEGACY_NAME S("comment_required")
#define LEGACY_FOR  S("require-comment")

static bool mismatch(const struct yaml_node *n, const char *type, struct err *err)
{
    defer(buf_done) struct buf value = {.max = ERR_TEXT_BYTES};
    if (n->kind == YAML_SCALAR)
        buf_printf(&value, " `%.*s`", STR(n->text));
    return err_set(err, ERR_INVALID,
                   "yaml: unmarshal errors:\n  line %u: cannot unmarshal %.*s%.*s into %s", n->line,
                   STR(yaml_short_tag(n)), STR(buf_str(&value)), type);
}

static bool add_pairs(struct amtool_defaults *d, const struct yaml_node *document,
                      struct arena *mem, struct err *err)
{
    if (document->kind == YAML_NULL)
        return true;
    if (document->kind != YAML_MAPPING)
        return mismatch(document, "map[string]string", err);
    struct yaml_str_pair *items =
        arena_array(mem, struct yaml_str_pair, d->count + document->count);
    if (d->count)
        memcpy(items, d->items, d->count * sizeof(*items));
    for (size_t i = 0; i < document->count; i++) {
        const struct yaml_member *m = &document->members[i];
        if (m->value->kind == YAML_MAPPING || m->value->kind == YAML_SEQUENCE)
            return mismatch(m->value, "string", err);
        bool is_legacy = str_eq(m->key->text, LEGACY_NAME);
        if (is_legacy && yaml_get(document, LEGACY_FOR))
            continue;
        items[d->count++] =
            (struct yaml_str_pair){is_legacy ? LEGACY_FOR : m->key->text,
                                   m->value->kind == YAML_NULL ? S("") : m->value->text};
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

bool amtool_default_find(void *defaults, const struct flag *flag, str *ret)
{
    const struct amtool_defaults *d = defaults;
    for (size_t i = 0; i < d->count; i++) { // the first file that has it wins
        if (str_eq(d->items[i].key, str_c(flag->name))) {
            *ret = d->items[i].value;
            return true;
        }
    }
    return false;
}
