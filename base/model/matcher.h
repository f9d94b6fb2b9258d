// SPDX-License-Identifier: Apache-2.0
// matcher.h: conditions on one label, their two grammars, their texts (spec: Alertmanager
// matchers).
//
// A matcher is compiled once and immutable. It lives in the arena it was made in, except for its
// regular expression: whoever owns the arena calls matchers_done before freeing it.
#pragma once
#include "base/core/log.h"
#include "base/model/labels.h"
#include "base/text/json.h"
#include "base/text/json_writer.h"
#include "base/text/regex.h"

enum matcher_op { MATCH_EQ, MATCH_NE, MATCH_RE, MATCH_NRE }; // = != =~ !~, in sort order

struct matcher {
    enum matcher_op op;
    str name;
    str value;           // as written; a regular expression without the ^(?:…)$ around it
    struct regex *regex; // MATCH_RE, MATCH_NRE
};

struct matchers {
    struct matcher *items;
    size_t count;
};

// Limits: a longer input is ERR_LIMIT.
#define MATCHER_INPUT_BYTES_MAX ((size_t)64 << 10)

// Copies name and value into mem. Error text: "error parsing regexp: …" (ERR_SYNTAX).
bool matcher_init(struct matcher *m, enum matcher_op op, str name, str value, struct arena *mem,
                  struct err *err);
void matcher_done(struct matcher *m);
void matchers_done(struct matchers *m); // the regular expressions; the rest is the arena's

bool matcher_matches_value(const struct matcher *m, str value); // absent label: the empty slice
bool matcher_matches(const struct matcher *m, const struct labels *l);
bool matchers_match(const struct matchers *m, const struct labels *l); // all; none: true
// As API filters see labels: an empty value in the matcher asks whether the label is there, so that
// x!="" and x!~"" take a label that is present and empty, x="" and x=~"" one that is absent.
bool matcher_matches_filter(const struct matcher *m, str value, bool is_present);

int matcher_cmp(const struct matcher *a, const struct matcher *b); // by name, then value, then op
void matchers_sort(struct matchers *m);
bool matcher_eq(const struct matcher *a, const struct matcher *b);
bool matchers_contain(const struct matchers *m, const struct matcher *wanted); // verbatim

// name="value" with the quoting rules of §6; a list is {a="b",c=~"d"}.
void buf_put_matcher(struct buf *b, const struct matcher *m);
void buf_put_matchers(struct buf *b, const struct matchers *m);
str matcher_op_str(enum matcher_op op);

// The API's form: {"isEqual":true,"isRegex":false,"name":"a","value":"b"}.
void json_put_matcher(struct json_writer *w, const struct matcher *m);
// Its op; a missing isEqual is true, a missing isRegex false.
enum matcher_op matcher_op_from_json(const json *v);

// ---- parsing ------------------------------------------------------------------------------------

enum matcher_mode {
    MATCHER_FALLBACK, // both parsers; the classic one decides where they differ, with a warning
    MATCHER_UTF8,
    MATCHER_CLASSIC,
};

struct matcher_parser {
    enum matcher_mode mode;
    const struct log *log; // warnings of the fallback mode; NULL: none
    const char *origin;    // "config", "api", "cli": an attribute of those warnings
};

// One matcher (API filters, amtool) or a list (configuration). Errors: ERR_SYNTAX with upstream's
// text.
bool matcher_parse(const struct matcher_parser *p, str input, struct arena *mem,
                   struct matcher *ret, struct err *err);
bool matchers_parse(const struct matcher_parser *p, str input, struct arena *mem,
                    struct matchers *ret, struct err *err);
