// SPDX-License-Identifier: Apache-2.0
// Queries over HTTP against a real server: what is asked, how answers are read, what a broken
// connection leads to.
#include "base/text/encode.h"
#include "rules/logsql.h"
#include "tests/golden/vmalert/answers.h"
#include "tests/golden/vmalert/wire.h"
#include "vmalert/client_auth.h"
#include "vmalert/datasource_http.h"

#define QUERY_TS ((time_ns)981173106 * 1000000000) // 2001-02-03T04:05:06Z

static struct wire wire;

// ---- one query ---------------------------------------------------------------------------------

struct asked {
    bool is_done, is_ok;
    struct query_result result;
    struct arena mem; // the result's
    struct err err;
};

static void on_done(void *owner, const struct query_outcome *outcome, const struct err *err)
{
    struct asked *a = owner;
    a->is_done = true;
    a->is_ok = outcome->result != NULL;
    a->err = *err;
    if (a->is_ok) {
        a->result = *outcome->result;
        a->mem = *outcome->mem;
        *outcome->mem = (struct arena){0};
    }
    wire_wake(&wire);
}

static void ask(struct asked *a, const struct http_datasource_options *opt,
                const struct query_request *request)
{
    *a = (struct asked){.err = ERR_INIT};
    struct http_datasource *d = http_datasource_new(wire.env, opt, &a->err);
    if (!d)
        return;
    struct datasource ds = http_datasource_interface(d);
    ds.start(ds.owner, request, on_done, a);
    wire_wait(&wire);
    http_datasource_free(d);
}

static struct query_request request_of(enum rule_type type, bool is_range)
{
    str expr = type == RULE_VLOGS ? S("_time: 5m | stats count() total") : S("up");
    return (struct query_request){
        .type = type,
        .expr = expr,
        .ts = QUERY_TS,
        .is_range = is_range,
        .start = QUERY_TS,
        .end = QUERY_TS,
        .interval_is_filter = is_range,
    };
}

static bool read_credentials(const cJSON *from, struct arena *mem, struct httpconf *ret)
{
    const cJSON *pair = case_get(from, "basic_auth");
    struct client_basic_auth basic;
    struct client_auth auth = {.bearer_token = case_get_text(from, "bearer", mem)};
    if (pair) {
        basic = (struct client_basic_auth){.username = case_text(pair->child, mem),
                                           .password = case_text(pair->child->next, mem)};
        auth.basic_auth = &basic;
    }
    return client_auth_build(&auth, mem, ret, NULL);
}

static const char *check_error(const cJSON *c, const struct asked *a, struct arena *mem)
{
    str want = case_get_text(c, "error", mem);
    if (a->is_ok == (case_get(c, "error") != NULL))
        return case_fail(mem, "%s %.*s", a->is_ok ? "succeeded" : "failed:", STR(err_str(&a->err)));
    return a->is_ok || str_find_str(err_str(&a->err), want) != STR_NONE
               ? NULL
               : case_fail(mem, "error \"%.*s\"", STR(err_str(&a->err)));
}

// ---- requests ----------------------------------------------------------------------------------

static struct url_params read_params(const cJSON *params, struct arena *mem)
{
    size_t count = 0;
    for (const cJSON *p = params ? params->child : NULL; p; p = p->next)
        count += (size_t)cJSON_GetArraySize(p);
    struct url_params ret = {.items = arena_array(mem, struct url_param, count + 1)};
    for (const cJSON *p = params ? params->child : NULL; p; p = p->next) {
        for (const cJSON *v = p->child; v; v = v->next)
            ret.items[ret.count++] = (struct url_param){str_c(p->string), case_text(v, mem)};
    }
    return ret;
}

static str basic_header(const cJSON *client, struct arena *mem)
{
    const cJSON *pair = case_get(client, "basic_auth");
    defer(buf_done) struct buf text = {0};
    buf_put(&text, S("Basic "));
    buf_put_base64(&text, pair ? arena_printf(mem, "%s:%s", pair->child->valuestring,
                                              pair->child->next->valuestring)
                               : S(""));
    return arena_str(mem, buf_str(&text));
}

static const char *check_request(const cJSON *client, const cJSON *want, struct arena *mem)
{
    if (wire.request_count != 1 || !str_eq(wire.method, S("POST")))
        return "not one POST";
    for (const cJSON *w = want->child; w; w = w->next) {
        str name = str_c(w->string), value = case_text(w, mem);
        str got = str_eq(name, S("path"))        ? wire.path
                  : str_eq(name, S("raw_query")) ? wire.query
                                                 : wire_header(&wire, name);
        if (str_eq(name, S("password")) || str_eq(name, S("username")) ||
            str_eq(name, S("basic_auth"))) {
            got = wire_header(&wire, S("Authorization"));
            value = basic_header(client, mem);
        }
        if (!str_eq(got, value))
            return case_fail(mem, "%s is %.*s", w->string, STR(got));
    }
    return NULL;
}

// A raw query names its parameters in any order; what is sent is sorted.
static str sorted_query(str text, struct arena *mem)
{
    struct url_params params;
    defer(buf_done) struct buf sorted = {0};
    url_params_parse(text, mem, &params);
    buf_put_params(&sorted, &params);
    return arena_str(mem, buf_str(&sorted));
}

static const char *run_request(const cJSON *c, struct arena *mem)
{
    const cJSON *client = case_get(c, "client");
    enum rule_type type;
    struct httpconf conf;
    if (!rule_type_parse(case_get_text(c, "type", mem), &type) ||
        !read_credentials(client, mem, &conf))
        return "cannot read the client";
    const struct http_datasource_options opt = {
        .url = str_c(wire.url),
        .append_type_prefix = case_get_bool(client, "append_type_prefix"),
        .query_step = case_get_i64(client, "query_step_ns"),
        .conf = &conf,
    };
    struct url_params params = read_params(case_get(client, "params"), mem);
    struct query_request request = request_of(type, case_get_bool(c, "range"));
    request.params = &params;
    request.interval = request.step = case_get_i64(client, "evaluation_interval_ns");
    request.interval_is_filter |= case_get_bool(client, "interval_as_time_filter");
    struct asked a;
    cJSON *want = cJSON_Duplicate(case_get(c, "check"), true);
    const cJSON *query = case_get(want, "raw_query");
    if (query)
        cJSON_ReplaceItemInObject(want, "raw_query",
                                  cJSON_CreateString(sorted_query(case_text(query, mem), mem).p));
    wire_forget(&wire);
    ask(&a, &opt, &request);
    arena_done(&a.mem);
    const char *why = check_request(client, want, mem);
    cJSON_Delete(want);
    return why;
}

static const char *run_range_support(const cJSON *c, struct arena *mem)
{
    enum rule_type type;
    struct asked a;
    if (!rule_type_parse(case_get_text(c, "type", mem), &type))
        return "unknown type";
    struct query_request request = request_of(type, true);
    request.interval_is_filter = !logsql_has_time_filter(request.expr);
    wire.body = S("{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[]}}");
    ask(&a, &(struct http_datasource_options){.url = str_c(wire.url)}, &request);
    arena_done(&a.mem);
    return check_error(c, &a, mem);
}

// What the header is that each key of the case names.
static const char *run_headers(const cJSON *c, struct arena *mem)
{
    static const char *const OTHER[] = {"id", "kind", "src", "basic_auth", "bearer", "headers"};
    const cJSON *given = case_get(c, "headers");
    struct httpconf conf;
    struct asked a;
    struct http_header *headers =
        arena_array(mem, struct http_header, (size_t)cJSON_GetArraySize(given) + 1);
    struct query_request request = request_of(RULE_PROMETHEUS, false);
    if (!read_credentials(c, mem, &conf))
        return "cannot read the credentials";
    for (const cJSON *h = given ? given->child : NULL; h; h = h->next)
        headers[request.header_count++] =
            h->string
                ? (struct http_header){str_c(h->string), case_text(h, mem)}
                : (struct http_header){case_text(h->child, mem), case_text(h->child->next, mem)};
    request.headers = headers;
    ask(&a, &(struct http_datasource_options){.url = str_c(wire.url), .conf = &conf}, &request);
    arena_done(&a.mem);
    for (const cJSON *w = c->child; w; w = w->next) {
        size_t i = 0;
        while (i < ARRAY_LEN(OTHER) && strcmp(w->string, OTHER[i]) != 0)
            i++;
        str got = wire_header(&wire, str_c(w->string));
        if (i == ARRAY_LEN(OTHER) && !str_eq(got, case_text(w, mem)))
            return case_fail(mem, "%s: %.*s", w->string, STR(got));
    }
    return NULL;
}

// ---- answers -----------------------------------------------------------------------------------

static const char *run_response(const cJSON *c, struct arena *mem)
{
    enum rule_type type;
    struct asked a;
    if (!rule_type_parse(case_get_text(c, "api", mem), &type))
        return "unknown API";
    wire.status = case_get(c, "status") ? (int)case_get_i64(c, "status") : 200;
    wire.body = case_get_text(c, "body", mem);
    struct query_request request = request_of(type, case_get_bool(c, "range"));
    ask(&a, &(struct http_datasource_options){.url = str_c(wire.url)}, &request);
    const char *why = check_error(c, &a, mem);
    if (!why && a.is_ok)
        why = check_answer(&a.result, case_get(c, "result"), mem);
    arena_done(&a.mem);
    wire.status = 200;
    wire.body = (str){0};
    return why;
}

static const char *run_vector(const cJSON *c, struct arena *mem)
{
    struct query_result result;
    struct err err = ERR_INIT;
    str body = arena_printf(
        mem, "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":%.*s}}",
        STR(case_get_text(c, "body", mem)));
    bool ok = result_parse_prometheus(body, false, mem, &result, &err);
    if (ok == (case_get(c, "error") != NULL))
        return case_fail(mem, "%s %.*s", ok ? "accepted" : "refused:", STR(err_str(&err)));
    return ok ? check_answer(&result, case_get(c, "result"), mem) : NULL;
}

// ---- connections -------------------------------------------------------------------------------

// A server whose connections each meet the fate the case names: closed under the request, or
// answered.
struct fates {
    const cJSON *next;
    struct stream *streams[8];
    str answers[8]; // empty: it is closed
    size_t count;
    struct arena *mem;
};

struct fate {
    struct fates *all;
    size_t at;
};

static void on_data(void *owner, str data)
{
    struct fate *f = owner;
    struct stream *s = f->all->streams[f->at];
    if (!s || !str_ends(data, S("\r\n\r\n")))
        return;
    env_stream_write(wire.env, s, f->all->answers[f->at]);
    env_stream_close(wire.env, s);
    f->all->streams[f->at] = NULL;
}

static void on_close(void *owner, const struct err *why)
{
    struct fate *f = owner;
    (void)why;
    env_stream_close(wire.env, f->all->streams[f->at]);
    f->all->streams[f->at] = NULL;
}

static void on_accept(void *owner, struct stream *stream, const struct addr *from)
{
    static const struct stream_events EVENTS = {.on_data = on_data, .on_close = on_close};
    struct fates *all = owner;
    (void)from;
    if (!all->next || all->count == ARRAY_LEN(all->streams)) {
        env_stream_close(wire.env, stream);
        return;
    }
    str fate = str_c(all->next->valuestring);
    all->next = all->next->next;
    struct fate *f = arena_new(all->mem, struct fate);
    *f = (struct fate){all, all->count};
    all->streams[all->count] = stream;
    if (str_starts(fate, S("ok "))) {
        str body = arena_printf(all->mem,
                                "{\"status\":\"success\",\"data\":{\"resultType\":\"scalar\","
                                "\"result\":[1583786142, \"%.*s\"]}}",
                                STR(str_skip(fate, 3)));
        all->answers[all->count] = arena_printf(
            all->mem, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%.*s", body.n, STR(body));
    }
    all->count++;
    env_stream_events(wire.env, stream, &EVENTS, f);
}

static const char *run_retry(const cJSON *c, struct arena *mem)
{
    struct fates fates = {.next = case_get(c, "connections")->child, .mem = mem};
    struct addr bound, loopback = {.ip = {127, 0, 0, 1}, .ip_bytes = 4};
    struct listener *l = env_listen(wire.env, &loopback, on_accept, &fates, &bound, NULL);
    if (!l)
        return "cannot listen";
    struct asked a;
    struct query_request request = request_of(RULE_PROMETHEUS, false);
    str url = arena_printf(mem, "http://127.0.0.1:%u", bound.port);
    ask(&a, &(struct http_datasource_options){.url = url}, &request);
    for (size_t i = 0; i < fates.count; i++)
        env_stream_close(wire.env, fates.streams[i]);
    env_listener_close(wire.env, l);
    const char *why = check_error(c, &a, mem);
    if (!why && a.is_ok && a.result.series[0].samples[0].value != case_get_f64(c, "result"))
        why = "another value";
    if (!why && fates.next)
        why = "fewer connections";
    arena_done(&a.mem);
    return why;
}

// ---- the cases ---------------------------------------------------------------------------------

static const char *run_case(const cJSON *c, struct arena *mem)
{
    static const struct {
        const char *kind;
        const char *(*run)(const cJSON *, struct arena *);
    } KINDS[] = {
        {"request", run_request}, {"response", run_response},           {"retry", run_retry},
        {"headers", run_headers}, {"range_support", run_range_support}, {"vector", run_vector},
    };
    str kind = case_get_text(c, "kind", mem);
    for (size_t i = 0; i < ARRAY_LEN(KINDS); i++) {
        if (str_eq(kind, str_c(KINDS[i].kind)))
            return KINDS[i].run(c, mem);
    }
    return case_fail(mem, "unknown kind %.*s", STR(kind));
}

static void datasources(void **state)
{
    (void)state;
    case_file_run("vm-datasource", run_case);
}

int test_vm_datasource(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate_setup_teardown(datasources, wire_setup, wire_teardown, &wire),
    };
    return run_group("vm-datasource", tests);
}
