// SPDX-License-Identifier: Apache-2.0
// MetricsQL evaluated over stored series, at an instant and over ranges.
#include <math.h>

#include "tests/golden/vmalert/mql.h"

#define DATA_START_S   1704067200
#define DATA_STEP_S    60
#define INSTANT_STEP_S 300

static struct memstore *load(const cJSON *root, struct arena *mem)
{
    struct memstore *store = memstore_new(NULL);
    const cJSON *dataset = case_get(root, "dataset");
    for (const cJSON *s = dataset ? dataset->child : NULL; s; s = s->next) {
        struct label labels[32];
        size_t label_count = 0, count;
        for (const cJSON *l = case_get(s, "labels")->child; l; l = l->next)
            labels[label_count++] = (struct label){str_c(l->string), case_text(l, mem)};
        double *values = mql_case_numbers(case_get(s, "values"), mem, &count);
        struct sample *samples = arena_array(mem, struct sample, count + 1);
        for (size_t i = 0; i < count; i++)
            samples[i] =
                (struct sample){values[i], (DATA_START_S + DATA_STEP_S * (int64_t)i) * 1000};
        assert_true(memstore_add(store, labels, label_count, samples, count, NULL));
    }
    return store;
}

struct answer {
    const struct mql_query *query;
    const struct mql_result *result;
    struct arena *mem;
};

// [[time, "value"], …] or [time, "value"]: points that are not there have no value.
static const char *check_points(const struct answer *a, const cJSON *points,
                                const struct mql_series *s, bool is_instant)
{
    const cJSON *next = is_instant ? points : points->child;
    for (size_t i = 0; i < a->result->points; i++) {
        double seconds = (double)(a->query->start_ms + (int64_t)i * a->query->step_ms) / 1e3;
        double want = NAN;
        if (next && cJSON_GetArrayItem(next, 0)->valuedouble == seconds) {
            want = mql_case_number(cJSON_GetArrayItem(next, 1));
            next = is_instant ? NULL : next->next;
        }
        if (!mql_case_is_near(want, s->values[i]))
            return case_fail(a->mem, "{%.*s} at %.0f: %.17g instead of %.17g",
                             STR(mql_series_labels(s, a->mem)), seconds, s->values[i], want);
    }
    return NULL;
}

static const char *check(const struct answer *a, const cJSON *want, bool is_ordered)
{
    if ((size_t)cJSON_GetArraySize(want) != a->result->count)
        return case_fail(a->mem, "%zu series instead of %d", a->result->count,
                         cJSON_GetArraySize(want));
    size_t at = 0;
    for (const cJSON *w = want->child; w; w = w->next, at++) {
        str labels = mql_case_labels(case_get(w, "labels"), a->mem);
        size_t i = is_ordered ? at : 0;
        while (i < a->result->count &&
               !str_eq(mql_series_labels(a->result->series[i], a->mem), labels))
            i = is_ordered ? a->result->count : i + 1;
        if (i == a->result->count)
            return case_fail(a->mem, "no series {%.*s}; the first is {%.*s}", STR(labels),
                             STR(mql_series_labels(a->result->series[0], a->mem)));
        const cJSON *value = case_get(w, "value");
        const char *why = check_points(a, value ? value : case_get(w, "values"),
                                       a->result->series[i], value != NULL);
        if (why)
            return why;
    }
    return NULL;
}

static struct mql_query query_of(const cJSON *c, const struct memstore *store)
{
    const cJSON *time = case_get(c, "time");
    int64_t start = time ? (int64_t)time->valuedouble : case_get_i64(c, "start");
    return (struct mql_query){
        .store = store,
        .start_ms = start * 1000,
        .end_ms = (time ? start : case_get_i64(c, "end")) * 1000,
        .step_ms = (time ? INSTANT_STEP_S : case_get_i64(c, "step")) * 1000,
        .now = DUR_SECONDS(start),
    };
}

static const struct memstore *dataset; // of the run under way

static const char *run(const cJSON *c, struct arena *mem)
{
    struct mql_query query = query_of(c, dataset);
    struct mql_result got = {0};
    struct err err = ERR_INIT;
    str text = case_get_text(c, "query", mem);
    bool ok = mql_case_eval(text, &query, mem, &got, &err);
    if (cJSON_IsTrue(case_get(c, "error")))
        return ok ? "it was not refused" : NULL;
    if (!ok)
        return case_fail(mem, "refused: %.*s", STR(err_str(&err)));
    struct answer a = {&query, &got, mem};
    return check(&a, case_get(c, "result"), str_starts(text, S("sort")));
}

static void data(void **state)
{
    (void)state;
    struct case_file f = case_file_open("metricsql-data");
    struct arena mem = {0};
    struct memstore *store = load(f.root, &mem);
    dataset = store;
    case_file_close(&f);
    case_file_run("metricsql-data", run);
    memstore_free(store);
    arena_done(&mem);
}

int test_metricsql_data(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(data)};
    return run_group("metricsql-data", tests);
}
