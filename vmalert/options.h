// SPDX-License-Identifier: Apache-2.0
// options.h: vmalert's command line, as values.
#pragma once
#include "base/core/flags.h"
#include "base/core/log.h"
#include "vmalert/ignored_flags.h"
#include "vmalert/options_auth.h"
#include "vmalert/push_metrics.h"
#include "vmalert/server_flags.h"

struct rule_urls;

struct vmalert_options {
    // Rules, evaluation, state.
    struct flag_strs rule, rule_templates;
    bool rule_validate_templates, rule_validate_expressions, rule_strip_file_path;
    str rule_default_rule_type;
    dur_ns rule_eval_delay, rule_resend_delay, rule_max_resolve_duration;
    int64_t rule_results_limit, rule_update_entries_limit;
    dur_ns evaluation_interval, group_max_start_delay, config_check_interval;
    bool dry_run, disable_alertgroup_label;
    struct flag_strs external_label;
    str external_url, external_alert_source;

    // Datasource.
    str datasource_url, datasource_headers;
    bool datasource_disable_keep_alive;
    bool datasource_show_url, datasource_append_type_prefix, datasource_disable_step_param;
    dur_ns datasource_query_step;
    int64_t datasource_round_digits;
    str remote_read_url, remote_read_headers;
    bool remote_read_show_url, remote_read_disable_path_append;
    dur_ns remote_read_lookback;
    str remote_write_url, remote_write_headers;
    bool remote_write_show_url, remote_write_disable_path_append;
    int64_t remote_write_max_queue_size, remote_write_max_batch_size, remote_write_concurrency;
    dur_ns remote_write_flush_interval, remote_write_send_timeout, remote_write_retry_min_interval,
        remote_write_retry_max_time;

    // Replay.
    str replay_from, replay_to;
    int64_t replay_max_datapoints, replay_retry_attempts, replay_rule_concurrency;
    dur_ns replay_rules_delay;
    bool replay_continue_with_errors, replay_disable_progress_bar;

    struct client_flags datasource_auth, remote_read_auth, remote_write_auth;

    // Notifiers.
    struct client_flag_lists notifier_auth;
    struct flag_strs notifier_url, notifier_send_timeout, notifier_headers;
    bool notifier_show_url, notifier_blackhole, notifier_suppress_duplicate_target_errors;
    str notifier_config;
    dur_ns consul_sd_check_interval, consul_wait_time, dns_sd_check_interval;

    // HTTP server, logging, misc.
    struct server_flags server;
    struct push_flags push;
    bool metrics_expose_metadata;
    str logger_level, logger_format, logger_output;
    str logger_timezone, logger_json_fields;
    int64_t logger_errors_per_second_limit, logger_warns_per_second_limit;
    bool logger_disable_timestamps;
    struct ignored_flags ignored;
    struct flag_strs secret_flags; // names, besides those that are secret anyway
    bool envflag_enable;
    str envflag_prefix;
    bool version;

    // Not flags.
    str hostname;          // of this machine
    uint32_t cpus;         // of this machine
    str os_release;        // "6.1.0-32-amd64"; empty: not known
    uint64_t memory_bytes; // of this machine; 0: not known
    struct arena *mem;     // where all texts live
    // The environment, for %{NAME} in rule files; NULL: none.
    const char *(*env_find)(void *owner, const char *name);
    void *env_owner;
    // What the URLs among -rule gave, for the start (rule_urls.h); NULL: there are none.
    const struct rule_urls *rule_urls;
    const struct flags *flags; // for /flags and metrics; NULL: not shown
};

struct flags vmalert_flags(struct vmalert_options *opt, struct arena *mem); // sorted by name

// The value a flag has now, for logs, /flags and metrics: "secret" where it is one.
void buf_put_flag_value(struct buf *b, const struct flag *flag, const struct vmalert_options *opt);

// Replaces %{NAME} by the environment's value; unknown names stay.
void buf_put_expanded(struct buf *b, str text, const struct vmalert_options *opt);
