// SPDX-License-Identifier: Apache-2.0
// mime.h: what makes a text fit for mail: encoded words in headers (RFC 2047), quoted-printable
// (RFC 2045 §6.7), parts between boundaries (RFC 2046 §5.1). Words, line breaks and layout are
// those of Go's mime packages.
#pragma once
#include "base/core/arena.h"
#include "base/core/buf.h"
#include "base/core/err.h"

struct env;

// ---- headers ------------------------------------------------------------------------------------

// A value of plain ASCII as it is; any other as words "=?utf-8?q?…?=", at most 75 characters each,
// separated by spaces. Line ends are encoded too, so that a value stays one line.
void buf_put_q_encoded(struct buf *b, str value);

enum mime_word { MIME_NO_WORD, MIME_WORD, MIME_UNKNOWN_CHARSET };

// Decodes one whole word. UTF-8, ISO-8859-1 and US-ASCII are known; another charset of a word that
// is well-formed otherwise is *ret, in lower case.
enum mime_word mime_decode_word(str word, struct arena *mem, str *ret);

// ---- bodies -------------------------------------------------------------------------------------

// Lines end in CRLF and have at most 76 characters.
void buf_put_quoted_printable(struct buf *b, str text);

#define MIME_BOUNDARY_BYTES 60 // 30 random bytes in hexadecimal

struct mime_parts { // of a multipart body
    struct buf *out;
    char boundary[MIME_BOUNDARY_BYTES];
    size_t count;
};

struct mime_parts mime_parts_begin(struct env *env, struct buf *out);
// Headers come sorted by name.
void mime_put_text_part(struct mime_parts *p, str content_type, str text); // quoted-printable
void mime_parts_end(struct mime_parts *p);
