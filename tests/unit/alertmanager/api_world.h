// SPDX-License-Identifier: Apache-2.0
// api_world.h: a whole alertmanager over a fake world, asked through am_serve, without sockets.
//
//   struct api_world w;
//   api_world_start(&w, "route: …");
//   api_world_ask(&w, "GET", "/api/v2/alerts", "");   // w.status, w.body, api_world_header()
//   api_world_stop(&w);
#pragma once
#include "alertmanager/api.h"
#include "base/core/alloc.h"
#include "tests/support/check.h"
#include "tests/support/fake_env.h"

#define WORLD_CONFIG                                                                               \
    "route:\n  receiver: default\n  group_by: [alertname]\n  group_wait: 1h\n"                     \
    "receivers:\n- name: default\n"

struct http_server {
    struct timer stop_timer;
    void (*on_stopped)(void *);
    void *stop_owner;
};

struct world_job {
    struct timer timer;
    void (*run)(void *job);
    void (*on_done)(void *job);
    void *job;
};

struct api_world {
    struct fake_env fake;
    struct env_ops ops;
    struct arena mem; // of options and texts of tests
    struct am_options opt;
    struct am *am;
    struct http_server server;
    bool is_stopped;
    size_t jobs;        // started
    bool are_jobs_held; // they don't run until let go

    // The request being answered, and the last answer.
    struct http_exchange x;
    struct arena exchange_mem;
    struct http_reply stream; // being taken; next is NULL when there is none
    bool is_stream_held;      // pieces are not taken
    bool is_answered;
    int status;
    size_t pieces, piece_bytes_max;
    struct http_header headers[16];
    size_t header_count;
    struct buf body;
};

static inline struct api_world *world_of(struct env *e)
{
    return container_of(e, struct api_world, fake.env);
}

// ---- the world ---------------------------------------------------------------------------------

static inline struct http_server *world_listen(struct env *e, const struct http_server_options *o,
                                               struct addr *ret_bound, struct err *err)
{
    (void)o;
    (void)err;
    *ret_bound = (struct addr){.ip = {127, 0, 0, 1}, .ip_bytes = 4, .port = 9093};
    return &world_of(e)->server;
}

static inline void world_on_stop(void *owner)
{
    struct http_server *s = owner;
    s->on_stopped(s->stop_owner);
}

static inline void world_server_stop(struct http_server *s, dur_ns grace, void (*fn)(void *),
                                     void *owner)
{
    (void)grace;
    struct api_world *w = container_of(s, struct api_world, server);
    s->on_stopped = fn;
    s->stop_owner = owner;
    timer_init(&s->stop_timer, world_on_stop, s);
    env_timer_after(&w->fake.env, &s->stop_timer, 0);
}

static inline void world_run_job(void *owner)
{
    struct world_job *j = owner;
    j->run(j->job);
    j->on_done(j->job);
    mem_free(j);
}

static inline void world_work(struct env *e, void (*run)(void *), void (*on_done)(void *),
                              void *job)
{
    struct api_world *w = world_of(e);
    struct world_job *j = mem_new(struct world_job);
    *j = (struct world_job){.run = run, .on_done = on_done, .job = job};
    timer_init(&j->timer, world_run_job, j);
    env_timer_after(e, &j->timer, w->are_jobs_held ? DUR_DAYS(1) : 0);
    w->jobs++;
}

static inline bool world_dir_make(struct env *e, str path, struct err *err)
{
    (void)e, (void)path, (void)err;
    return true;
}

static inline void api_world_init(struct api_world *w, const char *config)
{
    *w = (struct api_world){0};
    fake_env_init(&w->fake);
    w->ops = *w->fake.env.ops;
    w->ops.http_listen = world_listen;
    w->ops.http_server_stop = world_server_stop;
    w->ops.work = world_work;
    w->ops.dir_make = world_dir_make;
    w->fake.env.ops = &w->ops;
    fake_file_set(&w->fake, "alertmanager.yml", str_c(config));
    w->opt = am_options_default(&w->mem);
    w->opt.cluster_listen = S("");
    w->opt.hostname = S("host");
}

static inline void api_world_run(struct api_world *w)
{
    struct err err = ERR_INIT;
    w->am = am_new(&w->fake.env, &w->opt, &err);
    check_err(&err, "");
    assert_non_null(w->am);
    fake_env_settle(&w->fake);
}

static inline void api_world_start(struct api_world *w, const char *config)
{
    api_world_init(w, config);
    api_world_run(w);
}

static inline void world_on_stopped(void *owner)
{
    ((struct api_world *)owner)->is_stopped = true;
}

static inline void api_world_stop(struct api_world *w)
{
    if (w->am) {
        am_stop(w->am, world_on_stopped, w);
        fake_env_settle(&w->fake);
        assert_true(w->is_stopped);
        am_free(w->am);
    }
    buf_done(&w->body);
    arena_done(&w->exchange_mem);
    arena_done(&w->mem);
    fake_env_done(&w->fake);
}

// ---- asking ------------------------------------------------------------------------------------

static inline void world_take_stream(struct api_world *w)
{
    bool has_more = w->stream.next != NULL;
    while (has_more && !w->is_stream_held) {
        size_t before = w->body.n;
        has_more = w->stream.next(w->stream.owner, &w->body);
        w->piece_bytes_max = MAX(w->piece_bytes_max, w->body.n - before);
        w->pieces++;
    }
    if (w->stream.next && !has_more) {
        w->stream.next = NULL;
        if (w->stream.done)
            w->stream.done(w->stream.owner);
    }
}

static inline void world_reply(struct http_exchange *x, const struct http_reply *reply)
{
    struct api_world *w = container_of(x, struct api_world, x);
    assert_false(w->is_answered);
    w->is_answered = true;
    w->status = reply->status;
    w->header_count = MIN(reply->header_count, ARRAY_LEN(w->headers));
    for (size_t i = 0; i < w->header_count; i++)
        w->headers[i] = (struct http_header){
            arena_str(&w->exchange_mem, reply->headers[i].name),
            arena_str(&w->exchange_mem, reply->headers[i].value),
        };
    if (reply->next)
        w->stream = *reply;
    else
        buf_put(&w->body, reply->body);
}

// Begins a request; its answer may come later. A body that is not NULL is JSON unless a
// Content-Type is among the headers.
static inline void api_world_begin(struct api_world *w, const char *method, const char *target,
                                   const char *body, const struct http_header *headers,
                                   size_t header_count)
{
    arena_clear(&w->exchange_mem);
    buf_clear(&w->body);
    w->is_answered = false;
    w->status = 0;
    w->header_count = w->pieces = w->piece_bytes_max = 0;
    struct http_header *all = arena_array(&w->exchange_mem, struct http_header, header_count + 1);
    for (size_t i = 0; i < header_count; i++)
        all[i] = headers[i];
    if (body && http_header_find(headers, header_count, S("Content-Type")).p == NULL)
        all[header_count++] = (struct http_header){S("Content-Type"), S("application/json")};
    w->x = (struct http_exchange){
        .method = str_c(method),
        .target = str_c(target),
        .headers = all,
        .header_count = header_count,
        .body = str_c(body),
        .has_body = body && *body,
        .mem = &w->exchange_mem,
        .reply = world_reply,
    };
    str_cut(w->x.target, '?', &w->x.path, &w->x.query);
    am_serve(w->am, &w->x);
}

static inline void api_world_ask_with(struct api_world *w, const char *method, const char *target,
                                      const char *body, const struct http_header *headers,
                                      size_t header_count)
{
    api_world_begin(w, method, target, body, headers, header_count);
    fake_env_settle(&w->fake);
    assert_true(w->is_answered);
    world_take_stream(w);
}

static inline void api_world_ask(struct api_world *w, const char *method, const char *target,
                                 const char *body)
{
    api_world_ask_with(w, method, target, body, NULL, 0);
}

static inline str api_world_header(const struct api_world *w, const char *name)
{
    return http_header_find(w->headers, w->header_count, str_c(name));
}

// Asks and checks status and body.
#define check_answer(w, method, target, body_, want_status, want)                                  \
    do {                                                                                           \
        api_world_ask((w), (method), (target), (body_));                                           \
        check_str(buf_str(&(w)->body), str_c(want));                                               \
        assert_int_equal((w)->status, (want_status));                                              \
    } while (0)
