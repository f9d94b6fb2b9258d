// SPDX-License-Identifier: Apache-2.0
// The page for people: the files of ui/, which are part of the program (spec: Alertmanager UI §4).
#include "alertmanager/web.h"
#include "base/text/assets.h"

extern const struct asset ALERTMANAGER_UI[]; // made from ui/ when the program is built

// What carries its version in its address may be kept for ever, anything else must be asked for.
static size_t put_caching(struct http_header *headers, bool is_versioned)
{
    if (is_versioned) {
        headers[0] =
            (struct http_header){S("Cache-Control"), S("public, max-age=31536000, immutable")};
        return 1;
    }
    headers[0] = (struct http_header){S("Cache-Control"), S("no-cache, no-store, must-revalidate")};
    headers[1] = (struct http_header){S("Pragma"), S("no-cache")};
    headers[2] = (struct http_header){S("Expires"), S("0")};
    return 3;
}

void web_serve_page(struct web_request *r)
{
    str path = str_skip(r->path, 1);
    const struct asset *a = asset_find(ALERTMANAGER_UI, path.n ? path : S("index.html"));
    if (!a) {
        web_reply_error(r, 404, S("404 page not found"));
        return;
    }
    struct http_header headers[6];
    size_t count = put_caching(headers, str_starts(path, S("assets/")));
    headers[count++] = (struct http_header){S("Content-Type"), str_c(a->content_type)};
    headers[count++] = (struct http_header){S("Vary"), S("Accept-Encoding")};
    bool is_gzip = accept_encoding_allows(web_header(r, S("Accept-Encoding")), S("gzip"));
    if (is_gzip)
        headers[count++] = (struct http_header){S("Content-Encoding"), S("gzip")};
    web_reply(r, &(struct http_reply){.status = 200,
                                      .headers = headers,
                                      .header_count = count,
                                      .body = is_gzip ? a->gzip : a->raw});
}
