// SPDX-License-Identifier: Apache-2.0
// Topic am-api-filter: queries to a server that holds alerts and silences; an answer is named by
// the alerts' label n.
#include "tests/golden/alertmanager/api_case.h"

static const char *post_all(struct api_case *c, const cJSON *v, const char *what)
{
    const cJSON *list = case_get(v, what);
    bool is_list = str_eq(str_c(what), S("alerts")); // posted together; silences one by one
    for (const cJSON *one = is_list ? list : list->child; one; one = is_list ? NULL : one->next) {
        const char *path = is_list ? "/api/v2/alerts" : "/api/v2/silences";
        api_world_ask(&c->world, "POST", path, api_case_body(c, one));
        if (c->world.status != 200)
            return case_fail(c->mem, "cannot post %s: %.*s", what, STR(buf_str(&c->world.body)));
    }
    return NULL;
}

// The labels n of a list of alerts, sorted: "00 03 07".
static str names_of(const struct api_case *c, const json *alerts)
{
    size_t count = json_count(alerts), i = 0;
    str *names = arena_array(c->mem, str, count + 1);
    json_each (alert, alerts)
        names[i++] = json_str(json_get(json_get(alert, S("labels")), S("n")));
    qsort(names, count, sizeof(*names), str_cmp_items);
    str all = {0};
    for (i = 0; i < count; i++)
        all = arena_printf(c->mem, "%.*s%s%.*s", STR(all), i ? " " : "", STR(names[i]));
    return all;
}

static str wanted_names(const struct api_case *c, const cJSON *list)
{
    size_t count = (size_t)cJSON_GetArraySize(list), i = 0;
    str *names = arena_array(c->mem, str, count + 1);
    for (const cJSON *n = list->child; n; n = n->next)
        names[i++] = case_text(n, c->mem);
    qsort(names, count, sizeof(*names), str_cmp_items);
    str all = {0};
    for (i = 0; i < count; i++)
        all = arena_printf(c->mem, "%.*s%s%.*s", STR(all), i ? " " : "", STR(names[i]));
    return all;
}

static const char *check_groups(const struct api_case *c, const cJSON *wanted, const json *got)
{
    const json *group = json_first(got);
    for (const cJSON *g = wanted->child; g; g = g->next, group = group ? json_next(group) : NULL) {
        if (!group)
            return "too few groups";
        str receiver = json_str(json_get(json_get(group, S("receiver")), S("name")));
        if (!str_eq(receiver, case_get_text(g, "receiver", c->mem)) ||
            !api_case_matches(c, case_get(g, "labels"), json_get(group, S("labels"))))
            return "another group is there";
        if (!str_eq(names_of(c, json_get(group, S("alerts"))), wanted_names(c, case_get(g, "n"))))
            return "a group holds other alerts";
    }
    return group ? "too many groups" : NULL;
}

static const char *run_query(struct api_case *c, const cJSON *q)
{
    const cJSON *n = case_get(q, "n"), *groups = case_get(q, "groups");
    const char *path = arena_c(c->mem, case_get_text(q, "path", c->mem));
    api_world_ask(&c->world, "GET", path, NULL);
    str body = buf_str(&c->world.body);
    int64_t status = case_get(q, "status") ? case_get_i64(q, "status") : 200;
    const json *answer = json_parse(body, false, c->mem, NULL);
    const char *why = NULL;
    if (c->world.status != status || !answer)
        why = "another status";
    else if (n && !str_eq(names_of(c, answer), wanted_names(c, n)))
        why = "other alerts";
    else if (groups)
        why = check_groups(c, groups, answer);
    else if (case_get(q, "json") && !api_case_matches(c, case_get(q, "json"), answer))
        why = "another answer";
    return why ? case_fail(c->mem, "%s: %s: %.*s, want %s", path, why, STR(body),
                           cJSON_PrintUnformatted(q))
               : NULL;
}

static const char *run_case(const cJSON *v, struct arena *mem)
{
    struct api_case c;
    api_case_start(&c, v, mem);
    const char *why = post_all(&c, v, "alerts");
    if (!why)
        why = post_all(&c, v, "silences");
    fake_env_advance(&c.world.fake, DUR_SECONDS(1));
    for (const cJSON *q = case_get(v, "queries")->child; q && !why; q = q->next)
        why = run_query(&c, q);
    api_world_stop(&c.world);
    return why;
}

static void all_cases_hold(void **state)
{
    (void)state;
    case_file_run("am-api-filter", run_case);
}

int test_am_api_filter(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_cases_hold)};
    return run_group("am-api-filter", tests);
}
