// SPDX-License-Identifier: Apache-2.0
// Routes of vmalert's own HTTP server (spec: vmalert flags §9, vmalert HTTP §1).
#include "base/text/unicode.h"
#include "vmalert/web_api.h"

static const struct http_header TEXT_HEADERS[] = {
    {{"Content-Type", 12}, {"text/plain; charset=utf-8", 25}},
    {{"X-Content-Type-Options", 22}, {"nosniff", 7}},
};

// Headers every answer carries, then the answer's own.
static void reply(struct vmalert *v, struct http_exchange *x, struct http_reply *r)
{
    const struct vmalert_options *o = v->opt;
    struct http_header *headers = arena_array(x->mem, struct http_header, r->header_count + 8);
    size_t count = 0;
#define OPTIONAL(name_, value_)                                                                    \
    if ((value_).n)                                                                                \
    headers[count++] = (struct http_header){S(name_), (value_)}
    OPTIONAL("Strict-Transport-Security", o->http_header_hsts);
    OPTIONAL("X-Frame-Options", o->http_header_frame_options);
    OPTIONAL("Content-Security-Policy", o->http_header_csp);
    if (!o->http_header_disable_server_hostname)
        OPTIONAL("X-Server-Hostname", o->hostname);
#undef OPTIONAL
    for (size_t i = 0; i < r->header_count; i++)
        headers[count++] = r->headers[i];
    r->headers = headers;
    r->header_count = count;
    x->reply(x, r);
}

void web_reply_text(struct vmalert *v, struct http_exchange *x, int status, str body)
{
    struct http_reply r = {
        .status = status, .headers = TEXT_HEADERS, .header_count = 1, .body = body};
    reply(v, x, &r);
}

void web_reply_json(struct vmalert *v, struct http_exchange *x, str body)
{
    static const struct http_header JSON = {{"Content-Type", 12}, {"application/json", 16}};
    struct http_reply r = {.status = 200, .headers = &JSON, .header_count = 1, .body = body};
    reply(v, x, &r);
}

// Plain text with a line end, as Go's http.Error writes it.
void web_reply_error(struct vmalert *v, struct http_exchange *x, int status, str text)
{
    struct http_reply r = {
        .status = status,
        .headers = TEXT_HEADERS,
        .header_count = ARRAY_LEN(TEXT_HEADERS),
        .body = arena_printf(x->mem, "%.*s\n", STR(text)),
    };
    struct buf peer = {0};
    buf_put_addr(&peer, &x->peer);
    log_printf(&v->env->log, LOG_WARN, LOG_WHERE, "remoteAddr: \"%.*s\"; requestURI: %.*s; %.*s",
               STR(buf_str(&peer)), STR(x->target), STR(text));
    buf_done(&peer);
    reply(v, x, &r);
}

// ---- built-in pages ----------------------------------------------------------------------------

static void serve_metrics(struct vmalert *v, struct http_exchange *x)
{
    struct buf out = {0};
    vmalert_metrics_put(v, &out);
    web_reply_text(v, x, 200, buf_str(&out));
    buf_done(&out);
}

static void serve_flags(struct vmalert *v, struct http_exchange *x)
{
    struct buf out = {0}, value = {0};
    const struct flags *flags = v->opt->flags;
    for (size_t i = 0; flags && i < flags->count; i++) {
        const struct flag *f = &flags->items[i];
        if (!f->is_set || !*f->is_set)
            continue;
        buf_clear(&value);
        flag_value_text(f, &value);
        buf_printf(&out, "-%s=", f->name);
        buf_put_quoted(&out, buf_str(&value));
        buf_put_c(&out, '\n');
    }
    web_reply_text(v, x, 200, buf_str(&out));
    buf_done(&out);
    buf_done(&value);
}

static void serve_health(struct vmalert *v, struct http_exchange *x)
{
    if (v->is_stopping)
        web_reply_text(v, x, 503, S("The server is in delayed shutdown mode"));
    else
        web_reply_text(v, x, 200, S("OK"));
}

static void serve_reload(struct vmalert *v, struct http_exchange *x)
{
    log_printf(&v->env->log, LOG_INFO, LOG_WHERE, "api config reload was called, sending sighup");
    web_reply_text(v, x, 200, (str){0});
    vmalert_reload(v, true);
}

static void serve_healthy(struct vmalert *v, struct http_exchange *x)
{
    web_reply_text(v, x, 200, S("VictoriaMetrics is Healthy.\n"));
}

static void serve_ready(struct vmalert *v, struct http_exchange *x)
{
    web_reply_text(v, x, 200, S("VictoriaMetrics is Ready.\n"));
}

static void serve_robots(struct vmalert *v, struct http_exchange *x)
{
    web_reply_text(v, x, 200, S("User-agent: *\nDisallow: /\n"));
}

static void serve_ping(struct vmalert *v, struct http_exchange *x)
{
    struct http_reply r = {.status = 204};
    reply(v, x, &r);
}

static void serve_welcome(struct vmalert *v, struct http_exchange *x)
{
    static const struct http_header HTML = {{"Content-Type", 12}, {"text/html; charset=utf-8", 24}};
    if (!str_eq(x->method, S("GET"))) {
        web_reply_error(
            v, x, 400,
            arena_printf(x->mem, "path \"%.*s\" supports only GET method", STR(x->path)));
        return;
    }
    struct http_reply r = {
        .status = 200,
        .headers = &HTML,
        .header_count = 1,
        .body = S("<!DOCTYPE html>\n<html lang=\"en\"><head><title>vmalert</title></head><body>\n"
                  "<h1>vmalert</h1>\n<ul>\n"
                  "<li><a href=\"api/v1/rules\">api/v1/rules</a> - groups and their rules</li>\n"
                  "<li><a href=\"api/v1/alerts\">api/v1/alerts</a> - active alerts</li>\n"
                  "<li><a href=\"api/v1/notifiers\">api/v1/notifiers</a> - Alertmanagers</li>\n"
                  "<li><a href=\"flags\">flags</a> - command-line flags</li>\n"
                  "<li><a href=\"metrics\">metrics</a> - metrics of this process</li>\n"
                  "<li><a href=\"-/reload\">-/reload</a> - reload rules</li>\n"
                  "</ul>\n</body></html>\n"),
    };
    reply(v, x, &r);
}

// ---- routes ------------------------------------------------------------------------------------

struct route {
    const char *path;
    void (*serve)(struct vmalert *, struct http_exchange *);
};

static const struct route BUILT_IN[] = {
    {"/health", serve_health},     {"/ping", serve_ping},         {"/metrics", serve_metrics},
    {"/flags", serve_flags},       {"/-/healthy", serve_healthy}, {"/-/ready", serve_ready},
    {"/robots.txt", serve_robots}, {"/-/reload", serve_reload},   {"/", serve_welcome},
    {"/vmalert", serve_welcome},   {"/vmalert/", serve_welcome},
};

// With and without /vmalert in front.
static const struct route API[] = {
    {"/api/v1/rules", web_api_rules}, {"/api/v1/alerts", web_api_alerts},
    {"/api/v1/rule", web_api_rule},   {"/api/v1/alert", web_api_alert},
    {"/api/v1/group", web_api_group}, {"/api/v1/notifiers", web_api_notifiers},
};

static bool serve_route(const struct route *routes, size_t count, str path, struct vmalert *v,
                        struct http_exchange *x)
{
    for (size_t i = 0; i < count; i++) {
        if (!str_eq(path, str_c(routes[i].path)))
            continue;
        routes[i].serve(v, x);
        return true;
    }
    return false;
}

// The path below -http.pathPrefix; false: answered already.
static bool strip_prefix(struct vmalert *v, struct http_exchange *x, str *path)
{
    str prefix = v->opt->http_path_prefix;
    while (prefix.n && prefix.p[0] == '/')
        prefix = str_skip(prefix, 1);
    prefix = str_trim_right(prefix, '/');
    if (prefix.n == 0)
        return true;
    str full = arena_printf(x->mem, "/%.*s", STR(prefix));
    if (str_eq(*path, full)) {
        struct http_header location = {S("Location"), arena_printf(x->mem, "%.*s/", STR(full))};
        struct http_reply r = {.status = 302, .headers = &location, .header_count = 1};
        reply(v, x, &r);
        return false;
    }
    if (!str_starts(*path, full) || path->p[full.n] != '/') {
        web_reply_error(v, x, 400,
                        arena_printf(x->mem,
                                     "missing -http.pathPrefix=\"%.*s\" in the requested path "
                                     "\"%.*s\"",
                                     STR(v->opt->http_path_prefix), STR(*path)));
        return false;
    }
    *path = str_skip(*path, full.n);
    return true;
}

static void serve_options(struct vmalert *v, struct http_exchange *x)
{
    static const struct http_header CORS[] = {
        {{"Access-Control-Allow-Origin", 27}, {"*", 1}},
        {{"Access-Control-Allow-Methods", 28}, {"*", 1}},
        {{"Access-Control-Allow-Headers", 28}, {"*", 1}},
    };
    struct http_reply r = {.status = 204, .headers = CORS, .header_count = ARRAY_LEN(CORS)};
    if (v->opt->http_disable_cors)
        r.header_count = 0;
    reply(v, x, &r);
}

void vmalert_serve(void *owner, struct http_exchange *x)
{
    struct vmalert *v = owner;
    struct buf decoded = {0};
    str path =
        url_path_unescape(x->path, &decoded) ? arena_str(x->mem, buf_str(&decoded)) : x->path;
    buf_done(&decoded);
    if (!strip_prefix(v, x, &path))
        return;
    if (str_eq(x->method, S("OPTIONS"))) {
        serve_options(v, x);
        return;
    }
    if (serve_route(BUILT_IN, ARRAY_LEN(BUILT_IN), path, v, x))
        return;
    str api = str_starts(path, S("/vmalert/api/")) ? str_skip(path, 8) : path;
    if (!serve_route(API, ARRAY_LEN(API), api, v, x))
        web_reply_error(v, x, 400,
                        arena_printf(x->mem, "unsupported path requested: \"%.*s\"", STR(path)));
}
