// SPDX-License-Identifier: Apache-2.0
// Descriptors owned by curl, c-ares and microhttpd, watched by the loop.
//
// libuv aborts when a watched descriptor is closed first, and when two handles watch one. So one
// table by descriptor owns all watches, and a handle's memory goes in its close callback only.
#include "base/core/alloc.h"
#include "base/io/io.h"

struct fd_poll {
    uv_poll_t handle;
    int fd;
    int events;
    poll_fn *fn;
    void *owner;
};

static void on_poll(uv_poll_t *handle, int status, int uv_events)
{
    struct fd_poll *p = handle->data;
    int events = (uv_events & UV_READABLE ? POLL_READ : 0) |
                 (uv_events & UV_WRITABLE ? POLL_WRITE : 0) | (status < 0 ? POLL_ERROR : 0);
    if (status < 0)
        p->events = 0; // the loop has stopped watching it for good
    p->fn(p->owner, p->fd, events);
}

static void start(struct fd_poll *p)
{
    int uv_events =
        (p->events & POLL_READ ? UV_READABLE : 0) | (p->events & POLL_WRITE ? UV_WRITABLE : 0);
    int rc = uv_poll_start(&p->handle, uv_events, on_poll);
    if (rc != 0)
        panic("cannot watch a descriptor: %s", uv_strerror(rc));
}

static void on_poll_closed(uv_handle_t *handle)
{
    mem_free(handle->data);
}

static struct fd_poll *poll_new(struct env_uv *e, int fd)
{
    struct fd_poll *p = mem_new(struct fd_poll);
    p->fd = fd;
    int rc = uv_poll_init(&e->loop, &p->handle, fd);
    if (rc != 0)
        panic("cannot watch a descriptor: %s", uv_strerror(rc));
    p->handle.data = p;
    return p;
}

void poll_set(struct env_uv *e, int fd, int events, poll_fn *fn, void *owner)
{
    assert(fd >= 0 && events);
    if ((size_t)fd >= e->poll_cap) {
        size_t cap = MAX(e->poll_cap * 2, (size_t)fd + 64);
        e->polls = mem_resize(e->polls, cap, sizeof(struct fd_poll *));
        memset(e->polls + e->poll_cap, 0, (cap - e->poll_cap) * sizeof(struct fd_poll *));
        e->poll_cap = cap;
    }
    struct fd_poll *p = e->polls[fd];
    if (!p)
        p = e->polls[fd] = poll_new(e, fd);
    p->fn = fn;
    p->owner = owner;
    if (p->events == events)
        return;
    p->events = events;
    start(p);
}

void poll_drop(struct env_uv *e, int fd)
{
    if (fd < 0 || (size_t)fd >= e->poll_cap || !e->polls[fd])
        return;
    struct fd_poll *p = e->polls[fd];
    e->polls[fd] = NULL;
    uv_poll_stop(&p->handle);
    uv_close((uv_handle_t *)&p->handle, on_poll_closed);
}

void poll_done(struct env_uv *e)
{
    for (size_t fd = 0; fd < e->poll_cap; fd++)
        poll_drop(e, (int)fd);
    mem_free(e->polls);
    e->polls = NULL;
    e->poll_cap = 0;
}
