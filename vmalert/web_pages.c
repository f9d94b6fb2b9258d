// SPDX-License-Identifier: Apache-2.0
// The pages for people: one file of ui/ into which the server writes which page it is, and the
// scripts and styles beside it (spec: vmalert HTTP §9).
#include "base/text/assets.h"
#include "base/text/encode.h"
#include "vmalert/web_api.h"

extern const struct asset VMALERT_UI[]; // made from ui/ when the program is built

struct placeholder {
    str name; // "BASE", written as @BASE@
    str value;
};

// The template's placeholders become their values, as HTML.
static void put_expanded(struct buf *out, str text, const struct placeholder *values, size_t count)
{
    str before, name;
    while (str_cut(text, '@', &before, &text) && str_cut(text, '@', &name, &text)) {
        buf_put(out, before);
        for (size_t i = 0; i < count; i++) {
            if (str_eq(values[i].name, name))
                buf_put_html_escaped(out, values[i].value);
        }
    }
    buf_put(out, before);
}

static void serve_shell(struct vmalert *v, struct http_exchange *x, str page, str base)
{
    static const struct http_header HTML = {{"Content-Type", 12}, {"text/html; charset=utf-8", 24}};
    bool is_proxied = http_header_find(x->headers, x->header_count, S("X-Forwarded-For")).n > 0;
    const struct placeholder values[] = {
        {S("BASE"), base},
        {S("PAGE"), page},
        {S("PROGRAM"), str_c(VMALERT_VERSION)},
        {S("PROXIED"), is_proxied ? S("true") : S("false")},
        {S("RELOAD_ERROR"), str_c(v->reload_error)},
    };
    struct buf out = {.mem = x->mem};
    put_expanded(&out, asset_find(VMALERT_UI, S("index.html"))->raw, values, ARRAY_LEN(values));
    struct http_reply r = {
        .status = 200, .headers = &HTML, .header_count = 1, .body = buf_str(&out)};
    web_reply(v, x, &r);
}

static void serve_static(struct vmalert *v, struct http_exchange *x, str name)
{
    const struct asset *a = asset_find(VMALERT_UI, name);
    if (!a) {
        web_reply_error(v, x, 404, S("404 page not found"));
        return;
    }
    str accepted = http_header_find(x->headers, x->header_count, S("Accept-Encoding"));
    bool is_gzip = accept_encoding_allows(accepted, S("gzip"));
    struct http_header headers[] = {
        {S("Content-Type"), str_c(a->content_type)},
        {S("Cache-Control"), S("public, max-age=31536000, immutable")},
        {S("Vary"), S("Accept-Encoding")},
        {S("Content-Encoding"), S("gzip")},
    };
    struct http_reply r = {.status = 200,
                           .headers = headers,
                           .header_count = ARRAY_LEN(headers) - !is_gzip,
                           .body = is_gzip ? a->gzip : a->raw};
    web_reply(v, x, &r);
}

bool web_serve_page(struct vmalert *v, struct http_exchange *x, str path)
{
    static const struct {
        const char *path, *page, *base; // base: from the page to /vmalert/
    } PAGES[] = {
        {"/", "welcome", "vmalert/"},
        {"/vmalert", "welcome", "vmalert/"},
        {"/vmalert/", "welcome", "./"},
        {"/rules", "groups", "vmalert/"},
        {"/vmalert/groups", "groups", "./"},
        {"/vmalert/alerts", "alerts", "./"},
        {"/vmalert/alert", "alert", "./"},
        {"/vmalert/rule", "rule", "./"},
        {"/vmalert/notifiers", "notifiers", "./"},
    };
    if (str_starts(path, S("/vmalert/static/"))) {
        serve_static(v, x, str_skip(path, strlen("/vmalert/")));
        return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(PAGES); i++) {
        if (!str_eq(path, str_c(PAGES[i].path)))
            continue;
        bool is_refused = strcmp(PAGES[i].page, "welcome") == 0 && !str_eq(x->method, S("GET"));
        if (is_refused)
            web_reply_error(
                v, x, 400,
                arena_printf(x->mem, "path \"%.*s\" supports only GET method", STR(x->path)));
        else
            serve_shell(v, x, str_c(PAGES[i].page), str_c(PAGES[i].base));
        return true;
    }
    return false;
}

void web_serve_favicon(struct vmalert *v, struct http_exchange *x)
{
    static const struct http_header HEADERS[] = {
        {{"Content-Type", 12}, {"image/x-icon", 12}},
        {{"Cache-Control", 13}, {"max-age=3600", 12}},
    };
    struct http_reply r = {.status = 200,
                           .headers = HEADERS,
                           .header_count = ARRAY_LEN(HEADERS),
                           .body = asset_find(VMALERT_UI, S("favicon.ico"))->raw};
    v->web.favicon++;
    web_reply(v, x, &r);
}
