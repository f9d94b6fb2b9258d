// SPDX-License-Identifier: Apache-2.0
// Families of the cluster (spec: Alertmanager metrics §8), registered only where there is one.
#include "alertmanager/metrics.h"
#include "base/core/alloc.h"

#define CLUSTER "alertmanager_cluster"

// A family without labels whose value is a field of struct cluster_stats.
struct plain_family {
    enum metric_kind kind;
    const char *name, *help;
    size_t offset; // of a uint64_t
};

#define PLAIN(kind_, name_, field_, help_)                                                         \
    {                                                                                              \
        METRIC_##kind_, name_, help_, offsetof(struct cluster_stats, field_)                       \
    }

static const struct plain_family PLAIN_FAMILIES[] = {
    PLAIN(GAUGE, CLUSTER "_members", members, "Members of the cluster, this one included."),
    PLAIN(GAUGE, CLUSTER "_failed_peers", failed_peers, "Peers that can't be reached."),
    PLAIN(GAUGE, CLUSTER "_health_score", health_score, "Health of this member; 0 is healthy."),
    PLAIN(GAUGE, CLUSTER "_messages_queued", messages_queued, "Messages waiting to be gossiped."),
    PLAIN(COUNTER, CLUSTER "_messages_pruned_total", messages_pruned,
          "Messages dropped from the queue of gossip."),
    PLAIN(COUNTER, CLUSTER "_reconnections_total", reconnections, "Reconnections to failed peers."),
    PLAIN(COUNTER, CLUSTER "_reconnections_failed_total", reconnections_failed,
          "Attempts to reconnect to failed peers that failed."),
    PLAIN(COUNTER, CLUSTER "_refresh_join_total", refresh_join,
          "Peers joined after their names were looked up again."),
    PLAIN(COUNTER, CLUSTER "_refresh_join_failed_total", refresh_join_failed,
          "Peers that could not be joined after their names were looked up again."),
    PLAIN(COUNTER, CLUSTER "_peers_joined_total", peers_joined, "Members that joined."),
    PLAIN(COUNTER, CLUSTER "_peers_left_total", peers_left, "Members that left."),
    PLAIN(COUNTER, CLUSTER "_peers_update_total", peers_update, "Members that were updated."),
    PLAIN(COUNTER, CLUSTER "_peer_name_conflicts_total", name_conflicts,
          "Conflicts of two members with one name."),
    PLAIN(GAUGE, "alertmanager_peer_position", position,
          "Place of this member in the order in which members notify."),
    PLAIN(COUNTER, "tocsin_cluster_catch_ups_total", catch_ups,
          "Times members in front of this one were asked for their states before it notified."),
    PLAIN(COUNTER, "tocsin_cluster_catch_ups_incomplete_total", catch_ups_incomplete,
          "Of these, times that somebody did not answer soon enough."),
    PLAIN(COUNTER, "tocsin_cluster_packets_refused_total", packets_refused,
          "Packets that were malformed or of another cluster."),
    PLAIN(COUNTER, "tocsin_cluster_streams_refused_total", streams_refused,
          "Streams that were malformed or too many."),
    PLAIN(COUNTER, "tocsin_cluster_members_refused_total", members_refused,
          "Members beyond the most that are kept."),
    PLAIN(COUNTER, "tocsin_cluster_secrets_refused_total", secrets_refused,
          "Packets and streams that no encryption key opens."),
    PLAIN(GAUGE, "tocsin_cluster_streams_open", streams_open, "Streams to and from peers."),
};

#define TLS "alertmanager_tls_transport"

static const struct plain_family TLS_FAMILIES[] = {
    PLAIN(COUNTER, TLS "_packet_bytes_sent_total", tls.packet_bytes_sent,
          "Bytes of packets sent over TLS."),
    PLAIN(COUNTER, TLS "_packet_bytes_received_total", tls.packet_bytes_received,
          "Bytes of packets received over TLS."),
    PLAIN(COUNTER, TLS "_stream_connections_sent_total", tls.streams_sent,
          "Streams dialled over TLS."),
    PLAIN(COUNTER, TLS "_stream_connections_received_total", tls.streams_received,
          "Streams accepted over TLS."),
    PLAIN(COUNTER, TLS "_read_errors_total", tls.read_errors,
          "Connections that broke or brought malformed frames."),
    PLAIN(COUNTER, "tocsin_cluster_tls_packets_dropped_total", tls.packets_dropped,
          "Packets whose receiver could not be reached or was too slow."),
};

struct cluster_metrics {
    struct metric *plain[ARRAY_LEN(PLAIN_FAMILIES)];
    struct metric *tls[ARRAY_LEN(TLS_FAMILIES)]; // NULL: no TLS
    struct metric *tls_write_errors[2];          // by enum transport_use
    // [by enum cluster_msg]
    struct metric *received[2], *received_bytes[2], *sent[2], *sent_bytes[2];
    struct metric_family *info, *alive, *pings;
    struct metric_family *oversize_failed, *oversize_sent, *oversize_dropped, *oversize_duration;
};

static void register_messages(struct metrics *r, const char *name, const char *help,
                              struct metric *ret[2])
{
    static const str types[] = {
        [CLUSTER_FULL_STATE] = {"full_state", 10}, [CLUSTER_UPDATE] = {"update", 6}};
    struct metric_family *f = metrics_family(r, METRIC_COUNTER, name, help, "msg_type", NULL, 0);
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        ret[i] = metric_get(f, &types[i]);
}

void am_metrics_register_cluster(struct am_metrics *m)
{
    struct metrics *r = m->registry;
    struct cluster_metrics *c = m->cluster = mem_new(struct cluster_metrics);
    for (size_t i = 0; i < ARRAY_LEN(PLAIN_FAMILIES); i++) {
        const struct plain_family *p = &PLAIN_FAMILIES[i];
        c->plain[i] = metric_get(metrics_family(r, p->kind, p->name, p->help, "", NULL, 0), NULL);
    }
    register_messages(r, CLUSTER "_messages_received_total", "Gossip messages received.",
                      c->received);
    register_messages(r, CLUSTER "_messages_received_size_total",
                      "Bytes of gossip messages received.", c->received_bytes);
    register_messages(r, CLUSTER "_messages_sent_total", "Gossip messages sent.", c->sent);
    register_messages(r, CLUSTER "_messages_sent_size_total", "Bytes of gossip messages sent.",
                      c->sent_bytes);
    c->info = metrics_family(r, METRIC_GAUGE, CLUSTER "_peer_info",
                             "This member's name, with the value 1.", "peer", NULL, 0);
    c->alive = metrics_family(r, METRIC_COUNTER, CLUSTER "_alive_messages_total",
                              "Messages that a member is alive.", "peer", NULL, 0);
    c->pings = metrics_family(r, METRIC_HISTOGRAM, CLUSTER "_pings_seconds",
                              "Round trips of probes, in seconds.", "peer", cluster_ping_bounds_s,
                              CLUSTER_PING_BUCKETS);
    c->oversize_failed = metrics_family(
        r, METRIC_COUNTER, "alertmanager_oversized_gossip_message_failure_total",
        "Deliveries of messages too large for a packet that failed.", "key", NULL, 0);
    c->oversize_sent =
        metrics_family(r, METRIC_COUNTER, "alertmanager_oversized_gossip_message_sent_total",
                       "Messages too large for a packet that were sent.", "key", NULL, 0);
    c->oversize_dropped =
        metrics_family(r, METRIC_COUNTER, "alertmanager_oversized_gossip_message_dropped_total",
                       "Messages too large for a packet that were dropped.", "key", NULL, 0);
    c->oversize_duration =
        metrics_family(r, METRIC_HISTOGRAM, "alertmanager_oversize_gossip_message_duration_seconds",
                       "Duration of delivering messages too large for a packet, in seconds.", "key",
                       cluster_oversize_bounds_s, CLUSTER_OVERSIZE_BUCKETS);
}

void am_metrics_register_cluster_tls(struct am_metrics *m)
{
    static const str uses[] = {
        [TRANSPORT_PACKET] = {"packet", 6}, [TRANSPORT_STREAM] = {"stream", 6}};
    struct metrics *r = m->registry;
    struct cluster_metrics *c = m->cluster;
    for (size_t i = 0; i < ARRAY_LEN(TLS_FAMILIES); i++) {
        const struct plain_family *p = &TLS_FAMILIES[i];
        c->tls[i] = metric_get(metrics_family(r, p->kind, p->name, p->help, "", NULL, 0), NULL);
    }
    struct metric_family *errors =
        metrics_family(r, METRIC_COUNTER, TLS "_write_errors_total",
                       "Connections that could not be made or broke.", "connection_type", NULL, 0);
    for (size_t i = 0; i < ARRAY_LEN(uses); i++)
        c->tls_write_errors[i] = metric_get(errors, &uses[i]);
}

// ---- values ------------------------------------------------------------------------------------

static void set_histogram(struct histogram *h, const uint64_t *counts, size_t count, double sum)
{
    h->count = 0;
    h->sum = sum;
    for (size_t i = 0; i < count; i++) {
        h->counts[i] = counts[i];
        h->count += counts[i];
    }
}

static void collect_peers(const struct cluster_metrics *c, const struct cluster_stats *stats)
{
    metric_remove_all(c->alive);
    metric_remove_all(c->pings);
    for (size_t i = 0; i < stats->peer_count; i++) {
        const struct cluster_peer_stats *p = &stats->peers[i];
        if (p->alive_messages)
            metric_get(c->alive, &p->name)->value = (double)p->alive_messages;
        if (p->ping_count)
            set_histogram(histogram_get(c->pings, &p->name), p->ping_buckets,
                          ARRAY_LEN(p->ping_buckets), p->ping_sum_s);
    }
}

static void collect_channels(const struct cluster_metrics *c, const struct cluster_stats *stats)
{
    for (size_t i = 0; i < stats->channel_count; i++) {
        const struct cluster_channel_stats *ch = &stats->channels[i];
        metric_get(c->oversize_failed, &ch->key)->value = (double)ch->oversize_failed;
        metric_get(c->oversize_sent, &ch->key)->value = (double)ch->oversize_sent;
        metric_get(c->oversize_dropped, &ch->key)->value = (double)ch->oversize_dropped;
        set_histogram(histogram_get(c->oversize_duration, &ch->key), ch->oversize_buckets,
                      ARRAY_LEN(ch->oversize_buckets), ch->oversize_sum_s);
    }
}

static void collect_plain(struct metric *const *metrics, const struct plain_family *families,
                          size_t count, const struct cluster_stats *stats)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t value;
        memcpy(&value, (const char *)stats + families[i].offset, sizeof(value));
        metric_set(metrics[i], (double)value);
    }
}

void am_metrics_collect_cluster(struct am *am)
{
    const struct cluster_metrics *c = am->metrics->cluster;
    const struct cluster_stats *stats = cluster_stats(am->cluster);
    str self = cluster_self_name(am->cluster);
    metric_set(metric_get(c->info, &self), 1);
    collect_plain(c->plain, PLAIN_FAMILIES, ARRAY_LEN(PLAIN_FAMILIES), stats);
    if (c->tls[0]) {
        collect_plain(c->tls, TLS_FAMILIES, ARRAY_LEN(TLS_FAMILIES), stats);
        for (int i = 0; i < 2; i++)
            metric_set(c->tls_write_errors[i], (double)stats->tls.write_errors[i]);
    }
    for (int i = 0; i < 2; i++) {
        metric_set(c->received[i], (double)stats->messages_received[i]);
        metric_set(c->received_bytes[i], (double)stats->messages_received_bytes[i]);
        metric_set(c->sent[i], (double)stats->messages_sent[i]);
        metric_set(c->sent_bytes[i], (double)stats->messages_sent_bytes[i]);
    }
    collect_peers(c, stats);
    collect_channels(c, stats);
}

void am_metrics_free_cluster(struct am_metrics *m)
{
    mem_free(m->cluster);
}
