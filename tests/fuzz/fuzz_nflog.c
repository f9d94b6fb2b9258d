// SPDX-License-Identifier: Apache-2.0
// Records of the notification log from a peer: whatever is accepted is written as it came, and a
// replica that reads what we write holds the same.
#include "alertmanager/nflog.h"
#include "tests/support/fake_env.h"

static void check(bool claim)
{
    if (!claim)
        abort();
}

static struct nflog *log_new(struct fake_env *fake)
{
    struct nflog *log =
        nflog_new(&fake->env, &(struct nflog_options){.retention = DUR_HOURS(120)}, NULL, NULL);
    check(log != NULL);
    return log;
}

static void use_entries(struct nflog *log)
{
    struct arena mem = {0};
    const struct nflog_entry *e;
    for (size_t i = 0; (e = nflog_next(log, &i)) != NULL;) {
        struct nflog_receiver r = nflog_entry_receiver(e);
        check(nflog_find(log, nflog_entry_group_key(e), &r) == e);
        check(nflog_entry_has_firing(e, nflog_entry_firing(e), e->firing_count));
        check(nflog_entry_has_resolved(e, nflog_entry_resolved(e), e->resolved_count));
        struct nflog_data *data;
        nflog_entry_data(e, &mem, &data);
        check(e->notified_at <= e->timestamp);
    }
    arena_done(&mem);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct fake_env fake;
    fake_env_init(&fake);
    fake.now = DUR_DAYS(1); // little is expired
    struct nflog *log = log_new(&fake), *replica = log_new(&fake);
    size_t changed;
    struct err err = ERR_INIT;
    bool is_merged = nflog_merge(log, str_from(bytes, n), &changed, &err);
    check(is_merged == (err.code == ERR_NONE));
    check(changed == nflog_stats(log)->entries);
    use_entries(log);
    struct buf ours = {0}, theirs = {0};
    nflog_marshal(log, &ours);
    size_t copied;
    check(nflog_merge(replica, buf_str(&ours), &copied, NULL));
    check(copied == changed);
    nflog_marshal(replica, &theirs);
    check(str_eq(buf_str(&ours), buf_str(&theirs)));
    buf_done(&ours);
    buf_done(&theirs);
    nflog_free(log);
    nflog_free(replica);
    fake_env_done(&fake);
    return 0;
}
