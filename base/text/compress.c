// SPDX-License-Identifier: Apache-2.0
#include "base/text/compress.h"

#include <snappy-c.h>
#include <zstd.h>

#include "base/core/alloc.h"

void buf_put_zstd(struct buf *b, str data)
{
    size_t room = ZSTD_compressBound(data.n);
    char *to = buf_reserve(b, room);
    if (!to)
        return;
    size_t n = ZSTD_compress(to, room, data.p, data.n, ZSTD_CLEVEL_DEFAULT);
    if (ZSTD_isError(n))
        panic("zstd: %s", ZSTD_getErrorName(n)); // room is enough: only memory can be missing
    b->n += n;
}

void buf_put_snappy(struct buf *b, str data)
{
    size_t n = snappy_max_compressed_length(data.n);
    char *to = buf_reserve(b, n);
    if (!to)
        return;
    if (snappy_compress(data.n ? data.p : "", data.n, to, &n) != SNAPPY_OK)
        panic("snappy: cannot compress %zu bytes", data.n);
    b->n += n;
}

#define ZSTD_PIECE_BYTES ((size_t)128 << 10)

// Frame by frame and piece by piece: what a frame says of its size is not believed.
bool zstd_decompress(str data, size_t bytes_max, struct buf *out, struct err *err)
{
    ZSTD_DCtx *context = ZSTD_createDCtx();
    ZSTD_inBuffer in = {data.p, data.n, 0};
    size_t start = out->n, left = 1;
    bool ok = context != NULL;
    while (ok && (in.pos < in.size || left != 0)) {
        char *to = buf_reserve(out, ZSTD_PIECE_BYTES);
        if (!to || out->n - start > bytes_max) {
            ok = err_set(err, ERR_LIMIT, "zstd: more than %zu bytes", bytes_max);
            break;
        }
        ZSTD_outBuffer piece = {to, ZSTD_PIECE_BYTES, 0};
        size_t before = in.pos;
        left = ZSTD_decompressStream(context, &piece, &in);
        out->n += piece.pos;
        if (ZSTD_isError(left))
            ok = err_set(err, ERR_SYNTAX, "zstd: %s", ZSTD_getErrorName(left));
        else if (in.pos == before && piece.pos == 0)
            ok = err_set(err, ERR_SYNTAX, "zstd: unexpected end");
    }
    if (ok && out->n - start > bytes_max)
        ok = err_set(err, ERR_LIMIT, "zstd: more than %zu bytes", bytes_max);
    ZSTD_freeDCtx(context);
    return ok;
}

bool snappy_decompress(str data, size_t bytes_max, struct buf *out, struct err *err)
{
    size_t n;
    if (snappy_uncompressed_length(data.p, data.n, &n) != SNAPPY_OK)
        return err_set(err, ERR_SYNTAX, "snappy: malformed length");
    if (n > bytes_max)
        return err_set(err, ERR_LIMIT, "snappy: more than %zu bytes", bytes_max);
    char *to = buf_reserve(out, n);
    if (!to || snappy_uncompress(data.p, data.n, to, &n) != SNAPPY_OK)
        return err_set(err, ERR_SYNTAX, "snappy: malformed block");
    out->n += n;
    return true;
}
