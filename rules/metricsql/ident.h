// SPDX-License-Identifier: Apache-2.0
// ident.h: names of metrics, labels and functions, and the escapes in them.
//
// A name begins with a letter, '_', ':' or an escape; digits and '.' may follow. Escapes: \xHH,
// \uHHHH, or \ and a printable rune. Names that need it can also stand in quotes.
#pragma once
#include "base/core/arena.h"
#include "base/core/buf.h"

bool mql_ident_starts(str s);
size_t mql_ident_scan(str s); // bytes of the name that s begins with, or 0

// Without the escapes; in mem, or s itself where it has none. Invalid escapes stay.
str mql_ident_unescape(struct arena *mem, str s);

void buf_put_mql_ident(struct buf *b, str name);        // with escapes where needed
void buf_put_mql_ident_quoted(struct buf *b, str name); // "name"
bool mql_ident_needs_escapes(str name);
