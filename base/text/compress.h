// SPDX-License-Identifier: Apache-2.0
// compress.h: zstd frames and snappy blocks, over libzstd and libsnappy.
#pragma once
#include "base/core/buf.h"
#include "base/core/err.h"

void buf_put_zstd(struct buf *b, str data);   // one frame, the library's default level
void buf_put_snappy(struct buf *b, str data); // block format

// Appends the original; more than bytes_max of it: ERR_LIMIT, malformed: ERR_SYNTAX.
bool zstd_decompress(str data, size_t bytes_max, struct buf *out, struct err *err);
bool snappy_decompress(str data, size_t bytes_max, struct buf *out, struct err *err);
