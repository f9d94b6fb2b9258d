// SPDX-License-Identifier: Apache-2.0
// Go's flag package, as vmalert uses it: %{NAME} in arguments first, and the environment behind.
#include "base/core/alloc.h"
#include "base/core/flags_internal.h"

struct go_parser {
    const struct flags *f;
    struct arena *mem;
    struct err *err;
    str *args; // count of them, environment expanded, without empty ones
    size_t count, at;
    bool *is_given; // per flag of the table
};

static void expand_args(struct go_parser *p, int argc, char *const *argv)
{
    p->args = arena_array(p->mem, str, (size_t)MAX(argc, 1));
    for (int i = 1; i < argc; i++) {
        str arg = str_c(argv[i]);
        if (str_find_str(arg, S("%{")) != STR_NONE) {
            defer(buf_done) struct buf text = {0};
            flags_expand_env(p->f, arg, &text);
            arg = arena_str(p->mem, buf_str(&text));
        }
        if (arg.n)
            p->args[p->count++] = arg;
    }
}

static const struct flag *find_flag(const struct go_parser *p, str name)
{
    for (size_t i = 0; i < p->f->count; i++)
        if (str_eq(str_c(p->f->items[i].name), name))
            return &p->f->items[i];
    return NULL;
}

static bool value_error(struct go_parser *p, const struct flag *flag, str value,
                        const struct err *why)
{
    defer(buf_done) struct buf quoted = {.max = ERR_TEXT_BYTES};
    flag_put_quoted(&quoted, value);
    if (flag->type == FLAG_BOOL)
        return err_set(p->err, ERR_SYNTAX, "invalid boolean value %.*s for -%s: %.*s",
                       STR(buf_str(&quoted)), flag->name, STR(err_str(why)));
    return err_set(p->err, ERR_SYNTAX, "invalid value %.*s for flag -%s: %.*s",
                   STR(buf_str(&quoted)), flag->name, STR(err_str(why)));
}

static bool set_flag(struct go_parser *p, const struct flag *flag, str value)
{
    struct err why = ERR_INIT;
    if (!flag_set(p->f->style, flag, value, p->mem, &why))
        return value_error(p, flag, value, &why);
    p->is_given[flag - p->f->items] = true;
    if (flag->is_set)
        *flag->is_set = true;
    return true;
}

static bool is_help(str name)
{
    return str_eq(name, S("help")) || str_eq(name, S("h"));
}

// One flag with its value. *ret_stop: help was asked for.
static bool parse_one(struct go_parser *p, str arg, bool *ret_stop)
{
    str body = str_skip(arg, 1 + (arg.n > 1 && arg.p[1] == '-')), name, value;
    if (body.n == 0 || body.p[0] == '-' || body.p[0] == '=')
        return err_set(p->err, ERR_SYNTAX, "bad flag syntax: %.*s", STR(arg));
    bool has_value = str_cut(body, '=', &name, &value);
    const struct flag *flag = find_flag(p, name);
    if (!flag && is_help(name))
        flag = find_flag(p, S("help"));
    if (!flag && is_help(name))
        return err_set(p->err, ERR_SYNTAX, "flag: help requested");
    if (!flag)
        return err_set(p->err, ERR_SYNTAX, "flag provided but not defined: -%.*s", STR(name));
    if (!has_value && flag_is_switch(flag)) {
        value = S("true");
    } else if (!has_value) {
        if (p->at == p->count)
            return err_set(p->err, ERR_SYNTAX, "flag needs an argument: -%.*s", STR(name));
        value = p->args[p->at++];
    }
    *ret_stop = flag->type == FLAG_BOOL && is_help(name);
    return set_flag(p, flag, value);
}

static bool is_flag_on(const struct go_parser *p, const char *name)
{
    const struct flag *flag = find_flag(p, str_c(name));
    return flag && flag->type == FLAG_BOOL && *(const bool *)flag->to;
}

// datasource.url → <prefix>datasource_url
static str env_name(struct go_parser *p, const struct flag *flag)
{
    const struct flag *prefix = find_flag(p, S("envflag.prefix"));
    str front = prefix && prefix->type == FLAG_STR ? *(const str *)prefix->to : S("");
    str name = arena_printf(p->mem, "%.*s%s", STR(front), flag->name);
    char *c = arena_c(p->mem, name);
    for (size_t i = front.n; i < name.n; i++)
        if (c[i] == '.')
            c[i] = '_';
    return str_from(c, name.n);
}

static bool set_from_env(struct go_parser *p, const struct flag *flag)
{
    str name = env_name(p, flag);
    const char *raw = p->f->env_find(p->f->env_owner, name.p);
    if (!raw)
        return true;
    defer(buf_done) struct buf text = {0};
    flags_expand_env(p->f, str_c(raw), &text);
    str value = arena_str(p->mem, buf_str(&text));
    struct err why = ERR_INIT;
    if (flag_set(p->f->style, flag, value, p->mem, &why)) {
        p->is_given[flag - p->f->items] = true;
        if (flag->is_set)
            *flag->is_set = true;
        return true;
    }
    defer(buf_done) struct buf quoted = {.max = ERR_TEXT_BYTES};
    flag_put_quoted(&quoted, value);
    return err_set(p->err, ERR_INVALID,
                   "cannot set flag %s to %.*s, which is read from env var \"%.*s\": %.*s",
                   flag->name, STR(buf_str(&quoted)), STR(name), STR(err_str(&why)));
}

static bool set_rest(struct go_parser *p)
{
    bool reads_env = p->f->env_find && is_flag_on(p, "envflag.enable");
    for (size_t i = 0; i < p->f->count; i++) {
        const struct flag *flag = &p->f->items[i];
        if (!p->is_given[i] && reads_env && !set_from_env(p, flag))
            return false;
        if (!p->is_given[i] && !flag_set_default(p->f, flag, p->mem, p->err))
            return err_wrap(p->err, "invalid default of -%s", flag->name);
    }
    return true;
}

static bool refuse_rest(const struct go_parser *p)
{
    defer(buf_done) struct buf left = {.max = ERR_TEXT_BYTES};
    for (size_t i = p->at; i < p->count; i++) {
        if (i > p->at)
            buf_put_c(&left, ' ');
        buf_put(&left, p->args[i]);
    }
    return err_set(p->err, ERR_INVALID,
                   "unprocessed command-line args left: [%.*s]; the most likely reason is missing "
                   "`=` between boolean flag name and value; see "
                   "https://pkg.go.dev/flag#hdr-Command_line_flag_syntax",
                   STR(buf_str(&left)));
}

bool flags_parse_go(const struct flags *f, int argc, char *const *argv, struct arena *mem,
                    struct flag_strs *ret_args, struct err *err)
{
    struct go_parser p = {
        .f = f, .mem = mem, .err = err, .is_given = arena_array(mem, bool, f->count)};
    for (size_t i = 0; i < f->count; i++)
        flag_reset(&f->items[i]);
    expand_args(&p, argc, argv);
    while (p.at < p.count) {
        str arg = p.args[p.at];
        if (arg.n < 2 || arg.p[0] != '-')
            break;
        p.at++;
        if (str_eq(arg, S("--")))
            break;
        bool stop = false;
        if (!parse_one(&p, arg, &stop))
            return false;
        if (stop)
            return true;
    }
    if (!set_rest(&p))
        return false;
    if (!ret_args)
        return p.at == p.count || refuse_rest(&p);
    ret_args->items = p.args + p.at;
    ret_args->count = p.count - p.at;
    return true;
}
