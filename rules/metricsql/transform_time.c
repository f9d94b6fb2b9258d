// SPDX-License-Identifier: Apache-2.0
#include <math.h>

#include "base/text/tzone.h"
#include "rules/metricsql/gorand.h"
#include "rules/metricsql/transform.h"

static bool add_times(struct transform *t, struct mql_vec *ret)
{
    if (!eval_constant(t->q, t->range, 0, ret))
        return false;
    for (size_t i = 0; i < t->range->points; i++)
        ret->items[ret->count - 1]->values[i] = (double)range_at(t->range, i) / 1e3;
    return true;
}

bool transform_time(struct transform *t, struct mql_vec *ret)
{
    return add_times(t, ret);
}

bool transform_now(struct transform *t, struct mql_vec *ret)
{
    return eval_constant(t->q, t->range, (double)t->q->query->now / 1e9, ret);
}

bool transform_pi(struct transform *t, struct mql_vec *ret)
{
    return eval_constant(t->q, t->range, M_PI, ret);
}

bool transform_start(struct transform *t, struct mql_vec *ret)
{
    return eval_constant(t->q, t->range, (double)t->range->start / 1e3, ret);
}

bool transform_end(struct transform *t, struct mql_vec *ret)
{
    return eval_constant(t->q, t->range, (double)t->range->end / 1e3, ret);
}

bool transform_step(struct transform *t, struct mql_vec *ret)
{
    return eval_constant(t->q, t->range, (double)t->range->step / 1e3, ret);
}

// ---- dates -------------------------------------------------------------------------------------

int64_t civil_minute(const struct civil *c)
{
    return c->minute;
}

int64_t civil_hour(const struct civil *c)
{
    return c->hour;
}

int64_t civil_day(const struct civil *c)
{
    return c->day;
}

int64_t civil_weekday(const struct civil *c)
{
    return c->weekday;
}

int64_t civil_yearday(const struct civil *c)
{
    return c->yearday;
}

int64_t civil_days_in_month(const struct civil *c)
{
    return days_in_month(c->year, c->month);
}

int64_t civil_month(const struct civil *c)
{
    return c->month;
}

int64_t civil_year(const struct civil *c)
{
    return c->year;
}

#define CYCLE_YEARS 400 // after which the calendar repeats, weekdays included
#define CYCLE_S     (INT64_C(146097) * 86400)

static struct civil civil_at(double unix_s)
{
    int64_t s = mql_to_int(unix_s), cycles = s / CYCLE_S;
    s %= CYCLE_S;
    if (s > CYCLE_S / 2 || s < -CYCLE_S / 2) { // a whole cycle has more ns than 64 bits hold
        int64_t step = s > 0 ? 1 : -1;
        s -= step * CYCLE_S;
        cycles += step;
    }
    struct civil c = civil_from_time(DUR_SECONDS(s), 0);
    c.year += cycles * CYCLE_YEARS;
    return c;
}

bool transform_date(struct transform *t, struct mql_vec *ret)
{
    struct mql_vec now = {0};
    if (t->count == 0 && !add_times(t, &now))
        return false;
    const struct mql_vec *v = t->count ? &t->args[0] : &now;
    for (size_t i = 0; i < v->count; i++) {
        transform_drop_name(t, v->items[i]);
        for (size_t j = 0; j < t->range->points; j++) {
            double *x = &v->items[i]->values[j];
            if (isnan(*x))
                continue;
            struct civil c = civil_at(*x);
            *x = (double)t->func->civil(&c);
        }
    }
    mql_vec_add_all(ret, t->q->mem, v);
    return true;
}

bool transform_timezone_offset(struct transform *t, struct mql_vec *ret)
{
    const struct mql_query *query = t->q->query;
    const struct tzone *zone = NULL;
    str name;
    if (!transform_string(t, 0, &name))
        return err_wrap(t->q->err, "cannot get timezone name");
    bool is_utc = name.n == 0 || str_eq(name, S("UTC"));
    if (!is_utc && query->find_zone)
        zone = query->find_zone(query->owner, name, t->q->mem, t->q->err);
    else if (!is_utc)
        err_set(t->q->err, ERR_NOT_FOUND, "unknown time zone %.*s", STR(name));
    if (!is_utc && !zone)
        return err_wrap(t->q->err, "cannot load timezone %.*s", STR(mql_quote(t->q->mem, name)));
    if (!eval_constant(t->q, t->range, 0, ret))
        return false;
    double *values = ret->items[ret->count - 1]->values;
    for (size_t i = 0; zone && i < t->range->points; i++) {
        int64_t unix_s = range_at(t->range, i) / 1000;
        values[i] = tzone_at(zone, unix_s).offset_s;
    }
    return true;
}

// ---- random numbers ----------------------------------------------------------------------------

static bool add_random(struct transform *t, double (*next)(struct gorand *), struct mql_vec *ret)
{
    const double *seed = NULL;
    if (t->count && !transform_scalar(t, 0, &seed))
        return false;
    if (!eval_spend(t->q, GORAND_SEED_COST) || !eval_constant(t->q, t->range, 0, ret))
        return false;
    struct gorand *r = arena_new(t->q->mem, struct gorand);
    gorand_seed(r, seed ? mql_to_int(seed[0]) : t->q->query->now);
    for (size_t i = 0; i < t->range->points; i++)
        ret->items[ret->count - 1]->values[i] = next(r);
    return true;
}

bool transform_rand(struct transform *t, struct mql_vec *ret)
{
    return add_random(t, gorand_unit, ret);
}

bool transform_rand_normal(struct transform *t, struct mql_vec *ret)
{
    return add_random(t, gorand_normal, ret);
}

bool transform_rand_exponential(struct transform *t, struct mql_vec *ret)
{
    return add_random(t, gorand_exponential, ret);
}
