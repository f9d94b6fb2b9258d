// SPDX-License-Identifier: Apache-2.0
#include "alertmanager/inhibit.h"

#include "base/core/alloc.h"
#include "base/core/hash.h"

// The sources of one rule that agree in the equal labels.
struct source_set {
    uint32_t rule;
    struct labels *values;   // of the equal labels, absent ones empty
    struct list only_source; // struct source, the last one that held something back in front
    struct list both_sides;  // sources that are targets of the rule as well
    size_t count;
};

struct source { // an alert in its role for one rule
    struct list node;
    struct source_set *set;
    struct known *known;
};

// An alert of the store, and the rules that it is a source of: most often none.
struct known {
    struct labels *labels;
    struct alert *alert; // newest version; NULL where it is a source of nothing
    uint32_t source_count;
    struct source sources[];
};

struct inhibitor {
    struct inhibitor_options opt;
    struct alerts_subscriber subscriber;
    struct alerts_walk loading; // of what the store held
    struct map known;           // by labels
    struct map sets;            // of all rules, by rule and values
    size_t source_count;
    uint32_t *matching;  // scratch: rules that an alert is a source of
    struct label *equal; // scratch: as long as the longest list of equal labels
};

static void load(void *owner, struct alert *a);
static void on_alert(void *owner, struct alert *a, bool is_created);
static void on_dropped(void *owner, struct alert *a);

struct inhibitor *inhibitor_new(const struct inhibitor_options *opt)
{
    struct inhibitor *in = mem_new(struct inhibitor);
    in->opt = *opt;
    size_t equal_max = 1;
    for (size_t r = 0; r < opt->rule_count; r++)
        equal_max = MAX(equal_max, opt->rules[r].equal.count);
    in->equal = mem_array(struct label, equal_max);
    in->matching = mem_array(uint32_t, opt->rule_count + 1);

    in->loading = (struct alerts_walk){.visit = load, .owner = in};
    alerts_walk_begin(&in->loading, opt->env, opt->alerts);
    in->subscriber = (struct alerts_subscriber){
        .name = "inhibitor", .on_alert = on_alert, .on_dropped = on_dropped, .owner = in};
    alerts_subscribe(opt->alerts, &in->subscriber);
    return in;
}

// ---- source sets -------------------------------------------------------------------------------

struct set_key {
    uint32_t rule;
    const struct labels *values;
};

static uint64_t set_hash(struct set_key key)
{
    return hash_mix(labels_hash(key.values), key.rule);
}

static bool is_set(const void *item, const void *key)
{
    const struct source_set *set = item;
    const struct set_key *k = key;
    return set->rule == k->rule && set->values == k->values;
}

// The values of the rule's equal labels, in in->equal.
static size_t project(struct inhibitor *in, const struct inhibit_rule *rule,
                      const struct labels *labels)
{
    for (size_t i = 0; i < rule->equal.count; i++) {
        str name = rule->equal.items[i];
        in->equal[i] = (struct label){name, labels_value(labels, name, NULL)};
    }
    return rule->equal.count;
}

static struct source_set *set_find(struct inhibitor *in, uint32_t rule, const struct labels *labels)
{
    size_t count = project(in, &in->opt.rules[rule], labels);
    struct set_key key = {rule, labels_find(in->opt.labels, in->equal, count)};
    return key.values ? map_find(&in->sets, set_hash(key), is_set, &key) : NULL;
}

static struct source_set *set_get(struct inhibitor *in, uint32_t rule, const struct labels *labels)
{
    struct source_set *set = set_find(in, rule, labels);
    if (set)
        return set;
    size_t count = project(in, &in->opt.rules[rule], labels);
    set = mem_new(struct source_set);
    set->rule = rule;
    set->values = labels_get(in->opt.labels, in->equal, count);
    list_init(&set->only_source);
    list_init(&set->both_sides);
    map_insert(&in->sets, set_hash((struct set_key){rule, set->values}), set);
    return set;
}

static void source_remove(struct inhibitor *in, struct source *source)
{
    struct source_set *set = source->set;
    list_remove(&source->node);
    in->source_count--;
    if (--set->count > 0)
        return;
    map_remove_item(&in->sets, set_hash((struct set_key){set->rule, set->values}), set);
    labels_unref(set->values);
    mem_free(set);
}

// ---- what the store tells ----------------------------------------------------------------------

static bool has_labels(const void *item, const void *key)
{
    return ((const struct known *)item)->labels == key;
}

static struct known *known_new(struct inhibitor *in, struct labels *labels)
{
    uint32_t count = 0;
    for (uint32_t r = 0; r < in->opt.rule_count; r++) {
        if (matchers_match(&in->opt.rules[r].source, labels))
            in->matching[count++] = r;
    }
    struct known *k = mem_zalloc(sizeof(*k) + count * sizeof(k->sources[0]));
    k->labels = labels_ref(labels);
    k->source_count = count;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t rule = in->matching[i];
        struct source *source = &k->sources[i];
        *source = (struct source){.set = set_get(in, rule, labels), .known = k};
        bool is_target = matchers_match(&in->opt.rules[rule].target, labels);
        struct source_set *set = source->set;
        list_append(is_target ? &set->both_sides : &set->only_source, &source->node);
        set->count++;
    }
    in->source_count += count;
    map_insert(&in->known, labels_hash(labels), k);
    return k;
}

static void known_free(struct inhibitor *in, struct known *k)
{
    for (uint32_t i = 0; i < k->source_count; i++)
        source_remove(in, &k->sources[i]);
    alert_unref(k->alert);
    labels_unref(k->labels);
    mem_free(k);
}

static void on_alert(void *owner, struct alert *a, bool is_created)
{
    (void)is_created;
    struct inhibitor *in = owner;
    if (in->opt.rule_count == 0)
        return;
    struct known *k = map_find(&in->known, labels_hash(a->labels), has_labels, a->labels);
    if (!k)
        k = known_new(in, a->labels);
    if (k->source_count == 0)
        return;
    alert_unref(k->alert);
    k->alert = alert_ref(a);
}

static void load(void *owner, struct alert *a)
{
    on_alert(owner, a, false);
}

static void on_dropped(void *owner, struct alert *a)
{
    struct inhibitor *in = owner;
    struct known *k = map_remove(&in->known, labels_hash(a->labels), has_labels, a->labels);
    if (k)
        known_free(in, k);
}

void inhibitor_free(struct inhibitor *in)
{
    if (!in)
        return;
    alerts_unsubscribe(in->opt.alerts, &in->subscriber);
    alerts_walk_cancel(&in->loading);
    map_each (struct known, k, &in->known)
        known_free(in, k);
    map_done(&in->known);
    assert(in->sets.count == 0);
    map_done(&in->sets);
    mem_free(in->matching);
    mem_free(in->equal);
    mem_free(in);
}

// ---- questions ---------------------------------------------------------------------------------

// A source that fires now. It moves to the front, so that the next question ends at once.
static const struct alert *first_firing(struct list *sources, time_ns now)
{
    list_each (node, sources) {
        const struct source *source = list_item(node, struct source, node);
        if (alert_is_resolved(source->known->alert, now))
            continue;
        if (sources->next != node) {
            list_remove(node);
            list_prepend(sources, node);
        }
        return source->known->alert;
    }
    return NULL;
}

// An alert that is on both sides of a rule is not held back by others that are, nor by itself.
static const struct alert *find_source(struct inhibitor *in, uint32_t rule,
                                       const struct labels *labels, time_ns now)
{
    struct source_set *set = set_find(in, rule, labels);
    if (!set)
        return NULL;
    const struct alert *source = first_firing(&set->only_source, now);
    if (source || list_is_empty(&set->both_sides) ||
        matchers_match(&in->opt.rules[rule].source, labels))
        return source;
    return first_firing(&set->both_sides, now);
}

bool inhibitor_mutes(struct inhibitor *in, const struct labels *labels, time_ns now,
                     struct inhibit_hit *ret)
{
    alerts_walk_finish(&in->loading);
    if (in->source_count == 0)
        return false;
    for (uint32_t r = 0; r < in->opt.rule_count; r++) {
        const struct inhibit_rule *rule = &in->opt.rules[r];
        if (!matchers_match(&rule->target, labels))
            continue;
        const struct alert *source = find_source(in, r, labels, now);
        if (!source)
            continue;
        if (ret)
            *ret = (struct inhibit_hit){rule, source};
        return true;
    }
    return false;
}

bool inhibitor_has_source(struct inhibitor *in, size_t rule, const struct labels *labels,
                          time_ns now)
{
    alerts_walk_finish(&in->loading);
    struct source_set *set = set_find(in, (uint32_t)rule, labels);
    return set && (first_firing(&set->only_source, now) || first_firing(&set->both_sides, now));
}

struct inhibitor_stats inhibitor_stats(const struct inhibitor *in)
{
    return (struct inhibitor_stats){in->opt.rule_count, in->source_count};
}
