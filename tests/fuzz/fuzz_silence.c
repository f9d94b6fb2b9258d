// SPDX-License-Identifier: Apache-2.0
// Silences from a peer: whatever is accepted is written in a form that reads back the same, and the
// index answers as trying every silence does.
#include "alertmanager/silence.h"
#include "tests/support/fake_env.h"

static void check(bool claim)
{
    if (!claim)
        abort();
}

static struct silences *silences_make(struct fake_env *fake)
{
    struct silences *s = silences_new(
        &fake->env, &(struct silences_options){.retention = DUR_HOURS(120)}, NULL, NULL);
    check(s != NULL);
    return s;
}

static void check_answers(struct silences *s, struct label_store *store, struct label *labels,
                          size_t count)
{
    struct arena mem = {0};
    struct labels *l = labels_get(store, labels, count);
    struct silence_ids ids;
    silences_mutes(s, l, &ids);
    const struct silence **all;
    size_t all_count;
    struct silences_query q = {.states = SILENCE_STATE_BIT(SILENCE_ACTIVE), .matching = l};
    check(silences_query(s, &q, &mem, &all, &all_count, NULL, NULL));
    check(ids.count == all_count);
    for (size_t i = 0; i < all_count; i++)
        check(str_eq(ids.items[i], all[i]->id));
    labels_unref(l);
    arena_done(&mem);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct fake_env fake;
    fake_env_init(&fake);
    fake.now = DUR_DAYS(1);
    struct silences *s = silences_make(&fake), *replica = silences_make(&fake);
    size_t changed, copied;
    struct err err = ERR_INIT;
    bool is_merged = silences_merge(s, str_from(bytes, n), &changed, &err);
    check(is_merged == (err.code == ERR_NONE));
    check(changed == silences_stats(s)->stored);
    struct buf ours = {0}, theirs = {0};
    silences_marshal(s, &ours);
    check(silences_merge(replica, buf_str(&ours), &copied, NULL));
    check(copied == changed);
    silences_marshal(replica, &theirs);
    check(str_eq(buf_str(&ours), buf_str(&theirs)));

    struct label_store store;
    label_store_init(&store, 1);
    struct label labels[] = {{S("a"), S("b")}, {S("x"), S("y")}, {S("job"), S("api")}};
    check_answers(s, &store, labels, 0);
    check_answers(s, &store, labels, 1);
    check_answers(s, &store, labels, 3);
    fake.now += DUR_DAYS(365);
    check_answers(s, &store, labels, 3);
    silences_gc(s);
    check_answers(s, &store, labels, 3);
    buf_done(&ours);
    buf_done(&theirs);
    silences_free(s);
    silences_free(replica);
    label_store_done(&store);
    fake_env_done(&fake);
    return 0;
}
