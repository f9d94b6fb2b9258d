// SPDX-License-Identifier: Apache-2.0
#include "notify/tplcache.h"

#include "base/core/alloc.h"
#include "base/core/hash.h"
#include "base/core/map.h"

struct compiled {
    str text;
    struct tpl_set *set; // NULL: it does not parse
    enum err_code code;  // then
    str error;
};

struct tplcache {
    const struct tpl_set *base;
    struct arena mem;
    struct map texts; // struct compiled
};

struct tplcache *tplcache_new(const struct tpl_set *base)
{
    struct tplcache *c = mem_new(struct tplcache);
    c->base = base;
    return c;
}

void tplcache_free(struct tplcache *c)
{
    if (!c)
        return;
    map_each (struct compiled, t, &c->texts)
        tpl_set_free(t->set);
    map_done(&c->texts);
    arena_done(&c->mem);
    mem_free(c);
}

size_t tplcache_count(const struct tplcache *c)
{
    return c->texts.count;
}

static bool has_text(const void *item, const void *key)
{
    return str_eq(((const struct compiled *)item)->text, *(const str *)key);
}

// NULL: no room for more.
static const struct compiled *find_or_compile(struct tplcache *c, str text)
{
    uint64_t hash = fnv1a64(FNV1A64_INIT, text); // nobody outside chooses the texts
    struct compiled *t = map_find(&c->texts, hash, has_text, &text);
    if (t)
        return t;
    if (c->texts.count >= TPLCACHE_TEXTS_MAX || c->mem.used_bytes + text.n > TPLCACHE_BYTES_MAX)
        return NULL;
    struct err err = ERR_INIT;
    t = arena_new(&c->mem, struct compiled);
    t->text = arena_str(&c->mem, text);
    t->set = tpl_compile(c->base, t->text, &err);
    if (!t->set) {
        t->code = err.code;
        t->error = arena_str(&c->mem, err_str(&err));
    }
    map_insert(&c->texts, hash, t);
    return t;
}

bool tplcache_render(struct tplcache *c, str text, const struct tpl_run *run, struct buf *out,
                     struct err *err)
{
    if (text.n == 0)
        return true;
    const struct compiled *t = find_or_compile(c, text);
    if (!t)
        return tpl_render(c->base, text, run, out, err);
    if (!t->set)
        return err_set(err, t->code, "%.*s", STR(t->error));
    return tpl_execute(t->set, S(""), run, out, err);
}
