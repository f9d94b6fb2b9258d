// SPDX-License-Identifier: Apache-2.0
// lexer.h: the tokens of a MetricsQL expression. spec: vmalert MetricsQL §2.
//
// Tokens are slices of the text, except for $__rate_interval, which is given as $__interval.
// Keywords are plain names here: only their place makes them keywords.
#pragma once
#include "base/core/err.h"
#include "rules/metricsql/ast.h"

enum mql_token_kind {
    MQL_TOKEN_END, // text is empty
    MQL_TOKEN_IDENT,
    MQL_TOKEN_STRING, // with its quotes: "…" '…' `…`
    MQL_TOKEN_NUMBER,
    MQL_TOKEN_DURATION, // also $__interval
    MQL_TOKEN_SIGN,     // brackets, comma, @, operators, = =~ !~
};

struct mql_token {
    enum mql_token_kind kind;
    enum mql_op op; // of signs and names that are binary operators
    str text;
};

struct mql_lexer {
    str input;
    size_t at;       // bytes consumed; after a failure: where it is
    bool has_failed; // every later call fails again in the same way
    struct err error;
};

void mql_lexer_init(struct mql_lexer *l, str input);
// The next token; at the end MQL_TOKEN_END again and again. Errors: `cannot recognize "| b"`,
// `cannot find closing quote " for the string "…"`, those of mql_number_scan.
bool mql_lexer_next(struct mql_lexer *l, struct mql_token *ret, struct err *err);
// Bytes of the quoted literal that s begins with: up to the next same quote behind an even number
// of backslashes. Errors (0): as above.
size_t mql_string_scan(str s, struct err *err);
// What `text` would be as one whole token.
struct mql_token mql_token_of(str text);
