// SPDX-License-Identifier: Apache-2.0
#include "base/model/symbol.h"

#include "base/core/hash.h"

void symbol_table_done(struct symbol_table *t)
{
    assert(t->table.count == 0);
    intern_done(&t->table);
    slab_done(&t->slab);
    *t = (struct symbol_table){.seed = t->seed};
}

static bool symbol_has_text(const void *item, const void *key)
{
    return str_eq(symbol_str(item), *(const str *)key);
}

static size_t symbol_bytes(size_t n)
{
    return offsetof(struct symbol, text) + n + 1;
}

struct symbol *symbol_get(struct symbol_table *t, str text)
{
    uint64_t hash = hash_seeded(t->seed, text);
    struct symbol *s = intern_find(&t->table, hash, symbol_has_text, &text);
    if (s)
        return symbol_ref(s);

    assert(text.n < UINT32_MAX);
    s = slab_alloc(&t->slab, symbol_bytes(text.n));
    s->refs = 1;
    s->n = (uint32_t)text.n;
    if (text.n)
        memcpy(s->text, text.p, text.n);
    s->text[text.n] = '\0';
    intern_insert(&t->table, hash, s);
    t->bytes += symbol_bytes(text.n);
    return s;
}

struct symbol *symbol_find(const struct symbol_table *t, str text)
{
    return intern_find(&t->table, hash_seeded(t->seed, text), symbol_has_text, &text);
}

void symbol_unref(struct symbol_table *t, struct symbol *s)
{
    if (!s)
        return;
    assert(s->refs > 0);
    if (--s->refs > 0)
        return;
    intern_remove(&t->table, hash_seeded(t->seed, symbol_str(s)), s);
    t->bytes -= symbol_bytes(s->n);
    slab_free(&t->slab, s, symbol_bytes(s->n));
}
