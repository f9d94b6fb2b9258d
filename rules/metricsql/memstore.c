// SPDX-License-Identifier: Apache-2.0
#include "rules/metricsql/memstore.h"

#include <math.h>

#include "base/core/alloc.h"
#include "base/core/hash.h"
#include "base/core/map.h"
#include "base/model/vm_regex.h"
#include "rules/metricsql/node.h"

#define HASH_SEED 0x6d656d73746f7265 // an attacker's labels never come here

struct stored {
    struct label *labels; // one heap block with its texts
    size_t label_count;
    uint64_t hash;
    double *values;
    int64_t *timestamps;
    size_t count, cap;
};

struct memstore {
    struct memstore_limits limits;
    struct map series;
    size_t sample_count;
};

struct memstore *memstore_new(const struct memstore_limits *limits)
{
    struct memstore *m = mem_new(struct memstore);
    if (limits)
        m->limits = *limits;
    if (!m->limits.series_max)
        m->limits.series_max = MEMSTORE_SERIES_MAX;
    if (!m->limits.samples_max)
        m->limits.samples_max = MEMSTORE_SAMPLES_MAX;
    return m;
}

void memstore_free(struct memstore *m)
{
    if (!m)
        return;
    map_each (struct stored, s, &m->series) {
        mem_free(s->labels);
        mem_free(s->values);
        mem_free(s->timestamps);
        mem_free(s);
    }
    map_done(&m->series);
    mem_free(m);
}

// ---- adding ------------------------------------------------------------------------------------

struct label_key {
    const struct label *labels;
    size_t count;
};

static bool has_labels(const void *item, const void *key)
{
    const struct stored *s = item;
    const struct label_key *k = key;
    if (s->label_count != k->count)
        return false;
    for (size_t i = 0; i < k->count; i++) {
        if (!str_eq(s->labels[i].name, k->labels[i].name) ||
            !str_eq(s->labels[i].value, k->labels[i].value))
            return false;
    }
    return true;
}

static uint64_t hash_labels(const struct label *labels, size_t count)
{
    uint64_t hash = count;
    for (size_t i = 0; i < count; i++) {
        hash = hash_mix(hash, hash_seeded(HASH_SEED, labels[i].name));
        hash = hash_mix(hash, hash_seeded(HASH_SEED, labels[i].value));
    }
    return hash;
}

static str copy_text(char **to, str s)
{
    char *p = *to;
    if (s.n)
        memcpy(p, s.p, s.n);
    *to = p + s.n;
    return str_from(p, s.n);
}

static struct stored *stored_new(const struct label *labels, size_t count, uint64_t hash)
{
    size_t bytes = (count + 1) * sizeof(*labels);
    for (size_t i = 0; i < count; i++)
        bytes += labels[i].name.n + labels[i].value.n;
    struct stored *s = mem_new(struct stored);
    s->labels = mem_zalloc(bytes);
    s->label_count = count;
    s->hash = hash;
    char *text = (char *)(s->labels + count + 1);
    for (size_t i = 0; i < count; i++) {
        s->labels[i].name = copy_text(&text, labels[i].name);
        s->labels[i].value = copy_text(&text, labels[i].value);
    }
    return s;
}

// The labels that have a value, sorted. False: too many, or one twice.
static bool normalize(const struct label *labels, size_t count, struct label *to, size_t *ret_count,
                      struct err *err)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (labels[i].value.n == 0)
            continue;
        if (kept == MEMSTORE_LABELS_MAX)
            return err_set(err, ERR_LIMIT, "a series has more than %d labels", MEMSTORE_LABELS_MAX);
        to[kept++] = labels[i];
    }
    label_sort(to, kept);
    for (size_t i = 1; i < kept; i++) {
        if (str_eq(to[i].name, to[i - 1].name))
            return err_set(err, ERR_INVALID, "the label \"%.*s\" occurs twice", STR(to[i].name));
    }
    *ret_count = kept;
    return true;
}

static void add_sample(struct stored *s, const struct sample *sample)
{
    if (s->count == s->cap) {
        s->cap = MAX(s->cap * 2, 16);
        s->values = mem_resize(s->values, s->cap, sizeof(*s->values));
        s->timestamps = mem_resize(s->timestamps, s->cap, sizeof(*s->timestamps));
    }
    size_t at = s->count++;
    for (; at > 0 && s->timestamps[at - 1] > sample->ts_ms; at--) {
        s->timestamps[at] = s->timestamps[at - 1];
        s->values[at] = s->values[at - 1];
    }
    s->timestamps[at] = sample->ts_ms;
    s->values[at] = sample->value;
}

bool memstore_add(struct memstore *m, const struct label *labels, size_t label_count,
                  const struct sample *samples, size_t sample_count, struct err *err)
{
    struct label sorted[MEMSTORE_LABELS_MAX];
    size_t count = 0;
    if (!normalize(labels, label_count, sorted, &count, err))
        return false;
    if (sample_count > m->limits.samples_max - m->sample_count)
        return err_set(err, ERR_LIMIT, "more than %zu samples", m->limits.samples_max);
    struct label_key key = {sorted, count};
    uint64_t hash = hash_labels(sorted, count);
    struct stored *s = map_find(&m->series, hash, has_labels, &key);
    if (!s) {
        if (m->series.count >= m->limits.series_max)
            return err_set(err, ERR_LIMIT, "more than %zu series", m->limits.series_max);
        s = stored_new(sorted, count, hash);
        map_insert(&m->series, hash, s);
    }
    for (size_t i = 0; i < sample_count; i++) {
        if (isnan(samples[i].value) && !is_stale_nan(samples[i].value))
            continue;
        add_sample(s, &samples[i]);
        m->sample_count++;
    }
    return true;
}

// ---- selecting ---------------------------------------------------------------------------------

struct condition {
    const struct mql_filter *filter;
    struct vm_regex regex; // of those that are one
};

struct conditions {
    struct condition *items;
    size_t *ends; // of each alternative, in items
    size_t count; // of alternatives
};

static void conditions_done(struct conditions *c)
{
    size_t total = c->count ? c->ends[c->count - 1] : 0;
    for (size_t i = 0; i < total; i++)
        vm_regex_done(&c->items[i].regex);
}

static bool conditions_init(struct conditions *c, const struct mql_selector *s, struct arena *mem,
                            struct err *err)
{
    size_t total = 0;
    for (size_t i = 0; i < s->count; i++)
        total += s->alternatives[i].count;
    c->items = arena_array(mem, struct condition, total + 1);
    c->ends = arena_array(mem, size_t, s->count + 1);
    c->count = s->count;
    size_t at = 0;
    for (size_t i = 0; i < s->count; i++) {
        for (size_t j = 0; j < s->alternatives[i].count; j++)
            c->items[at++].filter = &s->alternatives[i].items[j];
        c->ends[i] = at;
    }
    for (size_t i = 0; i < total; i++) {
        const struct mql_filter *f = c->items[i].filter;
        if (f->is_regexp && !vm_regex_init(&c->items[i].regex, f->value, err))
            return false;
    }
    return true;
}

static str value_of(const struct stored *s, str name)
{
    for (size_t i = 0; i < s->label_count; i++) {
        if (str_eq(s->labels[i].name, name))
            return s->labels[i].value;
    }
    return S("");
}

static bool holds(const struct condition *c, const struct stored *s)
{
    str value = value_of(s, c->filter->label);
    bool is_equal =
        c->filter->is_regexp ? vm_regex_matches(&c->regex, value) : str_eq(value, c->filter->value);
    return is_equal != c->filter->is_negative;
}

static bool matches(const struct conditions *c, const struct stored *s)
{
    size_t from = 0;
    for (size_t i = 0; i < c->count; i++) {
        size_t at = from;
        while (at < c->ends[i] && holds(&c->items[at], s))
            at++;
        if (at == c->ends[i])
            return true;
        from = c->ends[i];
    }
    return c->count == 0;
}

static size_t first_at_or_after(const struct stored *s, int64_t ms)
{
    size_t low = 0, high = s->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (s->timestamps[middle] < ms)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool memstore_select(const struct memstore *m, const struct mql_selector *selector, int64_t min_ms,
                     int64_t max_ms, struct arena *mem, struct memstore_series **ret,
                     size_t *ret_count, struct err *err)
{
    defer(conditions_done) struct conditions c = {0};
    if (!conditions_init(&c, selector, mem, err))
        return false;
    struct memstore_series *found = NULL;
    size_t count = 0, cap = 0;
    map_each (struct stored, s, &m->series) {
        size_t from = first_at_or_after(s, min_ms);
        size_t to = max_ms < INT64_MAX ? first_at_or_after(s, max_ms + 1) : s->count;
        if (from >= to || !matches(&c, s))
            continue;
        found = mql_grow(mem, found, count, &cap, sizeof(*found));
        found[count++] = (struct memstore_series){s->labels, s->label_count, s->values + from,
                                                  s->timestamps + from, to - from};
    }
    *ret = found;
    *ret_count = count;
    return true;
}
