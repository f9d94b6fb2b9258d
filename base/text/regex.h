// SPDX-License-Identifier: Apache-2.0
// regex.h: Go's (RE2's) regular expressions in linear time, over libre2.
//
// Literals, alternations of literals, prefixes, suffixes, ".*" and ".+" are answered without
// entering libre2. A compiled expression is immutable and may be used from several threads.
#pragma once
#include "base/core/buf.h"
#include "base/core/err.h"

struct regex;

#define REGEX_PATTERN_BYTES_MAX ((size_t)64 << 10)
#define REGEX_PROGRAM_BYTES_MAX ((size_t)8 << 20)
#define REGEX_GROUPS_MAX        64

enum regex_anchor {
    REGEX_SEARCH, // anywhere in the text
    REGEX_WHOLE,  // ^(?:pattern)$, and error texts show it so
};

// Flags are Go's defaults: '.' does not match a newline, case counts; (?s) and the like change
// that. Error text: "error parsing regexp: missing closing ): `^(?:()$`" (ERR_SYNTAX, ERR_LIMIT).
struct regex *regex_new(str pattern, enum regex_anchor anchor, struct err *err);
void regex_free(struct regex *r); // NULL is fine
bool regex_matches(const struct regex *r, str text);

// Byte ranges of the match and its groups; {SIZE_MAX, SIZE_MAX}: the group took no part.
struct regex_span {
    size_t from, to;
};
size_t regex_group_count(const struct regex *r);        // without group 0
int regex_group_index(const struct regex *r, str name); // -1: no group of that name
// The leftmost match at or after `start`; bytes that are no UTF-8 match nothing here. Fills ret[0 …
// count). False: no match.
bool regex_find(const struct regex *r, str text, size_t start, struct regex_span *ret,
                size_t count);

// Go's Regexp.ReplaceAllString: $1, ${1}, $name, ${name}, $$; an unknown group is empty.
void regex_replace_all(const struct regex *r, str text, str replacement, struct buf *out);
// Go's Regexp.ExpandString for one match.
void regex_expand(const struct regex *r, str template, str text, const struct regex_span *groups,
                  size_t count, struct buf *out);
