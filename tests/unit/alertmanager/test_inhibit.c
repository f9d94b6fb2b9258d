// SPDX-License-Identifier: Apache-2.0
#include "alertmanager/config.h"
#include "alertmanager/inhibit.h"

#include "base/core/rand.h"
#include "tests/support/check.h"
#include "tests/support/fake_env.h"

struct world {
    struct fake_env fake;
    struct label_store labels;
    struct alerts *alerts;
    struct config *config;
    struct inhibitor *inhibitor;
};

static struct inhibitor *make_inhibitor(struct world *w)
{
    return inhibitor_new(&(struct inhibitor_options){.env = &w->fake.env,
                                                     .labels = &w->labels,
                                                     .alerts = w->alerts,
                                                     .rules = w->config->rules,
                                                     .rule_count = w->config->rule_count});
}

static void world_init(struct world *w, const char *rules)
{
    *w = (struct world){0};
    fake_env_init(&w->fake);
    label_store_init(&w->labels, 3);
    w->alerts = alerts_new(&(struct alerts_options){
        .env = &w->fake.env, .labels = &w->labels, .gc_interval = DUR_MINUTES(30)});
    defer(buf_done) struct buf text = {0};
    buf_printf(&text, "route: {receiver: r}\nreceivers: [{name: r}]\ninhibit_rules:\n%s", rules);
    struct err err = ERR_INIT;
    w->config = config_load(buf_str(&text), S("am.yml"),
                            &(struct config_options){.env = &w->fake.env}, &err);
    check_err(&err, "");
    w->inhibitor = make_inhibitor(w);
}

static void world_done(struct world *w)
{
    inhibitor_free(w->inhibitor);
    alerts_free(w->alerts);
    config_unref(w->config);
    label_store_done(&w->labels);
    fake_env_done(&w->fake);
}

// "a=1 b=2" as labels in `ret`.
static size_t read_labels(const char *text, struct label *ret)
{
    size_t count = 0;
    str rest = str_c(text), pair;
    bool has_more = rest.n > 0;
    while (has_more) {
        has_more = str_cut(rest, ' ', &pair, &rest);
        str_cut(pair, '=', &ret[count].name, &ret[count].value);
        count++;
    }
    return count;
}

static void put(struct world *w, const char *text, int64_t ends)
{
    struct label labels[8];
    struct alert_draft d = {.labels = labels,
                            .label_count = read_labels(text, labels),
                            .starts_at = {w->fake.now, 0},
                            .ends_at = {w->fake.now + DUR_SECONDS(ends), 0}};
    size_t done;
    assert_true(alerts_put(w->alerts, &d, 1, w->fake.now, &done, NULL));
}

static bool is_muted(struct world *w, const char *text)
{
    struct label labels[8];
    struct labels *set = labels_get(&w->labels, labels, read_labels(text, labels));
    bool muted = inhibitor_mutes(w->inhibitor, set, w->fake.now, NULL);
    labels_unref(set);
    return muted;
}

static const char *const BY_DC = "- source_matchers: [sev=critical]\n"
                                 "  target_matchers: [sev=warning]\n"
                                 "  equal: [dc]\n";

static void a_firing_source_holds_back_targets_with_equal_labels(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, BY_DC);
    put(&w, "sev=critical dc=x", 300);
    assert_true(is_muted(&w, "sev=warning dc=x n=1"));
    assert_false(is_muted(&w, "sev=warning dc=y"));
    assert_false(is_muted(&w, "sev=info dc=x"));
    assert_false(is_muted(&w, "sev=warning")); // dc is empty there
    put(&w, "sev=critical", 300);
    assert_true(is_muted(&w, "sev=warning")); // absent on both sides is equal
    fake_env_advance(&w.fake, DUR_SECONDS(300));
    assert_false(is_muted(&w, "sev=warning dc=x n=1"));
    world_done(&w);
}

static void another_source_takes_over_when_one_ends(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, BY_DC);
    put(&w, "sev=critical dc=x n=1", 600);
    put(&w, "sev=critical dc=x n=2", 300);
    put(&w, "sev=critical dc=x n=1", 0); // the first one is over
    assert_true(is_muted(&w, "sev=warning dc=x"));
    fake_env_advance(&w.fake, DUR_MINUTES(30)); // and collected
    put(&w, "sev=critical dc=x n=3", 300);
    assert_true(is_muted(&w, "sev=warning dc=x"));
    assert_int_equal(inhibitor_stats(w.inhibitor).sources, 1);
    world_done(&w);
}

static void an_alert_on_both_sides_is_held_back_by_pure_sources_only(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, "- source_matchers: [s=1]\n  target_matchers: [t=1]\n");
    put(&w, "s=1 t=1", 300);
    assert_false(is_muted(&w, "s=1 t=1"));         // not by itself
    assert_false(is_muted(&w, "s=1 t=1 other=1")); // nor by another one of its kind
    assert_true(is_muted(&w, "t=1"));
    put(&w, "s=1", 300);
    assert_true(is_muted(&w, "s=1 t=1"));
    world_done(&w);
}

static void the_first_rule_that_holds_decides_who_is_named(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, "- {name: one, source_matchers: [s=1], target_matchers: [t=1]}\n"
                   "- {name: two, source_matchers: [s=2], target_matchers: [t=1]}\n");
    put(&w, "s=2", 300);
    struct label label = {S("t"), S("1")};
    struct labels *target = labels_get(&w.labels, &label, 1);
    struct inhibit_hit hit = {0};
    assert_true(inhibitor_mutes(w.inhibitor, target, w.fake.now, &hit));
    check_str(hit.rule->name, S("two"));
    check_str(labels_value_at(hit.source->labels, 0), S("2"));
    put(&w, "s=1", 300);
    assert_true(inhibitor_mutes(w.inhibitor, target, w.fake.now, &hit));
    check_str(hit.rule->name, S("one"));
    labels_unref(target);
    world_done(&w);
}

static void a_new_inhibitor_knows_what_the_store_holds(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, BY_DC);
    put(&w, "sev=critical dc=x", 300);
    struct inhibitor *old = w.inhibitor;
    w.inhibitor = make_inhibitor(&w);
    inhibitor_free(old);
    assert_true(is_muted(&w, "sev=warning dc=x"));
    world_done(&w);
}

static void a_large_store_is_read_in_slices_or_at_the_first_question(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, BY_DC);
    for (int i = 0; i < 2 * ALERTS_BATCH_MAX + 10; i++) {
        char text[64];
        snprintf(text, sizeof(text), "sev=critical dc=%d", i);
        put(&w, text, 300);
    }
    struct inhibitor *second = make_inhibitor(&w), *third = make_inhibitor(&w);
    assert_int_equal(inhibitor_stats(second).sources, ALERTS_BATCH_MAX);
    inhibitor_free(w.inhibitor);
    w.inhibitor = third;
    assert_true(is_muted(&w, "sev=warning dc=8200")); // among the last
    assert_int_equal(inhibitor_stats(third).sources, 2 * ALERTS_BATCH_MAX + 10);
    put(&w, "sev=critical dc=8201", 0); // news beat what is still to be read
    w.inhibitor = second;
    fake_env_settle(&w.fake);
    assert_int_equal(inhibitor_stats(second).sources, 2 * ALERTS_BATCH_MAX + 10);
    assert_false(is_muted(&w, "sev=warning dc=8201"));
    inhibitor_free(make_inhibitor(&w)); // while it reads
    inhibitor_free(third);
    world_done(&w);
}

// Against the definition, with random alerts and rules whose sides overlap.
static void it_agrees_with_the_definition(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, "- {source_matchers: ['a=~\"1|2\"'], target_matchers: ['b!=1'], equal: [c]}\n"
                   "- {source_matchers: [b=1], target_matchers: [a=2], equal: [c, d, c]}\n");
    struct rand rand;
    rand_seed(&rand, 11);
    for (int round = 0; round < 4000; round++) {
        char text[64];
        snprintf(text, sizeof(text), "a=%d b=%d c=%d d=%d", (int)rand_below(&rand, 3),
                 (int)rand_below(&rand, 3), (int)rand_below(&rand, 2), (int)rand_below(&rand, 2));
        if (rand_below(&rand, 3))
            put(&w, text, (int64_t)rand_below(&rand, 2) * 300);
        else if (rand_below(&rand, 4) == 0)
            fake_env_advance(&w.fake, DUR_SECONDS((int64_t)rand_below(&rand, 400)));

        struct label array[8];
        struct labels *target = labels_get(&w.labels, array, read_labels(text, array));
        bool want = false;
        for (size_t r = 0; r < w.config->rule_count; r++) {
            const struct inhibit_rule *rule = &w.config->rules[r];
            struct alert *a;
            for (size_t i = 0; (a = alerts_next(w.alerts, &i)) != NULL;) {
                bool is_equal = true;
                for (size_t e = 0; e < rule->equal.count; e++)
                    is_equal &= str_eq(labels_value(a->labels, rule->equal.items[e], NULL),
                                       labels_value(target, rule->equal.items[e], NULL));
                bool are_both = matchers_match(&rule->source, target) &&
                                matchers_match(&rule->target, a->labels);
                want |= is_equal && !are_both && !alert_is_resolved(a, w.fake.now) &&
                        matchers_match(&rule->source, a->labels) &&
                        matchers_match(&rule->target, target);
            }
        }
        assert_int_equal(inhibitor_mutes(w.inhibitor, target, w.fake.now, NULL), want);
        labels_unref(target);
    }
    world_done(&w);
}

int test_inhibit(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_firing_source_holds_back_targets_with_equal_labels),
        cmocka_unit_test(another_source_takes_over_when_one_ends),
        cmocka_unit_test(an_alert_on_both_sides_is_held_back_by_pure_sources_only),
        cmocka_unit_test(the_first_rule_that_holds_decides_who_is_named),
        cmocka_unit_test(a_new_inhibitor_knows_what_the_store_holds),
        cmocka_unit_test(a_large_store_is_read_in_slices_or_at_the_first_question),
        cmocka_unit_test(it_agrees_with_the_definition),
    };
    return run_group("inhibit", tests);
}
