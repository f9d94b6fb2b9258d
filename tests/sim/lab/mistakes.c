// SPDX-License-Identifier: Apache-2.0
// Nobody dies. Who is suspected or held for dead all the same, when datagrams get lost everywhere,
// in one direction at one member, or when some members are slow?
#include "tests/sim/lab/lab.h"

enum { HOURS, SUSPICIONS, DEATHS, DEATHS_OF_FIT, DEATHS_AT_FIT, DEATHS_OF_WEAK };

// ---- running -------------------------------------------------------------------------------

static void lose_from(struct fleet *f, struct fleet_member *from, struct fleet_member *to,
                      double percent)
{
    if (from != to)
        sim_link_set(from->machine, to->machine,
                     &(struct sim_link_options){.loss_percent = percent});
    (void)f;
}

static void impair(struct fleet *f, struct fleet_member *m, const struct row *row)
{
    m->is_impaired = true;
    for (size_t i = 0; i < f->size; i++) {
        if (row->impairment == IMPAIR_SENDING)
            lose_from(f, m, &f->members[i], row->impairment_percent);
        else if (row->impairment == IMPAIR_RECEIVING)
            lose_from(f, &f->members[i], m, row->impairment_percent);
    }
    if (row->impairment == IMPAIR_SLOW)
        sim_node_slow(m->machine, row->busy);
}

// The impaired members are blocked and free in turn, all at the same time.
static void run_blocked(struct fleet *f, const struct row *row)
{
    mono_ns end = sim_now(f->world) + row->dur;
    while (sim_now(f->world) < end) {
        for (size_t i = 0; i < row->impaired; i++)
            fleet_block(&f->members[f->size - 1 - i]);
        sim_run(f->world, row->busy);
        for (size_t i = 0; i < row->impaired; i++)
            fleet_unblock(&f->members[f->size - 1 - i]);
        sim_run(f->world, row->idle);
    }
}

static void mistakes_run(const struct row *row, struct sink *sink)
{
    struct fleet *f = fleet_new(&(struct fleet_options){
        .seed = row->seed,
        .size = row->size,
        .loss_percent = row->loss_percent,
        .is_plain_swim = row->is_plain_swim,
    });
    for (size_t i = 0; i < row->impaired; i++)
        impair(f, &f->members[f->size - 1 - i], row);
    if (row->impairment == IMPAIR_BLOCKED)
        run_blocked(f, row);
    else
        sim_run(f->world, row->dur);
    sink_put(sink, HOURS, dur_to_seconds(row->dur) / 3600 * (double)row->size);
    sink_put(sink, SUSPICIONS, (double)f->mistakes.suspicions);
    sink_put(sink, DEATHS, (double)f->mistakes.deaths);
    sink_put(sink, DEATHS_OF_FIT, (double)f->mistakes.deaths_of_fit);
    sink_put(sink, DEATHS_AT_FIT, (double)f->mistakes.deaths_at_fit);
    sink_put(sink, DEATHS_OF_WEAK, (double)f->mistakes.deaths_of_weak);
    fleet_free(f);
}

static dur_ns dur_for(size_t size, bool is_quick)
{
    dur_ns dur = size <= 3    ? DUR_HOURS(4)
                 : size <= 10 ? DUR_HOURS(2)
                 : size < 200 ? DUR_MINUTES(10)
                              : DUR_MINUTES(2);
    return is_quick ? dur / 8 : dur;
}

static void put_rates(struct table *t, struct series *r, unsigned first, unsigned last)
{
    double hours = series_sum(&r[HOURS]);
    for (unsigned m = first; m <= last; m++)
        table_cell(t, "%.4g", series_sum(&r[m]) / hours);
}

// ---- loss ----------------------------------------------------------------------------------

static void loss_plan(struct plan *plan, const struct experiment *e)
{
    static const size_t SIZES[] = {3, 10, 100, 500};
    static const double LOSSES[] = {0, 5, 10, 20, 30};
    for (size_t i = 0; i < ARRAY_LEN(SIZES); i++) {
        for (size_t k = 0; k < ARRAY_LEN(LOSSES); k++) {
            if (plan->is_quick && (SIZES[i] >= 100 || k % 2 > 0))
                continue;
            plan_add(plan, &(struct row){.experiment = e,
                                         .size = SIZES[i],
                                         .worlds = SIZES[i] > 100 ? 1 : 2,
                                         .loss_percent = LOSSES[k],
                                         .dur = dur_for(SIZES[i], plan->is_quick)});
        }
    }
}

static void loss_print(struct row *rows, size_t count, bool is_markdown)
{
    static const char *const HEADERS[] = {"members",
                                          "loss %",
                                          "member-hours",
                                          "suspicions per member-hour",
                                          "false deaths per member-hour",
                                          "false deaths"};
    struct table t;
    table_start(&t, HEADERS, ARRAY_LEN(HEADERS));
    for (size_t i = 0; i < count; i++) {
        struct series *r = rows[i].results;
        table_cell(&t, "%zu", rows[i].size);
        table_cell(&t, "%.0f", rows[i].loss_percent);
        table_cell(&t, "%.1f", series_sum(&r[HOURS]));
        put_rates(&t, r, SUSPICIONS, DEATHS);
        table_cell(&t, "%.0f", series_sum(&r[DEATHS]));
    }
    table_print(&t, is_markdown);
}

// Up to 10 % loss nobody is held for dead, without loss nobody is even suspected.
static size_t loss_check(struct row *rows, size_t count)
{
    size_t failed = 0;
    for (size_t i = 0; i < count; i++) {
        struct series *r = rows[i].results;
        if (rows[i].loss_percent <= 0)
            failed += check_between(&rows[i], "suspicions", series_sum(&r[SUSPICIONS]), 0, 0);
        if (rows[i].loss_percent <= 10)
            failed += check_between(&rows[i], "false deaths", series_sum(&r[DEATHS]), 0, 0);
    }
    return failed;
}

const struct experiment EXPERIMENT_LOSS = {
    .name = "loss",
    .title = "false positives under datagram loss",
    .plan = loss_plan,
    .run = mistakes_run,
    .print = loss_print,
    .check = loss_check,
};

// ---- one way -------------------------------------------------------------------------------

static void oneway_plan(struct plan *plan, const struct experiment *e)
{
    static const size_t SIZES[] = {3, 10, 100};
    static const double LOSSES[] = {30, 60, 90};
    for (size_t i = 0; i < ARRAY_LEN(SIZES); i++) {
        for (size_t k = 0; k < 2 * ARRAY_LEN(LOSSES); k++) {
            if (plan->is_quick && (SIZES[i] > 10 || k % 3 == 1))
                continue;
            plan_add(plan, &(struct row){.experiment = e,
                                         .size = SIZES[i],
                                         .worlds = 2,
                                         .impairment = k < ARRAY_LEN(LOSSES) ? IMPAIR_SENDING
                                                                             : IMPAIR_RECEIVING,
                                         .impaired = 1,
                                         .impairment_percent = LOSSES[k % ARRAY_LEN(LOSSES)],
                                         .dur = dur_for(SIZES[i], plan->is_quick) / 2});
        }
    }
}

static void oneway_print(struct row *rows, size_t count, bool is_markdown)
{
    static const char *const HEADERS[] = {"members",
                                          "one member loses",
                                          "member-hours",
                                          "suspicions per member-hour",
                                          "deaths of others per member-hour",
                                          "of them at others",
                                          "of that member"};
    struct table t;
    table_start(&t, HEADERS, ARRAY_LEN(HEADERS));
    for (size_t i = 0; i < count; i++) {
        struct series *r = rows[i].results;
        table_cell(&t, "%zu", rows[i].size);
        table_cell(&t, "%.0f %% of what it %s", rows[i].impairment_percent,
                   rows[i].impairment == IMPAIR_SENDING ? "sends" : "is sent");
        table_cell(&t, "%.1f", series_sum(&r[HOURS]));
        put_rates(&t, r, SUSPICIONS, SUSPICIONS);
        put_rates(&t, r, DEATHS_OF_FIT, DEATHS_OF_WEAK);
    }
    table_print(&t, is_markdown);
}

const struct experiment EXPERIMENT_ONEWAY = {
    .name = "oneway",
    .title = "false positives when one member loses datagrams in one direction",
    .plan = oneway_plan,
    .run = mistakes_run,
    .print = oneway_print,
};

// ---- slow ----------------------------------------------------------------------------------

static void slow_plan(struct plan *plan, const struct experiment *e)
{
    static const size_t SIZES[] = {3, 10, 100};
    static const dur_ns DELAYS[] = {DUR_MS(20), DUR_MS(100), DUR_MS(250)};
    for (size_t i = 0; i < ARRAY_LEN(SIZES); i++) {
        for (size_t k = 0; k < ARRAY_LEN(DELAYS); k++) {
            if (plan->is_quick && (SIZES[i] > 10 || k == 1))
                continue;
            plan_add(plan, &(struct row){.experiment = e,
                                         .size = SIZES[i],
                                         .worlds = 2,
                                         .impairment = IMPAIR_SLOW,
                                         .impaired = 1,
                                         .busy = DELAYS[k],
                                         .dur = dur_for(SIZES[i], plan->is_quick) / 2});
        }
    }
}

static void slow_print(struct row *rows, size_t count, bool is_markdown)
{
    static const char *const HEADERS[] = {"members",
                                          "ms per event",
                                          "member-hours",
                                          "suspicions per member-hour",
                                          "deaths of others per member-hour",
                                          "of them at others",
                                          "of the slow one"};
    struct table t;
    table_start(&t, HEADERS, ARRAY_LEN(HEADERS));
    for (size_t i = 0; i < count; i++) {
        struct series *r = rows[i].results;
        table_cell(&t, "%zu", rows[i].size);
        table_cell(&t, "%.0f", dur_to_seconds(rows[i].busy) * 1000);
        table_cell(&t, "%.1f", series_sum(&r[HOURS]));
        put_rates(&t, r, SUSPICIONS, SUSPICIONS);
        put_rates(&t, r, DEATHS_OF_FIT, DEATHS_OF_WEAK);
    }
    table_print(&t, is_markdown);
}

const struct experiment EXPERIMENT_SLOW = {
    .name = "slow",
    .title = "false positives when one member needs long for every event",
    .plan = slow_plan,
    .run = mistakes_run,
    .print = slow_print,
};

// ---- blocked -------------------------------------------------------------------------------

static void blocked_plan(struct plan *plan, const struct experiment *e)
{
    static const struct {
        dur_ns busy, idle;
    } CYCLES[] = {
        {DUR_MS(2048), DUR_MS(64)}, {DUR_MS(8192), DUR_MS(256)}, {DUR_MS(16384), DUR_MS(1024)}};
    static const size_t COUNTS[] = {1, 4, 16};
    for (size_t i = 0; i < ARRAY_LEN(COUNTS); i++) {
        for (size_t k = 0; k < 2 * ARRAY_LEN(CYCLES); k++) {
            if (plan->is_quick && (COUNTS[i] != 4 || k / 2 != 1))
                continue;
            plan_add(plan, &(struct row){.experiment = e,
                                         .size = 100,
                                         .worlds = plan->is_quick ? 1 : 2,
                                         .impairment = IMPAIR_BLOCKED,
                                         .impaired = COUNTS[i],
                                         .busy = CYCLES[k / 2].busy,
                                         .idle = CYCLES[k / 2].idle,
                                         .is_plain_swim = k % 2 == 0,
                                         .dur = DUR_SECONDS(plan->is_quick ? 40 : 120)});
        }
    }
}

static void blocked_print(struct row *rows, size_t count, bool is_markdown)
{
    static const char *const HEADERS[] = {"blocked members",
                                          "blocked s",
                                          "free s",
                                          "protocol",
                                          "false deaths",
                                          "at healthy members",
                                          "deaths of the blocked"};
    struct table t;
    table_start(&t, HEADERS, ARRAY_LEN(HEADERS));
    for (size_t i = 0; i < count; i++) {
        struct series *r = rows[i].results;
        table_cell(&t, "%zu", rows[i].impaired);
        table_cell(&t, "%.3f", dur_to_seconds(rows[i].busy));
        table_cell(&t, "%.3f", dur_to_seconds(rows[i].idle));
        table_cell(&t, "%s", rows[i].is_plain_swim ? "SWIM" : "Lifeguard");
        table_cell(&t, "%.0f", series_sum(&r[DEATHS_OF_FIT]));
        table_cell(&t, "%.0f", series_sum(&r[DEATHS_AT_FIT]));
        table_cell(&t, "%.0f", series_sum(&r[DEATHS_OF_WEAK]));
    }
    table_print(&t, is_markdown);
}

// Rows come in pairs. Where SWIM makes many mistakes about healthy members, Lifeguard makes at
// least five times fewer.
static size_t blocked_check(struct row *rows, size_t count)
{
    size_t failed = 0;
    for (size_t i = 0; i + 1 < count; i += 2) {
        double swim = series_sum(&rows[i].results[DEATHS_OF_FIT]);
        double ours = series_sum(&rows[i + 1].results[DEATHS_OF_FIT]);
        if (swim >= 500)
            failed += check_between(&rows[i + 1], "false deaths", ours, 0, swim / 5);
    }
    return failed;
}

const struct experiment EXPERIMENT_BLOCKED = {
    .name = "blocked",
    .title = "false positives when messages of some members are held up (Lifeguard's experiment)",
    .plan = blocked_plan,
    .run = mistakes_run,
    .print = blocked_print,
    .check = blocked_check,
};
