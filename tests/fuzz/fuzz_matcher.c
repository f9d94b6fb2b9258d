// SPDX-License-Identifier: Apache-2.0
// Both matcher grammars. What they accept prints as a text that reads back as the same matchers.
#include "base/core/utf8.h"
#include "base/model/matcher.h"

static void check_round_trip(const struct matchers *m, struct arena *mem)
{
    for (size_t i = 0; i < m->count; i++) {
        if (!utf8_is_valid(m->items[i].name) || !utf8_is_valid(m->items[i].value))
            return; // unquoted tokens may hold invalid bytes, quoted ones may not
        if (m->items[i].name.n == 0)
            return; // an empty name prints without quotes
    }
    defer(buf_done) struct buf text = {0};
    buf_put_matchers(&text, m);
    struct matcher_parser p = {.mode = MATCHER_UTF8};
    struct matchers again;
    if (text.n > MATCHER_INPUT_BYTES_MAX)
        return;
    if (!matchers_parse(&p, buf_str(&text), mem, &again, NULL) || again.count != m->count)
        abort();
    for (size_t i = 0; i < m->count; i++) {
        if (!matcher_eq(&m->items[i], &again.items[i]))
            abort();
    }
    matchers_done(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    str input = str_from(data, size);
    struct arena mem = {0};
    for (int mode = MATCHER_FALLBACK; mode <= MATCHER_CLASSIC; mode++) {
        struct matcher_parser p = {.mode = (enum matcher_mode)mode, .origin = "api"};
        struct err err = ERR_INIT;
        struct matchers all;
        if (matchers_parse(&p, input, &mem, &all, &err)) {
            check_round_trip(&all, &mem);
            matchers_done(&all);
        } else if (err.n == 0) {
            abort();
        }
        struct matcher one;
        if (matcher_parse(&p, input, &mem, &one, &err)) {
            matcher_matches_value(&one, input);
            matcher_done(&one);
        }
    }
    arena_done(&mem);
    return 0;
}
