// SPDX-License-Identifier: Apache-2.0
// MetricsQL evaluated over a range without stored series.
#define BANNED_ALLOW_IMPURE
#include <stdio.h>

#include "base/text/tzone.h"
#include "tests/golden/vmalert/mql.h"

#define START_MS 1000000
#define END_MS   2000000
#define STEP_MS  200000

// Some answers come in an order that upstream leaves open.
static const struct mql_series *take_series(const struct mql_result *got, str labels, bool *used,
                                            struct arena *mem)
{
    for (size_t i = 0; i < got->count; i++) {
        if (used[i] || !str_eq(mql_series_labels(got->series[i], mem), labels))
            continue;
        used[i] = true;
        return got->series[i];
    }
    return NULL;
}

// Some case files have lost the labels of several series: then their places tell them apart.
static bool has_lost_labels(const cJSON *want)
{
    size_t without = 0;
    for (const cJSON *w = want->child; w; w = w->next)
        without += case_get(w, "metric")->child == NULL;
    return without > 1;
}

static const char *check(const cJSON *want, const struct mql_result *got, struct arena *mem)
{
    bool *used = arena_array(mem, bool, got->count + 1);
    if ((size_t)cJSON_GetArraySize(want) != got->count)
        return case_fail(mem, "%zu series instead of %d", got->count, cJSON_GetArraySize(want));
    size_t at = 0;
    for (const cJSON *w = want->child; w; w = w->next, at++) {
        str labels = mql_case_labels(case_get(w, "metric"), mem);
        const struct mql_series *s =
            has_lost_labels(want) ? got->series[at] : take_series(got, labels, used, mem);
        if (!s)
            return case_fail(mem, "no series {%.*s}; the first is {%.*s}", STR(labels),
                             STR(mql_series_labels(got->series[0], mem)));
        if (s != got->series[at])
            return case_fail(mem, "{%.*s} is not in its place", STR(labels));
        size_t count;
        double *values = mql_case_numbers(case_get(w, "values"), mem, &count);
        const cJSON *any = case_get(w, "values")->child;
        for (size_t i = 0; i < count; i++, any = any->next) {
            if (cJSON_IsString(any) && strcmp(any->valuestring, "_") == 0)
                continue; // depends on the machine
            if (!mql_case_is_near(values[i], s->values[i]))
                return case_fail(mem, "{%.*s} point %zu: %.17g instead of %.17g", STR(labels), i,
                                 s->values[i], values[i]);
        }
    }
    return NULL;
}

static const struct tzone *find_zone(void *owner, str name, struct arena *mem, struct err *err)
{
    (void)owner;
    char path[256];
    if (!tzone_name_is_valid(name) ||
        snprintf(path, sizeof(path), "/usr/share/zoneinfo/%.*s",
                 STR(str_eq(name, S("Local")) ? S("UTC") : name)) >= (int)sizeof(path)) {
        err_set(err, ERR_NOT_FOUND, "unknown time zone %.*s", STR(name));
        return NULL;
    }
    FILE *f = fopen(path, "rb");
    if (!f) {
        err_set(err, ERR_NOT_FOUND, "unknown time zone %.*s", STR(name));
        return NULL;
    }
    char *bytes = arena_alloc(mem, TZONE_FILE_BYTES_MAX);
    size_t n = fread(bytes, 1, TZONE_FILE_BYTES_MAX, f);
    fclose(f);
    return tzone_parse(name, str_from(bytes, n), mem, err);
}

static const char *run(const cJSON *c, struct arena *mem)
{
    defer(memstore_free_p) struct memstore *store = memstore_new(NULL);
    struct mql_query query = {.store = store,
                              .start_ms = START_MS,
                              .end_ms = END_MS,
                              .step_ms = STEP_MS,
                              .now = DUR_SECONDS(1700000000),
                              .find_zone = find_zone};
    struct mql_result got = {0};
    struct err err = ERR_INIT;
    bool ok = mql_case_eval(case_get_text(c, "q", mem), &query, mem, &got, &err);
    if (cJSON_IsTrue(case_get(c, "error")))
        return ok ? "it was not refused" : NULL;
    if (!ok)
        return case_fail(mem, "refused: %.*s", STR(err_str(&err)));
    return check(case_get(c, "result"), &got, mem);
}

static void exec(void **state)
{
    (void)state;
    case_file_run("metricsql-exec", run);
}

int test_metricsql_exec(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(exec)};
    return run_group("metricsql-exec", tests);
}
