// SPDX-License-Identifier: Apache-2.0
#include "notify/integrations/wechat.h"

#include "base/text/json.h"
#include "base/text/url.h"
#include "notify/integrations/answer.h"
#include "notify/integrations/attempt.h"
#include "notify/integrations/endpoint.h"

#define TOKEN_AGE_MAX DUR_HOURS(2)

#define CODE_TOKEN_EXPIRED 42001

static void send_message(struct notify_attempt *a, str token);

static void fail_template(struct notify_attempt *a)
{
    err_wrap(&a->err, "templating error");
    attempt_fail(a, FAIL_FOR_GOOD, FAILURE_OTHER);
}

// ---- the token ---------------------------------------------------------------------------------

static str kept_token(const struct notify_attempt *a)
{
    const struct wechat_conf *conf = a->integration->conf;
    const struct wechat_token *t = conf->token;
    bool is_fresh = env_mono(a->integration->context->env) - t->taken_at <= TOKEN_AGE_MAX;
    return is_fresh ? arena_str(a->mem, str_from(t->text, t->bytes)) : S("");
}

static void keep_token(const struct notify_attempt *a, str token)
{
    const struct wechat_conf *conf = a->integration->conf;
    struct wechat_token *t = conf->token;
    if (token.n > sizeof(t->text))
        return;
    memcpy(t->text, token.p, token.n);
    t->bytes = token.n;
    t->taken_at = env_mono(a->integration->context->env);
}

// Another group may have got a new one since `token` was taken.
static void drop_token(const struct notify_attempt *a, str token)
{
    const struct wechat_conf *conf = a->integration->conf;
    if (str_eq(str_from(conf->token->text, conf->token->bytes), token))
        conf->token->bytes = 0;
}

static void on_token(struct notify_attempt *a, const struct http_response *response)
{
    const struct wechat_conf *conf = a->integration->conf;
    str token = S("");
    const json *answer = json_parse(response->body, true, a->mem, &a->err); // whatever the status
    if (answer && !answer_text(answer, S("access_token"), &token))
        err_set(&a->err, ERR_INVALID, "json: cannot unmarshal access_token into a string");
    else if (answer && token.n == 0)
        err_set(&a->err, ERR_INVALID, "invalid APISecret for CorpID: %.*s", STR(conf->corp_id));
    if (attempt_failed(a)) {
        attempt_fail(a, FAIL_FOR_GOOD, FAILURE_OTHER);
        return;
    }
    keep_token(a, token);
    send_message(a, token);
}

// The parameters stand instead of those of the configured URL.
static str token_url(struct notify_attempt *a, str corp_id, str secret)
{
    const struct wechat_conf *conf = a->integration->conf;
    str path = endpoint_append(conf->api_url.text, S("gettoken"), a->mem);
    struct url_param items[] = {{S("corpid"), corp_id}, {S("corpsecret"), secret}};
    struct buf url = {.mem = a->mem};
    buf_put(&url, str_slice(path, 0, MIN(str_find(path, '?'), str_find(path, '#'))));
    buf_put_c(&url, '?');
    buf_put_params(&url, &(struct url_params){items, ARRAY_LEN(items)});
    return buf_str(&url);
}

static void ask_for_token(struct notify_attempt *a)
{
    const struct wechat_conf *conf = a->integration->conf;
    str secret = attempt_secret(a, conf->api_secret, conf->api_secret_file, NULL);
    if (attempt_failed(a)) {
        attempt_fail(a, FAIL_FOR_GOOD, FAILURE_OTHER);
        return;
    }
    secret = attempt_render(a, secret);
    str url = token_url(a, attempt_render(a, conf->corp_id), secret);
    if (attempt_failed(a))
        fail_template(a);
    else
        attempt_send(a, &(struct attempt_request){.method = S("GET"), .url = url}, on_token);
}

// ---- the message -------------------------------------------------------------------------------

// A refused message is tried again only with a new token; what the service said is the error.
static void on_answer(struct notify_attempt *a, const struct http_response *response)
{
    if (response->status != 200) {
        err_set(&a->err, ERR_INVALID, "unexpected status code %d", response->status);
        attempt_fail(a, FAIL_AND_RETRY, notify_failure_of_status(response->status));
        return;
    }
    str text = S("");
    const json *answer = json_parse(response->body, false, a->mem, &a->err);
    const json *code = answer ? json_get_nocase(answer, S("errcode")) : NULL;
    bool is_known = json_is_null(code) || json_is_number(code);
    if (answer && (!is_known || !answer_text(answer, S("errmsg"), &text)))
        err_set(&a->err, ERR_INVALID, "json: cannot unmarshal the answer");
    if (attempt_failed(a)) {
        attempt_fail(a, FAIL_AND_RETRY, FAILURE_OTHER);
        return;
    }
    double number = json_is_number(code) ? json_number(code) : 0;
    if (number == 0) {
        attempt_succeed(a);
        return;
    }
    bool is_expired = number == CODE_TOKEN_EXPIRED;
    if (is_expired)
        drop_token(a, *(str *)a->state);
    err_set(&a->err, ERR_INVALID, "%.*s", STR(text));
    attempt_fail(a, is_expired ? FAIL_AND_RETRY : FAIL_FOR_GOOD, FAILURE_OTHER);
}

static void put_content(struct json_writer *w, const char *name, str content)
{
    json_put_key(w, str_c(name));
    json_object_begin(w);
    json_put_member(w, "content", content);
    json_object_end(w);
}

// The content of the type that it is not is empty.
static void put_body(struct notify_attempt *a)
{
    const struct wechat_conf *conf = a->integration->conf;
    bool is_markdown = str_eq(conf->message_type, S("markdown"));
    str message = attempt_render(a, conf->message);
    struct json_writer w = attempt_json(a);
    json_object_begin(&w);
    put_content(&w, "text", is_markdown ? S("") : message);
    json_put_member_given(&w, "touser", attempt_render(a, conf->to_user));
    json_put_member_given(&w, "toparty", attempt_render(a, conf->to_party));
    json_put_member_given(&w, "totag", attempt_render(a, conf->to_tag));
    json_put_member_given(&w, "agentid", attempt_render(a, conf->agent_id));
    json_put_member(&w, "safe", S("0"));
    json_put_member(&w, "msgtype", conf->message_type);
    put_content(&w, "markdown", is_markdown ? message : S(""));
    json_object_end(&w);
}

static void send_message(struct notify_attempt *a, str token)
{
    const struct wechat_conf *conf = a->integration->conf;
    put_body(a);
    if (attempt_failed(a)) {
        fail_template(a);
        return;
    }
    str *used = arena_new(a->mem, str);
    *used = arena_str(a->mem, token);
    a->state = used;
    str url = endpoint_append_with(conf->api_url.text, S("message/send"), S("access_token"), token,
                                   a->mem);
    attempt_send(a, &(struct attempt_request){.url = url, .body = attempt_body(a)}, on_answer);
}

static void wechat_begin(struct notify_attempt *a)
{
    str token = kept_token(a);
    if (token.n)
        send_message(a, token);
    else
        ask_for_token(a);
}

const struct integration_ops WECHAT_OPS = {
    .name = {"wechat", 6}, .start = attempt_start, .cancel = attempt_cancel, .begin = wechat_begin};
