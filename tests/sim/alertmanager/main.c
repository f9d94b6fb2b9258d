// SPDX-License-Identifier: Apache-2.0
// Runs the seeds and sums up. TOCSIN_NIGHTLY=1 in the environment: ten times as many.
#define BANNED_ALLOW_IMPURE // a test runner
#include <sys/mman.h>

#include "tests/sim/alertmanager/lab.h"

#define SEEDS         2000
#define NIGHTLY_TIMES 10

static void run_seed(uint64_t seed, void *ctx)
{
    struct totals *totals = ctx;
    struct lab *lab = lab_new(seed, totals);
    enum scenario scenario = lab->plan.scenario;
    scenario_run(lab);
    totals->seeds[scenario]++;
    totals->messages[scenario] += lab->messages;
    totals->duplicates[scenario] += lab->duplicates;
    lab_free(lab);
}

// How often kill -9 struck at each step: whoever did the step, the peers behind it, all at once.
// False: a cell is empty.
static bool print_kills(const struct totals *t)
{
    static const char *const steps[CRASH_STEP_COUNT] = {"before", "sent", "answered", "logged",
                                                        "heard"};
    bool is_complete = true;
    for (size_t step = 0; step < CRASH_STEP_COUNT; step++) {
        printf("  kill -9 %-9s", steps[step]);
        for (size_t victim = 0; victim <= PEERS_MAX; victim++) {
            printf("%6llu", t->kills[step][victim]);
            is_complete &= t->kills[step][victim] > 0;
        }
        printf(" (all)\n");
    }
    return is_complete;
}

static void print_totals(const struct totals *t)
{
    unsigned long long seeds = 0, messages = 0, duplicates = 0;
    for (size_t i = 0; i < SCENARIO_COUNT; i++) {
        printf("  %-10s %6llu seeds %8llu notifications %6llu duplicates\n", scenario_names[i],
               t->seeds[i], t->messages[i], t->duplicates[i]);
        seeds += t->seeds[i];
        messages += t->messages[i];
        duplicates += t->duplicates[i];
    }
    printf("sim_alertmanager: %llu seeds, %llu notifications, %llu duplicates (none in healthy and "
           "lossy worlds)\n",
           seeds, messages, duplicates);
}

int main(int argc, char **argv)
{
    struct totals *totals =
        mmap(NULL, sizeof(*totals), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (totals == MAP_FAILED) {
        perror("mmap");
        return 1;
    }
    const char *nightly = getenv("TOCSIN_NIGHTLY");
    bool is_nightly = nightly && str_eq(str_c(nightly), S("1"));
    int status = seeds_main(argc, argv,
                            &(struct seeds){
                                .run = run_seed,
                                .ctx = totals,
                                .count = is_nightly ? SEEDS * NIGHTLY_TIMES : SEEDS,
                            });
    bool is_complete = print_kills(totals);
    print_totals(totals);
    if (!is_complete && argc == 1) {
        printf("sim_alertmanager: some steps were never struck\n");
        status = 1;
    }
    munmap(totals, sizeof(*totals));
    return status;
}
