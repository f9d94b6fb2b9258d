// SPDX-License-Identifier: Apache-2.0
// GET /api/v2/alerts/groups.
//
//   wait until groups are loaded ─► collect references ─► sort ─► filter ─► answer in pieces
//
// Sorting and filtering are done in slices. Filtering also finds out in which receivers' groups an
// alert is: each of its entries lists all.
#include "alertmanager/api.h"
#include "base/core/alloc.h"

struct listed_group {
    struct labels *labels;       // a reference
    struct labels *route_labels; // a reference; NULL: none
    const struct route *route;
    const str *muted_by; // names of the configuration
    size_t muted_by_count;
    struct alert **alerts; // references
    size_t count;
    size_t kept; // the first ones, which fit
};

// All receivers in whose groups an alert is; once for each group.
struct alert_receivers {
    const struct labels *labels;
    const struct config_receiver **items;
    size_t count, cap;
};

// A merge sort from the bottom up that can stop after any step.
struct group_sort {
    struct listed_group **from, **to; // runs of `width` are sorted in `from`
    size_t width;
    size_t out;         // of `to`: the next to be filled
    size_t left, right; // of `from`: the next of the two runs being merged
};

struct group_list {
    struct web_request *r; // NULL: the answer is being taken
    struct am *am;
    struct dispatch_waiter waiter;
    struct api_query query;
    struct config *config; // a reference
    struct arena mem;
    struct listed_group *groups;
    size_t count;
    struct group_sort sort;    // `from` is the order of the answer in the end
    struct map receivers;      // struct alert_receivers by labels
    size_t group_at, alert_at; // the next to be looked at, then to be shown
    struct timer timer;
    bool is_in_group; // its opening was put
    struct api_list answer;
};

static void list_free(void *owner)
{
    struct group_list *l = owner;
    list_remove(&l->waiter.node);
    env_timer_cancel(l->am->env, &l->timer);
    for (size_t i = 0; i < l->count; i++) {
        for (size_t j = 0; j < l->groups[i].count; j++)
            alert_unref(l->groups[i].alerts[j]);
        labels_unref(l->groups[i].labels);
        labels_unref(l->groups[i].route_labels);
    }
    map_done(&l->receivers);
    api_query_done(&l->query);
    config_unref(l->config);
    arena_done(&l->mem);
    mem_free(l);
}

// ---- answer ------------------------------------------------------------------------------------

static bool is_of_alert(const void *item, const void *key)
{
    return ((const struct alert_receivers *)item)->labels == key;
}

static void begin_group(struct json_writer *w)
{
    json_object_begin(w);
    json_put_key(w, S("alerts"));
    json_array_begin(w);
}

static void end_group(struct json_writer *w, const struct listed_group *g)
{
    json_array_end(w);
    json_put_key(w, S("labels"));
    json_put_labels(w, g->labels);
    json_put_key(w, S("receiver"));
    json_object_begin(w);
    json_put_key(w, S("name"));
    json_put_str(w, g->route->receiver->name);
    json_object_end(w);
    json_put_key(w, S("routeLabels"));
    if (g->route_labels)
        json_put_labels(w, g->route_labels);
    else
        json_put_raw(w, S("{}"));
    json_object_end(w);
}

static void put_alert(struct group_list *l, struct json_writer *w, const struct listed_group *g,
                      const struct alert *a)
{
    struct api_alert_status status;
    const struct alert_receivers *r =
        map_find(&l->receivers, labels_hash(a->labels), is_of_alert, a->labels);
    api_alert_status(l->am, a, env_now(l->am->env), &status);
    status.muted_by = g->muted_by;
    status.muted_by_count = g->muted_by_count;
    json_put_api_alert(w, l->am, a, r->items, r->count, &status);
}

static bool put_groups(void *owner, struct json_writer *w, size_t full)
{
    struct group_list *l = owner;
    while (l->group_at < l->count) {
        const struct listed_group *g = l->sort.from[l->group_at];
        if (g->kept && !l->is_in_group) {
            begin_group(w);
            l->is_in_group = true;
        }
        while (l->alert_at < g->kept) {
            if (w->out->n >= full)
                return true;
            put_alert(l, w, g, g->alerts[l->alert_at++]);
        }
        if (l->is_in_group)
            end_group(w, g);
        l->is_in_group = false;
        l->alert_at = 0;
        l->group_at++;
        if (w->out->n >= full)
            return true;
    }
    return false;
}

static int compare_receivers(const void *a, const void *b)
{
    return str_cmp((*(const struct config_receiver *const *)a)->name,
                   (*(const struct config_receiver *const *)b)->name);
}

static void answer(struct group_list *l)
{
    struct web_request *r = l->r;
    map_each (struct alert_receivers, item, &l->receivers) {
        if (item->count > 1)
            qsort(item->items, item->count, sizeof(struct config_receiver *), compare_receivers);
    }
    l->r = NULL;
    l->group_at = l->alert_at = 0;
    l->answer = (struct api_list){.put = put_groups, .free = list_free, .owner = l};
    api_reply_list(r, &l->answer);
}

// ---- filter ------------------------------------------------------------------------------------

static void note_receiver(struct group_list *l, const struct labels *labels,
                          const struct config_receiver *receiver)
{
    struct alert_receivers *r = map_find(&l->receivers, labels_hash(labels), is_of_alert, labels);
    if (!r) {
        r = arena_new(&l->mem, struct alert_receivers);
        r->labels = labels;
        map_insert(&l->receivers, labels_hash(labels), r);
    }
    if (r->count == r->cap) {
        size_t cap = r->cap ? r->cap * 2 : 1;
        const struct config_receiver **items =
            arena_array(&l->mem, const struct config_receiver *, cap);
        for (size_t i = 0; i < r->count; i++)
            items[i] = r->items[i];
        r->items = items;
        r->cap = cap;
    }
    r->items[r->count++] = receiver;
}

static bool fits(struct group_list *l, const struct alert *a, time_ns now)
{
    struct api_alert_status status;
    if (a->ends_at.t < now || !api_query_has_labels(&l->query, a->labels))
        return false;
    api_alert_status(l->am, a, now, &status);
    return api_query_has_status(&l->query, &status);
}

static void filter_slice(void *owner)
{
    struct group_list *l = owner;
    time_ns now = env_now(l->am->env);
    size_t looked_at = 0;
    while (l->group_at < l->count && looked_at < API_LIST_SLICE) {
        struct listed_group *g = &l->groups[l->group_at];
        if (l->alert_at == g->count) {
            l->group_at++;
            l->alert_at = 0;
            looked_at++;
            continue;
        }
        struct alert *a = g->alerts[l->alert_at++];
        looked_at++;
        if (!fits(l, a, now))
            continue;
        note_receiver(l, a->labels, g->route->receiver); // of a muted group, too
        if (!l->query.muted && g->muted_by_count > 0)
            continue;
        g->alerts[l->alert_at - 1] = g->alerts[g->kept]; // one that does not fit, or itself
        g->alerts[g->kept++] = a;
    }
    if (l->group_at < l->count)
        env_timer_after(l->am->env, &l->timer, 0);
    else
        answer(l);
}

// ---- sort --------------------------------------------------------------------------------------

static int compare_groups(const struct listed_group *x, const struct listed_group *y)
{
    int order = labels_cmp(x->labels, y->labels);
    return order ? order : str_cmp(x->route->receiver->name, y->route->receiver->name);
}

// Does up to `steps` steps. True: sorted.
static bool sort_some(struct group_sort *s, size_t count, size_t steps)
{
    for (; s->width < count; s->width *= 2, s->out = 0) {
        for (; s->out < count; s->out++) {
            size_t start = s->out / (2 * s->width) * (2 * s->width);
            size_t middle = MIN(start + s->width, count), end = MIN(middle + s->width, count);
            if (steps-- == 0)
                return false;
            if (s->out == start) {
                s->left = start;
                s->right = middle;
            }
            bool takes_left =
                s->left < middle &&
                (s->right == end || compare_groups(s->from[s->left], s->from[s->right]) <= 0);
            s->to[s->out] = s->from[takes_left ? s->left++ : s->right++];
        }
        struct listed_group **sorted = s->to;
        s->to = s->from;
        s->from = sorted;
    }
    return true;
}

static void sort_slice(void *owner)
{
    struct group_list *l = owner;
    if (!sort_some(&l->sort, l->count, API_SORT_SLICE)) {
        env_timer_after(l->am->env, &l->timer, 0);
        return;
    }
    timer_init(&l->timer, filter_slice, l);
    filter_slice(l);
}

// ---- collect -----------------------------------------------------------------------------------

static bool is_wanted(const struct group_list *l, const struct group *g)
{
    return api_query_has_receiver(&l->query, group_route(g)->receiver);
}

static void collect_group(struct group_list *l, struct group *g, struct listed_group *to)
{
    const struct group_mark *mark = group_muted(g);
    size_t count = group_alert_count(g);
    const struct labels *route_labels = group_route_labels(g);
    str *muted_by = arena_array(&l->mem, str, mark->count + 1);
    for (size_t i = 0; i < mark->count; i++)
        muted_by[i] = mark->muted_by[i];
    *to = (struct listed_group){
        .labels = labels_ref((struct labels *)group_notify(g)->group_labels),
        .route_labels = route_labels ? labels_ref((struct labels *)route_labels) : NULL,
        .route = group_route(g),
        .muted_by = muted_by,
        .muted_by_count = mark->count,
        .alerts = arena_array(&l->mem, struct alert *, count + 1),
        .count = count,
    };
    for (size_t i = 0; i < count; i++)
        to->alerts[i] = alert_ref(group_alert_at(g, i).alert);
}

static void collect(void *owner)
{
    struct group_list *l = owner;
    const struct dispatcher *d = l->am->runtime->dispatcher;
    struct group *g;
    size_t count = 0;
    l->config = config_ref(l->am->runtime->config);
    for (size_t i = 0; (g = dispatcher_next(d, &i)) != NULL;)
        count += is_wanted(l, g);
    l->groups = arena_array(&l->mem, struct listed_group, count + 1);
    for (size_t i = 0; (g = dispatcher_next(d, &i)) != NULL;) {
        if (is_wanted(l, g))
            collect_group(l, g, &l->groups[l->count++]);
    }
    l->sort = (struct group_sort){
        .from = arena_array(&l->mem, struct listed_group *, count + 1),
        .to = arena_array(&l->mem, struct listed_group *, count + 1),
        .width = 1,
    };
    for (size_t i = 0; i < l->count; i++)
        l->sort.from[i] = &l->groups[i];
    sort_slice(l);
}

void api_get_groups(struct web_request *r, str id)
{
    (void)id;
    struct api_query query;
    if (!api_query_read(r, &query))
        return;
    struct group_list *l = mem_new(struct group_list);
    l->r = r;
    l->am = r->am;
    l->query = query;
    l->waiter = (struct dispatch_waiter){.on_loaded = collect, .owner = l};
    timer_init(&l->timer, sort_slice, l);
    web_on_cancel(r, list_free, l);
    if (dispatcher_is_loaded(r->am->runtime->dispatcher))
        collect(l);
    else
        dispatcher_wait_loaded(r->am->runtime->dispatcher, &l->waiter);
}
