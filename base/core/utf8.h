// SPDX-License-Identifier: Apache-2.0
// utf8.h: validate, repair and walk UTF-8 as Go does: each byte that is not part of a valid
// sequence is one U+FFFD of width 1. Surrogates and code points above U+10FFFF are invalid.
#pragma once
#include "base/core/buf.h"

#define RUNE_ERROR 0xFFFDu

// The first code point of s and its width in bytes. Empty: 0 and width 0. Invalid: RUNE_ERROR, 1.
uint32_t utf8_decode(str s, size_t *ret_width);
// The last one, for walking backwards.
uint32_t utf8_decode_last(str s, size_t *ret_width);

bool utf8_is_valid(str s);
size_t utf8_count(str s);                        // code points, invalid bytes count one each
void buf_put_rune(struct buf *b, uint32_t rune); // an invalid one becomes U+FFFD
void buf_put_repaired(struct buf *b, str s);     // invalid bytes become U+FFFD
