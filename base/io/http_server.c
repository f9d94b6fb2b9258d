// SPDX-License-Identifier: Apache-2.0
// The server: microhttpd on the loop, its life and its end. http_exchange.c has what happens to
// one request.
//
// microhttpd registers its sockets edge-triggered and keeps data it has not yet looked at: the
// epoll descriptor alone would miss work. So before each wait MHD_get_timeout is asked when it
// wants to be run again; that is not optional.
#include "base/io/http_server.h"

#include <gnutls/abstract.h>
#include <unistd.h>

#include "base/core/alloc.h"
#include "base/io/http_exchange.h"

static void server_try_finish(struct http_server *s);

static void server_run(struct http_server *s)
{
    s->needs_run = false;
    MHD_run(s->daemon);
    server_try_finish(s);
}

static void on_epoll_ready(void *owner, int fd, int events)
{
    (void)fd;
    (void)events;
    server_run(owner);
}

static void on_run_timer(void *owner)
{
    server_run(owner);
}

// Once per turn, before the loop waits.
static void on_turn(void *owner)
{
    struct http_server *s = owner;
    MHD_UNSIGNED_LONG_LONG wait_ms = 0;
    if (s->needs_run || MHD_get_timeout(s->daemon, &wait_ms) == MHD_YES)
        timer_queue_set(&s->env->timers, &s->run_timer,
                        add_saturated((mono_ns)uv_hrtime(), DUR_MS((int64_t)wait_ms)));
    else
        timer_queue_cancel(&s->env->timers, &s->run_timer);
}

// ---- the end -------------------------------------------------------------------------------

static void on_freed(uv_handle_t *handle)
{
    mem_free(handle->data);
}

// microhttpd gives the listening socket back and accepts no more.
static void server_quiesce(struct http_server *s)
{
    if (s->listen_fd < 0)
        return;
    if (s->has_proxy_header)
        http_accept_stop(s);
    else
        MHD_quiesce_daemon(s->daemon);
    close(s->listen_fd);
    s->listen_fd = -1;
}

// Stops microhttpd, which closes every connection; what has not been replied to becomes an orphan.
static void server_end(struct http_server *s)
{
    struct env_uv *e = s->env;
    server_quiesce(s);
    exchanges_abort(s);
    poll_drop(e, s->epoll_fd);
    list_remove(&s->hook.link);
    list_remove(&s->link);
    struct timer *const timers[] = {&s->run_timer, &s->receive_timer, &s->grace_timer};
    for (size_t i = 0; i < ARRAY_LEN(timers); i++)
        timer_queue_cancel(&e->timers, timers[i]);
    MHD_stop_daemon(s->daemon);
    s->daemon = NULL;
    exchanges_free(s);
    web_door_free(s->door);
    // The memory goes a turn later: the call that led here may still look at it.
    uv_idle_init(&e->loop, &s->last_handle);
    s->last_handle.data = s;
    uv_close((uv_handle_t *)&s->last_handle, on_freed);
}

static void server_finish(struct http_server *s)
{
    void (*on_stopped)(void *) = s->on_stopped;
    void *owner = s->stop_owner;
    server_end(s);
    if (on_stopped)
        on_stopped(owner);
}

static void server_try_finish(struct http_server *s)
{
    if (s->is_stopping && s->active_count == 0)
        timer_queue_set(&s->env->timers, &s->grace_timer, (mono_ns)uv_hrtime());
}

static void on_grace_over(void *owner)
{
    server_finish(owner);
}

void http_server_stop(struct http_server *s, dur_ns grace, void (*on_stopped)(void *), void *owner)
{
    assert(!s->is_stopping);
    s->is_stopping = true;
    s->counts = &s->own_counts; // the others may be gone
    s->on_stopped = on_stopped;
    s->stop_owner = owner;
    server_quiesce(s);
    timer_queue_set(&s->env->timers, &s->grace_timer,
                    add_saturated((mono_ns)uv_hrtime(), MAX(grace, 0)));
    server_try_finish(s);
}

void http_servers_drop(struct env_uv *e)
{
    while (!list_is_empty(&e->servers))
        server_end(list_item(e->servers.next, struct http_server, link));
    exchanges_drop_orphans(e);
}

// ---- the beginning -------------------------------------------------------------------------

// The certificate is the session's by the time anybody asks (web_door_greet); microhttpd only wants
// to know that there is a way to one.
static int no_certificate(gnutls_session_t session, const gnutls_datum_t *names, int name_count,
                          const gnutls_pk_algorithm_t *algorithms, int algorithm_count,
                          gnutls_pcert_st **certs, unsigned *cert_count, gnutls_privkey_t *key)
{
    (void)session;
    (void)names;
    (void)name_count;
    (void)algorithms;
    (void)algorithm_count;
    (void)certs;
    (void)cert_count;
    (void)key;
    return -1;
}

static void on_connection(void *cls, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct http_server *s = cls;
    struct connection *c = *context;
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        web_door_part(c->tls);
        mem_free(c);
        s->counts->open--;
        *context = NULL;
        return;
    }
    *context = c = mem_new(struct connection);
    c->opened_at = (mono_ns)uv_hrtime();
    s->counts->accepted++;
    s->counts->open++;
    if (!s->door || !web_door_has_tls(s->door))
        return;
    struct addr peer = {0};
    addr_from_os(
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr,
        &peer);
    const union MHD_ConnectionInfo *tls =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    c->tls = web_door_greet(s->door, tls->tls_session, &peer);
}

static bool daemon_start(struct http_server *s, dur_ns idle_timeout, struct err *err)
{
    unsigned flags = MHD_USE_EPOLL | MHD_USE_TURBO | MHD_ALLOW_SUSPEND_RESUME;
    const struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_CERT_CALLBACK, 0, (void *)(uintptr_t)no_certificate},
        {MHD_OPTION_END, 0, NULL},
    };
    const struct MHD_OptionItem plain[] = {{MHD_OPTION_END, 0, NULL}};
    const struct MHD_OptionItem own_socket[] = {
        {MHD_OPTION_LISTEN_SOCKET, s->listen_fd, NULL},
        {MHD_OPTION_END, 0, NULL},
    };
    bool has_tls = s->door && web_door_has_tls(s->door);
    unsigned idle_s = idle_timeout > 0 ? (unsigned)MAX(idle_timeout / DUR_SECONDS(1), 1)
                                       : (unsigned)HTTP_SERVER_CONNECTION_IDLE_S;
    if (has_tls)
        flags |= MHD_USE_TLS;
    if (s->has_proxy_header)
        flags |= MHD_USE_NO_LISTEN_SOCKET;
    s->daemon =
        MHD_start_daemon(flags, 0, NULL, NULL, exchange_on_request, s, // the port is the socket's
                         MHD_OPTION_ARRAY, s->has_proxy_header ? plain : own_socket,         //
                         MHD_OPTION_NOTIFY_CONNECTION, on_connection, s,                     //
                         MHD_OPTION_CONNECTION_LIMIT, (unsigned)HTTP_SERVER_CONNECTIONS_MAX, //
                         MHD_OPTION_CONNECTION_MEMORY_LIMIT, HTTP_SERVER_CONNECTION_BYTES,   //
                         MHD_OPTION_CONNECTION_TIMEOUT, idle_s,                              //
                         MHD_OPTION_URI_LOG_CALLBACK, exchange_on_uri, s,                    //
                         MHD_OPTION_UNESCAPE_CALLBACK, exchange_on_unescape, NULL,           //
                         MHD_OPTION_STRICT_FOR_CLIENT, 1, // a Host is needed, as in Go //
                         MHD_OPTION_NOTIFY_COMPLETED, exchange_on_completed, s, //
                         MHD_OPTION_ARRAY, has_tls ? tls : plain,               //
                         MHD_OPTION_END);
    if (!s->daemon)
        return err_set(err, ERR_IO, "cannot start the HTTP server");
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    s->epoll_fd = info->epoll_fd;
    return true;
}

struct http_server *http_server_new(struct env *env, const struct http_server_options *options,
                                    struct addr *ret_bound, struct err *err)
{
    struct web_door *door = NULL;
    if (options->web_config && (door = web_door_new(env, options->web_config, err)) == NULL)
        return NULL;
    int fd = http_listen_socket(options->listen, options->is_ipv4_only, ret_bound, err);
    if (fd < 0) {
        web_door_free(door);
        return NULL;
    }
    struct http_server *s = mem_new(struct http_server);
    s->env = env_uv_of(env);
    s->handle = options->handle;
    s->door = door;
    s->owner = options->owner;
    s->body_bytes_max = options->body_bytes_max;
    s->listen_fd = fd;
    s->has_proxy_header = options->has_proxy_header;
    s->counts = options->counts ? options->counts : &s->own_counts;
    timer_init(&s->run_timer, on_run_timer, s);
    timer_init(&s->grace_timer, on_grace_over, s);
    exchanges_init(s);
    if (!daemon_start(s, options->idle_timeout, err)) {
        close(fd);
        web_door_free(door);
        mem_free(s);
        return NULL;
    }
    s->hook = (struct turn_hook){.fn = on_turn, .owner = s};
    list_append(&s->env->turn_hooks, &s->hook.link);
    list_append(&s->env->servers, &s->link);
    poll_set(s->env, s->epoll_fd, POLL_READ, on_epoll_ready, s);
    if (s->has_proxy_header)
        http_accept_start(s);
    return s;
}
