// SPDX-License-Identifier: Apache-2.0
#include "notify/integrations/endpoint.h"

#include "base/text/url.h"

static struct url parse(str base, struct arena *mem)
{
    struct url u;
    bool ok = url_parse(base, mem, &u, NULL);
    assert(ok);
    return u;
}

static str print(const struct url *u, struct arena *mem)
{
    struct buf text = {.mem = mem};
    buf_put_url(&text, u);
    return buf_str(&text);
}

static void append_path(struct url *u, str path, struct arena *mem)
{
    u->path = arena_printf(mem, "%.*s%.*s", STR(u->path), STR(path));
    u->raw_path = S(""); // of the old path
}

str endpoint_append(str base, str path, struct arena *mem)
{
    struct url u = parse(base, mem);
    append_path(&u, path, mem);
    return print(&u, mem);
}

static void set_param(struct url_params *params, str name, str value, struct arena *mem)
{
    struct url_param *items = arena_array(mem, struct url_param, params->count + 1);
    size_t kept = 0;
    for (size_t i = 0; i < params->count; i++) {
        if (!str_eq(params->items[i].name, name))
            items[kept++] = params->items[i];
    }
    items[kept++] = (struct url_param){name, value};
    *params = (struct url_params){items, kept};
}

str endpoint_append_with(str base, str path, str name, str value, struct arena *mem)
{
    struct url u = parse(base, mem);
    append_path(&u, path, mem);
    struct url_params params;
    url_params_parse(u.raw_query, mem, &params);
    set_param(&params, name, value, mem);
    struct buf query = {.mem = mem};
    buf_put_params(&query, &params);
    u.raw_query = buf_str(&query);
    return print(&u, mem);
}

str endpoint_with_slash(str base, struct arena *mem)
{
    struct url u = parse(base, mem);
    return str_ends(u.path, S("/")) ? base : endpoint_append(base, S("/"), mem);
}

// ---- joining -----------------------------------------------------------------------------------

struct parts { // origin and path and tail make the whole
    str origin;
    str path; // escaped, as written
    str tail; // query and fragment
};

static bool ends_path(char c)
{
    return c == '?' || c == '#';
}

static struct parts split(str base)
{
    size_t scheme = str_find_str(base, S("://"));
    size_t host = scheme == STR_NONE ? 0 : scheme + 3;
    size_t path = host, tail;
    while (path < base.n && base.p[path] != '/' && !ends_path(base.p[path]))
        path++;
    tail = path;
    while (tail < base.n && !ends_path(base.p[tail]))
        tail++;
    return (struct parts){str_slice(base, 0, path), str_slice(base, path, tail),
                          str_skip(base, tail)};
}

static void put_clean(struct buf *out, str path)
{
    size_t from = out->n;
    for (str piece; path.n;) {
        str_cut(path, '/', &piece, &path);
        if (str_eq(piece, S(".."))) {
            size_t slash = str_find_last(str_skip(buf_str(out), from), '/');
            out->n = from + (slash == STR_NONE ? 0 : slash);
        } else if (piece.n && !str_eq(piece, S("."))) {
            buf_put_c(out, '/');
            buf_put(out, piece);
        }
    }
}

str endpoint_join(str base, str path, struct arena *mem)
{
    struct parts parts = split(base);
    struct buf joined = {.mem = mem};
    buf_put(&joined, parts.origin);
    put_clean(&joined, parts.path);
    buf_put_c(&joined, '/');
    buf_put(&joined, path);
    buf_put(&joined, parts.tail);
    return buf_str(&joined);
}

bool endpoint_ends_in(str base, str piece)
{
    str path = str_trim_right(split(base).path, '/'), before, last;
    return str_cut_last(path, '/', &before, &last) && str_eq(last, piece);
}

str endpoint_host(str base, struct arena *mem)
{
    return parse(base, mem).host;
}
