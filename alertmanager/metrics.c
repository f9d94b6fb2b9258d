// SPDX-License-Identifier: Apache-2.0
// The families of GET /metrics (spec: Alertmanager metrics): their values are kept where things
// happen, and read at each exposition.
#include "alertmanager/metrics.h"

#include "alertmanager/api.h"
#include "base/core/alloc.h"

static const double SIZE_BUCKETS[] = {100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8};

// ---- HTTP --------------------------------------------------------------------------------------

static str method_label(str method, char room[8])
{
    static const char *const known[] = {"GET",   "POST",  "PUT",     "DELETE", "HEAD",
                                        "PATCH", "TRACE", "OPTIONS", "CONNECT"};
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (!str_eq(method, str_c(known[i])))
            continue;
        for (size_t j = 0; j < method.n; j++)
            room[j] = (char)(method.p[j] | 0x20);
        return str_from(room, method.n);
    }
    return S("unknown");
}

void am_metrics_http(struct am *am, const char *handler, str method, int status, dur_ns took)
{
    char room[8], code[12];
    struct am_metrics *m = am->metrics;
    int n = snprintf(code, sizeof(code), "%d", status);
    const str labels[] = {str_from(code, (size_t)n), str_c(handler), method_label(method, room)};
    histogram_observe(histogram_get(m->http_duration, labels), dur_to_seconds(took));
}

void am_metrics_http_size(struct am *am, const char *handler, str method, size_t bytes)
{
    char room[8];
    const str labels[] = {str_c(handler), method_label(method, room)};
    histogram_observe(histogram_get(am->metrics->http_size, labels), (double)bytes);
}

static void register_http(struct am_metrics *m)
{
    m->http_duration =
        metrics_family(m->registry, METRIC_HISTOGRAM, "alertmanager_http_request_duration_seconds",
                       "Duration of HTTP requests, in seconds.", "code,handler,method",
                       METRIC_BUCKETS_DEFAULT, ARRAY_LEN(METRIC_BUCKETS_DEFAULT));
    m->http_size =
        metrics_family(m->registry, METRIC_HISTOGRAM, "alertmanager_http_response_size_bytes",
                       "Size of HTTP responses, in bytes.", "handler,method", SIZE_BUCKETS,
                       ARRAY_LEN(SIZE_BUCKETS));
    m->gets_open =
        metric_get(metrics_family(m->registry, METRIC_GAUGE, "alertmanager_http_requests_in_flight",
                                  "GET requests being answered.", "method=get", NULL, 0),
                   NULL);
    m->gets_refused =
        metric_get(metrics_family(m->registry, METRIC_COUNTER,
                                  "alertmanager_http_concurrency_limit_exceeded_total",
                                  "GET requests refused because too many were being answered.",
                                  "method=get", NULL, 0),
                   NULL);
}

static void collect_http(struct am *am)
{
    if (!am->api)
        return;
    metric_set(am->metrics->gets_open, (double)am->api->gets_open);
    metric_set(am->metrics->gets_refused, (double)am->api->gets_refused);
}

// ---- alerts ------------------------------------------------------------------------------------

static void on_alert(void *owner, struct alert *a, bool is_created)
{
    (void)owner, (void)a, (void)is_created;
}

static void on_limited(void *owner, const struct alert *a)
{
    struct am *am = owner;
    str name = labels_value(a->labels, S("alertname"), NULL);
    metric_inc(metric_get(am->metrics->limited, &name));
}

// Only those who want names pay for the calls.
void am_metrics_watch_alerts(struct am *am)
{
    struct alerts_subscriber *sub = &am->metrics->limit_subscriber;
    if (!am->opt.features.alert_names_in_metrics)
        return;
    *sub = (struct alerts_subscriber){
        .name = "metrics", .on_alert = on_alert, .on_limited = on_limited, .owner = am};
    alerts_subscribe(am->alerts, sub);
}

void am_metrics_unwatch_alerts(struct am *am)
{
    alerts_unsubscribe(am->alerts, &am->metrics->limit_subscriber);
}

static void collect_store(struct am *am)
{
    struct am_metrics *m = am->metrics;
    if (!am->alerts || !am->api)
        return;
    struct alerts_stats stats = alerts_stats(am->alerts);
    const struct api_counts *counts = &am->api->counts;
    metric_set(m->received_firing, (double)counts->received_firing);
    metric_set(m->received_resolved, (double)counts->received_resolved);
    metric_set(m->invalid, (double)counts->invalid);
    metric_set(m->stored, (double)stats.count);
    metric_set(m->refused_full, (double)stats.refused_full);
    if (!am->opt.features.alert_names_in_metrics && stats.limited)
        metric_get(m->limited, NULL)->value = (double)stats.limited;
    // Every version that is stored goes to each subscriber.
    static const str subscribers[] = {{"dispatcher", 10}, {"inhibitor", 9}};
    double writes = (double)(stats.created + stats.merged);
    for (size_t i = 0; writes > 0 && i < ARRAY_LEN(subscribers); i++)
        metric_get(m->subscriber_writes, &subscribers[i])->value = writes;
}

static void set_alert_states(struct am_metrics *m, str group_key,
                             const size_t counts[ALERT_STATE_COUNT])
{
    for (int i = 0; i < ALERT_STATE_COUNT; i++) {
        str state = alert_state_str((enum alert_state)i);
        // Families with one label look at the first value only.
        const str by_group[] = {group_key, state};
        const str *labels = m->has_group_keys ? by_group : &state;
        metric_get(m->alerts, labels)->value = (double)counts[i];
    }
}

static void collect_alerts(struct am *am)
{
    struct am_metrics *m = am->metrics;
    const struct dispatcher *d = am->runtime ? am->runtime->dispatcher : NULL;
    size_t counts[ALERT_STATE_COUNT] = {0};
    metric_remove_all(m->alerts);
    if (!d || !dispatcher_is_running(d))
        return;
    if (!m->has_group_keys) {
        dispatcher_count_alerts(d, counts);
        set_alert_states(m, S(""), counts);
        return;
    }
    struct group *g;
    time_ns now = env_now(am->env);
    for (size_t i = 0; (g = dispatcher_next(d, &i)) != NULL;) {
        group_count_alerts(g, now, counts);
        set_alert_states(m, group_notify(g)->group_key, counts);
    }
}

static void register_alerts(struct am *am)
{
    struct am_metrics *m = am->metrics;
    struct metrics *r = m->registry;
    struct metric_family *received =
        metrics_family(r, METRIC_COUNTER, "alertmanager_alerts_received_total",
                       "Alerts received, valid or not, by status.", "status,version=v2", NULL, 0);
    m->received_firing = metric_get(received, &S("firing"));
    m->received_resolved = metric_get(received, &S("resolved"));
    m->invalid =
        metric_get(metrics_family(r, METRIC_COUNTER, "alertmanager_alerts_invalid_total",
                                  "Alerts received that were invalid.", "version=v2", NULL, 0),
                   NULL);
    metric_set(metrics_gauge(r, "alertmanager_alerts_per_alert_limit",
                             "Most alerts of one name; 0: no limit."),
               (double)MAX(am->opt.alerts_per_name_limit, 0));
    m->limited =
        metrics_family(r, METRIC_COUNTER, "alertmanager_alerts_limited_total",
                       "Alerts refused by the limit per name.",
                       am->opt.features.alert_names_in_metrics ? "alertname" : "", NULL, 0);
    m->subscriber_writes =
        metrics_family(r, METRIC_COUNTER, "alertmanager_alerts_subscriber_channel_writes_total",
                       "Alerts handed to each part that hears of them.", "subscriber", NULL, 0);
    m->alerts = metrics_family(r, METRIC_GAUGE, "alertmanager_alerts",
                               "Unresolved alerts in groups, by state.",
                               m->has_group_keys ? "group_key,state" : "state", NULL, 0);
    m->stored = metrics_gauge(r, "tocsin_alerts_stored", "Alerts held, resolved ones included.");
    m->refused_full = metrics_counter(r, "tocsin_alerts_refused_total",
                                      "Alerts refused because the store was full.");
}

// ---- dispatcher, configuration -----------------------------------------------------------------

static void collect_dispatcher(struct am *am)
{
    struct am_metrics *m = am->metrics;
    const struct dispatch_stats *s = &am->dispatch_stats;
    if (am->runtime)
        metric_set(m->groups, (double)dispatcher_group_count(am->runtime->dispatcher));
    metric_set(m->group_limit_reached, (double)s->group_limit_reached);
    m->alert_processing->count = s->alerts;
    m->alert_processing->sum = s->alert_seconds;
}

static void collect_config(struct am *am)
{
    struct am_metrics *m = am->metrics;
    metric_set(m->config_hash, am->config_hash);
    metric_set(m->is_reload_ok, am->is_reload_ok);
    metric_set(m->reloaded_at, am->reloaded_at ? (double)am->reloaded_at / 1e9 : 0);
}

void am_metrics_reloaded(struct am *am)
{
    const struct config *config = am->runtime->config;
    struct am_metrics *m = am->metrics;
    metric_set(m->receivers, (double)config->routed_receivers);
    metric_set(m->integrations, (double)config->routed_integrations);
    metric_set(m->inhibition_rules, (double)config->rule_count);
    am_metrics_count_integrations(am);
}

static void register_config(struct am *am)
{
    struct am_metrics *m = am->metrics;
    struct metrics *r = m->registry;
    struct metric_family *build =
        metrics_family(r, METRIC_GAUGE, "alertmanager_build_info", "The build, with the value 1.",
                       "branch,goarch,goos,goversion,revision,tags,version", NULL, 0);
    const str labels[] = {S(AM_BRANCH),   S(AM_ARCH),   S("linux"),   S(AM_TOOLCHAIN),
                          S(AM_REVISION), S("unknown"), S(AM_VERSION)};
    metric_set(metric_get(build, labels), 1);
    metric_set(metrics_gauge(r, "alertmanager_cluster_enabled", "Is there a cluster? 1: yes."),
               am->opt.cluster_listen.n > 0);
    m->receivers = metrics_gauge(r, "alertmanager_receivers", "Receivers that some route names.");
    m->integrations = metrics_gauge(r, "alertmanager_integrations",
                                    "Integrations of receivers that some route names.");
    m->inhibition_rules = metrics_gauge(r, "alertmanager_inhibition_rules", "Inhibition rules.");
    m->config_hash = metrics_gauge(r, "alertmanager_config_hash",
                                   "Hash of the configuration file that is in force.");
    m->is_reload_ok = metrics_gauge(r, "alertmanager_config_last_reload_successful",
                                    "Was the last load of the configuration good? 1: yes.");
    m->reloaded_at = metrics_gauge(r, "alertmanager_config_last_reload_success_timestamp_seconds",
                                   "When the configuration in force was loaded, in Unix seconds.");
}

static void register_dispatcher(struct am_metrics *m)
{
    struct metrics *r = m->registry;
    m->groups =
        metrics_gauge(r, "alertmanager_dispatcher_aggregation_groups", "Aggregation groups.");
    m->alert_processing = histogram_get(
        metrics_family(r, METRIC_SUMMARY,
                       "alertmanager_dispatcher_alert_processing_duration_seconds",
                       "Time to put an alert into its groups, in seconds.", "", NULL, 0),
        NULL);
    m->group_limit_reached =
        metrics_counter(r, "alertmanager_dispatcher_aggregation_group_limit_reached_total",
                        "Groups not made because there were too many.");
    // Groups are made by one thread: there is nothing to retry and nothing is given up.
    metrics_counter(r, "alertmanager_dispatcher_aggregation_group_creation_retries_total",
                    "Retries to make a group because another thread was making it.");
    metrics_counter(r, "alertmanager_dispatcher_aggregation_group_creation_given_up_total",
                    "Alerts dropped because their group could not be made.");
}

// ---- the whole ---------------------------------------------------------------------------------

static void collect(void *owner)
{
    struct am *am = owner;
    collect_http(am);
    collect_config(am);
    collect_store(am);
    collect_alerts(am);
    collect_dispatcher(am);
    am_metrics_collect_notifications(am);
    am_metrics_collect_states(am);
    if (am->cluster)
        am_metrics_collect_cluster(am);
}

void am_metrics_init(struct am *am)
{
    struct am_metrics *m = am->metrics = mem_new(struct am_metrics);
    m->registry = metrics_new();
    m->seed = env_random(am->env);
    m->has_receiver_names = am->opt.features.receiver_name_in_metrics;
    m->has_group_keys = am->opt.features.group_key_in_metrics;
    register_config(am);
    register_http(m);
    register_alerts(am);
    register_dispatcher(m);
    am_metrics_register_notifications(m);
    am_metrics_register_states(m);
    if (am->opt.cluster_listen.n)
        am_metrics_register_cluster(m);
    if (am->opt.cluster_listen.n && am->opt.cluster_tls_config.n)
        am_metrics_register_cluster_tls(m);
    metrics_on_collect(m->registry, collect, am);
}

void am_metrics_free(struct am *am)
{
    struct am_metrics *m = am->metrics;
    if (!m)
        return;
    am_metrics_free_notifications(m);
    am_metrics_free_cluster(m);
    metrics_free(m->registry);
    mem_free(m);
    am->metrics = NULL;
}

struct metrics *am_metrics_registry(struct am *am)
{
    return am->metrics->registry;
}
