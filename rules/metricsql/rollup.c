// SPDX-License-Identifier: Apache-2.0
#include "rules/metricsql/rollup.h"

#include <math.h>

// ---- samples before windows --------------------------------------------------------------------

#define PARTIAL_RESET_RATIO 8 // a fall by less than 1/8 of the value: only that much is lost

void rollup_remove_resets(double *values, size_t count)
{
    double correction = 0, previous = count ? values[0] : 0;
    for (size_t i = 0; i < count; i++) {
        double v = values[i], d = v - previous;
        if (d < 0)
            correction += -d * PARTIAL_RESET_RATIO < previous ? previous - v : previous;
        previous = v;
        values[i] = v + correction;
        if (i > 0 && values[i] < values[i - 1])
            values[i] = values[i - 1]; // rounding must not look like another reset
    }
}

void rollup_delta_values(double *values, size_t count)
{
    if (count == 0)
        return;
    double delta = 0;
    for (size_t i = 0; i + 1 < count; i++) {
        delta = values[i + 1] - values[i];
        values[i] = delta;
    }
    values[count - 1] = delta;
}

void rollup_deriv_values(double *values, const int64_t *timestamps, size_t count)
{
    if (count == 0)
        return;
    double deriv = 0, previous = values[0];
    int64_t previous_ts = timestamps[0];
    for (size_t i = 0; i + 1 < count; i++) {
        double v = values[i + 1];
        int64_t ts = timestamps[i + 1];
        if (ts != previous_ts) { // else the same as before
            deriv = (v - previous) / ((double)(ts - previous_ts) / 1e3);
            previous = v;
            previous_ts = ts;
        }
        values[i] = deriv;
    }
    values[count - 1] = deriv;
}

static void intervals(double *values, const int64_t *timestamps, size_t count)
{
    for (size_t i = 1; i < count; i++)
        values[i] = (double)timestamps[i] / 1000 - (double)timestamps[i - 1] / 1000;
    if (count > 0)
        values[0] = count > 1 ? values[1] : NAN;
}

static void prepare(const struct rollup_plan *p, double *values, const int64_t *timestamps,
                    size_t count)
{
    if (p->is_counter)
        rollup_remove_resets(values, count);
    switch (p->func->prepare) {
    case PREPARE_NOTHING:
        return;
    case PREPARE_DERIV:
        rollup_deriv_values(values, timestamps, count);
        return;
    case PREPARE_DELTA:
        rollup_delta_values(values, count);
        return;
    case PREPARE_INTERVALS:
        intervals(values, timestamps, count);
        return;
    }
}

// ---- windows -----------------------------------------------------------------------------------

#define SCRAPE_DISTANCES 20
#define SCRAPE_QUANTILE  0.6

// How far apart samples usually are, by the last of them.
static int64_t scrape_interval(const int64_t *timestamps, size_t count, int64_t otherwise)
{
    if (count < 2)
        return otherwise;
    double distances[SCRAPE_DISTANCES];
    size_t n = MIN(count - 1, SCRAPE_DISTANCES);
    for (size_t i = 0; i < n; i++)
        distances[i] = (double)(timestamps[count - 1 - i] - timestamps[count - 2 - i]);
    mql_sort_numbers(distances, n);
    int64_t interval = (int64_t)mql_quantile_sorted(SCRAPE_QUANTILE, distances, n);
    return interval > 0 ? interval : otherwise;
}

// Short intervals are widened more: jitter is larger in comparison.
static int64_t widened(int64_t interval)
{
    static const struct {
        int64_t up_to_ms;
        int64_t times, divisor;
    } STEPS[] = {{2000, 4, 1}, {4000, 2, 1}, {8000, 1, 1}, {16000, 1, 2}, {32000, 1, 4}};
    for (size_t i = 0; i < ARRAY_LEN(STEPS); i++) {
        if (interval <= STEPS[i].up_to_ms)
            return interval + interval * STEPS[i].times / STEPS[i].divisor;
    }
    return interval + interval / 8;
}

struct widths {
    int64_t window; // ms
    int64_t before; // how far in front of the window the previous sample may be
};

static struct widths widths_of(const struct range *r, const struct rollup_plan *p,
                               struct rollup_samples s, int64_t lookback)
{
    struct widths w = {p->window, r->step};
    if (r->start < r->end)
        w.before = widened(scrape_interval(s.timestamps, s.count, r->step));
    if (lookback > 0)
        w.before = MIN(w.before, lookback);
    if (w.window > 0)
        return w;
    w.window = r->step;
    if (p->func->flags & ROLLUP_WIDENS)
        w.window = MAX(w.window, w.before);
    if (p->func->fn == rollup_last && p->func->flags & ROLLUP_STALE && lookback > 0)
        w.window = MIN(w.window, lookback);
    return w;
}

static size_t first_after(struct rollup_samples s, size_t from, int64_t ms)
{
    while (from < s.count && s.timestamps[from] <= ms)
        from++;
    return from;
}

static void look_around(struct rollup_window *w, struct rollup_samples s, size_t first, size_t next,
                        struct widths widths, int64_t lookback)
{
    int64_t start = w->at - w->width;
    w->values = s.values + first;
    w->timestamps = s.timestamps + first;
    w->count = next - first;
    w->prev = w->real_prev = w->real_next = NAN;
    w->prev_ts = start - widths.before;
    if (next < s.count)
        w->real_next = s.values[next];
    if (first == 0)
        return;
    int64_t before = s.timestamps[first - 1];
    if (first < s.count && before > w->prev_ts) {
        w->prev = s.values[first - 1];
        w->prev_ts = before;
    }
    int64_t first_ts = w->count ? w->timestamps[0] : start;
    if (lookback == 0 || first_ts - before < lookback)
        w->real_prev = s.values[first - 1];
}

bool rollup_windows(struct eval *q, const struct range *r, const struct rollup_plan *p,
                    rollup_fn *fn, struct rollup_samples s, int64_t lookback,
                    struct rollup_map *map, double *ret)
{
    struct widths widths = widths_of(r, p, s, lookback);
    struct rollup_window w = {
        .width = widths.window, .args = &p->args, .scratch = &q->scratch, .map = map};
    size_t first = 0, next = 0;
    for (size_t i = 0; i < r->points; i++) {
        w.point = i;
        w.at = range_at(r, i);
        first = first_after(s, first, w.at - w.width);
        next = first_after(s, MAX(first, next), w.at);
        look_around(&w, s, first, next, widths, lookback);
        if (!eval_spend(q, w.count + 1))
            return false;
        ret[i] = fn(&w);
        if (map && map->failed)
            return false;
    }
    return true;
}

// ---- one series --------------------------------------------------------------------------------

struct mql_series *rollup_map_at(struct rollup_map *m, str label, str value)
{
    struct mql_group *group = mql_groups_find(&m->series, value);
    if (group)
        return group->series.items[0];
    struct mql_series *s = eval_like(m->q, m->origin, m->points, NAN);
    if (!s) {
        m->failed = true;
        return NULL;
    }
    value = arena_str(m->q->mem, value);
    mql_series_set(s, m->q->mem, label, value);
    mql_vec_add(&mql_groups_get(&m->series, value)->series, m->q->mem, s);
    return s;
}

static bool run_map(struct eval *q, const struct range *r, const struct rollup_plan *p,
                    const struct mql_series *named, struct rollup_samples samples,
                    struct mql_vec *ret)
{
    defer(mql_groups_done) struct mql_groups groups = {.mem = q->mem};
    struct rollup_map map = {.q = q, .origin = named, .points = r->points, .series = groups};
    double *unused = named->values;
    bool ok = rollup_windows(q, r, p, p->steps[0].fn, samples, 0, &map, unused);
    groups = map.series; // what defer frees
    if (!ok)
        return false;
    map_each (struct mql_group, g, &groups.map)
        mql_vec_add_all(ret, q->mem, &g->series);
    return true;
}

bool rollup_series(struct eval *q, const struct range *r, const struct rollup_plan *p,
                   const struct mql_series *origin, double *values, int64_t *timestamps,
                   size_t count, struct mql_vec *ret)
{
    prepare(p, values, timestamps, count);
    struct rollup_samples samples = {values, timestamps, count};
    for (size_t i = 0; i < p->step_count; i++) {
        struct mql_series *s = eval_like(q, origin, r->points, NAN);
        if (!s)
            return false;
        if (p->steps[i].tag.n)
            mql_series_set(s, q->mem, S("rollup"), p->steps[i].tag);
        if (!p->keeps_name)
            s->name = S("");
        if (p->func->flags & ROLLUP_MAP) {
            if (!run_map(q, r, p, s, samples, ret))
                return false;
            continue;
        }
        if (!rollup_windows(q, r, p, p->steps[i].fn, samples, 0, NULL, s->values))
            return false;
        mql_vec_add(ret, q->mem, s);
    }
    return true;
}
