// SPDX-License-Identifier: Apache-2.0
#include "alertmanager/nflog.h"

#include "base/core/rand.h"
#include "base/text/pb.h"
#include "tests/support/check.h"
#include "tests/support/fake_env.h"

// A peer: a log, what it has told the others, and which callbacks came.
struct peer {
    struct fake_env fake;
    struct nflog *log;
    struct journal_report report;
    struct buf sent; // every broadcast, one after another
    size_t merged, answers, errors;
};

static void peer_broadcast(void *owner, str records)
{
    buf_put(&((struct peer *)owner)->sent, records);
}

static void peer_merged(void *owner, const struct nflog_entry *e)
{
    assert_in_range(e->record_bytes, 1, NFLOG_RECORD_BYTES_MAX);
    ((struct peer *)owner)->merged++;
}

static void peer_answer(void *owner, const struct err *err)
{
    struct peer *p = owner;
    p->answers++;
    p->errors += err->code != ERR_NONE;
}

static void peer_open(struct peer *p)
{
    struct nflog_options opt = {
        .path = S("/data/nflog"),
        .retention = DUR_HOURS(120),
        .entries_max = 1000,
        .out = {.broadcast = peer_broadcast, .on_merged = peer_merged, .owner = p},
    };
    p->log = nflog_new(&p->fake.env, &opt, &p->report, NULL);
    assert_non_null(p->log);
}

static void peer_init(struct peer *p)
{
    *p = (struct peer){0};
    fake_env_init(&p->fake);
    peer_open(p);
}

static void peer_crash(struct peer *p)
{
    nflog_free(p->log);
    fake_env_reboot(&p->fake);
    peer_open(p);
}

static void peer_done(struct peer *p)
{
    nflog_free(p->log);
    fake_env_done(&p->fake);
    buf_done(&p->sent);
}

static const struct nflog_receiver RECEIVER = {{"team-X", 6}, {"webhook", 7}, 0};

static const struct nflog_entry *peer_write(struct peer *p, str key, const uint64_t *firing,
                                            size_t count)
{
    struct nflog_write w = {
        .group_key = key,
        .receiver = RECEIVER,
        .firing = firing,
        .firing_count = count,
        .expiry = DUR_HOURS(8),
    };
    const struct nflog_entry *e = nflog_record(p->log, &w, peer_answer, p, NULL);
    assert_non_null(e);
    return e;
}

static size_t peer_take(struct peer *p, str records)
{
    size_t changed;
    struct err err = ERR_INIT;
    nflog_merge(p->log, records, &changed, &err);
    check_err(&err, "");
    return changed;
}

static void a_write_is_found_durable_and_told(void **state)
{
    (void)state;
    struct peer p;
    peer_init(&p);
    const uint64_t firing[] = {7, 3, UINT64_MAX}, resolved[] = {9};
    const struct nflog_data data[] = {
        {.key = S("threadTs"), .kind = NFLOG_DATA_TEXT, .text = S("15.2")},
        {.key = S("channelId"), .kind = NFLOG_DATA_TEXT, .text = S("")},
        {.key = S("n"), .kind = NFLOG_DATA_INT, .integer = -5},
        {.key = S("d"), .kind = NFLOG_DATA_DOUBLE, .real = 1.5},
    };
    struct nflog_write w = {
        .group_key = S("{}:{a=\"1\"}"),
        .receiver = {S("pager/duty"), S("slack"), 3},
        .firing = firing,
        .firing_count = 3,
        .resolved = resolved,
        .resolved_count = 1,
        .data = data,
        .data_count = 4,
        .expiry = DUR_HOURS(8),
    };
    assert_non_null(nflog_record(p.log, &w, peer_answer, &p, NULL));
    assert_int_equal(p.answers, 0);
    fake_env_settle(&p.fake);
    assert_int_equal(p.answers, 1);
    assert_int_equal(p.errors, 0);
    peer_crash(&p);
    const struct nflog_entry *e = nflog_find(p.log, w.group_key, &w.receiver);
    assert_non_null(e);
    assert_int_equal(e->timestamp, p.fake.now);
    assert_int_equal(e->expires_at, p.fake.now + DUR_HOURS(8));
    const uint64_t want[] = {3, 7, UINT64_MAX};
    assert_int_equal(e->firing_count, 3);
    assert_memory_equal(nflog_entry_firing(e), want, sizeof(want));
    assert_int_equal(nflog_entry_resolved(e)[0], 9);
    assert_true(nflog_entry_has_firing(e, firing, 3));
    assert_false(nflog_entry_has_firing(e, resolved, 1));
    assert_true(nflog_entry_has_resolved(e, resolved, 1));
    struct arena mem = {0};
    struct nflog_data *got;
    assert_int_equal(nflog_entry_data(e, &mem, &got), 4);
    check_str(got[0].key, S("channelId"));
    assert_int_equal(got[0].kind, NFLOG_DATA_TEXT);
    assert_true(got[1].real == 1.5);
    assert_int_equal(got[2].integer, -5);
    check_str(got[3].text, S("15.2"));
    arena_done(&mem);
    // The broadcast is the stored record with its length in front.
    str stream = buf_str(&p.sent), record;
    assert_int_equal(pb_take_record(&stream, 1000, &record, NULL), PB_RECORD);
    check_str(record, nflog_entry_record(e));
    assert_int_equal(stream.n, 0);
    peer_done(&p);
}

static void keys_differ_in_each_part(void **state)
{
    (void)state;
    struct peer p;
    peer_init(&p);
    peer_write(&p, S("k"), NULL, 0);
    struct nflog_receiver r = RECEIVER;
    assert_non_null(nflog_find(p.log, S("k"), &r));
    assert_null(nflog_find(p.log, S("k2"), &r));
    r.idx = 1;
    assert_null(nflog_find(p.log, S("k"), &r));
    r = RECEIVER;
    r.integration = S("email");
    assert_null(nflog_find(p.log, S("k"), &r));
    r = RECEIVER;
    r.name = S("team-Y");
    assert_null(nflog_find(p.log, S("k"), &r));
    assert_int_equal(nflog_stats(p.log)->queries, 5);
    assert_int_equal(nflog_stats(p.log)->query_misses, 4);
    peer_done(&p);
}

static void the_newer_of_two_spellings_of_a_group_counts(void **state)
{
    (void)state;
    struct peer p;
    peer_init(&p);
    str ours = S("{}:{a=\"1\", a1=\"2\"}"), old = S("{}:{a1=\"2\", a=\"1\"}");
    peer_write(&p, old, NULL, 0);
    assert_null(nflog_find(p.log, ours, &RECEIVER));
    check_str(nflog_entry_group_key(nflog_find_either(p.log, ours, old, &RECEIVER)), old);
    p.fake.now++;
    peer_write(&p, ours, NULL, 0);
    check_str(nflog_entry_group_key(nflog_find_either(p.log, ours, old, &RECEIVER)), ours);
    peer_done(&p);
}

// A peer whose clock is behind replaces the entry of one that is ahead, everywhere, and no decision
// about repeating is delayed by the future timestamp.
static void clocks_that_differ_block_nobody(void **state)
{
    (void)state;
    struct peer ahead, behind;
    peer_init(&ahead);
    peer_init(&behind);
    ahead.fake.now += DUR_MINUTES(10);
    const uint64_t one = 1, two = 2;
    peer_write(&ahead, S("k"), &one, 1);
    assert_int_equal(peer_take(&behind, buf_str(&ahead.sent)), 1);
    assert_int_equal(nflog_stats(behind.log)->merge_ahead, 1);
    const struct nflog_entry *e = nflog_find(behind.log, S("k"), &RECEIVER);
    assert_int_equal(e->timestamp, ahead.fake.now);
    assert_int_equal(e->notified_at, behind.fake.now);

    behind.fake.now += DUR_SECONDS(30);
    e = peer_write(&behind, S("k"), &two, 1);
    assert_in_range(e->timestamp, ahead.fake.now + 1, ahead.fake.now + NFLOG_STEP_MAX);
    assert_int_equal(e->notified_at, behind.fake.now);
    assert_int_equal(e->expires_at, behind.fake.now + DUR_HOURS(8));
    assert_int_equal(peer_take(&ahead, buf_str(&behind.sent)), 1);
    assert_true(nflog_entry_has_firing(nflog_find(ahead.log, S("k"), &RECEIVER), &two, 1));
    peer_done(&ahead);
    peer_done(&behind);
}

static void a_timestamp_that_nothing_could_replace_is_refused(void **state)
{
    (void)state;
    struct peer bad, p;
    peer_init(&bad);
    peer_init(&p);
    bad.fake.now = NFLOG_TIMESTAMP_MAX + 1;
    peer_write(&bad, S("k"), NULL, 0);
    assert_int_equal(peer_take(&p, buf_str(&bad.sent)), 0);
    assert_int_equal(nflog_stats(p.log)->merge_refused, 1);
    peer_done(&bad);
    peer_done(&p);
}

static void of_equal_timestamps_the_first_stays(void **state)
{
    (void)state;
    struct peer a, b;
    peer_init(&a);
    peer_init(&b);
    const uint64_t one = 1, two = 2;
    peer_write(&a, S("k"), &one, 1);
    peer_write(&b, S("k"), &two, 1);
    assert_int_equal(peer_take(&a, buf_str(&b.sent)), 0);
    assert_true(nflog_entry_has_firing(nflog_find(a.log, S("k"), &RECEIVER), &one, 1));
    assert_int_equal(a.merged, 0);
    peer_done(&a);
    peer_done(&b);
}

static void a_merge_is_all_or_nothing(void **state)
{
    (void)state;
    struct peer a, b;
    peer_init(&a);
    peer_init(&b);
    peer_write(&a, S("k1"), NULL, 0);
    peer_write(&a, S("k2"), NULL, 0);
    buf_put(&a.sent, S("\002\x0a\x00"));
    size_t changed = 9;
    struct err err = ERR_INIT;
    assert_false(nflog_merge(b.log, buf_str(&a.sent), &changed, &err));
    check_err(&err, "invalid state");
    assert_int_equal(changed, 0);
    assert_int_equal(nflog_stats(b.log)->entries, 0);
    a.sent.n -= 1;
    assert_false(nflog_merge(b.log, buf_str(&a.sent), &changed, &err));
    check_err(&err, "unexpected EOF");
    assert_int_equal(nflog_stats(b.log)->merge_errors, 2);
    a.sent.n -= 2;
    assert_int_equal(peer_take(&b, buf_str(&a.sent)), 2);
    assert_int_equal(b.merged, 2);
    assert_int_equal(peer_take(&b, buf_str(&a.sent)), 0); // nothing new in it
    peer_done(&a);
    peer_done(&b);
}

static void merged_records_survive_a_crash_as_they_came(void **state)
{
    (void)state;
    struct peer p;
    peer_init(&p);
    // group_key "k", an empty receiver, an unknown field 20 in the entry; expires_at 2036.
    str record = S("\012\010\012\001k\022\000\240\001\005\022\006\010\200\256\231\244\017");
    struct buf stream = {0};
    pb_put_record(&stream, record);
    assert_int_equal(peer_take(&p, buf_str(&stream)), 1);
    fake_env_settle(&p.fake);
    peer_crash(&p);
    struct nflog_receiver nobody = {S(""), S(""), 0};
    const struct nflog_entry *e = nflog_find(p.log, S("k"), &nobody);
    assert_non_null(e);
    assert_int_equal(e->timestamp, 0); // it had none
    check_str(nflog_entry_record(e), record);
    struct buf all = {0};
    nflog_marshal(p.log, &all);
    check_str(buf_str(&all), buf_str(&stream));
    buf_done(&all);
    buf_done(&stream);
    peer_done(&p);
}

static void peers_records_are_bounded_own_ones_always_fit(void **state)
{
    (void)state;
    struct peer a, b;
    peer_init(&a);
    peer_init(&b);
    for (int i = 0; i < 1005; i++) {
        char key[16];
        int n = snprintf(key, sizeof(key), "k%d", i);
        peer_write(&a, str_from(key, (size_t)n), NULL, 0);
    }
    assert_int_equal(nflog_stats(a.log)->entries, 1005);
    assert_int_equal(peer_take(&b, buf_str(&a.sent)), 1000);
    assert_int_equal(nflog_stats(b.log)->merge_over_limit, 5);
    peer_write(&b, S("own"), NULL, 0);
    assert_int_equal(nflog_stats(b.log)->entries, 1001);
    peer_done(&a);
    peer_done(&b);
}

static void an_entry_past_the_limit_is_refused(void **state)
{
    (void)state;
    struct peer p;
    peer_init(&p);
    size_t count = NFLOG_RECORD_BYTES_MAX / 10 + 1;
    uint64_t *hashes = test_malloc(count * sizeof(*hashes));
    for (size_t i = 0; i < count; i++)
        hashes[i] = UINT64_MAX - i;
    struct nflog_write w = {
        .group_key = S("k"), .receiver = RECEIVER, .firing = hashes, .firing_count = count};
    struct err err = ERR_INIT;
    assert_null(nflog_record(p.log, &w, peer_answer, &p, &err));
    assert_int_equal(err.code, ERR_LIMIT);
    w.firing_count = count - 100;
    assert_non_null(nflog_record(p.log, &w, peer_answer, &p, &err));
    fake_env_settle(&p.fake);
    assert_int_equal(p.answers, 1);
    peer_crash(&p);
    assert_true(nflog_entry_has_firing(nflog_find(p.log, S("k"), &RECEIVER), hashes, count - 100));
    test_free(hashes);
    peer_done(&p);
}

static void expired_entries_are_served_until_collected(void **state)
{
    (void)state;
    struct peer p;
    peer_init(&p);
    peer_write(&p, S("short"), NULL, 0); // 8 hours
    struct nflog_write w = {.group_key = S("long"), .receiver = RECEIVER, .expiry = DUR_DAYS(30)};
    const struct nflog_entry *e = nflog_record(p.log, &w, NULL, NULL, NULL);
    assert_int_equal(e->expires_at, p.fake.now + DUR_HOURS(120)); // the retention
    fake_env_advance(&p.fake, DUR_HOURS(8) - 1);
    assert_int_equal(nflog_gc(p.log), 0);
    fake_env_advance(&p.fake, 1);
    assert_non_null(nflog_find(p.log, S("short"), &RECEIVER));
    assert_int_equal(nflog_gc(p.log), 1);
    assert_null(nflog_find(p.log, S("short"), &RECEIVER));
    assert_int_equal(nflog_stats(p.log)->record_bytes,
                     nflog_find(p.log, S("long"), &RECEIVER)->record_bytes);
    nflog_maintain(p.log, peer_answer, &p);
    fake_env_settle(&p.fake);
    peer_crash(&p);
    assert_int_equal(p.report.snapshot_records, 1);
    assert_int_equal(p.report.journal_records, 0);
    peer_done(&p);
}

// Replaying the journal must not bring back what a later record replaced, even if that one has
// expired since.
static void an_expired_record_of_the_journal_still_counts(void **state)
{
    (void)state;
    struct peer p;
    peer_init(&p);
    const uint64_t one = 1;
    struct nflog_write w = {
        .group_key = S("k"), .receiver = RECEIVER, .firing = &one, .firing_count = 1};
    nflog_record(p.log, &w, NULL, NULL, NULL); // 120 hours
    nflog_maintain(p.log, NULL, NULL);
    fake_env_settle(&p.fake);
    p.fake.now++;
    peer_write(&p, S("k"), NULL, 0); // resolved; 8 hours
    fake_env_settle(&p.fake);
    p.fake.now += DUR_HOURS(20);
    peer_crash(&p);
    assert_int_equal(p.report.snapshot_records, 1);
    assert_int_equal(nflog_find(p.log, S("k"), &RECEIVER)->firing_count, 0);
    peer_done(&p);
}

static void a_failing_disk_is_reported_but_the_peers_know(void **state)
{
    (void)state;
    struct peer p;
    peer_init(&p);
    fake_env_settle(&p.fake);
    p.fake.is_disk_full = true;
    peer_write(&p, S("k"), NULL, 0);
    fake_env_settle(&p.fake);
    assert_int_equal(p.errors, 1);
    assert_true(p.sent.n > 0);
    assert_non_null(nflog_find(p.log, S("k"), &RECEIVER));
    nflog_cancel(p.log, &p);
    peer_done(&p);
}

// Random writes and gossip in random order, some of it lost: after one exchange of full states all
// peers hold the same records.
static void replicas_converge(void **state)
{
    (void)state;
    enum { PEERS = 3, KEYS = 8 };
    for (uint64_t seed = 1; seed <= 50; seed++) {
        struct peer peers[PEERS];
        struct rand rand;
        rand_seed(&rand, seed);
        for (int i = 0; i < PEERS; i++) {
            peer_init(&peers[i]);
            peers[i].fake.now += (time_ns)rand_below(&rand, DUR_MINUTES(20));
        }
        for (int step = 0; step < 100; step++) {
            size_t who = rand_below(&rand, PEERS), to = rand_below(&rand, PEERS);
            uint64_t hash = rand_below(&rand, 5);
            char key[2] = {'k', (char)('0' + rand_below(&rand, KEYS))};
            peers[who].fake.now += (time_ns)rand_below(&rand, DUR_SECONDS(5));
            buf_clear(&peers[who].sent);
            peer_write(&peers[who], str_from(key, 2), &hash, 1);
            peer_take(&peers[to], buf_str(&peers[who].sent));
        }
        struct buf full[PEERS] = {{0}};
        for (int round = 0; round < 2; round++) {
            for (int i = 0; i < PEERS; i++) {
                buf_clear(&full[i]);
                nflog_marshal(peers[i].log, &full[i]);
            }
            for (int i = 0; i < PEERS * PEERS; i++)
                peer_take(&peers[i % PEERS], buf_str(&full[i / PEERS]));
        }
        for (size_t c = 0, e = 0; e < nflog_stats(peers[0].log)->entries; e++) {
            const struct nflog_entry *first = nflog_next(peers[0].log, &c);
            for (int i = 1; i < PEERS; i++) {
                struct nflog_receiver r = nflog_entry_receiver(first);
                const struct nflog_entry *other =
                    nflog_find(peers[i].log, nflog_entry_group_key(first), &r);
                check_str(nflog_entry_record(other), nflog_entry_record(first));
            }
        }
        for (int i = 0; i < PEERS; i++) {
            buf_done(&full[i]);
            peer_done(&peers[i]);
        }
    }
}

static void an_entry_for_one_alert_is_small(void **state)
{
    (void)state;
    struct peer p;
    peer_init(&p);
    const uint64_t hash = 0x6d0094b4225732f4;
    const struct nflog_entry *e = peer_write(
        &p,
        S("{}/{severity=\"critical\",team=\"platform\"}:{alertname=\"DiskFull\", job=\"node\"}"),
        &hash, 1);
    size_t table = 16 + 8, malloc_head = 16;
    assert_in_range(sizeof(*e) + 8 + e->record_bytes + table + malloc_head, 200, 300);
    peer_done(&p);
}

int test_nflog(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_write_is_found_durable_and_told),
        cmocka_unit_test(keys_differ_in_each_part),
        cmocka_unit_test(the_newer_of_two_spellings_of_a_group_counts),
        cmocka_unit_test(clocks_that_differ_block_nobody),
        cmocka_unit_test(a_timestamp_that_nothing_could_replace_is_refused),
        cmocka_unit_test(of_equal_timestamps_the_first_stays),
        cmocka_unit_test(a_merge_is_all_or_nothing),
        cmocka_unit_test(merged_records_survive_a_crash_as_they_came),
        cmocka_unit_test(peers_records_are_bounded_own_ones_always_fit),
        cmocka_unit_test(an_entry_past_the_limit_is_refused),
        cmocka_unit_test(expired_entries_are_served_until_collected),
        cmocka_unit_test(an_expired_record_of_the_journal_still_counts),
        cmocka_unit_test(a_failing_disk_is_reported_but_the_peers_know),
        cmocka_unit_test(replicas_converge),
        cmocka_unit_test(an_entry_for_one_alert_is_small),
    };
    return run_group("nflog", tests);
}
