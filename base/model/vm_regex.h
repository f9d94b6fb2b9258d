// SPDX-License-Identifier: Apache-2.0
// vm_regex.h: regular expressions against whole values, as VictoriaMetrics matches them.
//
// Go's syntax, anchored at both ends. Unlike elsewhere a '.' also matches a newline, but only when
// nothing but the match is asked for: groups are those of the expression as it is written
// (upstream: regexutil.PromRegex beside regexp.Regexp).
#pragma once
#include "base/text/regex.h"

struct vm_regex {
    struct regex *plain;  // ^(?:pattern)$; with the fast paths of base/text/regex.h
    struct regex *dotall; // the same with (?s), for texts with a newline
};

// Error text: as regex_new's, of ^(?:pattern)$ first and then of the pattern alone.
bool vm_regex_init(struct vm_regex *r, str pattern, struct err *err);
void vm_regex_done(struct vm_regex *r); // a zeroed one is fine
bool vm_regex_matches(const struct vm_regex *r, str text);
