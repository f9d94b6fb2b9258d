// SPDX-License-Identifier: Apache-2.0
// The server's common rules, and what it serves beside the API. Go's ServeMux (clean paths) and
// httprouter (trailing slashes, letter case, 405) are what clients know; this follows them.
#include "alertmanager/web.h"

#include "alertmanager/api.h"
#include "base/core/alloc.h"
#include "base/text/encode.h"

#define PATH_BYTES_MAX ((size_t)32 << 10)

static const struct http_header TEXT_HEADERS[] = {
    {{"Content-Type", 12}, {"text/plain; charset=utf-8", 25}},
    {{"X-Content-Type-Options", 22}, {"nosniff", 7}},
};

str web_header(const struct web_request *r, str name)
{
    return http_header_find(r->x->headers, r->x->header_count, name);
}

// ---- answering ---------------------------------------------------------------------------------

static void release_slot(struct web_request *r)
{
    if (r->has_slot)
        r->am->api->gets_open--;
    r->has_slot = false;
}

static void request_free(struct web_request *r)
{
    list_remove(&r->node);
    mem_free(r);
}

static bool next_piece(void *owner, struct buf *out)
{
    struct web_request *r = owner;
    return r->stream.next && r->stream.next(r->stream.owner, out);
}

// The whole reply was taken, or the client is gone.
static void on_stream_done(void *owner)
{
    struct web_request *r = owner;
    if (r->stream.next) { // otherwise abandoned
        release_slot(r);
        if (r->stream.done)
            r->stream.done(r->stream.owner);
    }
    request_free(r);
}

void web_reply(struct web_request *r, const struct http_reply *reply)
{
    struct http_exchange *x = r->x;
    env_timer_cancel(r->am->env, &r->timeout);
    r->cancel = NULL;
    am_metrics_http(r->am, r->handler, x->method, reply->status,
                    env_mono(r->am->env) - r->started_at);
    if (r->is_routed)
        am_metrics_http_size(r->am, r->handler, x->method, reply->body.n);
    if (!reply->next) {
        release_slot(r);
        request_free(r);
        x->reply(x, reply);
        return;
    }
    r->stream = *reply;
    struct http_reply pieces = *reply;
    pieces.next = next_piece;
    pieces.done = on_stream_done;
    pieces.owner = r;
    x->reply(x, &pieces);
}

void web_reply_error(struct web_request *r, int status, str text)
{
    struct http_reply reply = {
        .status = status,
        .headers = TEXT_HEADERS,
        .header_count = ARRAY_LEN(TEXT_HEADERS),
        .body = arena_printf(r->x->mem, "%.*s\n", STR(text)),
    };
    web_reply(r, &reply);
}

static void cancel_operation(struct web_request *r)
{
    void (*cancel)(void *) = r->cancel;
    r->cancel = NULL;
    if (cancel)
        cancel(r->cancel_owner);
}

void web_abandon(struct web_request *r)
{
    if (r->stream.next) {
        r->stream.next = NULL;
        if (r->stream.done)
            r->stream.done(r->stream.owner);
        list_remove(&r->node);
        return;
    }
    cancel_operation(r);
    web_reply_error(r, 503, S("shutting down"));
}

static void on_timeout(void *owner)
{
    struct web_request *r = owner;
    defer(buf_done) struct buf text = {0};
    cancel_operation(r);
    buf_put(&text, S("Exceeded configured timeout of "));
    buf_put_dur_go(&text, r->am->opt.web_timeout);
    buf_put(&text, S(".\n"));
    struct http_reply reply = {.status = 503, .body = buf_str(&text)};
    web_reply(r, &reply);
}

// ---- redirects ---------------------------------------------------------------------------------

static str status_text(int status)
{
    switch (status) {
    case 301: return S("Moved Permanently");
    case 302: return S("Found");
    default: return S("Permanent Redirect");
    }
}

// To a decoded path of this server, keeping the query.
static void redirect(struct web_request *r, int status, str path)
{
    static const str HTML = {"text/html; charset=utf-8", 24};
    struct buf to = {0}, body = {0};
    struct url url = {.path = path, .raw_query = r->x->query};
    buf_put_url(&to, &url);
    struct http_header headers[] = {{S("Location"), buf_str(&to)}, {S("Content-Type"), HTML}};
    struct http_reply reply = {.status = status, .headers = headers, .header_count = 1};
    bool is_get = str_eq(r->x->method, S("GET"));
    if (is_get || str_eq(r->x->method, S("HEAD")))
        reply.header_count = 2;
    if (is_get) {
        buf_put(&body, S("<a href=\""));
        buf_put_html_escaped(&body, buf_str(&to));
        buf_put(&body, S("\">"));
        buf_put(&body, status_text(status));
        buf_put(&body, S("</a>.\n\n"));
        reply.body = buf_str(&body);
    }
    web_reply(r, &reply);
    buf_done(&to);
    buf_done(&body);
}

// Go's cleanPath: no empty, "." or ".." segments; a trailing slash stays.
static str clean_path(str path, struct arena *mem)
{
    char *to = arena_alloc_raw(mem, path.n + 2);
    size_t n = 0;
    str segment;
    for (bool has_more = true; has_more;) {
        has_more = str_cut(path, '/', &segment, &path);
        bool is_last = !has_more;
        if (str_eq(segment, S("..")))
            while (n > 0 && to[--n] != '/')
                continue;
        bool is_kept = segment.n && !str_eq(segment, S(".")) && !str_eq(segment, S(".."));
        if (is_kept) {
            to[n++] = '/';
            memcpy(to + n, segment.p, segment.n);
            n += segment.n;
        }
        if (is_last && (segment.n == 0 || n == 0))
            to[n++] = '/';
    }
    return str_from(to, n);
}

// ---- management --------------------------------------------------------------------------------

static void serve_ok(struct web_request *r)
{
    struct http_reply reply = {
        .status = 200, .headers = TEXT_HEADERS, .header_count = 1, .body = S("OK")};
    web_reply(r, &reply);
}

static void serve_reload(struct web_request *r)
{
    struct err err = ERR_INIT;
    if (am_reload(r->am, &err)) {
        web_reply(r, &(struct http_reply){.status = 200});
        return;
    }
    int status = err.code == ERR_CANCELED ? 503 : 500;
    web_reply_error(
        r, status,
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

static void serve_index(struct web_request *r)
{
    static const struct http_header HTML = {{"Content-Type", 12}, {"text/html; charset=utf-8", 24}};
    static const char PAGE[] =
        "<!DOCTYPE html>\n<html lang=\"en\"><head><title>Alertmanager</title></head><body>\n"
        "<h1>Alertmanager</h1>\n"
        "<p>This is the Alertmanager of Tocsin. It groups alerts and notifies about them.</p>\n"
        "<ul>\n"
        "<li><a href=\"api/v2/alerts\">api/v2/alerts</a>: alerts</li>\n"
        "<li><a href=\"api/v2/alerts/groups\">api/v2/alerts/groups</a>: alerts by group</li>\n"
        "<li><a href=\"api/v2/silences\">api/v2/silences</a>: silences</li>\n"
        "<li><a href=\"api/v2/receivers\">api/v2/receivers</a>: receivers</li>\n"
        "<li><a href=\"api/v2/status\">api/v2/status</a>: configuration and cluster</li>\n"
        "<li><a href=\"metrics\">metrics</a>: metrics of this process</li>\n"
        "</ul>\n</body></html>\n";
    struct http_reply reply = {
        .status = 200, .headers = &HTML, .header_count = 1, .body = str_c(PAGE)};
    web_reply(r, &reply);
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
        .body = S("{\"status\":\"deprecated\",\"error\":\"The Alertmanager v1 API was deprecated in "
                  "version 0.16.0 and is removed as of version 0.27.0 - please use the equivalent "
                  "route in the v2 API\"}\n"),
    };
    web_reply(r, &reply);
}

// ---- routes ------------------------------------------------------------------------------------

struct web_route {
    const char *method;
    const char *path; // ends in ":id": one segment, not empty
    void (*serve)(struct web_request *);
};

static const struct web_route ROUTES[] = {
    {"GET", "/", serve_index},
    {"GET", "/metrics", serve_metrics},
    {"GET", "/-/healthy", serve_ok},
    {"HEAD", "/-/healthy", serve_ok},
    {"GET", "/-/ready", serve_ok},
    {"HEAD", "/-/ready", serve_ok},
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
    str pattern = str_c(route->path);
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

static void refuse_method(struct web_request *r, str allowed)
{
    struct http_header headers[] = {{S("Allow"), allowed}, TEXT_HEADERS[0], TEXT_HEADERS[1]};
    struct http_reply reply = {.status = 200, .headers = headers, .header_count = 1};
    if (!str_eq(r->x->method, S("OPTIONS"))) {
        reply.status = 405;
        reply.header_count = ARRAY_LEN(headers);
        reply.body = S("Method Not Allowed\n");
    }
    web_reply(r, &reply);
}

static void serve_routed(struct web_request *r, str path)
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
        bool is_read = str_eq(r->x->method, S("GET")) || str_eq(r->x->method, S("HEAD"));
        str prefix = r->am->route_prefix;
        redirect(r, is_read ? 301 : 308,
                 arena_printf(r->x->mem, "%.*s%.*s", STR(prefix), STR(corrected)));
        return;
    }
    str allowed = allowed_methods(r, path);
    if (allowed.n)
        refuse_method(r, allowed);
    else
        web_reply_error(r, 404, S("404 page not found"));
}

// ---- the way in --------------------------------------------------------------------------------

// What is below the route prefix goes on; false: answered.
static bool strip_prefix(struct web_request *r, str *path)
{
    str prefix = r->am->route_prefix;
    if (prefix.n == 0)
        return true;
    if (str_starts(*path, prefix) && path->n > prefix.n && path->p[prefix.n] == '/') {
        *path = str_skip(*path, prefix.n);
        return true;
    }
    bool is_get = str_eq(r->x->method, S("GET"));
    if (is_get && str_eq(*path, S("/")))
        redirect(r, 302, prefix);
    else if (is_get && str_eq(*path, prefix))
        redirect(r, 301, arena_printf(r->x->mem, "%.*s/", STR(prefix)));
    else
        web_reply_error(r, 404, S("404 page not found"));
    return false;
}

// Takes one of the slots for GET requests; false: answered, all are taken.
static bool take_slot(struct web_request *r)
{
    struct api *api = r->am->api;
    if (!str_eq(r->x->method, S("GET")))
        return true;
    if (api->gets_open >= api->get_slots) {
        api->gets_refused++;
        web_reply_error(
            r, 503,
            arena_printf(r->x->mem,
                         "Limit of concurrent GET requests reached (%zu), try again later.\n",
                         api->get_slots));
        return false;
    }
    api->gets_open++;
    r->has_slot = true;
    return true;
}

// Go's URL.EscapedPath: as sent, unless it holds bytes that may not be sent like this.
static str escaped_path(str raw, str decoded, struct arena *mem)
{
    bool is_clean = true;
    for (size_t i = 0; i < raw.n && is_clean; i++) {
        uint8_t c = (uint8_t)raw.p[i];
        is_clean = c > ' ' && c < 0x7f && !strchr("<>\"{}|\\^`#?", c);
    }
    if (is_clean)
        return raw;
    defer(buf_done) struct buf text = {0};
    buf_put_url(&text, &(struct url){.path = decoded});
    return arena_str(mem, buf_str(&text));
}

static void serve(struct web_request *r)
{
    struct http_exchange *x = r->x;
    defer(buf_done) struct buf decoded = {0};
    if (x->path.n > PATH_BYTES_MAX || !url_path_unescape(x->path, &decoded)) {
        web_reply_error(r, 400, S("400 Bad Request"));
        return;
    }
    str path = arena_str(x->mem, buf_str(&decoded));
    str cleaned = clean_path(path.n && path.p[0] == '/' ? str_skip(path, 1) : path, x->mem);
    if (!str_eq(path, cleaned)) {
        redirect(r, 301, cleaned);
        return;
    }
    if (!take_slot(r) || !strip_prefix(r, &path))
        return;
    if (str_eq(path, S("/api/v2"))) {
        redirect(r, 301,
                 arena_printf(x->mem, "%.*s/api/v2/", STR(r->am->route_prefix)));
        return;
    }
    r->path = path;
    if (!str_starts(path, S("/api/v2/"))) {
        serve_routed(r, path);
        return;
    }
    // Ids and texts below are the client's own spelling; a prefix or "api" in escapes is not.
    str below = str_skip(x->path, r->am->route_prefix.n);
    if (str_starts(below, S("/api/v2/")))
        r->path = escaped_path(below, path, x->mem);
    api_serve(r);
}

void am_serve(void *owner, struct http_exchange *x)
{
    struct am *am = owner;
    struct web_request *r = mem_new(struct web_request);
    *r = (struct web_request){
        .am = am,
        .x = x,
        .handler = "unknown",
        .started_at = env_mono(am->env),
    };
    list_append(&am->api->requests, &r->node);
    timer_init(&r->timeout, on_timeout, r);
    if (am->opt.web_timeout > 0)
        env_timer_after(am->env, &r->timeout, am->opt.web_timeout);
    serve(r);
}
