// SPDX-License-Identifier: Apache-2.0
// What is served beside the API. httprouter's rules about trailing slashes, letter case and methods
// are what clients know; this follows them.
#include "alertmanager/api.h"

// ---- management --------------------------------------------------------------------------------

static void serve_ok(struct web_request *r)
{
    struct http_reply reply = {
        .status = 200, .headers = WEB_TEXT_HEADERS, .header_count = 1, .body = S("OK")};
    web_reply(r, &reply);
}

static void serve_empty(struct web_request *r)
{
    web_reply(r, &(struct http_reply){.status = 200});
}

static void serve_reload(struct web_request *r)
{
    struct err err = ERR_INIT;
    if (am_reload(r->am, &err)) {
        web_reply(r, &(struct http_reply){.status = 200});
        return;
    }
    int status = err.code == ERR_CANCELED ? 503 : 500;
    web_reply_error(r, status,
                    arena_printf(r->x->mem, "failed to reload config: %.*s", STR(err_str(&err))));
}

static void serve_metrics(struct web_request *r)
{
    static const struct http_header HEADERS = {
        {"Content-Type", 12},
        {"text/plain; version=0.0.4; charset=utf-8; escaping=underscores", 62}};
    struct buf out = {0};
    metrics_expose(am_metrics_registry(r->am), true, &out);
    struct http_reply reply = {
        .status = 200, .headers = &HEADERS, .header_count = 1, .body = buf_str(&out)};
    web_reply(r, &reply);
    buf_done(&out);
}

static void serve_api_v1(struct web_request *r)
{
    static const struct http_header JSON = {{"Content-Type", 12}, {"application/json", 16}};
    log_warn(&r->am->api->log, "v1 API received a request on a removed endpoint",
             LOG_STR("path", r->path), LOG_STR("method", r->x->method));
    struct http_reply reply = {
        .status = 410,
        .headers = &JSON,
        .header_count = 1,
        .body =
            S("{\"status\":\"deprecated\",\"error\":\"The Alertmanager v1 API was deprecated in "
              "version 0.16.0 and is removed as of version 0.27.0 - please use the equivalent "
              "route in the v2 API\"}\n"),
    };
    web_reply(r, &reply);
}

// ---- routes ------------------------------------------------------------------------------------

struct web_route {
    const char *method;
    const char *path; // ends in ":id": one segment, not empty; in "*path": anything
    void (*serve)(struct web_request *);
};

static const struct web_route ROUTES[] = {
    {"GET", "/", web_serve_page},
    {"GET", "/favicon.ico", web_serve_page},
    {"GET", "/assets/*path", web_serve_page},
    {"GET", "/metrics", serve_metrics},
    {"GET", "/-/healthy", serve_ok},
    {"HEAD", "/-/healthy", serve_empty},
    {"GET", "/-/ready", serve_ok},
    {"HEAD", "/-/ready", serve_empty},
    {"POST", "/-/reload", serve_reload},
    {"GET", "/api/v1/status", serve_api_v1},
    {"GET", "/api/v1/receivers", serve_api_v1},
    {"GET", "/api/v1/alerts", serve_api_v1},
    {"POST", "/api/v1/alerts", serve_api_v1},
    {"GET", "/api/v1/silences", serve_api_v1},
    {"POST", "/api/v1/silences", serve_api_v1},
    {"DELETE", "/api/v1/silence/:id", serve_api_v1},
    {"GET", "/api/v1/silence/:id", serve_api_v1},
};

// Does the path fit the pattern? The static part in any case of letters if `any_case`.
static bool route_fits(const struct web_route *route, str path, bool any_case)
{
    str pattern = str_c(route->path), prefix;
    if (str_cut(pattern, '*', &prefix, &(str){0}))
        return str_starts(path, prefix);
    if (str_ends(pattern, S(":id"))) {
        pattern.n -= 3;
        str id = str_skip(path, pattern.n);
        if (id.n == 0 || str_find(id, '/') != STR_NONE)
            return false;
        path = str_slice(path, 0, pattern.n);
    }
    return any_case ? str_eq_nocase(path, pattern) : str_eq(path, pattern);
}

// Where a path leads that is right but for a trailing slash or the case of letters; else empty.
static str corrected_path(const struct web_request *r, str path)
{
    str bare = path.n > 1 && str_ends(path, S("/")) ? str_slice(path, 0, path.n - 1) : path;
    for (size_t i = 0; i < ARRAY_LEN(ROUTES); i++) {
        if (!str_eq(r->x->method, str_c(ROUTES[i].method)) || !route_fits(&ROUTES[i], bare, true))
            continue;
        str pattern = str_c(ROUTES[i].path);
        if (str_ends(pattern, S(":id")))
            pattern = arena_printf(r->x->mem, "%.*s%.*s", (int)(pattern.n - 3), pattern.p,
                                   STR(str_skip(bare, pattern.n - 3)));
        return pattern;
    }
    return S("");
}

static int compare_methods(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

// "GET, OPTIONS", or empty for an unknown path.
static str allowed_methods(const struct web_request *r, str path)
{
    const char *methods[ARRAY_LEN(ROUTES) + 1];
    size_t count = 0;
    for (size_t i = 0; i < ARRAY_LEN(ROUTES); i++) {
        if (route_fits(&ROUTES[i], path, false))
            methods[count++] = ROUTES[i].method;
    }
    if (count == 0)
        return S("");
    methods[count++] = "OPTIONS";
    qsort(methods, count, sizeof(*methods), compare_methods);
    str list = {0};
    for (size_t i = 0; i < count; i++)
        list = arena_printf(r->x->mem, "%.*s%s%s", STR(list), i ? ", " : "", methods[i]);
    return list;
}

void web_refuse_method(struct web_request *r, str allowed)
{
    struct http_header headers[] = {
        {S("Allow"), allowed}, WEB_TEXT_HEADERS[0], WEB_TEXT_HEADERS[1]};
    struct http_reply reply = {.status = 200, .headers = headers, .header_count = 1};
    if (!str_eq(r->x->method, S("OPTIONS"))) {
        reply.status = 405;
        reply.header_count = ARRAY_LEN(headers);
        reply.body = S("Method Not Allowed\n");
    }
    web_reply(r, &reply);
}

void web_serve_routed(struct web_request *r, str path)
{
    for (size_t i = 0; i < ARRAY_LEN(ROUTES); i++) {
        if (!str_eq(r->x->method, str_c(ROUTES[i].method)) || !route_fits(&ROUTES[i], path, false))
            continue;
        r->handler = ROUTES[i].path;
        r->is_routed = true;
        ROUTES[i].serve(r);
        return;
    }
    str corrected = corrected_path(r, path);
    if (corrected.n) {
        str prefix = r->am->route_prefix;
        web_redirect(r, str_eq(r->x->method, S("GET")) ? 301 : 307,
                     arena_printf(r->x->mem, "%.*s%.*s", STR(prefix), STR(corrected)));
        return;
    }
    str allowed = allowed_methods(r, path);
    if (allowed.n)
        web_refuse_method(r, allowed);
    else
        web_reply_error(r, 404, S("404 page not found"));
}
