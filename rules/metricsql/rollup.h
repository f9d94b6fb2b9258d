// SPDX-License-Identifier: Apache-2.0
// rollup.h: from the samples of a series to one value per point: windows, what stands before and
// behind them, and the functions over them. spec: vmalert engine §4, §5.
//
//   eval_rollup.c    what samples there are: selectors, subqueries, offset, @
//   rollup.c         windows over the samples of one series
//   rollup_table.c   the functions by name, their arguments
//   rollup_*.c       the functions
#pragma once
#include "rules/metricsql/eval_int.h"

// A function that makes several series of one: one for each value of a label.
struct rollup_map {
    struct eval *q;
    const struct mql_series *origin; // name and labels
    size_t points;
    struct mql_groups series; // by the value of the label
    bool failed;              // out of bounds: q->err says so
};

// What a function sees at one point.
struct rollup_window {
    double prev; // the sample in front of the window, unless it is too far away: NaN
    int64_t prev_ts;
    const double *values; // start < t ≤ at
    const int64_t *timestamps;
    size_t count;
    double real_prev, real_next; // the samples around the window, however far away; NaN: none
    int64_t at, width;           // ms
    size_t point;
    const struct rollup_args *args;
    struct mql_scratch *scratch;
    struct rollup_map *map; // of functions with ROLLUP_MAP
};

typedef double rollup_fn(const struct rollup_window *w);

struct rollup_args {     // whatever the function takes besides its series
    const double *a, *b; // scalars: one value per point
    str label;
    const double *phis;
    const str *phi_texts;
    size_t phi_count;
};

enum rollup_flag {
    ROLLUP_BEFORE = 1 << 0,      // needs the sample in front of the window
    ROLLUP_WIDENS = 1 << 1,      // the window may be widened where none is given
    ROLLUP_KEEPS_NAME = 1 << 2,  // of the metric
    ROLLUP_COUNTER = 1 << 3,     // falls of the value are resets, taken out first
    ROLLUP_STALE = 1 << 4,       // sees stale markers
    ROLLUP_MAP = 1 << 5,         // makes several series
    ROLLUP_IN_AGGR = 1 << 6,     // may stand in aggr_over_time
    ROLLUP_CANDLESTICK = 1 << 7, // has an offset of one step of its own
    ROLLUP_ABSENT = 1 << 8,      // one series, whatever there is
};

enum rollup_shape {
    ROLLUP_PLAIN,   // fn
    ROLLUP_MIN_MAX, // min, max, avg of the samples, or one of them
    ROLLUP_OHLC,    // open, close, low, high, or one of them
    ROLLUP_LIST,    // the functions named by the first argument
};

// What is done to the samples before the windows are formed.
enum rollup_prepare { PREPARE_NOTHING, PREPARE_DERIV, PREPARE_DELTA, PREPARE_INTERVALS };

struct rollup_func {
    const char *name;
    rollup_fn *fn;
    unsigned flags;
    // Reads the arguments; NULL: there is only the series. args[i] of the series is empty.
    bool (*read)(struct eval *q, const struct range *r, const struct mql_call *c,
                 const struct mql_vec *args, struct rollup_args *ret);
    size_t args_min, args_max;
    enum rollup_shape shape;
    enum rollup_prepare prepare;
};

const struct rollup_func *rollup_func_find(str name); // in any case; NULL: none
// One that aggr_over_time may name.
const struct rollup_func *rollup_func_find_in_aggr(str name);

struct rollup_step { // one output series per input series
    rollup_fn *fn;
    str tag; // of the label "rollup"; empty: none
};

struct rollup_plan {
    const struct rollup_func *func;
    struct rollup_step *steps;
    size_t step_count;
    bool is_counter;
    bool keeps_name;
    struct rollup_args args;
    int64_t window; // ms; 0: none is given
};

// The steps of a call; e: the call, or what is taken for default_rollup(e).
bool rollup_plan_init(struct rollup_plan *p, struct eval *q, const struct rollup_func *f,
                      const struct mql_expr *e);

// Rolls up one series: its samples (which are changed) give series in ret.
bool rollup_series(struct eval *q, const struct range *r, const struct rollup_plan *p,
                   const struct mql_series *origin, double *values, int64_t *timestamps,
                   size_t count, struct mql_vec *ret);

// Windows at the points of r. samples: those of r.start - … to r.end.
struct rollup_samples {
    const double *values;
    const int64_t *timestamps;
    size_t count;
};
// lookback: what is farther away than this is no previous sample; 0: by the samples' distances.
bool rollup_windows(struct eval *q, const struct range *r, const struct rollup_plan *p,
                    rollup_fn *fn, struct rollup_samples s, int64_t lookback,
                    struct rollup_map *map, double *ret);

void rollup_remove_resets(double *values, size_t count);
void rollup_deriv_values(double *values, const int64_t *timestamps, size_t count);
void rollup_delta_values(double *values, size_t count);

// The series of that value of the map's label; NULL: out of bounds.
struct mql_series *rollup_map_at(struct rollup_map *m, str label, str value);

// ---- evaluation: eval_rollup.c -----------------------------------------------------------------

bool eval_rollup_call(struct eval *q, const struct range *r, const struct mql_expr *e,
                      struct mql_vec *ret);
// A selector, or a window behind something, outside of a rollup function.
bool eval_rollup_bare(struct eval *q, const struct range *r, const struct mql_expr *e,
                      struct mql_vec *ret);
// One series of 1 with the labels that the selector e asks for.
bool eval_absent(struct eval *q, const struct range *r, const struct mql_expr *e,
                 struct mql_vec *ret);

// ---- functions ---------------------------------------------------------------------------------

rollup_fn rollup_last, rollup_first, rollup_min, rollup_max, rollup_avg, rollup_sum, rollup_sum2;
rollup_fn rollup_count, rollup_present, rollup_absent, rollup_stale_samples, rollup_geomean;
rollup_fn rollup_stddev, rollup_stdvar, rollup_median, rollup_mad, rollup_mode, rollup_distinct;
rollup_fn rollup_range, rollup_outlier_iqr, rollup_zscore, rollup_open, rollup_close, rollup_low;
rollup_fn rollup_high;

rollup_fn rollup_delta, rollup_increase_pure, rollup_delta_prometheus, rollup_idelta;
rollup_fn rollup_deriv_fast, rollup_deriv_fast_prometheus, rollup_ideriv, rollup_deriv;
rollup_fn rollup_changes, rollup_changes_prometheus, rollup_resets, rollup_increases, rollup_ascent;
rollup_fn rollup_descent, rollup_integrate, rollup_rate_over_sum;

rollup_fn rollup_tfirst, rollup_tlast, rollup_tmin, rollup_tmax, rollup_tlast_change, rollup_lag;
rollup_fn rollup_lifetime, rollup_scrape_interval, rollup_duration;

rollup_fn rollup_count_eq, rollup_count_ne, rollup_count_gt, rollup_count_le;
rollup_fn rollup_share_eq, rollup_share_gt, rollup_share_le;
rollup_fn rollup_sum_eq, rollup_sum_gt, rollup_sum_le;
rollup_fn rollup_predict_linear, rollup_holt_winters, rollup_quantile, rollup_quantiles;
rollup_fn rollup_hoeffding_lower, rollup_hoeffding_upper, rollup_count_values, rollup_histogram;
