// SPDX-License-Identifier: Apache-2.0
#include "alertmanager/options.h"

#include "base/core/alloc.h"

// Any case of letters, unlike other enumerations.
static bool parse_log_level(const struct flag *flag, str value, struct arena *mem, struct err *err)
{
    (void)mem;
    enum log_level level;
    if (!log_level_parse(value, &level))
        return err_set(err, ERR_SYNTAX, "unrecognized log level %.*s", STR(value));
    *(str *)flag->to = value;
    return true;
}

static bool parse_log_format(const struct flag *flag, str value, struct arena *mem, struct err *err)
{
    (void)mem;
    if (!str_eq(value, S("logfmt")) && !str_eq(value, S("json")))
        return err_set(err, ERR_SYNTAX, "unrecognized log format %.*s", STR(value));
    *(str *)flag->to = value;
    return true;
}

struct flags am_flags(struct am_options *o, struct arena *mem)
{
    const struct flag items[] = {
#define F(name_, type_, member, default_, help_, ...)                                              \
    {.name = (name_),                                                                              \
     .type = (type_),                                                                              \
     .to = &o->member,                                                                             \
     .default_text = (default_),                                                                   \
     .help = (help_),                                                                              \
     __VA_ARGS__}
        F("help", FLAG_BOOL, help, NULL, "Show help.", .short_name = 'h'),
        F("help-long", FLAG_BOOL, help, NULL, "Show help.", .is_hidden = true),
        F("config.file", FLAG_STR, config_file, "alertmanager.yml",
          "Configuration file. Relative paths in it start at its folder."),
        F("storage.path", FLAG_STR, storage_path, "data/",
          "Folder for the notification log, silences and their journals."),
        F("data.retention", FLAG_DUR, data_retention, "120h",
          "How long expired silences and entries of the notification log are kept."),
        F("data.maintenance-interval", FLAG_DUR, data_maintenance_interval, "15m",
          "How often silences and the notification log are cleaned up and written as a snapshot."),
        F("silences.max-silences", FLAG_INT, silences_max, "0",
          "Most silences that may be stored, expired ones included; 0: any number."),
        F("silences.max-silence-size-bytes", FLAG_INT, silence_bytes_max, "0",
          "Most bytes of one silence; 0: any number."),
        F("log.silences", FLAG_BOOL, log_silences, "false",
          "Log each silence that is created, updated or expired."),
        F("alerts.gc-interval", FLAG_DUR, alerts_gc_interval, "30m",
          "How often resolved alerts are dropped."),
        F("alerts.per-alertname-limit", FLAG_INT, alerts_per_name_limit, "0",
          "Most alerts of one alertname; 0: any number."),
        F("dispatch.maintenance-interval", FLAG_DUR, dispatch_maintenance_interval, "30s",
          "How often finished aggregation groups are removed."),
        F("dispatch.start-delay", FLAG_DUR, dispatch_start_delay, "0s",
          "Least time between the start and the first notification: the rule evaluators' resend "
          "delay."),
        F("web.systemd-socket", FLAG_BOOL, web_systemd_socket, "false",
          "Take listeners from systemd's socket activation."),
        F("web.listen-address", FLAG_STRS, web_listen, ":9093",
          "Address to serve the web interface and API on. Repeatable."),
        F("web.config.file", FLAG_STR, web_config_file, "",
          "File that sets up TLS, users and headers of the web server."),
        F("web.external-url", FLAG_STR, web_external_url, "",
          "URL under which people reach this Alertmanager; notifications link to it."),
        F("web.route-prefix", FLAG_STR, web_route_prefix, "",
          "Prefix of all paths that are served. Default: the path of --web.external-url."),
        F("web.get-concurrency", FLAG_INT, web_get_concurrency, "0",
          "Most GET requests answered at the same time; below 1: the number of CPUs, at least 8."),
        F("web.timeout", FLAG_DUR, web_timeout, "0", "Timeout of HTTP requests; 0: none."),
        F("auto-gomemlimit.ratio", FLAG_FLOAT, gomemlimit_ratio, "0.9",
          "Accepted for compatibility: this program has no garbage collector to tune."),
        F("cluster.listen-address", FLAG_STR, cluster_listen, "0.0.0.0:9094",
          "Address for gossip, UDP and TCP. Empty: no cluster."),
        F("cluster.advertise-address", FLAG_STR, cluster_advertise, "",
          "Address under which peers reach this one. Default: a private address of this machine."),
        F("cluster.peer-name", FLAG_STR, cluster_name, "",
          "Name of this peer, unique in the cluster. Default: a new one at each start."),
        F("cluster.peer", FLAG_STRS, cluster_peers, NULL,
          "host:port of a peer; a name may stand for many. Repeatable."),
        F("cluster.peer-timeout", FLAG_DUR, cluster_peer_timeout, "15s",
          "How long each peer waits for those before it to notify."),
        F("cluster.peers-resolve-timeout", FLAG_DUR, cluster_resolve_timeout, "15s",
          "Timeout of looking up the peers' names."),
        F("cluster.gossip-interval", FLAG_DUR, cluster_gossip_interval, "200ms",
          "Time between gossip messages. Shorter: news spread faster, at more traffic."),
        F("cluster.pushpull-interval", FLAG_DUR, cluster_pushpull_interval, "1m0s",
          "Time between exchanges of the full state with a random peer."),
        F("cluster.tcp-timeout", FLAG_DUR, cluster_tcp_timeout, "10s",
          "Timeout of connections to peers."),
        F("cluster.probe-timeout", FLAG_DUR, cluster_probe_timeout, "500ms",
          "How long to wait for a peer's answer before asking others to reach it."),
        F("cluster.probe-interval", FLAG_DUR, cluster_probe_interval, "1s",
          "Time between probes of random peers."),
        F("cluster.settle-timeout", FLAG_DUR, cluster_settle_timeout, "1m0s",
          "Longest wait for the cluster to be complete before notifying."),
        F("cluster.reconnect-interval", FLAG_DUR, cluster_reconnect_interval, "10s",
          "Time between attempts to reach lost peers."),
        F("cluster.reconnect-timeout", FLAG_DUR, cluster_reconnect_timeout, "6h0m0s",
          "How long to try to reach a lost peer."),
        F("cluster.tls-config", FLAG_STR, cluster_tls_config, "",
          "File that sets up mutual TLS between peers."),
        F("cluster.encryption-key-file", FLAG_STR, cluster_key_file, "",
          "File with keys that encrypt gossip between peers of this kind, in base64, one per line: "
          "the first encrypts, all decrypt. Reread with the configuration."),
        F("cluster.allow-insecure-public-advertise-address-discovery", FLAG_BOOL,
          cluster_allow_public, "false",
          "Advertise a public address where there is no private one."),
        F("cluster.label", FLAG_STR, cluster_label, "",
          "Label of all gossip messages; peers with another one are ignored."),
        F("enable-feature", FLAG_STR, enable_feature, "",
          "Comma separated features: alert-names-in-metrics, receiver-name-in-metrics, "
          "group-key-in-metrics, classic-mode, utf8-strict-mode, auto-gomemlimit, event-recorder."),
        F("log.level", FLAG_CUSTOM, log_level, "info",
          "Least level of messages to log: debug, info, warn or error.", .parse = parse_log_level),
        F("log.format", FLAG_CUSTOM, log_format, "logfmt",
          "Format of log messages: logfmt or json.", .parse = parse_log_format),
        F("version", FLAG_BOOL, version, NULL, "Show the version."),
#undef F
    };
    struct flag *copy = arena_array(mem, struct flag, ARRAY_LEN(items));
    memcpy(copy, items, sizeof(items));
    return (struct flags){
        .style = FLAGS_KINGPIN,
        .program = "alertmanager",
        .about = "Groups alerts, removes duplicates and tells people about them once.",
        .items = copy,
        .count = ARRAY_LEN(items),
    };
}

struct am_options am_options_default(struct arena *mem)
{
    struct am_options *opt = arena_new(mem, struct am_options);
    struct flags flags = am_flags(opt, mem);
    char *argv[] = {"alertmanager", NULL};
    struct err err = ERR_INIT;
    if (!flags_parse(&flags, 1, argv, mem, NULL, &err))
        panic("the flags' defaults are invalid: %.*s", STR(err_str(&err)));
    return *opt;
}

// ---- checks ------------------------------------------------------------------------------------

static bool set_feature(struct am_features *f, str name, struct err *err)
{
    const struct {
        const char *name;
        bool *to;
    } known[] = {
        {"alert-names-in-metrics", &f->alert_names_in_metrics},
        {"receiver-name-in-metrics", &f->receiver_name_in_metrics},
        {"group-key-in-metrics", &f->group_key_in_metrics},
        {"classic-mode", &f->classic_mode},
        {"utf8-strict-mode", &f->utf8_strict_mode},
        {"auto-gomemlimit", &f->auto_gomemlimit},
        {"event-recorder", &f->event_recorder},
    };
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (!str_eq(name, str_c(known[i].name)))
            continue;
        *known[i].to = true;
        return true;
    }
    return err_set(err, ERR_INVALID, "unknown option '%.*s' for --enable-feature", STR(name));
}

bool am_features_parse(str list, struct am_features *ret, struct err *err)
{
    str rest = list, one;
    bool has_more = rest.n > 0;
    *ret = (struct am_features){0};
    while (has_more) {
        has_more = str_cut(rest, ',', &one, &rest);
        if (!set_feature(ret, one, err))
            return false;
    }
    if (ret->classic_mode && ret->utf8_strict_mode)
        return err_set(err, ERR_INVALID, "cannot have both classic and UTF-8 modes enabled");
    return true;
}

static bool read_features(struct am_options *o, struct err *err)
{
    if (!am_features_parse(o->enable_feature, &o->features, err))
        return err_wrap(err, "error parsing the feature flag list");
    if (o->features.auto_gomemlimit && !(o->gomemlimit_ratio > 0 && o->gomemlimit_ratio <= 1))
        return err_set(err, ERR_INVALID,
                       "--auto-gomemlimit.ratio must be greater than 0 and less than or equal to "
                       "1.");
    return true;
}

#define OPTIONS_ERROR "alertmanager/app: Options."

bool am_options_check(struct am_options *o, struct err *err)
{
    const struct {
        const char *field;
        dur_ns value;
        bool is_cluster;
    } durations[] = {
        {"Retention", o->data_retention, false},
        {"MaintenanceInterval", o->data_maintenance_interval, false},
        {"AlertGCInterval", o->alerts_gc_interval, false},
        {"DispatchMaintenanceInterval", o->dispatch_maintenance_interval, false},
        {"PeerTimeout", o->cluster_peer_timeout, true},
        {"PeersResolveTimeout", o->cluster_resolve_timeout, true},
        {"GossipInterval", o->cluster_gossip_interval, true},
        {"PushPullInterval", o->cluster_pushpull_interval, true},
        {"TCPTimeout", o->cluster_tcp_timeout, true},
        {"ProbeTimeout", o->cluster_probe_timeout, true},
        {"ProbeInterval", o->cluster_probe_interval, true},
        {"ReconnectInterval", o->cluster_reconnect_interval, true},
        {"PeerReconnectTimeout", o->cluster_reconnect_timeout, true},
    };
    if (!read_features(o, err))
        return false;
    if (o->config_file.n == 0)
        return err_set(err, ERR_INVALID, OPTIONS_ERROR "ConfigFile is required");
    if (o->storage_path.n == 0)
        return err_set(err, ERR_INVALID, OPTIONS_ERROR "DataDir is required");
    for (size_t i = 0; i < ARRAY_LEN(durations); i++) {
        if (durations[i].value > 0 || (durations[i].is_cluster && o->cluster_listen.n == 0))
            continue;
        return err_set(err, ERR_INVALID, OPTIONS_ERROR "%s must be positive%s", durations[i].field,
                       durations[i].is_cluster ? " when clustering is enabled" : "");
    }
    if (o->web_listen.count == 0 && !o->web_systemd_socket)
        return err_set(err, ERR_INVALID,
                       OPTIONS_ERROR "WebConfig must contain at least one listen address (or "
                                     "enable WebSystemdSocket)");
    return true;
}

enum matcher_mode am_matcher_mode(const struct am_options *o)
{
    if (o->features.classic_mode)
        return MATCHER_CLASSIC;
    return o->features.utf8_strict_mode ? MATCHER_UTF8 : MATCHER_FALLBACK;
}
