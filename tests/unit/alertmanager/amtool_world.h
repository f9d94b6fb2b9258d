// SPDX-License-Identifier: Apache-2.0
// amtool_world.h: a world of memory for amtool: files, one server that the test answers for, two
// streams. What is asked of the server is kept.
#pragma once
#include <fnmatch.h>

#include "alertmanager/amtool/amtool.h"
#include "base/model/httpconf.h"
#include "base/text/encode.h"
#include "tests/support/check.h"
#include "tests/support/fake_env.h"

#define TOOL_SERVER       "127.0.0.1:9093" // requests to others are refused
#define TOOL_HOME         "/home"
#define TOOL_REQUESTS_MAX 64

struct tool_request {
    str method, path, body;
    struct url_params query;
    str authorization; // "Basic …", or empty
    dur_ns timeout;
};

struct tool_world {
    struct fake_env fake;
    struct env_ops ops;
    struct amtool_world world;
    struct arena mem;
    // Fills the response, which begins as an empty one of JSON with status 404.
    void (*answer)(struct tool_world *, const struct tool_request *, struct http_response *);
    const void *data; // for answer
    struct tool_request requests[TOOL_REQUESTS_MAX];
    size_t request_count;
    struct http_call *pending[TOOL_REQUESTS_MAX];
    size_t pending_count, pending_most;
    bool is_awake;
    struct buf out, err;
};

struct http_call {
    http_done_fn *fn;
    void *owner;
    const struct tool_request *request; // NULL: refused
};

static inline struct tool_world *tool_world_of(struct env *env)
{
    return container_of(env, struct tool_world, fake.env);
}

static inline bool tool_glob(struct env *env, str pattern, struct arena *mem, str **ret,
                             size_t *ret_count, struct err *err)
{
    struct tool_world *w = tool_world_of(env);
    (void)err;
    *ret = arena_array(mem, str, w->fake.file_count);
    *ret_count = 0;
    for (size_t i = 0; i < w->fake.file_count; i++) {
        const char *path = w->fake.files[i].path;
        if (fnmatch(arena_c(mem, pattern), path, FNM_PATHNAME) == 0)
            (*ret)[(*ret_count)++] = arena_str(mem, str_c(path));
    }
    return true;
}

static inline bool tool_find_file(void *owner, str path, struct err *err)
{
    struct tool_world *w = owner;
    const char *name = arena_c(&w->mem, path);
    if (fake_file(&w->fake, name))
        return true;
    if (fake_file_starting(&w->fake, arena_printf(&w->mem, "%s/", name).p))
        return err_set(err, ERR_INVALID, "'%s' is a directory", name);
    return err_set(err, ERR_NOT_FOUND, "path '%s' does not exist", name);
}

static inline str tool_authorization(const struct httpconf *conf, struct arena *mem)
{
    struct buf pair = {.mem = mem}, header = {.mem = mem};
    if (!conf || conf->auth != HTTPCONF_BASIC)
        return S("");
    buf_put(&pair, conf->username.text);
    buf_put_c(&pair, ':');
    buf_put(&pair, conf->password.text);
    buf_put(&header, S("Basic "));
    buf_put_base64(&header, buf_str(&pair));
    return buf_str(&header);
}

static inline struct http_call *tool_ask(struct env *env, const struct http_request *r,
                                         http_done_fn *fn, void *owner)
{
    struct tool_world *w = tool_world_of(env);
    struct http_call *call = arena_new(&w->mem, struct http_call);
    struct url url;
    assert_true(url_parse(arena_str(&w->mem, r->url), &w->mem, &url, NULL));
    assert_true(w->pending_count < TOOL_REQUESTS_MAX && w->request_count < TOOL_REQUESTS_MAX);
    *call = (struct http_call){.fn = fn, .owner = owner};
    w->pending[w->pending_count++] = call;
    w->pending_most = MAX(w->pending_most, w->pending_count);
    if (!str_eq(url.host, S(TOOL_SERVER)))
        return call;
    struct tool_request *kept = &w->requests[w->request_count++];
    *kept = (struct tool_request){.method = arena_str(&w->mem, r->method),
                                  .path = url.path,
                                  .body = arena_str(&w->mem, r->body),
                                  .timeout = r->timeout};
    kept->authorization = tool_authorization(r->conf, &w->mem);
    url_params_parse(url.raw_query, &w->mem, &kept->query);
    call->request = kept;
    return call;
}

static inline void tool_answer(struct tool_world *w, struct http_call *call)
{
    struct err err = ERR_INIT;
    if (!call->request) {
        err_set(&err, ERR_NETWORK, "dial tcp: connect: connection refused");
        call->fn(call->owner, NULL, &err);
        return;
    }
    const struct http_header type = {S("Content-Type"), S("application/json")};
    struct http_response response = {.status = 404, .headers = &type, .header_count = 1};
    w->answer(w, call->request, &response);
    call->fn(call->owner, &response, &err);
}

static inline void tool_wait(struct env *env)
{
    struct tool_world *w = tool_world_of(env);
    for (w->is_awake = false; !w->is_awake;) {
        assert_true(w->pending_count > 0); // would wait for ever
        struct http_call *call = w->pending[0];
        w->pending_count--;
        memmove(w->pending, w->pending + 1, w->pending_count * sizeof(struct http_call *));
        tool_answer(w, call);
    }
}

static inline void tool_wake(struct env *env)
{
    tool_world_of(env)->is_awake = true;
}

static inline void tool_write(void *owner, bool is_error, str text)
{
    struct tool_world *w = owner;
    buf_put(is_error ? &w->err : &w->out, text);
}

static inline void tool_world_init(struct tool_world *w)
{
    *w = (struct tool_world){0};
    fake_env_init(&w->fake);
    w->ops = *w->fake.env.ops;
    w->ops.glob = tool_glob;
    w->ops.http = tool_ask;
    w->fake.env.ops = &w->ops;
    w->world = (struct amtool_world){.env = &w->fake.env,
                                     .wait = tool_wait,
                                     .wake = tool_wake,
                                     .find_file = tool_find_file,
                                     .write = tool_write,
                                     .owner = w,
                                     .user = "somebody",
                                     .home = TOOL_HOME,
                                     .tz = "UTC"};
}

static inline void tool_world_done(struct tool_world *w)
{
    assert_true(w->pending_count == 0);
    buf_done(&w->out);
    buf_done(&w->err);
    fake_env_done(&w->fake);
    arena_done(&w->mem);
}

// Runs one command line; the error goes to `err` behind the notes. Streams and requests are those
// of this run alone.
static inline bool tool_run(struct tool_world *w, int argc, char *const *argv)
{
    struct amtool t = {.world = &w->world, .env = &w->fake.env};
    struct err err = ERR_INIT;
    buf_clear(&w->out);
    buf_clear(&w->err);
    w->request_count = w->pending_most = 0;
    bool ok = amtool_run(&t, argc, argv, &err);
    amtool_flush(&t);
    if (!ok)
        buf_put(&w->err, err_str(&err));
    amtool_done(&t);
    return ok;
}

// The same for a line whose words are separated by blanks.
static inline bool tool_run_line(struct tool_world *w, const char *line)
{
    char *argv[32] = {arena_c(&w->mem, S("amtool"))};
    int argc = 1;
    for (str rest = str_c(line), word; rest.n && argc < 32;) {
        str_cut(rest, ' ', &word, &rest);
        argv[argc++] = arena_c(&w->mem, word);
    }
    return tool_run(w, argc, argv);
}
