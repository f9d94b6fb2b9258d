// SPDX-License-Identifier: Apache-2.0
// Datagrams. libuv hands over at most 32 per readable event, then other work has its turn.
#include "base/core/alloc.h"
#include "base/io/io.h"

#define RECEIVE_BUFFER_BYTES     (2 << 20) // asked for; halved until the kernel agrees
#define RECEIVE_BUFFER_BYTES_MIN (16 << 10)

struct udp {
    uv_udp_t handle;
    struct list link; // env_uv.udps
    struct env_uv *env;
    udp_fn *fn;
    void *owner;
    bool is_ipv6;
};

static void on_udp_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
    (void)suggested;
    struct udp *u = handle->data;
    *ret = uv_buf_init(u->env->read_buffer, READ_BUFFER_BYTES);
}

static void on_udp_read(uv_udp_t *handle, ssize_t n, const uv_buf_t *data,
                        const struct sockaddr *from_os, unsigned flags)
{
    struct udp *u = handle->data;
    struct addr from;
    // n < 0 is a passing error of the socket; no address means there was nothing to read.
    if (n < 0 || !from_os || (flags & UV_UDP_PARTIAL) || !addr_from_os(from_os, &from))
        return;
    u->env->counts.udp_received++;
    u->fn(u->owner, &from, str_from(data->base, (size_t)n));
}

static void on_udp_closed(uv_handle_t *handle)
{
    mem_free(handle->data);
}

static void udp_widen(struct udp *u)
{
    for (int bytes = RECEIVE_BUFFER_BYTES; bytes >= RECEIVE_BUFFER_BYTES_MIN; bytes /= 2) {
        int asked = bytes;
        if (uv_recv_buffer_size((uv_handle_t *)&u->handle, &asked) == 0)
            return;
    }
}

static int udp_start(struct udp *u, const struct addr *bind, struct addr *ret_bound)
{
    struct sockaddr_storage sa;
    addr_to_os(bind, &sa);
    int rc = uv_udp_bind(&u->handle, (struct sockaddr *)&sa, 0);
    int sa_bytes = sizeof(sa);
    if (rc == 0)
        rc = uv_udp_getsockname(&u->handle, (struct sockaddr *)&sa, &sa_bytes);
    if (rc == 0)
        rc = uv_udp_recv_start(&u->handle, on_udp_alloc, on_udp_read);
    if (rc == 0 && ret_bound)
        addr_from_os((struct sockaddr *)&sa, ret_bound);
    return rc;
}

struct udp *net_udp_open(struct env *env, const struct addr *bind, udp_fn *fn, void *owner,
                         struct addr *ret_bound, struct err *err)
{
    struct env_uv *e = env_uv_of(env);
    struct udp *u = mem_new(struct udp);
    u->env = e;
    u->fn = fn;
    u->owner = owner;
    u->is_ipv6 = bind->ip_bytes == 16;
    u->handle.data = u;
    uv_udp_init(&e->loop, &u->handle);
    list_append(&e->udps, &u->link);
    int rc = udp_start(u, bind, ret_bound);
    if (rc == 0) {
        udp_widen(u);
        return u;
    }
    char text[ADDR_TEXT_BYTES];
    err_os(err, ERR_NETWORK, -rc, "listen udp %s: bind", addr_text(bind, text));
    net_udp_close(u);
    return NULL;
}

void net_udp_send(struct udp *u, const struct addr *to, str datagram)
{
    struct addr target = u->is_ipv6 ? addr_mapped(to) : *to;
    struct sockaddr_storage sa;
    addr_to_os(&target, &sa);
    uv_buf_t data = uv_buf_init((char *)(uintptr_t)datagram.p, (unsigned)datagram.n);
    // Never queued: a datagram that the kernel does not take now is lost, as on any network.
    if (uv_udp_try_send(&u->handle, &data, 1, (struct sockaddr *)&sa) < 0)
        u->env->counts.udp_dropped++;
    else
        u->env->counts.udp_sent++;
}

void net_udp_close(struct udp *u)
{
    list_remove(&u->link);
    uv_close((uv_handle_t *)&u->handle, on_udp_closed);
}

void net_udp_close_all(struct env_uv *e)
{
    while (!list_is_empty(&e->udps))
        net_udp_close(list_item(e->udps.next, struct udp, link));
}
