// SPDX-License-Identifier: Apache-2.0
// The cases of am-dedup about sets of hashes; those about the decision are the pipeline's.
#include "alertmanager/nflog.h"
#include "tests/support/cases.h"
#include "tests/support/fake_env.h"

static size_t hashes_from(const cJSON *list, uint64_t *ret)
{
    size_t n = 0;
    for (const cJSON *v = list ? list->child : NULL; v; v = v->next)
        ret[n++] = (uint64_t)v->valuedouble;
    return n;
}

static const char *run(const cJSON *c, struct arena *mem)
{
    if (!str_eq(case_get_text(c, "kind", mem), S("subset")))
        return NULL;
    uint64_t have[64], asked[64];
    size_t have_count = hashes_from(case_get(c, "entry_list"), have);
    size_t asked_count = hashes_from(case_get(c, "subset"), asked);
    bool is_firing = str_eq(case_get_text(c, "list", mem), S("firing"));
    struct fake_env fake;
    fake_env_init(&fake);
    struct nflog *log =
        nflog_new(&fake.env, &(struct nflog_options){.retention = DUR_HOURS(1)}, NULL, NULL);
    struct nflog_write w = {.group_key = S("k"), .receiver = {S("r"), S("webhook"), 0}};
    w.firing = w.resolved = have;
    *(is_firing ? &w.firing_count : &w.resolved_count) = have_count;
    const struct nflog_entry *e = nflog_record(log, &w, NULL, NULL, NULL);
    bool result =
        (is_firing ? nflog_entry_has_firing : nflog_entry_has_resolved)(e, asked, asked_count);
    nflog_free(log);
    fake_env_done(&fake);
    return result == case_get_bool(c, "result") ? NULL : "wrong answer";
}

static void cases(void **state)
{
    (void)state;
    case_file_run("am-dedup", run);
}

int test_am_dedup_subset(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(cases)};
    return run_group("am-dedup subset", tests);
}
