// SPDX-License-Identifier: Apache-2.0
// Texts into tokens (upstream: text/template/parse/lex.go).
#include "base/core/utf8.h"
#include "base/text/gotpl_int.h"
#include "base/text/unicode.h"

#define END_OF_INPUT UINT32_MAX

void lexer_init(struct lexer *l, str input, struct arena *mem)
{
    *l = (struct lexer){.input = input, .line = 1, .start_line = 1, .mem = mem};
}

static str rest(const struct lexer *l)
{
    return str_skip(l->input, l->pos);
}

static bool is_space(uint32_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_word(uint32_t c)
{
    if (c < 0x80)
        return c == '_' || (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
    return c != END_OF_INPUT && (rune_is_letter(c) || rune_is_digit(c));
}

static uint32_t peek(const struct lexer *l, size_t *ret_width)
{
    *ret_width = 0;
    return l->pos < l->input.n ? utf8_decode(rest(l), ret_width) : END_OF_INPUT;
}

static uint32_t peek_rune(const struct lexer *l)
{
    size_t width;
    return peek(l, &width);
}

static uint32_t advance(struct lexer *l)
{
    size_t width;
    uint32_t c = peek(l, &width);
    l->pos += width;
    l->line += c == '\n';
    return c;
}

static void skip_bytes(struct lexer *l, size_t n)
{
    for (size_t end = l->pos + n; l->pos < end; l->pos++)
        l->line += l->input.p[l->pos] == '\n';
}

static void drop(struct lexer *l)
{
    l->start = l->pos;
    l->start_line = l->line;
}

static struct token emit(struct lexer *l, enum token_kind kind)
{
    struct token t = {kind, (uint32_t)l->start, l->start_line,
                      str_slice(l->input, l->start, l->pos)};
    drop(l);
    return t;
}

static struct token fail(struct lexer *l, str message)
{
    struct token t = {TOK_ERROR, (uint32_t)l->start, l->start_line, message};
    l->input = S(""); // nothing comes after an error
    l->pos = l->start = 0;
    l->is_in_action = false;
    return t;
}

// "U+002B '+'"; the character is shown only if it is printable.
static struct token fail_rune(struct lexer *l, const char *what, uint32_t c)
{
    if (c == END_OF_INPUT)
        c = 0xFFFFFFFF; // Go's rune -1
    defer(buf_done) struct buf text = {0};
    buf_printf(&text, "%s U+%04X", what, c);
    if (c <= 0x10ffff && rune_is_print(c)) {
        buf_put(&text, S(" '"));
        buf_put_rune(&text, c);
        buf_put_c(&text, '\'');
    }
    return fail(l, arena_str(l->mem, buf_str(&text)));
}

static bool accept(struct lexer *l, const char *set)
{
    if (l->pos >= l->input.n || !l->input.p[l->pos] || !strchr(set, l->input.p[l->pos]))
        return false;
    skip_bytes(l, 1);
    return true;
}

static void accept_run(struct lexer *l, const char *set)
{
    while (accept(l, set)) {}
}

// Behind white space: "-}}".
static bool is_trimmed_end(str s)
{
    return s.n >= 4 && is_space((uint8_t)s.p[0]) && str_starts(str_skip(s, 1), S("-}}"));
}

static bool is_at_end(const struct lexer *l)
{
    return is_trimmed_end(rest(l)) || str_starts(rest(l), S("}}"));
}

static bool is_at_terminator(const struct lexer *l)
{
    uint32_t c = peek_rune(l);
    return c == END_OF_INPUT || is_space(c) || (c < 0x80 && c && strchr(".,|:)(", (int)c)) ||
           str_starts(rest(l), S("}}"));
}

static size_t leading_space(str s)
{
    size_t n = 0;
    while (n < s.n && is_space((uint8_t)s.p[n]))
        n++;
    return n;
}

// ---- text mode --------------------------------------------------------------------------------

static bool has_left_trim(str s) // behind "{{"
{
    return s.n >= 2 && s.p[0] == '-' && is_space((uint8_t)s.p[1]);
}

// At "{{/*" or "{{- /*". Returns false and an error token if it does not end well.
static bool skip_comment(struct lexer *l, struct token *ret)
{
    size_t end = str_find_str(str_skip(rest(l), 2), S("*/"));
    if (end == STR_NONE) {
        *ret = fail(l, S("unclosed comment"));
        return false;
    }
    skip_bytes(l, end + 4);
    bool is_trimmed = is_trimmed_end(rest(l));
    if (!is_trimmed && !str_starts(rest(l), S("}}"))) {
        *ret = fail(l, S("comment ends before closing delimiter"));
        return false;
    }
    skip_bytes(l, is_trimmed ? 4 : 2);
    if (is_trimmed)
        skip_bytes(l, leading_space(rest(l)));
    drop(l);
    return true;
}

static struct token lex_text(struct lexer *l)
{
    for (;;) {
        size_t at = str_find_str(rest(l), S("{{"));
        if (at == STR_NONE) {
            if (l->pos == l->input.n)
                return emit(l, TOK_EOF);
            skip_bytes(l, l->input.n - l->pos);
            return emit(l, TOK_TEXT);
        }
        if (at > 0) {
            bool is_trimmed = has_left_trim(str_skip(rest(l), at + 2));
            size_t kept = at;
            while (is_trimmed && kept > 0 && is_space((uint8_t)rest(l).p[kept - 1]))
                kept--;
            size_t dropped = at - kept;
            skip_bytes(l, kept);
            struct token text = emit(l, TOK_TEXT);
            skip_bytes(l, dropped);
            drop(l);
            if (kept > 0)
                return text;
        }
        bool has_trim = has_left_trim(str_skip(rest(l), 2));
        size_t marker = has_trim ? 2 : 0;
        if (!str_starts(str_skip(rest(l), 2 + marker), S("/*"))) {
            skip_bytes(l, 2);
            struct token delim = emit(l, TOK_LEFT_DELIM);
            skip_bytes(l, marker);
            drop(l);
            l->is_in_action = true;
            l->paren_depth = 0;
            return delim;
        }
        skip_bytes(l, 2 + marker);
        drop(l);
        struct token error;
        if (!skip_comment(l, &error))
            return error;
    }
}

// ---- action mode ------------------------------------------------------------------------------

static struct token lex_right_delim(struct lexer *l)
{
    bool is_trimmed = is_trimmed_end(rest(l));
    if (is_trimmed) {
        skip_bytes(l, 2);
        drop(l);
    }
    skip_bytes(l, 2);
    struct token t = emit(l, TOK_RIGHT_DELIM);
    if (is_trimmed) {
        skip_bytes(l, leading_space(rest(l)));
        drop(l);
    }
    l->is_in_action = false;
    return t;
}

static struct token lex_space(struct lexer *l)
{
    size_t n = leading_space(rest(l));
    if (is_trimmed_end(str_skip(rest(l), n - 1))) { // the last one belongs to the delimiter
        if (n == 1)
            return lex_right_delim(l);
        n--;
    }
    skip_bytes(l, n);
    return emit(l, TOK_SPACE);
}

static struct token lex_quoted(struct lexer *l, char quote, enum token_kind kind, str message)
{
    for (;;) {
        uint32_t c = advance(l);
        if (c == '\\') {
            c = advance(l);
            if (c != END_OF_INPUT && c != '\n')
                continue;
            return fail(l, message);
        }
        if (c == END_OF_INPUT || c == '\n')
            return fail(l, message);
        if (c == (uint32_t)quote)
            return emit(l, kind);
    }
}

static struct token lex_raw(struct lexer *l)
{
    size_t end = str_find(rest(l), '`');
    if (end == STR_NONE)
        return fail(l, S("unterminated raw quoted string"));
    skip_bytes(l, end + 1);
    return emit(l, TOK_RAW_STRING);
}

// Behind '.' or '$'.
static struct token lex_field_or_variable(struct lexer *l, enum token_kind kind)
{
    if (is_at_terminator(l))
        return emit(l, kind == TOK_VARIABLE ? TOK_VARIABLE : TOK_DOT);
    while (is_word(peek_rune(l)))
        advance(l);
    if (!is_at_terminator(l))
        return fail_rune(l, "bad character", peek_rune(l));
    return emit(l, kind);
}

static bool scan_number(struct lexer *l)
{
    const char *digits = "0123456789_";
    accept(l, "+-");
    if (accept(l, "0")) {
        if (accept(l, "xX"))
            digits = "0123456789abcdefABCDEF_";
        else if (accept(l, "oO"))
            digits = "01234567_";
        else if (accept(l, "bB"))
            digits = "01_";
    }
    accept_run(l, digits);
    if (accept(l, "."))
        accept_run(l, digits);
    if ((strlen(digits) == 11 && accept(l, "eE")) || (strlen(digits) == 23 && accept(l, "pP"))) {
        accept(l, "+-");
        accept_run(l, "0123456789_");
    }
    accept(l, "i");
    if (!is_word(peek_rune(l)))
        return true;
    advance(l); // so that the message shows what is wrong
    return false;
}

static struct token fail_number(struct lexer *l)
{
    defer(buf_done) struct buf text = {0};
    buf_put(&text, S("bad number syntax: "));
    buf_put_quoted(&text, str_slice(l->input, l->start, l->pos));
    return fail(l, arena_str(l->mem, buf_str(&text)));
}

static struct token lex_number(struct lexer *l)
{
    if (!scan_number(l))
        return fail_number(l);
    uint32_t sign = peek_rune(l);
    if (sign != '+' && sign != '-')
        return emit(l, TOK_NUMBER);
    if (!scan_number(l) || l->input.p[l->pos - 1] != 'i')
        return fail_number(l);
    return emit(l, TOK_COMPLEX);
}

static enum token_kind word_kind(str word)
{
    static const struct {
        const char *word;
        enum token_kind kind;
    } WORDS[] = {
        {"block", TOK_BLOCK},
        {"break", TOK_BREAK},
        {"continue", TOK_CONTINUE},
        {"define", TOK_DEFINE},
        {"else", TOK_ELSE},
        {"end", TOK_END},
        {"if", TOK_IF},
        {"range", TOK_RANGE},
        {"nil", TOK_NIL},
        {"template", TOK_TEMPLATE},
        {"with", TOK_WITH},
        {"true", TOK_BOOL},
        {"false", TOK_BOOL},
    };
    for (size_t i = 0; i < ARRAY_LEN(WORDS); i++) {
        if (str_eq(word, str_c(WORDS[i].word)))
            return WORDS[i].kind;
    }
    return TOK_IDENT;
}

static struct token lex_word(struct lexer *l)
{
    while (is_word(peek_rune(l)))
        advance(l);
    if (!is_at_terminator(l))
        return fail_rune(l, "bad character", peek_rune(l));
    return emit(l, word_kind(str_slice(l->input, l->start, l->pos)));
}

static struct token lex_paren(struct lexer *l, bool is_left)
{
    if (is_left) {
        l->paren_depth++;
        return emit(l, TOK_LEFT_PAREN);
    }
    if (l->paren_depth == 0)
        return fail(l, S("unexpected right paren"));
    l->paren_depth--;
    return emit(l, TOK_RIGHT_PAREN);
}

static bool starts_number(const struct lexer *l)
{
    str s = rest(l);
    char c = s.p[0];
    if (c == '.')
        return s.n < 2 || (s.p[1] >= '0' && s.p[1] <= '9');
    return c == '+' || c == '-' || (c >= '0' && c <= '9');
}

static struct token lex_action(struct lexer *l)
{
    if (is_at_end(l))
        return l->paren_depth == 0 ? lex_right_delim(l) : fail(l, S("unclosed left paren"));
    if (l->pos == l->input.n)
        return fail(l, S("unclosed action"));
    if (is_space((uint8_t)l->input.p[l->pos]))
        return lex_space(l);
    if (starts_number(l))
        return lex_number(l);
    if (is_word(peek_rune(l)))
        return lex_word(l);

    uint32_t c = advance(l);
    switch (c) {
    case '=':
        return emit(l, TOK_ASSIGN);
    case ':':
        return advance(l) == '=' ? emit(l, TOK_DECLARE) : fail(l, S("expected :="));
    case '|':
        return emit(l, TOK_PIPE);
    case '"':
        return lex_quoted(l, '"', TOK_STRING, S("unterminated quoted string"));
    case '`':
        return lex_raw(l);
    case '\'':
        return lex_quoted(l, '\'', TOK_CHAR_CONSTANT, S("unterminated character constant"));
    case '$':
        return lex_field_or_variable(l, TOK_VARIABLE);
    case '.':
        return lex_field_or_variable(l, TOK_FIELD);
    case '(':
    case ')':
        return lex_paren(l, c == '(');
    default:
        if (c > ' ' && c < 0x7f)
            return emit(l, TOK_CHAR);
        return fail_rune(l, "unrecognized character in action:", c);
    }
}

struct token lexer_next(struct lexer *l)
{
    return l->is_in_action ? lex_action(l) : lex_text(l);
}
