// SPDX-License-Identifier: Apache-2.0
#include "rules/recording.h"

#include "base/core/alloc.h"

struct recording_rule *recording_new(const struct rules_shared *shared, struct rule_files *files,
                                     const struct group_conf *group, const struct rule_conf *conf)
{
    struct recording_rule *r = mem_new(struct recording_rule);
    rule_init(&r->rule, shared, files, group, conf);
    return r;
}

static void forget_previous(struct map *m)
{
    map_each (struct labels, l, m)
        labels_unref(l);
    map_clear(m);
}

void recording_free(struct recording_rule *r)
{
    if (!r)
        return;
    forget_previous(&r->previous);
    map_done(&r->previous);
    rule_done(&r->rule);
    mem_free(r);
}

void recording_update(struct recording_rule *r, struct rule_files *files,
                      const struct group_conf *group, const struct rule_conf *conf)
{
    rule_update_conf(&r->rule, files, group, conf);
}

// ---- labels ------------------------------------------------------------------------------------

static size_t find_label(const struct label *labels, size_t count, str name)
{
    size_t i = 0;
    while (i < count && !str_eq(labels[i].name, name))
        i++;
    return i;
}

static void put_label(struct label *labels, size_t *count, str name, str value)
{
    size_t i = find_label(labels, *count, name);
    labels[i] = (struct label){name, value};
    if (i == *count)
        ++*count;
}

// The series' labels under the record's name, with the rule's labels on top: an empty one deletes,
// a differing one of the series survives as exported_<name> (replacing one of that name).
static size_t record_labels(const struct recording_rule *r, const struct series *s,
                            struct arena *mem, struct label **ret)
{
    const struct yaml_str_map *rule = &r->rule.labels;
    struct label *labels = arena_array(mem, struct label, s->label_count + 2 * rule->count + 1);
    size_t count = s->label_count;
    if (count)
        memcpy(labels, s->labels, count * sizeof(*labels));
    put_label(labels, &count, S("__name__"), r->rule.conf->name);
    for (size_t i = 0; i < rule->count; i++) {
        str name = rule->items[i].key, value = rule->items[i].value;
        size_t at = find_label(labels, count, name);
        bool is_known = at < count;
        str was = is_known ? labels[at].value : (str){0};
        if (value.n == 0) {
            if (is_known)
                labels[at] = labels[--count];
            continue;
        }
        if (is_known && !str_eq(was, value))
            put_label(labels, &count, arena_printf(mem, "exported_%.*s", STR(name)), was);
        put_label(labels, &count, name, value);
    }
    label_sort(labels, count);
    *ret = labels;
    return count;
}

static void refuse_twin(const struct series *s, const struct labels *l, struct err *err)
{
    struct buf text = {.max = ERR_TEXT_BYTES};
    buf_put(&text, S("original metric {"));
    for (size_t i = 0; i < s->label_count; i++)
        buf_printf(&text, "%s%.*s=\"%.*s\"", i ? "," : "", STR(s->labels[i].name),
                   STR(s->labels[i].value));
    buf_put(&text, S("}; resulting labels \""));
    for (size_t i = 0; i < l->count; i++)
        buf_printf(&text, "%s%.*s=%.*s", i ? "," : "", STR(labels_name_at(l, i)),
                   STR(labels_value_at(l, i)));
    err_set(
        err, ERR_INVALID,
        "%.*s\": result contains metrics with the same labelset during evaluation. See "
        "https://docs.victoriametrics.com/victoriametrics/vmalert/#series-with-the-same-labelset "
        "for details",
        STR(buf_str(&text)));
    buf_done(&text);
}

// ---- evaluation --------------------------------------------------------------------------------

// All label sets of a result by their hash, one reference each; false: two are equal.
static bool collect_sets(struct recording_rule *r, const struct query_result *result,
                         struct arena *mem, struct map *sets, struct err *err)
{
    for (size_t i = 0; i < result->count; i++) {
        struct label *labels;
        size_t count = record_labels(r, &result->series[i], mem, &labels);
        struct labels *l = labels_get(r->rule.shared->labels, labels, count);
        if (map_find(sets, labels_hash(l), NULL, l)) {
            refuse_twin(&result->series[i], l, err);
            labels_unref(l);
            return false;
        }
        map_insert(sets, labels_hash(l), l);
    }
    return true;
}

static struct label *plain_labels(const struct labels *l, struct arena *mem)
{
    struct label *labels = arena_array(mem, struct label, l->count + 1);
    for (size_t i = 0; i < l->count; i++)
        labels[i] = (struct label){labels_name_at(l, i), labels_value_at(l, i)};
    return labels;
}

static void put_stale_markers(struct recording_rule *r, const struct map *current, time_ns ts,
                              struct arena *mem, struct series_list *out)
{
    map_each (struct labels, l, &r->previous) {
        if (map_find(current, labels_hash(l), NULL, l))
            continue;
        // The texts must outlive the set, which this evaluation gives up.
        struct label *labels = plain_labels(l, mem);
        for (size_t i = 0; i < l->count; i++)
            labels[i] =
                (struct label){arena_str(mem, labels[i].name), arena_str(mem, labels[i].value)};
        series_list_add(out, labels, l->count, stale_nan(), ts / 1000000);
    }
}

bool recording_apply(struct recording_rule *r, const struct query_result *result, time_ns ts,
                     int64_t limit, struct arena *mem, struct series_list *out, struct err *err)
{
    if (limit > 0 && result->count > (uint64_t)limit)
        return err_set(err, ERR_LIMIT, "exec exceeded limit of %lld with %zu series",
                       (long long)limit, result->count);
    struct map sets = {0};
    if (!collect_sets(r, result, mem, &sets, err)) {
        forget_previous(&sets);
        map_done(&sets);
        return false;
    }
    if (out) {
        size_t i = 0;
        map_each (struct labels, l, &sets) {
            const struct sample *sample = &result->series[i++].samples[0];
            series_list_add(out, plain_labels(l, mem), l->count, sample->value, sample->ts_ms);
        }
        put_stale_markers(r, &sets, ts, mem, out);
    }
    forget_previous(&r->previous);
    map_done(&r->previous);
    r->previous = sets;
    return true;
}

bool recording_replay(struct recording_rule *r, const struct query_result *result,
                      struct arena *mem, struct series_list *out, struct err *err)
{
    struct map sets = {0};
    bool ok = collect_sets(r, result, mem, &sets, err);
    for (size_t i = 0; i < result->count && ok; i++) {
        struct label *labels;
        const struct series *s = &result->series[i];
        size_t count = record_labels(r, s, mem, &labels);
        for (size_t j = 0; j < s->sample_count; j++)
            series_list_add(out, labels, count, s->samples[j].value, s->samples[j].ts_ms);
    }
    forget_previous(&sets);
    map_done(&sets);
    return ok;
}
