// SPDX-License-Identifier: Apache-2.0
#include <math.h>

#include "rules/metricsql/eval.h"
#include "rules/metricsql/gorand.h"
#include "tests/support/check.h"

#define NOW_MS 1700000000000

struct world {
    struct memstore *store;
    struct mql_limits limits;
    struct arena mem;
};

static void world_init(struct world *w)
{
    *w = (struct world){.store = memstore_new(NULL)};
}

static void world_done(struct world *w)
{
    memstore_free(w->store);
    arena_done(&w->mem);
}

// One sample per minute, the last one now.
static void add(struct world *w, str name, str job, size_t count, const double *values)
{
    struct label labels[] = {{S("__name__"), name}, {S("job"), job}};
    for (size_t i = 0; i < count; i++) {
        struct sample s = {values[i], NOW_MS - 60000 * (int64_t)(count - 1 - i)};
        assert_true(memstore_add(w->store, labels, 2, &s, 1, NULL));
    }
}

static bool eval(struct world *w, const char *text, size_t points, struct mql_result *ret,
                 struct err *err)
{
    struct mql_query query = {
        .store = w->store,
        .start_ms = NOW_MS,
        .end_ms = NOW_MS + 60000 * (int64_t)(points - 1),
        .step_ms = points == 1 ? 300000 : 60000,
        .limits = &w->limits,
    };
    const struct mql_expr *e = mql_parse(str_c(text), &w->mem, err);
    return e && mql_eval(mql_optimize(e, &w->mem), &query, &w->mem, ret, err);
}

// name{labels} value, joined by spaces; errors as they are.
static str shown(struct world *w, const char *text)
{
    struct mql_result r;
    struct err err = ERR_INIT;
    struct buf b = {.mem = &w->mem};
    if (!eval(w, text, 1, &r, &err)) {
        buf_put(&b, err_str(&err));
        return buf_str(&b);
    }
    for (size_t i = 0; i < r.count; i++) {
        buf_put(&b, i ? S(" ") : S(""));
        buf_put_mql_series(&b, r.series[i], true);
        buf_printf(&b, " %g", r.series[i]->values[0]);
    }
    return buf_str(&b);
}

static void instants(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want;
    } ROWS[] = {
        {"n", "n{job=\"a\"} 4 n{job=\"b\"} 8"},
        {"5 < n", "n{job=\"b\"} 8"}, // the series' value, not the number
        {"n > bool 5", "{job=\"a\"} 0 {job=\"b\"} 1"},
        {"sum(n)", "{} 12"},
        {"n{job=\"a\"} + on(job) fill_left(1) n", "{job=\"a\"} 8 {job=\"b\"} 9"},
        {"n + on(job) group_left(job) prefix \"p_\" n", "{job=\"a\"} 8 {job=\"b\"} 16"},
        {"n * ignoring(job) group_left(job) prefix \"p_\" n{job=\"b\"}",
         "{job=\"a\", p_job=\"b\"} 32 {job=\"b\", p_job=\"b\"} 64"},
        {"n == (4, 5)", "n{job=\"a\"} 4"},
        {"increase(n[2m])", "{job=\"a\"} 2 {job=\"b\"} 4"},
        {"n offset 1m", "n{job=\"a\"} 3 n{job=\"b\"} 6"},
        {"n @ (end() - 120)", "n{job=\"a\"} 2 n{job=\"b\"} 4"},
        {"count_over_time(n[10m:1m])", "{job=\"a\"} 3 {job=\"b\"} 3"},
        {"gone", ""}, // its last sample is a stale marker
        {"last_over_time(gone[5m])", "gone{job=\"a\"} 1"},
        {"sum(gone) by (job) default 0", "{job=\"a\"} 0"},
        {"absent(nothing{k=\"v\"})", "{k=\"v\"} 1"},
        {"sort_desc(n)", "n{job=\"b\"} 8 n{job=\"a\"} 4"},
        {"n or vector(1)", "n{job=\"a\"} 4 n{job=\"b\"} 8 {} 1"},
        {"NaN == NaN", ""},
        {"day_of_week(9.3e17)", "{} 6"}, // far beyond what nanoseconds can count
        {"year(-9.3e17) + 29470524842", "{} 0"},
        {"label_set(n, \"job\", \"\")", "duplicate output timeseries: n{}"},
        {"n + on() n",
         "cannot evaluate \"n + on() n\": duplicate time series on the left side of + on(): "
         "{job=\"a\"} and {job=\"b\"}"},
        {"rate(n, 1)", "cannot evaluate \"rate(n, 1)\": unexpected number of args; got 2; want 1"},
        {"n @ (n)", "cannot evaluate \"n @ n\": `@` modifier must return a single series; it "
                    "returns 2 series instead"},
        {"n @ 1e30", "cannot evaluate \"n @ 1e30\": start=9223372036854775807, "
                     "end=9223372036854775807 or step=300000 is too far away"},
    };
    static const double A[] = {1, 2, 3, 4}, B[] = {2, 4, 6, 8};
    struct world w;
    world_init(&w);
    add(&w, S("n"), S("a"), 4, A);
    add(&w, S("n"), S("b"), 4, B);
    add(&w, S("gone"), S("a"), 2, (double[]){1, stale_nan()});
    size_t wrong = 0;
    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
        str got = shown(&w, ROWS[i].text);
        if (str_eq(got, str_c(ROWS[i].want)))
            continue;
        print_error("%s gives %.*s\n", ROWS[i].text, STR(got));
        wrong++;
    }
    world_done(&w);
    assert_int_equal(wrong, 0);
}

static void limits(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t points;
        struct mql_limits limits;
    } ROWS[] = {
        {"1", 11, {.points_max = 10}},
        {"sum_over_time(time()[1h:1s])", 1, {.subquery_points_max = 100}},
        {"1 + 2 * time()", 1000, {.bytes_max = 10000}},
        {"count_over_time(n[1h])", 100, {.samples_max = 50}},
        {"rand(1)", 1, {.samples_max = GORAND_SEED_COST - 1}},
    };
    static const double VALUES[] = {1, 2, 3, 4};
    struct world w;
    world_init(&w);
    add(&w, S("n"), S("a"), 4, VALUES);
    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
        struct mql_result r;
        struct err err = ERR_INIT;
        w.limits = (struct mql_limits){0};
        assert_true(eval(&w, ROWS[i].text, ROWS[i].points, &r, &err));
        w.limits = ROWS[i].limits;
        assert_false(eval(&w, ROWS[i].text, ROWS[i].points, &r, &err));
        assert_int_equal(err.code, ERR_LIMIT);
    }
    world_done(&w);
}

// What a high tree needs of the stack is bounded by its height.
static void high_trees(void **state)
{
    (void)state;
    struct world w;
    struct mql_result r;
    struct buf text = {0};
    world_init(&w);
    for (size_t i = 0; i < MQL_NESTING_MAX / 3; i++)
        buf_put(&text, S("sum(abs(-rate("));
    buf_put(&text, S("n"));
    for (size_t i = 0; i < MQL_NESTING_MAX / 3; i++)
        buf_put(&text, S("[5m:1m])))"));
    buf_put_c(&text, '\0');
    eval(&w, text.p, 1, &r, NULL);
    buf_clear(&text);
    buf_put(&text, S("n"));
    for (size_t i = 0; i < MQL_HEIGHT_MAX - 1; i++)
        buf_put(&text, S(" + n"));
    buf_put_c(&text, '\0');
    assert_true(eval(&w, text.p, 1, &r, NULL));
    assert_int_equal(r.count, 0);
    // Templates make trees that are higher than what brackets can nest.
    buf_clear(&text);
    buf_put(&text, S("WITH (t0 = n"));
    size_t templates = MQL_HEIGHT_MAX / 4 - 2;
    for (size_t i = 1; i <= templates; i++)
        buf_printf(&text, ", t%zu = sum(-max_over_time(t%zu[1m:1m] @ end()))", i, i - 1);
    buf_printf(&text, ") t%zu", templates);
    buf_put_c(&text, '\0');
    struct err err = ERR_INIT;
    if (!eval(&w, text.p, 1, &r, &err))
        assert_int_equal(err.code, ERR_LIMIT);
    buf_done(&text);
    world_done(&w);
}

static void random_numbers_are_those_of_go(void **state)
{
    (void)state;
    struct gorand r;
    gorand_seed(&r, 0);
    assert_true(fabs(gorand_unit(&r) - 0.9451961492941164) < 1e-15);
    gorand_seed(&r, 1);
    assert_true(fabs(gorand_unit(&r) - 0.6046602879796196) < 1e-15);
    assert_true(fabs(gorand_unit(&r) - 0.9405090880450124) < 1e-15);
}

int test_metricsql_eval(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(instants),
        cmocka_unit_test(limits),
        cmocka_unit_test(high_trees),
        cmocka_unit_test(random_numbers_are_those_of_go),
    };
    return run_group("metricsql_eval", tests);
}
