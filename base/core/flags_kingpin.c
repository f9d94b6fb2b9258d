// SPDX-License-Identifier: Apache-2.0
// kingpin's command lines: tokens first, then all values, so that an unknown flag is reported
// before a bad value in front of it.
#include "base/core/alloc.h"
#include "base/core/flags_internal.h"
#include "base/core/utf8.h"

// A switch: the line is not to be run but to be completed.
#define COMPLETION S("completion-bash")

enum token_kind { TOKEN_END, TOKEN_LONG, TOKEN_SHORT, TOKEN_ARG };

struct token {
    // A switch: the line is not to be run but to be completed.
#define COMPLETION S("completion-bash")

    enum token_kind kind;
    str text; // without dashes
};

// What the command line says, in its order. Exactly one of flag and arg is set.
struct element {
    const struct flag *flag;
    const struct flags_arg *arg;
    str value;
};

struct parser {
    const struct flags *f;
    struct arena *mem;
    struct err *err;
    struct flags_chosen *chosen;
    struct flag_strs stack; // arguments still to be read, the next one last
    size_t arg_count;       // read so far, those of files included
    bool only_args;         // behind "--"
    bool has_peeked;
    struct token peeked;
    str joined;              // switches behind the one that was read last: -abc
    struct flag_strs pushed; // a value that was written behind '=' or a short flag; at most one
    struct element *elements;
    size_t element_count, element_cap;
    size_t next_arg; // of the innermost command
    bool has_file_error;
};

// ---- tokens --------------------------------------------------------------------------------

static void push_lines(struct parser *p, str text)
{
    struct flag_strs lines = {0};
    while (text.n) {
        str line;
        str_cut(text, '\n', &line, &text);
        line = str_trim_right(line, '\r');
        if (str_trim(line).n && line.p[0] != '#')
            flag_strs_add(&lines, line, p->mem);
    }
    while (lines.count)
        flag_strs_add(&p->stack, lines.items[--lines.count], p->mem);
}

static bool push_file(struct parser *p, str path)
{
    str text;
    if (path.n == 0)
        return err_set(p->err, ERR_SYNTAX, "expected @ file to expand arguments from");
    struct err why = ERR_INIT;
    if (!p->f->file_read(p->f->env_owner, path, p->mem, &text, &why)) {
        defer(buf_done) struct buf quoted = {.max = ERR_TEXT_BYTES};
        flag_put_quoted(&quoted, path);
        return err_set(p->err, ERR_SYNTAX, "failed to open arguments file %.*s: %.*s",
                       STR(buf_str(&quoted)), STR(err_str(&why)));
    }
    push_lines(p, str_slice(text, 0, FLAGS_FILE_BYTES_MAX));
    return true;
}

static const struct flag *find_in(const struct flag *items, size_t count, str name, bool is_short)
{
    for (size_t i = 0; i < count; i++) {
        const struct flag *flag = &items[i];
        if (is_short ? flag->short_name && name.n == 1 && name.p[0] == flag->short_name
                     : str_eq(str_c(flag->name), name))
            return flag;
    }
    return NULL;
}

// Flags of inner commands hide those of outer ones.
static const struct flag *find_flag(const struct parser *p, str name, bool is_short)
{
    const struct flag *found = NULL;
    for (size_t i = p->chosen->depth; i-- > 0 && !found;)
        found = find_in(p->chosen->path[i]->items, p->chosen->path[i]->count, name, is_short);
    return found ? found : find_in(p->f->items, p->f->count, name, is_short);
}

// x, xVALUE, or joined switches: what is behind the first letter is kept for the next token.
static struct token short_token(struct parser *p, str letters)
{
    size_t width;
    utf8_decode(letters, &width);
    str name = str_slice(letters, 0, width), rest = str_skip(letters, width);
    const struct flag *flag = find_flag(p, name, true);
    p->joined = S("");
    if (rest.n && flag && !flag_is_switch(flag))
        flag_strs_add(&p->pushed, rest, p->mem);
    else
        p->joined = rest;
    return (struct token){TOKEN_SHORT, name};
}

static struct token long_token(struct parser *p, str arg)
{
    str name, value;
    if (str_cut(str_skip(arg, 2), '=', &name, &value))
        flag_strs_add(&p->pushed, value, p->mem);
    return (struct token){TOKEN_LONG, name};
}

static struct token read_token(struct parser *p)
{
    if (p->pushed.count)
        return (struct token){TOKEN_ARG, p->pushed.items[--p->pushed.count]};
    if (p->joined.n)
        return short_token(p, p->joined);
    while (p->stack.count) {
        str arg = p->stack.items[--p->stack.count];
        if (++p->arg_count > FLAGS_ARGS_MAX || p->stack.count > FLAGS_ARGS_MAX) {
            p->has_file_error = true;
            err_set(p->err, ERR_LIMIT, "more than %d arguments", FLAGS_ARGS_MAX);
            break;
        }
        if (p->only_args)
            return (struct token){TOKEN_ARG, arg};
        if (str_eq(arg, S("--"))) {
            p->only_args = true;
            continue;
        }
        if (str_starts(arg, S("--")))
            return long_token(p, arg);
        if (str_eq(arg, S("-")))
            return (struct token){TOKEN_ARG, S("")};
        if (str_starts(arg, S("-")))
            return short_token(p, str_skip(arg, 1));
        if (!p->f->file_read || !str_starts(arg, S("@")))
            return (struct token){TOKEN_ARG, arg};
        if (!push_file(p, str_skip(arg, 1))) {
            p->has_file_error = true;
            break;
        }
    }
    return (struct token){TOKEN_END, S("")};
}

static struct token peek(struct parser *p)
{
    if (!p->has_peeked) {
        p->peeked = read_token(p);
        p->has_peeked = true;
    }
    return p->peeked;
}

static void advance(struct parser *p)
{
    p->has_peeked = false;
}

// ---- elements ------------------------------------------------------------------------------

static void add_element(struct parser *p, struct element e)
{
    if (p->element_count == p->element_cap) {
        p->element_cap = MAX(16, p->element_cap * 2);
        p->elements = mem_resize(p->elements, p->element_cap, sizeof(*p->elements));
    }
    p->elements[p->element_count++] = e;
}

static bool unknown_flag(struct parser *p, struct token t)
{
    if (t.kind == TOKEN_SHORT)
        return err_set(p->err, ERR_SYNTAX, "unknown short flag '-%.*s'", STR(t.text));
    return err_set(p->err, ERR_SYNTAX, "unknown long flag '--%.*s'", STR(t.text));
}

static bool has_switch(const struct parser *p, str name)
{
    for (size_t i = 0; i < p->element_count; i++)
        if (p->elements[i].flag && str_eq(str_c(p->elements[i].flag->name), name))
            return true;
    return false;
}

// Switches that have something printed about the program and do nothing else.
static bool is_help(str name)
{
    static const char *const NAMES[] = {"help", "help-long", "help-man", "completion-script-bash",
                                        "completion-script-zsh"};
    for (size_t i = 0; i < ARRAY_LEN(NAMES); i++)
        if (str_eq(name, str_c(NAMES[i])))
            return true;
    return false;
}

static bool parse_flag(struct parser *p, struct token t)
{
    bool is_inverted = false;
    const struct flag *flag = find_flag(p, t.text, t.kind == TOKEN_SHORT);
    if (!flag && t.kind == TOKEN_LONG && str_starts(t.text, S("no-"))) {
        is_inverted = true;
        flag = find_flag(p, str_skip(t.text, 3), false);
    }
    if (!flag || (is_inverted && !flag_is_switch(flag)))
        return unknown_flag(p, t);
    advance(p);
    str value = is_inverted ? S("false") : S("true");
    if (!flag_is_switch(flag)) {
        struct token next = peek(p);
        if (next.kind == TOKEN_END && has_switch(p, COMPLETION))
            return true; // its value is what is to be completed
        if (next.kind != TOKEN_ARG)
            return err_set(p->err, ERR_SYNTAX, "expected argument for flag '%s%.*s'",
                           t.kind == TOKEN_SHORT ? "-" : "--", STR(t.text));
        value = next.text;
        advance(p);
    }
    if (is_help(str_c(flag->name)))
        p->chosen->wants_help = true;
    add_element(p, (struct element){.flag = flag, .value = value});
    return true;
}

// ---- commands ------------------------------------------------------------------------------

struct commands {
    const struct flags_command *items;
    size_t count;
};

static struct commands current_commands(const struct parser *p)
{
    if (p->chosen->depth == 0)
        return (struct commands){p->f->commands, p->f->command_count};
    const struct flags_command *last = p->chosen->path[p->chosen->depth - 1];
    return (struct commands){last->commands, last->command_count};
}

static const struct flags_command *find_command(struct commands c, str name)
{
    for (size_t i = 0; i < c.count; i++)
        if (str_eq(str_c(c.items[i].name), name))
            return &c.items[i];
    return NULL;
}

// Help shows what was typed, so it takes no defaults.
static const struct flags_command *default_command(const struct parser *p, struct commands c)
{
    for (size_t i = 0; i < c.count && !p->chosen->wants_help; i++)
        if (c.items[i].is_default)
            return &c.items[i];
    return NULL;
}

static void choose(struct parser *p, const struct flags_command *c)
{
    assert(p->chosen->depth < FLAGS_COMMAND_DEPTH_MAX);
    p->chosen->path[p->chosen->depth++] = c;
    p->next_arg = 0;
    for (size_t i = 0; i < c->count; i++)
        flag_reset(&c->items[i]);
    for (size_t i = 0; i < c->arg_count; i++)
        *c->args[i].to = (struct flag_strs){0};
    if (str_eq(str_c(c->name), S("help")))
        p->chosen->wants_help = true;
}

static bool unexpected(struct parser *p, struct token t)
{
    static const char *const DASHES[] = {"", "--", "-", ""};
    return err_set(p->err, ERR_SYNTAX, "unexpected %s%.*s", DASHES[t.kind], STR(t.text));
}

// A positional argument: a command's name, or a value for the innermost command.
static bool parse_arg(struct parser *p, struct token t, struct flag_strs *ret_args)
{
    struct commands c = current_commands(p);
    if (c.count) {
        const struct flags_command *named = find_command(c, t.text);
        const struct flags_command *command = named ? named : default_command(p, c);
        if (!command)
            return err_set(p->err, ERR_SYNTAX, "expected command but got \"%.*s\"", STR(t.text));
        choose(p, command);
        if (named) {
            p->chosen->named_depth = p->chosen->depth;
            advance(p);
        }
        return true;
    }
    if (p->chosen->depth == 0) {
        if (!ret_args)
            return unexpected(p, t);
        flag_strs_add(ret_args, t.text, p->mem);
        advance(p);
        return true;
    }
    const struct flags_command *last = p->chosen->path[p->chosen->depth - 1];
    if (p->next_arg == last->arg_count)
        return unexpected(p, t);
    const struct flags_arg *arg = &last->args[p->next_arg];
    if (!arg->is_repeated)
        p->next_arg++;
    add_element(p, (struct element){.arg = arg, .value = t.text});
    advance(p);
    return true;
}

static bool parse_tokens(struct parser *p, struct flag_strs *ret_args)
{
    for (;;) {
        struct token t = peek(p);
        switch (t.kind) {
        case TOKEN_END:
            for (const struct flags_command *c; (c = default_command(p, current_commands(p)));)
                choose(p, c);
            return !p->has_file_error;
        case TOKEN_ARG:
            if (!parse_arg(p, t, ret_args))
                return false;
            break;
        case TOKEN_LONG:
        case TOKEN_SHORT: {
            if (parse_flag(p, t))
                break;
            // An unknown flag may belong to the default command. Not after its value was looked
            // for.
            const struct flags_command *c = default_command(p, current_commands(p));
            if (!c || !p->has_peeked || peek(p).kind != t.kind || !str_eq(peek(p).text, t.text))
                return false;
            err_clear(p->err);
            choose(p, c);
            break;
        }
        }
    }
}

// ---- values --------------------------------------------------------------------------------

static bool is_given(const struct parser *p, const struct flag *flag, size_t before)
{
    for (size_t i = 0; i < before; i++)
        if (p->elements[i].flag == flag)
            return true;
    return false;
}

static bool set_values(struct parser *p)
{
    for (size_t i = 0; i < p->element_count; i++) {
        const struct element *e = &p->elements[i];
        if (e->arg) {
            flag_strs_add(e->arg->to, e->value, p->mem);
            continue;
        }
        if (!flag_is_list(e->flag) && is_given(p, e->flag, i))
            return err_set(p->err, ERR_SYNTAX, "flag '%s' cannot be repeated", e->flag->name);
        if (!flag_set(FLAGS_KINGPIN, e->flag, e->value, p->mem, p->err))
            return false;
        if (e->flag->is_set)
            *e->flag->is_set = true;
    }
    return true;
}

// is_inner: the table is that of the innermost command or of the program, which are the ones that
// a configuration file's defaults reach.
static bool set_defaults(struct parser *p, const struct flag *items, size_t count, bool is_inner)
{
    struct flags f = *p->f;
    if (!is_inner)
        f.default_find = NULL;
    for (size_t i = 0; i < count; i++)
        if (!is_given(p, &items[i], p->element_count) &&
            !flag_set_default(&f, &items[i], p->mem, p->err))
            return false;
    return true;
}

static void note_missing(const struct parser *p, const struct flag *items, size_t count,
                         struct buf *names)
{
    for (size_t i = 0; i < count; i++) {
        const struct flag *flag = &items[i];
        str value;
        if (!flag->is_required || is_given(p, flag, p->element_count) ||
            (p->f->default_find && p->f->default_find(p->f->env_owner, flag, &value)))
            continue;
        buf_printf(names, "%s'--%s'", names->n ? ", " : "", flag->name);
    }
}

static bool check_required(struct parser *p)
{
    defer(buf_done) struct buf names = {.max = ERR_TEXT_BYTES};
    note_missing(p, p->f->items, p->f->count, &names);
    for (size_t i = 0; i < p->chosen->depth; i++)
        note_missing(p, p->chosen->path[i]->items, p->chosen->path[i]->count, &names);
    if (names.n)
        return err_set(p->err, ERR_SYNTAX, "required flag(s) %.*s not provided",
                       STR(buf_str(&names)));
    if (p->chosen->depth == 0)
        return true;
    const struct flags_command *last = p->chosen->path[p->chosen->depth - 1];
    for (size_t i = 0; i < last->arg_count; i++)
        if (last->args[i].is_required && last->args[i].to->count == 0)
            return err_set(p->err, ERR_SYNTAX, "required argument '%s' not provided",
                           last->args[i].name);
    return true;
}

// The version is asked for, or how the line may go on: nothing is run, so nothing needs to be
// complete.
static bool only_asks(const struct parser *p)
{
    return has_switch(p, S("version")) || has_switch(p, COMPLETION);
}

static bool set_all(struct parser *p)
{
    size_t depth = p->chosen->depth;
    if (!set_defaults(p, p->f->items, p->f->count, true))
        return false;
    for (size_t i = 0; i < depth; i++)
        if (!set_defaults(p, p->chosen->path[i]->items, p->chosen->path[i]->count, i + 1 == depth))
            return false;
    if (!set_values(p))
        return false;
    if (depth && p->chosen->path[depth - 1]->command_count && !only_asks(p))
        return err_set(p->err, ERR_SYNTAX, "must select a subcommand of '%s'",
                       p->chosen->path[depth - 1]->name);
    return only_asks(p) || check_required(p);
}

// Help was asked for: the switches that are on the line are set, and nothing is an error.
static void set_switches(struct parser *p)
{
    err_clear(p->err);
    for (size_t i = 0; i < p->element_count; i++) {
        const struct flag *flag = p->elements[i].flag;
        if (flag && flag->type == FLAG_BOOL)
            flag_set(FLAGS_KINGPIN, flag, p->elements[i].value, p->mem, NULL);
        if (p->elements[i].arg)
            flag_strs_add(p->elements[i].arg->to, p->elements[i].value, p->mem);
    }
}

bool flags_parse_kingpin(const struct flags *f, int argc, char *const *argv, struct arena *mem,
                         struct flags_chosen *ret_chosen, struct flag_strs *ret_args,
                         struct err *err)
{
    *ret_chosen = (struct flags_chosen){0};
    if (ret_args)
        *ret_args = (struct flag_strs){0};
    for (size_t i = 0; i < f->count; i++)
        flag_reset(&f->items[i]);
    struct parser p = {.f = f, .mem = mem, .err = err, .chosen = ret_chosen};
    for (int i = argc - 1; i > 0; i--)
        flag_strs_add(&p.stack, str_c(argv[i]), mem);
    bool ok = parse_tokens(&p, ret_args);
    if (ret_chosen->wants_help) {
        set_switches(&p);
        ok = true;
    } else if (ok) {
        ok = set_all(&p);
        if (!ok && has_switch(&p, COMPLETION)) { // half a value may be a bad one
            err_clear(err);
            ok = true;
        }
    }
    mem_free(p.elements);
    return ok;
}
