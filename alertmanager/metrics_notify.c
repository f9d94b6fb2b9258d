// SPDX-License-Identifier: Apache-2.0
// Families of notifications, by integration (spec: Alertmanager metrics §5).
#include "alertmanager/metrics.h"
#include "base/core/alloc.h"
#include "base/core/hash.h"

static const double LATENCY_BUCKETS[] = {1, 5, 10, 15, 20};

// All kinds that upstream knows; their series are there from the start.
static const char *const INTEGRATIONS[] = {
    "email",   "pagerduty", "wechat",     "pushover", "slack",      "opsgenie",
    "webhook", "victorops", "sns",        "telegram", "discord",    "webex",
    "msteams", "msteamsv2", "incidentio", "jira",     "rocketchat", "mattermost",
};

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

// After each load of a configuration.
void am_metrics_count_integrations(struct am *am)
{
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

void am_metrics_collect_notifications(struct am *am)
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

void am_metrics_register_notifications(struct am_metrics *m)
{
    bool r = m->has_receiver_names;
    const char *labels = r ? "integration,receiver_name" : "integration";
    m->notifications =
        metrics_family(m->registry, METRIC_COUNTER, "alertmanager_notifications_total",
                       "Notifications that were to be sent, by integration.", labels, NULL, 0);
    m->notifications_failed =
        metrics_family(m->registry, METRIC_COUNTER, "alertmanager_notifications_failed_total",
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

void am_metrics_free_notifications(struct am_metrics *m)
{
    map_each (struct counted_integration, c, &m->counted)
        counted_free(c);
    map_done(&m->counted);
}
