// SPDX-License-Identifier: Apache-2.0
// matcher_lex.h: tokens of the UTF-8 matcher grammar; private to the matcher files and their tests.
//
// Positions show in error messages, as "start:end" in columns: one per rune, one per invalid byte.
#pragma once
#include "base/model/matcher.h"

enum matcher_token_kind {
    MATCHER_TOKEN_END,
    MATCHER_TOKEN_OPEN_BRACE,
    MATCHER_TOKEN_CLOSE_BRACE,
    MATCHER_TOKEN_COMMA,
    MATCHER_TOKEN_EQ,
    MATCHER_TOKEN_NE,
    MATCHER_TOKEN_RE,
    MATCHER_TOKEN_NRE,
    MATCHER_TOKEN_QUOTED,
    MATCHER_TOKEN_UNQUOTED,
};

struct matcher_token {
    enum matcher_token_kind kind;
    str text; // slice of the input, quotes included
    size_t from, to;
    size_t column_from, column_to;
};

struct matcher_lexer {
    str input;
    size_t at;     // bytes consumed
    size_t column; // runes consumed
    bool has_failed;
    struct err error; // the first one; it comes again at every later call
};

// Reads the next token. At the end of the input: MATCHER_TOKEN_END, again and again.
bool matcher_lexer_next(struct matcher_lexer *l, struct matcher_token *ret, struct err *err);
// The same without consuming it. An error met here is sticky as well.
bool matcher_lexer_peek(struct matcher_lexer *l, struct matcher_token *ret, struct err *err);

bool matcher_rune_is_reserved(uint32_t rune); // may not stand in an unquoted token

// The matchers joined with commas, without braces.
void buf_put_matchers_bare(struct buf *b, const struct matchers *m);
