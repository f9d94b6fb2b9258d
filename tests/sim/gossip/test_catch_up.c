// SPDX-License-Identifier: Apache-2.0
// Asking those in front before one's turn.
#include "tests/sim/gossip/lab.h"

struct asker {
    struct waiter waiter;
    struct node *node;
    uint64_t record; // wanted
    mono_ns told_at; // 0: not yet
    bool had_record; // when it was told
};

static void on_told(void *owner)
{
    struct asker *a = owner;
    a->told_at = sim_now(a->node->lab->world);
    a->had_record = has_record(a->node, a->record);
}

static bool ask(struct asker *a, struct node *n, uint64_t record)
{
    *a = (struct asker){.waiter = {.on_done = on_told, .owner = a}, .node = n, .record = record};
    return cluster_catch_up(n->cluster, &a->waiter);
}

// Members "a", "b", "c", which know each other and are quiet.
static struct lab *three(uint64_t seed)
{
    static const char *const names[] = {"a", "b", "c"};
    struct lab *lab = lab_new(&(struct sim_options){.seed = seed}, 3);
    lab_list_peers(lab);
    for (size_t i = 0; i < 3; i++)
        node_start(&lab->nodes[i], names[i]);
    wait_members(lab, 0, 3, 3, DUR_SECONDS(20));
    sim_run(lab->world, DUR_SECONDS(20));
    return lab;
}

// A record whose packets have all been sent while nobody could hear them.
static uint64_t add_unheard_record(struct lab *lab, size_t at)
{
    sim_partition(lab->world, at == 0 ? "0 | 1 2" : "0 2 | 1");
    uint64_t record = add_record(&lab->nodes[at], 0);
    sim_run(lab->world, DUR_MS(900));
    sim_heal(lab->world);
    sim_run(lab->world, DUR_MS(400));
    assert_false(has_record(&lab->nodes[2], record));
    return record;
}

static void what_no_packet_brought_is_known_after_asking(void **state)
{
    (void)state;
    struct lab *lab = three(31);
    uint64_t record = add_unheard_record(lab, 0);
    struct asker a;
    mono_ns asked_at = sim_now(lab->world);
    assert_true(ask(&a, &lab->nodes[2], record));
    sim_run(lab->world, DUR_MS(500));
    assert_true(a.told_at > asked_at && a.had_record);
    assert_int_equal(cluster_stats(lab->nodes[2].cluster)->catch_ups, 1);
    lab_free(lab);
}

static void who_is_first_asks_nobody(void **state)
{
    (void)state;
    struct lab *lab = three(32);
    struct asker a;
    assert_false(ask(&a, &lab->nodes[0], 1));
    sim_run(lab->world, DUR_SECONDS(5));
    assert_int_equal(a.told_at, 0);
    assert_int_equal(cluster_stats(lab->nodes[0].cluster)->catch_ups, 0);
    lab_free(lab);
}

static void many_share_a_round_and_late_ones_wait_for_the_next(void **state)
{
    (void)state;
    struct lab *lab = three(33);
    struct node *last = &lab->nodes[2];
    struct asker askers[100], late;
    for (size_t i = 0; i < ARRAY_LEN(askers); i++)
        assert_true(ask(&askers[i], last, 1));
    list_remove(&askers[0].waiter.node); // waits no more
    sim_run(lab->world, 1);              // the round has begun
    mono_ns began = sim_now(lab->world);
    assert_true(ask(&late, last, 1));
    sim_run(lab->world, DUR_MS(900));
    assert_int_equal(askers[0].told_at, 0);
    for (size_t i = 1; i < ARRAY_LEN(askers); i++)
        assert_true(askers[i].told_at > 0 && askers[i].told_at == askers[1].told_at);
    assert_int_equal(late.told_at, 0);
    sim_run(lab->world, DUR_MS(500));
    assert_true(late.told_at >= began + DUR_SECONDS(1) - 1);
    assert_int_equal(cluster_stats(last->cluster)->catch_ups, 2);
    lab_free(lab);
}

static void nobody_is_waited_for_longer_than_the_maximum(void **state)
{
    (void)state;
    struct lab *lab = three(34);
    struct node *last = &lab->nodes[2];
    uint64_t record = add_unheard_record(lab, 1);
    struct asker a;
    sim_node_freeze(lab->nodes[0].machine);
    mono_ns asked_at = sim_now(lab->world);
    assert_true(ask(&a, last, record));
    sim_run(lab->world, DUR_SECONDS(3));
    assert_int_equal(a.told_at, asked_at + CLUSTER_CATCH_UP_MAX);
    assert_true(a.had_record); // of the one that answered
    assert_int_equal(cluster_stats(last->cluster)->catch_ups_incomplete, 1);
    sim_node_thaw(lab->nodes[0].machine);
    lab_free(lab);
}

static void ending_amid_a_round_tells_nobody(void **state)
{
    (void)state;
    struct lab *lab = three(35);
    struct asker a, b;
    assert_true(ask(&a, &lab->nodes[2], 1));
    sim_run(lab->world, 1);
    assert_true(ask(&b, &lab->nodes[2], 1));
    node_free(&lab->nodes[2]);
    sim_run(lab->world, DUR_SECONDS(5));
    assert_int_equal(a.told_at, 0);
    assert_int_equal(b.told_at, 0);
    lab_free(lab);
}

int test_catch_up(void);
int test_catch_up(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_no_packet_brought_is_known_after_asking),
        cmocka_unit_test(who_is_first_asks_nobody),
        cmocka_unit_test(many_share_a_round_and_late_ones_wait_for_the_next),
        cmocka_unit_test(nobody_is_waited_for_longer_than_the_maximum),
        cmocka_unit_test(ending_amid_a_round_tells_nobody),
    };
    return run_group("catch_up", tests);
}
