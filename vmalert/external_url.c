// SPDX-License-Identifier: Apache-2.0
#include "vmalert/external_url.h"

#include "base/text/url.h"

bool external_url_init(str flag, str listen, bool is_tls, str hostname, struct arena *mem,
                       struct external_url *ret, struct err *err)
{
    str text = flag, host, port;
    if (flag.n == 0) {
        bool has_port = str_cut_last(listen, ':', &host, &port) && port.n > 0;
        text = arena_printf(mem, "%s://%.*s%s%.*s", is_tls ? "https" : "http", STR(hostname),
                            has_port ? ":" : "", STR(has_port ? port : S("")));
    }
    struct url url;
    if (!url_parse(text, mem, &url, err))
        return err_wrap(err, "failed to init external.url \"%.*s\"", STR(text));
    if (!str_eq(url.scheme, S("http")) && !str_eq(url.scheme, S("https")))
        return err_set(err, ERR_INVALID,
                       "failed to init external.url \"%.*s\": invalid scheme \"%.*s\" in url "
                       "\"%.*s\", only 'http' and 'https' are supported",
                       STR(text), STR(url.scheme), STR(text));
    defer(buf_done) struct buf canonical = {.max = URL_BYTES_MAX};
    buf_put_url(&canonical, &url);
    *ret = (struct external_url){arena_str(mem, buf_str(&canonical)), url.path};
    return true;
}
