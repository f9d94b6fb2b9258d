// SPDX-License-Identifier: Apache-2.0
// Whatever can be parsed is evaluated within its limits: at an instant and over a range, twice with
// the same result; refusals say why.
#include <math.h>
#include <stdio.h>

#include "rules/metricsql/eval.h"
#include "rules/result.h"

#define SAMPLES 40
#define START   1700000000000

static void add(struct memstore *store, const struct label *labels, size_t count, double step)
{
    struct sample samples[SAMPLES];
    for (size_t i = 0; i < SAMPLES; i++)
        samples[i] = (struct sample){step * (double)(i % 17), START + 60000 * (int64_t)i};
    samples[SAMPLES / 2].value = stale_nan();
    samples[SAMPLES / 3].value = INFINITY;
    memstore_add(store, labels, count, samples, SAMPLES, NULL);
}

static struct memstore *store_new(void)
{
    struct memstore *store = memstore_new(NULL);
    static const char *const LES[] = {"0.1", "1", "5", "+Inf"};
    for (size_t i = 0; i < ARRAY_LEN(LES); i++)
        add(store,
            (struct label[]){{S("__name__"), S("b")}, {S("le"), str_c(LES[i])}, {S("x"), S("y")}},
            3, (double)(i + 1));
    add(store, (struct label[]){{S("__name__"), S("a")}, {S("x"), S("y")}}, 2, 1);
    add(store, (struct label[]){{S("__name__"), S("a")}, {S("x"), S("z")}}, 2, -2.5);
    add(store, (struct label[]){{S("__name__"), S("c")}, {S("vmrange"), S("0...1.5")}}, 2, 3);
    return store;
}

static bool is_same(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

static void compare(const struct mql_result *a, const struct mql_result *b)
{
    if (a->count != b->count || a->points != b->points)
        abort();
    for (size_t i = 0; i < a->count; i++) {
        size_t values = 0;
        if (mql_series_cmp(a->series[i], b->series[i]) != 0)
            abort();
        for (size_t j = 0; j < a->points; j++) {
            values += !isnan(a->series[i]->values[j]);
            if (!is_same(a->series[i]->values[j], b->series[i]->values[j]))
                abort();
        }
        if (values == 0)
            abort();
    }
}

static void evaluate(const struct mql_expr *e, const struct memstore *store, int64_t span,
                     struct arena *mem)
{
    static const struct mql_limits LIMITS = {.points_max = 100,
                                             .subquery_points_max = 2000,
                                             .bytes_max = (size_t)32 << 20,
                                             .samples_max = 4000000};
    struct mql_query query = {
        .store = store,
        .start_ms = START + 1200000,
        .end_ms = START + 1200000 + span,
        .step_ms = 60000,
        .now = DUR_MS(START),
        .limits = &LIMITS,
    };
    struct mql_result first, second;
    struct err err = ERR_INIT;
    bool ok = mql_eval(e, &query, mem, &first, &err);
    if (!ok && err.n == 0)
        abort();
    if (ok && mql_eval(e, &query, mem, &second, &err))
        compare(&first, &second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct memstore *store; // made once
    struct arena mem = {0};
    if (!store)
        store = store_new();
    const struct mql_expr *e = mql_parse(str_from(data, size), &mem, NULL);
    if (e) {
        e = mql_optimize(e, &mem);
        evaluate(e, store, 0, &mem);
        evaluate(e, store, 600000, &mem);
    }
    arena_done(&mem);
    return 0;
}
