// SPDX-License-Identifier: Apache-2.0
// lab.h: experiments, their rows, what they measured, and tables.
//
// An experiment plans rows (cluster size, loss, …). Each row is run in a number of worlds, every
// one with its own seed and in its own process; what a world measured comes back through a pipe as
// numbers under the row's metrics. Results do not depend on how many processes run at a time.
#pragma once
#include <stdio.h>

#include "base/core/buf.h"
#include "tests/sim/lab/fleet.h"

#define ROWS_MAX    128
#define METRICS_MAX 12
#define CELLS_MAX   16

// ---- numbers -------------------------------------------------------------------------------

struct series {
    double *values;
    size_t count, cap;
};

double series_sum(struct series *s); // sorts: the same for every order of arrival
double series_mean(struct series *s);
double series_quantile(struct series *s, double q); // nearest rank; 0 when empty

// ---- experiments ---------------------------------------------------------------------------

struct sink; // where a world puts what it measured

void sink_put(struct sink *sink, unsigned metric, double value);

// What an experiment does to some members.
enum impairment { IMPAIR_NOTHING, IMPAIR_SENDING, IMPAIR_RECEIVING, IMPAIR_SLOW, IMPAIR_BLOCKED };

struct row {
    const struct experiment *experiment;
    size_t size;
    unsigned worlds;  // seeds
    unsigned repeats; // in each world
    double loss_percent;
    double rate; // updates per second
    enum impairment impairment;
    size_t impaired;           // members
    double impairment_percent; // of loss
    dur_ns busy, idle;         // per event; or blocked and free in turn
    bool is_plain_swim;
    dur_ns dur; // of virtual time

    uint64_t seed; // of this world, when it runs
    struct series results[METRICS_MAX];
};

struct plan {
    struct row rows[ROWS_MAX];
    size_t count;
    const size_t *sizes; // wanted
    size_t size_count;
    bool is_quick;   // a small part of the tables, for the test
    unsigned trials; // multiplies worlds
};

struct experiment {
    const char *name;
    const char *title;
    void (*plan)(struct plan *plan, const struct experiment *e);
    void (*run)(const struct row *row, struct sink *sink);
    void (*print)(struct row *rows, size_t count, bool is_markdown);
    // Prints each bound that does not hold; returns how many. NULL: none.
    size_t (*check)(struct row *rows, size_t count);
};

extern const struct experiment EXPERIMENT_FIRST, EXPERIMENT_DEATH, EXPERIMENT_SPREAD,
    EXPERIMENT_LOSS, EXPERIMENT_ONEWAY, EXPERIMENT_SLOW, EXPERIMENT_BLOCKED, EXPERIMENT_LOAD;

// Adds a row unless its size is not wanted; worlds are multiplied by the trials.
void plan_add(struct plan *plan, const struct row *row);

// ---- running -------------------------------------------------------------------------------

// Runs all worlds of all rows, `jobs` processes at a time. False: one of them died.
bool lab_run(struct plan *plan, uint64_t seed, unsigned jobs, bool is_verbose);

// ---- tables and bounds ---------------------------------------------------------------------

struct table {
    const char *headers[CELLS_MAX];
    struct buf text; // cells, each ended by '\0'
    size_t columns;
    size_t cells;
};

void table_start(struct table *t, const char *const *headers, size_t columns);
void table_cell(struct table *t, const char *fmt, ...) PRINTF(2, 3);
void table_print(struct table *t, bool is_markdown); // and empties it

// Says so and returns 1 if value is outside [min, max].
size_t check_between(const struct row *row, const char *what, double value, double min, double max);

static inline double periods(dur_ns d)
{
    return (double)d / (double)FLEET_PERIOD;
}
