// SPDX-License-Identifier: Apache-2.0
// The UTF-8 grammar (spec: §3.3): one function per state, each of which names the next one.
#include "base/model/matcher_lex.h"
#include "base/model/matcher_parse.h"
#include "base/text/unicode.h"

enum state {
    STATE_START,
    STATE_MATCHER,
    STATE_AFTER_MATCHER,
    STATE_COMMA,
    STATE_CLOSE,
    STATE_END,
    STATE_DONE
};

struct parser {
    struct matcher_lexer lexer;
    bool has_open_brace;
    bool is_at_end; // the last failed expectation met the end of the input
    struct matcher_list list;
    struct arena *mem;
    struct err *err;
};

#define KIND(name) (1u << MATCHER_TOKEN_##name)
#define KIND_TEXT  (KIND(QUOTED) | KIND(UNQUOTED))
#define KIND_OP    (KIND(EQ) | KIND(NE) | KIND(RE) | KIND(NRE))

// Peeks; false with an error unless the token is one of `kinds`.
static bool expect_peek(struct parser *p, unsigned kinds, struct matcher_token *ret)
{
    p->is_at_end = false;
    if (!matcher_lexer_peek(&p->lexer, ret, p->err))
        return false;
    if (kinds & (1u << ret->kind))
        return true;
    if (ret->kind == MATCHER_TOKEN_END) {
        p->is_at_end = true;
        return err_set(p->err, ERR_SYNTAX, "end of input");
    }
    return err_set(p->err, ERR_SYNTAX, "%zu:%zu: unexpected %.*s", ret->column_from, ret->column_to,
                   STR(ret->text));
}

static bool expect(struct parser *p, unsigned kinds, struct matcher_token *ret)
{
    return expect_peek(p, kinds, ret) && matcher_lexer_next(&p->lexer, ret, p->err);
}

// Adds what was expected behind the error.
static bool expected(struct parser *p, const char *what)
{
    str cause = arena_str(p->mem, err_str(p->err));
    return err_set(p->err, ERR_SYNTAX, "%.*s: expected %s", STR(cause), what);
}

static bool parse_start(struct parser *p, enum state *next)
{
    struct matcher_token t;
    if (!matcher_lexer_peek(&p->lexer, &t, p->err))
        return false;
    if (t.kind == MATCHER_TOKEN_END) {
        *next = STATE_END;
        return true;
    }
    p->has_open_brace = t.kind == MATCHER_TOKEN_OPEN_BRACE;
    if (p->has_open_brace &&
        (!matcher_lexer_next(&p->lexer, &t, p->err) || !matcher_lexer_peek(&p->lexer, &t, p->err)))
        return false;
    bool is_empty = t.kind == MATCHER_TOKEN_CLOSE_BRACE || t.kind == MATCHER_TOKEN_END;
    *next = is_empty ? STATE_CLOSE : STATE_MATCHER;
    return true;
}

static bool token_text(struct parser *p, const struct matcher_token *t, str *ret)
{
    *ret = t->text;
    if (t->kind == MATCHER_TOKEN_UNQUOTED)
        return true;
    defer(buf_done) struct buf text = {0};
    if (!unquote_go(t->text, &text) || !utf8_is_valid(buf_str(&text)))
        return err_set(p->err, ERR_SYNTAX, "%zu:%zu: %.*s: invalid input", t->column_from,
                       t->column_to, STR(t->text));
    *ret = arena_str(p->mem, buf_str(&text));
    return true;
}

static enum matcher_op op_from(enum matcher_token_kind kind)
{
    return (enum matcher_op)(kind - MATCHER_TOKEN_EQ + MATCH_EQ);
}

static_assert(MATCHER_TOKEN_NRE - MATCHER_TOKEN_EQ == MATCH_NRE - MATCH_EQ, "in one order");

static bool parse_matcher(struct parser *p, enum state *next)
{
    struct matcher_token t;
    str name, value;
    if (!expect(p, KIND_TEXT, &t))
        return expected(p, "label name");
    if (!token_text(p, &t, &name))
        return false;
    if (!expect(p, KIND_OP, &t))
        return expected(p, "an operator such as '=', '!=', '=~' or '!~'");
    enum matcher_op op = op_from(t.kind);
    if (!expect(p, KIND_TEXT, &t))
        return expected(p, "label value");
    if (!token_text(p, &t, &value))
        return false;
    if (!matcher_list_add(&p->list, op, name, value, p->mem, p->err))
        return err_wrap(p->err, "failed to create matcher");
    *next = STATE_AFTER_MATCHER;
    return true;
}

static bool parse_after_matcher(struct parser *p, enum state *next)
{
    struct matcher_token t;
    bool is_fine = expect_peek(p, KIND(COMMA) | KIND(CLOSE_BRACE), &t);
    if (!is_fine && !p->is_at_end)
        return expected(p, "a comma or close brace");
    *next = is_fine && t.kind == MATCHER_TOKEN_COMMA ? STATE_COMMA : STATE_CLOSE;
    return true;
}

static bool parse_comma(struct parser *p, enum state *next)
{
    struct matcher_token t;
    if (!matcher_lexer_next(&p->lexer, &t, p->err))
        return false;
    bool is_fine = expect_peek(p, KIND(CLOSE_BRACE) | KIND_TEXT, &t);
    if (!is_fine && !p->is_at_end)
        return expected(p, "a matcher or close brace after comma");
    bool is_over = !is_fine || t.kind == MATCHER_TOKEN_CLOSE_BRACE;
    *next = is_over ? STATE_CLOSE : STATE_MATCHER;
    return true;
}

static bool parse_close(struct parser *p, enum state *next)
{
    struct matcher_token t;
    bool has_close_brace = expect(p, KIND(CLOSE_BRACE), &t);
    if (p->has_open_brace && !has_close_brace) {
        expected(p, "close brace");
        return err_wrap(p->err, "0:%zu", p->lexer.column);
    }
    if (!p->has_open_brace && has_close_brace)
        return err_set(p->err, ERR_SYNTAX, "0:%zu: }: expected opening brace", p->lexer.column);
    *next = STATE_END;
    return true;
}

static bool parse_end(struct parser *p, enum state *next)
{
    struct matcher_token t;
    if (!matcher_lexer_next(&p->lexer, &t, p->err))
        return expected(p, "end of input");
    if (t.kind != MATCHER_TOKEN_END)
        return err_set(p->err, ERR_SYNTAX, "%zu:%zu: %.*s: expected end of input", t.column_from,
                       t.column_to, STR(t.text));
    *next = STATE_DONE;
    return true;
}

static bool parse_state(struct parser *p, enum state *state)
{
    switch (*state) {
    case STATE_START:
        return parse_start(p, state);
    case STATE_MATCHER:
        return parse_matcher(p, state);
    case STATE_AFTER_MATCHER:
        return parse_after_matcher(p, state);
    case STATE_COMMA:
        return parse_comma(p, state);
    case STATE_CLOSE:
        return parse_close(p, state);
    case STATE_END:
        return parse_end(p, state);
    case STATE_DONE:
        break;
    }
    return true;
}

bool matchers_parse_utf8(str input, struct arena *mem, struct matchers *ret, struct err *err)
{
    struct err ignored = ERR_INIT;
    struct parser p = {.mem = mem, .err = err ? err : &ignored};
    p.lexer.input = input;
    for (enum state state = STATE_START; state != STATE_DONE;) {
        if (!parse_state(&p, &state)) {
            matchers_done(&p.list.all);
            return false;
        }
    }
    err_clear(p.err); // a failed look at the end of the input was no failure
    *ret = p.list.all;
    return true;
}

bool matcher_parse_utf8(str input, struct arena *mem, struct matcher *ret, struct err *err)
{
    struct matchers all;
    if (!matchers_parse_utf8(input, mem, &all, err))
        return false;
    if (all.count == 1) {
        *ret = all.items[0];
        return true;
    }
    size_t count = all.count;
    matchers_done(&all);
    if (count == 0)
        return err_set(err, ERR_SYNTAX, "no matchers");
    return err_set(err, ERR_SYNTAX, "expected 1 matcher, found %zu", count);
}
