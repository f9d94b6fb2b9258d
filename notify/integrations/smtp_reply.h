// SPDX-License-Identifier: Apache-2.0
// smtp_reply.h: what an SMTP server says (RFC 5321 §4.2), put together from pieces of any size.
//
//   250-mail.example          lines of one reply have the same code; the last has a space behind it
//   250 SIZE 1000             text: "mail.example\nSIZE 1000"
//
// As Go's net/textproto reads it: a line end may lack its CR, and a line between the first and the
// last that is no such line belongs to the text as it is.
#pragma once
#include "base/core/buf.h"
#include "base/core/err.h"

#define SMTP_LINE_BYTES_MAX  ((size_t)4 << 10)  // RFC 5321 §4.5.3.1.5 asks for 512
#define SMTP_REPLY_BYTES_MAX ((size_t)64 << 10) // all lines together

struct smtp_reply {
    unsigned code; // 100…999
    str text;      // lines joined by '\n'; borrowed until the reader is used again
};

struct smtp_reader { // zeros: at the beginning
    struct buf line, text;
    unsigned code; // of the reply that has begun; 0: none has
    bool is_complete;
};

enum smtp_read { SMTP_READ_MORE, SMTP_READ_REPLY, SMTP_READ_FAILED };

// Takes from the front of *data up to the end of one reply. Errors: ERR_SYNTAX `short response:
// "x"`, `invalid response code: "x"`; ERR_LIMIT.
enum smtp_read smtp_read(struct smtp_reader *r, str *data, struct smtp_reply *ret, struct err *err);
// The stream has ended; a last line without an end counts.
enum smtp_read smtp_read_end(struct smtp_reader *r, struct smtp_reply *ret, struct err *err);

void smtp_reader_clear(struct smtp_reader *r); // forgets what has come
void smtp_reader_done(struct smtp_reader *r);

// "535 no such user"; as textproto's error shows a reply.
bool smtp_reply_error(const struct smtp_reply *reply, struct err *err);
