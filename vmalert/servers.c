// SPDX-License-Identifier: Apache-2.0
// vmalert's HTTP servers: one for each -httpListenAddr, with the same pages (spec: vmalert flags
// §9).
#include "base/core/alloc.h"
#include "base/model/webconf.h"
#include "vmalert/app.h"
#include "vmalert/net_flags.h"

#define HTTP_BODY_BYTES_MAX ((size_t)16 << 20)

// ---- start -------------------------------------------------------------------------------------

static void init_passwords(struct vmalert *v)
{
    const struct server_flags *f = &v->opt->server;
    const struct {
        enum web_access access;
        const char *flag;
        str source;
    } ALL[] = {
        {WEB_BASIC, "httpAuth.password", f->auth_password},
        {WEB_FLAGS, "flagsAuthKey", f->flags_auth_key},
        {WEB_METRICS, "metricsAuthKey", f->metrics_auth_key},
        {WEB_PPROF, "pprofAuthKey", f->pprof_auth_key},
        {WEB_RELOAD, "reloadAuthKey", f->reload_auth_key},
    };
    for (size_t i = 0; i < ARRAY_LEN(ALL); i++)
        password_init(&v->passwords[ALL[i].access], v->env, ALL[i].flag, ALL[i].source);
}

static void note_start(const struct vmalert *v, const struct addr *bound, bool has_tls)
{
    struct buf addr = {0};
    buf_put_addr(&addr, bound);
    log_printf(&v->env->log, LOG_INFO, LOG_WHERE, "started server at %s://%.*s/",
               has_tls ? "https" : "http", STR(buf_str(&addr)));
    buf_done(&addr);
}

static bool start_server(struct vmalert *v, size_t i, struct err *err)
{
    const struct server_flags *f = &v->opt->server;
    str listen = server_flags_address(f, i);
    struct tlsconf tls;
    struct web_config config = {.tls = &tls};
    struct http_server_options options = {
        .listen = listen,
        .body_bytes_max = HTTP_BODY_BYTES_MAX,
        .handle = vmalert_serve,
        .owner = v,
        .is_ipv4_only = !f->enable_tcp6,
        .has_proxy_header = flag_bools_at(&f->use_proxy_protocol, i),
        .idle_timeout = f->idle_conn_timeout,
        .counts = &v->listeners[v->server_count].counts,
    };
    bool has_tls = server_flags_has_tls(f, i);
    if (has_tls) {
        if (!server_flags_tls(f, i, &v->mem, &tls, err))
            return server_flags_wrap_tls(f, i, err);
        options.web_config = &config;
    }
    if (!f->enable_tcp6 && net_is_ipv6_addr(listen))
        log_printf(&v->env->log, LOG_WARN, LOG_WHERE,
                   "%.*s looks like an IPv6 address, which is served with -enableTCP6 only",
                   STR(listen));
    struct addr *bound = &v->addrs[v->server_count];
    struct http_server *server = env_http_listen(v->env, &options, bound, err);
    if (!server && has_tls && err->code != ERR_NETWORK)
        return server_flags_wrap_tls(f, i, err);
    if (!server)
        return err_wrap(err, "cannot start http server at %.*s", STR(listen));
    v->listeners[v->server_count].address = listen;
    v->listeners[v->server_count].has_tls = has_tls;
    v->servers[v->server_count++] = server;
    v->listener_count = v->server_count;
    note_start(v, bound, has_tls);
    return true;
}

bool vmalert_servers_start(struct vmalert *v, struct err *err)
{
    const struct server_flags *f = &v->opt->server;
    size_t count = server_flags_address_count(f);
    if (!server_flags_check(f, err))
        return false;
    init_passwords(v);
    v->servers = mem_array(struct http_server *, count);
    v->addrs = mem_array(struct addr, count);
    v->listeners = mem_array(struct vmalert_listener, count);
    memset(v->listeners, 0, count * sizeof(*v->listeners));
    for (size_t i = 0; i < count; i++) {
        if (server_flags_address(f, i).n && !start_server(v, i, err))
            return false;
    }
    return true;
}

// ---- stop --------------------------------------------------------------------------------------

static void note_step(const struct vmalert *v, const struct addr *bound, dur_ns delay)
{
    struct buf addr = {0};
    buf_put_addr(&addr, bound);
    if (delay > 0)
        log_printf(&v->env->log, LOG_INFO, LOG_WHERE,
                   "Waiting for %.3fs before shutdown of http server \"%.*s\", so load balancers "
                   "could re-route requests to other servers",
                   dur_to_seconds(delay), STR(buf_str(&addr)));
    else
        log_printf(&v->env->log, LOG_INFO, LOG_WHERE, "Starting shutdown for http server \"%.*s\"",
                   STR(buf_str(&addr)));
    buf_done(&addr);
}

static void on_server_stopped(void *owner)
{
    struct vmalert *v = owner;
    if (--v->stop_steps_open == 0)
        v->on_servers_stopped(v);
}

static void stop_all(void *owner)
{
    struct vmalert *v = owner;
    size_t count = v->server_count;
    v->stop_steps_open = count + 1;
    v->server_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (v->opt->server.shutdown_delay > 0)
            note_step(v, &v->addrs[i], 0);
        env_http_server_stop(v->env, v->servers[i], v->opt->server.max_graceful_shutdown_duration,
                             on_server_stopped, v);
    }
    on_server_stopped(v); // the step of this function itself
}

void vmalert_servers_stop(struct vmalert *v, void (*on_stopped)(void *owner))
{
    dur_ns delay = v->opt->server.shutdown_delay;
    v->on_servers_stopped = on_stopped;
    v->stop_at = add_saturated(env_mono(v->env), delay);
    for (size_t i = 0; i < v->server_count && delay > 0; i++)
        note_step(v, &v->addrs[i], delay);
    timer_init(&v->stop_timer, stop_all, v);
    env_timer_set(v->env, &v->stop_timer, v->stop_at);
}

static void ignore_stopped(void *owner)
{
    (void)owner;
}

void vmalert_servers_free(struct vmalert *v)
{
    env_timer_cancel(v->env, &v->stop_timer);
    for (size_t i = 0; i < v->server_count; i++)
        env_http_server_stop(v->env, v->servers[i], 0, ignore_stopped, NULL);
    for (size_t i = 0; i < WEB_ACCESS_COUNT; i++)
        password_done(&v->passwords[i]);
    mem_free(v->servers);
    mem_free(v->addrs);
    mem_free(v->listeners);
}
