// SPDX-License-Identifier: Apache-2.0
// lzw.h: LZW as in GIF: 8-bit literals, codes of 9 to 12 bits packed from the low bit up, 256
// clears the table, 257 ends. Byte for byte what Go's compress/lzw writes (with its leading clear
// code); reads streams with and without that code.
#pragma once
#include "base/core/buf.h"
#include "base/core/err.h"

// At most 12 bits per input byte, plus clear codes and the end.
void lzw_encode(str data, struct buf *out);

// Appends the decoded bytes; out->max bounds them, so that a small input cannot fill the memory.
// Bytes behind the end code are ignored. Errors: ERR_SYNTAX ("lzw: invalid code", "unexpected
// EOF"), ERR_LIMIT (out->max).
bool lzw_decode(str lzw, struct buf *out, struct err *err);
