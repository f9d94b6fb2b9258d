// SPDX-License-Identifier: Apache-2.0
// GET /api/v2/alerts.
//
//   collect references ─► sort by fingerprint ─► filter ─► answer in pieces
//
// A long list is sorted by a worker and filtered in slices. What an alert is held back by is found
// out when its piece is made: an alert that does not fit any more by then is left out.
#include "alertmanager/api.h"
#include "base/core/alloc.h"

struct sort_item {
    uint64_t fingerprint;
    struct alert *alert; // never looked into while sorting
};

// A worker sorts a copy, so that references can be given back meanwhile.
struct sort_job {
    struct alert_list *list; // NULL: it is gone
    struct sort_item *items;
    size_t count;
};

struct alert_list {
    struct web_request *r; // NULL: the answer is being taken
    struct am *am;
    struct api_query query;
    struct config *config;   // a reference
    struct sort_item *items; // a reference to each alert from `next` on
    size_t count, next;
    size_t kept; // while filtering: those before `next` that fit
    time_ns now;
    struct timer timer;
    struct route_list routes; // scratch: of the alert looked at
    struct api_list answer;
    struct sort_job *sorting; // NULL: no worker is
};

// ---- life --------------------------------------------------------------------------------------

static void list_free(void *owner)
{
    struct alert_list *l = owner;
    if (l->sorting)
        l->sorting->list = NULL;
    env_timer_cancel(l->am->env, &l->timer);
    for (size_t i = 0; i < l->kept; i++)
        alert_unref(l->items[i].alert);
    for (size_t i = l->next; i < l->count; i++)
        alert_unref(l->items[i].alert);
    route_list_done(&l->routes);
    api_query_done(&l->query);
    config_unref(l->config);
    mem_free(l->items);
    mem_free(l);
}

// ---- does an alert fit? ------------------------------------------------------------------------

static bool has_receiver(const struct alert_list *l)
{
    const struct api_query *q = &l->query;
    bool fits_name = !q->receiver, fits_labels = q->receiver_matchers.count == 0;
    for (size_t i = 0; i < l->routes.count && !(fits_name && fits_labels); i++) {
        const struct config_receiver *receiver = l->routes.items[i]->receiver;
        fits_name |= q->receiver && regex_matches(q->receiver, receiver->name);
        fits_labels |= api_receiver_matches(&q->receiver_matchers, receiver);
    }
    return fits_name && fits_labels;
}

// Fills l->routes and *ret, which are good until the next call.
static bool fits(struct alert_list *l, const struct alert *a, struct api_alert_status *ret)
{
    if (a->ends_at.t < l->now || !api_query_has_labels(&l->query, a->labels))
        return false;
    l->routes.count = 0;
    route_match(l->config->route, a->labels, &l->routes);
    if (!has_receiver(l))
        return false;
    api_alert_status(l->am, a, l->now, ret);
    return api_query_has_status(&l->query, ret);
}

// ---- answer ------------------------------------------------------------------------------------

#define RECEIVERS_SHOWN_MAX 256 // of one alert

static void put_alert(struct alert_list *l, struct json_writer *w, struct alert *a)
{
    struct api_alert_status status;
    const struct config_receiver *receivers[RECEIVERS_SHOWN_MAX];
    if (!fits(l, a, &status))
        return;
    size_t count = MIN(l->routes.count, ARRAY_LEN(receivers));
    for (size_t i = 0; i < count; i++)
        receivers[i] = l->routes.items[i]->receiver;
    json_put_api_alert(w, l->am, a, receivers, count, &status);
}

static bool put_alerts(void *owner, struct json_writer *w, size_t full)
{
    struct alert_list *l = owner;
    l->now = env_now(l->am->env);
    while (l->next < l->count && w->out->n < full) {
        struct alert *a = l->items[l->next++].alert;
        put_alert(l, w, a);
        alert_unref(a);
    }
    return l->next < l->count;
}

static void answer(struct alert_list *l)
{
    struct web_request *r = l->r;
    l->r = NULL;
    l->answer = (struct api_list){.put = put_alerts, .free = list_free, .owner = l};
    api_reply_list(r, &l->answer);
}

// ---- filter ------------------------------------------------------------------------------------

static void filter_slice(void *owner)
{
    struct alert_list *l = owner;
    struct api_alert_status status;
    for (size_t i = 0; i < API_LIST_SLICE && l->next < l->count; i++) {
        struct sort_item item = l->items[l->next++];
        if (fits(l, item.alert, &status))
            l->items[l->kept++] = item;
        else
            alert_unref(item.alert);
    }
    if (l->next < l->count) {
        env_timer_after(l->am->env, &l->timer, 0);
        return;
    }
    l->count = l->kept;
    l->next = l->kept = 0;
    answer(l);
}

// ---- collect and sort --------------------------------------------------------------------------

static int compare_items(const void *a, const void *b)
{
    const struct sort_item *x = a, *y = b;
    return (x->fingerprint > y->fingerprint) - (x->fingerprint < y->fingerprint);
}

static void on_sorted(struct alert_list *l)
{
    if (api_query_is_plain(&l->query))
        answer(l);
    else
        filter_slice(l);
}

static void collect(struct alert_list *l)
{
    struct alert *a;
    l->items = mem_array(struct sort_item, alerts_stats(l->am->alerts).count + 1);
    for (size_t i = 0; (a = alerts_next(l->am->alerts, &i)) != NULL;)
        l->items[l->count++].alert = a;
    // Two passes, so that memory is fetched ahead: the alerts are all over the place.
    for (size_t i = 0; i < l->count; i++) {
        const size_t far = MIN(i + 16, l->count - 1), near = MIN(i + 8, l->count - 1);
        __builtin_prefetch(l->items[far].alert, 1);
        __builtin_prefetch(l->items[near].alert->labels);
        a = alert_ref(l->items[i].alert);
        l->items[i].fingerprint = a->labels->fingerprint;
    }
}

static void sort_on_worker(void *job)
{
    struct sort_job *j = job;
    qsort(j->items, j->count, sizeof(*j->items), compare_items);
}

static void on_worker_done(void *job)
{
    struct sort_job *j = job;
    struct alert_list *l = j->list;
    if (l) {
        mem_free(l->items);
        l->items = take(&j->items);
        l->sorting = NULL;
        on_sorted(l);
    }
    mem_free(j->items);
    mem_free(j);
}

static void start_sorting(struct alert_list *l)
{
    struct sort_job *j = mem_new(struct sort_job);
    *j = (struct sort_job){l, mem_array(struct sort_item, l->count), l->count};
    memcpy(j->items, l->items, l->count * sizeof(*l->items));
    l->sorting = j;
    env_work(l->am->env, sort_on_worker, on_worker_done, j);
}

void api_get_alerts(struct web_request *r, str id)
{
    (void)id;
    struct api_query query;
    if (!api_query_read(r, &query))
        return;
    struct alert_list *l = mem_new(struct alert_list);
    l->r = r;
    l->am = r->am;
    l->query = query;
    l->config = config_ref(r->am->runtime->config);
    l->now = env_now(r->am->env);
    timer_init(&l->timer, filter_slice, l);
    web_on_cancel(r, list_free, l);
    collect(l);
    if (l->count > API_LIST_SLICE) {
        start_sorting(l);
        return;
    }
    qsort(l->items, l->count, sizeof(*l->items), compare_items);
    on_sorted(l);
}
