// SPDX-License-Identifier: Apache-2.0
// metrics.h: counters, gauges, histograms and their text exposition.
//
// A registry holds families in the order of their names. A child is found once (by its label
// values) and then updated by a plain store: no lookup, no lock on hot paths. Core thread only.
#pragma once
#include "base/core/buf.h"
#include "base/core/time.h"

struct metrics; // the registry
struct metric_family;

enum metric_kind {
    METRIC_COUNTER,
    METRIC_GAUGE,
    METRIC_HISTOGRAM,
    METRIC_SUMMARY,   // without quantiles
    METRIC_VMRANGE,   // see vmrange_get
    METRIC_QUANTILES, // see quantile_summary_get
};

#define METRIC_LABELS_MAX   8
#define METRIC_BUCKETS_MAX  32
#define METRIC_CHILDREN_MAX 100000 // per family; beyond: the child with all values "overflow"

struct metric { // counter or gauge
    double value;
};

struct histogram {        // also a summary without quantiles: no bounds
    const double *bounds; // upper ones, rising, without +Inf
    size_t bound_count;
    uint64_t *counts; // bound_count + 1
    uint64_t count;
    double sum;
};

struct metrics *metrics_new(void);
void metrics_free(struct metrics *m);

// Registers a family; texts are literals. label_names: comma separated, "" for none; a constant one
// is written with its value: "status,version=v2". Bounds are borrowed. Registering a name twice is
// a programming error, unless it is the same family again: then that one is returned.
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

// Prometheus text 0.0.4 as client_golang writes it: families by name, series by label values,
// labels by name. A family without children is left out. with_metadata: # HELP, # TYPE.
void metrics_expose(struct metrics *m, bool with_metadata, struct buf *out);

// VictoriaMetrics' form: whole numbers in full, labels in the order of registration with ", "
// between them, histograms by vmrange (bounds NULL) or le. with_metadata: # HELP name, # TYPE.
void metrics_expose_vm(struct metrics *m, bool with_metadata, struct buf *out);

// ---- VictoriaMetrics' histograms ----------------------------------------------------------------

// 18 buckets per decade from 1e-9 to 1e18 and one at each end; only those that were hit are shown,
// and an empty histogram not at all. Negative values and NaN are ignored.
#define VMRANGE_DECADE_MIN (-9)
#define VMRANGE_DECADE_MAX 18
#define VMRANGE_PER_DECADE 18
#define VMRANGE_BUCKETS    ((size_t)(VMRANGE_DECADE_MAX - VMRANGE_DECADE_MIN) * VMRANGE_PER_DECADE)

struct vmrange {
    uint64_t counts[VMRANGE_BUCKETS];
    uint64_t below, above;
    double sum;
};

struct vmrange *vmrange_get(struct metric_family *f, const str *values); // kind METRIC_VMRANGE
void vmrange_observe(struct vmrange *h, double x);

// ---- VictoriaMetrics' summaries -----------------------------------------------------------------

// Quantiles 0.5, 0.9, 0.97, 0.99 and 1 over the last five minutes, from a bounded sample; _sum and
// _count over the whole life. The window turns by quantile_summary_rotate, which its owner calls
// every QUANTILE_WINDOW / 2.
#define QUANTILE_WINDOW      DUR_MINUTES(5)
#define QUANTILE_SAMPLES_MAX 256

struct quantile_window {
    double samples[QUANTILE_SAMPLES_MAX];
    uint64_t seen; // observations since the window began; above the maximum they replace older ones
};

struct quantile_summary {
    struct quantile_window current, previous; // the older half is still shown
    uint64_t count;
    double sum;
};

struct quantile_summary *quantile_summary_get(struct metric_family *f, const str *values);
void quantile_summary_observe(struct quantile_summary *s, double x);
void quantile_summary_rotate(struct metric_family *f); // all children: kind METRIC_QUANTILES
