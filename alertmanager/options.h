// SPDX-License-Identifier: Apache-2.0
// options.h: alertmanager's command line, as values (spec: Alertmanager process §1, §2).
#pragma once
#include "base/core/flags.h"
#include "base/model/matcher.h"
#include "gossip/cluster.h"

struct am_features {
    bool alert_names_in_metrics, receiver_name_in_metrics, group_key_in_metrics;
    bool classic_mode, utf8_strict_mode, auto_gomemlimit, event_recorder;
};

struct aws_environment; // notify/integrations/aws_environment.h

struct am_options {
    str config_file, storage_path;
    dur_ns data_retention, data_maintenance_interval;
    int64_t silences_max, silence_bytes_max;
    bool log_silences;
    dur_ns alerts_gc_interval;
    int64_t alerts_per_name_limit;
    dur_ns dispatch_maintenance_interval, dispatch_start_delay;

    bool web_systemd_socket;
    struct flag_strs web_listen;
    str web_config_file, web_external_url, web_route_prefix;
    int64_t web_get_concurrency;
    dur_ns web_timeout;
    double gomemlimit_ratio;

    str cluster_listen, cluster_advertise, cluster_name, cluster_tls_config, cluster_label,
        cluster_key_file;
    struct flag_strs cluster_peers;
    dur_ns cluster_peer_timeout, cluster_resolve_timeout, cluster_gossip_interval,
        cluster_pushpull_interval, cluster_tcp_timeout, cluster_probe_timeout,
        cluster_probe_interval, cluster_settle_timeout, cluster_reconnect_interval,
        cluster_reconnect_timeout;
    bool cluster_allow_public;

    str enable_feature, log_level, log_format;
    bool help, version;

    // Not flags.
    struct am_features features; // am_options_check fills it
    str hostname;
    const char *tz;                             // the variable TZ; NULL: not set
    size_t cpus;                                // usable ones; 0: unknown
    const struct cluster_interface *interfaces; // of this machine
    size_t interface_count;
    const struct aws_environment *aws; // what the environment says about AWS; NULL: nothing
    struct log_sink *sink;             // NULL: none
};

// A comma separated list, as --enable-feature takes it. Errors: ERR_INVALID.
bool am_features_parse(str list, struct am_features *ret, struct err *err);

// The table; what it points at is *opt, its memory comes from mem.
struct flags am_flags(struct am_options *opt, struct arena *mem);

// The flags' defaults, as if nothing was on the command line; for tests and simulations.
struct am_options am_options_default(struct arena *mem);

// Reads the feature list and checks the values. Errors with upstream's texts: "unknown option 'x'
// for --enable-feature", "alertmanager/app: Options.Retention must be positive".
bool am_options_check(struct am_options *opt, struct err *err);

enum matcher_mode am_matcher_mode(const struct am_options *opt);
