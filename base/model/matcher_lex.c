// SPDX-License-Identifier: Apache-2.0
#include "base/model/matcher_lex.h"

#include "base/text/unicode.h"

bool matcher_rune_is_reserved(uint32_t rune)
{
    if (rune < 0x80 && rune && strchr("{}!=~,\\\"'`", (int)rune))
        return true;
    return rune_is_space(rune);
}

// The rune at the front and its width; width 0 at the end.
static uint32_t lexer_look(const struct matcher_lexer *l, size_t *ret_width)
{
    return utf8_decode(str_skip(l->input, l->at), ret_width);
}

static uint32_t lexer_take(struct matcher_lexer *l) // 0 at the end
{
    size_t width;
    uint32_t rune = lexer_look(l, &width);
    l->at += width;
    l->column += width > 0;
    return rune;
}

// The token ends where the lexer stands.
static bool lexer_emit(const struct matcher_lexer *l, struct matcher_token *t,
                       enum matcher_token_kind kind)
{
    t->kind = kind;
    t->to = l->at;
    t->column_to = l->column;
    t->text = str_slice(l->input, t->from, t->to);
    return true;
}

static bool lexer_fail(struct matcher_lexer *l, const struct matcher_token *t, const char *what)
{
    l->has_failed = true;
    return err_set(&l->error, ERR_SYNTAX, "%zu:%zu: %.*s: %s", t->column_from, l->column,
                   STR(str_slice(l->input, t->from, l->at)), what);
}

static bool lex_equals(struct matcher_lexer *l, struct matcher_token *t)
{
    size_t width;
    if (lexer_look(l, &width) != '~')
        return lexer_emit(l, t, MATCHER_TOKEN_EQ);
    lexer_take(l);
    return lexer_emit(l, t, MATCHER_TOKEN_RE);
}

static bool lex_bang(struct matcher_lexer *l, struct matcher_token *t)
{
    size_t width;
    uint32_t rune = lexer_look(l, &width);
    if (width == 0) {
        l->has_failed = true;
        return err_set(&l->error, ERR_SYNTAX,
                       "%zu:%zu: unexpected end of input, expected one of '=~'", t->column_from,
                       l->column);
    }
    if (rune != '=' && rune != '~')
        return lexer_fail(l, t, "expected one of '=~'");
    lexer_take(l);
    return lexer_emit(l, t, rune == '=' ? MATCHER_TOKEN_NE : MATCHER_TOKEN_NRE);
}

static bool lex_quoted(struct matcher_lexer *l, struct matcher_token *t)
{
    bool is_escaped = false;
    while (l->at < l->input.n) {
        uint32_t rune = lexer_take(l);
        if (rune == '"' && !is_escaped)
            return lexer_emit(l, t, MATCHER_TOKEN_QUOTED);
        is_escaped = rune == '\\' && !is_escaped;
    }
    return lexer_fail(l, t, "missing end \"");
}

static bool lex_unquoted(struct matcher_lexer *l, struct matcher_token *t)
{
    size_t width;
    while (!matcher_rune_is_reserved(lexer_look(l, &width)) && width > 0)
        lexer_take(l);
    return lexer_emit(l, t, MATCHER_TOKEN_UNQUOTED);
}

static bool lex_token(struct matcher_lexer *l, struct matcher_token *t)
{
    size_t width;
    while (rune_is_space(lexer_look(l, &width)))
        lexer_take(l);
    *t = (struct matcher_token){.from = l->at, .column_from = l->column};
    if (l->at == l->input.n)
        return lexer_emit(l, t, MATCHER_TOKEN_END);
    uint32_t rune = lexer_take(l);
    switch (rune) {
    case '{':
        return lexer_emit(l, t, MATCHER_TOKEN_OPEN_BRACE);
    case '}':
        return lexer_emit(l, t, MATCHER_TOKEN_CLOSE_BRACE);
    case ',':
        return lexer_emit(l, t, MATCHER_TOKEN_COMMA);
    case '=':
        return lex_equals(l, t);
    case '!':
        return lex_bang(l, t);
    case '"':
        return lex_quoted(l, t);
    default:
        return matcher_rune_is_reserved(rune) ? lexer_fail(l, t, "invalid input")
                                              : lex_unquoted(l, t);
    }
}

bool matcher_lexer_next(struct matcher_lexer *l, struct matcher_token *ret, struct err *err)
{
    if (!l->has_failed && lex_token(l, ret))
        return true;
    return err_set(err, ERR_SYNTAX, "%.*s", STR(err_str(&l->error)));
}

bool matcher_lexer_peek(struct matcher_lexer *l, struct matcher_token *ret, struct err *err)
{
    size_t at = l->at, column = l->column;
    bool is_fine = matcher_lexer_next(l, ret, err);
    l->at = at;
    l->column = column;
    return is_fine;
}
