// SPDX-License-Identifier: Apache-2.0
// Random misfortune under many seeds: crashes, restarts (same name or another), freezes,
// partitions, loss, updates small and large all the while. Afterwards everything heals, and within
// a minute and five seconds all members know each other and hold every record that a living member
// held.
#include "tests/sim/gossip/lab.h"

#define SEEDS       40
#define NODES       5
#define STEPS       60
#define HEAL_TIME   DUR_SECONDS(65)
#define LARGE_BYTES 20000

static void start_again(struct node *n)
{
    struct sim_world *w = n->lab->world;
    char other[32];
    snprintf(other, sizeof(other), "%s-%u", n->name, (unsigned)sim_random_below(w, 1000));
    sim_node_restart(n->machine);
    node_start(n, sim_chance(w, 50) ? n->name : other);
}

static void misfortune(struct lab *lab)
{
    struct sim_world *w = lab->world;
    struct node *n = &lab->nodes[sim_random_below(w, lab->count)];
    static const char *PARTITIONS[] = {"0 | 1 2 3 4", "0 1 | 2 3 4", "0 1 | 2 3 | 4", "1 | 3"};
    switch (sim_random_below(w, 8)) {
    case 0:
        if (n->cluster && sim_node_is_alive(n->machine))
            node_crash(n);
        return;
    case 1:
        sim_node_freeze(n->machine);
        return;
    case 2:
        sim_node_thaw(n->machine);
        return;
    case 3:
        sim_partition(w, PARTITIONS[sim_random_below(w, ARRAY_LEN(PARTITIONS))]);
        return;
    case 4:
        sim_heal(w);
        return;
    default:
        if (n->cluster)
            add_record(n, sim_chance(w, 20) ? LARGE_BYTES : 0);
        else
            start_again(n);
        return;
    }
}

// Records that at least one running node holds now: none of them may be lost.
static size_t count_held(struct lab *lab, bool *held)
{
    size_t count = 0;
    for (uint64_t number = 1; number <= lab->next_record; number++) {
        for (size_t i = 0; i < lab->count && !held[number]; i++)
            held[number] = lab->nodes[i].cluster && has_record(&lab->nodes[i], number);
        count += held[number];
    }
    return count;
}

static void run_seed(uint64_t seed)
{
    struct lab *lab = lab_start(&(struct sim_options){.seed = seed,
                                                      .loss_percent = (double)(seed % 4) * 5,
                                                      .duplicate_percent = 1,
                                                      .reorder = true},
                                NODES);
    sim_run(lab->world, DUR_SECONDS(15));
    for (int step = 0; step < STEPS; step++) {
        misfortune(lab);
        sim_run(lab->world, DUR_MS((int64_t)sim_random_below(lab->world, 4000)));
    }
    sim_heal(lab->world);
    for (size_t i = 0; i < NODES; i++) {
        sim_node_thaw(lab->nodes[i].machine);
        if (!lab->nodes[i].cluster)
            start_again(&lab->nodes[i]);
    }
    static bool held[RECORDS_MAX];
    memset(held, 0, sizeof(held));
    count_held(lab, held);
    sim_run(lab->world, HEAL_TIME);
    for (size_t i = 0; i < NODES; i++) {
        struct node *n = &lab->nodes[i];
        if (member_count(n) != NODES)
            fail_msg("seed %llu: node %zu has %zu members", (unsigned long long)seed, i,
                     member_count(n));
        for (uint64_t number = 1; number <= lab->next_record; number++) {
            if (held[number] && !has_record(n, number))
                fail_msg("seed %llu: node %zu lacks record %llu", (unsigned long long)seed, i,
                         (unsigned long long)number);
        }
        if (cluster_stats(n->cluster)->failed_peers != 0)
            fail_msg("seed %llu: node %zu has failed peers", (unsigned long long)seed, i);
    }
    lab_free(lab);
}

static void all_heals(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++)
        run_seed(seed);
}

int test_chaos(void);
int test_chaos(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_heals)};
    return run_group("chaos", tests);
}
