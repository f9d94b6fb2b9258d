// SPDX-License-Identifier: Apache-2.0
// Topic am-receiver-retry: which HTTP statuses make an integration try again.
#include "notify/retrier.h"
#include "tests/golden/alertmanager/receiver_case.h"

struct retry_case {
    struct receiver_case c;
    const struct receiver_setup *setup;
    int status;
};

static bool answer(void *owner, const struct receiver_request *r, struct http_response *ret,
                   struct err *err)
{
    const struct retry_case *t = owner;
    (void)r;
    (void)err;
    *ret = (struct http_response){.status = t->status,
                                  .body = str_c(t->status / 100 == 2 ? t->setup->good_body : "")};
    return true;
}

static const char *check_tried(struct retry_case *t, bool is_retried)
{
    struct receiver_case *c = &t->c;
    const struct notify_counters before = *receiver_world_counters(&c->world);
    const char *why = receiver_case_post_some(c, 1);
    if (why)
        return why;
    bool is_failed = receiver_case_await_failure(c, &before);
    if (t->status / 100 == 2)
        return is_failed || c->world.request_count == 0 ? "is not delivered" : NULL;
    if (!is_failed)
        return "no attempt fails";
    if (receiver_case_is_retried(c, &before) == is_retried)
        return NULL;
    return is_retried ? "is not tried again" : "is tried again";
}

static const char *check_status(const struct receiver_setup *setup, int status, bool is_retried,
                                struct arena *mem)
{
    struct retry_case t = {.setup = setup, .status = status};
    str settings = arena_printf(mem, "{%s}", setup->settings);
    const char *why = receiver_case_start(
        &t.c, receiver_case_config(mem, setup->integration, settings.p), NULL, answer, &t, mem);
    if (why)
        return why;
    why = check_tried(&t, is_retried);
    receiver_world_stop(&t.c.world);
    return why;
}

// Telegram's answers are judged by their bodies; what the case tells is the verdict on a status
// alone.
static const char *check_verdict(int status, bool is_retried, struct arena *mem)
{
    struct notify_result verdict;
    retrier_judge(&(struct retrier){0}, status, S(""), mem, &verdict);
    return verdict.may_retry == is_retried && verdict.is_delivered == (status / 100 == 2)
               ? NULL
               : "is judged otherwise";
}

static const char *run_case(const cJSON *v, struct arena *mem)
{
    str name = case_get_text(v, "integration", mem);
    bool is_telegram = str_eq(name, S("telegram"));
    const struct receiver_setup *setup = is_telegram ? NULL : receiver_case_setup(name);
    for (const cJSON *s = case_get(v, "statuses")->child; s; s = s->next) {
        int64_t status = 0;
        str_to_i64(str_c(s->string), &status);
        const char *why = is_telegram ? check_verdict((int)status, cJSON_IsTrue(s), mem)
                                      : check_status(setup, (int)status, cJSON_IsTrue(s), mem);
        if (why)
            return case_fail(mem, "%.*s: %s %s", STR(name), s->string, why);
    }
    return NULL;
}

static void all_cases_hold(void **state)
{
    (void)state;
    case_file_run("am-receiver-retry", run_case);
}

int test_am_receiver_retry(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_cases_hold)};
    return run_group("am-receiver-retry", tests);
}
