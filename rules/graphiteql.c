// SPDX-License-Identifier: Apache-2.0
#include "rules/graphiteql.h"

#include "base/core/f64.h"
#include "base/text/gofmt.h"
#include "base/text/unicode.h"
#include "rules/metricsql/lexer.h"
#include "rules/metricsql/node.h"
#include "rules/metricsql/number.h"

// The canonical text comes out from left to right as parsing goes on; error texts quote parts of
// it.
struct graphite_parser {
    struct arena mem;
    struct buf out;
    str rest;
    str token; // empty: the end
    bool has_failed;
    uint32_t nesting;
    struct err *err; // never NULL
};

// ---- tokens ------------------------------------------------------------------------------------

static bool is_ident_char(char c)
{
    return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || char_is_digit(c) ||
           (c && strchr("-_$:*{[", c));
}

static bool starts_ident(str token)
{
    return token.n &&
           (token.p[0] == '\\' || (is_ident_char(token.p[0]) && !char_is_digit(token.p[0])));
}

static bool is_quoted(str token)
{
    return token.n && (token.p[0] == '"' || token.p[0] == '\'');
}

static bool is_token(const struct graphite_parser *p, char sign)
{
    return p->token.n == 1 && p->token.p[0] == sign;
}

static str quote(struct graphite_parser *p, str s)
{
    return mql_quote(&p->mem, s);
}

// What was written since `from`, in quotes.
static str quote_out(struct graphite_parser *p, size_t from)
{
    return quote(p, str_skip(buf_str(&p->out), from));
}

static size_t count_digits(str s, size_t from)
{
    size_t n = 0;
    while (from + n < s.n && char_is_digit(s.p[from + n]))
        n++;
    return n;
}

static size_t fail_scan(struct graphite_parser *p, const char *what, str s)
{
    err_set(p->err, ERR_SYNTAX, "%s in %.*s", what, STR(quote(p, s)));
    return 0;
}

static size_t scan_special(struct graphite_parser *p, str s) // 0x…, 0o…, 0b…
{
    bool is_hex = (s.p[1] | 0x20) == 'x';
    size_t i = 2;
    while (i < s.n &&
           (char_is_digit(s.p[i]) || (is_hex && (s.p[i] | 0x20) >= 'a' && (s.p[i] | 0x20) <= 'f')))
        i++;
    if (i == 2 && (is_hex || i == s.n)) {
        err_set(p->err, ERR_SYNTAX, "number cannot be empty");
        return 0;
    }
    return i;
}

// Bytes of the number that s begins with; 0: it is none, p->err says why.
static size_t scan_number(struct graphite_parser *p, str s)
{
    if (mql_number_is_special(s) && !char_is_digit(s.p[1]))
        return scan_special(p, s);
    size_t i = count_digits(s, 0);
    if (i < s.n && s.p[i] == '.') {
        size_t digits = count_digits(s, ++i);
        if (digits == 0)
            return fail_scan(p, "missing fractional part", s);
        i += digits;
    }
    if (i >= s.n || (s.p[i] | 0x20) != 'e')
        return i;
    i++;
    i += i < s.n && (s.p[i] == '-' || s.p[i] == '+');
    size_t digits = count_digits(s, i);
    return digits ? i + digits : fail_scan(p, "missing exponent part", s);
}

// Bytes of the path or name that s begins with. What stands in [] and {} is taken whole.
static size_t scan_ident(struct graphite_parser *p, str s)
{
    size_t i = 0, close;
    while (i < s.n && (is_ident_char(s.p[i]) || s.p[i] == '.' || s.p[i] == '\\')) {
        str rest = str_skip(s, i + 1);
        switch (s.p[i]) {
        case '\\':
            if (rest.n == 0)
                return fail_scan(p, "missing escaped char in the end of", s);
            i += 2;
            break;
        case '[':
            if ((close = str_find(rest, ']')) == STR_NONE)
                return fail_scan(p, "missing `]` char", s);
            i += close + 2;
            break;
        case '{':
            if ((close = str_find(rest, '}')) == STR_NONE)
                return fail_scan(p, "missing '}' char", s);
            i += close + 2;
            break;
        default:
            i++;
        }
    }
    return i ? i : fail_scan(p, "cannot find a single ident char", s);
}

static bool next(struct graphite_parser *p)
{
    if (p->has_failed)
        return false;
    while (p->rest.n && char_is_space(p->rest.p[0]))
        p->rest = str_skip(p->rest, 1);
    str s = p->rest;
    size_t n = 0;
    if (s.n) {
        if (s.p[0] && strchr("(),|=+-", s.p[0]))
            n = 1;
        else if (is_quoted(s))
            n = mql_string_scan(s, p->err);
        else
            n = mql_number_starts(s) ? scan_number(p, s) : scan_ident(p, s);
        p->has_failed = n == 0;
    }
    if (!p->has_failed)
        p->token = str_slice(s, 0, n);
    p->rest = str_skip(s, n);
    return !p->has_failed;
}

// ---- printing ----------------------------------------------------------------------------------

static void put_name(struct graphite_parser *p, str name)
{
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool is_plain = is_ident_char(c) || (c && strchr(".*[]{},", c));
        bool is_first = is_ident_char(c) && !char_is_digit(c);
        if (is_plain && (i > 0 || is_first))
            buf_put_c(&p->out, c);
        else if (!is_plain && c >= ' ' && c < 0x7f)
            buf_printf(&p->out, "\\%c", c);
        else
            buf_printf(&p->out, "\\x%02x", (unsigned)(unsigned char)c);
    }
}

static void put_string(struct graphite_parser *p, str s)
{
    buf_put_c(&p->out, '\'');
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\\' || s.p[i] == '\'')
            buf_put_c(&p->out, '\\');
        buf_put_c(&p->out, s.p[i]);
    }
    buf_put_c(&p->out, '\'');
}

// Without escapes: \xHH is a byte, \ in front of any other byte is dropped.
static str unescape(struct graphite_parser *p, str token)
{
    struct buf out = {.mem = &p->mem};
    for (size_t i = 0; i < token.n; i++) {
        if (token.p[i] != '\\' || i + 1 == token.n) {
            buf_put_c(&out, token.p[i]);
            continue;
        }
        i++;
        int high = i + 2 < token.n ? char_hex(token.p[i + 1]) : -1;
        int low = i + 2 < token.n ? char_hex(token.p[i + 2]) : -1;
        bool is_byte = token.p[i] == 'x' && high >= 0 && low >= 0;
        char c = token.p[i];
        if (is_byte)
            c = (char)(high << 4 | low);
        buf_put_c(&out, c);
        i += is_byte ? 2 : 0;
    }
    return buf_str(&out);
}

// ---- grammar -----------------------------------------------------------------------------------

static bool parse_expr(struct graphite_parser *p, str *ret_name);

static bool parse_number(struct graphite_parser *p)
{
    str sign = p->token;
    bool has_sign = is_token(p, '-') || is_token(p, '+');
    if (has_sign && !next(p))
        return err_wrap(p->err, "cannot find number after %.*s token", STR(quote(p, sign)));
    str token = p->token;
    double value;
    bool is_integer = mql_number_is_special(token);
    if (!(is_integer ? mql_number_parse(token, &value, p->err)
                     : gofmt_parse_f64(token, &value, p->err)))
        return err_wrap(p->err, "cannot parse %s %.*s",
                        is_integer ? "integer" : "floating-point number", STR(quote(p, token)));
    buf_put_f64_shortest(&p->out, has_sign && sign.p[0] == '-' ? -value : value);
    return next(p) || err_wrap(p->err, "cannot find next token after %.*s", STR(quote(p, token)));
}

static bool parse_string(struct graphite_parser *p)
{
    str token = p->token;
    struct buf value = {.mem = &p->mem};
    for (size_t i = 1; i + 1 < token.n; i++) {
        bool is_escape = token.p[i] == '\\' && i + 2 < token.n &&
                         (token.p[i + 1] == token.p[0] || token.p[i + 1] == '\\');
        i += is_escape;
        buf_put_c(&value, token.p[i]);
    }
    put_string(p, buf_str(&value));
    return next(p) || err_wrap(p->err, "cannot find next token after %.*s", STR(token));
}

// [name=]value. The name has been printed as an expression of its own.
static bool parse_arg(struct graphite_parser *p, size_t index)
{
    size_t from = p->out.n;
    str name = {0};
    if (!parse_expr(p, &name))
        return err_wrap(p->err, "cannot parse arg #%zu", index);
    if (!is_token(p, '='))
        return true;
    if (name.n == 0)
        return err_set(p->err, ERR_SYNTAX, "expecting a name for named expression; got %.*s",
                       STR(quote_out(p, from)));
    buf_put_c(&p->out, '=');
    if (!next(p))
        return err_wrap(p->err, "cannot find named value for %.*s", STR(quote(p, name)));
    str ignored;
    return parse_expr(p, &ignored) ||
           err_wrap(p->err, "cannot parse named value for %.*s", STR(quote(p, name)));
}

static bool parse_args(struct graphite_parser *p, size_t *ret_count) // at the opening bracket
{
    for (size_t count = 0;; count++) {
        *ret_count = count;
        if (!next(p))
            return err_wrap(p->err, "cannot find arg #%zu", count);
        if (is_token(p, ')'))
            return next(p) || err_wrap(p->err, "cannot find next token after function args");
        buf_put_c(&p->out, count ? ',' : '(');
        if (!parse_arg(p, count))
            return false;
        *ret_count = count + 1;
        if (is_token(p, ')'))
            return next(p) || err_wrap(p->err, "cannot find next token after func args");
        if (!is_token(p, ','))
            return err_set(p->err, ERR_SYNTAX, "unexpected token detected in func args: %.*s",
                           STR(quote(p, p->token)));
    }
}

// name or name(args), printed. The name is only given back where it is a path, not a constant.
static bool parse_name(struct graphite_parser *p, str *ret_name)
{
    str token = p->token, name = unescape(p, token);
    if (!next(p))
        return err_wrap(p->err, "cannot find next token after %.*s", STR(quote(p, token)));
    size_t count;
    if (is_token(p, '(')) {
        put_name(p, name);
        if (!parse_args(p, &count))
            return err_wrap(p->err, "cannot parse args for function %.*s", STR(quote(p, name)));
        buf_put(&p->out, count ? S(")") : S("()"));
        return true;
    }
    if (str_eq_nocase(name, S("true")) || str_eq_nocase(name, S("false"))) {
        buf_put(&p->out, name.n == 4 ? S("True") : S("False"));
    } else if (str_eq_nocase(name, S("none"))) {
        buf_put(&p->out, S("None"));
    } else {
        put_name(p, name);
        *ret_name = name;
    }
    return true;
}

// |name or |name(args) behind what was printed since `from`.
static bool parse_chained(struct graphite_parser *p, size_t from)
{
    size_t until = p->out.n, count = 0;
    str before = str_slice(buf_str(&p->out), from, MIN(until, from + ERR_TEXT_BYTES));
    if (!next(p))
        return err_wrap(p->err, "cannot find function name after %.*s|", STR(quote(p, before)));
    if (!starts_ident(p->token))
        return err_set(p->err, ERR_SYNTAX, "expecting function name after %.*s|, got %.*s",
                       STR(quote(p, before)), STR(quote(p, p->token)));
    str name = unescape(p, p->token);
    if (!next(p))
        return err_wrap(p->err, "cannot find next token after %.*s|%.*s", STR(quote(p, before)),
                        STR(quote(p, name)));
    buf_put_c(&p->out, '|');
    put_name(p, name);
    if (!is_token(p, '('))
        return true;
    if (!parse_args(p, &count)) {
        before = str_slice(buf_str(&p->out), from, until);
        return err_wrap(p->err, "cannot parse args for %.*s|%.*s", STR(quote(p, before)),
                        STR(quote(p, name)));
    }
    buf_put(&p->out, count ? S(")") : S(""));
    return true;
}

static bool parse_operand(struct graphite_parser *p, str *ret_name)
{
    if (mql_number_starts(p->token) || is_token(p, '+') || is_token(p, '-'))
        return parse_number(p);
    if (is_quoted(p->token))
        return parse_string(p);
    if (starts_ident(p->token))
        return parse_name(p, ret_name);
    return err_set(p->err, ERR_SYNTAX, "unexpected token when parsing expression: %.*s",
                   STR(quote(p, p->token)));
}

// ret_name: set where the expression is nothing but a path.
static bool parse_expr(struct graphite_parser *p, str *ret_name)
{
    size_t from = p->out.n;
    if (++p->nesting > GRAPHITEQL_NESTING_MAX)
        return err_set(p->err, ERR_LIMIT, "the expression nests more than %d levels deep",
                       GRAPHITEQL_NESTING_MAX);
    *ret_name = (str){0};
    if (!parse_operand(p, ret_name))
        return false;
    while (is_token(p, '|')) {
        *ret_name = (str){0};
        if (!parse_chained(p, from))
            return false;
    }
    p->nesting--;
    return true;
}

static str context(struct graphite_parser *p)
{
    struct buf text = {.mem = &p->mem, .max = (size_t)2 * ERR_TEXT_BYTES};
    buf_put(&text, str_slice(p->token, 0, ERR_TEXT_BYTES));
    buf_put(&text, str_slice(p->rest, 0, ERR_TEXT_BYTES));
    return quote(p, buf_str(&text));
}

bool graphiteql_check(str text, struct err *err)
{
    if (text.n > GRAPHITEQL_TEXT_BYTES_MAX)
        return err_set(err, ERR_LIMIT, "the expression is longer than %zu bytes",
                       GRAPHITEQL_TEXT_BYTES_MAX);
    struct err why;
    err_clear(&why);
    struct graphite_parser p = {.rest = text, .err = &why};
    str name;
    bool ok = next(&p) && parse_expr(&p, &name);
    if (!ok)
        err_set(err, why.code, "cannot parse target expression: %.*s; context: %.*s",
                STR(err_str(&why)), STR(context(&p)));
    else if (p.token.n > 0)
        ok = err_set(err, ERR_SYNTAX, "unexpected tail left after parsing %.*s; context: %.*s",
                     STR(quote_out(&p, 0)), STR(context(&p)));
    buf_done(&p.out);
    arena_done(&p.mem);
    return ok;
}
