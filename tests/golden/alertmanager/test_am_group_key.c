// SPDX-License-Identifier: Apache-2.0
// Each notification that was seen must be the content of one of our groups. (Not the reverse: two
// routes with one key and one receiver share an entry of the notification log, so one may be
// silent.) The server flushed without any group_wait, so some notifications were made before the
// last alerts of the batch had come; their groups must be found as well.
#include "tests/golden/alertmanager/am_cases.h"

static bool has_group(struct am_case *c, struct am_groups *groups, const cJSON *want)
{
    str receiver = case_get_text(want, "receiver", c->mem);
    str key = case_get_text(want, "groupKey", c->mem);
    struct labels *labels = am_case_labels(c, case_get(want, "groupLabels"));
    bool found = false;
    size_t others;
    for (size_t i = 0; i < groups->count && !found; i++) {
        const struct notify_group *n = group_notify(groups->items[i]);
        found = str_eq(n->receiver, receiver) && str_eq(n->group_key, key) &&
                n->group_labels == labels &&
                am_group_has(c, groups->items[i], case_get(want, "alerts"), &others);
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
        for (const cJSON *n = case_get(v, "notifications")->child; n && !why; n = n->next) {
            if (!has_group(&c, &groups, n))
                why =
                    case_fail(mem, "no group %.*s of %.*s", STR(case_get_text(n, "groupKey", mem)),
                              STR(case_get_text(n, "receiver", mem)));
        }
        am_groups_done(&groups);
    }
    config_unref(config);
    am_case_done(&c);
    return why;
}

static void am_group_key(void **state)
{
    (void)state;
    case_file_run("am-group-key", run);
}

int test_am_group_key(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(am_group_key)};
    return run_group("am-group-key", tests);
}
