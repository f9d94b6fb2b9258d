// SPDX-License-Identifier: Apache-2.0
// labels.h: canonical immutable label sets.
//
// Sorted by name (bytes), no name twice. Equal sets of one store are the same pointer, so looking
// up a set that is already known costs one hash and one comparison and allocates nothing: that is
// the hot path of an alert that is sent again and again. Core thread only.
#pragma once
#include "base/core/arena.h"
#include "base/core/buf.h"
#include "base/core/err.h"
#include "base/core/hash.h"
#include "base/model/symbol.h"

struct label {
    str name, value;
};

// The names of a set; all sets with the same names share one.
struct label_names {
    struct label_store *store;
    uint64_t hash;
    uint32_t refs;
    uint32_t count;
    struct symbol *names[]; // sorted
};

struct label_store {
    struct symbol_table symbols;
    struct intern sets, names;
    size_t bytes; // held by all sets, symbols and names excluded
};

struct labels {
    struct label_names *names;
    uint64_t fingerprint; // labels_fingerprint
    uint32_t refs;
    uint32_t count;
    struct symbol *values[]; // in the order of the names
};

void label_store_init(struct label_store *s, uint64_t seed);
void label_store_done(struct label_store *s); // all sets must have been given back

// The canonical set of these labels; takes a reference. Sorts `labels` in place. Of equal names the
// last one wins. Labels with empty values are kept: dropping them is the caller's decision.
struct labels *labels_get(struct label_store *s, struct label *labels, size_t count);
// The same set if it is known: borrowed, or NULL.
struct labels *labels_find(const struct label_store *s, struct label *labels, size_t count);
void labels_unref(struct labels *l); // NULL is fine
DEFER_PTR(struct labels, labels_unref)

static inline struct labels *labels_ref(struct labels *l)
{
    l->refs++;
    return l;
}

// For tables of label sets: equal sets are one pointer.
static inline uint64_t labels_hash(const struct labels *l)
{
    return hash_mix((uintptr_t)l, l->count);
}

static inline str labels_name_at(const struct labels *l, size_t i)
{
    return symbol_str(l->names->names[i]);
}

static inline str labels_value_at(const struct labels *l, size_t i)
{
    return symbol_str(l->values[i]);
}

// The value of that label, or the empty slice. ret_has (may be NULL) tells absent from empty.
str labels_value(const struct labels *l, str name, bool *ret_has);

// ---- plain arrays of labels, for parsers and evaluation ----------------------------------------

void label_sort(struct label *labels, size_t count);          // by name, stable
size_t label_sort_unique(struct label *labels, size_t count); // last one wins; new count
const struct label *label_find(const struct label *labels, size_t count, str name); // linear

// ---- hashes and texts (upstream: common/model, prometheus/labels) ------------------------------

// FNV-1a 64 over name 0xff value 0xff …, sorted by name: "fingerprint" of the API, 16 hex digits.
uint64_t label_fingerprint(const struct label *sorted, size_t count);
// xxHash64, seed 0, over the same bytes: the alert hash of the notification log.
uint64_t labels_xxh64(const struct labels *l);

// Order of label sets in lists (upstream: model.LabelSet.Before): fewer labels first, then over the
// union of names in order a missing name sorts first, then values. <0, 0, >0.
int labels_cmp(const struct labels *a, const struct labels *b);

// {name="value", other="…"}: values quoted as Go does, names as they are.
void buf_put_labels(struct buf *b, const struct labels *l);

// ---- names --------------------------------------------------------------------------------------

enum name_mode { NAME_CLASSIC, NAME_UTF8 };

// NAME_CLASSIC: [a-zA-Z_][a-zA-Z0-9_]*. NAME_UTF8: not empty, valid UTF-8.
bool label_name_is_valid(enum name_mode mode, str name);
