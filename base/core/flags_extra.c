// SPDX-License-Identifier: Apache-2.0
#include "base/core/flags_extra.h"

#include "base/core/flags_internal.h"

// ---- manual page -------------------------------------------------------------------------------

// A dot or an apostrophe at the start of a line, and any backslash, would be read as commands.
static void put_roff(struct buf *out, str text)
{
    for (size_t i = 0; i < text.n; i++) {
        bool is_start = i == 0 || text.p[i - 1] == '\n';
        if (is_start && (text.p[i] == '.' || text.p[i] == '\''))
            buf_put(out, S("\\&"));
        if (text.p[i] == '\\')
            buf_put(out, S("\\e"));
        else
            buf_put_c(out, text.p[i]);
    }
    buf_put_c(out, '\n');
}

static void put_man_flags(struct buf *out, const struct flag *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (items[i].is_hidden)
            continue;
        buf_put(out, S(".TP\n\\fB"));
        flag_put_usage(out, &items[i], false);
        buf_put(out, S("\\fR\n"));
        put_roff(out, str_c(items[i].help));
    }
}

static void put_man_commands(struct buf *out, const struct flags_command *items, size_t count,
                             str parents)
{
    for (size_t i = 0; i < count; i++) {
        const struct flags_command *c = &items[i];
        defer(buf_done) struct buf name = {0};
        buf_printf(&name, "%.*s%s ", STR(parents), c->name);
        if (c->is_hidden)
            continue;
        if (c->command_count) {
            put_man_commands(out, c->commands, c->command_count, buf_str(&name));
            continue;
        }
        buf_printf(out, ".SS\n\\fB%.*s", STR(str_trim(buf_str(&name))));
        flag_put_command_usage(out, c);
        buf_put(out, S("\\fR\n.PP\n"));
        put_roff(out, str_c(c->help));
        put_man_flags(out, c->items, c->count);
    }
}

void flags_help_man(const struct flags *f, const char *version, struct buf *out)
{
    buf_printf(out,
               ".TH %s 1 \"%s\"\n.SH \"NAME\"\n%s\n"
               ".SH \"SYNOPSIS\"\n.TP\n\\fB%s [<flags>]%s\\fR\n.SH \"DESCRIPTION\"\n",
               f->program, version, f->program, f->program,
               f->command_count ? " <command> [<args> ...]" : "");
    put_roff(out, str_c(f->about));
    buf_put(out, S(".SH \"OPTIONS\"\n"));
    put_man_flags(out, f->items, f->count);
    if (f->command_count)
        buf_put(out, S(".SH \"COMMANDS\"\n"));
    put_man_commands(out, f->commands, f->command_count, S(""));
}

// ---- scripts -----------------------------------------------------------------------------------

void flags_script_bash(const struct flags *f, struct buf *out)
{
    buf_printf(out,
               "_%s_complete() {\n"
               "    local word=\"${COMP_WORDS[COMP_CWORD]}\"\n"
               "    local words=(\"${COMP_WORDS[@]:1:COMP_CWORD}\")\n"
               "    COMPREPLY=($(compgen -W \"$(\"$1\" --completion-bash \"${words[@]}\" "
               "2>/dev/null)\" -- \"$word\"))\n"
               "}\n"
               "complete -F _%s_complete -o default %s\n",
               f->program, f->program, f->program);
}

void flags_script_zsh(const struct flags *f, struct buf *out)
{
    buf_printf(out,
               "#compdef %s\n"
               "_%s() {\n"
               "    local -a proposals\n"
               "    proposals=(${(f)\"$($words[1] --completion-bash \"${(@)words[2,CURRENT]}\" "
               "2>/dev/null)\"})\n"
               "    compadd -a proposals\n"
               "    [[ $compstate[nmatches] -eq 0 && $words[CURRENT] != -* ]] && _files\n"
               "}\n"
               "compdef _%s %s\n",
               f->program, f->program, f->program, f->program);
}

// ---- proposals ---------------------------------------------------------------------------------

struct proposals {
    struct buf *out;
    bool is_next; // one stands there already
};

static void propose(struct proposals *p, const char *dashes, str text)
{
    buf_printf(p->out, "%s%s%.*s", p->is_next ? "\n" : "", dashes, STR(text));
    p->is_next = true;
}

static void propose_commands(struct proposals *p, const struct flags_command *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!items[i].is_hidden)
            propose(p, "", str_c(items[i].name));
    }
}

static void propose_choices(struct proposals *p, const struct flag *flag)
{
    for (str rest = str_c(flag->choices), choice; rest.n;) {
        str_cut(rest, ',', &choice, &rest);
        propose(p, "", str_trim(choice));
    }
}

static void propose_flags(struct proposals *p, const struct flag *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!items[i].is_hidden)
            propose(p, "--", str_c(items[i].name));
    }
}

struct level { // the program's flags and commands, or a chosen command's
    const struct flag *items;
    size_t count;
    const struct flags_command *commands;
    size_t command_count;
};

static struct level level_at(const struct flags *f, const struct flags_chosen *chosen, size_t depth)
{
    if (depth == 0)
        return (struct level){f->items, f->count, f->commands, f->command_count};
    const struct flags_command *c = chosen->path[depth - 1];
    return (struct level){c->items, c->count, c->commands, c->command_count};
}

static const struct flag *find_flag(const struct flags *f, const struct flags_chosen *chosen,
                                    str name)
{
    for (size_t d = chosen->depth + 1; d-- > 0;) {
        struct level level = level_at(f, chosen, d);
        for (size_t i = 0; i < level.count; i++) {
            if (str_eq(str_c(level.items[i].name), name))
                return &level.items[i];
        }
    }
    return NULL;
}

static bool has_argument(const struct flags_command *c)
{
    for (size_t i = 0; i < c->arg_count; i++) {
        for (size_t k = 0; k < c->args[i].to->count; k++) {
            if (c->args[i].to->items[k].n)
                return true;
        }
    }
    return false;
}

// Commands that could stand where defaults were taken, or next; none once there are arguments.
static void propose_next(struct proposals *p, const struct flags *f,
                         const struct flags_chosen *chosen)
{
    if (chosen->depth && has_argument(chosen->path[chosen->depth - 1]))
        return;
    for (size_t d = chosen->named_depth; d <= chosen->depth; d++) {
        struct level level = level_at(f, chosen, d);
        propose_commands(p, level.commands, level.command_count);
    }
}

void flags_complete(const struct flags *f, const struct flags_chosen *chosen, int argc,
                    char *const *argv, struct buf *out)
{
    struct proposals p = {.out = out};
    str word = argc > 2 ? str_c(argv[argc - 1]) : S("");
    str before = argc > 3 ? str_c(argv[argc - 2]) : S("");
    bool is_flag = str_starts(word, S("--"));
    if (!is_flag && !str_starts(before, S("--"))) {
        propose_next(&p, f, chosen);
        return;
    }
    const struct flag *flag = find_flag(f, chosen, str_skip(is_flag ? word : before, 2));
    if (flag && flag->choices) {
        propose_choices(&p, flag);
    } else if (flag) {
        propose_next(&p, f, chosen);
    } else {
        for (size_t d = chosen->depth + 1; d-- > 0;) {
            struct level level = level_at(f, chosen, d);
            propose_flags(&p, level.items, level.count);
        }
    }
}
