// SPDX-License-Identifier: Apache-2.0
#include "tests/golden/alertmanager/am_cases.h"

static int compare(const void *a, const void *b)
{
    return alert_labels_cmp(*(struct labels *const *)a, *(struct labels *const *)b);
}

static const char *run_names(struct am_case *c, const cJSON *v)
{
    const cJSON *names = case_get(v, "names");
    size_t count = 0;
    const struct labels **sets =
        arena_array(c->mem, const struct labels *, (size_t)cJSON_GetArraySize(names));
    for (const cJSON *n = names->child; n; n = n->next) {
        struct label label = {S("alertname"), case_text(n, c->mem)};
        sets[count++] = labels_get(&c->labels, &label, 1);
    }
    defer(buf_done) struct buf text = {0};
    buf_put_alert_names(&text, sets, count, 0);
    bool is_same = str_eq(buf_str(&text), case_get_text(v, "log", c->mem));
    for (size_t i = 0; i < count; i++)
        labels_unref((struct labels *)sets[i]);
    return is_same ? NULL : case_fail(c->mem, "%.*s", STR(buf_str(&text)));
}

static const char *run_sort(struct am_case *c, const cJSON *v)
{
    const cJSON *alerts = case_get(v, "alerts"), *sorted = case_get(v, "sorted");
    size_t count = (size_t)cJSON_GetArraySize(alerts), i = 0;
    struct labels **sets = arena_array(c->mem, struct labels *, count);
    for (const cJSON *a = alerts->child; a; a = a->next)
        sets[i++] = am_case_labels(c, a);
    qsort(sets, count, sizeof(*sets), compare);
    const char *why = NULL;
    i = 0;
    for (const cJSON *s = sorted->child; s; s = s->next, i++) {
        struct labels *want = am_case_labels(c, s);
        if (want != sets[i] && !why)
            why = case_fail(c->mem, "place %zu is %s", i, am_case_labels_text(c, sets[i]));
        labels_unref(want);
    }
    for (i = 0; i < count; i++)
        labels_unref(sets[i]);
    return why;
}

static const char *run(const cJSON *v, struct arena *mem)
{
    struct am_case c;
    am_case_init(&c, mem);
    const char *why = case_get(v, "names") ? run_names(&c, v) : run_sort(&c, v);
    am_case_done(&c);
    return why;
}

static void am_alert_sort(void **state)
{
    (void)state;
    case_file_run("am-alert-sort", run);
}

int test_am_alert_sort(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(am_alert_sort)};
    return run_group("am-alert-sort", tests);
}
