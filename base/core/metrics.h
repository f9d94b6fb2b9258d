// SPDX-License-Identifier: Apache-2.0
// metrics.h: counters, gauges, histograms and their text exposition.
//
// A registry holds families in the order of their names. A child is found once (by its label values)
// and then updated by a plain store: no lookup, no lock on hot paths. Core thread only.
#pragma once
#include "base/core/buf.h"
#include "base/core/time.h"

struct metrics; // the registry
struct metric_family;

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM, METRIC_SUMMARY };

#define METRIC_LABELS_MAX  4
#define METRIC_BUCKETS_MAX 32
#define METRIC_CHILDREN_MAX 100000 // per family; beyond: the child with all values "overflow"

struct metric { // counter or gauge
    double value;
};

struct histogram { // also a summary without quantiles: no bounds
    const double *bounds; // upper ones, rising, without +Inf
    size_t bound_count;
    uint64_t *counts; // bound_count + 1
    uint64_t count;
    double sum;
};

struct metrics *metrics_new(void);
void metrics_free(struct metrics *m);

// Registers a family; texts are literals. label_names: comma separated, "" for none. Bounds are
// borrowed. Registering a name twice is a programming error.
struct metric_family *metrics_family(struct metrics *m, enum metric_kind kind, const char *name,
                                     const char *help, const char *label_names,
                                     const double *bounds, size_t bound_count);

// The child with these label values (as many as names); created at zero. Stays valid until removed.
struct metric *metric_get(struct metric_family *f, const str *values);
struct histogram *histogram_get(struct metric_family *f, const str *values);
void metric_remove(struct metric_family *f, const str *values); // not there: nothing
void metric_remove_all(struct metric_family *f);

// A family whose children are computed at each exposition: fn calls metric_get(...)->value = ….
void metrics_on_collect(struct metrics *m, void (*fn)(void *owner), void *owner);

// Shorthands for families without labels.
struct metric *metrics_counter(struct metrics *m, const char *name, const char *help);
struct metric *metrics_gauge(struct metrics *m, const char *name, const char *help);
struct histogram *metrics_histogram(struct metrics *m, const char *name, const char *help,
                                    const double *bounds, size_t bound_count);

static inline void metric_add(struct metric *c, double x)
{
    c->value += x;
}

static inline void metric_inc(struct metric *c)
{
    c->value += 1;
}

static inline void metric_set(struct metric *g, double x)
{
    g->value = x;
}

void histogram_observe(struct histogram *h, double x);

extern const double METRIC_BUCKETS_DEFAULT[11]; // client_golang's: .005 … 10

// Prometheus text 0.0.4: families by name, children by label values. with_metadata: # HELP, # TYPE.
void metrics_expose(struct metrics *m, bool with_metadata, struct buf *out);
