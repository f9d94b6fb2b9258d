// SPDX-License-Identifier: Apache-2.0
// Label filters pushed through MetricsQL expressions.
#include "rules/metricsql/metricsql.h"
#include "tests/support/cases.h"

static struct mql_filters filters_of(str selector, struct arena *mem)
{
    const struct mql_expr *e = mql_parse(selector, mem, NULL);
    if (e && e->kind == MQL_SELECTOR)
        return e->selector.count ? e->selector.alternatives[0] : (struct mql_filters){0};
    fail_msg("%.*s are no filters", STR(selector));
    return (struct mql_filters){0};
}

static const char *run(const cJSON *c, struct arena *mem)
{
    str kind = case_get_text(c, "kind", mem), filters = case_get_text(c, "filters", mem), want;
    struct err err = ERR_INIT;
    struct buf out = {.mem = mem};
    const struct mql_expr *e = mql_parse(case_get_text(c, "q", mem), mem, &err);
    if (!e)
        return case_fail(mem, "refused: %.*s", STR(err_str(&err)));
    if (str_eq(kind, S("optimize"))) {
        want = case_get_text(c, "optimized", mem);
        buf_put_mql(&out, mql_optimize(e, mem));
    } else if (str_eq(kind, S("pushdown"))) {
        want = case_get_text(c, "result", mem);
        buf_put_mql(&out, mql_push_filters(e, filters_of(filters, mem), mem));
    } else if (str_eq(kind, S("common"))) {
        want = filters;
        buf_put_mql_filters(&out, mql_common_filters(e, mem));
    } else {
        return case_fail(mem, "the kind \"%.*s\" is not known", STR(kind));
    }
    return str_eq(buf_str(&out), want) ? NULL : case_fail(mem, "\"%.*s\"", STR(buf_str(&out)));
}

static void filters(void **state)
{
    (void)state;
    case_file_run("metricsql-optimize", run);
}

int test_metricsql_optimize(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(filters)};
    return run_group("metricsql-optimize", tests);
}
