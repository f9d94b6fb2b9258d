// SPDX-License-Identifier: Apache-2.0
// What the protocol costs each member when nothing happens, and when updates come.
#include "tests/sim/lab/lab.h"

enum { LOAD_SECONDS, LOAD_DATAGRAMS, LOAD_BYTES, LOAD_STREAMS };

static void load_plan(struct plan *plan, const struct experiment *e)
{
    static const size_t SIZES[] = {3, 10, 100, 500};
    static const double RATES[] = {0, 1, 10};
    for (size_t i = 0; i < ARRAY_LEN(SIZES); i++) {
        for (size_t k = 0; k < ARRAY_LEN(RATES); k++) {
            if (plan->is_quick && SIZES[i] >= 100)
                continue;
            plan_add(plan, &(struct row){.experiment = e,
                                         .size = SIZES[i],
                                         .worlds = 1,
                                         .rate = RATES[k],
                                         .dur = DUR_SECONDS(SIZES[i] > 100  ? 20
                                                            : SIZES[i] > 10 ? 60
                                                                            : 300)});
        }
    }
}

static void load_run(const struct row *row, struct sink *sink)
{
    struct fleet *f = fleet_new(&(struct fleet_options){.seed = row->seed, .size = row->size});
    sim_run(f->world, DUR_SECONDS(10)); // what joining left behind
    f->traffic = (struct fleet_traffic){0};
    mono_ns end = sim_now(f->world) + row->dur;
    while (sim_now(f->world) < end) {
        if (row->rate > 0) {
            fleet_send_update(f, fleet_any(f));
            sim_run(f->world, (dur_ns)((double)DUR_SECONDS(1) / row->rate));
        } else {
            sim_run(f->world, row->dur);
        }
    }
    sink_put(sink, LOAD_SECONDS, dur_to_seconds(row->dur) * (double)row->size);
    sink_put(sink, LOAD_DATAGRAMS, (double)f->traffic.datagrams);
    sink_put(sink, LOAD_BYTES, (double)f->traffic.bytes);
    sink_put(sink, LOAD_STREAMS, (double)f->traffic.streams);
    fleet_free(f);
}

static double per_second(struct row *row, unsigned metric)
{
    return series_sum(&row->results[metric]) / series_sum(&row->results[LOAD_SECONDS]);
}

static void load_print(struct row *rows, size_t count, bool is_markdown)
{
    static const char *const HEADERS[] = {"members", "updates per second",
                                          "datagrams per member and s", "bytes per member and s",
                                          "streams per member and min"};
    struct table t;
    table_start(&t, HEADERS, ARRAY_LEN(HEADERS));
    for (size_t i = 0; i < count; i++) {
        table_cell(&t, "%zu", rows[i].size);
        table_cell(&t, "%.0f", rows[i].rate);
        table_cell(&t, "%.2f", per_second(&rows[i], LOAD_DATAGRAMS));
        table_cell(&t, "%.0f", per_second(&rows[i], LOAD_BYTES));
        table_cell(&t, "%.2f", 60 * per_second(&rows[i], LOAD_STREAMS));
    }
    table_print(&t, is_markdown);
}

// A ping and an ack per member and period, however many members there are. News costs at most so
// many packets per tick; full ones follow each other.
static size_t load_check(struct row *rows, size_t count)
{
    const double quiet = 2, ticks = 5, fanout = 3;
    size_t failed = 0;
    for (size_t i = 0; i < count; i++) {
        double news = rows[i].rate > 0 ? ticks * fanout * GOSSIP_BURST_MAX : 0;
        failed +=
            check_between(&rows[i], "datagrams per member and period",
                          per_second(&rows[i], LOAD_DATAGRAMS), quiet - 0.05, quiet + news + 0.05);
    }
    return failed;
}

const struct experiment EXPERIMENT_LOAD = {
    .name = "load",
    .title = "what each member sends",
    .plan = load_plan,
    .run = load_run,
    .print = load_print,
    .check = load_check,
};
