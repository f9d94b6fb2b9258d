// SPDX-License-Identifier: Apache-2.0
// One configuration in force: its templates, inhibitor, pipeline and dispatcher.
#include "alertmanager/app.h"
#include "base/core/alloc.h"
#include "notify/notify_data.h"
#include "notify/tplcache.h"

// ---- hooks of the dispatcher -------------------------------------------------------------------

static bool is_silenced(void *owner, const struct labels *labels)
{
    struct am *am = owner;
    return silences_mutes(am->silences, (struct labels *)labels, NULL);
}

static void on_flush_failed(void *owner, const struct notify_group *group, size_t alert_count,
                            const struct err *err)
{
    struct am *am = owner;
    struct log log = log_with(&am->log, LOG_STR("component", S("dispatcher")));
    log_error(&log, "Notify for alerts failed", LOG_STR("aggrGroup", group->group_key),
              LOG_INT("num_alerts", alert_count), LOG_ERR(err));
}

// The data that a route's labels are rendered with: the labels themselves are there as written, and
// the function routeLabels renders one inside another.
static struct tpldata *route_data(const struct integration *integration,
                                  const struct notify_message *m, const struct route *route)
{
    struct tpldata *data = notify_data(integration, m, m->alert_count);
    struct label *raw = arena_array(m->mem, struct label, route->labels.count + 1);
    for (size_t i = 0; i < route->labels.count; i++)
        raw[i] = (struct label){route->labels.items[i].key, route->labels.items[i].value};
    data->route_labels = (struct tplkv){raw, route->labels.count};
    data->are_route_labels_rendered = false;
    data->notification_reason = S("unknown");
    return data;
}

// Labels of a route are templates over the notification data; one that fails is left out.
static struct labels *render_labels(void *owner, const struct route *route,
                                    struct notify_group *group, const struct notify_alerts *alerts)
{
    struct am *am = owner;
    struct arena mem = {0};
    static const struct integration_ops NO_OPS = {.name = {"", 0}};
    struct integration integration = {
        .ops = &NO_OPS, .context = &am->runtime->config->context, .receiver = group->receiver};
    struct notify_message message = {
        .group = group, .alerts = alerts->items, .alert_count = alerts->count, .mem = &mem};
    struct tpldata *data = route_data(&integration, &message, route);
    struct label *labels = arena_array(&mem, struct label, route->labels.count + 1);
    size_t count = 0;
    for (size_t i = 0; i < route->labels.count; i++) {
        struct err err = ERR_INIT;
        struct label *l = &labels[count];
        l->name = route->labels.items[i].key;
        if (notify_render(&integration, &message, data, route->labels.items[i].value, &l->value,
                          &err))
            count++;
        else
            log_warn(&am->log, "failed to render route label", LOG_STR("label", l->name),
                     LOG_STR("value", route->labels.items[i].value), LOG_ERR(&err));
    }
    struct labels *rendered = labels_get(&am->labels, labels, count);
    arena_done(&mem);
    return rendered;
}

// ---- life --------------------------------------------------------------------------------------

struct am_runtime *am_runtime_new(struct am *am, struct config *config, struct err *err)
{
    struct am_runtime *r = mem_new(struct am_runtime);
    r->config = config;
    r->zones.env = am->env;
    if (!templates_load(&r->templates, &am->builtin_templates, am->env, &config->templates, err)) {
        err_wrap(err, "failed to parse templates");
        am_runtime_free(r);
        return NULL;
    }
    if (!config_open(config, am->env, err)) {
        am_runtime_free(r);
        return NULL;
    }
    r->texts = tplcache_new(r->templates.text);
    r->html_texts = tplcache_new(r->templates.html);
    config->context = (struct notify_context){
        .env = am->env,
        .templates = r->templates.text,
        .html_templates = r->templates.html,
        .texts = r->texts,
        .html_texts = r->html_texts,
        .external_url = am->external_url,
        .user_agent = S("Alertmanager/" AM_VERSION),
        .hostname = am->opt.hostname,
        .aws = am->opt.aws,
        .started_at = am->started_mono,
        .local = zones_find_local(&r->zones, am->opt.tz),
        .find_zone = zones_find,
        .zones = &r->zones,
    };
    return r;
}

void am_runtime_start(struct am *am, struct am_runtime *r)
{
    r->inhibitor = inhibitor_new(&(struct inhibitor_options){
        .env = am->env,
        .labels = &am->labels,
        .alerts = am->alerts,
        .rules = r->config->rules,
        .rule_count = r->config->rule_count,
    });
    r->muting = (struct muting){
        .env = am->env, .inhibitor = r->inhibitor, .is_silenced = is_silenced, .silences = am};
    r->pipeline = pipeline_new(&(struct pipeline_options){
        .env = am->env,
        .muters = muting_muters(&r->muting),
        .cluster = am_notify_cluster(am),
        .log = am_notify_log(am),
        .counters = am_counters,
        .counters_owner = am,
        .suppressed = am->suppressed,
    });
    r->dispatcher = dispatcher_new(&(struct dispatcher_options){
        .env = am->env,
        .config = r->config,
        .alerts = am->alerts,
        .labels = &am->labels,
        .pipeline = r->pipeline,
        .start_at = add_saturated(am->started_mono, am->opt.dispatch_start_delay),
        .stats = &am->dispatch_stats,
        .on_flush_failed = on_flush_failed,
        .render_labels = render_labels,
        .owner = am,
    });
}

void am_runtime_free(struct am_runtime *r)
{
    if (!r)
        return;
    dispatcher_free(r->dispatcher);
    pipeline_free(r->pipeline);
    inhibitor_free(r->inhibitor);
    tplcache_free(r->texts);
    tplcache_free(r->html_texts);
    templates_done(&r->templates);
    zones_done(&r->zones);
    config_unref(r->config);
    mem_free(r);
}
