// SPDX-License-Identifier: Apache-2.0
#include "alertmanager/alert.h"

#include "tests/support/check.h"

#define NOW DUR_DAYS(20000)

static int setup(void **state)
{
    static struct label_store store;
    label_store_init(&store, 7);
    *state = &store;
    return 0;
}

static int teardown(void **state)
{
    label_store_done(*state);
    return 0;
}

static struct zoned_time at(int64_t seconds)
{
    return (struct zoned_time){NOW + DUR_SECONDS(seconds), 0};
}

// ---- drafts ------------------------------------------------------------------------------------

static bool complete(struct alert_draft *d, enum name_mode mode, struct err *err)
{
    return alert_draft_complete(d, (struct zoned_time){NOW, 3600}, DUR_MINUTES(5), mode, err);
}

static void missing_times_are_filled_in(void **state)
{
    (void)state;
    struct label label = {S("a"), S("b")};
    struct alert_draft d = {.labels = &label,
                            .label_count = 1,
                            .starts_at = {TIME_UNSET, 0},
                            .ends_at = {TIME_UNSET, 0}};
    assert_true(complete(&d, NAME_UTF8, NULL));
    assert_int_equal(d.starts_at.t, NOW);
    assert_int_equal(d.starts_at.offset_s, 3600);
    assert_int_equal(d.ends_at.t, NOW + DUR_MINUTES(5));
    assert_true(d.is_timeout);

    d.starts_at.t = TIME_UNSET;
    d.ends_at = at(-60);
    assert_true(complete(&d, NAME_UTF8, NULL));
    assert_int_equal(d.starts_at.t, at(-60).t);
    assert_false(d.is_timeout);
}

static void labels_without_a_value_are_dropped_annotations_are_not(void **state)
{
    (void)state;
    struct label labels[] = {
        {S("b"), S("")}, {S("a"), S("1")}, {S("c"), S("old")}, {S("c"), S("new")}};
    struct label annotations[] = {{S("x"), S("")}};
    struct alert_draft d = {.labels = labels,
                            .label_count = 4,
                            .annotations = annotations,
                            .annotation_count = 1,
                            .starts_at = at(0),
                            .ends_at = at(1)};
    assert_true(complete(&d, NAME_CLASSIC, NULL));
    assert_int_equal(d.label_count, 2);
    check_str(d.labels[1].value, S("new"));
    assert_int_equal(d.annotation_count, 1);
}

static void bad_drafts_are_refused_with_the_reason(void **state)
{
    (void)state;
    struct {
        struct label label, annotation;
        int64_t starts, ends;
        enum name_mode mode;
        const char *want;
    } cases[] = {
        {{S("a"), S("1")}, {S("x"), S("y")}, 5, 4, NAME_UTF8, "start time must be before end time"},
        {{S("a"), S("")}, {S("x"), S("y")}, 0, 1, NAME_UTF8, "at least one label pair required"},
        {{S("a b"), S("1")},
         {S("x"), S("y")},
         0,
         1,
         NAME_CLASSIC,
         "invalid label set: invalid name \"a b\""},
        {{S("a"), S("\xff")},
         {S("x"), S("y")},
         0,
         1,
         NAME_UTF8,
         "invalid label set: invalid value \"\\xff\""},
        {{S("a"), S("1")},
         {S("x y"), S("y")},
         0,
         1,
         NAME_CLASSIC,
         "invalid annotations: invalid name \"x y\""},
        {{S("a b"), S("1")}, {S("x y"), S("y")}, 0, 1, NAME_UTF8, ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct alert_draft d = {.labels = &cases[i].label,
                                .label_count = 1,
                                .annotations = &cases[i].annotation,
                                .annotation_count = 1,
                                .starts_at = at(cases[i].starts),
                                .ends_at = at(cases[i].ends)};
        struct err err = ERR_INIT;
        assert_int_equal(complete(&d, cases[i].mode, &err), cases[i].want[0] == 0);
        check_err(&err, cases[i].want);
    }
}

static void too_many_labels_are_refused_and_still_have_their_times(void **state)
{
    (void)state;
    static struct label labels[ALERT_LABELS_MAX + 1];
    struct alert_draft d = {.labels = labels,
                            .label_count = ARRAY_LEN(labels),
                            .starts_at = {TIME_UNSET, 0},
                            .ends_at = {TIME_UNSET, 0}};
    struct err err = ERR_INIT;
    assert_false(complete(&d, NAME_UTF8, &err));
    assert_int_equal(err.code, ERR_LIMIT);
    assert_int_equal(d.ends_at.t, NOW + DUR_MINUTES(5));
}

// ---- merging -----------------------------------------------------------------------------------

struct version {
    int64_t starts, ends, updated;
    bool is_timeout;
    const char *note;
};

static struct alert *make(struct label_store *store, struct version v)
{
    struct label label = {S("alertname"), S("Disk")};
    struct label note = {S("note"), str_c(v.note)};
    struct alert_draft d = {.labels = &label,
                            .label_count = 1,
                            .annotations = &note,
                            .annotation_count = 1,
                            .starts_at = at(v.starts),
                            .ends_at = at(v.ends),
                            .generator_url = str_c(v.note),
                            .is_timeout = v.is_timeout};
    return alert_new(store, &d, NOW + DUR_SECONDS(v.updated));
}

static void check_merge(struct label_store *store, struct version known, struct version news,
                        struct version want)
{
    struct alert *a = make(store, known), *b = make(store, news);
    alert_merge(a, b, NOW);
    assert_int_equal((b->starts_at.t - NOW) / DUR_SECONDS(1), want.starts);
    assert_int_equal((b->ends_at.t - NOW) / DUR_SECONDS(1), want.ends);
    assert_int_equal((b->updated_at - NOW) / DUR_SECONDS(1), want.updated);
    assert_int_equal(b->is_timeout, want.is_timeout);
    check_str(labels_value_at(b->annotations, 0), str_c(want.note));
    check_str(symbol_str(b->generator_url), str_c(want.note));
    alert_unref(a);
    alert_unref(b);
}

static void a_heartbeat_keeps_the_start_and_moves_the_end(void **state)
{
    check_merge(*state, (struct version){-600, 60, -60, true, "old"},
                (struct version){0, 300, 0, true, "new"},
                (struct version){-600, 300, 0, true, "new"});
}

static void a_resolution_ends_the_episode(void **state)
{
    check_merge(*state, (struct version){-600, 240, -60, true, "old"},
                (struct version){-600, 0, 0, false, "new"},
                (struct version){-600, 0, 0, false, "new"});
}

static void a_promised_end_is_not_shortened_by_a_time_out(void **state)
{
    check_merge(*state, (struct version){-600, 3600, -60, false, "old"},
                (struct version){0, 300, 0, true, "new"},
                (struct version){-600, 3600, 0, true, "new"});
    // A guessed end is.
    check_merge(*state, (struct version){-600, 3600, -60, true, "old"},
                (struct version){0, 300, 0, true, "new"},
                (struct version){-600, 300, 0, true, "new"});
}

static void the_later_update_counts_whichever_comes_first(void **state)
{
    check_merge(*state, (struct version){-60, 300, 30, true, "later"},
                (struct version){-90, 200, 0, true, "earlier"},
                (struct version){-90, 300, 30, true, "later"});
    // On a tie the news do.
    check_merge(*state, (struct version){-60, 300, 0, true, "known"},
                (struct version){-60, 300, 0, true, "news"},
                (struct version){-60, 300, 0, true, "news"});
}

static void episodes_overlap_only_strictly(void **state)
{
    struct {
        struct version known, news;
        bool want;
    } cases[] = {
        {{0, 10, 0, false, ""}, {5, 15, 0, false, ""}, true},
        {{5, 15, 0, false, ""}, {0, 10, 0, false, ""}, true},
        {{0, 10, 0, false, ""}, {10, 20, 0, false, ""}, false},
        {{0, 10, 0, false, ""}, {-10, 0, 0, false, ""}, false},
        {{0, 10, 0, false, ""}, {0, 10, 0, false, ""}, false},
        {{0, 10, 0, false, ""}, {-5, 20, 0, false, ""}, false}, // upstream's rule has this gap
        {{0, 10, 0, false, ""}, {0, 9, 0, false, ""}, true},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct alert *a = make(*state, cases[i].known), *b = make(*state, cases[i].news);
        assert_int_equal(alert_overlaps(a, b), cases[i].want);
        alert_unref(a);
        alert_unref(b);
    }
}

// ---- order and texts ---------------------------------------------------------------------------

static void job_and_instance_come_first(void **state)
{
    struct label sets[][2] = {
        {{S("job"), S("a")}, {S("instance"), S("2")}},
        {{S("job"), S("a")}, {S("z"), S("1")}}, // without an instance: behind
        {{S("job"), S("b")}, {S("instance"), S("1")}},
        {{S("instance"), S("1")}, {S("b"), S("1")}}, // without a job: behind
        {{S("a"), S("1")}, {S("b"), S("1")}},
        {{S("a"), S("2")}, {S("b"), S("0")}},
    };
    struct labels *l[ARRAY_LEN(sets)];
    for (size_t i = 0; i < ARRAY_LEN(sets); i++)
        l[i] = labels_get(*state, sets[i], 2);
    for (size_t i = 0; i < ARRAY_LEN(sets); i++) {
        for (size_t j = 0; j < ARRAY_LEN(sets); j++) {
            int order = alert_labels_cmp(l[i], l[j]);
            assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(sets); i++)
        labels_unref(l[i]);
}

static void texts_name_alerts(void **state)
{
    struct alert *a = make(*state, (struct version){0, 10, 0, false, ""});
    defer(buf_done) struct buf text = {0};
    buf_put_alert(&text, a, NOW);
    buf_put_c(&text, ' ');
    buf_put_alert(&text, a, NOW + DUR_SECONDS(10));
    check_str(str_slice(buf_str(&text), 0, 5), S("Disk["));
    check_str(str_slice(buf_str(&text), 12, 21), S("][active]"));
    assert_true(str_ends(buf_str(&text), S("][resolved]")));
    alert_unref(a);
}

static void names_are_counted_and_cut(void **state)
{
    static const char *names[] = {"A", "B", "C", "B", "C", "D"};
    const struct labels *sets[ARRAY_LEN(names)];
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct label label = {S("alertname"), str_c(names[i])};
        sets[i] = labels_get(*state, &label, 1);
    }
    defer(buf_done) struct buf text = {0};
    buf_put_alert_names(&text, sets, ARRAY_LEN(names), 0);
    check_str(buf_str(&text), S("B: 2, C: 2, A: 1, D: 1"));
    buf_clear(&text);
    buf_put_alert_names(&text, sets, ARRAY_LEN(names), 2);
    check_str(buf_str(&text), S("B: 2, C: 2, … (2 more)"));
    buf_clear(&text);
    buf_put_alert_names(&text, sets, 0, 2);
    check_str(buf_str(&text), S(""));
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        labels_unref((struct labels *)sets[i]);
}

int test_alert(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(missing_times_are_filled_in),
        cmocka_unit_test(labels_without_a_value_are_dropped_annotations_are_not),
        cmocka_unit_test(bad_drafts_are_refused_with_the_reason),
        cmocka_unit_test(too_many_labels_are_refused_and_still_have_their_times),
        cmocka_unit_test_setup_teardown(a_heartbeat_keeps_the_start_and_moves_the_end, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_resolution_ends_the_episode, setup, teardown),
        cmocka_unit_test_setup_teardown(a_promised_end_is_not_shortened_by_a_time_out, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_later_update_counts_whichever_comes_first, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(episodes_overlap_only_strictly, setup, teardown),
        cmocka_unit_test_setup_teardown(job_and_instance_come_first, setup, teardown),
        cmocka_unit_test_setup_teardown(texts_name_alerts, setup, teardown),
        cmocka_unit_test_setup_teardown(names_are_counted_and_cut, setup, teardown),
    };
    return run_group("alert", tests);
}
