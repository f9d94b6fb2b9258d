// SPDX-License-Identifier: Apache-2.0
// One cluster peer over the real network, for trying it against other implementations by hand and
// from scripts:
//
//   gossip_peer --listen 127.0.0.1:19101 --peer 127.0.0.1:19102 --name ours --label prod --debug
//               --tls-config tls.yml --key-file keys
//
// It carries the channels "nfl" and "sil" as sets of records that it does not look into, prints
// what happens (members, merges, readiness), leaves the cluster on SIGTERM, and prints its counters
// on SIGUSR1. SIGUSR2 announces the records of the file --announce, SIGHUP reads the keys again.
#define BANNED_ALLOW_IMPURE
#include <signal.h>
#include <stdio.h>

#include "base/core/alloc.h"
#include "base/io/env_uv.h"
#include "base/text/cursor.h"
#include "gossip/cluster.h"

#define RECORDS_MAX        10000
#define PEERS_MAX          16
#define ANNOUNCE_BYTES_MAX ((size_t)1 << 20)

// A state whose records are never replaced: the union of all that came.
struct record_set {
    const char *key;
    str records[RECORDS_MAX];
    size_t count;
};

struct peer {
    struct env *env;
    struct cluster *cluster;
    struct cluster_watch watch;
    struct record_set nfl, sil;
    struct channel *sil_channel;
    str announce; // path
};

static bool record_set_marshal(void *owner, struct buf *out, struct err *err)
{
    (void)err;
    const struct record_set *set = owner;
    for (size_t i = 0; i < set->count; i++) {
        buf_put_uvarint(out, set->records[i].n);
        buf_put(out, set->records[i]);
    }
    return true;
}

static bool record_set_has(const struct record_set *set, str record)
{
    for (size_t i = 0; i < set->count; i++) {
        if (str_eq(set->records[i], record))
            return true;
    }
    return false;
}

static bool record_set_merge(void *owner, str data, size_t *ret_changed, struct err *err)
{
    struct record_set *set = owner;
    struct cursor c = cursor_from(data);
    while (cursor_left(&c) > 0) {
        str record = cursor_bytes(&c, cursor_uvarint(&c));
        if (c.failed)
            return err_set(err, ERR_SYNTAX, "unexpected EOF");
        if (record_set_has(set, record) || set->count == RECORDS_MAX)
            continue;
        set->records[set->count++] = str_from(mem_dup(record), record.n);
        ++*ret_changed;
    }
    printf("merge key=%s bytes=%zu changed=%zu records=%zu\n", set->key, data.n, *ret_changed,
           set->count);
    return true;
}

static const struct channel_ops RECORD_SET_OPS = {record_set_marshal, record_set_merge};

static void record_set_done(struct record_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        mem_free((char *)set->records[i].p);
}

static void on_members(void *owner)
{
    struct peer *p = owner;
    size_t count;
    const struct cluster_member *m = cluster_members(p->cluster, &count);
    defer(buf_done) struct buf line = {0};
    for (size_t i = 0; i < count; i++) {
        buf_printf(&line, " %.*s=", STR(m[i].name));
        buf_put_addr(&line, &m[i].addr);
        if (m[i].is_suspect)
            buf_put(&line, S("(suspect)"));
    }
    printf("members count=%zu position=%zu%.*s\n", count, cluster_position(p->cluster),
           STR(buf_str(&line)));
}

static void on_ready(void *owner)
{
    (void)owner;
    printf("ready\n");
}

static void on_left(void *owner, const struct err *err)
{
    struct peer *p = owner;
    printf("left %.*s\n", STR(err_str(err)));
    env_uv_stop(p->env);
}

static void on_term(void *owner, int signum)
{
    (void)signum;
    struct peer *p = owner;
    cluster_leave(p->cluster, DUR_SECONDS(10), on_left, p);
}

static void on_usr1(void *owner, int signum)
{
    (void)signum;
    struct peer *p = owner;
    const struct cluster_stats *s = cluster_stats(p->cluster);
    printf("stats members=%zu position=%zu health=%zu queued=%zu failed_peers=%zu joined=%zu "
           "left=%zu full_in=%zu update_in=%zu update_out=%zu refused_packets=%zu "
           "refused_streams=%zu conflicts=%zu reconnections=%zu/%zu refresh=%zu/%zu\n",
           s->members, s->position, s->health_score, s->messages_queued, s->failed_peers,
           s->peers_joined, s->peers_left, s->messages_received[CLUSTER_FULL_STATE],
           s->messages_received[CLUSTER_UPDATE], s->messages_sent[CLUSTER_UPDATE],
           s->packets_refused, s->streams_refused, s->name_conflicts, s->reconnections,
           s->reconnections_failed, s->refresh_join, s->refresh_join_failed);
    printf("secrets refused=%zu tls=%d packet_bytes=%zu/%zu streams=%zu/%zu errors=%zu/%zu/%zu "
           "dropped=%zu\n",
           s->secrets_refused, s->is_tls, s->tls.packet_bytes_sent, s->tls.packet_bytes_received,
           s->tls.streams_sent, s->tls.streams_received, s->tls.read_errors,
           s->tls.write_errors[TRANSPORT_PACKET], s->tls.write_errors[TRANSPORT_STREAM],
           s->tls.packets_dropped);
    for (size_t i = 0; i < s->peer_count; i++)
        printf("peer %.*s alive_messages=%zu pings=%zu mean_ms=%.3f\n", STR(s->peers[i].name),
               s->peers[i].alive_messages, s->peers[i].ping_count,
               s->peers[i].ping_count
                   ? 1e3 * s->peers[i].ping_sum_s / (double)s->peers[i].ping_count
                   : 0);
}

static void on_hup(void *owner, int signum)
{
    (void)signum;
    struct peer *p = owner;
    struct err err = ERR_INIT;
    bool is_fine = cluster_reload_keys(p->cluster, &err);
    printf("keys %s%.*s\n", is_fine ? "reloaded" : "kept: ", STR(err_str(&err)));
}

static void on_usr2(void *owner, int signum)
{
    (void)signum;
    struct peer *p = owner;
    struct err err = ERR_INIT;
    size_t changed = 0;
    defer(buf_done) struct buf records = {0};
    if (!env_file_read(p->env, p->announce, ANNOUNCE_BYTES_MAX, &records, &err) ||
        !record_set_merge(&p->sil, buf_str(&records), &changed, &err)) {
        printf("announce %.*s\n", STR(err_str(&err)));
        return;
    }
    channel_broadcast(p->sil_channel, buf_str(&records));
    printf("announced bytes=%zu\n", records.n);
}

static bool parse_args(int argc, char **argv, struct cluster_options *o, str *peers,
                       bool *ret_debug, str *ret_announce, str *ret_tls)
{
    for (int i = 1; i < argc; i++) {
        str name = str_c(argv[i]);
        if (str_eq(name, S("--debug"))) {
            *ret_debug = true;
            continue;
        }
        if (i + 1 == argc)
            return false;
        str value = str_c(argv[++i]);
        if (str_eq(name, S("--listen")))
            o->bind_addr = value;
        else if (str_eq(name, S("--name")))
            o->peer_name = value;
        else if (str_eq(name, S("--label")))
            o->label = value;
        else if (str_eq(name, S("--tls-config")))
            *ret_tls = value;
        else if (str_eq(name, S("--key-file")))
            o->encryption_key_file = value;
        else if (str_eq(name, S("--announce")))
            *ret_announce = value;
        else if (str_eq(name, S("--peer")) && o->peer_count < PEERS_MAX)
            peers[o->peer_count++] = value;
        else
            return false;
    }
    o->peers = peers;
    return true;
}

int main(int argc, char **argv)
{
    struct err err = ERR_INIT;
    struct peer p = {.nfl.key = "nfl", .sil.key = "sil"};
    struct cluster_options options = cluster_options_default();
    struct log_sink sink;
    str peers[PEERS_MAX];
    bool is_debug = false;
    str tls_file = S("");
    struct cluster_tls tls;
    defer(arena_done) struct arena mem = {0};
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (!parse_args(argc, argv, &options, peers, &is_debug, &p.announce, &tls_file)) {
        fprintf(stderr, "usage: gossip_peer --listen host:port [--name n] [--label l] "
                        "[--peer host:port]… [--debug]\n");
        return 2;
    }
    p.env = env_uv_new(&(struct env_uv_options){0}, &err);
    if (!p.env) {
        fprintf(stderr, "%.*s\n", STR(err_str(&err)));
        return 1;
    }
    env_uv_log_sink_init(&sink, p.env);
    sink.level = is_debug ? LOG_DEBUG : LOG_INFO;
    if (tls_file.n)
        options.tls = &tls;
    if (!tls_file.n || cluster_tls_read(p.env, tls_file, &mem, &tls, &err))
        p.cluster = cluster_new(p.env, &options, &err);
    if (!p.cluster) {
        fprintf(stderr, "%.*s\n", STR(err_str(&err)));
        env_uv_free(p.env);
        return 1;
    }
    cluster_channel(p.cluster, S("nfl"), &RECORD_SET_OPS, &p.nfl);
    p.sil_channel = cluster_channel(p.cluster, S("sil"), &RECORD_SET_OPS, &p.sil);
    p.watch = (struct cluster_watch){.on_ready = on_ready, .on_members = on_members, .owner = &p};
    cluster_watch(p.cluster, &p.watch);
    env_uv_on_signal(p.env, SIGTERM, on_term, &p);
    env_uv_on_signal(p.env, SIGUSR1, on_usr1, &p);
    env_uv_on_signal(p.env, SIGHUP, on_hup, &p);
    env_uv_on_signal(p.env, SIGUSR2, on_usr2, &p);
    cluster_join(p.cluster);
    cluster_settle(p.cluster);
    env_uv_run(p.env);
    cluster_unwatch(&p.watch);
    cluster_free(p.cluster);
    env_uv_free(p.env);
    record_set_done(&p.nfl);
    record_set_done(&p.sil);
    return 0;
}
