// SPDX-License-Identifier: Apache-2.0
#include "alertmanager/templates.h"

#include "base/core/alloc.h"
#include "base/env.h"
#include "notify/tpldefaults.h"
#include "notify/tplfuncs.h"

void templates_init_builtin(struct templates *t)
{
    struct err err = ERR_INIT;
    *t = (struct templates){tplfuncs_set_new(false), tplfuncs_set_new(true)};
    if (!tpldefaults_parse(t->text, &err) || !tpldefaults_parse(t->html, &err))
        panic("built-in templates: %.*s", STR(err_str(&err)));
}

void templates_done(struct templates *t)
{
    tpl_set_free(t->text);
    tpl_set_free(t->html);
    *t = (struct templates){0};
}

static str base_name(str path)
{
    str folder, base;
    return str_cut_last(path, '/', &folder, &base) ? base : path;
}

static bool parse_file(struct templates *t, struct env *env, str path, struct err *err)
{
    defer(buf_done) struct buf text = {0};
    str name = base_name(path);
    return env_file_read(env, path, TPL_TEXT_BYTES_MAX, &text, err) &&
           tpl_parse(t->text, name, buf_str(&text), err) &&
           tpl_parse(t->html, name, buf_str(&text), err);
}

bool templates_load(struct templates *ret, const struct templates *builtin, struct env *env,
                    const struct str_list *patterns, struct err *err)
{
    struct arena mem = {0};
    bool ok = true;
    *ret = (struct templates){tpl_set_clone(builtin->text), tpl_set_clone(builtin->html)};
    for (size_t i = 0; i < patterns->count && ok; i++) {
        str *paths;
        size_t count = 0;
        ok = env_glob(env, patterns->items[i], &mem, &paths, &count, err);
        for (size_t j = 0; j < count && ok; j++)
            ok = parse_file(ret, env, paths[j], err);
    }
    arena_done(&mem);
    if (!ok)
        templates_done(ret);
    return ok;
}
