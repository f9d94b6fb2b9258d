// SPDX-License-Identifier: Apache-2.0
// Where a call goes: the parts of its URL, and the next one when the answer is a redirect. The
// rules and the error texts are those of Go's client.
#include "base/io/http_client.h"

bool url_split(const char *url, str *ret_scheme, str *ret_host, uint16_t *ret_port, struct err *err)
{
    str text = str_c(url);
    size_t colon = str_find_str(text, S("://"));
    if (colon == STR_NONE)
        return err_set(err, ERR_INVALID, "unsupported protocol scheme \"\"");
    *ret_scheme = str_slice(text, 0, colon);
    bool is_https = str_eq_nocase(*ret_scheme, S("https"));
    if (!is_https && !str_eq_nocase(*ret_scheme, S("http")))
        return err_set(err, ERR_INVALID, "unsupported protocol scheme \"%.*s\"", STR(*ret_scheme));
    str authority = str_skip(text, colon + 3);
    for (size_t i = 0; i < authority.n; i++) {
        if (strchr("/?#", authority.p[i]))
            authority.n = i;
    }
    size_t at = str_find_last(authority, '@');
    if (at != STR_NONE)
        authority = str_skip(authority, at + 1);
    str host = authority;
    str port = S("");
    size_t bracket = str_find_last(authority, ']');
    size_t last_colon = str_find_last(authority, ':');
    if (last_colon != STR_NONE && (bracket == STR_NONE || last_colon > bracket)) {
        host = str_slice(authority, 0, last_colon);
        port = str_skip(authority, last_colon + 1);
    }
    if (str_starts(host, S("[")) && str_ends(host, S("]")))
        host = str_slice(host, 1, host.n - 1);
    if (host.n == 0)
        return err_set(err, ERR_INVALID, "http: no Host in request URL");
    uint64_t number = is_https ? 443 : 80;
    if (port.n && (!str_to_u64(port, &number) || number > UINT16_MAX))
        return err_set(err, ERR_INVALID, "dial tcp: address %.*s: invalid port", STR(port));
    *ret_host = host;
    *ret_port = (uint16_t)number;
    return true;
}

// The Location against the call's URL; NULL: malformed.
static char *resolve_location(struct http_call *call, str location)
{
    CURLU *u = curl_url();
    char *absolute = NULL;
    char *copy = NULL;
    if (u && curl_url_set(u, CURLUPART_URL, call->url, CURLU_PATH_AS_IS) == CURLUE_OK &&
        curl_url_set(u, CURLUPART_URL, arena_c(&call->mem, location),
                     CURLU_URLENCODE | CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK &&
        curl_url_get(u, CURLUPART_URL, &absolute, 0) == CURLUE_OK)
        copy = arena_c(&call->mem, str_c(absolute));
    curl_free(absolute);
    curl_url_cleanup(u);
    return copy;
}

static bool is_same_or_below(str host, str domain)
{
    struct addr ip;
    if (str_eq_nocase(host, domain))
        return true;
    return host.n > domain.n && host.p[host.n - domain.n - 1] == '.' &&
           str_eq_nocase(str_skip(host, host.n - domain.n), domain) && !addr_parse_ip(domain, &ip);
}

static void drop_header(struct http_call *call, str name)
{
    size_t kept = 0;
    for (size_t i = 0; i < call->header_count; i++) {
        if (!str_eq_nocase(call->headers[i].name, name))
            call->headers[kept++] = call->headers[i];
    }
    call->header_count = kept;
}

static void drop_credentials(struct http_call *call)
{
    static const char *const NAMES[] = {
        "Authorization",       "Cookie",          "Cookie2", "Proxy-Authenticate",
        "Proxy-Authorization", "WWW-Authenticate"};
    for (size_t i = 0; i < ARRAY_LEN(NAMES); i++)
        drop_header(call, str_c(NAMES[i]));
}

// The page that led here, without its user info; not from https to http.
static void set_referer(struct http_call *call, const char *from, bool is_to_https)
{
    if (call->has_referer)
        return;
    drop_header(call, S("Referer"));
    if (call->is_https && !is_to_https)
        return;
    str text = str_c(from);
    size_t start = str_find_str(text, S("://")) + 3;
    size_t end = start;
    while (end < text.n && !strchr("/?#", text.p[end]))
        end++;
    size_t at = str_find_last(str_slice(text, 0, end), '@');
    str value = at == STR_NONE || at < start
                    ? text
                    : arena_printf(&call->mem, "%.*s%.*s", STR(str_slice(text, 0, start)),
                                   STR(str_skip(text, at + 1)));
    struct http_header *more = arena_array(&call->mem, struct http_header, call->header_count + 1);
    if (call->header_count)
        memcpy(more, call->headers, call->header_count * sizeof(*more));
    more[call->header_count++] = (struct http_header){S("Referer"), value};
    call->headers = more;
}

bool transfer_redirect(struct http_call *call)
{
    const struct http_response *r = &call->response;
    int status = r->status;
    bool keeps_method = status == 307 || status == 308;
    if (call->no_redirects || !(keeps_method || (status >= 301 && status <= 303)))
        return false;
    str location = http_header_find(r->headers, r->header_count, S("Location"));
    if (location.n == 0)
        return false;
    if (call->redirects++ >= HTTP_REDIRECTS_MAX)
        return err_set(&call->err, ERR_LIMIT, "stopped after %d redirects", HTTP_REDIRECTS_MAX);
    char *url = resolve_location(call, location);
    if (!url)
        return err_set(&call->err, ERR_INVALID, "failed to parse Location header \"%.*s\"",
                       STR(location));
    str scheme = {0};
    str host = {0};
    uint16_t port = 0;
    if (!url_split(url, &scheme, &host, &port, &call->err))
        return false;
    call->has_left |= !is_same_or_below(host, call->first_hostname);
    if (call->has_left)
        drop_credentials(call);
    set_referer(call, call->url, str_eq_nocase(scheme, S("https")));
    if (str_find_str(location, S("://")) != STR_NONE)
        drop_header(call, S("Host")); // one that was set by hand is for its own server
    call->url = url;
    if (!keeps_method && strcmp(call->method, "HEAD") != 0) {
        call->method = arena_c(&call->mem, S("GET"));
        buf_done(&call->body);
        drop_header(call, S("Content-Type"));
        drop_header(call, S("Content-Encoding"));
    }
    return true;
}
