// SPDX-License-Identifier: Apache-2.0
// The analysis of HTML templates: which context does each action stand in, and what must escape it
// (upstream: html/template/escape.go). Works on copies: parsed trees are shared and stay as they
// are, since the same template may be escaped differently per context and per overlay.
#include "base/text/gotpl_html.h"
#include "base/core/alloc.h"
#include "base/core/utf8.h"
#include "base/text/unicode.h"

#define ANALYSIS_STEPS_MAX  500000 // nodes and text; what is in nested ranges counts repeatedly
#define TEXT_BYTES_PER_STEP 64
#define ANALYSIS_DEPTH_MAX  1000 // lists inside lists, across templates

// A template escaped for one start context; its name says which.
struct derived {
    struct tpl_tree tree; // name, and the escaped root once known
    struct html_context end;
};

// Contexts at the breaks and continues of the loop being analysed.
struct loop_exit {
    struct loop_exit *next;
    struct html_context context;
};

struct loop_exits {
    struct loop_exit *first, *last; // in mem, in the order of the text
};

struct loop {
    struct loop *outer;
    struct loop_exits breaks, continues;
};

struct escaper {
    const struct tpl_set *set;
    struct arena *mem;
    struct derived **derived; // heap; those of a discarded attempt are cut off again
    size_t derived_count, derived_cap;
    struct loop *loop;
    str *called; // heap; templates called since an attempt began
    size_t called_count, called_cap;
    uint32_t steps_left, depth_left;
};

static struct html_context escape_list(struct escaper *e, struct html_context c,
                                       const struct node *list, struct node **ret);

static str copy_quoted(struct escaper *e, str s)
{
    defer(buf_done) struct buf quoted = {0};
    buf_put_quoted(&quoted, s);
    return arena_str(e->mem, buf_str(&quoted));
}

// ---- joining ----------------------------------------------------------------------------------

static struct html_context join(struct escaper *e, struct html_context a, struct html_context b,
                                const struct node *node, const char *keyword)
{
    if (a.state == ST_ERROR || b.state == ST_DEAD)
        return a;
    if (b.state == ST_ERROR || a.state == ST_DEAD || html_context_eq(&a, &b))
        return b;
    struct html_context c = a;
    c.url = b.url;
    if (html_context_eq(&c, &b)) {
        c.url = URL_UNKNOWN;
        return c;
    }
    c = a;
    c.js = b.js;
    if (html_context_eq(&c, &b)) {
        c.js = JS_UNKNOWN;
        return c;
    }
    struct html_context a1 = html_nudge(a), b1 = html_nudge(b);
    if (!html_context_eq(&a1, &a) || !html_context_eq(&b1, &b)) {
        c = join(e, a1, b1, node, keyword);
        if (c.state != ST_ERROR)
            return c;
    }
    defer(buf_done) struct buf text = {0};
    html_context_put(&text, &a);
    buf_put(&text, S(", "));
    html_context_put(&text, &b);
    return html_error_at(e->mem, node, 0, "{{%s}} branches end in different contexts: %.*s",
                         keyword, STR(buf_str(&text)));
}

// The same error with words in front.
static struct html_context prefixed(struct escaper *e, struct html_context c, uint32_t line,
                                    const char *words)
{
    struct html_error *error = arena_new(e->mem, struct html_error);
    *error = *c.error;
    error->line = line;
    error->text = arena_printf(e->mem, "%s%.*s", words, STR(c.error->text));
    c.error = error;
    return c;
}

static struct html_context join_exits(struct escaper *e, struct html_context c,
                                      const struct loop_exits *exits, const char *words)
{
    for (const struct loop_exit *x = exits->first; x && c.state != ST_ERROR; x = x->next) {
        const struct node *n = x->context.node;
        c = join(e, c, x->context, n, "range");
        if (c.state == ST_ERROR)
            c = prefixed(e, c, n->line, words);
    }
    return c;
}

static struct html_context join_loop(struct escaper *e, struct html_context c, const struct loop *l)
{
    c = join_exits(e, c, &l->breaks, "at range loop break: ");
    return join_exits(e, c, &l->continues, "at range loop continue: ");
}

static struct html_context leave_loop(struct escaper *e, struct html_context c,
                                      const struct node *n)
{
    struct loop_exits *exits = n->kind == NODE_BREAK ? &e->loop->breaks : &e->loop->continues;
    struct loop_exit *x = arena_new(e->mem, struct loop_exit);
    x->context = c;
    x->context.node = n;
    if (exits->last)
        exits->last->next = x;
    else
        exits->first = x;
    exits->last = x;
    return (struct html_context){.state = ST_DEAD};
}

// ---- calls ------------------------------------------------------------------------------------

static struct derived *find_derived(struct escaper *e, str name)
{
    for (size_t i = 0; i < e->derived_count; i++) {
        if (str_eq(e->derived[i]->tree.name, name))
            return e->derived[i];
    }
    return NULL;
}

static void note_called(struct escaper *e, str name)
{
    if (e->called_count == e->called_cap) {
        e->called_cap = e->called_cap ? 2 * e->called_cap : 16;
        e->called = mem_resize(e->called, e->called_cap, sizeof(*e->called));
    }
    e->called[e->called_count++] = name;
}

static bool was_called(const struct escaper *e, size_t since, str name)
{
    for (size_t i = since; i < e->called_count; i++) {
        if (str_eq(e->called[i], name))
            return true;
    }
    return false;
}

// Escapes the body assuming that it ends as it starts, which is what recursive calls see. What was
// derived on the way is kept only if that came true (or was never used).
static bool try_body(struct escaper *e, struct derived *d, const struct node *root,
                     struct html_context start, struct html_context *ret)
{
    size_t derived_count = e->derived_count;
    size_t called_count = e->called_count;
    struct loop *loop = e->loop;
    struct node *copy = NULL;
    d->end = start;
    e->loop = NULL;
    *ret = escape_list(e, start, root, &copy);
    e->loop = loop;
    bool is_good = ret->state != ST_ERROR &&
                   (!was_called(e, called_count, d->tree.name) || html_context_eq(ret, &start));
    if (is_good) {
        d->tree.root = copy;
    } else {
        e->derived_count = derived_count;
        e->called_count = called_count;
    }
    return is_good;
}

static struct derived *derived_new(struct escaper *e, str name, const struct tpl_tree *from)
{
    if (e->derived_count == e->derived_cap) {
        e->derived_cap = e->derived_cap ? 2 * e->derived_cap : 16;
        e->derived = mem_resize(e->derived, e->derived_cap, sizeof(struct derived *));
    }
    struct derived *d = arena_new(e->mem, struct derived);
    d->tree = *from;
    d->tree.name = name;
    d->tree.root = NULL;
    e->derived[e->derived_count++] = d;
    return d;
}

// The context behind a call of the template; *ret_name is what the call must name.
static struct html_context escape_tree(struct escaper *e, struct html_context c,
                                       const struct node *node, str name, uint32_t line,
                                       str *ret_name)
{
    struct buf mangled = {0};
    html_context_mangle(&mangled, &c, name);
    *ret_name = arena_str(e->mem, buf_str(&mangled));
    buf_done(&mangled);
    note_called(e, *ret_name);
    struct derived *known = find_derived(e, *ret_name);
    if (known)
        return known->end;
    const struct tpl_tree *tree = tpl_find(e->set, name);
    if (!tree)
        return html_error_at(e->mem, node, line, "no such template %.*s",
                             STR(copy_quoted(e, name)));

    struct derived *d = derived_new(e, *ret_name, tree);
    struct html_context end, again;
    bool is_good = try_body(e, d, tree->root, c, &end);
    if (!is_good && try_body(e, d, tree->root, end, &again)) { // perhaps it settles there
        end = again;
        is_good = true;
    }
    if (!is_good && end.state != ST_ERROR)
        end = html_error_at(e->mem, tree->root, 0,
                            "cannot compute output context for template %.*s", STR(name));
    d->end = end;
    return end;
}

// ---- branches ---------------------------------------------------------------------------------

// The body of a loop may run any number of times: it must be stable when run twice.
static struct html_context escape_loop_body(struct escaper *e, struct html_context c,
                                            struct node *n)
{
    struct loop first = {.outer = e->loop};
    struct node *copy = NULL;
    e->loop = &first;
    struct html_context c0 = escape_list(e, c, n->branch.list, &copy);
    if (c0.state != ST_ERROR)
        c0 = join_loop(e, c0, &first);
    e->loop = first.outer;
    if (c0.state == ST_ERROR)
        return c0;

    struct loop second = {.outer = e->loop};
    size_t derived_count = e->derived_count, called_count = e->called_count;
    struct node *discarded = NULL;
    e->loop = &second;
    struct html_context c1 = escape_list(e, c0, n->branch.list, &discarded);
    e->derived_count = derived_count;
    e->called_count = called_count;
    c0 = join(e, c0, c1, n, "range");
    e->loop = second.outer;
    if (c0.state == ST_ERROR)
        return prefixed(e, c0, n->line, "on range loop re-entry: ");
    n->branch.list = copy;
    return join_loop(e, c0, &second);
}

static struct html_context escape_branch(struct escaper *e, struct html_context c, struct node *n)
{
    const char *keyword = n->kind == NODE_IF ? "if" : n->kind == NODE_WITH ? "with" : "range";
    struct html_context c0;
    if (n->kind == NODE_RANGE)
        c0 = escape_loop_body(e, c, n);
    else
        c0 = escape_list(e, c, n->branch.list, &n->branch.list);
    if (n->kind == NODE_RANGE && c0.state == ST_ERROR)
        return c0;
    struct html_context c1 = c;
    if (n->branch.otherwise)
        c1 = escape_list(e, c, n->branch.otherwise, &n->branch.otherwise);
    return join(e, c0, c1, n, keyword);
}

// Escapes a node in place: it is a copy already.
static struct html_context escape_node(struct escaper *e, struct html_context c, struct node *n)
{
    str name;
    switch (n->kind) {
    case NODE_ACTION:
        return html_escape_action(c, n, e->mem);
    case NODE_TEXT:
        return html_escape_text(c, n, e->mem);
    case NODE_IF:
    case NODE_WITH:
    case NODE_RANGE:
        return escape_branch(e, c, n);
    case NODE_TEMPLATE:
        c = escape_tree(e, c, n, n->branch.name, n->line, &name);
        n->branch.name = name;
        return c;
    case NODE_BREAK:
    case NODE_CONTINUE:
        return leave_loop(e, c, n);
    case NODE_LIST:
        return escape_list(e, c, n, &n);
    case NODE_PIPE:
    case NODE_COMMAND:
    case NODE_BOOL:
    case NODE_NUMBER:
    case NODE_STRING:
    case NODE_DOT:
    case NODE_NIL:
    case NODE_FIELD:
    case NODE_VARIABLE:
    case NODE_IDENT:
    case NODE_CHAIN:
    case NODE_END:
    case NODE_ELSE:
        break;
    }
    return c;
}

// Copies the list and escapes the copy.
static struct html_context escape_list(struct escaper *e, struct html_context c,
                                       const struct node *list, struct node **ret)
{
    struct node *copy = arena_new(e->mem, struct node);
    *copy = *list;
    copy->list.first = copy->list.last = NULL;
    if (e->depth_left == 0)
        return html_error_at(e->mem, list, list->line, "templates nest too deeply");
    e->depth_left--;
    for (const struct node *n = list->list.first; n; n = n->next) {
        size_t cost = 1 + (n->kind == NODE_TEXT ? n->text.n / TEXT_BYTES_PER_STEP : 0);
        if (e->steps_left < cost) {
            c = html_error_at(e->mem, n, n->line, "the template is too large to analyse");
            break;
        }
        e->steps_left -= (uint32_t)cost;
        struct node *one = arena_new(e->mem, struct node);
        *one = *n;
        one->next = NULL;
        if (copy->list.last)
            copy->list.last->next = one;
        else
            copy->list.first = one;
        copy->list.last = one;
        if (c.state != ST_DEAD) // behind a break nothing runs
            c = escape_node(e, c, one);
        if (c.state == ST_ERROR || c.state == ST_DEAD)
            break;
    }
    e->depth_left++;
    *ret = copy;
    return c;
}

// ---- entry ------------------------------------------------------------------------------------

static bool fail_with(const struct html_error *error, str name, struct err *err)
{
    if (error->node) {
        const struct node *n = error->node;
        uint32_t line = 1, line_start = 0;
        for (uint32_t i = 0; i < n->pos && i < n->source->text.n; i++) {
            if (n->source->text.p[i] == '\n') {
                line++;
                line_start = i + 1;
            }
        }
        return err_set(err, ERR_INVALID, "html/template:%.*s:%u:%u: %.*s", STR(n->source->name),
                       line, n->pos - line_start, STR(error->text));
    }
    if (error->line)
        return err_set(err, ERR_INVALID, "html/template:%.*s:%u: %.*s", STR(name), error->line,
                       STR(error->text));
    if (name.n)
        return err_set(err, ERR_INVALID, "html/template:%.*s: %.*s", STR(name), STR(error->text));
    return err_set(err, ERR_INVALID, "html/template: %.*s", STR(error->text));
}

const struct tpl_tree *tpl_escape(const struct tpl_set *set, str name, struct arena *mem,
                                  struct map *ret_escaped, struct err *err)
{
    if (!tpl_find(set, name)) {
        err_set(err, ERR_NOT_FOUND, "html/template: \"%.*s\" is undefined", STR(name));
        return NULL;
    }
    struct escaper e = {
        .set = set, .mem = mem, .steps_left = ANALYSIS_STEPS_MAX, .depth_left = ANALYSIS_DEPTH_MAX};
    str mangled;
    struct html_context c =
        escape_tree(&e, (struct html_context){.state = ST_TEXT}, NULL, name, 0, &mangled);
    if (c.state != ST_ERROR && c.state != ST_TEXT) {
        defer(buf_done) struct buf shown = {0};
        html_context_put(&shown, &c);
        c = html_error_at(mem, NULL, 0, "ends in a non-text context: %.*s", STR(buf_str(&shown)));
    }
    const struct tpl_tree *root = NULL;
    if (c.state == ST_ERROR) {
        fail_with(c.error, name, err);
    } else {
        for (size_t i = 0; i < e.derived_count; i++) {
            struct tpl_tree *tree = &e.derived[i]->tree;
            uint64_t hash = tpl_name_hash(tree->name);
            if (!map_find(ret_escaped, hash, tpl_tree_has_name, &tree->name))
                map_insert(ret_escaped, hash, tree);
            if (str_eq(tree->name, name))
                root = tree;
        }
    }
    mem_free(e.derived);
    mem_free(e.called);
    return root;
}

bool tpl_prepare(struct tpl_set *set, str name, struct err *err)
{
    if (!set->options.is_html ||
        map_find(&set->prepared, tpl_name_hash(name), tpl_tree_has_name, &name))
        return true;
    return tpl_escape(set, name, &set->mem, &set->prepared, err) != NULL;
}
