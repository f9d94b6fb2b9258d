// SPDX-License-Identifier: Apache-2.0
// truncate.h: texts cut to what a service takes, marked with a "…" (spec: receivers §1.6).
#pragma once
#include "base/core/arena.h"

// To at most `max` code points. The text itself where it is short enough; an invalid byte counts as
// one code point and becomes U+FFFD in a text that is cut. Up to 3: without the mark.
str truncate_runes(str s, size_t max, bool *ret_is_cut, struct arena *mem);

// To at most `max` bytes, between code points. Up to 3: the mark, or that many dots.
str truncate_bytes(str s, size_t max, bool *ret_is_cut, struct arena *mem);
