// SPDX-License-Identifier: Apache-2.0
// app.h: a whole vmalert over any env: reads rules, runs groups, serves its API, reloads.
#pragma once
#include "base/core/metrics.h"
#include "vmalert/datasource_http.h"
#include "vmalert/notifier.h"
#include "vmalert/options.h"
#include "vmalert/remote_write.h"

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
    struct remote_write *remote_write; // NULL: none configured

    struct group **groups; // sorted by file, then in the order of the file
    size_t group_count;
    struct rule_files *files;

    struct http_server **servers;
    struct addr *addrs; // bound addresses of the servers
    size_t server_count, stop_steps_open;

    struct metrics *metrics;
    struct vmalert_metrics *families;
    char *reload_error; // heap; NULL: the last reload was fine
    uint64_t reloads, reload_errors;
    time_ns reloaded_at;
    struct timer check_timer;
    bool is_stopping;
    void (*on_stopped)(void *owner);
    void *stop_owner;
    struct timer stop_timer;
};

// Reads everything, starts groups and servers. Errors as upstream's fatal lines.
struct vmalert *vmalert_new(struct env *env, const struct vmalert_options *opt, struct err *err);
void vmalert_free(struct vmalert *v);

// -dryRun: only reads and checks.
bool vmalert_check(struct env *env, const struct vmalert_options *opt, struct err *err);

// Rereads rules and templates. Errors are logged, counted and shown; the old rules stay then.
// is_asked: SIGHUP or /-/reload, not the periodic check.
void vmalert_reload(struct vmalert *v, bool is_asked);

// Closes the servers, ends the groups, sends what waits for remote write, then calls back.
void vmalert_stop(struct vmalert *v, void (*on_stopped)(void *owner), void *owner);

struct group *vmalert_find_group(const struct vmalert *v, uint64_t id); // or NULL

// The page of an alert: what a notification's generatorURL points to. An alert_link_fn.
void vmalert_alert_link(void *owner, const struct group *g, const struct alerting_rule *rule,
                        const struct alert *a, struct buf *out);

// ---- web.c, web_api.c
// ----------------------------------------------------------------------------

void vmalert_serve(void *owner, struct http_exchange *x); // http_server_options.handle
void vmalert_metrics_init(struct vmalert *v);             // metrics.c
void vmalert_metrics_free(struct vmalert *v);
void vmalert_metrics_put(struct vmalert *v, struct buf *out);
// group_hooks.on_iteration
void vmalert_metrics_iteration(void *owner, const struct group *g, dur_ns duration);
void vmalert_metrics_notifier(struct vmalert *v, struct notifier *n);

extern const char VMALERT_VERSION[]; // "vmalert-…-v1.150.0-tocsin"
