// SPDX-License-Identifier: Apache-2.0
// receiver_world.h: an alertmanager in virtual time whose integrations talk to a server of the
// test: every request is kept, and answered as the test says.
//
//   receiver_world_init(&w, "route: …", answer, owner);
//   if (!receiver_world_run(&w, &err)) …              // the configuration is bad
//   api_world_ask(&w.api, "POST", "/api/v2/alerts", "[…]");
//   receiver_world_pass(&w, DUR_SECONDS(3));          // w.requests[], w.errors
//   receiver_world_stop(&w);
#pragma once
#include <fnmatch.h>

#include "alertmanager/app.h"
#include "alertmanager/metrics.h"
#include "base/model/httpconf.h"
#include "base/text/encode.h"
#include "base/text/json.h"
#include "base/text/url.h"
#include "tests/unit/alertmanager/api_world.h"

#define RECEIVER_REQUESTS_MAX 256
#define RECEIVER_DELAY        DUR_MS(1) // from a request to its answer

struct receiver_request { // in receiver_world.mem
    str method, url;
    const struct http_header *headers; // with those of http_config
    size_t header_count;
    str body;
};

// False: there is no answer, for the reason given.
typedef bool receiver_answer_fn(void *owner, const struct receiver_request *r,
                                struct http_response *ret, struct err *err);

struct receiver_world {
    struct api_world api;
    struct arena mem;
    struct log_sink sink;
    receiver_answer_fn *answer;
    void *owner;
    dur_ns delay; // until the answer
    struct receiver_request requests[RECEIVER_REQUESTS_MAX];
    size_t request_count;
    size_t calls_open;
    struct buf errors;   // what was logged about failures, a line each
    struct buf messages; // all lines of the log, JSON
};

static inline struct receiver_world *receiver_world_of(struct env *e)
{
    return container_of(world_of(e), struct receiver_world, api);
}

// ---- the server --------------------------------------------------------------------------------

struct http_call {
    struct receiver_world *w;
    struct timer timer;
    const struct receiver_request *request;
    bool is_too_late;
    size_t bytes_max;
    struct err refusal; // why it cannot be sent
    http_done_fn *on_done;
    void *owner;
};

static inline void receiver_call_end(void *owner)
{
    struct http_call *call = owner;
    struct receiver_world *w = call->w;
    struct http_response response = {.status = 200};
    struct err err = call->refusal;
    bool ok = err.code == ERR_NONE;
    if (ok && call->is_too_late)
        ok = err_set(&err, ERR_TIMEOUT, "context deadline exceeded");
    ok = ok && w->answer(w->owner, call->request, &response, &err);
    if (ok && response.body.n > call->bytes_max)
        ok = err_set(&err, ERR_LIMIT, "the response is larger than %zu bytes", call->bytes_max);
    call->on_done(call->owner, ok ? &response : NULL, &err);
    w->calls_open--;
    mem_free(call);
}

static inline str receiver_secret(struct receiver_world *w, const struct httpconf_secret *s,
                                  struct err *err)
{
    struct buf content = {.mem = &w->mem};
    if (s->file.n == 0)
        return s->text;
    return env_file_read(&w->api.fake.env, s->file, SIZE_MAX, &content, err)
               ? str_trim(buf_str(&content))
               : S("");
}

// What the client of the real world adds for an http_config.
static inline str receiver_authorization(struct receiver_world *w, const struct httpconf *c,
                                         struct err *err)
{
    struct buf value = {.mem = &w->mem};
    struct buf plain = {.mem = &w->mem};
    switch (c->auth) {
    case HTTPCONF_NO_AUTH:
        break;
    case HTTPCONF_BASIC:
        buf_put(&plain, receiver_secret(w, &c->username, err));
        buf_put_c(&plain, ':');
        buf_put(&plain, receiver_secret(w, &c->password, err));
        buf_put(&value, S("Basic "));
        buf_put_base64(&value, buf_str(&plain));
        break;
    case HTTPCONF_AUTHORIZATION:
        buf_put(&value, c->type);
        buf_put_c(&value, ' ');
        buf_put(&value, receiver_secret(w, &c->credentials, err));
        break;
    case HTTPCONF_OAUTH2:
        err_set(err, ERR_INVALID, "this world has no OAuth 2.0");
        break;
    }
    return buf_str(&value);
}

static inline void receiver_headers(struct receiver_world *w, const struct http_request *r,
                                    struct receiver_request *ret, struct err *err)
{
    static const struct httpconf none = {0};
    const struct httpconf *c = r->conf ? r->conf : &none;
    size_t count = 0;
    struct http_header *all =
        arena_array(&w->mem, struct http_header, r->header_count + c->header_count + 1);
    for (size_t i = 0; i < r->header_count; i++)
        all[count++] = (struct http_header){arena_str(&w->mem, r->headers[i].name),
                                            arena_str(&w->mem, r->headers[i].value)};
    str authorization = receiver_authorization(w, c, err);
    if (authorization.n && http_header_find(all, count, S("Authorization")).p == NULL)
        all[count++] = (struct http_header){S("Authorization"), authorization};
    for (size_t i = 0; i < c->header_count; i++)
        all[count++] = (struct http_header){
            c->headers[i].name, arena_str(&w->mem, receiver_secret(w, &c->headers[i].value, err))};
    ret->headers = all;
    ret->header_count = count;
}

static inline struct http_call *receiver_http(struct env *e, const struct http_request *r,
                                              http_done_fn *on_done, void *owner)
{
    struct receiver_world *w = receiver_world_of(e);
    struct http_call *call = mem_new(struct http_call);
    size_t bytes_max = r->response_bytes_max ? r->response_bytes_max : HTTP_RESPONSE_BYTES_MAX;
    *call = (struct http_call){
        .w = w, .on_done = on_done, .owner = owner, .bytes_max = bytes_max, .refusal = ERR_INIT};
    timer_init(&call->timer, receiver_call_end, call);
    assert_true(w->request_count < RECEIVER_REQUESTS_MAX);
    struct receiver_request *kept = &w->requests[w->request_count];
    *kept = (struct receiver_request){.method = arena_str(&w->mem, r->method),
                                      .url = arena_str(&w->mem, r->url),
                                      .body = arena_str(&w->mem, r->body)};
    struct url url;
    if (r->conf && r->conf->refusal.n)
        err_set(&call->refusal, ERR_INVALID, "%.*s", STR(r->conf->refusal));
    else if (url_parse(kept->url, &w->mem, &url, &call->refusal))
        receiver_headers(w, r, kept, &call->refusal);
    if (call->refusal.code == ERR_NONE)
        w->request_count++;
    call->request = kept;
    call->is_too_late = r->timeout > 0 && r->timeout < w->delay;
    w->calls_open++;
    env_timer_after(e, &call->timer, call->is_too_late ? r->timeout : w->delay);
    return call;
}

static inline void receiver_http_cancel(struct http_call *call)
{
    env_timer_cancel(&call->w->api.fake.env, &call->timer);
    call->w->calls_open--;
    mem_free(call);
}

// ---- the world ---------------------------------------------------------------------------------

static inline bool receiver_glob(struct env *e, str pattern, struct arena *mem, str **ret,
                                 size_t *ret_count, struct err *err)
{
    struct fake_env *f = &world_of(e)->fake;
    (void)err;
    *ret = arena_array(mem, str, f->file_count);
    *ret_count = 0;
    for (size_t i = 0; i < f->file_count; i++) {
        const char *path = f->files[i].path;
        if (fnmatch(arena_c(mem, pattern), path, FNM_PATHNAME) == 0)
            (*ret)[(*ret_count)++] = arena_str(mem, str_c(path));
    }
    return true;
}

static inline time_ns receiver_log_now(void *owner)
{
    return ((struct receiver_world *)owner)->api.fake.now;
}

static inline void receiver_log_write(void *owner, enum log_level level, str line)
{
    struct receiver_world *w = owner;
    struct arena mem = {0};
    const json *v = json_parse(line, false, &mem, NULL);
    str message = json_str(json_get(v, S("msg")));
    buf_put(&w->messages, line);
    if (level >= LOG_WARN && (str_eq(message, S("Notify attempt failed, will retry later")) ||
                              str_eq(message, S("Notify for alerts failed")))) {
        buf_put(&w->errors, json_str(json_get(v, S("err"))));
        buf_put_c(&w->errors, '\n');
    }
    arena_done(&mem);
}

static inline void receiver_world_ops(struct receiver_world *w)
{
    w->api.ops.http = receiver_http;
    w->api.ops.http_cancel = receiver_http_cancel;
    w->api.ops.glob = receiver_glob;
}

static inline void receiver_world_init(struct receiver_world *w, const char *config,
                                       receiver_answer_fn *answer, void *owner)
{
    *w = (struct receiver_world){.answer = answer, .owner = owner, .delay = RECEIVER_DELAY};
    api_world_init(&w->api, config);
    receiver_world_ops(w);
    w->sink = (struct log_sink){.level = LOG_DEBUG,
                                .format = LOG_JSON,
                                .now = receiver_log_now,
                                .write = receiver_log_write,
                                .owner = w};
    w->api.opt.sink = &w->sink;
    w->api.fake.env.log = log_root(&w->sink);
    w->api.opt.web_external_url = S("http://am.example.com");
    w->api.opt.web_route_prefix = S("/");
}

// False: the configuration was refused.
static inline bool receiver_world_run(struct receiver_world *w, struct err *err)
{
    w->api.am = am_new(&w->api.fake.env, &w->api.opt, err);
    fake_env_settle(&w->api.fake);
    return w->api.am != NULL;
}

// Kill -9 and a new start over the same disk. The log and the requests are kept.
static inline void receiver_world_restart(struct receiver_world *w)
{
    struct err err = ERR_INIT;
    am_free(take(&w->api.am));
    fake_env_reboot(&w->api.fake);
    receiver_world_run(w, &err);
    check_err(&err, "");
}

static inline void receiver_world_stop(struct receiver_world *w)
{
    api_world_stop(&w->api);
    assert_int_equal(w->calls_open, 0);
    buf_done(&w->errors);
    buf_done(&w->messages);
    arena_done(&w->mem);
}

// Time goes by in steps that are finer than the answers' delay matters.
static inline void receiver_world_pass(struct receiver_world *w, dur_ns d)
{
    for (mono_ns until = w->api.fake.mono + d; w->api.fake.mono < until;)
        fake_env_advance(&w->api.fake, MIN(DUR_MS(10), until - w->api.fake.mono));
}

// Of the first receiver's first integration.
static inline const struct notify_counters *receiver_world_counters(struct receiver_world *w)
{
    const struct config *config = w->api.am->runtime->config;
    assert_true(config->receivers[0].integration_count > 0);
    return am_counters(w->api.am, config->receivers[0].integrations[0]);
}
