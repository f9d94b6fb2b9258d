// SPDX-License-Identifier: Apache-2.0
// str.h: borrowed slices of bytes.
//
// A str never owns its bytes; whoever hands one out says how long they live. It may hold any
// bytes, NUL and invalid UTF-8 included, and is not NUL-terminated unless that is said.
#pragma once
#include "base/core/defs.h"

typedef struct str {
    const char *p; // may be NULL when n is 0
    size_t n;
} str;

#define S(literal) ((str){"" literal, sizeof(literal) - 1})
#define STR(s)     (int)(s).n, (s).p // for "%.*s"

static inline str str_from(const void *p, size_t n)
{
    return (str){p, n};
}

static inline str str_c(const char *c) // NULL gives the empty slice
{
    return (str){c, c ? strlen(c) : 0};
}

static inline bool str_eq(str a, str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

// Order by bytes, a prefix before what it begins. Returns <0, 0, >0.
int str_cmp(str a, str b);
int str_cmp_items(const void *a, const void *b); // the same, for qsort of an array of str
bool str_eq_nocase(str a, str b);                // ASCII letters only
bool str_starts(str s, str prefix);
bool str_ends(str s, str suffix);

// The part from `from` up to but excluding `to`; both are cut to s.n.
str str_slice(str s, size_t from, size_t to);
static inline str str_skip(str s, size_t n)
{
    return str_slice(s, n, s.n);
}

// Index of the first (last) occurrence, or STR_NONE.
#define STR_NONE SIZE_MAX
size_t str_find(str s, char c);
size_t str_find_last(str s, char c);
size_t str_find_str(str s, str needle); // 0 for the empty needle

// Splits at the first (last) separator. False, and before = s, after = empty, if there is none.
bool str_cut(str s, char separator, str *ret_before, str *ret_after);
bool str_cut_last(str s, char separator, str *ret_before, str *ret_after);

// ---- ASCII characters --------------------------------------------------------------------------

static inline bool char_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool char_is_space(char c) // space, \t \n \v \f \r
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static inline int char_hex(char c) // the value of a hexadecimal digit, or -1
{
    if (char_is_digit(c))
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// ---- trimming, numbers -------------------------------------------------------------------------

// Removes ASCII white space from both ends.
str str_trim(str s);
str str_trim_right(str s, char c); // removes all c at the end

// Decimal digits only, with a sign for i64; no white space. False on junk or overflow.
bool str_to_u64(str s, uint64_t *ret);
bool str_to_i64(str s, int64_t *ret);

// Go's strconv.ParseFloat: decimal, hexadecimal, Inf, NaN in any case, underscores refused.
// False on junk; a value out of range gives ±Inf and true.
bool str_to_f64(str s, double *ret);
