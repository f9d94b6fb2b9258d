// SPDX-License-Identifier: Apache-2.0
// Lists of series as an instant query returns them. Our labels are sorted, so their order in the
// text does not show.
#include "tests/golden/vmalert/answers.h"

static const char *run_case(const cJSON *c, struct arena *mem)
{
    str body = arena_printf(
        mem, "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":%.*s}}",
        STR(case_get_text(c, "data", mem)));
    struct query_result result;
    struct err err = ERR_INIT;
    bool ok = result_parse_prometheus(body, false, mem, &result, &err);
    if (ok == (case_get(c, "error") != NULL))
        return case_fail(mem, "%s %.*s", ok ? "accepted" : "refused:", STR(err_str(&err)));
    return ok ? check_answer(&result, case_get(c, "metrics"), mem) : NULL;
}

static void instant_results(void **state)
{
    (void)state;
    case_file_run("vm-instant-result", run_case);
}

int test_vm_instant_result(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(instant_results)};
    return run_group("vm-instant-result", tests);
}
