// SPDX-License-Identifier: Apache-2.0
#include "notify/truncate.h"

#include "base/core/utf8.h"

#define MARK S("…")

// The first `count` code points, repaired, as far as they fit in `bytes_max`.
static void put_runes(struct buf *out, str s, size_t count, size_t bytes_max)
{
    size_t width;
    for (size_t i = 0; i < count && s.n; i++, s = str_skip(s, width)) {
        size_t end = out->n;
        buf_put_rune(out, utf8_decode(s, &width));
        if (out->n > bytes_max) {
            out->n = end;
            return;
        }
    }
}

str truncate_runes(str s, size_t max, bool *ret_is_cut, struct arena *mem)
{
    *ret_is_cut = s.n > max && utf8_count(s) > max;
    if (!*ret_is_cut)
        return s;
    struct buf out = {.mem = mem};
    put_runes(&out, s, max > 3 ? max - 1 : max, SIZE_MAX);
    if (max > 3)
        buf_put(&out, MARK);
    return out.n ? buf_str(&out) : S("");
}

str truncate_bytes(str s, size_t max, bool *ret_is_cut, struct arena *mem)
{
    *ret_is_cut = s.n > max;
    if (!*ret_is_cut)
        return s;
    if (max < MARK.n)
        return str_slice(S(".."), 0, max);
    struct buf out = {.mem = mem};
    put_runes(&out, s, max - MARK.n, max - MARK.n);
    buf_put(&out, MARK);
    return buf_str(&out);
}
