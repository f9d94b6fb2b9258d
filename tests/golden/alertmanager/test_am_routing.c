// SPDX-License-Identifier: Apache-2.0
#include "tests/golden/alertmanager/am_cases.h"

static const char *check_texts(const cJSON *want, const struct route_list *routes, bool is_key,
                               struct arena *mem)
{
    size_t i = 0;
    for (const cJSON *w = want ? want->child : NULL; w; w = w->next, i++) {
        str got = i >= routes->count ? S("nothing")
                  : is_key           ? routes->items[i]->key
                                     : routes->items[i]->receiver->name;
        if (!str_eq(got, case_text(w, mem)))
            return case_fail(mem, "route %zu is %.*s, not %.*s", i, STR(got),
                             STR(case_text(w, mem)));
    }
    return want && i != routes->count ? case_fail(mem, "%zu routes, not %zu", routes->count, i)
                                      : NULL;
}

static bool has_group_by(const struct route *r, const cJSON *want, struct arena *mem)
{
    if (cJSON_IsString(want))
        return r->is_grouped_by_all;
    size_t i = 0;
    for (const cJSON *w = want->child; w; w = w->next, i++) {
        if (i >= r->group_by.count || !str_eq(r->group_by.items[i], case_text(w, mem)))
            return false;
    }
    return !r->is_grouped_by_all && i == r->group_by.count;
}

static bool has_seconds(dur_ns got, const cJSON *opts, const char *key)
{
    return !case_get(opts, key) || got == DUR_SECONDS(case_get_i64(opts, key));
}

static const char *check_opts(const cJSON *want, const struct route_list *routes, struct arena *mem)
{
    size_t i = 0;
    for (const cJSON *o = want ? want->child : NULL; o; o = o->next, i++) {
        if (i >= routes->count)
            return case_fail(mem, "only %zu routes", routes->count);
        const struct route *r = routes->items[i];
        if (!str_eq(r->receiver->name, case_get_text(o, "receiver", mem)))
            return case_fail(mem, "route %zu: receiver %.*s", i, STR(r->receiver->name));
        if (case_get(o, "group_by") && !has_group_by(r, case_get(o, "group_by"), mem))
            return case_fail(mem, "route %zu: group_by", i);
        if (!has_seconds(r->group_wait, o, "group_wait_s") ||
            !has_seconds(r->group_interval, o, "group_interval_s") ||
            !has_seconds(r->repeat_interval, o, "repeat_interval_s"))
            return case_fail(mem, "route %zu: timers", i);
    }
    return NULL;
}

static const char *check_labels(const cJSON *want, const struct route_list *routes,
                                struct arena *mem)
{
    size_t i = 0;
    for (const cJSON *w = want ? want->child : NULL; w; w = w->next, i++) {
        const struct yaml_str_map *labels = &routes->items[i]->labels;
        if ((size_t)cJSON_GetArraySize(w) != labels->count)
            return case_fail(mem, "route %zu: %zu labels", i, labels->count);
        for (size_t k = 0; k < labels->count; k++) {
            str value = case_get_text(w, labels->items[k].key.p, mem);
            if (!str_eq(labels->items[k].value, value))
                return case_fail(mem, "route %zu: label %zu", i, k);
        }
    }
    return NULL;
}

static const char *check_test(struct am_case *c, const struct config *config, const cJSON *test)
{
    struct labels *labels = am_case_labels(c, case_get(test, "labels"));
    struct route_list routes = {0};
    route_match(config->route, labels, &routes);
    const char *why = check_texts(case_get(test, "receivers"), &routes, false, c->mem);
    why = why ? why : check_texts(case_get(test, "keys"), &routes, true, c->mem);
    why = why ? why : check_opts(case_get(test, "opts"), &routes, c->mem);
    why = why ? why : check_labels(case_get(test, "route_labels"), &routes, c->mem);
    route_list_done(&routes);
    labels_unref(labels);
    return why;
}

static const char *run(const cJSON *v, struct arena *mem)
{
    struct am_case c;
    am_case_init(&c, mem);
    struct err err = ERR_INIT;
    struct config *config =
        am_case_config(&c, case_get_text(v, "config", mem), MATCHER_FALLBACK, &err);
    const char *why = config ? NULL : case_fail(mem, "%.*s", STR(err_str(&err)));
    for (const cJSON *t = config ? case_get(v, "tests")->child : NULL; t && !why; t = t->next)
        why = check_test(&c, config, t);
    config_unref(config);
    am_case_done(&c);
    return why;
}

static void am_routing(void **state)
{
    (void)state;
    case_file_run("am-routing", run);
}

int test_am_routing(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(am_routing)};
    return run_group("am-routing", tests);
}
