// SPDX-License-Identifier: Apache-2.0
#include <math.h>

#include "gossip/broadcast.h"
#include "gossip/member.h"
#include "gossip/suspicion.h"
#include "tests/support/cases.h"

static size_t skipped; // what is not a choice here: other bounds, taking over a dead member's name

static const char *want_i64(struct arena *mem, const char *what, int64_t got, int64_t want)
{
    if (got == want)
        return NULL;
    return case_fail(mem, "%s: got %lld, want %lld", what, (long long)got, (long long)want);
}

static const char *run_health(const cJSON *c, struct arena *mem)
{
    unsigned score = 0;
    const cJSON *step;
    if (case_get_i64(c, "max") != AWARENESS_MAX) {
        skipped++;
        return NULL;
    }
    cJSON_ArrayForEach(step, case_get(c, "steps"))
    {
        score = awareness_add(score, (int)case_get_i64(step, "delta"));
        if (score != case_get_i64(step, "score"))
            return case_fail(mem, "score %u, want %lld", score,
                             (long long)case_get_i64(step, "score"));
        if (DUR_SECONDS(score + 1) != case_get_i64(step, "scaled"))
            return case_fail(mem, "scaled %u", score + 1);
    }
    return NULL;
}

static const char *run_timer(const cJSON *c, struct arena *mem)
{
    struct suspicion s = {0};
    const char *failure = NULL;
    if (case_get_i64(c, "k") > SUSPICION_ACCUSERS_MAX) {
        skipped++;
        return NULL;
    }
    suspicion_start_with(&s, 0, case_get_text(c, "from", mem), (unsigned)case_get_i64(c, "k"),
                         case_get_i64(c, "min"), case_get_i64(c, "max"));
    const cJSON *step;
    cJSON_ArrayForEach(step, case_get(c, "confirm"))
    {
        if (suspicion_confirm(&s, case_get_text(step, "from", mem)) != case_get_bool(step, "new"))
            failure =
                case_fail(mem, "confirmation by %s", cJSON_GetStringValue(case_get(step, "from")));
    }
    if (!failure)
        failure = want_i64(mem, "confirmations", s.confirmations, case_get_i64(c, "confirmations"));
    if (!failure)
        failure =
            want_i64(mem, "fires after", suspicion_deadline(&s), case_get_i64(c, "fires_after"));
    suspicion_clear(&s);
    return failure;
}

static enum member_state state_named(str name)
{
    return str_eq(name, S("alive"))     ? MEMBER_ALIVE
           : str_eq(name, S("suspect")) ? MEMBER_SUSPECT
           : str_eq(name, S("dead"))    ? MEMBER_DEAD
                                        : MEMBER_LEFT;
}

static const char *run_move_dead(const cJSON *c, struct arena *mem)
{
    mono_ns now = DUR_HOURS(1);
    const cJSON *nodes = case_get(c, "nodes");
    size_t count = (size_t)cJSON_GetArraySize(nodes), i = 0;
    struct member *all = arena_array(mem, struct member, count);
    struct member **order = arena_array(mem, struct member *, count);
    const cJSON *node;
    cJSON_ArrayForEach(node, nodes)
    {
        all[i].state = state_named(case_get_text(node, "state", mem));
        all[i].state_change = now - DUR_SECONDS(case_get_i64(node, "changed_s_ago"));
        order[i] = &all[i];
        i++;
    }
    size_t kept =
        members_move_dead(order, count, now, DUR_SECONDS(case_get_i64(c, "gossip_to_the_dead_s")));
    if (kept != (size_t)case_get_i64(c, "first_moved"))
        return case_fail(mem, "%zu stay", kept);
    i = 0;
    cJSON_ArrayForEach(node, case_get(c, "order"))
    {
        if (order[i++] - all != node->valueint)
            return case_fail(mem, "another order at %zu", i - 1);
    }
    return NULL;
}

static const char *run(const cJSON *c, struct arena *mem)
{
    str kind = case_get_text(c, "kind", mem);
    size_t nodes = (size_t)case_get_i64(c, "nodes");
    unsigned mult = (unsigned)case_get_i64(c, "mult");
    if (str_eq(kind, S("suspicion_timeout")))
        return want_i64(mem, "timeout",
                        suspicion_timeout(mult, nodes, case_get_i64(c, "probe_interval")),
                        case_get_i64(c, "timeout"));
    if (str_eq(kind, S("retransmit_limit")))
        return want_i64(mem, "limit", broadcast_limit(mult, nodes), case_get_i64(c, "limit"));
    if (str_eq(kind, S("push_pull")))
        return want_i64(mem, "scaled", pushpull_interval_scaled(case_get_i64(c, "interval"), nodes),
                        case_get_i64(c, "scaled"));
    if (str_eq(kind, S("remaining")))
        return want_i64(mem, "remaining",
                        suspicion_remaining((unsigned)case_get_i64(c, "confirmations"),
                                            (unsigned)case_get_i64(c, "k"),
                                            case_get_i64(c, "elapsed"), case_get_i64(c, "min"),
                                            case_get_i64(c, "max")),
                        case_get_i64(c, "remaining"));
    if (str_eq(kind, S("health")))
        return run_health(c, mem);
    if (str_eq(kind, S("suspicion_timer")))
        return run_timer(c, mem);
    if (str_eq(kind, S("move_dead")))
        return run_move_dead(c, mem);
    if (str_eq(kind, S("dead_reclaim"))) {
        skipped++;
        return NULL;
    }
    return case_fail(mem, "unknown kind %.*s", STR(kind));
}

static void numbers(void **state)
{
    (void)state;
    case_file_run("ml-numbers", run);
    print_message("ml-numbers: %zu cases skipped\n", skipped);
}

int test_ml_numbers(void);
int test_ml_numbers(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(numbers)};
    return run_group("ml-numbers", tests);
}
