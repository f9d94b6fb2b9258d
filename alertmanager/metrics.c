// SPDX-License-Identifier: Apache-2.0
// The families of GET /metrics (spec: Alertmanager metrics): their values are kept where things
// happen, and read at each exposition.
#include "alertmanager/metrics.h"

#include "alertmanager/api.h"
#include "base/core/alloc.h"
#include "base/core/hash.h"

static const double SIZE_BUCKETS[] = {100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8};
static const double LATENCY_BUCKETS[] = {1, 5, 10, 15, 20};

// All kinds that upstream knows; their series are there from the start.
static const char *const INTEGRATIONS[] = {
    "email", "pagerduty", "wechat",  "pushover", "slack",     "opsgenie", "webhook",    "victorops", "sns",
    "telegram", "discord", "webex", "msteams", "msteamsv2", "incidentio", "jira", "rocketchat", "mattermost",
};

// ---- notifications -----------------------------------------------------------------------------

static bool has_key(const void *item, const void *key)
{
    const struct counted_integration *c = item, *wanted = key;
    return str_eq(c->integration, wanted->integration) && str_eq(c->receiver, wanted->receiver);
}

static uint64_t hash_of(const struct am_metrics *m, const struct counted_integration *c)
{
    return hash_mix(hash_seeded(m->seed, c->integration), hash_seeded(m->seed, c->receiver));
}

static void on_latency(void *owner, double seconds)
{
    histogram_observe(owner, seconds);
}

static struct counted_integration *find_counted(struct am *am, str integration, str receiver)
{
    struct am_metrics *m = am->metrics;
    struct counted_integration key = {.integration = integration, .receiver = receiver};
    uint64_t hash = hash_of(m, &key);
    struct counted_integration *c = map_find(&m->counted, hash, has_key, &key);
    if (c)
        return c;
    c = mem_new(struct counted_integration);
    c->integration = str_from(mem_dup(integration), integration.n);
    c->receiver = str_from(mem_dup(receiver), receiver.n);
    c->counters.on_latency = on_latency;
    c->counters.owner =
        histogram_get(m->notification_latency, (str[]){c->integration, c->receiver});
    map_insert(&m->counted, hash, c);
    return c;
}

struct notify_counters *am_counters(void *owner, const struct integration *integration)
{
    struct am *am = owner;
    str receiver = am->opt.features.receiver_name_in_metrics ? integration->receiver : S("");
    return &find_counted(am, integration->ops->name, receiver)->counters;
}

static void counted_free(struct counted_integration *c)
{
    mem_free((char *)c->integration.p);
    mem_free((char *)c->receiver.p);
    mem_free(c);
}

static void drop_counted(struct am_metrics *m)
{
    map_each (struct counted_integration, c, &m->counted)
        counted_free(c);
    map_clear(&m->counted);
    metric_remove_all(m->notifications);
    metric_remove_all(m->notifications_failed);
    metric_remove_all(m->notification_requests);
    metric_remove_all(m->notification_requests_failed);
    metric_remove_all(m->notification_latency);
}

// With receivers' names as a label each load starts anew, with what is configured; flushes of the
// configuration before have been cancelled by then.
static void count_configured(struct am *am)
{
    const struct config *config = am->runtime->config;
    drop_counted(am->metrics);
    for (size_t i = 0; i < config->receiver_count; i++) {
        const struct config_receiver *receiver = &config->receivers[i];
        for (size_t j = 0; receiver->is_routed && j < receiver->integration_count; j++)
            am_counters(am, receiver->integrations[j]);
    }
}

void am_metrics_reloaded(struct am *am)
{
    const struct config *config = am->runtime->config;
    struct am_metrics *m = am->metrics;
    metric_set(m->receivers, (double)config->routed_receivers);
    metric_set(m->integrations, (double)config->routed_integrations);
    metric_set(m->inhibition_rules, (double)config->rule_count);
    if (am->opt.features.receiver_name_in_metrics) {
        count_configured(am);
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(INTEGRATIONS); i++)
        find_counted(am, str_c(INTEGRATIONS[i]), S(""));
}

static void collect_integration(struct am_metrics *m, const struct counted_integration *c)
{
    const struct notify_counters *n = &c->counters;
    const str labels[] = {c->integration, c->receiver};
    metric_get(m->notifications, labels)->value = (double)n->notifications;
    metric_get(m->notification_requests, labels)->value = (double)n->requests;
    metric_get(m->notification_requests_failed, labels)->value = (double)n->requests_failed;
    for (int i = 0; i < NOTIFY_FAILURE_COUNT; i++) {
        str reason = notify_failure_str((enum notify_failure)i);
        str failed[] = {c->integration, m->has_receiver_names ? c->receiver : reason, reason};
        metric_get(m->notifications_failed, failed)->value = (double)n->failed[i];
    }
}

static void collect_notifications(struct am *am)
{
    static const str reasons[NOTIFY_SUPPRESSION_COUNT] = {
        [SUPPRESSED_INHIBITION] = {"inhibition", 10},
        [SUPPRESSED_ACTIVE_INTERVAL] = {"active_time_interval", 20},
        [SUPPRESSED_MUTE_INTERVAL] = {"mute_time_interval", 18},
        [SUPPRESSED_SILENCE] = {"silence", 7},
    };
    struct am_metrics *m = am->metrics;
    map_each (struct counted_integration, c, &m->counted)
        collect_integration(m, c);
    for (size_t i = 0; i < NOTIFY_SUPPRESSION_COUNT; i++) {
        if (am->suppressed[i])
            metric_get(m->suppressed, &reasons[i])->value = (double)am->suppressed[i];
    }
}

static void register_notifications(struct am_metrics *m)
{
    bool r = m->has_receiver_names;
    const char *labels = r ? "integration,receiver_name" : "integration";
    m->notifications =
        metrics_family(m->registry, METRIC_COUNTER, "alertmanager_notifications_total",
                       "Notifications that were to be sent, by integration.", labels, NULL, 0);
    m->notifications_failed = metrics_family(
        m->registry, METRIC_COUNTER, "alertmanager_notifications_failed_total",
        "Notifications that were given up, by integration and reason.",
        r ? "integration,receiver_name,reason" : "integration,reason", NULL, 0);
    m->notification_requests =
        metrics_family(m->registry, METRIC_COUNTER, "alertmanager_notification_requests_total",
                       "Attempts to deliver a notification.", labels, NULL, 0);
    m->notification_requests_failed = metrics_family(
        m->registry, METRIC_COUNTER, "alertmanager_notification_requests_failed_total",
        "Attempts to deliver a notification that failed.", labels, NULL, 0);
    m->notification_latency =
        metrics_family(m->registry, METRIC_HISTOGRAM, "alertmanager_notification_latency_seconds",
                       "Duration of attempts to deliver a notification, in seconds.", labels,
                       LATENCY_BUCKETS, ARRAY_LEN(LATENCY_BUCKETS));
    m->suppressed = metrics_family(
        m->registry, METRIC_COUNTER, "alertmanager_notifications_suppressed_total",
        "Alerts left out of a flush because they were muted, by reason.", "reason", NULL, 0);
}

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
    m->http_size = metrics_family(m->registry, METRIC_HISTOGRAM,
                                  "alertmanager_http_response_size_bytes",
                                  "Size of HTTP responses, in bytes.", "handler,method",
                                  SIZE_BUCKETS, ARRAY_LEN(SIZE_BUCKETS));
    m->gets_open =
        metric_get(metrics_family(m->registry, METRIC_GAUGE, "alertmanager_http_requests_in_flight",
                                  "GET requests being answered.", "method=get", NULL, 0),
                   NULL);
    m->gets_refused = metric_get(
        metrics_family(m->registry, METRIC_COUNTER,
                       "alertmanager_http_concurrency_limit_exceeded_total",
                       "GET requests refused because too many were being answered.", "method=get",
                       NULL, 0),
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
    m->invalid = metric_get(metrics_family(r, METRIC_COUNTER, "alertmanager_alerts_invalid_total",
                                           "Alerts received that were invalid.", "version=v2",
                                           NULL, 0),
                            NULL);
    metric_set(metrics_gauge(r, "alertmanager_alerts_per_alert_limit",
                             "Most alerts of one name; 0: no limit."),
               (double)MAX(am->opt.alerts_per_name_limit, 0));
    m->limited = metrics_family(r, METRIC_COUNTER, "alertmanager_alerts_limited_total",
                                "Alerts refused by the limit per name.",
                                am->opt.features.alert_names_in_metrics ? "alertname" : "", NULL,
                                0);
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

static void register_config(struct am *am)
{
    struct am_metrics *m = am->metrics;
    struct metrics *r = m->registry;
    struct metric_family *build = metrics_family(
        r, METRIC_GAUGE, "alertmanager_build_info", "The build, with the value 1.",
        "branch,goarch,goos,goversion,revision,tags,version", NULL, 0);
    const str labels[] = {S(AM_BRANCH),   S(AM_ARCH),    S("linux"),   S(AM_TOOLCHAIN),
                          S(AM_REVISION), S("unknown"), S(AM_VERSION)};
    metric_set(metric_get(build, labels), 1);
    metric_set(metrics_gauge(r, "alertmanager_cluster_enabled", "Is there a cluster? 1: yes."),
               am->opt.cluster_listen.n > 0);
    m->receivers =
        metrics_gauge(r, "alertmanager_receivers", "Receivers that some route names.");
    m->integrations = metrics_gauge(r, "alertmanager_integrations",
                                    "Integrations of receivers that some route names.");
    m->inhibition_rules = metrics_gauge(r, "alertmanager_inhibition_rules", "Inhibition rules.");
    m->config_hash = metrics_gauge(r, "alertmanager_config_hash",
                                   "Hash of the configuration file that is in force.");
    m->is_reload_ok = metrics_gauge(r, "alertmanager_config_last_reload_successful",
                                    "Was the last load of the configuration good? 1: yes.");
    m->reloaded_at =
        metrics_gauge(r, "alertmanager_config_last_reload_success_timestamp_seconds",
                      "When the configuration in force was loaded, in Unix seconds.");
}

static void register_dispatcher(struct am_metrics *m)
{
    struct metrics *r = m->registry;
    m->groups = metrics_gauge(r, "alertmanager_dispatcher_aggregation_groups",
                              "Aggregation groups.");
    m->alert_processing = histogram_get(
        metrics_family(r, METRIC_SUMMARY, "alertmanager_dispatcher_alert_processing_duration_seconds",
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
    collect_notifications(am);
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
    register_notifications(m);
    am_metrics_register_states(m);
    if (am->opt.cluster_listen.n)
        am_metrics_register_cluster(m);
    metrics_on_collect(m->registry, collect, am);
}

void am_metrics_free(struct am *am)
{
    struct am_metrics *m = am->metrics;
    if (!m)
        return;
    map_each (struct counted_integration, c, &m->counted)
        counted_free(c);
    map_done(&m->counted);
    am_metrics_free_cluster(m);
    metrics_free(m->registry);
    mem_free(m);
    am->metrics = NULL;
}

struct metrics *am_metrics_registry(struct am *am)
{
    return am->metrics->registry;
}
