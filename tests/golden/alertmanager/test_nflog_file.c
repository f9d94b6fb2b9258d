// SPDX-License-Identifier: Apache-2.0
// Real state files, written by another implementation at its shutdown: what they hold, and that
// what we write in their place is the same records.
#define BANNED_ALLOW_IMPURE
#include "alertmanager/nflog.h"
#include "alertmanager/silence_wire.h"
#include "base/text/pb.h"
#include "tests/golden/alertmanager/state_cases.h"
#include "tests/support/fake_env.h"

static bool read_binary(const char *name, struct buf *out)
{
    struct arena mem = {0};
    FILE *f = fopen(case_path(&mem, name), "rb");
    arena_done(&mem);
    if (!f)
        return false;
    char piece[4096];
    for (size_t n; (n = fread(piece, 1, sizeof(piece), f)) > 0;)
        buf_put(out, str_from(piece, n));
    fclose(f);
    return true;
}

static time_ns time_of(const cJSON *object, const char *key)
{
    const cJSON *t = case_get(object, key);
    return DUR_SECONDS(case_get_i64(t, "seconds")) + case_get_i64(t, "nanos");
}

static void check_hashes(const cJSON *want, const uint64_t *sorted, size_t count)
{
    size_t wanted = want ? (size_t)cJSON_GetArraySize(want) : 0;
    assert_int_equal(count, wanted);
    for (const cJSON *v = want ? want->child : NULL; v; v = v->next) {
        uint64_t hash = strtoull(v->valuestring, NULL, 10);
        bool is_there = false;
        for (size_t i = 0; i < count; i++)
            is_there |= sorted[i] == hash;
        assert_true(is_there);
    }
}

static void check_entry(struct nflog *log, const cJSON *record, struct arena *mem)
{
    const cJSON *decoded = case_get(record, "decoded"), *entry = case_get(decoded, "entry");
    const cJSON *receiver = case_get(entry, "receiver");
    struct nflog_receiver r = {case_get_text(receiver, "group_name", mem),
                               case_get_text(receiver, "integration", mem),
                               (uint32_t)case_get_i64(receiver, "idx")};
    const struct nflog_entry *e = nflog_find(log, case_get_text(entry, "group_key", mem), &r);
    assert_non_null(e);
    check_str(nflog_entry_record(e), case_get_hex(record, "message_hex", mem));
    assert_int_equal(e->timestamp, time_of(entry, "timestamp"));
    assert_int_equal(e->expires_at, time_of(decoded, "expires_at"));
    check_hashes(case_get(entry, "firing_alerts"), nflog_entry_firing(e), e->firing_count);
    check_hashes(case_get(entry, "resolved_alerts"), nflog_entry_resolved(e), e->resolved_count);
}

static void closed(void *owner, const struct err *err)
{
    assert_int_equal(err->code, ERR_NONE);
    *(bool *)owner = true;
}

static void the_log_is_read_and_written_back(void **state)
{
    (void)state;
    struct case_file f = case_file_open("nflog-0.25");
    struct buf file = {0};
    if (!f.root || !read_binary("nflog-0.25.bin", &file)) {
        case_file_close(&f);
        skip();
        return;
    }
    struct fake_env fake;
    fake_env_init(&fake);
    fake_file_set(&fake, "nflog", buf_str(&file));
    struct journal_report report;
    struct nflog_options opt = {.path = S("nflog"), .retention = DUR_HOURS(120)};
    struct nflog *log = nflog_new(&fake.env, &opt, &report, NULL);
    assert_int_equal(report.damage.code, ERR_NONE);
    struct arena mem = {0};
    size_t count = 0;
    for (const cJSON *r = case_get(f.root, "entries")->child; r; r = r->next, count++)
        check_entry(log, r, &mem);
    assert_int_equal(nflog_stats(log)->entries, count);
    print_message("nflog-0.25: %zu entries\n", count);

    bool is_closed = false;
    nflog_close(log, closed, &is_closed);
    fake_env_settle(&fake);
    assert_true(is_closed);
    check_str(buf_str(fake_file(&fake, "nflog")), buf_str(&file));
    nflog_free(log);
    arena_done(&mem);
    fake_env_done(&fake);
    buf_done(&file);
    case_file_close(&f);
}

static enum matcher_op op_of(const cJSON *matcher)
{
    static const char *const NAMES[] = {"EQUAL", "NOT_EQUAL", "REGEXP", "NOT_REGEXP"};
    size_t op = 0;
    while (op < ARRAY_LEN(NAMES) - 1 &&
           strcmp(NAMES[op], case_get(matcher, "type")->valuestring) != 0)
        op++;
    return (enum matcher_op)op;
}

static void check_silence(struct silences *s, const cJSON *record, time_ns now, struct arena *mem)
{
    const cJSON *decoded = case_get(record, "decoded"), *want = case_get(decoded, "silence");
    const struct silence *got = silences_find(s, case_get_text(want, "id", mem));
    assert_non_null(got);
    assert_int_equal(got->starts_at, time_of(want, "starts_at"));
    assert_int_equal(got->ends_at, time_of(want, "ends_at"));
    assert_int_equal(got->updated_at, time_of(want, "updated_at"));
    assert_int_equal(got->expires_at, time_of(decoded, "expires_at"));
    check_str(got->created_by, case_get_text(want, "created_by", mem));
    check_str(got->comment, case_get_text(want, "comment", mem));
    check_str(silence_state_str(silence_state(got, now)),
              case_get_text(record, "state_on_2026-11-23", mem));
    assert_false(got->is_inert);
    assert_int_equal(got->set_count, 1);
    size_t i = 0;
    for (const cJSON *m = case_get(want, "matchers")->child; m; m = m->next, i++) {
        assert_int_equal(got->sets[0].items[i].op, op_of(m));
        check_str(got->sets[0].items[i].name, case_get_text(m, "name", mem));
        check_str(got->sets[0].items[i].value, case_get_text(m, "pattern", mem));
    }
    assert_int_equal(got->sets[0].count, i);
}

static void the_silences_are_read_and_written_back(void **state)
{
    (void)state;
    struct case_file f = case_file_open("silences-0.25");
    struct buf file = {0};
    if (!f.root || !read_binary("silences-0.25.bin", &file)) {
        case_file_close(&f);
        skip();
        return;
    }
    struct fake_env fake;
    fake_env_init(&fake);
    fake.now = DUR_SECONDS(1795392000); // 2026-11-23T00:00:00Z
    fake_file_set(&fake, "silences", buf_str(&file));
    struct journal_report report;
    struct silences_options opt = {.path = S("silences"), .retention = DUR_HOURS(120)};
    struct silences *s = silences_new(&fake.env, &opt, &report, NULL);
    assert_int_equal(report.damage.code, ERR_NONE);
    struct arena mem = {0};
    size_t count = 0;
    for (const cJSON *r = case_get(f.root, "silences")->child; r; r = r->next, count++)
        check_silence(s, r, fake.now, &mem);
    assert_int_equal(silences_stats(s)->stored, count);
    print_message("silences-0.25: %zu silences\n", count);

    // Written back, each record is the old one plus the set in today's form.
    struct buf written = {0};
    silences_marshal(s, &written);
    str stream = buf_str(&written), record;
    for (const cJSON *r = case_get(f.root, "silences")->child; r; r = r->next) {
        assert_int_equal(pb_take_record(&stream, SILENCE_RECORD_BYTES_MAX, &record, NULL),
                         PB_RECORD);
        struct silence_stored *old =
            silence_decode(case_get_hex(r, "message_hex", &mem), &mem, NULL);
        check_str(record, old->record);
        silence_stored_free(old);
    }
    assert_int_equal(stream.n, 0);
    silences_free(s);
    buf_done(&written);
    arena_done(&mem);
    fake_env_done(&fake);
    buf_done(&file);
    case_file_close(&f);
}

int test_nflog_file(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_log_is_read_and_written_back),
        cmocka_unit_test(the_silences_are_read_and_written_back),
    };
    return run_group("state files", tests);
}
