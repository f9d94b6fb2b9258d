// SPDX-License-Identifier: Apache-2.0
#include "base/model/labels.h"

#include "base/core/alloc.h"
#include "base/core/hash.h"
#include "base/core/utf8.h"
#include "base/text/unicode.h"

#define INSERTION_SORT_MAX 32
#define HASH_CHUNK_BYTES   1024

// ---- the store ----------------------------------------------------------------------------------

// A set that is looked for: sorted, no name twice.
struct label_key {
    const struct label *labels;
    size_t count;
};

void label_store_init(struct label_store *s, uint64_t seed)
{
    *s = (struct label_store){.symbols.seed = seed};
}

void label_store_done(struct label_store *s)
{
    assert(s->sets.count == 0);
    intern_done(&s->sets);
    intern_done(&s->names);
    symbol_table_done(&s->symbols);
}

// Collects pieces so that the keyed hash, which is dear to start, runs once per kilobyte.
struct chunk_hash {
    uint64_t hash;
    size_t n;
    char bytes[HASH_CHUNK_BYTES];
};

static void chunk_hash_put(struct chunk_hash *h, const void *from, size_t n)
{
    if (n > sizeof(h->bytes) - h->n) {
        h->hash = hash_seeded(h->hash, str_from(h->bytes, h->n));
        h->n = 0;
        if (n > sizeof(h->bytes)) {
            h->hash = hash_seeded(h->hash, str_from(from, n));
            return;
        }
    }
    if (n)
        memcpy(h->bytes + h->n, from, n);
    h->n += n;
}

// Lengths stand in front of the texts: sets that differ give different bytes.
static void chunk_hash_put_label(struct chunk_hash *h, str name, str value)
{
    uint32_t lengths[2] = {(uint32_t)name.n, (uint32_t)value.n};
    chunk_hash_put(h, lengths, sizeof(lengths));
    chunk_hash_put(h, name.p, name.n);
    chunk_hash_put(h, value.p, value.n);
}

static uint64_t label_key_hash(uint64_t seed, const struct label_key *key)
{
    struct chunk_hash h;
    h.hash = seed;
    h.n = 0;
    for (size_t i = 0; i < key->count; i++)
        chunk_hash_put_label(&h, key->labels[i].name, key->labels[i].value);
    return hash_seeded(h.hash, str_from(h.bytes, h.n));
}

// The same of a set.
static uint64_t labels_key_hash(uint64_t seed, const struct labels *l)
{
    struct chunk_hash h;
    h.hash = seed;
    h.n = 0;
    for (size_t i = 0; i < l->count; i++)
        chunk_hash_put_label(&h, labels_name_at(l, i), labels_value_at(l, i));
    return hash_seeded(h.hash, str_from(h.bytes, h.n));
}

static bool labels_have_key(const void *item, const void *key)
{
    const struct labels *l = item;
    const struct label_key *wanted = key;
    if (l->count != wanted->count)
        return false;
    for (size_t i = 0; i < l->count; i++) {
        if (!str_eq(labels_value_at(l, i), wanted->labels[i].value) ||
            !str_eq(labels_name_at(l, i), wanted->labels[i].name))
            return false;
    }
    return true;
}

// ---- shared names -------------------------------------------------------------------------------

static size_t names_bytes(size_t count)
{
    return sizeof(struct label_names) + count * sizeof(struct symbol *);
}

static bool names_have_key(const void *item, const void *key)
{
    const struct label_names *n = item;
    const struct label_key *wanted = key;
    if (n->count != wanted->count)
        return false;
    for (size_t i = 0; i < n->count; i++) {
        if (!str_eq(symbol_str(n->names[i]), wanted->labels[i].name))
            return false;
    }
    return true;
}

static uint64_t names_hash(uint64_t seed, const struct label_key *key)
{
    uint64_t hash = hash_mix(seed, key->count);
    for (size_t i = 0; i < key->count; i++)
        hash = hash_seeded(hash, key->labels[i].name);
    return hash;
}

static struct label_names *names_get(struct label_store *s, const struct label_key *key)
{
    uint64_t hash = names_hash(s->symbols.seed, key);
    struct label_names *n = intern_find(&s->names, hash, names_have_key, key);
    if (n) {
        n->refs++;
        return n;
    }
    n = slab_alloc(&s->symbols.slab, names_bytes(key->count));
    *n = (struct label_names){.store = s, .hash = hash, .refs = 1, .count = (uint32_t)key->count};
    for (size_t i = 0; i < key->count; i++)
        n->names[i] = symbol_get(&s->symbols, key->labels[i].name);
    intern_insert(&s->names, hash, n);
    return n;
}

static void names_unref(struct label_names *n)
{
    if (--n->refs > 0)
        return;
    struct label_store *s = n->store;
    intern_remove(&s->names, n->hash, n);
    for (size_t i = 0; i < n->count; i++)
        symbol_unref(&s->symbols, n->names[i]);
    slab_free(&s->symbols.slab, n, names_bytes(n->count));
}

// ---- sets ---------------------------------------------------------------------------------------

static size_t labels_bytes(size_t count)
{
    return sizeof(struct labels) + count * sizeof(struct symbol *);
}

static struct labels *labels_new(struct label_store *s, const struct label_key *key, uint64_t hash)
{
    assert(key->count < UINT32_MAX);
    struct labels *l = slab_alloc(&s->symbols.slab, labels_bytes(key->count));
    l->names = names_get(s, key);
    l->fingerprint = label_fingerprint(key->labels, key->count);
    l->refs = 1;
    l->count = (uint32_t)key->count;
    for (size_t i = 0; i < key->count; i++)
        l->values[i] = symbol_get(&s->symbols, key->labels[i].value);
    intern_insert(&s->sets, hash, l);
    s->bytes += labels_bytes(key->count);
    return l;
}

struct labels *labels_get(struct label_store *s, struct label *labels, size_t count)
{
    struct label_key key = {labels, label_sort_unique(labels, count)};
    uint64_t hash = label_key_hash(s->symbols.seed, &key);
    struct labels *l = intern_find(&s->sets, hash, labels_have_key, &key);
    return l ? labels_ref(l) : labels_new(s, &key, hash);
}

struct labels *labels_find(const struct label_store *s, struct label *labels, size_t count)
{
    struct label_key key = {labels, label_sort_unique(labels, count)};
    return intern_find(&s->sets, label_key_hash(s->symbols.seed, &key), labels_have_key, &key);
}

void labels_unref(struct labels *l)
{
    if (!l)
        return;
    assert(l->refs > 0);
    if (--l->refs > 0)
        return;
    struct label_store *s = l->names->store;
    intern_remove(&s->sets, labels_key_hash(s->symbols.seed, l), l);
    for (size_t i = 0; i < l->count; i++)
        symbol_unref(&s->symbols, l->values[i]);
    names_unref(l->names);
    s->bytes -= labels_bytes(l->count);
    slab_free(&s->symbols.slab, l, labels_bytes(l->count));
}

str labels_value(const struct labels *l, str name, bool *ret_has)
{
    size_t i = 0;
    while (i < l->count && !str_eq(labels_name_at(l, i), name))
        i++;
    bool has = i < l->count;
    if (ret_has)
        *ret_has = has;
    return has ? labels_value_at(l, i) : S("");
}

// ---- plain arrays of labels ---------------------------------------------------------------------

static void label_insertion_sort(struct label *labels, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct label moving = labels[i];
        size_t at = i;
        for (; at > 0 && str_cmp(labels[at - 1].name, moving.name) > 0; at--)
            labels[at] = labels[at - 1];
        labels[at] = moving;
    }
}

// Merge sort: `scratch` has room for half of the labels. Stable, and never quadratic whatever the
// client sends.
static void label_merge_sort(struct label *labels, size_t count, struct label *scratch)
{
    if (count <= INSERTION_SORT_MAX) {
        label_insertion_sort(labels, count);
        return;
    }
    size_t left_count = count / 2;
    label_merge_sort(labels, left_count, scratch);
    label_merge_sort(labels + left_count, count - left_count, scratch);
    memcpy(scratch, labels, left_count * sizeof(*labels));
    size_t left = 0, right = left_count, to = 0;
    while (left < left_count) {
        if (right < count && str_cmp(labels[right].name, scratch[left].name) < 0)
            labels[to++] = labels[right++];
        else
            labels[to++] = scratch[left++];
    }
}

void label_sort(struct label *labels, size_t count)
{
    if (count <= INSERTION_SORT_MAX) {
        label_insertion_sort(labels, count);
        return;
    }
    struct label *scratch = mem_array(struct label, count / 2);
    label_merge_sort(labels, count, scratch);
    mem_free(scratch);
}

size_t label_sort_unique(struct label *labels, size_t count)
{
    label_sort(labels, count);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (i + 1 < count && str_eq(labels[i].name, labels[i + 1].name))
            continue;
        labels[kept++] = labels[i];
    }
    return kept;
}

const struct label *label_find(const struct label *labels, size_t count, str name)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq(labels[i].name, name))
            return &labels[i];
    }
    return NULL;
}

// ---- hashes and texts ---------------------------------------------------------------------------

uint64_t label_fingerprint(const struct label *sorted, size_t count)
{
    uint64_t hash = FNV1A64_INIT;
    for (size_t i = 0; i < count; i++) {
        hash = fnv1a64_byte(fnv1a64(hash, sorted[i].name), 0xff);
        hash = fnv1a64_byte(fnv1a64(hash, sorted[i].value), 0xff);
    }
    return hash;
}

uint64_t labels_xxh64(const struct labels *l)
{
    struct xxh64 x;
    xxh64_init(&x);
    for (size_t i = 0; i < l->count; i++) {
        xxh64_update(&x, labels_name_at(l, i));
        xxh64_update(&x, S("\xff"));
        xxh64_update(&x, labels_value_at(l, i));
        xxh64_update(&x, S("\xff"));
    }
    return xxh64_digest(&x);
}

int labels_cmp(const struct labels *a, const struct labels *b)
{
    if (a == b)
        return 0;
    if (a->count != b->count)
        return a->count < b->count ? -1 : 1;
    for (size_t i = 0; i < a->count; i++) {
        int by_name = str_cmp(labels_name_at(a, i), labels_name_at(b, i));
        if (by_name)
            return by_name < 0 ? 1 : -1; // the smaller name is missing in the other set
        int by_value = str_cmp(labels_value_at(a, i), labels_value_at(b, i));
        if (by_value)
            return by_value;
    }
    return 0;
}

void buf_put_labels(struct buf *b, const struct labels *l)
{
    buf_put_c(b, '{');
    for (size_t i = 0; i < l->count; i++) {
        if (i > 0)
            buf_put(b, S(", "));
        buf_put(b, labels_name_at(l, i));
        buf_put_c(b, '=');
        buf_put_quoted(b, labels_value_at(l, i));
    }
    buf_put_c(b, '}');
}

// ---- names --------------------------------------------------------------------------------------

static bool label_name_is_classic(str name)
{
    if (name.n == 0 || (name.p[0] >= '0' && name.p[0] <= '9'))
        return false;
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_letter && c != '_' && !(c >= '0' && c <= '9'))
            return false;
    }
    return true;
}

bool label_name_is_valid(enum name_mode mode, str name)
{
    switch (mode) {
    case NAME_CLASSIC:
        return label_name_is_classic(name);
    case NAME_UTF8:
        return name.n > 0 && utf8_is_valid(name);
    }
    return false;
}
