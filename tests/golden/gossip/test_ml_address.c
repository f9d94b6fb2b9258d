// SPDX-License-Identifier: Apache-2.0
// The topic's other two operations (a default port, networks that may join) are features of the
// library that Alertmanager does not use: peers are always given with their port.
#include "tests/support/cases.h"
#include "tests/unit/gossip/still.h"

static size_t skipped;

// [min, max, current] into the three places of a Vsn that starts at `at`.
static void put_vsn(uint8_t *vsn, size_t at, const cJSON *triple)
{
    static const uint8_t GOOD[VSN_BYTES] = {1, 5, 2, 0, 0, 0};
    memcpy(vsn, GOOD, VSN_BYTES);
    size_t cur = at == 0 ? 2 : 5;
    vsn[at == 0 ? 0 : 3] = (uint8_t)triple->child->valueint;
    vsn[at == 0 ? 1 : 4] = (uint8_t)triple->child->next->valueint;
    vsn[cur] = (uint8_t)triple->child->next->next->valueint;
}

static const char *run(const cJSON *c, struct arena *mem)
{
    if (!str_eq(case_get_text(c, "op", mem), S("versions"))) {
        skipped++;
        return NULL;
    }
    size_t at = str_eq(case_get_text(c, "for", mem), S("protocol")) ? 0 : 3;
    struct still *w = still_new("self", "127.0.0.1:9094");
    struct msg_state states[16] = {0};
    size_t count = 0, locals = 0;
    struct err err = ERR_INIT;
    const cJSON *triple;
    cJSON_ArrayForEach(triple, case_get(c, "local"))
    {
        char name[8];
        snprintf(name, sizeof(name), "l%zu", locals);
        struct member *m =
            locals++ == 0 ? w->swim->self : members_add(&w->swim->members, &w->env, str_c(name));
        members_set_state(&w->swim->members, m, MEMBER_ALIVE);
        put_vsn(m->vsn, at, triple);
    }
    cJSON_ArrayForEach(triple, case_get(c, "remote"))
    {
        uint8_t *vsn = arena_alloc(mem, VSN_BYTES);
        put_vsn(vsn, at, triple);
        states[count++] = (struct msg_state){.name = arena_printf(mem, "r%zu", count),
                                             .addr = S("\x0a\x00\x00\x01"),
                                             .port = 1,
                                             .incarnation = 1,
                                             .state = MEMBER_ALIVE,
                                             .vsn = str_from(vsn, VSN_BYTES)};
    }
    bool ok = swim_merge(w->swim, states, count, &err);
    still_free(w);
    if (ok != case_get_bool(c, "ok"))
        return case_fail(mem, "%s", ok ? "accepted" : arena_c(mem, err_str(&err)));
    return NULL;
}

static void address(void **state)
{
    (void)state;
    case_file_run("ml-address", run);
    print_message("ml-address: %zu cases skipped: features that do not exist here\n", skipped);
}

int test_ml_address(void);
int test_ml_address(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(address)};
    return run_group("ml-address", tests);
}
