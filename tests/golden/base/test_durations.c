// SPDX-License-Identifier: Apache-2.0
#include "base/core/time.h"
#include "tests/support/cases.h"

#define MONTH_MS ((int64_t)31 * 24 * 3600 * 1000) // what a bare number of a retention counts

// Parses by the case's kind. ret: in ns or ms, as the case has it.
static bool parse(str kind, str in, int64_t step_ms, int64_t *ret, struct err *err)
{
    if (str_eq(kind, S("prometheus")))
        return dur_parse_prometheus(in, ret, err);
    if (str_eq(kind, S("vm")) || str_eq(kind, S("vm-yaml")))
        return dur_parse_vm(in, ret, err);
    if (str_eq(kind, S("vm-retention")))
        return dur_ms_parse_vm_flag(in, MONTH_MS, ret, err);
    if (str_eq(kind, S("vm-extended")))
        return dur_ms_parse_vm_flag(in, 0, ret, err);
    return dur_ms_parse_metricsql(in, step_ms, ret, err); // metricsql, vm-query-arg
}

static str printed(str kind, str in, int64_t got, struct arena *mem)
{
    defer(buf_done) struct buf text = {0};
    if (str_eq(kind, S("prometheus")))
        buf_put_dur_prometheus(&text, got);
    else if (str_eq(kind, S("vm")) || str_eq(kind, S("vm-yaml")))
        buf_put_dur_go(&text, got);
    else
        buf_put_lower(&text, in); // flags print what they were given
    return arena_str(mem, buf_str(&text));
}

static const cJSON *first_of(const cJSON *c, const char *const *keys)
{
    const cJSON *found = NULL;
    for (; *keys && !found; keys++)
        found = case_get(c, *keys);
    return found;
}

// The cases know Alertmanager 0.25's text for a unit that does not exist; 0.34 has its own.
static bool error_is(const cJSON *error, str got)
{
    return cJSON_IsTrue(error) ||
           (cJSON_IsString(error) &&
            (str_find_str(got, str_c(error->valuestring)) != STR_NONE ||
             (str_starts(got, S("unknown unit \"")) &&
              str_starts(str_c(error->valuestring), S("not a valid duration string")))));
}

static const char *run_case(const cJSON *c, struct arena *mem)
{
    static const char *const INPUTS[] = {"in", "s", NULL};
    static const char *const RESULTS[] = {"ns", "ms", "dExpected", NULL};
    static const char *const TEXTS[] = {"printed", "printed_yaml", NULL};
    str kind = case_get_text(c, "kind", mem), in = case_text(first_of(c, INPUTS), mem);
    const cJSON *error = case_get(c, "error"), *wanted = first_of(c, RESULTS);
    int64_t got = 0;
    struct err err = ERR_INIT;
    if (!parse(kind, in, case_get_i64(c, "step"), &got, &err))
        return error_is(error, err_str(&err)) ? NULL
                                              : case_fail(mem, "error: %.*s", STR(err_str(&err)));
    if (error)
        return case_fail(mem, "accepted as %lld", (long long)got);
    bool is_positive = str_find_str(case_get_text(c, "fn", mem), S("Positive")) != STR_NONE;
    if (is_positive && got < 0)
        return "negative";
    if (wanted && (double)got != wanted->valuedouble)
        return case_fail(mem, "%lld", (long long)got);
    const cJSON *text = first_of(c, TEXTS);
    if (text && !str_eq(printed(kind, in, got, mem), case_text(text, mem)))
        return case_fail(mem, "printed %.*s", STR(printed(kind, in, got, mem)));
    return NULL;
}

static void durations(void **state)
{
    (void)state;
    case_file_run("durations", run_case);
}

int test_durations(void);
int test_durations(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(durations)};
    return run_group("durations", tests);
}
