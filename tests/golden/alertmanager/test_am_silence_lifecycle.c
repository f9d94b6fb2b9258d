// SPDX-License-Identifier: Apache-2.0
#include "alertmanager/silence.h"
#include "tests/golden/alertmanager/state_cases.h"
#include "tests/support/fake_env.h"

#define NAMES_MAX 32

struct story {
    struct fake_env fake;
    struct silences *silences;
    time_ns start;
    struct {
        str name, id;
    } known[NAMES_MAX];
    size_t known_count;
    struct arena *mem;
};

static str id_of(const struct story *t, str name) // "$s1" or an id as it is
{
    if (!str_starts(name, S("$")))
        return name;
    for (size_t i = 0; i < t->known_count; i++) {
        if (str_eq(t->known[i].name, str_skip(name, 1)))
            return t->known[i].id;
    }
    return name;
}

static bool is_known(const struct story *t, str id)
{
    for (size_t i = 0; i < t->known_count; i++) {
        if (str_eq(t->known[i].id, id))
            return true;
    }
    return false;
}

static const char *check_error(const cJSON *step, bool is_done, const struct err *err,
                               struct arena *mem)
{
    str want = case_get_text(step, "error", mem);
    if (is_done != (want.n == 0))
        return case_fail(mem, "error is \"%.*s\", want \"%.*s\"", STR(err_str(err)), STR(want));
    if (!is_done && !str_starts(err_str(err), want))
        return case_fail(mem, "error is \"%.*s\", want \"%.*s\"", STR(err_str(err)), STR(want));
    return NULL;
}

static const char *step_set(struct story *t, const cJSON *step)
{
    struct silence_input in = case_silence(case_get(step, "silence"), t->start, t->mem);
    in.id = id_of(t, in.id);
    struct err err = ERR_INIT;
    const struct silence *s = silences_set(t->silences, &in, NULL, NULL, &err);
    const char *why = check_error(step, s != NULL, &err, t->mem);
    if (why || !s)
        return why;
    str same_as = case_get_text(step, "same_as", t->mem);
    if (same_as.n > 0 && !str_eq(s->id, id_of(t, arena_printf(t->mem, "$%.*s", STR(same_as)))))
        return "the id changed";
    if (case_get_bool(step, "new") && is_known(t, s->id))
        return "the id is not new";
    assert_int_equal(s->id.n, SILENCE_ID_BYTES);
    t->known[t->known_count].name = case_get_text(step, "as", t->mem);
    t->known[t->known_count++].id = arena_str(t->mem, s->id);
    return NULL;
}

static const char *step_expire(struct story *t, const cJSON *step)
{
    struct err err = ERR_INIT;
    bool is_done =
        silences_expire(t->silences, id_of(t, case_get_text(step, "id", t->mem)), NULL, NULL, &err);
    return check_error(step, is_done, &err, t->mem);
}

static const char *step_gc(struct story *t, const cJSON *step)
{
    size_t removed = silences_gc(t->silences), want = (size_t)case_get_i64(step, "removed");
    return removed == want ? NULL : case_fail(t->mem, "removed %zu, want %zu", removed, want);
}

static const char *step_query(struct story *t, const cJSON *step)
{
    str id = id_of(t, case_get_text(step, "id", t->mem));
    const struct silence *s = silences_find(t->silences, id);
    if (!s)
        return "not found";
    str state = silence_state_str(silence_state(s, t->fake.now));
    return str_eq(state, case_get_text(step, "silence_state", t->mem)) ? NULL : "wrong state";
}

static const char *check_silence(const struct story *t, const struct silence *s, const cJSON *want)
{
    struct silence_input in = case_silence(want, t->start, t->mem);
    if (s->starts_at != in.starts_at || s->ends_at != in.ends_at)
        return case_fail(t->mem, "%s: wrong start or end", want->string);
    if (s->updated_at != case_time(want, "updated_at", t->start) ||
        s->expires_at != case_time(want, "expires_at", t->start))
        return case_fail(t->mem, "%s: wrong update or expiry", want->string);
    if (!str_eq(s->comment, in.comment) || s->annotation_count != in.annotation_count)
        return case_fail(t->mem, "%s: wrong comment or annotations", want->string);
    for (size_t i = 0; i < s->annotation_count; i++) {
        const cJSON *value =
            case_get(case_get(want, "annotations"), arena_c(t->mem, s->annotations[i].key));
        if (!value || !str_eq(s->annotations[i].value, case_text(value, t->mem)))
            return case_fail(t->mem, "%s: wrong annotation", want->string);
    }
    return silence_can_update(&(struct silence){.sets = s->sets,
                                                .set_count = s->set_count,
                                                .starts_at = TIME_MAX,
                                                .ends_at = TIME_MAX},
                              &(struct silence_input){.sets = in.sets,
                                                      .set_count = in.set_count,
                                                      .starts_at = TIME_MAX},
                              0)
               ? NULL
               : case_fail(t->mem, "%s: wrong matchers", want->string);
}

static const char *check_state(const struct story *t, const cJSON *state)
{
    for (const cJSON *want = state->child; want; want = want->next) {
        str id = id_of(t, arena_printf(t->mem, "$%s", want->string));
        const struct silence *s = silences_find(t->silences, id);
        const char *why = s ? check_silence(t, s, want) : "a silence is missing";
        if (why)
            return why;
    }
    size_t count = silences_stats(t->silences)->stored;
    return count == (size_t)cJSON_GetArraySize(state) ? NULL : "too many silences";
}

static const char *run_step(struct story *t, const cJSON *step)
{
    str op = case_get_text(step, "op", t->mem);
    t->fake.now = case_time(step, "at", t->start);
    const char *why = "unknown op";
    if (str_eq(op, S("set")))
        why = step_set(t, step);
    else if (str_eq(op, S("expire")))
        why = step_expire(t, step);
    else if (str_eq(op, S("gc")))
        why = step_gc(t, step);
    else if (str_eq(op, S("query")))
        why = step_query(t, step);
    if (!why && case_get(step, "state"))
        why = check_state(t, case_get(step, "state"));
    return why;
}

static const char *run(const cJSON *c, struct arena *mem)
{
    struct story t = {.mem = mem};
    fake_env_init(&t.fake);
    t.start = t.fake.now;
    const cJSON *limits = case_get(c, "limits");
    struct silences_options opt = {
        .retention = DUR_SECONDS(case_get_i64(c, "retention_s")),
        .count_max = (size_t)case_get_i64(limits, "max_silences"),
        .silence_bytes_max = (size_t)case_get_i64(limits, "max_size_bytes"),
    };
    t.silences = silences_new(&t.fake.env, &opt, NULL, NULL);
    const char *why = NULL;
    size_t at = 0;
    for (const cJSON *s = case_get(c, "steps")->child; s && !why; s = s->next, at++) {
        why = run_step(&t, s);
        if (why)
            why = case_fail(mem, "step %zu: %s", at, why);
    }
    silences_free(t.silences);
    fake_env_done(&t.fake);
    return why;
}

static void cases(void **state)
{
    (void)state;
    case_file_run("am-silence-lifecycle", run);
}

int test_am_silence_lifecycle(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(cases)};
    return run_group("am-silence-lifecycle", tests);
}
