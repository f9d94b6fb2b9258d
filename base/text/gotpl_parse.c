// SPDX-License-Identifier: Apache-2.0
// Lists, actions and definitions (upstream: text/template/parse/parse.go), and into the set.
#include "base/core/alloc.h"
#include "base/core/utf8.h"
#include "base/text/gotpl_parser.h"
#include "base/text/unicode.h"

// ---- definitions ------------------------------------------------------------------------------

static bool is_white(str s)
{
    for (size_t width; s.n; s = str_skip(s, width)) {
        if (!rune_is_space(utf8_decode(s, &width)))
            return false;
    }
    return true;
}

static bool is_empty_list(const struct node *list)
{
    for (const struct node *n = list->list.first; n; n = n->next) {
        if (n->kind != NODE_TEXT || !is_white(n->text))
            return false;
    }
    return true;
}

// Adds a tree of this text; of two with one name the one that is not empty wins.
static bool add_tree(struct parser *p, str name, struct node *root)
{
    struct tpl_tree tree = {
        .name = name, .root = root, .source = p->source, .is_empty = is_empty_list(root)};
    for (size_t i = 0; i < p->tree_count; i++) {
        if (!str_eq(p->trees[i].name, name))
            continue;
        if (p->trees[i].is_empty)
            p->trees[i] = tree;
        else if (!tree.is_empty)
            return parser_fail_quoted(p, "template: multiple definition of template ", name, "") !=
                   NULL;
        return true;
    }
    if (p->tree_count == p->tree_cap) {
        p->tree_cap = p->tree_cap ? 2 * p->tree_cap : 8;
        p->trees = mem_resize(p->trees, p->tree_cap, sizeof(*p->trees));
    }
    p->trees[p->tree_count++] = tree;
    return true;
}

static struct node *parse_list(struct parser *p, struct node **ret_end);

static const char *end_text(const struct node *end)
{
    return end->kind == NODE_END ? "{{end}}" : "{{else}}";
}

// The body of a define or block: a template of its own, with its own variables.
static bool parse_body(struct parser *p, str name, const char *context)
{
    struct names outer = p->vars;
    p->vars = (struct names){0};
    uint32_t range_depth = p->range_depth;
    p->range_depth = 0;
    parser_declare(p, S("$"));

    struct node *end = NULL;
    struct node *root = parse_list(p, &end);
    bool is_good = root && end;
    if (is_good && end->kind != NODE_END) {
        parser_fail(p, "unexpected %s in %s", end_text(end), context);
        is_good = false;
    }
    is_good = is_good && add_tree(p, name, root);

    mem_free(p->vars.items);
    p->vars = outer;
    p->range_depth = range_depth;
    return is_good;
}

static bool parse_name(struct parser *p, struct token t, const char *context, str *ret)
{
    if (t.kind != TOK_STRING && t.kind != TOK_RAW_STRING) {
        parser_unexpected(p, t, context);
        return false;
    }
    return parser_unquote(p, t.text, ret);
}

static bool parse_define(struct parser *p)
{
    const char *context = "define clause";
    str name;
    if (!parse_name(p, parser_next_nonspace(p), context, &name))
        return false;
    struct token t = parser_next_nonspace(p);
    if (t.kind != TOK_RIGHT_DELIM) {
        parser_unexpected(p, t, context);
        return false;
    }
    return parse_body(p, name, context);
}

// ---- actions ----------------------------------------------------------------------------------

static void list_add(struct node *list, struct node *n)
{
    if (list->list.last)
        list->list.last->next = n;
    else
        list->list.first = n;
    list->list.last = n;
}

static struct node *parse_branch(struct parser *p, enum node_kind kind);

// Behind {{else}}: "else if" and "else with" are a branch in the else part, sharing its end.
static struct node *parse_otherwise(struct parser *p, enum node_kind kind, struct node *at)
{
    enum token_kind next_kind = parser_peek(p).kind;
    if ((kind == NODE_IF && next_kind == TOK_IF) || (kind == NODE_WITH && next_kind == TOK_WITH)) {
        parser_next(p);
        struct node *list =
            parser_node(p, NODE_LIST, (struct token){.pos = at->pos, .line = at->line});
        struct node *inner = NULL;
        if (p->nesting < TPL_NESTING_MAX) {
            p->nesting++;
            inner = parse_branch(p, kind);
            p->nesting--;
        } else {
            parser_fail(p, "max expression depth exceeded");
        }
        if (!inner)
            return NULL;
        list_add(list, inner);
        return list;
    }
    struct node *end = NULL;
    struct node *list = parse_list(p, &end);
    if (list && end->kind != NODE_END)
        return parser_fail(p, "expected end; found %s", end_text(end));
    return list;
}

// if, with, range: behind the keyword.
static struct node *parse_branch(struct parser *p, enum node_kind kind)
{
    const char *context = kind == NODE_IF ? "if" : kind == NODE_WITH ? "with" : "range";
    size_t scope = p->vars.count;
    struct node *pipe = parser_pipeline(p, context, TOK_RIGHT_DELIM);
    if (!pipe)
        return NULL;
    struct node *n = parser_node(p, kind, (struct token){.pos = pipe->pos, .line = pipe->line});
    n->branch.pipe = pipe;
    struct node *end = NULL;
    p->range_depth += kind == NODE_RANGE;
    n->branch.list = parse_list(p, &end);
    p->range_depth -= kind == NODE_RANGE;
    if (!n->branch.list)
        return NULL;
    if (end->kind == NODE_ELSE) {
        n->branch.otherwise = parse_otherwise(p, kind, end);
        if (!n->branch.otherwise)
            return NULL;
    }
    p->vars.count = scope;
    return n;
}

static struct node *parse_leave(struct parser *p, struct token at, enum node_kind kind)
{
    const char *name = kind == NODE_BREAK ? "{{break}}" : "{{continue}}";
    struct token t = parser_next_nonspace(p);
    if (t.kind != TOK_RIGHT_DELIM)
        return parser_unexpected(p, t, name);
    if (p->range_depth == 0)
        return parser_fail(p, "%s outside {{range}}", name);
    return parser_node(p, kind, at);
}

static struct node *parse_else(struct parser *p)
{
    struct token t = parser_peek_nonspace(p);
    if (t.kind == TOK_IF || t.kind == TOK_WITH)
        return parser_node(p, NODE_ELSE, t);
    t = parser_next_nonspace(p);
    return t.kind == TOK_RIGHT_DELIM ? parser_node(p, NODE_ELSE, t)
                                     : parser_unexpected(p, t, "else");
}

static struct node *parse_end(struct parser *p)
{
    struct token t = parser_next_nonspace(p);
    return t.kind == TOK_RIGHT_DELIM ? parser_node(p, NODE_END, t) : parser_unexpected(p, t, "end");
}

static struct node *parse_template(struct parser *p, bool is_block)
{
    const char *context = is_block ? "block clause" : "template clause";
    struct token at = parser_next_nonspace(p);
    struct node *n = parser_node(p, NODE_TEMPLATE, at);
    if (!parse_name(p, at, context, &n->branch.name))
        return NULL;
    if (is_block || parser_peek_nonspace(p).kind != TOK_RIGHT_DELIM) {
        n->branch.pipe = parser_pipeline(p, context, TOK_RIGHT_DELIM);
        if (!n->branch.pipe)
            return NULL;
    } else {
        parser_next_nonspace(p);
    }
    return !is_block || parse_body(p, n->branch.name, context) ? n : NULL;
}

static struct node *parse_action(struct parser *p)
{
    struct token t = parser_next_nonspace(p);
    if (t.kind == TOK_BLOCK || t.kind == TOK_TEMPLATE)
        return parse_template(p, t.kind == TOK_BLOCK);
    if (t.kind == TOK_BREAK)
        return parse_leave(p, t, NODE_BREAK);
    if (t.kind == TOK_CONTINUE)
        return parse_leave(p, t, NODE_CONTINUE);
    if (t.kind == TOK_ELSE)
        return parse_else(p);
    if (t.kind == TOK_END)
        return parse_end(p);
    if (t.kind == TOK_IF)
        return parse_branch(p, NODE_IF);
    if (t.kind == TOK_RANGE)
        return parse_branch(p, NODE_RANGE);
    if (t.kind == TOK_WITH)
        return parse_branch(p, NODE_WITH);
    parser_backup(p);
    struct node *n = parser_node(p, NODE_ACTION, parser_peek(p));
    n->branch.pipe = parser_pipeline(p, "command", TOK_RIGHT_DELIM);
    return n->branch.pipe ? n : NULL;
}

static struct node *parse_text_or_action(struct parser *p)
{
    struct token t = parser_next_nonspace(p);
    if (t.kind == TOK_TEXT) {
        struct node *n = parser_node(p, NODE_TEXT, t);
        n->text = t.text;
        return n;
    }
    if (t.kind != TOK_LEFT_DELIM)
        return parser_unexpected(p, t, "input");
    p->action_line = t.line;
    struct node *n = parse_action(p);
    p->action_line = 0;
    return n;
}

// Nodes up to {{end}} or {{else}}, which goes to *ret_end.
static struct node *parse_list(struct parser *p, struct node **ret_end)
{
    struct node *list = parser_node(p, NODE_LIST, parser_peek_nonspace(p));
    if (p->nesting >= TPL_NESTING_MAX)
        return parser_fail(p, "max expression depth exceeded");
    p->nesting++;
    while (parser_peek_nonspace(p).kind != TOK_EOF) {
        struct node *n = parse_text_or_action(p);
        if (!n)
            return NULL;
        if (n->kind == NODE_END || n->kind == NODE_ELSE) {
            p->nesting--;
            *ret_end = n;
            return list;
        }
        list_add(list, n);
    }
    return parser_fail(p, "unexpected EOF");
}

// The whole text.
static bool parse_top(struct parser *p, str name)
{
    struct node *root = parser_node(p, NODE_LIST, parser_peek(p));
    while (parser_peek(p).kind != TOK_EOF) {
        if (parser_peek(p).kind == TOK_LEFT_DELIM) {
            struct token delim = parser_next(p);
            if (parser_next_nonspace(p).kind == TOK_DEFINE) {
                if (!parse_define(p))
                    return false;
                continue;
            }
            parser_backup2(p, delim);
        }
        struct node *n = parse_text_or_action(p);
        if (!n)
            return false;
        if (n->kind == NODE_END || n->kind == NODE_ELSE)
            return parser_fail(p, "unexpected %s", end_text(n)) != NULL;
        list_add(root, n);
    }
    return add_tree(p, name, root);
}

// ---- into the set -----------------------------------------------------------------------------

// A later definition replaces an earlier one unless it is empty. The text engine always takes a
// text itself for the first one of its name in a clone, even when it is empty; the HTML engine then
// keeps what the base has.
static void publish(struct parser *p, str name)
{
    for (size_t i = 0; i < p->tree_count; i++) {
        const struct tpl_tree *tree = &p->trees[i];
        bool is_text_itself = !p->set->options.is_html && str_eq(tree->name, name);
        bool is_known =
            is_text_itself ? map_find(&p->set->trees, tpl_name_hash(name), tpl_tree_has_name, &name)
                           : (void *)tpl_find(p->set, tree->name);
        if (tree->is_empty && is_known)
            continue;
        struct tpl_tree *kept = arena_new(p->mem, struct tpl_tree);
        *kept = *tree;
        tpl_set_put(p->set, kept);
    }
}

bool tpl_parse(struct tpl_set *set, str name, str text, struct err *err)
{
    if (text.n > TPL_TEXT_BYTES_MAX)
        return err_set(err, ERR_LIMIT, "template: %.*s: text is longer than %zu bytes", STR(name),
                       TPL_TEXT_BYTES_MAX);
    struct arena_mark mark = arena_mark(&set->mem);
    struct tpl_source *source = arena_new(&set->mem, struct tpl_source);
    *source = (struct tpl_source){arena_str(&set->mem, name), arena_str(&set->mem, text)};
    struct parser p = {.set = set, .mem = &set->mem, .source = source, .err = err};
    lexer_init(&p.lexer, source->text, &set->mem);
    parser_declare(&p, S("$"));
    bool is_good = parse_top(&p, source->name);
    if (is_good)
        publish(&p, source->name);
    else
        arena_rewind(&set->mem, mark);
    mem_free(p.vars.items);
    mem_free(p.trees);
    return is_good;
}
