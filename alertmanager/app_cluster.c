// SPDX-License-Identifier: Apache-2.0
// The cluster as the pipeline sees it, and the two states as the cluster sees them.
#include "alertmanager/app.h"

// ---- states ------------------------------------------------------------------------------------

static bool marshal_nflog(void *owner, struct buf *out, struct err *err)
{
    (void)err;
    struct am *am = owner;
    nflog_marshal(am->nflog, out);
    return true;
}

// While the cluster is left the states are closed already: what comes then is the others' to keep.
static bool merge_nflog(void *owner, str data, size_t *ret_changed, struct err *err)
{
    struct am *am = owner;
    *ret_changed = 0;
    if (am->are_states_closed)
        return true;
    return nflog_merge(am->nflog, data, ret_changed, err);
}

static void broadcast_nflog(void *owner, str records)
{
    struct am *am = owner;
    channel_broadcast(am->nflog_channel, records);
}

// Deliveries that wait behind the peer that told this need not wait any longer, and the group's
// next flush follows this one.
static void on_nflog_merged(void *owner, const struct nflog_entry *entry)
{
    struct am *am = owner;
    struct nflog_receiver receiver = nflog_entry_receiver(entry);
    const struct notify_log_key key = {
        .group_key = nflog_entry_group_key(entry),
        .receiver = receiver.name,
        .integration = receiver.integration,
        .idx = receiver.idx,
    };
    if (!am->runtime)
        return;
    pipeline_log_changed(am->runtime->pipeline, &key);
    dispatcher_told(am->runtime->dispatcher, key.group_key);
}

static bool marshal_silences(void *owner, struct buf *out, struct err *err)
{
    (void)err;
    struct am *am = owner;
    silences_marshal(am->silences, out);
    return true;
}

static bool merge_silences(void *owner, str data, size_t *ret_changed, struct err *err)
{
    struct am *am = owner;
    *ret_changed = 0;
    if (am->are_states_closed)
        return true;
    return silences_merge(am->silences, data, ret_changed, err);
}

static void broadcast_silences(void *owner, str records)
{
    struct am *am = owner;
    channel_broadcast(am->silence_channel, records);
}

// ---- life --------------------------------------------------------------------------------------

// --cluster.listen-address "[10.0.0.1]:9094", as operators pass it, names an IPv4 address.
static struct cluster_options cluster_options(const struct am_options *o)
{
    struct cluster_options c = cluster_options_default();
    c.bind_addr = o->cluster_listen;
    c.advertise_addr = o->cluster_advertise;
    c.peer_name = o->cluster_name;
    c.peers = o->cluster_peers.items;
    c.peer_count = o->cluster_peers.count;
    c.label = o->cluster_label;
    c.encryption_key_file = o->cluster_key_file;
    c.peer_timeout = o->cluster_peer_timeout;
    c.peers_resolve_timeout = o->cluster_resolve_timeout;
    c.gossip_interval = o->cluster_gossip_interval;
    c.pushpull_interval = o->cluster_pushpull_interval;
    c.tcp_timeout = o->cluster_tcp_timeout;
    c.probe_timeout = o->cluster_probe_timeout;
    c.probe_interval = o->cluster_probe_interval;
    c.settle_timeout = MAX(o->cluster_settle_timeout, 0);
    c.reconnect_interval = o->cluster_reconnect_interval;
    c.reconnect_timeout = o->cluster_reconnect_timeout;
    c.allow_insecure_public_advertise = o->cluster_allow_public;
    c.interfaces = o->interfaces;
    c.interface_count = o->interface_count;
    return c;
}

bool am_cluster_start(struct am *am, struct err *err)
{
    if (am->opt.cluster_listen.n == 0)
        return true;
    struct cluster_options options = cluster_options(&am->opt);
    struct cluster_tls tls;
    defer(arena_done) struct arena mem = {0};
    if (am->opt.cluster_tls_config.n) {
        if (!cluster_tls_read(am->env, am->opt.cluster_tls_config, &mem, &tls, err))
            return err_wrap(err,
                            "unable to initialize TLS transport configuration for gossip mesh");
        options.tls = &tls;
    }
    am->cluster = cluster_new(am->env, &options, err);
    return am->cluster || err_wrap(err, "unable to initialize gossip mesh");
}

static void on_ready(void *owner)
{
    waiters_tell(&((struct am *)owner)->settle_waiters);
}

void am_cluster_join(struct am *am)
{
    static const struct channel_ops NFLOG_OPS = {marshal_nflog, merge_nflog};
    static const struct channel_ops SILENCE_OPS = {marshal_silences, merge_silences};
    if (!am->cluster)
        return;
    am->nflog_channel = cluster_channel(am->cluster, S("nfl"), &NFLOG_OPS, am);
    am->silence_channel = cluster_channel(am->cluster, S("sil"), &SILENCE_OPS, am);
    nflog_set_out(am->nflog, &(struct nflog_out){.broadcast = broadcast_nflog,
                                                 .on_merged = on_nflog_merged,
                                                 .owner = am});
    silences_set_out(am->silences,
                     &(struct silences_out){.broadcast = broadcast_silences, .owner = am});
    am->watch = (struct cluster_watch){.on_ready = on_ready, .owner = am};
    cluster_watch(am->cluster, &am->watch);
    cluster_join(am->cluster);
    cluster_settle(am->cluster);
}

// ---- for the pipeline --------------------------------------------------------------------------

static bool is_settled(void *owner)
{
    return cluster_is_ready(((struct am *)owner)->cluster);
}

static void wait_settled(void *owner, struct waiter *w)
{
    list_append(&((struct am *)owner)->settle_waiters, &w->node);
}

static uint32_t position(void *owner)
{
    return (uint32_t)cluster_position(((struct am *)owner)->cluster);
}

static bool has_peers(void *owner)
{
    size_t count;
    cluster_members(((struct am *)owner)->cluster, &count);
    return count > 1;
}

static bool catch_up(void *owner, struct waiter *w)
{
    return cluster_catch_up(((struct am *)owner)->cluster, w);
}

struct notify_cluster am_notify_cluster(struct am *am)
{
    if (!am->cluster)
        return (struct notify_cluster){0};
    return (struct notify_cluster){
        .owner = am,
        .is_settled = is_settled,
        .wait_settled = wait_settled,
        .position = position,
        .peer_timeout = cluster_peer_timeout(am->cluster),
        .has_peers = has_peers,
        .catch_up = catch_up,
    };
}
