// SPDX-License-Identifier: Apache-2.0
// Actions: which escapers a context asks for, and how they join a pipeline.
#include "base/text/gotpl_html.h"

static bool is_predefined(str name)
{
    return str_eq(name, S("html")) || str_eq(name, S("urlquery"));
}

static const struct node *function_of(const struct node *command)
{
    const struct node *first = command->command.args[0];
    return first->kind == NODE_IDENT ? first : NULL;
}

// Escapers that do the same job as a predefined one count as that.
static str normal_name(str name)
{
    if (str_eq(name, HTML_ESCAPERS[ESC_ATTR].name) || str_eq(name, HTML_ESCAPERS[ESC_HTML].name) ||
        str_eq(name, HTML_ESCAPERS[ESC_RCDATA].name))
        return S("html");
    if (str_eq(name, HTML_ESCAPERS[ESC_URL].name) ||
        str_eq(name, HTML_ESCAPERS[ESC_URL_NORMALIZE].name))
        return S("urlquery");
    return name;
}

static bool is_redundant(str before, str name)
{
    bool is_attr = str_eq(name, HTML_ESCAPERS[ESC_ATTR].name);
    if (str_eq(before, HTML_ESCAPERS[ESC_COMMENT].name))
        return is_attr || str_eq(name, HTML_ESCAPERS[ESC_HTML].name);
    if (str_eq(before, HTML_ESCAPERS[ESC_URL].name))
        return str_eq(name, HTML_ESCAPERS[ESC_URL_NORMALIZE].name);
    return is_attr && (str_eq(before, HTML_ESCAPERS[ESC_CSS].name) ||
                       str_eq(before, HTML_ESCAPERS[ESC_JS_REGEXP].name) ||
                       str_eq(before, HTML_ESCAPERS[ESC_JS_STR].name) ||
                       str_eq(before, HTML_ESCAPERS[ESC_JS_TMPL].name));
}

static struct node *ident_node(struct arena *mem, const struct tpl_func *func,
                               const struct node *at)
{
    struct node *n = arena_new(mem, struct node);
    *n = (struct node){.kind = NODE_IDENT,
                       .pos = at->pos,
                       .line = at->line,
                       .source = at->source,
                       .ident = {func->name, func}};
    return n;
}

static struct node *command_new(struct arena *mem, const struct tpl_func *func,
                                const struct node *at)
{
    struct node *n = arena_new(mem, struct node);
    *n =
        (struct node){.kind = NODE_COMMAND, .pos = at->pos, .line = at->line, .source = at->source};
    n->command.args = arena_alloc(mem, sizeof(struct node *));
    n->command.args[0] = ident_node(mem, func, at);
    n->command.arg_count = 1;
    return n;
}

static void append_command(struct node *pipe, struct node *command)
{
    const struct node *next = function_of(command);
    if (pipe->pipe.command_count) {
        const struct node *last = function_of(pipe->pipe.commands[pipe->pipe.command_count - 1]);
        if (last && next && is_redundant(last->ident.name, next->ident.name))
            return;
    }
    pipe->pipe.commands[pipe->pipe.command_count++] = command;
}

#define ACTION_ESCAPERS_MAX 3

// {{html a b}} becomes {{join a b | html}}, so that html can be merged with what follows.
static void split_predefined(struct arena *mem, struct node *pipe)
{
    const struct node *command = pipe->pipe.commands[0];
    struct node *joined = arena_new(mem, struct node);
    *joined = *command;
    size_t bytes = command->command.arg_count * sizeof(struct node *);
    joined->command.args = arena_alloc(mem, bytes);
    memcpy(joined->command.args, command->command.args, bytes);
    joined->command.args[0] = ident_node(mem, &HTML_ESCAPERS[ESC_JOIN], command->command.args[0]);
    pipe->pipe.commands[0] = joined;
    pipe->pipe.commands[1] = command_new(mem, command->command.args[0]->ident.func, pipe);
    pipe->pipe.command_count = 2;
}

// A copy of the pipeline that ends with the escapers.
static struct node *escaped_pipe(struct arena *mem, const struct node *pipe,
                                 const struct tpl_func **escapers, size_t count)
{
    uint32_t room = pipe->pipe.command_count + 2 + ACTION_ESCAPERS_MAX;
    struct node *copy = arena_new(mem, struct node);
    *copy = *pipe;
    copy->pipe.commands = arena_alloc(mem, room * sizeof(struct node *));
    memcpy(copy->pipe.commands, pipe->pipe.commands,
           pipe->pipe.command_count * sizeof(struct node *));

    const struct node *command = copy->pipe.commands[copy->pipe.command_count - 1];
    const struct node *last = function_of(command);
    if (last && is_predefined(last->ident.name)) {
        if (copy->pipe.command_count == 1 && command->command.arg_count > 1)
            split_predefined(mem, copy);
        bool is_merged = false;
        for (size_t i = 0; i < count; i++) {
            if (str_eq(normal_name(escapers[i]->name), last->ident.name)) {
                escapers[i] = last->ident.func;
                is_merged = true;
            }
        }
        copy->pipe.command_count -= is_merged;
    }
    uint32_t written = copy->pipe.command_count;
    for (size_t i = 0; i < count; i++) {
        bool is_there = false;
        for (uint32_t k = 0; k < written && !is_there; k++) {
            const struct node *f = function_of(copy->pipe.commands[k]);
            is_there = f && str_eq(normal_name(f->ident.name), normal_name(escapers[i]->name));
        }
        if (!is_there)
            append_command(copy, command_new(mem, escapers[i], pipe));
    }
    return copy;
}

// What the context of an action asks for; *c becomes the context behind it.
static bool choose_escapers(struct arena *mem, const struct node *n, struct html_context *c,
                            const struct tpl_func **ret, size_t *ret_count)
{
    size_t count = 0;
#define USE(which) ret[count++] = &HTML_ESCAPERS[which]
    switch (c->state) {
    case ST_URL:
    case ST_CSS_DQ:
    case ST_CSS_SQ:
    case ST_CSS_DQ_URL:
    case ST_CSS_SQ_URL:
    case ST_CSS_URL:
        if (c->url == URL_UNKNOWN) {
            defer(buf_done) struct buf shown = {0};
            node_put(&shown, n);
            *c = html_error_at(mem, n, n->line, "%.*s appears in an ambiguous context within a URL",
                               STR(buf_str(&shown)));
            return false;
        }
        if (c->url == URL_NONE)
            USE(ESC_URL_FILTER);
        if (c->url == URL_QUERY_OR_FRAG)
            USE(ESC_URL);
        else if (c->state == ST_CSS_DQ || c->state == ST_CSS_SQ)
            USE(ESC_CSS);
        else
            USE(ESC_URL_NORMALIZE);
        break;
    case ST_META_CONTENT_URL:
        USE(ESC_URL_FILTER);
        break;
    case ST_JS:
        USE(ESC_JS_VALUE);
        c->js = JS_DIV_OP; // a slash behind a value divides
        break;
    case ST_JS_DQ:
    case ST_JS_SQ:
        USE(ESC_JS_STR);
        break;
    case ST_JS_TMPL:
        USE(ESC_JS_TMPL);
        break;
    case ST_JS_REGEXP:
        USE(ESC_JS_REGEXP);
        break;
    case ST_CSS:
        USE(ESC_CSS_VALUE);
        break;
    case ST_TEXT:
        USE(ESC_HTML);
        break;
    case ST_RCDATA:
        USE(ESC_RCDATA);
        break;
    case ST_ATTR_NAME:
    case ST_TAG:
        c->state = ST_ATTR_NAME;
        USE(ESC_HTML_NAME);
        break;
    case ST_SRCSET:
        USE(ESC_SRCSET);
        break;
    case ST_HTML_CMT:
    case ST_JS_BLOCK_CMT:
    case ST_JS_LINE_CMT:
    case ST_JS_HTML_OPEN_CMT:
    case ST_JS_HTML_CLOSE_CMT:
    case ST_CSS_BLOCK_CMT:
    case ST_CSS_LINE_CMT:
        USE(ESC_COMMENT);
        break;
    case ST_ATTR:
    case ST_META_CONTENT:
    case ST_AFTER_NAME:
    case ST_BEFORE_VALUE:
    case ST_ERROR:
    case ST_DEAD:
        break;
    }
    if (c->delim == DELIM_SPACE_OR_TAG_END)
        USE(ESC_NOSPACE);
    else if (c->delim != DELIM_NONE)
        USE(ESC_ATTR);
#undef USE
    *ret_count = count;
    return true;
}

struct html_context html_escape_action(struct html_context c, struct node *n, struct arena *mem)
{
    struct node *pipe = n->branch.pipe;
    if (pipe->pipe.decl_count)
        return c;
    c = html_nudge(c);
    for (uint32_t i = 0; i < pipe->pipe.command_count; i++) {
        const struct node *f = function_of(pipe->pipe.commands[i]);
        if (!f || !is_predefined(f->ident.name))
            continue;
        bool is_last = i + 1 == pipe->pipe.command_count;
        bool is_weak = c.state == ST_ATTR && c.delim == DELIM_SPACE_OR_TAG_END &&
                       str_eq(f->ident.name, S("html")); // does not escape white space
        if (!is_last || is_weak)
            return html_error_at(mem, n, n->line,
                                 "predefined escaper \"%.*s\" disallowed in template",
                                 STR(f->ident.name));
    }
    const struct tpl_func *escapers[ACTION_ESCAPERS_MAX];
    size_t count = 0;
    if (choose_escapers(mem, n, &c, escapers, &count) && count)
        n->branch.pipe = escaped_pipe(mem, pipe, escapers, count);
    return c;
}
