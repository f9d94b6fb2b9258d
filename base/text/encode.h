// SPDX-License-Identifier: Apache-2.0
// encode.h: base64, hexadecimal, HTML escapes.
#pragma once
#include "base/core/buf.h"

void buf_put_base64(struct buf *b, str bytes); // standard alphabet, padded
bool base64_decode(str text, struct buf *out);
bool hex_decode(str text, struct buf *out);      // either case
void buf_put_html_escaped(struct buf *b, str s); // Go's html.EscapeString: < > & ' "
