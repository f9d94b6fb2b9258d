// SPDX-License-Identifier: Apache-2.0
// matcher_parse.h: the two grammars behind matchers_parse; private to the matcher files.
#pragma once
#include "base/model/matcher.h"

// A list that grows while it is parsed.
struct matcher_list {
    struct matchers all;
    size_t cap;
};

// Adds a matcher; on an error nothing is added.
bool matcher_list_add(struct matcher_list *list, enum matcher_op op, str name, str value,
                      struct arena *mem, struct err *err);

// Both give back all regular expressions when they fail.
bool matchers_parse_classic(str input, struct arena *mem, struct matchers *ret, struct err *err);
bool matcher_parse_classic(str input, struct arena *mem, struct matcher *ret, struct err *err);
bool matchers_parse_utf8(str input, struct arena *mem, struct matchers *ret, struct err *err);
bool matcher_parse_utf8(str input, struct arena *mem, struct matcher *ret, struct err *err);
