// SPDX-License-Identifier: Apache-2.0
// regex_fast.h: patterns that need no automaton: alternatives of literals, each with ".*" or ".+"
// in front or behind. Nearly all matchers of configurations and silences are of this kind.
#pragma once
#include "base/text/regex.h"

// [dots] literal [dots]
struct regex_branch {
    str literal; // in the bytes of its regex_fast
    bool dots_before, dots_after;
    uint8_t before_bytes_min, after_bytes_min; // 1 for ".+"
};

struct regex_fast {
    struct regex_branch *branches; // count of them; literals only: sorted
    size_t count;                  // 0: the pattern needs libre2
    bool is_literals;
    char *bytes;
};

void regex_fast_init(struct regex_fast *f, str pattern, enum regex_anchor anchor);
void regex_fast_done(struct regex_fast *f);
bool regex_fast_matches(const struct regex_fast *f, enum regex_anchor anchor, str text);
