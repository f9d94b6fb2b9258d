// SPDX-License-Identifier: Apache-2.0
// The server's common rules: a request's life, clean paths as Go's ServeMux wants them, the limit
// of GET requests, the time-out, the route prefix.
#include "alertmanager/web.h"

#include "alertmanager/api.h"
#include "base/core/alloc.h"
#include "base/text/encode.h"

#define PATH_BYTES_MAX ((size_t)32 << 10)

const struct http_header WEB_TEXT_HEADERS[WEB_TEXT_HEADER_COUNT] = {
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
    if (r->handler)
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
        .headers = WEB_TEXT_HEADERS,
        .header_count = WEB_TEXT_HEADER_COUNT,
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
    case 301:
        return S("Moved Permanently");
    case 302:
        return S("Found");
    default:
        return S("Temporary Redirect");
    }
}

void web_redirect(struct web_request *r, int status, str path)
{
    static const str HTML = {"text/html; charset=utf-8", 24};
    struct buf to = {0}, body = {0};
    str query = status == 302 ? S("") : r->x->query; // only the way to the prefix forgets it
    struct url url = {.path = path, .raw_query = query};
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
    bool is_get = str_eq(r->x->method, S("GET")), is_root = str_eq(*path, S("/"));
    if (is_get && is_root)
        web_redirect(r, 302, prefix);
    else if (is_root)
        web_refuse_method(r, S("GET, OPTIONS"));
    else if (is_get && str_eq(*path, prefix))
        web_redirect(r, 301, arena_printf(r->x->mem, "%.*s/", STR(prefix)));
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
    bool is_path = str_starts(x->path, S("/")) && x->path.n <= PATH_BYTES_MAX;
    if (!is_path || !url_path_unescape(x->path, &decoded)) {
        web_reply(r, &(struct http_reply){.status = 400,
                                          .headers = WEB_TEXT_HEADERS,
                                          .header_count = 1,
                                          .body = S("400 Bad Request")});
        return;
    }
    str path = arena_str(x->mem, buf_str(&decoded));
    str cleaned = clean_path(str_skip(path, 1), x->mem);
    if (!str_eq(path, cleaned)) {
        web_redirect(r, 307, cleaned);
        return;
    }
    if (!take_slot(r) || !strip_prefix(r, &path))
        return;
    if (str_eq(path, S("/api/v2"))) {
        web_redirect(r, 307, arena_printf(x->mem, "%.*s/api/v2/", STR(r->am->route_prefix)));
        return;
    }
    r->path = path;
    if (!str_starts(path, S("/api/v2/"))) {
        web_serve_routed(r, path);
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
        .started_at = env_mono(am->env),
    };
    list_append(&am->api->requests, &r->node);
    timer_init(&r->timeout, on_timeout, r);
    if (am->opt.web_timeout > 0)
        env_timer_after(am->env, &r->timeout, am->opt.web_timeout);
    serve(r);
}
