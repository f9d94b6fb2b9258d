// SPDX-License-Identifier: Apache-2.0
// config.h: alertmanager.yml: read, checked, compiled, and printed back.
//
// A struct config is immutable once loaded and lives in one arena; a reload makes another one. It
// keeps both what was written (for printing) and what it means: the routing tree, the receivers'
// integrations, rules and calendars.
//
// Error texts are upstream's. Secrets never show in texts made here.
// Files: config.c (the whole), config_global.c, config_http.c, config_headers.c, config_route.c,
// config_receivers.c and receivers/, config_outputs.c (tracing, event recorder).
#pragma once
#include "alertmanager/inhibit.h"
#include "alertmanager/route.h"
#include "alertmanager/timeinterval.h"
#include "base/text/yaml_types.h"
#include "notify/integrations/integrations.h"

#define CONFIG_BYTES_MAX     ((size_t)16 << 20)
#define CONFIG_RECEIVERS_MAX 100000
#define CONFIG_RULES_MAX     10000 // inhibition

// ---- http_config (config_http.c) ---------------------------------------------------------------

struct tls_conf {
    str ca, ca_file, ca_ref;
    str cert, cert_file, cert_ref;
    str key, key_file, key_ref;
    str server_name;
    bool insecure_skip_verify;
    str min_version, max_version; // "TLS12", …, or empty
};

struct basic_auth_conf {
    str username, username_file, username_ref;
    str password, password_file, password_ref;
};

struct authorization_conf {
    str type; // "Bearer" by default
    str credentials, credentials_file, credentials_ref;
};

struct header_conf { // of http_headers
    str name;
    struct str_list values, secrets, files;
};

struct headers_conf {
    struct header_conf *items; // sorted by name
    size_t count;
};

struct proxy_header {
    str name;
    struct str_list values; // secrets
};

struct proxy_headers {
    struct proxy_header *items; // sorted by name
    size_t count;
};

struct proxy_conf {
    struct yaml_url url;
    str no_proxy;
    bool from_environment;
    struct proxy_headers connect_header;
};

struct oauth2_conf {
    str client_id, client_secret, client_secret_file, client_secret_ref;
    str client_certificate_key_id;
    str client_certificate_key, client_certificate_key_file, client_certificate_key_ref;
    str grant_type, signature_algorithm, iss, audience;
    const struct yaml_node *claims; // NULL: none
    struct str_list scopes;
    str token_url;
    struct yaml_str_map endpoint_params;
    struct tls_conf tls;
    struct proxy_conf proxy;
};

struct http_conf {
    struct basic_auth_conf *basic_auth;       // NULL: none
    struct authorization_conf *authorization; // NULL: none; bearer_token ends up here
    struct oauth2_conf *oauth2;               // NULL: none
    str bearer_token, bearer_token_file;      // as written
    struct tls_conf tls;
    bool follow_redirects, enable_http2; // true by default
    struct proxy_conf proxy;
    struct headers_conf headers;
};

extern const struct yaml_struct HTTP_CONF_YAML, TLS_CONF_YAML;
struct http_conf *http_conf_default(struct arena *mem);
// Makes paths of files absolute, from the folder of the configuration file.
void http_conf_join_dir(struct http_conf *c, str dir, struct arena *mem);

// ---- global (config_global.c) ------------------------------------------------------------------

// Go's net.SplitHostPort, with a port required. Errors: ERR_SYNTAX with its texts.
bool host_port_parse(str text, struct host_port *ret, struct err *err);
void buf_put_host_port(struct buf *b, const struct host_port *hp);

struct config_global {
    dur_ns resolve_timeout;
    struct http_conf *http;
    struct yaml_url jira_api_url;
    str smtp_from, smtp_hello;
    struct host_port smtp_smarthost;
    str smtp_auth_username, smtp_auth_password, smtp_auth_password_file;
    str smtp_auth_secret, smtp_auth_secret_file, smtp_auth_identity;
    bool smtp_require_tls;
    struct tls_conf smtp_tls;
    struct opt_bool smtp_force_implicit_tls; // not set: by the port
    struct yaml_url slack_api_url;
    str slack_api_url_file, slack_app_token, slack_app_token_file;
    struct yaml_url slack_app_url, pagerduty_url, opsgenie_api_url;
    str opsgenie_api_key, opsgenie_api_key_file;
    struct yaml_url wechat_api_url;
    str wechat_api_secret, wechat_api_secret_file, wechat_api_corp_id;
    struct yaml_url victorops_api_url;
    str victorops_api_key, victorops_api_key_file;
    struct yaml_url telegram_api_url;
    str telegram_bot_token, telegram_bot_token_file;
    struct yaml_url webex_api_url, rocketchat_api_url;
    str rocketchat_token, rocketchat_token_file, rocketchat_token_id, rocketchat_token_id_file;
    struct yaml_url mattermost_webhook_url;
    str mattermost_webhook_url_file;
};

// ---- routes and rules as written (config_route.c) ----------------------------------------------

// A list of matcher texts ("matchers:"), parsed.
struct matchers_conf {
    struct matchers parsed;
    bool is_given;
};

struct opt_dur {
    dur_ns value;
    bool is_set;
};

struct config_route {
    str receiver;
    struct str_list group_by;
    bool has_group_by; // given, perhaps as an empty list
    struct yaml_str_map match;
    struct yaml_str_map match_re; // expressions as written
    struct matchers_conf matchers;
    struct str_list mute_intervals, active_intervals;
    bool is_continue;
    struct yaml_list routes; // pointers to struct config_route
    struct opt_dur group_wait, group_interval, repeat_interval;
    struct yaml_str_map labels;

    // Worked out from the above.
    bool is_grouped_by_all;
    struct matchers all; // match, match_re and matchers, sorted
};

struct config_rule { // an inhibit rule as written
    str name;
    struct yaml_str_map source_match, source_match_re;
    struct matchers_conf source_matchers;
    struct yaml_str_map target_match, target_match_re;
    struct matchers_conf target_matchers;
    struct str_list equal;

    struct matchers source, target; // all kinds together
};

extern const struct yaml_struct CONFIG_ROUTE_YAML, CONFIG_RULE_YAML;

// ---- receivers (config_receivers.c) ------------------------------------------------------------

#define CONFIG_RECEIVER_KINDS 18 // of integrations

struct config_receiver {
    str name;
    struct yaml_str_map labels; // "name" always among them
    // By kind (receivers/kinds.h): pointers to structs that begin with integration_conf.
    struct yaml_list lists[CONFIG_RECEIVER_KINDS];

    // All integrations in the order in which they are built. Their context is the configuration's.
    const struct integration *const *integrations;
    size_t integration_count;
    bool is_routed; // some route names it
};

// ---- tracing and event_recorder (config_outputs.c) ---------------------------------------------

struct tracing_conf {
    str client_type; // "grpc" or "http"
    str endpoint;
    double sampling_fraction;
    bool insecure;
    struct tls_conf *tls; // NULL: none
    struct headers_conf headers;
    str compression;
    dur_ns timeout; // 0: the exporter's own
};

struct event_file_conf {
    str path;
};

struct event_stdout_conf {
    bool unused; // it has no settings
};

struct event_webhook_conf {
    struct yaml_url url;
    struct http_conf *http; // NULL: defaults
    dur_ns timeout;
    int64_t workers, max_retries;
    dur_ns retry_backoff;
    bool batch;
    int64_t batch_max_events, batch_max_bytes; // 0: 100, 1 MiB
    dur_ns batch_flush_interval;               // 0: 100 ms
};

struct event_kafka_conf {
    struct str_list brokers;
    str topic, client_id, format, acks, compression;
    int64_t buffer_size;
    struct tls_conf *tls; // NULL: none
};

struct event_recorder_conf {
    struct yaml_list files;    // of struct event_file_conf
    struct yaml_list stdouts;  // of struct event_stdout_conf
    struct yaml_list webhooks; // of struct event_webhook_conf
    struct yaml_list kafkas;   // of struct event_kafka_conf
};

// ---- the whole (config.c) ----------------------------------------------------------------------

struct config {
    uint32_t refs;
    struct arena mem;
    str path; // of the file; empty: from memory

    struct config_global *global; // never NULL
    struct str_list templates;    // patterns, absolute
    struct config_route *written_route;
    struct yaml_list written_rules;                     // of struct config_rule
    struct yaml_list receiver_list;                     // of struct config_receiver
    struct yaml_list mute_interval_list, interval_list; // of struct named_interval
    struct tracing_conf *tracing;                       // NULL: off
    struct event_recorder_conf *recorder;               // NULL: off

    struct map receivers_by_name, intervals_by_name;

    // Compiled.
    const struct route *route; // the root
    size_t route_count;
    struct inhibit_rule *rules;
    size_t rule_count;
    struct config_receiver *receivers; // the list's
    size_t receiver_count;
    size_t routed_receivers, routed_integrations; // for metrics

    struct owned_matchers *owned; // whose regular expressions go with the configuration

    str original; // printed back with defaults and without secrets, for /api/v2/status

    // What the integrations of this configuration render and send with. The app fills it between
    // loading and the first use, from `templates`; nothing else changes after loading.
    struct notify_context context;
};

extern const struct yaml_struct CONFIG_YAML; // the whole file

struct config_options {
    struct env *env; // reads time zones
    enum matcher_mode matchers;
    const struct log
        *log; // warnings of the matchers' fallback mode and of doubtful values; NULL: none
};

// Loads a text. `path` is where it was read from: relative paths start at its folder. One
// reference, the caller's. Errors: ERR_SYNTAX, ERR_INVALID, ERR_LIMIT; upstream's texts, without
// the file's name.
struct config *config_load(str text, str path, const struct config_options *opt, struct err *err);

// Reads and loads a file. Errors of reading: "open <path>: no such file or directory".
// ret_text (may be NULL) gets the file's bytes, for the hash.
struct config *config_load_file(str path, const struct config_options *opt, struct buf *ret_text,
                                struct err *err);

static inline struct config *config_ref(struct config *c)
{
    c->refs++;
    return c;
}

// Takes a loaded configuration into service: reads what its receivers need from files before they
// begin. Errors: those of all integrations, one a line.
bool config_open(struct config *c, struct env *env, struct err *err);

void config_unref(struct config *c); // NULL is fine
DEFER_PTR(struct config, config_unref)

const struct config_receiver *config_find_receiver(const struct config *c, str name); // or NULL
const struct named_interval *config_find_interval(const struct config *c, str name);  // or NULL
enum name_mode config_name_mode(enum matcher_mode m); // which names alerts and routes may use
