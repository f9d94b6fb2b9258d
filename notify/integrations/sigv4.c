// SPDX-License-Identifier: Apache-2.0
#include "notify/integrations/sigv4.h"

#include <stdlib.h>

#include "base/text/digest.h"

#define ALGORITHM   "AWS4-HMAC-SHA256"
#define TERMINATION "aws4_request"

// ---- the canonical request ---------------------------------------------------------------------

static bool is_unreserved(char c) // RFC 3986 §2.3
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           str_find(S("-._~"), c) != STR_NONE;
}

static void put_path(struct buf *out, str path)
{
    if (path.n == 0)
        buf_put_c(out, '/');
    for (size_t i = 0; i < path.n; i++) {
        if (is_unreserved(path.p[i]) || path.p[i] == '/')
            buf_put_c(out, path.p[i]);
        else
            buf_printf(out, "%%%02X", (unsigned char)path.p[i]);
    }
}

// The parameters sorted by name and value, each with its '='; their encoding stays as it is, but a
// blank is %20.
static void put_query(struct buf *out, str query, struct arena *mem)
{
    size_t count = 0, max = 1;
    for (size_t i = 0; i < query.n; i++)
        max += query.p[i] == '&';
    str *params = arena_array(mem, str, max), param;
    while (query.n) {
        str_cut(query, '&', &param, &query);
        if (param.n)
            params[count++] =
                str_find(param, '=') == STR_NONE ? arena_printf(mem, "%.*s=", STR(param)) : param;
    }
    qsort(params, count, sizeof(*params), str_cmp_items);
    for (size_t i = 0; i < count; i++) {
        if (i)
            buf_put_c(out, '&');
        for (size_t k = 0; k < params[i].n; k++)
            buf_put(out, params[i].p[k] == '+' ? S("%20") : str_slice(params[i], k, k + 1));
    }
}

struct headers { // names in lower case
    struct http_header *items;
    size_t count;
};

static void add(struct headers *h, str name, str value, struct arena *mem)
{
    struct buf lower = {.mem = mem};
    struct buf trimmed = {.mem = mem};
    buf_put_lower(&lower, name);
    value = str_trim(value);
    for (size_t i = 0; i < value.n; i++) {
        if (value.p[i] != ' ' || value.p[i - 1] != ' ')
            buf_put_c(&trimmed, value.p[i]);
    }
    h->items[h->count++] = (struct http_header){buf_str(&lower), buf_str(&trimmed)};
}

static int compare_headers(const void *a, const void *b)
{
    return str_cmp(((const struct http_header *)a)->name, ((const struct http_header *)b)->name);
}

static struct headers collect(const struct sigv4_request *r, const struct sigv4_credentials *c,
                              str date, struct arena *mem)
{
    struct headers h = {arena_array(mem, struct http_header, r->header_count + SIGV4_HEADERS), 0};
    add(&h, S("host"), r->host, mem);
    add(&h, S("x-amz-date"), date, mem);
    if (c->session_token.n)
        add(&h, S("x-amz-security-token"), c->session_token, mem);
    for (size_t i = 0; i < r->header_count; i++)
        add(&h, r->headers[i].name, r->headers[i].value, mem);
    qsort(h.items, h.count, sizeof(*h.items), compare_headers);
    return h;
}

static str join_names(const struct headers *h, struct arena *mem)
{
    struct buf names = {.mem = mem};
    for (size_t i = 0; i < h->count; i++) {
        buf_put(&names, i ? S(";") : S(""));
        buf_put(&names, h->items[i].name);
    }
    return buf_str(&names);
}

static void put_hex_sha256(struct buf *out, str bytes)
{
    uint8_t digest[SHA256_BYTES];
    sha256(bytes, digest);
    buf_put_hex(out, str_from(digest, sizeof(digest)));
}

static str canonical_request(const struct sigv4_request *r, const struct headers *h, str names,
                             struct arena *mem)
{
    struct buf out = {.mem = mem};
    buf_put(&out, r->method);
    buf_put_c(&out, '\n');
    put_path(&out, r->path);
    buf_put_c(&out, '\n');
    put_query(&out, r->query, mem);
    buf_put_c(&out, '\n');
    for (size_t i = 0; i < h->count; i++)
        buf_printf(&out, "%.*s:%.*s\n", STR(h->items[i].name), STR(h->items[i].value));
    buf_printf(&out, "\n%.*s\n", STR(names));
    put_hex_sha256(&out, r->body);
    return buf_str(&out);
}

// ---- the signature -----------------------------------------------------------------------------

static str format_date(time_ns now, struct arena *mem) // 20150830T123600Z
{
    struct civil c = civil_from_time(now, 0);
    return arena_printf(mem, "%04d%02d%02dT%02d%02d%02dZ", (int)c.year, c.month, c.day, c.hour,
                        c.minute, c.second);
}

static void put_signature(struct buf *out, const struct sigv4_credentials *c, str day, str region,
                          str service, str text)
{
    defer(buf_wipe) struct buf secret = {0};
    uint8_t key[SHA256_BYTES];
    buf_put(&secret, S("AWS4"));
    buf_put(&secret, c->secret_key);
    hmac_sha256(buf_str(&secret), day, key);
    const str steps[] = {region, service, S(TERMINATION), text};
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        uint8_t next[SHA256_BYTES];
        hmac_sha256(str_from(key, sizeof(key)), steps[i], next);
        memcpy(key, next, sizeof(key));
    }
    buf_put_hex(out, str_from(key, sizeof(key)));
}

size_t sigv4_sign(const struct sigv4_request *r, const struct sigv4_credentials *c, str region,
                  str service, time_ns now, struct arena *mem,
                  struct http_header ret[SIGV4_HEADERS])
{
    str date = format_date(now, mem), day = str_slice(date, 0, 8);
    struct headers headers = collect(r, c, date, mem);
    str names = join_names(&headers, mem);
    str scope =
        arena_printf(mem, "%.*s/%.*s/%.*s/" TERMINATION, STR(day), STR(region), STR(service));

    struct buf text = {.mem = mem};
    buf_printf(&text, ALGORITHM "\n%.*s\n%.*s\n", STR(date), STR(scope));
    put_hex_sha256(&text, canonical_request(r, &headers, names, mem));

    struct buf authorization = {.mem = mem};
    buf_printf(&authorization, ALGORITHM " Credential=%.*s/%.*s, SignedHeaders=%.*s, Signature=",
               STR(c->access_key), STR(scope), STR(names));
    put_signature(&authorization, c, day, region, service, buf_str(&text));

    size_t count = 0;
    ret[count++] = (struct http_header){S("Authorization"), buf_str(&authorization)};
    ret[count++] = (struct http_header){S("X-Amz-Date"), date};
    if (c->session_token.n)
        ret[count++] = (struct http_header){S("X-Amz-Security-Token"), c->session_token};
    return count;
}
