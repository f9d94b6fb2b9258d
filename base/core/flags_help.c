// SPDX-License-Identifier: Apache-2.0
// --help in the layout of kingpin (two columns) and of Go's flag package (one flag per paragraph).
#include "base/core/alloc.h"
#include "base/core/flags_extra.h"
#include "base/core/flags_internal.h"
#include "base/core/utf8.h"

#define WIDTH            80
#define FIRST_COLUMN_MAX 30 // a longer first column stands on a line of its own
#define GAP              2

// ---- wrapped text --------------------------------------------------------------------------

static bool next_word(str *rest, str *ret)
{
    *rest = str_trim(*rest);
    if (rest->n == 0)
        return false;
    size_t n = 0;
    while (n < rest->n && rest->p[n] != ' ' && rest->p[n] != '\n' && rest->p[n] != '\t')
        n++;
    *ret = str_slice(*rest, 0, n);
    *rest = str_skip(*rest, n);
    return true;
}

// One paragraph; lines after the first begin with `indent` spaces.
static void put_wrapped(struct buf *out, str text, size_t indent)
{
    size_t column = 0, width = WIDTH > indent + 20 ? WIDTH - indent : 20;
    for (str word; next_word(&text, &word);) {
        size_t n = utf8_count(word);
        if (column && column + 1 + n > width) {
            buf_put_c(out, '\n');
            buf_put_fill(out, ' ', indent);
            column = 0;
        } else if (column) {
            buf_put_c(out, ' ');
            column++;
        }
        buf_put(out, word);
        column += n;
    }
    buf_put_c(out, '\n');
}

// Paragraphs between empty lines; one that begins with white space is kept as it is.
static void put_paragraphs(struct buf *out, str text)
{
    while (text.n) {
        size_t end = str_find_str(text, S("\n\n"));
        str paragraph = str_slice(text, 0, end);
        text = end == STR_NONE ? S("") : str_skip(text, end + 2);
        if (paragraph.n && (paragraph.p[0] == ' ' || paragraph.p[0] == '\t')) {
            buf_put(out, paragraph);
            buf_put_c(out, '\n');
        } else {
            put_wrapped(out, paragraph, 0);
        }
        if (text.n)
            buf_put_c(out, '\n');
    }
}

struct row {
    str left, right;
};

static void put_rows(struct buf *out, const struct row *rows, size_t count)
{
    size_t widest = 0;
    for (size_t i = 0; i < count; i++)
        if (rows[i].left.n < FIRST_COLUMN_MAX)
            widest = MAX(widest, rows[i].left.n);
    for (size_t i = 0; i < count; i++) {
        size_t left = rows[i].left.n, indent = GAP + widest + GAP;
        buf_put_fill(out, ' ', GAP);
        buf_put(out, rows[i].left);
        buf_put_fill(out, ' ', (left < widest ? widest - left : 0) + GAP);
        if (left >= FIRST_COLUMN_MAX) {
            buf_put_c(out, '\n');
            buf_put_fill(out, ' ', indent);
        }
        put_wrapped(out, rows[i].right, indent);
    }
}

// ---- kingpin -------------------------------------------------------------------------------

static void put_placeholder(struct buf *out, const struct flag *flag)
{
    if (flag->placeholder) {
        buf_put(out, str_c(flag->placeholder));
    } else if (flag->default_text) {
        if (flag->type == FLAG_STR)
            flag_put_quoted(out, str_c(flag->default_text));
        else
            buf_put(out, str_c(flag->default_text));
    } else {
        for (const char *c = flag->name; *c; c++)
            buf_put_c(out, (char)(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c));
    }
}

void flag_put_usage(struct buf *out, const struct flag *flag, bool have_short)
{
    if (flag->short_name)
        buf_printf(out, "-%c, ", flag->short_name);
    else if (have_short)
        buf_put(out, S("    "));
    buf_printf(out, "--%s%s", flag_is_switch(flag) ? "[no-]" : "", flag->name);
    if (!flag_is_switch(flag)) {
        buf_put_c(out, '=');
        put_placeholder(out, flag);
    }
    if (flag_is_list(flag))
        buf_put(out, S(" ..."));
}

struct table {
    const struct flag *items;
    size_t count;
};

// False: there is none to show.
static bool put_flag_rows(struct buf *out, const struct table *tables, size_t table_count)
{
    bool have_short = false;
    size_t total = 0;
    for (size_t t = 0; t < table_count; t++)
        for (size_t i = 0; i < tables[t].count; i++, total++)
            have_short |= tables[t].items[i].short_name != 0;
    struct arena mem = {0};
    struct row *rows = arena_array(&mem, struct row, total);
    size_t count = 0;
    for (size_t t = 0; t < table_count; t++)
        for (size_t i = 0; i < tables[t].count; i++) {
            const struct flag *flag = &tables[t].items[i];
            if (flag->is_hidden)
                continue;
            defer(buf_done) struct buf left = {0};
            flag_put_usage(&left, flag, have_short);
            rows[count++] = (struct row){arena_str(&mem, buf_str(&left)), str_c(flag->help)};
        }
    put_rows(out, rows, count);
    arena_done(&mem);
    return count > 0;
}

// Required flags by name, "[<flags>]" for the others (help and its like do not count).
static void put_flag_summary(struct buf *out, const struct flag *items, size_t count)
{
    static const char *const UNCOUNTED[] = {"help",
                                            "help-long",
                                            "help-man",
                                            "completion-bash",
                                            "completion-script-bash",
                                            "completion-script-zsh"};
    size_t counted = 0, required = 0;
    for (size_t i = 0; i < count; i++) {
        bool is_counted = true;
        for (size_t k = 0; k < ARRAY_LEN(UNCOUNTED); k++)
            is_counted &= strcmp(items[i].name, UNCOUNTED[k]) != 0;
        counted += is_counted;
        if (!items[i].is_required)
            continue;
        required++;
        buf_put_c(out, ' ');
        buf_printf(out, "--%s%s", flag_is_switch(&items[i]) ? "[no-]" : "", items[i].name);
        if (!flag_is_switch(&items[i])) {
            buf_put_c(out, '=');
            put_placeholder(out, &items[i]);
        }
    }
    if (counted != required)
        buf_put(out, S(" [<flags>]"));
}

void flag_put_command_usage(struct buf *out, const struct flags_command *c)
{
    put_flag_summary(out, c->items, c->count);
    for (size_t i = 0; i < c->arg_count; i++) {
        const struct flags_arg *arg = &c->args[i];
        buf_printf(out, " %s<%s>%s%s", arg->is_required ? "" : "[", arg->name,
                   arg->is_repeated ? "..." : "", arg->is_required ? "" : "]");
    }
}

static void put_indented(struct buf *out, str text)
{
    while (text.n) {
        str line;
        str_cut(text, '\n', &line, &text);
        buf_put_fill(out, ' ', GAP);
        buf_put(out, line);
        buf_put_c(out, '\n');
    }
}

// All commands that do something, by their full names; is_long: with their flags.
static void put_commands(struct buf *out, const struct flags_command *items, size_t count,
                         str parents, bool is_long)
{
    for (size_t i = 0; i < count; i++) {
        const struct flags_command *c = &items[i];
        if (c->is_hidden)
            continue;
        defer(buf_done) struct buf name = {0};
        buf_put(&name, parents);
        buf_put(&name, str_c(c->name));
        if (c->command_count) {
            buf_put_c(&name, ' ');
            put_commands(out, c->commands, c->command_count, buf_str(&name), is_long);
            continue;
        }
        buf_put(out, buf_str(&name));
        if (c->is_default)
            buf_put_c(out, '*');
        flag_put_command_usage(out, c);
        buf_put(out, S("\n    "));
        put_wrapped(out, str_c(c->help), 4);
        buf_put_c(out, '\n');
        defer(buf_done) struct buf flags = {0};
        if (is_long && put_flag_rows(&flags, &(struct table){c->items, c->count}, 1)) {
            put_indented(out, buf_str(&flags));
            buf_put_c(out, '\n');
        }
    }
}

static void put_args(struct buf *out, const struct flags_command *c)
{
    if (c->arg_count == 0)
        return;
    struct arena mem = {0};
    struct row *rows = arena_array(&mem, struct row, c->arg_count);
    for (size_t i = 0; i < c->arg_count; i++) {
        const struct flags_arg *arg = &c->args[i];
        str left = arena_printf(&mem, arg->is_required ? "<%s>" : "[<%s>]", arg->name);
        rows[i] = (struct row){left, str_c(arg->help)};
    }
    buf_put(out, S("Args:\n"));
    put_rows(out, rows, c->arg_count);
    buf_put_c(out, '\n');
    arena_done(&mem);
}

static void put_kingpin(const struct flags *f, const struct flags_chosen *chosen, bool is_long,
                        struct buf *out)
{
    size_t depth = chosen ? chosen->depth : 0;
    const struct flags_command *last = depth ? chosen->path[depth - 1] : NULL;
    struct table tables[FLAGS_COMMAND_DEPTH_MAX + 1] = {{f->items, f->count}};
    buf_printf(out, "usage: %s", f->program);
    for (size_t i = 0; i < depth; i++) {
        buf_printf(out, " %s", chosen->path[i]->name);
        tables[i + 1] = (struct table){chosen->path[i]->items, chosen->path[i]->count};
    }
    if (last)
        flag_put_command_usage(out, last);
    else
        put_flag_summary(out, f->items, f->count);
    size_t command_count = last ? last->command_count : f->command_count;
    const struct flags_command *commands = last ? last->commands : f->commands;
    if (command_count)
        buf_put(out, S(" <command> [<args> ...]"));
    buf_put(out, S("\n\n"));
    str about = str_c(last ? last->help : f->about);
    if (about.n) {
        put_paragraphs(out, about);
        buf_put_c(out, '\n');
    }
    buf_put(out, S("Flags:\n"));
    put_flag_rows(out, tables, depth + 1);
    buf_put_c(out, '\n');
    if (last)
        put_args(out, last);
    if (!command_count)
        return;
    buf_put(out, last ? S("Subcommands:\n") : S("Commands:\n"));
    defer(buf_done) struct buf parents = {0};
    for (size_t i = 0; i < depth; i++)
        buf_printf(&parents, "%s ", chosen->path[i]->name);
    put_commands(out, commands, command_count, buf_str(&parents), is_long);
}

// ---- Go ------------------------------------------------------------------------------------

static const char *go_type_name(const struct flag *flag)
{
    switch (flag->type) {
    case FLAG_BOOL:
        return "";
    case FLAG_STR:
    case FLAG_ENUM:
        return "string";
    case FLAG_INT:
        return "int";
    case FLAG_UINT:
        return "uint";
    case FLAG_FLOAT:
        return "float";
    case FLAG_DUR:
        return "duration";
    case FLAG_BYTES:
        return "size";
    case FLAG_STRS:
    case FLAG_BOOLS:
    case FLAG_INTS:
    case FLAG_DURS:
    case FLAG_SIZES:
        return "array";
    case FLAG_CUSTOM:
        return "value";
    }
    return "value";
}

// What upstream adds to the description of its own types.
static const char *go_type_hint(enum flag_type type)
{
    if (type == FLAG_BYTES)
        return "\nSupports the following optional suffixes for size values: KB, MB, GB, TB, KiB, "
               "MiB, GiB, TiB";
    if (type == FLAG_STRS)
        return "\nSupports an array of values separated by comma or specified via multiple flags."
               "\nEach array item can contain comma inside single-quoted or double-quoted string, "
               "{}, [] and () braces.";
    if (type == FLAG_BOOLS)
        return "\nSupports array of values separated by comma or specified via multiple flags."
               "\nEmpty values are set to false.";
    if (type == FLAG_INTS || type == FLAG_DURS || type == FLAG_SIZES)
        return "\nSupports array of values separated by comma or specified via multiple flags."
               "\nEmpty values are set to default value.";
    return "";
}

static bool is_zero_default(const struct flag *flag)
{
    const char *d = flag->default_text;
    return !d || !*d || !strcmp(d, "0") || !strcmp(d, "false") || !strcmp(d, "0s");
}

static void put_go_default(struct buf *out, const struct flag *flag)
{
    dur_ns d;
    if (is_zero_default(flag))
        return;
    buf_put(out, S(" (default "));
    if (flag->type == FLAG_STR || flag->type == FLAG_ENUM)
        flag_put_quoted(out, str_c(flag->default_text));
    else if ((flag->type == FLAG_DUR || flag->type == FLAG_DURS) &&
             dur_parse_go(str_c(flag->default_text), &d, NULL))
        buf_put_dur_go(out, d);
    else
        buf_put(out, str_c(flag->default_text));
    buf_put_c(out, ')');
}

// A word in `backquotes` inside the description names the value; the quotes go away.
static void put_go_flag(struct buf *out, const struct flag *flag)
{
    str help = str_c(flag->help), before, rest, quoted = S(""), after = S("");
    if (str_cut(help, '`', &before, &rest) && !str_cut(rest, '`', &quoted, &after))
        quoted = S("");
    str value = quoted.n ? quoted : str_c(go_type_name(flag));
    buf_printf(out, "  -%s", flag->name);
    if (value.n)
        buf_printf(out, " %.*s", STR(value));
    buf_put(out, S("\n    \t"));
    defer(buf_done) struct buf text = {0};
    if (quoted.n) {
        buf_put(&text, before);
        buf_put(&text, quoted);
        buf_put(&text, after);
    } else {
        buf_put(&text, help);
    }
    buf_put(&text, str_c(go_type_hint(flag->type)));
    for (size_t i = 0; i < text.n; i++) {
        buf_put_c(out, text.p[i]);
        if (text.p[i] == '\n')
            buf_put(out, S("    \t"));
    }
    put_go_default(out, flag);
    buf_put_c(out, '\n');
}

static int compare_flags(const void *a, const void *b)
{
    return strcmp((*(const struct flag *const *)a)->name, (*(const struct flag *const *)b)->name);
}

static void put_go(const struct flags *f, struct buf *out)
{
    const struct flag **sorted = mem_array(const struct flag *, MAX(f->count, 1));
    size_t count = 0;
    for (size_t i = 0; i < f->count; i++)
        if (!f->items[i].is_hidden)
            sorted[count++] = &f->items[i];
    qsort(sorted, count, sizeof(const struct flag *), compare_flags);
    buf_put(out, str_c(f->about));
    buf_put_c(out, '\n');
    for (size_t i = 0; i < count; i++)
        put_go_flag(out, sorted[i]);
    mem_free(sorted);
}

void flags_help(const struct flags *f, struct buf *out)
{
    flags_help_command(f, NULL, out);
}

void flags_help_command(const struct flags *f, const struct flags_chosen *chosen, struct buf *out)
{
    if (f->style == FLAGS_GO)
        put_go(f, out);
    else
        put_kingpin(f, chosen, false, out);
}

void flags_help_long(const struct flags *f, struct buf *out)
{
    put_kingpin(f, NULL, true, out);
}
