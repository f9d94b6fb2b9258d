// SPDX-License-Identifier: Apache-2.0
#include "alertmanager/silence_wire.h"
#include "base/text/pb.h"
#include "tests/golden/alertmanager/state_cases.h"
#include "tests/support/fake_env.h"

#define NOW ((time_ns)DUR_SECONDS(1767571200))

static enum name_mode case_mode(const cJSON *c, struct arena *mem)
{
    return str_eq(case_get_text(c, "mode", mem), S("utf8")) ? NAME_UTF8 : NAME_CLASSIC;
}

static const char *check_outcome(const cJSON *c, bool is_valid, const struct err *err,
                                 struct arena *mem)
{
    str want = case_get_text(c, "error", mem);
    if (want.n == 0)
        return is_valid ? NULL : case_fail(mem, "refused: %.*s", STR(err_str(err)));
    if (is_valid)
        return case_fail(mem, "accepted, want: %.*s", STR(want));
    if (str_find_str(err_str(err), want) != STR_NONE)
        return NULL;
    return case_fail(mem, "error is: %.*s, want: %.*s", STR(err_str(err)), STR(want));
}

static const char *run_validate(const cJSON *c, struct arena *mem)
{
    struct silence_input in = case_silence(case_get(c, "silence"), NOW, mem);
    struct err err = ERR_INIT;
    bool is_valid = silence_check(&in, case_mode(c, mem), &err);
    return check_outcome(c, is_valid, &err, mem);
}

static const char *run_validate_matcher(const cJSON *c, struct arena *mem)
{
    struct silence_matcher items[] = {case_matcher(case_get(c, "matcher"), mem),
                                      {MATCH_EQ, S("never"), S("empty")}};
    struct silence_matcher_set set = {items, 2};
    struct silence_input in = {.sets = &set, .set_count = 1, .starts_at = NOW, .ends_at = NOW + 1};
    struct err err = ERR_INIT;
    bool is_valid = silence_check(&in, case_mode(c, mem), &err);
    return check_outcome(c, is_valid, &err, mem);
}

static const char *run_can_update(const cJSON *c, struct arena *mem)
{
    struct silence_input old = case_silence(case_get(c, "old"), NOW, mem);
    struct silence_input in = case_silence(case_get(c, "new"), NOW, mem);
    struct silence s = {.starts_at = old.starts_at, .ends_at = old.ends_at};
    bool can = silence_can_update(&s, &in, NOW);
    return can == case_get_bool(c, "ok") ? NULL : "wrong answer";
}

static const char *run_state(const cJSON *c, struct arena *mem)
{
    struct silence s = {.starts_at = case_time(c, "starts_at", NOW),
                        .ends_at = case_time(c, "ends_at", NOW)};
    str got = silence_state_str(silence_state(&s, NOW));
    return str_eq(got, case_get_text(c, "state", mem)) ? NULL : case_fail(mem, "%.*s", STR(got));
}

static const char *run_has_state(const cJSON *c, struct arena *mem)
{
    const cJSON *silence = case_get(c, "silence"), *state;
    struct silence s = {.starts_at = case_time(silence, "starts_at", NOW),
                        .ends_at = case_time(silence, "ends_at", NOW)};
    str got = silence_state_str(silence_state(&s, NOW));
    bool result = false;
    cJSON_ArrayForEach(state, case_get(c, "states")) result |= str_eq(got, case_text(state, mem));
    return result == case_get_bool(c, "result") ? NULL : case_fail(mem, "it is %.*s", STR(got));
}

// Through the wire: encoded as asked for, then decoded.
static struct silence_stored *stored_from(const cJSON *v, struct arena *mem)
{
    struct silence_input in = case_silence(v, NOW, mem);
    struct silence_times times = {NOW, NOW + DUR_HOURS(1), NOW, NOW + DUR_HOURS(2)};
    struct buf record = {0};
    silence_encode(&in, S("id"), &times, mem, &record);
    struct silence_stored *s = silence_decode(buf_str(&record), mem, NULL);
    buf_done(&record);
    assert_non_null(s);
    return s;
}

static const char *run_matches(const cJSON *c, struct arena *mem)
{
    struct label labels[16];
    size_t count = 0;
    for (const cJSON *l = case_get(c, "labels")->child; l; l = l->next)
        labels[count++] = (struct label){str_c(l->string), case_text(l, mem)};
    struct label_store store;
    label_store_init(&store, 1);
    struct labels *set = labels_get(&store, labels, count);
    struct silence_stored *s = stored_from(case_get(c, "silence"), mem);
    bool result = silence_matches(&s->pub, set);
    silence_stored_free(s);
    labels_unref(set);
    label_store_done(&store);
    return result == case_get_bool(c, "result") ? NULL : "wrong answer";
}

static const char *check_sets(const struct silence *s, const cJSON *want, struct arena *mem)
{
    struct silence_input in = case_silence(want, NOW, mem);
    if (s->set_count != in.set_count)
        return case_fail(mem, "%zu sets, want %zu", s->set_count, in.set_count);
    for (size_t i = 0; i < in.set_count; i++) {
        if (s->sets[i].count != in.sets[i].count)
            return "a set has another size";
        for (size_t k = 0; k < in.sets[i].count; k++) {
            const struct silence_matcher *w = &in.sets[i].items[k];
            const struct matcher *m = &s->sets[i].items[k];
            if (m->op != w->op || !str_eq(m->name, w->name) || !str_eq(m->value, w->value))
                return "a matcher differs";
        }
    }
    return NULL;
}

// Both directions end in the same two forms: what is kept, and the record with the first set twice.
static const char *run_convert(const cJSON *c, struct arena *mem)
{
    const cJSON *from = case_get(c, "from");
    struct silence_stored *s = stored_from(from, mem);
    const cJSON *want = case_get(c, "to");
    const char *why = check_sets(&s->pub, want, mem);
    struct silence_stored *again = silence_decode(s->record, mem, NULL);
    if (!why && (!again || !str_eq(again->record, s->record)))
        why = "the record changes when it is read again";
    silence_stored_free(again);
    silence_stored_free(s);
    return why;
}

static const char *run_since(const cJSON *c, struct arena *mem)
{
    struct fake_env fake;
    fake_env_init(&fake);
    struct silences_options opt = {.retention = DUR_HOURS(1)};
    struct silences *s = silences_new(&fake.env, &opt, NULL, NULL);
    // Our versions count changes one by one; the case's since is mapped to the last of its version.
    uint64_t since = 0;
    for (const cJSON *v = case_get(c, "index")->child; v; v = v->next) {
        struct buf stream = {0}, record = {0};
        struct silence_times times = {NOW, NOW + DUR_HOURS(1), NOW, NOW + DUR_HOURS(2)};
        struct silence_matcher m = {MATCH_EQ, S("a"), S("b")};
        struct silence_matcher_set set = {&m, 1};
        struct silence_input in = {.sets = &set, .set_count = 1};
        silence_encode(&in, case_get_text(v, "id", mem), &times, mem, &record);
        pb_put_record(&stream, buf_str(&record));
        size_t changed;
        assert_true(silences_merge(s, buf_str(&stream), &changed, NULL));
        buf_done(&stream);
        buf_done(&record);
        const struct silence **all;
        size_t count;
        uint64_t version;
        silences_query(s, &(struct silences_query){0}, mem, &all, &count, &version, NULL);
        if (case_get_i64(v, "version") <= case_get_i64(c, "since"))
            since = version;
    }
    const struct silence **found;
    size_t count, i = 0;
    struct silences_query q = {.has_since = true, .since = since};
    silences_query(s, &q, mem, &found, &count, NULL, NULL);
    const char *why = NULL;
    for (const cJSON *id = case_get(c, "result")->child; id; id = id->next, i++) {
        if (i >= count || !str_eq(found[i]->id, case_text(id, mem)))
            why = "wrong silences";
    }
    why = why || i == count ? why : "too many silences";
    silences_free(s);
    fake_env_done(&fake);
    return why;
}

static const char *run(const cJSON *c, struct arena *mem)
{
    static const struct {
        const char *kind;
        const char *(*run)(const cJSON *c, struct arena *mem);
    } KINDS[] = {
        {"validate", run_validate},     {"validate_matcher", run_validate_matcher},
        {"can_update", run_can_update}, {"state", run_state},
        {"matches", run_matches},       {"convert", run_convert},
        {"convert_out", run_convert},   {"since", run_since},
        {"has_state", run_has_state},
    };
    str kind = case_get_text(c, "kind", mem);
    for (size_t i = 0; i < ARRAY_LEN(KINDS); i++) {
        if (str_eq(kind, str_c(KINDS[i].kind)))
            return KINDS[i].run(c, mem);
    }
    return case_fail(mem, "unknown kind %.*s", STR(kind));
}

static void cases(void **state)
{
    (void)state;
    case_file_run("am-silence-rules", run);
}

int test_am_silence_rules(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(cases)};
    return run_group("am-silence-rules", tests);
}
