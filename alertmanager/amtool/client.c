// SPDX-License-Identifier: Apache-2.0
#include "alertmanager/amtool/client.h"

#define JSON_TYPE S("application/json")

// ---- operations --------------------------------------------------------------------------------

// A failure that the API declares for an operation.
struct failure {
    int status; // 0: none
    bool has_text;
};

struct operation {
    const char *method, *path, *name;
    const struct model *model; // of the answer; NULL: nothing is read
    bool is_list;
    struct failure failures[2];
};

static const struct operation OPERATIONS[] = {
    [CLIENT_GET_ALERTS] =
        {"GET", "/alerts", "getAlerts", &MODEL_ALERT, true, {{400, true}, {500, true}}},
    [CLIENT_POST_ALERTS] =
        {"POST", "/alerts", "postAlerts", NULL, false, {{400, true}, {500, true}}},
    [CLIENT_GET_SILENCES] =
        {"GET", "/silences", "getSilences", &MODEL_SILENCE, true, {{400, true}, {500, true}}},
    [CLIENT_POST_SILENCES] =
        {"POST", "/silences", "postSilences", &MODEL_SILENCE_ID, false, {{400, true}, {404, true}}},
    [CLIENT_GET_SILENCE] = {"GET",
                            "/silence/{silenceID}",
                            "getSilence",
                            &MODEL_SILENCE,
                            false,
                            {{404, false}, {500, true}}},
    [CLIENT_DELETE_SILENCE] = {"DELETE",
                               "/silence/{silenceID}",
                               "deleteSilence",
                               NULL,
                               false,
                               {{404, false}, {500, true}}},
    [CLIENT_GET_STATUS] = {"GET", "/status", "getStatus", &MODEL_STATUS, false, {{0}}},
};

static const char *status_name(int status)
{
    return status == 400 ? "BadRequest" : status == 404 ? "NotFound" : "InternalServerError";
}

// ---- answers -----------------------------------------------------------------------------------

// The value in a JSON body; NULL without an error: an empty one.
static bool read_json(struct client_call *call, str body, const json **ret)
{
    *ret = NULL;
    if (str_trim(body).n == 0)
        return true;
    *ret = json_parse(body, true, call->mem, &call->err);
    if (!*ret)
        model_word_error(&call->err);
    return *ret != NULL;
}

enum media { MEDIA_JSON, MEDIA_TEXT };

static bool find_media(struct client_call *call, const struct http_response *r, enum media *ret)
{
    str header = http_header_find(r->headers, r->header_count, S("Content-Type")), type, rest;
    str_cut(header, ';', &type, &rest);
    type = str_trim(type);
    if (type.n == 0 || str_eq_nocase(type, JSON_TYPE))
        *ret = MEDIA_JSON;
    else if (str_eq_nocase(type, S("text/plain")) || str_eq_nocase(type, S("text/html")))
        *ret = MEDIA_TEXT;
    else
        return err_set(&call->err, ERR_INVALID, "no consumer: \"%.*s\"", STR(header));
    return true;
}

static void read_failure(struct client_call *call, const struct http_response *r,
                         const struct operation *op, const struct failure *f)
{
    defer(buf_done) struct buf text = {.max = ERR_TEXT_BYTES};
    if (f->has_text) {
        const json *v = NULL;
        enum media media = MEDIA_JSON;
        if (!find_media(call, r, &media) || (media == MEDIA_JSON && !read_json(call, r->body, &v)))
            return;
        if (!json_is_null(v) && !json_is_string(v)) {
            err_set(&call->err, ERR_INVALID,
                    "json: cannot unmarshal %s into Go value of type string",
                    json_is_object(v)  ? "object"
                    : json_is_array(v) ? "array"
                    : json_is_bool(v)  ? "bool"
                                       : "number");
            return;
        }
        buf_put_c(&text, ' ');
        buf_put_json_str(&text, JSON_ESCAPE_HTML, media == MEDIA_TEXT ? r->body : json_str(v));
    }
    enum err_code code = r->status == 404 ? ERR_NOT_FOUND : ERR_INVALID;
    err_set(&call->err, code, "[%s %s][%d] %s%s%.*s", op->method, op->path, r->status, op->name,
            status_name(r->status), STR(buf_str(&text)));
    // Version 0.25 does not know this status; whoever looks for its words finds them.
    if (call->op == CLIENT_DELETE_SILENCE && r->status == 404)
        err_set(&call->err, code,
                "[%s %s][404] %sNotFound (0.25: response status code does not match any response "
                "statuses defined for this endpoint in the swagger spec (status 404): {})",
                op->method, op->path, op->name);
}

static void read_success(struct client_call *call, const struct http_response *r,
                         const struct operation *op)
{
    enum media media = MEDIA_JSON;
    if (!op->model || !find_media(call, r, &media))
        return;
    if (media == MEDIA_TEXT) {
        err_set(&call->err, ERR_INVALID, "%s %s was answered with a text, not with JSON",
                op->method, op->path);
        return;
    }
    const json *v;
    if (!read_json(call, r->body, &v) || !(op->is_list ? model_check_list(op->model, v, &call->err)
                                                       : model_check(op->model, v, &call->err)))
        return;
    if (!op->is_list && json_is_null(v))
        err_set(&call->err, ERR_INVALID, "%s %s was answered with nothing", op->method, op->path);
    else
        call->value = v;
}

static void read_answer(struct client_call *call, const struct http_response *r)
{
    const struct operation *op = &OPERATIONS[call->op];
    call->status = r->status;
    if (r->status == 200) {
        read_success(call, r, op);
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(op->failures); i++) {
        if (op->failures[i].status == r->status) {
            read_failure(call, r, op, &op->failures[i]);
            return;
        }
    }
    err_set(&call->err, ERR_INVALID, "[%s %s] %s (status %d): {}", op->method, op->path, op->name,
            r->status);
}

// ---- requests ----------------------------------------------------------------------------------

static void on_answer(void *owner, const struct http_response *response, const struct err *err)
{
    struct client_call *call = owner;
    const char *method = OPERATIONS[call->op].method;
    if (response) {
        read_answer(call, response);
    } else {
        call->err = *err;
        defer(buf_done) struct buf verb = {0};
        buf_put_lower(&verb, str_c(method + 1));
        err_wrap(&call->err, "%c%.*s \"%.*s\"", method[0], STR(buf_str(&verb)), STR(call->url));
    }
    call->is_done = true;
    call->on_done(call);
}

static str make_url(const struct client_call *call)
{
    struct buf url = {.mem = call->mem};
    str before, after;
    buf_put(&url, call->client->base);
    if (str_cut(str_c(OPERATIONS[call->op].path), '{', &before, &after)) {
        buf_put(&url, before);
        buf_put_path_escaped(&url, call->id);
    } else {
        buf_put(&url, before);
    }
    if (call->query.count) {
        buf_put_c(&url, '?');
        buf_put_params(&url, &call->query);
    }
    return buf_str(&url);
}

void client_start(struct client *c, struct client_call *call)
{
    const struct http_header headers[] = {{S("Accept"), JSON_TYPE}, {S("Content-Type"), JSON_TYPE}};
    struct env *env = c->t->env;
    call->client = c;
    call->url = make_url(call);
    struct http_request request = {
        .method = str_c(OPERATIONS[call->op].method),
        .url = call->url,
        .headers = headers,
        .header_count = call->body.n ? 2 : 1,
        .body = call->body,
        .timeout = MAX(1, sub_saturated(c->deadline, env_mono(env))),
        .response_bytes_max = CLIENT_ANSWER_BYTES_MAX,
        .conf = c->conf,
    };
    env_http(env, &request, on_answer, call);
}

static void on_awaited(struct client_call *call)
{
    call->client->t->world->wake(call->client->t->env);
}

bool client_do(struct client *c, struct client_call *call, struct err *err)
{
    call->mem = &c->t->mem;
    call->on_done = on_awaited;
    client_start(c, call);
    while (!call->is_done)
        c->t->world->wait(c->t->env);
    if (call->err.code != ERR_NONE && err)
        *err = call->err;
    return call->err.code == ERR_NONE;
}
