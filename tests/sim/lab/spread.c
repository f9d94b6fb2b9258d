// SPDX-License-Identifier: Apache-2.0
// An update of 120 bytes starts at a random member and spreads by gossip alone: the state of the
// laboratory takes no part in push/pull.
#include <math.h>

#include "tests/sim/lab/lab.h"
#include "tests/sim/lab/model.h"

#define UPDATE_TIME DUR_SECONDS(6)
#define TICK_S      0.2
#define MODEL_RUNS  2000

enum { SPREAD_50, SPREAD_99, SPREAD_100, SPREAD_MISSED };

static void spread_plan(struct plan *plan, const struct experiment *e)
{
    static const struct {
        size_t size;
        unsigned worlds, updates;
    } ROWS[] = {{3, 2, 1000}, {10, 2, 500}, {100, 2, 75}, {500, 1, 20}};
    static const double LOSSES[] = {0, 5, 10, 20, 30};
    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
        for (size_t k = 0; k < ARRAY_LEN(LOSSES); k++) {
            if (plan->is_quick && (ROWS[i].size > 100 || k % (ROWS[i].size < 100 ? 2 : 5) > 0))
                continue;
            plan_add(plan, &(struct row){.experiment = e,
                                         .size = ROWS[i].size,
                                         .worlds = plan->is_quick ? 1 : ROWS[i].worlds,
                                         .repeats = ROWS[i].updates / (plan->is_quick ? 5 : 1),
                                         .loss_percent = LOSSES[k]});
        }
    }
}

// When that share of all members had it.
static void put_time(struct sink *sink, unsigned metric, const struct fleet *f, double share)
{
    const struct fleet_update *u = &f->update;
    size_t wanted = (size_t)ceil(share * (double)f->size);
    if (u->holders >= wanted)
        sink_put(sink, metric, dur_to_seconds(u->at[wanted - 1] - u->sent_at));
}

static void spread_run(const struct row *row, struct sink *sink)
{
    struct fleet *f = fleet_new(&(struct fleet_options){
        .seed = row->seed, .size = row->size, .loss_percent = row->loss_percent});
    for (unsigned i = 0; i < row->repeats; i++) {
        sim_run(f->world, (dur_ns)sim_random_below(f->world, FLEET_TICK));
        fleet_send_update(f, fleet_any(f));
        sim_run(f->world, UPDATE_TIME);
        put_time(sink, SPREAD_50, f, 0.5);
        put_time(sink, SPREAD_99, f, 0.99);
        put_time(sink, SPREAD_100, f, 1);
        sink_put(sink, SPREAD_MISSED,
                 100 * (double)(f->size - f->update.holders) / (double)(f->size - 1));
    }
    fleet_free(f);
}

static struct model_spread model_of(const struct row *row, bool is_in_step)
{
    return model_spread(row->size, row->loss_percent, is_in_step, MODEL_RUNS, 1);
}

static void spread_print(struct row *rows, size_t count, bool is_markdown)
{
    static const char *const HEADERS[] = {
        "members",       "loss %", "updates", "t50 s",    "model",    "t99 s", "model",
        "model in step", "t100 s", "model",   "t100 p99", "missed %", "model"};
    struct table t;
    table_start(&t, HEADERS, ARRAY_LEN(HEADERS));
    for (size_t i = 0; i < count; i++) {
        struct series *r = rows[i].results;
        struct model_spread own = model_of(&rows[i], false), step = model_of(&rows[i], true);
        table_cell(&t, "%zu", rows[i].size);
        table_cell(&t, "%.0f", rows[i].loss_percent);
        table_cell(&t, "%zu", r[SPREAD_MISSED].count);
        table_cell(&t, "%.3f", series_mean(&r[SPREAD_50]));
        table_cell(&t, "%.3f", own.t50);
        table_cell(&t, "%.3f", series_mean(&r[SPREAD_99]));
        table_cell(&t, "%.3f", own.t99);
        table_cell(&t, "%.3f", step.t99);
        table_cell(&t, "%.3f", series_mean(&r[SPREAD_100]));
        table_cell(&t, "%.3f", own.t100);
        table_cell(&t, "%.3f", series_quantile(&r[SPREAD_100], 0.99));
        table_cell(&t, "%.4f", series_mean(&r[SPREAD_MISSED]));
        table_cell(&t, "%.4f", own.missed_percent);
    }
    table_print(&t, is_markdown);
}

static size_t spread_check(struct row *rows, size_t count)
{
    size_t failed = 0;
    for (size_t i = 0; i < count; i++) {
        struct series *r = rows[i].results;
        struct model_spread own = model_of(&rows[i], false), step = model_of(&rows[i], true);
        double t99 = series_mean(&r[SPREAD_99]);
        failed += check_between(&rows[i], "t99 against the model", t99, own.t99 - TICK_S,
                                own.t99 + TICK_S);
        failed +=
            check_between(&rows[i], "t99 against the model in step", t99, 0, step.t99 + TICK_S);
        failed += check_between(&rows[i], "missed %", series_mean(&r[SPREAD_MISSED]), 0,
                                own.missed_percent * 4 + 0.1);
    }
    return failed;
}

const struct experiment EXPERIMENT_SPREAD = {
    .name = "spread",
    .title = "a small update until 50 %, 99 % and all of the members have it",
    .plan = spread_plan,
    .run = spread_run,
    .print = spread_print,
    .check = spread_check,
};
