// SPDX-License-Identifier: Apache-2.0
// Topic am-receiver-requests: what integrations send.
#include "tests/golden/alertmanager/receiver_case.h"

// ---- one request -------------------------------------------------------------------------------

static const char *check_headers(struct receiver_case *c, const cJSON *want,
                                 const struct receiver_request *r)
{
    for (const cJSON *h = want ? want->child : NULL; h; h = h->next) {
        str got = http_header_find(r->headers, r->header_count, str_c(h->string));
        str value = receiver_case_fill(c, case_text(h, c->mem));
        if (!str_eq(got, value))
            return case_fail(c->mem, "header %s: %.*s, want %.*s", h->string, STR(got), STR(value));
    }
    return NULL;
}

static bool is_attribute(str name)
{
    return str_starts(name, S("MessageAttributes"));
}

// Each name once, and no others; of a form those about attributes are left to another check.
static const char *check_params(struct receiver_case *c, const char *what, const cJSON *want,
                                const struct url_params *got, bool without_attributes)
{
    size_t count = 0;
    for (size_t i = 0; i < got->count; i++)
        count += !(without_attributes && is_attribute(got->items[i].name));
    for (const cJSON *p = want->child; p; p = p->next) {
        bool has;
        str value = url_param_first(got, str_c(p->string), &has);
        str wanted = case_text(p, c->mem);
        if (!has || !str_eq(value, receiver_case_fill(c, wanted)))
            return case_fail(c->mem, "%s %s: %.*s, want %.*s", what, p->string, STR(value),
                             STR(wanted));
    }
    return count == (size_t)cJSON_GetArraySize(want)
               ? NULL
               : case_fail(c->mem, "%s has %zu parameters, want %d", what, count,
                           cJSON_GetArraySize(want));
}

static const char *check_attributes(struct receiver_case *c, const cJSON *want,
                                    const struct url_params *got)
{
    int count = 0;
    for (size_t i = 0; i < got->count; i++) {
        str name = got->items[i].name;
        if (!is_attribute(name) || !str_ends(name, S(".Name")))
            continue;
        count++;
        str entry = str_slice(name, 0, name.n - S(".Name").n);
        str value =
            url_param_first(got, arena_printf(c->mem, "%.*s.Value.StringValue", STR(entry)), NULL);
        str attribute = got->items[i].value;
        str wanted = case_get_text(want, arena_c(c->mem, attribute), c->mem);
        if (!str_eq(value, receiver_case_fill(c, wanted)))
            return case_fail(c->mem, "attribute %.*s: %.*s, want %.*s", STR(attribute), STR(value),
                             STR(wanted));
    }
    return count == cJSON_GetArraySize(want)
               ? NULL
               : case_fail(c->mem, "%d attributes, want %d", count, cJSON_GetArraySize(want));
}

static const char *check_form(struct receiver_case *c, const cJSON *want, str body)
{
    struct url_params params;
    url_params_parse(body, c->mem, &params);
    const cJSON *attributes = case_get(want, "attributes");
    const char *why = check_params(c, "form", case_get(want, "form"), &params, true);
    return !why && attributes ? check_attributes(c, attributes, &params) : why;
}

static const char *check_json(struct receiver_case *c, const cJSON *want, str body)
{
    cJSON *wanted = receiver_case_value(c, want);
    cJSON *got = cJSON_ParseWithLength(body.p, body.n);
    bool is_same = got && cJSON_Compare(got, wanted, true);
    cJSON_Delete(wanted);
    cJSON_Delete(got);
    return is_same ? NULL
                   : case_fail(c->mem, "body\n%.*s, want\n%.*s", STR(body),
                               STR(receiver_case_json(c, want)));
}

static const char *check_body(struct receiver_case *c, const cJSON *want,
                              const struct receiver_request *r)
{
    const cJSON *value = case_get(want, "json"), *text = case_get(want, "text");
    if (value)
        return check_json(c, value, r->body);
    if (case_get(want, "form"))
        return check_form(c, want, r->body);
    if (text && !str_eq(r->body, receiver_case_fill(c, case_text(text, c->mem))))
        return case_fail(c->mem, "body %.*s, want %.*s", STR(r->body),
                         STR(case_text(text, c->mem)));
    return NULL;
}

static const char *check_target(struct receiver_case *c, const cJSON *want,
                                const struct receiver_request *r)
{
    struct url url;
    struct url_params params;
    str method = case_get_text(want, "method", c->mem);
    str path = receiver_case_fill(c, case_get_text(want, "path", c->mem));
    const cJSON *query = case_get(want, "query"), *host = case_get(want, "host");
    if (!url_parse(r->url, c->mem, &url, NULL))
        return case_fail(c->mem, "bad URL %.*s", STR(r->url));
    str wanted_host = host ? case_text(host, c->mem) : S(LISTENER_HOST);
    if (!str_eq(r->method, method) || !str_eq(url.path, path) || !str_eq(url.host, wanted_host))
        return case_fail(c->mem, "%.*s %.*s, want %.*s %.*s at %.*s", STR(r->method), STR(r->url),
                         STR(method), STR(path), STR(wanted_host));
    url_params_parse(url.raw_query, c->mem, &params);
    return query ? check_params(c, "query", query, &params, false) : NULL;
}

static const char *check_request(struct receiver_case *c, const cJSON *want,
                                 const struct receiver_request *r)
{
    const char *why = check_target(c, want, r);
    if (!why)
        why = check_headers(c, case_get(want, "headers"), r);
    return why ? why : check_body(c, want, r);
}

// ---- a step ------------------------------------------------------------------------------------

static const char *check_requests(struct receiver_case *c, const cJSON *want, size_t from)
{
    const struct receiver_world *w = &c->world;
    size_t count = w->request_count - from, wanted = (size_t)cJSON_GetArraySize(want);
    if (count != wanted)
        return case_fail(c->mem, "%zu requests, want %zu; %.*s", count, wanted,
                         STR(buf_str(&w->errors)));
    for (const cJSON *r = want->child; r; r = r->next, from++) {
        const char *why = check_request(c, r, &w->requests[from]);
        if (why)
            return case_fail(c->mem, "request %zu: %s", from + 1, why);
    }
    return NULL;
}

static const char *run_step(struct receiver_case *c, const cJSON *step)
{
    const struct notify_counters *n = receiver_world_counters(&c->world);
    struct notify_counters before = *n;
    const cJSON *fails = case_get(step, "fails"), *requests = case_get(step, "requests");
    size_t from = c->world.request_count;
    const char *why = receiver_case_post(c, case_get(step, "alerts"));
    if (why)
        return why;
    if (fails) {
        if (!receiver_case_await_failure(c, &before))
            return "no attempt fails";
        why = check_requests(c, requests, from);
        return why ? why : receiver_case_check_failure(c, fails, &before);
    }
    receiver_world_pass(&c->world, STEP_TIME);
    why = check_requests(c, requests, from);
    if (!why && n->requests_failed > before.requests_failed)
        why = case_fail(c->mem, "%.*s", STR(buf_str(&c->world.errors)));
    return why;
}

static const char *run_case(const cJSON *v, struct arena *mem)
{
    struct receiver_case c = {.answers = case_get(v, "answers")};
    const char *why = receiver_case_start(&c, case_get_text(v, "config", mem), case_get(v, "files"),
                                          receiver_case_answer, &c, mem);
    if (why)
        return why;
    int number = 1;
    for (const cJSON *s = case_get(v, "steps")->child; s && !why; s = s->next, number++) {
        if (number == 2)
            c.t1 = receiver_case_time(&c);
        why = run_step(&c, s);
        if (why)
            why = case_fail(mem, "step %d: %s", number, why);
    }
    receiver_world_stop(&c.world);
    return why;
}

static void all_cases_hold(void **state)
{
    (void)state;
    case_file_run("am-receiver-requests", run_case);
}

int test_am_receiver_requests(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_cases_hold)};
    return run_group("am-receiver-requests", tests);
}
