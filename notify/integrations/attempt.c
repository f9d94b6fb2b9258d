// SPDX-License-Identifier: Apache-2.0
#include "notify/integrations/attempt.h"

#include "base/core/alloc.h"
#include "base/text/digest.h"
#include "notify/truncate.h"

static struct env *attempt_env(const struct notify_attempt *a)
{
    return a->integration->context->env;
}

// ---- life --------------------------------------------------------------------------------------

static void end(struct notify_attempt *a)
{
    a->on_done(a->owner, &a->result);
    mem_free(a);
}

static void on_timer(void *owner)
{
    struct notify_attempt *a = owner;
    if (a->on_waited)
        a->on_waited(a);
    else
        end(a);
}

struct notify_attempt *attempt_start(const struct integration *integration,
                                     const struct notify_message *m, notify_done_fn *on_done,
                                     void *owner)
{
    struct notify_attempt *a = mem_alloc(sizeof(*a));
    *a = (struct notify_attempt){
        .integration = integration,
        .message = *m,
        .mem = m->mem,
        .err = ERR_INIT,
        .body = {.mem = m->mem},
        .memos = m->memos,
        .memo_count = m->memo_count,
        .on_done = on_done,
        .owner = owner,
        .result = {.err = ERR_INIT},
    };
    timer_init(&a->timer, on_timer, a);
    a->data = notify_data(integration, m, m->alert_count);
    integration->ops->begin(a);
    a->is_begun = true;
    return a;
}

void attempt_cancel(struct notify_attempt *a)
{
    env_timer_cancel(attempt_env(a), &a->timer);
    env_http_cancel(attempt_env(a), a->call);
    mem_free(a);
}

// ---- making a message --------------------------------------------------------------------------

typedef bool render_fn(const struct integration *, const struct notify_message *,
                       const struct tpldata *, str text, str *ret, struct err *);

static str render(struct notify_attempt *a, str text, render_fn *fn)
{
    str ret;
    if (attempt_failed(a) || !fn(a->integration, &a->message, a->data, text, &ret, &a->err))
        return S("");
    return ret;
}

str attempt_render(struct notify_attempt *a, str text)
{
    return render(a, text, notify_render);
}

str attempt_render_html(struct notify_attempt *a, str text)
{
    return render(a, text, notify_render_html);
}

str attempt_secret(struct notify_attempt *a, str value, str file, const char *usage)
{
    if (attempt_failed(a) || file.n == 0)
        return attempt_failed(a) ? S("") : value;
    struct buf content = {.mem = a->mem};
    if (env_file_read(attempt_env(a), file, ATTEMPT_FILE_BYTES_MAX, &content, &a->err))
        return str_trim(buf_str(&content));
    if (usage)
        err_wrap(&a->err, "%s", usage);
    return S("");
}

str attempt_truncate(struct notify_attempt *a, str text, size_t runes_max, const char *what)
{
    bool is_cut;
    str kept = truncate_runes(text, runes_max, &is_cut, a->mem);
    if (is_cut)
        log_write(&attempt_env(a)->log, LOG_WARN, LOG_WHERE,
                  arena_printf(a->mem, "Truncated %s", what),
                  LOG_ATTRS(LOG_STR("receiver", a->integration->receiver),
                            LOG_STR("key", a->message.group->group_key),
                            LOG_INT("max_runes", runes_max)));
    return kept;
}

str attempt_group_hash(struct notify_attempt *a)
{
    uint8_t digest[SHA256_BYTES];
    sha256(a->message.group->group_key, digest);
    struct buf hex = {.mem = a->mem};
    buf_put_hex(&hex, str_from(digest, sizeof(digest)));
    return buf_str(&hex);
}

struct json_writer attempt_json(struct notify_attempt *a)
{
    a->body.n = 0;
    return (struct json_writer){.out = &a->body, .escape = JSON_ESCAPE_HTML};
}

str attempt_body(struct notify_attempt *a)
{
    buf_put_c(&a->body, '\n');
    return buf_str(&a->body);
}

// ---- sending -----------------------------------------------------------------------------------

// As Go's client names the method: "Post".
static void wrap_request(struct notify_attempt *a, str url)
{
    defer(buf_done) struct buf lower = {0};
    buf_put_lower(&lower, str_skip(a->method, 1));
    err_wrap(&a->err, "%c%.*s \"%.*s\"", a->method.p[0], STR(buf_str(&lower)), STR(url));
}

static void on_response(void *owner, const struct http_response *response, const struct err *why)
{
    struct notify_attempt *a = owner;
    a->call = NULL;
    if (response) {
        a->retry_after = notify_retry_after(response);
        a->on_answer(a, response);
        return;
    }
    a->err = *why;
    wrap_request(a, a->is_url_shown ? a->url : S("<redacted>"));
    if (a->prefix.n)
        err_wrap(&a->err, "%.*s", STR(a->prefix));
    if (a->timeout.after > 0 && a->timeout.name && why->code == ERR_TIMEOUT) {
        defer(buf_done) struct buf text = {0};
        buf_put_dur_go(&text, a->timeout.after);
        struct err inner = a->err;
        err_set(&a->err, ERR_TIMEOUT, "%.*s: configured %s timeout reached (%.*s)",
                STR(err_str(&inner)), a->timeout.name, STR(buf_str(&text)));
    }
    if (a->on_silence)
        a->on_silence(a);
    else
        attempt_fail(a, FAIL_AND_RETRY, FAILURE_OTHER);
}

// As Go's client shows it: user:***@host.
static str without_password(str url, struct arena *mem)
{
    size_t scheme = str_find_str(url, S("://"));
    str origin = scheme == STR_NONE ? S("") : str_slice(url, 0, scheme + 3), rest, user, password;
    str authority = str_skip(url, origin.n);
    for (size_t i = 0; i < authority.n; i++) {
        char c = authority.p[i];
        if (c == '/' || c == '?' || c == '#')
            authority.n = i;
    }
    rest = str_skip(url, origin.n + authority.n);
    if (!str_cut_last(authority, '@', &user, &authority) || !str_cut(user, ':', &user, &password))
        return arena_str(mem, url);
    return arena_printf(mem, "%.*s%.*s:***@%.*s%.*s", STR(origin), STR(user), STR(authority),
                        STR(rest));
}

#define OWN_HEADERS 2 // Content-Type, User-Agent

void attempt_send(struct notify_attempt *a, const struct attempt_request *r,
                  attempt_answer_fn *on_answer)
{
    struct env *env = attempt_env(a);
    const struct integration_conf *conf = a->integration->conf;
    struct http_header *headers =
        arena_array(a->mem, struct http_header, r->header_count + OWN_HEADERS);
    size_t count = 0;
    a->method = r->method.n ? r->method : S("POST");
    if (!str_eq(a->method, S("GET")))
        headers[count++] = (struct http_header){
            S("Content-Type"), r->content_type.n ? r->content_type : S("application/json")};
    headers[count++] = (struct http_header){
        S("User-Agent"), r->user_agent.n ? r->user_agent : a->integration->context->user_agent};
    for (size_t i = 0; i < r->header_count; i++)
        headers[count++] = r->headers[i];

    dur_ns left = sub_saturated(a->message.deadline, env_mono(env));
    a->timeout = r->timeout;
    if (a->timeout.after >= left) // the flush keeps its own deadline
        a->timeout.after = 0;
    a->is_url_shown = r->is_url_shown;
    a->url = without_password(r->url, a->mem);
    a->prefix = arena_str(a->mem, r->prefix);
    a->on_answer = on_answer;
    a->on_silence = r->on_silence;
    struct http_request request = {
        .method = a->method,
        .url = r->url,
        .headers = headers,
        .header_count = count,
        .body = r->body,
        .timeout = a->timeout.after,
        .response_bytes_max = ATTEMPT_RESPONSE_BYTES_MAX,
        .conf = r->http ? r->http : conf->http,
    };
    a->call = env_http(env, &request, on_response, a);
}

void attempt_wait(struct notify_attempt *a, dur_ns delay, attempt_fn *on_waited)
{
    a->on_waited = on_waited;
    env_timer_after(attempt_env(a), &a->timer, delay);
}

// ---- ending ------------------------------------------------------------------------------------

static void finish(struct notify_attempt *a)
{
    a->on_waited = NULL;
    if (a->is_begun)
        end(a);
    else
        env_timer_after(attempt_env(a), &a->timer, 0);
}

void attempt_succeed(struct notify_attempt *a)
{
    a->result = (struct notify_result){
        .is_delivered = true, .err = ERR_INIT, .memos = a->memos, .memo_count = a->memo_count};
    finish(a);
}

void attempt_fail(struct notify_attempt *a, enum attempt_verdict verdict, enum notify_failure why)
{
    a->result = (struct notify_result){.may_retry = verdict == FAIL_AND_RETRY,
                                       .retry_after = a->retry_after,
                                       .failure = why,
                                       .err = a->err};
    finish(a);
}

void attempt_judge(struct notify_attempt *a, const struct retrier *r,
                   const struct http_response *response, str prefix)
{
    struct notify_result verdict;
    retrier_judge(r, response->status, response->body, a->mem, &verdict);
    if (verdict.is_delivered) {
        attempt_succeed(a);
        return;
    }
    a->err = verdict.err;
    if (prefix.n)
        err_wrap(&a->err, "%.*s", STR(prefix));
    attempt_fail(a, verdict.may_retry ? FAIL_AND_RETRY : FAIL_FOR_GOOD, verdict.failure);
}

void attempt_judge_plain(struct notify_attempt *a, const struct http_response *response)
{
    static const struct retrier RETRIER = {0};
    attempt_judge(a, &RETRIER, response, S(""));
}
