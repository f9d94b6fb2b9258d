// SPDX-License-Identifier: Apache-2.0
#include "alertmanager/route.h"

#include "alertmanager/config.h"
#include "base/core/alloc.h"
#include "base/text/unicode.h"

#define INDEXED_CHILDREN_MIN 8 // fewer are asked one after another

struct index_entry {
    str value;
    uint32_t child;
};

// Children by the value that they ask of one label.
struct route_index {
    str label;
    struct index_entry *entries; // by value, then child
    size_t entry_count;
    uint32_t *rest; // children that can match whatever the label's value is; rising
    size_t rest_count;
};

// ---- compiling ---------------------------------------------------------------------------------

struct compiler {
    const struct route_names *names;
    struct arena *mem;
    size_t count;
    struct err *err;
};

static void inherit(struct route *r, const struct config_route *written, const struct route *parent)
{
    static const struct route defaults = {
        .group_wait = DUR_SECONDS(30),
        .group_interval = DUR_MINUTES(5),
        .repeat_interval = DUR_HOURS(4),
    };
    const struct route *from = parent ? parent : &defaults;
    bool has_names = written->has_group_by && !written->is_grouped_by_all;
    r->group_by = has_names ? written->group_by : from->group_by;
    r->is_grouped_by_all =
        written->has_group_by ? written->is_grouped_by_all : from->is_grouped_by_all;
    r->group_wait = written->group_wait.is_set ? written->group_wait.value : from->group_wait;
    r->group_interval =
        written->group_interval.is_set ? written->group_interval.value : from->group_interval;
    r->repeat_interval =
        written->repeat_interval.is_set ? written->repeat_interval.value : from->repeat_interval;
}

// Both lists are sorted; of equal names the child's value counts.
static struct yaml_str_map merge_labels(const struct yaml_str_map *parent,
                                        const struct yaml_str_map *own, struct arena *mem)
{
    if (!parent || parent->count == 0)
        return *own;
    if (own->count == 0)
        return *parent;
    struct yaml_str_map merged = {
        .items = arena_array(mem, struct yaml_str_pair, parent->count + own->count)};
    size_t p = 0, o = 0;
    while (p < parent->count || o < own->count) {
        int order = p == parent->count ? 1
                    : o == own->count  ? -1
                                       : str_cmp(parent->items[p].key, own->items[o].key);
        merged.items[merged.count++] = order < 0 ? parent->items[p] : own->items[o];
        p += order <= 0;
        o += order >= 0;
    }
    return merged;
}

static struct str_list sorted(const struct str_list *list, struct arena *mem)
{
    struct str_list copy = {arena_array(mem, str, list->count), list->count};
    if (list->count) {
        memcpy(copy.items, list->items, list->count * sizeof(str));
        qsort(copy.items, copy.count, sizeof(str), str_cmp_items);
    }
    return copy;
}

static const struct named_interval *const *resolve(struct compiler *c, const struct str_list *names)
{
    const struct named_interval **found =
        arena_array(c->mem, const struct named_interval *, names->count);
    for (size_t i = 0; i < names->count; i++) {
        found[i] = c->names->interval(c->names->owner, names->items[i]);
        assert(found[i]); // the configuration was checked
    }
    return found;
}

static void name_route(struct route *r, size_t place, struct arena *mem)
{
    defer(buf_done) struct buf text = {0};
    buf_put_matchers(&text, &r->matchers);
    str own = buf_str(&text);
    if (!r->parent) {
        r->key = r->id = arena_str(mem, S("{}"));
        return;
    }
    r->key = arena_printf(mem, "%.*s/%.*s", STR(r->parent->key), STR(own));
    r->id = arena_printf(mem, "%.*s/%.*s/%zu", STR(r->parent->id), STR(own), place);
}

static const struct route_index *index_children(const struct route *r, struct arena *mem);

static bool compile(struct compiler *c, const struct config_route *written,
                    const struct route *parent, size_t place, struct route **ret)
{
    if (c->count >= ROUTES_MAX)
        return err_set(c->err, ERR_LIMIT, "too many routes: the limit is %d", ROUTES_MAX);
    struct route *r = arena_new(c->mem, struct route);
    *ret = r;
    r->parent = parent;
    r->index = (uint32_t)c->count++;
    r->matchers = written->all;
    r->is_continue = written->is_continue;
    assert(parent || written->receiver.n); // the configuration was checked
    r->receiver = parent ? parent->receiver : NULL;
    if (written->receiver.n)
        r->receiver = c->names->receiver(c->names->owner, written->receiver);
    assert(r->receiver);
    inherit(r, written, parent);
    if (written->has_group_by)
        r->group_by = sorted(&r->group_by, c->mem);
    r->labels = merge_labels(parent ? &parent->labels : NULL, &written->labels, c->mem);
    r->mute_names = written->mute_intervals;
    r->active_names = written->active_intervals;
    r->mute_intervals = resolve(c, &r->mute_names);
    r->active_intervals = resolve(c, &r->active_names);
    name_route(r, place, c->mem);

    r->child_count = written->routes.count;
    struct route **children = arena_array(c->mem, struct route *, r->child_count);
    r->children = (const struct route *const *)children;
    for (size_t i = 0; i < r->child_count; i++) {
        const struct config_route *child =
            YAML_PTR_LIST_AT(&written->routes, struct config_route, i);
        if (!compile(c, child, r, i, &children[i]))
            return false;
    }
    r->by_value = index_children(r, c->mem);
    return true;
}

bool route_compile(const struct config_route *root, const struct route_names *names,
                   struct arena *mem, const struct route **ret, size_t *ret_count, struct err *err)
{
    struct compiler c = {.names = names, .mem = mem, .err = err};
    struct route *made;
    if (!compile(&c, root, NULL, 0, &made))
        return false;
    *ret = made;
    *ret_count = c.count;
    return true;
}

// ---- the index of children ---------------------------------------------------------------------

// A child's demand of a certain value, or NULL. An empty one would be met by the label's absence.
static const struct matcher *demand(const struct route *child, str label)
{
    for (size_t i = 0; i < child->matchers.count; i++) {
        const struct matcher *m = &child->matchers.items[i];
        if (m->op == MATCH_EQ && m->value.n && (!label.p || str_eq(m->name, label)))
            return m;
    }
    return NULL;
}

// The label of which most children demand a value. Only each child's first demand is a candidate.
static str most_demanded(const struct route *r)
{
    str best = {NULL, 0};
    size_t best_count = 0;
    str *names = mem_array(str, r->child_count);
    size_t n = 0;
    for (size_t i = 0; i < r->child_count; i++) {
        const struct matcher *m = demand(r->children[i], (str){NULL, 0});
        if (m)
            names[n++] = m->name;
    }
    qsort(names, n, sizeof(str), str_cmp_items);
    for (size_t i = 0, start = 0; i < n; i++) {
        if (!str_eq(names[i], names[start]))
            start = i;
        if (i - start + 1 > best_count) {
            best = names[i];
            best_count = i - start + 1;
        }
    }
    mem_free(names);
    return best;
}

static int compare_entries(const void *a, const void *b)
{
    const struct index_entry *x = a, *y = b;
    int order = str_cmp(x->value, y->value);
    return order ? order : (x->child > y->child) - (x->child < y->child);
}

static const struct route_index *index_children(const struct route *r, struct arena *mem)
{
    if (r->child_count < INDEXED_CHILDREN_MIN)
        return NULL;
    str label = most_demanded(r);
    if (!label.p)
        return NULL;
    struct route_index *index = arena_new(mem, struct route_index);
    index->label = label;
    index->entries = arena_array(mem, struct index_entry, r->child_count);
    index->rest = arena_array(mem, uint32_t, r->child_count);
    for (size_t i = 0; i < r->child_count; i++) {
        const struct matcher *m = demand(r->children[i], label);
        if (m)
            index->entries[index->entry_count++] = (struct index_entry){m->value, (uint32_t)i};
        else
            index->rest[index->rest_count++] = (uint32_t)i;
    }
    qsort(index->entries, index->entry_count, sizeof(*index->entries), compare_entries);
    return index;
}

static size_t first_entry(const struct route_index *index, str value)
{
    size_t low = 0, high = index->entry_count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (str_cmp(index->entries[mid].value, value) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

// ---- matching ----------------------------------------------------------------------------------

static void list_add(struct route_list *l, const struct route *r)
{
    if (l->count == l->cap) {
        l->cap = l->cap ? l->cap * 2 : 8;
        l->items = mem_resize((void *)l->items, l->cap, sizeof(void *));
    }
    l->items[l->count++] = r;
}

static bool match_into(const struct route *r, const struct labels *labels, struct route_list *out);

static void match_children(const struct route *r, const struct labels *labels,
                           struct route_list *out)
{
    const struct route_index *index = r->by_value;
    if (!index) {
        for (size_t i = 0; i < r->child_count; i++) {
            if (match_into(r->children[i], labels, out) && !r->children[i]->is_continue)
                return;
        }
        return;
    }
    // Those that demand this value and those without a demand, in their common order.
    str value = labels_value(labels, index->label, NULL);
    size_t e = first_entry(index, value), rest = 0;
    for (;;) {
        bool has_entry = e < index->entry_count && str_eq(index->entries[e].value, value);
        bool has_rest = rest < index->rest_count;
        if (!has_entry && !has_rest)
            return;
        uint32_t child = has_entry && (!has_rest || index->entries[e].child < index->rest[rest])
                             ? index->entries[e++].child
                             : index->rest[rest++];
        if (match_into(r->children[child], labels, out) && !r->children[child]->is_continue)
            return;
    }
}

static bool match_into(const struct route *r, const struct labels *labels, struct route_list *out)
{
    if (!matchers_match(&r->matchers, labels))
        return false;
    size_t before = out->count;
    match_children(r, labels, out);
    if (out->count == before)
        list_add(out, r);
    return true;
}

void route_match(const struct route *root, const struct labels *labels, struct route_list *out)
{
    match_into(root, labels, out); // the root has no matchers
}

void route_list_done(struct route_list *l)
{
    mem_free((void *)l->items);
    *l = (struct route_list){0};
}

void route_walk(const struct route *root, void (*walk)(void *owner, const struct route *),
                void *owner)
{
    walk(owner, root);
    for (size_t i = 0; i < root->child_count; i++)
        route_walk(root->children[i], walk, owner);
}

// ---- groups ------------------------------------------------------------------------------------

struct labels *route_group_labels(const struct route *r, struct label_store *store,
                                  const struct labels *labels)
{
    if (r->is_grouped_by_all)
        return labels_ref((struct labels *)labels);
    struct label few[16];
    bool is_small = r->group_by.count <= ARRAY_LEN(few);
    struct label *group = is_small ? few : mem_array(struct label, r->group_by.count);
    size_t count = 0;
    for (size_t i = 0; i < r->group_by.count; i++) {
        bool has_label;
        str value = labels_value(labels, r->group_by.items[i], &has_label);
        if (has_label)
            group[count++] = (struct label){r->group_by.items[i], value};
    }
    struct labels *set = labels_get(store, group, count);
    if (!is_small)
        mem_free(group);
    return set;
}

void buf_put_group_key(struct buf *b, const struct route *r, const struct labels *group_labels)
{
    buf_put(b, r->key);
    buf_put_c(b, ':');
    buf_put_labels(b, group_labels);
}

// The orders can only differ where a name begins with another one: "a" before "a1", but a1="…"
// before a="…".
static bool has_name_in_name(const struct labels *l)
{
    for (size_t i = 1; i < l->count; i++) {
        if (str_starts(labels_name_at(l, i), labels_name_at(l, i - 1)))
            return true;
    }
    return false;
}

bool buf_put_group_key_alt(struct buf *b, const struct route *r, const struct labels *group_labels)
{
    if (!has_name_in_name(group_labels))
        return false;
    defer(arena_done) struct arena mem = {0};
    str *texts = arena_array(&mem, str, group_labels->count);
    for (size_t i = 0; i < group_labels->count; i++) {
        defer(buf_done) struct buf text = {0};
        buf_put(&text, labels_name_at(group_labels, i));
        buf_put_c(&text, '=');
        buf_put_quoted(&text, labels_value_at(group_labels, i));
        texts[i] = arena_str(&mem, buf_str(&text));
    }
    bool is_different = false;
    for (size_t i = 1; i < group_labels->count; i++)
        is_different |= str_cmp(texts[i - 1], texts[i]) > 0;
    if (!is_different)
        return false;
    qsort(texts, group_labels->count, sizeof(str), str_cmp_items);
    buf_put(b, r->key);
    buf_put(b, S(":{"));
    for (size_t i = 0; i < group_labels->count; i++) {
        buf_put(b, i ? S(", ") : S(""));
        buf_put(b, texts[i]);
    }
    buf_put_c(b, '}');
    return true;
}
