// SPDX-License-Identifier: Apache-2.0
// receiver_case.h: what the runners about receivers share: an alertmanager that runs a case's
// configuration against a listening server, and the verdict on failed attempts.
//
// In a case's texts ${url} is the server, ${dir} the folder of its files, ${t0} and ${t1} when the
// first and the second step begin; {"$repeat": [s, n]} is s n times.
#pragma once
#include "tests/support/cases.h"
#include "tests/unit/alertmanager/receiver_world.h"

#define LISTENER_HOST "listener.example.com:8080"
#define LISTENER_URL  "http://" LISTENER_HOST
#define FILES_DIR     "/case"
#define STEP_TIME     DUR_SECONDS(3)

// Before another attempt at the latest, and before another flush.
#define RETRY_TIME DUR_MS(800)
// A flush with short intervals gives up after 10 s.
#define FLUSH_TIME DUR_SECONDS(12)

struct receiver_case {
    struct receiver_world world;
    struct arena *mem;
    str t0, t1;
    const cJSON *answers; // what the server replies; NULL: 200 {}
};

// ---- texts -------------------------------------------------------------------------------------

static inline str receiver_case_time(struct receiver_case *c)
{
    struct buf b = {.mem = c->mem};
    buf_put_time(&b, c->world.api.fake.now, 0, FRACTION_SHORTEST);
    return buf_str(&b);
}

static inline str receiver_case_fill(const struct receiver_case *c, str text)
{
    const struct {
        str name, value;
    } places[] = {
        {S("${url}"), S(LISTENER_URL)},
        {S("${dir}"), S(FILES_DIR)},
        {S("${t0}"), c->t0},
        {S("${t1}"), c->t1},
    };
    struct buf out = {.mem = c->mem};
    while (text.n) {
        size_t taken = 0;
        for (size_t i = 0; i < ARRAY_LEN(places) && !taken; i++) {
            if (str_starts(text, places[i].name)) {
                buf_put(&out, places[i].value);
                taken = places[i].name.n;
            }
        }
        if (!taken)
            buf_put_c(&out, text.p[0]);
        text = str_skip(text, taken ? taken : 1);
    }
    return buf_str(&out);
}

static inline cJSON *receiver_case_repeated(const struct receiver_case *c, const cJSON *repeat)
{
    struct buf out = {.mem = c->mem};
    str piece = case_text(repeat->child, c->mem);
    for (int i = 0; i < repeat->child->next->valueint; i++)
        buf_put(&out, piece);
    return cJSON_CreateString(arena_c(c->mem, receiver_case_fill(c, buf_str(&out))));
}

// The value with its placeholders filled in; the caller deletes it.
static inline cJSON *receiver_case_value(const struct receiver_case *c, const cJSON *v)
{
    const cJSON *repeat = case_get(v, "$repeat");
    if (repeat)
        return receiver_case_repeated(c, repeat);
    if (cJSON_IsString(v))
        return cJSON_CreateString(arena_c(c->mem, receiver_case_fill(c, case_text(v, c->mem))));
    if (!cJSON_IsObject(v) && !cJSON_IsArray(v))
        return cJSON_Duplicate(v, true);
    cJSON *copy = cJSON_IsObject(v) ? cJSON_CreateObject() : cJSON_CreateArray();
    for (const cJSON *child = v->child; child; child = child->next) {
        cJSON *filled = receiver_case_value(c, child);
        if (cJSON_IsObject(v))
            cJSON_AddItemToObject(copy, child->string, filled);
        else
            cJSON_AddItemToArray(copy, filled);
    }
    return copy;
}

static inline str receiver_case_json(const struct receiver_case *c, const cJSON *v)
{
    cJSON *filled = receiver_case_value(c, v);
    char *printed = cJSON_PrintUnformatted(filled);
    str text = arena_str(c->mem, str_c(printed));
    cJSON_free(printed);
    cJSON_Delete(filled);
    return text;
}

// ---- the server --------------------------------------------------------------------------------

static inline str receiver_request_path(const struct receiver_case *c,
                                        const struct receiver_request *r)
{
    struct url url;
    return url_parse(r->url, c->mem, &url, NULL) ? url.path : S("");
}

static inline const struct http_header *
receiver_case_headers(const struct receiver_case *c, const cJSON *object, size_t *ret_count)
{
    size_t count = object ? (size_t)cJSON_GetArraySize(object) : 0;
    struct http_header *headers = arena_array(c->mem, struct http_header, count);
    *ret_count = 0;
    for (const cJSON *h = object ? object->child : NULL; h; h = h->next)
        headers[(*ret_count)++] =
            (struct http_header){str_c(h->string), receiver_case_fill(c, case_text(h, c->mem))};
    return headers;
}

// {status, headers?, body}; a body of null is empty.
static inline void receiver_case_respond(const struct receiver_case *c, const cJSON *response,
                                         struct http_response *ret)
{
    ret->status = (int)case_get_i64(response, "status");
    ret->headers = receiver_case_headers(c, case_get(response, "headers"), &ret->header_count);
    const cJSON *body = case_get(response, "body");
    ret->body =
        body && !cJSON_IsNull(body) ? receiver_case_fill(c, case_text(body, c->mem)) : S("");
}

static inline bool receiver_case_fits(const struct receiver_case *c, const cJSON *answer,
                                      const struct receiver_request *r)
{
    str method = case_get_text(answer, "method", c->mem);
    str suffix = receiver_case_fill(c, case_get_text(answer, "path_suffix", c->mem));
    return (method.n == 0 || str_eq(method, r->method)) &&
           str_ends(receiver_request_path(c, r), suffix);
}

static inline bool receiver_case_answer(void *owner, const struct receiver_request *r,
                                        struct http_response *ret, struct err *err)
{
    struct receiver_case *c = owner;
    (void)err;
    ret->body = S("{}");
    for (const cJSON *a = c->answers ? c->answers->child : NULL; a; a = a->next) {
        if (receiver_case_fits(c, a, r)) {
            receiver_case_respond(c, a, ret);
            break;
        }
    }
    return true;
}

// ---- life --------------------------------------------------------------------------------------

// Runs `config`. NULL, or why it is refused; the case is over then.
static inline const char *receiver_case_start(struct receiver_case *c, str config,
                                              const cJSON *files, receiver_answer_fn *answer,
                                              void *owner, struct arena *mem)
{
    struct err err = ERR_INIT;
    c->mem = mem;
    receiver_world_init(&c->world, arena_c(mem, receiver_case_fill(c, config)), answer, owner);
    fake_env_advance(&c->world.api.fake, DUR_MS(123)); // times with a last digit other than 0
    c->t0 = receiver_case_time(c);
    for (const cJSON *f = files ? files->child : NULL; f; f = f->next)
        fake_file_set(&c->world.api.fake,
                      arena_c(mem, arena_printf(mem, FILES_DIR "/%s", f->string)),
                      receiver_case_fill(c, case_text(f, mem)));
    if (receiver_world_run(&c->world, &err))
        return NULL;
    receiver_world_stop(&c->world);
    return case_fail(mem, "the configuration: %.*s", STR(err_str(&err)));
}

// ---- configurations of one integration ---------------------------------------------------------

struct receiver_setup {
    const char *name; // as cases name it
    const char *integration;
    const char *settings;  // what it needs
    const char *good_body; // of an answer that is taken for a success
};

static inline const struct receiver_setup *receiver_case_setup(str name)
{
    static const struct receiver_setup setups[] = {
        {"discord", "discord", "webhook_url: '${url}/'", ""},
        {"incidentio", "incidentio", "url: '${url}/', alert_source_token: t", ""},
        {"mattermost", "mattermost", "webhook_url: '${url}/'", ""},
        {"msteams", "msteams", "webhook_url: '${url}/'", ""},
        {"msteamsv2", "msteamsv2", "webhook_url: '${url}/'", ""},
        {"opsgenie", "opsgenie", "api_url: '${url}/', api_key: k", ""},
        {"pagerduty", "pagerduty", "url: '${url}/', routing_key: k", ""},
        {"pagerduty (service_key)", "pagerduty", "url: '${url}/', service_key: k", ""},
        {"pushover", "pushover", "token: t, user_key: k", ""},
        {"rocketchat", "rocketchat", "api_url: '${url}/', token: t, token_id: i",
         "{\"success\":true}"},
        {"slack", "slack", "api_url: '${url}/'", "ok"},
        {"victorops", "victorops", "api_url: '${url}/', api_key: k, routing_key: r", ""},
        {"webex", "webex",
         "api_url: '${url}/', room_id: r, http_config: {authorization: {credentials: t}}", ""},
        {"webhook", "webhook", "url: '${url}/'", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(setups); i++) {
        if (str_eq(name, str_c(setups[i].name)))
            return &setups[i];
    }
    fail_msg("the runner has no configuration for %.*s", STR(name));
    return NULL;
}

static inline str receiver_case_config(struct arena *mem, const char *integration,
                                       const char *settings)
{
    return arena_printf(mem,
                        "route: {receiver: team, group_wait: 1s, group_interval: 1s, "
                        "repeat_interval: 100d}\n"
                        "receivers:\n- name: team\n  %s_configs:\n  - %s\n",
                        integration, settings);
}

// ---- steps -------------------------------------------------------------------------------------

static inline const char *receiver_case_post(struct receiver_case *c, const cJSON *alerts)
{
    struct api_world *api = &c->world.api;
    api_world_ask(api, "POST", "/api/v2/alerts", receiver_case_json(c, alerts).p);
    return api->status == 200 ? NULL
                              : case_fail(c->mem, "posting alerts: %d %.*s", api->status,
                                          STR(buf_str(&api->body)));
}

// Alerts that differ in their names.
static inline const char *receiver_case_post_some(struct receiver_case *c, int count)
{
    cJSON *alerts = cJSON_CreateArray();
    for (int i = 0; i < count; i++) {
        str alert =
            arena_printf(c->mem, "{\"labels\":{\"alertname\":\"a%d\"},\"startsAt\":\"${t0}\"}", i);
        cJSON_AddItemToArray(alerts, cJSON_Parse(alert.p));
    }
    const char *why = receiver_case_post(c, alerts);
    cJSON_Delete(alerts);
    return why;
}

// ---- failed attempts ---------------------------------------------------------------------------

static inline uint64_t receiver_failures(const struct notify_counters *n)
{
    uint64_t sum = 0;
    for (int i = 0; i < NOTIFY_FAILURE_COUNT; i++)
        sum += n->failed[i];
    return sum;
}

static inline str receiver_failure_reason(const struct notify_counters *before,
                                          const struct notify_counters *n)
{
    for (int i = 0; i < NOTIFY_FAILURE_COUNT; i++) {
        if (n->failed[i] > before->failed[i])
            return notify_failure_str((enum notify_failure)i);
    }
    return S("");
}

// Lets time pass until the first failure of an attempt; false: there is none.
static inline bool receiver_case_await_failure(struct receiver_case *c,
                                               const struct notify_counters *before)
{
    const struct notify_counters *n = receiver_world_counters(&c->world);
    for (dur_ns passed = 0; passed < STEP_TIME && n->requests_failed == before->requests_failed;
         passed += DUR_MS(10))
        receiver_world_pass(&c->world, DUR_MS(10));
    return n->requests_failed > before->requests_failed;
}

// Where a template fails depends on the length of what stands before it, the server's URL; and a
// case may name the type behind a pointer without its asterisk.
static inline str receiver_case_without_place(const struct receiver_case *c, str error)
{
    struct buf out = {.mem = c->mem};
    for (size_t i = 0; i < error.n; i++) {
        if (error.p[i] != '*' && (error.p[i] < '0' || error.p[i] > '9'))
            buf_put_c(&out, error.p[i]);
    }
    return buf_str(&out);
}

static inline bool receiver_case_has_error(const struct receiver_case *c, str errors, str want)
{
    if (str_find_str(want, S(": executing ")) == STR_NONE)
        return str_find_str(errors, want) != STR_NONE;
    return str_find_str(receiver_case_without_place(c, errors),
                        receiver_case_without_place(c, want)) != STR_NONE;
}

// Right after the first failure: does another attempt of the same flush follow?
static inline bool receiver_case_is_retried(struct receiver_case *c,
                                            const struct notify_counters *before)
{
    const struct notify_counters *n = receiver_world_counters(&c->world);
    bool is_final = receiver_failures(n) > receiver_failures(before);
    receiver_world_pass(&c->world, RETRY_TIME);
    return !is_final && n->requests > before->requests + 1;
}

// Right after the first failure: {retry, error?, reason}. `before`: the counters before the step.
static inline const char *receiver_case_check_failure(struct receiver_case *c, const cJSON *fails,
                                                      const struct notify_counters *before)
{
    const struct notify_counters *n = receiver_world_counters(&c->world);
    bool is_retried = receiver_case_is_retried(c, before);
    str errors = buf_str(&c->world.errors);
    if (is_retried != case_get_bool(fails, "retry"))
        return case_fail(c->mem, "%s: %.*s", is_retried ? "is tried again" : "is not tried again",
                         STR(errors));
    str want = receiver_case_fill(c, case_get_text(fails, "error", c->mem));
    if (!receiver_case_has_error(c, errors, want))
        return case_fail(c->mem, "error %.*swant %.*s", STR(errors), STR(want));
    if (is_retried)
        receiver_world_pass(&c->world, FLUSH_TIME);
    str reason = receiver_failure_reason(before, n);
    str want_reason = case_get_text(fails, "reason", c->mem);
    return str_eq(reason, want_reason)
               ? NULL
               : case_fail(c->mem, "reason %.*s, want %.*s", STR(reason), STR(want_reason));
}
