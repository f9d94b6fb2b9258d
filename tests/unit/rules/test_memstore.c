// SPDX-License-Identifier: Apache-2.0
#include <math.h>

#include "rules/metricsql/memstore.h"
#include "rules/metricsql/metricsql.h"
#include "tests/support/check.h"

static void add(struct memstore *m, str name, str job, int64_t ts_ms, double value)
{
    struct label labels[] = {{S("job"), job}, {S("__name__"), name}};
    struct sample sample = {value, ts_ms};
    assert_true(memstore_add(m, labels, ARRAY_LEN(labels), &sample, 1, NULL));
}

static size_t select_all(const struct memstore *m, const char *text, int64_t min, int64_t max,
                         struct arena *mem, struct memstore_series **ret)
{
    size_t count = 0;
    const struct mql_expr *e = mql_parse(str_c(text), mem, NULL);
    assert_non_null(e);
    assert_int_equal(e->kind, MQL_SELECTOR);
    assert_true(memstore_select(m, &e->selector, min, max, mem, ret, &count, NULL));
    return count;
}

static void samples_are_kept_in_the_order_of_time(void **state)
{
    (void)state;
    struct memstore *m = memstore_new(NULL);
    struct arena mem = {0};
    struct memstore_series *found;
    add(m, S("up"), S("a"), 300, 3);
    add(m, S("up"), S("a"), 100, 1);
    add(m, S("up"), S("a"), 300, 4); // the same instant: behind the first
    add(m, S("up"), S("a"), 200, NAN);
    add(m, S("up"), S("a"), 250, stale_nan());
    assert_int_equal(select_all(m, "up", 0, 1000, &mem, &found), 1);
    assert_int_equal(found[0].count, 4);
    assert_true(found[0].values[0] == 1 && is_stale_nan(found[0].values[1]));
    assert_true(found[0].values[2] == 3 && found[0].values[3] == 4);
    assert_int_equal(select_all(m, "up", 101, 250, &mem, &found), 1);
    assert_int_equal(found[0].count, 1);
    assert_int_equal(select_all(m, "up", 301, 1000, &mem, &found), 0);
    memstore_free(m);
    arena_done(&mem);
}

static void selectors_choose_by_labels(void **state)
{
    (void)state;
    static const struct {
        const char *selector;
        size_t count;
    } ROWS[] = {
        {"up", 3},
        {"up{job=\"a\"}", 1},
        {"up{job!=\"a\"}", 2},
        {"up{job=\"\"}", 1}, // has no such label
        {"up{job=~\"a|b\"}", 2},
        {"up{job!~\".+\"}", 1},
        {"{__name__=~\"u.*\"}", 3},
        {"{job=\"a\" or job=\"c\"}", 2},
        {"nothing", 0},
    };
    struct memstore *m = memstore_new(NULL);
    struct arena mem = {0};
    struct memstore_series *found;
    add(m, S("up"), S("a"), 1, 1);
    add(m, S("up"), S("b"), 1, 1);
    add(m, S("up"), S(""), 1, 1);
    add(m, S("down"), S("c"), 1, 1);
    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++)
        assert_int_equal(select_all(m, ROWS[i].selector, 0, 9, &mem, &found), ROWS[i].count);
    memstore_free(m);
    arena_done(&mem);
}

static void limits_hold(void **state)
{
    (void)state;
    struct memstore *m = memstore_new(&(struct memstore_limits){.series_max = 1, .samples_max = 2});
    struct err err = ERR_INIT;
    struct sample samples[3] = {{1, 1}, {2, 2}, {3, 3}};
    struct label a = {S("__name__"), S("a")}, b = {S("__name__"), S("b")}, twice[] = {a, b};
    assert_false(memstore_add(m, &a, 1, samples, 3, &err));
    assert_int_equal(err.code, ERR_LIMIT);
    assert_true(memstore_add(m, &a, 1, samples, 1, NULL));
    assert_false(memstore_add(m, &b, 1, samples, 1, &err));
    assert_int_equal(err.code, ERR_LIMIT);
    assert_false(memstore_add(m, twice, 2, samples, 1, &err));
    assert_int_equal(err.code, ERR_INVALID);
    memstore_free(m);
}

int test_memstore(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_are_kept_in_the_order_of_time),
        cmocka_unit_test(selectors_choose_by_labels),
        cmocka_unit_test(limits_hold),
    };
    return run_group("memstore", tests);
}
