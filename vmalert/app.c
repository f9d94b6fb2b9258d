// SPDX-License-Identifier: Apache-2.0
#include "vmalert/app.h"

#include "base/core/alloc.h"
#include "base/text/unicode.h"
#include "vmalert/external_url.h"
#include "vmalert/loader.h"

const char VMALERT_VERSION[] = "vmalert-tocsin-0.1.0-compatible-with-v1.150.0";

// ---- external URL, labels, link ----------------------------------------------------------------

static bool init_external_url(struct vmalert *v, struct err *err)
{
    struct rule_template_env *te = &v->shared.templates;
    struct external_url url;
    if (!external_url_init(v->opt->external_url, server_flags_address(&v->opt->server, 0),
                           server_flags_has_tls(&v->opt->server, 0), v->opt->hostname, &v->mem,
                           &url, err))
        return false;
    te->external_url = v->opt->external_url;
    te->external_url_full = url.text;
    te->external_path = url.path;
    return true;
}

static bool init_external_labels(struct vmalert *v, struct err *err)
{
    const struct flag_strs *flags = &v->opt->external_label;
    struct label *labels = arena_array(&v->mem, struct label, flags->count + 1);
    size_t count = 0;
    for (size_t i = 0; i < flags->count; i++) {
        str name, value;
        if (flags->items[i].n == 0)
            continue;
        if (!str_cut(flags->items[i], '=', &name, &value))
            return err_set(err, ERR_INVALID,
                           "missing '=' in `-label`. It must contain label in the form "
                           "`Name=value`; got \"%.*s\"",
                           STR(flags->items[i]));
        labels[count++] = (struct label){name, value};
    }
    v->shared.templates.external_labels = labels;
    v->shared.templates.external_label_count = label_sort_unique(labels, count);
    return true;
}

static bool init_link(struct vmalert *v, struct err *err)
{
    str source = v->opt->external_alert_source;
    if (source.n == 0)
        return true;
    if (!rule_template_check(v->templates, source, err))
        return err_wrap(err, "failed to init `external.alert.source`");
    struct yaml_str_pair pair = {S("source"), source};
    v->link = rule_texts_compile(&v->shared.templates, &(struct yaml_str_map){&pair, 1});
    return true;
}

void vmalert_alert_link(void *owner, const struct group *g, const struct alerting_rule *rule,
                        const struct alert *a, struct buf *out)
{
    struct vmalert *v = owner;
    buf_put(out, v->shared.templates.external_url_full);
    if (v->opt->external_alert_source.n == 0) {
        buf_printf(out, "/vmalert/alert?group_id=%llu&alert_id=%llu",
                   (unsigned long long)g->conf->id, (unsigned long long)a->id);
        return;
    }
    struct arena mem = {0};
    struct label *labels = arena_array(&mem, struct label, a->labels->count + 1);
    for (size_t i = 0; i < a->labels->count; i++)
        labels[i] = (struct label){labels_name_at(a->labels, i), labels_value_at(a->labels, i)};
    struct rule_template_data data = {
        .value = a->value,
        .type = rule_type_str(g->conf->type),
        .labels = labels,
        .label_count = a->labels->count,
        .expr = rule->rule.conf->expr,
        .interval = g->conf->interval,
        .alert_id = a->id,
        .group_id = g->conf->id,
        .active_at = a->active_at,
        .for_ns = rule->rule.conf->for_ns,
    };
    struct rule_queries queries = {
        .mem = &mem, .refusal = "`query` template isn't supported for alert source template"};
    str path;
    struct err err = ERR_INIT;
    if (rule_text_expand(&v->shared.templates, &v->link.items[0], &data, &queries, &mem, &path,
                         &err) != RULE_EXPAND_OK)
        log_printf(&v->env->log, LOG_ERROR, LOG_WHERE, "cannot template alert source: %.*s",
                   STR(err_str(&err)));
    buf_printf(out, "/%.*s", STR(path));
    arena_done(&mem);
}

// ---- datasource and notifiers ------------------------------------------------------------------

// The headers and the credentials of one client's flags. The scheme wins over an Authorization
// among the headers.
bool vmalert_read_client(struct vmalert *v, str headers_text, const struct client_flags *flags,
                         const char *prefix, const struct http_header **ret_headers,
                         size_t *ret_count, const struct httpconf **ret_conf, struct err *err)
{
    struct http_header *headers;
    if (!client_headers_parse_flag(headers_text, &v->mem, &headers, ret_count, err))
        return err_wrap(err, "failed to configure auth");
    if (!client_flags_build(v->env, flags, prefix, &v->mem, ret_conf, err))
        return false;
    if ((*ret_conf)->auth != HTTPCONF_NO_AUTH)
        headers_drop(headers, ret_count, S("Authorization"));
    *ret_headers = headers;
    return true;
}

// A connection for each request, as the server is told.
static void disable_keep_alive(struct vmalert *v, struct http_datasource_options *o)
{
    struct http_header *headers = arena_array(&v->mem, struct http_header, o->header_count + 1);
    for (size_t i = 0; i < o->header_count; i++)
        headers[i] = o->headers[i];
    headers_set(headers, &o->header_count, S("Connection"), S("close"));
    o->headers = headers;
}

static bool init_datasource(struct vmalert *v, struct err *err)
{
    const struct vmalert_options *o = v->opt;
    struct http_datasource_options options = {
        .name = S("datasource"),
        .url = o->datasource_url,
        .show_url = o->datasource_show_url,
        .append_type_prefix = o->datasource_append_type_prefix,
        .no_path_append = o->remote_read_disable_path_append,
        .no_step = o->datasource_disable_step_param,
        .query_step = o->datasource_query_step,
        .round_digits = o->datasource_round_digits,
        .no_cache = o->replay_from.n > 0,
    };
    if (!vmalert_read_client(v, o->datasource_headers, &o->datasource_auth, "datasource",
                             &options.headers, &options.header_count, &options.conf, err))
        return err_wrap(err, "failed to init datasource");
    if (o->datasource_disable_keep_alive)
        disable_keep_alive(v, &options);
    v->datasource = http_datasource_new(v->env, &options, err);
    if (!v->datasource)
        return err_wrap(err, "failed to init datasource: invalid -datasource.url");
    v->hooks.datasource = http_datasource_interface(v->datasource);

    if (o->remote_read_url.n == 0)
        return true;
    options.name = S("remoteRead");
    options.url = o->remote_read_url;
    options.show_url = o->remote_read_show_url;
    options.append_type_prefix = false;
    if (!vmalert_read_client(v, o->remote_read_headers, &o->remote_read_auth, "remoteRead",
                             &options.headers, &options.header_count, &options.conf, err))
        return err_wrap(err, "failed to init remoteRead");
    v->remote_read = http_datasource_new(v->env, &options, err);
    if (!v->remote_read)
        return err_wrap(err, "failed to init remoteRead: invalid -remoteRead.url");
    v->remote_read_interface = http_datasource_interface(v->remote_read);
    v->hooks.remote_read = &v->remote_read_interface;
    v->hooks.remote_read_lookback = o->remote_read_lookback;
    return true;
}

// ---- remote write ------------------------------------------------------------------------------

static bool push_series(void *owner, const struct series *series, size_t count, struct err *err)
{
    struct vmalert *v = owner;
    return remote_write_push(v->remote_write, series, count, err);
}

// <url>/api/v1/write, with doubled slashes removed.
static bool remote_write_url(struct vmalert *v, str *ret, str *ret_shown, struct err *err)
{
    const struct vmalert_options *o = v->opt;
    struct url url;
    if (!url_parse(o->remote_write_url, &v->mem, &url, err))
        return err_wrap(err, "failed to init remoteWrite: invalid -remoteWrite.url");
    struct buf text = {0}, shown = {0};
    if (!o->remote_write_disable_path_append) {
        url.path = arena_printf(&v->mem, "%.*s/api/v1/write", STR(str_trim_right(url.path, '/')));
        url.raw_path = (str){0};
    }
    buf_put_url(&text, &url);
    if (o->remote_write_show_url)
        buf_put_url(&shown, &url);
    else
        buf_put_url_redacted(&shown, &url);
    *ret = arena_str(&v->mem, buf_str(&text));
    *ret_shown = arena_str(&v->mem, buf_str(&shown));
    buf_done(&text);
    buf_done(&shown);
    return true;
}

static bool init_remote_write(struct vmalert *v, struct err *err)
{
    const struct vmalert_options *o = v->opt;
    if (o->remote_write_url.n == 0)
        return true;
    struct remote_write_options options = {
        .queue_max = (size_t)MAX(o->remote_write_max_queue_size, 1),
        .batch_max = (size_t)MAX(o->remote_write_max_batch_size, 1),
        .concurrency = o->remote_write_concurrency > 0 ? (uint32_t)o->remote_write_concurrency
                                                       : 2 * MAX(o->cpus, 1),
        .flush_interval = MAX(o->remote_write_flush_interval, DUR_MS(1)),
        .send_timeout = o->remote_write_send_timeout,
        .retry_min_interval = o->remote_write_retry_min_interval,
        .retry_max_time = o->remote_write_retry_max_time,
    };
    if (!remote_write_url(v, &options.url, &options.shown_url, err))
        return false;
    if (!vmalert_read_client(v, o->remote_write_headers, &o->remote_write_auth, "remoteWrite",
                             &options.headers, &options.header_count, &options.conf, err))
        return err_wrap(err, "failed to init remoteWrite");
    vmalert_metrics_remote_write(v, &options);
    v->remote_write = remote_write_new(v->env, &options);
    v->hooks.push = push_series;
    return true;
}

// ---- groups ------------------------------------------------------------------------------------

// Rules that could do nothing are refused rather than run.
static bool check_groups(const struct vmalert *v, const struct rule_files *files, struct err *err)
{
    for (size_t i = 0; i < files->group_count; i++) {
        for (size_t j = 0; j < files->groups[i].rule_count; j++) {
            bool is_recording = files->groups[i].rules[j].is_recording;
            if (is_recording && !v->hooks.push)
                return err_set(err, ERR_INVALID,
                               "config contains recording rules but `-remoteWrite.url` isn't set");
            if (!is_recording && !v->hooks.send)
                return err_set(err, ERR_INVALID,
                               "config contains alerting rules but neither `-notifier.url` nor "
                               "`-notifier.config` nor `-notifier.blackhole` aren't set");
        }
    }
    return true;
}

struct group *vmalert_find_group(const struct vmalert *v, uint64_t id)
{
    for (size_t i = 0; i < v->group_count; i++) {
        if (v->groups[i] && v->groups[i]->conf->id == id)
            return v->groups[i];
    }
    return NULL;
}

// Groups are matched by ID: known ones keep their schedule and the alerts of rules they keep.
static void apply_files(struct vmalert *v, struct rule_files *files, bool is_start,
                        bool templates_changed)
{
    struct group **groups = mem_array(struct group *, files->group_count + 1);
    for (size_t i = 0; i < files->group_count; i++) {
        const struct group_conf *conf = &files->groups[i];
        struct group *g = vmalert_find_group(v, conf->id);
        groups[i] = g;
        if (!g) {
            groups[i] = group_new(&v->shared, &v->hooks, files, conf, v->opt->rule_strip_file_path);
            group_start(groups[i], is_start && v->hooks.remote_read);
            continue;
        }
        for (size_t j = 0; j < v->group_count; j++) {
            if (v->groups[j] == g)
                v->groups[j] = NULL;
        }
        if (templates_changed || g->conf->checksum != conf->checksum)
            group_update(g, files, conf);
    }
    for (size_t i = 0; i < v->group_count; i++)
        group_free(v->groups[i]);
    mem_free(v->groups);
    v->groups = groups;
    v->group_count = files->group_count;
    rule_files_unref(v->files);
    v->files = files;
}

// Of the first files; with -notifier.config once it is known whom to tell.
void vmalert_start_groups(void *owner)
{
    struct vmalert *v = owner;
    if (v->first_files && !v->is_stopping)
        apply_files(v, take(&v->first_files), true, false);
}

// ---- reload ------------------------------------------------------------------------------------

static bool is_unchanged(const struct vmalert *v, const struct rule_files *files)
{
    if (files->group_count != v->group_count)
        return false;
    for (size_t i = 0; i < files->group_count; i++) {
        const struct group_conf *conf = v->groups[i]->conf;
        if (conf->checksum != files->groups[i].checksum ||
            !str_eq(conf->file, files->groups[i].file))
            return false;
    }
    return true;
}

static bool reload(struct vmalert *v, bool is_asked, const struct rule_urls *urls, struct err *err)
{
    uint64_t sum;
    vmalert_start_groups(v); // if they are still waiting
    if (v->watch && !notifier_watch_reload(v->watch, err))
        return err_wrap(err, "failed to reload notifier config");
    struct tpl_set *templates = load_templates(v->env, v->opt, &sum, err);
    if (!templates)
        return err_wrap(err, "failed to load new templates");
    bool templates_changed = sum != v->templates_sum;
    struct rule_files *files = load_rules(v->env, v->opt, templates, !is_asked, urls, err);
    if (!files || !check_groups(v, files, err)) {
        if (files)
            err_wrap(err, "error while reloading rules");
        else
            err_wrap(err, "cannot parse configuration file");
        rule_files_unref(files);
        tpl_set_free(templates);
        return false;
    }
    struct tpl_set *old = v->templates;
    if (templates_changed) {
        v->templates = templates;
        v->templates_sum = sum;
        v->shared.templates.base = templates;
        rule_texts_done(
            &v->link); // compiled beside the old set; it compiled before, so it does now
        init_link(v, NULL);
    } else {
        old = templates;
    }
    if (!templates_changed && is_unchanged(v, files)) {
        rule_files_unref(files);
    } else {
        apply_files(v, files, false, templates_changed);
        v->reloaded_at = env_now(v->env);
        log_printf(&v->env->log, LOG_INFO, LOG_WHERE, "Rules reloaded successfully");
    }
    tpl_set_free(old);
    return true;
}

static void finish_reload(struct vmalert *v, const struct rule_urls *urls)
{
    struct err err = ERR_INIT;
    bool is_asked = v->reload_is_asked;
    v->reload_is_asked = false;
    bool ok = reload(v, is_asked, urls, &err);
    mem_free(v->reload_error);
    v->reload_error = ok ? NULL : mem_dup(err_str(&err));
    if (ok)
        return;
    v->reload_errors++;
    log_printf(&v->env->log, LOG_ERROR, LOG_WHERE, "%.*s", STR(err_str(&err)));
}

static void start_reload(struct vmalert *v);

static void on_reload_urls(void *owner)
{
    struct vmalert *v = owner;
    finish_reload(v, v->reload_urls);
    rule_urls_free(take(&v->reload_urls));
    if (!v->reload_again)
        return;
    v->reload_again = false;
    start_reload(v);
}

static void start_reload(struct vmalert *v)
{
    v->reload_urls = rule_urls_new(v->env, &v->opt->rule, on_reload_urls, v);
    if (!v->reload_urls)
        finish_reload(v, NULL);
}

void vmalert_reload(struct vmalert *v, bool is_asked)
{
    if (v->is_stopping)
        return;
    if (is_asked) {
        v->reloads++;
        v->reload_is_asked = true;
        log_printf(&v->env->log, LOG_INFO, LOG_WHERE, "SIGHUP received. Going to reload rules ...");
    }
    if (v->reload_urls)
        v->reload_again = true; // what is being fetched may be older than what made us ask
    else
        start_reload(v);
}

static void on_check_timer(void *owner)
{
    struct vmalert *v = owner;
    vmalert_reload(v, false);
    env_timer_after(v->env, &v->check_timer, v->opt->config_check_interval);
}

// ---- start -------------------------------------------------------------------------------------

static void init_shared(struct vmalert *v)
{
    const struct vmalert_options *o = v->opt;
    label_store_init(&v->labels, env_random(v->env));
    v->shared.env = v->env;
    v->shared.labels = &v->labels;
    v->shared.templates.env = v->env;
    v->shared.no_alertgroup_label = o->disable_alertgroup_label;
    v->shared.resend_delay = o->rule_resend_delay;
    v->shared.max_resolve_duration = o->rule_max_resolve_duration;
    v->shared.eval_delay = o->rule_eval_delay;
    v->shared.update_entries_limit = o->rule_update_entries_limit;
    v->shared.max_start_delay = o->group_max_start_delay;
    v->shared.counters = &v->counters;
    v->hooks.owner = v;
    v->hooks.on_iteration = vmalert_metrics_iteration;
    vmalert_metrics_init(v);
}

static bool init_templates(struct vmalert *v, struct err *err)
{
    v->templates = load_templates(v->env, v->opt, &v->templates_sum, err);
    v->shared.templates.base = v->templates;
    return v->templates || err_wrap(err, "failed to load template");
}

static void put_metrics(void *owner, struct buf *out)
{
    vmalert_metrics_put(owner, out);
}

static bool init_push(struct vmalert *v, struct err *err)
{
    v->push = push_metrics_new(v->env, &v->opt->push, v->metrics, put_metrics, v, err);
    return v->push || v->opt->push.urls.count == 0;
}

static bool start(struct vmalert *v, struct err *err)
{
    init_shared(v);
    if (!init_external_url(v, err) || !init_external_labels(v, err) || !init_templates(v, err) ||
        !init_link(v, err))
        return false;
    if (!init_datasource(v, err) || !vmalert_notifiers_init(v, err) || !init_remote_write(v, err))
        return err_wrap(err, "failed to create manager");
    struct rule_files *files =
        load_rules(v->env, v->opt, v->templates, false, v->opt->rule_urls, err);
    if (!files)
        return err_wrap(err, "cannot parse configuration file");
    if (!check_groups(v, files, err)) {
        rule_files_unref(files);
        return err_wrap(err, "failed to start");
    }
    v->reloaded_at = env_now(v->env);
    if (!vmalert_servers_start(v, err) || !init_push(v, err)) {
        rule_files_unref(files);
        return false;
    }
    v->first_files = files;
    if (!v->watch)
        vmalert_start_groups(v);
    timer_init(&v->check_timer, on_check_timer, v);
    if (v->opt->config_check_interval > 0)
        env_timer_after(v->env, &v->check_timer, v->opt->config_check_interval);
    return true;
}

static bool start_for_replay(struct vmalert *v, struct err *err)
{
    init_shared(v);
    if (!init_external_url(v, err) || !init_external_labels(v, err) || !init_templates(v, err))
        return false;
    if (v->opt->remote_write_url.n == 0)
        return err_set(err, ERR_INVALID, "remoteWrite.url can't be empty in replay mode");
    if (!init_remote_write(v, err) || !init_datasource(v, err))
        return false;
    v->files = load_rules(v->env, v->opt, v->templates, false, v->opt->rule_urls, err);
    return v->files || err_wrap(err, "cannot parse configuration file");
}

struct vmalert *vmalert_new_for_replay(struct env *env, const struct vmalert_options *opt,
                                       struct err *err)
{
    struct vmalert *v = mem_new(struct vmalert);
    v->env = env;
    v->opt = opt;
    if (start_for_replay(v, err))
        return v;
    vmalert_free(v);
    return NULL;
}

struct vmalert *vmalert_new(struct env *env, const struct vmalert_options *opt, struct err *err)
{
    struct vmalert *v = mem_new(struct vmalert);
    v->env = env;
    v->opt = opt;
    if (start(v, err))
        return v;
    vmalert_free(v);
    return NULL;
}

bool vmalert_check(struct env *env, const struct vmalert_options *opt, struct err *err)
{
    uint64_t sum;
    struct tpl_set *templates = load_templates(env, opt, &sum, err);
    if (!templates)
        return err_wrap(err, "failed to load template");
    struct rule_files *files = load_rules(env, opt, templates, true, opt->rule_urls, err);
    bool ok = files && files->group_count > 0;
    if (files && !ok)
        err_set(err, ERR_INVALID,
                "No rules for validation. Please specify path to file(s) with alerting and/or "
                "recording rules using `-rule` flag");
    rule_files_unref(files);
    tpl_set_free(templates);
    return ok;
}

// ---- stop --------------------------------------------------------------------------------------

static void free_groups(struct vmalert *v)
{
    for (size_t i = 0; i < v->group_count; i++)
        group_free(v->groups[i]);
    mem_free(v->groups);
    v->groups = NULL;
    v->group_count = 0;
}

static void on_drained(void *owner)
{
    struct vmalert *v = owner;
    v->on_stopped(v->stop_owner);
}

static void on_servers_stopped(void *owner)
{
    struct vmalert *v = owner;
    free_groups(v);
    if (v->remote_write)
        remote_write_drain(v->remote_write, on_drained, v);
    else
        v->on_stopped(v->stop_owner);
}

static void on_pushed_last(void *owner)
{
    struct vmalert *v = owner;
    vmalert_servers_stop(v, on_servers_stopped);
}

void vmalert_stop(struct vmalert *v, void (*on_stopped)(void *owner), void *owner)
{
    v->is_stopping = true;
    rule_urls_free(take(&v->reload_urls));
    v->on_stopped = on_stopped;
    v->stop_owner = owner;
    if (v->push)
        push_metrics_end(v->push, on_pushed_last);
    else
        vmalert_servers_stop(v, on_servers_stopped);
}

void vmalert_free(struct vmalert *v)
{
    if (!v)
        return;
    vmalert_replay_free(v);
    env_timer_cancel(v->env, &v->check_timer);
    vmalert_servers_free(v);
    push_metrics_free(v->push);
    rule_urls_free(v->reload_urls);
    free_groups(v);
    rule_files_unref(v->files);
    rule_files_unref(v->first_files);
    remote_write_free(v->remote_write);
    notifier_watch_free(v->watch);
    notifiers_free(v->notifiers);
    http_datasource_free(v->datasource);
    http_datasource_free(v->remote_read);
    rule_texts_done(&v->link);
    tpl_set_free(v->templates);
    vmalert_metrics_free(v);
    label_store_done(&v->labels);
    mem_free(v->reload_error);
    arena_done(&v->mem);
    mem_free(v);
}
