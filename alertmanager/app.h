// SPDX-License-Identifier: Apache-2.0
// app.h: a whole alertmanager over any env: states, cluster, configuration, dispatch, API.
//
// What it is made of, in the order in which it starts (it stops the other way round):
//   cluster ─ notification log, silences (each a channel of it) ─ alert store and its log ─ HTTP ─
//   one `runtime` per loaded configuration: inhibitor, pipeline, dispatcher
//
// The simulator runs several of these in one process; nothing here knows the real world.
#pragma once
#include "alertmanager/alerts.h"
#include "alertmanager/config.h"
#include "alertmanager/dispatch.h"
#include "alertmanager/inhibit.h"
#include "alertmanager/marker.h"
#include "alertmanager/nflog.h"
#include "alertmanager/options.h"
#include "alertmanager/silence.h"
#include "alertmanager/templates.h"
#include "alertmanager/zones.h"
#include "base/core/metrics.h"
#include "notify/pipeline.h"

// What is told about the build. Clients parse the version to choose an API dialect.
#define AM_VERSION    "0.34.0"
#define AM_BRANCH     "tocsin"
#define AM_REVISION   "unknown"
#define AM_BUILD_USER "unknown"
#define AM_BUILD_DATE "unknown"
#define AM_TOOLCHAIN  "c17"
#if defined(__x86_64__)
#define AM_ARCH "amd64"
#elif defined(__aarch64__)
#define AM_ARCH "arm64"
#else
#define AM_ARCH "unknown"
#endif
#define AM_PLATFORM "linux/" AM_ARCH

// What --version prints behind the program's name.
#define AM_VERSION_TEXT                                                                            \
    ", version " AM_VERSION " (branch: " AM_BRANCH ", revision: " AM_REVISION ")\n"                \
    "  build user:       " AM_BUILD_USER "\n"                                                      \
    "  build date:       " AM_BUILD_DATE "\n"                                                      \
    "  go version:       " AM_TOOLCHAIN "\n"                                                       \
    "  platform:         " AM_PLATFORM "\n"                                                        \
    "  tags:             unknown\n"

#define AM_STOP_GRACE DUR_SECONDS(5)  // for open HTTP requests
#define AM_LEAVE_MAX  DUR_SECONDS(10) // for saying goodbye to the cluster

struct am_metrics;
struct api;

// What belongs to one loaded configuration; a reload replaces it as a whole.
struct am_runtime {
    struct config *config;
    struct templates templates;
    struct tplcache *texts, *html_texts; // templated texts, compiled
    struct zones zones;                  // that templates asked for
    struct inhibitor *inhibitor;
    struct muting muting;
    struct pipeline *pipeline;
    struct dispatcher *dispatcher;
};

struct am {
    struct env *env;
    struct am_options opt;
    struct arena mem; // lives as long as the process
    struct log log;
    time_ns started_at;
    mono_ns started_mono;

    struct label_store labels;
    struct cluster *cluster; // NULL: no cluster
    struct cluster_watch watch;
    struct channel *nflog_channel, *silence_channel; // NULL: no cluster
    struct list settle_waiters;
    struct nflog *nflog;
    struct silences *silences;
    struct alert_log *alert_log; // NULL: its files can't be read, alerts live in memory only
    struct alerts *alerts;
    struct templates builtin_templates;
    struct am_runtime *runtime; // NULL before the first configuration is in force
    struct timer maintenance_timer;
    struct list log_writes; // of nflog_adapter.c
    struct arena log_scratch;

    struct http_server **servers;
    struct addr *addrs;
    size_t server_count, servers_open;
    str external_url; // no slash at the end
    str route_prefix; // "" or "/am"
    struct api *api;

    // Counted here, shown by metrics.
    struct am_metrics *metrics;
    struct dispatch_stats dispatch_stats;
    uint64_t suppressed[NOTIFY_SUPPRESSION_COUNT];
    bool is_reload_ok;
    time_ns reloaded_at;
    double config_hash;

    bool is_stopping, are_states_closed;
    size_t stop_steps_open;
    void (*on_stopped)(void *owner);
    void *stop_owner;
};

// The URL under which people reach this server, without a slash at the end, and its path: the given
// one, or made from the name of the machine. Errors: ERR_SYNTAX, ERR_INVALID.
bool am_external_url(str given, str hostname, uint16_t port, struct arena *mem, str *ret,
                     str *ret_path, struct err *err);

// Opens, loads and starts everything. The options are copied, their texts borrowed for the
// program's life. Errors: upstream's, as it logs them before it exits with 1.
struct am *am_new(struct env *env, const struct am_options *opt, struct err *err);

// Reads the configuration file again. False: it is bad; the one in force stays.
bool am_reload(struct am *am, struct err *err);

// Graceful end: answers open requests, stops dispatch, writes snapshots, leaves the cluster.
void am_stop(struct am *am, void (*on_stopped)(void *owner), void *owner);
// After on_stopped, or once the env is dead (kill -9 in the simulator).
void am_free(struct am *am); // NULL is fine

// ---- parts in files of their own ---------------------------------------------------------------

// app_runtime.c: one configuration in force.
struct am_runtime *am_runtime_new(struct am *am, struct config *config /* takes */,
                                  struct err *err);
void am_runtime_start(struct am *am, struct am_runtime *r); // its dispatcher begins
void am_runtime_free(struct am_runtime *r);

// app_log.c: the notification log as the pipeline sees it.
struct notify_log am_notify_log(struct am *am);
void am_notify_log_done(struct am *am);

// app_cluster.c: the cluster as the pipeline and the states see it. False: cannot start.
bool am_cluster_start(struct am *am, struct err *err);
void am_cluster_join(struct am *am);
struct notify_cluster am_notify_cluster(struct am *am);

// metrics.c
void am_metrics_init(struct am *am);
void am_metrics_free(struct am *am);
struct metrics *am_metrics_registry(struct am *am);
void am_metrics_watch_alerts(struct am *am); // once the store is there
void am_metrics_unwatch_alerts(struct am *am);
struct notify_counters *am_counters(void *owner, const struct integration *integration);
void am_metrics_reloaded(struct am *am); // counts receivers, integrations, rules
// A request was answered: by a route's pattern, in lower-case method.
void am_metrics_http(struct am *am, const char *handler, str method, int status, dur_ns took);
void am_metrics_http_size(struct am *am, const char *handler, str method, size_t bytes);

// api.c, web.c
struct api *api_new(struct am *am);
void api_free(struct api *a);
void am_serve(void *owner, struct http_exchange *x); // http_server_options.handle
