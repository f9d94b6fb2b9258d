// SPDX-License-Identifier: Apache-2.0
#include "rules/metricsql/rollup.h"

// ---- arguments ---------------------------------------------------------------------------------

// f(series, a)
static bool read_second(struct eval *q, const struct range *r, const struct mql_call *c,
                        const struct mql_vec *args, struct rollup_args *ret)
{
    (void)c;
    return arg_scalar(q, r, &args[1], 1, &ret->a);
}

// f(a, series)
static bool read_first(struct eval *q, const struct range *r, const struct mql_call *c,
                       const struct mql_vec *args, struct rollup_args *ret)
{
    (void)c;
    return arg_scalar(q, r, &args[0], 0, &ret->a);
}

// f(series, a, b)
static bool read_two(struct eval *q, const struct range *r, const struct mql_call *c,
                     const struct mql_vec *args, struct rollup_args *ret)
{
    (void)c;
    return arg_scalar(q, r, &args[1], 1, &ret->a) && arg_scalar(q, r, &args[2], 2, &ret->b);
}

// f("label", series)
static bool read_label(struct eval *q, const struct range *r, const struct mql_call *c,
                       const struct mql_vec *args, struct rollup_args *ret)
{
    (void)c;
    return arg_string(q, r, &args[0], 0, &ret->label);
}

// f("label", phi, …, series)
static bool read_phis(struct eval *q, const struct range *r, const struct mql_call *c,
                      const struct mql_vec *args, struct rollup_args *ret)
{
    double *phis = arena_array(q->mem, double, c->count);
    str *texts = arena_array(q->mem, str, c->count);
    if (!arg_string(q, r, &args[0], 0, &ret->label))
        return false;
    for (size_t i = 1; i + 1 < c->count; i++) {
        const double *values;
        if (!arg_scalar(q, r, &args[i], i, &values))
            return false;
        phis[i - 1] = values[0];
        texts[i - 1] = eval_number_text(q, values[0]);
    }
    ret->phis = phis;
    ret->phi_texts = texts;
    ret->phi_count = c->count - 2;
    return true;
}

// ---- the table ---------------------------------------------------------------------------------

#define BEFORE  ROLLUP_BEFORE
#define WIDENS  ROLLUP_WIDENS
#define NAME    ROLLUP_KEEPS_NAME
#define COUNTER ROLLUP_COUNTER
#define IN_AGGR ROLLUP_IN_AGGR

#define F(text, fn, flags)                                                                         \
    {                                                                                              \
        text, fn, flags, NULL, 1, 1, ROLLUP_PLAIN, PREPARE_NOTHING                                 \
    }
#define FA(text, fn, flags, read, args)                                                            \
    {                                                                                              \
        text, fn, flags, read, args, args, ROLLUP_PLAIN, PREPARE_NOTHING                           \
    }
#define FM(text, flags, prepare)                                                                   \
    {                                                                                              \
        text, NULL, flags, NULL, 1, 2, ROLLUP_MIN_MAX, prepare                                     \
    }

// Sorted by name.
static const struct rollup_func FUNCS[] = {
    F("absent_over_time", rollup_absent, ROLLUP_ABSENT | IN_AGGR),
    {"aggr_over_time", NULL, 0, NULL, 2, 2, ROLLUP_LIST, PREPARE_NOTHING},
    F("ascent_over_time", rollup_ascent, BEFORE | IN_AGGR),
    F("avg_over_time", rollup_avg, NAME | IN_AGGR),
    F("changes", rollup_changes, BEFORE | IN_AGGR),
    F("changes_prometheus", rollup_changes_prometheus, 0),
    FA("count_eq_over_time", rollup_count_eq, 0, read_second, 2),
    FA("count_gt_over_time", rollup_count_gt, 0, read_second, 2),
    FA("count_le_over_time", rollup_count_le, 0, read_second, 2),
    FA("count_ne_over_time", rollup_count_ne, 0, read_second, 2),
    F("count_over_time", rollup_count, IN_AGGR),
    FA("count_values_over_time", rollup_count_values, ROLLUP_MAP, read_label, 2),
    F("decreases_over_time", rollup_resets, BEFORE | IN_AGGR),
    F("default_rollup", rollup_last, BEFORE | WIDENS | NAME | ROLLUP_STALE | IN_AGGR),
    F("delta", rollup_delta, BEFORE | IN_AGGR),
    F("delta_prometheus", rollup_delta_prometheus, 0),
    F("deriv", rollup_deriv, WIDENS | IN_AGGR),
    F("deriv_fast", rollup_deriv_fast, BEFORE | WIDENS | IN_AGGR),
    F("descent_over_time", rollup_descent, BEFORE | IN_AGGR),
    F("distinct_over_time", rollup_distinct, IN_AGGR),
    FA("duration_over_time", rollup_duration, 0, read_second, 2),
    F("first_over_time", rollup_first, NAME | IN_AGGR),
    F("geomean_over_time", rollup_geomean, NAME | IN_AGGR),
    F("histogram_over_time", rollup_histogram, ROLLUP_MAP),
    FA("hoeffding_bound_lower", rollup_hoeffding_lower, NAME, read_first, 2),
    FA("hoeffding_bound_upper", rollup_hoeffding_upper, NAME, read_first, 2),
    FA("holt_winters", rollup_holt_winters, NAME, read_two, 3),
    F("idelta", rollup_idelta, BEFORE | IN_AGGR),
    F("ideriv", rollup_ideriv, BEFORE | WIDENS | IN_AGGR),
    F("increase", rollup_delta, BEFORE | COUNTER | IN_AGGR),
    F("increase_prometheus", rollup_delta_prometheus, COUNTER),
    F("increase_pure", rollup_increase_pure, BEFORE | COUNTER | IN_AGGR),
    F("increases_over_time", rollup_increases, BEFORE | IN_AGGR),
    F("integrate", rollup_integrate, BEFORE | IN_AGGR),
    F("irate", rollup_ideriv, BEFORE | WIDENS | COUNTER | IN_AGGR),
    F("lag", rollup_lag, BEFORE | IN_AGGR),
    F("last_over_time", rollup_last, NAME | IN_AGGR),
    F("lifetime", rollup_lifetime, BEFORE | IN_AGGR),
    F("mad_over_time", rollup_mad, IN_AGGR),
    F("max_over_time", rollup_max, NAME | IN_AGGR),
    F("median_over_time", rollup_median, NAME | IN_AGGR),
    F("min_over_time", rollup_min, NAME | IN_AGGR),
    F("mode_over_time", rollup_mode, NAME | IN_AGGR),
    F("outlier_iqr_over_time", rollup_outlier_iqr, 0),
    FA("predict_linear", rollup_predict_linear, NAME, read_second, 2),
    F("present_over_time", rollup_present, IN_AGGR),
    FA("quantile_over_time", rollup_quantile, NAME, read_first, 2),
    {"quantiles_over_time", rollup_quantiles, ROLLUP_MAP | NAME, read_phis, 3, ARGS_ANY,
     ROLLUP_PLAIN, PREPARE_NOTHING},
    F("range_over_time", rollup_range, IN_AGGR),
    F("rate", rollup_deriv_fast, BEFORE | WIDENS | COUNTER | IN_AGGR),
    F("rate_over_sum", rollup_rate_over_sum, WIDENS | IN_AGGR),
    F("rate_prometheus", rollup_deriv_fast_prometheus, COUNTER),
    F("resets", rollup_resets, BEFORE | IN_AGGR),
    FM("rollup", BEFORE | WIDENS | NAME, PREPARE_NOTHING),
    {"rollup_candlestick", NULL, BEFORE | WIDENS | NAME | ROLLUP_CANDLESTICK, NULL, 1, 2,
     ROLLUP_OHLC, PREPARE_NOTHING},
    FM("rollup_delta", BEFORE, PREPARE_DELTA),
    FM("rollup_deriv", BEFORE | WIDENS, PREPARE_DERIV),
    FM("rollup_increase", BEFORE | COUNTER, PREPARE_DELTA),
    FM("rollup_rate", BEFORE | WIDENS | COUNTER, PREPARE_DERIV),
    FM("rollup_scrape_interval", BEFORE | WIDENS, PREPARE_INTERVALS),
    F("scrape_interval", rollup_scrape_interval, BEFORE | WIDENS | IN_AGGR),
    FA("share_eq_over_time", rollup_share_eq, 0, read_second, 2),
    FA("share_gt_over_time", rollup_share_gt, 0, read_second, 2),
    FA("share_le_over_time", rollup_share_le, 0, read_second, 2),
    F("stale_samples_over_time", rollup_stale_samples, ROLLUP_STALE | IN_AGGR),
    F("stddev_over_time", rollup_stddev, IN_AGGR),
    F("stdvar_over_time", rollup_stdvar, IN_AGGR),
    F("sum2_over_time", rollup_sum2, IN_AGGR),
    FA("sum_eq_over_time", rollup_sum_eq, 0, read_second, 2),
    FA("sum_gt_over_time", rollup_sum_gt, 0, read_second, 2),
    FA("sum_le_over_time", rollup_sum_le, 0, read_second, 2),
    F("sum_over_time", rollup_sum, IN_AGGR),
    F("tfirst_over_time", rollup_tfirst, IN_AGGR),
    F("timestamp", rollup_tlast, WIDENS | IN_AGGR),
    F("timestamp_with_name", rollup_tlast, NAME | IN_AGGR),
    F("tlast_change_over_time", rollup_tlast_change, BEFORE | IN_AGGR),
    F("tlast_over_time", rollup_tlast, IN_AGGR),
    F("tmax_over_time", rollup_tmax, IN_AGGR),
    F("tmin_over_time", rollup_tmin, IN_AGGR),
    F("zscore_over_time", rollup_zscore, IN_AGGR),
};

const struct rollup_func *rollup_func_find(str name)
{
    for (size_t i = 0; i < ARRAY_LEN(FUNCS); i++) {
        if (str_eq_nocase(str_c(FUNCS[i].name), name))
            return &FUNCS[i];
    }
    return NULL;
}

const struct rollup_func *rollup_func_find_in_aggr(str name)
{
    // Upstream's list calls it so, unlike the function itself.
    static const struct rollup_func IQR = F("iqr_over_time", rollup_outlier_iqr, IN_AGGR);
    if (str_eq(name, str_c(IQR.name)))
        return &IQR;
    for (size_t i = 0; i < ARRAY_LEN(FUNCS); i++) {
        if (FUNCS[i].flags & IN_AGGR && str_eq(str_c(FUNCS[i].name), name))
            return &FUNCS[i];
    }
    return NULL;
}

// ---- plans -------------------------------------------------------------------------------------

static const struct rollup_step MIN_MAX[] = {
    {rollup_min, S("min")}, {rollup_max, S("max")}, {rollup_avg, S("avg")}};
static const struct rollup_step OHLC[] = {{rollup_open, S("open")},
                                          {rollup_close, S("close")},
                                          {rollup_low, S("low")},
                                          {rollup_high, S("high")}};

static void add_step(struct rollup_plan *p, rollup_fn *fn, str tag)
{
    p->steps[p->step_count++] = (struct rollup_step){fn, tag};
}

// All of the table, or the one that the call's second argument names.
static bool add_steps(struct rollup_plan *p, struct eval *q, const struct mql_call *c,
                      const struct rollup_step *table, size_t count)
{
    p->steps = arena_array(q->mem, struct rollup_step, count);
    if (c->count < 2) {
        for (size_t i = 0; i < count; i++)
            add_step(p, table[i].fn, table[i].tag);
        return true;
    }
    const struct mql_expr *tag = c->args[1];
    if (tag->kind != MQL_STRING)
        return err_set(q->err, ERR_INVALID, "the second arg of %.*s must be a string",
                       STR(c->name));
    for (size_t i = 0; i < count; i++) {
        if (!str_eq(table[i].tag, tag->string.value))
            continue;
        add_step(p, table[i].fn, table == OHLC ? table[i].tag : S(""));
        return true;
    }
    return err_set(q->err, ERR_INVALID, "unexpected second arg for %.*s: %.*s", STR(c->name),
                   STR(mql_quote(q->mem, tag->string.value)));
}

static bool add_named(struct rollup_plan *p, struct eval *q, const struct mql_expr *name)
{
    if (name->kind != MQL_STRING)
        return err_set(q->err, ERR_INVALID,
                       "aggr_over_time() expects a quoted aggregate function name or a list of "
                       "quoted aggregate function names");
    const struct rollup_func *f = rollup_func_find_in_aggr(name->string.value);
    if (!f)
        return err_set(q->err, ERR_INVALID,
                       "%.*s cannot be used in `aggr_over_time` function; expecting quoted "
                       "aggregate function name",
                       STR(mql_quote(q->mem, name->string.value)));
    p->is_counter |= (f->flags & COUNTER) != 0;
    add_step(p, f->fn, str_c(f->name));
    return true;
}

static bool add_list(struct rollup_plan *p, struct eval *q, const struct mql_expr *names)
{
    bool is_list = names->kind == MQL_CALL && names->call.name.n == 0;
    size_t count = is_list ? names->call.count : 1;
    p->steps = arena_array(q->mem, struct rollup_step, count + 1);
    if (count == 0)
        return err_set(q->err, ERR_INVALID,
                       "aggr_over_time() must contain at least a single aggregate function name");
    for (size_t i = 0; i < count; i++) {
        if (!add_named(p, q, is_list ? names->call.args[i] : names))
            return false;
    }
    return true;
}

bool rollup_plan_init(struct rollup_plan *p, struct eval *q, const struct rollup_func *f,
                      const struct mql_expr *e)
{
    *p = (struct rollup_plan){
        .func = f,
        .is_counter = (f->flags & COUNTER) != 0,
        .keeps_name = f->flags & NAME || (e->kind == MQL_CALL && e->call.keep_metric_names),
    };
    switch (f->shape) {
    case ROLLUP_PLAIN:
        p->steps = arena_array(q->mem, struct rollup_step, 1);
        add_step(p, f->fn, S(""));
        return true;
    case ROLLUP_MIN_MAX:
        return add_steps(p, q, &e->call, MIN_MAX, ARRAY_LEN(MIN_MAX));
    case ROLLUP_OHLC:
        return add_steps(p, q, &e->call, OHLC, ARRAY_LEN(OHLC));
    case ROLLUP_LIST:
        return add_list(p, q, e->call.args[0]);
    }
    return false;
}
