// SPDX-License-Identifier: Apache-2.0
#include "tests/golden/vmalert/rig.h"

// Every value is as old as the evaluation that asked for it.
static struct query_result answer(const cJSON *data, time_ns ts, struct arena *mem)
{
    struct query_result result = rig_result(data, mem);
    for (size_t i = 0; i < result.count; i++) {
        struct sample *sample = arena_new(mem, struct sample);
        *sample = (struct sample){result.series[i].samples[0].value, ts / DUR_MS(1)};
        result.series[i].samples = sample;
    }
    return result;
}

static const char *run_step(struct rig *r, const cJSON *step)
{
    time_ns ts = DUR_SECONDS(case_get_i64(step, "ts"));
    struct query_result result = answer(case_get(step, "data"), ts, r->mem);
    struct series_list out = {.mem = r->mem};
    struct err err = ERR_INIT;
    bool ok = recording_apply(r->recording, &result, ts, 0, r->mem, &out, &err);
    if (ok == (case_get(step, "error") != NULL))
        return case_fail(r->mem, "%s %.*s", ok ? "succeeded" : "failed:", STR(err_str(&err)));
    if (ok)
        return rig_check_series(r, case_get(step, "series"), &out);
    str want = case_get_text(step, "error", r->mem);
    return str_find_str(err_str(&err), want) != STR_NONE
               ? NULL
               : case_fail(r->mem, "error \"%.*s\"", STR(err_str(&err)));
}

static const char *run_case(const cJSON *c, struct arena *mem)
{
    struct rig r;
    const char *why = NULL;
    size_t at = 0;
    rig_init(&r, case_get(c, "rule"), 0, mem);
    for (const cJSON *step = case_get(c, "steps")->child; step && !why; step = step->next, at++)
        why = run_step(&r, step);
    rig_done(&r);
    return why ? case_fail(mem, "step %zu: %s", at - 1, why) : NULL;
}

static void recording_random(void **state)
{
    (void)state;
    case_file_run("vm-recording-random", run_case);
}

int test_vm_recording_random(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(recording_random)};
    return run_group("vm-recording-random", tests);
}
