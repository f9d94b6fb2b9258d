// SPDX-License-Identifier: Apache-2.0
#include "alertmanager/app.h"

#include "alertmanager/config_hash.h"
#include "base/core/alloc.h"
#include "base/model/webconf.h"
#include "base/text/url.h"

#define HTTP_BODY_BYTES_MAX ((size_t)64 << 20) // of one request

// ---- addresses ---------------------------------------------------------------------------------

bool am_external_url(str given, str hostname, uint16_t port, struct arena *mem, str *ret,
                     str *ret_path, struct err *err)
{
    str text = given.n ? given : arena_printf(mem, "http://%.*s:%u/", STR(hostname), port);
    struct url url;
    if (!url_parse(text, mem, &url, err))
        return err_wrap(err, "failed to determine external URL");
    if (!str_eq(url.scheme, S("http")) && !str_eq(url.scheme, S("https")))
        return err_set(err, ERR_INVALID,
                       "failed to determine external URL: \"%.*s\": invalid \"%.*s\" scheme, only "
                       "'http' and 'https' are supported",
                       STR(text), STR(url.scheme));
    str path = str_trim_right(url.path, '/');
    if (path.n && path.p[0] != '/')
        path = arena_printf(mem, "/%.*s", STR(path));
    url.path = path;
    url.raw_path = (str){0};
    defer(buf_done) struct buf out = {0};
    buf_put_url(&out, &url);
    *ret = arena_str(mem, buf_str(&out));
    *ret_path = path;
    return true;
}

static bool init_external_url(struct am *am, struct err *err)
{
    str path = {0};
    if (!am_external_url(am->opt.web_external_url, am->opt.hostname, am->addrs[0].port, &am->mem,
                         &am->external_url, &path, err))
        return false;
    str prefix = am->opt.web_route_prefix.n ? am->opt.web_route_prefix : path;
    while (prefix.n && prefix.p[0] == '/')
        prefix = str_skip(prefix, 1);
    prefix = str_trim_right(prefix, '/');
    am->route_prefix = prefix.n ? arena_printf(&am->mem, "/%.*s", STR(prefix)) : (str){0};
    return true;
}

// The server reads the file by itself; here a bad one ends the start, and the log hears of TLS.
static bool read_web_config(struct am *am, struct webconf *ret, struct err *err)
{
    defer(buf_done) struct buf text = {0};
    *ret = (struct webconf){0};
    return am->opt.web_config_file.n == 0 ||
           (env_file_read(am->env, am->opt.web_config_file, WEBCONF_BYTES_MAX, &text, err) &&
            webconf_parse(arena_str(&am->mem, buf_str(&text)), S(""), &am->mem, ret, err));
}

static bool start_servers(struct am *am, struct err *err)
{
    struct webconf web;
    struct web_config *config = arena_new(&am->mem, struct web_config);
    if (!read_web_config(am, &web, err))
        return err_wrap(err, "alertmanager: HTTP listener failed");
    config->path = am->opt.web_config_file;
    const struct flag_strs *listen = &am->opt.web_listen;
    am->servers = mem_array(struct http_server *, listen->count + 1);
    am->addrs = mem_array(struct addr, listen->count + 1);
    for (size_t i = 0; i < listen->count; i++) {
        struct http_server_options options = {
            .listen = listen->items[i],
            .body_bytes_max = HTTP_BODY_BYTES_MAX,
            .handle = am_serve,
            .owner = am,
            .web_config = config->path.n ? config : NULL,
        };
        struct addr *addr = &am->addrs[am->server_count];
        struct http_server *server = env_http_listen(am->env, &options, addr, err);
        if (!server)
            return err_wrap(err, "alertmanager/app: listen \"%.*s\"", STR(listen->items[i]));
        am->servers[am->server_count++] = server;
        struct buf text = {0};
        buf_put_addr(&text, addr);
        log_info(&am->log, "Listening on", LOG_STR("address", buf_str(&text)));
        if (web.has_tls)
            log_info(&am->log, "TLS is enabled.", LOG_BOOL("http2", false),
                     LOG_STR("address", buf_str(&text)));
        else
            log_info(&am->log, "TLS is disabled.", LOG_BOOL("http2", false),
                     LOG_STR("address", buf_str(&text)));
        buf_done(&text);
    }
    return true;
}

// ---- states ------------------------------------------------------------------------------------

static void report_load(struct am *am, const char *component, const struct journal_report *r)
{
    struct log log = log_with(&am->log, LOG_C("component", component));
    if (r->damage.code != ERR_NONE)
        log_error(&log, "Damaged state files: what could be read is used, a copy was set aside",
                  LOG_INT("records", r->snapshot_records + r->journal_records),
                  LOG_INT("bad_records", r->bad_records),
                  LOG_INT("skipped_bytes", r->skipped_bytes), LOG_ERR(&r->damage));
    if (r->torn_bytes)
        log_warn(&log, "The last write before a crash was incomplete and is ignored",
                 LOG_INT("bytes", r->torn_bytes));
    if (r->write.code != ERR_NONE)
        log_error(&log, "State cannot be written; notifications may be repeated after a restart",
                  LOG_ERR(&r->write));
}

static void on_maintenance(void *owner)
{
    struct am *am = owner;
    nflog_maintain(am->nflog, NULL, NULL);
    silences_maintain(am->silences, NULL, NULL);
    if (am->alert_log)
        alert_log_fold(am->alert_log);
    env_timer_after(am->env, &am->maintenance_timer, am->opt.data_maintenance_interval);
}

static bool start_states(struct am *am, struct err *err)
{
    str folder = str_trim_right(am->opt.storage_path, '/');
    struct journal_report report = {0};
    if (!env_dir_make(am->env, am->opt.storage_path, err))
        return err_wrap(err, "unable to create data directory");
    am->nflog = nflog_new(am->env,
                          &(struct nflog_options){
                              .path = arena_printf(&am->mem, "%.*s/nflog", STR(folder)),
                              .retention = am->opt.data_retention,
                          },
                          &report, err);
    if (!am->nflog)
        return err_wrap(err, "error creating notification log");
    report_load(am, "nflog", &report);
    report = (struct journal_report){0};
    enum matcher_mode mode = am_matcher_mode(&am->opt);
    am->silences = silences_new(am->env,
                                &(struct silences_options){
                                    .path = arena_printf(&am->mem, "%.*s/silences", STR(folder)),
                                    .retention = am->opt.data_retention,
                                    .count_max = (size_t)MAX(am->opt.silences_max, 0),
                                    .silence_bytes_max = (size_t)MAX(am->opt.silence_bytes_max, 0),
                                    .names = config_name_mode(mode),
                                },
                                &report, err);
    if (!am->silences)
        return err_wrap(err, "error creating silence");
    report_load(am, "silences", &report);
    timer_init(&am->maintenance_timer, on_maintenance, am);
    env_timer_after(am->env, &am->maintenance_timer, am->opt.data_maintenance_interval);
    return true;
}

// What upstream forgets at its end never stops a start.
static void open_alert_log(struct am *am, const struct config *config)
{
    struct journal_report report = {0};
    struct err err = ERR_INIT;
    str folder = str_trim_right(am->opt.storage_path, '/');
    struct alert_log_options options = {
        .env = am->env,
        .labels = &am->labels,
        .path = arena_printf(&am->mem, "%.*s/alerts.state", STR(folder)),
        .retention = am->opt.data_retention,
        .resolve_timeout = config->global->resolve_timeout,
    };
    am->alert_log = alert_log_open(&options, &report, &err);
    if (!am->alert_log)
        log_error(&am->log, "Alerts from before the restart cannot be read, and none will be kept",
                  LOG_ERR(&err));
    else
        report_load(am, "alerts", &report);
}

static void start_alerts(struct am *am, const struct config *config)
{
    open_alert_log(am, config);
    am->alerts = alerts_new(&(struct alerts_options){
        .env = am->env,
        .labels = &am->labels,
        .per_alertname_limit = (size_t)MAX(am->opt.alerts_per_name_limit, 0),
        .gc_interval = am->opt.alerts_gc_interval,
        .log = am->alert_log,
    });
    if (am->alert_log)
        alert_log_restore(am->alert_log, am->alerts);
}

// ---- configuration -----------------------------------------------------------------------------

static struct config *load_config(struct am *am, double *ret_hash, struct err *err)
{
    struct buf text = {0};
    struct config_options options = {
        .env = am->env, .matchers = am_matcher_mode(&am->opt), .log = &am->log};
    struct config *config = config_load_file(am->opt.config_file, &options, &text, err);
    *ret_hash = config ? config_hash(buf_str(&text)) : 0;
    buf_done(&text);
    return config;
}

static void log_unused_receivers(struct am *am, const struct config *config)
{
    struct log log = log_with(&am->log, LOG_STR("component", S("configuration")));
    for (size_t i = 0; i < config->receiver_count; i++) {
        if (!config->receivers[i].is_routed)
            log_info(&log, "skipping creation of receiver not referenced by any route",
                     LOG_STR("receiver", config->receivers[i].name));
    }
}

static void warn_of_intervals(void *owner, const struct route *r)
{
    struct am *am = owner;
    if (r->repeat_interval > am->opt.data_retention)
        log_warn(&am->log,
                 "repeat_interval is greater than the data retention period. It can lead to "
                 "notifications being repeated more often than expected.",
                 LOG_DUR("repeat_interval", r->repeat_interval),
                 LOG_DUR("retention", am->opt.data_retention), LOG_STR("route", r->key));
    if (r->repeat_interval < r->group_interval)
        log_warn(&am->log,
                 "repeat_interval is less than group_interval. Notifications will not repeat until "
                 "the next group_interval.",
                 LOG_DUR("repeat_interval", r->repeat_interval),
                 LOG_DUR("group_interval", r->group_interval), LOG_STR("route", r->key));
}

// Puts a checked configuration in force: the old dispatcher ends, groups are built anew.
static void apply(struct am *am, struct am_runtime *fresh, double hash)
{
    struct am_runtime *old = am->runtime;
    log_unused_receivers(am, fresh->config);
    route_walk(fresh->config->route, warn_of_intervals, am);
    am->runtime = fresh;
    am_runtime_start(am, fresh);
    if (old)
        dispatcher_move_waiters(old->dispatcher, fresh->dispatcher);
    am_runtime_free(old);
    am->is_reload_ok = true;
    am->reloaded_at = env_now(am->env);
    am->config_hash = hash;
    am_metrics_reloaded(am);
}

static void log_load_failed(struct am *am, const struct err *why)
{
    struct log log = log_with(&am->log, LOG_STR("component", S("configuration")));
    log_error(&log, "Loading configuration file failed", LOG_STR("file", am->opt.config_file),
              LOG_ERR(why));
}

static bool load_and_apply(struct am *am, struct err *err)
{
    double hash;
    if (am->cluster && !cluster_reload_keys(am->cluster, err))
        return false;
    struct config *config = load_config(am, &hash, err);
    struct am_runtime *fresh = config ? am_runtime_new(am, config, err) : NULL;
    if (fresh)
        apply(am, fresh, hash);
    return fresh != NULL;
}

bool am_reload(struct am *am, struct err *err)
{
    struct log log = log_with(&am->log, LOG_STR("component", S("configuration")));
    struct err why = ERR_INIT;
    if (am->is_stopping)
        return err_set(err, ERR_CANCELED, "shutting down");
    log_info(&log, "Loading configuration file", LOG_STR("file", am->opt.config_file));
    if (load_and_apply(am, &why)) {
        log_info(&log, "Completed loading of configuration file",
                 LOG_STR("file", am->opt.config_file));
        return true;
    }
    am->is_reload_ok = false;
    log_load_failed(am, &why);
    if (err)
        *err = why;
    return false;
}

// ---- start -------------------------------------------------------------------------------------

static void log_start(struct am *am)
{
    static const char BUILD[] = "(go=" AM_TOOLCHAIN ", platform=" AM_PLATFORM
                                ", user=" AM_BUILD_USER ", date=" AM_BUILD_DATE ", tags=unknown)";
    const struct am_features *f = &am->opt.features;
    const struct {
        bool is_on;
        const char *warning;
    } features[] = {
        {f->alert_names_in_metrics, "Alert names in metrics enabled"},
        {f->receiver_name_in_metrics, "Experimental receiver name in metrics enabled"},
        {f->group_key_in_metrics, "Experimental group key in metrics enabled"},
        {f->classic_mode, "Classic mode enabled"},
        {f->utf8_strict_mode, "UTF-8 strict mode enabled"},
        {f->auto_gomemlimit, "Automatically set GOMEMLIMIT to match the Linux container or system "
                             "memory limit."},
        {f->event_recorder, "Experimental event recorder enabled"},
    };
    for (size_t i = 0; i < ARRAY_LEN(features); i++) {
        if (features[i].is_on)
            log_write(&am->log, LOG_WARN, LOG_WHERE, str_c(features[i].warning), LOG_ATTRS());
    }
    log_info(&am->log, "Starting Alertmanager",
             LOG_STR("version", S("(version=" AM_VERSION ", branch=" AM_BRANCH
                                  ", revision=" AM_REVISION ")")));
    log_info(&am->log, "Build context", LOG_C("build_context", BUILD));
}

// What protects a server must never be left out in silence.
static bool check_supported(const struct am_options *opt, struct err *err)
{
    if (opt->web_systemd_socket)
        return err_set(err, ERR_UNSUPPORTED, "--web.systemd-socket is not supported by this build");
    return true;
}

// All that needs neither states nor the API: the configuration with its templates, and listeners.
// What can fail comes before anything is written.
static struct am_runtime *prepare(struct am *am, double *ret_hash, struct err *err)
{
    if (!check_supported(&am->opt, err) || !am_cluster_start(am, err))
        return NULL;
    struct config *config = load_config(am, ret_hash, err);
    if (!config) {
        log_load_failed(am, err);
        err_wrap(err, "error loading configuration file");
        return NULL;
    }
    if (start_servers(am, err) && init_external_url(am, err))
        return am_runtime_new(am, config, err);
    config_unref(config);
    return NULL;
}

static bool start(struct am *am, struct err *err)
{
    double hash;
    log_start(am);
    struct am_runtime *first = prepare(am, &hash, err);
    if (!first)
        return false;
    if (!start_states(am, err)) {
        am_runtime_free(first);
        return false;
    }
    am_cluster_join(am);
    start_alerts(am, first->config);
    am_metrics_watch_alerts(am);
    am->api = api_new(am);
    apply(am, first, hash);
    return true;
}

struct am *am_new(struct env *env, const struct am_options *opt, struct err *err)
{
    struct am *am = mem_new(struct am);
    am->env = env;
    am->opt = *opt;
    am->log = env->log;
    am->started_at = env_now(env);
    am->started_mono = env_mono(env);
    list_init(&am->settle_waiters);
    list_init(&am->log_writes);
    label_store_init(&am->labels, env_random(env));
    if (!am_options_check(&am->opt, err)) {
        label_store_done(&am->labels);
        mem_free(am);
        return NULL;
    }
    am_metrics_init(am);
    templates_init_builtin(&am->builtin_templates);
    if (start(am, err))
        return am;
    am_free(am);
    return NULL;
}

// ---- stop --------------------------------------------------------------------------------------

static void on_left(void *owner, const struct err *err)
{
    struct am *am = owner;
    if (err->code != ERR_NONE)
        log_warn(&am->log, "teardown step failed", LOG_STR("step", S("cluster peer leave")),
                 LOG_ERR(err));
    am->on_stopped(am->stop_owner);
}

static void on_state_closed(void *owner, const struct err *err)
{
    struct am *am = owner;
    if (err && err->code != ERR_NONE)
        log_error(&am->log, "teardown step failed", LOG_STR("step", S("maintenance")),
                  LOG_ERR(err));
    if (--am->stop_steps_open > 0)
        return;
    if (am->cluster)
        cluster_leave(am->cluster, AM_LEAVE_MAX, on_left, am);
    else
        am->on_stopped(am->stop_owner);
}

static void on_server_stopped(void *owner)
{
    struct am *am = owner;
    if (--am->servers_open > 0)
        return;
    am_runtime_free(am->runtime);
    am->runtime = NULL;
    env_timer_cancel(am->env, &am->maintenance_timer);
    am->are_states_closed = true;
    am->stop_steps_open = am->alert_log ? 3 : 2;
    if (am->alert_log)
        alert_log_close(am->alert_log, on_state_closed, am);
    nflog_close(am->nflog, on_state_closed, am);
    silences_close(am->silences, on_state_closed, am);
}

void am_stop(struct am *am, void (*on_stopped)(void *owner), void *owner)
{
    size_t count = am->server_count;
    am->is_stopping = true;
    am->on_stopped = on_stopped;
    am->stop_owner = owner;
    log_info(&am->log, "Shutting down gracefully");
    am->servers_open = count;
    am->server_count = 0;
    for (size_t i = 0; i < count; i++)
        env_http_server_stop(am->env, am->servers[i], AM_STOP_GRACE, on_server_stopped, am);
}

static void ignore_stopped(void *owner)
{
    (void)owner;
}

void am_free(struct am *am)
{
    if (!am)
        return;
    for (size_t i = 0; i < am->server_count; i++)
        env_http_server_stop(am->env, am->servers[i], 0, ignore_stopped, NULL);
    env_timer_cancel(am->env, &am->maintenance_timer);
    api_free(am->api);
    am_runtime_free(am->runtime);
    am_metrics_unwatch_alerts(am);
    alert_log_free(am->alert_log);
    alerts_free(am->alerts);
    cluster_unwatch(&am->watch);
    cluster_free(am->cluster);
    if (am->nflog)
        am_notify_log_done(am);
    nflog_free(am->nflog);
    silences_free(am->silences);
    am_metrics_free(am);
    label_store_done(&am->labels);
    mem_free(am->servers);
    mem_free(am->addrs);
    templates_done(&am->builtin_templates);
    arena_done(&am->mem);
    mem_free(am);
}
