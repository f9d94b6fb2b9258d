// SPDX-License-Identifier: Apache-2.0
// The groups in the order of GET /api/v2/alerts/groups: by labels, then by receiver.
#include "tests/golden/alertmanager/am_cases.h"

static int compare(const void *a, const void *b)
{
    const struct notify_group *x = group_notify(*(struct group *const *)a);
    const struct notify_group *y = group_notify(*(struct group *const *)b);
    int order = labels_cmp(x->group_labels, y->group_labels);
    return order ? order : str_cmp(x->receiver, y->receiver);
}

// Does group i fit the wanted one? With ties, any of the equal ones may.
static bool fits(struct am_case *c, struct am_groups *groups, size_t i, const cJSON *want,
                 bool has_ties)
{
    struct labels *labels = am_case_labels(c, case_get(want, "labels"));
    str receiver = case_get_text(want, "receiver", c->mem);
    bool found = false;
    for (size_t j = has_ties ? 0 : i; j < groups->count && !found && (has_ties || j == i); j++) {
        const struct notify_group *n = group_notify(groups->items[j]);
        found = n->group_labels == labels && str_eq(n->receiver, receiver) &&
                am_group_has(c, groups->items[j], case_get(want, "alerts"), NULL) &&
                compare(&groups->items[i], &groups->items[j]) == 0;
    }
    labels_unref(labels);
    return found;
}

static const char *run(const cJSON *v, struct arena *mem)
{
    struct am_case c;
    am_case_init(&c, mem);
    struct err err = ERR_INIT;
    struct config *config =
        am_case_config(&c, case_get_text(v, "config", mem), MATCHER_FALLBACK, &err);
    const char *why = config ? NULL : case_fail(mem, "%.*s", STR(err_str(&err)));
    if (config) {
        struct am_groups groups;
        am_groups_init(&groups, &c, config, case_get(v, "alerts"));
        qsort(groups.items, groups.count, sizeof(groups.items[0]), compare);
        size_t want_count = (size_t)cJSON_GetArraySize(case_get(v, "groups"));
        if (want_count != groups.count)
            why = case_fail(mem, "%zu groups, not %zu", groups.count, want_count);
        size_t i = 0;
        for (const cJSON *g = case_get(v, "groups")->child; g && !why; g = g->next, i++) {
            if (!fits(&c, &groups, i, g, case_get_bool(v, "ties_free")))
                why = case_fail(mem, "group %zu differs: %.*s", i,
                                STR(group_notify(groups.items[i])->group_key));
        }
        am_groups_done(&groups);
    }
    config_unref(config);
    am_case_done(&c);
    return why;
}

static void am_groups(void **state)
{
    (void)state;
    case_file_run("am-groups", run);
}

int test_am_groups(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(am_groups)};
    return run_group("am-groups", tests);
}
