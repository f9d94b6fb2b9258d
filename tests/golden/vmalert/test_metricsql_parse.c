// SPDX-License-Identifier: Apache-2.0
// MetricsQL expressions and their canonical texts, layouts and error texts.
#include "rules/metricsql/metricsql.h"
#include "tests/support/cases.h"

static const char *compare(str got, str want, struct arena *mem)
{
    return str_eq(got, want) ? NULL : case_fail(mem, "\"%.*s\"", STR(got));
}

static str print(const struct mql_expr *e, struct arena *mem)
{
    struct buf out = {.mem = mem};
    buf_put_mql(&out, e);
    return buf_str(&out);
}

static const char *run_parse(const cJSON *c, str q, struct arena *mem)
{
    struct err err = ERR_INIT;
    const struct mql_expr *e = mql_parse(q, mem, &err);
    if (case_get_bool(c, "error"))
        return e ? case_fail(mem, "accepted: %.*s", STR(print(e, mem))) : NULL;
    return e ? compare(print(e, mem), case_get_text(c, "canonical", mem), mem)
             : case_fail(mem, "refused: %.*s", STR(err_str(&err)));
}

static const char *run_pretty(const cJSON *c, str q, struct arena *mem)
{
    struct err err = ERR_INIT;
    struct buf out = {.mem = mem};
    bool ok = buf_put_mql_pretty(&out, q, &err);
    if (case_get_bool(c, "error"))
        return ok ? "accepted" : NULL;
    return ok ? compare(buf_str(&out), case_get_text(c, "pretty", mem), mem)
              : case_fail(mem, "refused: %.*s", STR(err_str(&err)));
}

static const char *run_likely_invalid(const cJSON *c, str q, struct arena *mem)
{
    struct err err = ERR_INIT;
    const struct mql_expr *e = mql_parse(q, mem, &err);
    if (!e)
        return case_fail(mem, "refused: %.*s", STR(err_str(&err)));
    return mql_is_likely_invalid(e) == case_get_bool(c, "result") ? NULL : "wrong";
}

static const char *run_error_text(const cJSON *c, str q, struct arena *mem)
{
    struct err err = ERR_INIT;
    if (mql_parse(q, mem, &err))
        return "accepted";
    return str_find_str(err_str(&err), case_get_text(c, "error", mem)) != STR_NONE
               ? NULL
               : case_fail(mem, "error \"%.*s\"", STR(err_str(&err)));
}

static void put_visited(void *owner, const struct mql_expr *e, const struct mql_modifier *m)
{
    struct buf *out = owner;
    if (m)
        buf_put_mql_modifier(out, m);
    else
        buf_put_mql(out, e);
    buf_put_c(out, ',');
}

static const char *run_visit(const cJSON *c, str q, struct arena *mem)
{
    struct err err = ERR_INIT;
    struct buf out = {.mem = mem};
    const struct mql_expr *e = mql_parse(q, mem, &err);
    if (!e)
        return case_fail(mem, "refused: %.*s", STR(err_str(&err)));
    mql_visit(e, put_visited, &out);
    return compare(buf_str(&out), case_get_text(c, "visited", mem), mem);
}

static const char *run(const cJSON *c, struct arena *mem)
{
    str kind = case_get_text(c, "kind", mem), q = case_get_text(c, "q", mem);
    if (kind.n == 0 || str_eq(kind, S("expand")))
        return run_parse(c, q, mem);
    if (str_eq(kind, S("prettify")))
        return run_pretty(c, q, mem);
    if (str_eq(kind, S("likely_invalid")))
        return run_likely_invalid(c, q, mem);
    if (str_eq(kind, S("parse_error_text")))
        return run_error_text(c, q, mem);
    if (str_eq(kind, S("visit_order")))
        return run_visit(c, q, mem);
    if (str_eq(kind, S("supported_function")))
        return (mql_func_find(q) != NULL) == case_get_bool(c, "result") ? NULL : "wrong";
    return case_fail(mem, "the kind \"%.*s\" is not known", STR(kind));
}

static void expressions(void **state)
{
    (void)state;
    case_file_run("metricsql-parse", run);
}

int test_metricsql_parse(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(expressions)};
    return run_group("metricsql-parse", tests);
}
