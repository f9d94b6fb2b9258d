// SPDX-License-Identifier: Apache-2.0
#include "base/core/metrics.h"

#include <math.h>

#include "base/core/alloc.h"
#include "base/core/hash.h"
#include "base/core/map.h"
#include "base/core/metrics_internal.h"

// Label values may come from clients, but a family holds few children and is bounded: a fixed seed
// keeps the exposition deterministic.
#define TABLE_SEED 0x5bd1e9955bd1e995ULL

const double METRIC_BUCKETS_DEFAULT[11] = {.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10};

struct metrics *metrics_new(void)
{
    return mem_new(struct metrics);
}

static void family_free(struct metric_family *f)
{
    metric_remove_all(f);
    map_done(&f->children);
    mem_free(f->label_text);
    mem_free(f);
}

void metrics_free(struct metrics *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < m->family_count; i++)
        family_free(m->families[i]);
    mem_free(m->families);
    mem_free(m->collectors);
    mem_free(m);
}

// ---- families ------------------------------------------------------------------------------

// "status,version=v2": names, of which those with a value are constant.
static void family_set_labels(struct metric_family *f, const char *label_names)
{
    f->label_text = mem_dup(str_c(label_names));
    str rest = str_c(f->label_text), item;
    while (rest.n) {
        assert(f->label_count < METRIC_LABELS_MAX);
        struct metric_label *label = &f->labels[f->label_count];
        str_cut(rest, ',', &item, &rest);
        label->is_constant = str_cut(item, '=', &label->name, &label->value);
        if (!label->is_constant)
            label->value_index = f->value_count++;
        f->by_name[f->label_count] = f->label_count;
        f->label_count++;
    }
    for (size_t i = 1; i < f->label_count; i++) // sorted by name, for client_golang's form
        for (size_t k = i;
             k > 0 && str_cmp(f->labels[f->by_name[k - 1]].name, f->labels[f->by_name[k]].name) > 0;
             k--) {
            size_t swapped = f->by_name[k];
            f->by_name[k] = f->by_name[k - 1];
            f->by_name[k - 1] = swapped;
        }
}

// Where a family of that name is, or would have to be inserted.
static size_t family_position(const struct metrics *m, const char *name, bool *ret_is_there)
{
    size_t lo = 0, hi = m->family_count;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (strcmp(m->families[mid]->name, name) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    *ret_is_there = lo < m->family_count && strcmp(m->families[lo]->name, name) == 0;
    return lo;
}

struct metric_family *metrics_family(struct metrics *m, enum metric_kind kind, const char *name,
                                     const char *help, const char *label_names,
                                     const double *bounds, size_t bound_count)
{
    bool is_there;
    size_t at = family_position(m, name, &is_there);
    if (is_there) {
        struct metric_family *known = m->families[at];
        if (known->kind != kind || strcmp(known->label_text, label_names) != 0)
            panic("metric %s registered twice", name);
        return known;
    }
    assert(bound_count <= METRIC_BUCKETS_MAX);
    struct metric_family *f = mem_new(struct metric_family);
    f->kind = kind;
    f->name = name;
    f->help = help;
    f->bounds = bounds;
    f->bound_count = bound_count;
    family_set_labels(f, label_names);

    if (m->family_count == m->family_cap) {
        m->family_cap = MAX(32, m->family_cap * 2);
        m->families = mem_resize(m->families, m->family_cap, sizeof(struct metric_family *));
    }
    memmove(&m->families[at + 1], &m->families[at],
            (m->family_count - at) * sizeof(struct metric_family *));
    m->families[at] = f;
    m->family_count++;
    return f;
}

// ---- children ------------------------------------------------------------------------------

struct child_key {
    const str *values;
    size_t count;
};

static uint64_t key_hash(const struct child_key *key)
{
    uint64_t hash = TABLE_SEED;
    assert(key->count == 0 || key->values);
    for (size_t i = 0; i < key->count; i++)
        hash = hash_mix(hash, hash_seeded(TABLE_SEED, key->values[i]));
    return hash;
}

static bool child_has_key(const void *item, const void *key)
{
    const struct metric_child *child = item;
    const struct child_key *wanted = key;
    for (size_t i = 0; i < wanted->count; i++)
        if (!str_eq(child->values[i], wanted->values[i]))
            return false;
    return true;
}

static size_t value_bytes(const struct metric_family *f)
{
    switch (f->kind) {
    case METRIC_COUNTER:
    case METRIC_GAUGE:
        return sizeof(struct metric);
    case METRIC_HISTOGRAM:
    case METRIC_SUMMARY:
        return sizeof(struct histogram) + (f->bound_count + 1) * sizeof(uint64_t);
    case METRIC_VMRANGE:
        return sizeof(struct vmrange);
    case METRIC_QUANTILES:
        return sizeof(struct quantile_summary);
    }
    return 0;
}

// One block: the child with its values' slices, their text, and the number.
static struct metric_child *child_new(const struct metric_family *f, const struct child_key *key)
{
    size_t text_bytes = 0;
    for (size_t i = 0; i < key->count; i++)
        text_bytes += key->values[i].n;
    struct metric_child *child = mem_zalloc(sizeof(*child) + key->count * sizeof(str) + text_bytes);
    char *text = (char *)(child->values + key->count);
    for (size_t i = 0; i < key->count; i++) {
        child->values[i] = str_from(text, key->values[i].n);
        if (key->values[i].n)
            memcpy(text, key->values[i].p, key->values[i].n);
        text += key->values[i].n;
    }
    child->value = mem_zalloc(value_bytes(f));
    if (f->kind == METRIC_HISTOGRAM || f->kind == METRIC_SUMMARY) {
        struct histogram *h = child->value;
        h->bounds = f->bounds;
        h->bound_count = f->bound_count;
        h->counts = (uint64_t *)(h + 1);
    }
    return child;
}

static void child_free(struct metric_child *child)
{
    mem_free(child->value);
    mem_free(child);
}

static void *child_value(struct metric_family *f, const str *values)
{
    static const str OVERFLOW = {"overflow", 8};
    str overflow[METRIC_LABELS_MAX] = {0};
    struct child_key key = {values, f->value_count};
    uint64_t hash = key_hash(&key);
    struct metric_child *child = map_find(&f->children, hash, child_has_key, &key);
    if (!child && f->children.count >= METRIC_CHILDREN_MAX) {
        for (size_t i = 0; i < f->value_count; i++)
            overflow[i] = OVERFLOW;
        key.values = overflow;
        hash = key_hash(&key);
        child = map_find(&f->children, hash, child_has_key, &key);
    }
    if (!child) {
        child = child_new(f, &key);
        map_insert(&f->children, hash, child);
        f->sorted_is_stale = true;
    }
    return child->value;
}

struct metric *metric_get(struct metric_family *f, const str *values)
{
    assert(f->kind == METRIC_COUNTER || f->kind == METRIC_GAUGE);
    return child_value(f, values);
}

struct histogram *histogram_get(struct metric_family *f, const str *values)
{
    assert(f->kind == METRIC_HISTOGRAM || f->kind == METRIC_SUMMARY);
    return child_value(f, values);
}

struct vmrange *vmrange_get(struct metric_family *f, const str *values)
{
    assert(f->kind == METRIC_VMRANGE);
    return child_value(f, values);
}

struct quantile_summary *quantile_summary_get(struct metric_family *f, const str *values)
{
    assert(f->kind == METRIC_QUANTILES);
    return child_value(f, values);
}

void metric_remove(struct metric_family *f, const str *values)
{
    struct child_key key = {values, f->value_count};
    struct metric_child *child = map_remove(&f->children, key_hash(&key), child_has_key, &key);
    if (!child)
        return;
    child_free(child);
    f->sorted_is_stale = true;
}

void metric_remove_all(struct metric_family *f)
{
    map_each (struct metric_child, child, &f->children)
        child_free(child);
    map_clear(&f->children);
    mem_free(f->sorted);
    f->sorted = NULL;
    f->sorted_is_stale = true;
}

// ---- shorthands ----------------------------------------------------------------------------

void metrics_on_collect(struct metrics *m, void (*fn)(void *owner), void *owner)
{
    m->collectors = mem_resize(m->collectors, m->collector_count + 1, sizeof(*m->collectors));
    m->collectors[m->collector_count++] = (struct metric_collector){fn, owner};
}

struct metric *metrics_counter(struct metrics *m, const char *name, const char *help)
{
    return metric_get(metrics_family(m, METRIC_COUNTER, name, help, "", NULL, 0), NULL);
}

struct metric *metrics_gauge(struct metrics *m, const char *name, const char *help)
{
    return metric_get(metrics_family(m, METRIC_GAUGE, name, help, "", NULL, 0), NULL);
}

struct histogram *metrics_histogram(struct metrics *m, const char *name, const char *help,
                                    const double *bounds, size_t bound_count)
{
    return histogram_get(metrics_family(m, METRIC_HISTOGRAM, name, help, "", bounds, bound_count),
                         NULL);
}

// ---- observations --------------------------------------------------------------------------

void histogram_observe(struct histogram *h, double x)
{
    size_t at = 0;
    while (at < h->bound_count && !(x <= h->bounds[at])) // NaN lands in +Inf
        at++;
    h->counts[at]++;
    h->count++;
    h->sum += x;
}

void vmrange_observe(struct vmrange *h, double x)
{
    if (isnan(x) || x < 0)
        return;
    h->sum += x;
    double at = (log10(x) - VMRANGE_DECADE_MIN) * VMRANGE_PER_DECADE;
    if (at < 0) { // log10(0) is -Inf
        h->below++;
    } else if (at >= VMRANGE_BUCKETS) {
        if (x == pow(10, VMRANGE_DECADE_MAX))
            h->counts[VMRANGE_BUCKETS - 1]++;
        else
            h->above++;
    } else {
        size_t bucket = (size_t)at;
        if (bucket > 0 && at == trunc(at)) // upper bounds belong to the bucket below
            bucket--;
        h->counts[bucket]++;
    }
}

// Above the maximum the sample walks through the window with a stride that is coprime to its size:
// every slot is replaced in turn, and no chance is needed.
void quantile_summary_observe(struct quantile_summary *s, double x)
{
    struct quantile_window *w = &s->current;
    size_t at =
        (size_t)(w->seen < QUANTILE_SAMPLES_MAX ? w->seen : w->seen * 97 % QUANTILE_SAMPLES_MAX);
    w->samples[at] = x;
    w->seen++;
    s->count++;
    s->sum += x;
}

void quantile_summary_rotate(struct metric_family *f)
{
    assert(f->kind == METRIC_QUANTILES);
    map_each (struct metric_child, child, &f->children) {
        struct quantile_summary *s = child->value;
        s->previous = s->current;
        s->current.seen = 0;
    }
}
