// SPDX-License-Identifier: Apache-2.0
// Walking the tree (upstream: text/template/exec.go). The comments "as upstream" mark behaviour
// that templates or error texts depend on.
#include <stdarg.h>

#include "base/text/gotpl_exec.h"
#include "base/text/gotpl_int.h"
#include "base/text/unicode.h"

enum walk {
    WALK_ON,
    WALK_BREAK,
    WALK_CONTINUE,
    WALK_FAILED,
};

// ---- failure ----------------------------------------------------------------------------------

// Line and column of a node; the column is a byte offset from 0, as upstream.
static void locate(const struct node *n, uint32_t *ret_line, uint32_t *ret_column)
{
    str before = str_slice(n->source->text, 0, n->pos);
    *ret_line = 1;
    size_t line_start = 0;
    for (size_t i = 0; i < before.n; i++) {
        if (before.p[i] == '\n') {
            ++*ret_line;
            line_start = i + 1;
        }
    }
    *ret_column = n->pos - (uint32_t)line_start;
}

bool exec_fail(struct tpl_exec *e, enum err_code code, const char *fmt, ...)
{
    defer(buf_done) struct buf quoted = {0};
    buf_put_quoted(&quoted, e->tree->name);
    char message[ERR_TEXT_BYTES];
    va_list args;
    va_start(args, fmt);
    vsnprintf(message, sizeof(message), fmt, args);
    va_end(args);
    if (!e->node)
        return err_set(e->err, code, "template: %.*s: %s", STR(e->tree->name), message);

    defer(buf_done) struct buf shown = {.max = ERR_TEXT_BYTES};
    node_put(&shown, e->node);
    uint32_t line, column;
    locate(e->node, &line, &column);
    return err_set(e->err, code, "template: %.*s:%u:%u: executing %.*s at <%.*s>: %s",
                   STR(e->node->source->name), line, column, STR(buf_str(&quoted)),
                   STR(buf_str(&shown)), message);
}

// One more step; false when a limit of the run is reached.
bool exec_step(struct tpl_exec *e)
{
    struct exec_budget *b = e->budget;
    if (b->steps_left == 0)
        return exec_fail(e, ERR_LIMIT, "the template takes too many steps");
    b->steps_left--;
    if (e->mem->used_bytes > b->memory_bytes_max)
        return exec_fail(e, ERR_LIMIT, "the template needs too much memory");
    if (e->out->is_full || e->out->n > b->output_bytes_max)
        return exec_fail(e, ERR_LIMIT, "the output is longer than %zu bytes", b->output_bytes_max);
    return true;
}

// Depth of the C stack: templates, branches and parentheses together.
static bool enter(struct tpl_exec *e)
{
    if (e->budget->nesting_left == 0)
        return exec_fail(e, ERR_LIMIT, "exceeded maximum template depth (100000)");
    e->budget->nesting_left--;
    return true;
}

static void leave(struct tpl_exec *e)
{
    e->budget->nesting_left++;
}

// ---- variables --------------------------------------------------------------------------------

void exec_push(struct tpl_exec *e, str name, struct tpl_value value)
{
    if (e->var_count == e->var_cap) {
        e->var_cap = e->var_cap ? 2 * e->var_cap : 32;
        struct exec_variable *grown = arena_alloc_raw(e->mem, e->var_cap * sizeof(*grown));
        if (e->var_count)
            memcpy(grown, e->vars, e->var_count * sizeof(*grown));
        e->vars = grown;
    }
    e->vars[e->var_count++] = (struct exec_variable){name, value};
}

static bool set_variable(struct tpl_exec *e, str name, const struct tpl_value *value)
{
    for (size_t i = e->var_count; i-- > e->var_base;) {
        if (str_eq(e->vars[i].name, name)) {
            e->vars[i].value = *value;
            return true;
        }
    }
    return exec_fail(e, ERR_INVALID, "undefined variable: %.*s", STR(name));
}

bool exec_variable(struct tpl_exec *e, str name, struct tpl_value *ret)
{
    for (size_t i = e->var_count; i-- > e->var_base;) {
        if (str_eq(e->vars[i].name, name)) {
            *ret = e->vars[i].value;
            return true;
        }
    }
    return exec_fail(e, ERR_INVALID, "undefined variable: %.*s", STR(name));
}

// ---- pipelines --------------------------------------------------------------------------------

static str node_text(struct tpl_exec *e, const struct node *n)
{
    struct buf text = {.max = ERR_TEXT_BYTES, .mem = e->mem};
    node_put(&text, n);
    return buf_str(&text);
}

static bool refuse_arguments(struct tpl_exec *e, const struct node *command,
                             const struct tpl_value *final)
{
    if (command->command.arg_count == 1 && !final)
        return true;
    return exec_fail(e, ERR_INVALID, "can't give argument to non-function %.*s",
                     STR(node_text(e, command->command.args[0])));
}

static bool eval_command(struct tpl_exec *e, const struct node *command,
                         const struct tpl_value *final, struct tpl_value *ret)
{
    const struct node *first = command->command.args[0];
    struct exec_args args = {command->command.args + 1, command->command.arg_count - 1, final};
    switch (first->kind) {
    case NODE_FIELD:
    case NODE_CHAIN:
        return exec_chain(e, first, &args, ret);
    case NODE_IDENT:
        return exec_function(e, first, command, &args, ret);
    case NODE_PIPE:
        return refuse_arguments(e, command, final) && exec_pipeline(e, first, ret);
    case NODE_VARIABLE:
        if (first->chain.name_count > 1)
            return exec_chain(e, first, &args, ret);
        e->node = first;
        return exec_variable(e, first->chain.names[0], ret) && refuse_arguments(e, command, final);
    case NODE_BOOL:
    case NODE_NUMBER:
    case NODE_STRING:
    case NODE_DOT:
    case NODE_NIL:
        e->node = first;
        return refuse_arguments(e, command, final) && exec_literal(e, first, ret);
    case NODE_TEXT:
    case NODE_ACTION:
    case NODE_IF:
    case NODE_WITH:
    case NODE_RANGE:
    case NODE_TEMPLATE:
    case NODE_BREAK:
    case NODE_CONTINUE:
    case NODE_LIST:
    case NODE_COMMAND:
    case NODE_END:
    case NODE_ELSE:
        break;
    }
    return exec_fail(e, ERR_INVALID, "can't evaluate command");
}

bool exec_pipeline(struct tpl_exec *e, const struct node *pipe, struct tpl_value *ret)
{
    if (!enter(e))
        return false;
    e->node = pipe;
    struct tpl_value value = tpl_nothing();
    bool is_good = exec_step(e);
    for (uint32_t i = 0; is_good && i < pipe->pipe.command_count; i++) {
        struct tpl_value final = value;
        is_good = eval_command(e, pipe->pipe.commands[i], i ? &final : NULL, &value);
        value.is_slot = false; // dig one level down into an `any`
    }
    leave(e);
    if (!is_good)
        return false;
    for (uint32_t i = 0; i < pipe->pipe.decl_count; i++) {
        str name = pipe->pipe.decls[i]->chain.names[0];
        if (!pipe->pipe.is_assign)
            exec_push(e, name, value);
        else if (!set_variable(e, name, &value))
            return false;
    }
    *ret = value;
    return true;
}

// ---- nodes ------------------------------------------------------------------------------------

static enum walk walk_list(struct tpl_exec *e, const struct node *list);

static enum walk walk_in(struct tpl_exec *e, struct tpl_value dot, const struct node *list)
{
    struct tpl_value outer = e->dot;
    e->dot = dot;
    enum walk result = walk_list(e, list);
    e->dot = outer;
    return result;
}

// By way of the arena: printing needs buffers between, which grow where the text does.
static void put_value(struct tpl_exec *e, const struct tpl_value *v)
{
    if (v->type == &TPL_STRING) {
        buf_put(e->out, v->s);
        return;
    }
    struct buf text = {.max = e->budget->output_bytes_max, .mem = e->mem};
    tpl_put_value(&text, v);
    buf_put(e->out, buf_str(&text));
    e->out->is_full |= text.is_full;
}

static enum walk walk_action(struct tpl_exec *e, const struct node *n)
{
    struct tpl_value value;
    if (!exec_pipeline(e, n->branch.pipe, &value))
        return WALK_FAILED;
    if (n->branch.pipe->pipe.decl_count)
        return WALK_ON;
    e->node = n;
    value.is_pointer = value.is_pointer && value.is_nil;
    if (value.type)
        put_value(e, &value);
    else
        buf_put(e->out, S("<no value>"));
    return WALK_ON;
}

static enum walk walk_if_or_with(struct tpl_exec *e, const struct node *n)
{
    size_t scope = e->var_count;
    struct tpl_value value;
    enum walk result = WALK_ON;
    if (!exec_pipeline(e, n->branch.pipe, &value))
        return WALK_FAILED;
    if (tpl_is_true(&value))
        result =
            n->kind == NODE_WITH ? walk_in(e, value, n->branch.list) : walk_list(e, n->branch.list);
    else if (n->branch.otherwise)
        result = walk_list(e, n->branch.otherwise);
    e->var_count = scope;
    return result;
}

// Binds the loop variables and runs the body. With two variables the key comes first; one gets the
// element. A loop without keys (over an integer) has key NULL.
static enum walk walk_iteration(struct tpl_exec *e, const struct node *n, size_t scope,
                                const struct tpl_value *key, const struct tpl_value *element)
{
    const struct node *pipe = n->branch.pipe;
    struct node **decls = pipe->pipe.decls;
    bool has_two = pipe->pipe.decl_count > 1;
    struct tpl_value first = !has_two ? *element : key ? *key : tpl_nothing();
    if (pipe->pipe.is_assign) {
        if ((pipe->pipe.decl_count && !set_variable(e, decls[0]->chain.names[0], &first)) ||
            (has_two && !set_variable(e, decls[1]->chain.names[0], element)))
            return WALK_FAILED;
    } else if (pipe->pipe.decl_count) {
        e->vars[scope - 1].value = *element;
        if (has_two)
            e->vars[scope - 2].value = first;
    }
    enum walk result = walk_in(e, *element, n->branch.list);
    e->var_count = scope;
    return result == WALK_CONTINUE ? WALK_ON : result;
}

static enum walk walk_each(struct tpl_exec *e, const struct node *n, const struct tpl_value *over,
                           uint64_t count)
{
    size_t scope = e->var_count;
    for (uint64_t i = 0; i < count; i++) {
        struct tpl_pair pair = {tpl_int((int64_t)i), *over};
        bool has_key = true;
        if (!exec_step(e)) // the body may be empty
            return WALK_FAILED;
        if (over->type->kind == TPL_KIND_MAP) {
            tpl_map_at(over, i, &pair);
        } else if (over->type->kind == TPL_KIND_LIST) {
            tpl_list_at(over, i, &pair.value);
        } else {
            pair.value.u = i;
            has_key = false;
        }
        enum walk result = walk_iteration(e, n, scope, has_key ? &pair.key : NULL, &pair.value);
        if (result == WALK_BREAK)
            break;
        if (result != WALK_ON)
            return result;
    }
    return WALK_ON;
}

static str shown_value(struct tpl_exec *e, const struct tpl_value *v)
{
    struct buf text = {.max = ERR_TEXT_BYTES, .mem = e->mem};
    tpl_put_value(&text, v);
    return buf_str(&text);
}

// How many iterations; false if one cannot range over that.
static bool range_count(struct tpl_exec *e, const struct node *n, const struct tpl_value *over,
                        uint64_t *ret)
{
    enum tpl_kind kind = tpl_kind_of(over);
    bool is_int = kind == TPL_KIND_INT || kind == TPL_KIND_UINT;
    if (is_int && n->branch.pipe->pipe.decl_count > 1)
        return exec_fail(e, ERR_INVALID, "can't use %.*s to iterate over more than one variable",
                         STR(shown_value(e, over)));
    if (kind == TPL_KIND_LIST || kind == TPL_KIND_MAP)
        *ret = over->count;
    else if (kind == TPL_KIND_INT)
        *ret = over->i > 0 ? (uint64_t)over->i : 0;
    else if (kind == TPL_KIND_UINT)
        *ret = over->u;
    else if (kind == TPL_KIND_NONE)
        *ret = 0;
    else
        return exec_fail(e, ERR_INVALID, "range can't iterate over %.*s",
                         STR(shown_value(e, over)));
    return true;
}

static enum walk walk_range(struct tpl_exec *e, const struct node *n)
{
    size_t scope = e->var_count;
    struct tpl_value over;
    uint64_t count = 0;
    if (!exec_pipeline(e, n->branch.pipe, &over))
        return WALK_FAILED;
    over.is_pointer = over.is_pointer && over.is_nil;
    if (!range_count(e, n, &over, &count))
        return WALK_FAILED;
    enum walk result = WALK_ON;
    if (count > 0)
        result = walk_each(e, n, &over, count);
    else if (n->branch.otherwise)
        result = walk_list(e, n->branch.otherwise);
    e->var_count = scope;
    return result;
}

static const struct tpl_tree *find_tree(const struct tpl_exec *e, str name)
{
    if (!e->set->options.is_html)
        return tpl_find(e->set, name);
    return map_find(e->escaped, tpl_name_hash(name), tpl_tree_has_name, &name);
}

// {{template}}: fresh variables, `$` and dot are the argument.
static enum walk walk_template(struct tpl_exec *e, const struct node *n)
{
    e->node = n;
    const struct tpl_tree *tree = find_tree(e, n->branch.name);
    if (!tree) {
        defer(buf_done) struct buf name = {0};
        buf_put_quoted(&name, n->branch.name);
        exec_fail(e, ERR_INVALID, "template %.*s not defined", STR(buf_str(&name)));
        return WALK_FAILED;
    }
    if (e->budget->depth_left == 0) {
        exec_fail(e, ERR_LIMIT, "exceeded maximum template depth (100000)");
        return WALK_FAILED;
    }
    struct tpl_value argument = tpl_nothing();
    if (n->branch.pipe && !exec_pipeline(e, n->branch.pipe, &argument))
        return WALK_FAILED;

    const struct tpl_tree *caller = e->tree;
    size_t scope = e->var_count;
    size_t base = e->var_base;
    e->tree = tree;
    e->var_base = scope;
    e->budget->depth_left--;
    exec_push(e, S("$"), argument);
    enum walk result = walk_in(e, argument, tree->root);
    if (result == WALK_FAILED)
        return result; // the failed template stays the current one
    e->budget->depth_left++;
    e->var_count = scope;
    e->var_base = base;
    e->tree = caller;
    return WALK_ON;
}

static enum walk walk(struct tpl_exec *e, const struct node *n)
{
    switch (n->kind) {
    case NODE_TEXT:
        buf_put(e->out, n->text);
        return WALK_ON;
    case NODE_ACTION:
        return walk_action(e, n);
    case NODE_IF:
    case NODE_WITH:
        return walk_if_or_with(e, n);
    case NODE_RANGE:
        return walk_range(e, n);
    case NODE_TEMPLATE:
        return walk_template(e, n);
    case NODE_BREAK:
        return WALK_BREAK;
    case NODE_CONTINUE:
        return WALK_CONTINUE;
    case NODE_LIST:
        return walk_list(e, n);
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
    exec_fail(e, ERR_INVALID, "unknown node");
    return WALK_FAILED;
}

static enum walk walk_list(struct tpl_exec *e, const struct node *list)
{
    if (!enter(e))
        return WALK_FAILED;
    enum walk result = WALK_ON;
    for (const struct node *n = list->list.first; n && result == WALK_ON; n = n->next) {
        e->node = n;
        result = exec_step(e) ? walk(e, n) : WALK_FAILED;
    }
    leave(e);
    return result;
}

// ---- entry points -----------------------------------------------------------------------------

#define NESTING_MAX 3000 // frames of the executor on the C stack

static struct exec_budget budget_of(const struct tpl_run *run)
{
    static const struct tpl_limits NONE;
    const struct tpl_limits *l = run->limits ? run->limits : &NONE;
    size_t memory_bytes = l->memory_bytes ? l->memory_bytes : TPL_MEMORY_BYTES_MAX;
    return (struct exec_budget){
        .steps_left = l->steps ? l->steps : TPL_STEPS_MAX,
        .depth_left = l->depth ? l->depth : TPL_DEPTH_MAX,
        .nesting_left = NESTING_MAX,
        .output_bytes_max = l->output_bytes ? l->output_bytes : TPL_OUTPUT_BYTES_MAX,
        .memory_bytes_max = run->mem->used_bytes + memory_bytes,
    };
}

static bool execute(const struct tpl_set *set, str name, const struct tpl_run *run,
                    const struct tpl_value *root, struct exec_budget *budget, struct buf *out,
                    struct err *err)
{
    defer(map_done) struct map escaped_now = {0};
    const struct map *escaped = &set->prepared;
    const struct tpl_tree *tree = NULL;
    if (set->options.is_html) {
        tree = map_find(escaped, tpl_name_hash(name), tpl_tree_has_name, &name);
        if (!tree) {
            escaped = &escaped_now;
            tree = tpl_escape(set, name, run->mem, &escaped_now, err);
        }
        if (!tree)
            return false;
    } else {
        tree = tpl_find(set, name);
    }
    if (!tree)
        return err_set(err, ERR_NOT_FOUND,
                       "template: no template \"%.*s\" associated with template \"\"", STR(name));
    struct tpl_exec e = {
        .set = set,
        .tree = tree,
        .escaped = escaped,
        .run = run,
        .root = root,
        .dot = run->data,
        .mem = run->mem,
        .out = out,
        .budget = budget,
        .err = err,
    };
    exec_push(&e, S("$"), run->data);
    size_t output_bytes_max = budget->output_bytes_max;
    budget->output_bytes_max += out->n;
    bool is_good = walk_list(&e, tree->root) != WALK_FAILED && exec_step(&e);
    budget->output_bytes_max = output_bytes_max;
    return is_good;
}

bool tpl_execute(const struct tpl_set *set, str name, const struct tpl_run *run, struct buf *out,
                 struct err *err)
{
    struct exec_budget budget = budget_of(run);
    return execute(set, name, run, &run->data, &budget, out, err);
}

const struct tpl_value *tpl_call_data(const struct tpl_call *call)
{
    return call->exec->root;
}

bool tpl_call_render(struct tpl_call *call, str text, struct buf *out, struct err *err)
{
    struct tpl_exec *outer = call->exec;
    if (text.n == 0)
        return true;
    if (outer->budget->depth_left == 0)
        return err_set(err, ERR_LIMIT, "exceeded maximum template depth (100000)");
    defer(tpl_set_free_p) struct tpl_set *set = tpl_set_clone(outer->set);
    if (!tpl_parse(set, S(""), text, err))
        return false;
    struct tpl_run run = *outer->run;
    run.data = *outer->root;
    outer->budget->depth_left--;
    bool is_good = execute(set, S(""), &run, outer->root, outer->budget, out, err);
    outer->budget->depth_left++;
    return is_good;
}
