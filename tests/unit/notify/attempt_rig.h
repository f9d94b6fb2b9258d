// SPDX-License-Identifier: Apache-2.0
// attempt_rig.h: one attempt of an integration against a server that the test plays.
//
//   struct attempt_rig r;
//   attempt_rig_init(&r, &JIRA_OPS, &conf);
//   attempt_rig_start(&r);
//   check_str(attempt_rig_call(&r)->url, S("https://…"));   // the request under way
//   attempt_rig_answer(&r, 200, "{}");                      // or attempt_rig_break, _cancel
//   assert_true(r.is_done && r.result.is_delivered);
//   attempt_rig_done(&r);
#pragma once
#include "base/core/alloc.h"
#include "notify/integrations/attempt.h"
#include "notify/tplfuncs.h"
#include "tests/support/check.h"
#include "tests/support/fake_env.h"

#define RIG_CALLS_MAX 8
#define RIG_HASH      "cc9772a1ec901d26ef71dae861793e4d08979fa5030a3f0a5f3ba549f1f2d0b6" // of the group

struct http_call { // a request, kept when it has ended
    struct attempt_rig *rig;
    bool is_open;
    http_done_fn *on_done;
    void *owner;
    str method, url, body;
    const struct http_header *headers;
    size_t header_count;
    dur_ns timeout;
    const struct httpconf *conf; // while it is open
};

struct attempt_rig {
    struct fake_env fake;
    struct env_ops ops;
    struct log_sink sink;
    struct buf log; // lines, JSON
    struct arena mem;
    struct label_store labels;
    struct labels *alert_labels[2], *no_labels;
    struct notify_alert alerts[2]; // "a" fires; "b" is there if a test says so
    struct notify_group group;
    struct notify_context context;
    struct integration integration;
    struct notify_message message;
    struct tpl_set *templates, *html_templates;

    struct http_call calls[RIG_CALLS_MAX];
    size_t call_count;
    struct notify_attempt *attempt; // NULL: it has ended
    bool is_done;
    struct notify_result result;
};

// ---- the world ---------------------------------------------------------------------------------

static inline struct attempt_rig *attempt_rig_of(struct env *e)
{
    return container_of(e, struct attempt_rig, fake.env);
}

static inline struct http_call *rig_http(struct env *e, const struct http_request *r,
                                         http_done_fn *on_done, void *owner)
{
    struct attempt_rig *rig = attempt_rig_of(e);
    assert_true(rig->call_count < RIG_CALLS_MAX);
    struct http_header *headers = arena_array(&rig->mem, struct http_header, r->header_count);
    for (size_t i = 0; i < r->header_count; i++)
        headers[i] = (struct http_header){arena_str(&rig->mem, r->headers[i].name),
                                          arena_str(&rig->mem, r->headers[i].value)};
    struct http_call *call = &rig->calls[rig->call_count++];
    *call = (struct http_call){
        .rig = rig,
        .is_open = true,
        .on_done = on_done,
        .owner = owner,
        .method = arena_str(&rig->mem, r->method),
        .url = arena_str(&rig->mem, r->url),
        .body = arena_str(&rig->mem, r->body),
        .headers = headers,
        .header_count = r->header_count,
        .timeout = r->timeout,
        .conf = r->conf,
    };
    return call;
}

static inline void rig_http_cancel(struct http_call *call)
{
    assert_true(call->is_open);
    call->is_open = false;
}

static inline time_ns rig_now(void *owner)
{
    return ((struct attempt_rig *)owner)->fake.now;
}

static inline void rig_log(void *owner, enum log_level level, str line)
{
    (void)level;
    buf_put(&((struct attempt_rig *)owner)->log, line);
}

static inline struct labels *rig_labels(struct attempt_rig *r, const char *name)
{
    struct label labels[] = {{S("alertname"), str_c(name)}};
    return labels_get(&r->labels, labels, 1);
}

static inline void attempt_rig_init(struct attempt_rig *r, const struct integration_ops *ops,
                                    const void *conf)
{
    *r = (struct attempt_rig){.result = {.err = ERR_INIT}};
    fake_env_init(&r->fake);
    r->ops = *r->fake.env.ops;
    r->ops.http = rig_http;
    r->ops.http_cancel = rig_http_cancel;
    r->fake.env.ops = &r->ops;
    r->sink = (struct log_sink){.level = LOG_DEBUG,
                                .format = LOG_JSON,
                                .no_timestamps = true,
                                .now = rig_now,
                                .write = rig_log,
                                .owner = r};
    r->fake.env.log = log_root(&r->sink);
    label_store_init(&r->labels, 1);
    r->no_labels = labels_get(&r->labels, NULL, 0);
    for (size_t i = 0; i < ARRAY_LEN(r->alerts); i++) {
        r->alert_labels[i] = rig_labels(r, i == 0 ? "a" : "b");
        r->alerts[i] = (struct notify_alert){.labels = r->alert_labels[i],
                                             .annotations = r->no_labels,
                                             .starts_at = {.t = r->fake.now},
                                             .ends_at = {.t = TIME_UNSET}};
    }
    r->templates = tplfuncs_set_new(false);
    r->html_templates = tplfuncs_set_new(true);
    r->group = (struct notify_group){
        .receiver = S("team"), .group_key = S("{}:{}"), .group_labels = r->no_labels};
    r->context = (struct notify_context){.env = &r->fake.env,
                                         .templates = r->templates,
                                         .html_templates = r->html_templates,
                                         .external_url = S("http://am"),
                                         .user_agent = S("Alertmanager/1")};
    r->integration = (struct integration){
        .ops = ops, .context = &r->context, .receiver = S("team"), .conf = conf};
    r->message = (struct notify_message){.group = &r->group,
                                         .alerts = r->alerts,
                                         .alert_count = 1,
                                         .reason = NOTIFY_FIRST,
                                         .deadline = r->fake.mono + DUR_MINUTES(5),
                                         .mem = &r->mem};
}

static inline void attempt_rig_done(struct attempt_rig *r)
{
    assert_null(r->attempt);
    for (size_t i = 0; i < r->call_count; i++)
        assert_false(r->calls[i].is_open);
    tpl_set_free(r->templates);
    tpl_set_free(r->html_templates);
    for (size_t i = 0; i < ARRAY_LEN(r->alert_labels); i++)
        labels_unref(r->alert_labels[i]);
    labels_unref(r->no_labels);
    label_store_done(&r->labels);
    buf_done(&r->log);
    arena_done(&r->mem);
    fake_env_done(&r->fake);
}

// ---- the attempt -------------------------------------------------------------------------------

static inline void rig_on_done(void *owner, const struct notify_result *result)
{
    struct attempt_rig *r = owner;
    assert_false(r->is_done);
    r->is_done = true;
    r->attempt = NULL;
    r->result = *result;
}

static inline void attempt_rig_start(struct attempt_rig *r)
{
    r->is_done = false;
    r->attempt = r->integration.ops->start(&r->integration, &r->message, rig_on_done, r);
    assert_false(r->is_done); // never inside of start
    fake_env_settle(&r->fake);
}

static inline void attempt_rig_cancel(struct attempt_rig *r)
{
    r->integration.ops->cancel(take(&r->attempt));
    fake_env_settle(&r->fake);
    assert_false(r->is_done);
}

static inline void rig_resolve(struct attempt_rig *r)
{
    r->alerts[0].is_resolved = true;
    r->alerts[0].ends_at.t = r->fake.now;
}

// The request under way.
static inline struct http_call *attempt_rig_call(struct attempt_rig *r)
{
    assert_true(r->call_count > 0 && r->calls[r->call_count - 1].is_open);
    return &r->calls[r->call_count - 1];
}

static inline void attempt_rig_answer(struct attempt_rig *r, int status, const char *body)
{
    struct http_call *call = attempt_rig_call(r);
    struct http_response response = {.status = status, .body = str_c(body)};
    call->is_open = false;
    call->on_done(call->owner, &response, NULL);
}

// There is no answer.
static inline void attempt_rig_break(struct attempt_rig *r, enum err_code code, const char *why)
{
    struct http_call *call = attempt_rig_call(r);
    struct err err = ERR_INIT;
    err_set(&err, code, "%s", why);
    call->is_open = false;
    call->on_done(call->owner, NULL, &err);
}

static inline str rig_header(const struct http_call *call, const char *name)
{
    return http_header_find(call->headers, call->header_count, str_c(name));
}

// ---- verdicts ----------------------------------------------------------------------------------

#define check_delivered(r)                                                                         \
    do {                                                                                           \
        check_err(&(r)->result.err, "");                                                           \
        assert_true((r)->is_done && (r)->result.is_delivered);                                     \
    } while (0)

#define check_failed(r, text, is_retried, why)                                                     \
    do {                                                                                           \
        assert_true((r)->is_done && !(r)->result.is_delivered);                                    \
        check_err(&(r)->result.err, (text));                                                       \
        assert_int_equal((r)->result.may_retry, (is_retried));                                     \
        assert_int_equal((r)->result.failure, (why));                                              \
    } while (0)
