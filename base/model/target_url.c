// SPDX-License-Identifier: Apache-2.0
#include "base/model/target_url.h"

#include "base/text/url.h"

void target_take_apart(str *address, str *scheme, str *path)
{
    static const char *const SCHEMES[] = {"http", "https"};
    for (size_t i = 0; i < ARRAY_LEN(SCHEMES); i++) {
        str name = str_c(SCHEMES[i]), rest = str_skip(*address, name.n);
        if (!str_starts(*address, name) || !str_starts(rest, S("://")))
            continue;
        *scheme = name;
        *address = str_skip(rest, 3);
        break;
    }
    size_t slash = str_find(*address, '/');
    if (slash == STR_NONE)
        return;
    *path = str_skip(*address, slash);
    *address = str_slice(*address, 0, slash);
}

str target_with_port(str address, bool is_tls, struct arena *mem)
{
    if (str_find(address, ':') != STR_NONE)
        return address;
    return arena_printf(mem, "%.*s:%s", STR(address), is_tls ? "443" : "80");
}

static struct url_params params_of(const struct label_list *labels, struct arena *mem)
{
    struct url_params params = {.items = arena_array(mem, struct url_param, labels->count)};
    for (size_t i = 0; i < labels->count; i++) {
        const struct label *l = &labels->items[i];
        if (str_starts(l->name, S("__param_")))
            params.items[params.count++] =
                (struct url_param){str_skip(l->name, S("__param_").n), l->value};
    }
    return params;
}

void target_scrape_url(const struct label_list *labels, struct arena *mem, str *ret_url,
                       str *ret_address)
{
    str address = label_list_get(labels, S("__address__"));
    str scheme = label_list_get(labels, S("__scheme__"));
    str path = label_list_get(labels, S("__metrics_path__"));
    *ret_url = *ret_address = (str){0};
    if (address.n == 0)
        return;
    if (scheme.n == 0)
        scheme = S("http");
    if (path.n == 0)
        path = S("/metrics");
    target_take_apart(&address, &scheme, &path);
    struct url_params params = params_of(labels, mem);
    struct buf url = {0};
    buf_printf(&url, "%.*s://%.*s%s%.*s", STR(scheme), STR(address),
               str_starts(path, S("/")) ? "" : "/", STR(path));
    if (params.count) {
        buf_put_c(&url, (char)(str_find(path, '?') == STR_NONE ? '?' : '&'));
        buf_put_params(&url, &params);
    }
    *ret_url = arena_str(mem, buf_str(&url));
    *ret_address = target_with_port(address, str_eq(scheme, S("https")), mem);
    buf_done(&url);
}
