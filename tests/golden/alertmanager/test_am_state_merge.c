// SPDX-License-Identifier: Apache-2.0
#include "alertmanager/nflog.h"
#include "alertmanager/silence_wire.h"
#include "base/text/pb.h"
#include "tests/golden/alertmanager/state_cases.h"
#include "tests/support/fake_env.h"

// Keys are made up: the whole key stands for the group key or the id. For both stores a state is
// written as records and compared as records.

static void put_nflog_record(struct buf *out, str key, time_ns timestamp, time_ns expires_at,
                             struct arena *mem)
{
    // A local write at that time gives the record.
    struct fake_env fake;
    fake_env_init(&fake);
    fake.now = timestamp;
    struct nflog_options opt = {.retention = expires_at - timestamp};
    struct nflog *log = nflog_new(&fake.env, &opt, NULL, NULL);
    struct nflog_write w = {.group_key = key, .receiver = {S("r"), S("webhook"), 0}};
    const struct nflog_entry *e = nflog_record(log, &w, NULL, NULL, NULL);
    pb_put_record(out, arena_str(mem, nflog_entry_record(e)));
    nflog_free(log);
    fake_env_done(&fake);
}

static void put_silence_record(struct buf *out, str key, time_ns updated_at, time_ns expires_at,
                               struct arena *mem)
{
    static const struct silence_matcher MATCHER = {MATCH_EQ, {"a", 1}, {"b", 1}};
    static const struct silence_matcher_set SET = {&MATCHER, 1};
    struct silence_input in = {.sets = &SET, .set_count = 1};
    struct silence_times times = {
        .starts_at = updated_at,
        .ends_at = expires_at,
        .updated_at = updated_at,
        .expires_at = expires_at,
    };
    struct buf record = {0};
    silence_encode(&in, key, &times, mem, &record);
    pb_put_record(out, buf_str(&record));
    buf_done(&record);
}

static void put_records(struct buf *out, const cJSON *state, bool is_nflog, time_ns now,
                        struct arena *mem)
{
    for (const cJSON *c = state ? state->child : NULL; c; c = c->next) {
        time_ns timestamp = case_time(c, "timestamp", now);
        time_ns expires_at = case_time(c, "expires_at", now);
        (is_nflog ? put_nflog_record : put_silence_record)(out, str_c(c->string), timestamp,
                                                           expires_at, mem);
    }
}

static const char *check_nflog(struct nflog *log, const cJSON *want, time_ns now, struct arena *mem)
{
    for (const cJSON *c = want->child; c; c = c->next) {
        struct nflog_receiver r = {S("r"), S("webhook"), 0};
        const struct nflog_entry *e = nflog_find(log, str_c(c->string), &r);
        if (!e || e->timestamp != case_time(c, "timestamp", now) ||
            e->expires_at != case_time(c, "expires_at", now))
            return case_fail(mem, "entry %s is missing or differs", c->string);
    }
    size_t count = nflog_stats(log)->entries, wanted = (size_t)cJSON_GetArraySize(want);
    return count == wanted ? NULL : case_fail(mem, "%zu entries, want %zu", count, wanted);
}

static const char *check_silences(struct silences *s, const cJSON *want, time_ns now,
                                  struct arena *mem)
{
    for (const cJSON *c = want->child; c; c = c->next) {
        const struct silence *silence = silences_find(s, str_c(c->string));
        if (!silence || silence->updated_at != case_time(c, "timestamp", now) ||
            silence->expires_at != case_time(c, "expires_at", now))
            return case_fail(mem, "silence %s is missing or differs", c->string);
    }
    size_t count = silences_stats(s)->stored, wanted = (size_t)cJSON_GetArraySize(want);
    return count == wanted ? NULL : case_fail(mem, "%zu silences, want %zu", count, wanted);
}

static const char *run_nflog(const cJSON *c, struct fake_env *fake, str have, str receive,
                             struct arena *mem)
{
    fake_file_set(fake, "nflog", have);
    struct nflog_options opt = {.path = S("nflog"), .retention = DUR_HOURS(120)};
    struct nflog *log = nflog_new(&fake->env, &opt, NULL, NULL);
    size_t changed;
    const char *why = NULL;
    if (case_get_bool(c, "gc")) {
        size_t removed = nflog_gc(log), want = (size_t)case_get_i64(c, "removed");
        if (removed != want)
            why = case_fail(mem, "removed %zu, want %zu", removed, want);
    } else if (!nflog_merge(log, receive, &changed, NULL)) {
        why = "merge failed";
    }
    why = why ? why : check_nflog(log, case_get(c, "result"), fake->now, mem);
    nflog_free(log);
    return why;
}

static const char *run_silences(const cJSON *c, struct fake_env *fake, str have, str receive,
                                struct arena *mem)
{
    fake_file_set(fake, "silences", have);
    struct silences_options opt = {.path = S("silences"), .retention = DUR_HOURS(120)};
    struct silences *s = silences_new(&fake->env, &opt, NULL, NULL);
    size_t changed;
    const char *why = NULL;
    if (case_get_bool(c, "gc")) {
        size_t removed = silences_gc(s), want = (size_t)case_get_i64(c, "removed");
        if (removed != want)
            why = case_fail(mem, "removed %zu, want %zu", removed, want);
    } else if (!silences_merge(s, receive, &changed, NULL)) {
        why = "merge failed";
    }
    why = why ? why : check_silences(s, case_get(c, "result"), fake->now, mem);
    silences_free(s);
    return why;
}

static const char *run(const cJSON *c, struct arena *mem)
{
    bool is_nflog = str_eq(case_get_text(c, "store", mem), S("nflog"));
    struct fake_env fake;
    fake_env_init(&fake);
    struct buf have = {0}, receive = {0};
    put_records(&have, case_get(c, "have"), is_nflog, fake.now, mem);
    put_records(&receive, case_get(c, "receive"), is_nflog, fake.now, mem);
    const char *why =
        (is_nflog ? run_nflog : run_silences)(c, &fake, buf_str(&have), buf_str(&receive), mem);
    buf_done(&have);
    buf_done(&receive);
    fake_env_done(&fake);
    return why;
}

static void cases(void **state)
{
    (void)state;
    case_file_run("am-state-merge", run);
}

int test_am_state_merge(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(cases)};
    return run_group("am-state-merge", tests);
}
