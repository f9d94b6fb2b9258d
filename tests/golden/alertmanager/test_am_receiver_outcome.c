// SPDX-License-Identifier: Apache-2.0
// Topic am-receiver-outcome: what integrations make of answers.
#include "tests/golden/alertmanager/receiver_case.h"

struct outcome_case {
    struct receiver_case c;
    const cJSON *v;
};

// WeChat's token is asked for first.
static bool answer(void *owner, const struct receiver_request *r, struct http_response *ret,
                   struct err *err)
{
    struct outcome_case *o = owner;
    (void)err;
    if (str_eq(case_get_text(o->v, "integration", o->c.mem), S("wechat")) &&
        str_ends(receiver_request_path(&o->c, r), S("/gettoken")))
        ret->body = S("{\"access_token\":\"t\"}");
    else
        receiver_case_respond(&o->c, case_get(o->v, "response"), ret);
    return true;
}

static const char *run_steps(struct receiver_case *c, const cJSON *v)
{
    const struct notify_counters *n = receiver_world_counters(&c->world);
    struct notify_counters before = *n;
    const char *why = receiver_case_post_some(c, 1);
    if (why)
        return why;
    if (!case_get_bool(v, "delivered"))
        return receiver_case_await_failure(c, &before) ? receiver_case_check_failure(c, v, &before)
                                                       : "no attempt fails";
    receiver_world_pass(&c->world, STEP_TIME);
    bool is_told = n->requests == 1 && n->requests_failed == 0 && c->world.request_count > 0;
    return is_told ? NULL
                   : case_fail(c->mem, "%zu requests, %.*s", c->world.request_count,
                               STR(buf_str(&c->world.errors)));
}

static const char *run_case(const cJSON *v, struct arena *mem)
{
    struct outcome_case o = {.v = v, .c.mem = mem};
    str config = receiver_case_config(mem, arena_c(mem, case_get_text(v, "integration", mem)),
                                      receiver_case_json(&o.c, case_get(v, "config")).p);
    const char *why = receiver_case_start(&o.c, config, NULL, answer, &o, mem);
    if (why)
        return why;
    why = run_steps(&o.c, v);
    receiver_world_stop(&o.c.world);
    return why;
}

static void all_cases_hold(void **state)
{
    (void)state;
    case_file_run("am-receiver-outcome", run_case);
}

int test_am_receiver_outcome(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_cases_hold)};
    return run_group("am-receiver-outcome", tests);
}
