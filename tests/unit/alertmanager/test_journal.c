// SPDX-License-Identifier: Apache-2.0
#include "alertmanager/journal.h"

#include "alertmanager/journal_file.h"
#include "base/core/arena.h"
#include "base/text/pb.h"
#include "tests/support/check.h"
#include "tests/support/fake_env.h"

#define SNAPSHOT  "/data/kv"
#define JOURNAL_0 "/data/kv.journal"
#define JOURNAL_1 "/data/kv.journal.1"

// ---- a state to keep: 26 keys with versions, the higher one wins; a record is "k=version"
// -----------

#define KEYS 26

struct kv {
    struct fake_env fake;
    struct journal *journal;
    struct journal_report report;
    uint64_t versions[KEYS]; // 0: not there
    uint64_t durable[KEYS];  // what a callback has said to be on the disk
    size_t answers, errors;
    bool is_closed;
    struct arena writes; // struct kv_write
};

static bool kv_parse(str record, size_t *ret_key, uint64_t *ret_version)
{
    if (record.n < 3 || record.p[0] < 'a' || record.p[0] > 'z' || record.p[1] != '=')
        return false;
    *ret_key = (size_t)(record.p[0] - 'a');
    str version, padding;
    str_cut(str_skip(record, 2), ' ', &version, &padding);
    return str_to_u64(version, ret_version);
}

static bool kv_load(void *owner, enum journal_source from, str record, struct err *err)
{
    struct kv *kv = owner;
    size_t key;
    uint64_t version;
    if (!kv_parse(record, &key, &version))
        return err_set(err, ERR_SYNTAX, "no key and version");
    if (from == FROM_SNAPSHOT || version > kv->versions[key])
        kv->versions[key] = version;
    return true;
}

static void kv_marshal(void *owner, struct buf *out)
{
    struct kv *kv = owner;
    for (size_t i = 0; i < KEYS; i++) {
        char text[32];
        int n = snprintf(text, sizeof(text), "%c=%llu", (char)('a' + i),
                         (unsigned long long)kv->versions[i]);
        if (kv->versions[i])
            pb_put_record(out, str_from(text, (size_t)n));
    }
}

static void kv_open(struct kv *kv)
{
    memset(kv->versions, 0, sizeof(kv->versions));
    struct journal_options opt = {
        .path = S(SNAPSHOT),
        .kind = S("kv"),
        .hooks = {.load = kv_load, .marshal = kv_marshal, .owner = kv},
    };
    struct err err = ERR_INIT;
    kv->journal = journal_open(&kv->fake.env, &opt, &kv->report, &err);
    check_err(&err, "");
    assert_non_null(kv->journal);
}

static void kv_init(struct kv *kv)
{
    *kv = (struct kv){0};
    fake_env_init(&kv->fake);
    kv_open(kv);
}

// kill -9 and a new start on what the disk has.
static void kv_crash(struct kv *kv)
{
    journal_free(kv->journal);
    fake_env_reboot(&kv->fake);
    kv_open(kv);
}

static void kv_done(struct kv *kv)
{
    journal_free(kv->journal);
    fake_env_done(&kv->fake);
    arena_done(&kv->writes);
}

struct kv_write {
    struct kv *kv;
    uint64_t versions[KEYS]; // those it covers
};

static void kv_answered(void *owner, const struct err *err)
{
    struct kv_write *w = owner;
    w->kv->answers++;
    if (err->code == ERR_NONE) {
        for (size_t i = 0; i < KEYS; i++)
            w->kv->durable[i] = MAX(w->kv->durable[i], w->versions[i]);
    } else {
        w->kv->errors++;
    }
}

static struct kv_write *kv_write_new(struct kv *kv)
{
    struct kv_write *w = arena_new(&kv->writes, struct kv_write);
    w->kv = kv;
    memcpy(w->versions, kv->versions, sizeof(w->versions));
    return w;
}

static void kv_add(struct kv *kv, char key, uint64_t version)
{
    char text[32];
    int n = snprintf(text, sizeof(text), "%c=%llu", key, (unsigned long long)version);
    kv->versions[key - 'a'] = version;
    journal_add(kv->journal, str_from(text, (size_t)n));
}

static void kv_put(struct kv *kv, char key, uint64_t version)
{
    kv_add(kv, key, version);
    journal_commit(kv->journal, kv_answered, kv_write_new(kv));
}

static void kv_close_done(void *owner, const struct err *err)
{
    (void)err;
    ((struct kv *)owner)->is_closed = true;
}

static void check_all_durable_is_there(const struct kv *kv)
{
    for (size_t i = 0; i < KEYS; i++)
        assert_in_range(kv->versions[i], kv->durable[i], UINT64_MAX);
}

// ---- tests --------------------------------------------------------------------------------------

static void appended_records_survive_a_crash(void **state)
{
    (void)state;
    struct kv kv;
    kv_init(&kv);
    kv_put(&kv, 'a', 1);
    kv_put(&kv, 'b', 2);
    kv_put(&kv, 'a', 3);
    assert_int_equal(kv.answers, 0); // never inside the call
    fake_env_settle(&kv.fake);
    assert_int_equal(kv.answers, 3);
    assert_int_equal(kv.errors, 0);
    kv_crash(&kv);
    assert_int_equal(kv.versions[0], 3);
    assert_int_equal(kv.versions[1], 2);
    assert_int_equal(kv.report.journal_records, 3);
    assert_int_equal(kv.report.torn_bytes, 0);
    assert_int_equal(kv.report.damage.code, ERR_NONE);
    kv_done(&kv);
}

static void several_records_of_one_commit_have_one_answer(void **state)
{
    (void)state;
    struct kv kv;
    kv_init(&kv);
    kv_add(&kv, 'a', 1);
    kv_add(&kv, 'b', 1);
    kv_put(&kv, 'c', 1);
    fake_env_settle(&kv.fake);
    assert_int_equal(kv.answers, 1);
    kv_crash(&kv);
    assert_int_equal(kv.report.journal_records, 3);
    kv_done(&kv);
}

static void fold_writes_the_snapshot_and_empties_the_journal(void **state)
{
    (void)state;
    struct kv kv;
    kv_init(&kv);
    kv_put(&kv, 'a', 1);
    kv_put(&kv, 'z', 9);
    journal_fold(kv.journal, kv_answered, kv_write_new(&kv));
    fake_env_settle(&kv.fake);
    assert_int_equal(kv.answers, 3);
    check_str(buf_str(fake_file(&kv.fake, SNAPSHOT)), S("\003a=1\003z=9"));
    assert_int_equal(fake_file(&kv.fake, JOURNAL_0)->n, 0);
    assert_int_equal(fake_file(&kv.fake, JOURNAL_1)->n, JOURNAL_HEADER_BYTES);
    kv_put(&kv, 'b', 1);
    fake_env_settle(&kv.fake);
    kv_crash(&kv);
    assert_int_equal(kv.report.snapshot_records, 2);
    assert_int_equal(kv.report.journal_records, 1);
    assert_int_equal(kv.versions['z' - 'a'], 9);
    kv_done(&kv);
}

static void close_leaves_everything_in_the_snapshot(void **state)
{
    (void)state;
    struct kv kv;
    kv_init(&kv);
    kv_put(&kv, 'a', 1);
    kv_put(&kv, 'b', 2);
    journal_close(kv.journal, kv_close_done, &kv);
    fake_env_settle(&kv.fake);
    assert_true(kv.is_closed);
    assert_true(list_is_empty(&kv.fake.appenders));
    kv_crash(&kv);
    assert_int_equal(kv.report.snapshot_records, 2);
    assert_int_equal(kv.report.journal_records, 0);
    kv_done(&kv);
}

// Every prefix of a journal: what was whole is there, the rest is cut off, nothing is called
// damage, and what is appended afterwards is found.
static void a_journal_torn_at_any_byte_keeps_what_was_whole(void **state)
{
    (void)state;
    struct kv kv;
    kv_init(&kv);
    kv_put(&kv, 'a', 1);
    kv_put(&kv, 'b', 1);
    kv_put(&kv, 'c', 1);
    fake_env_settle(&kv.fake);
    struct buf whole = {0};
    buf_put(&whole, buf_str(fake_file(&kv.fake, JOURNAL_0)));
    kv_done(&kv);
    size_t frame = JOURNAL_FRAME_HEAD_BYTES + 3;
    assert_int_equal(whole.n, JOURNAL_HEADER_BYTES + 3 * frame);

    for (size_t cut = 0; cut <= whole.n; cut++) {
        size_t left = cut < JOURNAL_HEADER_BYTES ? 0 : (cut - JOURNAL_HEADER_BYTES) / frame;
        for (int zeros = 0; zeros <= 40; zeros += 40) {
            kv = (struct kv){0};
            fake_env_init(&kv.fake);
            fake_file_set(&kv.fake, JOURNAL_0, str_slice(buf_str(&whole), 0, cut));
            if (cut < whole.n)
                buf_put_fill(fake_file(&kv.fake, JOURNAL_0), '\0', (size_t)zeros);
            kv_open(&kv);
            assert_int_equal(kv.report.journal_records, left);
            assert_int_equal(kv.report.damage.code, ERR_NONE);
            kv_put(&kv, 'd', 7);
            fake_env_settle(&kv.fake);
            kv_crash(&kv);
            assert_int_equal(kv.report.journal_records, left + 1);
            assert_int_equal(kv.report.torn_bytes, 0);
            assert_int_equal(kv.versions[3], 7);
            kv_done(&kv);
        }
    }
    buf_done(&whole);
}

// Any byte of any file flipped: at most that record is lost; a copy is set aside, and a fold makes
// the files whole again.
static void a_flipped_byte_costs_one_record_at_most(void **state)
{
    (void)state;
    static const char *const PATHS[] = {SNAPSHOT, JOURNAL_0, JOURNAL_1};
    struct kv kv;
    kv_init(&kv);
    kv_put(&kv, 'a', 1);
    kv_put(&kv, 'b', 1);
    journal_fold(kv.journal, NULL, NULL);
    fake_env_settle(&kv.fake);
    kv_put(&kv, 'c', 1);
    kv_put(&kv, 'd', 1);
    kv_put(&kv, 'e', 1);
    fake_env_settle(&kv.fake);
    struct buf whole[3] = {{0}, {0}, {0}};
    for (size_t i = 0; i < 3; i++)
        buf_put(&whole[i], buf_str(fake_file(&kv.fake, PATHS[i])));
    kv_done(&kv);
    assert_int_equal(whole[1].n, 0);

    for (size_t file = 0; file < 3; file++) {
        for (size_t at = 0; at < whole[file].n; at++) {
            kv = (struct kv){0};
            fake_env_init(&kv.fake);
            for (size_t i = 0; i < 3; i++)
                fake_file_set(&kv.fake, PATHS[i], buf_str(&whole[i]));
            fake_file(&kv.fake, PATHS[file])->p[at] ^= '\x55';
            kv_open(&kv);
            size_t lost = 0;
            for (size_t i = 0; i < 5; i++)
                lost += kv.versions[i] != 1;
            // A snapshot's frames have no checksum: a broken length takes the rest with it.
            assert_in_range(lost, 0, file == 0 ? 2 : 1);
            bool is_torn = kv.report.torn_bytes > 0; // the last frame of a journal
            assert_true(is_torn || kv.report.damage.code != ERR_NONE);
            fake_env_settle(&kv.fake);
            assert_int_equal(fake_file_starting(&kv.fake, SNAPSHOT ".corrupt.") != NULL, file == 0);
            if (file == 2 && !is_torn)
                assert_non_null(fake_file_starting(&kv.fake, JOURNAL_1 ".corrupt."));
            uint64_t salvaged[KEYS];
            memcpy(salvaged, kv.versions, sizeof(salvaged));
            kv_crash(&kv);
            assert_int_equal(kv.report.damage.code, ERR_NONE);
            assert_memory_equal(kv.versions, salvaged, sizeof(salvaged));
            kv_done(&kv);
        }
    }
    for (size_t i = 0; i < 3; i++)
        buf_done(&whole[i]);
}

static void a_damaged_file_is_not_replaced_before_its_copy_is_there(void **state)
{
    (void)state;
    struct kv kv = {0};
    fake_env_init(&kv.fake);
    fake_file_set(&kv.fake, SNAPSHOT, S("\003a=1\003b=2\011c="));
    kv_open(&kv);
    assert_true(kv.report.is_snapshot_damaged);
    assert_int_equal(kv.report.snapshot_records, 2);
    check_err(&kv.report.damage, SNAPSHOT ": unexpected EOF");
    kv.fake.is_replace_failing = true;
    fake_env_settle(&kv.fake);
    check_str(buf_str(fake_file(&kv.fake, SNAPSHOT)), S("\003a=1\003b=2\011c="));
    kv.fake.is_replace_failing = false;
    journal_fold(kv.journal, kv_answered, kv_write_new(&kv));
    fake_env_settle(&kv.fake);
    assert_int_equal(kv.errors, 0);
    check_str(buf_str(fake_file(&kv.fake, SNAPSHOT)), S("\003a=1\003b=2"));
    check_str(buf_str(fake_file(&kv.fake, SNAPSHOT ".corrupt.1767571200")),
              S("\003a=1\003b=2\011c="));
    kv_done(&kv);
}

static void a_journal_of_another_kind_is_set_aside(void **state)
{
    (void)state;
    struct kv kv = {0};
    fake_env_init(&kv.fake);
    struct buf foreign = {0};
    journal_put_header(&foreign, S("other"), 5);
    journal_put_frame(&foreign, S("a=1"));
    fake_file_set(&kv.fake, JOURNAL_1, buf_str(&foreign));
    kv_open(&kv);
    assert_int_equal(kv.versions[0], 0);
    check_err(&kv.report.damage, JOURNAL_1 ": not a journal of this kind at byte 0");
    kv_put(&kv, 'b', 1);
    fake_env_settle(&kv.fake);
    struct fake_file *copy = fake_file_starting(&kv.fake, JOURNAL_1 ".corrupt.");
    assert_non_null(copy);
    check_str(buf_str(&copy->bytes), buf_str(&foreign));
    kv_crash(&kv);
    assert_int_equal(kv.report.damage.code, ERR_NONE);
    assert_int_equal(kv.versions[1], 1);
    buf_done(&foreign);
    kv_done(&kv);
}

// A life with appends, folds, and appends while a fold runs, as far as the disk's budget lets it.
static void kv_live(struct kv *kv)
{
    kv_open(kv);
    for (uint64_t round = 1; round <= 4; round++) {
        kv_put(kv, 'a', round);
        kv_put(kv, (char)('a' + round), round);
        fake_env_step(&kv->fake);
        journal_fold(kv->journal, kv_answered, kv_write_new(kv));
        for (uint64_t i = 0; i < 6 && !kv->fake.is_dead; i++) {
            kv_put(kv, 'k', round * 10 + i); // between any two steps of the fold
            fake_env_step(&kv->fake);
        }
        kv_put(kv, (char)('l' + round), round);
        if (!kv->fake.is_dead)
            fake_env_settle(&kv->fake);
    }
    journal_close(kv->journal, kv_close_done, kv);
    fake_env_settle(&kv->fake);
}

static void a_crash_at_any_byte_loses_nothing_acknowledged(void **state)
{
    (void)state;
    struct kv kv = {0};
    fake_env_init(&kv.fake);
    kv_live(&kv);
    assert_true(kv.is_closed);
    uint64_t total = kv.fake.disk_used;
    assert_in_range(total, 500, 100000);
    kv_done(&kv);

    for (uint64_t budget = 0; budget < total; budget++) {
        kv = (struct kv){0};
        fake_env_init(&kv.fake);
        kv.fake.disk_budget = budget;
        kv_live(&kv);
        assert_false(kv.is_closed);
        assert_int_equal(kv.errors, 0);
        kv_crash(&kv);
        assert_int_equal(kv.report.damage.code, ERR_NONE);
        check_all_durable_is_there(&kv);
        kv_put(&kv, 'y', 1); // life goes on
        journal_fold(kv.journal, kv_answered, kv_write_new(&kv));
        kv_put(&kv, 'z', 1);
        fake_env_settle(&kv.fake);
        kv_crash(&kv);
        assert_int_equal(kv.versions['y' - 'a'], 1);
        check_all_durable_is_there(&kv);
        kv_done(&kv);
    }
}

static void a_failed_fold_keeps_both_journals(void **state)
{
    (void)state;
    struct kv kv;
    kv_init(&kv);
    kv_put(&kv, 'a', 1);
    fake_env_settle(&kv.fake);
    kv.fake.is_replace_failing = true;
    for (uint64_t i = 2; i < 5; i++) {
        journal_fold(kv.journal, kv_answered, kv_write_new(&kv));
        kv_put(&kv, 'b', i);
        fake_env_settle(&kv.fake);
    }
    assert_int_equal(kv.errors, 3);
    assert_int_equal(journal_stats(kv.journal)->fold_errors, 3);
    assert_null(fake_file(&kv.fake, SNAPSHOT));
    kv_crash(&kv); // both have records
    assert_int_equal(kv.report.journal_records, 4);
    assert_int_equal(kv.versions[0], 1);
    assert_int_equal(kv.versions[1], 4);
    for (uint64_t i = 5; i < 8; i++) { // now they are folded one after the other
        journal_fold(kv.journal, kv_answered, kv_write_new(&kv));
        kv_put(&kv, 'b', i);
        fake_env_settle(&kv.fake);
    }
    assert_int_equal(kv.errors, 3);
    kv_crash(&kv);
    assert_int_equal(kv.report.snapshot_records, 2);
    assert_int_equal(kv.report.journal_records, 0);
    check_all_durable_is_there(&kv);
    kv_done(&kv);
}

static void a_full_disk_fails_the_appends_and_heals(void **state)
{
    (void)state;
    struct kv kv;
    kv_init(&kv);
    kv_put(&kv, 'a', 1);
    fake_env_settle(&kv.fake);
    kv.fake.is_disk_full = true;
    kv_put(&kv, 'b', 1);
    kv_put(&kv, 'c', 1);
    fake_env_settle(&kv.fake);
    assert_int_equal(kv.errors, 2);
    assert_true(journal_stats(kv.journal)->is_broken);
    kv_put(&kv, 'd', 1);
    fake_env_settle(&kv.fake);
    assert_int_equal(kv.errors, 3);
    kv.fake.is_disk_full = false;
    kv_put(&kv, 'e', 1); // a snapshot answers it, with all that was refused before
    fake_env_settle(&kv.fake);
    assert_int_equal(kv.errors, 3);
    assert_false(journal_stats(kv.journal)->is_broken);
    size_t replaced = kv.fake.replace_count;
    kv_put(&kv, 'f', 1);
    fake_env_settle(&kv.fake);
    assert_int_equal(kv.fake.replace_count, replaced); // appended again
    kv_crash(&kv);
    assert_int_equal(kv.report.damage.code, ERR_NONE);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(kv.versions[i], 1);
    kv_done(&kv);
}

static void a_start_on_a_full_disk_loads_and_heals(void **state)
{
    (void)state;
    struct kv kv = {0};
    fake_env_init(&kv.fake);
    fake_file_set(&kv.fake, SNAPSHOT, S("\003a=1"));
    kv.fake.is_disk_full = true;
    kv_open(&kv);
    assert_int_equal(kv.report.write.code, ERR_IO);
    assert_int_equal(kv.versions[0], 1);
    kv_put(&kv, 'b', 1);
    fake_env_settle(&kv.fake);
    assert_int_equal(kv.errors, 1);
    kv.fake.is_disk_full = false;
    kv_put(&kv, 'c', 1);
    kv_put(&kv, 'd', 1);
    fake_env_settle(&kv.fake);
    assert_int_equal(kv.errors, 1);
    kv_crash(&kv);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(kv.versions[i], 1);
    kv_done(&kv);
}

static void an_unreadable_file_is_an_error(void **state)
{
    (void)state;
    struct fake_env fake;
    fake_env_init(&fake);
    fake_file_set(&fake, JOURNAL_1, S(""));
    buf_put_fill(fake_file(&fake, JOURNAL_1), 'x', SNAPSHOT_BYTES_MAX + 1);
    struct kv kv = {0};
    struct journal_options opt = {
        .path = S(SNAPSHOT),
        .kind = S("kv"),
        .hooks = {.load = kv_load, .marshal = kv_marshal, .owner = &kv},
    };
    struct err err = ERR_INIT;
    assert_null(journal_open(&fake.env, &opt, NULL, &err));
    assert_int_equal(err.code, ERR_LIMIT);
    fake_env_done(&fake);
}

static void cancelled_callbacks_do_not_come_but_records_stay(void **state)
{
    (void)state;
    struct kv kv;
    kv_init(&kv);
    kv_add(&kv, 'a', 1);
    journal_commit(kv.journal, kv_close_done, &kv);
    journal_fold(kv.journal, kv_close_done, &kv);
    journal_cancel(kv.journal, &kv);
    fake_env_settle(&kv.fake);
    assert_false(kv.is_closed);
    kv_crash(&kv);
    assert_int_equal(kv.versions[0], 1);
    kv_done(&kv);
}

static void a_long_journal_is_folded_early(void **state)
{
    (void)state;
    struct kv kv;
    kv_init(&kv);
    struct buf record = {0};
    buf_put(&record, S("a=1 "));
    buf_put_fill(&record, '.', JOURNAL_FRAME_BYTES_MAX - record.n);
    kv.versions[0] = 1;
    for (int i = 0; i < 3; i++) {
        journal_add(kv.journal, buf_str(&record));
        journal_commit(kv.journal, NULL, NULL);
        fake_env_settle(&kv.fake);
    }
    assert_int_equal(kv.fake.replace_count, 0);
    journal_add(kv.journal, buf_str(&record));
    journal_commit(kv.journal, NULL, NULL);
    fake_env_settle(&kv.fake);
    assert_int_equal(kv.fake.replace_count, 1);
    assert_in_range(journal_stats(kv.journal)->journal_bytes, 1, 100);
    buf_done(&record);
    kv_done(&kv);
}

static void without_a_path_everything_succeeds(void **state)
{
    (void)state;
    struct kv kv = {0};
    fake_env_init(&kv.fake);
    struct journal_options opt = {
        .kind = S("kv"),
        .hooks = {.load = kv_load, .marshal = kv_marshal, .owner = &kv},
    };
    kv.journal = journal_open(&kv.fake.env, &opt, NULL, NULL);
    kv_put(&kv, 'a', 1);
    assert_int_equal(kv.answers, 0);
    journal_fold(kv.journal, kv_answered, kv_write_new(&kv));
    fake_env_settle(&kv.fake);
    assert_int_equal(kv.answers, 2);
    assert_int_equal(kv.errors, 0);
    journal_close(kv.journal, kv_close_done, &kv);
    fake_env_settle(&kv.fake);
    assert_true(kv.is_closed);
    assert_int_equal(kv.fake.file_count, 0);
    kv_done(&kv);
}

// ---- a framed snapshot, encoded in parts -------------------------------------------------------

static bool kv_marshal_part(void *owner, bool is_first, struct buf *out)
{
    static size_t next; // of the fold under way
    struct kv *kv = owner;
    next = is_first ? 0 : next;
    char text[32];
    int n = snprintf(text, sizeof(text), "%c=%llu", (char)('a' + next),
                     (unsigned long long)kv->versions[next]);
    if (kv->versions[next])
        journal_put_frame(out, str_from(text, (size_t)n));
    return ++next < KEYS;
}

static bool kv_load_any(void *owner, enum journal_source from, str record, struct err *err)
{
    (void)from;
    return kv_load(owner, FROM_JOURNAL, record, err);
}

static void kv_open_parts(struct kv *kv)
{
    memset(kv->versions, 0, sizeof(kv->versions));
    struct journal_options opt = {
        .path = S(SNAPSHOT),
        .kind = S("kv"),
        .is_framed = true,
        .hooks = {.load = kv_load_any, .marshal_part = kv_marshal_part, .owner = kv},
    };
    struct err err = ERR_INIT;
    kv->journal = journal_open(&kv->fake.env, &opt, &kv->report, &err);
    check_err(&err, "");
}

// Whatever is acknowledged before, between and after the parts is there after a crash at any byte.
static void a_fold_in_parts_loses_nothing_acknowledged(void **state)
{
    (void)state;
    bool was_cut = true;
    for (uint64_t budget = 0; was_cut; budget++) {
        struct kv kv = {0};
        fake_env_init(&kv.fake);
        kv.fake.disk_budget = budget;
        kv_open_parts(&kv);
        kv_put(&kv, 'a', 1);
        kv_put(&kv, 'z', 1);
        fake_env_settle(&kv.fake);
        journal_fold(kv.journal, kv_answered, kv_write_new(&kv));
        for (uint64_t i = 0; i < 10; i++) {
            fake_env_step(&kv.fake);
            kv_put(&kv, (char)('a' + i), 2 + i); // some encoded already, some not
            kv_put(&kv, (char)('z' - i), 2 + i);
        }
        fake_env_settle(&kv.fake);
        was_cut = kv.fake.is_dead;
        journal_free(kv.journal);
        fake_env_reboot(&kv.fake);
        kv_open_parts(&kv);
        for (size_t i = 0; i < KEYS; i++)
            assert_true(kv.versions[i] >= kv.durable[i]);
        kv_done(&kv);
    }
}

static void a_framed_snapshot_that_ends_early_is_damaged(void **state)
{
    (void)state;
    struct kv kv = {0};
    fake_env_init(&kv.fake);
    kv_open_parts(&kv);
    kv_put(&kv, 'a', 1);
    kv_put(&kv, 'b', 1);
    journal_fold(kv.journal, NULL, NULL);
    fake_env_settle(&kv.fake);
    fake_file(&kv.fake, SNAPSHOT)->n--;
    journal_free(kv.journal);
    fake_env_reboot(&kv.fake);
    kv_open_parts(&kv);
    assert_true(kv.report.is_snapshot_damaged);
    assert_int_equal(kv.versions[0], 1);
    assert_int_equal(kv.versions[1], 0);
    kv_done(&kv);
}

int test_journal(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(appended_records_survive_a_crash),
        cmocka_unit_test(several_records_of_one_commit_have_one_answer),
        cmocka_unit_test(fold_writes_the_snapshot_and_empties_the_journal),
        cmocka_unit_test(close_leaves_everything_in_the_snapshot),
        cmocka_unit_test(a_journal_torn_at_any_byte_keeps_what_was_whole),
        cmocka_unit_test(a_flipped_byte_costs_one_record_at_most),
        cmocka_unit_test(a_damaged_file_is_not_replaced_before_its_copy_is_there),
        cmocka_unit_test(a_journal_of_another_kind_is_set_aside),
        cmocka_unit_test(a_crash_at_any_byte_loses_nothing_acknowledged),
        cmocka_unit_test(a_failed_fold_keeps_both_journals),
        cmocka_unit_test(a_full_disk_fails_the_appends_and_heals),
        cmocka_unit_test(a_start_on_a_full_disk_loads_and_heals),
        cmocka_unit_test(an_unreadable_file_is_an_error),
        cmocka_unit_test(cancelled_callbacks_do_not_come_but_records_stay),
        cmocka_unit_test(a_long_journal_is_folded_early),
        cmocka_unit_test(without_a_path_everything_succeeds),
        cmocka_unit_test(a_fold_in_parts_loses_nothing_acknowledged),
        cmocka_unit_test(a_framed_snapshot_that_ends_early_is_damaged),
    };
    return run_group("journal", tests);
}
