// SPDX-License-Identifier: Apache-2.0
// What a URL prints as parses again and prints the same; escapes come back; queries are bounded.
#include "base/text/url.h"

static void check_round_trip(const struct url *u, struct arena *mem)
{
    defer(buf_done) struct buf first = {0}, second = {0};
    struct url again;
    buf_put_url(&first, u);
    // Escaping may make it longer than what is read; and Go as well prints some odd hosts and paths
    // so that they do not parse.
    if (!url_parse(buf_str(&first), mem, &again, NULL))
        return;
    buf_put_url(&second, &again);
    if (u->scheme.n && u->host.n && !str_eq(buf_str(&first), buf_str(&second)))
        abort();
    buf_put_url_redacted(&second, u);
    url_hostname(u);
    url_port(u);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    str input = str_from(data, size);
    struct arena mem = {0};
    struct url u;
    struct err err = ERR_INIT;
    if (url_parse(input, &mem, &u, &err))
        check_round_trip(&u, &mem);
    else if (err.n == 0)
        abort();

    struct url_params params;
    url_params_parse(input, &mem, &params);
    defer(buf_done) struct buf text = {0}, back = {0};
    buf_put_params(&text, &params);
    buf_clear(&text);
    buf_put_path_escaped(&text, input);
    if (!url_path_unescape(buf_str(&text), &back) || !str_eq(buf_str(&back), input))
        abort();
    buf_clear(&text);
    buf_clear(&back);
    buf_put_query_escaped(&text, input);
    if (!url_query_unescape(buf_str(&text), &back) || !str_eq(buf_str(&back), input))
        abort();
    arena_done(&mem);
    return 0;
}
