// SPDX-License-Identifier: Apache-2.0
// Families of the notification log, the silences and the log of alerts (spec: Alertmanager metrics
// §6, §7).
#include "alertmanager/metrics.h"

#define NFLOG    "alertmanager_nflog"
#define SILENCES "alertmanager_silences"

static struct histogram *summary(struct metrics *r, const char *name, const char *help)
{
    return histogram_get(metrics_family(r, METRIC_SUMMARY, name, help, "", NULL, 0), NULL);
}

static struct histogram *durations(struct metrics *r, const char *name, const char *help)
{
    return metrics_histogram(r, name, help, METRIC_BUCKETS_DEFAULT,
                             ARRAY_LEN(METRIC_BUCKETS_DEFAULT));
}

#define REGISTER_STATE(r, prefix)                                                                  \
    (struct state_metrics)                                                                         \
    {                                                                                              \
        .gc = summary((r), prefix "_gc_duration_seconds",                                          \
                      "Duration of a garbage collection, in seconds."),                            \
        .snapshot = summary((r), prefix "_snapshot_duration_seconds",                              \
                            "Duration of writing a snapshot, in seconds."),                        \
        .query =                                                                                   \
            durations((r), prefix "_query_duration_seconds", "Duration of a query, in seconds."),  \
        .snapshot_bytes = metrics_gauge((r), prefix "_snapshot_size_bytes",                        \
                                        "Size of the last snapshot, in bytes."),                   \
        .maintenance =                                                                             \
            metrics_counter((r), prefix "_maintenance_total", "Rounds of maintenance."),           \
        .maintenance_errors = metrics_counter((r), prefix "_maintenance_errors_total",             \
                                              "Rounds of maintenance that failed."),               \
        .queries = metrics_counter((r), prefix "_queries_total", "Queries."),                      \
        .query_errors = metrics_counter((r), prefix "_query_errors_total",                         \
                                        "Queries that failed or found nothing."),                  \
        .propagated = metrics_counter((r), prefix "_gossip_messages_propagated_total",             \
                                      "Gossip messages merged and passed on."),                    \
    }

static void register_silences(struct am_metrics *m)
{
    struct metrics *r = m->registry;
    struct metric_family *states =
        metrics_family(r, METRIC_GAUGE, SILENCES, "Silences held, by state.", "state", NULL, 0);
    for (int i = 0; i < 3; i++) {
        str state = silence_state_str((enum silence_state)i);
        m->silences_by_state[i] = metric_get(states, &state);
    }
    m->silence_gc_errors = metrics_counter(r, SILENCES "_gc_errors_total",
                                           "Silences that could not be garbage collected.");
    struct metric_family *compile =
        metrics_family(r, METRIC_COUNTER, SILENCES "_matcher_compile_errors_total",
                       "Silences whose matchers did not compile.", "stage", NULL, 0);
    m->compile_errors_index = metric_get(compile, &S("index"));
    m->compile_errors_load = metric_get(compile, &S("load_snapshot"));
    m->silences_scanned =
        metrics_counter(r, SILENCES "_query_silences_scanned_total", "Silences looked at.");
    m->silences_skipped = metrics_counter(r, SILENCES "_query_silences_skipped_total",
                                          "Silences that need not be looked at.");
    m->silence_sizes[0] =
        metrics_gauge(r, SILENCES "_state_size", "Silences in the state that is replicated.");
    m->silence_sizes[1] =
        metrics_gauge(r, SILENCES "_matcher_index_size", "Silences in the index by matchers.");
    m->silence_sizes[2] =
        metrics_gauge(r, SILENCES "_version_index_size", "Silences in the index by version.");
}

static void register_journals(struct am_metrics *m)
{
    static const str names[] = {{"nflog", 5}, {"silences", 8}, {"alerts", 6}};
    struct metric_family *bytes =
        metrics_family(m->registry, METRIC_GAUGE, "tocsin_journal_size_bytes",
                       "Bytes in the journals beside a snapshot.", "state", NULL, 0);
    struct metric_family *errors =
        metrics_family(m->registry, METRIC_COUNTER, "tocsin_journal_append_errors_total",
                       "Writes to a journal that failed.", "state", NULL, 0);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        m->journal_bytes[i] = metric_get(bytes, &names[i]);
        m->journal_errors[i] = metric_get(errors, &names[i]);
    }
    m->unconfirmed =
        metrics_gauge(m->registry, "tocsin_alerts_unconfirmed",
                      "Alerts from before a restart of which nothing was heard since.");
    m->not_durable = metrics_counter(m->registry, "tocsin_alerts_not_durable_total",
                                     "Alerts too large to be kept over a restart.");
}

void am_metrics_register_states(struct am_metrics *m)
{
    m->nflog = REGISTER_STATE(m->registry, NFLOG);
    m->silences = REGISTER_STATE(m->registry, SILENCES);
    register_silences(m);
    register_journals(m);
}

// ---- values ------------------------------------------------------------------------------------

static void set_journal(struct state_metrics *s, const struct journal_stats *j)
{
    s->snapshot->count = j->folds;
    s->snapshot->sum = dur_to_seconds(j->fold_ns);
    metric_set(s->snapshot_bytes, (double)j->snapshot_bytes);
    metric_set(s->maintenance_errors, (double)j->fold_errors);
}

// A query is a look-up in memory, far below the first bucket's bound: counted, not timed.
static void set_queries(struct state_metrics *s, uint64_t queries, uint64_t errors)
{
    s->query->counts[0] = queries;
    s->query->count = queries;
    metric_set(s->queries, (double)queries);
    metric_set(s->query_errors, (double)errors);
}

static void set_gc(struct state_metrics *s, uint64_t runs, dur_ns took)
{
    s->gc->count = runs;
    s->gc->sum = dur_to_seconds(took);
    metric_set(s->maintenance, (double)runs);
}

static void collect_nflog(struct am *am)
{
    struct state_metrics *s = &am->metrics->nflog;
    const struct nflog_stats *stats = nflog_stats(am->nflog);
    const struct journal_stats *journal = nflog_journal_stats(am->nflog);
    set_gc(s, stats->gc_runs, stats->gc_ns);
    set_journal(s, journal);
    set_queries(s, stats->queries, stats->query_misses);
    metric_set(s->propagated, (double)stats->merged);
    metric_set(am->metrics->journal_bytes[0], (double)journal->journal_bytes);
    metric_set(am->metrics->journal_errors[0], (double)journal->append_errors);
}

static void collect_silences(struct am *am)
{
    struct am_metrics *m = am->metrics;
    struct state_metrics *s = &m->silences;
    const struct silences_stats *stats = silences_stats(am->silences);
    const struct journal_stats *journal = silences_journal_stats(am->silences);
    size_t by_state[3];
    set_gc(s, stats->gc_runs, stats->gc_ns);
    set_journal(s, journal);
    set_queries(s, stats->queries, stats->query_errors);
    metric_set(s->propagated, (double)stats->merged);
    silences_count(am->silences, by_state);
    for (int i = 0; i < 3; i++) {
        metric_set(m->silences_by_state[i], (double)by_state[i]);
        metric_set(m->silence_sizes[i], (double)stats->stored);
    }
    metric_set(m->silence_gc_errors, (double)stats->gc_errors);
    metric_set(m->compile_errors_index, (double)stats->compile_errors_index);
    metric_set(m->compile_errors_load, (double)stats->compile_errors_load);
    metric_set(m->silences_scanned, (double)stats->evaluated);
    metric_set(m->silences_skipped, (double)stats->skipped);
    metric_set(m->journal_bytes[1], (double)journal->journal_bytes);
    metric_set(m->journal_errors[1], (double)journal->append_errors);
}

static void collect_alerts(struct am *am)
{
    const struct journal_stats *journal = alert_log_journal_stats(am->alert_log);
    metric_set(am->metrics->journal_bytes[2], (double)journal->journal_bytes);
    metric_set(am->metrics->journal_errors[2], (double)journal->append_errors);
    metric_set(am->metrics->not_durable, (double)alert_log_stats(am->alert_log)->too_large);
    metric_set(am->metrics->unconfirmed, (double)alerts_stats(am->alerts).unconfirmed);
}

void am_metrics_collect_states(struct am *am)
{
    if (am->alert_log && !am->are_states_closed)
        collect_alerts(am);
    if (am->nflog && !am->are_states_closed)
        collect_nflog(am);
    if (am->silences && !am->are_states_closed)
        collect_silences(am);
}
