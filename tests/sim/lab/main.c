// SPDX-License-Identifier: Apache-2.0
// gossip_lab: measures the membership protocol in virtual time and prints tables.
//
//   gossip_lab [--markdown] [--check] [--quick] [--jobs N] [--trials N] [--seed N]
//              [--sizes 3,10,100,500] [experiment …]
//
//   --markdown  the tables as docs/simulation.md has them
//   --check     also tests the bounds; the exit status tells
//   --quick     a small part of everything
//   --trials    so many times the usual number of worlds
//
// Experiments: first death spread loss oneway slow blocked load; without a name all of them.
#include <stdlib.h>

#include "base/core/alloc.h"
#include "tests/sim/lab/lab.h"

#define SIZES_MAX 8

static const struct experiment *const EXPERIMENTS[] = {
    &EXPERIMENT_FIRST,  &EXPERIMENT_DEATH, &EXPERIMENT_SPREAD,  &EXPERIMENT_LOSS,
    &EXPERIMENT_ONEWAY, &EXPERIMENT_SLOW,  &EXPERIMENT_BLOCKED, &EXPERIMENT_LOAD,
};

struct arguments {
    bool is_markdown, is_check, is_quick;
    unsigned jobs, trials;
    uint64_t seed;
    size_t sizes[SIZES_MAX];
    size_t size_count;
    bool wants[ARRAY_LEN(EXPERIMENTS)];
};

void plan_add(struct plan *plan, const struct row *row)
{
    for (size_t i = 0; i < plan->size_count; i++) {
        if (plan->sizes[i] != row->size)
            continue;
        assert(plan->count < ROWS_MAX);
        plan->rows[plan->count] = *row;
        plan->rows[plan->count++].worlds *= plan->trials;
    }
}

static void usage(void)
{
    fprintf(stderr, "usage: gossip_lab [--markdown] [--check] [--quick] [--jobs N] [--trials N] "
                    "[--seed N] [--sizes N,N] [experiment ...]\nexperiments:");
    for (size_t i = 0; i < ARRAY_LEN(EXPERIMENTS); i++)
        fprintf(stderr, " %s", EXPERIMENTS[i]->name);
    fprintf(stderr, "\n");
    exit(2);
}

static uint64_t number_of(const char *text, uint64_t min, uint64_t max)
{
    char *end = NULL;
    unsigned long long n = text ? strtoull(text, &end, 10) : 0;
    if (!text || end == text || *end || n < min || n > max)
        usage();
    return n;
}

static void take_sizes(struct arguments *a, const char *text)
{
    str rest = str_c(text ? text : ""), item;
    a->size_count = 0;
    while (rest.n > 0) {
        char digits[8] = "";
        str_cut(rest, ',', &item, &rest);
        if (a->size_count == SIZES_MAX || item.n >= sizeof(digits))
            usage();
        memcpy(digits, item.p, item.n);
        a->sizes[a->size_count++] = number_of(digits, 2, FLEET_MEMBERS_MAX);
    }
    if (a->size_count == 0)
        usage();
}

static bool take_experiment(struct arguments *a, const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(EXPERIMENTS); i++) {
        if (strcmp(EXPERIMENTS[i]->name, name) == 0)
            return a->wants[i] = true;
    }
    return false;
}

static void take_arguments(struct arguments *a, int argc, char **argv)
{
    bool wants_some = false;
    for (int i = 1; i < argc; i++) {
        const char *arg = argv[i];
        if (strcmp(arg, "--markdown") == 0)
            a->is_markdown = true;
        else if (strcmp(arg, "--check") == 0)
            a->is_check = true;
        else if (strcmp(arg, "--quick") == 0)
            a->is_quick = true;
        else if (strcmp(arg, "--jobs") == 0)
            a->jobs = (unsigned)number_of(argv[++i], 1, 64);
        else if (strcmp(arg, "--trials") == 0)
            a->trials = (unsigned)number_of(argv[++i], 1, 1000);
        else if (strcmp(arg, "--seed") == 0)
            a->seed = number_of(argv[++i], 0, UINT64_MAX - 1);
        else if (strcmp(arg, "--sizes") == 0)
            take_sizes(a, argv[++i]);
        else if (take_experiment(a, arg))
            wants_some = true;
        else
            usage();
    }
    for (size_t i = 0; !wants_some && i < ARRAY_LEN(EXPERIMENTS); i++)
        a->wants[i] = true;
}

static size_t report(const struct experiment *e, struct plan *plan, const struct arguments *a)
{
    struct row *rows = plan->rows;
    size_t count = 0;
    while (rows < plan->rows + plan->count && rows->experiment != e)
        rows++;
    while (rows + count < plan->rows + plan->count && rows[count].experiment == e)
        count++;
    if (count == 0)
        return 0;
    printf(a->is_markdown ? "### %s: %s\n\n" : "%s: %s\n\n", e->name, e->title);
    e->print(rows, count, a->is_markdown);
    size_t failed = a->is_check && e->check ? e->check(rows, count) : 0;
    printf(a->is_check && e->check ? "\n" : "");
    for (size_t i = 0; i < count; i++) {
        for (size_t m = 0; m < METRICS_MAX; m++)
            mem_free(rows[i].results[m].values);
    }
    return failed;
}

int main(int argc, char **argv)
{
    struct arguments a = {
        .jobs = 2, .trials = 1, .seed = 1, .sizes = {3, 10, 100, 500}, .size_count = 4};
    static struct plan plan;
    take_arguments(&a, argc, argv);
    plan.sizes = a.sizes;
    plan.size_count = a.size_count;
    plan.is_quick = a.is_quick;
    plan.trials = a.trials;
    for (size_t i = 0; i < ARRAY_LEN(EXPERIMENTS); i++) {
        if (a.wants[i])
            EXPERIMENTS[i]->plan(&plan, EXPERIMENTS[i]);
    }
    bool is_good = lab_run(&plan, a.seed, a.jobs, !a.is_markdown && !a.is_check);
    size_t failed = 0;
    for (size_t i = 0; i < ARRAY_LEN(EXPERIMENTS); i++)
        failed += report(EXPERIMENTS[i], &plan, &a);
    if (!is_good)
        fprintf(stderr, "a world ended with an error\n");
    return is_good && failed == 0 ? 0 : 1;
}
