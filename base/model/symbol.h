// SPDX-License-Identifier: Apache-2.0
// symbol.h: interned strings: every label name and value is kept once.
//
// Equal texts are the same pointer within one table. Counted by plain integers: core thread only.
#pragma once
#include "base/core/slab.h"
#include "base/model/intern.h"

struct symbol {
    uint32_t refs;
    uint32_t n;
    char text[]; // n bytes and a NUL
};

struct symbol_table {
    uint64_t seed; // set before the first use; clients choose the texts
    struct intern table;
    struct slab slab; // of the symbols, and of what else lives as long as they do
    size_t bytes;     // held by all symbols
};

void symbol_table_done(struct symbol_table *t); // all symbols must have been given back
struct symbol *symbol_get(struct symbol_table *t, str text);        // takes a reference
struct symbol *symbol_find(const struct symbol_table *t, str text); // borrowed, or NULL
void symbol_unref(struct symbol_table *t, struct symbol *s);        // NULL is fine

static inline struct symbol *symbol_ref(struct symbol *s)
{
    s->refs++;
    return s;
}

static inline str symbol_str(const struct symbol *s)
{
    return str_from(s->text, s->n);
}
