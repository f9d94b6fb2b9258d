// SPDX-License-Identifier: Apache-2.0
#include "rules/metricsql/lexer.h"

#include "base/text/unicode.h"
#include "rules/metricsql/ident.h"
#include "rules/metricsql/node.h"
#include "rules/metricsql/number.h"
#include "rules/metricsql/words.h"

static const char INTERVAL[] = "$__interval";

void mql_lexer_init(struct mql_lexer *l, str input)
{
    l->input = input;
    l->at = 0;
    l->has_failed = false;
    err_clear(&l->error);
}

// Skips white space and comments. A comment that the text ends in is not skipped: error texts show
// it as unread. False: only such a comment is left.
static bool skip_blank(struct mql_lexer *l)
{
    str s = l->input;
    for (;;) {
        while (l->at < s.n && char_is_space(s.p[l->at]))
            l->at++;
        if (l->at == s.n || s.p[l->at] != '#')
            return true;
        size_t end = str_find(str_skip(s, l->at), '\n');
        if (end == STR_NONE)
            return false;
        l->at += end + 1;
    }
}

static bool fail_at(struct err *err, str before, str rest)
{
    struct buf text = {.max = ERR_TEXT_BYTES};
    buf_put(&text, before);
    buf_put_quoted(&text, str_slice(rest, 0, ERR_TEXT_BYTES));
    err_set(err, ERR_SYNTAX, "%.*s", STR(buf_str(&text)));
    buf_done(&text);
    return false;
}

size_t mql_string_scan(str s, struct err *err)
{
    if (s.n < 2) {
        fail_at(err, S("cannot find end of string in "), s);
        return 0;
    }
    char quote = s.p[0];
    for (size_t i = 1; i < s.n; i++) {
        if (s.p[i] == quote)
            return i + 1;
        i += s.p[i] == '\\';
    }
    char before[] = "cannot find closing quote ? for the string ";
    before[sizeof("cannot find closing quote ") - 1] = quote;
    fail_at(err, str_c(before), s);
    return 0;
}

static size_t scan_sign(str s, enum mql_op *op)
{
    bool is_single = s.p[0] && strchr("{}[](),@", s.p[0]);
    size_t n = is_single ? 1 : mql_op_scan_sign(s, op);
    if (n > 0)
        return n;
    if (str_starts(s, S("=~")) || str_starts(s, S("!~")))
        return 2;
    return s.p[0] == '=';
}

static bool scan_literal(struct mql_lexer *l, str s, struct mql_token *t, size_t *n)
{
    if (mql_is_quoted(s)) {
        t->kind = MQL_TOKEN_STRING;
        return (*n = mql_string_scan(s, &l->error)) > 0;
    }
    t->kind = MQL_TOKEN_SIGN;
    if ((*n = scan_sign(s, &t->op)) > 0)
        return true;
    t->kind = MQL_TOKEN_DURATION;
    if ((*n = mql_duration_scan(s)) > 0)
        return true;
    t->kind = MQL_TOKEN_NUMBER;
    if (mql_number_starts(s))
        return (*n = mql_number_scan(s, &l->error)) > 0;
    return fail_at(&l->error, S("cannot recognize "), s);
}

static bool lexer_scan(struct mql_lexer *l, struct mql_token *t)
{
    *t = (struct mql_token){MQL_TOKEN_END, MQL_OP_NONE, {0}};
    if (!skip_blank(l) || l->at == l->input.n)
        return true;
    str s = str_skip(l->input, l->at);
    size_t n = mql_ident_scan(s);
    if (n > 0) {
        t->kind = MQL_TOKEN_IDENT;
        t->op = mql_op_find(str_slice(s, 0, n));
    } else if (str_starts(s, S("$__interval")) || str_starts(s, S("$__rate_interval"))) {
        t->kind = MQL_TOKEN_DURATION;
        t->text = str_c(INTERVAL);
        l->at += str_starts(s, S("$__i")) ? sizeof(INTERVAL) - 1 : sizeof("$__rate_interval") - 1;
        return true;
    } else if (!scan_literal(l, s, t, &n)) {
        return false;
    }
    t->text = str_slice(s, 0, n);
    l->at += n;
    return true;
}

bool mql_lexer_next(struct mql_lexer *l, struct mql_token *ret, struct err *err)
{
    struct mql_token t;
    if (!l->has_failed && lexer_scan(l, &t)) {
        *ret = t;
        return true;
    }
    l->has_failed = true;
    return err_set(err, l->error.code, "%.*s", STR(err_str(&l->error)));
}

struct mql_token mql_token_of(str text)
{
    struct mql_token t = {MQL_TOKEN_SIGN, MQL_OP_NONE, text};
    if (text.n == 0)
        t.kind = MQL_TOKEN_END;
    else if (mql_ident_starts(text))
        t.kind = MQL_TOKEN_IDENT;
    else if (mql_duration_scan(text) == text.n)
        t.kind = MQL_TOKEN_DURATION;
    else if (mql_number_starts(text))
        t.kind = MQL_TOKEN_NUMBER;
    return t;
}
