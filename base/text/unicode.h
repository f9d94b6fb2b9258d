// SPDX-License-Identifier: Apache-2.0
// unicode.h: character classes, case mapping and Go's string quoting, over libunistring.
#pragma once
#include "base/core/buf.h"
#include "base/core/utf8.h"

bool rune_is_print(uint32_t rune);  // Go's IsPrint: categories L, M, N, P, S and the ASCII space
bool rune_is_space(uint32_t rune);  // property White_Space
bool rune_is_letter(uint32_t rune); // category L
bool rune_is_digit(uint32_t rune);  // category Nd
uint32_t rune_to_upper(uint32_t rune);
uint32_t rune_to_lower(uint32_t rune);
uint32_t rune_to_title(uint32_t rune);

// Go's strconv.Quote: "…" with \a \b \f \n \r \t \v \\ \" \xHH \uHHHH \UHHHHHHHH; printable
// runes stand as they are. The second form escapes all that is not ASCII.
void buf_put_quoted(struct buf *b, str s);
void buf_put_quoted_ascii(struct buf *b, str s);

// Go's strconv.Unquote of a "…" or `…` literal, quotes included. False if it is not one.
bool unquote_go(str literal, struct buf *out);

str str_trim_unicode(str s); // removes White_Space from both ends
