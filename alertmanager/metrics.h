// SPDX-License-Identifier: Apache-2.0
// metrics.h: inside alertmanager's metrics: what metrics.c, metrics_notify.c, metrics_states.c and
// metrics_cluster.c share. app.h has what others call.
#pragma once
#include "alertmanager/app.h"
#include "base/core/map.h"

// Counters of one kind of integration, or of one kind in one receiver.
struct counted_integration {
    str integration, receiver; // heap; receiver is empty unless names were asked for
    struct notify_counters counters;
};

// Of the notification log or the silences.
struct state_metrics {
    struct histogram *gc, *snapshot, *query; // the first two are summaries
    struct metric *snapshot_bytes, *maintenance, *maintenance_errors;
    struct metric *queries, *query_errors, *propagated;
};

struct am_metrics {
    struct metrics *registry;
    uint64_t seed;
    bool has_receiver_names, has_group_keys;

    struct metric *receivers, *integrations, *inhibition_rules;
    struct metric *config_hash, *is_reload_ok, *reloaded_at;

    struct metric_family *http_duration, *http_size;
    struct metric *gets_open, *gets_refused;

    struct metric *received_firing, *received_resolved, *invalid, *stored, *refused_full;
    struct metric_family *limited, *subscriber_writes, *alerts;
    struct alerts_subscriber limit_subscriber;

    struct metric *groups, *group_limit_reached;
    struct histogram *alert_processing;

    struct map counted; // struct counted_integration
    struct metric_family *notifications, *notifications_failed, *notification_requests,
        *notification_requests_failed, *notification_latency, *suppressed;

    // metrics_states.c
    struct state_metrics nflog, silences;
    struct metric *silences_by_state[3];
    struct metric *silence_gc_errors, *compile_errors_index, *compile_errors_load;
    struct metric *silences_scanned, *silences_skipped;
    struct metric *silence_sizes[3];
    struct metric *journal_bytes[3], *journal_errors[3];
    struct metric *unconfirmed, *not_durable;

    // metrics_cluster.c; NULL without a cluster
    struct cluster_metrics *cluster;
};

void am_metrics_register_notifications(struct am_metrics *m);
void am_metrics_collect_notifications(struct am *am);
void am_metrics_count_integrations(struct am *am);
void am_metrics_free_notifications(struct am_metrics *m);

void am_metrics_register_states(struct am_metrics *m);
void am_metrics_collect_states(struct am *am);

void am_metrics_register_cluster(struct am_metrics *m);
void am_metrics_register_cluster_tls(struct am_metrics *m); // after it
void am_metrics_collect_cluster(struct am *am);
void am_metrics_free_cluster(struct am_metrics *m);
