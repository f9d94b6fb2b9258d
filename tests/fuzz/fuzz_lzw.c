// SPDX-License-Identifier: Apache-2.0
// Decoding any bytes is bounded; what is encoded comes back.
#include "base/text/lzw.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    defer(buf_done) struct buf out = {.max = 1 << 20}, lzw = {0}, back = {0};
    struct err err = ERR_INIT;
    str in = str_from(data, n);
    lzw_decode(in, &out, &err);
    assert(out.n <= 1 << 20);
    lzw_encode(in, &lzw);
    bool ok = lzw_decode(buf_str(&lzw), &back, &err);
    assert(ok && str_eq(buf_str(&back), in));
    return 0;
}
