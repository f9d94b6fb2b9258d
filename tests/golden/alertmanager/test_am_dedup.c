// SPDX-License-Identifier: Apache-2.0
// The decision whether to notify (kind needs_update) and the comparison of sets it stands on
// (subset).
#include "notify/stages.h"
#include "tests/support/cases.h"

#define NOW ((time_ns)1767571200 * 1000000000)

static uint64_t *numbers(const cJSON *list, struct arena *mem, size_t *ret_count)
{
    uint64_t *hashes = arena_array(mem, uint64_t, (size_t)cJSON_GetArraySize(list) + 1);
    *ret_count = 0;
    for (const cJSON *n = list ? list->child : NULL; n; n = n->next)
        hashes[(*ret_count)++] = (uint64_t)n->valuedouble;
    return hashes;
}

static size_t add_alerts(struct notify_alert *to, const cJSON *list, bool is_resolved)
{
    size_t count = 0;
    for (const cJSON *n = list ? list->child : NULL; n; n = n->next)
        to[count++] =
            (struct notify_alert){.hash = (uint64_t)n->valuedouble, .is_resolved = is_resolved};
    return count;
}

static const char *run_needs_update(const cJSON *c, struct arena *mem)
{
    const cJSON *firing = case_get(c, "firing"), *resolved = case_get(c, "resolved");
    const cJSON *given = case_get(c, "entry");
    size_t cap = (size_t)(cJSON_GetArraySize(firing) + cJSON_GetArraySize(resolved)) + 1;
    struct notify_alert *alerts = arena_array(mem, struct notify_alert, cap);
    struct notify_log_entry entry = {.timestamp = TIME_UNSET};
    entry.firing = numbers(case_get(given, "firing"), mem, &entry.firing_count);
    entry.resolved = numbers(case_get(given, "resolved"), mem, &entry.resolved_count);
    if (cJSON_IsNumber(case_get(given, "timestamp")))
        entry.timestamp = NOW + DUR_SECONDS(case_get_i64(given, "timestamp"));
    struct dedup_input in = {
        .entry = cJSON_IsObject(given) ? &entry : NULL,
        .alerts = alerts,
        .repeat_interval = DUR_SECONDS(case_get_i64(c, "repeat_s")),
        .send_resolved = case_get_bool(c, "send_resolved"),
        .now = NOW,
    };
    in.count = add_alerts(alerts, firing, false);
    in.count += add_alerts(alerts + in.count, resolved, true);
    enum notify_reason reason = stage_dedup(&in, mem);
    if ((reason != NOTIFY_NONE) != case_get_bool(c, "notify") ||
        !str_eq(notify_reason_str(reason), case_get_text(c, "reason", mem)))
        return case_fail(mem, "%.*s", STR(notify_reason_str(reason)));
    return NULL;
}

static const char *run_subset(const cJSON *c, struct arena *mem)
{
    size_t part_count, whole_count;
    uint64_t *part = numbers(case_get(c, "subset"), mem, &part_count);
    uint64_t *whole = numbers(case_get(c, "entry_list"), mem, &whole_count);
    bool is_subset = hashes_are_subset(part, part_count, whole, whole_count, mem);
    return is_subset == case_get_bool(c, "result") ? NULL : "wrong answer";
}

static const char *run_case(const cJSON *c, struct arena *mem)
{
    if (str_eq(case_get_text(c, "kind", mem), S("subset")))
        return run_subset(c, mem);
    return run_needs_update(c, mem);
}

static void dedup(void **state)
{
    (void)state;
    case_file_run("am-dedup", run_case);
}

int test_am_dedup(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(dedup)};
    return run_group("am-dedup", tests);
}
