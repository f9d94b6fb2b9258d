// SPDX-License-Identifier: Apache-2.0
// Routes of vmalert's own HTTP server (spec: vmalert flags §9, vmalert HTTP §1).
#include "base/text/unicode.h"
#include "vmalert/web_api.h"
#include "vmalert/web_auth.h"

#define WEB_LOGGED_URI_BYTES_MAX 4096

static const struct http_header TEXT_HEADERS[] = {
    {{"Content-Type", 12}, {"text/plain; charset=utf-8", 25}},
    {{"X-Content-Type-Options", 22}, {"nosniff", 7}},
};

// Connections end when they are old, not all in the same moment: up to a tenth later, by their
// address.
static bool is_old(struct vmalert *v, const struct http_exchange *x)
{
    dur_ns limit = v->opt->server.conn_timeout / DUR_SECONDS(1) * DUR_SECONDS(1);
    if (limit <= 0 || x->connected_at == 0)
        return false;
    uint64_t spread_s = (uint64_t)(limit / DUR_SECONDS(10));
    if (spread_s > 1)
        limit = add_saturated(limit, DUR_SECONDS((int64_t)(addr_hash(0, &x->peer) % spread_s)));
    if (env_mono(v->env) - x->connected_at < limit)
        return false;
    v->web.old_connections++;
    return true;
}

// Headers every answer carries, then the answer's own.
void web_reply(struct vmalert *v, struct http_exchange *x, struct http_reply *r)
{
    const struct server_flags *o = &v->opt->server;
    struct http_header *headers = arena_array(x->mem, struct http_header, r->header_count + 8);
    size_t count = 0;
#define OPTIONAL(name_, value_)                                                                    \
    if ((value_).n)                                                                                \
    headers[count++] = (struct http_header){S(name_), (value_)}
    OPTIONAL("Strict-Transport-Security", o->header_hsts);
    OPTIONAL("X-Frame-Options", o->header_frame_options);
    OPTIONAL("Content-Security-Policy", o->header_csp);
    if (!o->header_disable_server_hostname)
        OPTIONAL("X-Server-Hostname", v->opt->hostname);
#undef OPTIONAL
    if (o->disable_keep_alive || is_old(v, x))
        headers[count++] = (struct http_header){S("Connection"), S("close")};
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
    web_reply(v, x, &r);
}

void web_reply_json(struct vmalert *v, struct http_exchange *x, str body)
{
    static const struct http_header JSON = {{"Content-Type", 12}, {"application/json", 16}};
    struct http_reply r = {.status = 200, .headers = &JSON, .header_count = 1, .body = body};
    web_reply(v, x, &r);
}

void web_read_params(const struct http_exchange *x, struct url_params *ret)
{
    str type = http_header_find(x->headers, x->header_count, S("Content-Type"));
    bool has_form = str_starts(type, S("application/x-www-form-urlencoded"));
    str text = has_form ? arena_printf(x->mem, "%.*s&%.*s", STR(x->body), STR(x->query)) : x->query;
    url_params_parse(text, x->mem, ret);
}

// The path with all parameters, for logs: keys are nobody's business there.
static void put_uri(struct buf *b, const struct http_exchange *x)
{
    struct url_params params;
    web_read_params(x, &params);
    buf_put(b, x->path);
    for (size_t i = 0; i < params.count; i++) {
        bool is_key = str_eq(params.items[i].name, S("authKey"));
        buf_put_c(b, i ? '&' : '?');
        buf_put_query_escaped(b, params.items[i].name);
        buf_put_c(b, '=');
        buf_put_query_escaped(b, is_key ? S("secret") : params.items[i].value);
    }
}

static void note_refusal(struct vmalert *v, const struct http_exchange *x, str text)
{
    defer(buf_done) struct buf peer = {0}, from = {0}, quoted = {0};
    defer(buf_done) struct buf uri = {.max = WEB_LOGGED_URI_BYTES_MAX};
    buf_put_addr(&peer, &x->peer);
    buf_put_quoted(&from, buf_str(&peer));
    str forwarded = http_header_find(x->headers, x->header_count, S("X-Forwarded-For"));
    if (forwarded.n) {
        buf_put_quoted(&quoted, forwarded);
        buf_printf(&from, ", X-Forwarded-For: %.*s", STR(buf_str(&quoted)));
    }
    put_uri(&uri, x);
    log_printf(&v->env->log, LOG_WARN, LOG_WHERE, "remoteAddr: %.*s; requestURI: %.*s; %.*s",
               STR(buf_str(&from)), STR(buf_str(&uri)), STR(text));
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
    note_refusal(v, x, text);
    web_reply(v, x, &r);
}

void web_reply_unauthorized(struct vmalert *v, struct http_exchange *x)
{
    const struct http_header headers[] = {
        {S("WWW-Authenticate"), S("Basic realm=\"VictoriaMetrics\"")},
        TEXT_HEADERS[0],
        TEXT_HEADERS[1],
    };
    struct http_reply r = {
        .status = 401, .headers = headers, .header_count = ARRAY_LEN(headers), .body = S("\n")};
    web_reply(v, x, &r);
}

// ---- built-in pages ----------------------------------------------------------------------------

static void serve_metrics(struct vmalert *v, struct http_exchange *x)
{
    struct buf out = {0};
    mono_ns began = env_mono(v->env);
    v->web.metrics++;
    vmalert_metrics_put(v, &out);
    web_reply_text(v, x, 200, buf_str(&out));
    buf_done(&out);
    vmalert_metrics_served(v, env_mono(v->env) - began);
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
        buf_put_flag_value(&value, f, v->opt);
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
    if (!v->is_stopping) {
        web_reply_text(v, x, 200, S("OK"));
        return;
    }
    dur_ns rest = MAX(v->stop_at - env_mono(v->env), 0);
    str text =
        arena_printf(x->mem, "The server is in delayed shutdown mode, which will end in %.3fs\n",
                     dur_to_seconds(rest));
    struct http_reply r = {.status = 503,
                           .headers = TEXT_HEADERS,
                           .header_count = ARRAY_LEN(TEXT_HEADERS),
                           .body = text};
    web_reply(v, x, &r);
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

// As InfluxDB, whose clients ask for it.
static void serve_ping(struct vmalert *v, struct http_exchange *x)
{
    struct url_params params;
    web_read_params(x, &params);
    bool is_verbose = str_eq(url_param_first(&params, S("verbose"), NULL), S("true"));
    struct http_reply r = {.status = is_verbose ? 200 : 204};
    web_reply(v, x, &r);
}

static void serve_pprof(struct vmalert *v, struct http_exchange *x)
{
    v->web.pprof++;
    web_reply_error(v, x, 404, S("there are no profiles"));
}

// ---- routes ------------------------------------------------------------------------------------

struct route {
    const char *path;
    void (*serve)(struct vmalert *, struct http_exchange *);
    enum web_access access;
};

static const struct route ROUTES[] = {
    {"/health", serve_health, WEB_FREE},      {"/ping", serve_ping, WEB_FREE},
    {"/metrics", serve_metrics, WEB_METRICS}, {"/flags", serve_flags, WEB_FLAGS},
    {"/-/healthy", serve_healthy, WEB_FREE},  {"/-/ready", serve_ready, WEB_FREE},
    {"/robots.txt", serve_robots, WEB_FREE},  {"/-/reload", serve_reload, WEB_RELOAD},
};

// With and without /vmalert in front.
static const struct route API[] = {
    {"/api/v1/rules", web_api_rules, WEB_BASIC},
    {"/api/v1/alerts", web_api_alerts, WEB_BASIC},
    {"/api/v1/rule", web_api_rule, WEB_BASIC},
    {"/api/v1/alert", web_api_alert, WEB_BASIC},
    {"/api/v1/group", web_api_group, WEB_BASIC},
    {"/api/v1/notifiers", web_api_notifiers, WEB_BASIC},
};

static const struct route FAVICON = {"*/favicon.ico", web_serve_favicon, WEB_FREE};
static const struct route PPROF = {"/debug/pprof/", serve_pprof, WEB_PPROF};

static const struct route *find_route(str path)
{
    if (str_ends(path, S("/favicon.ico")))
        return &FAVICON;
    if (str_starts(path, S("/debug/pprof/")))
        return &PPROF;
    for (size_t i = 0; i < ARRAY_LEN(ROUTES); i++) {
        if (str_eq(path, str_c(ROUTES[i].path)))
            return &ROUTES[i];
    }
    str api = str_starts(path, S("/vmalert/")) ? str_skip(path, strlen("/vmalert")) : path;
    for (size_t i = 0; i < ARRAY_LEN(API); i++) {
        if (str_eq(api, str_c(API[i].path)))
            return &API[i];
    }
    return NULL;
}

// The path below -http.pathPrefix; false: answered already.
static bool strip_prefix(struct vmalert *v, struct http_exchange *x, str *path)
{
    str prefix = v->opt->server.path_prefix;
    while (prefix.n && prefix.p[0] == '/')
        prefix = str_skip(prefix, 1);
    prefix = str_trim_right(prefix, '/');
    if (prefix.n == 0)
        return true;
    str full = arena_printf(x->mem, "/%.*s", STR(prefix));
    if (str_eq(*path, full)) {
        struct http_header location = {S("Location"), arena_printf(x->mem, "%.*s/", STR(full))};
        struct http_reply r = {.status = 302, .headers = &location, .header_count = 1};
        web_reply(v, x, &r);
        return false;
    }
    if (!str_starts(*path, full) || path->p[full.n] != '/') {
        web_reply_error(v, x, 400,
                        arena_printf(x->mem,
                                     "missing -http.pathPrefix=\"%.*s\" in the requested path "
                                     "\"%.*s\"",
                                     STR(v->opt->server.path_prefix), STR(*path)));
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
    if (v->opt->server.disable_cors)
        r.header_count = 0;
    web_reply(v, x, &r);
}

void vmalert_serve(void *owner, struct http_exchange *x)
{
    struct vmalert *v = owner;
    struct buf decoded = {0};
    v->web.requests++;
    str path =
        url_path_unescape(x->path, &decoded) ? arena_str(x->mem, buf_str(&decoded)) : x->path;
    buf_done(&decoded);
    if (!strip_prefix(v, x, &path))
        return;
    if (str_eq(x->method, S("OPTIONS"))) {
        serve_options(v, x);
        return;
    }
    const struct route *route = find_route(path);
    if (!web_admit(v, x, route ? route->access : WEB_BASIC))
        return;
    if (route) {
        route->serve(v, x);
        return;
    }
    if (web_serve_page(v, x, path))
        return;
    v->web.unsupported++;
    web_reply_error(v, x, 400,
                    arena_printf(x->mem, "unsupported path requested: \"%.*s\"", STR(path)));
}
