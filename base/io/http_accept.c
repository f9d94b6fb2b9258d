// SPDX-License-Identifier: Apache-2.0
// Connections that begin with a PROXY header: microhttpd gets them when that has been read, with
// the address it names. Such a server accepts by itself; microhttpd has no listening socket then.
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/core/alloc.h"
#include "base/io/http_exchange.h"
#include "base/io/proxy_header.h"

#define ACCEPTS_PER_TURN 64
#define ACCEPT_PAUSE     DUR_MS(100) // when the system has no room for another descriptor
#define COMPLAINT_PAUSE  DUR_SECONDS(5)

struct newcomer {
    struct list link; // http_server.newcomers
    struct http_server *server;
    int fd;
    struct addr peer;
    struct timer timer;
    size_t have;
    char header[PROXY_HEADER_BYTES_MAX];
};

// Gives the descriptor to whoever wants it, or closes it.
static int newcomer_free(struct newcomer *n)
{
    int fd = n->fd;
    poll_drop(n->server->env, fd);
    timer_queue_cancel(&n->server->env->timers, &n->timer);
    list_remove(&n->link);
    n->server->newcomer_count--;
    mem_free(n);
    return fd;
}

static void turn_away(struct newcomer *n, const struct err *why)
{
    struct http_server *s = n->server;
    char text[ADDR_TEXT_BYTES];
    mono_ns now = (mono_ns)uv_hrtime();
    if (why && (s->complained_at == 0 || now - s->complained_at >= COMPLAINT_PAUSE)) {
        s->complained_at = now;
        log_printf(&s->env->env.log, LOG_ERROR, LOG_WHERE,
                   "cannot read proxy proto conn for TCP addr \"%s\": %.*s",
                   addr_text(&n->peer, text), STR(err_str(why)));
    }
    close(newcomer_free(n));
}

static void on_late(void *owner)
{
    struct err err = ERR_INIT;
    err_set(&err, ERR_TIMEOUT, "i/o timeout");
    turn_away(owner, &err);
}

static void let_in(struct newcomer *n)
{
    struct http_server *s = n->server;
    struct sockaddr_storage sa;
    socklen_t sa_bytes = addr_to_os(&n->peer, &sa);
    int fd = newcomer_free(n);
    MHD_add_connection(s->daemon, fd, (struct sockaddr *)&sa, sa_bytes); // closes what it refuses
    s->needs_run = true;
}

// Not a byte more than the header: what follows is TLS or HTTP.
static void on_readable(void *owner, int fd, int events)
{
    (void)events;
    struct newcomer *n = owner;
    struct err err = ERR_INIT;
    for (;;) {
        size_t want = PROXY_HEADER_FIXED_BYTES;
        if (n->have >= want &&
            (want = proxy_header_bytes(str_from(n->header, n->have), &err)) == 0) {
            turn_away(n, &err);
            return;
        }
        if (n->have == want)
            break;
        ssize_t got = recv(fd, n->header + n->have, want - n->have, 0);
        if (got > 0) {
            n->have += (size_t)got;
            continue;
        }
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (got < 0)
            err_os(&err, ERR_NETWORK, errno, "read");
        turn_away(n, got < 0 ? &err : NULL);
        return;
    }
    if (proxy_header_parse(str_from(n->header, n->have), &n->peer, &err))
        let_in(n);
    else
        turn_away(n, &err);
}

static void on_newcomers(void *owner, int listen_fd, int events)
{
    (void)events;
    struct http_server *s = owner;
    for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
        struct sockaddr_storage sa;
        socklen_t sa_bytes = sizeof(sa);
        int fd =
            accept4(listen_fd, (struct sockaddr *)&sa, &sa_bytes, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 && (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED))
            return;
        if (fd < 0) {
            poll_drop(s->env, listen_fd);
            timer_queue_set(&s->env->timers, &s->accept_timer,
                            add_saturated((mono_ns)uv_hrtime(), ACCEPT_PAUSE));
            return;
        }
        if (s->newcomer_count >= HTTP_SERVER_CONNECTIONS_MAX) {
            close(fd);
            continue;
        }
        struct newcomer *n = mem_new(struct newcomer);
        n->server = s;
        n->fd = fd;
        addr_from_os((struct sockaddr *)&sa, &n->peer);
        timer_init(&n->timer, on_late, n);
        timer_queue_set(&s->env->timers, &n->timer,
                        add_saturated((mono_ns)uv_hrtime(), HTTP_SERVER_PROXY_HEADER_TIME));
        list_append(&s->newcomers, &n->link);
        s->newcomer_count++;
        poll_set(s->env, fd, POLL_READ, on_readable, n);
    }
}

static void accept_more(void *owner)
{
    struct http_server *s = owner;
    poll_set(s->env, s->listen_fd, POLL_READ, on_newcomers, s);
}

void http_accept_start(struct http_server *s)
{
    list_init(&s->newcomers);
    timer_init(&s->accept_timer, accept_more, s);
    accept_more(s);
}

void http_accept_stop(struct http_server *s)
{
    poll_drop(s->env, s->listen_fd);
    timer_queue_cancel(&s->env->timers, &s->accept_timer);
    while (!list_is_empty(&s->newcomers))
        turn_away(list_item(s->newcomers.next, struct newcomer, link), NULL);
}
