// SPDX-License-Identifier: Apache-2.0
// Buckets of histograms, orders of series, modes, filters that series share.
#include <math.h>

#include "base/core/f64.h"
#include "base/model/label_list.h"
#include "rules/metricsql/binary_op.h"
#include "rules/metricsql/histogram.h"
#include "rules/metricsql/transform.h"
#include "tests/golden/vmalert/mql.h"

static const char *check_numbers(const cJSON *want, const double *got, size_t count,
                                 struct arena *mem)
{
    size_t want_count;
    const double *numbers = mql_case_numbers(want, mem, &want_count);
    if (want_count != count)
        return case_fail(mem, "%zu numbers instead of %zu", count, want_count);
    for (size_t i = 0; i < count; i++) {
        if (!mql_case_is_near(numbers[i], got[i]))
            return case_fail(mem, "number %zu: %.17g instead of %.17g", i, got[i], numbers[i]);
    }
    return NULL;
}

// ---- buckets -----------------------------------------------------------------------------------

static struct mql_series *series_of(double *values, struct arena *mem)
{
    struct mql_series *s = arena_new(mem, struct mql_series);
    s->values = values;
    return s;
}

// rows[i]: the values of bucket i; or a list of numbers, one of each.
static const char *run_repair(const cJSON *c, struct arena *mem)
{
    const cJSON *rows = case_get(c, "values"), *want = case_get(c, "expectedResult");
    struct histogram h = {
        .items = arena_array(mem, struct bucket, (size_t)cJSON_GetArraySize(rows) + 1)};
    size_t points = 1;
    for (const cJSON *row = rows ? rows->child : NULL; row; row = row->next) {
        double *values = arena_new(mem, double);
        *values = cJSON_IsArray(row) ? 0 : mql_case_number(row);
        if (cJSON_IsArray(row))
            values = mql_case_numbers(row, mem, &points);
        h.items[h.count] = (struct bucket){(double)h.count, series_of(values, mem), 0};
        h.count++;
    }
    for (size_t i = 0; i < points; i++)
        histogram_repair(&h, i);
    size_t at = 0;
    for (const cJSON *row = want->child; row; row = row->next, at++) {
        const double *got = h.items[at].series->values;
        const char *why = NULL;
        if (cJSON_IsArray(row))
            why = check_numbers(row, got, points, mem);
        else if (!mql_case_is_near(mql_case_number(row), *got))
            why = case_fail(mem, "bucket %zu: %.17g", at, *got);
        if (why)
            return why;
    }
    return at == h.count ? NULL : "some buckets are missing";
}

// Lines of: name{labels} value timestamp.
static bool read_metrics(str text, struct arena *mem, struct mql_vec *ret)
{
    while (str_trim(text).n) {
        str line, number, name;
        struct label_list labels = {.mem = mem};
        str_cut(text, '\n', &line, &text);
        struct mql_series *s = series_of(arena_new(mem, double), mem);
        if (!str_cut_last(str_trim(line), ' ', &name, &number))
            return false;
        if (str_find_last(name, ' ') != STR_NONE) // there is a time behind the number
            str_cut_last(name, ' ', &name, &number);
        if (!str_to_f64(number, s->values) || !label_list_parse_metric(name, &labels, NULL))
            return false;
        for (size_t i = 0; i < labels.count; i++)
            mql_series_set(s, mem, labels.items[i].name, labels.items[i].value);
        mql_vec_add(ret, mem, s);
    }
    return true;
}

static str metrics_text(const struct mql_vec *v, str time, struct arena *mem)
{
    struct buf b = {.mem = mem};
    for (size_t i = 0; i < v->count; i++) {
        if (i)
            buf_put_c(&b, '\n');
        buf_put_mql_series(&b, v->items[i], true);
        buf_put_c(&b, ' ');
        buf_put_f64_shortest(&b, v->items[i]->values[0]);
        buf_printf(&b, " %.*s", STR(time));
    }
    return buf_str(&b);
}

static const char *run_vmrange(const cJSON *c, struct arena *mem)
{
    struct err err = ERR_INIT;
    struct eval q = {.limits = {.bytes_max = MQL_EVAL_BYTES_MAX}, .mem = mem, .err = &err};
    struct mql_vec buckets = {0}, got = {0};
    str text = case_get_text(c, "buckets", mem), before, time;
    if (!read_metrics(text, mem, &buckets) || !histogram_to_le(&q, 1, &buckets, &got))
        return "it cannot be read";
    if (!str_cut_last(str_trim(text), ' ', &before, &time))
        time = S("");
    str shown = metrics_text(&got, time, mem);
    return str_eq(shown, case_get_text(c, "bucketsExpected", mem))
               ? NULL
               : case_fail(mem, "%.*s", STR(shown));
}

// ---- orders ------------------------------------------------------------------------------------

static const char *run_numeric_less(const cJSON *c, struct arena *mem)
{
    bool got = mql_numeric_less(case_get_text(c, "a", mem), case_get_text(c, "b", mem));
    return got == case_get_bool(c, "want") ? NULL : "the other way round";
}

static const char *run_number_prefix(const cJSON *c, struct arena *mem)
{
    str got = mql_number_prefix(case_get_text(c, "s", mem));
    return str_eq(got, case_get_text(c, "prefixExpected", mem)) ? NULL
                                                                : case_fail(mem, "%.*s", STR(got));
}

static const char *check_sorted(const cJSON *c, const char *key, bool is_desc, struct arena *mem)
{
    size_t count;
    double *values = mql_case_numbers(case_get(c, "a"), mem, &count);
    struct transform_func func = {.flag = is_desc};
    struct range range = {.points = 1};
    struct eval q = {.mem = mem};
    struct mql_vec args = {0}, sorted = {0};
    for (size_t i = 0; i < count; i++)
        mql_vec_add(&args, mem, series_of(&values[i], mem));
    struct transform t = {.q = &q, .range = &range, .func = &func, .args = &args, .count = 1};
    transform_sort(&t, &sorted);
    double *got = arena_array(mem, double, count + 1);
    for (size_t i = 0; i < sorted.count; i++)
        got[i] = sorted.items[i]->values[0];
    return check_numbers(case_get(c, key), got, sorted.count, mem);
}

static const char *run_sort(const cJSON *c, struct arena *mem)
{
    const char *why = check_sorted(c, "ascExpected", false, mem);
    return why ? why : check_sorted(c, "descExpected", true, mem);
}

// ---- the rest ----------------------------------------------------------------------------------

static const char *run_mode(const cJSON *c, struct arena *mem)
{
    size_t count;
    double *values = mql_case_numbers(case_get(c, "a"), mem, &count);
    double got = mql_mode(mql_case_number(case_get(c, "prevValue")), values, count);
    return mql_case_is_near(mql_case_number(case_get(c, "expectedResult")), got)
               ? NULL
               : case_fail(mem, "%.17g", got);
}

static const char *run_common_filters(const cJSON *c, struct arena *mem)
{
    struct mql_vec series = {0};
    if (!read_metrics(case_get_text(c, "metrics", mem), mem, &series))
        return "it cannot be read";
    struct buf b = {.mem = mem};
    buf_put_mql_filters(&b, mql_series_common_filters(&series, mem));
    return str_eq(buf_str(&b), case_get_text(c, "lfsExpected", mem))
               ? NULL
               : case_fail(mem, "%.*s", STR(buf_str(&b)));
}

static bool points_fit(const cJSON *c)
{
    struct range r;
    return range_init(&r, case_get_i64(c, "start"), case_get_i64(c, "end"), case_get_i64(c, "step"),
                      (size_t)case_get_i64(c, "maxPoints"), NULL);
}

static const char *run_few_points(const cJSON *c, struct arena *mem)
{
    (void)mem;
    return points_fit(c) ? NULL : "refused";
}

static const char *run_many_points(const cJSON *c, struct arena *mem)
{
    (void)mem;
    return points_fit(c) ? "it was not refused" : NULL;
}

static const struct {
    const char *test;
    const char *(*run)(const cJSON *c, struct arena *mem); // NULL: of a cache, which is not here
} TESTS[] = {
    {"FixBrokenBuckets", run_repair},
    {"FixBrokenBucketsMultipleValues", run_repair},
    {"VmrangeBucketsToLE", run_vmrange},
    {"GetNumPrefix", run_number_prefix},
    {"NumericLess", run_numeric_less},
    {"SortWithNaNs", run_sort},
    {"ModeNoNaNs", run_mode},
    {"GetCommonLabelFilters", run_common_filters},
    {"ValidateMaxPointsPerSeriesFailure", run_many_points},
    {"ValidateMaxPointsPerSeriesSuccess", run_few_points},
    {"GetSumInstantValues", NULL},
    {"ShouldOptimizeRepeatedBinaryOpSubexprsGate", NULL},
    {"ShouldOptimizeRepeatedBinaryOpSubexprsExpressions", NULL},
};

static const char *run(const cJSON *c, struct arena *mem)
{
    str test = case_get_text(c, "test", mem);
    for (size_t i = 0; i < ARRAY_LEN(TESTS); i++) {
        if (!str_eq(test, str_c(TESTS[i].test)))
            continue;
        if (TESTS[i].run)
            return TESTS[i].run(c, mem);
        print_message("skipped: %.*s is about upstream's cache of results\n", STR(test));
        return NULL;
    }
    return case_fail(mem, "unknown test %.*s", STR(test));
}

static void transform(void **state)
{
    (void)state;
    case_file_run("metricsql-transform", run);
}

int test_metricsql_transform(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(transform)};
    return run_group("metricsql-transform", tests);
}
