// SPDX-License-Identifier: Apache-2.0
// Listeners, plain and TLS.
#include "base/core/alloc.h"
#include "base/io/stream.h"

#define LISTEN_BACKLOG 1024

void listener_hand_over(struct listener *l, struct stream *s)
{
    l->fn(l->owner, s, &s->peer);
    if (s->state == STREAM_OPEN && !s->has_events)
        stream_destroy(s);
}

// An honest handshake is a matter of milliseconds: the oldest of many is the one to give up.
static void listener_drop_oldest(struct listener *l)
{
    list_each (node, &l->env->streams) {
        struct stream *s = list_item(node, struct stream, link);
        if (s->listener != l)
            continue;
        stream_destroy(s);
        return;
    }
}

static void on_connection(uv_stream_t *handle, int status)
{
    struct listener *l = handle->data;
    if (status < 0)
        return; // out of descriptors or a connection that is gone again; the next one may do
    struct stream *s = stream_new(l->env, STREAM_OPEN);
    struct sockaddr_storage sa;
    int sa_bytes = sizeof(sa);
    if (uv_accept(handle, (uv_stream_t *)&s->handle) != 0 ||
        uv_tcp_getpeername(&s->handle, (struct sockaddr *)&sa, &sa_bytes) != 0 ||
        !addr_from_os((struct sockaddr *)&sa, &s->peer)) {
        stream_destroy(s);
        return;
    }
    stream_opened(s);
    if (!l->tls) {
        listener_hand_over(l, s);
    } else {
        if (l->shaking_count >= HANDSHAKES_OPEN_MAX)
            listener_drop_oldest(l);
        s->listener = l;
        l->shaking_count++;
        s->tls = tls_session_new(l->tls, &s->peer);
        stream_tls_start(s);
    }
}

static void on_listener_closed(uv_handle_t *handle)
{
    struct listener *l = handle->data;
    tls_free(l->tls);
    mem_free(l);
}

static int listener_start(struct listener *l, const struct addr *bind, struct addr *ret_bound)
{
    struct sockaddr_storage sa;
    addr_to_os(bind, &sa);
    int rc = uv_tcp_bind(&l->handle, (struct sockaddr *)&sa, 0);
    if (rc == 0)
        rc = uv_listen((uv_stream_t *)&l->handle, LISTEN_BACKLOG, on_connection);
    int sa_bytes = sizeof(sa);
    if (rc == 0)
        rc = uv_tcp_getsockname(&l->handle, (struct sockaddr *)&sa, &sa_bytes);
    if (rc == 0 && ret_bound)
        addr_from_os((struct sockaddr *)&sa, ret_bound);
    return rc;
}

struct listener *net_listen_tls(struct env *env, const struct addr *bind, struct tls *tls,
                                accept_fn *fn, void *owner, struct addr *ret_bound, struct err *err)
{
    struct env_uv *e = env_uv_of(env);
    struct listener *l = mem_new(struct listener);
    l->env = e;
    l->fn = fn;
    l->owner = owner;
    l->handle.data = l;
    uv_tcp_init(&e->loop, &l->handle);
    list_append(&e->listeners, &l->link);
    if (tls)
        tls->refs++;
    l->tls = tls;
    int rc = listener_start(l, bind, ret_bound);
    if (rc == 0)
        return l;
    char text[ADDR_TEXT_BYTES];
    err_os(err, ERR_NETWORK, -rc, "listen tcp %s: bind", addr_text(bind, text));
    net_listener_close(l);
    return NULL;
}

struct listener *net_listen(struct env *env, const struct addr *bind, accept_fn *fn, void *owner,
                            struct addr *ret_bound, struct err *err)
{
    return net_listen_tls(env, bind, NULL, fn, owner, ret_bound, err);
}

void net_listener_close(struct listener *l)
{
    list_each_safe (node, &l->env->streams) {
        struct stream *s = list_item(node, struct stream, link);
        if (s->listener == l)
            stream_destroy(s);
    }
    list_remove(&l->link);
    uv_close((uv_handle_t *)&l->handle, on_listener_closed);
}
