// SPDX-License-Identifier: Apache-2.0
// Members are killed. `first`: until somebody's probe has failed; many times, without loss, beside
// the exact expectation. `death`: until everybody holds the member for dead, under loss.
#include <math.h>

#include "tests/sim/lab/lab.h"
#include "tests/sim/lab/model.h"

#define SUSPECT_TIME_MAX DUR_MINUTES(1)
#define DEATH_TIME_MAX   DUR_MINUTES(3)

static bool is_suspected(void *ctx)
{
    const struct fleet *f = ctx;
    return f->victim.first_suspect != 0;
}

static bool is_known_to_all(void *ctx)
{
    const struct fleet *f = ctx;
    return f->victim.all_know != 0;
}

// ---- first ---------------------------------------------------------------------------------

enum { FIRST_WHOLE, FIRST_START, FIRST_SUSPECT };

static void first_plan(struct plan *plan, const struct experiment *e)
{
    static const struct {
        size_t size;
        unsigned worlds, kills;
    } ROWS[] = {{3, 2, 1000}, {10, 2, 800}, {100, 4, 100}, {500, 2, 60}};
    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
        if (plan->is_quick && ROWS[i].size > 100)
            continue;
        plan_add(plan, &(struct row){.experiment = e,
                                     .size = ROWS[i].size,
                                     .worlds = plan->is_quick ? 2 : ROWS[i].worlds,
                                     .repeats = ROWS[i].kills / (plan->is_quick ? 2 : 1)});
    }
}

static void first_run(const struct row *row, struct sink *sink)
{
    struct fleet *f = fleet_new(&(struct fleet_options){.seed = row->seed, .size = row->size});
    for (unsigned i = 0; i < row->repeats; i++) {
        fleet_kill(f, fleet_any(f));
        if (!sim_run_until(f->world, is_suspected, f, SUSPECT_TIME_MAX))
            break; // the count of kills in the table shows it
        double start = periods(f->victim.first_probe - f->victim.killed_at);
        sink_put(sink, FIRST_START, start);
        sink_put(sink, FIRST_WHOLE, MAX(1.0, ceil(start)));
        sink_put(sink, FIRST_SUSPECT, periods(f->victim.first_suspect - f->victim.killed_at));
        fleet_revive(f);
    }
    fleet_free(f);
}

static void first_print(struct row *rows, size_t count, bool is_markdown)
{
    static const char *const HEADERS[] = {"members",
                                          "kills",
                                          "whole periods",
                                          "round-robin, exact",
                                          "at random, exact",
                                          "start, mean",
                                          "start, expected",
                                          "failed, mean",
                                          "p50",
                                          "p99",
                                          "bound"};
    struct table t;
    table_start(&t, HEADERS, ARRAY_LEN(HEADERS));
    for (size_t i = 0; i < count; i++) {
        struct series *r = rows[i].results;
        size_t n = rows[i].size;
        table_cell(&t, "%zu", n);
        table_cell(&t, "%zu", r[FIRST_WHOLE].count);
        table_cell(&t, "%.3f", series_mean(&r[FIRST_WHOLE]));
        table_cell(&t, "%.3f", model_detect_periods(n, PROBE_ROUND_ROBIN));
        table_cell(&t, "%.3f", model_detect_periods(n, PROBE_AT_RANDOM));
        table_cell(&t, "%.3f", series_mean(&r[FIRST_START]));
        table_cell(&t, "%.3f", model_detect_start(n, PROBE_ROUND_ROBIN));
        table_cell(&t, "%.3f", series_mean(&r[FIRST_SUSPECT]));
        table_cell(&t, "%.2f", series_quantile(&r[FIRST_SUSPECT], 0.5));
        table_cell(&t, "%.2f", series_quantile(&r[FIRST_SUSPECT], 0.99));
        table_cell(&t, "%zu", 2 * (n - 1));
    }
    table_print(&t, is_markdown);
}

static size_t first_check(struct row *rows, size_t count)
{
    size_t failed = 0;
    for (size_t i = 0; i < count; i++) {
        struct series *r = rows[i].results;
        size_t n = rows[i].size;
        double exact = model_detect_periods(n, PROBE_ROUND_ROBIN);
        double start = model_detect_start(n, PROBE_ROUND_ROBIN);
        const double limit = exp(1) / (exp(1) - 1);
        double kills = (double)rows[i].worlds * rows[i].repeats;
        failed +=
            check_between(&rows[i], "kills detected", (double)r[FIRST_WHOLE].count, kills, kills);
        failed += check_between(&rows[i], "whole periods to the first probe",
                                series_mean(&r[FIRST_WHOLE]), 0.9 * exact, 1.1 * exact);
        if (n >= 100)
            failed += check_between(&rows[i], "the same against e/(e-1)",
                                    series_mean(&r[FIRST_WHOLE]), 0.9 * limit, 1.1 * limit);
        failed +=
            check_between(&rows[i], "time to the first probe's failure",
                          series_mean(&r[FIRST_SUSPECT]), 0.9 * (start + 1), 1.1 * (start + 1));
        failed += check_between(&rows[i], "its maximum", series_quantile(&r[FIRST_SUSPECT], 1), 0,
                                (double)(2 * (n - 1)) + 0.01);
    }
    return failed;
}

const struct experiment EXPERIMENT_FIRST = {
    .name = "first",
    .title = "from a death to the first probe that fails, in probe periods",
    .plan = first_plan,
    .run = first_run,
    .print = first_print,
    .check = first_check,
};

// ---- death ---------------------------------------------------------------------------------

enum { DEATH_SUSPECT, DEATH_DEAD, DEATH_ALL, DEATH_SPREAD, DEATH_UNKNOWN };

static void death_plan(struct plan *plan, const struct experiment *e)
{
    static const struct {
        size_t size;
        unsigned worlds, kills;
    } ROWS[] = {{3, 2, 100}, {10, 2, 60}, {100, 2, 15}, {500, 1, 6}};
    static const double LOSSES[] = {0, 5, 10, 20, 30};
    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
        for (size_t k = 0; k < ARRAY_LEN(LOSSES); k++) {
            if (plan->is_quick && (ROWS[i].size >= 100 || k % 2 > 0))
                continue;
            plan_add(plan, &(struct row){.experiment = e,
                                         .size = ROWS[i].size,
                                         .worlds = ROWS[i].worlds,
                                         .repeats = ROWS[i].kills / (plan->is_quick ? 4 : 1),
                                         .loss_percent = LOSSES[k]});
        }
    }
}

static void death_run(const struct row *row, struct sink *sink)
{
    struct fleet *f = fleet_new(&(struct fleet_options){
        .seed = row->seed, .size = row->size, .loss_percent = row->loss_percent});
    const struct fleet_victim *v = &f->victim;
    for (unsigned i = 0; i < row->repeats; i++) {
        fleet_kill(f, fleet_any(f));
        bool is_known = sim_run_until(f->world, is_known_to_all, f, DEATH_TIME_MAX);
        sink_put(sink, DEATH_UNKNOWN, !is_known);
        if (is_known) {
            if (v->first_suspect) // else somebody suspected it while it lived
                sink_put(sink, DEATH_SUSPECT, periods(v->first_suspect - v->killed_at));
            sink_put(sink, DEATH_DEAD, periods(v->first_dead - v->killed_at));
            sink_put(sink, DEATH_ALL, periods(v->all_know - v->killed_at));
            sink_put(sink, DEATH_SPREAD, periods(v->all_know - v->first_dead));
        }
        fleet_revive(f);
    }
    fleet_free(f);
}

static void death_print(struct row *rows, size_t count, bool is_markdown)
{
    static const char *const HEADERS[] = {
        "members",   "loss %", "kills", "suspect, mean",   "p50", "p99", "dead, mean", "p50", "p99",
        "all, mean", "p50",    "p99",   "dead to all, p50"};
    struct table t;
    table_start(&t, HEADERS, ARRAY_LEN(HEADERS));
    for (size_t i = 0; i < count; i++) {
        struct series *r = rows[i].results;
        table_cell(&t, "%zu", rows[i].size);
        table_cell(&t, "%.0f", rows[i].loss_percent);
        table_cell(&t, "%zu", r[DEATH_UNKNOWN].count);
        for (unsigned m = DEATH_SUSPECT; m <= DEATH_ALL; m++) {
            table_cell(&t, "%.2f", series_mean(&r[m]));
            table_cell(&t, "%.2f", series_quantile(&r[m], 0.5));
            table_cell(&t, "%.2f", series_quantile(&r[m], 0.99));
        }
        table_cell(&t, "%.2f", series_quantile(&r[DEATH_SPREAD], 0.5));
    }
    table_print(&t, is_markdown);
}

// All learn of a death; and not before the shortest suspicion is over, unless a false one, under
// loss, was there first.
static size_t death_check(struct row *rows, size_t count)
{
    size_t failed = 0;
    for (size_t i = 0; i < count; i++) {
        struct series *r = rows[i].results;
        double min = periods(suspicion_timeout(SUSPICION_MULTIPLIER, rows[i].size, FLEET_PERIOD));
        failed +=
            check_between(&rows[i], "deaths not known to all", series_sum(&r[DEATH_UNKNOWN]), 0, 0);
        failed += check_between(&rows[i], "suspect to dead, mean",
                                series_mean(&r[DEATH_DEAD]) - series_mean(&r[DEATH_SUSPECT]),
                                rows[i].loss_percent > 0 ? 0 : min - 0.01,
                                SUSPICION_MAX_MULTIPLIER * min + 0.01);
    }
    return failed;
}

const struct experiment EXPERIMENT_DEATH = {
    .name = "death",
    .title = "from a death to somebody's suspicion, to somebody's verdict, until all know",
    .plan = death_plan,
    .run = death_run,
    .print = death_print,
    .check = death_check,
};
