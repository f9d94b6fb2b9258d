// SPDX-License-Identifier: Apache-2.0
#include "tests/golden/vmalert/wire.h"

#include "base/io/env_uv.h"

static void handle(void *owner, struct http_exchange *x)
{
    struct wire *w = owner;
    w->request_count++;
    w->method = arena_str(&w->mem, x->method);
    w->path = arena_str(&w->mem, x->path);
    w->query = arena_str(&w->mem, x->query);
    w->request_body = arena_str(&w->mem, x->body);
    w->headers = arena_array(&w->mem, struct http_header, x->header_count + 1);
    w->header_count = x->header_count;
    for (size_t i = 0; i < x->header_count; i++)
        w->headers[i] = (struct http_header){arena_str(&w->mem, x->headers[i].name),
                                             arena_str(&w->mem, x->headers[i].value)};
    struct http_reply reply = {.status = w->status, .body = w->body};
    x->reply(x, &reply);
}

int wire_setup(void **state)
{
    struct wire *w = *state;
    struct err err = ERR_INIT;
    const struct http_server_options options = {
        .listen = S("127.0.0.1:0"), .body_bytes_max = 1 << 20, .handle = handle, .owner = w};
    *w = (struct wire){.status = 200};
    w->env = env_uv_new(&(struct env_uv_options){0}, &err);
    w->server = w->env ? env_http_listen(w->env, &options, &w->addr, &err) : NULL;
    snprintf(w->url, sizeof(w->url), "http://127.0.0.1:%u", w->addr.port);
    return w->server ? 0 : -1;
}

int wire_teardown(void **state)
{
    struct wire *w = *state;
    env_uv_free(w->env);
    arena_done(&w->mem);
    return 0;
}

void wire_forget(struct wire *w)
{
    arena_clear(&w->mem);
    w->request_count = w->header_count = 0;
    w->method = w->path = w->query = w->request_body = (str){0};
}

void wire_wait(struct wire *w)
{
    env_uv_run(w->env);
}

void wire_wake(struct wire *w)
{
    env_uv_stop(w->env);
}

str wire_header(const struct wire *w, str name)
{
    return http_header_find(w->headers, w->header_count, name);
}
