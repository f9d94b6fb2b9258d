// SPDX-License-Identifier: Apache-2.0
// Number literals, and nodes back into text (upstream: text/template/parse/node.go).
#include <math.h>

#include "base/core/utf8.h"
#include "base/text/gofmt.h"
#include "base/text/gotpl_int.h"
#include "base/text/unicode.h"

// ---- numbers ----------------------------------------------------------------------------------

static bool why(struct buf *ret_why, const char *what, str literal)
{
    buf_put(ret_why, str_c(what));
    buf_put_quoted(ret_why, literal);
    return false;
}

// 'a': one character or escape; between these quotes \' is allowed and \" is not.
static bool parse_char(str literal, struct number *ret, struct buf *ret_why)
{
    str body = str_slice(literal, 1, literal.n - 1);
    size_t width;
    uint32_t rune = 0;
    bool is_good = body.n > 0;
    if (is_good && body.p[0] != '\\') {
        rune = utf8_decode(body, &width);
        is_good = body.p[0] != '\'';
    } else if (is_good) {
        static const char DIGITS[] = "xuU01234567";
        char c = (char)(body.n > 1 ? body.p[1] : '\0');
        width = c == 'x' ? 4 : c == 'u' ? 6 : c == 'U' ? 10 : c && strchr(DIGITS, c) ? 4 : 2;
        defer(buf_done) struct buf quoted = {0};
        defer(buf_done) struct buf text = {0};
        buf_put_c(&quoted, '"');
        buf_put(&quoted, c == '\'' ? S("'") : str_slice(body, 0, width));
        buf_put_c(&quoted, '"');
        is_good = c != '"' && width <= body.n && unquote_go(buf_str(&quoted), &text);
        bool is_byte = is_good && width == 4;
        size_t ignored;
        if (is_good)
            rune = is_byte ? (uint8_t)text.p[0] : utf8_decode(buf_str(&text), &ignored);
    }
    if (!is_good) {
        buf_put(ret_why, S("invalid syntax"));
        return false;
    }
    if (width != body.n) {
        buf_put(ret_why, S("malformed character constant: "));
        buf_put(ret_why, literal);
        return false;
    }
    *ret = (struct number){
        .is_int = true, .is_uint = true, .is_float = true, .i = rune, .u = rune, .f = rune};
    return true;
}

static bool fits_i64(double f)
{
    return f >= -0x1p63 && f < 0x1p63 && (double)(int64_t)f == f;
}

static bool fits_u64(double f)
{
    return f >= 0 && f < 0x1p64 && (double)(uint64_t)f == f;
}

static void number_from_float(struct number *n, double f)
{
    n->is_float = true;
    n->f = f;
    if (fits_i64(f)) {
        n->is_int = true;
        n->i = (int64_t)f;
    }
    if (fits_u64(f)) {
        n->is_uint = true;
        n->u = (uint64_t)f;
    }
}

static bool number_from_complex(struct number *n, double re, double im)
{
    n->is_complex = true;
    n->re = re;
    n->im = im;
    if (im == 0)
        number_from_float(n, re);
    return true;
}

// 1+2i, 1e-3-2i: the sign of the imaginary part is the last one that is no exponent's.
static bool parse_complex(str s, struct number *ret, struct buf *ret_why)
{
    size_t at = 0;
    bool is_hex = str_find(s, 'x') != STR_NONE || str_find(s, 'X') != STR_NONE;
    for (size_t i = 1; i < s.n; i++) {
        char before = (char)(s.p[i - 1] | 0x20);
        bool is_exponent = before == 'p' || (before == 'e' && !is_hex);
        if ((s.p[i] == '+' || s.p[i] == '-') && !is_exponent)
            at = i;
    }
    double re, im;
    if (at == 0 || !gofmt_parse_f64(str_slice(s, 0, at), &re, NULL) ||
        !gofmt_parse_f64(str_slice(s, at, s.n - 1), &im, NULL)) {
        buf_put(ret_why, S("syntax error scanning complex number"));
        return false;
    }
    return number_from_complex(ret, re, im);
}

static bool has_any(str s, const char *set)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] && strchr(set, s.p[i]))
            return true;
    }
    return false;
}

bool number_parse(enum token_kind kind, str s, struct number *ret, struct buf *ret_why)
{
    *ret = (struct number){0};
    if (kind == TOK_CHAR_CONSTANT)
        return parse_char(s, ret, ret_why);
    if (kind == TOK_COMPLEX)
        return parse_complex(s, ret, ret_why);
    double f;
    if (s.n && s.p[s.n - 1] == 'i' && gofmt_parse_f64(str_slice(s, 0, s.n - 1), &f, NULL))
        return number_from_complex(ret, 0, f);

    bool has_sign = s.n && (s.p[0] == '-' || s.p[0] == '+');
    bool is_negative = s.n && s.p[0] == '-';
    uint64_t magnitude;
    if (gofmt_parse_u64(has_sign ? str_skip(s, 1) : s, &magnitude)) {
        ret->is_uint = !has_sign || magnitude == 0;
        ret->u = magnitude;
        ret->is_int = magnitude <= (uint64_t)INT64_MAX + is_negative;
        ret->i = ret->is_int ? (int64_t)(is_negative ? 0 - magnitude : magnitude) : 0;
    }
    if (ret->is_int || ret->is_uint) {
        ret->is_float = true;
        ret->f = ret->is_int ? (double)ret->i : (double)ret->u;
        return true;
    }
    if (!gofmt_parse_f64(s, &f, NULL))
        return why(ret_why, "illegal number syntax: ", s);
    if (!has_any(s, ".eEpP")) // it looks like an integer, but is too large for one
        return why(ret_why, "integer overflow: ", s);
    number_from_float(ret, f);
    return true;
}

// ---- nodes as text ----------------------------------------------------------------------------

static void put_list(struct buf *b, const struct node *list)
{
    for (const struct node *n = list->list.first; n; n = n->next)
        node_put(b, n);
}

static void put_branch(struct buf *b, const struct node *n, const char *keyword)
{
    buf_printf(b, "{{%s ", keyword);
    node_put(b, n->branch.pipe);
    buf_put(b, S("}}"));
    put_list(b, n->branch.list);
    if (n->branch.otherwise) {
        buf_put(b, S("{{else}}"));
        put_list(b, n->branch.otherwise);
    }
    buf_put(b, S("{{end}}"));
}

static void put_pipe(struct buf *b, const struct node *n)
{
    for (uint32_t i = 0; i < n->pipe.decl_count; i++) {
        buf_put(b, i ? S(", ") : S(""));
        node_put(b, n->pipe.decls[i]);
    }
    if (n->pipe.decl_count)
        buf_put(b, n->pipe.is_assign ? S(" = ") : S(" := "));
    for (uint32_t i = 0; i < n->pipe.command_count; i++) {
        buf_put(b, i ? S(" | ") : S(""));
        node_put(b, n->pipe.commands[i]);
    }
}

static void put_parenthesized(struct buf *b, const struct node *n)
{
    bool is_pipe = n->kind == NODE_PIPE;
    buf_put(b, is_pipe ? S("(") : S(""));
    node_put(b, n);
    buf_put(b, is_pipe ? S(")") : S(""));
}

static void put_names(struct buf *b, const struct node *n, uint32_t from)
{
    for (uint32_t i = from; i < n->chain.name_count; i++) {
        buf_put_c(b, '.');
        buf_put(b, n->chain.names[i]);
    }
}

void node_put(struct buf *b, const struct node *n)
{
    switch (n->kind) {
    case NODE_TEXT:
        buf_put(b, n->text);
        break;
    case NODE_ACTION:
        buf_put(b, S("{{"));
        node_put(b, n->branch.pipe);
        buf_put(b, S("}}"));
        break;
    case NODE_IF:
        put_branch(b, n, "if");
        break;
    case NODE_WITH:
        put_branch(b, n, "with");
        break;
    case NODE_RANGE:
        put_branch(b, n, "range");
        break;
    case NODE_TEMPLATE:
        buf_put(b, S("{{template "));
        buf_put_quoted(b, n->branch.name);
        if (n->branch.pipe) {
            buf_put_c(b, ' ');
            node_put(b, n->branch.pipe);
        }
        buf_put(b, S("}}"));
        break;
    case NODE_BREAK:
        buf_put(b, S("{{break}}"));
        break;
    case NODE_CONTINUE:
        buf_put(b, S("{{continue}}"));
        break;
    case NODE_LIST:
        put_list(b, n);
        break;
    case NODE_PIPE:
        put_pipe(b, n);
        break;
    case NODE_COMMAND:
        for (uint32_t i = 0; i < n->command.arg_count; i++) {
            buf_put(b, i ? S(" ") : S(""));
            put_parenthesized(b, n->command.args[i]);
        }
        break;
    case NODE_BOOL:
        buf_put(b, n->is_true ? S("true") : S("false"));
        break;
    case NODE_NUMBER:
        buf_put(b, n->number.literal);
        break;
    case NODE_STRING:
        buf_put(b, n->string.literal);
        break;
    case NODE_DOT:
        buf_put_c(b, '.');
        break;
    case NODE_NIL:
        buf_put(b, S("nil"));
        break;
    case NODE_IDENT:
        buf_put(b, n->ident.name);
        break;
    case NODE_FIELD:
        put_names(b, n, 0);
        break;
    case NODE_VARIABLE:
        buf_put(b, n->chain.names[0]);
        put_names(b, n, 1);
        break;
    case NODE_CHAIN:
        put_parenthesized(b, n->chain.base);
        put_names(b, n, 0);
        break;
    case NODE_END:
        buf_put(b, S("{{end}}"));
        break;
    case NODE_ELSE:
        buf_put(b, S("{{else}}"));
        break;
    }
}
