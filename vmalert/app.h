// SPDX-License-Identifier: Apache-2.0
// app.h: a whole vmalert over any env: reads rules, runs groups, serves its API, reloads.
#pragma once
#include "base/core/metrics.h"
#include "vmalert/datasource_http.h"
#include "vmalert/notifier.h"
#include "vmalert/notifier_watch.h"
#include "vmalert/options.h"
#include "vmalert/password.h"
#include "vmalert/push_metrics.h"
#include "vmalert/remote_write.h"
#include "vmalert/rule_urls.h"

// What a page of the web server asks of its reader: nothing; the name and password of -httpAuth.*;
// the key of a flag, or else these.
enum web_access { WEB_FREE, WEB_BASIC, WEB_FLAGS, WEB_METRICS, WEB_PPROF, WEB_RELOAD };
#define WEB_ACCESS_COUNT 6

struct web_stats {
    uint64_t requests, old_connections; // the second: closed since they were
    uint64_t wrong_basic_auth, wrong_auth_key, unsupported;
    uint64_t metrics, favicon, pprof; // requests for them
};

struct vmalert_listener {
    struct http_server_counts counts;
    str address; // as the flag has it
    bool has_tls;
};

struct vmalert {
    struct env *env;
    const struct vmalert_options *opt;
    struct arena mem; // lives as long as the process
    struct label_store labels;
    struct rules_counters counters;
    struct rules_shared shared;
    struct group_hooks hooks;
    struct tpl_set *templates; // shared.templates.base
    uint64_t templates_sum;    // of their texts: a reload that changes nothing is cheap
    struct rule_texts link;    // -external.alert.source; none: the built-in link

    struct http_datasource *datasource, *remote_read; // the second may be NULL
    struct datasource remote_read_interface;
    struct notifiers *notifiers;       // NULL: none configured
    struct notifier_watch *watch;      // of -notifier.config; NULL: not given
    struct remote_write *remote_write; // NULL: none configured

    struct group **groups; // sorted by file, then in the order of the file
    size_t group_count;
    struct rule_files *files;
    struct rule_files *first_files; // their groups start when notifiers are known; NULL: they have

    struct http_server **servers;
    struct addr *addrs;                 // bound addresses of the servers
    struct vmalert_listener *listeners; // beside the servers
    size_t listener_count;
    size_t server_count, stop_steps_open;
    struct password passwords[WEB_ACCESS_COUNT]; // WEB_FREE: none
    struct web_stats web;
    mono_ns started_at; // ours, not a request's

    struct metrics *metrics;
    struct vmalert_metrics *families;
    struct replay_job *replay;     // NULL: not in that mode
    struct push_metrics *push;     // NULL: nobody wants them pushed
    struct rule_urls *reload_urls; // being asked for a reload; NULL: none is under way
    bool reload_is_asked, reload_again;
    char *reload_error; // heap; NULL: the last reload was fine
    uint64_t reloads, reload_errors;
    time_ns reloaded_at;
    struct timer check_timer;
    bool is_stopping;
    void (*on_stopped)(void *owner);
    void *stop_owner;
    void (*on_servers_stopped)(void *owner);
    struct timer stop_timer;
    mono_ns stop_at; // when the delay of the shutdown is over
};

// Reads everything, starts groups and servers. Errors as upstream's fatal lines.
struct vmalert *vmalert_new(struct env *env, const struct vmalert_options *opt, struct err *err);
void vmalert_free(struct vmalert *v);

// -dryRun: only reads and checks.
bool vmalert_check(struct env *env, const struct vmalert_options *opt, struct err *err);

// Rereads rules and templates, at once or when the URLs among -rule have answered. Errors are
// logged, counted and shown; the old rules stay then.
// is_asked: SIGHUP or /-/reload, not the periodic check.
void vmalert_reload(struct vmalert *v, bool is_asked);

// Closes the servers, ends the groups, sends what waits for remote write, then calls back.
void vmalert_stop(struct vmalert *v, void (*on_stopped)(void *owner), void *owner);

struct group *vmalert_find_group(const struct vmalert *v, uint64_t id); // or NULL

// The page of an alert: what a notification's generatorURL points to. An alert_link_fn.
void vmalert_alert_link(void *owner, const struct group *g, const struct alerting_rule *rule,
                        const struct alert *a, struct buf *out);

// ---- app_replay.c ------------------------------------------------------------------------------

// -replay.timeFrom: reads everything that replay needs; no servers, no notifiers. Errors as
// upstream's fatal lines.
struct vmalert *vmalert_new_for_replay(struct env *env, const struct vmalert_options *opt,
                                       struct err *err);
// Replays all rules, sends what they give and calls back once. err: ERR_NONE, or "replay failed:
// …". print: for standard output. False: it was not started.
bool vmalert_replay(struct vmalert *v, void (*print)(void *owner, str text),
                    void (*on_done)(void *owner, const struct err *err), void *owner,
                    struct err *err);
void vmalert_replay_free(struct vmalert *v);

// ---- app_notifiers.c ---------------------------------------------------------------------------

bool vmalert_notifiers_init(struct vmalert *v, struct err *err);
// The groups of the first files, once it is known whom to tell; later: nothing.
void vmalert_start_groups(void *owner);
// The headers and the credentials of one client's flags.
bool vmalert_read_client(struct vmalert *v, str headers_text, const struct client_flags *flags,
                         const char *prefix, const struct http_header **ret_headers,
                         size_t *ret_count, const struct httpconf **ret_conf, struct err *err);

// ---- servers.c ---------------------------------------------------------------------------------

bool vmalert_servers_start(struct vmalert *v, struct err *err);
// After -http.shutdownDelay; calls back when the last one is gone.
void vmalert_servers_stop(struct vmalert *v, void (*on_stopped)(void *owner));
void vmalert_servers_free(struct vmalert *v);

// ---- web.c, web_api.c, metrics.c ---------------------------------------------------------------

void vmalert_serve(void *owner, struct http_exchange *x); // http_server_options.handle
void vmalert_metrics_init(struct vmalert *v);
void vmalert_metrics_init_process(struct vmalert *v); // metrics_process.c
void vmalert_metrics_free(struct vmalert *v);
void vmalert_metrics_put(struct vmalert *v, struct buf *out);
// group_hooks.on_iteration
void vmalert_metrics_iteration(void *owner, const struct group *g, dur_ns duration);
void vmalert_metrics_notifier(struct vmalert *v, struct notifier *n);
void vmalert_metrics_notifier_gone(struct vmalert *v, struct notifier *n);
void vmalert_metrics_remote_write(struct vmalert *v, struct remote_write_options *to);
void vmalert_metrics_served(struct vmalert *v, dur_ns duration); // one answer of /metrics

extern const char VMALERT_VERSION[]; // "vmalert-…-v1.150.0-tocsin"
