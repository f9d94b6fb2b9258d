// SPDX-License-Identifier: Apache-2.0
// Values of input series in unit tests.
#include <math.h>

#include "rules/result.h"
#include "tests/golden/vmalert/mql.h"
#include "vmalert/tool/input_series.h"

static const char *check_value(const cJSON *want, const struct input_value *got, size_t at,
                               struct arena *mem)
{
    bool fits = !got->is_omitted;
    if (case_get_bool(want, "omitted"))
        fits = got->is_omitted;
    else if (case_get_bool(want, "stale"))
        fits &= is_stale_nan(got->value);
    else
        fits &= mql_case_is_near(mql_case_number(case_get(want, "value")), got->value) &&
                !is_stale_nan(got->value);
    return fits ? NULL : case_fail(mem, "value %zu is %g", at, got->value);
}

static const char *run_series(const cJSON *c, struct arena *mem)
{
    bool wants_error = case_get_bool(c, "error");
    for (const cJSON *s = case_get(c, "in")->child; s; s = s->next) {
        struct label_list labels;
        struct input_values values;
        struct err err = ERR_INIT;
        bool ok = input_series_parse(case_get_text(s, "series", mem),
                                     case_get_text(s, "values", mem), mem, &labels, &values, &err);
        if (ok == wants_error)
            return case_fail(mem, "%s: %.*s", ok ? "taken" : "refused", STR(err_str(&err)));
    }
    return NULL;
}

static const char *run(const cJSON *c, struct arena *mem)
{
    if (str_eq(case_get_text(c, "kind", mem), S("series")))
        return run_series(c, mem);
    struct input_values got;
    struct err err = ERR_INIT;
    bool ok = input_values_parse(case_get_text(c, "in", mem), mem, &got, &err);
    if (cJSON_IsTrue(case_get(c, "error")))
        return ok ? "it was not refused" : NULL;
    if (!ok)
        return case_fail(mem, "refused: %.*s", STR(err_str(&err)));
    const cJSON *out = case_get(c, "out");
    size_t at = 0;
    for (const cJSON *want = out->child; want; want = want->next, at++) {
        const char *why = at < got.count ? check_value(want, &got.items[at], at, mem) : "too few";
        if (why)
            return why;
    }
    return at == got.count ? NULL : case_fail(mem, "%zu values instead of %zu", got.count, at);
}

static void input_series(void **state)
{
    (void)state;
    case_file_run("vm-input-series", run);
}

int test_vm_input_series(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(input_series)};
    return run_group("vm-input-series", tests);
}
