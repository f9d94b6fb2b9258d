// SPDX-License-Identifier: Apache-2.0
// One configuration in force: its templates, inhibitor, pipeline and dispatcher.
#include "alertmanager/app.h"
#include "base/core/alloc.h"
#include "base/core/hash.h"
#include "notify/notify_data.h"
#include "notify/tplfuncs.h"

// ---- templates ---------------------------------------------------------------------------------

static str base_name(str path)
{
    str folder, base;
    return str_cut_last(path, '/', &folder, &base) ? base : path;
}

static bool parse_template_file(struct am *am, struct am_runtime *r, str path, struct err *err)
{
    struct buf text = {0};
    str name = base_name(path);
    bool ok = env_file_read(am->env, path, TPL_TEXT_BYTES_MAX, &text, err) &&
              tpl_parse(r->templates, name, buf_str(&text), err) &&
              tpl_parse(r->html_templates, name, buf_str(&text), err);
    buf_done(&text);
    return ok;
}

static bool load_templates(struct am *am, struct am_runtime *r, struct err *err)
{
    const struct str_list *patterns = &r->config->templates;
    struct arena mem = {0};
    bool ok = true;
    r->templates = tplfuncs_set_new(false);
    r->html_templates = tplfuncs_set_new(true);
    for (size_t i = 0; i < patterns->count && ok; i++) {
        str *paths;
        size_t count = 0;
        ok = env_glob(am->env, patterns->items[i], &mem, &paths, &count, err);
        for (size_t j = 0; j < count && ok; j++)
            ok = parse_template_file(am, r, paths[j], err);
    }
    arena_done(&mem);
    return ok || err_wrap(err, "failed to parse templates");
}

// ---- time zones that templates ask for ---------------------------------------------------------

struct named_zone {
    str name;
    const struct tzone *zone; // NULL: there is none of that name
};

static bool has_zone_name(const void *item, const void *key)
{
    return str_eq(((const struct named_zone *)item)->name, *(const str *)key);
}

const struct tzone *am_find_zone(void *runtime, str name)
{
    struct am_runtime *r = runtime;
    uint64_t hash = hash_seeded(0, name);
    struct named_zone *known = map_find(&r->zones, hash, has_zone_name, &name);
    if (known)
        return known->zone;
    known = arena_new(&r->zones_mem, struct named_zone);
    known->name = arena_str(&r->zones_mem, name);
    map_insert(&r->zones, hash, known);
    struct buf file = {0};
    struct env *env = r->config->context.env;
    str path = arena_printf(&r->zones_mem, ZONEINFO_DIR "/%.*s", STR(name));
    if (tzone_name_is_valid(name) && env_file_read(env, path, TZONE_FILE_BYTES_MAX, &file, NULL))
        known->zone = tzone_parse(known->name, buf_str(&file), &r->zones_mem, NULL);
    buf_done(&file);
    return known->zone;
}

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
    if (!load_templates(am, r, err)) {
        am_runtime_free(r);
        return NULL;
    }
    config->context = (struct notify_context){
        .env = am->env,
        .templates = r->templates,
        .html_templates = r->html_templates,
        .external_url = am->external_url,
        .user_agent = S("Alertmanager/" AM_VERSION),
        .started_at = am->started_mono,
        .find_zone = am_find_zone,
        .zones = r,
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
    tpl_set_free(r->templates);
    tpl_set_free(r->html_templates);
    map_done(&r->zones);
    arena_done(&r->zones_mem);
    config_unref(r->config);
    mem_free(r);
}
