// SPDX-License-Identifier: Apache-2.0
#include "rules/metricsql/histogram.h"

#include <math.h>

// ---- vmrange to le -----------------------------------------------------------------------------

struct vmrange {
    str start_text, end_text;
    double start, end;
    struct mql_series *series;
    size_t place; // buckets with the same end stay in order
};

struct ranges {
    struct vmrange *items;
    size_t count, cap;
};

static void ranges_add(struct eval *q, struct ranges *r, struct vmrange x)
{
    r->items = mql_grow(q->mem, r->items, r->count, &r->cap, sizeof(x));
    x.place = r->count;
    r->items[r->count++] = x;
}

static bool parse_range(str text, struct vmrange *ret)
{
    size_t dots = str_find_str(text, S("..."));
    if (dots == STR_NONE)
        return false;
    ret->start_text = str_slice(text, 0, dots);
    ret->end_text = str_skip(text, dots + 3);
    return str_to_f64(ret->start_text, &ret->start) && str_to_f64(ret->end_text, &ret->end);
}

static int cmp_ends(const void *a, const void *b)
{
    const struct vmrange *x = a, *y = b;
    if (x->end != y->end)
        return x->end < y->end ? -1 : 1;
    return (x->place > y->place) - (x->place < y->place);
}

static bool has_hits(const struct mql_series *s, size_t points)
{
    for (size_t i = 0; i < points; i++) {
        if (s->values[i] > 0)
            return true;
    }
    return false;
}

// Upstream's rule for buckets with the same end: one fills the gaps of the other.
static void merge_into(struct mql_series *to, const struct mql_series *from, size_t points)
{
    size_t overlaps = 0;
    for (size_t i = 0; i < points; i++)
        overlaps += !isnan(from->values[i]) && !isnan(to->values[i]);
    if (overlaps > 2 || points <= 2)
        return;
    for (size_t i = 0; i < points; i++) {
        if (!isnan(from->values[i]))
            to->values[i] = from->values[i];
    }
}

static struct vmrange *find_end(const struct ranges *r, str text)
{
    for (size_t i = r->count; i > 0; i--) {
        if (str_eq(r->items[i - 1].end_text, text))
            return &r->items[i - 1];
    }
    return NULL;
}

// An empty bucket that ends there.
static bool add_edge(struct eval *q, size_t points, const struct mql_series *like, str end_text,
                     double end, struct ranges *to)
{
    struct mql_series *s = eval_like(q, like, points, 0);
    if (!s)
        return false;
    mql_series_set(s, q->mem, S("le"), end_text);
    ranges_add(q, to, (struct vmrange){.end_text = end_text, .end = end, .series = s});
    return true;
}

// Buckets of one histogram without holes: what lies between them, and up to +Inf, becomes a bucket
// of its own. Empty ones are left out.
static bool close_gaps(struct eval *q, size_t points, const struct ranges *from, struct ranges *to)
{
    struct vmrange previous = {0};
    for (size_t i = 0; i < from->count; i++) {
        struct vmrange x = from->items[i];
        if (!has_hits(x.series, points))
            continue;
        if (x.start != previous.end && !find_end(to, x.start_text) &&
            !add_edge(q, points, x.series, x.start_text, x.start, to))
            return false;
        mql_series_set(x.series, q->mem, S("le"), x.end_text);
        struct vmrange *same = find_end(to, x.end_text);
        if (same)
            merge_into(same->series, x.series, points);
        else
            ranges_add(q, to, x);
        previous = x;
    }
    if (!previous.series || (isinf(previous.end) && previous.end > 0))
        return true;
    return add_edge(q, points, previous.series, S("+Inf"), INFINITY, to);
}

static void accumulate(const struct ranges *r, size_t points)
{
    for (size_t i = 0; i < points; i++) {
        double sum = 0;
        for (size_t j = 0; j < r->count; j++) {
            double *v = &r->items[j].series->values[i];
            if (*v > 0)
                sum += *v;
            *v = sum;
        }
    }
}

static bool convert(struct eval *q, size_t points, struct ranges *r, struct mql_vec *ret)
{
    struct ranges closed = {0};
    qsort(r->items, r->count, sizeof(*r->items), cmp_ends);
    if (!close_gaps(q, points, r, &closed))
        return false;
    accumulate(&closed, points);
    for (size_t i = 0; i < closed.count; i++)
        mql_vec_add(ret, q->mem, closed.items[i].series);
    return true;
}

struct range_lists { // ranges of each group, beside mql_groups
    struct ranges *items;
    size_t count, cap;
};

static struct ranges *list_of(struct eval *q, struct mql_groups *groups, struct range_lists *lists,
                              str key)
{
    // The group's series holds nothing but its number: as many empty slots.
    struct mql_group *g = mql_groups_get(groups, key);
    if (g->series.count == 0) {
        lists->items =
            mql_grow(q->mem, lists->items, lists->count, &lists->cap, sizeof(*lists->items));
        lists->items[lists->count++] = (struct ranges){0};
        g->series.count = lists->count;
    }
    return &lists->items[g->series.count - 1];
}

bool histogram_to_le(struct eval *q, size_t points, const struct mql_vec *buckets,
                     struct mql_vec *ret)
{
    defer(mql_groups_done) struct mql_groups groups = {.mem = q->mem};
    struct range_lists lists = {0};
    for (size_t i = 0; i < buckets->count; i++) {
        struct mql_series *s = buckets->items[i];
        struct vmrange x = {.series = s};
        str text = mql_series_get(s, S("vmrange"));
        if (!text.n && mql_series_get(s, S("le")).n)
            mql_vec_add(ret, q->mem, s);
        if (!text.n || !parse_range(text, &x))
            continue;
        mql_series_remove(s, S("le"));
        mql_series_remove(s, S("vmrange"));
        ranges_add(q, list_of(q, &groups, &lists, mql_series_key(s, q->mem)), x);
    }
    for (size_t i = 0; i < lists.count; i++) {
        if (!convert(q, points, &lists.items[i], ret))
            return false;
    }
    return true;
}

// ---- histograms --------------------------------------------------------------------------------

static int cmp_le(const void *a, const void *b)
{
    const struct bucket *x = a, *y = b;
    return (x->le > y->le) - (x->le < y->le);
}

struct histograms {
    struct histogram *items;
    size_t count, cap;
};

static struct histogram *histogram_of(struct eval *q, struct mql_groups *groups,
                                      struct histograms *list, str key)
{
    struct mql_group *g = mql_groups_get(groups, key);
    if (g->series.count == 0) { // the number of its histogram, see list_of
        list->items = mql_grow(q->mem, list->items, list->count, &list->cap, sizeof(*list->items));
        list->items[list->count++] = (struct histogram){0};
        g->series.count = list->count;
    }
    return &list->items[g->series.count - 1];
}

static str key_without_le(struct eval *q, const struct mql_series *s)
{
    struct mql_series copy = {.name = s->name};
    mql_series_set_labels(&copy, q->mem, s->labels, s->label_count);
    mql_series_remove(&copy, S("le"));
    return mql_series_key(&copy, q->mem);
}

bool histogram_group(struct eval *q, const struct mql_vec *buckets, bool takes_off,
                     struct histogram **ret, size_t *ret_count)
{
    defer(mql_groups_done) struct mql_groups groups = {.mem = q->mem};
    struct histograms list = {0};
    for (size_t i = 0; i < buckets->count; i++) {
        struct mql_series *s = buckets->items[i];
        struct bucket b = {.series = s};
        str le = mql_series_get(s, S("le"));
        if (!le.n || !str_to_f64(le, &b.le))
            continue;
        if (!eval_has_room(q, 0))
            return false;
        if (takes_off) {
            s->name = S("");
            mql_series_remove(s, S("le"));
        }
        struct histogram *h = histogram_of(q, &groups, &list, key_without_le(q, s));
        h->items = mql_grow(q->mem, h->items, h->count, &h->cap, sizeof(b));
        h->items[h->count++] = b;
    }
    for (size_t i = 0; i < list.count; i++)
        qsort(list.items[i].items, list.items[i].count, sizeof(struct bucket), cmp_le);
    *ret = list.items;
    *ret_count = list.count;
    return true;
}

void histogram_merge_same(struct histogram *h, size_t points)
{
    size_t kept = 0;
    for (size_t i = 1; i < h->count; i++) {
        if (h->items[i].le != h->items[kept].le) {
            h->items[++kept] = h->items[i];
            continue;
        }
        for (size_t j = 0; j < points; j++)
            h->items[kept].series->values[j] += h->items[i].series->values[j];
    }
    if (h->count)
        h->count = kept + 1;
}

static double value_at(const struct histogram *h, size_t i, size_t point)
{
    return h->items[i].series->values[point];
}

void histogram_repair(const struct histogram *h, size_t point)
{
    double below = 0;
    for (size_t i = 0; h->count > 1 && i < h->count; i++) {
        double *v = &h->items[i].series->values[point];
        if (isnan(*v) || (i > 0 && below > *v))
            *v = below;
        below = *v;
    }
}

static double largest_finite(const struct histogram *h)
{
    for (size_t i = h->count; i > 0; i--) {
        if (!isinf(h->items[i - 1].le))
            return h->items[i - 1].le;
    }
    return NAN;
}

struct estimate histogram_quantile(const struct histogram *h, size_t point, double phi)
{
    static const struct estimate NONE = {NAN, NAN, NAN};
    if (isnan(phi))
        return NONE;
    histogram_repair(h, point);
    double total = h->count ? value_at(h, h->count - 1, point) : 0;
    if (total == 0)
        return NONE;
    if (phi < 0)
        return (struct estimate){-INFINITY, -INFINITY, value_at(h, 0, point)};
    if (phi > 1)
        return (struct estimate){INFINITY, total, INFINITY};
    double wanted = total * phi, below = 0, le_below = 0;
    for (size_t i = 0; i < h->count; i++) {
        double v = value_at(h, i, point), le = h->items[i].le;
        if (v <= 0 || v < wanted) {
            below = v <= 0 ? below : v;
            le_below = le;
            continue;
        }
        if (isinf(le))
            break;
        if (v == below)
            return (struct estimate){le_below, le_below, v};
        double x = le_below + (le - le_below) * (wanted - below) / (v - below);
        return (struct estimate){x, le_below, le};
    }
    double last = largest_finite(h);
    return (struct estimate){last, last, INFINITY};
}

struct estimate histogram_share(const struct histogram *h, size_t point, double wanted)
{
    if (isnan(wanted) || h->count == 0)
        return (struct estimate){NAN, NAN, NAN};
    if (wanted < 0)
        return (struct estimate){0, 0, 0};
    histogram_repair(h, point);
    double below = 0, le_below = 0, total = value_at(h, h->count - 1, point);
    for (size_t i = 0; i < h->count && !isinf(wanted); i++) {
        double v = value_at(h, i, point), le = h->items[i].le;
        if (wanted >= le) {
            below = v;
            le_below = le;
            continue;
        }
        double lower = below / total;
        if (isinf(le))
            return (struct estimate){lower, lower, 1};
        if (le_below == wanted)
            return (struct estimate){lower, lower, lower};
        double share = lower + (v - below) / total * (wanted - le_below) / (le - le_below);
        return (struct estimate){share, lower, v / total};
    }
    return (struct estimate){1, 1, 1};
}

struct moments {
    double weight, sum, squares;
};

// The middle of each bucket stands for what is in it.
static struct moments moments_of(const struct histogram *h, size_t point)
{
    struct moments m = {0};
    double le_below = 0, below = 0;
    for (size_t i = 0; i < h->count; i++) {
        double le = h->items[i].le, v = value_at(h, i, point);
        if (isinf(le))
            continue;
        double middle = (le + le_below) / 2, weight = v - below;
        m.sum += middle * weight;
        m.squares += middle * middle * weight;
        m.weight += weight;
        le_below = le;
        below = v;
    }
    return m;
}

double histogram_avg(const struct histogram *h, size_t point)
{
    struct moments m = moments_of(h, point);
    return m.weight == 0 ? NAN : m.sum / m.weight;
}

double histogram_stdvar(const struct histogram *h, size_t point)
{
    struct moments m = moments_of(h, point);
    if (m.weight == 0)
        return NAN;
    double avg = m.sum / m.weight, variance = m.squares / m.weight - avg * avg;
    return variance < 0 ? 0 : variance;
}
