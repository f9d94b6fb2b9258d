// SPDX-License-Identifier: Apache-2.0
#include "rules/rule.h"

#include "base/core/alloc.h"

#define RULE_BLOCK_BYTES 256 // of texts of its file; there may be very many rules

#define HISTORY_ENTRIES_MAX 100000

void series_list_add(struct series_list *l, const struct label *labels, size_t label_count,
                     double value, int64_t ts_ms)
{
    if (l->count == l->cap) {
        size_t cap = l->cap ? l->cap * 2 : 16;
        struct series *grown = arena_array(l->mem, struct series, cap);
        if (l->count)
            memcpy(grown, l->items, l->count * sizeof(*grown));
        l->items = grown;
        l->cap = cap;
    }
    struct series *s = &l->items[l->count++];
    s->labels = arena_array(l->mem, struct label, label_count + 1);
    if (label_count)
        memcpy(s->labels, labels, label_count * sizeof(*labels));
    s->label_count = label_count;
    struct sample *sample = arena_new(l->mem, struct sample);
    *sample = (struct sample){value, ts_ms};
    s->samples = sample;
    s->sample_count = 1;
}

// ---- history -----------------------------------------------------------------------------------

void rule_history_init(struct rule_history *h, size_t cap)
{
    *h = (struct rule_history){.cap = CLAMP(cap, 1, HISTORY_ENTRIES_MAX)};
}

static void update_clear(struct rule_update *u)
{
    mem_free(u->error);
    mem_free(u->curl);
    *u = (struct rule_update){0};
}

void rule_history_done(struct rule_history *h)
{
    for (size_t i = 0; i < h->count; i++)
        update_clear(&h->ring[i]);
    mem_free(h->ring);
    *h = (struct rule_history){.cap = h->cap};
}

void rule_history_add(struct rule_history *h, const struct rule_update *u)
{
    if (!h->ring) {
        h->ring = mem_array(struct rule_update, h->cap);
        memset(h->ring, 0, h->cap * sizeof(*h->ring));
        h->newest = h->cap - 1;
    }
    h->newest = (h->newest + 1) % h->cap;
    update_clear(&h->ring[h->newest]);
    h->ring[h->newest] = *u;
    if (h->count < h->cap)
        h->count++;
}

const struct rule_update *rule_history_at(const struct rule_history *h, size_t i)
{
    return i < h->count ? &h->ring[(h->newest + h->cap - i) % h->cap] : NULL;
}

// ---- labels: external < group < rule -----------------------------------------------------------

static void labels_put(struct rule *r, str key, str value)
{
    struct yaml_str_map *m = &r->labels;
    for (size_t i = 0; i < m->count; i++) {
        if (!str_eq(m->items[i].key, key))
            continue;
        if (!str_eq(m->items[i].value, value))
            log_printf(&r->shared->env->log, LOG_INFO, LOG_WHERE,
                       "label \"%.*s\"=\"%.*s\" for rule \"%.*s\".\"%.*s\" overwritten with "
                       "external label \"%.*s\"=\"%.*s\"",
                       STR(key), STR(m->items[i].value), STR(r->group->name), STR(r->conf->name),
                       STR(key), STR(value));
        m->items[i].value = value;
        return;
    }
    m->items[m->count++] = (struct yaml_str_pair){key, value};
}

static void merge_labels(struct rule *r)
{
    const struct rule_template_env *te = &r->shared->templates;
    size_t count = te->external_label_count + r->group->labels.count + r->conf->labels.count;
    arena_clear(&r->mem);
    r->labels =
        (struct yaml_str_map){.items = arena_array(&r->mem, struct yaml_str_pair, count + 1)};
    for (size_t i = 0; i < te->external_label_count; i++)
        labels_put(r, te->external_labels[i].name, te->external_labels[i].value);
    for (size_t i = 0; i < r->group->labels.count; i++)
        labels_put(r, r->group->labels.items[i].key, r->group->labels.items[i].value);
    for (size_t i = 0; i < r->conf->labels.count; i++)
        labels_put(r, r->conf->labels.items[i].key, r->conf->labels.items[i].value);
    yaml_str_map_sort(&r->labels);
}

// ---- life --------------------------------------------------------------------------------------

static void set_conf(struct rule *r, struct rule_files *files, const struct group_conf *group,
                     const struct rule_conf *conf)
{
    int64_t entries = conf->has_update_entries_limit ? conf->update_entries_limit
                                                     : r->shared->update_entries_limit;
    r->files = rule_files_ref(files);
    r->group = group;
    r->conf = conf;
    merge_labels(r);
    rule_history_init(&r->history, (size_t)MAX(entries, 1));
    r->last_error = (str){0};
}

void rule_init(struct rule *r, const struct rules_shared *shared, struct rule_files *files,
               const struct group_conf *group, const struct rule_conf *conf)
{
    *r = (struct rule){.shared = shared, .last_series_fetched = -1};
    r->mem.block_bytes = RULE_BLOCK_BYTES;
    set_conf(r, files, group, conf);
}

void rule_done(struct rule *r)
{
    rule_history_done(&r->history);
    arena_done(&r->mem);
    rule_files_unref(r->files);
}

void rule_update_conf(struct rule *r, struct rule_files *files, const struct group_conf *group,
                      const struct rule_conf *conf)
{
    struct rule_files *old = r->files;
    rule_history_done(&r->history);
    set_conf(r, files, group, conf);
    rule_files_unref(old);
}

void rule_record_update(struct rule *r, time_ns time, time_ns at, dur_ns duration,
                        const struct query_result *result, str curl, str error)
{
    struct rule_update u = {
        .time = time,
        .at = at,
        .duration = duration,
        .error = error.n ? mem_dup(error) : NULL,
        .curl = curl.n ? mem_dup(curl) : NULL,
        .samples = result ? (int64_t)result->count : 0,
        .series_fetched = result && result->has_series_fetched ? result->series_fetched : -1,
    };
    rule_history_add(&r->history, &u);
    r->last_samples = u.samples;
    r->last_series_fetched = u.series_fetched;
    r->last_error = u.error ? str_from(u.error, error.n) : (str){0};
    if (error.n)
        r->errors++;
}
