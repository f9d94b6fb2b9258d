// SPDX-License-Identifier: Apache-2.0
// Tokens with look-ahead, operands and pipelines (upstream: text/template/parse/parse.go).
#include <stdarg.h>

#include "base/core/alloc.h"
#include "base/core/utf8.h"
#include "base/text/gotpl_parser.h"
#include "base/text/unicode.h"

// ---- tokens and errors ------------------------------------------------------------------------

struct token parser_next(struct parser *p)
{
    if (p->peek_count > 0)
        p->peek_count--;
    else
        p->token[0] = lexer_next(&p->lexer);
    return p->token[p->peek_count];
}

void parser_backup(struct parser *p)
{
    p->peek_count++;
}

void parser_backup2(struct parser *p, struct token t1) // token[0] was read last already
{
    p->token[1] = t1;
    p->peek_count = 2;
}

void parser_backup3(struct parser *p, struct token t2, struct token t1) // t2 came before t1
{
    p->token[1] = t1;
    p->token[2] = t2;
    p->peek_count = 3;
}

struct token parser_peek(struct parser *p)
{
    if (p->peek_count == 0) {
        p->token[0] = lexer_next(&p->lexer);
        p->peek_count = 1;
    }
    return p->token[p->peek_count - 1];
}

struct token parser_next_nonspace(struct parser *p)
{
    struct token t;
    do {
        t = parser_next(p);
    } while (t.kind == TOK_SPACE);
    return t;
}

struct token parser_peek_nonspace(struct parser *p)
{
    struct token t = parser_next_nonspace(p);
    parser_backup(p);
    return t;
}

void *parser_fail(struct parser *p, const char *fmt, ...)
{
    char text[ERR_TEXT_BYTES];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    err_set(p->err, ERR_SYNTAX, "template: %.*s:%u: %s", STR(p->source->name), p->token[0].line,
            text);
    return NULL;
}

void *parser_fail_quoted(struct parser *p, const char *before, str name, const char *after)
{
    defer(buf_done) struct buf quoted = {0};
    buf_put_quoted(&quoted, name);
    return parser_fail(p, "%s%.*s%s", before, STR(buf_str(&quoted)), after);
}

static void put_token(struct buf *b, struct token t)
{
    size_t shown = 0;
    if (t.kind == TOK_EOF) {
        buf_put(b, S("EOF"));
    } else if (t.kind > TOK_KEYWORD) {
        buf_printf(b, "<%.*s>", STR(t.text));
    } else if (t.text.n > 10) {
        for (size_t i = 0, width; i < 10; i++, shown += width)
            utf8_decode(str_skip(t.text, shown), &width);
        buf_put_quoted(b, str_slice(t.text, 0, shown));
        buf_put(b, S("..."));
    } else {
        buf_put_quoted(b, t.text);
    }
}

void *parser_unexpected(struct parser *p, struct token t, const char *context)
{
    if (t.kind == TOK_ERROR) {
        if (p->action_line == 0 || p->action_line == t.line)
            return parser_fail(p, "%.*s", STR(t.text));
        return parser_fail(p, "%.*s%s started at %.*s:%u", STR(t.text),
                           str_ends(t.text, S(" action")) ? "" : " in action", STR(p->source->name),
                           p->action_line);
    }
    defer(buf_done) struct buf text = {0};
    put_token(&text, t);
    return parser_fail(p, "unexpected %.*s in %s", STR(buf_str(&text)), context);
}

struct node *parser_node(struct parser *p, enum node_kind kind, struct token at)
{
    struct node *n = arena_new(p->mem, struct node);
    n->kind = kind;
    n->pos = at.pos;
    n->line = at.line;
    n->source = p->source;
    return n;
}

// ---- variables --------------------------------------------------------------------------------

void parser_declare(struct parser *p, str name)
{
    struct names *v = &p->vars;
    if (v->count == v->cap) {
        v->cap = v->cap ? 2 * v->cap : 16;
        v->items = mem_resize(v->items, v->cap, sizeof(*v->items));
    }
    v->items[v->count++] = name;
}

static bool parser_is_declared(const struct parser *p, str name)
{
    for (size_t i = p->vars.count; i-- > 0;) {
        if (str_eq(p->vars.items[i], name))
            return true;
    }
    return false;
}

// ---- operands ---------------------------------------------------------------------------------

static void **grow(struct parser *p, void *items, size_t count) // full at 0, 4, 8, 16 …
{
    if (count != 0 && (count < 4 || (count & (count - 1)) != 0))
        return items;
    void **more = arena_alloc(p->mem, (count ? 2 * count : 4) * sizeof(void *));
    if (count)
        memcpy(more, items, count * sizeof(void *));
    return more;
}

static str *grow_names(struct parser *p, str *names, uint32_t count)
{
    if (count != 0 && (count < 4 || (count & (count - 1)) != 0))
        return names;
    str *more = arena_array(p->mem, str, count ? 2 * count : 4);
    if (count)
        memcpy(more, names, count * sizeof(str));
    return more;
}

static void add_name(struct parser *p, struct node *n, str name)
{
    n->chain.names = grow_names(p, n->chain.names, n->chain.name_count);
    n->chain.names[n->chain.name_count++] = name;
}

static struct node *variable_new(struct parser *p, struct token t)
{
    struct node *n = parser_node(p, NODE_VARIABLE, t);
    add_name(p, n, t.text);
    return n;
}

bool parser_unquote(struct parser *p, str literal, str *ret)
{
    struct buf text = {0};
    bool is_good = unquote_go(literal, &text);
    if (is_good)
        *ret = arena_str(p->mem, buf_str(&text));
    buf_done(&text);
    if (!is_good)
        parser_fail(p, "invalid syntax");
    return is_good;
}

static struct node *parse_number(struct parser *p, struct token t)
{
    struct node *n = parser_node(p, NODE_NUMBER, t);
    n->number.literal = t.text;
    defer(buf_done) struct buf why = {0};
    if (!number_parse(t.kind, t.text, &n->number.n, &why))
        return parser_fail(p, "%.*s", STR(buf_str(&why)));
    return n;
}

static struct node *parse_identifier(struct parser *p, struct token t)
{
    struct node *n = parser_node(p, NODE_IDENT, t);
    n->ident.name = t.text;
    n->ident.func = tpl_func_find(p->set, t.text);
    return n->ident.func ? n : parser_fail_quoted(p, "function ", t.text, " not defined");
}

// One term, or NULL: with *ret_is_none no term stands here, else a failure.
static struct node *parse_term(struct parser *p, bool *ret_is_none)
{
    struct token t = parser_next_nonspace(p);
    struct node *n;
    *ret_is_none = false;
    if (t.kind == TOK_IDENT)
        return parse_identifier(p, t);
    if (t.kind == TOK_DOT)
        return parser_node(p, NODE_DOT, t);
    if (t.kind == TOK_NIL)
        return parser_node(p, NODE_NIL, t);
    if (t.kind == TOK_VARIABLE) {
        if (!parser_is_declared(p, t.text))
            return parser_fail_quoted(p, "undefined variable ", t.text, "");
        return variable_new(p, t);
    }
    if (t.kind == TOK_FIELD) {
        n = parser_node(p, NODE_FIELD, t);
        add_name(p, n, str_skip(t.text, 1));
        return n;
    }
    if (t.kind == TOK_BOOL) {
        n = parser_node(p, NODE_BOOL, t);
        n->is_true = str_eq(t.text, S("true"));
        return n;
    }
    if (t.kind == TOK_CHAR_CONSTANT || t.kind == TOK_COMPLEX || t.kind == TOK_NUMBER)
        return parse_number(p, t);
    if (t.kind == TOK_LEFT_PAREN) {
        if (p->nesting >= TPL_NESTING_MAX)
            return parser_fail(p, "max expression depth exceeded");
        p->nesting++;
        n = parser_pipeline(p, "parenthesized pipeline", TOK_RIGHT_PAREN);
        p->nesting--;
        return n;
    }
    if (t.kind == TOK_STRING || t.kind == TOK_RAW_STRING) {
        n = parser_node(p, NODE_STRING, t);
        n->string.literal = t.text;
        return parser_unquote(p, t.text, &n->string.value) ? n : NULL;
    }
    parser_backup(p);
    *ret_is_none = true;
    return NULL;
}

// term { .field }: fields directly behind a field or variable join it, else they form a chain.
static struct node *parse_operand(struct parser *p, bool *ret_is_none)
{
    struct node *n = parse_term(p, ret_is_none);
    struct token at = n ? parser_peek(p) : (struct token){.kind = TOK_EOF};
    if (at.kind != TOK_FIELD)
        return n;
    if (n->kind == NODE_BOOL || n->kind == NODE_STRING || n->kind == NODE_NUMBER ||
        n->kind == NODE_NIL || n->kind == NODE_DOT) {
        while (parser_peek(p).kind == TOK_FIELD)
            parser_next(p);
        defer(buf_done) struct buf term = {0};
        node_put(&term, n);
        return parser_fail_quoted(p, "unexpected . after term ", buf_str(&term), "");
    }
    struct node *chain = n;
    if (n->kind != NODE_FIELD && n->kind != NODE_VARIABLE) {
        chain = parser_node(p, NODE_CHAIN, at);
        chain->chain.base = n;
    }
    chain->pos = at.pos;
    while (parser_peek(p).kind == TOK_FIELD)
        add_name(p, chain, str_skip(parser_next(p).text, 1));
    return chain;
}

static struct node *parse_command(struct parser *p)
{
    struct node *command = parser_node(p, NODE_COMMAND, parser_peek_nonspace(p));
    for (;;) {
        parser_peek_nonspace(p);
        bool is_none;
        struct node *operand = parse_operand(p, &is_none);
        if (!operand && !is_none)
            return NULL;
        if (operand) {
            uint32_t count = command->command.arg_count++;
            command->command.args = (struct node **)grow(p, command->command.args, count);
            command->command.args[count] = operand;
        }
        struct token t = parser_next(p);
        if (t.kind == TOK_SPACE)
            continue;
        if (t.kind == TOK_RIGHT_DELIM || t.kind == TOK_RIGHT_PAREN)
            parser_backup(p);
        else if (t.kind != TOK_PIPE)
            return parser_unexpected(p, t, "operand");
        break;
    }
    return command->command.arg_count ? command : parser_fail(p, "empty command");
}

// ---- pipelines --------------------------------------------------------------------------------

static void add_decl(struct parser *p, struct node *pipe, struct token variable)
{
    uint32_t count = pipe->pipe.decl_count++;
    pipe->pipe.decls = (struct node **)grow(p, pipe->pipe.decls, count);
    pipe->pipe.decls[count] = variable_new(p, variable);
    parser_declare(p, variable.text);
}

// "$x :=", "$x =", in a range also "$i, $x :=". Three tokens of look-ahead: in "$x foo" the
// variable is an argument.
static bool parse_declarations(struct parser *p, struct node *pipe, const char *context)
{
    while (parser_peek_nonspace(p).kind == TOK_VARIABLE) {
        struct token variable = parser_next(p);
        struct token behind = parser_peek(p);
        struct token after = parser_peek_nonspace(p);
        if (after.kind == TOK_ASSIGN || after.kind == TOK_DECLARE) {
            pipe->pipe.is_assign = after.kind == TOK_ASSIGN;
            parser_next_nonspace(p);
            add_decl(p, pipe, variable);
            return true;
        }
        if (after.kind == TOK_CHAR && str_eq(after.text, S(","))) {
            parser_next_nonspace(p);
            add_decl(p, pipe, variable);
            if (!str_eq(str_c(context), S("range")) || pipe->pipe.decl_count >= 2) {
                parser_fail(p, "too many declarations in %s", context);
                return false;
            }
            enum token_kind kind = parser_peek_nonspace(p).kind;
            if (kind == TOK_VARIABLE || kind == TOK_RIGHT_DELIM || kind == TOK_RIGHT_PAREN)
                continue;
            parser_fail(p, "range can only initialize variables");
            return false;
        }
        if (behind.kind == TOK_SPACE)
            parser_backup3(p, variable, behind);
        else
            parser_backup2(p, variable);
        return true;
    }
    return true;
}

static struct node *check_pipeline(struct parser *p, struct node *pipe, const char *context)
{
    if (pipe->pipe.command_count == 0)
        return parser_fail(p, "missing value for %s", context);
    for (uint32_t i = 1; i < pipe->pipe.command_count; i++) {
        enum node_kind kind = pipe->pipe.commands[i]->command.args[0]->kind;
        if (kind == NODE_BOOL || kind == NODE_DOT || kind == NODE_NIL || kind == NODE_NUMBER ||
            kind == NODE_STRING)
            return parser_fail(p, "non executable command in pipeline stage %u", i + 1);
    }
    return pipe;
}

static bool starts_operand(enum token_kind kind)
{
    return kind == TOK_BOOL || kind == TOK_CHAR_CONSTANT || kind == TOK_COMPLEX ||
           kind == TOK_DOT || kind == TOK_FIELD || kind == TOK_IDENT || kind == TOK_NUMBER ||
           kind == TOK_NIL || kind == TOK_RAW_STRING || kind == TOK_STRING ||
           kind == TOK_VARIABLE || kind == TOK_LEFT_PAREN;
}

struct node *parser_pipeline(struct parser *p, const char *context, enum token_kind end)
{
    struct node *pipe = parser_node(p, NODE_PIPE, parser_peek_nonspace(p));
    if (!parse_declarations(p, pipe, context))
        return NULL;
    for (;;) {
        struct token t = parser_next_nonspace(p);
        if (t.kind == end)
            return check_pipeline(p, pipe, context);
        if (!starts_operand(t.kind))
            return parser_unexpected(p, t, context);
        parser_backup(p);
        struct node *command = parse_command(p);
        if (!command)
            return NULL;
        uint32_t count = pipe->pipe.command_count++;
        pipe->pipe.commands = (struct node **)grow(p, pipe->pipe.commands, count);
        pipe->pipe.commands[count] = command;
    }
}
