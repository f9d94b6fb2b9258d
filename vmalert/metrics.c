// SPDX-License-Identifier: Apache-2.0
// What vmalert counts, under upstream's names (spec: vmalert HTTP §10).
#include "base/core/alloc.h"
#include "vmalert/app.h"

struct vmalert_metrics {
    struct metric_family *iteration_total, *iteration_missed, *iteration_reset;
    struct metric_family *iteration_interval, *results_limit, *iteration_duration;
    struct metric_family *alerts_pending, *alerts_firing, *alerting_errors, *alerting_samples,
        *alerting_fetched;
    struct metric_family *recording_errors, *recording_samples;
    struct metric_family *alerts_sent, *alerts_send_errors, *alerts_send_duration;
    struct metric *executions, *execution_errors, *alerts_fired;
    struct metric *requests, *old_connections;
    struct metric_family *listener_accepts, *listener_conns;
    struct metric *path_metrics, *path_favicon, *path_pprof;
    struct metric *wrong_basic_auth, *wrong_auth_key, *unsupported;
    struct vmrange *metrics_duration;
    struct metric *sd_requests, *sd_retries, *sd_watchers, *sd_watchers_created,
        *sd_watchers_stopped; // NULL without -notifier.config
    struct metric *reload_ok, *reload_time, *reloads, *reload_errors;
    struct metric *write_total, *write_errors, *write_dropped, *write_sent, *write_bytes,
        *write_seconds, *write_capacity, *write_concurrency; // NULL without remote write
    struct timer rotate_timer;
};

static struct metric_family *family(struct vmalert *v, enum metric_kind kind, const char *name,
                                    const char *help, const char *labels)
{
    return metrics_family(v->metrics, kind, name, help, labels, NULL, 0);
}

static void on_rotate(void *owner)
{
    struct vmalert *v = owner;
    quantile_summary_rotate(v->families->iteration_duration);
    env_timer_after(v->env, &v->families->rotate_timer, QUANTILE_WINDOW / 2);
}

static void collect(void *owner);

#define GROUP_LABELS "group,file"
#define ALERT_LABELS "alertname,group,file,id"

static void init_remote_write(struct vmalert *v)
{
    struct vmalert_metrics *m = v->families;
    m->write_total =
        metrics_counter(v->metrics, "vmalert_remotewrite_total", "Series handed to remote write");
    m->write_errors = metrics_counter(v->metrics, "vmalert_remotewrite_errors_total",
                                      "Failed requests and refused series of remote write");
    m->write_dropped = metrics_counter(v->metrics, "vmalert_remotewrite_dropped_rows_total",
                                       "Samples that could not be written");
    m->write_sent = metrics_counter(v->metrics, "vmalert_remotewrite_sent_rows_total",
                                    "Series that were written");
    m->write_bytes = metrics_counter(v->metrics, "vmalert_remotewrite_sent_bytes_total",
                                     "Compressed bytes that were written");
    m->write_seconds =
        metrics_counter(v->metrics, "vmalert_remotewrite_send_duration_seconds_total",
                        "Time spent on writing, retries included");
    m->write_capacity = metrics_gauge(v->metrics, "vmalert_remotewrite_queue_capacity",
                                      "Most series that may wait");
    m->write_concurrency = metrics_gauge(v->metrics, "vmalert_remotewrite_concurrency",
                                         "Most requests at the same time");
}

static struct vmrange *histogram_of(struct vmalert *v, const char *name, const char *help)
{
    return vmrange_get(family(v, METRIC_VMRANGE, name, help, ""), NULL);
}

void vmalert_metrics_remote_write(struct vmalert *v, struct remote_write_options *to)
{
    to->sent_rows = histogram_of(v, "vmalert_remotewrite_sent_rows", "Series of a written batch");
    to->sent_bytes =
        histogram_of(v, "vmalert_remotewrite_sent_bytes", "Compressed bytes of a written batch");
    to->flush_duration = histogram_of(v, "vmalert_remotewrite_flush_duration_seconds",
                                      "Time a batch took, retries included");
    to->queue_size = histogram_of(v, "vmalert_remotewrite_queue_size", "Series that wait");
}

static void init_discovery(struct vmalert *v)
{
    struct vmalert_metrics *m = v->families;
    m->sd_requests = metrics_counter(v->metrics, "vm_promscrape_discovery_requests_total",
                                     "Requests to discovery servers");
    m->sd_retries = metrics_counter(v->metrics, "vm_promscrape_discovery_retries_total",
                                    "Requests to discovery servers that were repeated at once");
    m->sd_watchers = metrics_gauge(v->metrics, "vm_promscrape_discovery_consul_service_watchers",
                                   "Services of Consul that are watched");
    m->sd_watchers_created =
        metrics_counter(v->metrics, "vm_promscrape_discovery_consul_service_watchers_created_total",
                        "Services of Consul that began to be watched");
    m->sd_watchers_stopped =
        metrics_counter(v->metrics, "vm_promscrape_discovery_consul_service_watchers_stopped_total",
                        "Services of Consul that are watched no longer");
}

static void collect_discovery(struct vmalert *v)
{
    struct vmalert_metrics *m = v->families;
    const struct sd_stats *stats = notifier_watch_stats(v->watch);
    m->sd_requests->value = (double)stats->requests;
    m->sd_retries->value = (double)stats->retries;
    m->sd_watchers->value = (double)(stats->watchers_created - stats->watchers_stopped);
    m->sd_watchers_created->value = (double)stats->watchers_created;
    m->sd_watchers_stopped->value = (double)stats->watchers_stopped;
}

static void collect_remote_write(struct vmalert *v)
{
    struct vmalert_metrics *m = v->families;
    struct remote_write_stats stats = remote_write_stats(v->remote_write);
    int64_t concurrency = v->opt->remote_write_concurrency;
    m->write_total->value = (double)stats.pushed;
    m->write_errors->value = (double)stats.errors;
    m->write_dropped->value = (double)stats.dropped_samples;
    m->write_sent->value = (double)stats.sent_series;
    m->write_bytes->value = (double)stats.sent_bytes;
    m->write_seconds->value = dur_to_seconds(stats.send_ns);
    m->write_capacity->value = (double)v->opt->remote_write_max_queue_size;
    m->write_concurrency->value =
        concurrency > 0 ? (double)concurrency : 2.0 * (double)MAX(v->opt->cpus, 1);
}

static void init_web(struct vmalert *v)
{
    struct vmalert_metrics *m = v->families;
    struct metric_family *paths =
        family(v, METRIC_COUNTER, "vm_http_requests_total", "Requests for the path", "path");
    struct metric_family *errors = family(v, METRIC_COUNTER, "vm_http_request_errors_total",
                                          "Requests that were refused", "path,reason");
    struct metric_family *durations = family(v, METRIC_VMRANGE, "vm_http_request_duration_seconds",
                                             "Time an answer took", "path");
    m->listener_accepts = family(v, METRIC_COUNTER, "vm_tcplistener_accepts_total",
                                 "Accepted connections", "name,addr");
    m->listener_conns =
        family(v, METRIC_GAUGE, "vm_tcplistener_conns", "Open connections", "name,addr");
    m->requests = metrics_counter(v->metrics, "vm_http_requests_all_total", "Requests");
    m->old_connections = metrics_counter(v->metrics, "vm_http_conn_timeout_closed_conns_total",
                                         "Connections that were closed because they were old");
    m->path_metrics = metric_get(paths, &S("/metrics"));
    m->path_favicon = metric_get(paths, &S("*/favicon.ico"));
    m->path_pprof = metric_get(paths, &S("/debug/pprof/"));
    m->wrong_basic_auth = metric_get(errors, (str[]){S("*"), S("wrong_basic_auth")});
    m->wrong_auth_key = metric_get(errors, (str[]){S("*"), S("wrong_auth_key")});
    m->unsupported = metric_get(errors, (str[]){S("*"), S("unsupported")});
    m->metrics_duration = vmrange_get(durations, &S("/metrics"));
}

static void collect_web(struct vmalert *v)
{
    struct vmalert_metrics *m = v->families;
    for (size_t i = 0; i < v->listener_count; i++) {
        const struct vmalert_listener *l = &v->listeners[i];
        const str values[] = {l->has_tls ? S("https") : S("http"), l->address};
        metric_get(m->listener_accepts, values)->value = (double)l->counts.accepted;
        metric_get(m->listener_conns, values)->value = (double)l->counts.open;
    }
    m->requests->value = (double)v->web.requests;
    m->old_connections->value = (double)v->web.old_connections;
    m->path_metrics->value = (double)v->web.metrics;
    m->path_favicon->value = (double)v->web.favicon;
    m->path_pprof->value = (double)v->web.pprof;
    m->wrong_basic_auth->value = (double)v->web.wrong_basic_auth;
    m->wrong_auth_key->value = (double)v->web.wrong_auth_key;
    m->unsupported->value = (double)v->web.unsupported;
}

void vmalert_metrics_served(struct vmalert *v, dur_ns duration)
{
    vmrange_observe(v->families->metrics_duration, dur_to_seconds(duration));
}

void vmalert_metrics_init(struct vmalert *v)
{
    struct vmalert_metrics *m = v->families = mem_new(struct vmalert_metrics);
    v->metrics = metrics_new();
    m->iteration_total = family(v, METRIC_COUNTER, "vmalert_iteration_total",
                                "Evaluations of the group", GROUP_LABELS);
    m->iteration_missed =
        family(v, METRIC_COUNTER, "vmalert_iteration_missed_total",
               "Evaluations after which at least one point was skipped", GROUP_LABELS);
    m->iteration_reset =
        family(v, METRIC_COUNTER, "vmalert_iteration_reset_total",
               "Evaluation times that were reset because the clock changed", GROUP_LABELS);
    m->iteration_interval = family(v, METRIC_GAUGE, "vmalert_iteration_interval_seconds",
                                   "Interval of the group", GROUP_LABELS);
    m->results_limit = family(v, METRIC_GAUGE, "vmalert_group_rule_results_limit",
                              "Most results a rule of the group may have", GROUP_LABELS);
    m->iteration_duration = family(v, METRIC_QUANTILES, "vmalert_iteration_duration_seconds",
                                   "Time an evaluation of the group took", GROUP_LABELS);
    m->alerts_pending =
        family(v, METRIC_GAUGE, "vmalert_alerts_pending", "Pending alerts", ALERT_LABELS);
    m->alerts_firing =
        family(v, METRIC_GAUGE, "vmalert_alerts_firing", "Firing alerts", ALERT_LABELS);
    m->alerting_errors = family(v, METRIC_COUNTER, "vmalert_alerting_rules_errors_total",
                                "Failed evaluations of the rule", ALERT_LABELS);
    m->alerting_samples = family(v, METRIC_GAUGE, "vmalert_alerting_rules_last_evaluation_samples",
                                 "Results of the last evaluation", ALERT_LABELS);
    m->alerting_fetched =
        family(v, METRIC_GAUGE, "vmalert_alerting_rules_last_evaluation_series_fetched",
               "Series the last evaluation read; -1: not reported", ALERT_LABELS);
    m->recording_errors = family(v, METRIC_COUNTER, "vmalert_recording_rules_errors_total",
                                 "Failed evaluations of the rule", "recording,group,file,id");
    m->recording_samples =
        family(v, METRIC_GAUGE, "vmalert_recording_rules_last_evaluation_samples",
               "Results of the last evaluation", "recording,group,file,id");
    m->alerts_sent = family(v, METRIC_COUNTER, "vmalert_alerts_sent_total",
                            "Alerts sent to the notifier", "addr");
    m->alerts_send_errors = family(v, METRIC_COUNTER, "vmalert_alerts_send_errors_total",
                                   "Alerts that could not be sent to the notifier", "addr");
    m->alerts_send_duration = family(v, METRIC_VMRANGE, "vmalert_alerts_send_duration_seconds",
                                     "Time a request to the notifier took", "addr");
    m->executions = metrics_counter(v->metrics, "vmalert_execution_total", "Evaluations of rules");
    m->execution_errors = metrics_counter(v->metrics, "vmalert_execution_errors_total",
                                          "Failed evaluations of rules");
    m->alerts_fired =
        metrics_counter(v->metrics, "vmalert_alerts_fired_total", "Alerts that became firing");
    m->reload_ok = metrics_gauge(v->metrics, "vmalert_config_last_reload_successful",
                                 "Whether the last reload was successful");
    m->reload_time =
        metrics_gauge(v->metrics, "vmalert_config_last_reload_success_timestamp_seconds",
                      "When rules were last loaded");
    m->reloads = metrics_counter(v->metrics, "vmalert_config_last_reload_total",
                                 "Reloads that were asked for");
    m->reload_errors = metrics_counter(v->metrics, "vmalert_config_last_reload_errors_total",
                                       "Reloads that failed");
    if (v->opt->remote_write_url.n)
        init_remote_write(v);
    if (v->opt->notifier_config.n)
        init_discovery(v);
    init_web(v);
    vmalert_metrics_init_process(v);
    metrics_on_collect(v->metrics, collect, v);
    timer_init(&m->rotate_timer, on_rotate, v);
    env_timer_after(v->env, &m->rotate_timer, QUANTILE_WINDOW / 2);
}

void vmalert_metrics_free(struct vmalert *v)
{
    if (!v->families)
        return;
    env_timer_cancel(v->env, &v->families->rotate_timer);
    metrics_free(v->metrics);
    mem_free(v->families);
}

void vmalert_metrics_iteration(void *owner, const struct group *g, dur_ns duration)
{
    struct vmalert *v = owner;
    const str values[] = {g->conf->name, g->file};
    quantile_summary_observe(quantile_summary_get(v->families->iteration_duration, values),
                             dur_to_seconds(duration));
}

void vmalert_metrics_notifier(struct vmalert *v, struct notifier *n)
{
    n->stats.duration = vmrange_get(v->families->alerts_send_duration, &n->shown);
}

void vmalert_metrics_notifier_gone(struct vmalert *v, struct notifier *n)
{
    n->stats.duration = NULL;
    for (size_t i = 0; i < notifiers_count(v->notifiers); i++) {
        if (str_eq(notifiers_at(v->notifiers, i)->shown, n->shown))
            return; // another kind of discovery found it as well
    }
    metric_remove(v->families->alerts_send_duration, &n->shown);
}

// ---- computed at each exposition ---------------------------------------------------------------

static void collect_rule(struct vmalert *v, const struct group *g, const struct any_rule *any)
{
    struct vmalert_metrics *m = v->families;
    const struct rule *r = any_rule_base(any);
    char id[24];
    int n = snprintf(id, sizeof(id), "%llu", (unsigned long long)r->conf->id);
    const str values[] = {r->conf->name, g->conf->name, g->file, str_from(id, (size_t)n)};
    if (any->recording) {
        metric_get(m->recording_errors, values)->value = (double)r->errors;
        metric_get(m->recording_samples, values)->value = (double)r->last_samples;
        return;
    }
    int64_t fetched = r->last_series_fetched == 0 && r->last_samples > 0 ? r->last_samples
                                                                         : r->last_series_fetched;
    metric_get(m->alerts_pending, values)->value =
        (double)alerting_count(any->alerting, ALERT_PENDING);
    metric_get(m->alerts_firing, values)->value =
        (double)alerting_count(any->alerting, ALERT_FIRING);
    metric_get(m->alerting_errors, values)->value = (double)r->errors;
    metric_get(m->alerting_samples, values)->value = (double)r->last_samples;
    metric_get(m->alerting_fetched, values)->value = (double)fetched;
}

static void collect_group(struct vmalert *v, const struct group *g)
{
    struct vmalert_metrics *m = v->families;
    const str values[] = {g->conf->name, g->file};
    metric_get(m->iteration_total, values)->value = (double)g->stats.iterations;
    metric_get(m->iteration_missed, values)->value = (double)g->stats.missed;
    metric_get(m->iteration_reset, values)->value = (double)g->stats.resets;
    metric_get(m->iteration_interval, values)->value = dur_to_seconds(g->conf->interval);
    metric_get(m->results_limit, values)->value = (double)g->conf->limit;
    for (size_t i = 0; i < g->rule_count; i++)
        collect_rule(v, g, &g->rules[i]);
}

// Rules and groups come and go: their families are made anew from what is there.
static void collect(void *owner)
{
    struct vmalert *v = owner;
    struct vmalert_metrics *m = v->families;
    struct metric_family *const families[] = {
        m->iteration_total,  m->iteration_missed,   m->iteration_reset,  m->iteration_interval,
        m->results_limit,    m->alerts_pending,     m->alerts_firing,    m->alerting_errors,
        m->alerting_samples, m->alerting_fetched,   m->recording_errors, m->recording_samples,
        m->alerts_sent,      m->alerts_send_errors,
    };
    for (size_t i = 0; i < ARRAY_LEN(families); i++)
        metric_remove_all(families[i]);
    for (size_t i = 0; i < v->group_count; i++)
        collect_group(v, v->groups[i]);
    for (size_t i = 0; v->notifiers && i < notifiers_count(v->notifiers); i++) {
        const struct notifier *n = notifiers_at(v->notifiers, i);
        metric_add(metric_get(m->alerts_sent, &n->shown), (double)n->stats.sent);
        metric_add(metric_get(m->alerts_send_errors, &n->shown), (double)n->stats.errors);
    }
    if (v->remote_write)
        collect_remote_write(v);
    if (v->watch)
        collect_discovery(v);
    collect_web(v);
    m->executions->value = (double)v->counters.executions;
    m->execution_errors->value = (double)v->counters.execution_errors;
    m->alerts_fired->value = (double)v->counters.alerts_fired;
    m->reload_ok->value = v->reload_error ? 0 : 1;
    time_ns reloaded_s = v->reloaded_at / DUR_SECONDS(1);
    m->reload_time->value = (double)reloaded_s;
    m->reloads->value = (double)v->reloads;
    m->reload_errors->value = (double)v->reload_errors;
}

void vmalert_metrics_put(struct vmalert *v, struct buf *out)
{
    metrics_expose_vm(v->metrics, v->opt->metrics_expose_metadata, out);
}
