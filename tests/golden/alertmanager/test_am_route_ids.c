// SPDX-License-Identifier: Apache-2.0
#include "tests/golden/alertmanager/am_cases.h"

struct walk {
    const cJSON *ids;
    size_t count;
    str stranger; // an id that is not wanted
};

static void visit(void *owner, const struct route *r)
{
    struct walk *w = owner;
    w->count++;
    for (const cJSON *id = w->ids->child; id; id = id->next) {
        if (str_eq(str_c(id->valuestring), r->id))
            return;
    }
    w->stranger = r->id;
}

static const char *check_ids(const struct config *config, const cJSON *ids, struct arena *mem)
{
    struct walk w = {.ids = ids};
    if (!ids)
        return NULL;
    route_walk(config->route, visit, &w);
    if (w.stranger.n)
        return case_fail(mem, "unexpected id %.*s", STR(w.stranger));
    size_t want = (size_t)cJSON_GetArraySize(ids);
    return w.count == want ? NULL : case_fail(mem, "%zu ids, not %zu", w.count, want);
}

static const char *run(const cJSON *v, struct arena *mem)
{
    struct am_case c;
    am_case_init(&c, mem);
    struct err err = ERR_INIT;
    struct config *config =
        am_case_config(&c, case_get_text(v, "config", mem), MATCHER_FALLBACK, &err);
    const char *why = config ? check_ids(config, case_get(v, "ids"), mem)
                             : case_fail(mem, "%.*s", STR(err_str(&err)));
    config_unref(config);
    am_case_done(&c);
    return why;
}

static void am_route_ids(void **state)
{
    (void)state;
    case_file_run("am-route-ids", run);
}

int test_am_route_ids(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(am_route_ids)};
    return run_group("am-route-ids", tests);
}
