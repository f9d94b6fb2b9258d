// SPDX-License-Identifier: Apache-2.0
// gofmt.h: numbers and strings as Go's strconv and fmt print them: one verb with its flags at a
// time. Walking a format string and composite values is gotpl_print.c's business.
#pragma once
#include "base/core/buf.h"
#include "base/core/err.h"

// strconv.FormatFloat(v, format, prec, 64): formats b e E f g G x X; prec -1: as few digits as
// parse back to v.
void buf_put_f64(struct buf *b, double v, char format, int prec);

// fmt's %v of a float64: 100000, 1e+06, 1e-05, NaN, +Inf.
static inline void buf_put_f64_go(struct buf *b, double v)
{
    buf_put_f64(b, v, 'g', -1);
}

// strconv.ParseFloat: decimal or hexadecimal, underscores between digits, inf, infinity, nan.
// Errors: ERR_SYNTAX `strconv.ParseFloat: parsing "x": invalid syntax`, ERR_INVALID "…: value out
// of range" (*ret is then ±Inf).
bool gofmt_parse_f64(str s, double *ret, struct err *err);
// strconv.ParseUint(s, 0, 64): prefixes 0x 0o 0b 0, underscores between digits. No sign.
bool gofmt_parse_u64(str s, uint64_t *ret);

// The flags of one verb.
struct gofmt {
    int width, prec; // characters; valid where has_… is set
    bool has_width, has_prec;
    bool minus, plus, sharp, space, zero;
    bool plus_v, sharp_v; // %+v and %#v: then plus and sharp are off
};

void gofmt_pad(struct buf *b, const struct gofmt *f, str s); // to the width, in characters
// %b %o %O %d %x %X: base, and verb for the prefix. `u` holds the two's complement of a signed one.
void gofmt_int(struct buf *b, const struct gofmt *f, uint64_t u, bool is_signed, unsigned base,
               char verb);
void gofmt_char(struct buf *b, const struct gofmt *f, uint64_t c);              // %c
void gofmt_char_quoted(struct buf *b, const struct gofmt *f, uint64_t c);       // %q
void gofmt_unicode(struct buf *b, const struct gofmt *f, uint64_t c);           // %U
void gofmt_str(struct buf *b, const struct gofmt *f, str s);                    // %s
void gofmt_hex(struct buf *b, const struct gofmt *f, str bytes, bool is_upper); // %x %X
void gofmt_quoted(struct buf *b, const struct gofmt *f, str s);                 // %q
void gofmt_f64(struct buf *b, const struct gofmt *f, double v, char verb); // b e E f F g G x X v
